-- Directory of services: who offers what, where and when; by which words it is found. All of it is public.

create table service_org (
  id text primary key,
  name text not null,
  -- The party it is, when it works here.
  body text,
  -- What else is said of it, as JSON.
  details text not null,
  modified_at {int} not null,
  -- Where it came from, and under which id.
  source text,
  source_id text,
  -- Digest of what came, so that the same again changes nothing.
  mark text
);
create unique index service_org_source on service_org(source, source_id);
create index service_org_body on service_org(body);

create table service (
  id text primary key,
  -- Short number, for the tables it is found by.
  num {int} not null unique,
  org text not null,
  -- Name of the organisation under which it is found.
  org_said text not null,
  name text not null,
  -- active, inactive, defunct, temporarily closed.
  status text not null,
  -- For whom: a place and everything beneath.
  area text not null,
  path text not null,
  -- What else is said of it, as JSON.
  details text not null,
  -- When its owner last said that all of it is right, and every how many days that is asked.
  assured_at {int},
  every_days {int} not null,
  -- From when on it counts as stale; absent for what nobody shows.
  stale_at {int},
  made_at {int} not null,
  modified_at {int} not null,
  source text,
  source_id text,
  mark text,
  log_seq {int} not null
);
create unique index service_source on service(source, source_id);
create index service_org_of on service(org, id);
create index service_path on service(path, num);
create index service_modified on service(modified_at, id);
create index service_stale on service(stale_at);

create table service_place (
  id text primary key,
  org text not null,
  name text not null,
  area text not null,
  path text not null,
  lat {int},
  lon {int},
  -- Square of about 220 m.
  cell {int},
  postcode text,
  details text not null,
  modified_at {int} not null,
  source text,
  source_id text,
  mark text
);
create unique index service_place_source on service_place(source, source_id);
create index service_place_postcode on service_place(postcode);
create index service_place_org on service_place(org, id);

create table service_at (
  id text primary key,
  service text not null,
  num {int} not null,
  place text not null,
  -- As the place says it.
  cell {int},
  -- Own description, phones and hours, as JSON.
  details text not null,
  modified_at {int} not null
);
create index service_at_service on service_at(service, id);
create index service_at_place on service_at(place, id);
create index service_at_cell on service_at(cell, num);

create table service_taxonomy (
  id text primary key,
  name text not null,
  about text not null,
  source text,
  source_id text,
  modified_at {int} not null
);

create table service_term (
  id text primary key,
  taxonomy text not null,
  parent text,
  code text,
  name text not null,
  about text not null,
  modified_at {int} not null
);
create index service_term_taxonomy on service_term(taxonomy, id);

-- What a service is filed under.
create table service_filed (
  term text not null,
  path text not null,
  num {int} not null,
  taxonomy text not null,
  primary key (term, path, num)
);
create index service_filed_of on service_filed(num);

-- Pieces of the words of a service: field 0 is its name, 1 what it is called besides, 2 everything else.
create table service_word (
  word text not null,
  field {int} not null,
  path text not null,
  num {int} not null,
  primary key (word, field, path, num)
);
