//! The plane in which opinions differ most, and where everybody stands on it: principal components of a table with holes.
//!
//! Each column loses its mean over the votes that were cast; what nobody said then is 0, the mean. The two directions of most
//! variance span the plane. People are placed by what they said alone, drawn out by √(statements / seen), so that few votes do not
//! mean the middle. Statements that moderation took out are 0 for everybody and count as seen.
//!
//! What must stay true: each direction has one sign, the one that makes its largest part positive; so a map does not turn over
//! from one day to the next.

use super::eigen::{EXACT, ROUGH, leading};
use super::votes::Votes;

/// A place on the plane.
pub type Point = [f64; 2];

/// A direction whose eigenvalue is below this part of all variance is none.
const FLAT: f64 = 1e-12;
/// Most columns of which all products are kept: 32 MB.
const DENSE: usize = 2_000;
/// How often a direction is looked at until the two are found, about.
const LOOKS: usize = 80;
/// How much longer a cell takes that lies anywhere than one of a row in full.
const SCATTERED: usize = 4;
/// Parts of a direction that are nearer than this are equally large.
const EQUAL: f64 = 1e-9;

/// A plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Mean vote on each statement; 0 for what was taken out.
    pub center: Vec<f64>,
    /// The two directions, by statement; all 0 when opinions differ in fewer.
    pub components: [Vec<f64>; 2],
    /// Share of all variance along each.
    pub explained: [f64; 2],
}

/// A table with holes: rows of cells, each with its column.
struct Table {
    ends: Vec<usize>,
    cells: Vec<(u32, f64)>,
    columns: usize,
}

impl Table {
    fn rows(&self) -> impl Iterator<Item = &[(u32, f64)]> {
        (0..self.ends.len()).map(|i| &self.cells[if i == 0 { 0 } else { self.ends[i - 1] }..self.ends[i]])
    }

    /// Rows as columns.
    fn turned(&self) -> Table {
        let mut columns = vec![Vec::new(); self.columns];
        for (i, row) in self.rows().enumerate() {
            row.iter().for_each(|(j, v)| columns[*j as usize].push((i as u32, *v)));
        }
        let mut end = 0;
        let ends = columns.iter().map(|c| (end += c.len(), end).1).collect();
        Table { ends, cells: columns.concat(), columns: self.ends.len() }
    }

    /// How far each row points along a direction.
    fn along(&self, x: &[f64], y: &mut [f64]) {
        for (row, y) in self.rows().zip(y) {
            *y = row.iter().map(|(j, v)| v * x[*j as usize]).sum();
        }
    }

    /// The sum of the rows, each as often as this says.
    fn sum(&self, x: &[f64], y: &mut [f64]) {
        y.fill(0.0);
        for (row, x) in self.rows().zip(x) {
            row.iter().for_each(|(j, v)| y[*j as usize] += v * x);
        }
    }

    /// Products of each two columns, one after the other, when that is less work than going through all cells each time
    /// that a direction is looked at.
    fn products(&self) -> Option<Vec<f64>> {
        let size = self.columns;
        let pairs: usize = self.rows().map(|row| row.len() * row.len() / 2).sum();
        if size == 0 || size > DENSE || pairs + LOOKS * size * size > LOOKS * 2 * self.cells.len() * SCATTERED {
            return None;
        }
        let mut all = vec![0.0; size * size];
        for row in self.rows() {
            for (n, (j, v)) in row.iter().enumerate() {
                let line = &mut all[*j as usize * size..][..size];
                row[..=n].iter().for_each(|(k, w)| line[*k as usize] += v * w);
            }
        }
        for j in 0..size {
            (0..j).for_each(|k| all[k * size + j] = all[j * size + k]);
        }
        Some(all)
    }

    /// The two directions of most variance among the columns, and the variance along each.
    fn directions(&self, residual: f64) -> Vec<(f64, Vec<f64>)> {
        let products = self.products();
        let apply = |x: &[f64], y: &mut [f64]| match &products {
            Some(products) => {
                y.fill(0.0);
                for (line, x) in products.chunks_exact(self.columns).zip(x) {
                    y.iter_mut().zip(line).for_each(|(y, p)| *y += p * x);
                }
            }
            None => {
                let mut middle = vec![0.0; self.ends.len()];
                self.along(x, &mut middle);
                self.sum(&middle, y);
            }
        };
        let (mut found, mut values) = (Vec::new(), Vec::new());
        while found.len() < 2 {
            let Some((value, vector)) = leading(self.columns, &found, residual, &apply) else { break };
            values.push(value);
            found.push(vector);
        }
        values.into_iter().zip(found).collect()
    }
}

