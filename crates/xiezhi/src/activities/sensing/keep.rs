//! How long readings are kept: days are made of them, then they are deleted when the days that were agreed are over.
//!
//! What must stay true: nothing is deleted of which no day was made; a day of which readings are gone stays as it is, so the same
//! reading told again counts once; what comes after its own end is deleted and no longer counted; everything is found again in
//! the database, so a round that was cut off is done again and changes nothing.
//!
//! Log kinds written: `device.forget`.

use std::collections::{BTreeMap, BTreeSet};

use store::{Entry, Query, Tx, params};

use super::days::{self, Day};
use super::pack::{self, Measure};
use super::{COLUMNS, Device, read};
use crate::base::area;
use crate::kit::time::{self, DAY, HOUR, MINUTE, Ms};
use crate::kit::{App, Error, Result};

/// Where the making of days stands: the moment up to which all that came is in them.
const CURSOR: &str = "device.days";
/// A write is on the disk so long after what it brings came.
const SETTLED: Ms = MINUTE;
/// Streams of one write.
const STREAMS: usize = 200;
/// Readings of one stream that one write deletes.
const READINGS: i64 = 5_000;
/// Writes of one round: what is left waits an hour.
const WRITES: usize = 200;
/// How long days are kept: three years, and a little longer than any readings.
const YEARS: Ms = (3 * 366 + 7) * DAY;

/// A stream with its device and what it measures.
struct Part {
    num: i64,
    device: Device,
    measure: &'static Measure,
}

/// One round, each hour.
pub fn round(app: &App) -> Result<()> {
    let until = app.now() - SETTLED;
    make_days(app, until)?;
    forget(app, until)
}

/// Streams by their numbers; those that nobody measures any more are none.
fn parts(q: &mut dyn Query, nums: &[i64]) -> Result<BTreeMap<i64, Part>> {
    let mut out = BTreeMap::new();
    for some in nums.chunks(STREAMS) {
        let marks: Vec<String> = (1..=some.len()).map(|i| format!("${i}")).collect();
        let columns: Vec<String> = COLUMNS.split(", ").map(|c| format!("d.{c}")).collect();
        let sql = format!(
            "select {}, s.num, s.name as measure from stream s join device d on d.id = s.device where s.num in ({}) order by s.num",
            columns.join(", "),
            marks.join(",")
        );
        let rows = q.rows(&sql, &some.iter().map(|n| (*n).into()).collect::<Vec<store::Value>>())?;
        let devices = rows.iter().map(read).collect::<store::Result<Vec<_>>>()?;
        let places = area::by_ids(q, devices.iter().map(|d| &d.area))?;
        for (row, device) in rows.iter().zip(devices) {
            let pack = pack::at(places.iter().find(|a| a.id == device.area).map_or("", |a| a.code.as_str()));
            if let Some(measure) = pack.measure(&row.get::<String>("measure")?) {
                let num = row.get("num")?;
                out.insert(num, Part { num, device, measure });
            }
        }
    }
    Ok(out)
}

/// Makes the days that are over, and again those for which something came late.
fn make_days(app: &App, until: Ms) -> Result<()> {
    let zone = &app.config.zone;
    let (since, due) = app.db.read(|r| {
        let since = r.cursor(CURSOR)? as Ms;
        let first = r.count("select coalesce(min(first_t), $1) from stream", params![until])?;
        let begun = time::day_start(if since == 0 { first } else { since }, zone);
        let today = time::day_start(until, zone);
        let mut due: BTreeSet<(Ms, i64)> = BTreeSet::new();
        // What came late, by the hour; the days since the last round are made below.
        let late =
            "select distinct stream, t / 3600000 as hour from observation where received >= $1 and received < $2 and t < $3";
        for row in r.rows(late, params![since, until, begun])? {
            let (num, hour): (i64, i64) = (row.get("stream")?, row.get("hour")?);
            due.extend([hour * HOUR, (hour + 1) * HOUR - 1].map(|t| (time::day_start(t, zone), num)));
        }
        let (mut day, there) = (begun, "select num from stream where last_t >= $1 and first_t < $2 order by num");
        while day < today {
            let end = next(day, zone);
            for row in r.rows(there, params![day, end])? {
                due.insert((day, row.get("num")?));
            }
            day = end;
        }
        Ok::<_, Error>((since, due))
    })?;
    let due: Vec<(Ms, i64)> = due.into_iter().collect();
    for some in due.chunks(STREAMS) {
        let made = app.db.read(|r| {
            let nums: BTreeSet<i64> = some.iter().map(|(_, n)| *n).collect();
            let parts = parts(r, &nums.into_iter().collect::<Vec<_>>())?;
            let mut made: Vec<(Device, i64, Day)> = Vec::new();
            for (day, num) in some {
                let Some(part) = parts.get(num) else { continue };
                let one = days::make(r, &part.device, part.measure, part.num, *day, next(*day, zone))?;
                made.extend(one.map(|d| (part.device.clone(), *num, d)));
            }
            Ok::<_, Error>(made)
        })?;
        app.db.write(move |tx| {
            made.iter().try_for_each(|(device, num, day)| days::write(tx, device, *num, day))?;
            Ok::<_, Error>(tx.follow(CURSOR, since as u64)?)
        })?;
    }
    app.db.write(move |tx| Ok::<_, Error>(tx.follow(CURSOR, until as u64)?)).map(drop)
}

