//! Days of a stream: what stays of readings when they are gone.
//!
//! What must stay true: a day is the same however often it is made from the same readings; of a home it is sealed under the
//! key of its device, like the readings; a day of which readings are gone never changes.

use store::{Query, Tx, params};

use super::Device;
use super::ingest::{self, Reading};
use super::pack::Measure;
use crate::kit::time::Ms;
use crate::kit::{Error, Result};

/// Readings that are read at once.
const PAGE: i64 = 5_000;

/// A day of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Day {
    /// Local midnight at which it begins.
    pub day: Ms,
    /// How many readings.
    pub many: i64,
    /// The least of them; none of texts.
    pub low: Option<f64>,
    /// The most.
    pub high: Option<f64>,
    /// Their sum; of a meter that grows: by how much it grew.
    pub total: Option<f64>,
    /// The last one.
    pub last: Option<f64>,
}

impl Day {
    /// What stands for the day: the sum where readings add up, else their mean.
    pub fn value(&self, measure: &Measure) -> Option<f64> {
        let mean = self.total.filter(|_| self.many > 0).map(|t| t / self.many as f64);
        if measure.adds() { self.total } else { mean }
    }

    /// One more reading, the newest first: `later` is the one after it.
    fn take(&mut self, n: f64, later: Option<f64>, grows: bool) {
        self.low = Some(self.low.map_or(n, |low| low.min(n)));
        self.high = Some(self.high.map_or(n, |high| high.max(n)));
        self.last = self.last.or(Some(n));
        let more = if grows { later.map_or(0.0, |later| grown(n, later)) } else { n };
        self.total = Some(self.total.unwrap_or(0.0) + more);
    }
}

/// By how much a meter grew; one that shows less than before began anew.
fn grown(before: f64, now: f64) -> f64 {
    if now >= before { now - before } else { now }
}

/// Makes a day from its readings; none when there are none.
pub fn make(q: &mut dyn Query, device: &Device, measure: &Measure, num: i64, day: Ms, end: Ms) -> Result<Option<Day>> {
    let (mut out, mut to, mut later) = (Day { day, ..Day::default() }, end, None);
    loop {
        let page = ingest::written(q, device, num, day, to, PAGE)?;
        for one in &page {
            out.many += 1;
            if let Some(Reading::Number(n)) = one.reading {
                out.take(n, later, measure.grows);
                later = Some(n);
            }
        }
        match page.last().filter(|_| page.len() as i64 == PAGE) {
            Some(last) => to = last.t,
            None => break,
        }
    }
    // What a meter grew since the day before is of this day.
    if let Some(first) = later.filter(|_| measure.grows)
        && let Some(Reading::Number(n)) =
            ingest::written(q, device, num, i64::MIN, day, 1)?.first().and_then(|w| w.reading.clone())
    {
        out.total = out.total.map(|t| t + grown(n, first));
    }
    Ok((out.many > 0).then_some(out))
}

/// What is sealed of a day.
type Sealed = (i64, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

/// Writes a day, unless it stays as it is. Derived from readings: the caller moves a cursor.
pub fn write(tx: &mut Tx, device: &Device, num: i64, d: &Day) -> Result<()> {
    let sql = "insert into observation_day(stream, day, many, low, high, total, last, sealed, done) values ($1,$2,$3,$4,$5,$6,$7,$8,0) \
               on conflict (stream, day) do update set many = excluded.many, low = excluded.low, high = excluded.high, \
               total = excluded.total, last = excluded.last, sealed = excluded.sealed where observation_day.done = 0";
    if device.is_home() {
        let all: Sealed = (d.many, d.low, d.high, d.total, d.last);
        let sealed = tx.seal(&device.id, &serde_json::to_vec(&all).map_err(Error::internal)?)?;
        let none = None::<f64>;
        tx.exec(sql, params![num, d.day, None::<i64>, none, none, none, none, sealed])?;
    } else {
        tx.exec(sql, params![num, d.day, d.many, d.low, d.high, d.total, d.last, None::<Vec<u8>>])?;
    }
    Ok(())
}

/// Days of a stream from a moment on, the oldest first.
pub fn of(q: &mut dyn Query, device: &Device, num: i64, from: Ms, most: i64) -> Result<Vec<Day>> {
    let sql = "select day, many, low, high, total, last, sealed from observation_day where stream = $1 and day >= $2 \
               order by day desc limit $3";
    let rows = q.rows(sql, params![num, from, most])?;
    let sealed = rows.iter().map(|r| r.get::<Option<Vec<u8>>>("sealed")).collect::<store::Result<Vec<_>>>()?;
    let owned: Vec<(String, Vec<u8>)> = sealed.iter().flatten().map(|b| (device.id.clone(), b.clone())).collect();
    let mut opened = q.open_many(&owned)?.into_iter();
    let mut out = Vec::with_capacity(rows.len());
    for (row, sealed) in rows.iter().zip(&sealed) {
        let day = row.get("day")?;
        if sealed.is_none() {
            let many: Option<i64> = row.get("many")?;
            let (low, high) = (row.get("low")?, row.get("high")?);
            out.push(Day { day, many: many.unwrap_or(0), low, high, total: row.get("total")?, last: row.get("last")? });
        } else if let Some(plain) = opened.next().flatten() {
            let (many, low, high, total, last): Sealed = serde_json::from_slice(&plain).map_err(Error::internal)?;
            out.push(Day { day, many, low, high, total, last });
        }
    }
    out.reverse();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_that_grows_counts_by_how_much_and_may_begin_anew() {
        let day = |all: &[f64], grows| {
            let (mut out, mut later) = (Day::default(), None);
            for n in all.iter().rev() {
                out.take(*n, later, grows);
                later = Some(*n);
            }
            out
        };
        // It was changed for a new one between 107 and 2.
        let meter = day(&[100.0, 103.5, 107.0, 2.0, 5.0], true);
        assert_eq!((meter.total, meter.low, meter.high, meter.last), (Some(12.0), Some(2.0), Some(107.0), Some(5.0)));
        assert_eq!(day(&[1.0, 2.0, 4.5], false).total, Some(7.5));
    }
}
