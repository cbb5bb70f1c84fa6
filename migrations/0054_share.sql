-- What departments share: a catalogue of resources, requests for them, their rows, objections, adapters.

create table share_resource (
  id text primary key,
  -- What its address says.
  code text not null unique,
  -- Who provides it.
  body text not null,
  area text not null,
  path text not null,
  title text not null,
  title_en text not null,
  about text not null,
  theme text not null,
  share text not null,
  -- What it rests on that it is shared with conditions, or not at all.
  basis text,
  rhythm text not null,
  -- Of the fields: one more with each change after it was published.
  version {int} not null,
  fields text not null,
  since {int} not null,
  state text not null,
  -- Who checks it now, and until when; none: nobody is waited for.
  desk text,
  due_at {int},
  late {int} not null,
  made_at {int} not null,
  published_at {int},
  -- A change of what is published, until the desk has looked at it.
  pending text,
  -- What the last test of its adapter found, field by field.
  tested_at {int},
  test text
);
create index share_resource_path on share_resource(path, state);
create index share_resource_body on share_resource(body, made_at);
create index share_resource_due on share_resource(due_at);

create table share_request (
  id text primary key,
  number text not null unique,
  resource text not null,
  body text not null,
  person text not null,
  fields text not null,
  purpose text not null,
  basis text not null,
  days {int} not null,
  way text not null,
  -- Only rows of this area (beginning of a code); none: all.
  place text,
  state text not null,
  -- Whose turn it is.
  desk text not null,
  due_at {int},
  late {int} not null,
  made_at {int} not null,
  granted_at {int},
  delivered_at {int},
  until_at {int},
  -- The key of a program that reads under it.
  api_key text,
  -- The request that this one goes on with.
  renews text
);
create index share_request_resource on share_request(resource, state);
create index share_request_body on share_request(body, state, made_at);
create index share_request_desk on share_request(desk, state);
create index share_request_due on share_request(due_at);

-- What was done with a resource, a request, an objection, and what was said: sealed under its key.
create table share_step (
  matter text not null,
  n {int} not null,
  act text not null,
  at {int} not null,
  body text,
  words {bytes},
  primary key (matter, n)
);

-- Rows. What is graded lies sealed under the key of the row.
create table share_row (
  id text primary key,
  resource text not null,
  -- Keyed digest of its key.
  mark text not null,
  place text,
  plain text not null,
  sealed {bytes},
  -- By field: where the value is from, and when it was taken.
  origin text not null,
  source text not null,
  taken_at {int} not null,
  version {int} not null,
  -- Place in the log of its last change.
  seq {int} not null
);
create unique index share_row_mark on share_row(resource, mark);
create index share_row_seq on share_row(resource, seq, id);

-- How good each source is.
create table share_source (
  resource text not null,
  source text not null,
  taken {int} not null,
  refused {int} not null,
  corrected {int} not null,
  last_at {int} not null,
  primary key (resource, source)
);

-- Why rows of the last batch of a source were refused.
create table share_fault (
  resource text not null,
  source text not null,
  n {int} not null,
  line {int} not null,
  field text not null,
  code text not null,
  at {int} not null,
  primary key (resource, source, n)
);

create table share_objection (
  id text primary key,
  number text not null unique,
  resource text not null,
  -- The row that it is about.
  entry text not null,
  field text not null,
  body text not null,
  person text not null,
  -- What would be right.
  says {bytes} not null,
  state text not null,
  desk text not null,
  due_at {int},
  late {int} not null,
  made_at {int} not null,
  settled_at {int}
);
create index share_objection_resource on share_objection(resource, made_at);
create index share_objection_body on share_objection(body, made_at);
create index share_objection_desk on share_objection(desk, state);
create index share_objection_due on share_objection(due_at);

create table share_adapter (
  id text primary key,
  resource text not null,
  kind text not null,
  url text not null,
  -- Their header, or what our calls are signed with.
  secret {bytes},
  settings text not null,
  version {int} not null,
  every {int} not null,
  -- The request that it delivers.
  request text,
  -- Up to where rows were sent.
  sent_seq {int} not null,
  sent_id text not null,
  next_at {int},
  tries {int} not null,
  error text,
  made_at {int} not null,
  ended_at {int}
);
create index share_adapter_next on share_adapter(next_at);
create index share_adapter_resource on share_adapter(resource);

-- Who else holds an element, so that no form asks for it again: written by whoever publishes a resource.
create table held_elsewhere (
  element text not null,
  resource text not null,
  body text not null,
  path text not null,
  title text not null,
  since {int} not null,
  primary key (element, resource)
);
create index held_elsewhere_body on held_elsewhere(body);

-- Why a form asks for what another one collects.
alter table fill_form add column elsewhere text;
