//! Requests of another system: a file and a mapping file become cases with their own past.
//!
//! What must stay true: a row is known by `source:id` and imported once, however often the file comes; times, and the
//! day in the number, are the row's own; an open case has its holder, its clock and one open interval, a settled one
//! has one closed interval (inv01). A row that cannot be used is reported by line and reason, never changed or dropped
//! in silence. What residents wrote is sealed like every report.
//! Cost: one pass, [`CHUNK`] rows for each commit, memory for the ids of the file.
//!
//! Log kinds written: `case.import`.

/// Mapping files.
pub mod map;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use csv::StringRecord;
use serde_json::json;

use super::Rulebook;
use super::report::MAX_TEXT;
use super::rules::State;
use crate::base::area::import::Rejected;
use crate::base::{area, party};
use crate::kit::error::{Error, Kind};
use crate::kit::input::Input;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Result, table};
pub use map::Map;

/// Rows in one commit.
const CHUNK: usize = 200;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// New cases.
    pub added: usize,
    /// Rows that were imported before.
    pub known: usize,
    /// Rows that could not be used.
    pub rejected: Vec<Rejected>,
}

/// A usable row.
struct Row {
    source: String,
    state: State,
    class: Option<String>,
    opened: Ms,
    closed: Option<Ms>,
    day: String,
    text: Option<String>,
    address: Option<String>,
    note: Option<String>,
    lat: Option<i64>,
    lon: Option<i64>,
    place: Arc<Place>,
}

/// Where a row belongs and who answers for it.
struct Place {
    area: String,
    path: String,
    desk: String,
}

/// Imports a file (CSV, also gzipped). `progress` is told how many rows have been dealt with.
pub fn run(app: &App, map: &Map, file: impl Read, mut progress: impl FnMut(usize)) -> Result<Outcome> {
    let mut csv = table::open(file)?;
    let head = csv.headers().map_err(Error::internal)?.clone();
    let mut reader = Reader::new(app, map, &head)?;
    let (mut outcome, mut chunk, mut rows) = (Outcome::default(), Vec::with_capacity(CHUNK), 0);
    let mut record = StringRecord::new();
    loop {
        let line = csv.position().line();
        let row = match csv.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => reader.read(app, &record)?,
            Err(e) if e.is_io_error() => return Err(Error::internal(e)),
            Err(_) => Err("not-readable"),
        };
        rows += 1;
        match row {
            Ok(row) => chunk.push(row),
            Err(reason) => outcome.rejected.push(Rejected { line, reason }),
        }
        if chunk.len() == CHUNK {
            save(app, std::mem::take(&mut chunk), &mut outcome)?;
            progress(rows);
        }
    }
    save(app, chunk, &mut outcome)?;
    progress(rows);
    Ok(outcome)
}

/// Reads rows by the map: places of columns, desks already found, ids already seen.
struct Reader<'a> {
    map: &'a Map,
    at: HashMap<&'a str, usize>,
    places: HashMap<String, Option<Arc<Place>>>,
    seen: HashSet<String>,
    now: Ms,
}

