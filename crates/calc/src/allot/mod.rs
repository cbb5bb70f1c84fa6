//! What is short in an emergency, shared out (应急物资分配): who gets how much of what, from which depot, and why.
//!
//! Urgent needs come first, tier by tier. Needs of one tier share what there is by weight (`fill`), those whose quantity nobody
//! knows take part with a base ration. What is left of one class may stand in for another. Then depots are found for all that was
//! shared, at the least transport (`carry`). `docs/relief.md` tells the method as a whole.
//!
//! What must stay true: never more than a stock, never more than a known need; while a need is short by a lot or more, none of the
//! same class that is less urgent gets any of it; the same rows in another order give the same bytes.

mod carry;
mod fill;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::budget::by_id;
use fill::{Vessel, fill};

/// Largest quantity.
pub const QUANTITY: u64 = 1_000_000_000_000;
/// Largest weight, and the longest way.
pub const WEIGHT: u64 = 1_000_000_000;
/// Largest lot, and the largest rate of a substitute.
pub const LOT: u64 = 1_000_000;
/// Most stocks, needs, distances, substitutes.
pub const ROWS: usize = 100_000;
/// Most ways between depots and sites of one class that are compared.
pub const WAYS: usize = 4_000_000;

/// What lies somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Stock {
    pub depot: String,
    pub class: String,
    pub quantity: u64,
}

/// What somebody needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Tells needs of one site and class apart.
    pub id: String,
    /// Who.
    pub site: String,
    /// What.
    pub class: String,
    /// How much; nothing when nobody knows.
    pub quantity: Option<u64>,
    /// What it got before, or was promised.
    pub got: u64,
    /// The smaller, the more urgent.
    pub tier: u32,
    /// How wide its share is: people served, say.
    pub weight: u64,
    /// By when; of two that are otherwise equal the earlier gets the last piece.
    pub by: Option<i64>,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Distance {
    pub depot: String,
    pub site: String,
    pub cost: u64,
}

/// What may stand in where something else is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitute {
    /// What is asked.
    pub class: String,
    /// What may be given for it.
    pub instead: String,
    /// One of what is given serves as so many of what is asked.
    pub rate: u64,
}

/// All that is to be shared out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ask {
    pub stocks: Vec<Stock>,
    pub needs: Vec<Need>,
    pub distances: Vec<Distance>,
    pub substitutes: Vec<Substitute>,
    /// Of these classes only whole lots of so many are given.
    pub lots: BTreeMap<String, u64>,
    /// Base rations of classes.
    pub rations: BTreeMap<String, Ration>,
}

/// So much for so much weight: what a need of unknown quantity is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ration {
    pub amount: u64,
    pub per: u64,
}

impl Ration {
    /// For a weight, rounded up.
    fn of(self, weight: u64) -> u64 {
        let all = (u128::from(self.amount) * u128::from(weight)).div_ceil(u128::from(self.per));
        u64::try_from(all).unwrap_or(QUANTITY).min(QUANTITY)
    }
}

/// Why a site gets so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// All that it asked for, of its own class.
    All,
    /// Its share by weight: there was not enough for all who are as urgent.
    Share,
    /// A base ration, for nobody knows how much it needs.
    Ration,
    /// What is left of another class stands in.
    Instead,
}

/// Why a need is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// There is none of it, and nothing that may stand in.
    None,
    /// More urgent needs took all there is.
    Tier,
    /// What there is was shared by weight.
    Share,
    /// What is missing is less than a lot.
    Lot,
}

/// So much goes from a depot to a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From where.
    pub depot: String,
    /// What is given.
    pub class: String,
    /// The need, by its place in [`Ask::needs`].
    pub need: usize,
    /// How much of what is given.
    pub quantity: u64,
    /// Why.
    pub why: Why,
    /// How far, when that is known.
    pub cost: Option<u64>,
}

/// How a need stands afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// What it was taken to be: its quantity, or a base ration.
    pub asked: u64,
    /// What it has now, with what stands in counted as what it asked for.
    pub got: u64,
    /// Why it is short; a base ration that was not reached is short too.
    pub lack: Option<Lack>,
}

/// Who gets what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By depot, class, site, need.
    pub lines: Vec<Line>,
    /// Of each need, in the order of [`Ask::needs`].
    pub stands: Vec<Stand>,
    /// Quantities times the ways that are known.
    pub cost: u128,
}

