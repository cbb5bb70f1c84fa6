//! Stories above the store: actions and HTTP, on both engines.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod access;
mod account;
mod alike;
mod ask;
mod asset;
mod bad_input;
mod classes;
mod crash;
mod demo;
mod duty;
mod engine;
mod faults;
mod fieldwork;
mod hotline;
mod kpi;
mod life;
mod links;
mod lists;
mod never_vanish;
mod open311;
mod open311_bad;
mod open311_hostile;
mod open311_lists;
mod open311_partner;
mod open311_updates;
mod orders;
mod recalendar;
mod receipt;
mod recut;
mod replay;
mod reply;
mod roster;
mod routing;
mod texts;
mod world;
