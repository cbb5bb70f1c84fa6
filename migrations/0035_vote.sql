-- Votes of owners and residents: rolls, what is asked, ballots.

create table roll (
  id text primary key,
  number text not null unique,
  title text not null,
  -- owners or residents.
  body text not null,
  area text not null,
  path text not null,
  state text not null,
  units {int} not null,
  heads {int} not null,
  -- 0.01 m².
  total {int} not null,
  made_at {int} not null,
  posted_at {int},
  -- Until when objections are taken.
  until_at {int}
);
create index roll_path on roll(path, made_at);

create table roll_unit (
  roll text not null,
  n {int} not null,
  unit text not null,
  -- Number of its owner within the roll: one owner is one head.
  head {int} not null,
  area {int} not null,
  kind text not null,
  usage text not null,
  -- Where the area comes from: registered, survey, contract.
  source text not null,
  -- Sealed under the roll.
  owner {bytes} not null,
  primary key (roll, n)
);
create unique index roll_unit_name on roll_unit(roll, unit);

create table roll_objection (
  id text primary key,
  roll text not null,
  n {int} not null,
  state text not null,
  made_at {int} not null,
  decided_at {int},
  -- Where what was said, and what was answered, stands in the log.
  log_seq {int} not null,
  answer_seq {int}
);
create index roll_objection_roll on roll_objection(roll, made_at);

create table vote (
  id text primary key,
  number text not null unique,
  title text not null,
  roll text not null,
  area text not null,
  path text not null,
  state text not null,
  -- Short notice, for a meeting that enough voters asked for.
  temporary {int} not null,
  -- The rules as they were when it was posted.
  pack text not null,
  made_at {int} not null,
  posted_at {int},
  opens_at {int} not null,
  closes_at {int} not null,
  ended_at {int},
  why text,
  result_zh text,
  result_en text,
  log_seq {int} not null
);
create index vote_path on vote(path, made_at);
create index vote_roll on vote(roll);
create index vote_state on vote(state, closes_at);

create table vote_question (
  vote text not null,
  q {int} not null,
  topic text not null,
  item text not null,
  words text not null,
  primary key (vote, q)
);

create table ballot (
  id text primary key,
  vote text not null,
  n {int} not null,
  channel text not null,
  -- When it was cast; of two of one unit the later counts, and no two are of one moment.
  at {int} not null,
  made_at {int} not null,
  by_person text,
  -- What it says to each question, sealed under the vote.
  choices {bytes} not null,
  log_seq {int} not null
);
create unique index ballot_unit on ballot(vote, n, at);

-- Papers that came back: received, then keyed twice by two people.
create table ballot_paper (
  vote text not null,
  n {int} not null,
  state text not null,
  received_at {int} not null,
  received_by text not null,
  media text,
  first {bytes},
  first_by text,
  second {bytes},
  second_by text,
  ballot text,
  primary key (vote, n)
);
create index ballot_paper_state on ballot_paper(vote, state);

-- Units that somebody voted for while signed in: he finds their next ballots by himself.
create table vote_tie (
  person text not null,
  roll text not null,
  n {int} not null,
  made_at {int} not null,
  primary key (person, roll, n)
);
