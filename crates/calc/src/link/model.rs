//! What each level of agreement weighs, and what a pair weighs with all of them.
//!
//! Fellegi & Sunter 1969: m is how often two rows of one person agree at a level, u how often two rows of different people do;
//! the level weighs log2(m/u) bits, and the bits of the columns add up with those of the prior. An equal value that
//! is rare weighs more: there u is how often just this value occurs (Winkler 2000).

use super::intern::Dict;
use super::levels::{Compared, FORBIDDEN, SAME, level_in, pattern};
use super::records::{Column, FAMILY, Records, SOUND};

/// Levels of names that sound the same.
const SOUND_SAME: usize = 2;
const SOUNDS_SAME: usize = 10;
/// Levels of names of which a part is the same.
const ONE: usize = 3;
const HALF: usize = 4;
/// How many times rarer or more frequent than the mean a sound may count.
const SOUND_RANGE: f64 = 16.0;
/// Rows from which a table's own frequencies count for half: how often a name occurs among three people says nothing.
const FEW: f64 = 200.0;
/// Most bits that they count.
const RARITY: f64 = 24.0;
/// Below so many bits a pair is hopeless, and how rare its values are is not looked up.
const HOPELESS: f64 = -30.0;

/// How one comparison weighs.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// What is compared.
    pub compared: Compared,
    /// Share of each level among rows of one person that both say something.
    pub m: Vec<f64>,
    /// The same among rows of different people.
    pub u: Vec<f64>,
    /// The same among rows of different people of one household; nothing when the table knows of none.
    pub h: Vec<f64>,
    bits: [f64; 16],
    home: [f64; 16],
}

impl Weights {
    /// From m, u and h of each level; the first is of what is unknown and does not count.
    pub fn new(compared: Compared, m: Vec<f64>, u: Vec<f64>, h: Vec<f64>) -> Weights {
        let against = |shares: &[f64]| {
            let mut bits = [0.0; 16];
            for (level, bit) in bits.iter_mut().enumerate().take(shares.len()).skip(1) {
                *bit = (shares[level] / u[level]).log2();
            }
            bits
        };
        let (mut bits, home) = (against(&m), against(&h));
        if let Compared::Id(_) = compared {
            bits[usize::from(FORBIDDEN)] = f64::NEG_INFINITY;
        }
        Weights { compared, m, u, h, bits, home }
    }

    /// Bits of a level for values of mean frequency.
    pub fn bits(&self, level: usize) -> f64 {
        self.bits[level]
    }
}

/// A model: the prior and the weights of all comparisons.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Share of pairs that are one person.
    pub prior: f64,
    /// Share of pairs that are different people of one household; 0 when the table knows of none.
    pub household: f64,
    /// In the order of the pattern.
    pub weights: Vec<Weights>,
    compared: Vec<Compared>,
}

/// What one comparison adds to a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Name of the column; of the address, where a place is meant.
    pub column: String,
    /// What was compared: `name`, `id`, `birth`, `sex`, `phone`, `place`, `text`; or `household`, what the others weigh less
    /// because people of one household share them.
    pub what: &'static str,
    /// Code of the level, see [`super::levels`].
    pub level: &'static str,
    /// Bits, for these values.
    pub bits: f64,
}

impl Model {
    /// From its parts.
    pub fn new(prior: f64, household: f64, weights: Vec<Weights>) -> Model {
        let compared = weights.iter().map(|w| w.compared).collect();
        Model { prior, household, weights, compared }
    }

    /// How probable it is that a pattern is of one person, and that it is of one household.
    pub fn shares(&self, pattern: u64) -> (f64, f64) {
        let one = (self.mean_bits(pattern) - self.prior_bits()).exp2() * self.prior;
        let home = if self.household > 0.0 { self.home_bits(pattern).exp2() * self.household } else { 0.0 };
        let all = one + home + (1.0 - self.prior - self.household);
        (one / all, home / all)
    }

    /// Bits of a pattern for a household against chance.
    #[inline]
    pub(super) fn home_bits(&self, pattern: u64) -> f64 {
        self.weights.iter().enumerate().map(|(i, w)| w.home[level_in(pattern, i)]).sum()
    }

    /// Bits of a pattern for values of mean frequency.
    #[inline]
    pub fn mean_bits(&self, pattern: u64) -> f64 {
        let bits = self.weights.iter().enumerate().map(|(i, w)| w.bits[level_in(pattern, i)]);
        bits.sum::<f64>() + self.prior_bits()
    }

