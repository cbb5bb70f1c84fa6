//! EARS: C1, C2 and C3 (Hutwagner 2003; Fricker 2008). The count beside the mean and deviation of the seven weeks (or days) before
//! it; C2 and C3 leave the last two out, so that the beginning of an outbreak is not its own baseline, and C3 adds what
//! went beyond in the last three.
//!
//! C3 in R's package leaves the tested count itself out; `compat` repeats it.

use super::quantile::normal_above;
use super::{Lack, Series, Verdict, earlier};

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The seven before.
    C1,
    /// With the last two left out.
    C2,
    /// The excess of three C2 together.
    C3,
}

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ears {
    /// Which of the three.
    pub kind: Kind,
    /// Points of the baseline.
    pub baseline: u32,
    /// Chance of a count above the bound (C1, C2, and R's C3).
    pub alpha: f64,
    /// The deviation is never less; half a case without a number, nothing in `compat`.
    pub min_sigma: Option<f64>,
    /// Fewer cases never alarm.
    pub least: u32,
}

impl Ears {
    /// As published.
    pub fn new(kind: Kind) -> Ears {
        let alpha = if kind == Kind::C3 { 0.025 } else { 0.001 };
        Ears { kind, baseline: 7, alpha, min_sigma: None, least: 0 }
    }
}

/// Excess over three C2 from which C3 alarms.
const C3: f64 = 2.0;

/// Most points of a baseline.
const MOST: u32 = 1000;

/// Tests a point.
pub fn test(set: &Ears, z: f64, compat: bool, series: &Series, k: usize) -> Verdict {
    let mut verdict = Verdict::new(series, k);
    let Some(count) = verdict.count else { return verdict.lacking(Lack::Count) };
    let gap = if set.kind == Kind::C1 { 0 } else { 2 };
    let least = set.min_sigma.unwrap_or(if compat { 0.0 } else { 0.5 });
    let usual = |at: usize| {
        let backs = 1 + gap..=set.baseline.min(MOST) as usize + gap;
        let (values, span) = earlier(series, at, backs, compat).filter(|(v, _)| v.len() > 1)?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        Some((mean, (square / (values.len() - 1) as f64).sqrt().max(least), span))
    };
    let Some((mean, s, span)) = usual(k) else { return verdict.lacking(Lack::History) };
    let y = f64::from(count);
    let above = |y: f64, mean: f64, s: f64| (y - mean) / s;
    let upper = match set.kind {
        Kind::C1 | Kind::C2 => mean + z * s,
        Kind::C3 => {
            let mut past = 0.0;
            for back in [1, 2] {
                let before = k.checked_sub(back).and_then(|at| usual(at).zip(series.before(k, back)));
                match before {
                    // Without deviation what is no more than usual has no excess; R divides 0 by 0.
                    Some(((mean, s, _), y)) if compat || s > 0.0 || y > mean => {
                        let excess = above(y, mean, s) - 1.0;
                        past += if excess < 0.0 { 0.0 } else { excess };
                    }
                    Some(_) => {}
                    None if compat => return verdict.lacking(Lack::History),
                    None => {}
                }
            }
            match (compat, past > C3) {
                (true, _) => y + s * (z - past),
                // The past alone alarms, whatever the count.
                (false, true) => -1.0,
                (false, false) => mean + s * (C3 + 1.0 - past),
            }
        }
    };
    verdict.baseline = Some(span);
    if upper.is_nan() {
        return verdict.lacking(Lack::Fit);
    }
    verdict.expected = Some(mean);
    verdict.upper = Some(upper.max(0.0));
    verdict.alarm = Some(y > if compat { upper.max(0.0) } else { upper } && count >= set.least);
    verdict.score = Some(above(y, mean, s)).filter(|s| s.is_finite());
    verdict.pvalue = verdict.score.map(normal_above);
    verdict
}
