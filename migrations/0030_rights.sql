-- What residents ask about what is held of them, with a clock; and which record of the register is whose account.

create table resident_account (
  person text primary key,
  resident text not null,
  bound_at {int} not null
);
create index resident_account_resident on resident_account(resident);

create table rights_request (
  id text primary key,
  kind text not null,
  person text not null,
  resident text,
  area text not null,
  path text not null,
  state text not null,
  made_at {int} not null,
  due_at {int} not null,
  element text,
  entry {int},
  said {bytes},
  value {bytes},
  answer {bytes},
  answered_at {int},
  answered_by text
);
create index rights_request_state on rights_request(state, path, due_at);
create index rights_request_person on rights_request(person, made_at);

-- How much was read lately, and by whom.
create index read_log_at on read_log(at);
