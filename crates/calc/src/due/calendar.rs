//! The days on which people work: Monday to Friday, without the days off, with the make-up days (调休).
//!
//! A calendar comes as text, one exception a line, in the order of the days:
//!
//! ```csv
//! # name: cn-2026
//! # years: 2019-2026
//! day,kind,name
//! 2026-01-01,off,元旦
//! 2026-01-04,work,元旦
//! ```
//!
//! `# name:` and `# years:` are required: a calendar must say for which whole years it speaks, because the absence of a
//! year's exceptions cannot be told from a year without any. Other lines that begin with `#` are remarks.

use std::fmt;

use super::Error;

/// Most lines of a calendar.
const LINES: usize = 20_000;
/// Years a calendar may speak of.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2299;
/// Characters of a name.
const NAME: usize = 60;

/// Working days of some years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    name: String,
    /// First and last year.
    years: (i64, i64),
    /// Number of the first day, counted from 1970-01-01.
    first: i64,
    /// `before[i]`: working days before the day `first + i`; one more entry than days.
    before: Vec<u32>,
    /// Days that differ from the week, in order: day, works, name.
    exceptions: Vec<(i64, bool, String)>,
}

/// What is wrong with a calendar, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line from 1.
    pub line: usize,
    /// Column from 1.
    pub column: usize,
    /// Why.
    pub reason: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for Fault {}

/// Number of the first day of a year (proleptic Gregorian), counted from 1970-01-01.
fn new_year(year: i64) -> i64 {
    let y = year - 1;
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_162
}

/// The year in which a day lies.
pub(super) fn year_of(day: i64) -> i64 {
    let mut year = (day * 400).div_euclid(146_097) + 1970;
    while new_year(year) > day {
        year -= 1;
    }
    while new_year(year + 1) <= day {
        year += 1;
    }
    year
}

/// `2026-01-04` as a number of days since 1970-01-01.
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (y.len(), m.len(), d.len()) != (4, 2, 2) || !crate::codes::is_date(&format!("{y}{m}{d}")) {
        return None;
    }
    let (y, m, d): (i64, usize, i64) = (y.parse().ok()?, m.parse().ok()?, d.parse().ok()?);
    let leap = new_year(y + 1) - new_year(y) == 366;
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][m - 1] + i64::from(leap && m > 2);
    Some(new_year(y) + before + d - 1)
}

/// Monday to Friday. 1970-01-01 was a Thursday.
fn weekday(day: i64) -> bool {
    (day + 3).rem_euclid(7) < 5
}

/// The value of a remark `# key: value`, without the commas a spreadsheet adds.
fn remark<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix('#')?.trim_start().strip_prefix(key)?.trim_start();
    Some(rest.strip_prefix(':')?.trim().trim_end_matches(',').trim())
}

/// `2019-2026`, or one year.
fn years(text: &str) -> Option<(i64, i64)> {
    let (a, b) = text.split_once('-').unwrap_or((text, text));
    let year = |t: &str| t.trim().parse::<i64>().ok().filter(|y| YEARS.contains(y));
    year(a).zip(year(b)).filter(|(a, b)| a <= b)
}

impl Calendar {
    /// Reads a calendar. The first thing wrong is named with its line.
    pub fn parse(text: &str) -> Result<Calendar, Fault> {
        let (mut name, mut covers, mut head) = (None, None, false);
        let mut exceptions: Vec<(i64, bool, String)> = Vec::new();
        let mut lines = 0;
        for (i, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            lines = i + 1;
            let fail = |column, reason| Fault { line: i + 1, column, reason };
            if i >= LINES {
                return Err(fail(1, "too many lines"));
            }
            // A spreadsheet may put a whole line in quotes when it holds a comma.
            let line = raw.trim().trim_matches('"').trim();
            if let Some(value) = remark(line, "name") {
                let fine = !value.is_empty() && value.chars().count() <= NAME && !value.chars().any(char::is_control);
                name = Some(value.to_owned()).filter(|_| fine).ok_or_else(|| fail(1, "the name is empty or too long"))?.into();
            } else if let Some(value) = remark(line, "years") {
                covers = Some(years(value).ok_or_else(|| fail(1, "write the years like 2019-2026"))?);
            } else if line.starts_with('#') || line.trim_matches(',').is_empty() {
            } else if !head {
                let mut names = line.split(',').map(str::trim);
                if (names.next(), names.next()) != (Some("day"), Some("kind")) {
                    return Err(fail(1, "the head must be day,kind,name"));
                }
                head = true;
            } else {
                let covers = covers.ok_or_else(|| fail(1, "no line `# years: …` before the first day"))?;
                exceptions.push(exception(line, covers).map_err(|(column, reason)| fail(column, reason))?);
                if let [.., a, b] = &exceptions[..]
                    && a.0 >= b.0
                {
                    return Err(fail(1, "the days must be in order, each once"));
                }
            }
        }
        let missing = |reason| Fault { line: lines.max(1), column: 1, reason };
        let name = name.ok_or_else(|| missing("no line `# name: …`"))?;
        let covers = covers.ok_or_else(|| missing("no line `# years: …`"))?;
        if !head {
            return Err(missing("no line day,kind,name"));
        }
        Ok(Calendar::of(name, covers, exceptions))
    }

