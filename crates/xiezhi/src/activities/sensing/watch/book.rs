//! Which rules hold on a device: those that ship, as a place treats them, and its own.
//!
//! What must stay true: the nearest place decides; what is kept in memory is of one count of changes, which is looked at in
//! the write itself, so that a decision of another process counts at once; what is kept grows to a limit and no further.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calc::alarm::rule::LONGEST;
use calc::alarm::{Policy, Rule, State, Wrong};
use jiff::tz::TimeZone;
use store::{Query, Tx};

use super::own::{self, Given, Own};
use super::spec::{Kind as Against, Spec};
use crate::activities::sensing::Device;
use crate::activities::sensing::pack::{self, Pack};
use crate::base::area;
use crate::kit::i18n::Lang;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::versioned::Versioned;
use crate::kit::{App, Result};
use crate::records::case::Rulebook;

/// Rules on devices that are kept in memory: some 100 MB. When there are more, all are forgotten.
const WARM: usize = 60_000;

/// A rule that holds.
#[derive(Debug)]
pub struct Active {
    /// Its id: of one that ships its name.
    pub id: String,
    /// What it is called.
    pub zh: String,
    /// What it is called.
    pub en: String,
    /// How grave: 1 to 3.
    pub severity: u8,
    /// Over only when somebody says so.
    pub latched: bool,
    /// Class of the case.
    pub class: String,
    /// Measures, in the order of inputs.
    pub measures: Vec<String>,
    /// As it is said.
    pub spec: Spec,
    /// As it is evaluated.
    pub rule: Rule,
    /// What is remembered changes with each reading.
    pub restless: bool,
    /// The rules of its place.
    pub pack: &'static Pack,
}

impl Active {
    /// Reads a rule against a kind of device; `None` for one that makes no sense there.
    pub fn new(pack: &'static Pack, kind: &str, given: Given) -> std::result::Result<Active, Wrong> {
        let sort = pack.kind(kind).ok_or(Wrong::Input)?;
        let against = Against { measures: &sort.measures, silent: pack.silent(kind) };
        let measures = given.spec.measures(against).into_iter().map(str::to_owned).collect();
        let (late, ahead) = (pack.limits.late_minutes * MINUTE, pack.limits.ahead_minutes * MINUTE);
        // A wrong clock must not silence a call for help; windows of use bear no such patience.
        let patient = given.latched.then(|| given.spec.rule(against, LONGEST, ahead).ok()).flatten();
        let rule = patient.map_or_else(|| given.spec.rule(against, late, ahead), Ok)?;
        let restless = given.spec.is_restless();
        let Given { id, zh, en, severity, latched, class, spec } = given;
        Ok(Active { id, zh, en, severity, latched, class, measures, spec, rule, restless, pack })
    }

    /// How it wants its alarms.
    pub fn policy(&self) -> Policy {
        Policy { latched: self.latched, ..Policy::default() }
    }

    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }
}

/// What a stream had told when its rule was last looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// How often.
    pub told: i64,
    /// The newest event.
    pub last_t: Option<Ms>,
    /// The last receipt.
    pub heard_at: Option<Ms>,
}

/// A rule on a device, in memory.
#[derive(Debug)]
pub struct Warm {
    /// How it stands.
    pub state: State,
    /// What was kept of it: its nodes.
    pub kept: Vec<calc::alarm::node::Node>,
    /// When it was kept.
    pub kept_at: Ms,
    /// Of its streams.
    pub marks: Vec<Mark>,
}

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// The rules on devices.
    pub rules: Arc<Rules>,
    /// The rules of cases, and who answers for what.
    pub cases: Rulebook,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now.
    pub fn now(app: &App) -> Result<Book> {
        app.db.read(|r| Book::read(r, app))
    }

    /// The same within a read.
    pub fn read(q: &mut dyn Query, app: &App) -> Result<Book> {
        Ok(Book { rules: Rules::read(q, app)?, cases: Rulebook::read(q, app)?, zone: app.config.zone.clone() })
    }
}

/// The rules on one kind of device in one area, in homes or elsewhere.
struct Set {
    kind: String,
    home: bool,
    rules: Arc<Vec<Arc<Active>>>,
}

/// The rules on devices, and how they stand, as far as it is in memory.
pub struct Rules {
    version: i64,
    own: Vec<Own>,
    sets: Mutex<HashMap<String, Vec<Set>>>,
    warm: Mutex<HashMap<String, Warm>>,
}

