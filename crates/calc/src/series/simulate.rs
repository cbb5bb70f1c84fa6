//! Invented weekly series with outbreaks in them, after Noufaily (2013): what a method finds, and how often it cries wolf, before it
//! is enabled anywhere.
//!
//! The log mean is a level, a trend and a season; counts are negative binomial with a dispersion; an outbreak adds a number of cases,
//! so many standard deviations of a week, that come in over weeks as a log-normal spread says. The same seed gives the same series
//! on every machine that rounds alike.

use crate::draw::Splitmix;

/// What series are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// Log mean without trend and season.
    pub level: f64,
    /// Change of the log mean a week.
    pub trend: f64,
    /// Pairs of sine and cosine of a year: 0, 1 or 2.
    pub harmonics: u32,
    /// Weights of cosine and sine.
    pub season: [f64; 2],
    /// Variance over mean.
    pub phi: f64,
}

/// Eight of the kinds that were published: rare and common diseases, with and without season and trend, from chance alone to
/// five times its variance.
pub const SCENARIOS: [Scenario; 8] = [
    Scenario { level: 0.1, trend: 0.0, harmonics: 0, season: [0.0, 0.0], phi: 1.5 },
    Scenario { level: 0.1, trend: 0.0, harmonics: 1, season: [0.6, 0.6], phi: 1.5 },
    Scenario { level: 1.5, trend: 0.0, harmonics: 1, season: [0.2, -0.4], phi: 1.0 },
    Scenario { level: 0.5, trend: 0.002, harmonics: 1, season: [0.5, 0.5], phi: 2.0 },
    Scenario { level: 2.5, trend: 0.0, harmonics: 1, season: [1.0, 0.1], phi: 3.0 },
    Scenario { level: 3.75, trend: 0.001, harmonics: 1, season: [0.1, -0.1], phi: 1.1 },
    Scenario { level: 2.0, trend: 0.003, harmonics: 2, season: [0.3, 0.1], phi: 1.5 },
    Scenario { level: 5.0, trend: 0.0001, harmonics: 1, season: [0.05, 0.01], phi: 5.0 },
];

/// How series and outbreaks are invented.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Weeks of a series.
    pub weeks: usize,
    /// Of those, the last ones that are tested.
    pub tested: usize,
    /// Outbreaks before that, so that a baseline is never clean.
    pub before: usize,
    /// Outbreaks in the tested weeks.
    pub within: usize,
    /// Least and largest size, in standard deviations of a week at its beginning.
    pub size: [f64; 2],
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { weeks: 416, tested: 104, before: 4, within: 1, size: [3.0, 12.0] }
    }
}

/// A series, and what was added to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invented {
    /// Counts.
    pub counts: Vec<u32>,
    /// How many of them come from an outbreak.
    pub outbreak: Vec<u32>,
    /// Whether one is going on: from its first case to its last.
    pub during: Vec<bool>,
}

impl Scenario {
    /// The usual mean of a week.
    pub fn mean(&self, week: usize) -> f64 {
        let year = 2.0 * std::f64::consts::PI * week as f64 / 52.0;
        let season = |j: u32| self.season[0] * (f64::from(j) * year).cos() + self.season[1] * (f64::from(j) * year).sin();
        (self.level + self.trend * week as f64 + (1..=self.harmonics.min(2)).map(season).sum::<f64>()).exp()
    }

    /// Invents a series.
    pub fn invent(&self, plan: &Plan, seed: u64) -> Invented {
        let mut chance = Splitmix::new(seed);
        let mut counts: Vec<u32> = (0..plan.weeks).map(|w| negbin(&mut chance, self.mean(w), self.phi)).collect();
        let (mut outbreak, mut during) = (vec![0; plan.weeks], vec![false; plan.weeks]);
        let border = plan.weeks.saturating_sub(plan.tested);
        for (from, to, many) in [(0, border, plan.before), (border, plan.weeks, plan.within)] {
            if from == to {
                continue;
            }
            // One in each equal part, so that they do not run into one another.
            for i in 0..many {
                let length = (to - from) / many;
                let start = from + i * length + (chance.part() * length as f64) as usize;
                let size = plan.size[0] + (plan.size[1] - plan.size[0]) * chance.part();
                let cases = poisson(&mut chance, size * (self.mean(start) * self.phi).sqrt());
                let mut span = plan.weeks..0;
                for _ in 0..cases {
                    let week = start + (0.5 * normal(&mut chance)).exp() as usize;
                    // What would come after the end of its part is told as of its last week.
                    let week = week.min(to.saturating_sub(1));
                    outbreak[week] += 1;
                    counts[week] = counts[week].saturating_add(1);
                    span = span.start.min(week)..span.end.max(week + 1);
                }
                if span.start < span.end {
                    during[span].fill(true);
                }
            }
        }
        Invented { counts, outbreak, during }
    }
}

