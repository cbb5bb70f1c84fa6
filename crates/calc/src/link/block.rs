//! Which pairs are worth comparing: rows that share a key, in several passes.
//!
//! A key is one property (same telephone, same home) or two together (same name and year of birth). Which passes there are is not
//! written down but counted: every property or pair of properties that brings few pairs together, the most general
//! ones first, so that a table of a thousand rows is compared almost wholly and one of a million by what is rare in it.
//!
//! What must stay true: a pair is met once, in the first pass that has it; a block of more than [`BLOCK`] rows is left out
//! and counted; which pairs are met does not depend on the order of the rows.

use std::collections::HashSet;

use super::records::{FAMILY, GIVEN, Records, SOUND};
use super::schema::Kind;
use crate::draw::mix;

/// Most rows of a block: beyond, a value is a placeholder rather than somebody's.
pub const BLOCK: usize = 2_000;
/// Most passes.
pub const PASSES: usize = 20;
/// Pairs that a pass may bring for each row.
const PAIRS_EACH: f64 = 2.0;
/// Pairs that a pass may always bring.
const PAIRS_FREE: f64 = 300_000.0;
/// Rows that are looked at to choose the passes.
const LOOKED_AT: usize = 60_000;

/// A property of a row that others may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    word: usize,
    part: Part,
}

/// What of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// Year of a date.
    Year,
    /// Day and month of a date.
    Day,
}

/// Properties that together are a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// One or two.
    pub atoms: Vec<Atom>,
}

impl Atom {
    #[inline]
    fn of(self, row: &[u32]) -> u32 {
        let word = row[self.word];
        match self.part {
            Part::Whole => word,
            Part::Year => word / 10_000,
            Part::Day => word % 10_000,
        }
    }
}

impl Pass {
    /// The key of a row; `None` when it lacks a property.
    #[inline]
    pub fn key(&self, row: &[u32]) -> Option<u32> {
        let mut key = 0u64;
        for atom in &self.atoms {
            let value = atom.of(row);
            if value == 0 {
                return None;
            }
            key = mix(key << 32 ^ key >> 7 ^ u64::from(value));
        }
        Some(key as u32)
    }

    /// Whether two rows have the same key.
    #[inline]
    pub fn agree(&self, a: &[u32], b: &[u32]) -> bool {
        self.atoms.iter().all(|atom| {
            let x = atom.of(a);
            x != 0 && x == atom.of(b)
        })
    }
}

/// The properties of a table, each with those that it implies (a full date its year).
fn atoms(records: &Records) -> Vec<(Atom, Vec<Atom>)> {
    let community = records.columns.iter().find(|c| c.kind == Kind::Community).map(|c| c.word);
    let mut all = Vec::new();
    for column in &records.columns {
        let atom = |word: usize, part| Atom { word: column.word + word, part };
        let whole = atom(0, Part::Whole);
        match column.kind {
            Kind::Name => {
                let parts = [SOUND, FAMILY, GIVEN].map(|word| atom(word, Part::Whole));
                all.push((whole, parts.to_vec()));
                all.extend(parts.map(|part| (part, Vec::new())));
            }
            Kind::Birth => {
                let parts = [atom(0, Part::Year), atom(0, Part::Day)];
                all.push((whole, parts.to_vec()));
                all.extend(parts.map(|part| (part, Vec::new())));
            }
            Kind::Address => {
                let implied = community.map(|word| Atom { word, part: Part::Whole });
                all.push((whole, implied.into_iter().collect()));
            }
            Kind::Id | Kind::Phone | Kind::Community | Kind::Text => all.push((whole, Vec::new())),
            // Half of all rows share it.
            Kind::Sex | Kind::Key => {}
        }
    }
    all
}

