-- Elections with seats, ballots whose number was renewed, rolls made from the register, objectors who get an answer; projects
-- of a budget become promises.

-- How many of the candidates are elected; null: the vote is about matters.
alter table vote add column seats {int};
-- 1: the day by which the result must be published has passed, and the desk above knows.
alter table vote add column late {int} not null default 0;
-- By when the rules ask for the result; null: they name no day.
alter table vote add column result_at {int};
create index vote_result on vote(state, late, result_at);

-- Numbers of ballots that were lost: how often a unit got a new one. Older numbers open nothing.
create table vote_renewal (
  vote text not null,
  n {int} not null,
  turn {int} not null,
  primary key (vote, n)
);

-- households or adults: made from the register, and no table of it leaves from here.
alter table roll add column from_register text;
-- Who objected while signed in: he hears the answer.
alter table roll_objection add column by_person text;

-- The case that carries a project out, who does it, and the day that was promised first.
alter table budget_project add column case_id text;
alter table budget_project add column body text;
alter table budget_project add column due_at {int};

-- Who watches the ballots and the count (监票人): residents who offered to, and whom the desk named.
create table vote_scrutineer (
  vote text not null,
  person text not null,
  state text not null,
  at {int} not null,
  primary key (vote, person)
);
