//! Office hours of a day, `09:00-12:00,14:00-18:00`: sorted, not overlapping, not empty. Minutes are exact.

use std::fmt;
use std::str::FromStr;

use super::DAY;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Most spans in a day.
const SPANS: usize = 12;

/// Spans of a day in milliseconds after midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    spans: Vec<(i64, i64)>,
    total: i64,
}

/// The text names no office hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHours {
    /// Which span, from 1.
    pub span: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for BadHours {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "span {}: {} (write them like 09:00-12:00,14:00-18:00)", self.span, self.reason)
    }
}

impl std::error::Error for BadHours {}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Hours, BadHours> {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for (i, part) in text.split(',').enumerate() {
            let fail = |reason| BadHours { span: i + 1, reason };
            let (from, to) = part.trim().split_once('-').ok_or_else(|| fail("needs a beginning and an end"))?;
            let (from, to) = clock(from).zip(clock(to)).ok_or_else(|| fail("is no time of day"))?;
            if from >= to {
                return Err(fail("ends before it begins"));
            }
            if spans.last().is_some_and(|(_, end)| *end > from) {
                return Err(fail("begins before the one before it ends"));
            }
            if spans.len() >= SPANS {
                return Err(fail("is one too many"));
            }
            spans.push((from, to));
        }
        Ok(Hours::of(spans))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (i, (from, to)) in self.spans.iter().map(|(a, b)| (a / MINUTE, b / MINUTE)).enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

/// `09:00` in milliseconds; `24:00` is the end of the day.
fn clock(text: &str) -> Option<i64> {
    let (h, m) = text.trim().split_once(':')?;
    let two = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<i64>().ok()).flatten();
    let (h, m) = (two(h)?, two(m)?);
    (m < 60 && h * 60 + m <= 24 * 60).then_some((h * 60 + m) * MINUTE)
}

impl Hours {
    fn of(spans: Vec<(i64, i64)>) -> Hours {
        let total = spans.iter().map(|(a, b)| b - a).sum();
        Hours { spans, total }
    }

    /// A whole day.
    pub fn whole() -> &'static Hours {
        static WHOLE: std::sync::OnceLock<Hours> = std::sync::OnceLock::new();
        WHOLE.get_or_init(|| Hours::of(vec![(0, DAY)]))
    }

    /// Milliseconds of office hours in a day; more than none.
    pub fn total(&self) -> i64 {
        self.total
    }

    /// When the last span ends, in milliseconds after midnight.
    pub fn end(&self) -> i64 {
        self.spans.last().map_or(DAY, |s| s.1)
    }

    /// Office hours before an instant of the day.
    pub(super) fn until(&self, into: i64) -> i64 {
        self.spans.iter().map(|(a, b)| into.clamp(*a, *b) - a).sum()
    }

    /// The earliest instant of the day at which this much has passed; `ms` lies between 1 and [`Hours::total`].
    pub(super) fn reached(&self, mut ms: i64) -> i64 {
        for (from, to) in &self.spans {
            if ms <= to - from {
                return from + ms;
            }
            ms -= to - from;
        }
        self.end()
    }
}
