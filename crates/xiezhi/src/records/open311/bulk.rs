//! Many requests at once: GeoReport Bulk, fourteen columns as CSV (RFC 4180), XML or JSON.
//!
//! What must stay true: pages are walked by a cursor, oldest first, so that each costs the same and none is missed or
//! told twice while new requests come in; the next page is named in `Link`.

use super::ask::{Ask, Key};
use super::fault::{Fault, Faults};
use super::find;
use super::format::{self, Format, Value, degrees};
use super::show::{self, Shown};
use crate::kit::form::encode;
use crate::kit::{Error, Reply, Req, Result};

/// Requests of one page.
const MOST: usize = 5000;

const COLUMNS: [&str; 14] = [
    "service_request_id",
    "requested_datetime",
    "updated_datetime",
    "closed_date",
    "status_description",
    "status_notes",
    "source",
    "service_name",
    "service_subtype",
    "description",
    "agency_responsible",
    "address",
    "lat",
    "long",
];

/// Answers `bulk.{csv,xml,json}`.
pub fn get(req: &Req) -> Result<Reply> {
    let csv = req.path.ends_with(".csv");
    let format = Format::of_path(req.path);
    let end = Ask::begin(req, Key::Optional).and_then(|ask| page(&ask));
    let (rows, next) = match end {
        Ok(page) => page,
        Err(faults) => return Ok(faults.reply(req, format)),
    };
    let reply = if csv { table(&rows)? } else { list(format, &rows) };
    let reply = match next {
        Some(next) => reply.header("link", format!("<{next}>; rel=\"next\"")),
        None => reply,
    };
    Ok(reply.header("access-control-allow-origin", "*"))
}

fn page(ask: &Ask) -> std::result::Result<(Vec<[String; 14]>, Option<String>), Faults> {
    let mut filter = find::parse(ask)?;
    let size = ask.number("page_size", 1, 1_000_000)?.map_or(MOST, |n| (n as usize).min(MOST));
    filter.oldest_first = true;
    filter.size = size + 1;
    if let Some(cursor) = ask.text("cursor") {
        let read = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
        filter.after = Some(read.ok_or_else(|| Fault::bad("cursor", "cursor"))?);
    }
    let (shown, next) = ask.req.app.db.read(|r| {
        let mut found = filter.find(r)?;
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more).map(|c| format!("{}.{}", filter.key_of(c), c.id));
        Ok::<_, Error>((show::all(ask, r, found, false)?, next))
    })?;
    let next = next.map(|cursor| {
        let kept = ask.req.query.fields.iter().filter(|(k, _)| !matches!(k.as_str(), "cursor" | "api_key"));
        let kept = kept.map(|(k, v)| format!("{}={}&", encode(k), encode(v))).collect::<String>();
        ask.req.absolute(&format!("{}?{kept}cursor={cursor}", ask.req.path))
    });
    Ok((shown.iter().map(|s| row(ask, s)).collect(), next))
}

fn row(ask: &Ask, shown: &Shown) -> [String; 14] {
    let case = &shown.case;
    let time = |at| ask.req.app.time(at);
    [
        case.number.clone(),
        time(case.received_at),
        time(case.updated_at.max(case.received_at)),
        shown.closed_at().map(time).unwrap_or_default(),
        shown.extended().to_owned(),
        shown.notes.clone(),
        case.channel.clone(),
        shown.service.clone(),
        String::new(),
        shown.text.clone().unwrap_or_default(),
        shown.agency.clone(),
        shown.address.clone(),
        shown.point.map(|p| degrees(p.0)).unwrap_or_default(),
        shown.point.map(|p| degrees(p.1)).unwrap_or_default(),
    ]
}

fn table(rows: &[[String; 14]]) -> Result<Reply> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(COLUMNS).map_err(Error::internal)?;
    for row in rows {
        out.write_record(row).map_err(Error::internal)?;
    }
    let bytes = out.into_inner().map_err(|e| Error::internal(e.error()))?;
    Ok(Reply::of("text/csv; charset=utf-8; header=present", bytes))
}

fn list(format: Format, rows: &[[String; 14]]) -> Reply {
    let record = |row: &[String; 14]| {
        Value::Record(COLUMNS.iter().zip(row).map(|(name, value)| (*name, Value::text(Some(value.as_str())))).collect())
    };
    format::document(format, "service_requests", &Value::List("request", rows.iter().map(record).collect()))
}