    /// Log-odds of the prior.
    pub fn prior_bits(&self) -> f64 {
        (self.prior / (1.0 - self.prior)).log2()
    }

    /// Bits of a pair: its log-odds of being one person.
    #[inline]
    pub fn weigh(&self, records: &Records, a: &[u32], b: &[u32]) -> f64 {
        let pattern = pattern(&self.compared, records, a, b);
        let mean = self.mean_bits(pattern);
        if mean < HOPELESS {
            return mean;
        }
        let rare = self.weights.iter().enumerate().map(|(i, w)| w.rarity(records, level_in(pattern, i), a, b));
        mean + rare.sum::<f64>() + self.household_bits(records, pattern, a, b)
    }

    /// What a pair's weight is made of, in the order of the columns; the prior is not among it.
    pub fn explain(&self, records: &Records, a: &[u32], b: &[u32]) -> Vec<Evidence> {
        let evidence = |w: &Weights| {
            let level = usize::from(w.compared.level(records, a, b));
            let (what, at) = match w.compared {
                Compared::Name(at) => ("name", at),
                Compared::Id(at) => ("id", at),
                Compared::Birth(at) => ("birth", at),
                Compared::Sex(at) => ("sex", at),
                Compared::Phone(at) => ("phone", at),
                Compared::Text(at) => ("text", at),
                Compared::Place(address, community) => ("place", address.or(community).unwrap_or(0)),
            };
            let bits = w.bits[level] + w.rarity(records, level, a, b);
            Evidence { column: records.schema.columns[at].0.clone(), what, level: w.compared.codes()[level], bits }
        };
        let pattern = pattern(&self.compared, records, a, b);
        self.weights.iter().map(evidence).chain(self.household_evidence(records, pattern, a, b)).collect()
    }
}

impl Weights {
    /// What just these values weigh more or less than those of mean frequency.
    #[inline]
    pub(super) fn rarity(&self, records: &Records, level: usize, a: &[u32], b: &[u32]) -> f64 {
        let Some(at) = self.compared.counted() else { return 0.0 };
        let column = &records.columns[at];
        let total = f64::from(column.dict.total());
        let bits = match (self.compared, level) {
            (_, level) if level == usize::from(SAME) => {
                let others = f64::from(column.dict.count(a[column.word]).saturating_sub(1).max(1));
                (self.u[level] * total / others).log2()
            }
            (Compared::Name(_), SOUND_SAME | SOUNDS_SAME) => self.sound(column, level, a, b),
            (Compared::Name(_), ONE | HALF) => kept(column, level == ONE, a, b),
            _ => return 0.0,
        };
        bits.clamp(-RARITY, RARITY) * total / (total + FEW)
    }

    /// The same for names that only sound the same: by how many others sound so and are written otherwise.
    fn sound(&self, column: &Column, level: usize, a: &[u32], b: &[u32]) -> f64 {
        let (x, y) = (a[column.word + SOUND], b[column.word + SOUND]);
        if x != y || x == 0 {
            return 0.0;
        }
        let written = column.dict.count(a[column.word]).max(column.dict.count(b[column.word]));
        let others = f64::from(column.alike.count(x).saturating_sub(written).max(1));
        let mean = self.u[level] * f64::from(column.dict.total());
        (mean / others).clamp(1.0 / SOUND_RANGE, SOUND_RANGE).log2()
    }
}

/// The same for names of which a part is the same: by how frequent that part is, against how frequent parts are that two
/// people share by chance.
fn kept(column: &Column, given: bool, a: &[u32], b: &[u32]) -> f64 {
    let rarity = |dict: &Dict, id: u32| {
        let n = f64::from(dict.total());
        (dict.equal_pairs() * 2.0 / (n * f64::from(dict.count(id).max(1)))).log2()
    };
    let mut bits = rarity(&column.families, a[column.word + FAMILY]);
    if given {
        let (s, t) = (&column.sounds[a[column.word] as usize], &column.sounds[b[column.word] as usize]);
        let both = s.given_ids.iter().zip(&t.given_ids).find(|(x, y)| x == y && **x != 0);
        bits += both.map_or(0.0, |(id, _)| rarity(&column.givens, *id));
    }
    bits
}

/// The probability of log-odds in bits.
pub fn probability(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}
