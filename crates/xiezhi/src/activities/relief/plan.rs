//! Who gets what: proposed by `calc::allot`, looked at and changed by the desk, confirmed.
//!
//! What must stay true: a proposal binds nobody; in the write that confirms it everything is checked again, and what is not there any
//! more stops all of it; the same stocks and needs give the same proposal.

use std::collections::BTreeMap;

use calc::allot::{self, Ask, Distance, Ration, Stock, Substitute, Why};
use serde::{Deserialize, Serialize};
use store::{Query, Tx, params};

use super::ledger::{self, Cause, Move, Place};
use super::{Book, Draft, Relief, Stand, Way, by_number, depot, need, needs, next, site, tell};
use crate::kit::error::Kind;
use crate::kit::{Error, Result, Who};

/// Proposals of one emergency.
const PLANS: i64 = 10_000;

/// A line of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the depot.
    pub depot: i64,
    /// Number of the need.
    pub need: i64,
    /// What is given.
    pub class: String,
    /// How much of it.
    pub quantity: i64,
    /// The desk said so: it stays.
    pub pinned: bool,
    /// all, share, ration, instead, desk.
    pub why: String,
}

/// A proposal.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `relief_plan`, explained there")]
pub struct Plan {
    pub id: String,
    pub n: i64,
    pub lines: Vec<Line>,
}

/// The proposal that is looked at now.
pub fn draft(q: &mut dyn Query, relief: &str) -> Result<Option<Plan>> {
    let sql = "select id, n, lines from relief_plan where relief = $1 and state = $2 order by n desc limit 1";
    let Some(row) = q.row(sql, params![relief, Draft::Draft])? else { return Ok(None) };
    let text: String = row.get("lines")?;
    Ok(Some(Plan { id: row.get("id")?, n: row.get("n")?, lines: serde_json::from_str(&text).map_err(Error::internal)? }))
}

fn text_of(why: Why) -> &'static str {
    match why {
        Why::All => "all",
        Why::Share => "share",
        Why::Ration => "ration",
        Why::Instead => "instead",
    }
}

/// Lines for what lies in the depots and is needed now; lines that the desk pinned stay.
pub fn lines(q: &mut dyn Query, book: &Book, relief: &Relief) -> Result<Vec<Line>> {
    let (depots, sites) = (depot::all(q, &relief.id)?, site::all(q, &relief.id)?);
    let (held, all) = (ledger::held(q, &relief.id)?, needs::all(q, &relief.id)?);
    let mut out: Vec<Line> = draft(q, &relief.id)?.map(|p| p.lines).unwrap_or_default();
    out.retain(|l| l.pinned);
    // What the desk decided of a need is all that it gets now.
    let decided = |n: &&needs::Need| out.iter().any(|l| l.need == n.n);
    let open: Vec<needs::Need> = all.iter().filter(|n| n.state == Stand::Open && !decided(n)).cloned().collect();
    let number = |id: &str| depots.iter().find(|d| d.id == id).map_or(0, |d| d.n);
    let mut ask = Ask::default();
    for h in &held {
        let n = number(&h.depot);
        let pinned: i64 = out.iter().filter(|l| l.depot == n && l.class == h.class).map(|l| l.quantity).sum();
        let quantity = u64::try_from(h.stock - pinned).unwrap_or(0);
        ask.stocks.push(Stock { depot: n.to_string(), class: h.class.clone(), quantity });
    }
    for need in &open {
        ask.needs.push(allot::Need {
            id: need.n.to_string(),
            site: sites.iter().find(|s| s.id == need.site).map_or(0, |s| s.n).to_string(),
            class: need.class.clone(),
            quantity: need.quantity.map(|q| q as u64),
            got: (need.got + need.promised) as u64,
            tier: need.tier as u32,
            weight: need.people as u64,
            by: Some(need.due_at),
        });
    }
    for depot in &depots {
        for site in &sites {
            let (depot_n, site_n) = (depot.n.to_string(), site.n.to_string());
            ask.distances.push(Distance { depot: depot_n, site: site_n, cost: steps(&depot.path, &site.path) });
        }
    }
    for class in &book.pack.class {
        ask.rations.insert(class.id.clone(), Ration { amount: class.ration.0, per: class.ration.1 });
        ask.substitutes.extend(class.instead.iter().map(|i| Substitute {
            class: class.id.clone(),
            instead: i.class.clone(),
            rate: i.rate as u64,
        }));
    }
    let outcome = allot::allot(&ask).map_err(|e| Error::internal(format!("{e:?}")))?;
    for line in outcome.lines {
        let need = open[line.need].n;
        let depot = line.depot.parse().unwrap_or_default();
        out.push(Line {
            depot,
            need,
            class: line.class,
            quantity: line.quantity as i64,
            pinned: false,
            why: text_of(line.why).into(),
        });
    }
    if out.len() > book.pack.limits.lines {
        out.truncate(book.pack.limits.lines);
    }
    Ok(out)
}

