-- What was forgotten, and what is to be: a password, and a file.

-- Whoever forgot his password gets a code that sets a new one, once.

create table password_reset (
  person text primary key,
  -- A keyed digest of the code.
  mark text not null,
  until {int} not null,
  -- Who gave it; null when it was given at the machine itself.
  given_by text
);

-- When a password was last changed, and how: by its owner, or with a code that somebody gave. Shown to its owner alone.
alter table account add column set_at {int};
alter table account add column set_by text;

-- A table that came in, when somebody who may stand in it had what is held of him destroyed: since when it is read no more.
alter table register_import add column void_at {int};
