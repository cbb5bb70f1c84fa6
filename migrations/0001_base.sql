-- Floor 1: areas, parties, sessions, read log, media, inbox.

-- Divisions (nation … community), grids beneath them. The id is stable; code, name and parent are attributes.
-- path = path of the parent + own number in base 36 + '/': a subtree is one range of an index.
create table area (
  id text primary key,
  num {int} not null,
  kind text not null,
  code text not null,
  name text not null,
  parent text,
  path text not null,
  valid_from {int} not null,
  valid_to {int}
);
create index area_code on area(code);
create index area_parent on area(parent);
create unique index area_path on area(path);

-- What an area was called, or where it belonged, before.
create table area_past (
  area text not null,
  code text not null,
  name text not null,
  parent text,
  valid_to {int} not null
);
create index area_past_area on area_past(area);
create index area_past_code on area_past(code);

-- Outline of a grid: JSON list of [lat, lon] in 1e-7 degrees, with its box for searching.
create table area_shape (
  area text primary key,
  ring text not null,
  min_lat {int} not null,
  max_lat {int} not null,
  min_lon {int} not null,
  max_lon {int} not null
);
create index area_shape_box on area_shape(min_lat, min_lon);

create table building (
  id text primary key,
  area text not null,
  name text not null,
  address text not null,
  lat {int},
  lon {int},
  floors {int} not null,
  homes {int} not null
);
create index building_area on building(area);

-- One number that grows with every change of areas, buildings and organisations.
create table structure (
  id {int} primary key,
  n {int} not null
);

-- Organisations of every kind; public information.
create table body (
  id text primary key,
  kind text not null,
  name text not null,
  area text not null,
  phone text,
  valid_to {int}
);
create index body_area on body(area, kind);

-- People. Personal values are sealed with the person's own key.
create table person (
  id text primary key,
  name {bytes} not null,
  phone {bytes},
  home text,
  shows text,
  created_at {int} not null
);

create table account (
  person text primary key,
  login text not null unique,
  hash text not null,
  disabled_at {int}
);

create table role_of (
  id text primary key,
  person text not null,
  kind text not null,
  area text not null,
  body text,
  valid_from {int} not null,
  valid_to {int}
);
create index role_person on role_of(person);
create index role_body on role_of(body);

-- The id is the SHA-256 of the cookie.
create table session (
  id text primary key,
  person text not null,
  device text not null,
  created_at {int} not null,
  expires_at {int} not null
);
create index session_person on session(person);

create table setting (
  name text primary key,
  value text not null
);

-- Who read what about whom: one row for each subject of a logged read.
create table read_log (
  owner text not null,
  seq {int} not null,
  at {int} not null,
  reader text not null,
  body text,
  elements text not null,
  purpose text not null,
  primary key (owner, seq)
);

-- Pictures and recordings. The original is sealed; the public copy of a picture carries no metadata.
create table media (
  id text primary key,
  kind text not null,
  type text not null,
  copy text,
  original text not null,
  made_by text,
  subject text,
  phase text,
  created_at {int} not null
);
create index media_subject on media(subject);

-- Messages to people: derived from the log, never holding a personal value.
create table inbox (
  id text primary key,
  person text not null,
  at {int} not null,
  kind text not null,
  subject text not null,
  read_at {int}
);
create index inbox_person on inbox(person, at);
create index inbox_unread on inbox(person, read_at);
