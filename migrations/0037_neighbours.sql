-- Talk among neighbours. What is said lies in the log, sealed under a key of its own for each text: here are ids, states, times.

-- Who somebody is among the neighbours of a community.
create table near_member (
  id text primary key,
  person text not null,
  area text not null,
  path text not null,
  -- The building he lives in, once it is certain.
  building text,
  -- The building he says he lives in, until the desk has answered.
  asked text,
  asked_at {int},
  -- His name toward neighbours, sealed under the member; its mark (keyed) keeps others from looking the same.
  nick {bytes},
  mark text,
  named_at {int} not null,
  made_at {int} not null,
  left_at {int}
);
create unique index near_member_person on near_member(person, area);
create unique index near_member_mark on near_member(area, mark);
create index near_member_asked on near_member(asked_at);

create table near_topic (
  id text primary key,
  number text not null unique,
  area text not null,
  path text not null,
  -- Of one building; of the whole community without.
  building text,
  category text not null,
  -- Shown to everybody.
  notice {int} not null,
  -- Of a quick question: how many answers there are, and until when one may choose.
  options {int} not null,
  poll_until {int},
  posts {int} not null,
  shown {int} not null,
  made_at {int} not null,
  last_at {int} not null,
  -- When those who follow it hear of what is new.
  digest_at {int},
  case_number text
);
create index near_topic_list on near_topic(area, last_at);
create index near_topic_digest on near_topic(digest_at);

-- A text: the opening one of a topic has n = 0.
create table near_post (
  id text primary key,
  topic text not null,
  n {int} not null,
  member text,
  -- The office that says it, for its texts.
  body text,
  by_person text not null,
  state text not null,
  made_at {int} not null,
  log_seq {int} not null,
  -- Keyed digests of what it says, to know the same and the nearly same again; gone with its words.
  mark text,
  sketch text,
  -- An account that was new when it wrote it.
  fresh {int} not null,
  -- Why it waits for a look: pre, links, sybil, flags, appeal.
  queue text,
  desk text,
  due_at {int},
  flags {int} not null,
  -- The last ruling; `closed` when nobody appeals any more.
  ruled_by text,
  ruled_at {int},
  reason text,
  ruling_seq {int},
  appeal_seq {int},
  closed {int} not null
);
create unique index near_post_topic on near_post(topic, n);
create index near_post_by on near_post(by_person, made_at);
create index near_post_due on near_post(due_at);
create index near_post_desk on near_post(desk, due_at);
create index near_post_made on near_post(fresh, made_at);

-- Who reported a text, thanked for it or answered a question: by keyed marks, so that no table says who it was.
create table near_flag (
  post text not null,
  mark text not null,
  day_mark text not null,
  reason text not null,
  made_at {int} not null,
  primary key (post, mark)
);
create index near_flag_day on near_flag(day_mark);

create table near_thanks (
  post text not null,
  mark text not null,
  primary key (post, mark)
);

create table near_voice (
  topic text not null,
  mark text not null,
  choice {int} not null,
  primary key (topic, mark)
);

-- Who hears of what is new in a topic.
create table near_follow (
  topic text not null,
  person text not null,
  told_at {int} not null,
  primary key (topic, person)
);