impl<'a> Reader<'a> {
    /// A column that the map names and the file lacks stops the import before its first row.
    fn new(app: &App, map: &'a Map, head: &StringRecord) -> Result<Reader<'a>> {
        let c = &map.columns;
        let some = [&c.text, &c.address, &c.lat, &c.lon, &c.reason, &c.area].into_iter().flatten();
        let names =
            [&c.id, &c.opened, &c.closed, &c.status].into_iter().chain(some).map(String::as_str).chain(map.class_columns());
        let find =
            |name: &'a str| table::column(head, name).map(|at| (name, at)).ok_or_else(|| Kind::Missing.at(name.to_owned()));
        let at = names.map(find).collect::<Result<_>>()?;
        Ok(Reader { map, at, places: HashMap::new(), seen: HashSet::new(), now: app.now() })
    }

    fn get<'r>(&self, record: &'r StringRecord, name: &str) -> &'r str {
        self.at.get(name).and_then(|at| record.get(*at)).unwrap_or_default().trim()
    }

    fn some<'r>(&self, record: &'r StringRecord, name: &Option<String>) -> &'r str {
        name.as_ref().map_or("", |n| self.get(record, n))
    }

    /// The row, or in a stable code why it is of no use.
    fn read(&mut self, app: &App, record: &StringRecord) -> Result<std::result::Result<Row, &'static str>> {
        let c = &self.map.columns;
        let code = match &c.area {
            Some(column) => self.get(record, column),
            None => self.map.area.as_deref().unwrap_or_default(),
        };
        let place = self.place(app, code)?;
        Ok(self.check(record, place))
    }

    fn check(&mut self, record: &StringRecord, place: Option<Arc<Place>>) -> std::result::Result<Row, &'static str> {
        let (map, c) = (self.map, &self.map.columns);
        let id = self.get(record, &c.id);
        if id.is_empty() {
            return Err("id-missing");
        }
        if !self.seen.insert(id.to_owned()) {
            return Err("id-twice");
        }
        let state = map.state(self.get(record, &c.status)).ok_or("status-unknown")?;
        let opened = map.time(self.get(record, &c.opened)).ok_or("opened-not-readable")?;
        let closed = match self.get(record, &c.closed) {
            "" => None,
            text => Some(map.time(text).ok_or("closed-not-readable")?),
        };
        match closed {
            None if !state.is_open() => return Err("closed-without-time"),
            Some(_) if state.is_open() => return Err("open-but-closed-time"),
            Some(at) if at < opened => return Err("closed-before-opened"),
            _ if closed.unwrap_or(opened) > self.now => return Err("in-the-future"),
            _ => {}
        }
        let (lat, lon) = (degrees(self.some(record, &c.lat), 90.0)?, degrees(self.some(record, &c.lon), 180.0)?);
        if lat.is_some() != lon.is_some() {
            return Err("coordinates-not-readable");
        }
        let (lat, lon) = lat.zip(lon).map(|(lat, lon)| map.place(lat, lon)).unzip();
        let said = json!({
            "text": self.some(record, &c.text), "address": self.some(record, &c.address), "note": self.some(record, &c.reason),
        });
        let said = Input(said.as_object().cloned().unwrap_or_default());
        let clean = |name, max| said.text(name, max).map_err(|_| "too-long");
        Ok(Row {
            source: format!("{}:{id}", map.source),
            state,
            class: map.class(map.class_columns().map(|n| self.get(record, n))).map(str::to_owned),
            opened,
            closed,
            day: time::day_number(opened, &map.zone()),
            text: clean("text", MAX_TEXT)?,
            address: clean("address", 200)?,
            note: clean("note", MAX_TEXT)?,
            lat,
            lon,
            place: place.ok_or("area-unknown")?,
        })
    }

    /// The area with this code and its desk, looked up once for each code; without a code the default desk's area.
    fn place(&mut self, app: &App, code: &str) -> Result<Option<Arc<Place>>> {
        if let Some(place) = self.places.get(code) {
            return Ok(place.clone());
        }
        let place = app.db.read(|r| {
            let found = if code.is_empty() {
                let desk = party::default_desk(r)?;
                area::by_id(r, &desk.area)?
            } else {
                area::by_code(r, code)?
            };
            let Some(area) = found else { return Ok(None) };
            let desk = party::desk_of(r, &area.id)?.id;
            Ok::<_, Error>(Some(Arc::new(Place { area: area.id, path: area.path, desk })))
        })?;
        self.places.insert(code.to_owned(), place.clone());
        Ok(place)
    }
}

/// Degrees as integer 1e-7 degrees.
fn degrees(text: &str, bound: f64) -> std::result::Result<Option<i64>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let x: f64 = text.parse().map_err(|_| "coordinates-not-readable")?;
    if x.abs() <= bound { Ok(Some((x * 1e7).round() as i64)) } else { Err("coordinates-out-of-range") }
}

fn save(app: &App, rows: Vec<Row>, outcome: &mut Outcome) -> Result<()> {
    let all = rows.len();
    let book = Rulebook::now(app)?;
    let added = app.db.write(move |tx| write::rows(tx, &book, rows))?.value;
    outcome.added += added;
    outcome.known += all - added;
    Ok(())
}
