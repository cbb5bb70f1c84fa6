//! Where cases gather: scan statistics over places and the most recent periods.
//!
//! After Kulldorff (1997) and Kulldorff et al. (2005). Every cell is the centre of zones, which grow by its nearest neighbours; a
//! cylinder is a zone over the last so many periods, and always holds the last one (prospective). [`zones`] lists them, [`model`]
//! says how many cases each would hold by chance and how unlikely more are, [`find`] looks for the most unlikely that do not overlap,
//! [`replicate`] draws the same number of cases by chance, again and again, to see how often that happens by itself.
//! `docs/scan.md` tells the method as a whole.
//!
//! What must stay true: the same counts give the same clusters and the same chances, whatever the order of rows and however many
//! threads there are; cells are told apart by where they lie, and by their number only where two lie at one place or equally far,
//! so naming them anew changes nothing else; whatever is wrong has a [`Fault`].

mod alias;
mod find;
mod model;
mod replicate;
mod table;
#[cfg(test)]
mod tests;
mod zones;

use table::Table;
use zones::Zones;

/// Most cells.
pub const CELLS: usize = 1 << 16;
/// Most cases.
pub const CASES: u64 = 1 << 24;
/// Most zones, that is cells times neighbours; and most cells times periods.
pub const ZONES: usize = 1 << 25;
/// Most replicates.
pub const REPLICATES: u32 = 1_000_000;

/// A cell: a grid, a tract, a building.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// East, in any unit; with [`Metric::GreatCircle`] the longitude in degrees.
    pub x: f64,
    /// North; with [`Metric::GreatCircle`] the latitude in degrees.
    pub y: f64,
    /// How many live there, where that is known.
    pub population: Option<f64>,
}

/// Cases of a cell in a period. The same cell and period may come again: its cases are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place in the list of cells.
    pub cell: u32,
    /// Number of the period. The least and the largest in all rows (also those of 0 cases) are the first and the last; between them a
    /// period without rows has no cases.
    pub period: i64,
    /// How many.
    pub count: u64,
}

/// What would be expected without any cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Cases of a cell times cases of a period: needs no population, and does not see what rises everywhere at once.
    Permutation,
    /// Shares of the population, the same in each period. With one period purely spatial.
    Poisson,
}

/// How far apart two cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// In the plane.
    Euclid,
    /// On the globe.
    GreatCircle,
}

/// How far zones grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    /// Up to this share of the population (of the cases, where no population is known).
    Share(f64),
    /// Up to so many cells, the centre among them.
    Nearest(usize),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// What is expected.
    pub model: Model,
    /// How far apart cells are.
    pub metric: Metric,
    /// How far zones grow.
    pub extent: Extent,
    /// Most periods of a cylinder.
    pub longest: u32,
    /// Fewest cases of a cluster.
    pub least: u32,
    /// How often cases are drawn by chance.
    pub replicates: u32,
    /// Whoever knows it draws the same.
    pub seed: u64,
    /// Stop drawing as soon as so many draws were at least as unlikely as the first cluster: then it is plainly chance, and how much
    /// so matters little (Besag and Clifford 1991).
    pub stop: Option<u32>,
    /// Most clusters.
    pub most: usize,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            model: Model::Permutation,
            metric: Metric::Euclid,
            extent: Extent::Share(0.5),
            longest: 7,
            least: 2,
            replicates: 999,
            seed: 1,
            stop: None,
            most: 20,
        }
    }
}