/// How far one place is from another: steps up the tree of areas to one that holds both, and down again.
fn steps(a: &str, b: &str) -> u64 {
    let parts = |p: &str| p.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(a), parts(b));
    let both = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    (a.len() + b.len() - 2 * both) as u64
}

/// Puts lines before the desk, in place of those that were there; gives the number of the proposal.
pub fn propose(tx: &mut Tx, who: &Who, number: &str, lines: &[Line]) -> Result<i64> {
    let (relief, now) = (by_number(tx, number)?, tx.now());
    let entry = relief.by_desk(who, "relief.plan")?;
    relief.open()?;
    let n = next(tx, "relief_plan", &relief.id, PLANS)?;
    let (id, text) = (tx.id(), serde_json::to_string(lines).map_err(Error::internal)?);
    let entry = entry.fact("n", n).fact("lines", lines.len() as i64);
    let seq = tx.log(entry.fact("digest", crate::kit::digest(std::slice::from_ref(&text))))?.index;
    let sql = "update relief_plan set state = $2, ended_at = $3 where relief = $1 and state = $4";
    tx.exec(sql, params![&relief.id, Draft::Dropped, now, Draft::Draft])?;
    let sql =
        "insert into relief_plan(id, relief, n, state, lines, made_at, by_person, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8)";
    tx.exec(sql, params![&id, &relief.id, n, Draft::Draft, text, now, who.actor(), seq])?;
    Ok(n)
}

/// The desk changes a line, or adds one; 0 is nothing. It stays as it says when the rest is proposed anew.
pub fn pin(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, line: &Line) -> Result<()> {
    let relief = by_number(tx, number)?;
    let entry = relief.by_desk(who, "relief.pin")?;
    relief.open()?;
    let mut plan = draft(tx, &relief.id)?.filter(|p| p.n == n).ok_or(Kind::Changed)?;
    if !depot::all(tx, &relief.id)?.iter().any(|d| d.n == line.depot) {
        return Err(Kind::Unknown.at("depot"));
    }
    let need = needs::of(tx, &relief.id, line.need).map_err(|e| e.field("need"))?;
    if book.pack.rate(&need.class, &line.class).is_none() {
        return Err(Kind::Unknown.at("class"));
    }
    plan.lines.retain(|l| (l.depot, l.need, &l.class) != (line.depot, line.need, &line.class));
    plan.lines.push(line.clone());
    if plan.lines.len() > book.pack.limits.lines {
        return Err(Kind::TooMany.at("lines").limit(book.pack.limits.lines as i64));
    }
    let entry = entry.fact("n", n).fact("depot", line.depot).fact("need", line.need).fact("class", line.class.as_str());
    tx.log(entry.fact("quantity", line.quantity))?;
    let text = serde_json::to_string(&plan.lines).map_err(Error::internal)?;
    tx.exec("update relief_plan set lines = $2 where id = $1", params![&plan.id, text])?;
    Ok(())
}

/// A line on its load: the need, the line, and its rate.
type Packed<'l> = (String, &'l Line, i64);

