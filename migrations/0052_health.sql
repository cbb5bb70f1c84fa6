-- Public-health early warning: counts of syndromes, and signals that there are more than usual.

-- So many of one syndrome in an area on a day, as one teller says; told again it is replaced. Zero is a row, not told is none.
create table health_count (
  area text not null,
  path text not null,
  source text not null,
  syndrome text not null,
  -- Days since 1 January 1970.
  day {int} not null,
  -- The organisation or the person who tells; `residents` for those who tell of themselves.
  teller text not null,
  cases {int} not null,
  told_by text,
  told_at {int} not null,
  log_seq {int} not null,
  primary key (teller, source, syndrome, day, area)
);
create index health_count_area on health_count(area, day);

-- That somebody told of himself: a keyed digest of person, day and syndrome, so that twice is once. Nobody's name.
create table health_own (
  mark text primary key,
  day {int} not null
);

-- Derived from the counts in the same write: a year of one area, source and syndrome, a few bytes a day. Those of communities hold
-- the sum of everything within; they begin with `c/`, those of grids with `g/`.
create table health_block (
  -- `c/area/source/syndrome/year`
  id text primary key,
  area text not null,
  path text not null,
  source text not null,
  syndrome text not null,
  year {int} not null,
  -- Told days of the year up to this one.
  last_day {int} not null,
  days {bytes} not null
);
create index health_block_path on health_block(path, year);

-- Whether a rule of the pack works at a place and beneath it; the nearest place decides.
create table health_switch (
  -- `area/rule`
  id text primary key,
  area text not null,
  path text not null,
  rule text not null,
  works {int} not null,
  settings text not null,
  least {int} not null,
  why text not null,
  made_by text not null,
  changed_at {int} not null,
  log_seq {int} not null
);

-- What a rule would have said of a place's own past, and of outbreaks that were put into it.
create table health_trial (
  id text primary key,
  area text not null,
  path text not null,
  rule text not null,
  settings text not null,
  least {int} not null,
  seed {int} not null,
  series {int} not null,
  weeks {int} not null,
  judged {int} not null,
  alarms {int} not null,
  outbreaks {int} not null,
  found {int} not null,
  delay {int} not null,
  -- By size of the outbreak: `size outbreaks found delay;`
  by_size text not null,
  made_by text not null,
  made_at {int} not null,
  log_seq {int} not null
);
create index health_trial_area on health_trial(area, rule, made_at);

-- There is more than usual: one open signal for each area and syndrome.
create table health_signal (
  id text primary key,
  number text not null unique,
  -- `area/syndrome` while it is open.
  open_key text unique,
  area text not null,
  path text not null,
  syndrome text not null,
  state text not null,
  desk text not null,
  level text,
  disposition text,
  case_number text,
  told_at {int} not null,
  opened_at {int} not null,
  ring_at {int},
  late {int} not null,
  closed_at {int},
  log_seq {int} not null
);
create index health_signal_path on health_signal(path, opened_at);
create index health_signal_ring on health_signal(ring_at);
create index health_signal_key on health_signal(area, syndrome, closed_at);

-- What a signal rests on: what each rule said last.
create table health_ground (
  -- `signal/rule`
  id text primary key,
  signal text not null,
  rule text not null,
  settings text not null,
  -- The last day of the week it is about.
  day {int} not null,
  cases {int} not null,
  -- The count that people were told last.
  told {int} not null,
  expected {real},
  upper_bound {real} not null,
  base_from {int},
  base_to {int},
  -- So many weeks with a count.
  weeks {int} not null,
  -- Not all of the week was told yet.
  part {int} not null
);
create index health_ground_signal on health_ground(signal);
create index health_ground_rule on health_ground(rule);

create table health_step (
  signal text not null,
  n {int} not null,
  act text not null,
  at {int} not null,
  by_person text,
  body text,
  -- What it led to: a level, a disposition, a number of a case.
  what text,
  words {bytes},
  log_seq {int} not null,
  primary key (signal, n)
);

-- A notice of the disease control office.
create table health_notice (
  id text primary key,
  title text not null,
  words text not null,
  syndrome text not null,
  area text not null,
  path text not null,
  made_by text not null,
  made_at {int} not null,
  log_seq {int} not null
);
create index health_notice_path on health_notice(path, made_at);
