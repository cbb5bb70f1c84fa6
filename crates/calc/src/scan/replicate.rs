//! The largest ratio that chance makes: the same number of cases, drawn again and again.
//!
//! Sixteen draws are looked through at once, side by side: their counts lie next to each other, what is expected of a cylinder is the same
//! for all of them, and from it follows a count below which none of them can be larger than the least of what they have so far. Only
//! what reaches that count is computed.
//!
//! What must stay true: draw number r depends on the seed and r alone, and so does its largest ratio; it is exact.

use super::alias::Alias;
use super::model::{Levels, bucket, llr};
use super::table::Table;
use super::zones::Zones;
use super::{Asked, Cell, Model};
use crate::draw::{Splitmix, mix};
use crate::shared::shared;

/// Draws side by side.
const LANES: usize = 16;
/// Batches after which somebody looks whether drawing can stop: a fixed number, so that it stops at the same draw everywhere.
const ROUND: usize = 4;
/// Ratios that differ by less are the same, computed by another way.
const SAME: f64 = 1e-12;

/// How likely a ratio is by chance.
pub fn chance(ratio: f64, maxima: &[f64]) -> f64 {
    (1 + reached(ratio, maxima).count()) as f64 / (1 + maxima.len()) as f64
}

/// The draws whose largest ratio is at least this one.
fn reached(ratio: f64, maxima: &[f64]) -> impl Iterator<Item = usize> {
    maxima.iter().enumerate().filter(move |(_, m)| **m >= ratio * (1.0 - SAME)).map(|(n, _)| n)
}

/// The largest ratio of each draw, in order; fewer than asked for when it was plain earlier that `first` is chance.
pub fn maxima(cells: &[Cell], table: &Table, zones: &Zones, asked: &Asked, first: f64) -> Vec<f64> {
    let urn = Urn::new(cells, table, asked);
    let top = (0..zones.centres()).filter_map(|c| zones.mass(c).last().copied()).fold(0.0, f64::max);
    let levels = Levels::new(table.total, table.expected(top, table.longest));
    // Counts up to 32,767 go twice as many into a register.
    let small = table.total.max(asked.least) < i16::MAX as u32;
    let batch = |n: usize| {
        let draws = (n * LANES) as u32..((n + 1) * LANES).min(asked.replicates as usize) as u32;
        let sight = Sight { table, zones, levels: &levels, urn: &urn, least: asked.least };
        let all =
            if small { sight.batch::<i16>(draws.clone(), asked.seed) } else { sight.batch::<i32>(draws.clone(), asked.seed) };
        (all, draws.len())
    };
    let batches = (asked.replicates as usize).div_ceil(LANES);
    let step = if asked.stop.is_some() { ROUND } else { batches.max(1) };
    let mut all = Vec::new();
    for from in (0..batches).step_by(step) {
        for (maxima, draws) in shared(step.min(batches - from), |n| batch(from + n)) {
            all.extend_from_slice(&maxima[..draws]);
        }
        let enough = asked.stop.and_then(|stop| reached(first, &all).nth(stop.max(1) as usize - 1));
        if let Some(last) = enough {
            all.truncate(last + 1);
            break;
        }
    }
    all
}

/// The random numbers of a draw.
pub(super) fn random(seed: u64, draw: u32) -> Splitmix {
    Splitmix::new(mix(mix(seed) ^ u64::from(draw)))
}

/// What cases are drawn from.
pub(super) enum Urn {
    /// The cell of each case. Which of them are in the last periods is drawn, so that cells and periods keep their sums.
    Cases(Vec<u32>),
    /// Cells by their population, in the order of `cells`.
    People { cells: Vec<u32>, alias: Alias },
}

impl Urn {
    /// Cells are in the order of where they lie, so that their numbers do not matter.
    pub(super) fn new(cells: &[Cell], table: &Table, asked: &Asked) -> Urn {
        let mut order: Vec<u32> = (0..cells.len() as u32).collect();
        let place = |n: u32| (cells[n as usize].x, cells[n as usize].y);
        order.sort_by(|a, b| place(*a).0.total_cmp(&place(*b).0).then(place(*a).1.total_cmp(&place(*b).1)).then(a.cmp(b)));
        match asked.model {
            Model::Permutation => {
                Urn::Cases(order.iter().flat_map(|c| std::iter::repeat_n(*c, table.cases[*c as usize] as usize)).collect())
            }
            Model::Poisson => {
                let weights: Vec<f64> = order.iter().map(|c| table.mass[*c as usize]).collect();
                Urn::People { alias: Alias::new(&weights), cells: order }
            }
        }
    }
}

/// The cells of cases in the last periods, the last one first, and where each period ends.
pub(super) struct Drawn {
    pub(super) cells: Vec<u32>,
    pub(super) ends: Vec<u32>,
}

