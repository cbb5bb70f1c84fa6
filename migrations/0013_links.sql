-- Links between cases: one that was taken back stays as a row, so that the program does not make it again by itself.
-- `by` says who made it: `rule` the program, `desk` a clerk.
alter table case_link add column made_by text not null default 'desk';
alter table case_link add column undone_at {int};
-- The moment at which the earlier case was counted as recurred; on one of its links only.
alter table case_link add column counted_at {int};
create index cases_asset on cases(asset, received_at) where asset is not null;

-- Under which working time a deadline was counted (nothing where it is a date that somebody set), and whether the calendar
-- did not reach so far.
alter table cases add column due_under {int};
alter table cases add column provisional {int} not null default 0;
create index cases_due_under on cases(id, due_under) where due_under is not null;
