//! stub
pub mod web;
use store::{Query, Tx};
use crate::kit::{App, Result, Who};
pub struct Shown { pub id: String, pub kind: String, pub phase: String, pub at: i64 }
pub fn attach(_tx: &mut Tx, _ids: &[String], _s: &str, _p: &str, _w: &Who) -> Result<()> { Ok(()) }
pub fn of(_q: &mut dyn Query, _s: &str) -> store::Result<Vec<Shown>> { Ok(vec![]) }
pub fn bytes(_a: &App, _s: &str, _i: &str) -> Result<(Vec<u8>, &'static str)> { Err(crate::kit::error::Kind::NotFound.into()) }
pub fn sweep(_a: &App) -> Result<usize> { Ok(0) }
