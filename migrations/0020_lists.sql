-- Cases of one class in one place, when they are few enough to be sorted.
create index cases_class_path on cases(class, path) where class is not null;
