-- What staff did to the copy of a picture before everybody may see it: places made unreadable, and since when it is public.
alter table media add column covered {int} not null default 0;
alter table media add column released_at {int};
