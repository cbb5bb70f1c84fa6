//! Who gets what: a decision table of area × class × time → party. The first rule that fits wins. A table names places,
//! classes and parties, and knows nothing of cases.
//!
//! What must stay true: a version is never changed, so that `v3#12` (version 3, rule 12) says for ever why a party was
//! suggested; a table with a hole is not accepted (`check.rs`), and only a table that was made as a draft and looked at
//! comes into force; a rule whose party is gone is passed over, so that a closed office stops nobody's work. Without any
//! table the class itself says who usually settles it. A suggestion binds nobody: the desk dispatches.
//!
//! Log kinds written: `routing.draft`, `routing.enable`.

/// The administrator's pages.
pub mod admin;
/// Whether a table is whole.
pub mod check;
/// A table as a workbook.
pub mod sheet;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, params};

use crate::base::area;
use crate::base::classes::Class;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Error, Result, RoleKind};

/// What stands in the place of a rule when the owner of an asset is named.
pub const OWNER: &str = "owner";
/// Rules of a table.
pub const RULES: usize = 2000;

/// Which classes a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// All of them.
    All,
    /// Those of a major, by its code.
    Major(String),
    /// One, by its code.
    Class(String),
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// In office hours.
    Work,
    /// Outside them.
    Off,
    /// Always.
    Always,
}

/// Where a rule leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum To {
    /// To whom the class says: its kinds of units in order.
    Catalogue,
    /// To the nearest organisation of a kind.
    Kind(#[serde(with = "kind_text")] RoleKind),
    /// To one organisation.
    Body(String),
}

mod kind_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::kit::RoleKind;

    pub(super) fn serialize<S: Serializer>(kind: &RoleKind, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(kind.as_str())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(input: D) -> Result<RoleKind, D::Error> {
        String::deserialize(input)?.parse().map_err(|()| D::Error::custom("no role kind"))
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Area id; everywhere without one.
    pub area: Option<String>,
    /// Which classes.
    pub what: What,
    /// When.
    pub when: When,
    /// To whom.
    pub to: To,
    /// Why, in the words of whoever wrote it.
    pub note: String,
    /// Path of the area; a beginning of all paths when it holds everywhere.
    #[serde(skip)]
    pub path: String,
}

/// A table in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// From 1.
    pub version: i64,
    /// When it was made.
    pub made_at: Ms,
    /// From when it holds; `None` for a draft.
    pub valid_from: Option<Ms>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// A party that is suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// Organisation.
    pub body: String,
    /// `v3#12`, or [`OWNER`]; `None` when the class itself says so.
    pub rule: Option<String>,
}

impl Rule {
    /// Whether it is about this place, class and time.
    pub fn fits(&self, path: &str, class: &Class, working: bool) -> bool {
        let what = match &self.what {
            What::All => true,
            What::Major(major) => class.major == *major,
            What::Class(code) => class.code == *code,
        };
        let when = match self.when {
            When::Always => true,
            When::Work => working,
            When::Off => !working,
        };
        what && when && path.starts_with(&self.path)
    }

    fn party(&self, chart: &Chart, class: &Class, path: &str) -> Option<String> {
        match &self.to {
            To::Catalogue => by_units(chart, class, path),
            To::Kind(kind) => chart.serving(path).find(|b| b.kind == *kind).map(|b| b.id.clone()),
            To::Body(id) => chart.living(id).map(|b| b.id.clone()),
        }
    }
}

impl Table {
    /// Who should have a matter of this class at this place; `working` says whether it is office hours.
    pub fn decide(&self, chart: &Chart, class: &Class, path: &str, working: bool) -> Option<Suggested> {
        let fits = self.rules.iter().enumerate().filter(|(_, r)| r.fits(path, class, working));
        let (n, body) = fits.filter_map(|(i, r)| Some((i + 1, r.party(chart, class, path)?))).next()?;
        Some(Suggested { body, rule: Some(format!("v{}#{n}", self.version)) })
    }
}

