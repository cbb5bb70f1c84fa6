//! The most unlikely cylinders that do not overlap.
//!
//! What must stay true: of equal ones the one with fewer cells is taken, then the shorter, then that of the first centre; the next one
//! is the most unlikely among all that have no cell of those before.

use super::Asked;
use super::model::{bound, llr};
use super::table::Table;
use super::zones::Zones;
use crate::shared::shared;

/// A cylinder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub centre: u32,
    /// How many cells.
    pub size: usize,
    /// How many periods.
    pub duration: u32,
    pub observed: u32,
    pub expected: f64,
    pub llr: f64,
}

/// Looks for them, the most unlikely first.
pub fn clusters(table: &Table, zones: &Zones, asked: &Asked) -> Vec<Found> {
    let mut taken = vec![false; zones.centres()];
    let mut best = shared(zones.centres(), |centre| search(table, zones, asked, centre, &taken));
    let mut found = Vec::new();
    while found.len() < asked.most {
        // The first of equal ones: centres are gone through in order.
        let better = |a: Option<Found>, b: &Found| match a {
            Some(a) if (b.llr, a.size, a.duration) <= (a.llr, b.size, b.duration) => Some(a),
            _ => Some(*b),
        };
        let Some(next) = best.iter().flatten().fold(None, better) else { break };
        for cell in &zones.list(next.centre as usize)[..next.size] {
            taken[*cell as usize] = true;
        }
        found.push(next);
        for (centre, one) in best.iter_mut().enumerate() {
            let overlaps = |f: &Found| zones.list(centre)[..f.size].iter().any(|cell| taken[*cell as usize]);
            if one.as_ref().is_some_and(overlaps) {
                *one = search(table, zones, asked, centre, &taken);
            }
        }
    }
    found
}

/// The most unlikely cylinder of a centre without cells that are taken.
fn search(table: &Table, zones: &Zones, asked: &Asked, centre: usize, taken: &[bool]) -> Option<Found> {
    let mut counts = vec![0u32; table.longest];
    let mut best: Option<Found> = None;
    for (n, (cell, mass)) in zones.list(centre).iter().zip(zones.mass(centre)).enumerate() {
        if taken[*cell as usize] {
            break;
        }
        for (d, (count, more)) in counts.iter_mut().zip(table.recent(*cell)).enumerate() {
            *count += more;
            if *count < asked.least {
                continue;
            }
            let expected = table.expected(*mass, d + 1);
            let least = best.map_or(0.0, |b| b.llr);
            if f64::from(*count) <= expected || bound(*count, expected, table.total) < least {
                continue;
            }
            let llr = llr(*count, expected, table.total);
            if llr > least {
                let (centre, duration) = (centre as u32, d as u32 + 1);
                best = Some(Found { centre, size: n + 1, duration, observed: *count, expected, llr });
            }
        }
    }
    best
}
