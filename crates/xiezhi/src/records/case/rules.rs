//! The life of a case as pure decisions: which action leads from which state to which, and for whom.
//!
//! What must stay true: the checker is never the handler; handing back never moves a deadline later; what rests
//! (suspended, hung up) comes back by itself; a dispute ends by a ruling; reopening and rating are rights of the reporter
//! within a window; what the table does not allow is refused with `state` or `denied`.

use crate::base::classes::Stage;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;

names! {
    /// Outer phases after GB/T 30428.
    #[derive(Default)]
    State {
        #[default]
        Received = "received", Rejected = "rejected", Merged = "merged", Accepted = "accepted", Dispatched = "dispatched",
        Handling = "handling", Feedback = "feedback", Checking = "checking", Closed = "closed",
    }
    /// What lies over the state of an open case, one at a time.
    Overlay {
        // Who is responsible is in dispute: only a ruling leads on.
        Adjudicating = "adjudicating",
        // Rests until a date, for a reason.
        Suspended = "suspended",
        // Cannot be solved now: in the public library of what was put off (挂账), with the date on which it comes back.
        HungUp = "hung_up",
    }
    /// What can be done with a case.
    Action {
        Accept = "accept", Reject = "reject", Dispatch = "dispatch", Return = "return", Feedback = "feedback", Check = "check",
        Close = "close", Rate = "rate", Reopen = "reopen", Merge = "merge", Extend = "extend", Note = "note",
        // Who is responsible, when it is disputed.
        Rule = "rule",
        // More time: rest until a date, hang up, come back; what the handler asks for and what the desk answers.
        Suspend = "suspend", HangUp = "hang_up", Resume = "resume", Ask = "ask", Grant = "grant", Refuse = "refuse",
        // Together: a group takes it on by itself, a person of the holder takes it over, neighbours follow it.
        Claim = "claim", Assign = "assign", Follow = "follow",
        // The reporter takes it back; the desk says whether what was asked for was reasonable; somebody above presses.
        Withdraw = "withdraw", Review = "review", Supervise = "supervise",
    }
    /// Why a case was closed.
    Outcome {
        Solved = "solved", Half = "half", NotConfirmed = "not_confirmed", OutOfScope = "out_of_scope", Withdrawn = "withdrawn",
    }
    /// What a handler may ask for.
    Ask { Extend = "extend", Suspend = "suspend", HangUp = "hang_up", }
    /// Whether what was asked for was reasonable: apart from the rating, and never shown as an answer to it.
    Verdict { Reasonable = "reasonable", Partly = "partly", Unreasonable = "unreasonable", }
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

impl Overlay {
    /// The clock stands at a date on which the case comes back.
    pub fn rests(self) -> bool {
        self != Overlay::Adjudicating
    }

    /// What may be done in spite of it.
    fn lets(self, action: Action) -> bool {
        use Action as A;
        match action {
            A::Note | A::Follow | A::Assign | A::Supervise | A::Withdraw => true,
            A::Resume | A::Feedback => self.rests(),
            A::Rule => !self.rests(),
            _ => false,
        }
    }
}

/// What is known about the case and the person before an action.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// State now.
    pub state: State,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Somebody who is signed in.
    pub signed_in: bool,
    /// The person made the report or holds its tracking code.
    pub reporter: bool,
    /// The person belongs to a desk that answers for the area, or to the desk that holds the case.
    pub desk: bool,
    /// The person belongs to whoever holds the case.
    pub holds: bool,
    /// The person belongs to a desk above the one of the area, or that one has none above.
    pub above: bool,
    /// The person belongs to the party that handles.
    pub handler: bool,
    /// That party is itself a desk (a committee that handles by itself).
    pub handler_is_desk: bool,
    /// It is a complaint of staff about a desk.
    pub complaint: bool,
    /// About the person's own desk, which answers itself because none stands above.
    pub own: bool,
    /// The person gave the feedback that is to be checked.
    pub handled_it: bool,
    /// The person works in the area (grid worker, building head …) or at a desk over it.
    pub local: bool,
    /// The person's group may take on cases of this class here.
    pub claims: bool,
    /// The handler was named by a ruling: it cannot hand back any more.
    pub ruled: bool,
    /// What the handler asked for and nobody has answered.
    pub ask: Option<Ask>,
    /// Sub-tasks that are not settled.
    pub tasks: i64,
    /// When it was settled; of a merged case, when its main case was closed.
    pub settled_at: Option<Ms>,
    /// When a merged case was merged.
    pub merged_at: Option<Ms>,
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

    /// Complained, and did not answer it himself.
    fn complained(&self) -> bool {
        self.complaint && self.reporter && !self.handled_it
    }

    fn within(&self, since: Option<Ms>, window: Ms) -> bool {
        since.is_some_and(|at| self.now - at <= window)
    }
}

