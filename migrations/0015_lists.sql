-- Lists that stay quick with ten million cases: each order in which people read has an index of its own, and most of them
-- are touched only when a case begins, is sorted or ends (`closed_at`), not with each step, which moves the clock.

-- Everything, and what is open, the newest first; with the path, so that a walk along the times need not look at the case.
drop index cases_received;
create index cases_received on cases(received_at, path);
create index cases_received_open on cases(received_at, path) where closed_at is null;
create index cases_class on cases(class, received_at, path) where class is not null;
create index cases_class_open on cases(class, received_at, path) where class is not null and closed_at is null;
drop index cases_closed;
create index cases_closed on cases(closed_at, path) where closed_at is not null;
-- The soonest deadline first.
create index cases_due on cases(due_at) where due_at is not null;
-- What is late in an area.
create index cases_late on cases(path, due_at) where overdue_at is not null and closed_at is null;
-- What an organisation handles, and what it ever handled.
create index cases_handler_open on cases(handler, state, due_at) where handler is not null and closed_at is null;
create index cases_handler on cases(handler, received_at) where handler is not null;
-- What ended otherwise than by being solved is rare, and would be looked for among everything.
create index cases_merged_path on cases(path, received_at) where state = 'merged';
create index cases_merged_time on cases(received_at, path) where state = 'merged';
create index cases_rejected_path on cases(path, received_at) where state = 'rejected';
create index cases_rejected_time on cases(received_at, path) where state = 'rejected';
-- The map asks for what is open in a square.
drop index cases_open_cell;
create index cases_open_cell on cases(cell) where closed_at is null and cell is not null;
