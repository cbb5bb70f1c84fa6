//! Tables of assets come in: a workbook with the sheet 部件, or GeoJSON points with the same names as properties.
//!
//! What must stay true: good rows are taken and every other is named with its row and why; the same file twice changes
//! nothing; another owner ends the interval of the one before and never rewrites it. Places are WGS 84; whoever has
//! none names the grid.

use std::collections::{BTreeMap, BTreeSet};

use calc::geo::datum::Datum;
use calc::geo::{self, Point};
use serde::Deserialize;
use serde_json::Value as Json;
use store::{Entry, Query, Tx, params};

use super::{Asset, by_code, owners};
use crate::base::area;
use crate::base::classes::Catalogue;
use crate::base::classes::class::Kind as ClassKind;
use crate::base::party::Chart;
use crate::kit::error::{Error, Kind};
use crate::kit::sheet::{Form, Problem, Problems, Row, Table as Cells, rows, xlsx};
use crate::kit::time::{Ms, day_begin};
use crate::kit::{Result, Who};

/// Largest GeoJSON file in bytes.
pub const GEOJSON_BYTES: usize = 16 << 20;
/// Rows of one file.
pub const ROWS: usize = 20_000;
/// Problems that are named.
const NAMED: usize = 500;
/// Rows of one write: others wait no longer than for one.
pub const CHUNK: usize = 500;

/// The one table.
pub const FORMS: [Form; 1] = [Form {
    key: "assets",
    zh: "部件",
    columns: &[
        ("code", "部件编码", "Code", 22),
        ("class", "类别", "Class", 20),
        ("name", "名称", "Name", 24),
        ("lat", "纬度", "Latitude", 14),
        ("lon", "经度", "Longitude", 14),
        ("area", "网格", "Grid", 22),
        ("owner", "权属单位", "Owner", 26),
        ("owner_from", "权属起始日", "Owner from", 14),
        ("manager", "养护单位", "Manager", 26),
    ],
    rows: ROWS,
}];
/// Codes of problems that only this table has.
pub const CODES: [&str; 5] = ["no-place", "bad-place", "outside", "bad-date", "owner-order"];

/// A row that can be taken.
#[derive(Clone, Debug)]
pub struct New {
    asset: Asset,
    /// Whether it is new, or differs from what is known.
    fresh: bool,
    changed: bool,
    /// Another owner, from when on.
    owner: Option<(String, Ms)>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Read {
    /// Rows to be written.
    pub new: Vec<New>,
    /// Rows that are as they were.
    pub same: usize,
    /// Rows that cannot be taken.
    pub rejected: usize,
    /// Why.
    pub problems: Problems,
    /// The table as it came.
    pub cells: Cells,
}

/// What rows are read against.
pub struct Node<'a> {
    /// The catalogue in force.
    pub classes: &'a Catalogue,
    /// The organisations.
    pub chart: &'a Chart,
    /// The local zone.
    pub zone: &'a jiff::tz::TimeZone,
    /// Whose area it must be.
    pub who: &'a Who,
    /// What its places are measured against.
    pub datum: Datum,
    /// Now.
    pub now: Ms,
}

/// Reads a file of either kind.
pub fn read(q: &mut dyn Query, node: &Node, bytes: &[u8]) -> Result<Read> {
    let (cells, problems) = if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        (geojson(bytes)?, Vec::new())
    } else {
        let (mut tables, problems) = xlsx::import(bytes, &FORMS)?;
        (tables.remove(FORMS[0].key).unwrap_or_default(), problems)
    };
    let mut out = Read { problems, ..Read::default() };
    let bad: BTreeSet<usize> = out.problems.iter().map(|p| p.row).collect();
    let (columns, at) = rows(&FORMS[0], &cells, &mut out.problems);
    // Columns that are missing mean empty cells, but for the code.
    out.problems.retain(|p| p.code != "column-missing" || p.column == "code");
    let mut seen = BTreeSet::new();
    for i in at {
        let row = Row { form: &FORMS[0], at: i + 1, cells: &cells[i], columns: &columns };
        let mut why = Vec::new();
        let new = take(q, node, &row, &mut seen, &mut why)?;
        match new.filter(|_| why.is_empty() && !bad.contains(&(i + 1))) {
            Some(new) if new.fresh || new.changed || new.owner.is_some() => out.new.push(new),
            Some(_) => out.same += 1,
            None => out.rejected += 1,
        }
        out.problems.extend(why.into_iter().take(NAMED.saturating_sub(out.problems.len())));
    }
    out.cells = cells;
    out.problems.sort();
    out.problems.dedup();
    Ok(out)
}

