//! The register: who lives where, which households, homes and organisations there are (一标三实), and who needs what.
//!
//! What must stay true: a value lies sealed under the key of whom it is about, with its source and its day, and leaves only
//! as a [`Graded`](crate::base::catalogue::Graded); nobody reads without a purpose that he named, and each read is
//! logged; what was known before a change is kept; one valid identity number is one person; what is counted equals
//! what a count would give, in every area.
//!
//! Log kinds written: `register.add`, `register.change`, `register.seen`, `register.move`, `register.leave`,
//! `register.death`, `register.tag`, `register.untag`, `register.tag-end`, `register.home`, `register.home-use`, `register.purpose`,
//! `register.same`, `register.apart`, `register.other`, `register.search`, `register.bind`, `register.withdraw`,
//! `register.erase`, `register.expire`, `register.export`, `register.export-allow`, `register.export-refuse`,
//! `register.export-fetch`, `register.recut`.

/// What is done with records.
pub mod act;
/// What is counted.
pub mod count;
/// The end of a record.
pub mod erase;
/// Lists that leave.
pub mod export;
/// Finding records.
pub mod find;
/// Homes and households.
pub mod home;
/// Tables that come in.
pub mod import;
/// What joined records say together.
pub mod joined;
/// What it holds about the person who asks.
pub mod mine;
/// Who somebody perhaps is.
pub mod near;
/// Records.
pub mod person;
/// Pages of buildings, homes and pairs.
pub mod places;
/// For what somebody reads.
pub mod purpose;
/// Who fits a condition, and what is held.
pub mod query;
/// Grids cut anew.
pub mod recut;
/// Pure decisions.
pub mod rules;
/// Records of the same person.
pub mod same;
/// Statistics.
pub mod statistics;
/// Values and tags.
pub mod values;
/// Views.
mod view;
/// Pages and data.
pub mod web;

pub use act::{Living, New, NewTag};
pub use home::Spot;
pub use person::{Of, Person};
pub use values::Source;
