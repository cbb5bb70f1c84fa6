//! From which depot each gets what it was given: everything is carried, at the least transport, exactly.
//!
//! What must stay true: a depot gives no more than it has, a need gets what it was given; without distances depots are emptied one
//! after the other, in the order of their names, so that there are few ways.

use std::collections::{BTreeMap, HashMap};

use super::{Ask, Fault, Given, Line, WAYS, by_id, by_need};
use crate::flow::Net;

/// Finds the depots.
pub(super) fn carry(ask: &Ask, given: &[Given]) -> Result<Vec<Line>, Fault> {
    let far: HashMap<(&str, &str), u64> = ask.distances.iter().map(|d| ((d.depot.as_str(), d.site.as_str()), d.cost)).collect();
    // A way that nobody measured is taken only where no other will do.
    let unknown = ask.distances.iter().map(|d| d.cost).max().unwrap_or(0) + 1;
    let mut by_class: BTreeMap<&str, Vec<&Given>> = BTreeMap::new();
    for g in given {
        by_class.entry(&g.class).or_default().push(g);
    }
    let mut lines = Vec::new();
    for (class, mut wants) in by_class {
        wants.sort_by(|a, b| by_need(&ask.needs[a.need], &ask.needs[b.need]));
        let lot = ask.lot(class);
        let mut depots: Vec<(&str, u64)> =
            ask.stocks.iter().filter(|s| s.class == class).map(|s| (s.depot.as_str(), s.quantity / lot)).collect();
        depots.retain(|(_, lots)| *lots > 0);
        depots.sort_by(|a, b| by_id(a.0, b.0));
        let way = |depot: &str, g: &Given| far.get(&(depot, ask.needs[g.need].site.as_str())).copied();
        let found = if ask.distances.is_empty() {
            in_order(&depots, &wants)
        } else {
            if depots.len().saturating_mul(wants.len()) > WAYS {
                return Err(Fault::Many);
            }
            nearest(&depots, &wants, |depot, g| way(depot, g).unwrap_or(unknown))
        };
        for (d, w, lots) in found {
            let (depot, g) = (depots[d].0, wants[w]);
            lines.push(Line {
                depot: depot.to_owned(),
                class: class.to_owned(),
                need: g.need,
                quantity: lots * lot,
                why: g.why,
                cost: way(depot, g),
            });
        }
    }
    let need = |line: &Line| &ask.needs[line.need];
    lines.sort_by(|a, b| {
        by_id(&a.depot, &b.depot).then_with(|| by_id(&a.class, &b.class)).then_with(|| by_need(need(a), need(b)))
    });
    Ok(lines)
}

/// Depot, want and lots, one depot after the other.
fn in_order(depots: &[(&str, u64)], wants: &[&Given]) -> Vec<(usize, usize, u64)> {
    let (mut out, mut depot, mut left) = (Vec::new(), 0, depots.first().map_or(0, |d| d.1));
    for (at, g) in wants.iter().enumerate() {
        let mut open = g.lots;
        while open > 0 && depot < depots.len() {
            let lots = open.min(left);
            if lots > 0 {
                out.push((depot, at, lots));
            }
            (open, left) = (open - lots, left - lots);
            if left == 0 {
                depot += 1;
                left = depots.get(depot).map_or(0, |d| d.1);
            }
        }
    }
    out
}

/// The same at the least transport.
fn nearest(depots: &[(&str, u64)], wants: &[&Given], far: impl Fn(&str, &Given) -> u64) -> Vec<(usize, usize, u64)> {
    let (d, w) = (depots.len(), wants.len());
    let mut net = Net::new(d + w + 2);
    let mut ways = Vec::with_capacity(d * w);
    for (at, (_, lots)) in depots.iter().enumerate() {
        net.add(d + w, at, *lots as i64, 0);
    }
    for (to, g) in wants.iter().enumerate() {
        net.add(d + to, d + w + 1, g.lots as i64, 0);
        for (from, (depot, lots)) in depots.iter().enumerate() {
            ways.push((from, to, net.add(from, d + to, (*lots).min(g.lots) as i64, far(depot, g) as i64)));
        }
    }
    net.send(d + w, d + w + 1);
    ways.into_iter().map(|(from, to, arc)| (from, to, net.sent(arc) as u64)).filter(|(_, _, lots)| *lots > 0).collect()
}
