//! HSDS 3.1, the read interface of Open Referral, under `/hsds/`: services, organisations, services at places, terms.
//!
//! What must stay true: it gives what is public and nothing else; every answer has the shape of the published schemas (a test
//! holds them against it); a page costs the same whatever is on it, and `format=ndjson` gives everything at once within
//! [`ask::EVERYTHING`] and [`ask::BYTES`], or refuses.

/// What is asked for.
pub mod ask;
/// Entries in the words of the standard.
pub mod show;
/// Routes.
pub mod web;
