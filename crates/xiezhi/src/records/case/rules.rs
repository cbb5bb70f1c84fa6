//! The simple life of a case, as pure decisions: which action leads from which state to which, and for whom.
//!
//! What must stay true: the checker is never the handler; handing back never moves a deadline later; reopening and
//! rating are rights of the reporter within a window; what the table does not allow is refused with `state` or `denied`.

use crate::base::classes::Stage;
use crate::kit::error::Kind;
use crate::kit::time::Ms;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($name:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $type { $($name,)* }
        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$name,)*];
            /// Stable identifier.
            pub fn as_str(self) -> &'static str { match self { $($type::$name => $text,)* } }
            /// Reads the identifier.
            pub fn parse(text: &str) -> Option<$type> { Self::ALL.iter().copied().find(|v| v.as_str() == text) }
        }
    };
}

names! {
    /// Outer phases after GB/T 30428.
    State {
        Received = "received", Rejected = "rejected", Merged = "merged", Accepted = "accepted", Dispatched = "dispatched",
        Handling = "handling", Feedback = "feedback", Checking = "checking", Closed = "closed",
    }
}

names! {
    /// What can be done with a case.
    Action {
        Accept = "accept", Reject = "reject", Dispatch = "dispatch", Return = "return", Feedback = "feedback", Check = "check",
        Close = "close", Rate = "rate", Reopen = "reopen", Merge = "merge", Extend = "extend", Note = "note",
    }
}

impl State {
    /// Open = received … checking. Everything else is settled.
    pub fn is_open(self) -> bool {
        !matches!(self, State::Rejected | State::Merged | State::Closed)
    }

    /// Place on the stepper that residents see: received, accepted, handling, checking, closed.
    pub fn step(self) -> usize {
        match self {
            State::Received | State::Rejected | State::Merged => 0,
            State::Accepted => 1,
            State::Dispatched | State::Handling => 2,
            State::Feedback | State::Checking => 3,
            State::Closed => 4,
        }
    }

    /// The stage whose limit runs in this state.
    pub fn stage(self) -> Option<Stage> {
        Some(match self {
            State::Received => Stage::Receive,
            State::Accepted => Stage::Dispatch,
            State::Dispatched | State::Handling => Stage::Handle,
            State::Feedback | State::Checking => Stage::Check,
            State::Rejected | State::Merged | State::Closed => return None,
        })
    }
}

/// What is known about the case and the person before an action.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// State now.
    pub state: State,
    /// The person made the report or holds its tracking code.
    pub reporter: bool,
    /// The person belongs to a desk that answers for the area, or to the desk that holds the case.
    pub desk: bool,
    /// The person belongs to the party that handles.
    pub handler: bool,
    /// That party is itself a desk (a committee that handles by itself).
    pub handler_is_desk: bool,
    /// The person gave the feedback that is to be checked.
    pub handled_it: bool,
    /// The person works in the area (grid worker, building head …) or at a desk over it.
    pub local: bool,
    /// When it was settled.
    pub settled_at: Option<Ms>,
    /// Now.
    pub now: Ms,
    /// How often it was extended.
    pub extended: i64,
    /// Window for reopening.
    pub reopen_window: Ms,
    /// Window for rating.
    pub rate_window: Ms,
}

impl Facts {
    /// May check: works here, did not handle it, and is no colleague of the handler unless the handler is a desk.
    fn may_check(&self) -> bool {
        (self.desk || self.local) && !self.handled_it && (!self.handler || self.handler_is_desk)
    }

    fn within(&self, window: Ms) -> bool {
        self.settled_at.is_some_and(|at| self.now - at <= window)
    }
}

