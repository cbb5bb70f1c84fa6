//! Stories above the store: actions and HTTP, on both engines.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod access;
mod account;
mod alike;
mod ask;
mod asset;
mod bad_input;
mod browser;
mod budget;
mod budgets;
mod cards;
mod classes;
mod consult;
mod consult_late;
mod crash;
mod demo;
mod desk;
mod duty;
mod engine;
mod fake;
mod faults;
mod fieldwork;
mod form;
mod hotline;
mod kpi;
mod law;
mod life;
mod linkage;
mod links;
mod lists;
mod map;
mod matrix;
mod matrix_out;
mod mediation;
mod neighbours;
mod never_vanish;
mod notice;
#[cfg(feature = "mail")]
mod notice_mail;
mod notice_out;
#[cfg(feature = "push")]
mod notice_push;
mod open311;
mod open311_bad;
mod open311_hostile;
mod open311_lists;
mod open311_partner;
mod open311_updates;
mod opinion;
mod opinion_polis;
mod opinions;
mod orders;
mod packed;
mod paper;
mod pictures;
mod pieces;
mod reach;
mod recalendar;
mod receipt;
mod recut;
mod register;
mod register_import;
mod replay;
mod reply;
mod rights;
mod roster;
mod routing;
mod sign_in;
mod sign_on;
#[cfg(feature = "oidc")]
mod sign_on_oidc;
mod texts;
mod trust;
mod vote;
mod world;
