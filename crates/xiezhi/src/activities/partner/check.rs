//! What a desk looks at before it decides: found by the program, judged by people.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::pack::Pack;
use super::rules::{self, PaperState};
use super::{Partner, listed, paper};
use crate::activities::service;
use crate::base::party::Chart;
use crate::kit::Result;
use crate::kit::time::{DAY, Ms};
use crate::records::register::find;

/// Others with the same name or code that are named.
const NAMED: usize = 5;

/// One line of the list. Its text is `partner-check-<what>-<found>`.
#[derive(Serialize, JsonSchema)]
pub struct Line {
    /// What was looked at: code, papers, days, same-code, same-name, register.
    pub what: &'static str,
    /// What was found.
    pub found: &'static str,
    /// jade (nothing in the way), amber (to be looked at), vermilion (in the way).
    pub tone: &'static str,
    /// Which ones.
    pub named: Vec<String>,
}

fn line(what: &'static str, found: &'static str, tone: &'static str) -> Line {
    Line { what, found, tone, named: Vec::new() }
}

/// The whole list.
pub fn list(q: &mut dyn Query, pack: &Pack, chart: &Chart, one: &Partner, now: Ms) -> Result<Vec<Line>> {
    let mut out = Vec::new();
    out.push(match &one.uscc {
        Some(code) if rules::code(code).is_ok() => line("code", "right", "jade"),
        Some(_) => line("code", "wrong", "vermilion"),
        None => Line { named: one.backer.iter().cloned().collect(), ..line("code", "none", "amber") },
    });
    let needs = one.needs(pack)?;
    let papers = paper::of(q, &one.id)?;
    out.push(match rules::missing(needs, one.uscc.is_some(), &paper::shown(&papers)) {
        None => line("papers", "there", "jade"),
        Some(_) => line("papers", "missing", "vermilion"),
    });
    let living = papers.iter().filter(|p| p.state != PaperState::Unfit).filter_map(|p| p.until_at);
    out.push(match living.min() {
        Some(at) if at <= now => line("days", "past", "vermilion"),
        Some(at) if at <= now + pack.limits.remind_days * DAY => line("days", "soon", "amber"),
        Some(_) => line("days", "right", "jade"),
        None => line("days", "none", "jade"),
    });
    if let Some(code) = &one.uscc {
        let mut named = partners(q, "uscc = $1 and id <> $2 order by number limit 5", code, &one.id)?;
        named.extend(service::org_of_code(q, code)?.into_iter().map(|o| o.name));
        out.push(others("same-code", named));
        out.push(match find::holds_code(q, code)? {
            true => line("register", "there", "jade"),
            false => line("register", "none", "amber"),
        });
    }
    let mut named = partners(q, "name = $1 and id <> $2 order by number limit 5", &one.name, &one.id)?;
    let same = chart.bodies().filter(|b| b.name == one.name && one.body.as_ref() != Some(&b.id));
    let mut bodies: Vec<String> = same.map(|b| b.name.clone()).collect();
    bodies.sort();
    named.extend(bodies);
    out.push(others("same-name", named));
    Ok(out)
}

fn partners(q: &mut dyn Query, filter: &str, value: &str, but: &str) -> Result<Vec<String>> {
    Ok(listed(q, filter, params![value, but])?.into_iter().map(|p| format!("{} {}", p.number, p.name)).collect())
}

fn others(what: &'static str, mut named: Vec<String>) -> Line {
    named.truncate(NAMED);
    let found = if named.is_empty() { "none" } else { "found" };
    Line { named, ..line(what, found, if found == "none" { "jade" } else { "amber" }) }
}
