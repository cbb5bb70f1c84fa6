//! Chance that repeats itself, for invented data.

use calc::draw::Splitmix;

/// A seeded generator.
pub struct Chance(Splitmix);

impl Chance {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(Splitmix::new(seed))
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        self.0.part()
    }

    /// A number from 0 to `n` - 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.part() * n as f64) as usize
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// A place in a list of running sums of weights.
    pub fn weighted(&mut self, sums: &[f64]) -> usize {
        let at = self.part() * sums.last().copied().unwrap_or(0.0);
        sums.partition_point(|s| *s <= at).min(sums.len() - 1)
    }

    /// Mixes a list.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }
}

/// Running sums.
pub fn sums(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |sum, w| {
            *sum += w;
            Some(*sum)
        })
        .collect()
}
