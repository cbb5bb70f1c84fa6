//! Pure decisions about budgets: where one stands, its times, and the limits.

use super::{Budget, State};
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};

/// Characters of an idea.
pub const WORDS: usize = 1_000;
/// Projects of one budget.
pub const PROJECTS: i64 = 300;
/// Ideas of one person for one budget.
pub const OWN: i64 = 5;
/// Most yuan to be given out.
pub const AMOUNT: i64 = 100_000_000_000;
/// Most projects on a ballot.
pub const MOST: i64 = 50;
/// How often one ballot is changed.
pub const CHANGES: i64 = 50;
/// Days from the beginning to the end, at most.
pub const DAYS: i64 = 366;
/// Longest time to carry a project out, in days.
pub const TASK_DAYS: i64 = 731;
/// Days that a vote is open, at least: nobody is away that long without a day between.
pub const OPEN_DAYS: i64 = 3;
/// Projects with fewer votes get nothing.
pub const LEAST_VOTES: u64 = 1;

names! {
    /// Where a budget stands now.
    Phase {
        Ideas = "ideas", Checking = "checking", Notice = "notice", Open = "open", Counting = "counting", Published = "published",
        Void = "void",
    }
}

/// Where a budget stands at a moment.
pub fn phase(budget: &Budget, now: Ms) -> Phase {
    match budget.state {
        State::Ideas if now < budget.ideas_until => Phase::Ideas,
        State::Ideas => Phase::Checking,
        State::Posted if now < budget.opens_at => Phase::Notice,
        State::Posted if now < budget.closes_at => Phase::Open,
        State::Posted => Phase::Counting,
        State::Published => Phase::Published,
        State::Void => Phase::Void,
    }
}

/// Whether the times of a new budget make sense.
pub fn times(now: Ms, ideas_until: Ms, opens_at: Ms, closes_at: Ms) -> Result<()> {
    if ideas_until <= now {
        return Err(Kind::OutOfRange.at("ideas_until"));
    }
    if opens_at <= ideas_until {
        return Err(Kind::OutOfRange.at("opens_at"));
    }
    if closes_at < opens_at + OPEN_DAYS * DAY {
        return Err(Kind::OutOfRange.at("closes_at").limit(OPEN_DAYS));
    }
    if closes_at > now + DAYS * DAY {
        return Err(Kind::OutOfRange.at("closes_at").limit(DAYS));
    }
    Ok(())
}

/// A ballot: numbers of listed projects, each once, in their order; at least one, and not more than allowed.
pub fn ballot(chosen: &[String], listed: &[i64], most: i64) -> Result<Vec<i64>> {
    let number = |t: &String| t.parse().ok().filter(|n| listed.contains(n)).ok_or_else(|| Kind::Unknown.at("projects"));
    let mut numbers: Vec<i64> = chosen.iter().map(number).collect::<Result<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Err(Kind::Missing.at("projects"));
    }
    if numbers.len() as i64 > most {
        return Err(Kind::TooMany.at("projects").limit(most));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_each_other() {
        let day = |n: i64| n * DAY;
        assert!(times(0, day(10), day(20), day(30)).is_ok());
        let field = |r: Result<()>| r.unwrap_err().field.unwrap().into_owned();
        assert_eq!(field(times(day(10), day(10), day(20), day(30))), "ideas_until");
        assert_eq!(field(times(0, day(10), day(10), day(30))), "opens_at");
        assert_eq!(field(times(0, day(10), day(20), day(22))), "closes_at");
        assert_eq!(field(times(0, day(10), day(20), day(400))), "closes_at");
    }

    #[test]
    fn a_ballot_names_listed_projects_once() {
        let chosen = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(ballot(&chosen(&["3", "1", "3"]), &[1, 2, 3], 2).unwrap(), [1, 3]);
        let kind = |list: &[&str]| ballot(&chosen(list), &[1, 2, 3], 2).unwrap_err().kind;
        assert_eq!(kind(&[]), Kind::Missing);
        assert_eq!(kind(&["4"]), Kind::Unknown);
        assert_eq!(kind(&["x"]), Kind::Unknown);
        assert_eq!(kind(&["1", "2", "3"]), Kind::TooMany);
    }
}
