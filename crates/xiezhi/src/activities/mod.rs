//! Floor 3: what people do, on top of what is written down.

/// Patrols and visits, phones without a network, emergencies.
pub mod fieldwork;
/// People's mediation.
pub mod mediation;
/// Talk among neighbours.
pub mod neighbours;
/// Votes of owners and residents.
pub mod vote;
