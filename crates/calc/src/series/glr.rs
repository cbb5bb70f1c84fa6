//! The generalised likelihood ratio detector (Höhle & Paul 2008): for every week in which something may have begun, how much
//! better the counts since are told by a mean that is higher by one factor; the best of them is the score.
//!
//! Counts are Poisson, or negative binomial with variance μ + aμ². After an alarm the search begins anew behind it.

use std::ops::Range;

use super::cusum::{Training, season};
use super::{Lack, Series, Verdict, largest_quiet};

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glr {
    /// Negative binomial rather than Poisson.
    pub negbin: bool,
    /// Its a, from the training without a number.
    pub a: Option<f64>,
    /// The score from which it alarms.
    pub c: f64,
    /// How many points back something may have begun; at most [`MOST_BACK`].
    pub back: Option<u32>,
    /// It began at least so many points ago, the tested one included.
    pub least: u32,
    /// Pairs of sine and cosine of the usual year.
    pub harmonics: u32,
    /// Whether the usual year has a trend.
    pub trend: bool,
    /// See [`Training`].
    pub training: Training,
}

/// Ten years of weeks: each step looks at all of them.
pub const MOST_BACK: usize = 520;

impl Glr {
    /// Of counts that are Poisson or not.
    pub fn new(negbin: bool) -> Glr {
        let training = Training::default();
        Glr { negbin, a: None, c: 5.0, back: None, least: 1, harmonics: 1, trend: false, training }
    }
}

/// The score of the last of some points with their counts and usual means, oldest first: the largest log likelihood ratio of
/// any beginning that lies at least `least` points back.
pub fn score(x: &[f64], mu: &[f64], a: f64, least: usize) -> f64 {
    let (mut best, mut factor) = (0.0f64, 0.0);
    let (mut sum_x, mut sum_mu, mut pull) = (0.0, 0.0, 0.0);
    for from in (0..x.len()).rev() {
        sum_x += x[from];
        sum_mu += mu[from];
        pull += (x[from] - mu[from]) / (1.0 + a * mu[from]);
        // Nothing is gained by a factor above 1 where the slope at 1 points down.
        if pull <= 0.0 || x.len() - from < least.max(1) {
            continue;
        }
        let log = if a > 0.0 {
            factor = best_factor(&x[from..], &mu[from..], a, factor);
            gain(&x[from..], &mu[from..], a, factor)
        } else {
            let factor = (sum_x / sum_mu).ln().max(0.0);
            sum_x * factor + (1.0 - factor.exp()) * sum_mu
        };
        best = best.max(log);
    }
    best
}

/// The κ ≥ 0 where Σ(x − μe^κ)/(1 + aμe^κ) is 0: Newton's steps, kept between what is known to lie below and above.
fn best_factor(x: &[f64], mu: &[f64], a: f64, start: f64) -> f64 {
    let slope = |kappa: f64| {
        let e = f64::exp(kappa);
        x.iter().zip(mu).fold((0.0, 0.0), |(f, d), (x, m)| {
            let (mean, below) = (m * e, 1.0 + a * m * e);
            (f + (x - mean) / below, d - mean * (1.0 + a * x) / (below * below))
        })
    };
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut kappa = if start > 0.0 { start } else { 0.5 };
    for _ in 0..100 {
        let (f, d) = slope(kappa);
        if f > 0.0 {
            low = kappa
        } else {
            high = kappa
        }
        let next = kappa - f / d;
        let inside = next > low && next < high;
        let next = if inside {
            next
        } else if high.is_finite() {
            (low + high) / 2.0
        } else {
            low * 2.0 + 0.5
        };
        if (next - kappa).abs() <= 1e-14 * (1.0 + kappa) || next > 700.0 {
            return next.min(700.0);
        }
        kappa = next;
    }
    kappa
}

