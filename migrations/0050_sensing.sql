-- Devices and what they told.

-- A device. In somebody's home it says nothing in the open: title, place and everything it told are sealed under its own key.
create table device (
  id text primary key,
  -- Under this name it signs in and publishes.
  name text not null unique,
  kind text not null,
  -- What people call it; for one in a home sealed.
  title text,
  words {bytes},
  area text not null,
  path text not null,
  building text,
  -- Whose home it is in; absent for what belongs to all.
  person text,
  -- Whether anybody may read what it tells.
  shared {int} not null,
  state text not null,
  why text,
  -- The device through which it tells (a gateway).
  parent text,
  -- Keyed digest of its password.
  secret text not null,
  -- That whoever lives there agreed, and how.
  agreed_at {int},
  agreed_how text,
  keep_days {int} not null,
  made_by text not null,
  made_at {int} not null,
  changed_at {int} not null,
  log_seq {int} not null
);
create index device_path on device(path, state, name);
create index device_person on device(person);
create index device_parent on device(parent);

-- What one device tells of one kind.
create table stream (
  -- Device and name: `…/smoke`.
  id text primary key,
  num {int} not null unique,
  device text not null,
  name text not null,
  area text not null,
  path text not null,
  first_t {int},
  last_t {int},
  last_seq {int},
  heard_at {int},
  told {int} not null
);
create index stream_device on stream(device, name);

create table observation (
  stream {int} not null,
  -- When it was so, and when it came.
  t {int} not null,
  received {int} not null,
  -- A number (yes is 1), or a text; of a home sealed.
  n {real},
  said text,
  sealed {bytes},
  -- 0 good, 1 came late, 2 its clock was ahead.
  quality {int} not null,
  primary key (stream, t)
);
create index observation_received on observation(received);
