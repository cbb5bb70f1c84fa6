//! stub
use crate::kit::{App, Result};
#[derive(serde::Deserialize)] pub struct Map {}
pub struct Rejected { pub line: u64, pub reason: &'static str }
pub struct Outcome { pub imported: usize, pub known: usize, pub rejected: Vec<Rejected> }
pub fn run(_a: &App, _m: &Map, _f: impl std::io::Read, _p: impl FnMut(usize)) -> Result<Outcome> { todo!() }
