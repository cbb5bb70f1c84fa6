-- Open311: what partner systems may do here, and what we send to theirs.

-- Keys of partner systems; the key itself is kept only as its SHA-256.
create table open311_key (
  id text primary key,
  digest text not null unique,
  name text not null,
  purpose text not null,
  jurisdiction text,
  body text,
  media_form text not null,
  by_token {int} not null,
  per_minute {int} not null,
  created_at {int} not null,
  revoked_at {int}
);

-- Names under which partner systems know our areas.
create table open311_jurisdiction (
  id text primary key,
  area text not null,
  ended_at {int}
);

-- Updates that partner systems sent us: one row for each, for ever, so that a repetition changes nothing.
create table open311_update (
  key text not null,
  update_id text not null,
  case_id text not null,
  said_at {int} not null,
  seq {int} not null,
  primary key (key, update_id)
);
create index open311_update_case on open311_update(key, case_id, said_at);

-- Systems of departments that we file our cases with. The key they gave us is sealed under the connector's own.
create table open311_connector (
  id text primary key,
  body text not null,
  endpoint text not null,
  secret {bytes},
  jurisdiction text,
  format text not null,
  classes text not null,
  every {int} not null,
  error text,
  created_at {int} not null,
  ended_at {int}
);
create index open311_connector_body on open311_connector(body);

-- What is to be told there, derived from the log: `seq` is the entry that dispatched the case, or that is passed on.
create table open311_delivery (
  connector text not null,
  seq {int} not null,
  kind text not null,
  case_id text not null,
  number text not null,
  state text not null,
  tries {int} not null,
  next_at {int},
  foreign_id text,
  token text,
  error text,
  sent_at {int},
  primary key (connector, seq)
);
create index open311_delivery_next on open311_delivery(connector, next_at) where next_at is not null;
create index open311_delivery_state on open311_delivery(state, seq);
create index open311_delivery_foreign on open311_delivery(connector, foreign_id);
create index open311_delivery_case on open311_delivery(case_id);
