-- Tables that come into the register, and lists that leave it.

-- A file on its way into the register. It lies sealed under a key of its own, which is destroyed with it.
create table register_import (
  id text primary key,
  area text not null,
  path text not null,
  body text not null,
  by_person text not null,
  made_at {int} not null,
  digest text not null,
  file text,
  state text not null,
  head {int} not null,
  columns text not null,
  lines {int} not null,
  done {int} not null,
  again {int} not null,
  added {int} not null,
  completed {int} not null,
  known {int} not null,
  failed {int} not null,
  told {int} not null,
  doubted {int} not null,
  ended_at {int}
);
create unique index register_import_digest on register_import(area, digest);
create index register_import_state on register_import(state, made_at);

-- Lines of which something is to be told. `fatal`: nothing of them was written.
create table register_import_line (
  run text not null,
  line {int} not null,
  fatal {int} not null,
  why text not null,
  primary key (run, line)
);

-- Households of a file by the number that they have in it.
create table register_import_house (
  run text not null,
  mark {bytes} not null,
  household text not null,
  primary key (run, mark)
);

-- What a committee said a column is.
create table register_head (
  body text not null,
  head text not null,
  target text not null,
  primary key (body, head)
);

-- A list that leaves the register: asked for, allowed by a second one where it is long, fetched for a day.
create table register_export (
  id text primary key,
  area text not null,
  path text not null,
  kind text not null,
  elements text not null,
  people {int} not null,
  purpose text not null,
  by_person text not null,
  made_at {int} not null,
  state text not null,
  said_by text,
  said_at {int},
  until {int}
);
create index register_export_path on register_export(path, made_at);
