//! What was looked up once and is kept while a version number in the database stays the same.
//!
//! What must stay true: the version is read first, so a change by another process is seen at once; several
//! nodes may live in one process (tests), so what is kept is kept for each log's name.

use std::sync::{Arc, Mutex, PoisonError};

use super::{App, Result};

/// One kind of thing that is kept.
pub struct Versioned<T>(Mutex<Vec<(String, i64, Arc<T>)>>);

/// Nodes of one process for which something is kept; when there are more, the oldest is forgotten.
const NODES: usize = 64;

impl<T> Versioned<T> {
    /// Nothing yet.
    pub const fn new() -> Versioned<T> {
        Versioned(Mutex::new(Vec::new()))
    }

    /// The thing as it is at a version, loaded when the kept one is another's.
    pub fn get(&self, app: &App, version: i64, load: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = kept().iter().find(|(origin, v, _)| *v == version && origin == app.db.origin()).map(|(_, _, t)| t.clone());
        if let Some(hit) = hit {
            return Ok(hit);
        }
        let loaded = Arc::new(load()?);
        let mut kept = kept();
        kept.retain(|(origin, _, _)| origin != app.db.origin());
        if kept.len() >= NODES {
            kept.remove(0);
        }
        kept.push((app.db.origin().to_owned(), version, loaded.clone()));
        Ok(loaded)
    }
}

impl<T> Versioned<T> {
    /// Forgets what is kept for a node.
    pub fn forget(&self, app: &App) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(origin, _, _)| origin != app.db.origin());
    }
}

impl<T> Default for Versioned<T> {
    fn default() -> Versioned<T> {
        Versioned::new()
    }
}
