//! What readers see of projects: the list, one project with its needs, resources, steps and tender.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::rules::payments;
use super::tender::{self, Criterion, Table};
use super::{Project, Stand, State, Step, Way, accept, around, needs, steps};
use crate::activities::project::need::web::{Item as NeedItem, item as need_item};
use crate::activities::project::resource::{self, Loan};
use crate::activities::project::{Book, body_of, need};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::{area, party};
use crate::kit::time::Ms;
use crate::kit::{Req, Result};

/// Projects of one page.
const PAGE: i64 = 50;
/// Needs and resources that are offered to be linked.
const OFFERED: i64 = 50;

/// Projects around a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub items: Vec<Item>,
    /// Where the next page begins: a moment.
    pub before: Option<Ms>,
    /// Whether this reader may begin one.
    pub may: bool,
}

/// A project in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub place: String,
    pub way: &'static str,
    /// open, bidding, scoring, notice, running, done, void.
    pub phase: &'static str,
    pub body: Option<String>,
    pub ends_at: String,
    pub steps: usize,
    pub accepted: usize,
}

/// One project.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    pub about: String,
    pub desk: String,
    pub why: Option<String>,
    /// Cents, and as people write them.
    pub price: Option<i64>,
    pub price_text: Option<String>,
    pub needs: Vec<NeedItem>,
    pub loans: Vec<LoanView>,
    pub steps_of: Vec<StepView>,
    pub tender: Option<TenderView>,
    /// The reader leads it, carries it out, may shape it, take it on, bid for it.
    pub leads: bool,
    pub does: bool,
    pub shapes: bool,
    pub may_take: bool,
    pub may_bid: Option<String>,
    pub may_say: bool,
    /// Per cent that no step has yet.
    pub share_left: i64,
    /// What may be linked.
    pub open_needs: Vec<NeedItem>,
    pub open_resources: Vec<resource::web::Item>,
    /// People who may be asked to score.
    pub judges: Vec<Judge>,
    pub rules: Rules,
    pub done: bool,
}

/// Limits that forms name.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Rules {
    pub days: i64,
    pub scorers: i64,
    pub price_least: i64,
    pub price_most: i64,
    pub notice_days: i64,
    pub criteria: usize,
    pub answers: i64,
    pub good: i64,
    pub say_days: i64,
}

/// What the project holds of a resource.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LoanView {
    pub number: String,
    pub title: String,
    pub amount: i64,
    pub unit: String,
    pub state: &'static str,
    /// The reader owns it.
    pub own: bool,
}

/// A step.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepView {
    pub n: i64,
    pub title: String,
    pub due_at: String,
    pub late: bool,
    pub share: i64,
    /// What is paid for it.
    pub pay_text: Option<String>,
    pub paid: Option<String>,
    pub state: &'static str,
    pub report: Option<String>,
    pub reported_at: Option<String>,
    pub says_until: Option<String>,
    /// Answers: good or fair ones, and all.
    pub good: i64,
    pub all: i64,
    /// What people wrote, without names: for the desk and whoever carries it out.
    pub said: Vec<String>,
    pub saying: bool,
    /// The reader's own answer.
    pub mine: Option<String>,
    /// Too few answered: the desk decides.
    pub asks_desk: bool,
    pub why: Option<String>,
}

/// A tender.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TenderView {
    pub closes_at: String,
    pub closed: bool,
    pub ceiling_text: String,
    pub price_weight: i64,
    pub criteria: Vec<Criterion>,
    pub scorers: i64,
    pub ready: usize,
    pub notice_until: Option<String>,
    pub table: Option<Table>,
    /// The lines of the table with names and amounts as people read them.
    pub lines: Vec<LineView>,
    /// Bids, for whoever may see them now.
    pub bids: Vec<BidView>,
    pub bid_count: Option<usize>,
    pub own_bid: Option<BidView>,
    /// The reader scores; he said that nothing ties him.
    pub judge: bool,
    pub declared: bool,
    pub tied: bool,
    pub may_award: bool,
    pub open_scores: usize,
}

