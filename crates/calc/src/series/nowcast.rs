//! How much of the last days has come in yet: counts that are still growing must not be read as low.
//!
//! Each report has a day that it is of and a day on which it came. How long reports of a source take is learnt from those of the past,
//! each delay from the days that are old enough to have had it (Lawless 1994; the chain ladder of insurers), so that the
//! recent days, of which only the fast reports are here, do not make the source look fast.
//!
//! What must stay true: a nowcast is never below what was reported; of a day of which too little is in yet nothing is said.

/// Longest delay that is learnt, in days.
pub const LONGEST: usize = 366;

/// How long the reports of a source take.
#[derive(Clone, Debug, PartialEq)]
pub struct Delays {
    /// Share of reports that are there after 0, 1, 2 … days, of those that come within the longest delay.
    there: Vec<f64>,
    /// Reports that it was learnt from.
    learnt: u64,
}

/// What a day will have when all is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nowcast {
    /// What has come.
    pub reported: u32,
    /// What all of it will be, on average.
    pub expected: f64,
    /// The share that should be here by now.
    pub share: f64,
}

impl Delays {
    /// Learns from reports as (days ago that it is of, days that it took), with delays up to `longest`. Nothing without a
    /// report whose day is old enough.
    pub fn learn(reports: impl IntoIterator<Item = (u32, u32)>, longest: usize) -> Option<Delays> {
        let longest = longest.min(LONGEST);
        // By delay and age: reports that took d days and are of a day a days ago.
        let mut by: Vec<Vec<u64>> = vec![vec![0; longest + 2]; longest + 1];
        let mut learnt = 0;
        for (age, delay) in reports {
            // A report that came later than today is not here yet.
            if delay as usize <= longest && delay <= age {
                by[delay as usize][(age as usize).min(longest + 1)] += 1;
                learnt += 1;
            }
        }
        if !by.iter().any(|ages| ages[longest..].iter().any(|n| *n > 0)) {
            return None;
        }
        // Of all that came within d days, the share that took exactly d, among days at least d days ago.
        let mut there = vec![1.0; longest + 1];
        for d in (1..=longest).rev() {
            let old_enough = |delay: usize| by[delay][d..].iter().sum::<u64>() as f64;
            let (last, all) = (old_enough(d), (0..=d).map(old_enough).sum::<f64>());
            there[d - 1] = there[d] * if all > 0.0 { 1.0 - last / all } else { 1.0 };
        }
        Some(Delays { there, learnt })
    }

    /// Share of reports that are there after so many days.
    pub fn share(&self, days: usize) -> f64 {
        self.there.get(days).copied().unwrap_or(1.0)
    }

    /// Reports that it was learnt from.
    pub fn learnt(&self) -> u64 {
        self.learnt
    }

    /// What `reported` of `age` days ago will become; nothing while less than `least` of it should be here.
    pub fn nowcast(&self, reported: u32, age: usize, least: f64) -> Option<Nowcast> {
        let share = self.share(age);
        // NaN is no share at all.
        if !(share > 0.0 && share >= least) {
            return None;
        }
        Some(Nowcast { reported, expected: f64::from(reported) / share, share })
    }

    /// Counts of days or weeks (their last day `ages` days ago) as detectors may see them: what is settled as it is, what is nearly
    /// settled as it will be, rounded down, and nothing where less than `least` has come in.
    pub fn settled(&self, counts: &[Option<u32>], ages: impl Fn(usize) -> usize, least: f64) -> Vec<Option<u32>> {
        let one = |(at, count): (usize, &Option<u32>)| {
            let cast = self.nowcast((*count)?, ages(at), least)?;
            // A hair more, so that 3 / (1 − ε) stays what it is.
            Some(((cast.expected * (1.0 + 1e-12)) as u32).max(cast.reported))
        };
        counts.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recent_days_do_not_make_a_source_look_fast() {
        // Half come at once, half after two days; of yesterday and today only the fast half is here.
        let mut reports = Vec::new();
        for age in 0..30 {
            reports.extend([(age, 0); 10]);
            if age >= 2 {
                reports.extend([(age, 2); 10]);
            }
        }
        let delays = Delays::learn(reports, 5).unwrap();
        assert_eq!([0, 1, 2, 9].map(|d| delays.share(d)), [0.5, 0.5, 1.0, 1.0]);
        let cast = delays.nowcast(10, 1, 0.4).unwrap();
        assert_eq!((cast.reported, cast.expected, cast.share), (10, 20.0, 0.5));
        assert_eq!(delays.nowcast(10, 1, 0.6), None, "too little is in");
        let settled = delays.settled(&[Some(20), Some(20), None, Some(10)], |at| 3 - at, 0.4);
        assert_eq!(settled, [Some(20), Some(20), None, Some(20)]);
        let settled = delays.settled(&[Some(20), Some(20), None, Some(10)], |at| 3 - at, 0.9);
        assert_eq!(settled, [Some(20), Some(20), None, None], "never low");
    }

    #[test]
    fn nothing_is_learnt_from_nothing() {
        assert_eq!(Delays::learn([], 5), None);
        assert_eq!(Delays::learn([(2, 0), (1, 1)], 5), None, "no day is old enough");
        assert_eq!(Delays::learn([(9, 7)], 5), None, "later than the longest");
        assert!(Delays::learn([(u32::MAX, 0)], usize::MAX).is_some());
    }

    proptest! {
        #[test]
        fn shares_grow_and_nothing_shrinks(reports in proptest::collection::vec((0u32..40, 0u32..20), 0..200), count: u32, age: usize) {
            let Some(delays) = Delays::learn(reports, 14) else { return Ok(()) };
            prop_assert!((0..20).all(|d| delays.share(d) <= delays.share(d + 1) && delays.share(d + 1) <= 1.0));
            if let Some(cast) = delays.nowcast(count, age, 0.2) {
                prop_assert!(cast.expected >= f64::from(count) && cast.share >= 0.2);
            }
            let settled = delays.settled(&[Some(count)], |_| age % 20, 0.0);
            prop_assert!(settled[0].is_none_or(|c| c >= count));
        }
    }
}
