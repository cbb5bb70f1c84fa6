//! What decisions about cases rest on: the catalogue, the working time, the chart of organisations. Gathered before a
//! write, so that the single writer never waits for a look-up.

use std::sync::Arc;

use calc::due::{Limit, Unit};
use store::Query;

use super::Case;
use super::rules::{Overlay, State};
use crate::base::area;
use crate::base::asset;
use crate::base::classes::{self, Catalogue, Class, Evidence, Stage};
use crate::base::media;
use crate::base::party::Chart;
use crate::base::routing::{self, Suggested, Table};
use crate::base::worktime::{self, Due, Worktime};
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Result};

/// A dispute goes to a ruling by itself after this time in return, and must be ruled on within it.
const DISPUTE: Limit = Limit { n: 1, unit: Unit::WorkDays };
/// Whoever is called answers within this time.
const ANSWER: Limit = Limit { n: 4, unit: Unit::WorkHours };

/// Moments that the catalogue and the calendar give for a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// A whole limit of the new stage from now; `None` for a settled case.
    pub fresh: Option<Ms>,
    /// A quarter of it.
    pub quarter: Option<Ms>,
    /// A whole limit of the present stage from the present deadline (or from now, when that has passed).
    pub longer: Option<Ms>,
}

/// Everything an action needs to know besides the case.
#[derive(Clone)]
pub struct Rulebook {
    /// The catalogue in force.
    pub classes: Arc<Catalogue>,
    /// All of them: a case keeps the one it was filed under.
    packs: Vec<Arc<Catalogue>>,
    /// The working time in force.
    pub time: Arc<Worktime>,
    /// Who serves what.
    pub chart: Arc<Chart>,
    /// The routing table in force, if there is any.
    pub routing: Option<Arc<Table>>,
}

impl Rulebook {
    /// What is in force now.
    pub fn now(app: &App) -> Result<Rulebook> {
        app.db.read(|r| Rulebook::read(r, app))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App) -> Result<Rulebook> {
        /// A rulebook, and when the next pack comes into force.
        type Kept = (Rulebook, Option<Ms>);
        static KEPT: Versioned<Kept> = Versioned::new();
        // Catalogue, calendar and chart share one version: one look-up tells that all three still hold.
        let version = area::version(q)?;
        let mut load = || -> Result<Kept> {
            let (classes, packs) = classes::read_all(q, app)?;
            let next = packs.iter().map(|p| p.valid_from).filter(|f| *f > app.now()).min();
            Ok((
                Rulebook {
                    classes,
                    packs,
                    time: worktime::read(q, app)?,
                    chart: Chart::read(q, app)?,
                    routing: routing::read_now(q, app)?,
                },
                next,
            ))
        };
        let kept = KEPT.get(app, version, &mut load)?;
        if kept.1.is_some_and(|next| next <= app.now()) {
            KEPT.forget(app);
            return Ok(KEPT.get(app, version, load)?.0.clone());
        }
        // A routing table has versions of its own.
        Ok(Rulebook { routing: routing::read_now(q, app)?, ..kept.0.clone() })
    }

    /// What holds where nothing was set up yet, for tests.
    #[cfg(test)]
    pub(crate) fn embedded(zone: jiff::tz::TimeZone) -> Rulebook {
        let time = Worktime::embedded(zone).into();
        Rulebook { classes: classes::embedded(), packs: Vec::new(), time, chart: Arc::default(), routing: None }
    }

    /// The class of a case, in the version it was filed under.
    pub fn class(&self, case: &Case) -> &Class {
        self.class_in(case.pack, case.class.as_deref())
    }

    /// A class as one version of the catalogue has it.
    pub fn class_in(&self, version: i64, code: Option<&str>) -> &Class {
        let pack = self.packs.iter().find(|p| p.version == version).unwrap_or(&self.classes);
        pack.or_other(code)
    }