/// Chooses the passes for a table, those with the fewest pairs first.
pub fn passes(records: &Records) -> Vec<Pass> {
    let atoms = atoms(records);
    let rows = records.len();
    let step = rows.div_ceil(LOOKED_AT).max(1);
    let looked: Vec<&[u32]> = (0..rows).step_by(step).map(|i| records.row(i)).collect();
    let scale = (rows as f64 / looked.len().max(1) as f64).powi(2);
    let allowed = PAIRS_FREE.max(rows as f64 * PAIRS_EACH);
    let mut keys: Vec<u32> = Vec::with_capacity(looked.len());
    let mut pairs = |pass: &Pass| {
        keys.clear();
        keys.extend(looked.iter().filter_map(|row| pass.key(row)));
        keys.sort_unstable();
        keys.chunk_by(|a, b| a == b).map(|run| run.len() as f64 * (run.len() as f64 - 1.0) / 2.0).sum::<f64>() * scale
    };
    // (general: fewest properties first; then fewest pairs)
    let mut found: Vec<(Pass, Vec<Atom>, f64)> = Vec::new();
    let singles = atoms.iter().map(|(atom, implied)| (vec![*atom], implied.clone()));
    let doubles = atoms.iter().enumerate().flat_map(|(i, (a, of_a))| {
        let later = atoms[i + 1..].iter().filter(|(b, of_b)| !of_a.contains(b) && !of_b.contains(a));
        later.map(|(b, of_b)| (vec![*a, *b], [of_a.clone(), of_b.clone()].concat()))
    });
    for (atoms, implied) in singles.chain(doubles) {
        let all = [atoms.clone(), implied].concat();
        // What a more general pass brings need not come again.
        if found.iter().any(|(p, _, _)| p.atoms.iter().all(|a| all.contains(a))) {
            continue;
        }
        let pass = Pass { atoms };
        let cost = pairs(&pass);
        if cost <= allowed {
            found.retain(|(_, all, _)| !pass.atoms.iter().all(|a| all.contains(a)));
            found.push((pass, all, cost));
        }
    }
    found.sort_by(|a, b| a.2.total_cmp(&b.2));
    found.truncate(PASSES);
    found.into_iter().map(|(pass, _, _)| pass).collect()
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Blocks.
    pub blocks: u64,
    /// Their rows.
    pub rows: u64,
}

/// Calls `each` once for every pair of rows that share a key, the smaller row first. `apart` says which may not be compared.
pub fn pairs(
    records: &Records,
    passes: &[Pass],
    apart: impl Fn(usize, usize) -> bool,
    mut each: impl FnMut(usize, usize, &[u32], &[u32]),
) -> LeftOut {
    let mut left_out = LeftOut::default();
    // Blocks of earlier passes that were left out: their pairs may come again in a later one.
    let mut too_big: Vec<HashSet<u32>> = Vec::new();
    let (mut keys, mut spare): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
    for (at, pass) in passes.iter().enumerate() {
        keys.clear();
        let key = |i: usize| pass.key(records.row(i)).map(|key| u64::from(key) << 32 | i as u64);
        keys.extend((0..records.len()).filter_map(key));
        sort(&mut keys, &mut spare);
        let mut big = HashSet::new();
        for block in keys.chunk_by(|a, b| a >> 32 == b >> 32).filter(|block| block.len() > 1) {
            if block.len() > BLOCK {
                left_out.blocks += 1;
                left_out.rows += block.len() as u64;
                big.insert((block[0] >> 32) as u32);
                continue;
            }
            for (i, x) in block.iter().enumerate() {
                let first = (x & 0xffff_ffff) as usize;
                let a = records.row(first);
                for y in &block[i + 1..] {
                    let other = (y & 0xffff_ffff) as usize;
                    let b = records.row(other);
                    if !pass.agree(a, b) || apart(first, other) {
                        continue;
                    }
                    let met = |(p, big): (&Pass, &HashSet<u32>)| {
                        p.agree(a, b) && (big.is_empty() || p.key(a).is_none_or(|key| !big.contains(&key)))
                    };
                    if !passes[..at].iter().zip(&too_big).any(met) {
                        each(first, other, a, b);
                    }
                }
            }
        }
        too_big.push(big);
    }
    left_out
}

/// Sorts by the upper halves, the lower ones staying in their order: by digits, three times faster than by comparing.
fn sort(keys: &mut Vec<u64>, spare: &mut Vec<u64>) {
    const DIGIT: u32 = 11;
    spare.clear();
    spare.resize(keys.len(), 0);
    for shift in [32, 32 + DIGIT, 32 + 2 * DIGIT] {
        let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT) - 1);
        let mut ends = [0usize; 1 << DIGIT];
        keys.iter().for_each(|key| ends[digit(*key)] += 1);
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        for key in keys.iter() {
            let to = &mut ends[digit(*key)];
            spare[*to] = *key;
            *to += 1;
        }
        std::mem::swap(keys, spare);
    }
}
