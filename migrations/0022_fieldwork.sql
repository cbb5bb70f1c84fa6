-- Field work: who was where by his own word, homes that are visited, phones with packs, emergencies.
-- No table of it holds a place on earth: a trace is the buildings and things entered, never a line (inv13).

-- What a phone sent, with both clocks: one row for each item, for ever once only.
create table field_item (
  id text primary key,
  person text not null,
  kind text not null,
  subject text not null,
  made_at {int},
  sent_at {int},
  received_at {int} not null,
  at {int} not null,
  trust text not null
);
create index field_item_person on field_item(person, received_at);

-- Findings and visits. The id is that of the item.
create table field_visit (
  id text primary key,
  kind text not null,
  area text not null,
  path text not null,
  building text,
  asset text,
  care text,
  person text not null,
  found text not null,
  at {int} not null,
  shown {int} not null,
  log_seq {int} not null,
  undone_at {int}
);
create index field_visit_building on field_visit(building, at) where building is not null;
create index field_visit_path on field_visit(path, at);
create index field_visit_care on field_visit(care, at) where care is not null;
create index field_visit_person on field_visit(person, at);

-- Homes that are visited, with their consent. Name, door and phone are sealed under the key of the row.
create table field_care (
  id text primary key,
  area text not null,
  path text not null,
  building text,
  why text not null,
  every {int} not null,
  name {bytes} not null,
  door {bytes},
  phone {bytes},
  made_by text not null,
  made_at {int} not null,
  ended_at {int}
);
create index field_care_path on field_care(path) where ended_at is null;

-- What a worker lets residents read about himself; a row exists only while he wants it.
create table field_card (
  person text primary key,
  name {bytes} not null
);

-- Phones that took a pack along. When they were used is not kept.
create table field_device (
  id text primary key,
  person text not null,
  session text not null,
  name text not null,
  made_at {int} not null,
  cut_at {int}
);
create index field_device_person on field_device(person, made_at);

-- Emergencies: a named area, a reason, an authority, an end.
create table field_emergency (
  id text primary key,
  area text not null,
  path text not null,
  reason text not null,
  person text not null,
  body text not null,
  from_at {int} not null,
  until_at {int} not null
);
create index field_emergency_until on field_emergency(until_at);

-- Who reported in, while an emergency runs; swept when it is over.
create table field_checkin (
  emergency text not null,
  person text not null,
  at {int} not null,
  primary key (emergency, person)
);
