//! What readers see of budgets: the list, one budget with its projects, the result.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::count::Counted;
use super::rules::{self, Phase};
use super::{Budget, Project, Stand, Task, around, projects};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::Chart;
use crate::kit::time::Ms;
use crate::kit::{Req, Result};
use crate::records::case::decided;

/// Budgets of one page.
const PAGE: i64 = 50;
/// Organisations that are offered to carry a project out.
const HANDLERS: usize = 200;

/// Budgets of a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub items: Vec<Item>,
    /// Where the next page begins: a moment.
    pub before: Option<Ms>,
    /// Whether this reader may begin one.
    pub may: bool,
}

/// A budget in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub place: String,
    pub phase: &'static str,
    pub amount: i64,
    pub amount_text: String,
}

/// A project, as far as this reader sees it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ProjectView {
    pub n: i64,
    pub state: &'static str,
    pub title: Option<String>,
    pub public: Option<String>,
    /// As it was proposed: its author's and the desk's.
    pub words: Option<String>,
    pub own: bool,
    pub cost: Option<i64>,
    pub cost_text: Option<String>,
    pub why: Option<String>,
    pub tie: Option<i64>,
    /// Whether this reader's ballot names it.
    pub chosen: bool,
    pub votes: Option<u64>,
    pub won: Option<bool>,
    pub reason: Option<String>,
    pub price: Option<String>,
    pub payers: Option<u64>,
    pub rest: Option<String>,
    /// Who carries it out, once somebody was named.
    pub task: Option<TaskView>,
}

/// What was promised of a project that won, and whether it was kept.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TaskView {
    pub case: String,
    pub party: String,
    pub due_at: String,
    pub done_at: Option<String>,
    /// doing, done, done-late, late, dropped.
    pub stands: &'static str,
}

/// An organisation that can carry something out.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// One budget.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub title: String,
    pub about: String,
    pub place: String,
    pub phase: &'static str,
    pub amount: i64,
    pub amount_text: String,
    pub most: i64,
    pub ideas_until: String,
    pub opens_at: String,
    pub closes_at: String,
    pub why: Option<String>,
    /// What drew the order of ties, and the entry of the log that says so.
    pub seed: Option<String>,
    pub post_seq: Option<u64>,
    pub voters: i64,
    pub projects: Vec<ProjectView>,
    /// Whether this reader may propose and choose.
    pub takes_part: bool,
    /// When his ballot was cast.
    pub cast_at: Option<String>,
    /// It was cast just now.
    pub done: bool,
    pub runs: bool,
    pub undecided: usize,
    pub cost: Option<i64>,
    pub cost_text: Option<String>,
    pub share: Option<String>,
    /// Projects that would have won by votes alone and did not.
    pub greedy_only: Vec<i64>,
    /// Who can carry projects out, for whoever runs it.
    pub bodies: Vec<Choice>,
}

/// An amount as people write it: `128,000`.
fn yuan(amount: i64) -> String {
    let digits = amount.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An amount with decimals, its whole part grouped.
fn grouped(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "00"));
    format!("{}.{part}", yuan(whole.parse().unwrap_or_default()))
}

fn place(q: &mut dyn Query, id: &str) -> Result<String> {
    Ok(area::by_id(q, id)?.map(|a| a.name).unwrap_or_default())
}

/// Budgets around a place.
pub fn list(req: &Req, q: &mut dyn Query, path: &str, before: Ms) -> Result<List> {
    let mut found = around(q, path, before, PAGE + 1)?;
    let more = found.len() as i64 > PAGE;
    found.truncate(PAGE as usize);
    let before = found.last().filter(|_| more).map(|b| b.made_at);
    let mut items = Vec::new();
    for b in found {
        items.push(Item {
            place: place(q, &b.area)?,
            phase: rules::phase(&b, req.now).as_str(),
            amount: b.amount,
            amount_text: yuan(b.amount),
            number: b.number,
            title: b.title,
        });
    }
    Ok(List { items, before, may: req.who.nearest_desk().is_some() })
}

/// When this reader chose, and what: his own to read, and nobody else's.
fn ballot(req: &Req, q: &mut dyn Query, budget: &Budget, look: &mut Look) -> Result<Option<(Ms, Vec<i64>)>> {
    let Some(person) = req.who.person.as_deref().filter(|_| req.who.by.is_none()) else { return Ok(None) };
    let voter = crate::kit::voter(|p, t| req.app.db.digest(p, t), &budget.id, person);
    let row = q.row("select at, choices from budget_ballot where budget = $1 and voter = $2", params![&budget.id, voter])?;
    let Some(row) = row else { return Ok(None) };
    let text = q.open_text(&budget.id, row.get("choices")?)?.unwrap_or_default();
    let text = look.at(&Graded::new("budget.choice", &budget.id, text), Relation::Owner).unwrap_or_default();
    Ok(Some((row.get("at")?, text.split(',').filter_map(|n| n.parse().ok()).collect())))
}

