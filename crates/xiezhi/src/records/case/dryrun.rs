//! The trial of a routing table on what has happened: where it would have sent the last cases, before it sends anything.
//!
//! What must stay true: a trial writes nothing; it compares with who really handled a case, and judges each at the time
//! it was dispatched; a table comes into force only by whoever has this page before him; open cases stay where they are.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::{COLUMNS, Case, Rulebook, read};
use crate::base::party::admin::over_the_node;
use crate::base::routing::admin::{RuleView, told};
use crate::base::routing::{self, Suggested, Table};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms, day_begin};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/routing/{version}", May::Admin, show, "A routing table and its trial on the last dispatched cases.")
        .gives::<View>(),
    Route::post(
        "/admin/routing/{version}",
        May::Admin,
        enable,
        "Puts a draft in force: `{seen, from?}`; `seen` is the trial's `elsewhere`.",
    ),
];
/// Cases that a trial looks at.
pub const CASES: i64 = 20_000;
/// Differing cases that are listed.
const LISTED: usize = 200;
/// How far ahead a table may be put in force.
const AHEAD: Ms = 730 * DAY;

#[derive(Serialize, JsonSchema)]
struct View {
    version: i64,
    /// Nobody has put it in force yet.
    draft: bool,
    valid_from: Option<String>,
    rules: Vec<RuleView>,
    holes: Vec<String>,
    trial: Trial,
}

/// What a table would have done.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Trial {
    /// Cases looked at.
    pub cases: usize,
    /// From when on.
    pub since: Option<String>,
    /// Cases that the table would have given to somebody else than who handled them.
    pub elsewhere: usize,
    /// The same for what holds now.
    pub elsewhere_now: usize,
    /// Cases for which it names nobody.
    pub nobody: usize,
    /// From whom to whom, the most first.
    pub parties: Vec<Move>,
    /// By class, the most first.
    pub classes: Vec<ClassCount>,
    /// Some of the differing cases, the newest first.
    pub items: Vec<Differing>,
}

/// Cases that would have gone from one party to another.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Move {
    pub from: String,
    pub to: String,
    pub n: usize,
}

/// Differing cases of a class.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClassCount {
    pub class: String,
    pub n: usize,
    pub of: usize,
}

/// A case that would have gone elsewhere.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Differing {
    pub number: String,
    pub class: String,
    pub at: String,
    pub from: String,
    pub to: String,
    /// Number of the rule.
    pub rule: i64,
}

/// The cases dispatched last, each with when that was, the newest first.
fn dispatched(q: &mut dyn Query) -> Result<Vec<(Case, Ms)>> {
    let columns = COLUMNS.split(", ").map(|c| format!("c.{c}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select {columns}, coalesce((select min(h.from_at) from case_hold h where h.case_id = c.id and h.state in ('dispatched', 'handling')), \
         c.hold_from, c.received_at) sent_at from cases c where c.handler is not null order by c.received_at desc limit $1"
    );
    let rows = q.rows(&sql, params![CASES])?;
    Ok(rows.iter().map(|r| Ok((read(r)?, r.get("sent_at")?))).collect::<store::Result<_>>()?)
}

/// Tries a table.
pub fn trial(q: &mut dyn Query, req: &Req, table: &Table) -> Result<Trial> {
    let book = Rulebook::read(q, req.app)?;
    let mut out = Trial::default();
    let (mut parties, mut classes) = (BTreeMap::<(String, String), usize>::new(), BTreeMap::<String, (usize, usize)>::new());
    for (case, at) in dispatched(q)? {
        let handler = case.handler.as_deref().unwrap_or_default();
        let class = book.class(&case);
        // What belongs to somebody goes to him, whatever a table says.
        let new = match book.owner(q, &case, at)? {
            Some(body) => Some(Suggested { body, rule: None }),
            None => table.decide(&book.chart, class, &case.path, book.time.working(at)),
        };
        let now = book.suggest(q, &case, at)?;
        let count = classes.entry(class.code.clone()).or_default();
        count.1 += 1;
        out.cases += 1;
        out.since = Some(req.app.time(case.received_at));
        out.elsewhere_now += usize::from(now.is_some_and(|s| s.body != handler));
        let Some(Suggested { body, rule }) = new else {
            out.nobody += 1;
            continue;
        };
        if body == handler {
            continue;
        }
        out.elsewhere += 1;
        count.0 += 1;
        let (from, to) = (book.chart.name(handler), book.chart.name(&body));
        if out.items.len() < LISTED {
            out.items.push(Differing {
                number: case.number.clone(),
                class: class.name(req.lang).to_owned(),
                at: req.app.time(at),
                from: from.clone(),
                to: to.clone(),
                rule: rule.as_deref().and_then(routing::parse_rule).map_or(0, |(_, n)| n),
            });
        }
        *parties.entry((from, to)).or_default() += 1;
    }
    out.parties = parties.into_iter().map(|((from, to), n)| Move { from, to, n }).collect();
    out.parties.sort_by_key(|m| std::cmp::Reverse(m.n));
    let label = |code: &str| book.classes.label(code, req.lang).to_owned();
    let counts = classes.into_iter().filter(|(_, (n, _))| *n > 0);
    out.classes = counts.map(|(code, (n, of))| ClassCount { class: label(&code), n, of }).collect();
    out.classes.sort_by_key(|c| std::cmp::Reverse(c.n));
    Ok(out)
}

fn version(req: &Req) -> Result<i64> {
    req.param("version").parse().map_err(|_| Kind::NotFound.into())
}

fn show(req: &Req) -> Result<Reply> {
    let number = version(req)?;
    let view = req.app.db.read(|r| {
        // It shows numbers of cases of the whole node.
        over_the_node(r, &req.who)?;
        let table = routing::read(r, number)?;
        let (rules, holes) = told(req, r, &table.rules)?;
        let trial = trial(r, req, &table)?;
        let valid_from = table.valid_from.map(|at| req.app.time(at));
        Ok::<_, Error>(View { version: number, draft: valid_from.is_none(), valid_from, rules, holes, trial })
    })?;
    req.page("records/case/dryrun.html", &view)
}

fn enable(req: &Req) -> Result<Reply> {
    let (number, input) = (version(req)?, req.input()?);
    let seen = input.int("seen", 0, CASES)?.ok_or_else(|| Kind::Missing.at("seen"))?;
    let from = match input.text("from", 20)? {
        Some(day) => day_begin(&day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("from"))?,
        None => req.now,
    };
    if from > req.now + AHEAD {
        return Err(Kind::OutOfRange.at("from"));
    }
    // A hole may have opened since it was a draft: another class, another office.
    let holes = req.app.db.read(|r| {
        over_the_node(r, &req.who)?;
        let table = routing::read(r, number)?;
        Ok::<_, Error>(told(req, r, &table.rules)?.1)
    })?;
    if !holes.is_empty() {
        return Err(Kind::BadRouting.at("version"));
    }
    let (actor, who) = (req.person()?.to_owned(), req.who.clone());
    req.once(move |tx| {
        over_the_node(tx, &who)?;
        routing::enable(tx, Some(&actor), number, from, seen)?;
        Ok(number.to_string())
    })?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "version": number }));
    }
    Ok(Reply::see_other(req.url(&format!("/admin/routing?made={number}"))))
}
