//! The equation: received = open + closed + merged + rejected, for the whole node and for each area.
//!
//! What must stay true (inv01, in public): `received` comes from the numbers that were handed out, the other side from
//! the states of the cases, both from one snapshot together with the size of the log; `holds` also says that every open
//! case has a holder and a running clock. Counting is linear in the cases of the area, so an answer is kept for a second.

/// The page.
pub mod web;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{App, Result};
use crate::records::case::rules::State;

/// How long an answer is kept.
const KEEP: Ms = 1000;
/// Communities that are listed.
const MOST_PARTS: usize = 200;
/// Areas whose answers are kept at the same time.
const MOST_KEPT: usize = 10_000;

/// Where the reports of an area are.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Equation {
    /// Numbers handed out.
    pub received: i64,
    /// Received … checking.
    pub open: i64,
    /// Closed after a check.
    pub closed: i64,
    /// Joined to another.
    pub merged: i64,
    /// Rejected with a reason.
    pub rejected: i64,
    /// Both sides agree, and every open case has one holder and one clock.
    pub holds: bool,
    /// When it was counted.
    pub at: String,
    /// The log of which this is a picture.
    pub log: Point,
}

/// One community's sides of the equation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "as in Equation")]
pub struct Part {
    pub code: String,
    pub name: String,
    pub received: i64,
    pub open: i64,
    pub closed: i64,
    pub merged: i64,
    pub rejected: i64,
}

/// A point of the log.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// Entries.
    pub size: u64,
    /// Root of the tree, hex.
    pub root: String,
}

/// The equation now, or as of the last second.
pub fn equation(app: &App, code: Option<&str>) -> Result<Equation> {
    static KEPT: Mutex<Option<HashMap<String, (Ms, Equation)>>> = Mutex::new(None);
    // Several nodes may live in one process (tests): the log's name keeps them apart.
    let key = format!("{} {}", app.db.origin(), code.unwrap_or_default());
    let now = app.now();
    let all = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |(at, e): &&(Ms, Equation)| e.log.size == app.db.last().size || (!app.config.manual_clock && now - at < KEEP);
    if let Some((_, equation)) = all().get_or_insert_default().get(&key).filter(fits) {
        return Ok(equation.clone());
    }
    let fresh = count(app, code, now)?;
    let mut all = all();
    let all = all.get_or_insert_default();
    if all.len() >= MOST_KEPT {
        all.clear();
    }
    all.insert(key, (now, fresh.clone()));
    Ok(fresh)
}

/// The communities beneath an area (the whole node without one), each with its own sides; at most [`MOST_PARTS`].
pub fn parts(app: &App, code: Option<&str>) -> Result<Vec<Part>> {
    app.db.read(|r| {
        let (from, to) = range(r, code)?;
        // Cases lie in grids or communities; what lies higher has no community and is left to the sum above.
        let sql = "select m.code, m.name, c.state, count(*) n from cases c join area a on a.id = c.area \
                   join area m on m.id = case when a.kind = 'grid' then a.parent else a.id end \
                   where c.path >= $1 and c.path < $2 group by m.code, m.name, c.state order by m.code limit 2000";
        let mut out: Vec<Part> = Vec::new();
        for row in r.rows(sql, params![from, to])? {
            let code: String = row.get("code")?;
            if out.last().is_none_or(|p| p.code != code) {
                out.push(Part { code, name: row.get("name")?, received: 0, open: 0, closed: 0, merged: 0, rejected: 0 });
            }
            let (state, n): (String, i64) = (row.get("state")?, row.get("n")?);
            if let Some(part) = out.last_mut() {
                part.received += n;
                match State::parse(&state) {
                    Some(State::Closed) => part.closed += n,
                    Some(State::Merged) => part.merged += n,
                    Some(State::Rejected) => part.rejected += n,
                    _ => part.open += n,
                }
            }
        }
        out.truncate(MOST_PARTS);
        Ok(out)
    })
}

/// First path of an area's subtree, and the first after it.
fn range(r: &mut dyn Query, code: Option<&str>) -> Result<(String, String)> {
    Ok(match code {
        Some(code) => {
            let path = area::by_code(r, code)?.ok_or_else(|| Kind::Unknown.at("area"))?.path;
            let end = area::end_of(&path);
            (path, end)
        }
        None => (String::new(), "~".into()),
    })
}

fn count(app: &App, code: Option<&str>, now: Ms) -> Result<Equation> {
    app.db.read(|r| {
        let (from, to) = range(r, code)?;
        // One statement, so that everything comes from one snapshot.
        let sql = "select state, count(*) n, count(holder) held, count(due_at) ticking, \
                   (select size from log_head where id = 1) size, (select cast(coalesce(sum(n), 0) as bigint) from day_number) numbers \
                   from cases where path >= $1 and path < $2 group by state";
        let mut e = Equation {
            received: 0, open: 0, closed: 0, merged: 0, rejected: 0, holds: true,
            at: app.time(now),
            log: Point { size: 0, root: String::new() },
        };
        let (mut all, mut numbers) = (0, None);
        for row in r.rows(sql, params![from, to])? {
            let n: i64 = row.get("n")?;
            let state: String = row.get("state")?;
            let (held, ticking): (i64, i64) = (row.get("held")?, row.get("ticking")?);
            match State::parse(&state) {
                Some(State::Closed) => e.closed += n,
                Some(State::Merged) => e.merged += n,
                Some(State::Rejected) => e.rejected += n,
                Some(_) => {
                    e.open += n;
                    e.holds &= held == n && ticking == n;
                }
                None => e.holds = false,
            }
            all += n;
            numbers = Some(row.get::<i64>("numbers")?);
            e.log.size = row.get("size")?;
        }
        e.received = if code.is_none() { numbers.unwrap_or(0) } else { all };
        e.holds &= e.received == e.open + e.closed + e.merged + e.rejected;
        if all == 0 {
            e.log.size = r.log_size()?;
        }
        e.log.root = r.root(e.log.size)?.iter().map(|b| format!("{b:02x}")).collect();
        Ok(e)
    })
}
