//! What everybody sees of an emergency: numbers by class and area, the equation; and what lies in depots, for whoever keeps them.
//!
//! What must stay true: no name of a person, and no need of a single site: an area with few sites is counted with others.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::ledger::{self, Cause, Held, Recount};
use super::{Book, Depot, Gift, Relief, Stand, State, around, depot, needs, site};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::time::Ms;
use crate::kit::{Req, Result, Who};

/// Emergencies of one page.
const PAGE: i64 = 50;
/// Areas with fewer sites are counted with others.
const FEW: usize = 3;
/// Gifts, and organisations that are offered.
const SHOWN: usize = 200;

/// Emergencies of a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub items: Vec<Item>,
    /// Where the next page begins: a moment.
    pub before: Option<Ms>,
    /// Whether this reader may open one.
    pub may: bool,
}

/// An emergency in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub place: String,
    pub state: &'static str,
    pub made_at: String,
}

/// What somebody may choose from.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// What there is of a class and where it is; all but `asked`, `short` and `unknown` in pieces of that class itself.
#[derive(Clone, Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClassRow {
    pub class: String,
    pub name: String,
    pub unit: String,
    pub received: i64,
    pub stock: i64,
    pub reserved: i64,
    pub way: i64,
    pub handed: i64,
    pub lost: i64,
    /// Asked for by needs that are open or met and whose quantity is known.
    pub asked: i64,
    /// Still missing of that, neither there nor promised.
    pub short: i64,
    /// Open needs of which nobody knows how much.
    pub unknown: i64,
    /// Shares of what was received, in percent: stock, reserved, way, handed, lost.
    pub bar: Vec<Part>,
}

/// A part of a bar.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Part {
    pub place: &'static str,
    pub x: i64,
    pub width: i64,
}

/// What sites of an area asked for.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AreaRow {
    /// None: places with few sites together.
    pub name: Option<String>,
    pub sites: usize,
    pub needs: usize,
    pub met: usize,
    pub unknown: usize,
}

/// One emergency.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub title: String,
    pub why: String,
    pub place: String,
    pub desk: String,
    pub state: &'static str,
    pub made_at: String,
    pub ended_at: Option<String>,
    pub account: Option<String>,
    pub classes: Vec<ClassRow>,
    pub areas: Vec<AreaRow>,
    /// Whether each class adds up.
    pub holds: bool,
    /// This reader runs it.
    pub runs: bool,
    /// He speaks for a site, or may add one.
    pub needs: bool,
    /// He keeps a depot.
    pub keeps: bool,
    /// Offers of his own, and whether he may make one.
    pub gifts: Vec<GiftView>,
    pub may_give: bool,
    /// What waits for the desk.
    pub waits: Option<Waits>,
}

/// What waits for whoever runs it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Waits {
    pub needs: usize,
    pub late: usize,
    pub gifts: i64,
    pub ready: i64,
    pub differs: i64,
}

/// What somebody would give.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct GiftView {
    pub n: i64,
    pub giver: Option<String>,
    pub class: String,
    pub name: String,
    pub unit: String,
    pub quantity: i64,
    pub state: &'static str,
    pub received: Option<i64>,
    pub why: Option<String>,
    pub made_at: String,
    pub own: bool,
}

/// What a depot holds.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DepotView {
    pub n: i64,
    pub name: String,
    pub place: String,
    pub keeper: String,
    pub rows: Vec<ClassRow>,
}

/// What lies where.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StockPage {
    pub number: String,
    pub title: String,
    pub open: bool,
    pub runs: bool,
    pub depots: Vec<DepotView>,
    pub gifts: Vec<GiftView>,
    pub classes: Vec<Choice>,
    pub comes: Vec<&'static str>,
    pub lost: Vec<&'static str>,
    pub bodies: Vec<Choice>,
    pub moves: Vec<MoveView>,
}

/// A movement.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MoveView {
    pub at: String,
    pub depot: String,
    pub class: String,
    pub unit: String,
    pub quantity: i64,
    pub cause: &'static str,
    pub from: Option<String>,
    pub to: String,
    pub about: Option<String>,
    pub why: Option<String>,
    pub log_seq: u64,
}