/// More cases than expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The cell it grew from.
    pub centre: u32,
    /// Its cells, ascending.
    pub cells: Vec<u32>,
    /// Its first period; it lasts to the last one.
    pub from: i64,
    /// The last period.
    pub to: i64,
    /// Cases.
    pub observed: u32,
    /// Cases that would be expected.
    pub expected: f64,
    /// Logarithm of the likelihood ratio: the larger, the less likely by chance.
    pub llr: f64,
    /// How likely a cluster of this ratio is somewhere by chance.
    pub p: f64,
    /// Once in how many periods chance makes one like it, when somebody looks in each period.
    pub recurrence: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Clusters that do not overlap, the least likely first.
    pub clusters: Vec<Cluster>,
    /// All cases.
    pub cases: u32,
    /// All periods.
    pub periods: u64,
    /// Zones that were looked at.
    pub zones: usize,
    /// Periods of the longest cylinder.
    pub longest: u32,
    /// How often cases were drawn.
    pub replicates: u32,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Coordinates of a cell that are no place.
    Place,
    /// A population that is no number, below 0, too large or too small to count with, or missing where it is needed.
    Population,
    /// Cases where nobody lives: of a cell.
    Nobody,
    /// A row names a cell that there is not.
    Cell,
    /// The share is not more than 0 and at most 1.
    Share,
    /// Nothing can be that small: neighbours, periods or cases of a cluster are 0.
    Nothing,
    /// More than [`CELLS`].
    Cells,
    /// More than [`CASES`].
    Cases,
    /// More than [`ZONES`]: fewer neighbours, a smaller share or shorter cylinders would do.
    Zones,
    /// More than [`REPLICATES`].
    Replicates,
}

/// What is wrong, and with which cell or row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub what: What,
    /// Place in the list of cells ([`What::Place`], [`What::Population`], [`What::Nobody`]) or of rows ([`What::Cell`],
    /// [`What::Cases`]); else 0.
    pub at: usize,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.what {
            What::Place => f.write_str("this is no place"),
            What::Population => f.write_str("the population is neither 0 nor a number from 1e-9 to 1e15"),
            What::Nobody => f.write_str("there are cases, but nobody lives here"),
            What::Cell => f.write_str("there is no such cell"),
            What::Share => f.write_str("the share is not between 0 and 1"),
            What::Nothing => f.write_str("neighbours, periods and cases of a cluster are 1 at least"),
            What::Cells => write!(f, "more than {CELLS} cells"),
            What::Cases => write!(f, "more than {CASES} cases"),
            What::Zones => write!(f, "more than {ZONES} zones: fewer neighbours or a smaller share would do"),
            What::Replicates => write!(f, "more than {REPLICATES} replicates"),
        }
    }
}

/// Looks for clusters. Whoever numbers cells in the order of their ids has the same result whatever the order of his rows.
pub fn scan(cells: &[Cell], rows: &[Row], asked: &Asked) -> Result<Outcome, Fault> {
    let fault = |what| Err(Fault { what, at: 0 });
    if asked.longest == 0 || asked.least == 0 || asked.extent == Extent::Nearest(0) {
        return fault(What::Nothing);
    }
    if matches!(asked.extent, Extent::Share(share) if !(share > 0.0 && share <= 1.0)) {
        return fault(What::Share);
    }
    if asked.replicates > REPLICATES {
        return fault(What::Replicates);
    }
    let table = Table::new(cells, rows, asked)?;
    let zones = Zones::new(cells, &table, asked)?;
    let found = find::clusters(&table, &zones, asked);
    let maxima = match found.first() {
        Some(first) => replicate::maxima(cells, &table, &zones, asked, first.llr),
        None => Vec::new(),
    };
    let clusters = found.into_iter().map(|found| {
        let p = replicate::chance(found.llr, &maxima);
        let mut cells = zones.list(found.centre as usize)[..found.size].to_vec();
        cells.sort_unstable();
        Cluster {
            centre: found.centre,
            cells,
            from: table.last - i64::from(found.duration) + 1,
            to: table.last,
            observed: found.observed,
            expected: found.expected,
            llr: found.llr,
            p,
            recurrence: 1.0 / p,
        }
    });
    Ok(Outcome {
        clusters: clusters.collect(),
        cases: table.total,
        periods: table.periods,
        zones: zones.len(),
        longest: table.longest as u32,
        replicates: maxima.len() as u32,
    })
}
