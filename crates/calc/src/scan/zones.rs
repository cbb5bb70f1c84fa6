//! Zones: for each cell the list of its nearest neighbours, itself among them; each beginning of the list is a zone.
//!
//! What must stay true: the list is in the order of distance, and of numbers where some are equally far; so of two cells at one place
//! the first is a zone, and both are.

use super::table::{Table, is_population};
use super::{Asked, Cell, Extent, Fault, Metric, What, ZONES};
use crate::shared::shared;

/// Lists of neighbours.
pub struct Zones {
    start: Vec<usize>,
    cells: Vec<u32>,
    /// Mass of the cells of a list up to here.
    mass: Vec<f64>,
}

impl Zones {
    /// Lists them.
    pub fn new(cells: &[Cell], table: &Table, asked: &Asked) -> Result<Zones, Fault> {
        let places = cells.iter().enumerate().map(|(at, cell)| place(cell, asked.metric).ok_or(Fault { what: What::Place, at }));
        let places = places.collect::<Result<Vec<_>, Fault>>()?;
        let too_many = Fault { what: What::Zones, at: 0 };
        // What a share is a share of: people where they are known, else cases.
        let weights: Vec<f64> = match cells.iter().map(|c| c.population).collect::<Option<Vec<f64>>>() {
            Some(people) => people,
            None => table.cases.iter().map(|n| f64::from(*n)).collect(),
        };
        if let Some(at) = weights.iter().position(|w| !is_population(*w)) {
            return Err(Fault { what: What::Population, at });
        }
        let most = match asked.extent {
            Extent::Nearest(most) => most.min(cells.len()),
            Extent::Share(_) => cells.len(),
        };
        if matches!(asked.extent, Extent::Nearest(_)) && cells.len().saturating_mul(most) > ZONES {
            return Err(too_many);
        }
        let limit = match asked.extent {
            Extent::Share(share) => share * weights.iter().sum::<f64>() * (1.0 + 1e-12),
            Extent::Nearest(_) => f64::INFINITY,
        };
        let mut zones = Zones { start: vec![0], cells: Vec::new(), mass: Vec::new() };
        // In blocks, so that what is too much is noticed before it fills the memory.
        for block in (0..cells.len()).step_by(BLOCK) {
            let lists = shared(BLOCK.min(cells.len() - block), |n| neighbours(&places, block + n, most, &weights, limit));
            for list in lists {
                let mut sum = 0.0;
                for cell in &list {
                    sum += table.mass[*cell as usize];
                    zones.mass.push(sum);
                }
                zones.cells.extend(list);
                zones.start.push(zones.cells.len());
            }
            if zones.cells.len() > ZONES {
                return Err(too_many);
            }
        }
        Ok(zones)
    }

    /// How many centres there are.
    pub fn centres(&self) -> usize {
        self.start.len() - 1
    }

    /// How many zones there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The neighbours of a cell.
    pub fn list(&self, centre: usize) -> &[u32] {
        &self.cells[self.start[centre]..self.start[centre + 1]]
    }

    /// The mass of each zone of a cell.
    pub fn mass(&self, centre: usize) -> &[f64] {
        &self.mass[self.start[centre]..self.start[centre + 1]]
    }
}

/// Centres of one round.
const BLOCK: usize = 256;

/// Where a cell lies, so that straight distances are in the order of those wanted: on the globe the chord grows with the arc.
fn place(cell: &Cell, metric: Metric) -> Option<[f64; 3]> {
    match metric {
        Metric::Euclid => (cell.x.abs() <= FAR && cell.y.abs() <= FAR).then_some([cell.x, cell.y, 0.0]),
        Metric::GreatCircle => (cell.x.abs() <= 180.0 && cell.y.abs() <= 90.0).then(|| {
            let (lon, lat) = (cell.x.to_radians(), cell.y.to_radians());
            [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
        }),
    }
}

/// Coordinates further out could not be squared.
const FAR: f64 = 1e150;

/// The nearest of a cell, at most so many and of so much weight.
fn neighbours(places: &[[f64; 3]], centre: usize, most: usize, weights: &[f64], limit: f64) -> Vec<u32> {
    let from = places[centre];
    let square = |to: &[f64; 3]| {
        let [x, y, z] = [from[0] - to[0], from[1] - to[1], from[2] - to[2]];
        x * x + y * y + z * z
    };
    let mut all: Vec<(f64, u32)> = places.iter().zip(0..).map(|(to, n)| (square(to), n)).collect();
    let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if most < all.len() {
        all.select_nth_unstable_by(most - 1, order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
    let mut sum = 0.0;
    let fits = |(_, n): &(f64, u32)| {
        sum += weights[*n as usize];
        sum <= limit
    };
    all.into_iter().take_while(fits).map(|(_, n)| n).collect()
}
