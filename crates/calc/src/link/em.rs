//! Learning the model from the rows themselves, without anybody's help (Winkler 1988, Dempster, Laird & Rubin 1977).
//!
//! u comes from pairs of rows drawn at random and, for equal values, from how often each occurs; m and the prior from the pairs
//! that blocking brings, by expectation and maximisation over the *whole* space of pairs: what blocking does not
//! bring counts as different. That every pass is a question about equal values makes this exact where averaging over passes
//! is not: no comparison has to be left out because its column led to the pair. In small tables even random pairs
//! hold matches; each round takes their share out of u again.
//!
//! What must stay true: the result depends on the rows, not on their order.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::household;
use super::levels::{Compared, FORBIDDEN, SAME, level_in};
use super::model::{Model, Weights};
use super::records::Records;
use crate::draw::mix;

/// Pairs drawn at random.
pub const DRAWN: usize = 2_000_000;
/// Most rounds.
const ROUNDS: usize = 100;
/// Rounds end when nothing moves by more.
const STILL: f64 = 1e-6;
/// How many pairs of one person the expectation below is worth.
const EXPECTED: f64 = 8.0;
/// How many pairs of different people the chances below are worth: nothing beside the two million that are drawn.
const BACKGROUND: f64 = 500.0;
/// What share of equal values is chance at least: matches cannot be all.
const CHANCE: f64 = 0.02;

/// Patterns and how often each was met.
#[derive(Clone, Debug, Default)]
pub struct Patterns(HashMap<u64, u64, BuildHasherDefault<Mixed>>);

impl Patterns {
    /// Counts one.
    #[inline]
    pub fn add(&mut self, pattern: u64) {
        *self.0.entry(pattern).or_default() += 1;
    }

    /// In a fixed order.
    pub fn sorted(&self) -> Vec<(u64, f64)> {
        let mut all: Vec<(u64, f64)> = self.0.iter().map(|(p, n)| (*p, *n as f64)).collect();
        all.sort_unstable_by_key(|(p, _)| *p);
        all
    }
}

/// A hasher for patterns, the same in every run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = mix(self.0 ^ u64::from(*b));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = mix(n);
    }
}

/// What is expected of rows of one person before any were seen: registers of residents and files like them.
fn expected(compared: Compared) -> &'static [f64] {
    match compared {
        Compared::Name(_) => &[0.0, 0.88, 0.025, 0.02, 0.01, 0.005, 0.01, 0.02, 0.01, 0.015, 0.005],
        Compared::Id(_) => &[0.0, 0.75, 0.15, 0.06, 0.03, 0.01],
        Compared::Birth(_) => &[0.0, 0.93, 0.01, 0.01, 0.01, 0.02, 0.01, 0.005, 0.005],
        Compared::Sex(_) => &[0.0, 0.985, 0.015],
        Compared::Phone(_) => &[0.0, 0.80, 0.02, 0.18],
        Compared::Place(..) => &[0.0, 0.80, 0.03, 0.07, 0.08, 0.02],
        Compared::Text(_) => &[0.0, 0.85, 0.05, 0.03, 0.07],
    }
}

/// How often two different people of one county agree at each level: what a table of a few rows cannot say by itself. From the
/// counts of a million invented residents (`bench people`).
fn chance(compared: Compared) -> &'static [f64] {
    match compared {
        Compared::Name(_) => &[0.0, 5e-5, 1e-4, 1e-3, 4e-3, 2e-4, 2.5e-2, 1e-5, 1e-4, 0.969, 1e-3],
        Compared::Id(_) => &[0.0, 1e-7, 1e-7, 1e-6, 0.3, 0.7],
        Compared::Birth(_) => &[0.0, 4e-5, 1e-5, 3e-5, 8e-5, 3e-4, 1.2e-3, 1.4e-2, 0.984],
        Compared::Sex(_) => &[0.0, 0.5, 0.5],
        Compared::Phone(_) => &[0.0, 3e-5, 1e-6, 1.0],
        Compared::Place(..) => &[0.0, 5e-4, 1e-3, 0.05, 0.9, 0.05],
        Compared::Text(_) => &[0.0, 1e-3, 1e-4, 1e-3, 0.998],
    }
}

