//! Farrington's method, in its form of 1996 and in the flexible one of Noufaily (2013) and Salmon (2016): the count is
//! compared with the same weeks of earlier years, as a regression with level and trend expects it, where past outbreaks are weighed
//! down and counts may vary more than by chance.
//!
//! Only what is written here is compared: [`design`] says with what, [`fit`] what is usual, [`bound`] how much is too much.
//! What must stay true: points outside the baseline change nothing; what cannot be judged (no fit, fewer
//! cases than `limit54` asks for, a missing count) has no bound and never alarms.

pub mod bound;
pub mod design;
pub mod fit;

use std::collections::HashMap;

use super::quantile::{normal_quantile, t_outside};
use super::week::Axis;
use super::{Baseline, Lack, Series, Verdict};
use bound::{Bound, Expected};
use design::{Design, Shape, own_level};
use fit::{Fit, Points};

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Farrington {
    /// Which earlier points.
    pub shape: Shape,
    /// Whether past outbreaks are weighed down.
    pub reweight: bool,
    /// From which residual on.
    pub threshold: f64,
    /// Chance of a count above the bound …
    pub alpha: f64,
    /// The form of 1996: half of `alpha` above the bound, half below; and the trend is tested with the dispersion as it was
    /// found, where the flexible form takes no less than 1.
    pub original: bool,
    /// Whether a trend is tried.
    pub trend: bool,
    /// It is kept when its p-value is below this; from 1 on it always is.
    pub trend_p: f64,
    /// How the bound is found.
    pub bound: Bound,
    /// So many cases …
    pub least: u32,
    /// … in as many points up to the tested one, or it is not judged.
    pub within: u32,
    /// Whether a population, where there is one, is the offset.
    pub offset: bool,
}

impl Default for Farrington {
    fn default() -> Farrington {
        Farrington {
            shape: Shape { years: 5, window: 3, periods: 1, guard: None },
            reweight: true,
            threshold: 2.58,
            alpha: 0.05,
            original: false,
            trend: true,
            trend_p: 0.05,
            bound: Bound::Delta,
            least: 5,
            within: 4,
            offset: true,
        }
    }
}

impl Farrington {
    /// The form of 1996: three years, everything above a residual of 1 weighed down, `alpha` on both sides.
    pub fn of_1996() -> Farrington {
        let shape = Shape { years: 3, window: 3, periods: 1, guard: None };
        Farrington { shape, threshold: 1.0, original: true, ..Farrington::default() }
    }

    /// The settings that Noufaily recommends: ten periods, half a year of guard, the trend kept, the quantile of a count.
    pub fn noufaily() -> Farrington {
        let shape = Shape { years: 5, window: 3, periods: 10, guard: Some(26) };
        Farrington { shape, alpha: 0.005, trend_p: 1.0, bound: Bound::NbPlugin, ..Farrington::default() }
    }
}

/// Room to work in, and the designs that were laid out already.
#[derive(Clone, Debug, Default)]
pub struct Work {
    designs: HashMap<i64, Option<Design>>,
    of: Option<(Axis, Shape)>,
    points: Points,
}

/// Designs that are kept; more are a sign of dates without end.
const KEPT: usize = 4096;

impl Work {
    /// The design of a point: the same for all points of an axis by numbers, of its date otherwise.
    fn design(&mut self, axis: Axis, k: usize, shape: Shape) -> Option<&Design> {
        let kind = match axis {
            Axis::Index { freq, .. } => Axis::Index { first: 0, freq },
            Axis::Weeks(_) => Axis::Weeks(super::week::Day(0)),
            Axis::Days(_) => Axis::Days(super::week::Day(0)),
        };
        if self.of != Some((kind, shape)) || self.designs.len() >= KEPT {
            (self.of, self.designs) = (Some((kind, shape)), HashMap::new());
        }
        let key = axis.day(k).map_or(i64::MIN, |day| i64::from(day.0));
        self.designs.entry(key).or_insert_with(|| design::design(axis, k, shape)).as_ref()
    }
}

/// What a model expects of the point that is tested.
struct Model {
    fit: Fit,
    eta: f64,
    variance: f64,
    phi: f64,
    /// Dispersion of the standard errors.
    spread: f64,
    /// Dispersion that the trend is tested with.
    trend: f64,
}

impl Model {
    fn mean(&self) -> f64 {
        self.eta.exp()
    }
}

