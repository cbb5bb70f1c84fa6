//! What readers see: the lists and numbers in public, requests for those they concern.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::act::asker;
use super::count::{self, Count, words};
use super::pack::{List, Pack};
use super::{BY_LIST, COLUMNS, Request, State, Vote, decisions, read};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::Chart;
use crate::kit::time::Ms;
use crate::kit::{Req, Result};
use crate::records::case;

/// Requests and tasks of a page.
const PAGE: i64 = 100;

/// The public page.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Public {
    pub version: i64,
    pub lists: Vec<ListView>,
    pub from: String,
    pub to: String,
    pub numbers: Vec<Count>,
    pub tasks: Vec<TaskView>,
    /// Lists that were just put in force.
    pub made: Option<i64>,
}

/// One list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ListView {
    pub list: &'static str,
    pub items: Vec<ItemView>,
}

/// An entry.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ItemView {
    pub code: String,
    pub name: String,
    pub basis: String,
}

/// A task that was handed down.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TaskView {
    pub admission: String,
    pub number: String,
    pub asker: String,
    pub desk: String,
    pub what: Option<String>,
    pub state: &'static str,
    pub at: String,
}

/// The lists in the reader's language.
pub fn lists(req: &Req, pack: &Pack) -> Vec<ListView> {
    let item = |i: &super::pack::Item| ItemView {
        code: i.code.clone(),
        name: i.name(req.lang).to_owned(),
        basis: i.basis(req.lang).to_owned(),
    };
    let list = |l: List| ListView { list: l.as_str(), items: pack.items.iter().filter(|i| i.list == l).map(item).collect() };
    [List::Own, List::Assist, List::Negative].map(list).into()
}

/// The public page: lists, numbers of a period, tasks.
pub fn public(req: &Req, q: &mut dyn Query, pack: &Pack, from: Ms, to: Ms, look: &mut Look) -> Result<Public> {
    let chart = Chart::read(q, req.app)?;
    let numbers = count::of(q, &chart, pack, req.lang, from, to, look)?;
    let sql = "select request, case_id, at from duty_task where at >= $1 and at < $2 order by at desc, case_id limit $3";
    let mut tasks = Vec::new();
    for row in q.rows(sql, params![from, to, PAGE])? {
        let request = super::by_id(q, &row.get::<String>("request")?)?;
        let case = case::by_id(q, &row.get::<String>("case_id")?)?;
        let Some((request, case)) = request.zip(case) else { continue };
        tasks.push(TaskView {
            admission: request.number.clone(),
            number: case.number,
            asker: chart.name(&request.asker),
            desk: chart.name(&request.desk),
            what: words(q, &request, "duty.ask", "duty.what", look, Relation::Public)?,
            state: case.state.as_str(),
            at: req.app.time(row.get("at")?),
        });
    }
    let made = req.query.get("made").and_then(|n| n.parse().ok());
    let (from, to) = (req.app.time(from), req.app.time(to));
    Ok(Public { version: pack.version, lists: lists(req, pack), from, to, numbers, tasks, made })
}

/// The staff's page.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Requests {
    pub items: Vec<Item>,
    /// Communities for which this reader may ask.
    pub communities: Vec<Place>,
    pub lists: Vec<ListView>,
}

/// A community.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Place {
    pub code: String,
    pub name: String,
}

/// A request in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub state: &'static str,
    pub list: &'static str,
    /// Name of the entry it is measured by.
    pub item: Option<String>,
    pub asker: String,
    pub desk: String,
    pub what: Option<String>,
    pub asked_at: String,
    pub until: String,
    /// This reader's organisation has to decide.
    pub mine: bool,
    pub due_at: Option<String>,
}

/// A request in full.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    pub basis: Option<String>,
    pub money: Option<String>,
    pub people: Option<String>,
    pub training: Option<String>,
    pub consent: Option<String>,
    pub decided_at: Option<String>,
    pub refused_by: Option<String>,
    pub by_list: bool,
    pub reason: Option<String>,
    pub seats: Vec<SeatView>,
    pub may_decide: bool,
    pub may_hand_down: bool,
    pub negative: Vec<ItemView>,
    /// Numbers of the cases that came of it.
    pub tasks: Vec<String>,
}

/// A seat.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeatView {
    pub seat: &'static str,
    pub party: String,
    pub state: &'static str,
    pub due_at: Option<String>,
    pub level: i64,
    pub decided_at: Option<String>,
    pub reason: Option<String>,
}

