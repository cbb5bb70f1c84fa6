-- The newest of one class in each grid of a place, and the newest that were closed there: they are merged, not sorted.
drop index cases_class_path;
create index cases_class_path on cases(class, path, received_at) where class is not null;
create index cases_path_closed on cases(path, closed_at) where closed_at is not null;
-- A year of days of two measures, without the others.
create index kpi_trend on kpi(scope, measure, day) where measure in ('received', 'closed');
