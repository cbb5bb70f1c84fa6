//! stub
use crate::kit::{App, Result};
pub fn seed(_a: &App) -> Result<()> { Ok(()) }
pub fn accounts(_a: &App) -> Result<Vec<(String, String, String)>> { Ok(vec![]) }
