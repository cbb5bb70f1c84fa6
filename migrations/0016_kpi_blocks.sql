-- Counted events of 32 days together: a board of a year adds up eleven of them and the days at its ends, not 366 days.
create table kpi_block (
  scope text not null,
  block {int} not null,
  measure text not null,
  n {int} not null,
  primary key (scope, block, measure)
);
insert into kpi_block(scope, block, measure, n)
  select scope, day / 32, measure, cast(sum(n) as {int}) from kpi group by scope, day / 32, measure;
