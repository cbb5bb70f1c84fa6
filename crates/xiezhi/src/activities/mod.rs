//! Floor 3: what people do, on top of what is written down.

/// Consultation and what follows from it.
pub mod consult;
/// Patrols and visits, phones without a network, emergencies.
pub mod fieldwork;
/// Votes of owners and residents.
pub mod vote;
