//! The moving percentile of China's CIDARS (Yang 2011, Wang 2017): the cases of seven days beside those of the same seven days and
//! of the two weeks before and after them in each of the last five years; too many is more than a percentile of these.
//!
//! Of a series by weeks the week is the block, of one by days the seven days that end with the tested one. Points before the
//! series began are missing; more than half of all must be there, so three years are enough to begin with.

use super::{Axis, Baseline, Lack, Series, Verdict};

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Years back.
    pub years: u32,
    /// Blocks on each side of the same one.
    pub window: u32,
    /// The percentile, 0 to 100, between values as Excel and R (type 7) have it.
    pub percentile: f64,
    /// Whether as many cases as the percentile are too many already.
    pub inclusive: bool,
}

impl Default for Percentile {
    fn default() -> Percentile {
        Percentile { years: 5, window: 2, percentile: 80.0, inclusive: false }
    }
}

/// Most years, and most blocks on a side.
const MOST: u32 = 100;

/// Tests a point.
pub fn test(set: &Percentile, series: &Series, k: usize) -> Verdict {
    let mut verdict = Verdict::new(series, k);
    let length = if matches!(series.axis, Axis::Days(_)) { 7 } else { 1 };
    let block = |back: usize| (0..length).map(|i| series.before(k, back + i)).sum::<Option<f64>>();
    let Some(y) = block(0) else { return verdict.lacking(Lack::Count) };
    let (mut values, mut asked) = (Vec::new(), 0);
    let mut span = Baseline { from: usize::MAX, to: 0, points: 0 };
    for year in 1..=set.years.min(MOST) {
        let centre = series.axis.years_back(k, year);
        let reach = set.window.min(MOST) as usize;
        for i in 0..=2 * reach {
            asked += 1;
            let Some(back) = (centre + i * length).checked_sub(reach * length).filter(|back| *back >= length) else { continue };
            if let Some(value) = block(back) {
                values.push(value);
                (span.from, span.to) = (span.from.min(k - back - (length - 1)), span.to.max(k - back));
            }
        }
    }
    if values.is_empty() || 2 * values.len() <= asked {
        return verdict.lacking(Lack::History);
    }
    values.sort_unstable_by(f64::total_cmp);
    span.points = values.len();
    let (middle, upper) = (quantile(&values, 0.5), quantile(&values, set.percentile / 100.0));
    verdict.baseline = Some(span);
    verdict.expected = Some(middle);
    verdict.upper = Some(upper);
    verdict.score = Some((y - middle) / (upper - middle)).filter(|s| s.is_finite());
    verdict.alarm = Some(y > 0.0 && if set.inclusive { y >= upper } else { y > upper });
    let as_many = values.iter().filter(|v| **v >= y).count();
    verdict.pvalue = Some((as_many + 1) as f64 / (values.len() + 1) as f64);
    verdict
}

/// Type 7: values stand at 0, 1/(n−1) … 1, with straight lines between them.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let next = sorted[(low + 1).min(sorted.len() - 1)];
    sorted[low] + (at - at.floor()) * (next - sorted[low])
}
