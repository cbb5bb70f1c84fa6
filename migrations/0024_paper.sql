-- Report forms on paper, reports for others, and who asks by SMS.

-- What was printed at once: forms 1 to `forms`, for an area or one building, with the classes whose boxes stand on them.
create table paper_batch (
  id text primary key,
  num {int} not null unique,
  area text not null,
  path text not null,
  building text,
  forms {int} not null,
  classes text not null,
  made_by text not null,
  made_at {int} not null,
  void_at {int},
  void_why text
);
create index paper_batch_path on paper_batch(path, num);

-- A form that came back: one case for each. Its words are in the log.
create table paper_form (
  code text primary key,
  batch text not null,
  case_id text not null unique,
  keyed_by text not null,
  keyed_at {int} not null,
  -- The days written on it and on which it was handed in.
  written_on text,
  handed_on text not null
);
create index paper_form_batch on paper_form(batch);
create index paper_form_keyed on paper_form(keyed_by, keyed_at);

-- Who reported it for somebody else, how he stands to him, and whether the other knows.
create table proxy (
  case_id text primary key,
  person text not null,
  relation text not null,
  knows {int} not null,
  at {int} not null
);
create index proxy_person on proxy(person, at);

-- Under which number somebody asked (a keyed digest): so many a day.
alter table reach_in add column phone text;
create index reach_in_phone on reach_in(phone, at) where phone is not null;
