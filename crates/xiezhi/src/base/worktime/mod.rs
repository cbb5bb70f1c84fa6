//! The node's working time: calendar, office hours, how working days end, and the local zone.
//!
//! What must stay true: a version is never changed, a new one is added; a case always gets a clock. When the calendar
//! does not know a year, natural time is counted (a working hour is an hour, a working day a day): that is never later
//! than the true end, and it is marked provisional. The method itself is [`calc::due`].
//!
//! Log kinds written: `worktime.calendar`, `worktime.hours`.

/// The administrator's page.
pub mod web;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use calc::due::{self, Calendar, Hours, Limit, Rounding, Unit};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use store::{Entry, Query, Tx, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Error, Result};

/// Largest calendar in bytes.
pub const CALENDAR_BYTES: usize = 1 << 20;
const EMBEDDED: &str = include_str!("../../../../../data/calendars/cn.csv");
const OFFICE: &str = "09:00-12:00,14:00-18:00";

/// When a limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The end.
    pub at: Ms,
    /// The calendar does not reach so far: natural time was counted, and a new calendar will move the end later.
    pub provisional: bool,
}

/// Working time in one version.
#[derive(Clone, Debug)]
pub struct Worktime {
    /// 0 is what the program brings.
    pub version: i64,
    /// Days off and make-up days.
    pub calendar: Arc<Calendar>,
    /// Office hours.
    pub hours: Hours,
    /// How working days end.
    pub rounding: Rounding,
    zone: TimeZone,
}

/// The calendar the program brings. A mistake in it stops the program at its first use; a test reads it.
pub fn embedded() -> Arc<Calendar> {
    static ALL: OnceLock<Arc<Calendar>> = OnceLock::new();
    ALL.get_or_init(|| Arc::new(Calendar::parse(EMBEDDED).expect("data/calendars/cn.csv"))).clone()
}

/// Office hours when nobody set others.
pub fn office() -> Hours {
    OFFICE.parse().expect("office hours")
}

impl Worktime {
    /// What the program brings.
    pub fn embedded(zone: TimeZone) -> Worktime {
        Worktime { version: 0, calendar: embedded(), hours: office(), rounding: Rounding::SameTime, zone }
    }

    /// When a limit that begins now ends. There is always an answer.
    pub fn due(&self, start: Ms, limit: Limit) -> Due {
        // Hours and days of the clock pass in every zone alike; only what a calendar counts is local.
        if !limit.unit.needs_calendar() {
            return Due { at: start.saturating_add(limit.ms()), provisional: false };
        }
        let local = local(start, &self.zone);
        let (end, provisional) = match due::due(local, limit, &self.calendar, &self.hours) {
            Ok(end) => (end, false),
            Err(_) => (local.saturating_add(limit.ms()), true),
        };
        Due { at: utc(self.rounding.apply(end, limit, &self.hours), &self.zone), provisional }
    }

    /// When the limit ends that was counted from `from` to `due` under another working time: the same amount of it, counted
    /// by this one. What was counted in natural time then ([`Due::provisional`]) is the limit itself.
    pub fn recount(&self, old: &Worktime, from: Ms, due: Ms, unit: Unit, provisional: bool) -> Due {
        if !unit.needs_calendar() {
            return Due { at: due, provisional: false };
        }
        let (start, end) = (local(from, &self.zone), local(due, &self.zone));
        let counted = due::elapsed(start, end, unit, &old.calendar, &old.hours).ok().filter(|_| !provisional);
        let amount = counted.unwrap_or(due - from);
        // Where this calendar does not reach either, the deadline stays as it is.
        let Ok(at) = due::after(start, amount, unit, &self.calendar, &self.hours) else {
            return Due { at: due, provisional: true };
        };
        let whole = Limit { n: 1, unit };
        Due { at: utc(self.rounding.apply(at, whole, &self.hours), &self.zone), provisional: false }
    }

    /// When `percent` of the time between two moments has passed: of the office hours in it, so that whoever is reminded is at
    /// work; of natural time where there are none, or when the limit runs round the clock.
    pub fn share(&self, from: Ms, to: Ms, unit: Unit, percent: i64) -> Ms {
        let natural = from + (to - from).max(0) / 100 * percent;
        if !unit.needs_calendar() {
            return natural;
        }
        let ends = (local(from, &self.zone), local(to, &self.zone));
        let all = due::elapsed(ends.0, ends.1, Unit::WorkHours, &self.calendar, &self.hours).unwrap_or(0);
        let part = due::after(ends.0, all / 100 * percent, Unit::WorkHours, &self.calendar, &self.hours);
        part.ok().filter(|_| all > 0).map_or(natural, |at| utc(at, &self.zone).min(to))
    }