/// Confirms a proposal: everything in it is set aside, one load for each depot and site; gives the numbers of the loads.
pub fn confirm(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64) -> Result<Vec<String>> {
    let (relief, now) = (by_number(tx, number)?, tx.now());
    let entry = relief.by_desk(who, "relief.confirm")?;
    relief.open()?;
    let plan = draft(tx, &relief.id)?.filter(|p| p.n == n).ok_or(Kind::Changed)?;
    if plan.lines.iter().all(|l| l.quantity == 0) {
        return Err(Kind::Missing.at("lines"));
    }
    tx.log(entry.fact("n", n).fact("lines", plan.lines.len() as i64))?;
    let sql = "update relief_plan set state = $2, ended_at = $3 where id = $1";
    tx.exec(sql, params![&plan.id, Draft::Confirmed, now])?;
    let (depots, sites) = (depot::all(tx, &relief.id)?, site::all(tx, &relief.id)?);
    let mut loads: BTreeMap<(i64, i64), Vec<Packed>> = BTreeMap::new();
    for line in plan.lines.iter().filter(|l| l.quantity > 0) {
        let depot = depots.iter().find(|d| d.n == line.depot).ok_or_else(|| Kind::Unknown.at("depot"))?;
        let need = needs::of(tx, &relief.id, line.need).map_err(|e| e.field("need"))?;
        let site = sites.iter().find(|s| s.id == need.site).ok_or_else(|| Kind::Unknown.at("site"))?;
        if need.state != Stand::Open {
            return Err(Kind::State.at("need"));
        }
        let rate = book.pack.rate(&need.class, &line.class).ok_or_else(|| Kind::Unknown.at("class"))?;
        let more = line.quantity.checked_mul(rate).ok_or_else(|| Kind::OutOfRange.at("quantity"))?;
        if need.missing().is_some_and(|missing| more > missing) {
            return Err(Kind::NeedOver.at("quantity").limit(need.missing().unwrap_or_default()));
        }
        let (class, cause, quantity) = (&line.class, Cause::Reserve, line.quantity);
        let (from, to) = (Some(Place::Stock), Place::Reserved);
        ledger::shift(tx, who, &relief, &Move { depot: &depot.id, class, cause, from, to, quantity, about: None, why: None })?;
        need::change(tx, book, who, &relief, &need.id, more, 0)?;
        loads.entry((depot.n, site.n)).or_default().push((need.id, line, rate));
    }
    let mut numbers = Vec::with_capacity(loads.len());
    for ((depot, site), lines) in loads {
        let depot = depots.iter().find(|d| d.n == depot).ok_or(Kind::NotFound)?;
        let site = sites.iter().find(|s| s.n == site).ok_or(Kind::NotFound)?;
        let id = tx.id();
        let load = format!("{number}-{:03}", next(tx, "relief_load", &relief.id, i64::MAX)?);
        let entry = relief.entry(who, "relief.load").fact("load", load.as_str()).fact("depot", depot.n).fact("site", site.n);
        let seq = tx.log(entry)?.index;
        let sql =
            "insert into relief_load(id, number, relief, depot, site, state, made_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8)";
        tx.exec(sql, params![&id, &load, &relief.id, &depot.id, &site.id, Way::Ready, now, seq])?;
        for (at, (need, line, rate)) in lines.into_iter().enumerate() {
            let sql = "insert into relief_load_line(load, n, need, class, quantity, rate) values ($1,$2,$3,$4,$5,$6)";
            tx.exec(sql, params![&id, at as i64 + 1, need, &line.class, line.quantity, rate])?;
        }
        tell(tx, book, who, &relief, &depot.body, "load")?;
        numbers.push(load);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    #[test]
    fn places_are_as_far_as_the_tree_says() {
        assert_eq!(super::steps("/a/b/c/", "/a/b/c/"), 0);
        assert_eq!(super::steps("/a/b/c/", "/a/b/d/"), 2);
        assert_eq!(super::steps("/a/b/", "/a/b/d/"), 1);
    }
}
