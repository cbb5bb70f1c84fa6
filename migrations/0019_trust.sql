-- Whom a resident lets act for him, with the consent on record; nobody acts for staff.
create table trust (
  id text primary key,
  elder text not null,
  helper text,
  -- How each calls the other, sealed with the own key.
  helper_label {bytes} not null,
  elder_label {bytes},
  -- `invited` by the resident himself, or `present`, `phone`, `paper` before a witness of the desk.
  consent text not null,
  witness text,
  mark text unique,
  created_at {int} not null,
  joined_at {int},
  until {int} not null,
  ended_at {int}
);
create index trust_elder on trust(elder);
create index trust_helper on trust(helper) where helper is not null;
-- For whom a session acts now.
alter table session add column acts_for text;
