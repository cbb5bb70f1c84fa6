//! Working-time limits: when a limit that starts now runs out, and how much of a kind of time has passed.
//!
//! Time is a measure. Each unit counts some of the time line (working hours count office hours of working days, working
//! days count those days whole, urgent hours and natural days count everything), and a limit is due at the **earliest**
//! instant at which its measure is reached: five working hours end at 12:00 when the morning ends them, not at 14:00 when
//! the afternoon begins; a working day that starts on a Saturday ends with Monday. So limits add up (`a` then `b` is
//! `a + b`) and a later start is never due earlier.
//!
//! All instants are milliseconds since 1970-01-01 00:00 of **local civil time**, as if every day had 24 hours; the caller
//! converts zones. What must stay true: a year that the calendar does not know is refused, never guessed, as soon as a
//! day of it has to be counted; natural time needs no calendar.

use std::fmt;
use std::str::FromStr;

mod calendar;
mod hours;

pub use calendar::{Calendar, Fault};
pub use hours::{BadHours, Hours};

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;
/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Largest number of units in one limit: a century of hours.
pub const MOST: u32 = 876_600;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `wh`, 工作时: office hours of working days.
    WorkHours,
    /// `uh`, 紧急工作时: hours round the clock.
    UrgentHours,
    /// `wd`, 工作日: working days, each whole.
    WorkDays,
    /// `d`, 自然日: days of the calendar.
    Days,
}

impl Unit {
    /// All units.
    pub const ALL: [Unit; 4] = [Unit::WorkHours, Unit::UrgentHours, Unit::WorkDays, Unit::Days];

    /// As it is written behind a number.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::WorkHours => "wh",
            Unit::UrgentHours => "uh",
            Unit::WorkDays => "wd",
            Unit::Days => "d",
        }
    }

    /// Counted milliseconds of one unit.
    pub fn ms(self) -> i64 {
        match self {
            Unit::WorkHours | Unit::UrgentHours => HOUR,
            Unit::WorkDays | Unit::Days => DAY,
        }
    }

    /// True when it counts according to a calendar.
    pub fn needs_calendar(self) -> bool {
        matches!(self, Unit::WorkHours | Unit::WorkDays)
    }
}

/// A limit like `5wh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// How many, at most [`MOST`].
    pub n: u32,
    /// Of what.
    pub unit: Unit,
}

impl Limit {
    /// Counted milliseconds.
    pub fn ms(self) -> i64 {
        i64::from(self.n) * self.unit.ms()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}", self.n, self.unit.as_str())
    }
}

/// The text is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLimit;

impl fmt::Display for BadLimit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a limit is a whole number up to {MOST} and one of wh, uh, wd, d, like 5wh")
    }
}

impl std::error::Error for BadLimit {}

impl FromStr for Limit {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Limit, BadLimit> {
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or(BadLimit)?;
        let (digits, unit) = text.split_at(split);
        let unit = Unit::ALL.into_iter().find(|u| u.as_str() == unit).ok_or(BadLimit)?;
        let n = digits.parse().ok().filter(|n| *n <= MOST).ok_or(BadLimit)?;
        Ok(Limit { n, unit })
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The calendar does not know this year.
    NoYear(i64),
    /// The instant lies outside of what a calendar can express.
    TooFar,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::NoYear(year) => write!(f, "the calendar does not know the year {year}"),
            Error::TooFar => f.write_str("the instant is too far away"),
        }
    }
}

impl std::error::Error for Error {}

/// When a limit ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// At the earliest instant at which it is reached.
    #[default]
    SameTime,
    /// Working days end with the office hours of the day on which they are reached; other units as above.
    DayEnd,
}

impl Rounding {
    /// Applies it to what [`due`] answered. With [`Rounding::DayEnd`] limits no longer add up exactly, but a later start
    /// is still never due earlier.
    pub fn apply(self, at: i64, limit: Limit, hours: &Hours) -> i64 {
        if self == Rounding::SameTime || limit.unit != Unit::WorkDays || limit.n == 0 {
            return at;
        }
        // Midnight is the end of the day before, not the beginning of the next.
        (at - 1).div_euclid(DAY) * DAY + hours.end()
    }
}

/// Far enough for every calendar, and nothing overflows: the years −271,000 to 275,000.
const FAR: i64 = 8_640_000_000_000_000;

fn near(at: i64) -> Result<i64, Error> {
    if (-FAR..=FAR).contains(&at) { Ok(at) } else { Err(Error::TooFar) }
}

/// The earliest instant at which the limit, begun at `start`, is reached. A limit of nothing is due at once.
pub fn due(start: i64, limit: Limit, calendar: &Calendar, hours: &Hours) -> Result<i64, Error> {
    near(start)?;
    let need = limit.ms();
    if need == 0 || !limit.unit.needs_calendar() {
        return near(start + need);
    }
    let counted = if limit.unit == Unit::WorkDays { Hours::whole() } else { hours };
    let (day, into) = (start.div_euclid(DAY), start.rem_euclid(DAY));
    // What is to be counted from the midnight before: what had passed by then, and the limit.
    let passed = if calendar.working(day)? { counted.until(into) } else { 0 };
    let target = passed + need;
    let whole = (target - 1) / counted.total();
    let last = calendar.nth_working(day, whole)?;
    near(last * DAY + counted.reached(target - whole * counted.total()))
}

/// How many milliseconds of a unit lie between two instants; negative when `to` is before `from`.
pub fn elapsed(from: i64, to: i64, unit: Unit, calendar: &Calendar, hours: &Hours) -> Result<i64, Error> {
    near(from)?;
    near(to)?;
    if !unit.needs_calendar() || from == to {
        return Ok(to - from);
    }
    if from > to {
        return elapsed(to, from, unit, calendar, hours).map(|ms| -ms);
    }
    let counted = if unit == Unit::WorkDays { Hours::whole() } else { hours };
    let first = from.div_euclid(DAY);
    // The last day of which something is counted: an end at midnight needs nothing of the day that begins.
    let last = (to - 1).div_euclid(DAY);
    let days = calendar.between(first, last)?;
    let head = if calendar.working(first)? { counted.until(from.rem_euclid(DAY)) } else { 0 };
    let tail = if calendar.working(last)? { counted.until(to - last * DAY) } else { 0 };
    Ok(days * counted.total() + tail - head)
}

#[cfg(test)]
mod tests;
