-- Orders to hurry (督办): who gave them or which rule, by when, and when they were settled.
create table case_order (
  id text primary key,
  case_id text not null,
  -- Of the catalogue's table; null when somebody gave it.
  rule text,
  -- Organisation that gave it.
  body text,
  at {int} not null,
  due_at {int} not null,
  settled_at {int}
);
-- Each rule gives one order for a case, ever.
create unique index case_order_rule on case_order(case_id, rule) where rule is not null;
create index case_order_case on case_order(case_id);
create index case_order_open on case_order(due_at, id) where settled_at is null;

insert into case_order(id, case_id, at, due_at) select id, id, updated_at, due_at from cases where orders > 0 and due_at is not null;
-- What happened at the same place of late.
create index cases_building on cases(building, received_at) where building is not null;
