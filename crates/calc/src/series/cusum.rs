//! CUSUM: what goes beyond a reference week after week adds up, until it is too much (Rossi 1999 and others).
//!
//! Counts are made comparable first (four ways), by the mean of the training or by a season that was fitted to it. By the papers the
//! sum begins anew after an alarm; R's lets it run on, and so alarms week after week: `compat` repeats that.

use std::ops::Range;

use super::{Baseline, Lack, Series, Verdict, glm, largest_quiet};

/// How a count is made comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trans {
    /// (x − m)/√m
    #[default]
    Standard,
    /// (x − 3m + 2√(xm))/(2√m)
    Rossi,
    /// 1.5·(x^⅔ − m^⅔)/m^⅙
    Anscombe,
    /// (x^⅔ − (m^⅔ − m^−⅓/9))/(⅔·m^⅙)
    Anscombe2nd,
}

/// What is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mean {
    /// The mean of the training.
    #[default]
    Average,
    /// A Poisson regression on one sine and cosine of the year.
    Season,
    /// This number.
    Fixed(f64),
}

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cusum {
    /// What may go beyond without adding up.
    pub k: f64,
    /// From where on it is too much.
    pub h: f64,
    /// How a count is made comparable.
    pub trans: Trans,
    /// What is usual.
    pub mean: Mean,
    /// Whether the sum begins anew after an alarm; yes without an answer, no in `compat`.
    pub reset: Option<bool>,
    /// See [`Training`].
    pub training: Training,
}

impl Default for Cusum {
    fn default() -> Cusum {
        let training = Training::default();
        Cusum { k: 1.04, h: 2.26, trans: Trans::default(), mean: Mean::default(), reset: None, training }
    }
}

/// Where a method that remembers begins: what lies before is its training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Training {
    /// It runs for so many points before the first tested one.
    pub lead: u32,
    /// So many points at least are training; two years without a number.
    pub least: Option<u32>,
}

impl Training {
    /// The first point that the method runs over.
    pub fn end(self, series: &Series, test: &Range<usize>) -> usize {
        let least = self.least.map_or(2 * series.axis.freq() as usize, |l| l as usize);
        test.start.saturating_sub(self.lead as usize).max(least)
    }

    /// Counts of the training with their points, and what they span.
    pub fn counts(series: &Series, end: usize) -> (Vec<(usize, f64)>, Option<Baseline>) {
        let end = end.min(series.counts.len());
        let found: Vec<_> = (0..end).filter_map(|k| Some((k, f64::from(series.count(k)?)))).collect();
        let span = found.first().zip(found.last()).map(|(a, b)| Baseline { from: a.0, to: b.0, points: found.len() });
        (found, span)
    }
}

/// The season of a training: means of all points from `end` on.
pub fn season(
    series: &Series,
    training: &[(usize, f64)],
    harmonics: usize,
    trend: bool,
    a: f64,
) -> Option<impl Fn(usize) -> f64 + use<>> {
    let axis = series.axis;
    let row = move |k: usize| {
        let first = if let super::Axis::Index { first, .. } = axis { f64::from(first) } else { 1.0 };
        glm::season(first + k as f64, harmonics, trend, f64::from(axis.freq()))
    };
    let rows: Vec<_> = training.iter().map(|(k, _)| row(*k)).collect();
    let y: Vec<f64> = training.iter().map(|(_, y)| *y).collect();
    let beta = glm::fit(&rows, &y, a)?;
    Some(move |k: usize| glm::mean(&row(k), &beta))
}

/// A count made comparable.
pub fn comparable(trans: Trans, x: f64, m: f64) -> f64 {
    let root = |v: f64| v.cbrt() * v.cbrt();
    match trans {
        Trans::Standard => (x - m) / m.sqrt(),
        Trans::Rossi => (x - 3.0 * m + 2.0 * (x * m).sqrt()) / (2.0 * m.sqrt()),
        Trans::Anscombe => 1.5 * (root(x) - root(m)) / m.sqrt().cbrt(),
        Trans::Anscombe2nd => (root(x) - (root(m) - 1.0 / (9.0 * m.cbrt()))) / (2.0 / 3.0 * m.sqrt().cbrt()),
    }
}

/// Points between false alarms, on average, when nothing happens and comparable counts are normal (Siegmund 1985).
pub fn between_alarms(k: f64, h: f64) -> f64 {
    let b = h + 1.166;
    if k.abs() < 1e-6 { b * b } else { ((2.0 * k * b).exp() - 2.0 * k * b - 1.0) / (2.0 * k * k) }
}

/// Tests points.
pub fn run(set: &Cusum, compat: bool, series: &Series, test: Range<usize>) -> Vec<Verdict> {
    let end = set.training.end(series, &test);
    let (training, span) = Training::counts(series, end);
    let average = training.iter().map(|(_, y)| y).sum::<f64>() / training.len() as f64;
    let fitted = (set.mean == Mean::Season).then(|| season(series, &training, 1, false, 0.0)).flatten();
    let mean = |k: usize| match set.mean {
        Mean::Average => Some(average),
        Mean::Fixed(m) => Some(m),
        Mean::Season => fitted.as_ref().map(|f| f(k)),
    };
    let mut verdicts: Vec<Verdict> =
        (test.start..test.end.min(end)).map(|k| Verdict::new(series, k).lacking(Lack::History)).collect();
    let mut sum: f64 = 0.0;
    for k in end..test.end {
        let mut verdict = Verdict::new(series, k);
        let m = mean(k).filter(|m| *m > 0.0 && m.is_finite());
        let lack = match (verdict.count, m) {
            (None, _) => Some(Lack::Count),
            (_, None) => Some(Lack::Fit),
            _ => None,
        };
        if let (Some(count), Some(m)) = (verdict.count, m) {
            let before = sum;
            let then = |x: f64| (before + comparable(set.trans, x, m) - set.k).max(0.0);
            sum = then(f64::from(count));
            let alarm = sum >= set.h;
            if k >= test.start {
                verdict.expected = Some(m);
                verdict.score = Some(sum);
                verdict.alarm = Some(alarm);
                verdict.upper = largest_quiet(|x| then(x) >= set.h).map(|x| x.max(0.0));
                verdict.baseline = span;
            }
            if alarm && set.reset.unwrap_or(!compat) {
                sum = 0.0;
            }
        }
        if k >= test.start {
            verdicts.push(Verdict { lack, ..verdict });
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_between_alarms_as_published() {
        // Of the one-sided scheme of k ½ with h 4 and 5, which tables give as 336 and 930.
        assert!((between_alarms(0.5, 4.0) - 336.0).abs() < 4.0 && (between_alarms(0.5, 5.0) - 930.0).abs() < 10.0);
        assert!(between_alarms(0.0, 4.0) > 20.0);
    }

    #[test]
    fn all_four_ways_are_0_at_the_mean_and_grow() {
        for trans in [Trans::Standard, Trans::Rossi, Trans::Anscombe] {
            assert!(comparable(trans, 8.0, 8.0).abs() < 1e-12, "{trans:?}");
        }
        assert!((comparable(Trans::Anscombe2nd, 8.0, 8.0) - (1.0 / 18.0) / (2.0 / 3.0 * 8f64.powf(1.0 / 6.0))).abs() < 1e-12);
        for trans in [Trans::Standard, Trans::Rossi, Trans::Anscombe, Trans::Anscombe2nd] {
            assert!((0..50).all(|x| comparable(trans, f64::from(x + 1), 3.0) > comparable(trans, f64::from(x), 3.0)));
        }
    }
}
