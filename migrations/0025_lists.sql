-- The newest of one class in each grid of a place, and the newest that were closed there: they are merged, not sorted.
drop index cases_class_path;
create index cases_class_path on cases(class, path, received_at) where class is not null;
create index cases_path_closed on cases(path, closed_at) where closed_at is not null;
-- A year of days of two measures, without the others.
create index kpi_trend on kpi(scope, measure, day) where measure in ('received', 'closed');
-- What ended in a rare way, with its class: one class of it is found without looking at the cases.
drop index cases_merged_path;
create index cases_merged_path on cases(path, received_at, class) where state = 'merged';
drop index cases_merged_time;
create index cases_merged_time on cases(received_at, path, class) where state = 'merged';
drop index cases_rejected_path;
create index cases_rejected_path on cases(path, received_at, class) where state = 'rejected';
drop index cases_rejected_time;
create index cases_rejected_time on cases(received_at, path, class) where state = 'rejected';