/// A standard normal number (Box & Muller).
fn normal(chance: &mut Splitmix) -> f64 {
    let (radius, angle) = (1.0 - chance.part(), chance.part());
    (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * angle).cos()
}

/// Largest mean that is drawn exactly; beyond it a rounded normal number is as good.
const LARGE: f64 = 10_000.0;

/// A Poisson count: exponential times until they are over the mean, in parts that do not vanish.
fn poisson(chance: &mut Splitmix, mean: f64) -> u32 {
    if mean.is_nan() || mean <= 0.0 {
        return 0;
    }
    if mean > LARGE {
        return (mean + mean.sqrt() * normal(chance)).round() as u32;
    }
    let (mut count, mut left) = (0, mean);
    loop {
        left += (1.0 - chance.part()).ln();
        if left < 0.0 {
            return count;
        }
        count += 1;
    }
}

/// A count with variance φ times the mean: Poisson with a mean that is gamma of shape μ/(φ−1).
fn negbin(chance: &mut Splitmix, mean: f64, phi: f64) -> u32 {
    if phi <= 1.0 || mean.is_nan() || mean <= 0.0 {
        return poisson(chance, mean);
    }
    let mean = gamma(chance, mean / (phi - 1.0)) * (phi - 1.0);
    poisson(chance, mean)
}

/// A gamma number of scale 1 (Marsaglia & Tsang 2000).
fn gamma(chance: &mut Splitmix, shape: f64) -> f64 {
    if shape < 1.0 {
        let root = (1.0 - chance.part()).powf(1.0 / shape);
        return gamma(chance, shape + 1.0) * root;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(chance);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - chance.part()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_mean_and_variance_they_should() {
        for (mean, phi) in [(0.4, 1.0), (3.0, 2.0), (40.0, 1.0), (150.0, 5.0), (20_000.0, 1.0)] {
            let mut chance = Splitmix::new(7);
            let drawn: Vec<f64> = (0..40_000).map(|_| f64::from(negbin(&mut chance, mean, phi))).collect();
            let m = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let v = drawn.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / drawn.len() as f64;
            assert!((m / mean - 1.0).abs() < 0.03 && (v / (mean * phi) - 1.0).abs() < 0.06, "{mean} {phi}: {m} {v}");
        }
    }

    #[test]
    fn outbreaks_are_where_they_should_be_and_the_seed_decides() {
        for scenario in SCENARIOS {
            let plan = Plan::default();
            let made = scenario.invent(&plan, 3);
            assert_eq!(made, scenario.invent(&plan, 3));
            assert_ne!(made, scenario.invent(&plan, 4));
            assert_eq!((made.counts.len(), made.outbreak.len()), (plan.weeks, plan.weeks));
            assert!(made.counts.iter().zip(&made.outbreak).all(|(all, part)| part <= all));
            assert!(made.outbreak.iter().sum::<u32>() > 0);
            assert!(made.outbreak.iter().zip(&made.during).all(|(cases, during)| *cases == 0 || *during));
        }
        for odd in [Plan { weeks: 0, ..Plan::default() }, Plan { weeks: 3, tested: 9, ..Plan::default() }] {
            assert_eq!(SCENARIOS[0].invent(&odd, 1).counts.len(), odd.weeks);
        }
        let none = Scenario { level: f64::NAN, ..SCENARIOS[0] };
        assert!(none.invent(&Plan::default(), 1).counts.iter().all(|c| *c == 0));
    }
}
