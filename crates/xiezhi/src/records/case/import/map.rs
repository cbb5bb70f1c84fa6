//! A mapping file: how another system's request file is read. Data, so that the next system costs no code.

use std::collections::BTreeMap;

use calc::geo::Point;
use calc::geo::datum::Datum;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::base::classes::Catalogue;
use crate::kit::time::Ms;
use crate::records::case::rules::State;

/// What a mapping file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Name of the system; together with its id it makes a row unique for ever.
    pub source: String,
    /// IANA zone of the times in the file, and of the day in the numbers.
    time_zone: String,
    /// Formats of times, tried in order (`strptime`).
    time_formats: Vec<String>,
    /// Code of the area that all rows belong to; the default desk's area when neither this nor a column is named.
    #[serde(default)]
    pub area: Option<String>,
    /// Class of rows whose values are not named.
    #[serde(default)]
    class_default: Option<String>,
    /// Names of the file's columns.
    pub columns: Columns,
    /// Their states in ours.
    status: BTreeMap<String, Outer>,
    /// Their kinds in our classes; the first table that knows the row's value decides.
    #[serde(default)]
    class: Vec<ClassTable>,
    /// What their places are measured against: `wgs84 cgcs2000 gcj02 bd09`; ours when it is not named.
    #[serde(default)]
    datum: Option<String>,
    #[serde(skip)]
    zone: Option<TimeZone>,
    #[serde(skip)]
    measured: Datum,
}

/// Columns of the file. The optional ones may be absent from the map, never from the file once they are named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "what each column holds is its name")]
pub struct Columns {
    pub id: String,
    pub opened: String,
    pub closed: String,
    pub status: String,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub lat: Option<String>,
    #[serde(default)]
    pub lon: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub area: Option<String>,
}

/// States that a foreign row can come in: those that need no handler of ours and no other case.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outer {
    Open,
    Accepted,
    Closed,
    Rejected,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    column: String,
    values: BTreeMap<String, String>,
}

impl Map {
    /// Reads and checks a mapping file. The message is for the person at the terminal.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Map, String> {
        let mut map: Map = toml::from_str(text).map_err(|e| e.to_string())?;
        map.zone = Some(TimeZone::get(&map.time_zone).map_err(|e| e.to_string())?);
        if map.source.is_empty() || map.source.contains(':') {
            return Err("source must be a name without a colon".into());
        }
        if map.time_formats.is_empty() {
            return Err("time_formats must name at least one format".into());
        }
        if map.columns.lat.is_some() != map.columns.lon.is_some() {
            return Err("lat and lon go together".into());
        }
        if let Some(name) = &map.datum {
            map.measured = Datum::parse(name).ok_or_else(|| format!("there is no datum {name}"))?;
        }
        let classes = map.class.iter().flat_map(|t| t.values.values()).chain(&map.class_default);
        match classes.into_iter().find(|c| catalogue.get(c).is_none()) {
            Some(class) => Err(format!("there is no class {class}")),
            None => Ok(map),
        }
    }

    /// Time zone of the file.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// A time of the file; `None` when no format fits.
    pub fn time(&self, text: &str) -> Option<Ms> {
        let civil = self.time_formats.iter().find_map(|f| DateTime::strptime(f, text).ok())?;
        Some(self.zone().to_zoned_datetime(civil).ok()?.timestamp().as_millisecond())
    }

    /// A place of the file, in steps, as we have it.
    pub fn place(&self, lat: i64, lon: i64) -> (i64, i64) {
        let place = self.measured.to_wgs(Point { lat: lat as i32, lon: lon as i32 });
        (i64::from(place.lat), i64::from(place.lon))
    }

    /// Our state for theirs.
    pub fn state(&self, status: &str) -> Option<State> {
        Some(match self.status.get(status)? {
            Outer::Open => State::Received,
            Outer::Accepted => State::Accepted,
            Outer::Closed => State::Closed,
            Outer::Rejected => State::Rejected,
        })
    }

    /// Columns that decide the class.
    pub fn class_columns(&self) -> impl Iterator<Item = &str> {
        self.class.iter().map(|t| t.column.as_str())
    }

    /// Our class; `values` are the row's, in the order of [`Map::class_columns`].
    pub fn class<'a>(&'a self, values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let named = self.class.iter().zip(values).find_map(|(table, value)| table.values.get(value));
        named.or(self.class_default.as_ref()).map(String::as_str)
    }
}
