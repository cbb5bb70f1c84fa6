//! Where the points of a series stand in time: weeks by their first day, days, or plain numbers; and which point stands a
//! year, two years … before another.
//!
//! What must stay true: a week has its seven days whatever the year does; the week that stands so many years before another
//! is the one nearest to the same date of that year, of 1 March where that year has no 29 February. So week 53 and leap days are weeks
//! like all others.

use std::fmt;
use std::str::FromStr;

/// A day, counted from 1 January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// A day of the calendar; nothing when there is none of that name, or not in the years 1 to 9999.
    pub fn of(year: i32, month: u32, day: u32) -> Option<Day> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day))
            .then(|| Day(number(year, month, day)))
            .filter(|found| found.date() == (year, month, day))
    }

    /// Year, month and day of the month (the civil calendar, after the shifted year that begins in March).
    pub fn date(self) -> (i32, u32, u32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let in_era = days.rem_euclid(146_097);
        let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year + year / 4 - year / 100);
        let month = (5 * in_year + 2) / 153;
        let day = in_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// Monday is 1, Sunday 7.
    pub fn weekday(self) -> u32 {
        (i64::from(self.0) + 3).rem_euclid(7) as u32 + 1
    }

    /// Year and week of ISO 8601: a week belongs to the year that has its Thursday.
    pub fn iso_week(self) -> (i32, u32) {
        let thursday = Day(self.0.saturating_add(4 - self.weekday() as i32));
        let year = thursday.date().0;
        (year, ((thursday.0 - number(year, 1, 1)) / 7) as u32 + 1)
    }

    /// The same date so many years before; 1 March where there is no 29 February.
    fn years_before(self, years: u32) -> Day {
        let (year, month, day) = self.date();
        // 29 February of a year without one is the day after 28 February: 1 March.
        Day(number(year.saturating_sub_unsigned(years), month, day))
    }
}

/// Days since 1970 of a date; a day too many is the first of the next month.
fn number(year: i32, month: u32, day: u32) -> i32 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let in_era = year.rem_euclid(400);
    let in_year = (153 * i64::from(if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i64::from(day) - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Day, &'static str> {
        let digits = text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
        let found = if text.len() == 10 && digits { Day::of(part(0, 4) as i32, part(5, 7), part(8, 10)) } else { None };
        found.ok_or("no day (yyyy-mm-dd)")
    }
}

/// Points one step apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Weeks; this is the first day of the first one.
    Weeks(Day),
    /// Days from this one on.
    Days(Day),
    /// Numbered points from `first` on, `freq` of them a year.
    Index {
        /// Number of the first point.
        first: u32,
        /// Points a year.
        freq: u32,
    },
}

impl Axis {
    /// Points a year, as far as a year has a whole number of them.
    pub fn freq(self) -> u32 {
        match self {
            Axis::Weeks(_) => 52,
            Axis::Days(_) => 365,
            Axis::Index { freq, .. } => freq.max(1),
        }
    }

    /// How many points before point `k` the one stands that is `years` years earlier.
    pub fn years_back(self, k: usize, years: u32) -> usize {
        match self {
            Axis::Index { freq, .. } => freq.max(1) as usize * years as usize,
            Axis::Days(_) => self.days_back(k, years),
            // Of two weeks around the date the nearer one: never a tie, for 7 is odd.
            Axis::Weeks(_) => (self.days_back(k, years) + 3) / 7,
        }
    }

    fn days_back(self, k: usize, years: u32) -> usize {
        let day = self.day(k).unwrap_or(Day(0));
        usize::try_from(i64::from(day.0) - i64::from(day.years_before(years).0)).unwrap_or(0)
    }

    /// First day of point `k`, where points have days.
    pub fn day(self, k: usize) -> Option<Day> {
        let on = |first: Day, step: i64| {
            let days = i64::from(first.0) + step * i64::try_from(k).unwrap_or(i64::MAX / 8).min(i64::MAX / 8);
            Day(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
        };
        match self {
            Axis::Weeks(first) => Some(on(first, 7)),
            Axis::Days(first) => Some(on(first, 1)),
            Axis::Index { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_weeks() {
        assert_eq!(day("1970-01-01"), Day(0));
        assert_eq!((day("2000-02-29").0, day("2026-11-28").weekday()), (11_016, 6));
        for wrong in ["2023-02-29", "2023-13-01", "2023-00-10", "0000-01-01", "2023-1-01", "23-01-0001", "２023-1-1", ""] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        // Weeks 53, and days that belong to a week of another year.
        let weeks =
            [("2020-12-31", (2020, 53)), ("2021-01-03", (2020, 53)), ("2021-01-04", (2021, 1)), ("2024-12-30", (2025, 1))];
        for (text, week) in weeks {
            assert_eq!(day(text).iso_week(), week, "{text}");
        }
    }

    #[test]
    fn the_week_of_another_year_is_the_nearest() {
        // 29 December 2020 is a Tuesday of week 53. A year before the Tuesday 31 is 2 days away, 24 is 5.
        let axis = Axis::Weeks(day("2020-12-29"));
        assert_eq!(axis.years_back(0, 1), 52);
        assert_eq!(day("2020-12-29").0 - 7 * axis.years_back(0, 5) as i32, day("2015-12-29").0);
        // A leap day goes to 1 March, then to the nearest Thursday.
        let axis = Axis::Weeks(day("2024-02-29"));
        assert_eq!(day("2024-02-29").0 - 7 * axis.years_back(0, 1) as i32, day("2023-03-02").0);
        assert_eq!(Axis::Days(day("2024-02-29")).years_back(0, 1), 365);
        assert_eq!(Axis::Days(day("2024-02-29")).years_back(0, 4), 1461);
        assert_eq!(Axis::Index { first: 1, freq: 52 }.years_back(300, 5), 260);
    }

    proptest! {
        #[test]
        fn dates_and_numbers_agree(n in -719_162i32..2_932_897) {
            let (year, month, d) = Day(n).date();
            prop_assert_eq!(Day::of(year, month, d), Some(Day(n)));
            prop_assert_eq!(day(&Day(n).to_string()), Day(n));
            let (iso, week) = Day(n).iso_week();
            prop_assert!((iso - year).abs() <= 1 && (1..=53).contains(&week));
            for years in 1..6 {
                let back = Axis::Weeks(Day(n)).years_back(0, years);
                let off = n - 7 * back as i32 - Day(n).years_before(years).0;
                prop_assert!(off.abs() <= 3, "{} {}", off, years);
            }
        }

        #[test]
        fn no_axis_is_too_far(first in any::<i32>(), k in any::<usize>(), years in any::<u32>(), freq in any::<u32>()) {
            for axis in [Axis::Weeks(Day(first)), Axis::Days(Day(first)), Axis::Index { first: 1, freq }] {
                axis.years_back(k, years);
                axis.day(k).map(|d| (d.iso_week(), d.to_string()));
            }
        }
    }
}