/// What is wrong, and in which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    Stock(usize, What),
    Need(usize, What),
    Distance(usize, What),
    Substitute(usize, What),
    /// More than can be shared out at once.
    Many,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The same stands in another row.
    Twice,
    /// A number is out of range.
    Range,
    /// Something stands in for itself.
    Itself,
}

/// A need while it is worked on.
struct Work {
    need: usize,
    asked: u64,
    got: u64,
}

/// So many lots of a class go to a need.
struct Given {
    class: String,
    need: usize,
    lots: u64,
    why: Why,
}

/// Shares out.
pub fn allot(ask: &Ask) -> Result<Outcome, Fault> {
    check(ask)?;
    let rations = rations(ask);
    let mut order: Vec<usize> = (0..ask.needs.len()).collect();
    order.sort_by(|a, b| by_need(&ask.needs[*a], &ask.needs[*b]));
    let asked = |need: &Need| match need.quantity {
        Some(quantity) => quantity,
        None => rations.get(&need.class).copied().unwrap_or(Ration { amount: 1, per: 1 }).of(need.weight),
    };
    let mut work: Vec<Work> =
        order.iter().map(|n| Work { need: *n, asked: asked(&ask.needs[*n]), got: ask.needs[*n].got }).collect();
    let mut pools: BTreeMap<&str, u64> = BTreeMap::new();
    for stock in &ask.stocks {
        *pools.entry(&stock.class).or_default() += stock.quantity / ask.lot(&stock.class);
    }
    let had = pools.clone();
    let mut groups: BTreeMap<(u32, &str), Vec<usize>> = BTreeMap::new();
    for (at, w) in work.iter().enumerate() {
        groups.entry((ask.needs[w.need].tier, &ask.needs[w.need].class)).or_default().push(at);
    }
    let mut given = Vec::new();
    for ((_, class), group) in &groups {
        share(ask, &mut work, group, (class, 1), &mut pools, &mut given);
    }
    // Only what nobody asks for in its own name stands in for something else.
    let mut substitutes: Vec<&Substitute> = ask.substitutes.iter().collect();
    substitutes.sort_by(|a, b| by_id(&a.class, &b.class).then_with(|| by_id(&a.instead, &b.instead)));
    for ((_, class), group) in &groups {
        for s in substitutes.iter().filter(|s| s.class == *class) {
            share(ask, &mut work, group, (&s.instead, s.rate), &mut pools, &mut given);
        }
    }
    // Those of which anybody got something now.
    let reached: BTreeSet<(u32, &str)> =
        given.iter().map(|g| (ask.needs[g.need].tier, ask.needs[g.need].class.as_str())).collect();
    let stand = |w: &Work| {
        let need = &ask.needs[w.need];
        let steps = |(class, rate): (&str, u64)| had.get(class).filter(|n| **n > 0).map(|_| ask.lot(class) * rate);
        let ways = std::iter::once((need.class.as_str(), 1))
            .chain(substitutes.iter().filter(|s| s.class == need.class).map(|s| (s.instead.as_str(), s.rate)));
        let least = ways.filter_map(steps).min();
        let lack = match least {
            _ if w.got >= w.asked => None,
            None => Some(Lack::None),
            Some(least) if w.asked - w.got < least => Some(Lack::Lot),
            Some(_) if reached.contains(&(need.tier, need.class.as_str())) => Some(Lack::Share),
            Some(_) => Some(Lack::Tier),
        };
        Stand { asked: w.asked, got: w.got, lack }
    };
    let mut stands = vec![Stand { asked: 0, got: 0, lack: None }; work.len()];
    work.iter().for_each(|w| stands[w.need] = stand(w));
    for g in given.iter_mut().filter(|g| g.why == Why::All) {
        let (need, lot) = (&ask.needs[g.need], ask.lot(&g.class));
        g.why = match need.quantity {
            None => Why::Ration,
            Some(quantity) if need.got + (g.lots + 1) * lot <= quantity => Why::Share,
            Some(_) => Why::All,
        };
    }
    let lines = carry::carry(ask, &given)?;
    let cost = lines.iter().filter_map(|l| l.cost.map(|c| u128::from(c) * u128::from(l.quantity))).sum();
    Ok(Outcome { lines, stands, cost })
}

