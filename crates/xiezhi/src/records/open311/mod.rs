//! Partner systems: Open311 GeoReport v2 with the updates extension, as a server and as a client.
//!
//! What must stay true: whatever is answered beneath `/open311/` is well-formed in the format asked for, errors included;
//! nobody learns more of a case here than on our public pages, except a partner about what he filed himself or what his
//! organisation holds; a key acts as a party like any other, through the rules of the case engine, and what they forbid
//! becomes a note; a repeated call changes nothing; what is to be filed elsewhere is derived from the log, and stays
//! visible until the other side has confirmed it; no address that a foreign system names is ever opened.
//!
//! Log kinds written: `open311.key`, `open311.key-end`, `open311.jurisdiction`, `open311.jurisdiction-end`,
//! `open311.services`, `open311.update`, `open311.connector`, `open311.connector-end`, `open311.send`, `open311.sent`,
//! `open311.failed`, `open311.stuck`, `open311.void`, `open311.retry`, `open311.poll`.

/// Keys, jurisdictions, connectors: pages of the administrator.
pub mod admin;
/// One call, as far as all calls are alike.
mod ask;
/// Many requests at once: GeoReport Bulk.
mod bulk;
/// What is wrong with a call.
mod fault;
/// Making a request: `POST requests`.
mod file;
/// Which requests: `GET requests`.
mod find;
/// XML and JSON from one value.
pub mod format;
/// Jurisdictions.
pub mod jurisdiction;
/// Keys of partner systems.
pub mod keys;
/// Filing our cases with the systems of departments.
pub mod outbound;
/// The services and their questions.
pub mod services;
/// What a partner gets to see of a case.
mod show;
/// Statuses of the standard and actions of ours.
pub mod status;
/// Updates of requests, both ways.
mod updates;
/// Routes and the calls that only read.
pub mod web;

/// Text that fits the identifiers of the standard, as strict clients check them.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