/// Pairs of rows drawn at random, the same ones in every run: calls `each` for at most [`DRAWN`] of them. `apart` says which
/// may not be compared.
pub fn draw(rows: usize, apart: impl Fn(usize, usize) -> bool, mut each: impl FnMut(usize, usize)) {
    if rows < 2 {
        return;
    }
    if rows * (rows - 1) / 2 <= DRAWN {
        for i in 0..rows {
            (i + 1..rows).filter(|j| !apart(i, *j)).for_each(|j| each(i, j));
        }
        return;
    }
    for n in 0..DRAWN as u64 {
        let r = mix(n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
        let part = |half: u64| ((half * rows as u64) >> 32) as usize;
        let (i, j) = (part(r >> 32), part(r & 0xffff_ffff));
        if i != j && !apart(i, j) {
            each(i, j);
        }
    }
}

/// What is known about the pairs of a table.
pub struct Known {
    /// All pairs that may be compared.
    pub pairs: f64,
    /// Patterns of pairs drawn at random.
    pub random: Vec<(u64, f64)>,
    /// Patterns of the pairs that blocking brings.
    pub met: Vec<(u64, f64)>,
}

/// Pairs of rows with equal values, and pairs in which both have one.
fn equal(records: &Records, compared: Compared) -> Equal {
    let of = |n: f64| n * (n - 1.0) / 2.0;
    match compared {
        Compared::Name(at) | Compared::Id(at) | Compared::Phone(at) | Compared::Text(at) | Compared::Place(Some(at), _) => {
            let dict = &records.columns[at].dict;
            Some((dict.equal_pairs(), of(f64::from(dict.total()))))
        }
        Compared::Birth(at) => {
            let word = records.columns[at].word;
            let mut all: Vec<u32> = (0..records.len()).map(|i| records.row(i)[word]).filter(|d| *d != 0).collect();
            all.sort_unstable();
            Some((all.chunk_by(|a, b| a == b).map(|run| of(run.len() as f64)).sum(), of(all.len() as f64)))
        }
        Compared::Sex(_) | Compared::Place(None, _) => None,
    }
}

/// Learns m, u and the prior.
pub fn learn(records: &Records, known: &Known) -> Model {
    let compared = Compared::all(records);
    // Counts of equal values are of the whole table; between two files only some of the pairs may be compared.
    let whole = records.len() as f64 * (records.len() as f64 - 1.0) / 2.0;
    let share = if whole > 0.0 { known.pairs / whole } else { 1.0 };
    let equal: Vec<Equal> =
        compared.iter().map(|c| equal(records, *c).map(|(same, both)| (same * share, both * share))).collect();
    let agreeing = |(p, n): &(u64, f64)| {
        let levels = || (0..compared.len()).map(|i| level_in(*p, i));
        let same = levels().filter(|l| *l == usize::from(SAME)).count();
        let said = levels().filter(|l| *l > 0).count();
        if same >= 2 && same * 4 >= said * 3 { *n } else { 0.0 }
    };
    let sure: f64 = known.met.iter().map(agreeing).sum::<f64>().max(1.0);
    let mut model = first(records, &compared, (sure / (known.pairs + BACKGROUND)).min(0.3), known, &equal);
    for _ in 0..ROUNDS {
        let next = round(&model, known, &equal);
        let still = next.weights.iter().zip(&model.weights).all(|(new, old)| {
            let near = |new: &[f64], old: &[f64]| new.iter().zip(old).all(|(x, y)| (x - y).abs() < STILL);
            near(&new.m, &old.m) && near(&new.u, &old.u) && near(&new.h, &old.h)
        });
        model = next;
        if still {
            break;
        }
    }
    model
}

type Equal = Option<(f64, f64)>;

/// A model from random pairs and expectation alone, to tell hopeless pairs from others before anything is learnt.
pub fn rough(records: &Records, known: &Known) -> Model {
    let compared = Compared::all(records);
    let equal: Vec<Equal> = compared.iter().map(|c| equal(records, *c)).collect();
    first(records, &compared, (records.len() as f64 / (known.pairs + BACKGROUND)).min(0.3), known, &equal)
}

fn first(records: &Records, compared: &[Compared], prior: f64, known: &Known, equal: &[Equal]) -> Model {
    let of = |expected: fn(Compared) -> &'static [f64]| compared.iter().map(|c| expected(*c).to_vec()).collect();
    let shared = |p: u64| compared.iter().enumerate().any(|(i, c)| household::sign(*c, level_in(p, i)));
    let at_home: f64 = known.met.iter().filter(|(p, _)| shared(*p)).map(|(_, n)| n).sum();
    let household = (at_home.max(1.0) / (known.pairs + BACKGROUND)).min(0.3);
    let random = shares(compared, &known.random, |_| 1.0);
    let class = if household::may_share(records) { household } else { 0.0 };
    maximise(compared, (prior, class), (of(expected), of(household::expected)), &random, None, equal)
}

/// One round: how probable is each pattern, and what follows from that.
fn round(model: &Model, known: &Known, equal: &[Equal]) -> Model {
    let compared: Vec<Compared> = model.weights.iter().map(|w| w.compared).collect();
    let one = shares(&compared, &known.met, |p| model.shares(p).0);
    let home = shares(&compared, &known.met, |p| model.shares(p).1);
    let random = shares(&compared, &known.random, |p| {
        let (one, home) = model.shares(p);
        1.0 - one - home
    });
    let sum = |of: fn((f64, f64)) -> f64| known.met.iter().map(|(p, n)| n * of(model.shares(*p))).sum::<f64>();
    let share = |n: f64| (n.max(0.5) / (known.pairs + BACKGROUND)).min(0.5);
    let class = if model.household > 0.0 { share(sum(|s| s.1)) } else { 0.0 };
    let m = learnt(&compared, &one, expected);
    let h = learnt(&compared, &home, household::expected);
    let both: Vec<Vec<f64>> = one.iter().zip(&home).map(|(x, y)| x.iter().zip(y).map(|(x, y)| x + y).collect()).collect();
    maximise(&compared, (share(sum(|s| s.0)), class), (m, h), &random, Some(&both), equal)
}

/// Shares of levels from their counts and what was expected.
fn learnt(compared: &[Compared], counts: &[Vec<f64>], expected: fn(Compared) -> &'static [f64]) -> Vec<Vec<f64>> {
    let of = |(c, counts): (&Compared, &Vec<f64>)| {
        let all: f64 = counts.iter().skip(1).sum::<f64>() + EXPECTED;
        let before = expected(*c);
        counts.iter().zip(before).enumerate().map(|(l, (n, e))| if l == 0 { 0.0 } else { (n + EXPECTED * e) / all }).collect()
    };
    compared.iter().zip(counts).map(of).collect()
}

/// Weighted counts of each level of each comparison.
fn shares(compared: &[Compared], patterns: &[(u64, f64)], weight: impl Fn(u64) -> f64) -> Vec<Vec<f64>> {
    let mut counts: Vec<Vec<f64>> = compared.iter().map(|c| vec![0.0; c.codes().len()]).collect();
    for (pattern, n) in patterns {
        let w = n * weight(*pattern);
        for (i, counts) in counts.iter_mut().enumerate() {
            counts[level_in(*pattern, i)] += w;
        }
    }
    counts
}

/// A model from shares: of pairs of one person and of one household, and of levels among both.
fn maximise(
    compared: &[Compared],
    (prior, household): (f64, f64),
    (m, h): (Vec<Vec<f64>>, Vec<Vec<f64>>),
    random: &[Vec<f64>],
    explained: Option<&[Vec<f64>]>,
    equal: &[Equal],
) -> Model {
    let weights = compared.iter().enumerate().zip(m.into_iter().zip(h)).map(|((i, c), (m, h))| {
        let counts = &random[i];
        let chance = chance(*c);
        let all: f64 = counts.iter().skip(1).sum::<f64>() + BACKGROUND;
        let mut u: Vec<f64> = counts.iter().zip(chance).map(|(n, e)| (n + BACKGROUND * e) / all).collect();
        if let Some((same, both)) = equal[i].filter(|(_, both)| *both > 0.0) {
            let explained = explained.map_or(0.0, |counts| counts[i][usize::from(SAME)]);
            let same = (same - explained).max(same * CHANCE) + BACKGROUND * chance[usize::from(SAME)];
            u[usize::from(SAME)] = same / (both + BACKGROUND);
        }
        Weights::new(*c, m, u, h)
    });
    Model::new(prior, household, weights.collect())
}

/// Whether a pattern says that the rows cannot be one person.
pub fn forbidden(compared: &[Compared], pattern: u64) -> bool {
    compared.iter().enumerate().any(|(i, c)| matches!(c, Compared::Id(_)) && level_in(pattern, i) == usize::from(FORBIDDEN))
}