/// Shares what a pool holds among needs of one tier that ask for one class.
fn share<'a>(
    ask: &'a Ask,
    work: &mut [Work],
    group: &[usize],
    (class, rate): (&'a str, u64),
    pools: &mut BTreeMap<&'a str, u64>,
    given: &mut Vec<Given>,
) {
    let Some(pool) = pools.get_mut(class).filter(|lots| **lots > 0) else { return };
    let step = ask.lot(class) * rate;
    let vessel = |at: &usize| {
        let (w, need) = (&work[*at], &ask.needs[work[*at].need]);
        Vessel { got: w.got, most: w.asked.saturating_sub(w.got) / step, weight: need.weight, by: need.by.unwrap_or(i64::MAX) }
    };
    let vessels: Vec<Vessel> = group.iter().map(vessel).collect();
    for (at, lots) in group.iter().zip(fill(&vessels, *pool, step)).filter(|(_, lots)| *lots > 0) {
        let w = &mut work[*at];
        w.got += lots * step;
        *pool -= lots;
        let why = if ask.needs[w.need].class == class { Why::All } else { Why::Instead };
        given.push(Given { class: class.to_owned(), need: w.need, lots, why });
    }
}

impl Ask {
    fn lot(&self, class: &str) -> u64 {
        self.lots.get(class).copied().unwrap_or(1)
    }
}

/// The order in which needs are gone through, by what they are called and never by their row.
fn by_need(a: &Need, b: &Need) -> Ordering {
    by_id(&a.site, &b.site).then_with(|| by_id(&a.class, &b.class)).then_with(|| by_id(&a.id, &b.id))
}

/// Base rations: as said, else the lower median of what those who know ask for, each for its weight, else 1 for 1.
fn rations(ask: &Ask) -> BTreeMap<String, Ration> {
    let mut told: BTreeMap<&str, Vec<Ration>> = BTreeMap::new();
    for need in &ask.needs {
        if let Some(amount) = need.quantity.filter(|q| *q > 0) {
            told.entry(&need.class).or_default().push(Ration { amount, per: need.weight });
        }
    }
    let mut out: BTreeMap<String, Ration> = BTreeMap::new();
    for (class, mut list) in told {
        let by =
            |a: &Ration, b: &Ration| (u128::from(a.amount) * u128::from(b.per)).cmp(&(u128::from(b.amount) * u128::from(a.per)));
        list.sort_by(by);
        out.insert(class.to_owned(), list[(list.len() - 1) / 2]);
    }
    out.extend(ask.rations.iter().map(|(class, ration)| (class.clone(), *ration)));
    out
}

fn check(ask: &Ask) -> Result<(), Fault> {
    if [ask.stocks.len(), ask.needs.len(), ask.distances.len(), ask.substitutes.len()].iter().any(|n| *n > ROWS) {
        return Err(Fault::Many);
    }
    if ask.lots.values().any(|lot| !(1..=LOT).contains(lot))
        || ask.rations.values().any(|r| !(1..=QUANTITY).contains(&r.amount) || !(1..=WEIGHT).contains(&r.per))
    {
        return Err(Fault::Many);
    }
    let once = |keys: Vec<(&str, &str, &str)>| -> Option<usize> {
        let mut seen = BTreeSet::new();
        keys.into_iter().position(|key| !seen.insert(key))
    };
    let twice = |at: Option<usize>, fault: fn(usize, What) -> Fault| at.map_or(Ok(()), |at| Err(fault(at, What::Twice)));
    twice(once(ask.stocks.iter().map(|s| (s.depot.as_str(), s.class.as_str(), "")).collect()), Fault::Stock)?;
    twice(once(ask.needs.iter().map(|n| (n.site.as_str(), n.class.as_str(), n.id.as_str())).collect()), Fault::Need)?;
    twice(once(ask.distances.iter().map(|d| (d.depot.as_str(), d.site.as_str(), "")).collect()), Fault::Distance)?;
    twice(once(ask.substitutes.iter().map(|s| (s.class.as_str(), s.instead.as_str(), "")).collect()), Fault::Substitute)?;
    let range = |at: Option<usize>, fault: fn(usize, What) -> Fault| at.map_or(Ok(()), |at| Err(fault(at, What::Range)));
    range(ask.stocks.iter().position(|s| s.quantity > QUANTITY), Fault::Stock)?;
    let odd = |n: &Need| n.quantity.unwrap_or(0).max(n.got) > QUANTITY || !(1..=WEIGHT).contains(&n.weight);
    range(ask.needs.iter().position(odd), Fault::Need)?;
    range(ask.distances.iter().position(|d| d.cost > WEIGHT), Fault::Distance)?;
    range(ask.substitutes.iter().position(|s| !(1..=LOT).contains(&s.rate)), Fault::Substitute)?;
    let itself = ask.substitutes.iter().position(|s| s.class == s.instead);
    itself.map_or(Ok(()), |at| Err(Fault::Substitute(at, What::Itself)))
}
