-- Components (部件): things that stand in public space, and who owned them when.
create table asset (
  id text primary key,
  code text not null unique,
  class text,
  name text not null,
  area text not null,
  lat {int},
  lon {int},
  cell {int},
  manager text,
  made_at {int} not null
);
create index asset_cell on asset(cell) where cell is not null;
create index asset_class on asset(class, code);

-- Intervals of one asset do not overlap; the running one has no end.
create table asset_owner (
  asset text not null,
  owner text not null,
  from_at {int} not null,
  to_at {int},
  primary key (asset, from_at)
);

alter table cases add column asset text;
