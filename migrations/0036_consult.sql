-- Consultations: topics, who sits in them, what was posted, held, decided and carried out; what residents think of it.

create table consult (
  id text primary key,
  number text not null unique,
  -- What the desk calls it, and what is asked: public from the grading on.
  title text,
  question text,
  -- Kind of topic, by the pack.
  topic text,
  area text not null,
  path text not null,
  -- Whose step is waited for; moves up when nobody takes it.
  desk text not null,
  level {int} not null,
  state text not null,
  -- quick or deep.
  depth text,
  -- The rules as they were when it was graded.
  pack text,
  -- Who began it: resident, staff, case.
  origin text not null,
  case_id text,
  raised_by text,
  raised_at {int} not null,
  graded_at {int},
  convened_at {int},
  posted_at {int},
  held_at {int},
  published_at {int},
  ended_at {int},
  -- When the step that is waited for is late.
  due_at {int},
  overdue_at {int},
  -- An answer that did not satisfy goes on in depth.
  deep_only {int} not null,
  -- Why it was declined, by the pack.
  declined text,
  -- Kinds of seats that the place does not have, and why: everybody reads it.
  waived text,
  waived_why text,
  outcome text,
  -- What came out, for everybody.
  summary text,
  -- Whether somebody was called back, and satisfied.
  reached {int},
  satisfied {int},
  -- Where the raised words, the last reason, the minutes stand in the log.
  log_seq {int} not null,
  reason_seq {int},
  minutes_seq {int}
);
create index consult_path on consult(path, raised_at);
create index consult_due on consult(due_at);
create index consult_state on consult(state);
create index consult_desk on consult(desk, state);
create index consult_raiser on consult(raised_by, raised_at);
create index consult_case on consult(case_id);

create table consult_seat (
  id text primary key,
  consult text not null,
  n {int} not null,
  kind text not null,
  body text,
  person text,
  -- A resident drawn from a roll: its id and the number there.
  roll text,
  head {int},
  state text not null,
  made_at {int} not null
);
create unique index consult_seat_n on consult_seat(consult, n);
create index consult_seat_person on consult_seat(person);

create table consult_draw (
  id text primary key,
  consult text not null,
  roll text not null,
  seats {int} not null,
  announced_at {int} not null,
  -- The seed is the root of the log as it is at this moment.
  draw_at {int} not null,
  drawn_at {int},
  seed text,
  size {int},
  -- Digest of the numbers drawn from, and how many they are.
  pool text not null,
  pool_n {int} not null,
  -- All numbers in the order of the draw, as many as are kept in reserve.
  drawn text
);
create index consult_draw_of on consult_draw(consult);
create index consult_draw_at on consult_draw(drawn_at, draw_at);

create table consult_round (
  consult text not null,
  n {int} not null,
  form text not null,
  place text,
  opens_at {int} not null,
  closes_at {int} not null,
  primary key (consult, n)
);

create table consult_item (
  consult text not null,
  n {int} not null,
  words text not null,
  primary key (consult, n)
);

create table consult_sign (
  consult text not null,
  round {int} not null,
  seat text not null,
  at {int} not null,
  by_person text,
  primary key (consult, round, seat)
);

create table consult_view (
  id text primary key,
  consult text not null,
  item {int} not null,
  seat text not null,
  at {int} not null,
  by_person text,
  channel text not null,
  -- Stance and words, sealed under the seat.
  said {bytes} not null
);
create index consult_view_of on consult_view(consult, item, seat, at);

create table consult_decision (
  id text primary key,
  consult text not null,
  n {int} not null,
  -- The posted item it decides about; none in the quick depth.
  item {int},
  words text not null,
  body text not null,
  due_at {int} not null,
  case_id text not null,
  state text not null,
  -- When it rings: what was promised is late, and goes up.
  alarm_at {int},
  overdue_at {int},
  done_at {int}
);
create unique index consult_decision_n on consult_decision(consult, n);
create index consult_decision_alarm on consult_decision(alarm_at);
create index consult_decision_case on consult_decision(case_id);
create index consult_decision_state on consult_decision(state);

-- Whoever is told of each stage.
create table consult_follow (
  consult text not null,
  person text not null,
  at {int} not null,
  primary key (consult, person)
);

-- One a person: kept by a keyed digest.
create table consult_mark (
  consult text not null,
  mark text not null,
  score {int} not null,
  -- The day alone: a moment would lead to the person.
  at {int} not null,
  primary key (consult, mark)
);

-- What residents think of their committee's year.
create table year_mark (
  area text not null,
  year {int} not null,
  mark text not null,
  awareness {int} not null,
  participation {int} not null,
  satisfaction {int} not null,
  primary key (area, year, mark)
);
