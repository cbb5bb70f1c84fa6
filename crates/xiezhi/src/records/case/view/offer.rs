//! How actions are offered: the one step that leads on, one or two beside it, and the rare ones by what they are about.
//!
//! What must stay true: everything a person may do is offered exactly once; the step that leads on is one this person is
//! waited for, so whoever only looks on is not pressed to act; who works here is not asked first whether it concerns him too.

use crate::records::case::rules::{Action, Facts, State, actions};

/// Actions that stand open to the eye at once, the one that leads on among them.
const SHOWN: usize = 3;

/// What a person is offered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The step this person is waited for.
    pub next: Option<Action>,
    /// What stands beside it.
    pub near: Vec<Action>,
    /// What is rare, by what it is about.
    pub more: Vec<(Group, Vec<Action>)>,
}

/// What rare actions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What did not fit beside the next step.
    Also,
    /// Who does it, and with whom.
    Together,
    /// When it must be done.
    Time,
    /// Pressing and judging from above.
    Above,
}

impl Group {
    /// Key of its text.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::Also => "also",
            Group::Together => "together",
            Group::Time => "time",
            Group::Above => "above",
        }
    }
}

/// Sorts what a person may do. `late`: the deadline has passed. `calls`: the person may call others to it. `staff`: the
/// person looks at it as somebody who works here, with this case or with others.
pub fn of(f: &Facts, late: bool, calls: bool, staff: bool) -> Offer {
    let may = actions(f);
    let next = may.iter().copied().find(|a| leads(*a, f, late, staff));
    let mut more: Vec<(Group, Vec<Action>)> = Vec::new();
    let mut put = |group: Group, action: Option<Action>| match more.iter_mut().find(|(g, _)| *g == group) {
        Some((_, list)) => list.extend(action),
        None => more.push((group, action.into_iter().collect())),
    };
    let mut near = Vec::new();
    for action in may.into_iter().filter(|a| Some(*a) != next) {
        match group(action, f, staff) {
            Some(group) => put(group, Some(action)),
            None if near.len() + usize::from(next.is_some()) < SHOWN => near.push(action),
            None => put(Group::Also, Some(action)),
        }
    }
    if calls {
        put(Group::Together, None);
    }
    more.sort_by_key(|(g, _)| *g);
    Offer { next, near, more }
}

/// Somebody who works on it, or answers for those who do.
fn works(f: &Facts) -> bool {
    f.desk || f.holds || f.handler || f.local || f.above
}

/// Whoever has it, or was sent it, takes it on.
fn takes(f: &Facts) -> bool {
    f.holds || f.handler
}

/// Whether this is the step that this person is waited for.
fn leads(action: Action, f: &Facts, late: bool, staff: bool) -> bool {
    use Action as A;
    match action {
        // What lies with another desk, above or below, waits for that one.
        A::Accept => takes(f),
        A::Grant | A::Rule | A::Claim | A::Feedback | A::Check | A::Close | A::Rate => true,
        // Sending it to somebody else again is for when it went wrong.
        A::Dispatch => f.state == State::Accepted && takes(f),
        A::Follow => !works(f) && !staff,
        A::Supervise => late && !f.holds,
        _ => false,
    }
}

/// Where a rare action belongs; none for what is usual.
fn group(action: Action, f: &Facts, staff: bool) -> Option<Group> {
    use Action as A;
    match action {
        A::Extend | A::Suspend | A::HangUp | A::Ask => Some(Group::Time),
        A::Assign | A::Merge => Some(Group::Together),
        A::Dispatch if f.state != State::Accepted || !takes(f) => Some(Group::Together),
        A::Follow if works(f) || staff => Some(Group::Also),
        A::Accept | A::Reject if !takes(f) => Some(Group::Also),
        A::Supervise | A::Review => Some(Group::Above),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::records::case::rules::tests::facts;

    proptest! {
        #[test]
        fn everything_is_offered_once(bits in any::<u32>(), s in 0..State::ALL.len(), late in any::<bool>(), calls in any::<bool>(), staff in any::<bool>()) {
            let f = facts(bits, State::ALL[s]);
            let offer = of(&f, late, calls, staff);
            let rare = offer.more.iter().flat_map(|(_, list)| list).copied();
            let mut all: Vec<Action> = offer.next.into_iter().chain(offer.near.iter().copied()).chain(rare).collect();
            let mut may = actions(&f);
            all.sort();
            may.sort();
            prop_assert_eq!(all, may);
            prop_assert!(usize::from(offer.next.is_some()) + offer.near.len() <= SHOWN);
            prop_assert!(!calls || offer.more.iter().any(|(g, _)| *g == Group::Together));
        }
    }

    #[test]
    fn whoever_only_looks_on_is_not_pressed() {
        // A desk while somebody else handles it: it could send it elsewhere, but nobody waits for that.
        let f = Facts { desk: true, ..facts(0, State::Handling) };
        let offer = of(&f, false, true, true);
        assert_eq!((offer.next, offer.near), (None, vec![Action::Note]));
        // The handler is waited for.
        let f = Facts { desk: false, handler: true, ..f };
        assert_eq!(of(&f, false, false, true).next, Some(Action::Feedback));
        // A desk above presses once it is late.
        let f = Facts { handler: false, above: true, desk: true, ..f };
        assert_eq!((of(&f, false, true, true).next, of(&f, true, true, true).next), (None, Some(Action::Supervise)));
    }

    #[test]
    fn what_lies_with_another_desk_is_taken_on_by_that_one() {
        let f = Facts { desk: true, holds: true, ..facts(0, State::Received) };
        assert_eq!(of(&f, true, true, true).next, Some(Action::Accept));
        // It moved up: the desk below may still take it on, but is not told to.
        let offer = of(&Facts { holds: false, ..f }, true, true, true);
        assert!(offer.next.is_none() && !offer.near.iter().any(|a| matches!(a, Action::Accept | Action::Reject)), "{offer:?}");
        // The same for a desk above, of what the one below is about to send out.
        let sent = of(&Facts { holds: false, state: State::Accepted, ..f }, false, true, true);
        assert_eq!((sent.next, sent.near), (None, vec![Action::Note]));
        assert!(offer.more.iter().any(|(g, list)| *g == Group::Also && list.contains(&Action::Accept)), "{offer:?}");
    }

    #[test]
    fn who_handed_it_back_is_not_asked_whether_it_concerns_him() {
        let f = Facts { signed_in: true, ..facts(0, State::Accepted) };
        assert_eq!(of(&f, false, false, false).next, Some(Action::Follow));
        let staff = of(&f, false, false, true);
        assert_eq!((staff.next, staff.near), (None, Vec::new()));
    }

    #[test]
    fn saying_more_stands_before_taking_it_back() {
        let f = Facts { reporter: true, signed_in: true, ..facts(0, State::Received) };
        assert_eq!(of(&f, false, false, false).near, vec![Action::Note, Action::Withdraw]);
    }
}
