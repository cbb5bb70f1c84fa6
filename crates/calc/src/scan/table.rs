//! Counts, checked and added up: what each cell has, and what it has in the last so many periods.
//!
//! What must stay true: sums are whole numbers; what a cylinder would hold by chance depends on the sums of cells and of periods alone,
//! which no replicate changes.

use super::{Asked, CASES, CELLS, Cell, Fault, Model, Row, What, ZONES};

/// Counts of a scan.
pub struct Table {
    /// All cases.
    pub total: u32,
    /// All periods.
    pub periods: u64,
    /// The last one.
    pub last: i64,
    /// Most periods of a cylinder.
    pub longest: usize,
    /// Cases of a cell in all periods.
    pub cases: Vec<u32>,
    /// What is expected of a cell, in any unit: its cases, or its population.
    pub mass: Vec<f64>,
    /// What a unit of mass makes in the last 1, 2 … periods: the numerator; all have one denominator.
    shares: Vec<f64>,
    of: f64,
    /// Cases in the last 1, 2 … periods.
    pub within: Vec<u32>,
    /// The same of each cell: `longest` numbers each.
    pub(super) recent: Vec<u32>,
}

impl Table {
    /// Adds up.
    pub fn new(cells: &[Cell], rows: &[Row], asked: &Asked) -> Result<Table, Fault> {
        if cells.len() > CELLS {
            return Err(Fault { what: What::Cells, at: 0 });
        }
        let mut total = 0u64;
        for (at, row) in rows.iter().enumerate() {
            if row.cell as usize >= cells.len() {
                return Err(Fault { what: What::Cell, at });
            }
            total = total.saturating_add(row.count);
            if total > CASES {
                return Err(Fault { what: What::Cases, at });
            }
        }
        let (first, last) = rows.iter().fold((i64::MAX, i64::MIN), |(lo, hi), r| (lo.min(r.period), hi.max(r.period)));
        let periods = if rows.is_empty() { 0 } else { last.abs_diff(first).saturating_add(1) };
        let longest = periods.min(u64::from(asked.longest)) as usize;
        if cells.len().saturating_mul(longest) > ZONES {
            return Err(Fault { what: What::Zones, at: 0 });
        }
        let mut cases = vec![0u32; cells.len()];
        let mut recent = vec![0u32; cells.len() * longest];
        for row in rows {
            let (cell, count, ago) = (row.cell as usize, row.count as u32, last.abs_diff(row.period));
            cases[cell] += count;
            if ago < longest as u64 {
                recent[cell * longest + ago as usize] += count;
            }
        }
        let mut within = vec![0u32; longest];
        for one in recent.chunks_mut(longest.max(1)) {
            let mut sum = 0;
            for (n, all) in one.iter_mut().zip(&mut within) {
                sum += *n;
                *n = sum;
                *all += sum;
            }
        }
        let total = total as u32;
        let (mass, shares, of) = match asked.model {
            Model::Permutation => {
                (cases.iter().map(|n| f64::from(*n)).collect(), within.iter().map(|n| f64::from(*n)).collect(), f64::from(total))
            }
            Model::Poisson => {
                let mass = people(cells, &cases)?;
                let all: f64 = mass.iter().sum();
                let shares = (1..=longest).map(|d| f64::from(total) * d as f64).collect();
                (mass, shares, all * periods as f64)
            }
        };
        Ok(Table { total, periods, last, longest, cases, mass, shares, of, within, recent })
    }

    /// Cases that so much mass would have in the last `duration` periods.
    pub fn expected(&self, mass: f64, duration: usize) -> f64 {
        mass * self.shares[duration - 1] / self.of
    }

    /// Cases of a cell in the last 1, 2 … periods.
    pub fn recent(&self, cell: u32) -> &[u32] {
        &self.recent[cell as usize * self.longest..][..self.longest]
    }
}

/// Whether so many may live somewhere: nobody, or what can be added up and divided without loss.
pub fn is_population(n: f64) -> bool {
    n == 0.0 || (1e-9..=1e15).contains(&n)
}

/// Everybody's population; where it is needed, it must be there.
fn people(cells: &[Cell], cases: &[u32]) -> Result<Vec<f64>, Fault> {
    let of = |(at, cell): (usize, &Cell)| match cell.population {
        Some(0.0) if cases[at] > 0 => Err(Fault { what: What::Nobody, at }),
        Some(n) if is_population(n) => Ok(n),
        _ => Err(Fault { what: What::Population, at }),
    };
    cells.iter().enumerate().map(of).collect()
}
