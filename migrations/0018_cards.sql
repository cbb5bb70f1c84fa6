-- Household cards: whoever holds one signs in as its resident. The code itself is derived from the id and stored nowhere.
create table card (
  id text primary key,
  mark text not null unique,
  person text not null,
  area text not null,
  place {bytes} not null,
  made_by text not null,
  created_at {int} not null,
  ended_at {int}
);
create index card_area on card(area, created_at);
create index card_person on card(person);
-- A card that is lost ends what was opened with it.
alter table session add column card text;