/// The midnight after this one.
fn next(day: Ms, zone: &jiff::tz::TimeZone) -> Ms {
    // A day has 23 to 25 hours.
    time::day_start(day + DAY + DAY / 2, zone)
}

/// What one write deletes of a stream: what was before `end`.
struct Piece {
    num: i64,
    first_day: Ms,
    end: Ms,
}

fn forget(app: &App, until: Ms) -> Result<()> {
    for _ in 0..WRITES {
        let (pieces, day) = app.db.read(|r| Ok::<_, Error>((pieces(r, app, until)?, oldest(r, until - YEARS)?)))?;
        if pieces.is_empty() && day.is_none() {
            return Ok(());
        }
        app.db.write(move |tx| delete(tx, &pieces, day, until))?;
    }
    Ok(())
}

/// The oldest day, when it is over with it.
fn oldest(q: &mut dyn Query, before: Ms) -> Result<Option<Ms>> {
    let day = q.count("select coalesce(min(day), $1) from observation_day", params![before])?;
    Ok((day < before).then_some(day))
}

fn pieces(q: &mut dyn Query, app: &App, until: Ms) -> Result<Vec<Piece>> {
    let zone = &app.config.zone;
    let sql = "select s.num, s.first_t, d.keep_days from stream s join device d on d.id = s.device \
               where s.first_t is not null and s.first_t < $1 - d.keep_days * 86400000 order by s.first_t, s.num limit $2";
    let today = time::day_start(until, zone);
    let mut out = Vec::new();
    for row in q.rows(sql, params![today, STREAMS as i64])? {
        let (num, first, keep): (i64, Ms, i64) = (row.get("num")?, row.get("first_t")?, row.get("keep_days")?);
        let end = today - keep * DAY;
        let those = "select t from observation where stream = $1 and t < $2 and received < $3 order by t limit $4";
        let all = q.rows(those, params![num, end, until, READINGS])?;
        let last: Option<Ms> = all.last().map(|r| r.get("t")).transpose()?;
        let end = if all.len() as i64 == READINGS { last.map_or(end, |t| t + 1) } else { end };
        // What came within the last minute waits for its day.
        if last.is_some() {
            out.push(Piece { num, first_day: time::day_start(first, zone), end });
        }
    }
    Ok(out)
}

/// Deletes what is still there: a round that was asked for meanwhile may have been here, and then there is nothing to tell.
fn delete(tx: &mut Tx, pieces: &[Piece], day: Option<Ms>, until: Ms) -> Result<()> {
    let mut readings = 0;
    for p in pieces {
        let done = "update observation_day set done = 1 where stream = $1 and day >= $2 and day < $3 and done = 0";
        tx.exec(done, params![p.num, p.first_day, p.end])?;
        let gone = "delete from observation where stream = $1 and t < $2 and received < $3";
        readings += tx.exec(gone, params![p.num, p.end, until])?;
        let first = "update stream set first_t = (select min(t) from observation where stream = $1) where num = $1";
        tx.exec(first, params![p.num])?;
    }
    let days = day.map_or(Ok(0), |d| tx.exec("delete from observation_day where day = $1", params![d]))?;
    if readings + days == 0 {
        // Somebody else did it and said so.
        let seq = tx.cursor(CURSOR)?;
        return Ok(tx.follow(CURSOR, seq)?);
    }
    let last = pieces.iter().map(|p| p.end).max();
    let entry = Entry::new("device.forget", "device", "").fact("readings", readings as i64);
    tx.log(entry.fact_opt("until", last).fact_opt("days", (days > 0).then_some(days as i64)))?;
    Ok(())
}
