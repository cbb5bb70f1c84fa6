//! What devices tell: read, checked, written, many at a time.
//!
//! What must stay true: whoever calls [`take`] confirms a reading only after the write; a reading that was there is there
//! once, whatever came twice, and in whatever order; the clock of a device never moves ours; one log entry stands for all
//! readings of a write, under a digest that nobody can guess values from.
//!
//! Log kinds written: `device.told`.

use std::sync::Arc;

use serde_json::Value as Json;
use store::{Entry, Query, Tx, params};

use super::pack::{Pack, Type};
use super::{Device, State};
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{self, DAY, MINUTE, Ms};

/// A reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A number, or yes (1) and no (0).
    Number(f64),
    /// A text.
    Text(String),
}

/// How far a reading can be trusted in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// As it should be.
    Good,
    /// It came late: history.
    Late,
    /// The clock of the device was ahead: it counts as of now.
    Ahead,
}

/// What a device says, checked.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which device.
    pub device: Arc<Device>,
    /// What it measures.
    pub name: String,
    /// When it was so.
    pub t: Ms,
    /// When it came.
    pub received: Ms,
    /// The reading.
    pub reading: Reading,
    /// The device's own count, by which it knows what it said twice.
    pub seq: Option<i64>,
    /// Whether the time is the device's own.
    pub timed: bool,
    /// How far it can be trusted.
    pub quality: Quality,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new, and the newest.
    New,
    /// It is new, and older than another, or too old to mean anything now.
    History,
    /// It was there.
    Twice,
}