/// One budget; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, budget: &Budget, look: &mut Look) -> Result<Full> {
    let (phase, runs) = (rules::phase(budget, req.now), budget.is_run_by(&req.who));
    let mine = ballot(req, q, budget, look)?;
    let result = budget.counted()?;
    let (mut views, mut undecided, chart) = (Vec::new(), 0, Chart::read(q, req.app)?);
    for p in projects(q, &budget.id)? {
        undecided += usize::from(p.state == Stand::Idea);
        let own = p.by.is_some() && p.by == req.who.person && req.who.by.is_none();
        // What waits or was declined is its author's and the desk's; the reason for declining is everybody's.
        let words = if runs || own { q.open_text(&budget.id, p.words.clone())? } else { None };
        let relation = if own { Relation::Owner } else { Relation::Desk };
        let words = words.and_then(|w| look.at(&Graded::new("budget.words", &budget.id, w).of(&budget.number), relation));
        let task = p.task.as_ref().map(|t| task(req, q, &chart, t)).transpose()?.flatten();
        let view = project(p, own, words, mine.as_ref().map(|(_, chosen)| chosen.as_slice()), result.as_ref());
        views.push(ProjectView { task, ..view });
    }
    let told = result.as_ref().map(|r| r.told.iter().map(|t| t.n).collect::<Vec<_>>()).unwrap_or_default();
    let place_of = |n: i64| told.iter().position(|t| *t == n).unwrap_or(usize::MAX);
    // Before the result in the order that was drawn, then winners first.
    views.sort_by_key(|p| (place_of(p.n), p.tie.unwrap_or(i64::MAX), p.n));
    let won = |n: &i64| result.as_ref().is_some_and(|r| r.won(*n));
    let bodies = if runs && phase == Phase::Published { handlers(&chart, &budget.path) } else { Vec::new() };
    let voters = q.count("select count(*) from budget_ballot where budget = $1", params![&budget.id])?;
    let cast_at = mine.map(|(at, _)| req.app.time(at));
    Ok(Full {
        number: budget.number.clone(),
        title: budget.title.clone(),
        about: budget.about.clone(),
        place: place(q, &budget.area)?,
        phase: phase.as_str(),
        amount: budget.amount,
        amount_text: yuan(budget.amount),
        most: budget.most,
        ideas_until: req.app.time(budget.ideas_until),
        opens_at: req.app.time(budget.opens_at),
        closes_at: req.app.time(budget.closes_at),
        why: budget.why.clone(),
        seed: budget.seed.clone(),
        post_seq: budget.post_seq,
        voters,
        projects: views,
        takes_part: req.who.part_in(&budget.path).is_some(),
        done: req.query.get("done").is_some() && cast_at.is_some() && phase == Phase::Open,
        cast_at,
        runs,
        undecided,
        cost: result.as_ref().map(|r| r.cost),
        cost_text: result.as_ref().map(|r| yuan(r.cost)),
        share: result.as_ref().map(|r| grouped(&r.share)),
        greedy_only: result.as_ref().map(|r| r.greedy.iter().copied().filter(|n| !won(n)).collect()).unwrap_or_default(),
        bodies,
    })
}

fn project(p: Project, own: bool, words: Option<String>, chosen: Option<&[i64]>, result: Option<&Counted>) -> ProjectView {
    let told = result.and_then(|r| r.told.iter().find(|t| t.n == p.n));
    ProjectView {
        n: p.n,
        state: p.state.as_str(),
        cost_text: p.cost.map(yuan),
        title: p.title,
        public: p.public,
        words,
        own,
        cost: p.cost,
        why: p.why,
        tie: p.tie,
        chosen: chosen.is_some_and(|c| c.contains(&p.n)),
        votes: told.map(|t| t.votes),
        won: told.map(|t| t.won),
        reason: told.map(|t| t.reason.clone()),
        price: told.and_then(|t| t.price.as_deref().map(grouped)),
        payers: told.and_then(|t| t.payers),
        rest: told.and_then(|t| t.rest.as_deref().map(grouped)),
        task: None,
    }
}

fn task(req: &Req, q: &mut dyn Query, chart: &Chart, task: &Task) -> Result<Option<TaskView>> {
    let Some(case) = decided::carrier(q, &task.case)? else { return Ok(None) };
    let ended = decided::ended(&case);
    let done = case.closed_at.filter(|_| ended == Some(true));
    Ok(Some(TaskView {
        party: chart.name(&task.body),
        due_at: req.app.time(task.due_at),
        done_at: done.map(|t| req.app.time(t)),
        stands: decided::standing(ended, task.due_at, done, req.now).as_str(),
        case: case.number,
    }))
}

/// Organisations around a place that can carry something out.
fn handlers(chart: &Chart, path: &str) -> Vec<Choice> {
    let near = chart.handlers_around(path).take(HANDLERS);
    near.map(|b| Choice { id: b.id.clone(), name: b.name.clone() }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_grouped() {
        assert_eq!([0, 999, 1000, 128_000, 1_234_567].map(super::yuan), ["0", "999", "1,000", "128,000", "1,234,567"]);
        assert_eq!(super::grouped("100000.05"), "100,000.05");
    }
}
