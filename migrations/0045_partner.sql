-- Organisations that join: what they say of themselves, what a desk decided, their certificates and members; keys of programs.

-- Until when an organisation takes on something new; none: without an end.
alter table body add column good_until {int};

create table partner (
  id text primary key,
  number text not null unique,
  kind text not null,
  name text not null,
  -- Unified social credit code; none for a group for which another organisation stands.
  uscc text,
  backer text,
  about text not null,
  area text not null,
  path text not null,
  state text not null,
  -- The code, or name and place: only one that lives.
  live text,
  -- Whose turn it is.
  desk text not null,
  applicant text not null,
  contact {bytes} not null,
  phone {bytes} not null,
  -- A number that anybody may call.
  public_phone text,
  made_at {int} not null,
  -- When the desk, or the applicant, has to have answered.
  due_at {int},
  late {int} not null,
  -- What rings next of its certificates.
  bell text,
  bell_at {int},
  appealed {int} not null,
  refused_by text,
  body text,
  joined_at {int},
  valid_until {int},
  log_seq {int} not null
);
create unique index partner_live on partner(live);
create index partner_path on partner(path, state, made_at);
create index partner_due on partner(due_at);
create index partner_bell on partner(bell_at);
create index partner_applicant on partner(applicant, made_at);
create index partner_body on partner(body);
create index partner_uscc on partner(uscc);
create index partner_name on partner(name);

-- What was done with it, and the words that were said.
create table partner_step (
  partner text not null,
  n {int} not null,
  act text not null,
  at {int} not null,
  -- The desk that did it; none for the applicant and for what happens by itself.
  body text,
  words {bytes},
  primary key (partner, n)
);

-- A certificate: a picture of it, and until when it holds.
create table partner_paper (
  partner text not null,
  n {int} not null,
  kind text not null,
  media text not null,
  until_at {int},
  state text not null,
  at {int} not null,
  primary key (partner, n)
);

create table partner_member (
  partner text not null,
  n {int} not null,
  person text,
  state text not null,
  -- Keyed digest of the code with which somebody takes an invitation.
  mark text,
  until_at {int},
  at {int} not null,
  primary key (partner, n)
);
create unique index partner_member_mark on partner_member(mark);
create index partner_member_person on partner_member(person);

-- The key of a program: the delegate of a member of an organisation, for some purposes.
create table api_key (
  id text primary key,
  -- SHA-256 of the key.
  mark text not null unique,
  body text not null,
  person text not null,
  name text not null,
  purposes text not null,
  per_minute {int} not null,
  per_day {int} not null,
  made_at {int} not null,
  expires_at {int} not null,
  ended_at {int},
  -- Local day of the last call, and the calls of that day.
  used_day text,
  calls {int} not null
);
create index api_key_body on api_key(body, made_at);
create index event_body on event(body, starts_at);
