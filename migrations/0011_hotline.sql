-- Work orders of a hotline (12345): their number, their clock, our reply; each hangs on exactly one case.

-- What was promised to others about a case: no clock of it ends later.
alter table cases add column must_by {int};

-- How files of a hotline are read and written; without a row the program's own map of that source holds.
create table hotline_map (
  source text primary key,
  map text not null,
  made_at {int} not null
);

create table hotline_order (
  id text primary key,
  source text not null,
  number text not null,
  state text not null,
  -- The case it hangs on now, and the one that was made for it.
  case_id text not null,
  born text,
  owner text not null,
  -- The desk that answers to the hotline.
  desk text not null,
  area text not null,
  path text not null,
  kind text,
  called_at {int},
  sent_at {int} not null,
  taken_at {int} not null,
  respond_due {int} not null,
  answer_due {int} not null,
  return_by {int},
  extend_limit text,
  extended {int} not null,
  claimed_at {int},
  claimed_by text,
  contacted_at {int},
  contact_how text,
  -- The stricter of its clocks while it is with us.
  due_at {int},
  reply_seq {int},
  returns {int} not null,
  returned_at {int},
  settled_at {int},
  -- Facts for the three rates.
  respond_ok {int},
  answer_ok {int},
  solved text,
  satisfied text,
  reasonable text,
  log_seq {int} not null
);
create unique index hotline_order_number on hotline_order(source, number);
create index hotline_order_case on hotline_order(case_id);
create index hotline_order_born on hotline_order(born) where born is not null;
create index hotline_order_state on hotline_order(state, sent_at);
create index hotline_order_due on hotline_order(due_at) where due_at is not null;
