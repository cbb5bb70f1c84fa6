-- Nodes that exchange with this one, how far each has come, and what waits.

create table exchange_peer (
  id text primary key,
  -- Name of its log, which names its key.
  origin text not null unique,
  relation text not null,
  name text not null,
  -- Its area: the id of it here, and its code.
  area text not null,
  code text not null,
  -- The desk that stands for it here.
  body text not null,
  url text,
  -- Public key for what is sealed for it (X25519, base64).
  lock text,
  -- Highest grade of a value that goes to it.
  grade {int} not null,
  state text not null,
  why text,
  made_at {int} not null,
  ended_at {int}
);
create index exchange_peer_body on exchange_peer(body);

-- How far a stream has come: of its log here ("in"), of ours there ("out").
create table exchange_mark (
  id text primary key,
  peer text not null,
  way text not null,
  -- Entries of the sender's log, the edge of its tree, and the number of the last event.
  size {int} not null,
  edge {bytes} not null,
  n {int} not null,
  moved_at {int} not null,
  told_at {int} not null,
  -- The checkpoint that the other side witnessed last, and its signature.
  checkpoint text,
  cosignature text
);
create index exchange_mark_peer on exchange_mark(peer);

create table exchange_invitation (
  id text primary key,
  code text not null,
  name text not null,
  relation text not null,
  body text,
  grade {int} not null,
  made_by text not null,
  made_at {int} not null,
  until_at {int} not null,
  used_at {int}
);

-- Batches that came before what lies in front of them.
create table exchange_early (
  id text primary key,
  peer text not null,
  stream text not null,
  from_seq {int} not null,
  until_seq {int} not null,
  came_at {int} not null,
  body {bytes} not null
);
create index exchange_early_peer on exchange_early(peer, from_seq);

-- Events that could not be applied: others go on, these wait for somebody to look.
create table exchange_parked (
  id text primary key,
  peer text not null,
  seq {int} not null,
  n {int} not null,
  act text not null,
  why text not null,
  tries {int} not null,
  came_at {int} not null,
  done_at {int},
  event {bytes} not null
);
create index exchange_parked_open on exchange_parked(done_at, came_at);

-- A case that is handled on another node, or that another node owns: one row for each pair of nodes.
create table exchange_case (
  id text primary key,
  case_id text not null,
  peer text not null,
  -- "out": ours, handled there. "in": theirs, handled here.
  way text not null,
  number_there text,
  -- How often it was handed over, and the entry that did so last.
  n {int} not null,
  seq {int} not null,
  state text not null,
  made_at {int} not null,
  ended_at {int}
);
create index exchange_case_case on exchange_case(case_id);
create index exchange_case_peer on exchange_case(peer, made_at);

-- What the log says is to be told to a peer and was not yet put into words for it.
create table exchange_due (
  id text primary key,
  seq {int} not null,
  peer text not null,
  kind text not null,
  case_id text not null,
  due_at {int} not null,
  tries {int} not null
);
create index exchange_due_at on exchange_due(due_at);

-- What came for people to read: signals, alarms, words of the level above.
create table exchange_item (
  id text primary key,
  peer text not null,
  seq {int} not null,
  act text not null,
  area text,
  at {int} not null,
  leaf text not null
);
create index exchange_item_at on exchange_item(at);
