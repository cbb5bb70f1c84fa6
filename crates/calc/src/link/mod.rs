//! Which rows speak of the same person: record linkage after Fellegi & Sunter (1969), with weights learnt by expectation and
//! maximisation from the rows themselves.
//!
//! A row has a key and cells whose kinds the [`Schema`] tells. [`clean`] gives each cell one spelling, [`records`] packs a row
//! into a few numbers, [`block`] finds the pairs worth comparing, [`levels`] says how far two rows agree in each column,
//! [`em`] learns what that weighs, [`model`] adds it up and says why, [`cluster`] makes people of pairs. [`index`] answers
//! for one row while it is being typed. `docs/linkage.md` tells the method as a whole.
//!
//! What must stay true: two different valid ID numbers never end in one cluster; the same rows give the same result in
//! whatever order they come; nothing is repaired, and nothing here merges anything: it says what belongs together and why.

pub mod block;
pub mod clean;
pub mod cluster;
pub mod em;
pub mod han;
pub mod household;
pub mod index;
pub mod intern;
pub mod levels;
pub mod model;
pub mod near;
pub mod records;
pub mod schema;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use cluster::Pair;
pub use model::{Evidence, Model, probability};
pub use records::Records;
pub use schema::{Kind, Schema};

use block::{LeftOut, Pass};
use em::{Known, Patterns};
use levels::Compared;

/// Bits of a probability.
pub fn bits_of(probability: f64) -> f64 {
    (probability / (1.0 - probability)).log2()
}

/// Pairs that are remembered while the model is still unknown: those whose patterns hold promise under a rough one.
const PROMISING_BITS: f64 = -18.0;

/// A table to link, or two.
#[derive(Clone, Debug)]
pub struct Batch {
    records: Records,
    keys: Vec<u8>,
    ends: Vec<u32>,
    /// Which file a row came from.
    sources: Vec<u8>,
    two: bool,
}

/// Why a row is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no key.
    NoKey,
    /// There are too many rows or texts.
    TooMany,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Pairs from `least` on, by the rows' keys.
    pub pairs: Vec<Pair>,
    /// For each row the first row of its cluster.
    pub clusters: Vec<u32>,
    /// The model.
    pub model: Model,
    /// The passes of blocking.
    pub passes: Vec<Pass>,
    /// Pairs that were compared.
    pub compared: u64,
    /// Blocks that were too big.
    pub left_out: LeftOut,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Smallest probability of a pair that is told.
    pub least: f64,
    /// Probability from which a pair makes a cluster.
    pub join: f64,
}

/// From here on a pair is worth a person's look…
pub const GREY: f64 = 0.5;
/// …and from here on it needs none.
pub const SURE: f64 = 0.95;

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { least: GREY, join: SURE }
    }
}

impl Batch {
    /// An empty table.
    pub fn new(schema: Schema) -> Batch {
        Batch { records: Records::new(schema), keys: Vec::new(), ends: vec![0], sources: Vec::new(), two: false }
    }

    /// Adds a row of the first or second file.
    pub fn push(&mut self, second: bool, key: &str, cells: &[&str]) -> Result<(), Refused> {
        if key.is_empty() {
            return Err(Refused::NoKey);
        }
        if self.keys.len() + key.len() > u32::MAX as usize {
            return Err(Refused::TooMany);
        }
        self.records.push(cells).ok_or(Refused::TooMany)?;
        self.keys.extend_from_slice(key.as_bytes());
        self.ends.push(self.keys.len() as u32);
        self.sources.push(u8::from(second));
        self.two |= second;
        Ok(())
    }

