//! Ways to sign in that need others: a code by SMS.
//!
//! What must stay true: what is answered never tells whether a number is known; a code lies in the database as a keyed
//! digest only, and its text is in no log and no list of what went out; a code opens what is a resident's and never what
//! is anybody's who works here; whoever gets no SMS is told of the ways that need none. `docs/sign-in.md` names them all.
//!
//! Log kinds written: `signin.code`, `signin.try`, `signin.new`, `signin.name`.

/// Codes by SMS.
pub mod code;
/// Pure decisions: limits, what a code looks like.
pub mod rules;
/// Pages.
pub mod web;
