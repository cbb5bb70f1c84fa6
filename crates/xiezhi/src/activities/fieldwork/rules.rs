//! What of field work is decided without looking anything up: where to go next and why, which clock is believed, who may
//! declare an emergency and for how long.
//!
//! What must stay true: the same facts give the same plan, whatever their order; a plan knows buildings, never who went
//! there; no moment is believed that lies after the one at which the server heard of it; an emergency has an end.

use serde::Deserialize;

use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};
use crate::kit::{Role, RoleKind, Who};

/// How often to go where.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Days between two looks at a building about which nothing is known.
    pub every: i64,
    /// Where the same came back.
    pub recurring: i64,
    /// Where something urgent is open.
    pub urgent: i64,
    /// Days that are looked back.
    pub window: i64,
    /// So often the same is coming back.
    pub again: i64,
    /// Stops proposed at once.
    pub most: usize,
}

/// What is known about a building or a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Days since anybody was there; none when nobody ever was.
    pub days: Option<i64>,
    /// Open cases.
    pub open: i64,
    /// Of these, urgent ones.
    pub urgent: i64,
    /// Classes that came again and again.
    pub recurring: i64,
    /// Whether a look is due without a reason: buildings, not every lamp.
    pub rounds: bool,
}

/// Why a stop is proposed. The number says how many, or how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Something urgent is open.
    Urgent(i64),
    /// The same came again.
    Recurring(i64),
    /// Something is open.
    Open(i64),
    /// Nobody was ever there.
    Never,
    /// Nobody was there for so many days.
    Days(i64),
}

impl Why {
    /// Name of its text.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Urgent(_) => "urgent",
            Why::Recurring(_) => "recurring",
            Why::Open(_) => "open",
            Why::Never => "never",
            Why::Days(_) => "days",
        }
    }

    /// Its number.
    pub fn count(self) -> i64 {
        match self {
            Why::Urgent(n) | Why::Recurring(n) | Why::Open(n) | Why::Days(n) => n,
            Why::Never => 0,
        }
    }
}

impl Plan {
    /// Days after which a look is due.
    fn interval(&self, known: &Known) -> Option<i64> {
        match known {
            k if k.urgent > 0 => Some(self.urgent),
            k if k.recurring > 0 => Some(self.recurring),
            k if k.rounds => Some(self.every),
            _ => None,
        }
    }

    /// Whether a stop is due: how much (more comes first) and why. Risk decides how often, coverage whether it is time.
    pub fn due(&self, known: &Known) -> Option<(i64, Vec<Why>)> {
        let interval = self.interval(known)?;
        if known.days.is_some_and(|d| d < interval) {
            return None;
        }
        let mut why = Vec::new();
        let mut say = |when: bool, w: Why| {
            if when {
                why.push(w);
            }
        };
        say(known.urgent > 0, Why::Urgent(known.urgent));
        say(known.recurring > 0, Why::Recurring(known.recurring));
        say(known.open > known.urgent, Why::Open(known.open - known.urgent));
        why.push(known.days.map_or(Why::Never, Why::Days));
        // A stop that nobody ever saw counts as twice its time; then urgent, recurring and open, in this order.
        let late = known.days.unwrap_or(2 * self.every).min(10 * self.every) * 100 / interval.max(1);
        let score = late + 10_000 * known.urgent.min(9) + 500 * known.recurring.min(9) + 50 * known.open.min(9);
        Some((score, why))
    }
}

names! {
    /// Which clock a moment rests on.
    Trust {
        // The phone's, which agrees with ours.
        Device = "device",
        // The phone's, moved by how far it was off when it sent.
        Corrected = "corrected",
        // Ours: the phone said nothing, or nonsense.
        Server = "server",
    }
}

/// A phone's clock may be off by so much and still be believed.
const CLOSE: Ms = 2 * MINUTE;
/// Nobody sends what is older.
const OLDEST: Ms = 60 * DAY;

/// When something happened, as far as we know: `made` and `sent` by the phone's clock, `received` by ours. A clock that was
/// off by days when it sent was off by as much before, unless somebody set it: then only ours is left.
pub fn happened(made: Option<Ms>, sent: Option<Ms>, received: Ms) -> (Ms, Trust) {
    let (Some(made), Some(sent)) = (made, sent) else { return (received, Trust::Server) };
    let waited = sent.saturating_sub(made);
    if !(0..=OLDEST).contains(&waited) {
        return (received, Trust::Server);
    }
    if received.saturating_sub(sent).abs() <= CLOSE {
        return (made.min(received), Trust::Device);
    }
    (received - waited, Trust::Corrected)
}

