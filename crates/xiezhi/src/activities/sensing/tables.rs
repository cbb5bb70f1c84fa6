//! Readings as tables: out for whoever may read them, in from data loggers that nobody ever connected.
//!
//! What must stay true: what comes in as a table is history and raises nothing; a line that was there is there once; nothing of a home comes
//! in this way, because somebody would have to read it first; a cell that a workbook would take for a formula is none.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::ingest::{self, Quality, Reading, Taken, Told};
use super::pack::{self, Pack, Type};
use super::{Device, by_name};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{self, Ms};
use crate::kit::{Error, Reply, Req, Result, Route, table};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/devices/{name}/readings.csv",
        May::SignedIn,
        out,
        "Readings as a table (`stream`, `from`, `to`, `limit`): for the desk, and for whoever lives there. The newest of each stream; `Link` leads to those before.",
    ),
    Route::post(
        "/devices/readings",
        May::Staff,
        take,
        "A table of a data logger (multipart `file`: `device,stream,t,v`): kept as history; devices in homes are not taken.",
    )
    .gives::<Brought>(),
];

/// Readings of a stream in one table.
const ROWS: i64 = 20_000;
/// Lines of a table that comes in, lines of one write, refused lines that are listed.
const LINES: usize = 200_000;
const AT_ONCE: usize = 1_000;
const LISTED: usize = 100;

/// A moment as somebody wrote it: with a zone, in milliseconds, or of the clock on the wall.
fn moment(text: &str, zone: &TimeZone) -> Option<Ms> {
    let wall = || text.replace(' ', "T").parse::<DateTime>().ok()?.to_zoned_datetime(zone.clone()).ok();
    time::parse(text).or_else(|| text.parse().ok()).or_else(|| wall().map(|z| z.timestamp().as_millisecond()))
}

fn out(req: &Req) -> Result<Reply> {
    let query = |name: &str| req.query.get(name);
    let bound = |name: &'static str, none: Ms| {
        query(name).map_or(Ok(none), |t| moment(t, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at(name)))
    };
    let (from, to) = (bound("from", Ms::MIN)?, bound("to", Ms::MAX)?);
    let most = query("limit").map_or(Ok(ROWS), |n| n.parse().map_err(|_| Kind::WrongType.at("limit")))?;
    if !(1..=ROWS).contains(&most) {
        return Err(Kind::OutOfRange.at("limit").limit(ROWS));
    }
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![0xef, 0xbb, 0xbf]);
    table.write_record(["device", "stream", "t", "v", "received"]).map_err(Error::internal)?;
    let mut before: Option<Ms> = None;
    req.app.db.read(|r| {
        let device = by_name(r, req.param("name"))?;
        let own = device.person.is_some() && device.person == req.who.person && req.who.by.is_none();
        if !own && (device.is_home() || !device.is_kept_by(&req.who)) {
            return Err(Kind::NotFound.into());
        }
        let streams = ingest::heard(r, std::slice::from_ref(&device))?;
        let pack = pack_of(r, &device)?;
        let parts = pack.kind(&device.kind).is_some_and(|k| k.parts);
        if parts && query("stream").is_none() {
            return Err(Kind::Missing.at("stream"));
        }
        for stream in streams.iter().filter(|s| query("stream").is_none_or(|n| n == s.name)) {
            let is_bool = pack.measure(&stream.name).is_some_and(|m| m.kind == Type::Bool);
            let all = ingest::written(r, &device, stream.num, from, to, most)?;
            if let Some(last) = all.last().filter(|_| all.len() as i64 == most) {
                before = before.max(Some(last.t));
            }
            for one in all.iter().rev() {
                let value = match &one.reading {
                    Some(Reading::Number(n)) if is_bool => (*n != 0.0).to_string(),
                    Some(Reading::Number(n)) => n.to_string(),
                    Some(Reading::Text(text)) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
                    Some(Reading::Text(text)) => text.clone(),
                    None => continue,
                };
                let (t, received) = (req.app.time(one.t), req.app.time(one.received));
                table.write_record([&device.name, &stream.name, &t, &value, &received]).map_err(Error::internal)?;
            }
        }
        Ok::<_, Error>(())
    })?;
    let bytes = table.into_inner().map_err(|e| Error::internal(e.error()))?;
    let name = format!("attachment; filename=\"{}.csv\"", req.param("name"));
    let reply = Reply::of("text/csv; charset=utf-8", bytes).header("content-disposition", name);
    let Some(before) = before else { return Ok(reply) };
    let kept = req.query.fields.iter().filter(|(n, _)| n != "to").map(|(n, v)| format!("{n}={}&", crate::kit::form::encode(v)));
    let link = format!("<{}?{}to={before}>; rel=\"next\"", req.url(req.path), kept.collect::<String>());
    Ok(reply.header("link", link))
}

