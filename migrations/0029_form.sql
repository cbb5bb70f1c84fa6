-- Forms (一表通): saved queries over data elements. What is held is never asked; what no element holds is asked and kept here.

create table fill_form (
  id text primary key,
  state text not null,
  title text not null,
  -- Who asks, for what, about what kind of record, where.
  body text not null,
  purpose text not null,
  record text not null,
  area text not null,
  path text not null,
  -- Elements and questions, and who is meant, as JSON.
  asks text not null,
  meant text not null,
  period text not null,
  due_at {int},
  -- When the report of the running period is due.
  next_at {int},
  made_by text,
  made_at {int} not null,
  opened_at {int},
  -- Characters that nobody had to type, because the register holds them.
  saved {int} not null
);
create index fill_form_path on fill_form(path, id);
create index fill_form_next on fill_form(next_at) where next_at is not null;

-- What somebody answered that no element holds, under his own key.
create table fill_answer (
  form text not null,
  resident text not null,
  at {int} not null,
  by_person text,
  sealed {bytes} not null,
  primary key (form, resident)
);

-- A workbook that reports are written into.
create table fill_template (
  form text primary key,
  at {int} not null,
  by_person text,
  sealed {bytes} not null
);

-- The report of a period: numbers, and whose records they are, sealed under a key of the report.
create table fill_report (
  id text primary key,
  form text not null,
  period text not null,
  at {int} not null,
  by_person text,
  sealed {bytes} not null
);
create unique index fill_report_period on fill_report(form, period);
