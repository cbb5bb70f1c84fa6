//! Floor 3: what people do, on top of what is written down.

/// What a sum is spent on, decided together.
pub mod budget;
/// Consultation and what follows from it.
pub mod consult;
/// Done for somebody by others.
pub mod errand;
/// Patrols and visits, phones without a network, emergencies.
pub mod fieldwork;
/// Early warning on counts of syndromes.
pub mod health;
/// People's mediation.
pub mod mediation;
/// Talk among neighbours.
pub mod neighbours;
/// What people think, and the map of it.
pub mod opinion;
/// Organisations that join.
pub mod partner;
/// Needs, resources, projects; buying services.
pub mod project;
/// Emergencies: what is needed, what there is, who gets it.
pub mod relief;
/// Devices that watch over a place.
pub mod sensing;
/// Who offers what, where and when.
pub mod service;
/// Neighbours help each other: requests, volunteers, hours.
pub mod volunteer;
/// Votes of owners and residents.
pub mod vote;