impl Plane {
    /// The plane of some voters. `out` says which statements moderation took out.
    pub fn of(votes: &Votes, out: &[bool], voters: &[u32]) -> Plane {
        Plane::found(votes, out, voters, EXACT)
    }

    /// The same, well enough to compare with.
    pub fn rough(votes: &Votes, out: &[bool], voters: &[u32]) -> Plane {
        Plane::found(votes, out, voters, ROUGH)
    }

    fn found(votes: &Votes, out: &[bool], voters: &[u32], residual: f64) -> Plane {
        let size = votes.statements().len();
        let rows = || voters.iter().map(|v| votes.row(*v as usize));
        let mut sums = vec![(0i64, 0i64); size];
        for (j, vote) in rows().flatten() {
            let (sum, seen) = &mut sums[*j as usize];
            (*sum, *seen) = (*sum + vote.value() as i64, *seen + 1);
        }
        let mean = |(j, (sum, seen)): (usize, &(i64, i64))| if out[j] || *seen == 0 { 0.0 } else { *sum as f64 / *seen as f64 };
        let center: Vec<f64> = sums.iter().enumerate().map(mean).collect();
        let (mut ends, mut cells) = (Vec::with_capacity(voters.len()), Vec::with_capacity(votes.len()));
        for row in rows() {
            let open = row.iter().filter(|(j, _)| !out[*j as usize]);
            cells.extend(open.map(|(j, vote)| (*j, vote.value() - center[*j as usize])));
            ends.push(cells.len());
        }
        let centred = Table { ends, cells, columns: size };
        let all: f64 = centred.cells.iter().map(|(_, v)| v * v).sum();
        // They are looked for among statements or among people, whichever are fewer: the ones follow from the others.
        let by_people = size > voters.len();
        let pairs = if by_people { centred.turned().directions(residual) } else { centred.directions(residual) };
        let (mut found, mut explained) = (Vec::new(), [0.0; 2]);
        for ((value, mut direction), share) in pairs.into_iter().zip(&mut explained) {
            if value > FLAT * all {
                *share = value / all;
                if by_people {
                    let people = std::mem::replace(&mut direction, vec![0.0; size]);
                    centred.sum(&people, &mut direction);
                    direction.iter_mut().for_each(|x| *x /= value.sqrt());
                }
                turn(&mut direction);
                found.push(direction);
            }
        }
        found.resize(2, vec![0.0; size]);
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or_default();
        Plane { center, components: [next(), next()], explained }
    }

    /// Where a voter stands.
    pub fn place(&self, votes: &Votes, out: &[bool], voter: usize) -> Point {
        let (mut at, mut seen) = ([0.0; 2], out.iter().filter(|o| **o).count());
        for (j, vote) in votes.row(voter) {
            let j = *j as usize;
            if !out[j] {
                seen += 1;
                let away = vote.value() - self.center[j];
                at[0] += away * self.components[0][j];
                at[1] += away * self.components[1][j];
            }
        }
        let drawn = (out.len() as f64 / seen.max(1) as f64).sqrt();
        at.map(|x| x * drawn)
    }

    /// Where somebody would stand who agrees with this statement and has seen no other.
    pub fn statement(&self, j: usize) -> Point {
        let drawn = (self.center.len() as f64).sqrt() * (1.0 - self.center[j]);
        [0, 1].map(|axis: usize| drawn * self.components[axis][j])
    }
}

/// Gives a direction the sign that makes its largest part positive; of equally large parts the first.
fn turn(direction: &mut [f64]) {
    let most = direction.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let first = direction.iter().find(|x| x.abs() >= most * (1.0 - EQUAL));
    if first.is_some_and(|x| *x < 0.0) {
        direction.iter_mut().for_each(|x| *x = -*x);
    }
}
