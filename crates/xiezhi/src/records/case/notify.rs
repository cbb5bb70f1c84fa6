//! Which entries of the log become notices, and for whom. Notices carry a kind, a number and a class, never a personal value.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use store::{Query, Written, params};

use super::{Case, by_ids, complaint};
use crate::base::classes::{self, Catalogue};
use crate::base::notice::{New, Step};
use crate::base::party::Chart;
use crate::base::roster;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Result};

/// Followers and merged reporters who are told at once; what more there are see it on the page.
const MOST: i64 = 500;

/// Steps of a ladder: they go to whoever is on duty, if anybody is. Whoever is away is told of nothing.
const LADDER: [&str; 4] = ["warn", "escalate", "adjudicate", "task-late"];

/// What the entries of one chunk have in common, looked up once: their cases, and who can be told of an organisation.
pub struct Known {
    cases: HashMap<String, Case>,
    /// By organisation, minute and whether it is a step of a ladder.
    people: HashMap<(String, Ms, bool), Vec<String>>,
    classes: Arc<Catalogue>,
}

impl Known {
    /// Reads the cases of a chunk.
    pub fn of(q: &mut dyn Query, app: &App, entries: &[Written]) -> Result<Known> {
        let ids: BTreeSet<&String> = entries.iter().filter(|e| act(e).is_some()).map(|e| &e.obj).collect();
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let cases = by_ids(q, &ids)?.into_iter().map(|c| (c.id.clone(), c)).collect();
        Ok(Known { cases, people: HashMap::new(), classes: classes::read_now(q, app)? })
    }

    fn reachable(&mut self, q: &mut dyn Query, body: &str, at: Ms, ladder: bool) -> Result<&[String]> {
        let key = (body.to_owned(), at / MINUTE, ladder);
        if !self.people.contains_key(&key) {
            let people = roster::reachable(q, body, at, ladder)?;
            self.people.insert(key.clone(), people);
        }
        Ok(&self.people[&key])
    }
}

/// What was done to a case, when notices can follow from it.
fn act(entry: &Written) -> Option<&str> {
    entry.act.strip_prefix("case.").filter(|a| !matches!(*a, "report" | "import"))
}

/// Whether a step moves the case on to others, or lets it rest, so that what was waited for is waited for no longer.
fn settles(act: &str, entry: &Written) -> bool {
    const MOVES: [&str; 11] =
        ["dispatch", "return", "escalate", "adjudicate", "rule", "back", "resume", "reassign", "merge", "suspend", "hang_up"];
    // Whoever takes it on, or begins to look, is still the one who is waited for.
    let stays = matches!(act, "accept" | "check");
    let moved = entry.fact("from").is_some_and(|from| Some(from) != entry.fact("state")) && !stays;
    let rests = act == "grant" && entry.fact("overlay").is_some();
    moved || rests || MOVES.contains(&act)
}

/// What follows from one entry: notices for the reporter and whoever the case concerns too what others did, for a party
/// what now lies with it; and who is waited for no longer.
///
/// New reports are no notices: the desk's queue shows them, and a storm of reports must not become a storm of messages.
pub fn of(q: &mut dyn Query, chart: &Chart, known: &mut Known, entry: &Written) -> Result<Vec<Step>> {
    let Some(act) = act(entry) else { return Ok(Vec::new()) };
    // Whoever settled it on the spot did all of it himself; the desk's queue shows what is left, the check.
    if entry.leaf.get("x_on_the_spot").is_some() {
        return Ok(Vec::new());
    }
    let Some(case) = known.cases.get(&entry.obj).cloned() else { return Ok(Vec::new()) };
    let actor = entry.field("actor");
    let urgent = known.classes.or_other(case.class.as_deref()).urgent;
    let new = |person: &str, kind: String| {
        let (subject, class) = (case.number.clone(), case.class.clone());
        Step::Tell(New { person: person.into(), at: entry.at, kind, subject, class, urgent })
    };
    let mut out = Vec::new();
    // Who is waited for no longer: everybody, or those who did their part while others go on.
    let done = match act {
        _ if settles(act, entry) => {
            out.push(Step::Settled(case.number.clone()));
            None
        }
        "task-done" | "task-refuse" | "task-cancel" => entry.fact("body").map(str::to_owned),
        "grant" | "refuse" => complaint::desk(chart, &case).ok().map(|d| d.id.clone()),
        "assign" => entry.fact("holder").map(str::to_owned),
        _ => None,
    };
    if let Some(body) = done {
        let people = known.reachable(q, &body, entry.at, false)?.to_vec();
        // Whoever took it himself is still waited for.
        let people = people.into_iter().filter(|p| act != "assign" || Some(p) != case.assignee.as_ref()).collect();
        out.push(Step::Done(case.number.clone(), people));
    }
    for person in residents(q, &case, act)? {
        if Some(person.as_str()) != actor {
            out.push(new(&person, format!("mine-{act}")));
        }
    }
    for body in parties(chart, &case, act, entry) {
        for person in known.reachable(q, &body, entry.at, LADDER.contains(&act))? {
            if Some(person.as_str()) != actor {
                out.push(new(person, format!("work-{act}")));
            }
        }
    }
    if act == "reassign" && case.assignee.is_none() {
        for person in known.reachable(q, entry.fact("holder").unwrap_or_default(), entry.at, true)? {
            out.push(new(person, "work-unassign".into()));
        }
    }
    if matches!(act, "assign" | "reassign")
        && let Some(person) = case.assignee.as_deref().filter(|p| Some(*p) != actor)
    {
        out.push(new(person, format!("work-{act}")));
    }
    if !case.state.is_open() {
        // What is settled waits for nobody, whatever is said about it.
        out.push(Step::Settled(case.number.clone()));
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
        "ask" => complaint::desk(chart, case).ok().map(|d| d.id.clone()).into_iter().collect(),
        // Whoever had solved it hears that it came back.
        "recurred" => case.handler.clone().into_iter().collect(),
        "grant" | "refuse" | "withdraw" => handler_or_holder().into_iter().collect(),
        // On what is settled already, the desk that answers for the place looks again.
        "supervise" if !case.state.is_open() => complaint::desk(chart, case).ok().map(|d| d.id.clone()).into_iter().collect(),
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
