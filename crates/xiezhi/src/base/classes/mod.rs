//! The case catalogue: what people may bring, who handles it, how long each stage takes, when it is done. Data in packs
//! with versions, not code (inv06).
//!
//! What must stay true: a version is never changed; a case keeps the version it was filed under and can always be read
//! with it; a code is never given to another class; a pack with any mistake is not put in force at all. In force is the
//! version with the latest beginning that has come, of several for one moment the last one made. Version 0 is the pack
//! inside the program, after the classes of GB/T 30428.2 with local ones beside them.
//!
//! Log kinds written: `classes.pack`.

/// The administrator's pages.
pub mod admin;
/// What a class is.
pub mod class;
/// Words of classes in a text.
mod keywords;
/// When an order to hurry arises by itself.
pub mod orders;
/// Reading a pack.
pub mod read;
/// A pack as tables.
pub mod tables;
/// Pages.
pub mod web;
/// A pack as a workbook.
pub mod xlsx;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use calc::due::{Limit, Unit};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Tx, params};

pub use class::{Class, Evidence, Major, Stage, Visibility, Words};
pub use orders::{OrderRule, Reason};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Error, Result};
use keywords::Keywords;
use tables::{Hand, Tables};

/// The class that the button on every staff page opens.
pub const COMPLAINT: &str = "complaint";
/// The group of work that is handed down: nobody reports it, and nothing is made it, but under an admission.
pub const HANDED: &str = "handed";
/// Milliseconds of a day, for windows.
const DAYS: Ms = time::DAY;
/// Versions kept in memory for each node.
const KEPT: usize = 64;

macro_rules! pack {
    ($($name:literal),*) => {
        [$(include_str!(concat!("../../../../../data/catalogue/", $name, ".csv"))),*]
    };
}

/// A class to choose.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Choice {
    /// Code.
    pub code: String,
    /// Name in the reader's language.
    pub name: String,
}

/// A catalogue in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// 0 is what the program brings.
    pub version: i64,
    /// Name.
    pub name: String,
    /// From when it holds.
    pub valid_from: Ms,
    /// Groups in order.
    pub majors: Vec<Major>,
    /// Codes of the plain choices, in the order in which residents get them.
    pub order: Vec<String>,
    /// Time until an overdue case moves up once more.
    pub escalate: Limit,
    /// Percent of a limit after which its holder is warned.
    pub warn_percent: i64,
    /// Window for reopening.
    pub reopen_window: Ms,
    /// Window for rating.
    pub rate_window: Ms,
    /// When an order to hurry arises by itself.
    pub orders: Vec<OrderRule>,
    all: Vec<Class>,
    at: HashMap<String, usize>,
    keywords: Keywords,
    /// Names of classes that only earlier versions have.
    retired: BTreeMap<String, Words>,
}

impl Catalogue {
    fn empty() -> Catalogue {
        Catalogue {
            version: 0,
            name: String::new(),
            valid_from: 0,
            majors: Vec::new(),
            order: Vec::new(),
            escalate: Limit { n: 1, unit: Unit::Days },
            warn_percent: 75,
            reopen_window: 10 * DAYS,
            rate_window: 90 * DAYS,
            orders: Vec::new(),
            all: Vec::new(),
            at: HashMap::new(),
            keywords: Keywords::default(),
            retired: BTreeMap::new(),
        }
    }

    fn push(&mut self, class: Class) {
        let i = self.all.len();
        self.keywords.add(i, class.keywords.iter().flatten().chain([&class.name.zh, &class.name.en]));
        self.at.insert(class.code.clone(), i);
        self.all.push(class);
    }

    /// A class by code.
    pub fn get(&self, code: &str) -> Option<&Class> {
        self.at.get(code).map(|i| &self.all[*i])
    }

    /// Whether it is a class of work that is handed down.
    pub fn is_handed(&self, code: &str) -> bool {
        self.get(code).is_some_and(|c| c.major == HANDED)
    }

