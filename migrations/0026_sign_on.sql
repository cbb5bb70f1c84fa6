-- The sign-on of others: who at a provider is which person here.

create table sign_on (
  id text primary key,
  provider text not null,
  -- A keyed digest of who it is there, to find whose it is; the same, sealed under the person's key, to show it to him.
  mark text not null,
  person text not null,
  subject {bytes} not null,
  made_at {int} not null
);
-- One person there is one person here, and the other way round.
create unique index sign_on_mark on sign_on(provider, mark);
create unique index sign_on_person on sign_on(person, provider);

-- Ways back that were walked, for as long as they could be walked again. The state is a keyed digest.
create table sign_on_walked (
  state text primary key,
  until {int} not null
);
create index sign_on_walked_until on sign_on_walked(until);
