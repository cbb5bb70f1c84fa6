//! Xiezhi 协治: a community governs itself together with everybody who can help.
//!
//! The folders are floors, and an import only ever points down: `edge` → `oversight` → `activities` → `records` → `base` → `kit`, and
//! beneath them the crates `store` (databases, log) and `calc` (pure methods). `tests/tidy.rs` sees to it. A request
//! goes `edge/routes.rs` → a room's `web.rs` → its `mod.rs` → its template; there is no layer that only forwards.

// `kit/tell.rs` says why.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

/// Floor 3: what people do together and on their ways.
pub mod activities;
/// Floor 1: areas, parties, data elements, media, notices.
pub mod base;
/// Invented data for `xiezhi demo`, played through the real actions.
pub mod demo;
/// Floor 5: sockets, routes, live pages, timers.
pub mod edge;
/// Floor 0: what every room needs.
pub mod kit;
/// Floor 4: what is counted and proved about the node.
pub mod oversight;
/// Floor 2: what is written down.
pub mod records;