/// Longest emergency, and longest extension from now on.
pub const LONGEST: i64 = 72;

/// The role in which somebody may declare an emergency for an area: the authority of the sub-district or the district.
pub fn authority<'a>(who: &'a Who, path: &str) -> Option<&'a Role> {
    let fits =
        |r: &&Role| matches!(r.kind, RoleKind::Subdistrict | RoleKind::District) && path.starts_with(&r.path) && r.body.is_some();
    who.roles.iter().filter(fits).max_by_key(|r| r.path.len())
}

/// Until when an emergency lasts that is declared, or extended, for so many hours now.
pub fn until(now: Ms, hours: i64) -> Result<Ms, Kind> {
    if (1..=LONGEST).contains(&hours) { Ok(now + hours * HOUR) } else { Err(Kind::OutOfRange) }
}

/// How long ago anybody was there, in words of a map: `week`, `month`, `quarter`, `longer`, `never`.
pub fn bucket(days: Option<i64>) -> &'static str {
    match days {
        None => "never",
        Some(..=7) => "week",
        Some(8..=30) => "month",
        Some(31..=90) => "quarter",
        Some(_) => "longer",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAN: Plan = Plan { every: 30, recurring: 14, urgent: 2, window: 90, again: 2, most: 20 };

    #[test]
    fn risk_makes_it_more_often_and_coverage_says_when() {
        let known = |days, open, urgent, recurring| Known { days, open, urgent, recurring, rounds: true };
        assert_eq!(PLAN.due(&known(Some(3), 0, 0, 0)), None);
        assert_eq!(PLAN.due(&known(Some(31), 0, 0, 0)).unwrap().1, [Why::Days(31)]);
        assert_eq!(PLAN.due(&known(Some(14), 1, 0, 1)).unwrap().1, [Why::Recurring(1), Why::Open(1), Why::Days(14)]);
        assert_eq!(PLAN.due(&known(Some(1), 1, 1, 0)), None, "somebody was there yesterday");
        assert_eq!(PLAN.due(&known(None, 0, 0, 0)).unwrap().1, [Why::Never]);
        let score = |k: Known| PLAN.due(&k).unwrap().0;
        assert!(score(known(Some(2), 1, 1, 0)) > score(known(None, 3, 0, 3)), "what is urgent comes first");
        assert!(PLAN.due(&Known { open: 5, rounds: false, ..Known::default() }).is_none(), "nobody walks to every lamp");
    }

    proptest! {
        #[test]
        fn who_waits_longer_never_comes_later(a in 0i64..500, b in 0i64..500, open in 0i64..5, urgent in 0i64..3, recurring in 0i64..3) {
            let at = |d| PLAN.due(&Known { days: Some(d), open: open + urgent, urgent, recurring, rounds: true }).map(|(s, _)| s);
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(at(less) <= at(more));
        }

        #[test]
        fn no_moment_is_believed_that_lies_after_we_heard_of_it(
            made in proptest::option::of(any::<i64>()), sent in proptest::option::of(any::<i64>()), received in 0i64..4_000_000_000_000,
        ) {
            let (at, trust) = happened(made, sent, received);
            prop_assert!(at <= received && at >= received - OLDEST - CLOSE);
            prop_assert!(trust != Trust::Server || at == received);
        }

        #[test]
        fn a_clock_that_is_off_by_days_tells_how_long_it_waited(off in -30i64..30, waited in 0i64..7 * DAY, received in 4 * 365 * DAY..8 * 365 * DAY) {
            let sent = received + off * DAY;
            let (at, trust) = happened(Some(sent - waited), Some(sent), received);
            prop_assert_eq!(at, received - waited);
            prop_assert_eq!(trust, if off == 0 { Trust::Device } else { Trust::Corrected });
        }

        #[test]
        fn an_emergency_always_ends(now in 0i64..4_000_000_000_000, hours in any::<i64>()) {
            if let Ok(until) = until(now, hours) {
                prop_assert!(until > now && until <= now + 72 * HOUR);
            }
        }
    }
}