/// Who usually settles a class here: the nearest organisation of the first of its kinds of units that serves the place.
pub fn by_units(chart: &Chart, class: &Class, path: &str) -> Option<String> {
    class.units.iter().find_map(|kind| chart.serving(path).find(|b| b.kind == *kind)).map(|b| b.id.clone())
}

/// Version and number of a rule as it stands in a case.
pub fn parse_rule(text: &str) -> Option<(i64, i64)> {
    let (version, n) = text.strip_prefix('v')?.split_once('#')?;
    Some((version.parse().ok()?, n.parse().ok()?))
}

/// The table in force, if there is any.
pub fn read_now(q: &mut dyn Query, app: &App) -> Result<Option<Arc<Table>>> {
    static KEPT: Versioned<Table> = Versioned::new();
    let sql = "select version from routing_table where valid_from <= $1 order by valid_from desc, version desc limit 1";
    match q.row(sql, params![app.now()])? {
        Some(row) => {
            let version = row.get("version")?;
            KEPT.get(app, version, || read(q, version)).map(Some)
        }
        None => Ok(None),
    }
}

/// A table by its version.
pub fn read(q: &mut dyn Query, version: i64) -> Result<Table> {
    let sql = "select made_at, valid_from, body from routing_table where version = $1";
    let row = q.row(sql, params![version])?.ok_or(Kind::NotFound)?;
    let mut rules: Vec<Rule> = serde_json::from_str(&row.get::<String>("body")?).map_err(Error::internal)?;
    for rule in &mut rules {
        rule.path = match &rule.area {
            // An area keeps its row for ever; a path that is none fits no place.
            Some(id) => area::by_id(q, id)?.map_or_else(|| "-".into(), |a| a.path),
            None => String::new(),
        };
    }
    Ok(Table { version, made_at: row.get("made_at")?, valid_from: row.get("valid_from")?, rules })
}

/// A version as a list shows it.
#[derive(Clone, Debug)]
pub struct Version {
    /// Number.
    pub version: i64,
    /// When it was made.
    pub made_at: Ms,
    /// From when it holds; `None` for a draft.
    pub valid_from: Option<Ms>,
    /// How many rules it has.
    pub rules: i64,
}

/// All versions, the newest first.
pub fn versions(q: &mut dyn Query) -> Result<Vec<Version>> {
    let rows = q.rows("select version, made_at, valid_from, rules from routing_table order by version desc limit 200", &[])?;
    let mut out = Vec::new();
    for row in rows {
        out.push(Version {
            version: row.get("version")?,
            made_at: row.get("made_at")?,
            valid_from: row.get("valid_from")?,
            rules: row.get("rules")?,
        });
    }
    Ok(out)
}

/// Keeps a table as a draft, which changes nothing yet.
pub fn draft(tx: &mut Tx, actor: Option<&str>, rules: &[Rule]) -> Result<i64> {
    let body = serde_json::to_string(rules).map_err(Error::internal)?;
    let version = tx.count("select max(version) from routing_table", &[])? + 1;
    let (now, n) = (tx.now(), rules.len() as i64);
    let sql = "insert into routing_table(version, made_at, made_by, rules, body) values ($1, $2, $3, $4, $5)";
    tx.exec(sql, params![version, now, actor, n, body])?;
    let id = version.to_string();
    tx.log(Entry { actor, ..Entry::new("routing.draft", "routing", &id) }.fact("rules", n))?;
    Ok(version)
}

/// Puts a draft in force, at the earliest from now. `seen` is how many past cases would have gone elsewhere: whoever
/// enables a table has looked at its trial. Cases that are open stay where they are.
pub fn enable(tx: &mut Tx, actor: Option<&str>, version: i64, valid_from: Ms, seen: i64) -> Result<()> {
    let from = valid_from.max(tx.now());
    let sql = "update routing_table set valid_from = $2 where version = $1 and valid_from is null";
    if tx.exec(sql, params![version, from])? == 0 {
        return Err(Kind::State.into());
    }
    let id = version.to_string();
    let entry = Entry { actor, ..Entry::new("routing.enable", "routing", &id) };
    tx.log(entry.fact("valid_from", from).fact("elsewhere", seen))?;
    Ok(())
}