/// Points of a GeoJSON file as a table.
fn geojson(bytes: &[u8]) -> Result<Cells> {
    #[derive(Deserialize)]
    struct Collection {
        features: Vec<Feature>,
    }
    #[derive(Deserialize)]
    struct Feature {
        geometry: Option<Geometry>,
        properties: Option<BTreeMap<String, Json>>,
    }
    #[derive(Deserialize)]
    struct Geometry {
        r#type: String,
        #[serde(default)]
        coordinates: Json,
    }
    if bytes.len() > GEOJSON_BYTES {
        return Err(Error::from(Kind::TooLarge).limit((GEOJSON_BYTES >> 10) as i64));
    }
    let all: Collection = serde_json::from_slice(bytes).map_err(|_| Kind::BadGeojson.at("file"))?;
    let keys: Vec<&str> = FORMS[0].columns.iter().map(|c| c.0).collect();
    let mut cells: Cells = vec![keys.iter().map(|k| (*k).to_owned()).collect()];
    for feature in all.features.into_iter().take(ROWS + 1) {
        let properties = feature.properties.unwrap_or_default();
        let point = feature.geometry.filter(|g| g.r#type == "Point").map(|g| g.coordinates);
        let text = |v: &Json| match v {
            Json::String(s) => s.clone(),
            Json::Number(n) => n.to_string(),
            _ => String::new(),
        };
        let cell = |key: &&str| match (*key, &point) {
            ("lon", Some(at)) => at.get(0).map(text).unwrap_or_default(),
            ("lat", Some(at)) => at.get(1).map(text).unwrap_or_default(),
            (key, _) => properties.get(key).map(text).unwrap_or_default(),
        };
        cells.push(keys.iter().map(cell).collect());
    }
    Ok(cells)
}

/// Reads one row; `None` or a problem when it cannot be taken.
fn take(q: &mut dyn Query, node: &Node, row: &Row, seen: &mut BTreeSet<String>, out: &mut Problems) -> Result<Option<New>> {
    let code = row.need("code", 40, out);
    if !code.is_empty() && !code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        row.fail("code", "bad-code", out);
    } else if !seen.insert(code.clone()) {
        row.fail("code", "twice", out);
    }
    let class = class(node, row, &code, out);
    let name = row.text("name", 60, out);
    let point = point(row, out).map(|p| node.datum.to_wgs(p));
    let Some(place) = place(q, node, row, point, out)? else { return Ok(None) };
    let body = |column: &'static str, out: &mut Problems| match row.cell(column) {
        "" => None,
        text => node.chart.named(text).map(|b| b.id.clone()).map_err(|code| row.fail(column, code, out)).ok(),
    };
    let (owner, manager) = (body("owner", out), body("manager", out));
    let from = match row.cell("owner_from") {
        "" => None,
        day => day_begin(day, node.zone).or_else(|| {
            row.fail("owner_from", "bad-date", out);
            None
        }),
    };
    let known = by_code(q, &code)?;
    let mut asset = Asset { id: String::new(), code, class, name, area: place, point, manager };
    let mut new_owner = owner.map(|o| (o, from.unwrap_or(if known.is_some() { node.now } else { 0 })));
    let (mut fresh, mut changed) = (true, false);
    if let Some(known) = known {
        asset.id.clone_from(&known.id);
        (fresh, changed) = (false, known != asset);
        if let (Some((owner, from)), Some(last)) = (&new_owner, owners(q, &known.id)?.last()) {
            if last.0 == *owner {
                new_owner = None;
            } else if *from <= last.1 {
                row.fail("owner_from", "owner-order", out);
            }
        }
    }
    Ok(Some(New { asset, fresh, changed, owner: new_owner }))
}