fn pack_of(q: &mut dyn store::Query, device: &Device) -> Result<&'static Pack> {
    Ok(pack::at(&area::by_id(q, &device.area)?.map(|a| a.code).unwrap_or_default()))
}

/// What became of a table.
#[derive(Serialize, JsonSchema)]
struct Brought {
    taken: usize,
    twice: usize,
    refused: usize,
    /// The first lines that were refused.
    lines: Vec<Line>,
}

/// A line that was refused.
#[derive(Serialize, JsonSchema)]
struct Line {
    line: usize,
    error: &'static str,
    field: Option<String>,
    /// Why, in words.
    message: String,
}

fn take(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    let file =
        req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    let mut rows = table::open(file.bytes.as_slice())?;
    let head = rows.headers().map_err(|_| Kind::WrongType.at("file"))?.clone();
    let column = |name: &'static str| table::column(&head, name).ok_or_else(|| Kind::Missing.at(name));
    let columns = [column("device")?, column("stream")?, column("t")?, column("v")?];
    let mut known: HashMap<String, Option<(Arc<Device>, &'static Pack)>> = HashMap::new();
    let (mut good, mut lines, mut refused) = (Vec::new(), Vec::new(), 0);
    let (mut taken, mut twice) = (0, 0);
    for (n, row) in rows.records().enumerate() {
        if n >= LINES {
            return Err(Kind::TooLarge.at("file").limit(LINES as i64));
        }
        let told = row.map_err(|_| Error::from(Kind::WrongType)).and_then(|row| {
            let cell = |at: usize| row.get(columns[at]).unwrap_or_default().trim();
            let name = cell(0).to_owned();
            if !known.contains_key(&name) {
                known.insert(name.clone(), kept(req, &name)?);
            }
            let (device, pack) = known.get(&name).and_then(Option::as_ref).ok_or_else(|| Kind::Unknown.at("device"))?;
            let t = moment(cell(2), &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("t"))?;
            let told = ingest::parse(pack, device, cell(1), &json!({ "t": t, "v": Json::from(cell(3)) }), req.now)?;
            Ok(Told { quality: Quality::Late, ..told })
        });
        match told {
            Ok(told) => good.push(told),
            Err(e) => {
                refused += 1;
                if lines.len() < LISTED {
                    let message = req.error_text(&e);
                    lines.push(Line { line: n + 2, error: e.kind.code(), field: e.field.map(Into::into), message });
                }
            }
        }
        if good.len() >= AT_ONCE {
            write(req, &mut good, &mut taken, &mut twice)?;
        }
    }
    write(req, &mut good, &mut taken, &mut twice)?;
    req.page("activities/sensing/brought.html", &Brought { taken, twice, refused, lines })
}

/// A device of this desk that stands in public.
fn kept(req: &Req, name: &str) -> Result<Option<(Arc<Device>, &'static Pack)>> {
    req.app.db.read(|r| match by_name(r, name) {
        Ok(device) if device.is_kept_by(&req.who) && !device.is_home() && device.state != super::State::Gone => {
            let pack = pack_of(r, &device)?;
            Ok(Some((Arc::new(device), pack)))
        }
        Ok(_) => Ok(None),
        Err(e) if e.kind == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    })
}

fn write(req: &Req, good: &mut Vec<Told>, taken: &mut usize, twice: &mut usize) -> Result<()> {
    let some = std::mem::take(good);
    if some.is_empty() {
        return Ok(());
    }
    // What happened before the table came raises nothing.
    let done = req.app.db.write(move |tx| ingest::take(tx, &some, |_, _, _, _| Ok(())))?.value;
    *twice += done.iter().filter(|t| **t == Taken::Twice).count();
    *taken += done.iter().filter(|t| **t != Taken::Twice).count();
    Ok(())
}
