//! What a clerk sees: the queue by states with counts, and one order in full.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Value, params};

use super::act::{facts, tab};
use super::reply::{relation, reply};
use super::rules::{self, Contact, Degree};
use super::{Order, on_case, some};
use crate::base::area;
use crate::base::area::names::Names;
use crate::base::catalogue::{Graded, Look};
use crate::kit::time::{HOUR, Ms};
use crate::kit::{Req, Result, Role};
use crate::records::case::{self, Rulebook};

/// Orders of a page.
const PAGE: usize = 50;
/// An order is near its end when less is left.
const NEAR: Ms = 4 * HOUR;
/// Tabs of the queue in the order in which work comes.
pub const TABS: [&str; 6] = ["new", "working", "ready", "late", "returned", "answered"];

/// The queue.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Queue {
    pub tabs: Vec<Tab>,
    pub tab: &'static str,
    pub q: String,
    pub items: Vec<Item>,
    /// There are more than a page holds.
    pub more: bool,
    /// Hotlines whose files can be read.
    pub sources: Vec<String>,
    pub body: Option<String>,
}

/// A tab with its count.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tab {
    pub name: &'static str,
    pub count: i64,
}

/// An order in the list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub id: String,
    pub number: String,
    pub source: String,
    pub state: &'static str,
    pub kind: Option<String>,
    pub text: Option<String>,
    pub place: String,
    pub sent_at: String,
    pub due_at: Option<String>,
    /// Which clock runs: `respond` or `answer`.
    pub clock: Option<&'static str>,
    pub late: bool,
    pub near: bool,
    /// Number of the case.
    pub case: String,
}

/// An order in full.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    pub caller: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub called_at: Option<String>,
    pub respond_due: String,
    pub answer_due: String,
    pub return_by: Option<String>,
    pub extended: i64,
    pub claimed_at: Option<String>,
    pub contacted_at: Option<String>,
    pub contact_how: Option<&'static str>,
    pub returns: i64,
    pub settled_at: Option<String>,
    /// Prepared or given.
    pub reply: Option<String>,
    pub solved: Option<&'static str>,
    pub satisfied: Option<&'static str>,
    pub reasonable: Option<&'static str>,
    pub respond_ok: Option<bool>,
    pub answer_ok: Option<bool>,
    /// State of the case.
    pub case_state: &'static str,
    pub case_open: bool,
    /// Other orders on the same case.
    pub siblings: Vec<Sibling>,
    /// What this reader may do now.
    pub actions: Vec<&'static str>,
    /// Words to choose from.
    pub hows: Vec<&'static str>,
    pub degrees: Vec<&'static str>,
    pub events: Vec<Event>,
}

/// Another order on the same case.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sibling {
    pub id: String,
    pub number: String,
    pub state: &'static str,
}

/// One thing that happened.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Event {
    pub at: String,
    pub kind: String,
    pub by: Option<String>,
    pub text: Option<String>,
}

/// Condition and parameters of a tab of this desk.
fn filter(role: &Role, tab_name: &str, now: Ms) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = params![&role.path, area::end_of(&role.path), &role.body].to_vec();
    let mut sql = "(path >= $1 and path < $2 or desk = $3)".to_owned();
    let states = tab(tab_name).unwrap_or_default();
    let marks: Vec<String> = states.iter().enumerate().map(|(i, _)| format!("${}", i + 4)).collect();
    values.extend(states.iter().map(|s| Value::from(*s)));
    sql.push_str(&format!(" and state in ({})", marks.join(",")));
    if tab_name == "late" {
        values.push(now.into());
        sql.push_str(&format!(" and due_at <= ${}", values.len()));
    }
    (sql, values)
}

/// The queue of a desk; a number finds orders in every state.
pub fn queue(req: &Req, q: &mut dyn Query, role: &Role, look: &mut Look) -> Result<Queue> {
    let mut tabs = Vec::new();
    for name in TABS {
        let (sql, values) = filter(role, name, req.now);
        tabs.push(Tab { name, count: q.count(&format!("select count(*) from hotline_order where {sql}"), &values)? });
    }
    let wanted = req.query.get("tab").and_then(|t| TABS.into_iter().find(|name| *name == t));
    let chosen = wanted.or(tabs.iter().find(|t| t.count > 0).map(|t| t.name)).unwrap_or("new");
    let typed: String = req.query.get("q").unwrap_or_default().chars().take(60).collect();
    let (mut sql, mut values) = filter(role, chosen, req.now);
    if !typed.is_empty() {
        values = params![&role.path, area::end_of(&role.path), &role.body, &typed, format!("{typed}\u{10ffff}")].to_vec();
        sql = "(path >= $1 and path < $2 or desk = $3) and number >= $4 and number < $5".into();
    }
    values.push((PAGE + 1).into());
    // What is due first comes first; what is settled, the latest first.
    let order = if chosen == "answered" && typed.is_empty() { "settled_at desc" } else { "coalesce(due_at, sent_at), number" };
    let mut orders = some(q, &format!("{sql} order by {order} limit ${}", values.len()), &values)?;
    let more = orders.len() > PAGE;
    orders.truncate(PAGE);
    let book = Rulebook::read(q, req.app)?;
    let mut items = Vec::new();
    for o in &orders {
        items.push(item(req, q, &book, o, look)?);
    }
    let sources = super::map::all(q)?.into_iter().map(|(source, _)| source).collect();
    Ok(Queue { tabs, tab: chosen, q: typed, items, more, sources, body: role.body_name.clone() })
}

