//! When something is open: weekly and monthly rules (the parts of an RRULE that HSDS knows), days when it is not, and the
//! calendar with its holidays and swapped days. Pure.
//!
//! What must stay true: what follows working days is shut on a day off and open on a make-up day, as long as on the working
//! day that it stands for; a closure that names a holiday means the days of that holiday in the calendar, whichever day the
//! moon puts it on; a day in a year that the calendar does not know is computed by the week alone and says so.

use std::collections::HashMap;

use calc::due::Calendar;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: i64 = 1440;
/// Days that are looked at for the next open one.
const AHEAD: i64 = 400;

/// A rule that says when something is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Schedule {
    /// Id, when it came with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// By months; else by weeks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub monthly: bool,
    /// Days of the week (0 is Monday); of a monthly rule with the how-manieth, from the end when it is negative, 0 for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<(i8, u8)>,
    /// Days of the month, from the end when negative.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub month_days: Vec<i8>,
    /// Every so many weeks or months from `start` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<i64>,
    /// Its first day, counted from 1970-01-01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// First and last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// Minute at which it opens; absent: all day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<i64>,
    /// Minute at which it closes; one that is not later is on the next day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes: Option<i64>,
    /// It keeps to the week whatever the calendar of working days says.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub holidays_too: bool,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Days on which it is otherwise than its rules say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Closure {
    /// A holiday by its name in the calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holiday: Option<String>,
    /// First and last day, counted from 1970-01-01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// The last one; the same as the first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// Open at these minutes; shut when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<i64>,
    /// Until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes: Option<i64>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A day on which it is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Counted from 1970-01-01.
    pub day: i64,
    /// Minutes from and to, in order; beyond 1440 it is the next day.
    pub spans: Vec<(i64, i64)>,
    /// A make-up working day.
    pub swapped: bool,
    /// The calendar does not know that year yet.
    pub guessed: bool,
}

/// The calendar, by days.
pub struct Days<'a> {
    calendar: &'a Calendar,
    named: HashMap<i64, (bool, &'a str)>,
}

