//! How unlikely a count is, and from which count on one is unlikely enough.
//!
//! What must stay true: [`Levels`] never leaves out a count whose ratio is at least the level, so the largest ratio that is found
//! among those let through is the largest there is.

use std::sync::OnceLock;

/// Logarithm of the likelihood ratio of `count` cases of `total` where `expected` are expected; 0 when they are no more than that.
pub fn llr(count: u32, expected: f64, total: u32) -> f64 {
    let (c, all) = (f64::from(count), f64::from(total));
    let more = c - expected;
    if more.is_nan() || more <= 0.0 {
        return 0.0;
    }
    let outside = if count < total { (all - c) * (-more / (all - expected)).ln_1p() } else { 0.0 };
    c * (more / expected).ln_1p() + outside
}

/// No ratio is larger than this; without any logarithm.
pub fn bound(count: u32, expected: f64, total: u32) -> f64 {
    let more = f64::from(count) - expected;
    if count >= total {
        return f64::INFINITY;
    }
    // x ln x - x + 1 is at most half the square of x - 1 where x > 1, and of (x - 1)² / x where x < 1. A little more for rounding.
    more * more * 0.5 * (1.0 / expected + 1.0 / f64::from(total - count)) * (1.0 + 1e-9)
}

/// Levels of the ratio: 0, 1, 2 …
const STEPS: usize = 64;
/// Bits of an expected number that tell buckets apart: so many of its fraction, and its exponent.
const BITS: u32 = 9;
/// Expected numbers below this are all in the first bucket.
const SMALL: f64 = 1.0 / 1024.0;
/// Ratios and expected numbers are off by less, for rounding.
const ROUNDING: f64 = 1e-9;

/// For each level and expected number the least count that may reach the level.
pub struct Levels {
    total: u32,
    /// The largest expected number of any cylinder.
    top: f64,
    tables: [OnceLock<Vec<u32>>; STEPS],
}

impl Levels {
    /// Nothing is computed yet.
    pub fn new(total: u32, top: f64) -> Levels {
        Levels { total, top, tables: [const { OnceLock::new() }; STEPS] }
    }

    /// The highest level that is at most this ratio.
    pub fn below(ratio: f64) -> usize {
        (ratio as usize).min(STEPS - 1)
    }

    /// By bucket ([`bucket`]) the least count that may reach the level; it never falls.
    pub fn table(&self, level: usize) -> &[u32] {
        self.tables[level].get_or_init(|| {
            let mut needed = 1;
            (0..=bucket(self.top * (1.0 + ROUNDING)))
                .map(|n| {
                    needed = self.needed(level as f64, floor(n) * (1.0 - ROUNDING), needed);
                    needed
                })
                .collect()
        })
    }

    /// The least count from `from` on that may reach the level; one more than there are cases when none does.
    fn needed(&self, level: f64, expected: f64, from: u32) -> u32 {
        let reaches = |count: u32| {
            count > self.total || f64::from(count) > expected && llr(count, expected, self.total) >= level * (1.0 - ROUNDING)
        };
        if reaches(from) {
            return from;
        }
        // `low` does not reach it, `high` does.
        let (mut low, mut step) = (from, 1);
        while !reaches(low.saturating_add(step).min(self.total + 1)) {
            low += step;
            step *= 2;
        }
        let mut high = low.saturating_add(step).min(self.total + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if reaches(middle) { high = middle } else { low = middle }
        }
        high
    }
}

/// The bucket of an expected number: buckets are as wide as a 512th of what is in them.
pub fn bucket(expected: f64) -> usize {
    let bits = |e: f64| (e.to_bits() >> (f64::MANTISSA_DIGITS - 1 - BITS)) as usize;
    bits(expected.max(SMALL)) - bits(SMALL)
}

/// The least expected number of a bucket.
fn floor(bucket: usize) -> f64 {
    let bits = (SMALL.to_bits() >> (f64::MANTISSA_DIGITS - 1 - BITS)) + bucket as u64;
    if bucket == 0 { 0.0 } else { f64::from_bits(bits << (f64::MANTISSA_DIGITS - 1 - BITS)) }
}
