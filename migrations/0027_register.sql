-- The register: homes, households, people, organisations (一标三实), as they are and as they were.
-- What is known of somebody lies sealed under his own key; marks are keyed digests by which he is found.

-- A home: a door of a building, or of a place where buildings have no list.
create table dwelling (
  id text primary key,
  place text not null,
  door text not null,
  area text not null,
  path text not null,
  community text not null,
  purpose text not null,
  made_at {int} not null
);
create unique index dwelling_door on dwelling(place, door);
create index dwelling_path on dwelling(path, id);

-- People who keep house together.
create table household (
  id text primary key,
  dwelling text not null,
  area text not null,
  path text not null,
  kind text not null,
  size {int} not null,
  made_at {int} not null,
  ended_at {int}
);
create index household_dwelling on household(dwelling);

-- People and organisations. `golden` is the record that stands for this one, when both are the same.
create table resident (
  id text primary key,
  kind text not null,
  made_at {int} not null,
  area text not null,
  path text not null,
  community text not null,
  dwelling text,
  household text,
  state text not null,
  golden text,
  version {int} not null,
  changed_at {int} not null,
  seen_at {int} not null,
  tag_until {int},
  sealed {bytes}
);
create index resident_tag_until on resident(tag_until) where tag_until is not null;
create index resident_path on resident(path, id);
create index resident_dwelling on resident(dwelling) where dwelling is not null;
create index resident_household on resident(household) where household is not null;
create index resident_golden on resident(golden) where golden is not null;

-- What was known before a change.
create table resident_past (
  resident text not null,
  version {int} not null,
  at {int} not null,
  act text not null,
  by_person text,
  log_seq {int} not null,
  sealed {bytes} not null,
  primary key (resident, version)
);

-- Keyed digests of numbers, names and tags.
create table resident_mark (
  mark {bytes} not null,
  resident text not null,
  primary key (mark, resident)
);

-- Counted as it happens, for every area from the grid to the nation: people by year of birth and sex, homes, households, tags.
create table resident_count (
  path text not null,
  what text not null,
  n {int} not null,
  primary key (path, what)
);
create index resident_count_what on resident_count(what, path);

-- Two records that are perhaps the same, and what somebody said about it.
create table resident_pair (
  id text primary key,
  a text not null,
  b text not null,
  path text not null,
  bits {int} not null,
  why text not null,
  state text not null,
  found_at {int} not null,
  said_at {int},
  said_by text
);
create index resident_pair_path on resident_pair(state, path, bits);
create index resident_pair_b on resident_pair(b);
create index resident_pair_a on resident_pair(a);

-- For what somebody reads the register just now.
create table resident_purpose (
  person text primary key,
  purpose text not null,
  since {int} not null,
  until {int} not null
);