/// The class that is named; of a code after GB/T 30428 the one with its number.
fn class(node: &Node, row: &Row, code: &str, out: &mut Problems) -> Option<String> {
    let text = row.cell("class");
    let found = if text.is_empty() {
        let digits = Some(code).filter(|c| c.len() == 16 && c.bytes().all(|b| b.is_ascii_digit())).and_then(|c| c.get(6..10));
        return digits
            .and_then(|d| node.classes.iter().find(|c| c.kind == ClassKind::Component && c.standard == d))
            .map(|c| c.code.clone());
    } else {
        node.classes.get(text).or_else(|| node.classes.iter().find(|c| c.name.zh == text || c.name.en == text))
    };
    if found.is_none() {
        row.fail("class", "unknown", out);
    }
    found.map(|c| c.code.clone())
}

fn point(row: &Row, out: &mut Problems) -> Option<Point> {
    let (lat, lon) = (row.cell("lat"), row.cell("lon"));
    if lat.is_empty() && lon.is_empty() {
        return None;
    }
    let read = lat.parse().ok().zip(lon.parse().ok()).and_then(|(lat, lon)| Point::from_degrees(lat, lon));
    if read.is_none() {
        row.fail("lat", "bad-place", out);
    }
    read
}

/// The grid that is named, else the one the point lies in; it must be one that the importer administers.
fn place(q: &mut dyn Query, node: &Node, row: &Row, point: Option<Point>, out: &mut Problems) -> Result<Option<String>> {
    let found = match (row.cell("area"), point) {
        ("", Some(p)) => area::grid_at(q, p)?,
        ("", None) => None,
        (code, _) => area::by_code(q, code)?,
    };
    let Some(found) = found else {
        row.fail("area", if row.cell("area").is_empty() { "no-place" } else { "unknown" }, out);
        return Ok(None);
    };
    if !crate::base::party::admin::administers(node.who, &found.path) {
        row.fail("area", "outside", out);
    }
    Ok(Some(found.id))
}

/// Writes rows; gives how many were added and changed.
pub fn write(tx: &mut Tx, actor: Option<&str>, rows: &[New]) -> Result<(usize, usize)> {
    let now = tx.now();
    let (mut fresh, mut owners, mut changed) = (Vec::new(), Vec::new(), 0);
    for new in rows {
        let a = &new.asset;
        let (lat, lon) = a.point.map(|p| (p.lat, p.lon)).unzip();
        let cell = a.point.map(geo::cell);
        let id = if new.fresh { tx.id() } else { a.id.clone() };
        if new.fresh {
            fresh.push(params![&id, &a.code, &a.class, &a.name, &a.area, lat, lon, cell, &a.manager, now].to_vec());
        } else {
            changed += 1;
            tx.exec(
                "update asset set class = $2, name = $3, area = $4, lat = $5, lon = $6, cell = $7, manager = $8 where id = $1",
                params![&id, &a.class, &a.name, &a.area, lat, lon, cell, &a.manager],
            )?;
        }
        if let Some((owner, from)) = &new.owner {
            if !new.fresh {
                tx.exec("update asset_owner set to_at = $2 where asset = $1 and to_at is null", params![&id, *from])?;
            }
            owners.push(params![&id, owner, *from].to_vec());
        }
    }
    tx.insert_many("asset", &["id", "code", "class", "name", "area", "lat", "lon", "cell", "manager", "made_at"], &fresh)?;
    tx.insert_many("asset_owner", &["asset", "owner", "from_at"], &owners)?;
    let entry = Entry { actor, ..Entry::new("asset.import", "asset", "") };
    tx.log(entry.fact("added", fresh.len() as i64).fact("changed", changed as i64).fact("owners", owners.len() as i64))?;
    Ok((fresh.len(), changed))
}

/// A problem of the table as a whole: nothing of it can be read.
pub fn is_hopeless(problems: &[Problem]) -> bool {
    problems.iter().any(|p| matches!(p.code, "table-missing" | "column-missing"))
}