    fn of(name: String, years: (i64, i64), exceptions: Vec<(i64, bool, String)>) -> Calendar {
        let (first, end) = (new_year(years.0), new_year(years.1 + 1));
        let mut before = Vec::with_capacity((end - first) as usize + 1);
        let (mut n, mut next) = (0, exceptions.iter().peekable());
        for day in first..end {
            before.push(n);
            let works = next.next_if(|e| e.0 == day).map_or_else(|| weekday(day), |e| e.1);
            n += u32::from(works);
        }
        before.push(n);
        Calendar { name, years, first, before, exceptions }
    }

    /// Its name, which says which version it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First and last year it knows.
    pub fn years(&self) -> (i64, i64) {
        self.years
    }

    /// Days that differ from the week, in order: milliseconds of local time at midnight, whether people work, why.
    pub fn exceptions(&self) -> impl Iterator<Item = (i64, bool, &str)> {
        self.exceptions.iter().map(|(day, works, name)| (day * super::DAY, *works, name.as_str()))
    }

    /// Place of a day in the table.
    fn index(&self, day: i64) -> Result<usize, Error> {
        let i = day - self.first;
        if i < 0 || i >= self.before.len() as i64 - 1 {
            return Err(Error::NoYear(year_of(day)));
        }
        Ok(i as usize)
    }

    /// Whether people work on a day, counted from 1970-01-01.
    pub fn working(&self, day: i64) -> Result<bool, Error> {
        let i = self.index(day)?;
        Ok(self.before[i + 1] > self.before[i])
    }

    /// The working day after `n` others, counted from `day` on (itself included).
    pub(super) fn nth_working(&self, day: i64, n: i64) -> Result<i64, Error> {
        let i = self.index(day)?;
        let target = i64::from(self.before[i]) + n + 1;
        if target > i64::from(self.before[self.before.len() - 1]) {
            return Err(Error::NoYear(self.years.1 + 1));
        }
        // The first day with this many working days up to its end.
        let after = self.before[i + 1..].partition_point(|b| i64::from(*b) < target);
        Ok(self.first + (i + after) as i64)
    }

    /// Working days from `first` on, before `last`.
    pub(super) fn between(&self, first: i64, last: i64) -> Result<i64, Error> {
        let (a, b) = (self.index(first)?, self.index(last)?);
        Ok(i64::from(self.before[b]) - i64::from(self.before[a]))
    }
}

/// One line of the table.
fn exception(line: &str, covers: (i64, i64)) -> Result<(i64, bool, String), (usize, &'static str)> {
    let mut parts = line.splitn(3, ',').map(|p| p.trim().trim_matches('"'));
    let (day, kind, name) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let number = day_number(day).ok_or((1, "no day like 2026-01-04"))?;
    if !(covers.0..=covers.1).contains(&year_of(number)) {
        return Err((1, "the day lies outside of the years"));
    }
    let works = match kind {
        "off" => false,
        "work" => true,
        _ => return Err((day.len() + 2, "the kind must be off or work")),
    };
    if name.chars().count() > NAME {
        return Err((day.len() + kind.len() + 3, "the name is too long"));
    }
    Ok((number, works, name.trim_end_matches(',').to_owned()))
}
