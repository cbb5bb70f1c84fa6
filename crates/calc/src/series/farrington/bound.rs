//! From an expected count to its upper bound and to how improbable the count is.

use crate::series::quantile::{Count, normal_above};

/// How the bound is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// On the ⅔ power scale, where counts are nearly normal (Farrington 1996).
    #[default]
    Delta,
    /// The quantile of a negative binomial count with the expected mean (Noufaily 2013).
    NbPlugin,
    /// The same with the upper end of the mean's own interval (Salmon 2016).
    Muan,
}

/// What is expected of a point.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Mean.
    pub mean: f64,
    /// Its logarithm with the standard error of that.
    pub eta: f64,
    /// See `eta`.
    pub se: f64,
    /// Dispersion.
    pub phi: f64,
}

/// Upper bound, and probability of a count at least as large. `z` is the normal quantile of `alpha`.
pub fn bound(how: Bound, expected: &Expected, alpha: f64, z: f64, y: f64) -> Option<(f64, f64)> {
    let Expected { mean, eta, se, phi } = *expected;
    let found = match how {
        Bound::Delta => {
            // The variance of the mean itself is that of its logarithm times the mean squared; over the mean once.
            let tau = phi + se * se * mean;
            let root = mean.cbrt();
            let s = (4.0 / 9.0 * root * tau).sqrt();
            let upper = (root * root + z * s).max(0.0).powf(1.5);
            let y = y.cbrt();
            (upper, normal_above((y * y - root * root) / s))
        }
        Bound::NbPlugin => of_count(mean, phi, alpha, y)?,
        Bound::Muan => of_count((eta + z * se).exp(), phi, alpha, y)?,
    };
    (found.0.is_finite() && found.1.is_finite()).then_some(found)
}

fn of_count(mean: f64, phi: f64, alpha: f64, y: f64) -> Option<(f64, f64)> {
    let count = Count::new(mean, phi)?;
    Some((count.quantile(alpha), count.at_least(y)))
}
