//! Floor 1: what everything else stands on.

/// Divisions, grids, buildings.
pub mod area;
/// Lamps, covers, benches.
pub mod asset;
/// Data elements, decisions, the read log.
pub mod catalogue;
/// The case catalogue.
pub mod classes;
/// What lies beneath our own layers on a map.
pub mod ground;
/// Keys of programs.
pub mod key;
/// Pictures and recordings.
pub mod media;
/// Messages to people.
pub mod notice;
/// Who may act.
pub mod party;
/// Who is on duty, who is away.
pub mod roster;
/// Who gets what.
pub mod routing;
/// Ways to sign in that need others.
pub mod signin;
/// The sign-on of others.
pub mod signon;
/// Calendar and office hours.
pub mod worktime;
