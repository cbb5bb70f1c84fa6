//! Pure decisions about mediations: who stands how to one, who may mediate it, when what rings, what is published of it.

use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};

/// Characters of what somebody says, of a record, of an agreement; of a term; of a name.
pub const WORDS: usize = 4000;
/// Characters of a term.
pub const TERM: usize = 300;
/// Characters of a name.
pub const NAME: usize = 60;

names! {
    /// Where a mediation stands.
    State {
        Asked = "asked", Open = "open", Drafted = "drafted", Settled = "settled",
        Refused = "refused", Withdrawn = "withdrawn", Referred = "referred",
    }
    /// What a side says to being mediated.
    Consent { Asked = "asked", Yes = "yes", No = "no", }
    /// How somebody said it: himself here, or before the desk or the mediator.
    Way { App = "app", Present = "present", Phone = "phone", Paper = "paper", }
    /// What became of a term.
    Term { Open = "open", Kept = "kept", Broken = "broken", }
    /// What is told of a term next.
    Stage { Before = "before", Day = "day", Late = "late", }
    /// Why somebody may not mediate.
    Conflict { Self_ = "self", Household = "household", Firm = "firm", }
}

impl State {
    /// Whether it still goes on.
    pub fn is_open(self) -> bool {
        matches!(self, State::Asked | State::Open | State::Drafted)
    }
}

/// How a reader stands to a mediation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// One of its sides.
    Side(i64),
    /// Who mediates it.
    Mediator,
    /// The desk: sees number, kind, state and time limits, no words.
    Desk,
    /// A desk further up.
    Above,
    /// Nobody to it.
    Nobody,
}

impl Stand {
    /// Who reads the words.
    pub fn is_within(self) -> bool {
        matches!(self, Stand::Side(_) | Stand::Mediator)
    }
}

/// What is known of somebody, as far as it may be a conflict.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// His account.
    pub person: Option<String>,
    /// His household, as the register has it.
    pub household: Option<String>,
    /// His home.
    pub dwelling: Option<String>,
    /// Organisations he works for, or which he is.
    pub bodies: Vec<String>,
}

/// Why somebody may not mediate between these sides, if so.
pub fn conflict(mediator: &Ties, sides: &[Ties]) -> Option<Conflict> {
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    sides.iter().find_map(|side| {
        if same(&mediator.person, &side.person) {
            Some(Conflict::Self_)
        } else if same(&mediator.household, &side.household) || same(&mediator.dwelling, &side.dwelling) {
            Some(Conflict::Household)
        } else if mediator.bodies.iter().any(|b| side.bodies.contains(b)) {
            Some(Conflict::Firm)
        } else {
            None
        }
    })
}

/// What is told of a term first, and when: some days before, or on the day when that is past.
pub fn first_bell(now: Ms, due: Ms, days: i64, day_of: impl Fn(Ms) -> Ms) -> (Stage, Ms) {
    let before = due - days * DAY;
    if before > now { (Stage::Before, before) } else { next_bell(Stage::Before, due, day_of).unwrap_or((Stage::Late, due)) }
}

/// What is told after that.
pub fn next_bell(stage: Stage, due: Ms, day_of: impl Fn(Ms) -> Ms) -> Option<(Stage, Ms)> {
    match stage {
        // In the morning of the day on which it falls due.
        Stage::Before => Some((Stage::Day, day_of(due - 1))),
        Stage::Day => Some((Stage::Late, due)),
        Stage::Late => None,
    }
}

/// Figures of a year: how many were asked for, how many ended with an agreement. What is small is not told, nor what could be
/// taken from the other.
pub fn published(asked: i64, settled: i64, small: i64) -> (Option<i64>, Option<i64>) {
    let told = |n: i64| n == 0 || n >= small;
    match asked {
        n if !told(n) => (None, None),
        n if told(settled) && told(n - settled) => (Some(n), Some(settled)),
        n => (Some(n), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(person: &str, household: Option<&str>, bodies: &[&str]) -> Ties {
        Ties {
            person: Some(person.into()),
            household: household.map(Into::into),
            dwelling: None,
            bodies: bodies.iter().map(|b| (*b).to_owned()).collect(),
        }
    }

    #[test]
    fn who_is_near_to_a_side_does_not_mediate() {
        let sides = [ties("a", Some("h"), &[]), ties("b", None, &["firm"])];
        assert_eq!(conflict(&ties("m", None, &["committee"]), &sides), None);
        assert_eq!(conflict(&ties("a", None, &[]), &sides), Some(Conflict::Self_));
        assert_eq!(conflict(&ties("m", Some("h"), &[]), &sides), Some(Conflict::Household));
        assert_eq!(conflict(&ties("m", None, &["firm"]), &sides), Some(Conflict::Firm));
        assert_eq!(conflict(&Ties::default(), &[Ties::default()]), None, "nothing known is nothing shared");
        let home = Ties { dwelling: Some("d".into()), ..Ties::default() };
        assert_eq!(conflict(&home, std::slice::from_ref(&home)), Some(Conflict::Household));
    }

    #[test]
    fn a_term_rings_before_on_the_day_and_when_it_is_late() {
        let day_of = |at: Ms| at / DAY * DAY;
        assert_eq!(first_bell(0, 10 * DAY, 3, day_of), (Stage::Before, 7 * DAY));
        assert_eq!(first_bell(8 * DAY, 10 * DAY, 3, day_of), (Stage::Day, 9 * DAY), "a day ends at its midnight");
        assert_eq!(next_bell(Stage::Before, 10 * DAY, day_of), Some((Stage::Day, 9 * DAY)));
        assert_eq!(next_bell(Stage::Day, 10 * DAY, day_of), Some((Stage::Late, 10 * DAY)));
        assert_eq!(next_bell(Stage::Late, 10 * DAY, day_of), None);
    }

    #[test]
    fn few_are_not_told_nor_found_by_taking_away() {
        assert_eq!(published(4, 4, 5), (None, None));
        assert_eq!(published(0, 0, 5), (Some(0), Some(0)));
        assert_eq!(published(12, 6, 5), (Some(12), Some(6)));
        assert_eq!(published(12, 10, 5), (Some(12), None), "two that failed could be taken from it");
        assert_eq!(published(12, 12, 5), (Some(12), Some(12)));
        assert_eq!(published(12, 2, 5), (Some(12), None));
    }
}