impl<'a> Days<'a> {
    /// Reads the calendar once for many questions.
    pub fn new(calendar: &'a Calendar) -> Days<'a> {
        let day = |(ms, works, name): (i64, bool, &'a str)| (ms.div_euclid(crate::kit::time::DAY), (works, name));
        Days { calendar, named: calendar.exceptions().map(day).collect() }
    }

    /// The weekday by which rules of working days go: of a make-up day the working day nearest to it, none on a day off.
    fn acts_as(&self, day: i64) -> Option<u8> {
        match self.named.get(&day) {
            Some((false, _)) => None,
            // Saturdays stand for a Friday, Sundays for a Monday.
            Some((true, _)) => Some(match weekday(day) {
                5 => 4,
                6 => 0,
                own => own,
            }),
            None => Some(weekday(day)),
        }
    }
}

/// The week's day: 0 is Monday.
pub fn weekday(day: i64) -> u8 {
    (day + 3).rem_euclid(7) as u8
}

/// The date of a day.
pub fn date(day: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

/// The day of a date.
pub fn day_of(date: Date) -> i64 {
    i64::from((date - Date::constant(1970, 1, 1)).get_days())
}

/// Reads `2026-12-01`.
pub fn parse_day(text: &str) -> Option<i64> {
    text.get(..10)?.parse().ok().map(day_of)
}

impl Schedule {
    /// Whether its rule names that day, taken for a `weekday`.
    fn names(&self, day: i64, weekday: u8) -> bool {
        if self.from.is_some_and(|f| day < f) || self.to.is_some_and(|t| day > t) || self.start.is_some_and(|s| day < s) {
            return false;
        }
        let Some(date) = date(day) else { return false };
        let every = self.interval.unwrap_or(1).max(1);
        if !self.monthly {
            let week = |d: i64| (d + 3).div_euclid(7);
            let due = self.start.is_none_or(|s| (week(day) - week(s)).rem_euclid(every) == 0);
            return due && (self.days.is_empty() || self.days.iter().any(|(_, d)| *d == weekday));
        }
        let month = |d: Date| i64::from(d.year()) * 12 + i64::from(d.month());
        let begins = self.start.and_then(self::date);
        if begins.is_some_and(|s| (month(date) - month(s)).rem_euclid(every) != 0) {
            return false;
        }
        let (n, last) = (i64::from(date.day()), i64::from(date.days_in_month()));
        let by_number = self.month_days.iter().any(|d| i64::from(*d) == n || i64::from(*d) == n - last - 1);
        // Which one of its kind it is: the second Tuesday, the last Friday.
        let (nth, from_end) = ((n - 1) / 7 + 1, -((last - n) / 7 + 1));
        let own = self::weekday(day);
        let by_week = self.days.iter().any(|(k, d)| *d == own && (*k == 0 || i64::from(*k) == nth || i64::from(*k) == from_end));
        let by_start = self.days.is_empty() && self.month_days.is_empty() && begins.is_some_and(|s| s.day() == date.day());
        by_number || by_week || by_start
    }

    fn span(&self) -> (i64, i64) {
        span(self.opens, self.closes)
    }
}

fn span(opens: Option<i64>, closes: Option<i64>) -> (i64, i64) {
    let (opens, closes) = (opens.unwrap_or(0), closes.unwrap_or(DAY));
    (opens, if closes <= opens { closes + DAY } else { closes })
}

/// When it is open on a day.
pub fn on(schedules: &[Schedule], closures: &[Closure], day: i64, days: &Days) -> Option<Open> {
    let named = days.named.get(&day);
    let guessed = days.calendar.working(day).is_err();
    let closure = closures.iter().find(|c| {
        let off = c.holiday.as_deref().is_some_and(|h| named.is_some_and(|(works, name)| !works && *name == h));
        let dated = c.from.is_some_and(|f| day >= f && day <= c.to.unwrap_or(f));
        off || dated
    });
    let mut spans: Vec<(i64, i64)> = match closure {
        Some(c) if c.opens.is_some() => vec![span(c.opens, c.closes)],
        Some(_) => Vec::new(),
        None => schedules
            .iter()
            .filter(|s| {
                let acts = if s.holidays_too { Some(weekday(day)) } else { days.acts_as(day) };
                acts.is_some_and(|w| s.names(day, w))
            })
            .map(Schedule::span)
            .collect(),
    };
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    let swapped = named.is_some_and(|(works, _)| *works) && weekday(day) > 4;
    (!joined.is_empty()).then_some(Open { day, spans: joined, swapped, guessed })
}

/// The next open days, from `day` on.
pub fn next(schedules: &[Schedule], closures: &[Closure], day: i64, many: usize, days: &Days) -> Vec<Open> {
    if schedules.is_empty() {
        return Vec::new();
    }
    (day..day + AHEAD).filter_map(|d| on(schedules, closures, d, days)).take(many).collect()
}

/// Until which minute of the day it is open, if it is at this minute; also when it opened the day before.
pub fn open_until(schedules: &[Schedule], closures: &[Closure], day: i64, minute: i64, days: &Days) -> Option<i64> {
    let within = |open: Option<Open>, minute: i64| {
        open.and_then(|o| o.spans.into_iter().find(|(from, to)| (*from..*to).contains(&minute)).map(|(_, to)| to))
    };
    within(on(schedules, closures, day, days), minute)
        .or_else(|| within(on(schedules, closures, day - 1, days), minute + DAY).map(|to| to - DAY))
}

const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// Days of the week as an RRULE writes them: `MO,TU`, `2MO,-1FR`. `None` for anything else.
pub fn parse_days(text: &str) -> Option<Vec<(i8, u8)>> {
    let one = |part: &str| {
        let part = part.trim().to_ascii_uppercase();
        let name = part.get(part.len().checked_sub(2)?..)?;
        let day = NAMES.iter().position(|n| *n == name)? as u8;
        let nth = part.strip_suffix(name)?;
        let nth = if nth.is_empty() { 0 } else { nth.parse().ok().filter(|n: &i8| (-5..=5).contains(n) && *n != 0)? };
        Some((nth, day))
    };
    text.split(',').filter(|p| !p.trim().is_empty()).map(one).collect()
}

/// The same, written.
pub fn write_days(days: &[(i8, u8)]) -> String {
    let one = |(n, d): &(i8, u8)| {
        let name = NAMES[usize::from(*d % 7)];
        if *n == 0 { name.to_owned() } else { format!("{n}{name}") }
    };
    days.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Reads a time of day: `09:00`, `9:30`, also with a zone behind it, which is the place's own.
pub fn parse_minute(text: &str) -> Option<i64> {
    let (hour, rest) = text.trim().split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, rest.get(..2)?.parse().ok()?);
    let behind = rest.get(2..)?;
    let fits = behind.is_empty() || behind.starts_with([':', 'Z', '+', '-']);
    (fits && (0..=24).contains(&hour) && (0..60).contains(&minute) && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

/// A minute of the day as people write it; after midnight it begins anew.
pub fn write_minute(minute: i64) -> String {
    let minute = if minute > DAY { minute - DAY } else { minute };
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::worktime;

    fn day(text: &str) -> i64 {
        parse_day(text).unwrap()
    }

    fn weekly(days: &str, opens: &str, closes: &str) -> Schedule {
        Schedule {
            days: parse_days(days).unwrap(),
            opens: parse_minute(opens),
            closes: parse_minute(closes),
            ..Schedule::default()
        }
    }

    fn spans(all: &[Schedule], off: &[Closure], at: &str) -> Vec<(i64, i64)> {
        let calendar = worktime::embedded();
        on(all, off, day(at), &Days::new(&calendar)).map(|o| o.spans).unwrap_or_default()
    }

    #[test]
    fn holidays_and_swapped_days() {
        let office = [weekly("MO,TU,WE,TH,FR", "09:00", "17:00"), weekly("FR", "18:00", "20:00")];
        let calendar = worktime::embedded();
        let days = Days::new(&calendar);
        // Spring Festival 2026: off from 15 to 23 February, Saturdays 14 and 28 worked instead.
        let got: Vec<(String, bool)> = next(&office, &[], day("2026-02-13"), 4, &days)
            .into_iter()
            .map(|o| (date(o.day).unwrap().to_string(), o.swapped))
            .collect();
        let want = [("2026-02-13", false), ("2026-02-14", true), ("2026-02-24", false), ("2026-02-25", false)];
        assert_eq!(got, want.map(|(d, s)| (d.to_owned(), s)));
        assert_eq!(spans(&office, &[], "2026-02-14"), [(540, 1020), (1080, 1200)], "a Saturday that stands for a Friday");
        assert_eq!(spans(&office, &[], "2026-02-07"), [], "a Saturday like others");
        // A Sunday of January that stands for a Monday.
        assert_eq!(spans(&office, &[], "2026-01-04"), [(540, 1020)]);
    }

    #[test]
    fn lunar_holidays_are_where_the_calendar_puts_them() {
        let canteen = [Schedule { holidays_too: true, ..weekly("", "10:30", "12:30") }];
        let shut = [Closure { holiday: Some("春节".into()), ..Closure::default() }];
        for (open, at) in
            [(true, "2026-02-14"), (false, "2026-02-15"), (false, "2026-02-23"), (true, "2026-02-24"), (true, "2026-02-28")]
        {
            assert_eq!(!spans(&canteen, &shut, at).is_empty(), open, "{at}");
        }
        assert!(spans(&canteen, &shut, "2025-01-28").is_empty(), "the eve of 2025");
        // Mid-Autumn 2026 is on 25 September; it opens late that day.
        let late = [Closure { holiday: Some("中秋节".into()), opens: Some(660), closes: Some(720), ..Closure::default() }];
        assert_eq!(spans(&canteen, &late, "2026-09-25"), [(660, 720)]);
        assert_eq!(spans(&canteen, &late, "2026-09-24"), [(630, 750)]);
        // A year whose holidays nobody knows yet.
        let calendar = worktime::embedded();
        let far = on(&canteen, &shut, day("2031-01-23"), &Days::new(&calendar)).unwrap();
        assert!(far.guessed && !far.swapped);
    }

    #[test]
    fn months_intervals_and_nights() {
        let second = [Schedule { monthly: true, holidays_too: true, ..weekly("2TU,-1FR", "09:00", "11:00") }];
        let got: Vec<String> = {
            let calendar = worktime::embedded();
            next(&second, &[], day("2026-03-01"), 3, &Days::new(&calendar))
                .iter()
                .map(|o| date(o.day).unwrap().to_string())
                .collect()
        };
        assert_eq!(got, ["2026-03-10", "2026-03-27", "2026-04-14"]);
        let last = [Schedule { monthly: true, month_days: vec![15, -1], holidays_too: true, ..Schedule::default() }];
        assert!(!spans(&last, &[], "2026-02-28").is_empty() && spans(&last, &[], "2026-03-28").is_empty());
        let fortnight = [Schedule {
            interval: Some(2),
            start: Some(day("2026-03-02")),
            holidays_too: true,
            ..weekly("MO,WE", "09:00", "10:00")
        }];
        assert!(!spans(&fortnight, &[], "2026-03-04").is_empty() && spans(&fortnight, &[], "2026-03-09").is_empty());
        assert!(spans(&fortnight, &[], "2026-02-16").is_empty(), "before it began");
        let night = [Schedule { holidays_too: true, ..weekly("SA", "20:00", "02:00") }];
        let calendar = worktime::embedded();
        let days = Days::new(&calendar);
        let until = |at: &str, minute| open_until(&night, &[], day(at), minute, &days);
        assert_eq!((until("2026-03-07", 1260), until("2026-03-08", 60), until("2026-03-08", 120)), (Some(1560), Some(120), None));
        assert_eq!(write_minute(1560), "02:00");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(parse_days("MO, -1fr"), Some(vec![(0, 0), (-1, 4)]));
        for bad in ["XX", "0MO", "6MO", "M", "一", "MOTU"] {
            assert_eq!(parse_days(bad), None, "{bad}");
        }
        assert_eq!(
            (parse_minute("9:05"), parse_minute("09:00-05:00"), parse_minute("24:00")),
            (Some(545), Some(540), Some(1440))
        );
        for bad in ["24:01", "9", "9:6", "aa:bb", "09:00x", "：", "09:0分"] {
            assert_eq!(parse_minute(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn days_and_dates_are_each_others_inverse(day in -100_000i64..100_000) {
            prop_assert_eq!(day_of(date(day).unwrap()), day);
            prop_assert_eq!(date(day).unwrap().weekday().to_monday_zero_offset() as u8, weekday(day));
        }

        #[test]
        fn texts_never_break_it(text in ".{0,20}") {
            let _ = (parse_days(&text), parse_minute(&text), parse_day(&text));
        }
    }
}
