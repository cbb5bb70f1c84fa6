//! stub
use crate::kit::{Req, Result, Route};
pub const ROUTES: &[Route] = &[];
pub fn keep_files(_r: &Req) -> Result<Vec<String>> { Ok(vec![]) }
