-- People's mediation. Words and names are sealed under a key of the mediation; here are numbers, kinds, states and times.

-- Who mediates in a community: chosen by its committee.
create table mediator (
  person text not null,
  area text not null,
  path text not null,
  since_at {int} not null,
  ended_at {int},
  primary key (person, area)
);

create table mediation (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  desk text not null,
  kind text not null,
  state text not null,
  case_number text,
  -- The person who asked; none when the desk did for all sides.
  asked_by text,
  asked_at {int} not null,
  -- When its clock rings: for consent, for an end, for the court.
  due_at {int},
  late {int} not null,
  accepted_at {int},
  oral {int} not null,
  agreed_seq {int},
  stamped_at {int},
  effective_at {int},
  -- Until when a court may be asked together to confirm it.
  confirm_until {int},
  closed_at {int},
  -- Where it was referred to.
  refer text,
  end_seq {int},
  log_seq {int} not null
);
create index mediation_path on mediation(path, asked_at);
create index mediation_due on mediation(due_at);
create index mediation_asked_by on mediation(asked_by);

create table mediation_side (
  mediation text not null,
  n {int} not null,
  person text,
  -- Keyed digest of the code with which somebody takes this side.
  mark text,
  name {bytes} not null,
  body text,
  consent text not null,
  consent_way text,
  consent_at {int},
  -- The mediator this side would have.
  choice text,
  signed_at {int},
  signed_way text,
  primary key (mediation, n)
);
create index mediation_side_person on mediation_side(person);
create index mediation_side_mark on mediation_side(mark);

create table mediation_by (
  mediation text not null,
  person text not null,
  signed_at {int},
  primary key (mediation, person)
);
create index mediation_by_person on mediation_by(person);

create table mediation_session (
  mediation text not null,
  n {int} not null,
  meets_at {int} not null,
  ring_at {int},
  log_seq {int} not null,
  record_seq {int},
  primary key (mediation, n)
);
create index mediation_session_ring on mediation_session(ring_at);

create table mediation_term (
  mediation text not null,
  n {int} not null,
  side {int} not null,
  due_at {int} not null,
  state text not null,
  -- What is told next: before, on the day, late.
  stage text,
  ring_at {int},
  settled_at {int},
  primary key (mediation, n)
);
create index mediation_term_ring on mediation_term(ring_at);