    /// Puts the rows into the order of their keys. A key that comes twice is an error: its places, counted from 0.
    pub fn finish(&mut self) -> Result<(), (usize, usize)> {
        let mut order: Vec<(u64, u32)> = (0..self.len()).map(|i| (head(self.key_bytes(i)), i as u32)).collect();
        order.sort_unstable_by(|x, y| {
            let (a, b) = (x.1 as usize, y.1 as usize);
            x.0.cmp(&y.0).then_with(|| self.key_bytes(a).cmp(self.key_bytes(b))).then(a.cmp(&b))
        });
        for two in order.windows(2) {
            let (a, b) = (two[0].1 as usize, two[1].1 as usize);
            if self.key_bytes(a) == self.key_bytes(b) {
                return Err((a, b));
            }
        }
        let order: Vec<u32> = order.into_iter().map(|(_, i)| i).collect();
        self.records.arrange(&order);
        self.sources = order.iter().map(|i| self.sources[*i as usize]).collect();
        let (mut keys, mut ends) = (Vec::with_capacity(self.keys.len()), Vec::with_capacity(self.ends.len()));
        ends.push(0);
        for i in order {
            keys.extend_from_slice(self.key_bytes(i as usize));
            ends.push(keys.len() as u32);
        }
        (self.keys, self.ends) = (keys, ends);
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn key_bytes(&self, row: usize) -> &[u8] {
        &self.keys[self.ends[row] as usize..self.ends[row + 1] as usize]
    }

    /// Key of a row.
    pub fn key(&self, row: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.key_bytes(row))
    }

    /// Whether a row came from the second file.
    pub fn second(&self, row: usize) -> bool {
        self.sources[row] == 1
    }

    /// How many rows came from the second file.
    pub fn second_rows(&self) -> usize {
        self.sources.iter().filter(|s| **s == 1).count()
    }

    /// The rows.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The rows alone, for an index.
    pub fn into_records(self) -> Records {
        self.records
    }

    /// Pairs that may be compared: all, or those between the files.
    fn possible(&self) -> f64 {
        let rows = self.len() as f64;
        let second = self.second_rows() as f64;
        if self.two { second * (rows - second) } else { rows * (rows - 1.0) / 2.0 }
    }

    /// Links. The batch must be finished.
    pub fn link(&self, wanted: Wanted) -> Outcome {
        let records = &self.records;
        let compared = Compared::all(records);
        let apart = |i: usize, j: usize| self.two && self.sources[i] == self.sources[j];
        let mut random = Patterns::default();
        em::draw(self.len(), apart, |i, j| random.add(levels::pattern(&compared, records, records.row(i), records.row(j))));
        let mut known = Known { pairs: self.possible(), random: random.sorted(), met: Vec::new() };
        let rough = em::rough(records, &known);
        let passes = block::passes(records);
        let (mut met, mut promising, mut count) = (Patterns::default(), Vec::new(), 0);
        let left_out = block::pairs(records, &passes, apart, |i, j, a, b| {
            let pattern = levels::pattern(&compared, records, a, b);
            met.add(pattern);
            count += 1;
            if rough.mean_bits(pattern) > PROMISING_BITS {
                promising.push((i as u32, j as u32));
            }
        });
        known.met = met.sorted();
        let model = em::learn(records, &known);
        let least = bits_of(wanted.least.min(wanted.join));
        let weigh = |(a, b): (u32, u32)| {
            let bits = model.weigh(records, records.row(a as usize), records.row(b as usize));
            Pair { a, b, bits }
        };
        let mut pairs: Vec<Pair> = promising.into_iter().map(weigh).filter(|p| p.bits >= least).collect();
        pairs.sort_unstable_by_key(|p| (p.a, p.b));
        let clusters = cluster::clusters(self.len(), &pairs, bits_of(wanted.join), |i| self.valid_id(i));
        let told = bits_of(wanted.least);
        pairs.retain(|p| p.bits >= told);
        Outcome { pairs, clusters, model, passes, compared: count, left_out }
    }

    /// Number of a row's ID number when it is valid, else 0.
    fn valid_id(&self, row: usize) -> u32 {
        let Some(column) = self.records.columns.iter().find(|c| c.kind == Kind::Id) else { return 0 };
        let id = self.records.row(row)[column.word];
        if column.said[id as usize].valid { id } else { 0 }
    }
}

/// The first eight bytes as a number that sorts like them.
fn head(key: &[u8]) -> u64 {
    key.iter().chain(std::iter::repeat(&0)).take(8).fold(0, |h, b| h << 8 | u64::from(*b))
}