    /// The class, or `other` while nobody has classified the case (or the class is of another version).
    pub fn or_other(&self, code: Option<&str>) -> &Class {
        // Reading a pack without `other` fails, so there is one.
        code.and_then(|c| self.get(c)).or_else(|| self.get("other")).unwrap_or(&self.all[0])
    }

    /// All classes in the order of the pack.
    pub fn iter(&self) -> impl Iterator<Item = &Class> {
        self.all.iter()
    }

    /// The classes of a major.
    pub fn of<'a>(&'a self, major: &'a str) -> impl Iterator<Item = &'a Class> {
        self.all.iter().filter(move |c| c.major == major)
    }

    /// The name of a class, also of one that only an earlier version has; the code itself when nobody knows it.
    pub fn label<'a>(&'a self, code: &'a str, lang: Lang) -> &'a str {
        match self.get(code) {
            Some(class) => class.name(lang),
            None => self.retired.get(code).map_or(code, |w| w.get(lang)),
        }
    }

    /// A class to choose, by the name that [`Self::label`] gives.
    pub fn choice(&self, code: &str, lang: Lang) -> Choice {
        Choice { code: code.to_owned(), name: self.label(code, lang).to_owned() }
    }

    /// The plain choices, before them the one that is chosen already when it is none of them.
    pub fn choices(&self, chosen: &str, lang: Lang) -> Vec<Choice> {
        let other = self.get(chosen).filter(|c| c.plain.is_none()).map(|c| &c.code);
        other.into_iter().chain(&self.order).map(|c| self.choice(c, lang)).collect()
    }

    /// Classes whose keywords or name the text holds, the best first. A longer word weighs more.
    pub fn suggest(&self, text: &str, most: usize) -> Vec<&Class> {
        let mut found = self.keywords.weigh(text);
        found.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        found.into_iter().take(most).map(|(i, _)| &self.all[i]).collect()
    }
}

/// The pack inside the program. A mistake in it stops the program at its first use; a test reads it.
pub fn embedded() -> Arc<Catalogue> {
    static ALL: OnceLock<Arc<Catalogue>> = OnceLock::new();
    ALL.get_or_init(|| {
        let tables = Tables::from_csv(pack!["majors", "classes", "questions", "settings", "orders"]).expect("data/catalogue");
        Arc::new(read::read(&tables).unwrap_or_else(|problems| panic!("data/catalogue: {problems:?}")))
    })
    .clone()
}

/// The catalogue in force.
pub fn now(app: &App) -> Result<Arc<Catalogue>> {
    app.db.read(|r| read_now(r, app))
}

/// The same, inside a read of the caller.
pub fn read_now(q: &mut dyn Query, app: &App) -> Result<Arc<Catalogue>> {
    let sql = "select version from catalogue_pack where valid_from <= $1 order by valid_from desc, version desc limit 1";
    let version = q.row(sql, params![app.now()])?.map_or(Ok(0), |r| r.get("version"))?;
    read_version(q, app, version)
}

/// The catalogue in force, and all others that cases may have been filed under.
pub fn read_all(q: &mut dyn Query, app: &App) -> Result<(Arc<Catalogue>, Vec<Arc<Catalogue>>)> {
    let sql = "select version, valid_from from catalogue_pack order by valid_from desc, version desc limit 64";
    let (mut now, mut all) = (None, vec![embedded()]);
    for row in q.rows(sql, &[])? {
        let pack = read_version(q, app, row.get("version")?)?;
        if now.is_none() && row.get::<Ms>("valid_from")? <= app.now() {
            now = Some(pack.clone());
        }
        all.push(pack);
    }
    Ok((now.unwrap_or_else(embedded), all))
}

/// The catalogue in a version.
pub fn version(app: &App, version: i64) -> Result<Arc<Catalogue>> {
    app.db.read(|r| read_version(r, app, version))
}

