//! Early warning on counts over time: whether the count of a week (or a day) is more than is usual.
//!
//! [`ears`] looks at the last weeks, [`cusum`] and [`glr`] at what adds up, [`percentile`], [`farrington`] and [`bayes`] at the same weeks of
//! earlier years, [`threshold`] at a fixed number. [`nowcast`] tells how much of the last days has come in yet, [`quality`] what
//! alarms were worth, [`simulate`] invents series with outbreaks to try a method on. `docs/detectors.md` tells each method with
//! its formulas.
//!
//! What must stay true: a missing count is not 0, it is no count; what cannot be judged has no bound and never alarms; a verdict
//! depends on the points up to the tested one alone, and of those only on what its method names; no input makes a method panic or
//! go on for ever. Formulas are those of the papers; `compat` repeats what R's package `surveillance` does otherwise, to compare.

pub mod bayes;
pub mod cusum;
pub mod ears;
pub mod farrington;
pub mod glm;
pub mod glr;
pub mod nowcast;
mod params;
pub mod percentile;
pub mod quality;
pub mod quantile;
pub mod simulate;
#[cfg(test)]
mod tests;
pub mod threshold;
pub mod week;

use std::ops::Range;

pub use params::{METHODS, Unfit};
pub use week::{Axis, Day};

/// A series of counts.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Where its points stand in time.
    pub axis: Axis,
    /// One count for each point; nothing where none was reported.
    pub counts: &'a [Option<u32>],
    /// Whom the counts are of; as long as the counts.
    pub population: Option<&'a [f64]>,
}

impl Series<'_> {
    fn count(&self, at: usize) -> Option<u32> {
        self.counts.get(at).copied().flatten()
    }

    /// The count so many points before another.
    fn before(&self, k: usize, back: usize) -> Option<f64> {
        self.count(k.checked_sub(back)?).map(f64::from)
    }
}

/// What a point was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The first point of it.
    pub from: usize,
    /// The last.
    pub to: usize,
    /// How many have a count.
    pub points: usize,
}

/// Why a point has no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It has no count, or no population where one is needed.
    Count,
    /// The series is too short, or too much of the baseline is missing.
    History,
    /// What came before fits no model.
    Fit,
    /// There are too few cases to speak of an outbreak.
    Few,
}

/// What a method says of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Place of the point.
    pub at: usize,
    /// What was counted.
    pub count: Option<u32>,
    /// What is usual.
    pub expected: Option<f64>,
    /// Up to which count it is still usual.
    pub upper: Option<f64>,
    /// How far beyond, in the measure of the method.
    pub score: Option<f64>,
    /// Whether it is more than usual.
    pub alarm: Option<bool>,
    /// How probable a count is that is at least as large.
    pub pvalue: Option<f64>,
    /// How much more than by chance counts vary.
    pub phi: Option<f64>,
    /// Whether a trend was taken into account.
    pub trend: Option<bool>,
    /// What it was compared with.
    pub baseline: Option<Baseline>,
    /// Why it has no bound.
    pub lack: Option<Lack>,
}

impl Verdict {
    fn new(series: &Series, at: usize) -> Verdict {
        Verdict {
            at,
            count: series.count(at),
            expected: None,
            upper: None,
            score: None,
            alarm: None,
            pvalue: None,
            phi: None,
            trend: None,
            baseline: None,
            lack: None,
        }
    }

    fn lacking(self, lack: Lack) -> Verdict {
        Verdict { lack: Some(lack), ..self }
    }
}

/// A method with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// The last weeks.
    Ears(ears::Ears),
    /// What adds up beyond a reference.
    Cusum(cusum::Cusum),
    /// The order of the same weeks of earlier years.
    Percentile(percentile::Percentile),
    /// A regression on earlier years.
    Farrington(farrington::Farrington),
    /// The likelihood that something began.
    Glr(glr::Glr),
    /// What earlier counts predict.
    Bayes(bayes::Bayes),
    /// A fixed number.
    Threshold(threshold::Threshold),
}

/// A method at work. It keeps what it laid out, so one for many series is faster than one for each.
#[derive(Clone, Debug)]
pub struct Detector {
    method: Method,
    compat: bool,
    work: farrington::Work,
}

impl Detector {
    /// By the papers.
    pub fn new(method: Method) -> Detector {
        Detector { method, compat: false, work: farrington::Work::default() }
    }

    /// As R's `surveillance` does it.
    pub fn compat(method: Method) -> Detector {
        Detector { compat: true, ..Detector::new(method) }
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Tests these points of a series, one verdict for each that there is.
    pub fn detect(&mut self, series: &Series, test: Range<usize>) -> Vec<Verdict> {
        let test = test.start..test.end.min(series.counts.len());
        let compat = self.compat;
        match &self.method {
            Method::Ears(ears) => {
                let z = quantile::normal_quantile(ears.alpha);
                test.map(|k| ears::test(ears, z, compat, series, k)).collect()
            }
            Method::Percentile(percentile) => test.map(|k| percentile::test(percentile, series, k)).collect(),
            Method::Farrington(set) => {
                let z = farrington::quantile(set);
                test.map(|k| farrington::test(set, z, compat, &mut self.work, series, k)).collect()
            }
            Method::Bayes(bayes) => test.map(|k| bayes::test(bayes, compat, series, k)).collect(),
            Method::Threshold(threshold) => test.map(|k| threshold::test(threshold, series, k)).collect(),
            Method::Cusum(cusum) => cusum::run(cusum, compat, series, test),
            Method::Glr(glr) => glr::run(glr, series, test),
        }
    }
}

/// Counts at these distances before a point, with what they span; nothing when half of them or more are missing, or in `whole`
/// mode any.
fn earlier(series: &Series, k: usize, backs: impl Iterator<Item = usize>, whole: bool) -> Option<(Vec<f64>, Baseline)> {
    let (mut values, mut asked) = (Vec::new(), 0);
    let mut span = Baseline { from: usize::MAX, to: 0, points: 0 };
    for back in backs {
        asked += 1;
        if let Some(count) = series.before(k, back) {
            values.push(count);
            (span.from, span.to) = (span.from.min(k - back), span.to.max(k - back));
        }
    }
    span.points = values.len();
    let enough = if whole { values.len() == asked } else { 2 * values.len() > asked };
    (enough && !values.is_empty()).then_some((values, span))
}

/// The largest count that `alarms` says nothing about, for a rule that says yes from some count on; −1 when 0 alarms already,
/// nothing when no count does.
fn largest_quiet(mut alarms: impl FnMut(f64) -> bool) -> Option<f64> {
    if alarms(0.0) {
        return Some(-1.0);
    }
    let (mut quiet, mut loud) = (0.0, 1.0);
    while !alarms(loud) {
        quiet = loud;
        loud *= 2.0;
        if loud > f64::from(u32::MAX) * 2.0 {
            return None;
        }
    }
    while loud - quiet > 1.0 {
        let middle = ((quiet + loud) / 2.0_f64).floor();
        if alarms(middle) { loud = middle } else { quiet = middle }
    }
    Some(quiet)
}
