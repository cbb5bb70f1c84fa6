-- Links between cases: one that was taken back stays as a row, so that the program does not make it again by itself.
-- `by` says who made it: `rule` the program, `desk` a clerk.
alter table case_link add column made_by text not null default 'desk';
alter table case_link add column undone_at {int};
-- The moment at which the earlier case was counted as recurred; on one of its links only.
alter table case_link add column counted_at {int};
create index cases_asset on cases(asset, received_at) where asset is not null;