fn gain(x: &[f64], mu: &[f64], a: f64, kappa: f64) -> f64 {
    let e = kappa.exp();
    let one = |(x, m): (&f64, &f64)| x * kappa + (x + 1.0 / a) * ((1.0 + a * m) / (1.0 + a * m * e)).ln();
    x.iter().zip(mu).map(one).sum()
}

/// The a of a training about its means, by moments: Σ((y − μ)² − μ)/Σμ².
fn moments(training: &[(usize, f64)], mean: impl Fn(usize) -> f64) -> f64 {
    let sums = training.iter().fold((0.0, 0.0), |(over, square), (k, y)| {
        let m = mean(*k);
        (over + (y - m) * (y - m) - m, square + m * m)
    });
    (sums.0 / sums.1).clamp(0.0, 100.0)
}

/// Tests points.
pub fn run(set: &Glr, series: &Series, test: Range<usize>) -> Vec<Verdict> {
    let end = set.training.end(series, &test);
    let (training, span) = Training::counts(series, end);
    let harmonics = set.harmonics as usize;
    let poisson = season(series, &training, harmonics, set.trend, 0.0);
    let a = match (set.negbin, set.a, &poisson) {
        (false, ..) | (true, None, None) => 0.0,
        (true, Some(a), _) => a,
        (true, None, Some(mean)) => moments(&training, mean),
    };
    let mean = if a > 0.0 { season(series, &training, harmonics, set.trend, a) } else { poisson };
    let mut verdicts: Vec<Verdict> =
        (test.start..test.end.min(end)).map(|k| Verdict::new(series, k).lacking(Lack::History)).collect();
    let back = set.back.map_or(MOST_BACK, |b| (b as usize).clamp(1, MOST_BACK));
    let (mut x, mut mu): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for k in end..test.end {
        let mut verdict = Verdict::new(series, k);
        let usual = mean.as_ref().map(|f| f(k)).filter(|m| m.is_finite());
        verdict.lack = match (verdict.count, usual) {
            (None, _) => Some(Lack::Count),
            (_, None) => Some(Lack::Fit),
            _ => None,
        };
        if let (Some(count), Some(m)) = (verdict.count, usual) {
            x.push(f64::from(count));
            mu.push(m);
            let from = x.len().saturating_sub(back);
            let least = set.least as usize;
            let found = score(&x[from..], &mu[from..], a, least);
            let alarm = found >= set.c;
            if k >= test.start {
                verdict.expected = Some(m);
                verdict.score = Some(found);
                verdict.alarm = Some(alarm);
                verdict.phi = Some(1.0 + a * m);
                verdict.baseline = span;
                let last = x.len() - 1;
                verdict.upper = largest_quiet(|y| {
                    x[last] = y;
                    score(&x[from..], &mu[from..], a, least) >= set.c
                })
                .map(|y| y.max(0.0));
                x[last] = f64::from(count);
            }
            if alarm {
                x.clear();
                mu.clear();
            }
        }
        if k >= test.start {
            verdicts.push(verdict);
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_by_hand() {
        // κ = ln 3; 6·ln 3 − 2·2
        assert!((score(&[6.0], &[2.0], 0.0, 1) - (6.0 * 3f64.ln() - 4.0)).abs() < 1e-12);
        assert_eq!(score(&[1.0], &[2.0], 0.0, 1), 0.0);
        assert_eq!(score(&[6.0], &[2.0], 0.0, 2), 0.0, "it began two points ago at least");
        // Negative binomial: the best mean is the count itself.
        let by_hand = 6.0 * 3f64.ln() + 11.0 * (1.4f64 / 2.2).ln();
        assert!((score(&[6.0], &[2.0], 0.2, 1) - by_hand).abs() < 1e-12);
        // Nearly Poisson is nearly the same.
        assert!((score(&[6.0, 9.0], &[2.0, 3.0], 1e-7, 1) - score(&[6.0, 9.0], &[2.0, 3.0], 0.0, 1)).abs() < 1e-4);
    }
}