/// The state an action leads to, or why it is refused: `Denied` when this person may not, `State` when nobody may now.
pub fn next(action: Action, f: &Facts) -> Result<State, Kind> {
    use Action as A;
    use State as S;
    let may = |ok: bool| if ok { Ok(()) } else { Err(Kind::Denied) };
    match (action, f.state) {
        (A::Accept, S::Received) => may(f.desk).map(|()| S::Accepted),
        (A::Accept, S::Dispatched) => may(f.handler).map(|()| S::Handling),
        (A::Reject, S::Received | S::Accepted) => may(f.desk).map(|()| S::Rejected),
        (A::Merge, S::Received | S::Accepted) => may(f.desk).map(|()| S::Merged),
        (A::Dispatch, S::Accepted | S::Dispatched | S::Handling) => may(f.desk).map(|()| S::Dispatched),
        (A::Return, S::Dispatched | S::Handling) => may(f.handler).map(|()| S::Accepted),
        (A::Return, S::Feedback | S::Checking) => may(f.may_check()).map(|()| S::Handling),
        (A::Feedback, S::Dispatched | S::Handling) => may(f.handler).map(|()| S::Feedback),
        (A::Check, S::Feedback) => may(f.may_check()).map(|()| S::Checking),
        (A::Close, S::Checking) => may(f.may_check()).map(|()| S::Closed),
        (A::Rate, S::Closed) if f.within(f.rate_window) => may(f.reporter).map(|()| S::Closed),
        (A::Reopen, S::Closed) if f.within(f.reopen_window) => may(f.reporter || f.desk).map(|()| S::Accepted),
        // Whoever finds his report was not the same takes it out again.
        (A::Reopen, S::Merged) if f.within(f.reopen_window) => may(f.reporter || f.desk).map(|()| S::Accepted),
        // An appeal against a rejection goes to the desk above.
        (A::Reopen, S::Rejected) if f.within(f.reopen_window) => may(f.reporter).map(|()| S::Received),
        (A::Extend, s) if s.is_open() && f.extended == 0 => may(f.desk).map(|()| s),
        (A::Note, s) => may(f.reporter || f.desk || f.handler || f.local).map(|()| s),
        _ => Err(Kind::State),
    }
}

/// Everything this person may do now, the most sensible first.
pub fn actions(f: &Facts) -> Vec<Action> {
    let mut order = vec![
        Action::Accept,
        Action::Dispatch,
        Action::Feedback,
        Action::Check,
        Action::Close,
        Action::Rate,
        Action::Return,
        Action::Reopen,
        Action::Reject,
        Action::Merge,
        Action::Extend,
        Action::Note,
    ];
    order.retain(|a| next(*a, f).is_ok());
    order
}

/// Deadline after a step. A new stage starts its own clock, which would end at `fresh`; handing back may only shorten (inv01).
pub fn due_after(action: Action, before: State, after: State, fresh: Option<Ms>, due: Option<Ms>) -> Option<Ms> {
    let fresh = fresh?;
    match action {
        Action::Return if before.stage() != after.stage() => Some(due.map_or(fresh, |d| d.min(fresh))),
        _ if before.stage() == after.stage() && before.is_open() && !matches!(action, Action::Dispatch) => due.or(Some(fresh)),
        _ => Some(fresh),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(bits: u32, state: State) -> Facts {
        let bit = |n: u32| bits >> n & 1 == 1;
        Facts {
            state,
            reporter: bit(0),
            desk: bit(1),
            handler: bit(2),
            handler_is_desk: bit(3),
            handled_it: bit(4),
            local: bit(5),
            settled_at: (!state.is_open()).then_some(0),
            now: if bit(6) { 5 } else { 50 },
            extended: i64::from(bit(7)),
            reopen_window: 10,
            rate_window: 20,
        }
    }

    proptest! {
        #[test]
        fn a_stranger_can_do_nothing_and_who_handled_never_closes(bits in 0u32..256, s in 0usize..9, a in 0usize..12) {
            let (state, action) = (State::ALL[s], Action::ALL[a]);
            let mut f = facts(bits, state);
            if f.handled_it {
                prop_assert!(next(Action::Check, &f).is_err() && next(Action::Close, &f).is_err());
            }
            if !state.is_open() {
                prop_assert!(!matches!(next(action, &f), Ok(n) if n.is_open()) || action == Action::Reopen || action == Action::Note);
            }
            (f.reporter, f.desk, f.handler, f.local) = (false, false, false, false);
            prop_assert!(next(action, &f).is_err());
        }

        #[test]
        fn inv01_handing_back_never_moves_a_deadline_later(now in 0i64..1000, limit in 1i64..1000, due in 0i64..2000) {
            for (before, after) in [
                (State::Dispatched, State::Accepted),
                (State::Handling, State::Accepted),
                (State::Feedback, State::Handling),
                (State::Checking, State::Handling),
            ] {
                let d = due_after(Action::Return, before, after, Some(now + limit), Some(due)).unwrap();
                prop_assert!(d <= due);
            }
        }
    }
}