/// Reads what a device says of one thing: `{t, v, seq}`, or the value alone.
pub fn parse(pack: &Pack, device: &Arc<Device>, name: &str, said: &Json, now: Ms) -> Result<Told> {
    if device.is_over(now) {
        return Err(Kind::ConsentOver.into());
    }
    let sort = pack.kind(&device.kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
    let measure = Some(name).filter(|n| sort.tells(n)).and_then(|n| pack.measure(n)).ok_or_else(|| Kind::Unknown.at("stream"))?;
    let field = |key: &str| said.as_object().and_then(|o| o.get(key)).filter(|v| !v.is_null());
    let value = if said.is_object() { field("v").ok_or_else(|| Kind::Missing.at("v"))? } else { said };
    let reading = reading(measure.kind, value, pack.limits.text)?;
    let seq = field("seq").map(|v| v.as_i64().filter(|n| *n >= 0).ok_or_else(|| Kind::WrongType.at("seq"))).transpose()?;
    let own = field("t").map(|v| moment(v).ok_or_else(|| Kind::WrongType.at("t"))).transpose()?;
    let (t, quality) = match own {
        None => (now, Quality::Good),
        Some(t) if t > now + pack.limits.ahead_minutes * MINUTE => (now, Quality::Ahead),
        Some(t) if t < now - pack.limits.back_days * DAY => return Err(Kind::OutOfRange.at("t").limit(pack.limits.back_days)),
        Some(t) if t < now - pack.limits.late_minutes * MINUTE => (t, Quality::Late),
        Some(t) => (t, Quality::Good),
    };
    let timed = own == Some(t);
    Ok(Told { device: device.clone(), name: name.to_owned(), t, received: now, reading, seq, timed, quality })
}

fn reading(kind: Type, value: &Json, longest: usize) -> Result<Reading> {
    let wrong = || Kind::WrongType.at("v");
    let yes_or_no = |text: &str| match text {
        "1" | "true" | "on" | "open" | "alarm" | "yes" => Some(1.0),
        "0" | "false" | "off" | "closed" | "normal" | "no" => Some(0.0),
        _ => None,
    };
    let number = match (kind, value) {
        (Type::Text, Json::String(text)) => {
            let text = crate::kit::input::clean(text);
            if text.is_empty() || text.chars().count() > longest {
                return Err(Kind::TooLong.at("v").limit(longest as i64));
            }
            return Ok(Reading::Text(text));
        }
        (Type::Bool, Json::Bool(yes)) => Some(f64::from(u8::from(*yes))),
        (Type::Bool, Json::Number(n)) => n.as_f64().filter(|n| *n == 0.0 || *n == 1.0),
        (Type::Bool, Json::String(text)) => yes_or_no(&text.trim().to_ascii_lowercase()),
        (Type::Number, Json::Number(n)) => n.as_f64(),
        (Type::Number, Json::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite()).map(Reading::Number).ok_or_else(wrong)
}

/// RFC 3339, or milliseconds since 1970.
fn moment(value: &Json) -> Option<Ms> {
    match value {
        Json::String(text) => time::parse(text),
        Json::Number(n) => n.as_i64().filter(|ms| (0..=253_402_300_799_999).contains(ms)),
        _ => None,
    }
}

row! {
    whole
    /// What one device tells of one kind.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `stream`, explained there")]
    pub struct Stream {
        pub id: String,
        pub num: i64,
        pub device: String,
        pub name: String,
        pub area: String,
        pub path: String,
        pub first_t: Option<Ms>,
        pub last_t: Option<Ms>,
        pub last_seq: Option<i64>,
        pub heard_at: Option<Ms>,
        pub told: i64,
    }
}

/// Columns of a stream that never change.
const FIXED: usize = 6;
const TABLE: &str = "stream";

/// Id of what a device tells of one kind.
pub fn stream_id(device: &str, name: &str) -> String {
    format!("{device}/{name}")
}

/// What these devices tell, as this write has left it so far.
pub fn stream(tx: &mut Tx, device: &str, name: &str) -> Result<Option<Stream>> {
    Ok(tx.fetch(TABLE, NAMES, &stream_id(device, name))?.as_ref().map(read).transpose()?)
}

/// Streams that will be asked for.
pub fn expect(tx: &mut Tx, ids: &[String]) -> Result<()> {
    Ok(tx.expect(TABLE, NAMES, ids)?)
}

/// Writes readings, in order; says of each what became of it. `each` sees those that are new, with their stream as it was
/// before and as it is now.
pub fn take(
    tx: &mut Tx,
    all: &[Told],
    mut each: impl FnMut(&mut Tx, &Told, &Stream, &Stream) -> Result<()>,
) -> Result<Vec<Taken>> {
    let mut ids: Vec<String> = all.iter().map(|told| stream_id(&told.device.id, &told.name)).collect();
    ids.sort_unstable();
    ids.dedup();
    expect(tx, &ids)?;
    let mut out = Vec::with_capacity(all.len());
    let mut lines = String::new();
    for told in all {
        let before = match stream(tx, &told.device.id, &told.name)? {
            Some(stream) => stream,
            None => new_stream(tx, told)?,
        };
        let (taken, after) = one(tx, told, &before, &mut lines)?;
        out.push(taken);
        if let Some(after) = after {
            each(tx, told, &before, &after)?;
        }
    }
    let new = out.iter().filter(|t| **t != Taken::Twice).count() as i64;
    if new > 0 {
        let digest = store::hex(tx.digest("device told", &lines));
        tx.log(Entry::new("device.told", "device", "").fact("readings", new).fact("digest", digest))?;
    }
    Ok(out)
}

fn new_stream(tx: &mut Tx, told: &Told) -> Result<Stream> {
    Ok(Stream {
        id: stream_id(&told.device.id, &told.name),
        num: tx.count("select coalesce(max(num), 0) from stream", &[])? + 1,
        device: told.device.id.clone(),
        name: told.name.clone(),
        area: told.device.area.clone(),
        path: told.device.path.clone(),
        first_t: None,
        last_t: None,
        last_seq: None,
        heard_at: None,
        told: 0,
    })
}

/// Writes one; with the stream as it is now, when it was not there.
fn one(tx: &mut Tx, told: &Told, before: &Stream, lines: &mut String) -> Result<(Taken, Option<Stream>)> {
    use std::fmt::Write;
    let mut stream = before.clone();
    // Without a time of its own a device that says the same count again says the same.
    let again = !told.timed && told.seq.is_some() && told.seq == stream.last_seq;
    let older = stream.last_t.is_some_and(|last| told.t <= last);
    let there = "select count(*) from observation where stream = $1 and t = $2";
    if again || older && tx.count(there, params![stream.num, told.t])? > 0 {
        return Ok((Taken::Twice, None));
    }
    let (n, said) = match &told.reading {
        Reading::Number(n) => (Some(*n), None),
        Reading::Text(text) => (None, Some(text.clone())),
    };
    let _ = writeln!(lines, "{} {} {:?}", stream.id, told.t, told.reading);
    let (n, said, sealed) = if told.device.is_home() {
        let plain = n.map_or_else(|| said.clone().unwrap_or_default(), |n| n.to_string());
        (None, None, Some(tx.seal(&told.device.id, plain.as_bytes())?))
    } else {
        (n, said, None)
    };
    let columns = &["stream", "t", "received", "n", "said", "sealed", "quality"];
    tx.append("observation", columns, params![stream.num, told.t, told.received, n, said, sealed, told.quality as i64]);
    let newest = !older;
    stream.first_t = Some(stream.first_t.map_or(told.t, |first| first.min(told.t)));
    stream.last_t = Some(stream.last_t.map_or(told.t, |last| last.max(told.t)));
    stream.last_seq = told.seq.or(stream.last_seq);
    stream.heard_at = Some(told.received);
    stream.told += 1;
    tx.put(TABLE, NAMES, FIXED, stream.values());
    let live = newest && told.quality != Quality::Late && told.device.state == State::Works;
    Ok((if live { Taken::New } else { Taken::History }, Some(stream)))
}

/// What these devices tell, by device and name.
pub fn heard(q: &mut dyn Query, devices: &[Device]) -> Result<Vec<Stream>> {
    let mut out = Vec::new();
    for some in devices.chunks(500) {
        let marks: Vec<String> = (1..=some.len()).map(|i| format!("${i}")).collect();
        let sql = format!("select {COLUMNS} from {TABLE} where device in ({}) order by device, name", marks.join(","));
        let ids: Vec<store::Value> = some.iter().map(|d| d.id.as_str().into()).collect();
        for row in q.rows(&sql, &ids)? {
            out.push(read(&row)?);
        }
    }
    Ok(out)
}

/// One reading as it was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// When it was so.
    pub t: Ms,
    /// When it came.
    pub received: Ms,
    /// What it was; absent when nobody can read it any more.
    pub reading: Option<Reading>,
}

/// Readings of a stream from a moment on, the newest first.
pub fn written(q: &mut dyn Query, device: &Device, num: i64, from: Ms, to: Ms, most: i64) -> Result<Vec<Written>> {
    let sql =
        "select t, received, n, said, sealed from observation where stream = $1 and t >= $2 and t < $3 order by t desc limit $4";
    let rows = q.rows(sql, params![num, from, to, most])?;
    let mut sealed = Vec::new();
    let mut out = Vec::with_capacity(rows.len());
    for r in &rows {
        let number: Option<f64> = r.get("n")?;
        let text: Option<String> = r.get("said")?;
        let reading = number.map(Reading::Number).or(text.map(Reading::Text));
        if let Some(bytes) = r.get::<Option<Vec<u8>>>("sealed")? {
            sealed.push((out.len(), bytes));
        }
        out.push(Written { t: r.get("t")?, received: r.get("received")?, reading });
    }
    let owned: Vec<(String, Vec<u8>)> = sealed.iter().map(|(_, b)| (device.id.clone(), b.clone())).collect();
    for ((n, _), plain) in sealed.iter().zip(q.open_many(&owned)?) {
        let text = plain.and_then(|p| String::from_utf8(p).ok());
        out[*n].reading = text.map(|t| t.parse().map_or(Reading::Text(t), Reading::Number));
    }
    Ok(out)
}
