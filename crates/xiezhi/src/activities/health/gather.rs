//! Where within a community cases gather, when they were counted by grid: a space-time scan over the last weeks.
//!
//! What must stay true: the same counts give the same cluster; grids that nobody told of are no zero, they are left out.

use calc::scan::{Asked, Cell, Metric, Row, scan};
use store::Query;

use super::days::{self, History};
use super::pack::Pack;
use crate::base::area::{self, Area};
use crate::kit::Result;

/// Days that are looked at.
const DAYS: i32 = 28;
/// A cluster this likely by chance is not shown.
const CHANCE: f64 = 0.05;

/// A grid with its cases of the last week.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Which one.
    pub area: Area,
    /// Cases of the last seven days.
    pub cases: u32,
    /// It is part of the cluster.
    pub inside: bool,
}

/// Grids, and what they say together.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Those that were told of, the most cases first.
    pub grids: Vec<Grid>,
    /// How likely a cluster like the one found is by chance; absent without one.
    pub p: Option<f64>,
    /// Days of the cluster.
    pub days: i64,
}

/// Looks at the grids of a community for a syndrome, up to a day: at all that is counted by grid, whichever rule called.
pub fn look(q: &mut dyn Query, pack: &Pack, path: &str, syndrome: &str, end: i32) -> Result<Gathered> {
    let blocks = days::beneath(q, false, path, days::year_of(end - DAYS), 4_000)?;
    let (mut grids, mut cells, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (area, ring) in area::outlines(q, path)? {
        let id = &area.id;
        let of = |source: &'_ str| -> Vec<&days::Block> {
            blocks.iter().filter(|b| b.area == *id && b.source == source && b.syndrome == syndrome).collect()
        };
        let all: Vec<History> = pack.tells.iter().map(|s| History::of(of(&s.id), s.quiet)).collect();
        if all.iter().all(|h| h.last().is_none_or(|d| d <= end - DAYS)) {
            continue;
        }
        let corners = ring.len().max(1) as f64;
        let sum = |of: fn(&calc::geo::Point) -> i32| ring.iter().map(|p| f64::from(of(p)) / 1e7).sum::<f64>() / corners;
        let cell = cells.len() as u32;
        cells.push(Cell { x: sum(|p| p.lon), y: sum(|p| p.lat), population: None });
        let mut week = 0;
        for day in end - DAYS + 1..=end {
            let count: u64 = all.iter().map(|h| on(h, day)).sum();
            rows.push(Row { cell, period: i64::from(day), count });
            week += if day > end - 7 { count } else { 0 };
        }
        grids.push(Grid { area, cases: week as u32, inside: false });
    }
    let mut out = Gathered { grids, ..Gathered::default() };
    let asked = Asked { metric: Metric::GreatCircle, least: 3, most: 1, seed: end as u64, stop: Some(20), ..Asked::default() };
    if cells.len() > 2
        && let Ok(found) = scan(&cells, &rows, &asked)
        && let Some(best) = found.clusters.first().filter(|c| c.p <= CHANCE)
    {
        best.cells.iter().for_each(|c| out.grids[*c as usize].inside = true);
        (out.p, out.days) = (Some(best.p), best.to - best.from + 1);
    }
    out.grids.sort_by(|a, b| (b.cases, &a.area.code).cmp(&(a.cases, &b.area.code)));
    Ok(out)
}

fn on(history: &History, day: i32) -> u64 {
    let at = usize::try_from(day - history.first).ok();
    at.and_then(|i| history.days.get(i)).map_or(0, |d| u64::from(d.cases))
}