    /// Whether a moment lies in office hours of a working day. Where the calendar does not reach, every moment does.
    pub fn working(&self, at: Ms) -> bool {
        self.elapsed(at, at + time::MINUTE, Unit::WorkHours) > 0
    }

    /// How much of a unit passed between two moments; natural time where the calendar does not reach.
    pub fn elapsed(&self, from: Ms, to: Ms, unit: Unit) -> Ms {
        if !unit.needs_calendar() {
            return to - from;
        }
        let ends = (local(from, &self.zone), local(to, &self.zone));
        due::elapsed(ends.0, ends.1, unit, &self.calendar, &self.hours).unwrap_or(to - from)
    }
}

/// A moment as milliseconds of local civil time.
pub fn local(at: Ms, zone: &TimeZone) -> i64 {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_datetime(at).duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_millis() as i64
}

/// The moment that local civil time means; what a change of clocks skips is the moment after it.
pub fn utc(local: i64, zone: &TimeZone) -> Ms {
    let civil = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(SignedDuration::from_millis(local));
    zone.to_ambiguous_timestamp(civil).compatible().map_or(local, Timestamp::as_millisecond)
}

/// The name of a way to end working days.
pub fn rounding_name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::SameTime => "same-time",
        Rounding::DayEnd => "day-end",
    }
}

/// Reads the name of a way to end working days.
pub fn rounding(name: &str) -> Option<Rounding> {
    [Rounding::SameTime, Rounding::DayEnd].into_iter().find(|r| rounding_name(*r) == name)
}

/// The working time in force, kept while its version stays.
pub fn now(app: &App) -> Result<Arc<Worktime>> {
    app.db.read(|r| read(r, app))
}

/// The same, inside a read of the caller.
pub fn read(q: &mut dyn Query, app: &App) -> Result<Arc<Worktime>> {
    type Known = HashMap<String, Arc<Worktime>>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let version = newest(q)?;
    if let Some(time) = known().get_or_insert_default().get(app.db.origin()).filter(|t| t.version == version) {
        return Ok(time.clone());
    }
    let time = Arc::new(load(q, version, app.config.zone.clone())?);
    // Several nodes may live in one process (tests): the log's name keeps them apart.
    known().get_or_insert_default().insert(app.db.origin().to_owned(), time.clone());
    Ok(time)
}

/// The version in force.
pub fn newest(q: &mut dyn Query) -> store::Result<i64> {
    q.count("select max(version) from worktime", &[])
}

/// The working time in a version, also one that is no longer in force.
pub fn at_version(q: &mut dyn Query, version: i64, zone: TimeZone) -> Result<Worktime> {
    load(q, version, zone)
}

fn load(q: &mut dyn Query, version: i64, zone: TimeZone) -> Result<Worktime> {
    let sql = "select calendar, hours, rounding from worktime where version = $1";
    let Some(row) = q.row(sql, params![version])? else { return Ok(Worktime::embedded(zone)) };
    let (calendar, hours, name): (String, String, String) = (row.get("calendar")?, row.get("hours")?, row.get("rounding")?);
    let calendar = match calendar.as_str() {
        "" => embedded(),
        text => Arc::new(Calendar::parse(text).map_err(Error::internal)?),
    };
    let hours = hours.parse().map_err(Error::internal)?;
    Ok(Worktime { version, calendar, hours, rounding: rounding(&name).unwrap_or_default(), zone })
}

/// Puts a new calendar in force; office hours stay. `text` is what [`Calendar::parse`] reads.
pub fn set_calendar(tx: &mut Tx, actor: Option<&str>, text: &str) -> Result<i64> {
    if text.len() > CALENDAR_BYTES {
        return Err(Error::from(Kind::TooLarge).limit((CALENDAR_BYTES >> 10) as i64));
    }
    let calendar = Calendar::parse(text).map_err(|f| Kind::BadCalendar.at("file").limit(f.line as i64))?;
    let (_, hours, rounding) = latest(tx)?;
    let version = add(tx, calendar.name(), text, &hours, &rounding)?;
    let (from, to) = calendar.years();
    let id = version.to_string();
    let entry = Entry { actor, ..Entry::new("worktime.calendar", "worktime", &id) }
        .fact("name", calendar.name())
        .fact("from_year", from)
        .fact("to_year", to);
    tx.log(entry)?;
    Ok(version)
}

