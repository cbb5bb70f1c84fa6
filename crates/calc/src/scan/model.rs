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

/// For each level and count the largest expected number for which the count reaches the level.
pub struct Levels {
    total: u32,
    /// The largest expected number of any cylinder.
    top: f64,
    tables: [OnceLock<Vec<f64>>; STEPS],
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

    /// By count the largest expected number that reaches the level; it never falls, and ends with infinity.
    pub fn table(&self, level: usize) -> &[f64] {
        self.tables[level].get_or_init(|| {
            let mut table = vec![0.0];
            for count in 1..=self.total {
                let most = match level {
                    0 => f64::from(count) * (1.0 - 1e-12),
                    _ => self.reaching(level as f64, count, table[count as usize - 1]) * (1.0 + 1e-9),
                };
                table.push(most);
                if most >= self.top {
                    break;
                }
            }
            table.push(f64::INFINITY);
            table
        })
    }

    /// Newton's steps to the expected number at which `count` has just this ratio. The ratio falls and is convex, so that from a number
    /// which is too small they never go too far; that of the count before is one.
    fn reaching(&self, level: f64, count: u32, before: f64) -> f64 {
        let (c, all) = (f64::from(count), f64::from(self.total));
        let mut e = (before * (1.0 - 2e-9)).max(c * (-level - 2.0).exp());
        for _ in 0..100 {
            let more = llr(count, e, self.total) - level;
            let step = more / (c / e - (all - c) / (all - e));
            e += step;
            if step.abs() <= e * 1e-12 {
                break;
            }
        }
        e
    }
}
