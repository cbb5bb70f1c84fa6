//! What a step counts as, for the indicators: names of events that go into the log with the step, so that anybody can
//! count again.
//!
//! What must stay true: each event is counted once, on the day it happens, for the area, the class and the party it belongs
//! to; the names are those of [`calc::kpi::MEASURES`].

use crate::kit::time::{MINUTE, Ms};
use crate::records::case::Case;
use crate::records::case::rules::{Action, Outcome, Overlay, State, Verdict};

/// Work that is said to be done so soon after it began is worth a look; it is no accusation.
const FAST: Ms = 5 * MINUTE;

/// Events of an action at `now`; `reused`: a picture of it was seen with another case.
pub(super) fn of(action: Action, before: &Case, after: &Case, now: Ms, reused: bool) -> Vec<&'static str> {
    let late = before.overdue_at.is_some();
    let mut out = Vec::new();
    let mut count = |name: &'static str, when: bool| {
        if when {
            out.push(name);
        }
    };
    match action {
        Action::Accept if before.state == State::Received => {
            count("accepted", true);
            count("accepted_late", late);
        }
        Action::Reject => {
            count("rejected", true);
            count("rejected_late", late);
        }
        Action::Dispatch => {
            count("dispatched", true);
            count("dispatched_late", late && before.state == State::Accepted);
        }
        Action::Rule => count("dispatched", true),
        Action::Claim => {
            count("dispatched", true);
            count("claimed", true);
        }
        Action::Return if after.state == State::Handling => count("rework", true),
        Action::Return => {
            count("returned", true);
            count("disputed", after.overlay == Some(Overlay::Adjudicating));
        }
        Action::Feedback => {
            count("handled", true);
            count("handled_late", late);
            // What was settled where it was found, in one step with the report, is no haste.
            count("fast", before.received_at != now && before.clock_from.is_some_and(|from| now - from < FAST));
            count("photo_reused", reused);
        }
        Action::Close | Action::Withdraw => {
            count("closed", true);
            count("closed_late", before.lates > 0);
            if let Some(o) = after.outcome {
                count(outcome(o), true);
            }
        }
        Action::Reopen if before.state == State::Closed => count("reopened", true),
        Action::Reopen if before.state == State::Rejected => count("appealed", true),
        Action::Rate if before.score.is_none() => {
            let satisfied = after.score.is_some_and(|s| s >= 4);
            count("rated", true);
            count("satisfied", satisfied);
            count("unsatisfied", after.score.is_some_and(|s| s <= 2));
            count("rated_excluded", excluded(after));
            count("satisfied_excluded", excluded(after) && satisfied);
        }
        Action::Review if before.review.is_none() && after.review == Some(Verdict::Unreasonable) => {
            count("unreasonable", true);
            let counted = before.score.is_some() && !excluded(before);
            count("rated_excluded", counted);
            count("satisfied_excluded", counted && before.score.is_some_and(|s| s >= 4));
        }
        Action::Supervise => count("supervised", true),
        _ => {}
    }
    if before.overlay != after.overlay {
        count("hung_up", after.overlay == Some(Overlay::HungUp));
        count("suspended", after.overlay == Some(Overlay::Suspended));
    }
    count("extended", after.extended > before.extended);
    out
}

/// A rating that the adjusted figure leaves out: nobody here could have done what was asked for.
fn excluded(case: &Case) -> bool {
    case.review == Some(Verdict::Unreasonable) || matches!(case.outcome, Some(Outcome::OutOfScope | Outcome::NotConfirmed))
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "solved",
        Outcome::Half => "half",
        Outcome::NotConfirmed => "not_confirmed",
        Outcome::OutOfScope => "out_of_scope",
        Outcome::Withdrawn => "withdrawn",
    }
}

/// The party that an event is charged to: who handled it, else who held it.
pub(super) fn party(before: &Case, after: &Case) -> Option<String> {
    before.handler.clone().or_else(|| after.handler.clone()).or_else(|| before.holder.clone()).or_else(|| after.holder.clone())
}
