-- Participatory budgets: ideas, what is put to the vote, ballots, what won.

create table budget (
  id text primary key,
  number text not null unique,
  title text not null,
  about text not null,
  area text not null,
  path text not null,
  state text not null,
  -- Yuan.
  amount {int} not null,
  -- Most projects on a ballot.
  most {int} not null,
  made_at {int} not null,
  -- Until when ideas are taken.
  ideas_until {int} not null,
  opens_at {int} not null,
  closes_at {int} not null,
  posted_at {int},
  -- What decided the order of ties: drawn when the list was posted, and public in that entry of the log.
  seed text,
  post_seq {int},
  ended_at {int},
  why text,
  -- The result as JSON.
  result text,
  log_seq {int} not null
);
create index budget_path on budget(path, made_at);
create index budget_state on budget(state, closes_at);

create table budget_project (
  budget text not null,
  n {int} not null,
  -- idea, listed, declined, withdrawn.
  state text not null,
  by_person text,
  made_at {int} not null,
  -- As somebody proposed it, sealed under the budget.
  words {bytes} not null,
  -- As it is put to the vote.
  title text,
  public text,
  cost {int},
  why text,
  -- Place in the order of ties, from 1.
  tie {int},
  log_seq {int} not null,
  primary key (budget, n)
);
create index budget_project_person on budget_project(by_person, made_at);

create table budget_ballot (
  budget text not null,
  -- Keyed digest of who voted.
  voter text not null,
  at {int} not null,
  changed {int} not null,
  -- Numbers of projects, sealed under the budget.
  choices {bytes} not null,
  log_seq {int} not null,
  primary key (budget, voter)
);