/// A line of the published table.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LineView {
    pub name: String,
    pub price_text: String,
    pub price_marks: String,
    pub quality_marks: String,
    pub total: String,
    /// Per cent of the best, for the bar.
    pub share: i64,
}

/// A bid.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct BidView {
    pub body: String,
    pub name: String,
    pub price_text: String,
    pub plan: String,
    pub at: String,
    /// The reader scored it.
    pub scored: Option<i64>,
}

/// Somebody who may be asked to score.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Judge {
    pub person: String,
    pub name: String,
    pub kind: String,
}

/// Cents as people write yuan: `12,800.00`.
pub fn yuan(cents: i64) -> String {
    let digits = (cents / 100).to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{:02}", cents % 100)
}

fn phase(p: &Project, tender: Option<&tender::Tender>, now: Ms) -> &'static str {
    match (p.state, tender) {
        (State::Open, Some(t)) if now < t.closes_at => "bidding",
        (State::Open, Some(t)) if t.awarded_at.is_none() => "scoring",
        (State::Open, Some(_)) => "notice",
        (state, _) => state.as_str(),
    }
}

fn item(req: &Req, q: &mut dyn Query, book: &Book, p: &Project, all: &[Step], tender: Option<&tender::Tender>) -> Result<Item> {
    Ok(Item {
        number: p.number.clone(),
        title: p.title.clone(),
        place: area::by_id(q, &p.area)?.map(|a| a.name).unwrap_or_default(),
        way: p.way.as_str(),
        phase: phase(p, tender, req.now),
        body: p.body.as_ref().map(|b| book.chart.name(b)),
        ends_at: req.app.time(p.ends_at),
        steps: all.len(),
        accepted: all.iter().filter(|s| s.state == Stand::Accepted).count(),
    })
}

/// Projects around a place.
pub fn list(req: &Req, q: &mut dyn Query, path: &str, before: Ms) -> Result<List> {
    let book = Book::read(q, req.app, "")?;
    let mut found = around(q, path, before, PAGE + 1)?;
    let more = found.len() as i64 > PAGE;
    found.truncate(PAGE as usize);
    let before = found.last().filter(|_| more).map(|p| p.made_at);
    let mut items = Vec::new();
    for p in &found {
        let (all, tender) = (steps(q, &p.id)?, tender::of(q, &p.id)?);
        items.push(item(req, q, &book, p, &all, tender.as_ref())?);
    }
    let may = req.who.roles.iter().any(|r| r.kind.is_handler() && !r.kind.walks() && r.body.is_some());
    Ok(List { items, before, may })
}

