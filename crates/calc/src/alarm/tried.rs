//! A rule tried on what was, before it is switched on: how often would it have called somebody?
//!
//! What must stay true: history is taken in the order in which it came, and the rule is woken when it wants to be, so that it says what it
//! would have said then.

use super::rule::Rule;
use super::state::{Cause, Edge, Observation, State, Verdict};

/// A time for which it would have been raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Spell {
    /// Raised.
    pub from: i64,
    /// Cleared; `None` when it would be raised to the end.
    pub to: Option<i64>,
    /// What would have caused it.
    pub cause: Option<Cause>,
}

/// What became of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tried {
    /// The first ones, at most so many as were asked for.
    pub spells: Vec<Spell>,
    /// How often it would have been raised.
    pub raises: usize,
    /// Milliseconds for which it would have been raised.
    pub raised: i64,
    /// Observations that were tested, and those that came late, came again, or said nothing.
    pub live: usize,
    /// See `live`.
    pub other: usize,
    /// Those whose clock was ahead.
    pub ahead: usize,
}

impl Tried {
    fn take(&mut self, edges: Vec<Edge>, most: usize, since: &mut Option<i64>) {
        for edge in edges {
            if edge.raised {
                self.raises += 1;
                *since = Some(edge.at);
                if self.spells.len() < most {
                    self.spells.push(Spell { from: edge.at, to: None, cause: edge.cause });
                }
            } else if let Some(from) = since.take() {
                self.raised = self.raised.saturating_add(edge.at.saturating_sub(from));
                if let Some(spell) = self.spells.last_mut().filter(|s| s.from == from) {
                    spell.to = Some(edge.at);
                }
            }
        }
    }
}

/// Tries a rule on a history that is in the order of receipt, from one moment to another; names at most `most` spells.
pub fn try_on(rule: &Rule, history: &[Observation], from: i64, to: i64, most: usize) -> Tried {
    let mut state = State::new(rule, from);
    let (mut tried, mut since) = (Tried::default(), None);
    let mut next = history.iter().filter(|o| (from..=to).contains(&o.received)).peekable();
    let mut clock = from;
    loop {
        let due = state.due(rule).filter(|due| *due <= to);
        match (next.peek(), due) {
            (Some(said), due) if due.is_none_or(|due| said.received <= due) => {
                let taken = state.observe(rule, said);
                clock = clock.max(said.received);
                *(if taken.verdict == Verdict::Live { &mut tried.live } else { &mut tried.other }) += 1;
                tried.ahead += usize::from(taken.ahead);
                tried.take(taken.edges, most, &mut since);
                next.next();
            }
            (_, Some(due)) => {
                // Time goes on, whatever is wanted.
                clock = due.max(clock.saturating_add(1));
                tried.take(state.tick(rule, clock), most, &mut since);
            }
            (_, None) => break,
        }
        if clock > to {
            break;
        }
    }
    if let Some(from) = since {
        tried.raised = tried.raised.saturating_add(to.saturating_sub(from));
    }
    tried
}