/// What a recount finds.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Check {
    pub number: String,
    pub title: String,
    pub accounts: i64,
    pub moves: i64,
    pub wrong: i64,
    pub below: i64,
    pub loads: i64,
    pub classes: Vec<ClassRow>,
    pub holds: bool,
}

/// What decisions rest on, at the place of an emergency.
pub fn book(req: &Req, q: &mut dyn Query, relief: &Relief) -> Result<Book> {
    let code = area::by_id(q, &relief.area)?.map(|a| a.code).unwrap_or_default();
    Book::read(q, req.app, &code)
}

/// Name of an area.
pub fn place(q: &mut dyn Query, id: &str) -> Result<String> {
    Ok(area::by_id(q, id)?.map(|a| a.name).unwrap_or_default())
}

/// Emergencies around a place.
pub fn list(req: &Req, q: &mut dyn Query, path: &str, before: Ms) -> Result<List> {
    let mut found = around(q, path, before, PAGE + 1)?;
    let more = found.len() as i64 > PAGE;
    found.truncate(PAGE as usize);
    let before = found.last().filter(|_| more).map(|b| b.made_at);
    let mut items = Vec::new();
    for e in found {
        items.push(Item {
            place: place(q, &e.area)?,
            state: e.state.as_str(),
            made_at: req.app.time(e.made_at),
            number: e.number,
            title: e.title,
        });
    }
    Ok(List { items, before, may: req.who.nearest_desk().is_some() })
}

/// The classes of an emergency, to choose from.
pub fn classes(req: &Req, book: &Book, relief: &Relief) -> Vec<Choice> {
    let one = |id: &str| Choice {
        id: id.to_owned(),
        name: format!("{}（{}）", book.pack.class_name(id, req.lang), book.pack.unit(id, req.lang)),
    };
    relief.classes().into_iter().map(one).collect()
}

/// Organisations around the emergency, to choose from.
pub fn bodies(book: &Book, relief: &Relief) -> Vec<Choice> {
    let near = book.chart.handlers_around(&relief.path).take(SHOWN);
    near.map(|b| Choice { id: b.id.clone(), name: b.name.clone() }).collect()
}

/// Rows of classes, of all or of one depot.
fn rows(req: &Req, book: &Book, relief: &Relief, held: &[Held], needs: &[needs::Need]) -> Vec<ClassRow> {
    let mut out = Vec::new();
    for class in relief.classes() {
        let mut row = ClassRow {
            class: class.to_owned(),
            name: book.pack.class_name(class, req.lang).to_owned(),
            unit: book.pack.unit(class, req.lang).to_owned(),
            ..ClassRow::default()
        };
        for h in held.iter().filter(|h| h.class == class) {
            row.received += h.received();
            row.stock += h.stock;
            row.reserved += h.reserved;
            row.way += h.way;
            row.handed += h.handed;
            row.lost += h.lost;
        }
        for need in needs.iter().filter(|n| n.class == class && n.state != Stand::Closed) {
            row.asked += need.quantity.unwrap_or(0);
            row.short += if need.state == Stand::Open { need.missing().unwrap_or(0) } else { 0 };
            row.unknown += i64::from(need.state == Stand::Open && need.quantity.is_none());
        }
        row.bar = bar(&row);
        out.push(row);
    }
    out
}

/// The parts of what was received, as hundredths; whatever there is at all is seen.
fn bar(row: &ClassRow) -> Vec<Part> {
    let all = [("handed", row.handed), ("way", row.way), ("reserved", row.reserved), ("stock", row.stock), ("lost", row.lost)];
    let (mut sum, mut out) = (0i128, Vec::new());
    for (place, n) in all.into_iter().filter(|(_, n)| *n > 0) {
        let at = |sum: i128| (sum * 100 / i128::from(row.received.max(1))) as i64;
        let x = at(sum);
        sum += i128::from(n);
        out.push(Part { place, x, width: (at(sum) - x).max(1) });
    }
    out
}

