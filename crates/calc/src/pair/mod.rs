//! Who does what (供需匹配): tasks and people are paired so that as many places as can be are filled, and then at the least cost, exactly.
//!
//! [`problem`] checks what is asked and lays it out, [`solve`] finds the pairs with a price of every task and every person (where places
//! are scarce, by an auction), [`proof`] checks by those prices that no better pairs exist, [`why`] says of a pair what it would cost to
//! do without it or to have another one, and of an empty place who has what instead. `docs/pairing.md` tells the method as a whole.
//!
//! What must stay true: first the most places are filled, then the costs of edges, of load and of waiting are least together; nobody has
//! more tasks than his capacity, no task one person twice, and a pinned pair stays. Numbers are whole and never wrap. Edges may come in
//! any order; tasks and people are told apart by their numbers, so whoever numbers them in the order of their ids has the same pairs
//! whatever the order of his rows.

mod auction;
pub mod problem;
pub mod proof;
pub mod solve;
#[cfg(test)]
mod tests;
pub mod why;

pub use problem::{Edge, Fault, Person, Problem, Task, What};
pub use solve::{Outcome, Pair, solve};
