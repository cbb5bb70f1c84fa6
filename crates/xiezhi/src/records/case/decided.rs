//! What people decided together becomes a case: taken up, handed to whoever was named, with the day that was agreed.
//!
//! What must stay true: whoever carries it out is an organisation that handles cases; the day is the case's own, so that it
//! rings, warns and goes up like any other; a decision makes one case at a time.

use jiff::tz::TimeZone;
use store::{Query, Tx};

use super::life::Said;
use super::life::act::act_with;
use super::life::promise::agree;
use super::report::{self, Made, NewReport, Spot};
use super::rules::{Action, Facts, Outcome, State};
use super::{Case, Rulebook, by_id, main_of};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where what was promised by a day stands.
    Standing { Doing = "doing", Done = "done", DoneLate = "done-late", Late = "late", Dropped = "dropped", }
}

/// The case that carries something out: where it went on within another one, that.
pub fn carrier(q: &mut dyn Query, id: &str) -> store::Result<Option<Case>> {
    let Some(case) = by_id(q, id)? else { return Ok(None) };
    if case.state == State::Merged { main_of(q, &case) } else { Ok(Some(case)) }
}

/// How the case of a decision ended: done, or not; none while it is worked on.
pub fn ended(case: &Case) -> Option<bool> {
    match case.state {
        State::Closed => Some(matches!(case.outcome, Some(Outcome::Solved | Outcome::Half) | None)),
        State::Rejected => Some(false),
        _ => None,
    }
}

/// Where a promise stands, by how it ended (`at`: when it was done).
pub fn standing(ended: Option<bool>, due: Ms, at: Option<Ms>, now: Ms) -> Standing {
    match (ended, at) {
        (Some(false), _) => Standing::Dropped,
        (Some(true), Some(at)) if at > due => Standing::DoneLate,
        (Some(true), _) => Standing::Done,
        (None, _) if now > due => Standing::Late,
        (None, _) => Standing::Doing,
    }
}

/// What was decided, and who does it by when.
pub struct Decided<'a> {
    /// What is to be done, as everybody reads it.
    pub words: String,
    /// Kind and number of the matter: `consult:C-0001`.
    pub of: (&'static str, &'a str),
    /// The organisation that does it.
    pub body: &'a str,
    /// Until when.
    pub due_at: Ms,
}

/// Makes the case.
pub fn task(tx: &mut Tx, book: &Rulebook, zone: &TimeZone, who: &Who, what: &Decided, spot: &Spot) -> Result<Made> {
    book.chart.living(what.body).filter(|b| b.kind.is_handler()).ok_or_else(|| Kind::Unknown.at("body"))?;
    let (kind, number) = what.of;
    let report = NewReport {
        text: Some(what.words.clone()),
        channel: "consult".into(),
        source: Some(format!("{kind}:{number}:{}", tx.id())),
        ..NewReport::default()
    };
    let (made, _) = report::make(tx, book, who, &report, spot, zone)?;
    // Whoever publishes what was agreed may also hand it to whom it names: that is the right given here, for two steps.
    let desk = |f: Facts| Facts { desk: true, ..f };
    let quiet = Said { on_the_spot: true, ..Said::default() };
    act_with(tx, book, who, (&made.id, false), (Action::Accept, &quiet), desk)?;
    let to = Said { to: Some(what.body.to_owned()), reason: Some(number.to_owned()), ..Said::default() };
    act_with(tx, book, who, (&made.id, false), (Action::Dispatch, &to), desk)?;
    agree(tx, book, who, &made.id, what.due_at)?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_late_when_their_day_has_passed() {
        let at = |ended, done, now| standing(ended, 10, done, now);
        assert_eq!((at(None, None, 10), at(None, None, 11)), (Standing::Doing, Standing::Late));
        assert_eq!((at(Some(true), Some(10), 99), at(Some(true), Some(11), 99)), (Standing::Done, Standing::DoneLate));
        assert_eq!(at(Some(false), None, 1), Standing::Dropped);
    }
}
