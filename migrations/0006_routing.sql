-- Routing tables: versions, none of which is ever changed. Without valid_from a table is a draft; in force is the one with
-- the latest valid_from that has come, of several for one moment the last one made.
create table routing_table (
  version {int} primary key,
  made_at {int} not null,
  made_by text,
  valid_from {int},
  rules {int} not null,
  body text not null
);
create index routing_table_valid on routing_table(valid_from, version) where valid_from is not null;
