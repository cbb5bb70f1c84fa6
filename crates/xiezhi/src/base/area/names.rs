//! The names above an area and of a building, kept while the structure stays: a page of a list would ask for the same few
//! again and again, and where the database is another machine each question is a trip.
//!
//! What must stay true: what is kept belongs to one version of the structure ([`super::version`]) and is dropped with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::Query;

use super::Area;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Result};

/// Areas and buildings that are kept of each; when there are more, all are forgotten.
const MOST: usize = 50_000;

/// What is kept of one version.
#[derive(Default)]
pub struct Names {
    lines: Mutex<HashMap<String, Arc<Vec<Area>>>>,
    buildings: Mutex<HashMap<String, Option<String>>>,
}

impl Names {
    /// Those of the present structure.
    pub fn read(q: &mut dyn Query, app: &App) -> Result<Arc<Names>> {
        static KEPT: Versioned<Names> = Versioned::new();
        let version = super::version(q)?;
        KEPT.get(app, version, || Ok(Names::default()))
    }

    /// An area and all above it, as [`super::line`] gives them.
    pub fn line(&self, q: &mut dyn Query, id: &str) -> store::Result<Arc<Vec<Area>>> {
        kept(&self.lines, id, || Ok(Arc::new(super::line(q, id)?)))
    }

    /// Name of a building.
    pub fn building(&self, q: &mut dyn Query, id: &str) -> store::Result<Option<String>> {
        kept(&self.buildings, id, || Ok(super::building(q, id)?.map(|b| b.name)))
    }
}

fn kept<T: Clone>(all: &Mutex<HashMap<String, T>>, id: &str, look_up: impl FnOnce() -> store::Result<T>) -> store::Result<T> {
    let lock = || all.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hit) = lock().get(id) {
        return Ok(hit.clone());
    }
    let found = look_up()?;
    let mut all = lock();
    if all.len() >= MOST {
        all.clear();
    }
    all.insert(id.to_owned(), found.clone());
    Ok(found)
}
