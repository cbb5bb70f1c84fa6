//! Floor 2: what is written down.

/// Reports and cases.
pub mod case;
/// Rights and duties of communities.
pub mod duty;
/// Forms that ask only for what is not held.
pub mod form;
/// Work orders of a hotline.
pub mod hotline;
/// What is held about me, and who read it.
pub mod mine;
/// Partner systems: Open311 both ways.
pub mod open311;
/// Reports on paper, and notices in the stairwell.
pub mod paper;
/// Reporters who are told by SMS or by a call.
pub mod reach;
/// People, homes, households, organisations.
pub mod register;
/// What residents ask about their data.
pub mod rights;