/// One project; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, p: &Project, look: &mut Look) -> Result<Full> {
    let book = Book::of(q, req.app, &p.area)?;
    let (leads, does) = (p.is_led_by(&req.who), p.is_done_by(&req.who));
    let live = matches!(p.state, State::Open | State::Running);
    let shapes = live && (leads || does);
    let (all, posted) = (steps(q, &p.id)?, tender::of(q, &p.id)?);
    let mut linked = Vec::new();
    for id in needs(q, &p.id)? {
        let one = need::by_id(q, &id)?;
        linked.push(need_item(req, q, &one)?);
    }
    linked.sort_by(|a, b| a.number.cmp(&b.number));
    let pays = p.cost.map(|price| payments(price, &all.iter().map(|s| s.share).collect::<Vec<_>>()));
    let mut views = Vec::new();
    for (at, s) in all.iter().enumerate() {
        let pay = pays.as_ref().and_then(|pays| pays.get(at).copied());
        views.push(step(req, q, &book, p, s, pay, leads || does, look)?);
    }
    let (mut open_needs, mut open_resources) = (Vec::new(), Vec::new());
    if shapes {
        use need::State::{Listed, Working};
        for one in need::around(q, &p.path, [Listed, Working, Working], Ms::MAX, OFFERED)? {
            if !linked.iter().any(|l| l.number == one.number) {
                open_needs.push(need_item(req, q, &one)?);
            }
        }
        for one in resource::around(q, &p.path, None, Ms::MAX, OFFERED)? {
            let item = resource::web::item(req, q, &book.chart, &one)?;
            open_resources.extend((item.left > 0).then_some(item));
        }
    }
    let judges = if leads && p.way == Way::Tender && posted.is_none() && p.state == State::Open {
        judges(req, q, p, look)?
    } else {
        Vec::new()
    };
    let bidding = posted.as_ref().is_some_and(|t| p.state == State::Open && req.now < t.closes_at);
    let may_bid = if bidding { tender::bidder(q, &req.who, p)?.map(|b| b.name) } else { None };
    let tender = match &posted {
        Some(t) => Some(tender_view(req, q, &book, p, t, leads)?),
        None => None,
    };
    let limits = &book.pack.tender;
    Ok(Full {
        item: item(req, q, &book, p, &all, posted.as_ref())?,
        about: p.about.clone(),
        desk: book.chart.name(&p.desk),
        why: p.why.clone(),
        price: p.cost,
        price_text: p.cost.map(yuan),
        needs: linked,
        loans: loans(req, q, p)?,
        steps_of: views,
        tender,
        leads,
        does,
        shapes,
        may_take: p.way == Way::Take && p.state == State::Open && body_of(&req.who, &p.path).is_some(),
        may_bid,
        may_say: req.who.part_in(&p.path).is_some() && !does,
        share_left: 100 - all.iter().map(|s| s.share).sum::<i64>(),
        open_needs,
        open_resources,
        judges,
        rules: Rules {
            days: limits.days,
            scorers: limits.scorers,
            price_least: limits.price_least,
            price_most: limits.price_most,
            notice_days: limits.notice_days,
            criteria: limits.criteria,
            answers: book.pack.accept.answers,
            good: book.pack.accept.good,
            say_days: book.pack.accept.days,
        },
        done: req.query.get("done").is_some(),
    })
}

fn loans(req: &Req, q: &mut dyn Query, p: &Project) -> Result<Vec<LoanView>> {
    let sql = "select resource, state, amount from project_resource where project = $1 order by at, resource";
    let mut out = Vec::new();
    for row in q.rows(sql, params![&p.id])? {
        let one = resource::by_id(q, &row.get::<String>("resource")?)?;
        let state: Loan = row.get("state")?;
        out.push(LoanView {
            own: one.is_of(&req.who),
            number: one.number,
            title: one.title,
            amount: row.get("amount")?,
            unit: one.unit,
            state: state.as_str(),
        });
    }
    Ok(out)
}

#[expect(clippy::too_many_arguments, reason = "one line of one page")]
fn step(
    req: &Req,
    q: &mut dyn Query,
    book: &Book,
    p: &Project,
    s: &Step,
    pay: Option<i64>,
    reads: bool,
    look: &mut Look,
) -> Result<StepView> {
    let (good, all) = accept::answers(q, &p.id, s.n)?;
    let saying = s.state == Stand::Reported && s.says_until.is_some_and(|until| req.now < until);
    let mut said = Vec::new();
    if reads && all > 0 {
        let sql =
            "select words from milestone_say where project = $1 and n = $2 and words is not null order by at, voter limit 50";
        for row in q.rows(sql, params![&p.id, s.n])? {
            let words = q.open_text(&p.id, row.get("words")?)?.unwrap_or_default();
            said.extend(look.at(&Graded::new("project.said", &p.id, words).of(&p.number), Relation::Desk));
        }
    }
    let mine = match req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
        Some(person) => {
            let voter = crate::kit::voter(|p, t| req.app.db.digest(p, t), &p.id, person);
            let sql = "select answer from milestone_say where project = $1 and n = $2 and voter = $3";
            q.row(sql, params![&p.id, s.n, voter])?.map(|r| r.get("answer")).transpose()?
        }
        None => None,
    };
    let asks_desk = s.state == Stand::Reported && !saying && accept::verdict(q, book, &p.id, s.n)? == super::rules::Verdict::Few;
    Ok(StepView {
        n: s.n,
        title: s.title.clone(),
        due_at: req.app.time(s.due_at),
        late: s.state == Stand::Open && s.due_at < req.now && p.state == State::Running,
        share: s.share,
        pay_text: pay.map(yuan),
        paid: s.settled_at.map(|t| req.app.time(t)),
        state: s.state.as_str(),
        report: s.report.clone(),
        reported_at: s.reported_at.map(|t| req.app.time(t)),
        says_until: s.says_until.map(|t| req.app.time(t)),
        good,
        all,
        said,
        saying,
        mine,
        asks_desk,
        why: s.why.clone(),
    })
}