    /// Who should handle a case, as it is classified now: whoever owns the asset it is about at that moment, else whom the
    /// routing table names, else whom its class does.
    pub fn suggest(&self, q: &mut dyn Query, case: &Case, at: Ms) -> Result<Option<Suggested>> {
        if let Some(owner) = self.owner(q, case, at)? {
            return Ok(Some(Suggested { body: owner, rule: Some(routing::OWNER.into()) }));
        }
        let class = self.class(case);
        let ruled = self.routing.as_ref().and_then(|t| t.decide(&self.chart, class, &case.path, self.time.working(at)));
        let usual = || routing::by_units(&self.chart, class, &case.path).map(|body| Suggested { body, rule: None });
        Ok(ruled.or_else(usual))
    }

    /// Who owned the asset that a case is about, if that organisation still handles anything.
    pub fn owner(&self, q: &mut dyn Query, case: &Case, at: Ms) -> Result<Option<String>> {
        let Some(asset) = &case.asset else { return Ok(None) };
        let owner = asset::owner_at(q, asset, at)?;
        Ok(owner.filter(|o| self.chart.living(o).is_some_and(|b| b.kind.is_handler())))
    }

    /// When a stage of a case of this class that begins at `from` must end, by the catalogue in force.
    pub fn due(&self, stage: Stage, class: Option<&str>, from: Ms) -> Ms {
        self.after(self.classes.or_other(class).limit(stage), from).at
    }

    /// When a stage of this case that began at `from` ends, by the catalogue it was filed under.
    pub fn stage_end(&self, case: &Case, stage: Stage, from: Ms) -> Ms {
        self.after(self.class(case).limit(stage), from).at
    }

    fn after(&self, limit: Limit, from: Ms) -> Due {
        self.time.due(from, limit)
    }

    /// The moments a step into `to` may need.
    pub fn limits(&self, case: &Case, to: State, now: Ms) -> Limits {
        let Some(stage) = to.stage() else { return Limits::default() };
        let limit = self.class(case).limit(stage);
        let quarter = Limit { n: limit.n.div_ceil(4), unit: limit.unit };
        Limits {
            fresh: Some(self.after(limit, now).at),
            quarter: Some(self.after(quarter, now).at),
            longer: Some(self.after(limit, case.due_at.unwrap_or(now).max(now)).at),
        }
    }

    /// The end of a time that begins now.
    pub(super) fn within(&self, limit: Limit, now: Ms) -> Ms {
        self.after(limit, now).at
    }

    /// When a case that moved up rings again.
    pub fn escalated(&self, now: Ms) -> Ms {
        self.after(self.classes.escalate, now).at
    }

    /// When a case that was handed back goes to a ruling by itself; also by when it must be ruled on.
    pub fn dispute(&self, now: Ms) -> Ms {
        self.after(DISPUTE, now).at
    }

    /// By when somebody who was called must answer.
    pub fn answer(&self, now: Ms) -> Ms {
        self.after(ANSWER, now).at
    }

    /// When the holder of a case, or the desk above him, is warned next: twice for each clock, never once it has run out.
    pub fn warning(&self, case: &Case) -> Option<Ms> {
        let (from, due, stage) = (case.clock_from?, case.due_at?, case.state.stage()?);
        let percent = match case.warned {
            0 => self.classes.warn_percent,
            1 => (100 + self.classes.warn_percent) / 2,
            _ => return None,
        };
        let waits = case.overdue_at.is_none() && !case.overlay.is_some_and(Overlay::rests);
        waits.then(|| self.time.share(from, due, self.class(case).limit(stage).unit, percent))
    }

    /// Refuses feedback without the picture that the class asks for, and says so. A pair is complete when there is one from
    /// before, whoever took it; a recording is no picture.
    pub fn evidence(&self, q: &mut dyn Query, case: &Case, sent: &[String]) -> Result<()> {
        let asked = self.class(case).evidence;
        if asked == Evidence::None {
            return Ok(());
        }
        let after = media::pictures(q, sent)?;
        let before = media::of(q, &case.id)?.iter().filter(|m| m.kind == "photo").count() as i64;
        let enough = after > 0 && (asked == Evidence::After || before + after > 1);
        if enough { Ok(()) } else { Err(Kind::Evidence.at("media")) }
    }
}
