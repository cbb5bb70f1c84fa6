//! Indicators: events counted from the log, one row for each scope, day and measure.
//!
//! What must stay true: every count can be made again from the log, where each step names what it counts as; a step counts
//! for its area and all areas above, for its class, and for the party it is charged to; a count that is taken back (`-name`,
//! with the moment at which it was made) goes from the day on which it stood. A block holds what its days hold together.
//! Cost of a board: the blocks and the days at both ends of what is asked for times the measures, however many cases there
//! are.

use std::collections::HashMap;

use calc::kpi::Counts;
use store::{Query, Tx, Written, params};

use crate::base::area;
use crate::base::worktime;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, follow};
use crate::records::case::list::{self, Moment};

const KPI: [&str; 4] = ["scope", "day", "measure", "n"];
const BLOCKS: [&str; 4] = ["scope", "block", "measure", "n"];
/// Days of a block: each step is counted in its day and in its block.
const BLOCK: i64 = 32;
const CASE: [&str; 5] = ["measure", "at", "case_id", "path", "body"];

/// Events that nobody needs to look up one by one: they are found by the dates of the case.
const PLAIN: [&str; 8] = ["received", "accepted", "dispatched", "handled", "closed", "solved", "rated", "satisfied"];

/// One counted event.
struct Event {
    measure: String,
    /// 1, or -1 when an earlier count is taken back.
    n: i64,
    at: Ms,
    case_id: String,
    path: String,
    body: Option<String>,
    class: Option<String>,
}

/// Counts new entries of the log; returns how many were read.
pub fn follow(app: &App) -> Result<u64> {
    let zone = &app.config.zone;
    follow::follow(
        app,
        "kpi",
        |r, entries| {
            let mut paths: HashMap<String, String> = HashMap::new();
            let mut events = Vec::new();
            for entry in entries {
                events_of(r, entry, &mut paths, &mut events)?;
            }
            Ok(events.into_iter().map(|e| (day(e.at, zone), e)).collect::<Vec<_>>())
        },
        |tx, events| events.iter().try_for_each(|(day, event)| count(tx, event, *day)),
    )
}

fn events_of(q: &mut dyn Query, entry: &Written, paths: &mut HashMap<String, String>, out: &mut Vec<Event>) -> Result<()> {
    let number = |name: &str| entry.leaf.get(name).and_then(serde_json::Value::as_i64);
    let moment = |c: &str| if c.starts_with('-') { number("x_counted_at").unwrap_or(entry.at) } else { entry.at };
    let counted = entry.fact("counts").into_iter().flat_map(|c| c.split(' ')).map(|c| (c, moment(c)));
    let all: Vec<(&str, Ms)> = if entry.act == "case.import" {
        imported(number("x_received"), number("x_closed").filter(|_| entry.fact("state") == Some("closed"))).collect()
    } else {
        counted.collect()
    };
    let (false, Some(area)) = (all.is_empty(), entry.field("area")) else { return Ok(()) };
    if !paths.contains_key(area) {
        let path = area::by_id(q, area)?.map(|a| a.path).unwrap_or_default();
        paths.insert(area.to_owned(), path);
    }
    for (measure, at) in all {
        out.push(Event {
            measure: measure.trim_start_matches('-').to_owned(),
            n: if measure.starts_with('-') { -1 } else { 1 },
            at,
            case_id: entry.obj.clone(),
            path: paths[area].clone(),
            body: entry.fact("charged").map(str::to_owned),
            class: entry.fact("of_class").or(entry.fact("class")).map(str::to_owned),
        });
    }
    Ok(())
}

/// What a case counts as that came with its dates, and when.
pub(crate) fn imported(received: Option<Ms>, closed: Option<Ms>) -> impl Iterator<Item = (&'static str, Ms)> {
    let ends = closed.into_iter().flat_map(|at| ["accepted", "closed", "solved"].map(|m| (m, at)));
    received.map(|at| ("received", at)).into_iter().chain(ends)
}

/// For whom a step counts: its area and all above, the party, the class.
pub(crate) fn scopes(path: &str, body: Option<&str>, class: Option<&str>) -> Vec<String> {
    let areas = path.char_indices().filter(|(_, c)| *c == '/').map(|(end, _)| path[..=end].to_owned());
    let class = format!("class:{}", class.unwrap_or("none"));
    areas.chain(body.map(|b| format!("body:{b}"))).chain([class]).collect()
}