/// Needs by community, those with few sites together; none when even those are few.
fn areas(q: &mut dyn Query, sites: &[site::Site], needs: &[needs::Need]) -> Result<Vec<AreaRow>> {
    let mut by: BTreeMap<String, Vec<&site::Site>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for site in sites {
        let place = area::community_of(q, &site.area)?;
        let place = if place.is_some() { place } else { area::by_id(q, &site.area)? };
        let (code, name) = place.map(|a| (a.code, a.name)).unwrap_or_default();
        names.insert(code.clone(), name);
        by.entry(code).or_default().push(site);
    }
    let row = |name: Option<String>, sites: &[&site::Site]| {
        let of = |n: &&needs::Need| n.state != Stand::Closed && sites.iter().any(|s| s.id == n.site);
        let (all, met, unknown) = needs.iter().filter(of).fold((0, 0, 0), |(a, m, u), n| {
            (a + 1, m + usize::from(n.state == Stand::Met), u + usize::from(n.quantity.is_none()))
        });
        AreaRow { name, sites: sites.len(), needs: all, met, unknown }
    };
    let (few, many): (Vec<_>, Vec<_>) = by.into_iter().partition(|(_, sites)| sites.len() < FEW);
    let mut out: Vec<AreaRow> = many.into_iter().map(|(code, sites)| row(names.remove(&code), &sites)).collect();
    let rest: Vec<&site::Site> = few.into_iter().flat_map(|(_, sites)| sites).collect();
    if rest.len() >= FEW {
        out.push(row(None, &rest));
    }
    Ok(out)
}

/// Whether this reader keeps a depot.
fn keeps(who: &Who, relief: &Relief, depots: &[Depot]) -> bool {
    who.by.is_none() && (relief.is_run_by(who) || depots.iter().any(|d| who.in_body(&d.body)))
}

/// One emergency; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, relief: &Relief, look: &mut Look) -> Result<Full> {
    let book = book(req, q, relief)?;
    let (held, needs) = (ledger::held(q, &relief.id)?, needs::all(q, &relief.id)?);
    let (sites, depots) = (site::all(q, &relief.id)?, depot::all(q, &relief.id)?);
    let classes = rows(req, &book, relief, &held, &needs);
    let (open, runs) = (relief.state == State::Open, relief.is_run_by(&req.who));
    let waits = if runs && open { Some(waits(q, relief, &needs)?) } else { None };
    let in_place = req.who.roles.iter().any(|r| r.path.starts_with(&relief.path) && r.kind.is_handler());
    Ok(Full {
        number: relief.number.clone(),
        title: relief.title.clone(),
        why: relief.why.clone(),
        place: place(q, &relief.area)?,
        desk: book.chart.name(&relief.desk),
        state: relief.state.as_str(),
        made_at: req.app.time(relief.made_at),
        ended_at: relief.ended_at.map(|t| req.app.time(t)),
        account: relief.account.clone(),
        holds: classes.iter().all(|c| c.received == c.stock + c.reserved + c.way + c.handed + c.lost),
        classes,
        areas: areas(q, &sites, &needs)?,
        runs,
        needs: req.who.by.is_none() && (runs || in_place || sites.iter().any(|s| s.is_spoken_for_by(&req.who))),
        keeps: keeps(&req.who, relief, &depots),
        gifts: gifts(req, q, &book, relief, look, false)?,
        may_give: open && req.who.person.is_some(),
        waits,
    })
}

fn waits(q: &mut dyn Query, relief: &Relief, needs: &[needs::Need]) -> Result<Waits> {
    let open = || needs.iter().filter(|n| n.state == Stand::Open);
    let mut count = |table: &str, state: &str| {
        q.count(&format!("select count(*) from {table} where relief = $1 and state = $2"), params![&relief.id, state])
    };
    Ok(Waits {
        needs: open().count(),
        late: open().filter(|n| n.late > 0).count(),
        gifts: count("relief_gift", "offered")?,
        ready: count("relief_load", "ready")?,
        differs: count("relief_load", "differs")?,
    })
}