fn item(req: &Req, q: &mut dyn Query, book: &Rulebook, o: &Order, look: &mut Look) -> Result<Item> {
    let case = case::by_id(q, &o.case_id)?;
    let text = element(q, book, o, req, "case.text", look)?;
    let place = match &case {
        Some(case) => case::place_text(&*Names::read(q, req.app)?, q, case)?,
        None => String::new(),
    };
    Ok(Item {
        id: o.id.clone(),
        number: o.number.clone(),
        source: o.source.clone(),
        state: o.state.as_str(),
        kind: o.kind.clone(),
        text,
        place,
        sent_at: req.app.time(o.sent_at),
        due_at: o.due_at.map(|d| req.app.time(d)),
        clock: o.due_at.map(|_| if o.contacted_at.is_none() { "respond" } else { "answer" }),
        late: o.is_late(req.now),
        near: o.due_at.is_some_and(|d| d > req.now && d - req.now <= NEAR),
        case: case.map(|c| c.number).unwrap_or_default(),
    })
}

/// What the caller said, as this reader may see it.
fn element(
    q: &mut dyn Query,
    book: &Rulebook,
    o: &Order,
    req: &Req,
    name: &'static str,
    look: &mut Look,
) -> Result<Option<String>> {
    let said = q.entry(o.log_seq)?.filter(|w| w.obj == o.id);
    let relation = relation(book, o, &req.who)?;
    let value = said.and_then(|w| w.element(name).map(str::to_owned));
    Ok(value.and_then(|v| look.at(&Graded::new(name, &o.owner, v), relation)))
}

/// One order in full.
pub fn full(req: &Req, q: &mut dyn Query, o: &Order, look: &mut Look) -> Result<Full> {
    let book = Rulebook::read(q, req.app)?;
    let time = |at: Option<Ms>| at.map(|t| req.app.time(t));
    let case = case::by_id(q, &o.case_id)?;
    let siblings = on_case(q, &o.case_id)?.into_iter().filter(|s| s.id != o.id);
    let siblings = siblings.map(|s| Sibling { id: s.id, number: s.number, state: s.state.as_str() }).collect();
    let relation = relation(&book, o, &req.who)?;
    let mut events = Vec::new();
    for w in q.history(&o.id)? {
        let note = w.element("case.note").map(str::to_owned);
        events.push(Event {
            at: req.app.time(w.at),
            kind: w.act.strip_prefix("hotline.").unwrap_or(&w.act).to_owned(),
            by: w.field("party").filter(|_| w.field("actor").is_some()).map(|b| book.chart.name(b)),
            text: note.and_then(|n| look.at(&Graded::new("case.note", &o.owner, n), relation)),
        });
    }
    let actions = rules::actions(&facts(o, &req.who, req.now)).into_iter().map(|a| a.as_str()).collect();
    Ok(Full {
        item: item(req, q, &book, o, look)?,
        caller: element(q, &book, o, req, "case.contact_name", look)?,
        phone: element(q, &book, o, req, "case.contact_phone", look)?,
        address: element(q, &book, o, req, "case.address", look)?,
        called_at: time(o.called_at),
        respond_due: req.app.time(o.respond_due),
        answer_due: req.app.time(o.answer_due),
        return_by: time(o.return_by),
        extended: o.extended,
        claimed_at: time(o.claimed_at),
        contacted_at: time(o.contacted_at),
        contact_how: o.contact_how.map(Contact::as_str),
        returns: o.returns,
        settled_at: time(o.settled_at),
        reply: reply(q, &book, o, &req.who, look)?,
        solved: o.solved.map(Degree::as_str),
        satisfied: o.satisfied.map(Degree::as_str),
        reasonable: o.reasonable.map(Degree::as_str),
        respond_ok: o.respond_ok.map(|n| n == 1),
        answer_ok: o.answer_ok.map(|n| n == 1),
        case_state: case.as_ref().map_or("closed", |c| c.state.as_str()),
        case_open: case.is_some_and(|c| c.state.is_open()),
        siblings,
        actions,
        hows: Contact::ALL.iter().map(|c| c.as_str()).collect(),
        degrees: Degree::ALL.iter().map(|d| d.as_str()).collect(),
        events,
    })
}
