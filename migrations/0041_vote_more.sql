-- Votes that the place counts in its own system, and ballots by somebody with a power of attorney.

-- 1: the result comes from the system that the place prescribes.
alter table vote add column outside {int} not null default 0;
-- What that system calls the result it certified.
alter table vote add column certificate text;
-- Most units that one person may vote for by power of attorney; null: no limit.
alter table vote add column proxy_most {int};

-- Who voted for the owner, sealed under the vote; a keyed digest of who it is; the picture of the paper.
alter table ballot add column proxy {bytes};
alter table ballot add column proxy_mark text;
alter table ballot add column media text;
create index ballot_proxy on ballot(vote, proxy_mark);