fn judges(req: &Req, q: &mut dyn Query, p: &Project, look: &mut Look) -> Result<Vec<Judge>> {
    let mut out = Vec::new();
    for (person, kind) in tender::eligible(q, &p.path, req.now)? {
        let name = party::name_of(q, &person)?.and_then(|n| look.at(&n, Relation::Desk)).unwrap_or_default();
        out.push(Judge { person, name, kind });
    }
    Ok(out)
}

fn tender_view(req: &Req, q: &mut dyn Query, book: &Book, p: &Project, t: &tender::Tender, leads: bool) -> Result<TenderView> {
    let closed = req.now >= t.closes_at;
    let (all, judges) = (tender::bids(q, &p.id)?, tender::scorers(q, &p.id)?);
    let me = req.who.person.as_deref().filter(|_| req.who.by.is_none());
    let mine = judges.iter().find(|(person, _)| Some(person.as_str()) == me);
    let (judge, declared) = (mine.is_some(), mine.is_some_and(|(_, d)| *d));
    let marks = tender::scored(q, &p.id)?;
    let view = |b: &tender::Opened| BidView {
        body: b.body.clone(),
        name: book.chart.name(&b.body),
        price_text: yuan(b.price),
        plan: b.plan.clone(),
        at: req.app.time(b.at),
        scored: me.and_then(|me| marks.get(&(b.body.clone(), me.to_owned())).copied()),
    };
    let own_bid = all.iter().find(|b| req.who.in_body(&b.body) && !leads).map(view);
    let tied = judge && closed && tender::is_tied(&req.who, &all);
    // The desk and those who score, once it is closed; everybody reads the table.
    let opens = closed && (leads || declared && !tied);
    let ready = judges.iter().filter(|(_, d)| *d).count();
    let scored = |person: &str| all.iter().filter(|b| marks.contains_key(&(b.body.clone(), person.to_owned()))).count();
    let open_scores: usize = judges.iter().filter(|(_, d)| *d).map(|(person, _)| all.len() - scored(person)).sum();
    let enough = ready as i64 >= book.pack.tender.scorers && open_scores == 0 && all.len() as i64 >= book.pack.tender.bids;
    let best = t.result.as_ref().and_then(|r| r.lines.first()).map_or(1, |l| l.total.max(1));
    let hundredths = crate::kit::page::hundredths;
    let line = |l: &super::rules::Line| LineView {
        name: book.chart.name(&l.body),
        price_text: yuan(l.price),
        price_marks: hundredths(l.price_marks),
        quality_marks: hundredths(l.quality_marks),
        total: hundredths(l.total),
        share: l.total * 100 / best,
    };
    Ok(TenderView {
        closes_at: req.app.time(t.closes_at),
        closed,
        ceiling_text: yuan(t.ceiling),
        price_weight: t.price_weight,
        criteria: tender::criteria(q, &p.id)?,
        scorers: t.scorers,
        ready,
        notice_until: t.notice_until.map(|at| req.app.time(at)),
        lines: t.result.as_ref().map(|r| r.lines.iter().map(line).collect()).unwrap_or_default(),
        table: t.result.clone(),
        bid_count: closed.then_some(all.len()),
        bids: if opens { all.iter().map(view).collect() } else { Vec::new() },
        own_bid,
        judge,
        declared,
        tied,
        may_award: leads && closed && t.awarded_at.is_none() && p.state == State::Open && enough,
        open_scores,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_grouped() {
        assert_eq!(
            [0, 5, 99_999, 1_280_000, 123_456_789].map(super::yuan),
            ["0.00", "0.05", "999.99", "12,800.00", "1,234,567.89"]
        );
    }
}
