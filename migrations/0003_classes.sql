-- Working time and the case catalogue: versions, none of which is ever changed. Version 0 of both is the pack inside the program.

create table worktime (
  version {int} primary key,
  name text not null,
  calendar text not null,
  hours text not null,
  rounding text not null,
  made_at {int} not null
);

-- In force is the version with the latest valid_from that has come; of several for one moment the last one made.
create table catalogue_pack (
  version {int} primary key,
  name text not null,
  valid_from {int} not null,
  made_at {int} not null,
  classes {int} not null,
  body text not null
);
create index catalogue_pack_valid on catalogue_pack(valid_from, version);