/// Tests a point; `z` is [`quantile`] of the settings.
pub fn test(set: &Farrington, z: f64, compat: bool, work: &mut Work, series: &Series, k: usize) -> Verdict {
    let mut verdict = Verdict::new(series, k);
    let people = if set.offset { series.population } else { None };
    let population = |at: usize| people.map(|p| p.get(at).copied().filter(|p| *p > 0.0 && p.is_finite()));
    let Some(count) = verdict.count.filter(|_| population(k) != Some(None)) else {
        return verdict.lacking(Lack::Count);
    };
    let mut points = std::mem::take(&mut work.points);
    points.clear();
    let mut from_to = (usize::MAX, 0);
    let Some(design) = work.design(series.axis, k, set.shape).filter(|d| d.reach <= k) else {
        work.points = points;
        return verdict.lacking(Lack::History);
    };
    for (level, back) in &design.points {
        let at = k - *back as usize;
        let people = population(at);
        if let Some(y) = series.count(at).filter(|_| people != Some(None)) {
            points.push(*level, -f64::from(*back), f64::from(y), people.flatten());
            from_to = (from_to.0.min(at), from_to.1.max(at));
        }
    }
    let n = points.y.len();
    verdict.baseline = (n > 0).then_some(Baseline { from: from_to.0, to: from_to.1, points: n });
    let model = model(set, compat, &mut points, own_level(set.shape), population(k).flatten());
    work.points = points;
    let Some(model) = model else {
        return verdict.lacking(Lack::Fit);
    };
    let expected = Expected { mean: model.mean(), eta: model.eta, se: (model.variance * model.spread).sqrt(), phi: model.phi };
    let y = f64::from(count);
    let Some((upper, pvalue)) = bound::bound(set.bound, &expected, above(set), z, y) else {
        return verdict.lacking(Lack::Fit);
    };
    verdict.pvalue = Some(pvalue);
    verdict.phi = Some(model.phi);
    verdict.trend = Some(model.fit.slope.is_some());
    // R's score of a quantile has the logarithm of the mean where the mean should be.
    let centre = if compat && set.bound != Bound::Delta { model.eta } else { expected.mean };
    verdict.score = Some((y - centre) / (upper - centre)).filter(|s| s.is_finite());
    let recent = (0..set.within as usize).filter_map(|back| series.count(k.checked_sub(back)?));
    if recent.map(u64::from).sum::<u64>() < u64::from(set.least) {
        verdict.alarm = Some(false);
        return verdict.lacking(Lack::Few);
    }
    verdict.expected = Some(expected.mean);
    verdict.upper = Some(upper);
    verdict.alarm = Some(y > upper);
    verdict
}

/// The model that holds: with the trend when there is reason for it.
fn model(set: &Farrington, compat: bool, points: &mut Points, own: u32, people: Option<f64>) -> Option<Model> {
    if set.trend {
        let with = fitted(set, compat, points, own, people, true);
        if let Some(with) = with.filter(|m| keeps_trend(set, m, points.largest())) {
            return Some(with);
        }
    }
    fitted(set, compat, points, own, people, false)
}

/// A trend needs three years, must be more than chance, and must not lead above all that was ever counted.
fn keeps_trend(set: &Farrington, model: &Model, largest: f64) -> bool {
    let Some(slope) = model.fit.slope else { return false };
    let likely = || t_outside(slope / (model.fit.slope_variance() * model.trend).sqrt(), model.fit.free) < set.trend_p;
    set.shape.years >= 3 && model.mean() <= largest && (set.trend_p >= 1.0 || likely())
}

/// Fits, weighs down past outbreaks, fits again.
fn fitted(set: &Farrington, compat: bool, points: &mut Points, own: u32, people: Option<f64>, trend: bool) -> Option<Model> {
    points.even();
    let mut fit = points.fit(trend)?;
    if set.reweight {
        points.weigh_down(&fit, set.threshold);
        fit = points.fit(trend)?;
    }
    let (eta, variance) = points.predict(&fit, own)?;
    let phi = fit.phi();
    let spread = if compat && set.reweight && !set.original { fit.relative } else { phi };
    let trend = if set.original { fit.pearson } else { spread };
    Some(Model { fit, eta: eta + people.map_or(0.0, f64::ln), variance, phi, spread, trend })
}

/// Chance of a count above the bound.
fn above(set: &Farrington) -> f64 {
    if set.original { set.alpha / 2.0 } else { set.alpha }
}

/// The normal quantile that the bound lies at.
pub fn quantile(set: &Farrington) -> f64 {
    normal_quantile(above(set))
}
