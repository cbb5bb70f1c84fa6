//! What alarms were worth, where it is known when there was an outbreak: for the bench on which a method is tried before it is
//! enabled, and for what came of real signals.
//!
//! Counts of events add up over series; rates are made of them at the end, and a rate of nothing has no value.

/// Weeks and outbreaks, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Weeks with an outbreak that alarmed.
    pub hits: u64,
    /// Weeks with an outbreak that did not.
    pub misses: u64,
    /// Weeks without one that alarmed.
    pub false_alarms: u64,
    /// Weeks without one that did not.
    pub quiet: u64,
    /// Outbreaks.
    pub outbreaks: u64,
    /// Of those, how many alarmed at least once.
    pub found: u64,
    /// Weeks from the beginning of those to their first alarm, together.
    pub delay: u64,
    /// Weeks from the beginning of every outbreak to the first alarm from then on, [`LAG`] at most, together.
    pub lag: u64,
}

/// What an outbreak that was not found counts for, in weeks, in R's measure.
pub const LAG: u64 = 20;

impl Quality {
    /// Counts a series: for each week whether it alarmed and whether there was an outbreak. A week that could not be judged did not
    /// alarm.
    pub fn of(weeks: impl IntoIterator<Item = (bool, bool)>) -> Quality {
        let mut all = Quality::default();
        // The week in which the outbreak began, and whether it was found; for the lag those still waiting.
        let mut open: Option<(u64, bool)> = None;
        let mut waiting: Vec<u64> = Vec::new();
        for (week, (alarm, outbreak)) in weeks.into_iter().enumerate() {
            let week = week as u64;
            match (alarm, outbreak) {
                (true, true) => all.hits += 1,
                (false, true) => all.misses += 1,
                (true, false) => all.false_alarms += 1,
                (false, false) => all.quiet += 1,
            }
            if !outbreak {
                open = None;
            } else if open.is_none() {
                open = Some((week, false));
                waiting.push(week);
                all.outbreaks += 1;
            }
            if alarm {
                if let Some((began, found @ false)) = &mut open {
                    *found = true;
                    all.found += 1;
                    all.delay += week - *began;
                }
                all.lag += waiting.drain(..).map(|began| (week - began).min(LAG)).sum::<u64>();
            }
        }
        all.lag += LAG * waiting.len() as u64;
        all
    }

    /// Both together.
    pub fn and(self, other: Quality) -> Quality {
        Quality {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            false_alarms: self.false_alarms + other.false_alarms,
            quiet: self.quiet + other.quiet,
            outbreaks: self.outbreaks + other.outbreaks,
            found: self.found + other.found,
            delay: self.delay + other.delay,
            lag: self.lag + other.lag,
        }
    }

    /// Share of weeks without an outbreak that alarmed (FPR).
    pub fn false_positive_rate(&self) -> Option<f64> {
        rate(self.false_alarms, self.false_alarms + self.quiet)
    }

    /// Share of outbreaks that alarmed (POD).
    pub fn detected(&self) -> Option<f64> {
        rate(self.found, self.outbreaks)
    }

    /// Share of weeks with an outbreak that alarmed.
    pub fn sensitivity(&self) -> Option<f64> {
        rate(self.hits, self.hits + self.misses)
    }

    /// Share of weeks without one that did not alarm.
    pub fn specificity(&self) -> Option<f64> {
        rate(self.quiet, self.false_alarms + self.quiet)
    }

    /// Share of alarms in weeks with an outbreak (PPV).
    pub fn precision(&self) -> Option<f64> {
        rate(self.hits, self.hits + self.false_alarms)
    }

    /// Weeks from the beginning of an outbreak that was found to its first alarm, on average.
    pub fn mean_delay(&self) -> Option<f64> {
        rate(self.delay, self.found)
    }

    /// The same over all outbreaks, those that were not found counting [`LAG`].
    pub fn mean_lag(&self) -> Option<f64> {
        rate(self.lag, self.outbreaks)
    }

    /// How far from a method without fault: √((1 − specificity)² + (1 − sensitivity)²).
    pub fn distance(&self) -> Option<f64> {
        Some((1.0 - self.specificity()?).hypot(1.0 - self.sensitivity()?))
    }
}

fn rate(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(alarms: &str, outbreaks: &str) -> Quality {
        Quality::of(alarms.chars().map(|c| c == 'x').zip(outbreaks.chars().map(|c| c == 'o')))
    }

    #[test]
    fn by_hand() {
        let all = weeks("x..x...x..", "..ooo.oo.o");
        assert_eq!((all.hits, all.misses, all.false_alarms, all.quiet), (2, 4, 1, 3));
        // The second is found in its second week, the third never.
        assert_eq!((all.outbreaks, all.found, all.delay, all.lag), (3, 2, 2, 1 + 1 + LAG));
        assert_eq!((all.false_positive_rate(), all.detected()), (Some(0.25), Some(2.0 / 3.0)));
        assert_eq!((all.sensitivity(), all.precision(), all.mean_delay()), (Some(1.0 / 3.0), Some(2.0 / 3.0), Some(1.0)));
        assert!((all.distance().unwrap() - (0.25f64.powi(2) + (2.0f64 / 3.0).powi(2)).sqrt()).abs() < 1e-12);
        // An alarm after the end finds nothing, but ends the waiting.
        let late = weeks("...x", "o...");
        assert_eq!((late.found, late.lag, late.mean_delay()), (0, 3, None));
        assert_eq!(all.and(Quality::default()), all);
        assert_eq!(Quality::default().precision(), None);
    }
}
