-- Grids of a community cut anew: drafts, plans for a day, and what was done.
create table area_recut (
  id text primary key,
  community text not null,
  valid_from {int} not null,
  body text not null,
  made_at {int} not null,
  enabled_at {int},
  applied_at {int}
);
create index area_recut_due on area_recut(valid_from) where enabled_at is not null and applied_at is null;
create index area_recut_community on area_recut(community, made_at);
