-- What people think of a matter: statements, and who agrees with which.

create table opinion (
  id text primary key,
  number text not null unique,
  title text not null,
  about text not null,
  area text not null,
  path text not null,
  -- 1: a statement is read by the desk before others see it.
  checked {int} not null,
  made_at {int} not null,
  closes_at {int} not null,
  -- When it was ended before its time, and why.
  ended_at {int},
  why text,
  -- Grows with every statement and vote: a map that was made at this turn is true.
  turn {int} not null,
  log_seq {int} not null
);
create index opinion_path on opinion(path, made_at);

create table opinion_statement (
  opinion text not null,
  n {int} not null,
  -- waiting, shown, about (the matter itself), out.
  state text not null,
  by_person text,
  made_at {int} not null,
  -- As somebody said it, sealed under the opinion.
  words {bytes} not null,
  -- Keyed digest of the words, so that nothing is said twice.
  mark text not null,
  -- As everybody reads it, once it is shown.
  public text,
  -- Why it is out: one of a list.
  why text,
  log_seq {int} not null,
  primary key (opinion, n)
);
create unique index opinion_statement_mark on opinion_statement(opinion, mark);
create index opinion_statement_person on opinion_statement(by_person, made_at);
create index opinion_statement_state on opinion_statement(opinion, state);

-- Whoever votes stands here by a keyed digest: without the key of the node nobody knows who it is.
create table opinion_voter (
  opinion text not null,
  voter text not null,
  -- In which role of the community.
  role text not null,
  primary key (opinion, voter)
);

create table opinion_vote (
  opinion text not null,
  voter text not null,
  n {int} not null,
  -- 1 agrees, 0 passes, -1 disagrees.
  said {int} not null,
  at {int} not null,
  -- How often it was changed.
  changed {int} not null,
  primary key (opinion, voter, n)
);