/// The state an action leads to, or why it is refused: `Denied` when this person may not, `State` when nobody may now.
pub fn next(action: Action, f: &Facts) -> Result<State, Kind> {
    use Action as A;
    use State as S;
    let may = |ok: bool| if ok { Ok(()) } else { Err(Kind::Denied) };
    if f.overlay.is_some_and(|o| !o.lets(action)) {
        return Err(Kind::State);
    }
    // Nobody ends, or puts off, a complaint about himself.
    let ends = matches!(
        action,
        A::Reject | A::Merge | A::Return | A::Close | A::Extend | A::Suspend | A::HangUp | A::Grant | A::Review | A::Withdraw
    );
    if f.own && ends && !f.complained() {
        return Err(Kind::Denied);
    }
    let settles = matches!(action, A::Close | A::Reject | A::Merge | A::Withdraw);
    let to = match (action, f.state) {
        (A::Accept, S::Received) => may(f.desk).map(|()| S::Accepted),
        (A::Accept, S::Dispatched) => may(f.handler).map(|()| S::Handling),
        (A::Reject, S::Received | S::Accepted) => may(f.desk).map(|()| S::Rejected),
        (A::Merge, S::Received | S::Accepted) => may(f.desk).map(|()| S::Merged),
        (A::Dispatch, S::Accepted | S::Dispatched | S::Handling) => may(f.desk).map(|()| S::Dispatched),
        (A::Rule, S::Accepted) if f.overlay.is_some() => may(f.holds && f.desk).map(|()| S::Dispatched),
        (A::Return, S::Dispatched | S::Handling) => {
            may(f.handler)?;
            if f.ruled { Err(Kind::Ruled) } else { Ok(S::Accepted) }
        }
        (A::Return, S::Feedback | S::Checking) => may(f.may_check() || f.complained()).map(|()| S::Handling),
        (A::Feedback, S::Dispatched | S::Handling) => may(f.handler).map(|()| S::Feedback),
        (A::Check, S::Feedback) => may(f.may_check()).map(|()| S::Checking),
        (A::Close, S::Checking) => may(f.may_check() || f.complained()).map(|()| S::Closed),
        // Whoever complained is content with the answer.
        (A::Close, S::Feedback) if f.complaint => may(f.complained()).map(|()| S::Closed),
        // Nobody rates his own work: a grid worker may have found what he settled.
        (A::Rate, S::Closed | S::Merged) if f.within(f.settled_at, f.rate_window) => {
            may(f.reporter && !f.handled_it).map(|()| f.state)
        }
        (A::Reopen, S::Closed) if f.within(f.settled_at, f.reopen_window) => may(f.reporter || f.desk).map(|()| S::Accepted),
        // Whoever finds his report was not the same takes it out again; it goes on where it was.
        (A::Reopen, S::Merged) if f.within(f.merged_at, f.reopen_window) => may(f.reporter || f.desk).map(|()| S::Accepted),
        // An appeal against a rejection goes to the desk above.
        (A::Reopen, S::Rejected) if f.within(f.settled_at, f.reopen_window) => may(f.reporter).map(|()| S::Received),
        // The first extension is the desk's, a second one that of the desk above; there is no third.
        (A::Extend, s) if s.is_open() && f.extended == 0 => may(f.desk).map(|()| s),
        (A::Extend, s) if s.is_open() && f.extended == 1 => may(f.above).map(|()| s),
        (A::Suspend, S::Accepted | S::Dispatched | S::Handling) => may(f.desk).map(|()| f.state),
        (A::HangUp, S::Accepted | S::Dispatched | S::Handling) => may(f.above).map(|()| f.state),
        (A::Resume, s) if f.overlay.is_some() => may(f.desk).map(|()| s),
        (A::Ask, S::Dispatched | S::Handling) if f.ask.is_none() => may(f.handler).map(|()| f.state),
        (A::Grant | A::Refuse, s) if f.ask.is_some() => may(answers(f)).map(|()| s),
        (A::Claim, S::Accepted) => may(f.claims).map(|()| S::Handling),
        (A::Assign, s) if s.is_open() => may(f.holds).map(|()| s),
        (A::Follow, s) if s.is_open() => may(f.signed_in && !f.reporter).map(|()| s),
        (A::Withdraw, S::Received | S::Accepted | S::Dispatched | S::Handling) => {
            may(f.reporter && !f.handler).map(|()| S::Closed)
        }
        (A::Review, S::Closed) => may(f.desk || f.above).map(|()| S::Closed),
        (A::Supervise, s) if s.is_open() => may(f.above).map(|()| s),
        (A::Note, s) => may(f.reporter || f.desk || f.handler || f.local).map(|()| s),
        _ => Err(Kind::State),
    }?;
    // A parent closes last.
    if settles && f.tasks > 0 { Err(Kind::TasksOpen) } else { Ok(to) }
}