/// The same, inside a read of the caller. A version never changes, so what was read is kept.
pub fn read_version(q: &mut dyn Query, app: &App, version: i64) -> Result<Arc<Catalogue>> {
    type Known = HashMap<String, BTreeMap<i64, Arc<Catalogue>>>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    if version == 0 {
        return Ok(embedded());
    }
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // Several nodes may live in one process (tests): the log's name keeps them apart.
    let origin = app.db.origin();
    if let Some(found) = known().get_or_insert_default().get(origin).and_then(|v| v.get(&version)) {
        return Ok(found.clone());
    }
    let found = Arc::new(load(q, version)?);
    let mut known = known();
    let versions = known.get_or_insert_default().entry(origin.to_owned()).or_default();
    if versions.len() >= KEPT {
        versions.pop_first();
    }
    versions.insert(version, found.clone());
    Ok(found)
}

fn load(q: &mut dyn Query, version: i64) -> Result<Catalogue> {
    let sql = "select valid_from, body from catalogue_pack where version = $1";
    let row = q.row(sql, params![version])?.ok_or(Kind::NotFound)?;
    let mut catalogue = parse(&row.get::<String>("body")?)?;
    (catalogue.version, catalogue.valid_from) = (version, row.get("valid_from")?);
    // Names of what is gone: cases of then are still read. Once for each version, so all earlier packs may be opened.
    let mut older = Vec::new();
    for row in q.rows("select body from catalogue_pack where version < $1 order by version desc limit 64", params![version])? {
        older.push(parse(&row.get::<String>("body")?)?);
    }
    let own = embedded();
    for class in older.iter().chain([&*own]).flat_map(Catalogue::iter) {
        if !catalogue.at.contains_key(&class.code) && !catalogue.retired.contains_key(&class.code) {
            catalogue.retired.insert(class.code.clone(), class.name.clone());
        }
    }
    Ok(catalogue)
}

fn parse(body: &str) -> Result<Catalogue> {
    let tables: Tables = serde_json::from_str(body).map_err(Error::internal)?;
    read::read(&tables).map_err(|p| Error::internal(format!("a pack in the database: {p:?}")))
}

/// A version as a list shows it.
#[derive(Clone, Debug)]
pub struct Version {
    /// Number.
    pub version: i64,
    /// Name.
    pub name: String,
    /// From when it holds.
    pub valid_from: Ms,
    /// How many classes it has.
    pub classes: i64,
}

/// All versions, the newest first, the program's own last.
pub fn versions(q: &mut dyn Query) -> Result<Vec<Version>> {
    let sql = "select version, name, valid_from, classes from catalogue_pack order by version desc limit 200";
    let mut out = Vec::new();
    for row in q.rows(sql, &[])? {
        out.push(Version {
            version: row.get("version")?,
            name: row.get("name")?,
            valid_from: row.get("valid_from")?,
            classes: row.get("classes")?,
        });
    }
    let own = embedded();
    out.push(Version { version: 0, name: own.name.clone(), valid_from: 0, classes: own.all.len() as i64 });
    Ok(out)
}

/// Adds a version that holds from a moment on, at the earliest from now.
pub fn adopt(tx: &mut Tx, actor: Option<&str>, catalogue: &Catalogue, valid_from: Ms) -> Result<i64> {
    let body = serde_json::to_string(&tables::write(catalogue, Hand::Program)).map_err(Error::internal)?;
    let version = tx.count("select max(version) from catalogue_pack", &[])? + 1;
    let now = tx.now();
    let (from, classes) = (valid_from.max(now), catalogue.all.len() as i64);
    tx.exec(
        "insert into catalogue_pack(version, name, valid_from, made_at, classes, body) values ($1, $2, $3, $4, $5, $6)",
        params![version, &catalogue.name, from, now, classes, body],
    )?;
    area::changed(tx)?;
    let id = version.to_string();
    let entry = Entry { actor, ..Entry::new("classes.pack", "classes", &id) };
    tx.log(entry.fact("name", catalogue.name.as_str()).fact("valid_from", from).fact("classes", classes))?;
    Ok(version)
}

#[cfg(test)]
mod tests;
