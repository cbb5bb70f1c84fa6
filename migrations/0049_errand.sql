-- Done for you: somebody of the community fetches papers or goes to a counter for whoever cannot.

create table errand (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  kind text not null,
  state text not null,
  -- Whom it is for, where he has an account, and who wrote it down.
  asked_by text,
  by_person text not null,
  -- Words, name, telephone: sealed under the errand.
  words {bytes},
  name {bytes},
  phone {bytes},
  -- Until when whoever took it may act for him.
  mandate_until {int} not null,
  helper text,
  body text,
  -- Whether whoever took it holds papers.
  papers {int} not null,
  desk text not null,
  ring_at {int},
  made_at {int} not null,
  taken_at {int},
  ended_at {int},
  log_seq {int} not null
);
create index errand_path on errand(path, state, made_at);
create index errand_ring on errand(ring_at);
create index errand_asked_by on errand(asked_by, made_at);
create index errand_helper on errand(helper, made_at);

-- What happened, in order: papers given and given back, steps, the end. Words are sealed under the errand.
create table errand_step (
  errand text not null,
  n {int} not null,
  kind text not null,
  by_person text,
  at {int} not null,
  words {bytes},
  -- When whom it is for said that it is so: by a yes, or with his code.
  confirmed_at {int},
  primary key (errand, n)
);
