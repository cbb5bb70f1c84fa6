//! Statuses of the standard and of its updates extension against our states and actions. Pure.
//!
//! What must stay true: GeoReport's `closed` is a settled case and nothing else; a partner's status is only ever a wish,
//! which the rules of the case engine grant or not.

use crate::records::case::rules::{Action, Outcome, Overlay, State};

/// `open` or `closed`.
pub fn plain(state: State) -> &'static str {
    if state.is_open() { "open" } else { "closed" }
}

/// The finer status of the updates extension: from the phase, what lies over it, and why it was closed.
pub fn extended(state: State, overlay: Option<Overlay>, outcome: Option<Outcome>) -> &'static str {
    match (state, overlay, outcome) {
        (_, Some(Overlay::Adjudicating), _) => "internal_referral",
        (_, Some(Overlay::Suspended), _) => "action_scheduled",
        (_, Some(Overlay::HungUp), _) => "planned",
        (State::Received | State::Accepted, ..) => "for_triage",
        (State::Dispatched | State::Handling, ..) => "in_progress",
        (State::Feedback | State::Checking, ..) => "investigating",
        (State::Merged, ..) => "duplicate",
        (State::Rejected, ..) => "no_further_action",
        (State::Closed, _, Some(Outcome::OutOfScope)) => "not_councils_responsibility",
        (State::Closed, _, Some(Outcome::NotConfirmed)) => "no_further_action",
        (State::Closed, _, Some(Outcome::Withdrawn)) => "cancelled",
        (State::Closed, _, Some(Outcome::Half)) => "closed",
        (State::Closed, ..) => "fixed",
    }
}

/// All statuses that partners send.
pub const KNOWN: [&str; 15] = [
    "open",
    "closed",
    "fixed",
    "in_progress",
    "planned",
    "action_scheduled",
    "investigating",
    "duplicate",
    "not_councils_responsibility",
    "no_further_action",
    "internal_referral",
    "cancelled",
    "reopen",
    "for_triage",
    "unchanged",
];

/// A status as it was meant: any case, spaces for underscores, and what some systems put before or after it.
pub fn read(text: &str) -> Option<&'static str> {
    let clean: String = text.trim().chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect();
    KNOWN.into_iter().find(|k| *k == clean)
}

/// What a partner who reports this status wants us to do with a case in this state; `None` is a note.
pub fn wish(status: &str, state: State) -> Option<Action> {
    match (status, state) {
        ("closed" | "fixed", State::Dispatched | State::Handling) => Some(Action::Feedback),
        ("in_progress" | "planned" | "action_scheduled" | "investigating", State::Dispatched) => Some(Action::Accept),
        // `for_triage` is none of these: it is how far their own desk has come with it.
        ("not_councils_responsibility" | "internal_referral", State::Dispatched | State::Handling) => Some(Action::Return),
        ("cancelled", State::Received | State::Accepted | State::Dispatched | State::Handling) => Some(Action::Withdraw),
        ("open" | "reopen", State::Closed | State::Rejected | State::Merged) => Some(Action::Reopen),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_is_what_is_settled_and_every_status_can_be_read_back() {
        for state in State::ALL {
            assert_eq!(plain(*state) == "closed", !state.is_open());
            for overlay in Overlay::ALL.iter().copied().map(Some).chain([None]) {
                for outcome in Outcome::ALL.iter().copied().map(Some).chain([None]) {
                    let told = extended(*state, overlay, outcome);
                    assert_eq!(read(told), Some(told));
                }
            }
        }
        assert_eq!(read(" In Progress "), Some("in_progress"));
        assert_eq!(read("ACTION_SCHEDULED"), Some("action_scheduled"));
        assert_eq!(read("done and dusted"), None);
    }

    #[test]
    fn no_status_closes_a_case() {
        for status in KNOWN {
            for state in State::ALL {
                assert!(!matches!(wish(status, *state), Some(Action::Close | Action::Check | Action::Reject | Action::Merge)));
            }
        }
    }
}
