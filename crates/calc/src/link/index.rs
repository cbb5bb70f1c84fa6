//! The check while somebody types: which of a million rows is perhaps this person, answered at once.
//!
//! Rows of the same key hang on a chain of row numbers, one chain for each key and pass; a look-up walks the chains of the keys
//! that its row has, and weighs what hangs there. Model and passes were learnt from the whole table (`Batch::link`)
//! and stay as they are until the index is built anew, say every night; how frequent a value is follows every change.
//!
//! What must stay true: taking a row out undoes putting it in; a look-up leaves nothing behind; it weighs as the whole table
//! would; chains are never walked further than [`BLOCK`] rows of a key.
//!
//! Memory: 8 bytes for each row and pass, beside the rows themselves; about 250 bytes a person in a register of a million.

use super::block::{BLOCK, Pass};
use super::model::{Evidence, Model, probability};
use super::records::Records;

/// Most rows of a chain that are looked at, those with another key included.
const STEPS: usize = 4 * BLOCK;

/// Rows by their keys.
#[derive(Clone, Debug)]
pub struct Index {
    records: Records,
    model: Model,
    chains: Vec<Chains>,
    /// Rows that were taken out and may be used again.
    free: Vec<u32>,
    live: Vec<bool>,
}

/// Rows of one pass.
#[derive(Clone, Debug)]
struct Chains {
    pass: Pass,
    /// First row of each chain, counted from 1.
    heads: Vec<u32>,
    /// The row behind each row, counted from 1.
    next: Vec<u32>,
}

/// A row that is perhaps the person.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The row.
    pub row: usize,
    /// Log-odds in bits.
    pub bits: f64,
    /// The same as a probability.
    pub probability: f64,
    /// What it is made of.
    pub evidence: Vec<Evidence>,
}

impl Index {
    /// Over all rows of a table, with what was learnt from it.
    pub fn new(records: Records, model: Model, passes: Vec<Pass>) -> Index {
        let rows = records.len();
        let chains = passes.into_iter().map(|pass| Chains { pass, heads: Vec::new(), next: Vec::new() }).collect();
        let mut index = Index { records, model, chains, free: Vec::new(), live: vec![true; rows] };
        index.build();
        index
    }

    /// Hangs every row on its chains, of which there are as many as rows and some more.
    fn build(&mut self) {
        let rows = self.live.len();
        for chains in &mut self.chains {
            chains.heads = vec![0; (rows + rows / 8).next_power_of_two().max(16)];
            chains.next = vec![0; rows];
            for row in (0..rows).filter(|row| self.live[*row]) {
                chains.hang(&self.records, row);
            }
        }
    }

    /// Puts a row in and gives its number; `None` when there are too many.
    pub fn insert(&mut self, cells: &[&str]) -> Option<usize> {
        let row = match self.free.pop() {
            Some(row) => {
                self.records.set(row as usize, cells);
                self.live[row as usize] = true;
                row as usize
            }
            None => {
                let row = self.records.push(cells)?;
                self.live.push(true);
                if self.chains.iter().any(|c| row >= 2 * c.heads.len()) {
                    self.build();
                    return Some(row);
                }
                self.chains.iter_mut().for_each(|c| c.next.push(0));
                row
            }
        };
        self.chains.iter_mut().for_each(|c| c.hang(&self.records, row));
        Some(row)
    }

    /// Takes a row out. False when it is not there.
    pub fn remove(&mut self, row: usize) -> bool {
        if !self.live.get(row).copied().unwrap_or(false) {
            return false;
        }
        self.chains.iter_mut().for_each(|c| c.unhang(&self.records, row));
        self.records.clear(row);
        self.live[row] = false;
        self.free.push(row as u32);
        true
    }

    /// Gives a row other cells. False when it is not there.
    pub fn update(&mut self, row: usize, cells: &[&str]) -> bool {
        if !self.live.get(row).copied().unwrap_or(false) {
            return false;
        }
        self.chains.iter_mut().for_each(|c| c.unhang(&self.records, row));
        self.records.clear(row);
        self.records.set(row, cells);
        self.chains.iter_mut().for_each(|c| c.hang(&self.records, row));
        true
    }

    /// The rows that are perhaps this person, the most probable first: at most `most`, from the probability `least` on.
    pub fn look(&mut self, cells: &[&str], most: usize, least: f64) -> Vec<Found> {
        // The row is compared as one of the table, and leaves it again.
        let mark = self.records.mark();
        let Some(own) = self.records.push(cells) else { return Vec::new() };
        let row = self.records.row(own);
        let mut rows: Vec<u32> = Vec::new();
        self.chains.iter().for_each(|c| c.walk(&self.records, row, &mut rows));
        rows.sort_unstable();
        rows.dedup();
        let bits = super::bits_of(least);
        let weigh = |other: &u32| (self.model.weigh(&self.records, row, self.records.row(*other as usize)), *other);
        let mut found: Vec<(f64, u32)> = rows.iter().map(weigh).filter(|(b, _)| *b >= bits).collect();
        found.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
        found.truncate(most);
        let tell = |(bits, other): (f64, u32)| {
            let evidence = self.model.explain(&self.records, row, self.records.row(other as usize));
            Found { row: other as usize, bits, probability: probability(bits), evidence }
        };
        let found = found.into_iter().map(tell).collect();
        self.records.pop(&mark);
        found
    }

    /// Rows in it.
    pub fn len(&self) -> usize {
        self.live.len() - self.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Chains that a row hangs on at most.
    pub fn passes(&self) -> usize {
        self.chains.len()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let chains = |c: &Chains| (c.heads.capacity() + c.next.capacity()) * 4;
        self.records.memory() + self.chains.iter().map(chains).sum::<usize>() + self.live.capacity() + self.free.capacity() * 4
    }
}

impl Chains {
    fn slot(&self, key: u32) -> usize {
        key as usize & (self.heads.len() - 1)
    }

    fn hang(&mut self, records: &Records, row: usize) {
        if let Some(key) = self.pass.key(records.row(row)) {
            let slot = self.slot(key);
            self.next[row] = std::mem::replace(&mut self.heads[slot], row as u32 + 1);
        }
    }

    fn unhang(&mut self, records: &Records, row: usize) {
        let Some(key) = self.pass.key(records.row(row)) else { return };
        let slot = self.slot(key);
        let me = row as u32 + 1;
        if self.heads[slot] == me {
            self.heads[slot] = self.next[row];
        } else {
            let mut at = self.heads[slot];
            while at != 0 && self.next[at as usize - 1] != me {
                at = self.next[at as usize - 1];
            }
            if at != 0 {
                self.next[at as usize - 1] = self.next[row];
            }
        }
        self.next[row] = 0;
    }

    /// Adds the rows that have the key of a row.
    fn walk(&self, records: &Records, row: &[u32], out: &mut Vec<u32>) {
        let Some(key) = self.pass.key(row) else { return };
        let (mut at, mut left, mut steps) = (self.heads[self.slot(key)], BLOCK, STEPS);
        while at != 0 && left > 0 && steps > 0 {
            let other = at as usize - 1;
            if self.pass.agree(row, records.row(other)) {
                out.push(other as u32);
                left -= 1;
            }
            at = self.next[other];
            steps -= 1;
        }
    }
}
