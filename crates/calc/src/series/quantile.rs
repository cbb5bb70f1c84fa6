//! The distributions that bounds rest on: normal, Student's t, Poisson and negative binomial, from sums and continued fractions
//! alone, without tables of coefficients.
//!
//! A count has a mean and a dispersion φ, its variance over its mean: φ ≤ 1 is a Poisson count, φ > 1 a negative binomial one
//! of size μ/(φ−1) and probability 1/φ. What must stay true: tails are summed from their far end, so a small probability has as
//! many true digits as a large one; a mean too large for sums falls back to a formula and never takes long.

/// Most terms of a sum over counts; with more the bound is that of a normal variable on the ⅔ power scale.
const TERMS: usize = 2_000_000;

/// What no longer changes a sum.
const NOTHING: f64 = 1e-18;

/// Density of the normal distribution.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// P(Z > x).
pub fn normal_above(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if x < 0.0 {
        return 1.0 - normal_above(-x);
    }
    if x < 2.0 {
        // Φ(x) − ½ = φ(x)·(x + x³/3 + x⁵/15 + …)
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > sum * 1e-18 {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 - density(x) * sum;
    }
    // The ratio of Mills as a continued fraction, from its end.
    let terms = 16 + (600.0 / (x * x)) as u32;
    let fraction = (1..=terms).rev().fold(x, |rest, n| x + f64::from(n) / rest);
    density(x) / fraction
}

/// The x with P(Z > x) = `above`; NaN unless it lies between 0 and 1.
pub fn normal_quantile(above: f64) -> f64 {
    if !(above > 0.0 && above < 1.0) {
        return f64::NAN;
    }
    if above > 0.5 {
        return -normal_quantile(1.0 - above);
    }
    // Halley's steps from the left: the tail is nearly exp(−x²/2).
    let mut x = (-2.0 * (2.0 * above).ln()).sqrt();
    for _ in 0..40 {
        let off = (normal_above(x) - above) / density(x);
        let step = off / (1.0 - 0.5 * x * off).max(0.5);
        x += step;
        if step.abs() <= 1e-16 * x.abs() {
            break;
        }
    }
    x
}

/// P(|T| > |t|) for Student's t with a whole number of degrees of freedom (Abramowitz & Stegun 26.7.3, 26.7.4).
pub fn t_outside(t: f64, df: usize) -> f64 {
    if t.is_nan() || df == 0 {
        return f64::NAN;
    }
    let nu = df as f64;
    let angle = (t.abs() / nu.sqrt()).atan();
    let cos2 = nu / (nu + t * t);
    let odd = df % 2 == 1;
    // 1 + a·cos² + a·b·cos⁴ …, of which even numbers have halves, odd ones thirds.
    let (mut term, mut sum) = (1.0, if df > 1 { 1.0 } else { 0.0 });
    let mut n = if odd { 2 } else { 1 };
    while n + 2 < df {
        term *= cos2 * f64::from(n as u32) / f64::from(n as u32 + 1);
        sum += term;
        n += 2;
        if term < 1e-17 * sum {
            break;
        }
    }
    let inside = match odd {
        true => 2.0 / std::f64::consts::PI * (angle + angle.sin() * angle.cos() * sum),
        false => angle.sin() * sum,
    };
    (1.0 - inside).clamp(0.0, 1.0)
}

/// A count with a mean and a dispersion, laid out so that its tails can be asked for.
#[derive(Clone, Debug)]
pub struct Count {
    mean: f64,
    /// At least 1.
    phi: f64,
    /// Where `terms` begins.
    low: u64,
    /// Probabilities of `low`, `low` + 1 …, all of them times the same number.
    terms: Vec<f64>,
    total: f64,
}

impl Count {
    /// Nothing when mean or dispersion is no such number.
    pub fn new(mean: f64, phi: f64) -> Option<Count> {
        if !(mean >= 0.0 && mean.is_finite() && phi.is_finite()) {
            return None;
        }
        let mut count = Count { mean, phi: phi.max(1.0), low: 0, terms: Vec::new(), total: 0.0 };
        // Ten standard deviations, and the long tail of a count that is mostly 0.
        let reach = 20.0 * (mean * count.phi).sqrt() + 80.0 * count.phi;
        if reach < TERMS as f64 {
            count.lay_out();
        }
        Some(count)
    }

    /// P(n + 1) / P(n).
    fn ratio(&self, n: f64) -> f64 {
        match self.phi > 1.0 {
            // (n + size)·(1 − prob) / (n + 1), with size·(1 − prob) = mean/φ.
            true => (n * (self.phi - 1.0) + self.mean) / (self.phi * (n + 1.0)),
            false => self.mean / (n + 1.0),
        }
    }

    fn lay_out(&mut self) {
        let mode = (self.mean - (self.phi - 1.0)).floor().max(0.0);
        let mut down = Vec::new();
        let (mut term, mut n, mut sum) = (1.0, mode, 1.0);
        while n > 0.0 && term > NOTHING * 1e-3 * sum {
            term /= self.ratio(n - 1.0);
            n -= 1.0;
            down.push(term);
            sum += term;
        }
        self.low = n as u64;
        down.reverse();
        down.push(1.0);
        let (mut term, mut n) = (1.0, mode);
        loop {
            let ratio = self.ratio(n);
            term *= ratio;
            n += 1.0;
            // What is left is less than a geometric series.
            if ratio < 1.0 && term <= NOTHING * sum * (1.0 - ratio) || down.len() >= TERMS {
                break;
            }
            down.push(term);
            sum += term;
        }
        self.terms = down;
        self.total = self.terms.iter().rev().sum();
    }

    /// The smallest n with P(Y > n) ≤ `above`.
    pub fn quantile(&self, above: f64) -> f64 {
        if self.terms.is_empty() {
            let scaled = self.mean.powf(2.0 / 3.0) + normal_quantile(above) * (4.0 / 9.0 * self.mean.cbrt() * self.phi).sqrt();
            return scaled.max(0.0).powf(1.5).ceil();
        }
        // A hair more, for sums that should be equal and differ by rounding.
        let most = above * self.total * (1.0 + 1e-13);
        let mut tail = 0.0;
        for (n, term) in self.terms.iter().enumerate().rev() {
            tail += term;
            if tail > most {
                return (self.low + n as u64) as f64;
            }
        }
        self.low as f64
    }

    /// P(Y ≥ y).
    pub fn at_least(&self, y: f64) -> f64 {
        if y <= 0.0 {
            return 1.0;
        }
        if self.terms.is_empty() {
            let s = (4.0 / 9.0 * self.mean.cbrt() * self.phi).sqrt();
            return normal_above((y.powf(2.0 / 3.0) - self.mean.powf(2.0 / 3.0)) / s);
        }
        let (low, y) = (self.low as f64, y.ceil());
        let last = low + self.terms.len() as f64 - 1.0;
        if y.is_nan() || y - last > TERMS as f64 {
            return 0.0;
        }
        let from = ((y - low).max(0.0) as usize).min(self.terms.len());
        let mut sum: f64 = self.terms[from..].iter().rev().sum();
        // What was laid out ends where it is nothing beside the whole; beside a small tail it may be something.
        let (mut n, mut term) = (last, self.terms[self.terms.len() - 1]);
        loop {
            let ratio = self.ratio(n);
            term *= ratio;
            n += 1.0;
            if n >= y {
                sum += term;
            }
            // The smallest numbers there are would never become less.
            if term < f64::MIN_POSITIVE || n >= y && term <= NOTHING * sum * (1.0 - ratio) {
                return (sum / self.total).min(1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: f64, b: f64, most: f64) {
        assert!((a - b).abs() <= most * b.abs(), "{a:e} is not {b:e}");
    }

    #[test]
    fn the_normal_distribution_as_printed_in_tables() {
        // Abramowitz & Stegun, tables 26.1 and 26.2; quantiles to 16 digits as everybody has them.
        for (x, above) in [
            (0.0, 0.5),
            (0.5, 0.308_537_538_725_987),
            (1.0, 0.158_655_253_931_457_05),
            (1.99, 0.023_295_467_750_211_83),
            (2.0, 0.022_750_131_948_179_21),
            (3.0, 0.001_349_898_031_630_094_5),
            (5.0, 2.866_515_718_791_939e-7),
            (10.0, 7.619_853_024_160_527e-24),
        ] {
            near(normal_above(x), above, 1e-13);
            near(normal_above(-x), 1.0 - above, 1e-14);
        }
        for (above, x) in [
            (0.05, 1.644_853_626_951_472_7),
            (0.025, 1.959_963_984_540_054),
            (0.01, 2.326_347_874_040_841),
            (0.005, 2.575_829_303_548_901),
            (0.001, 3.090_232_306_167_813_5),
            (1e-9, 5.997_807_015_007_69),
        ] {
            near(normal_quantile(above), x, 1e-14);
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!(normal_quantile(0.0).is_nan() && normal_quantile(f64::NAN).is_nan() && normal_above(f64::NAN).is_nan());
        assert_eq!((normal_above(1e9), normal_above(-1e9)), (0.0, 1.0));
    }

    #[test]
    fn students_t_as_printed_in_tables() {
        for (df, t, outside) in [
            (1, 12.706_204_736_432_095, 0.05),
            (2, 4.302_652_729_911_275, 0.05),
            (3, 3.182_446_305_284_263, 0.05),
            (10, 2.228_138_851_964_938_5, 0.05),
            (30, 2.042_272_456_301_238, 0.05),
            (33, 2.733_276_642_350_837, 0.01),
            (100, 1.983_971_518_523_552, 0.05),
        ] {
            near(t_outside(t, df), outside, 1e-9);
            assert_eq!(t_outside(-t, df), t_outside(t, df));
        }
        assert_eq!(t_outside(0.0, 5), 1.0);
        assert!(t_outside(1.0, 0).is_nan());
        near(t_outside(2.0, 1_000_001), 2.0 * normal_above(2.0), 1e-5);
    }

    #[test]
    fn counts_against_sums_by_hand() {
        // Poisson of mean 2: P(Y ≥ 5) = 1 − 7·e⁻².
        let two = Count::new(2.0, 1.0).unwrap();
        near(two.at_least(5.0), 1.0 - 7.0 * (-2f64).exp(), 1e-13);
        assert_eq!((two.quantile(0.05), two.quantile(0.5), two.quantile(0.001)), (5.0, 2.0, 8.0));
        // Negative binomial of size 1 is geometric: P(Y ≥ n) = (1 − p)ⁿ with p = 1/φ.
        let four = Count::new(3.0, 4.0).unwrap();
        for n in [1, 2, 10, 100, 400] {
            near(four.at_least(f64::from(n)), 0.75f64.powi(n), 1e-12);
        }
        assert_eq!(four.quantile(0.05), 10.0);
        let none = Count::new(0.0, 1.0).unwrap();
        assert_eq!((none.quantile(0.01), none.at_least(1.0), none.at_least(0.0)), (0.0, 0.0, 1.0));
        assert!(Count::new(f64::NAN, 1.0).is_none() && Count::new(1.0, f64::INFINITY).is_none());
        // Too large for sums: the formula, near the sums where both can be had.
        let large = Count::new(1e14, 3.0).unwrap();
        near(large.quantile(0.01), 1e14 + 2.326 * (3e14f64).sqrt(), 1e-8);
    }

    proptest! {
        #[test]
        fn a_quantile_is_the_smallest(mean in 0.0f64..500.0, phi in 0.5f64..40.0, above in 0.0001f64..0.9) {
            let count = Count::new(mean, phi).unwrap();
            let q = count.quantile(above);
            prop_assert!(count.at_least(q + 1.0) <= above * (1.0 + 1e-9));
            prop_assert!(q == 0.0 || count.at_least(q) > above * (1.0 - 1e-9));
        }

        #[test]
        fn anything_may_be_asked(mean in any::<f64>(), phi in any::<f64>(), y in any::<f64>(), above in any::<f64>()) {
            if let Some(count) = Count::new(mean, phi) {
                count.quantile(above);
                count.at_least(y);
            }
            normal_quantile(above);
            normal_above(y);
            t_outside(y, 7);
        }
    }
}
