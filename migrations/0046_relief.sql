-- Emergency mobilisation: depots and sites, needs, what is promised, what moves, loads and their hand-over.

create table relief (
  id text primary key,
  number text not null unique,
  title text not null,
  why text not null,
  area text not null,
  path text not null,
  -- Organisation that opened it and answers for it.
  desk text not null,
  -- open, ended.
  state text not null,
  -- Ids of classes of the pack, with blanks between.
  classes text not null,
  made_at {int} not null,
  ended_at {int},
  -- What came of it, when it ended.
  account text,
  log_seq {int} not null
);
create index relief_path on relief(path, made_at);

create table relief_depot (
  id text primary key,
  relief text not null,
  n {int} not null,
  name text not null,
  area text not null,
  path text not null,
  -- Organisation that keeps it.
  body text not null,
  made_at {int} not null,
  log_seq {int} not null
);
create unique index relief_depot_n on relief_depot(relief, n);

create table relief_site (
  id text primary key,
  relief text not null,
  n {int} not null,
  name text not null,
  area text not null,
  path text not null,
  -- Organisation that speaks for it: the one it is, or the desk of its area.
  body text not null,
  people {int} not null,
  made_at {int} not null,
  log_seq {int} not null
);
create unique index relief_site_n on relief_site(relief, n);

-- What a depot holds of a class, by where it is. All five together are what was received.
create table relief_stock (
  id text primary key,
  relief text not null,
  depot text not null,
  class text not null,
  stock {int} not null,
  reserved {int} not null,
  way {int} not null,
  handed {int} not null,
  lost {int} not null
);
create index relief_stock_relief on relief_stock(relief, class);

-- What was moved; never changed, never deleted.
create table relief_move (
  id text primary key,
  stock text not null,
  kind text not null,
  -- stock, reserved, way, handed, lost; from outside when there is none.
  origin text,
  target text not null,
  quantity {int} not null,
  -- A load or a gift.
  about text,
  -- From whom, or why.
  why text,
  at {int} not null,
  log_seq {int} not null
);
create index relief_move_stock on relief_move(stock, at);

create table relief_need (
  id text primary key,
  relief text not null,
  n {int} not null,
  site text not null,
  class text not null,
  -- None: nobody knows how much.
  quantity {int},
  people {int} not null,
  -- 1 is the most urgent.
  tier {int} not null,
  due_at {int} not null,
  -- open, met, closed.
  state text not null,
  -- Received, and reserved or under way, both counted in the class that is asked for.
  got {int} not null,
  promised {int} not null,
  -- Organisation that answers for it now.
  holder text not null,
  ring_at {int},
  late {int} not null,
  made_at {int} not null,
  by_person text,
  -- What somebody said besides, sealed under the emergency.
  words {bytes},
  ended_at {int},
  why text,
  log_seq {int} not null
);
create unique index relief_need_n on relief_need(relief, n);
create index relief_need_ring on relief_need(ring_at);

-- What somebody would give; it is stock only when it was received and counted.
create table relief_gift (
  id text primary key,
  relief text not null,
  n {int} not null,
  by_person text,
  -- Who, and how to reach him, sealed under the emergency.
  giver {bytes} not null,
  class text not null,
  quantity {int} not null,
  -- offered, received, declined, withdrawn.
  state text not null,
  received {int},
  why text,
  made_at {int} not null,
  ended_at {int},
  log_seq {int} not null
);
create unique index relief_gift_n on relief_gift(relief, n);

create table relief_plan (
  id text primary key,
  relief text not null,
  n {int} not null,
  -- draft, confirmed, dropped.
  state text not null,
  -- Lines as JSON: numbers of depots and needs, classes, quantities, reasons.
  lines text not null,
  made_at {int} not null,
  by_person text,
  ended_at {int},
  log_seq {int} not null
);
create unique index relief_plan_n on relief_plan(relief, n);

create table relief_load (
  id text primary key,
  number text not null unique,
  relief text not null,
  depot text not null,
  site text not null,
  -- ready, sent, differs, handed, cancelled.
  state text not null,
  made_at {int} not null,
  sent_at {int},
  sent_by text,
  handed_at {int},
  -- code or yes.
  handed_way text,
  -- Entry of the hand-over in the log.
  hand_seq {int},
  -- Why less came than was sent, or why it did not go.
  why text,
  ended_at {int},
  log_seq {int} not null
);
create index relief_load_relief on relief_load(relief, state);

create table relief_load_line (
  load text not null,
  n {int} not null,
  need text not null,
  class text not null,
  quantity {int} not null,
  -- One of it serves as so many of what was asked.
  rate {int} not null,
  received {int},
  primary key (load, n)
);