impl Drawn {
    /// Draws once; `cases` is the urn's list, which is left as it was.
    pub(super) fn new(table: &Table, urn: &Urn, cases: &mut [u32], mut random: Splitmix) -> Drawn {
        let mut below = |n: u64| ((u128::from(random.draw()) * u128::from(n)) >> 64) as u64;
        match urn {
            Urn::Cases(_) => {
                let many = table.within.last().copied().unwrap_or(0) as usize;
                let swaps: Vec<u32> = (0..many).map(|n| (n as u64 + below((cases.len() - n) as u64)) as u32).collect();
                for (n, with) in swaps.iter().enumerate() {
                    cases.swap(n, *with as usize);
                }
                let cells = cases[..many].to_vec();
                for (n, with) in swaps.iter().enumerate().rev() {
                    cases.swap(n, *with as usize);
                }
                Drawn { cells, ends: table.within.clone() }
            }
            Urn::People { cells: names, alias } => {
                let mut ends = vec![0u32; table.longest];
                if table.periods == 1 {
                    ends[0] = table.total;
                } else {
                    for _ in 0..table.total {
                        if let Some(end) = ends.get_mut(below(table.periods) as usize) {
                            *end += 1;
                        }
                    }
                    let mut sum = 0;
                    ends.iter_mut().for_each(|end| {
                        sum += *end;
                        *end = sum;
                    });
                }
                let many = ends.last().copied().unwrap_or(0);
                Drawn { cells: (0..many).map(|_| names[alias.draw(random.draw()) as usize]).collect(), ends }
            }
        }
    }
}

/// A count in a register.
trait Lane: Copy + Default + Ord + std::ops::AddAssign {
    fn of(count: u32) -> Self;
    fn count(self) -> u32;
}

impl Lane for i16 {
    fn of(count: u32) -> i16 {
        count as i16
    }
    fn count(self) -> u32 {
        self as u32
    }
}

impl Lane for i32 {
    fn of(count: u32) -> i32 {
        count as i32
    }
    fn count(self) -> u32 {
        self as u32
    }
}

/// What a batch looks at.
struct Sight<'a> {
    table: &'a Table,
    zones: &'a Zones,
    levels: &'a Levels,
    urn: &'a Urn,
    least: u32,
}

impl Sight<'_> {
    /// The largest ratios of some draws.
    fn batch<T: Lane>(&self, draws: std::ops::Range<u32>, seed: u64) -> [f64; LANES] {
        let mut cases = match self.urn {
            Urn::Cases(all) => all.clone(),
            Urn::People { .. } => Vec::new(),
        };
        let drawn: Vec<Drawn> = draws.map(|r| Drawn::new(self.table, self.urn, &mut cases, random(seed, r))).collect();
        // A lane without a draw holds nobody up.
        let mut best: [f64; LANES] = std::array::from_fn(|lane| if lane < drawn.len() { 0.0 } else { f64::INFINITY });
        let mut counts = vec![[T::default(); LANES]; self.zones.centres()];
        for duration in 1..=self.table.longest {
            for (lane, one) in drawn.iter().enumerate() {
                let from = if duration == 1 { 0 } else { one.ends[duration - 2] as usize };
                for cell in &one.cells[from..one.ends[duration - 1] as usize] {
                    counts[*cell as usize][lane] += T::of(1);
                }
            }
            // All cases together are as many as expected.
            if matches!(self.urn, Urn::Cases(_)) && self.table.within[duration - 1] == self.table.total {
                break;
            }
            let mut needed = self.needed(&best);
            for centre in 0..self.zones.centres() {
                if self.zones_of(centre, duration, &counts, needed, &mut best) {
                    needed = self.needed(&best);
                }
            }
        }
        best
    }

    /// Which counts may be more unlikely than the least of what all lanes have.
    fn needed(&self, best: &[f64; LANES]) -> &[u32] {
        self.levels.table(Levels::below(best.iter().copied().fold(f64::INFINITY, f64::min)))
    }

    /// The zones of a centre, over the last so many periods; whether any lane has a larger ratio now.
    fn zones_of<T: Lane>(
        &self,
        centre: usize,
        duration: usize,
        counts: &[[T; LANES]],
        needed: &[u32],
        best: &mut [f64; LANES],
    ) -> bool {
        let rate = self.table.expected(1.0, duration);
        let mut larger = false;
        let mut sums = [T::default(); LANES];
        for (cell, mass) in self.zones.list(centre).iter().zip(self.zones.mass(centre)) {
            let enough = T::of(needed[bucket(mass * rate)].max(self.least));
            let mut any = false;
            for (sum, more) in sums.iter_mut().zip(&counts[*cell as usize]) {
                *sum += *more;
                any |= *sum >= enough;
            }
            if any {
                let expected = self.table.expected(*mass, duration);
                for (best, sum) in best.iter_mut().zip(&sums).filter(|(_, sum)| **sum >= enough) {
                    let ratio = llr(sum.count(), expected, self.table.total);
                    if ratio > *best {
                        (*best, larger) = (ratio, true);
                    }
                }
            }
        }
        larger
    }
}