/// Everything that concerns the reader: what he asked, decides, or answers for; what waits for him first.
pub fn requests(req: &Req, q: &mut dyn Query, pack: &Pack, look: &mut Look) -> Result<Requests> {
    let chart = Chart::read(q, req.app)?;
    let sql = format!("select {COLUMNS} from duty_request order by asked_at desc, id limit 1000");
    let all: Vec<Request> = q.rows(&sql, &[])?.iter().map(read).collect::<store::Result<_>>()?;
    let mut items = Vec::new();
    for r in all {
        if items.len() < PAGE as usize && r.is_for(&req.who, &decisions(q, &r.id)?) {
            items.push(item(req, q, &chart, pack, &r, look)?);
        }
    }
    items.sort_by_key(|i| !i.mine);
    let communities = area::communities(q)?.into_iter().filter(|c| asker(&req.who, &c.path).is_some());
    let communities: Vec<Place> = communities.map(|c| Place { code: c.code, name: c.name }).collect();
    Ok(Requests { items, communities, lists: lists(req, pack) })
}

fn item(req: &Req, q: &mut dyn Query, chart: &Chart, pack: &Pack, r: &Request, look: &mut Look) -> Result<Item> {
    let open = decisions(q, &r.id)?.into_iter().filter(|d| d.state == Vote::Asked);
    let (mine, due): (Vec<bool>, Vec<Option<Ms>>) =
        open.map(|d| (req.who.in_body(&d.body) && !req.who.in_body(&r.asker), d.due_at)).unzip();
    let name = |code: &str| pack.get(code).map_or_else(|| code.to_owned(), |i| i.name(req.lang).to_owned());
    Ok(Item {
        number: r.number.clone(),
        state: r.state.as_str(),
        list: r.list.as_str(),
        item: r.refused_item.as_deref().or(r.item.as_deref()).map(name),
        asker: chart.name(&r.asker),
        desk: chart.name(&r.desk),
        what: words(q, r, "duty.ask", "duty.what", look, Relation::Involved)?,
        asked_at: req.app.time(r.asked_at),
        until: req.app.time(r.until_at),
        mine: r.state == State::Asked && mine.contains(&true),
        due_at: due.into_iter().flatten().min().map(|d| req.app.time(d)),
    })
}

/// One request.
pub fn full(req: &Req, q: &mut dyn Query, pack: &Pack, r: &Request, look: &mut Look) -> Result<Full> {
    let chart = Chart::read(q, req.app)?;
    let history = q.history(&r.id)?;
    let mut seats = Vec::new();
    for d in decisions(q, &r.id)? {
        let act = if d.state == Vote::Refused { "duty.refuse" } else { "duty.consent" };
        let of_seat = |w: &&store::Written| w.act == act && w.fact("seat").is_none_or(|s| s == d.seat.as_str());
        let reason = history.iter().find(of_seat).filter(|_| d.decided_at.is_some()).and_then(|w| w.element("duty.reason"));
        seats.push(SeatView {
            seat: d.seat.as_str(),
            party: chart.name(&d.body),
            state: d.state.as_str(),
            due_at: d.due_at.map(|t| req.app.time(t)),
            level: d.level,
            decided_at: d.decided_at.map(|t| req.app.time(t)),
            reason: reason.and_then(|v| look.at(&Graded::new("duty.reason", &r.id, v.to_owned()), Relation::Involved)),
        });
    }
    let sql = "select c.number from duty_task t join cases c on c.id = t.case_id where t.request = $1 order by t.n limit 500";
    let tasks = q.rows(sql, params![&r.id])?.iter().map(|row| row.get("number")).collect::<store::Result<_>>()?;
    let item = item(req, q, &chart, pack, r, look)?;
    let mut said = |act: &str, name| words(q, r, act, name, look, Relation::Involved);
    Ok(Full {
        basis: said("duty.ask", "duty.basis")?,
        money: said("duty.ask", "duty.money")?,
        people: said("duty.ask", "duty.people")?,
        training: said("duty.ask", "duty.training")?,
        consent: said("duty.ask", "duty.consent")?,
        reason: said("duty.refuse", "duty.reason")?,
        decided_at: r.decided_at.map(|t| req.app.time(t)),
        refused_by: r.refused_by.as_deref().filter(|b| *b != BY_LIST).map(|b| chart.name(b)),
        by_list: r.refused_by.as_deref() == Some(BY_LIST) || r.state == State::Admitted && r.list != List::Other,
        may_decide: item.mine,
        may_hand_down: r.state == State::Admitted && r.until_at > req.now && req.who.in_body(&r.asker),
        negative: lists(req, pack).pop().map(|l| l.items).unwrap_or_default(),
        item,
        seats,
        tasks,
    })
}
