//! What decides about clocks: the catalogue and the working time in force, read before a write, because the single
//! writer must not be kept waiting by look-ups.

use std::sync::Arc;

use store::Query;

use crate::base::classes::{self, Catalogue, Stage};
use crate::base::worktime::{self, Due, Worktime};
use crate::kit::time::Ms;
use crate::kit::{App, Result};

/// Catalogue and working time.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// The catalogue in force.
    pub classes: Arc<Catalogue>,
    /// The working time in force.
    pub time: Arc<Worktime>,
}

impl Rulebook {
    /// What is in force now.
    pub fn now(app: &App) -> Result<Rulebook> {
        app.db.read(|r| Rulebook::read(r, app))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App) -> Result<Rulebook> {
        Ok(Rulebook { classes: classes::read_now(q, app)?, time: worktime::read(q, app)? })
    }

    /// When a stage that begins at `start` must be done.
    pub fn due(&self, stage: Stage, class: Option<&str>, start: Ms) -> Due {
        self.time.due(start, self.classes.or_other(class).limit(stage))
    }
}
