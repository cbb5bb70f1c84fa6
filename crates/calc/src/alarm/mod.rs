//! When something is wrong, who learns of it, and how it ends: rules on what sensors say, the life of an alarm, the ladder of those who
//! are called.
//!
//! [`rule`] says what raises an alarm, [`state`] follows it on one subject ([`node`] condition by condition, [`slots`] use over time),
//! [`machine`] is the alarm, [`ladder`] who is called when, [`facts`] what is to be said of it, [`tried`] how often it would have been
//! raised. Each takes the time as an argument, in milliseconds since 1970, and what it remembers is a short text ([`kept`]).
//!
//! What must stay true: the same events in the same order give the same steps, with a restart anywhere between; what comes late, twice or
//! broken never raises, and what is not known is never read as little; nothing grows without bound, and nothing that a device says
//! makes it stop.

pub mod facts;
pub mod kept;
pub mod ladder;
pub mod machine;
pub mod node;
pub mod rule;
pub mod slots;
pub mod state;
#[cfg(test)]
mod tests;
pub mod tried;

pub use facts::{Fact, Facts, facts};
pub use ladder::{Climb, Ladder, Moment, Quiet, Rung};
pub use machine::{Disposition, Effect, Event, Machine, Phase, Policy, Refusal, Shelf};
pub use rule::{Course, Least, Rule, Side, Test, Use, Value, When, Wrong};
pub use state::{Cause, Edge, Observation, Quality, State, Taken, Verdict};
pub use tried::{Spell, Tried, try_on};
