//! The clock of a case, as pure arithmetic on moments: what a step does to the deadline, and when the case rings next.
//!
//! What must stay true (inv01): an open case always has a deadline; handing back never moves it later, and whoever gets a
//! case that was handed back has what is left of the time, not a new clock; a case that rests has the moment at which it
//! comes back. A case has one alarm, the next moment at which something happens by itself.

use crate::base::classes::Stage;
use crate::kit::time::{HOUR, Ms};
use crate::records::case::rulebook::Limits;
use crate::records::case::rules::{Action, Overlay, State};
use crate::records::case::{Case, Rulebook};

/// Whoever gets a case back from a rest has at least this long.
const LEAST: Ms = HOUR;

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
    [Some(due), c.warn_at, dispute].into_iter().flatten().min()
}

/// The first clock of a case, which begins at `from`.
pub fn start(book: &Rulebook, stage: Stage, from: Ms, case: &mut Case) {
    (case.clock_from, case.due_at) = (Some(from), Some(book.due(stage, case.class.as_deref(), from)));
    counted(book, from, case);
    wind(book, case);
}

/// Sets when it warns and when it rings, from the clock as it stands.
pub(super) fn wind(book: &Rulebook, case: &mut Case) {
    case.warn_at = book.warning(case);
    case.alarm_at = alarm(case);
}

/// What follows for every step from the new state and deadline: marks of the stage, the alarm, the moment of settling.
pub(super) fn settle(book: &Rulebook, now: Ms, before: &Case, after: &mut Case) {
    if after.state.is_open() {
        after.closed_at = None;
    } else {
        (after.holder, after.assignee, after.due_at, after.overlay, after.ask) = (None, None, None, None, None);
        after.closed_at = before.closed_at.or(Some(now));
    }
    after.due_at = capped(after, now);
    if after.due_at != before.due_at {
        (after.clock_from, after.warned) = (after.due_at.map(|_| now), 0);
        mark(book, now, before, after);
    }
    if after.holder != before.holder {
        after.assignee = None;
    }
    wind(book, after);
}

/// Remembers under which working time a new deadline was counted; a date that was set, not counted, is under none.
fn mark(book: &Rulebook, now: Ms, before: &Case, after: &mut Case) {
    let set = after.overlay.is_some()
        || after.overdue_at.is_some()
        || after.due_at == after.must_by
        || after.orders > before.orders
        || before.overlay.is_some()
        || before.state == State::Merged;
    (after.due_under, after.provisional) = (None, false);
    if !set && after.due_at.is_some() {
        counted(book, now, after);
    }
}

/// The same for a clock that was counted from `now`.
fn counted(book: &Rulebook, now: Ms, case: &mut Case) {
    let Some(limit) = case.state.stage().map(|stage| book.class(case).limit(stage)) else { return };
    if limit.unit.needs_calendar() {
        (case.due_under, case.provisional) = (Some(book.time.version), book.time.due(now, limit).provisional);
    }
}

/// The deadline of a case with what was promised about it.
fn capped(case: &Case, now: Ms) -> Option<Ms> {
    let due = case.due_at?;
    let rests = case.overlay.is_some_and(Overlay::rests);
    Some(match case.must_by.filter(|by| *by > now && !rests) {
        Some(by) => due.min(by),
        None => due,
    })
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
        fn an_alarm_never_comes_after_the_deadline(from in 0i64..1000, len in 0i64..1000, warn in proptest::option::of(0i64..2000), dispute in proptest::option::of(0i64..2000)) {
            let case = Case { clock_from: Some(from), due_at: Some(from + len), warn_at: warn, dispute_at: dispute, ..some_case() };
            prop_assert!(alarm(&case).unwrap() <= from + len);
        }
    }
}
