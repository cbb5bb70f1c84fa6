//! Where to go next: the buildings and things of an area with what is known about each, by risk and coverage.
//!
//! What must stay true: a plan knows buildings and things, never people; it proposes and nobody is measured by it.

use std::collections::HashMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Row, params};

use super::rules::{Known, Plan};
use super::visit;
use crate::base::area;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Req, Result};
use crate::records::case::Rulebook;

/// The plan's numbers: data.
pub fn numbers() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    // Embedded data, read by a test: a mistake here stops the first page.
    PLAN.get_or_init(|| toml::from_str(include_str!("../../../../../data/fieldwork/plan.toml")).expect("plan.toml"))
}

/// Days between two moments, begun ones not counted.
pub fn days(now: Ms, at: Ms) -> i64 {
    (now - at).max(0) / DAY
}

/// A place to go to.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Stop {
    /// Id of a building; null for a thing.
    pub building: Option<String>,
    /// Code of a thing.
    pub asset: Option<String>,
    pub name: String,
    pub address: String,
    /// Why it is proposed, the most weighty first.
    pub why: Vec<WhyView>,
    #[serde(skip)]
    score: i64,
}

/// A reason, and its number.
#[derive(Clone, Serialize, JsonSchema)]
pub struct WhyView {
    /// `urgent recurring open never days`.
    pub code: &'static str,
    /// How many, or how many days.
    pub n: i64,
}

/// What cases say about each building or asset of an area.
fn risks(q: &mut dyn Query, path: &str, column: &str, since: Ms, book: &Rulebook) -> Result<HashMap<String, Known>> {
    let sql = format!(
        "select {column} thing, class, count(*) n, count(due_at) open from cases where path >= $1 and path < $2 \
         and received_at >= $3 and {column} is not null group by {column}, class limit 5000"
    );
    let mut out: HashMap<String, Known> = HashMap::new();
    let plan = numbers();
    for row in q.rows(&sql, params![path, area::end_of(path), since])? {
        let (n, open): (i64, i64) = (row.get("n")?, row.get("open")?);
        let class: Option<String> = row.get("class")?;
        let known = out.entry(row.get("thing")?).or_default();
        known.open += open;
        if book.classes.or_other(class.as_deref()).urgent {
            known.urgent += open;
        }
        known.recurring += i64::from(n >= plan.again && class.is_some());
    }
    Ok(out)
}

/// What is known about every building of an area.
pub fn buildings(req: &Req, q: &mut dyn Query, path: &str) -> Result<Vec<(area::Building, Known)>> {
    let book = Rulebook::read(q, req.app)?;
    let mut risks = risks(q, path, "building", req.now - numbers().window * DAY, &book)?;
    let last = visit::last_at_buildings(q, path)?;
    let known = |b: area::Building| {
        let known = risks.remove(&b.id).unwrap_or_default();
        let days = last.get(&b.id).map(|at| days(req.now, *at));
        (b, Known { days, rounds: true, ..known })
    };
    Ok(area::buildings(q, path)?.into_iter().map(known).collect())
}

/// Things of an area about which something came again or is urgent.
fn things(req: &Req, q: &mut dyn Query, path: &str) -> Result<Vec<Stop>> {
    let book = Rulebook::read(q, req.app)?;
    let risks = risks(q, path, "asset", req.now - numbers().window * DAY, &book)?;
    let last = visit::last_at_assets(q, path)?;
    let mut out = Vec::new();
    for (id, known) in risks {
        let known = Known { days: last.get(&id).map(|at| days(req.now, *at)), ..known };
        let Some((score, why)) = numbers().due(&known) else { continue };
        let row = q.row("select code, name, class from asset where id = $1", params![&id])?;
        let Some(row): Option<Row> = row else { continue };
        let (name, class): (String, Option<String>) = (row.get("name")?, row.get("class")?);
        let name =
            if name.is_empty() { book.classes.label(class.as_deref().unwrap_or("other"), req.lang).to_owned() } else { name };
        let code: String = row.get("code")?;
        let why = why.into_iter().map(|w| WhyView { code: w.as_str(), n: w.count() }).collect();
        out.push(Stop { building: None, address: code.clone(), asset: Some(code), name, why, score });
    }
    Ok(out)
}

/// The stops that are due in an area, the most weighty first.
pub fn stops(req: &Req, q: &mut dyn Query, path: &str) -> Result<Vec<Stop>> {
    let plan = numbers();
    let mut out = Vec::new();
    for (b, known) in buildings(req, q, path)? {
        if let Some((score, why)) = plan.due(&known) {
            let why = why.into_iter().map(|w| WhyView { code: w.as_str(), n: w.count() }).collect();
            out.push(Stop { building: Some(b.id), asset: None, name: b.name, address: b.address, why, score });
        }
    }
    out.extend(things(req, q, path)?);
    // Among equals the order of addresses, so that the same facts give the same plan.
    out.sort_by(|a, b| (b.score, &a.address, &a.building).cmp(&(a.score, &b.address, &b.building)));
    out.truncate(plan.most);
    Ok(out)
}
