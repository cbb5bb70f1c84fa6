//! Indicators of case handling: the three rates of the hotlines (响应率, 解决率, 满意率) and those of GB/T 30428.4, as exact
//! fractions of counted events, raw and adjusted side by side with what the adjustment leaves out.
//!
//! Source: GB/T 30428.4-2016 (performance evaluation of digital urban management), names of indicators; the three rates as
//! used by 12345 hotlines. Counting is by event: each step counts on the day it happens, once. A rate without events has no
//! value: it is neither 0 nor 100 %. [`VERSION`] changes whenever a formula does, and is shown with the figures.

use std::collections::BTreeMap;

/// Version of the formulas.
pub const VERSION: &str = "2026-2";

/// Counted events by name.
pub type Counts = BTreeMap<String, i64>;

/// What events are counted; anything else is ignored by the formulas.
pub const MEASURES: [&str; 40] = [
    "received",
    "accepted",
    "accepted_late",
    "rejected",
    "rejected_late",
    "dispatched",
    "dispatched_late",
    "returned",
    "disputed",
    "handled",
    "handled_late",
    "rework",
    "closed",
    "closed_late",
    "solved",
    "half",
    "not_confirmed",
    "out_of_scope",
    "withdrawn",
    "reopened",
    "recurred",
    "appealed",
    "rated",
    "satisfied",
    "unsatisfied",
    "rated_excluded",
    "satisfied_excluded",
    "unreasonable",
    "overdue",
    "hung_up",
    "suspended",
    "extended",
    "supervised",
    "claimed",
    "fast",
    "photo_reused",
    "called",
    "called_reached",
    "called_solved",
    "called_satisfied",
];

/// A fraction of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Events that count for it.
    pub part: i64,
    /// All events.
    pub of: i64,
}

impl Rate {
    fn new(part: i64, of: i64) -> Rate {
        // What is taken back later (a reopened close) may fall into another period than what it takes back.
        Rate { part: part.clamp(0, of.max(0)), of: of.max(0) }
    }

    /// In tenths of a percent, rounded half up; `None` when nothing was counted.
    pub fn permille(self) -> Option<i64> {
        (self.of > 0).then(|| (self.part * 2000 + self.of) / (2 * self.of))
    }
}

/// One indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Stable name.
    pub name: &'static str,
    /// As counted.
    pub raw: Rate,
    /// Without what nobody could have done better, when that is another figure.
    pub adjusted: Option<Rate>,
    /// What the adjusted figure leaves out, and how often.
    pub without: Vec<(&'static str, i64)>,
    /// More is better.
    pub up: bool,
    /// The events behind the part that went wrong, for looking at its cases.
    pub look: &'static str,
}

