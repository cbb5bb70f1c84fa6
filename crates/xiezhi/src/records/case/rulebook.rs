//! What decisions about cases rest on: the catalogue, the calendar, the chart of organisations. Gathered before a write,
//! so that the single writer never waits for a look-up.

use std::sync::Arc;

use super::Case;
use super::act::Said;
use super::classes::{Catalogue, Class, catalogue};
use super::clock::Limits;
use super::rules::{Stage, State};
use crate::base::party::Chart;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{App, Result};

/// Everything an action needs to know besides the case.
#[derive(Clone)]
pub struct Rulebook {
    /// Who serves what.
    pub chart: Arc<Chart>,
    classes: &'static Catalogue,
}

impl Rulebook {
    /// As it is now.
    pub fn now(app: &App) -> Result<Rulebook> {
        Ok(Rulebook { chart: Chart::now(app)?, classes: catalogue() })
    }

    /// The class of a case, in the version it was filed under.
    pub fn class(&self, case: &Case) -> &Class {
        self.classes.or_other(case.class.as_deref())
    }

    /// A class that can be chosen now.
    pub fn choose(&self, code: &str) -> Option<&Class> {
        self.classes.get(code)
    }

    /// Version of the catalogue that is chosen from now.
    pub fn pack(&self) -> i64 {
        0
    }

    /// When a stage of a case that begins at `from` must end.
    pub fn due(&self, case: &Case, stage: Stage, from: Ms) -> Ms {
        from + self.class(case).limit(stage)
    }

    /// The moments a step into `to` may need.
    pub fn limits(&self, case: &Case, to: State, now: Ms) -> Limits {
        let Some(stage) = to.stage() else { return Limits::default() };
        Limits {
            fresh: Some(self.due(case, stage, now)),
            quarter: Some(now + self.class(case).limit(stage) / 4),
            longer: Some(self.due(case, stage, case.due_at.unwrap_or(now).max(now))),
        }
    }

    /// When a case that moved up rings again.
    pub fn escalated(&self, now: Ms) -> Ms {
        now + self.classes.escalate
    }

    /// By when a dispute must be ruled on.
    pub fn ruling(&self, now: Ms) -> Ms {
        now + self.classes.escalate
    }

    /// When a case that was handed back goes to a ruling by itself: one work day.
    pub fn dispute(&self, now: Ms) -> Ms {
        now + DAY
    }

    /// By when somebody who was called must answer.
    pub fn answer(&self, now: Ms) -> Ms {
        now + 4 * HOUR
    }

    /// Refuses feedback without the picture that the class asks for.
    pub fn evidence(&self, _case: &Case, _said: &Said) -> Result<()> {
        Ok(())
    }

    /// Window for reopening.
    pub fn reopen_window(&self) -> Ms {
        self.classes.reopen_window
    }

    /// Window for rating.
    pub fn rate_window(&self) -> Ms {
        self.classes.rate_window
    }
}
