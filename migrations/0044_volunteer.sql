-- Neighbours help each other: who helps, who asks for help, and the hours of the time bank.

-- Accounts of the time bank. A balance is the sum of all movements of the account; all balances together are zero, and so
-- are those of each community.
create table time_account (
  -- unit, kind and owner: `minutes person …`.
  id text primary key,
  unit text not null,
  kind text not null,
  owner text not null,
  -- The community it belongs to.
  area text not null,
  path text not null,
  balance {int} not null,
  made_at {int} not null
);
create index time_account_path on time_account(path, kind);

-- What was moved, for ever as it was written: a mistake is undone by a transfer the other way.
create table time_transfer (
  id text primary key,
  kind text not null,
  unit text not null,
  -- Number of the matter.
  about text,
  at {int} not null,
  -- The transfer it undoes.
  undoes text,
  -- Why, for those who do not follow from a matter; sealed under the transfer's own key.
  why {bytes},
  log_seq {int} not null
);
create unique index time_transfer_undoes on time_transfer(undoes);
create index time_transfer_at on time_transfer(at);
create index time_transfer_about on time_transfer(about);

create table time_movement (
  transfer text not null,
  n {int} not null,
  account text not null,
  amount {int} not null,
  at {int} not null,
  primary key (transfer, n)
);
create index time_movement_account on time_movement(account, at);

-- Somebody who helps. What he said of himself is sealed under his key; here is where, since when, and what a desk saw.
create table volunteer (
  person text primary key,
  area text not null,
  path text not null,
  state text not null,
  profile {bytes} not null,
  building text,
  made_at {int} not null,
  changed_at {int} not null,
  -- Until when a desk's word about him holds.
  vetted_until {int},
  vetted_by text
);
create index volunteer_path on volunteer(path, state);

-- A certificate that a desk saw.
create table volunteer_proof (
  person text not null,
  kind text not null,
  until_at {int} not null,
  checked_by text not null,
  checked_at {int} not null,
  primary key (person, kind)
);

-- Two people who are not brought together again, whoever of them said so.
create table volunteer_apart (
  one text not null,
  other text not null,
  by_person text,
  at {int} not null,
  primary key (one, other)
);

-- Somebody asks for help. Words, place, name and telephone are sealed under the key of the request.
create table help (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  kind text not null,
  state text not null,
  -- Who asked; the account that pays. None when the desk asked for somebody without an account.
  asked_by text,
  -- Who wrote it for him.
  by_person text,
  made_at {int} not null,
  starts_at {int} not null,
  ends_at {int} not null,
  minutes {int} not null,
  -- How many are needed at once.
  need {int} not null,
  -- Whether whoever asks chooses who comes; else whoever says yes first.
  choose {int} not null,
  building text,
  words {bytes},
  place {bytes},
  name {bytes},
  phone {bytes},
  -- What is asked of whoever comes, sealed: a language, a woman or a man.
  wish {bytes},
  -- Whether hours are booked.
  hours {int} not null,
  urgent {int} not null,
  wave {int} not null,
  ring_at {int},
  -- The desk that decides a dispute.
  desk text,
  -- The case that somebody looks after, when nobody came forward.
  case_number text,
  hold text,
  settled text,
  ended_at {int},
  why text,
  thanks {bytes},
  note {bytes},
  log_seq {int} not null
);
create index help_path on help(path, state, starts_at);
create index help_ring on help(ring_at);
create index help_asked_by on help(asked_by, made_at);

-- Somebody who was asked to help, or offered.
create table help_by (
  help text not null,
  person text not null,
  state text not null,
  wave {int} not null,
  told_at {int},
  said_at {int},
  began_at {int},
  done_at {int},
  minutes {int},
  primary key (help, person)
);
create index help_by_person on help_by(person, state);
create index help_by_began on help_by(person, began_at);

-- Work for all that people sign up for. What it is and where is public.
create table event (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  state text not null,
  title text not null,
  about text not null,
  place text not null,
  -- The organisation that leads it.
  body text,
  made_by text not null,
  made_at {int} not null,
  starts_at {int} not null,
  ends_at {int} not null,
  seats {int} not null,
  ended_at {int},
  why text,
  log_seq {int} not null
);
create index event_path on event(path, starts_at);

create table event_by (
  event text not null,
  person text not null,
  -- Place in the order of signing up.
  n {int} not null,
  state text not null,
  at {int} not null,
  minutes {int},
  primary key (event, person)
);
create index event_by_person on event_by(person, at);
