//! The life of an order as pure decisions.
//!
//! What must stay true: it can be returned only within its limit and extended once, before it is late; an answer says
//! whether the caller was contacted, and only of a settled case that it is solved.

use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;

names! {
    /// Where an order stands.
    #[derive(Default)]
    State {
        #[default]
        New = "new", Working = "working", Ready = "ready", Answered = "answered", Returned = "returned", TakenBack = "taken_back",
    }
    /// What a clerk does with it.
    Action {
        Claim = "claim", Contact = "contact", Answer = "answer", Return = "return", TakenBack = "taken_back", Kept = "kept",
        Extend = "extend", Link = "link",
    }
    /// How the caller was contacted.
    Contact { Phone = "phone", Visit = "visit", Message = "message", NotReached = "not_reached", }
    /// Yes, in part, no.
    Degree { Yes = "yes", Partly = "partly", No = "no", }
}

impl State {
    /// With us: its clock runs.
    pub fn is_live(self) -> bool {
        !matches!(self, State::Answered | State::TakenBack)
    }
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// State now.
    pub state: State,
    /// This person may work on it.
    pub ours: bool,
    /// Somebody spoke with the caller.
    pub contacted: bool,
    /// How often it was extended.
    pub extended: i64,
    /// By when it must be answered.
    pub answer_due: Ms,
    /// Until when it can be returned.
    pub return_by: Option<Ms>,
    /// Now.
    pub now: Ms,
}

/// The state an action leads to, or why it is refused.
pub fn next(action: Action, f: &Facts) -> Result<State, Kind> {
    use Action as A;
    use State as S;
    if !f.ours {
        return Err(Kind::Denied);
    }
    let before = |limit: Option<Ms>, to: S| if limit.is_some_and(|l| f.now > l) { Err(Kind::TooLate) } else { Ok(to) };
    match (action, f.state) {
        (A::Claim, S::New) => Ok(S::Working),
        (A::Contact, S::New) if !f.contacted => Ok(S::Working),
        (A::Contact, S::Working | S::Ready | S::Returned) if !f.contacted => Ok(f.state),
        (A::Answer, S::Working | S::Ready) => Ok(S::Answered),
        (A::Return, S::New | S::Working) => before(f.return_by, S::Returned),
        (A::TakenBack, S::Returned) => Ok(S::TakenBack),
        (A::Kept, S::Returned) => Ok(S::Working),
        (A::Extend, s) if s.is_live() && f.extended > 0 => Err(Kind::Extended),
        (A::Extend, s) if s.is_live() => before(Some(f.answer_due), s),
        (A::Link, S::New | S::Working) => Ok(f.state),
        _ => Err(Kind::State),
    }
}

/// Everything this person may do now, the most sensible first.
pub fn actions(f: &Facts) -> Vec<Action> {
    Action::ALL.iter().copied().filter(|a| next(*a, f).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(state: State) -> Facts {
        Facts { state, ours: true, contacted: false, extended: 0, answer_due: 10, return_by: Some(5), now: 5 }
    }

    #[test]
    fn each_step_has_its_time() {
        let f = facts(State::New);
        assert_eq!(next(Action::Return, &f), Ok(State::Returned));
        assert_eq!(next(Action::Return, &Facts { now: 6, ..f }), Err(Kind::TooLate));
        assert_eq!(next(Action::Extend, &Facts { now: 11, ..f }), Err(Kind::TooLate));
        assert_eq!(next(Action::Extend, &Facts { extended: 1, ..f }), Err(Kind::Extended));
        assert_eq!(next(Action::Answer, &f), Err(Kind::State), "nobody answers what nobody signed for");
        assert_eq!(next(Action::Kept, &facts(State::Returned)), Ok(State::Working));
    }

    #[test]
    fn a_stranger_does_nothing_and_what_is_settled_stays() {
        for state in State::ALL {
            assert!(actions(&Facts { ours: false, ..facts(*state) }).is_empty());
            assert_eq!(actions(&facts(*state)).is_empty(), !state.is_live());
        }
    }
}
