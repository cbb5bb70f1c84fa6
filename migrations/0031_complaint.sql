-- The desk that a complaint of staff is about. It does not settle it: the one above does.
alter table cases add column about text;
