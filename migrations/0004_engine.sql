-- The case engine: what lies over a state, alarms, disputes, tasks, followers, precedents.

-- Finished intervals only; the running one stands in the case.
alter table case_hold add column overlay text;

alter table cases add column overlay text;
alter table cases add column pack {int} not null default 0;
alter table cases add column lat {int};
alter table cases add column lon {int};
alter table cases add column cell {int};
alter table cases add column hold_n {int} not null default 1;
alter table cases add column hold_from {int};
alter table cases add column assignee text;
alter table cases add column clock_from {int};
alter table cases add column alarm_at {int};
alter table cases add column warned {int} not null default 0;
alter table cases add column dispute_at {int};
alter table cases add column ruled {int} not null default 0;
alter table cases add column handle_due {int};
alter table cases add column due_left {int};
alter table cases add column ask text;
alter table cases add column ask_until {int};
alter table cases add column outcome text;
alter table cases add column review text;
alter table cases add column followers {int} not null default 0;
alter table cases add column tasks {int} not null default 0;
alter table cases add column orders {int} not null default 0;
alter table cases add column rule text;
alter table cases add column updated_at {int} not null default 0;

update cases set updated_at = coalesce(closed_at, holder_since, received_at), alarm_at = due_at,
  outcome = case when state = 'closed' then 'solved' end,
  hold_n = (select max(h.n) from case_hold h where h.case_id = cases.id),
  hold_from = (select max(h.from_at) from case_hold h where h.case_id = cases.id and h.to_at is null);
delete from case_hold where to_at is null;

create index cases_alarm on cases(alarm_at) where alarm_at is not null;
create index cases_updated on cases(updated_at);
-- Neighbours in place and time; and open ones for the map.
create index cases_cell on cases(cell, received_at) where cell is not null;
create index cases_open_cell on cases(cell) where due_at is not null and cell is not null;
create index cases_merged on cases(merged_into) where merged_into is not null;
create index cases_hung on cases(path, due_at) where overlay = 'hung_up';
drop index cases_due;

-- People whom a case concerns too.
create table case_follow (
  case_id text not null,
  person text not null,
  at {int} not null,
  primary key (case_id, person)
);
create index case_follow_person on case_follow(person, at);

-- Parts of a case that others do: called by the community (whistle) or shared out (joint).
create table case_task (
  id text primary key,
  case_id text not null,
  kind text not null,
  body text not null,
  caller text not null,
  state text not null,
  asked_at {int} not null,
  answered_at {int},
  due_at {int},
  overdue_at {int},
  settled_at {int},
  score {int}
);
create index case_task_case on case_task(case_id);
create index case_task_body on case_task(body, state, due_at);
create index case_task_due on case_task(due_at) where due_at is not null and overdue_at is null;

-- How a dispute was ruled: offered the next time.
create table precedent (
  id text primary key,
  class text not null,
  path text not null,
  body text not null,
  number text not null,
  at {int} not null
);
create index precedent_class on precedent(class, at);

-- Cases that belong together without being the same: `recurs` the same again, `split` shared out, and what upper rooms link.
create table case_link (
  case_id text not null,
  kind text not null,
  other text not null,
  at {int} not null,
  primary key (case_id, kind, other)
);
create index case_link_other on case_link(other);
