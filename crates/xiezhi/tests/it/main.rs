//! Stories above the store: actions and HTTP, on both engines.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod access;
mod account;
mod bad_input;
mod classes;
mod crash;
mod demo;
mod engine;
mod faults;
mod life;
mod never_vanish;
mod receipt;
mod texts;
mod world;
