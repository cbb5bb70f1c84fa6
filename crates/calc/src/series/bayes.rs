//! The conjugate Bayesian detector (Riebler 2004; Höhle 2007): a Poisson mean of which nothing was known (Jeffreys' prior), learnt from
//! S cases in n earlier points, predicts a negative binomial count of size S + ½ and probability n/(n + 1); its upper quantile is
//! the bound.

use super::quantile::Count;
use super::{Lack, Series, Verdict, earlier};

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bayes {
    /// Years back.
    pub years: u32,
    /// Points on each side of the same week of those, and right before the tested one.
    pub window: u32,
    /// Whether the points right before the tested one are learnt from.
    pub current: bool,
    /// Chance of a count above the bound.
    pub alpha: f64,
}

impl Bayes {
    /// The three variants in use: 1 the last six weeks, 2 with those around the same week a year ago, 3 two years with four
    /// weeks on each side, without the current one.
    pub fn variant(number: u32) -> Option<Bayes> {
        let (years, window, current) = match number {
            1 => (0, 6, true),
            2 => (1, 6, true),
            3 => (2, 4, false),
            _ => return None,
        };
        Some(Bayes { years, window, current, alpha: 0.05 })
    }
}

impl Default for Bayes {
    fn default() -> Bayes {
        Bayes { years: 0, window: 6, current: true, alpha: 0.05 }
    }
}

/// Most points on a side, and most years.
const MOST: u32 = 100;

/// Tests a point.
pub fn test(set: &Bayes, compat: bool, series: &Series, k: usize) -> Verdict {
    let mut verdict = Verdict::new(series, k);
    let Some(count) = verdict.count else { return verdict.lacking(Lack::Count) };
    let window = set.window.min(MOST) as usize;
    let years = (1..=set.years.min(MOST)).map(|i| series.axis.years_back(k, i));
    let around = years.flat_map(|centre| centre.saturating_sub(window).max(1)..=centre + window);
    let before = 1..=if set.current { window } else { 0 };
    let Some((values, span)) = earlier(series, k, around.chain(before), compat) else {
        return verdict.lacking(Lack::History);
    };
    verdict.baseline = Some(span);
    let n = values.len() as f64;
    let mean = (values.iter().sum::<f64>() + 0.5) / n;
    let phi = (n + 1.0) / n;
    let Some(predicted) = Count::new(mean, phi) else { return verdict.lacking(Lack::Fit) };
    let (y, upper) = (f64::from(count), predicted.quantile(set.alpha));
    verdict.expected = Some(mean);
    verdict.upper = Some(upper).filter(|u| u.is_finite());
    verdict.score = Some((y - mean) / (upper - mean)).filter(|s| s.is_finite());
    verdict.alarm = Some(y > upper);
    verdict.pvalue = Some(predicted.at_least(y));
    verdict.phi = Some(phi);
    verdict
}
