-- Reports and cases. One row is one report, for ever; open cases have exactly one holder and one running clock.

create table day_number (
  day text primary key,
  n {int} not null
);

create table cases (
  id text primary key,
  number text not null unique,
  state text not null,
  class text,
  area text not null,
  path text not null,
  building text,
  owner text not null,
  reporter text,
  channel text not null,
  source text,
  received_at {int} not null,
  holder text,
  holder_since {int},
  handler text,
  handled_by text,
  checker text,
  due_at {int},
  overdue_at {int},
  level {int} not null,
  returns {int} not null,
  reopens {int} not null,
  extended {int} not null,
  closed_at {int},
  merged_into text,
  score {int},
  log_seq {int} not null
);
create index cases_work on cases(holder, state, due_at);
create index cases_path on cases(path, received_at);
create index cases_due on cases(due_at) where due_at is not null;
-- Open cases only have a due_at: counts clocks and holders of an area without reading what was closed.
create index cases_open on cases(path, holder) where due_at is not null;
create index cases_closed on cases(closed_at) where closed_at is not null;
create index cases_received on cases(received_at);
create index cases_reporter on cases(reporter) where reporter is not null;
create unique index cases_source on cases(source) where source is not null;

-- Who was accountable from when to when: the intervals of a case follow each other without gap or overlap.
create table case_hold (
  case_id text not null,
  n {int} not null,
  holder text not null,
  state text not null,
  from_at {int} not null,
  to_at {int},
  primary key (case_id, n)
);

-- How many cases of an area (itself, without those beneath) are in each state: kept in the same write as the state.
create table case_tally (
  area text not null,
  state text not null,
  n {int} not null,
  primary key (area, state)
);
