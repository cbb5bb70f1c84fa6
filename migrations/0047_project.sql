-- The three lists: what is needed, what there is, and what is done with it.

-- Something that people of a place need. What somebody wrote is sealed under the need; what everybody reads is the desk's.
create table need (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  kind text not null,
  state text not null,
  words {bytes},
  -- As everybody reads it, once a desk put it on the list.
  title text,
  by_person text,
  -- The matter that it comes from: number of a case, a consultation.
  source text,
  -- The organisation that owes the next step, and when its clock rings.
  desk text not null,
  ring_at {int},
  made_at {int} not null,
  decided_at {int},
  why text,
  ended_at {int},
  log_seq {int} not null
);
create index need_path on need(path, state, made_at);
create index need_ring on need(ring_at);
create index need_by_person on need(by_person, made_at);

-- Who needs it too: a keyed digest of the person.
create table need_too (
  need text not null,
  voter text not null,
  primary key (need, voter)
);

-- Something that somebody can give. Everybody reads it; who a resident is, only the desk.
create table resource (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  -- skill, room, goods, money, time.
  sort text not null,
  kind text not null,
  state text not null,
  title text not null,
  about text not null,
  amount {int} not null,
  unit text not null,
  body text,
  by_person text not null,
  made_at {int} not null,
  -- When its owner last said that it still holds, and until when it is offered.
  fresh_at {int} not null,
  until_at {int},
  ring_at {int},
  ended_at {int},
  log_seq {int} not null
);
create index resource_path on resource(path, state, made_at);
create index resource_ring on resource(ring_at);
create index resource_by_person on resource(by_person, made_at);

-- What is done: a project joins needs with resources, and somebody carries it out.
create table project (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  -- own, take, tender.
  way text not null,
  state text not null,
  title text not null,
  about text not null,
  -- The organisation that leads it, and the one that carries it out.
  desk text not null,
  body text,
  -- What it costs, in cents, once it is agreed.
  cost {int},
  made_by text not null,
  made_at {int} not null,
  ends_at {int} not null,
  ended_at {int},
  why text,
  log_seq {int} not null
);
create index project_path on project(path, made_at);
create index project_state on project(state, ends_at);

create table project_need (
  project text not null,
  need text not null,
  primary key (project, need)
);
create index project_need_need on project_need(need);

-- What of a resource a project holds. What is asked for is held, too, until its owner says yes or no, or is silent too long.
create table project_resource (
  project text not null,
  resource text not null,
  state text not null,
  amount {int} not null,
  at {int} not null,
  ring_at {int},
  primary key (project, resource)
);
create index project_resource_resource on project_resource(resource, state);
create index project_resource_ring on project_resource(ring_at);

-- A step of a project with its day, the share of the money that is paid for it, and what became of it.
create table milestone (
  project text not null,
  n {int} not null,
  title text not null,
  due_at {int} not null,
  -- Per cent of the money.
  share {int} not null,
  state text not null,
  report text,
  reported_at {int},
  -- Until when whoever is served says how it was; then the desk decides.
  says_until {int},
  decided_at {int},
  why text,
  settled_at {int},
  ring_at {int},
  primary key (project, n)
);
create index milestone_ring on milestone(ring_at);

-- How it was for somebody who is served: by keyed digest, the words sealed under the project.
create table milestone_say (
  project text not null,
  n {int} not null,
  voter text not null,
  answer text not null,
  words {bytes},
  at {int} not null,
  primary key (project, n, voter)
);

-- A tender for a project: the rules stand still from the posting.
create table tender (
  project text primary key,
  posted_at {int} not null,
  closes_at {int} not null,
  -- Cents.
  ceiling {int} not null,
  -- Marks of a hundred that the cost counts.
  cost_weight {int} not null,
  scorers {int} not null,
  awarded_at {int},
  notice_until {int},
  -- The table of scores as JSON, public with the award.
  result text,
  ring_at {int}
);
create index tender_ring on tender(ring_at);

create table tender_criterion (
  project text not null,
  n {int} not null,
  title text not null,
  weight {int} not null,
  primary key (project, n)
);

-- Who scores: people the desk named. Each says that nothing ties him to a bidder before he sees a bid.
create table tender_scorer (
  project text not null,
  person text not null,
  declared_at {int},
  primary key (project, person)
);

-- A bid, sealed under the tender until it closes.
create table tender_bid (
  project text not null,
  body text not null,
  cost {bytes} not null,
  plan {bytes} not null,
  at {int} not null,
  log_seq {int} not null,
  primary key (project, body)
);

create table tender_score (
  project text not null,
  body text not null,
  person text not null,
  n {int} not null,
  marks {int} not null,
  primary key (project, body, person, n)
);