/// Changes of what decisions rest on, of rules and of areas.
pub fn version(q: &mut dyn Query) -> store::Result<i64> {
    let sql =
        "select coalesce((select n from watch_count where id = 1), 0) + coalesce((select n from structure where id = 1), 0)";
    q.count(sql, &[])
}

/// Says that rules, or who is away, have changed.
pub fn changed(tx: &mut Tx) -> Result<()> {
    let sql = "insert into watch_count(id, n) values (1, 1) on conflict(id) do update set n = watch_count.n + 1";
    tx.exec(sql, &[])?;
    Ok(())
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rules {
    fn read(q: &mut dyn Query, app: &App) -> Result<Arc<Rules>> {
        static KEPT: Versioned<Rules> = Versioned::new();
        let version = version(q)?;
        KEPT.get(app, version, || Ok(Rules { version, own: own::deciding(q)?, sets: Mutex::default(), warm: Mutex::default() }))
    }

    /// The count of changes it is of.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether nothing has changed since; only then may what is in memory be used.
    pub fn is_fresh(&self, tx: &mut Tx) -> Result<bool> {
        Ok(version(tx)? == self.version)
    }

    /// The rules on a device.
    pub fn of(&self, q: &mut dyn Query, device: &Device) -> Result<Arc<Vec<Arc<Active>>>> {
        let fits = |s: &&Set| s.kind == device.kind && s.home == device.is_home();
        if let Some(known) = held(&self.sets).get(&device.area).and_then(|all| all.iter().find(fits)) {
            return Ok(known.rules.clone());
        }
        let code = area::by_id(q, &device.area)?.map(|a| a.code).unwrap_or_default();
        let rules = Arc::new(self.at(pack::at(&code), &device.path, &device.kind, device.is_home()));
        let set = Set { kind: device.kind.clone(), home: device.is_home(), rules: rules.clone() };
        held(&self.sets).entry(device.area.clone()).or_default().push(set);
        Ok(rules)
    }

    /// The rules on a kind of device at a place.
    pub fn at(&self, pack: &'static Pack, path: &str, kind: &str, home: bool) -> Vec<Arc<Active>> {
        let here: Vec<&Own> = self.own.iter().filter(|o| path.starts_with(&o.path)).collect();
        let ships = pack.rule.iter().filter(|r| r.fits(kind, home)).filter(|r| own::holds(&here, &r.id)).map(Given::ships);
        let own = here.iter().filter_map(|o| o.given(kind, home));
        // A rule that no longer fits what its devices measure holds nowhere: its page says so.
        ships.chain(own).filter_map(|given| Active::new(pack, kind, given).ok().map(Arc::new)).collect()
    }

    /// A rule on a device by id.
    pub fn one(&self, q: &mut dyn Query, device: &Device, id: &str) -> Result<Option<Arc<Active>>> {
        Ok(self.of(q, device)?.iter().find(|a| a.id == id).cloned())
    }

    /// A rule by id, whether or not it holds on the device now: for an alarm that it raised when it did.
    pub fn any(&self, q: &mut dyn Query, device: &Device, id: &str) -> Result<Option<Arc<Active>>> {
        if let Some(active) = self.one(q, device, id)? {
            return Ok(Some(active));
        }
        let code = area::by_id(q, &device.area)?.map(|a| a.code).unwrap_or_default();
        let pack = pack::at(&code);
        let ships = pack.rule.iter().find(|r| r.id == id).map(Given::ships);
        let given = ships.or_else(|| self.own.iter().find(|o| o.id == id).and_then(Own::as_given));
        Ok(given.and_then(|g| Active::new(pack, &device.kind, g).ok()).map(Arc::new))
    }

    /// Whether a rule on a device is in memory.
    pub fn is_warm(&self, id: &str) -> bool {
        held(&self.warm).contains_key(id)
    }

    /// Takes what is in memory; whoever uses it puts it back.
    pub fn take(&self, id: &str) -> Option<Warm> {
        held(&self.warm).remove(id)
    }

    /// Keeps it in memory.
    pub fn put(&self, id: String, warm: Warm) {
        let mut all = held(&self.warm);
        if all.len() >= WARM {
            all.clear();
        }
        all.insert(id, warm);
    }
}
