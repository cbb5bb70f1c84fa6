-- Rules on what devices tell, and the alarms that they raise.

-- A rule of a place of its own, or how the place treats one that ships.
create table watch_rule (
  id text primary key,
  -- The rule that ships, which holds here or does not; absent for one of its own.
  ships text,
  area text not null,
  path text not null,
  -- Of one of its own: kind of device, in homes (1), elsewhere (0) or both; how grave; over only when somebody says so; class of the case.
  kind text,
  home {int},
  title text,
  severity {int} not null,
  latched {int} not null,
  class text,
  -- The condition, JSON.
  spec text,
  state text not null,
  made_by text not null,
  made_at {int} not null,
  changed_at {int} not null,
  log_seq {int} not null
);
create index watch_rule_path on watch_rule(path);
-- Counts: 1 changes of rules and of who is away (what is kept in memory is of one count), 2 numbers of alarms.
create table watch_count (id {int} primary key, n {int} not null);

-- How a rule stands on a device, and when it is to be woken.
create table watch (
  -- Rule and device.
  id text primary key,
  rule text not null,
  device text not null,
  -- What is remembered: conditions, alarm, ladder. Of a home sealed under the key of the device.
  memory text,
  sealed {bytes},
  due_at {int},
  kept_at {int} not null,
  -- The open alarm.
  alarm text
);
create index watch_due on watch(due_at, id);
create index watch_device on watch(device);

create table alarm (
  id text primary key,
  number text not null unique,
  -- Rule and device while it is open: the database itself refuses a second one.
  open_key text unique,
  rule text not null,
  device text not null,
  kind text not null,
  area text not null,
  path text not null,
  building text,
  -- In whose home.
  person text,
  severity {int} not null,
  latched {int} not null,
  class text not null,
  -- raised, seen, returned (over before anybody saw it), over, closed.
  phase text not null,
  hidden {int} not null,
  chatters {int} not null,
  -- What raised it, JSON of measure, time and value; of a home sealed.
  cause text,
  sealed {bytes},
  opened_at {int} not null,
  taken_at {int},
  taken_by text,
  over_at {int},
  closed_at {int},
  closed_by text,
  disposition text,
  -- What whoever closed it says of it, sealed.
  words {bytes},
  case_number text,
  log_seq {int} not null
);
create index alarm_path on alarm(path, opened_at);
create index alarm_closed on alarm(rule, closed_at);
create index alarm_device on alarm(device, opened_at);
create index alarm_person on alarm(person, opened_at);
create index alarm_case on alarm(case_number);

-- Who was called for an alarm, once on each rung.
create table alarm_told (
  alarm text not null,
  rung {int} not null,
  -- self, family, helper, grid, desk, above.
  role text not null,
  person text not null,
  at {int} not null,
  primary key (alarm, rung, person)
);
create index alarm_told_person on alarm_told(person, at);

-- A home that is watched over: its volunteer, and until when nobody is there.
create table watch_home (
  person text primary key,
  area text not null,
  path text not null,
  helper text,
  away_until {int},
  changed_at {int} not null,
  log_seq {int} not null
);

-- What must be said before a case can be closed: by another room, of a matter of its own.
create table case_wait (
  case_number text not null,
  subject text not null,
  -- Where it is said.
  link text not null,
  settled_at {int},
  primary key (case_number, subject)
);
create index case_wait_subject on case_wait(subject);