/// Gifts: one's own, or all for whoever runs the emergency.
fn gifts(req: &Req, q: &mut dyn Query, book: &Book, relief: &Relief, look: &mut Look, all: bool) -> Result<Vec<GiftView>> {
    let columns = "n, by_person, giver, class, quantity, state, received, why, made_at";
    let sql = format!(
        "select {columns} from relief_gift where relief = $1 order by case when state = 'offered' then 0 else 1 end, n desc limit $2"
    );
    let mut out = Vec::new();
    for r in q.rows(&sql, params![&relief.id, SHOWN as i64])? {
        let by: Option<String> = r.get("by_person")?;
        let own = by.is_some() && by == req.who.person;
        if !(own || all) {
            continue;
        }
        let relation = if own { Relation::Owner } else { Relation::Desk };
        let giver = q.open_text(&relief.id, Some(r.get("giver")?))?;
        let giver = giver.and_then(|g| look.at(&Graded::new("relief.giver", &relief.id, g).of(&relief.number), relation));
        let class: String = r.get("class")?;
        out.push(GiftView {
            n: r.get("n")?,
            giver,
            name: book.pack.class_name(&class, req.lang).to_owned(),
            unit: book.pack.unit(&class, req.lang).to_owned(),
            class,
            quantity: r.get("quantity")?,
            state: r.get::<Gift>("state")?.as_str(),
            received: r.get("received")?,
            why: r.get("why")?,
            made_at: req.app.time(r.get("made_at")?),
            own,
        });
    }
    Ok(out)
}

/// What lies where, for whoever keeps a depot or runs the emergency.
pub fn stock(req: &Req, q: &mut dyn Query, relief: &Relief, look: &mut Look) -> Result<Option<StockPage>> {
    let book = book(req, q, relief)?;
    let (mut depots, held) = (depot::all(q, &relief.id)?, ledger::held(q, &relief.id)?);
    if !keeps(&req.who, relief, &depots) {
        return Ok(None);
    }
    let runs = relief.is_run_by(&req.who);
    depots.retain(|d| runs || req.who.in_body(&d.body));
    let mut views = Vec::new();
    for d in &depots {
        let own: Vec<Held> = held.iter().filter(|h| h.depot == d.id).cloned().collect();
        let mut rows = rows(req, &book, relief, &own, &[]);
        rows.retain(|r| r.received > 0);
        let (name, place, keeper) = (d.name.clone(), place(q, &d.area)?, book.chart.name(&d.body));
        views.push(DepotView { n: d.n, name, place, keeper, rows });
    }
    Ok(Some(StockPage {
        number: relief.number.clone(),
        title: relief.title.clone(),
        open: relief.state == State::Open,
        runs,
        gifts: gifts(req, q, &book, relief, look, runs)?,
        classes: classes(req, &book, relief),
        comes: Cause::COMES.iter().map(|c| c.as_str()).collect(),
        lost: Cause::LOST.iter().chain([&Cause::Back]).map(|c| c.as_str()).collect(),
        bodies: if runs { bodies(&book, relief) } else { Vec::new() },
        moves: moves(req, q, &book, relief, &depots)?,
        depots: views,
    }))
}

/// The last movements of these depots.
fn moves(req: &Req, q: &mut dyn Query, book: &Book, relief: &Relief, depots: &[Depot]) -> Result<Vec<MoveView>> {
    let sql = "select m.kind, m.origin, m.target, m.quantity, m.about, m.why, m.at, m.log_seq, s.depot, s.class from relief_move m \
               join relief_stock s on s.id = m.stock where s.relief = $1 order by m.log_seq desc limit $2";
    let mut out = Vec::new();
    for r in q.rows(sql, params![&relief.id, SHOWN as i64])? {
        let (depot, class): (String, String) = (r.get("depot")?, r.get("class")?);
        let Some(depot) = depots.iter().find(|d| d.id == depot) else { continue };
        out.push(MoveView {
            at: req.app.time(r.get("at")?),
            depot: depot.name.clone(),
            unit: book.pack.unit(&class, req.lang).to_owned(),
            class: book.pack.class_name(&class, req.lang).to_owned(),
            quantity: r.get("quantity")?,
            cause: r.get::<Cause>("kind")?.as_str(),
            from: r.get("origin")?,
            to: r.get("target")?,
            about: r.get("about")?,
            why: r.get("why")?,
            log_seq: r.get("log_seq")?,
        });
    }
    Ok(out)
}

/// Everything counted again.
pub fn check(req: &Req, q: &mut dyn Query, relief: &Relief) -> Result<Check> {
    let book = book(req, q, relief)?;
    let found = ledger::recount(q, &relief.id)?;
    let held = ledger::held(q, &relief.id)?;
    let Recount { accounts, moves, wrong, below, loads } = found;
    Ok(Check {
        number: relief.number.clone(),
        title: relief.title.clone(),
        accounts,
        moves,
        wrong,
        below,
        loads,
        classes: rows(req, &book, relief, &held, &[]),
        holds: found.holds(),
    })
}
