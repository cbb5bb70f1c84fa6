-- Counted events of case handling, and the cases behind those that went wrong.

alter table cases add column lates {int} not null default 0;
update cases set lates = 1 where overdue_at is not null;

-- scope: an area's path, `body:` and an organisation, `class:` and a class. Derived from the log: one row for each day.
create table kpi (
  scope text not null,
  day {int} not null,
  measure text not null,
  n {int} not null,
  primary key (scope, day, measure)
);

-- Which case it was: only for events that somebody will want to look at.
create table kpi_case (
  measure text not null,
  at {int} not null,
  case_id text not null,
  path text not null,
  body text,
  primary key (measure, at, case_id)
);
create index kpi_case_case on kpi_case(case_id);

-- What a reporter of the random sample said when he was called.
create table callback (
  case_id text primary key,
  week {int} not null,
  reached {int} not null,
  solved {int},
  satisfied {int},
  called_at {int} not null
);

-- The same picture with two cases is worth a look.
alter table media add column mark text;
create index media_mark on media(mark) where mark is not null;
