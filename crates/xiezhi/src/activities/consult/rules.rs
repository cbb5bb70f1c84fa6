//! Pure decisions about consultations.

use std::collections::BTreeSet;

use super::pack::{Seats, Way};
use super::{Consult, Promise, State};
use crate::kit::error::{Error, Kind};
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};
use crate::records::case::decided::{self, Standing};

/// Most seats, rounds, items and decisions of one.
pub const SEATS: usize = 60;
/// Rounds of one.
pub const ROUNDS: usize = 6;
/// Items of an agenda.
pub const ITEMS: usize = 10;
/// Decisions of one.
pub const DECISIONS: usize = 20;
/// A score that says no: the matter was not settled.
pub const BEST: i64 = 5;

names! {
    /// What somebody thinks of an item.
    Stance { Yes = "yes", No = "no", Abstain = "abstain", }
}

/// Lets the step pass that is waited for, and no other: one that comes later is skipped over, one that was is over.
pub fn step(c: &Consult, way: Option<&Way>, wanted: State) -> Result<(), Error> {
    if c.state == wanted {
        return Ok(());
    }
    if !c.state.is_open() {
        return Err(Kind::State.into());
    }
    let place = |s: State| match (s, way) {
        (State::Grade, _) | (_, None) => usize::from(s != State::Grade),
        (s, Some(way)) => way.steps.iter().position(|x| x == s.as_str()).map_or(usize::MAX, |at| at + 1),
    };
    match place(wanted) {
        usize::MAX => Err(Kind::State.into()),
        at if at > place(c.state) => Err(Kind::StepSkipped.at(format!("step-{}", c.state.as_str()))),
        _ => Err(Kind::State.into()),
    }
}

/// Kinds of seats that are missing: what the pack asks, less who sits (a kind, and whether drawn), less what is waived and
/// may be.
pub fn missing<'p>(asked: &'p [Seats], sits: &[(&str, bool)], waived: &BTreeSet<String>) -> Vec<&'p Seats> {
    let has = |s: &Seats| sits.iter().filter(|(kind, drawn)| *kind == s.kind && (*drawn || !s.drawn)).count();
    asked.iter().filter(|s| has(s) < s.least && !(s.waivable && waived.contains(&s.kind))).collect()
}

/// Whether enough of the seats took part.
pub fn quorum(way: &Way, there: usize, seats: usize) -> bool {
    way.quorum().is_none_or(|share| share.met(there as i128, seats as i128))
}

/// What is wrong with a round that is posted now: too short a notice, or it is over before it begins.
pub fn round(way: &Way, now: Ms, opens: Ms, closes: Ms) -> Result<(), Error> {
    if opens < now + way.notice_days * DAY {
        return Err(Kind::NoticeShort.at("opens_at").limit(way.notice_days));
    }
    if closes <= opens {
        return Err(Kind::OutOfRange.at("closes_at"));
    }
    Ok(())
}

/// Where what was promised by a date stands.
pub fn standing(state: Promise, due: Ms, done: Option<Ms>, now: Ms) -> Standing {
    let ended = match state {
        Promise::Open => None,
        Promise::Done => Some(true),
        Promise::Dropped => Some(false),
    };
    decided::standing(ended, due, done, now)
}

/// Hundredths of the mean of scores with weights: each part's mean, weighed. None when nobody said anything.
pub fn weighed(sums: [i64; 3], weights: [i64; 3], n: i64) -> Option<i64> {
    let all: i64 = weights.iter().sum();
    let sum: i64 = sums.iter().zip(weights).map(|(s, w)| s * w).sum();
    (n > 0 && all > 0).then(|| (sum * 100 + n * all / 2) / (n * all))
}

#[cfg(test)]
mod tests {
    use super::super::pack;
    use super::*;

    #[test]
    fn a_convening_is_measured_by_the_pack() {
        let deep = pack::at("32", "2026-01-01").way(super::super::Depth::Deep);
        let none = BTreeSet::new();
        let kinds = |seats: &[(&str, bool)], waived: &BTreeSet<String>| -> Vec<String> {
            missing(&deep.seats, seats, waived).iter().map(|s| s.kind.clone()).collect()
        };
        assert_eq!(kinds(&[], &none), ["committee", "building_head", "resident", "property"]);
        let mut seats = vec![("committee", false), ("building_head", false), ("property", false)];
        // Residents whom the desk picked itself do not count.
        seats.extend([("resident", false); 3]);
        assert_eq!(kinds(&seats, &none), ["resident"]);
        seats.extend([("resident", true); 3]);
        assert!(kinds(&seats, &none).is_empty());
        seats.retain(|s| s.0 != "property");
        assert_eq!(kinds(&seats, &none), ["property"]);
        assert!(kinds(&seats, &["property".to_owned()].into()).is_empty());
        assert_eq!(kinds(&seats[1..], &["committee".to_owned(), "property".to_owned()].into()), ["committee"]);
    }

    #[test]
    fn notice_is_kept() {
        let deep = pack::at("32", "2026-01-01").way(super::super::Depth::Deep);
        assert!(round(deep, 0, 3 * DAY, 4 * DAY).is_ok());
        assert_eq!(round(deep, 0, 3 * DAY - 1, 4 * DAY).unwrap_err().kind, Kind::NoticeShort);
        assert_eq!(round(deep, 0, 3 * DAY, 3 * DAY).unwrap_err().kind, Kind::OutOfRange);
        assert!(quorum(deep, 4, 7) && !quorum(deep, 3, 6));
    }

    #[test]
    fn a_year_is_weighed_in_whole_numbers() {
        assert_eq!(weighed([10, 8, 6], [1, 1, 1], 2), Some(400));
        assert_eq!(weighed([5, 1, 1], [2, 1, 1], 1), Some(300));
        assert_eq!(weighed([5, 4, 4], [1, 1, 1], 1), Some(433));
        assert_eq!(weighed([0, 0, 0], [1, 1, 1], 0), None);
    }
}
