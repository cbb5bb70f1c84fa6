//! Quasi-Poisson regression of counts on a level for each time of the year and one trend, by iterated least squares.
//!
//! With levels and one trend each step has a closed form: the weighted means of every level, and the slope of what is left. It is the
//! same model as a column of ones, one of the time and a dummy for each other level, but it costs one pass over
//! the points whatever the number of levels, and loses no digits, for all sums are taken about means. What must stay true: start
//! (count + 0.1), end (the deviance changes by less than 1e-8 of itself, at most 25 steps) and the weights that dispersion and errors are
//! reckoned with (those of the last step, from the means before it) are those of R, so results agree to the last digits.

use std::ops::Range;

/// Steps before a fit is given up.
const STEPS: usize = 25;

/// Points of a baseline with their levels, and room to work in; made once, filled again and again.
#[derive(Clone, Debug, Default)]
pub struct Points {
    /// Counts.
    pub y: Vec<f64>,
    /// Time, in points before the tested one, below 0.
    pub t: Vec<f64>,
    /// Logarithm of the population; empty where there is none.
    pub offset: Vec<f64>,
    /// Points of each level, with the number of the level.
    pub levels: Vec<(u32, Range<usize>)>,
    /// ln y, 0 where y is 0.
    log_y: Vec<f64>,
    /// y^⅔
    root_y: Vec<f64>,
    /// Weights that down-weight past outbreaks.
    omega: Vec<f64>,
    /// Weights of the last step.
    weight: Vec<f64>,
    /// Log means without the offset.
    eta: Vec<f64>,
    mu: Vec<f64>,
    sums: Vec<Level>,
}

/// A level in the last step.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    weight: f64,
    time: f64,
    eta: f64,
}

/// What came of a fit.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// Slope of the log mean a point, where there is a trend.
    pub slope: Option<f64>,
    /// Σ weight·(time − mean time of its level)².
    spread: f64,
    /// Points less coefficients.
    pub free: usize,
    /// Pearson's χ² over that, from the weights of the last step.
    pub pearson: f64,
    /// The same from the down-weighting alone, which is what R takes for standard errors.
    pub relative: f64,
}

impl Fit {
    /// Dispersion: nothing varies less than by chance.
    pub fn phi(&self) -> f64 {
        self.pearson.max(1.0)
    }

    /// Variance of the slope over the dispersion.
    pub fn slope_variance(&self) -> f64 {
        1.0 / self.spread
    }
}

impl Points {
    /// Forgets what was there.
    pub fn clear(&mut self) {
        self.y.clear();
        self.t.clear();
        self.offset.clear();
        self.levels.clear();
        self.log_y.clear();
        self.root_y.clear();
        self.omega.clear();
    }

    /// Adds a point; those of a level come one after the other.
    pub fn push(&mut self, level: u32, t: f64, y: f64, population: Option<f64>) {
        let at = self.y.len();
        match self.levels.last_mut() {
            Some((last, range)) if *last == level => range.end = at + 1,
            _ => self.levels.push((level, at..at + 1)),
        }
        self.y.push(y);
        self.t.push(t);
        self.offset.extend(population.map(f64::ln));
        self.log_y.push(if y > 0.0 { y.ln() } else { 0.0 });
        let root = y.cbrt();
        self.root_y.push(root * root);
        self.omega.push(1.0);
    }

    /// Weighs all points alike again.
    pub fn even(&mut self) {
        self.omega.fill(1.0);
    }

    /// Fits. Nothing when there are no more points than coefficients, or it does not settle.
    pub fn fit(&mut self, trend: bool) -> Option<Fit> {
        let n = self.y.len();
        self.mu.clear();
        self.mu.extend(self.y.iter().map(|y| y + 0.1));
        self.eta.clear();
        self.eta.extend(self.mu.iter().map(|m| m.ln()));
        let mut old = self.deviance();
        self.eta.iter_mut().zip(&self.offset).for_each(|(e, o)| *e -= o);
        for _ in 0..STEPS {
            let (slope, spread) = self.step(trend);
            let new = self.deviance_and_means();
            if !new.is_finite() {
                return None;
            }
            if (new - old).abs() < 1e-8 * (new.abs() + 0.1) {
                let free = n.checked_sub(self.levels.len() + usize::from(slope.is_some())).filter(|f| *f > 0)?;
                let (mut pearson, mut relative) = (0.0, 0.0);
                for i in 0..n {
                    let off = (self.y[i] - self.mu[i]) / self.mu[i];
                    pearson += self.weight[i] * off * off;
                    relative += self.omega[i] * off * off;
                }
                let (pearson, relative) = (pearson / free as f64, relative / free as f64);
                return Some(Fit { slope, spread, free, pearson, relative });
            }
            old = new;
        }
        None
    }