/// Adds to a count.
pub(crate) fn add(tx: &mut Tx, scope: &str, day: i64, measure: &str, n: i64) {
    tx.add("kpi", &KPI, params![scope, day, measure, n]);
    tx.add("kpi_block", &BLOCKS, params![scope, day.div_euclid(BLOCK), measure, n]);
}

fn count(tx: &mut Tx, e: &Event, day: i64) -> Result<()> {
    for scope in scopes(&e.path, e.body.as_deref(), e.class.as_deref()) {
        add(tx, &scope, day, &e.measure, e.n);
    }
    if e.n < 0 {
        let sql = "delete from kpi_case where measure = $1 and at = $2 and case_id = $3";
        tx.exec(sql, params![&e.measure, e.at, &e.case_id])?;
    } else if !PLAIN.contains(&e.measure.as_str()) {
        // Two steps may fall into one moment.
        tx.keep("kpi_case", &CASE, params![&e.measure, e.at, &e.case_id, &e.path, &e.body]);
    }
    Ok(())
}

/// Number of a local day.
pub fn day(at: Ms, zone: &jiff::tz::TimeZone) -> i64 {
    worktime::local(at, zone).div_euclid(DAY)
}

/// What was counted in a scope from one day to another, both included.
pub fn counts(q: &mut dyn Query, scope: &str, from: i64, to: i64) -> store::Result<Counts> {
    // Whole blocks in the middle; when there is none, all are days.
    let (first, end) = ((from + BLOCK - 1).div_euclid(BLOCK), (to + 1).div_euclid(BLOCK));
    let (until, again) = if first < end { (first * BLOCK, end * BLOCK) } else { (to + 1, to + 1) };
    let sql = "select measure, cast(sum(n) as bigint) n from ( \
               select measure, n from kpi where scope = $1 and day >= $2 and day < $3 union all \
               select measure, n from kpi where scope = $1 and day >= $4 and day <= $5 union all \
               select measure, n from kpi_block where scope = $1 and block >= $6 and block < $7) s group by measure";
    q.rows(sql, params![scope, from, until, again, to, first, end])?
        .iter()
        .map(|r| Ok((r.get("measure")?, r.get("n")?)))
        .collect()
}

/// Received and closed of each day.
pub fn trend(q: &mut dyn Query, scope: &str, from: i64, to: i64) -> store::Result<Vec<(i64, i64, i64)>> {
    // Each in the words of its index, which leaves the other measures out.
    let one = |measure: &str, a: &str, b: &str| {
        format!("select day, {a} a, {b} b from kpi where scope = $1 and measure = '{measure}' and day >= $2 and day <= $3")
    };
    let sql = format!(
        "select day, cast(sum(a) as bigint) a, cast(sum(b) as bigint) b from ({} union all {}) s group by day order by day",
        one("received", "n", "0"),
        one("closed", "0", "n")
    );
    q.rows(&sql, params![scope, from, to])?.iter().map(|r| Ok((r.get("day")?, r.get("a")?, r.get("b")?))).collect()
}

/// Cases behind a measure, the newest first: ids.
pub fn cases(q: &mut dyn Query, measure: &str, path: &str, from: Ms, to: Ms, limit: i64) -> store::Result<Vec<String>> {
    match measure {
        "received" => list::between(q, path, Moment::Received, from, to, limit),
        "closed" | "solved" => list::between(q, path, Moment::Closed, from, to, limit),
        _ => {
            let sql = "select case_id id from kpi_case where measure = $6 and at >= $1 and at < $2 and path >= $3 and path < $4 \
                       order by at desc limit $5";
            let rows = q.rows(sql, params![from, to, path, area::end_of(path), limit, measure])?;
            rows.iter().map(|r| r.get("id")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::config::Config;

    #[test]
    fn blocks_and_days_together_are_what_all_days_are() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path());
        config.file.store.min_free_mb = 0;
        let app = App::open(config).unwrap();
        let n = |day: i64| day * day % 7;
        let days = || 20_000..20_150;
        let write = move |tx: &mut Tx| {
            days().for_each(|day| add(tx, "1/", day, "received", n(day)));
            Ok::<_, crate::kit::Error>(tx.follow("kpi", 0)?)
        };
        app.db.write(write).unwrap();
        let read = |from, to| app.db.read(|r| counts(r, "1/", from, to)).unwrap().get("received").copied().unwrap_or(0);
        for from in (19_990..20_160).step_by(3) {
            for to in from - 1..20_160 {
                let all: i64 = days().filter(|d| (from..=to).contains(d)).map(n).sum();
                assert_eq!(read(from, to), all, "{from} to {to}");
            }
        }
    }
}