/// Puts new office hours in force; the calendar stays.
pub fn set_hours(tx: &mut Tx, actor: Option<&str>, hours: &Hours, rounding: Rounding) -> Result<i64> {
    let ((name, calendar), _, _) = latest(tx)?;
    let hours = hours.to_string();
    let version = add(tx, &name, &calendar, &hours, rounding_name(rounding))?;
    let id = version.to_string();
    let entry = Entry { actor, ..Entry::new("worktime.hours", "worktime", &id) }
        .fact("hours", hours.as_str())
        .fact("rounding", rounding_name(rounding));
    tx.log(entry)?;
    Ok(version)
}

/// Calendar (name and text; empty means the embedded one), office hours and rounding of the newest version.
fn latest(tx: &mut Tx) -> Result<((String, String), String, String)> {
    let sql = "select name, calendar, hours, rounding from worktime order by version desc limit 1";
    Ok(match tx.row(sql, &[])? {
        Some(row) => ((row.get("name")?, row.get("calendar")?), row.get("hours")?, row.get("rounding")?),
        None => ((embedded().name().into(), String::new()), OFFICE.into(), rounding_name(Rounding::SameTime).into()),
    })
}

fn add(tx: &mut Tx, name: &str, calendar: &str, hours: &str, rounding: &str) -> Result<i64> {
    let version = newest(tx)? + 1;
    let now = tx.now();
    tx.exec(
        "insert into worktime(version, name, calendar, hours, rounding, made_at) values ($1, $2, $3, $4, $5, $6)",
        params![version, name, calendar, hours, rounding, now],
    )?;
    area::changed(tx)?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::time::{DAY, HOUR, parse, rfc3339};

    fn china() -> Worktime {
        Worktime::embedded(TimeZone::get("Asia/Shanghai").unwrap())
    }

    #[test]
    fn limits_end_in_local_time() {
        let time = china();
        let at = |text: &str, limit: &str| {
            let due = time.due(parse(text).unwrap(), limit.parse().unwrap());
            (rfc3339(due.at, &time.zone), due.provisional)
        };
        assert_eq!(at("2026-09-30T16:00:00+08:00", "5wh"), ("2026-10-08T12:00:00+08:00".into(), false));
        assert_eq!(at("2026-09-30T08:00:00Z", "1wd"), ("2026-10-08T16:00:00+08:00".into(), false));
        assert_eq!(at("2026-11-27T23:00:00+08:00", "24uh"), ("2026-11-28T23:00:00+08:00".into(), false));
    }

    #[test]
    fn a_year_without_calendar_still_gives_a_clock_and_never_a_later_one() {
        let time = china();
        let start = parse("2026-12-31T17:00:00+08:00").unwrap();
        assert_eq!(time.due(start, "5wh".parse().unwrap()), Due { at: start + 5 * HOUR, provisional: true });
        assert_eq!(time.due(start, "2wd".parse().unwrap()), Due { at: start + 2 * DAY, provisional: true });
        assert!(!time.due(start, "9d".parse().unwrap()).provisional);
        assert_eq!(time.elapsed(start, start + DAY, Unit::WorkHours), DAY);
    }

    #[test]
    fn where_clocks_change_natural_time_is_the_clock_of_physics() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let time = Worktime::embedded(zone);
        let start = parse("2026-03-28T12:00:00+01:00").unwrap();
        assert_eq!(time.due(start, "24uh".parse().unwrap()).at, start + DAY);
        // A working day is one of local time.
        let friday = parse("2026-03-27T12:00:00+01:00").unwrap();
        assert_eq!(rfc3339(time.due(friday, "1wd".parse().unwrap()).at, &time.zone), "2026-03-30T12:00:00+02:00");
    }

    proptest! {
        #[test]
        fn natural_time_is_never_later_than_the_true_end(start in 1_766_000_000_000i64..1_794_000_000_000, n in 1u32..20, u in 0usize..4, end in any::<bool>()) {
            let mut time = china();
            time.rounding = if end { Rounding::DayEnd } else { Rounding::SameTime };
            let limit = Limit { n, unit: Unit::ALL[u] };
            let known = time.due(start, limit);
            time.calendar = Arc::new(Calendar::parse("# name: none\n# years: 1999\nday,kind,name\n").unwrap());
            let guessed = time.due(start, limit);
            prop_assert!(known.at >= guessed.at && guessed.at > start);
            prop_assert_eq!(guessed.provisional, limit.unit.needs_calendar());
            // Counted again with the calendar that was missing it is what it would have been; with the same one nothing moves.
            let full = { let mut full = china(); full.rounding = time.rounding; full };
            let again = full.recount(&time, start, guessed.at, limit.unit, guessed.provisional);
            let same = full.recount(&full, start, known.at, limit.unit, false);
            if !end {
                prop_assert_eq!(again, known);
            }
            prop_assert_eq!(same, known);
        }
    }
}