/// All indicators of some counts, the three rates first.
pub fn indicators(counts: &Counts) -> Vec<Indicator> {
    let n = |name: &str| counts.get(name).copied().unwrap_or(0);
    let plain =
        |name, part, of, up, look| Indicator { name, raw: Rate::new(part, of), adjusted: None, without: Vec::new(), up, look };
    let with = |i: Indicator, part, of, without: &[&'static str]| {
        let without: Vec<_> = without.iter().map(|w| (*w, n(w))).filter(|(_, n)| *n != 0).collect();
        Indicator { adjusted: Some(Rate::new(part, of)).filter(|adjusted| *adjusted != i.raw), without, ..i }
    };
    let answered = n("accepted") + n("rejected");
    let late = n("accepted_late") + n("rejected_late");
    let solved = n("solved") - n("reopened");
    // What came back within the window was not solved, whatever was said at its close.
    let lasting = solved - n("recurred");
    let beyond = n("withdrawn") + n("not_confirmed") + n("out_of_scope");
    vec![
        plain("response", answered - late, answered, true, "accepted_late"),
        with(
            plain("solution", solved, n("closed"), true, "reopened"),
            lasting,
            n("closed") - beyond,
            &["withdrawn", "not_confirmed", "out_of_scope", "recurred"],
        ),
        with(
            plain("satisfaction", n("satisfied"), n("rated"), true, "unsatisfied"),
            n("satisfied") - n("satisfied_excluded"),
            n("rated") - n("rated_excluded"),
            &["rated_excluded"],
        ),
        plain("callback_solution", n("called_solved"), n("called_reached"), true, "called_reached"),
        plain("callback_satisfaction", n("called_satisfied"), n("called_reached"), true, "called_reached"),
        plain("filing", n("accepted"), answered, true, "rejected"),
        plain("dispatch_accuracy", n("dispatched") - n("returned"), n("dispatched"), true, "returned"),
        plain("dispatch_on_time", n("dispatched") - n("dispatched_late"), n("dispatched"), true, "dispatched_late"),
        plain("handling_on_time", n("handled") - n("handled_late"), n("handled"), true, "handled_late"),
        with(
            plain("closing", n("closed"), n("accepted"), true, "overdue"),
            n("closed"),
            n("accepted") - n("hung_up"),
            &["hung_up"],
        ),
        plain("closing_on_time", n("closed") - n("closed_late"), n("closed"), true, "closed_late"),
        plain("rework", n("rework"), n("handled"), false, "rework"),
        plain("return", n("returned"), n("dispatched"), false, "returned"),
        plain("reopening", n("reopened"), n("closed"), false, "reopened"),
        plain("recurrence", n("recurred"), n("solved"), false, "recurred"),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(list: &[(&str, i64)]) -> Counts {
        list.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
    }

    #[test]
    fn the_three_rates_by_hand() {
        let all = indicators(&counts(&[
            ("accepted", 90),
            ("accepted_late", 9),
            ("rejected", 10),
            ("closed", 80),
            ("solved", 70),
            ("reopened", 2),
            ("recurred", 3),
            ("withdrawn", 4),
            ("out_of_scope", 1),
            ("rated", 40),
            ("satisfied", 30),
            ("rated_excluded", 4),
            ("satisfied_excluded", 1),
        ]));
        let get = |name: &str| all.iter().find(|i| i.name == name).unwrap();
        assert_eq!(get("response").raw, Rate { part: 91, of: 100 });
        assert_eq!((get("solution").raw, get("solution").adjusted), (Rate { part: 68, of: 80 }, Some(Rate { part: 65, of: 75 })));
        assert_eq!(get("solution").without, [("withdrawn", 4), ("out_of_scope", 1), ("recurred", 3)]);
        assert_eq!(get("recurrence").raw, Rate { part: 3, of: 70 });
        assert_eq!(get("satisfaction").adjusted.unwrap().permille(), Some(806), "29 of 36");
        assert_eq!(get("rework").raw.permille(), None, "nothing was handled: no figure");
        let same = indicators(&counts(&[("closed", 10), ("solved", 8)]));
        assert_eq!(same.iter().map(|i| i.adjusted).collect::<Vec<_>>(), vec![None; same.len()], "nothing to leave out");
        assert_eq!(Rate { part: 1, of: 8 }.permille(), Some(125));
        assert_eq!(Rate { part: 2, of: 3 }.permille(), Some(667));
    }

    proptest! {
        #[test]
        fn every_rate_lies_between_nothing_and_all(values in proptest::collection::vec(0i64..1000, MEASURES.len())) {
            let all: Counts = MEASURES.iter().map(|m| (*m).to_owned()).zip(values).collect();
            for i in indicators(&all) {
                for rate in [Some(i.raw), i.adjusted].into_iter().flatten() {
                    prop_assert!(rate.part >= 0 && rate.part <= rate.of);
                    prop_assert!(rate.permille().is_none_or(|p| (0..=1000).contains(&p)));
                }
                prop_assert!(i.adjusted != Some(i.raw), "what is the same is not said twice");
                prop_assert!(MEASURES.contains(&i.look) && i.without.iter().all(|(w, _)| MEASURES.contains(w)));
            }
        }
    }
}
