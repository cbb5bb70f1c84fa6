-- The store's own tables. Everything else is in migrations/ of the program.

create table log_head (
  id {int} primary key check (id = 1),
  size {int} not null,
  edge {bytes} not null
);

-- The ledger. A row is never changed or deleted.
create table log (
  seq {int} primary key,
  at {int} not null,
  act text not null,
  obj text not null,
  leaf text not null,
  hash {bytes} not null
);
create index log_obj on log(obj, seq);

-- What an entry says about a person, sealed with that person's key. Erasure deletes from here.
create table log_body (
  seq {int} primary key,
  owner text not null,
  sealed {bytes} not null
);

-- Complete inner nodes of the tree at levels 8, 16, 24 …: one row for each 256 children.
create table log_node (
  level {int} not null,
  idx {int} not null,
  hash {bytes} not null,
  primary key (level, idx)
);

-- Answers already given, by idempotency key.
create table once (
  id text primary key,
  hash {bytes} not null,
  answer text not null,
  idx {int},
  size {int} not null,
  at {int} not null
);
create index once_at on once(at);

-- How far each follower of the log has come: the number of entries it has dealt with.
create table cursor_of (
  name text primary key,
  seq {int} not null
);

-- One key for each person (or anonymous report), wrapped by the node's key.
create table subject_key (
  owner text primary key,
  wrapped {bytes} not null
);