    /// One step: new log means of all points; the slope with the spread of time about its means.
    fn step(&mut self, trend: bool) -> (Option<f64>, f64) {
        self.sums.clear();
        self.weight.clear();
        self.weight.extend(self.omega.iter().zip(&self.mu).map(|(o, m)| o * m));
        for (_, range) in &self.levels {
            let (mut w, mut wt, mut wz) = (0.0, 0.0, 0.0);
            for i in range.clone() {
                w += self.weight[i];
                wt += self.weight[i] * self.t[i];
                // The weight times (η + (y − μ)/μ), without dividing.
                wz += self.weight[i] * self.eta[i] + self.omega[i] * (self.y[i] - self.mu[i]);
            }
            self.sums.push(Level { weight: w, time: wt / w, eta: wz / w });
        }
        let (mut spread, mut along) = (0.0, 0.0);
        if trend {
            for ((_, range), sum) in self.levels.iter().zip(&self.sums) {
                for i in range.clone() {
                    let off = self.t[i] - sum.time;
                    let z = self.weight[i] * (self.eta[i] - sum.eta) + self.omega[i] * (self.y[i] - self.mu[i]);
                    spread += self.weight[i] * off * off;
                    along += z * off;
                }
            }
        }
        let slope = (trend && spread > 0.0).then(|| along / spread);
        for ((_, range), sum) in self.levels.iter().zip(&self.sums) {
            for i in range.clone() {
                self.eta[i] = sum.eta + slope.unwrap_or(0.0) * (self.t[i] - sum.time);
            }
        }
        (slope, spread)
    }

    /// Deviance, from logarithms that are known.
    fn deviance(&self) -> f64 {
        let one = |i: usize| self.omega[i] * (self.y[i] * (self.log_y[i] - self.eta[i]) - (self.y[i] - self.mu[i]));
        2.0 * (0..self.y.len()).map(one).sum::<f64>()
    }

    /// Means of the log means, and their deviance.
    fn deviance_and_means(&mut self) -> f64 {
        let mut sum = 0.0;
        for i in 0..self.y.len() {
            let eta = self.eta[i] + self.offset.get(i).copied().unwrap_or(0.0);
            let mu = eta.exp();
            // Where nothing was counted a mean may fall for ever; it stops where a number next to 1 would.
            self.mu[i] = mu.max(f64::EPSILON);
            sum += self.omega[i] * (self.y[i] * (self.log_y[i] - eta) - (self.y[i] - self.mu[i]));
        }
        2.0 * sum
    }

    /// Weighs down the points that lie above what is usual by more than `threshold` of Anscombe's residuals (past
    /// outbreaks), so that all weights together stay the number of points.
    pub fn weigh_down(&mut self, fit: &Fit, threshold: f64) {
        let phi = fit.phi();
        for ((_, range), sum) in self.levels.iter().zip(&self.sums) {
            for i in range.clone() {
                let off = self.t[i] - sum.time;
                let trend = if fit.slope.is_some() { off * off / fit.spread } else { 0.0 };
                let hat = self.weight[i] * (1.0 / sum.weight + trend);
                let root = self.mu[i].sqrt();
                let s = 1.5 * (self.root_y[i] / root.cbrt() - root) / (phi * (1.0 - hat)).sqrt();
                self.omega[i] = if s > threshold { 1.0 / (s * s) } else { 1.0 };
            }
        }
        let scale = self.y.len() as f64 / self.omega.iter().sum::<f64>();
        self.omega.iter_mut().for_each(|o| *o *= scale);
    }

    /// Log mean of the tested point, without its offset, and the variance of that over the dispersion. Nothing when its level
    /// has no point.
    pub fn predict(&self, fit: &Fit, level: u32) -> Option<(f64, f64)> {
        let at = self.levels.iter().position(|(l, _)| *l == level)?;
        let sum = self.sums.get(at)?;
        let (eta, more) = match fit.slope {
            Some(slope) => (sum.eta - slope * sum.time, sum.time * sum.time / fit.spread),
            None => (sum.eta, 0.0),
        };
        Some((eta, 1.0 / sum.weight + more))
    }

    /// The largest count.
    pub fn largest(&self) -> f64 {
        self.y.iter().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_alone_are_their_means() {
        let mut points = Points::default();
        for (level, y) in [(0, 2.0), (0, 4.0), (1, 10.0), (1, 12.0), (1, 20.0)] {
            points.push(level, 0.0, y, None);
        }
        let fit = points.fit(false).unwrap();
        let (eta, variance) = points.predict(&fit, 1).unwrap();
        assert!((eta.exp() - 14.0).abs() < 1e-6 && (variance - 1.0 / 42.0).abs() < 1e-6, "{eta} {variance}");
        assert!((fit.pearson - (2.0 / 3.0 + 56.0 / 14.0) / 3.0).abs() < 1e-3, "{}", fit.pearson);
        assert!(points.predict(&fit, 2).is_none());
        // A time that never changes within a level has no slope.
        assert!(points.fit(true).unwrap().slope.is_none());
    }

    #[test]
    fn a_trend_and_a_population_that_are_there_are_found() {
        let mut points = Points::default();
        for t in -50..0 {
            let people = f64::from(1000 + 7 * (t % 5));
            points.push(
                (t & 1) as u32,
                f64::from(t),
                people * (0.02 * f64::from(t) - 3.0 + f64::from(t & 1)).exp(),
                Some(people),
            );
        }
        // Points of a level must come together.
        assert_eq!(points.levels.len(), 50);
        points.clear();
        for level in 0..2 {
            for t in (-50..0).filter(|t| t & 1 == level) {
                let people = f64::from(1000 + 7 * (t % 5));
                let mean = people * (0.02 * f64::from(t) - 3.0 + f64::from(level)).exp();
                points.push(level as u32, f64::from(t), mean, Some(people));
            }
        }
        let fit = points.fit(true).unwrap();
        assert!((fit.slope.unwrap() - 0.02).abs() < 1e-9);
        let (eta, _) = points.predict(&fit, 1).unwrap();
        assert!((eta - -2.0).abs() < 1e-8, "{eta}");
    }
}
