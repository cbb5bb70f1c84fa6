//! The clock of a case, as pure arithmetic on moments: what a step does to the deadline, and when the case rings next.
//!
//! What must stay true (inv01): an open case always has a deadline; handing back never moves it later, and whoever gets a
//! case that was handed back has what is left of the time, not a new clock; a case that rests has the moment at which it
//! comes back. A case has one alarm, the next moment at which something happens by itself.

use super::rules::{Action, Overlay};
use super::{Case, State};
use crate::kit::time::{HOUR, Ms};

/// At this share of the time the holder is warned, at the second one the desk above (percent).
pub const WARN: [i64; 2] = [75, 90];
/// Whoever gets a case back from a rest has at least this long.
const LEAST: Ms = HOUR;

/// Moments that the catalogue and the calendar give for a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// A whole limit of the new stage from now; `None` for a settled case.
    pub fresh: Option<Ms>,
    /// A quarter of it.
    pub quarter: Option<Ms>,
    /// A whole limit of the present stage from the present deadline (or from now, when that has passed).
    pub longer: Option<Ms>,
}

/// The deadline after a step that changes no overlay. `before` is the case as it was, `to` its new state.
pub fn due(action: Action, before: &Case, to: State, l: Limits) -> Option<Ms> {
    let fresh = l.fresh?;
    let old = before.due_at;
    Some(match action {
        Action::Extend => l.longer.unwrap_or(fresh),
        Action::Return if before.state.stage() != to.stage() => old.map_or(fresh, |d| d.min(fresh)),
        Action::Dispatch if before.returns > 0 => match before.handle_due {
            Some(first) => first.max(l.quarter.unwrap_or(fresh)).min(fresh),
            None => fresh,
        },
        Action::Dispatch | Action::Rule | Action::Claim => fresh,
        _ if before.state.stage() == to.stage() && before.state.is_open() => old.unwrap_or(fresh),
        _ => fresh,
    })
}

/// The deadline of a case that comes back from a rest or a merge with `left` on its clock.
pub fn resumed(now: Ms, left: Option<Ms>) -> Ms {
    now + left.unwrap_or(LEAST).max(LEAST)
}

/// The next moment at which something happens by itself: a warning, the end of a dispute, the deadline.
pub fn alarm(c: &Case) -> Option<Ms> {
    let due = c.due_at?;
    if c.overlay.is_some_and(Overlay::rests) {
        return Some(due);
    }
    let dispute = c.dispute_at.filter(|_| c.overlay.is_none());
    [Some(due), warning(c), dispute].into_iter().flatten().min()
}

/// When the next warning is due, if any: twice for each clock, never once it has run out.
pub fn warning(c: &Case) -> Option<Ms> {
    let (from, due) = (c.clock_from?, c.due_at?);
    let percent = WARN.get(usize::try_from(c.warned).ok()?)?;
    (c.overdue_at.is_none() && !c.overlay.is_some_and(Overlay::rests)).then(|| from + (due - from).max(0) / 100 * percent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::records::case::tests::some_case;

    proptest! {
        #[test]
        fn inv01_handing_back_never_moves_a_deadline_later(now in 0i64..1000, limit in 1i64..1000, due_at in 0i64..2000) {
            for (before, after) in [
                (State::Dispatched, State::Accepted),
                (State::Handling, State::Accepted),
                (State::Feedback, State::Handling),
                (State::Checking, State::Handling),
            ] {
                let case = Case { state: before, due_at: Some(due_at), ..some_case() };
                let l = Limits { fresh: Some(now + limit), ..Limits::default() };
                prop_assert!(due(Action::Return, &case, after, l).unwrap() <= due_at);
            }
        }

        #[test]
        fn inv01_who_gets_it_next_has_what_is_left_and_at_least_a_quarter(now in 0i64..1000, limit in 4i64..1000, first in 0i64..2000) {
            let case = Case { state: State::Accepted, returns: 1, handle_due: Some(first), ..some_case() };
            let l = Limits { fresh: Some(now + limit), quarter: Some(now + limit / 4), longer: None };
            let got = due(Action::Dispatch, &case, State::Dispatched, l).unwrap();
            prop_assert!(got <= now + limit && got >= now + limit / 4 && got <= first.max(now + limit / 4));
        }

        #[test]
        fn an_alarm_never_comes_after_the_deadline(from in 0i64..1000, len in 0i64..1000, warned in 0i64..4, dispute in proptest::option::of(0i64..2000)) {
            let case = Case { clock_from: Some(from), due_at: Some(from + len), warned, dispute_at: dispute, ..some_case() };
            prop_assert!(alarm(&case).unwrap() <= from + len);
        }
    }
}
