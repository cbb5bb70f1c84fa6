//! Which entries of the log become notices, and for whom. Notices carry a kind and a number, never a personal value.

use std::collections::BTreeSet;

use store::{Query, Written, params};

use super::{Case, by_id};
use crate::base::notice::New;
use crate::base::party::Chart;
use crate::base::roster;
use crate::kit::Result;

/// Followers and merged reporters who are told at once; what more there are see it on the page.
const MOST: i64 = 500;

/// Steps of a ladder: they go to whoever is on duty, if anybody is. Whoever is away is told of nothing.
const LADDER: [&str; 4] = ["warn", "escalate", "adjudicate", "task-late"];

/// The notices of one entry: for the reporter and whoever the case concerns too what others did, for a party what now
/// lies with it.
///
/// New reports are no notices: the desk's queue shows them, and a storm of reports must not become a storm of messages.
pub fn of(q: &mut dyn Query, chart: &Chart, entry: &Written) -> Result<Vec<New>> {
    let Some(act) = entry.act.strip_prefix("case.").filter(|a| !matches!(*a, "report" | "import")) else { return Ok(Vec::new()) };
    let Some(case) = by_id(q, &entry.obj)? else { return Ok(Vec::new()) };
    let actor = entry.field("actor");
    let new = |person: &str, kind: String| New { person: person.into(), at: entry.at, kind, subject: case.number.clone() };
    let mut out = Vec::new();
    for person in residents(q, &case, act)? {
        if Some(person.as_str()) != actor {
            out.push(new(&person, format!("mine-{act}")));
        }
    }
    for body in parties(chart, &case, act, entry) {
        for person in roster::reachable(q, &body, entry.at, LADDER.contains(&act))? {
            if Some(person.as_str()) != actor {
                out.push(new(&person, format!("work-{act}")));
            }
        }
    }
    if act == "reassign" && case.assignee.is_none() {
        for person in roster::reachable(q, entry.fact("holder").unwrap_or_default(), entry.at, true)? {
            out.push(new(&person, "work-unassign".into()));
        }
    }
    if matches!(act, "assign" | "reassign")
        && let Some(person) = case.assignee.as_deref().filter(|p| Some(*p) != actor)
    {
        out.push(new(person, format!("work-{act}")));
    }
    Ok(out)
}

/// The reporter; for what matters to all, also whoever follows it and whoever's report was merged into it.
fn residents(q: &mut dyn Query, case: &Case, act: &str) -> Result<BTreeSet<String>> {
    const TOLD: [&str; 16] = [
        "accept",
        "reject",
        "dispatch",
        "return",
        "feedback",
        "check",
        "close",
        "reopen",
        "merge",
        "claim",
        "suspend",
        "hang_up",
        "back",
        "resume",
        "adjudicate",
        "rule",
    ];
    let mut out = BTreeSet::new();
    if !TOLD.contains(&act) {
        return Ok(out);
    }
    out.extend(case.reporter.clone());
    if matches!(act, "feedback" | "close" | "reopen" | "hang_up" | "back" | "reject") {
        for (sql, key) in [
            ("select person from case_follow where case_id = $1 limit $2", &case.id),
            ("select reporter person from cases where merged_into = $1 and reporter is not null limit $2", &case.number),
        ] {
            for row in q.rows(sql, params![key, MOST])? {
                out.insert(row.get("person")?);
            }
        }
    }
    Ok(out)
}

/// Organisations that have something to do by this step.
fn parties(chart: &Chart, case: &Case, act: &str, entry: &Written) -> Vec<String> {
    let holder = || entry.fact("holder").map(str::to_owned);
    let above = |body: &str| chart.body(body).and_then(|b| chart.desk_above(b)).map(|b| b.id.clone());
    let fact = |name: &str| entry.fact(name).map(str::to_owned);
    let handler_or_holder = || case.handler.clone().or_else(holder);
    match act {
        // Whoever got it: a handler, the desk it came back to, the desk above.
        "dispatch" | "escalate" | "reopen" | "feedback" | "return" | "rule" | "adjudicate" | "back" | "resume" => {
            holder().into_iter().collect()
        }
        // First whoever does it, then whoever answers for that.
        "warn" => match entry.leaf.get("x_warned").and_then(serde_json::Value::as_i64) {
            Some(1) => holder().into_iter().collect(),
            _ => holder().as_deref().and_then(above).into_iter().collect(),
        },
        "ask" => chart.desk_of(&case.path).ok().map(|d| d.id.clone()).into_iter().collect(),
        "grant" | "refuse" | "withdraw" => handler_or_holder().into_iter().collect(),
        // On what is settled already, the desk that answers for the place looks again.
        "supervise" if !case.state.is_open() => chart.desk_of(&case.path).ok().map(|d| d.id.clone()).into_iter().collect(),
        "supervise" => handler_or_holder().into_iter().collect(),
        "task" | "task-insist" | "task-cancel" => fact("body").into_iter().collect(),
        "task-done" | "task-refuse" => fact("caller").into_iter().collect(),
        "task-late" => {
            let caller = fact("caller");
            let up = caller.as_deref().and_then(above);
            [fact("body"), caller, up].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    }
}