/// Who answers what the handler asked for: the same that could do it unasked.
fn answers(f: &Facts) -> bool {
    match f.ask {
        Some(Ask::HangUp) => f.above,
        Some(Ask::Extend) if f.extended > 0 => f.above && f.extended < 2,
        Some(_) => f.desk,
        None => false,
    }
}

/// Everything this person may do now, the most sensible first.
pub fn actions(f: &Facts) -> Vec<Action> {
    use Action as A;
    let mut order = vec![
        A::Grant,
        A::Refuse,
        A::Accept,
        A::Rule,
        A::Dispatch,
        A::Claim,
        A::Feedback,
        A::Check,
        A::Close,
        A::Rate,
        A::Return,
        A::Reopen,
        A::Resume,
        A::Reject,
        A::Merge,
        A::Ask,
        A::Extend,
        A::Suspend,
        A::HangUp,
        A::Assign,
        A::Supervise,
        A::Review,
        A::Follow,
        A::Note,
        A::Withdraw,
    ];
    order.retain(|a| next(*a, f).is_ok());
    order
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn facts(bits: u32, state: State) -> Facts {
        let bit = |n: u32| bits >> n & 1 == 1;
        let overlay =
            [None, Some(Overlay::Adjudicating), Some(Overlay::Suspended), Some(Overlay::HungUp)][(bits >> 12 & 3) as usize];
        Facts {
            state,
            overlay: overlay.filter(|_| state.is_open()),
            signed_in: bit(11),
            reporter: bit(0),
            desk: bit(1),
            holds: bit(8),
            above: bit(9),
            handler: bit(2),
            handler_is_desk: bit(3),
            complaint: bit(17),
            own: bit(17) && bit(18),
            handled_it: bit(4),
            local: bit(5),
            claims: bit(10),
            ruled: bit(14),
            ask: bit(15).then_some(Ask::Suspend),
            tasks: i64::from(bit(16)),
            settled_at: (!state.is_open()).then_some(0),
            merged_at: (!state.is_open()).then_some(0),
            now: if bit(6) { 5 } else { 50 },
            extended: i64::from(bit(7)),
            reopen_window: 10,
            rate_window: 20,
        }
    }

    proptest! {
        #[test]
        fn a_stranger_can_do_nothing_and_who_handled_never_closes(bits in any::<u32>(), s in 0..State::ALL.len(), a in 0..Action::ALL.len()) {
            let (state, action) = (State::ALL[s], Action::ALL[a]);
            let mut f = facts(bits, state);
            if f.handled_it {
                prop_assert!(next(Action::Check, &f).is_err() && next(Action::Close, &f).is_err() && next(Action::Rate, &f).is_err());
            }
            if f.own && !f.reporter {
                prop_assert!(!matches!(next(action, &f), Ok(n) if state.is_open() && !n.is_open()), "nobody settles a complaint about himself");
            }
            if !state.is_open() {
                prop_assert!(!matches!(next(action, &f), Ok(n) if n.is_open()) || matches!(action, Action::Reopen | Action::Note));
            }
            if f.tasks > 0 {
                prop_assert!(!matches!(next(action, &f), Ok(n) if state.is_open() && !n.is_open()), "a parent closes last");
            }
            if f.overlay == Some(Overlay::Adjudicating) && action != Action::Rule {
                prop_assert!(next(action, &f).is_err() || !matches!(next(action, &f), Ok(n) if n != state && n.is_open()));
            }
            f = Facts { reporter: false, desk: false, holds: false, above: false, handler: false, local: false, claims: false,
                signed_in: false, ..f };
            prop_assert!(next(action, &f).is_err());
        }
    }
}
