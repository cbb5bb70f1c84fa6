-- Rights and duties of communities: lists in versions, requests to hand work down, who decided what, the tasks.

create table duty_pack (
  version {int} primary key,
  data text not null,
  made_at {int} not null
);

create table duty_request (
  id text primary key,
  number text not null unique,
  asker text not null,
  area text not null,
  path text not null,
  desk text not null,
  -- Entry of the lists, and which list: own, assist, negative, other.
  item text,
  list text not null,
  pack {int} not null,
  state text not null,
  asked_at {int} not null,
  decided_at {int},
  until_at {int} not null,
  -- Who refused: an organisation, or the lists themselves.
  refused_by text,
  refused_item text,
  log_seq {int} not null
);
create index duty_request_asker on duty_request(asker, asked_at);
create index duty_request_path on duty_request(path, asked_at);
create index duty_request_state on duty_request(state, asked_at);

-- Two seats decide: the community's and the sub-district's. Silence is no consent: it goes up.
create table duty_decision (
  request text not null,
  seat text not null,
  body text not null,
  state text not null,
  due_at {int},
  level {int} not null,
  decided_at {int},
  primary key (request, seat)
);
create index duty_decision_due on duty_decision(due_at) where due_at is not null;
create index duty_decision_body on duty_decision(body, state);

create table duty_task (
  request text not null,
  n {int} not null,
  case_id text not null,
  at {int} not null,
  primary key (request, n)
);
create index duty_task_case on duty_task(case_id);
