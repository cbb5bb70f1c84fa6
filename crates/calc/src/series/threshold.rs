//! A fixed number of cases within some points: one case of a grave disease, three of measles in four weeks; with a population, so
//! many in so many people.
//!
//! What was not reported cannot be known to be few: with a missing point in between, too many is still too many, but too few is
//! no verdict.

use super::{Baseline, Lack, Series, Verdict};

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// From how many cases on it alarms.
    pub cases: f64,
    /// Within so many points, the tested one included.
    pub window: u32,
    /// The cases are those of so many people.
    pub per: Option<f64>,
}

impl Default for Threshold {
    fn default() -> Threshold {
        Threshold { cases: 1.0, window: 1, per: None }
    }
}

/// Most points of a window.
const MOST: u32 = 1000;

/// Tests a point.
pub fn test(set: &Threshold, series: &Series, k: usize) -> Verdict {
    let mut verdict = Verdict::new(series, k);
    if verdict.count.is_none() {
        return verdict.lacking(Lack::Count);
    }
    let people = |at: usize| series.population.and_then(|p| p.get(at)).copied().filter(|p| *p > 0.0 && p.is_finite());
    let scale = match set.per.map(|per| people(k).map(|people| people / per)) {
        None => 1.0,
        Some(Some(scale)) => scale,
        Some(None) => return verdict.lacking(Lack::Count),
    };
    let window = set.window.clamp(1, MOST) as usize;
    let counts = || (0..window).map(|back| series.before(k, back));
    let (sum, there) = (counts().flatten().sum::<f64>(), counts().flatten().count());
    let upper = set.cases * scale;
    let alarm = sum > 0.0 && sum >= upper;
    verdict.baseline = (there > 0).then_some(Baseline { from: k.saturating_sub(window - 1), to: k, points: there });
    verdict.upper = Some(upper).filter(|u| u.is_finite());
    verdict.score = Some(sum / upper).filter(|s| s.is_finite());
    if there < window && !alarm {
        return verdict.lacking(Lack::History);
    }
    verdict.alarm = Some(alarm);
    verdict
}
