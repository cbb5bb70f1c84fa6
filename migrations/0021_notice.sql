-- Notices that arrive: the inbox by matter, how somebody wants to be told, what goes out over channels, and reporters who
-- are told by SMS or by a call.

-- One line for each matter in somebody's inbox: derived from `inbox`, in the same write.
create table inbox_matter (
  person text not null,
  subject text not null,
  at {int} not null,
  kind text not null,
  n {int} not null,
  unread {int} not null,
  -- Since when a step of this person is waited for; null when none is.
  need_at {int},
  primary key (person, subject)
);
create index inbox_matter_at on inbox_matter(person, at);
create index inbox_matter_need on inbox_matter(person, need_at) where need_at is not null;
create index inbox_matter_subject on inbox_matter(subject) where need_at is not null;
create index inbox_subject on inbox(person, subject, at);

insert into inbox_matter(person, subject, at, kind, n, unread)
select i.person, i.subject, i.at, i.kind, g.n, g.unread from inbox i
join (select person, subject, max(id) id, count(*) n, sum(case when read_at is null then 1 else 0 end) unread
      from inbox group by person, subject) g on g.id = i.id;

-- How somebody wants to be told; whoever never chose has no row.
create table notice_setting (
  person text primary key,
  -- Minutes of the day; both the same: never quiet.
  quiet_from {int} not null,
  quiet_to {int} not null,
  digest text not null
);

-- Where somebody may be told. Nothing is sent to it before its code came back.
create table notice_address (
  person text not null,
  channel text not null,
  address {bytes} not null,
  confirmed_at {int},
  code text,
  code_until {int},
  wrong {int} not null,
  primary key (person, channel)
);

-- What is to go out: one row is one message. It is derived from inbox and log and holds no personal value but the sealed
-- address, which is taken out when it has left.
create table delivery (
  id text primary key,
  channel text not null,
  -- Whom it is for: a person, the number of a report, or the name of a robot.
  target text not null,
  kind text not null,
  -- Whose key seals address and code.
  owner text,
  address {bytes},
  code {bytes},
  subject text,
  n {int} not null,
  urgent {int} not null,
  state text not null,
  tries {int} not null,
  next_at {int},
  -- Since when it is being sent.
  since {int},
  error text,
  provider_id text,
  created_at {int} not null,
  sent_at {int}
);
create index delivery_due on delivery(channel, next_at) where next_at is not null;
create index delivery_target on delivery(target, created_at);
create index delivery_since on delivery(since) where since is not null;
create index delivery_created on delivery(created_at);
create index delivery_trouble on delivery(created_at) where error is not null;

-- What a message tells of.
create table delivery_item (
  delivery text not null,
  n {int} not null,
  at {int} not null,
  kind text not null,
  subject text not null,
  -- The notice in the inbox it tells of; none in a group.
  inbox text,
  primary key (delivery, n)
);
create index delivery_item_inbox on delivery_item(inbox) where inbox is not null;

-- Every try to send: what keeps a channel under its limits, whatever process sends.
create table delivery_try (
  delivery text not null,
  n {int} not null,
  channel text not null,
  at {int} not null,
  ended_at {int},
  outcome text,
  primary key (delivery, n)
);
create index delivery_try_channel on delivery_try(channel, at);

-- Reports whose reporter asked to be told by SMS or by a call.
create table reach (
  case_id text primary key,
  number text not null,
  path text not null,
  wish text not null,
  -- A keyed digest of the number, to know whose answer comes in.
  phone text,
  -- What is to be told by a call, since when, and when it was told.
  change text,
  changed_at {int},
  told_at {int},
  -- Since when an answer is awaited, and when it came.
  asked_at {int},
  answered_at {int}
);
create index reach_phone on reach(phone, asked_at) where phone is not null;
create index reach_call on reach(path, changed_at) where changed_at is not null;

-- Messages that came in, each taken once. Their words are not here.
create table reach_in (
  id text primary key,
  at {int} not null,
  outcome text not null,
  number text
);
create index reach_in_at on reach_in(at);
create index reach_in_number on reach_in(number, at);
