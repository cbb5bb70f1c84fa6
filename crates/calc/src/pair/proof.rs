//! That no better pairs exist, by the prices alone: whoever doubts pairs can check them without knowing how they were found.
//!
//! What must stay true: what passes here is a best one. If every step by which something could be paired otherwise costs 0 or more by the
//! prices, so does every exchange, for along it the prices cancel out.

use super::problem::Problem;
use super::solve::Outcome;

/// Checks the pairs and their prices; else says what is wrong.
pub fn check(problem: &Problem, outcome: &Outcome) -> Result<(), &'static str> {
    let say = |holds: bool, why: &'static str| if holds { Ok(()) } else { Err(why) };
    let (tasks, people) = (problem.tasks.len(), problem.people.len());
    say(outcome.task_price.len() == tasks && outcome.unmet.len() == tasks, "of every task")?;
    say(outcome.person_price.len() == people && outcome.held.len() == people, "of every person")?;
    let mut taken = vec![false; problem.to.len()];
    let (mut places, mut held, mut pins) = (vec![0u32; tasks], vec![0u32; people], vec![0u32; people]);
    for pair in &outcome.pairs {
        let e = problem.edge(pair.task, pair.person).ok_or("a pair without an edge")?;
        say(!std::mem::replace(&mut taken[e], true), "the same pair twice")?;
        places[pair.task as usize] += 1;
        held[pair.person as usize] += 1;
        pins[pair.person as usize] += u32::from(problem.pinned[e]);
    }
    say(held == outcome.held, "tasks of people")?;
    let mut cost = 0;
    for (t, task) in problem.tasks.iter().enumerate() {
        let (price, empty) = (outcome.task_price[t], outcome.unmet[t]);
        say(places[t].checked_add(empty) == Some(task.need), "every place is filled or empty")?;
        let without = problem.without(t as u32);
        say(price <= without, "a place is filled that had better stay empty")?;
        say(empty == 0 || price == without, "a place is empty that had better be filled")?;
        for e in problem.edges(t as u32) {
            let other = problem.cost[e] + outcome.person_price[problem.to[e] as usize];
            say(taken[e] || !problem.pinned[e], "a pin is lost")?;
            say(taken[e] || price <= other, "a pair would be better")?;
            say(!taken[e] || problem.pinned[e] || price >= other, "a pair is worse than another")?;
            cost += if taken[e] { problem.cost[e] } else { 0 };
        }
    }
    for (p, person) in problem.people.iter().enumerate() {
        let (price, held) = (outcome.person_price[p], held[p]);
        say(held <= person.capacity, "more than a capacity")?;
        say(held >= problem.room[p] || price <= person.load_at(held), "somebody with room is too dear")?;
        say(held <= pins[p] || price >= person.load_at(held - 1), "somebody has too much")?;
        cost += (0..held).map(|nth| person.load_at(nth)).sum::<i64>();
    }
    say(cost == outcome.cost, "the sum")
}
