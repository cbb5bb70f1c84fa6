-- Who is on duty and who is away, by organisation. Plans, not attendance; no reasons.
create table roster_shift (
  id text primary key,
  body text not null,
  person text not null,
  from_at {int} not null,
  to_at {int} not null,
  cancelled_at {int}
);
create index roster_shift_body on roster_shift(body, to_at) where cancelled_at is null;

create table roster_leave (
  id text primary key,
  body text not null,
  person text not null,
  substitute text,
  from_at {int} not null,
  to_at {int} not null,
  cancelled_at {int}
);
create index roster_leave_body on roster_leave(body, to_at) where cancelled_at is null;
create index roster_leave_now on roster_leave(to_at, from_at) where cancelled_at is null;

-- What lies with a person: for the load of colleagues, and for moving it when somebody is away.
create index cases_assignee on cases(assignee) where assignee is not null;
