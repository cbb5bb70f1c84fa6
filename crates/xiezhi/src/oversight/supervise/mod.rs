//! Supervision: the equation, the indicators, calls to a random sample.
//!
//! The equation: received = open + closed + merged + rejected, for the whole node and for each area.
//!
//! What must stay true (inv01, in public): `received` is the sum of the numbers that were handed out, the other side the
//! tally that each write keeps, both from one snapshot together with the size of the log; `holds` says that they agree,
//! and that there are exactly as many running clocks and holders as open cases. Cost: the rows of the tally (areas ×
//! states) and the open cases in an index, however many cases were ever closed.
//!
//! Log kinds written: `supervise.callback`.

/// Calls to a random sample after closing.
pub mod callback;
/// Indicators.
pub mod kpi;
/// Pages of the indicators.
pub mod kpi_web;
/// The page of the equation.
pub mod web;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, hex, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::{App, Result};
use crate::records::case::rules::State;

/// Communities that are listed.
const MOST_PARTS: usize = 200;

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

/// The equation now, of the whole node or of an area by its code.
pub fn equation(app: &App, code: Option<&str>) -> Result<Equation> {
    app.db.read(|r| {
        let (from, to) = range(r, code)?;
        // One statement, so that everything comes from one snapshot.
        let sql = "select t.state, cast(sum(t.n) as bigint) n, (select size from log_head where id = 1) size, \
            (select cast(coalesce(sum(n), 0) as bigint) from day_number) numbers, \
            (select count(*) from cases where due_at is not null and path >= $1 and path < $2) clocks, \
            (select count(holder) from cases where due_at is not null and path >= $1 and path < $2) holders \
            from case_tally t join area a on a.id = t.area where a.path >= $1 and a.path < $2 group by t.state";
        let rows = r.rows(sql, params![from, to])?;
        let log = match rows.first() {
            Some(row) => row.get("size")?,
            None => r.log_size()?,
        };
        let root = hex(r.root(log)?);
        let log = Point { size: log, root };
        let mut e =
            Equation { received: 0, open: 0, closed: 0, merged: 0, rejected: 0, holds: true, at: app.time(app.now()), log };
        for row in &rows {
            let (state, n): (String, i64) = (row.get("state")?, row.get("n")?);
            match State::parse(&state) {
                Some(State::Closed) => e.closed += n,
                Some(State::Merged) => e.merged += n,
                Some(State::Rejected) => e.rejected += n,
                _ => e.open += n,
            }
        }
        let all = e.open + e.closed + e.merged + e.rejected;
        if let Some(row) = rows.first() {
            let (clocks, holders): (i64, i64) = (row.get("clocks")?, row.get("holders")?);
            // Numbers are handed out by the node, not by the area.
            e.received = if code.is_none() { row.get("numbers")? } else { all };
            e.holds = e.received == all && clocks == e.open && holders == e.open;
        }
        Ok(e)
    })
}

/// The communities beneath an area (the whole node without one), each with its own sides; at most [`MOST_PARTS`].
pub fn parts(app: &App, code: Option<&str>) -> Result<Vec<Part>> {
    app.db.read(|r| {
        let (from, to) = range(r, code)?;
        // Cases lie in grids or communities; what lies higher has no community and is left to the sum above.
        let sql = "select m.code, m.name, t.state, cast(sum(t.n) as bigint) n from case_tally t join area a on a.id = t.area \
                   join area m on m.id = case when a.kind = 'grid' then a.parent else a.id end \
                   where m.kind = 'community' and a.path >= $1 and a.path < $2 group by m.code, m.name, t.state order by m.code limit 2000";
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
