//! Areas: the division tree from nation to community, grids beneath, buildings.
//!
//! What must stay true: an area keeps its id for ever; code, name and parent are attributes with a past. `path` is the
//! path of the parent plus the area's own number, so that "this area and everything beneath it" is one index range and
//! "does this role cover that place" is one prefix comparison. A place is never refused for lying outside.
//!
//! Log kinds written: `area.import`, `area.add`, `area.buildings`, `area.recut-draft`, `area.recut-enable`, `area.recut`.

/// Reading division lists.
pub mod import;
/// Names that are kept.
pub mod names;
/// Cutting grids anew.
pub mod recut;
/// Pages and data about areas.
pub mod web;

use calc::geo::datum::Datum;
use calc::geo::{self, Point};
use store::{Entry, Query, Row, Tx, params};

use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{self, Ms};
use crate::kit::{Result, Who};

row! {
    /// An area as it is now.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Area {
        /// Stable id.
        pub id: String,
        /// `nation province city county street community grid`.
        pub kind: String,
        /// Code of today.
        pub code: String,
        /// Name of today.
        pub name: String,
        /// Area above.
        pub parent: Option<String>,
        /// Prefix of the paths of everything beneath.
        pub path: String,
    }
}

/// A building.
#[derive(Clone, Debug)]
pub struct Building {
    /// Id.
    pub id: String,
    /// The grid (or community) it stands in.
    pub area: String,
    /// Name, like 3 栋.
    pub name: String,
    /// Address from large to small.
    pub address: String,
    /// Where it stands.
    pub point: Option<Point>,
}

/// The area with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Area>> {
    q.row(&format!("select {COLUMNS} from area where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// The areas with these ids, in no order.
pub fn by_ids<'a>(q: &mut dyn Query, ids: impl Iterator<Item = &'a String>) -> store::Result<Vec<Area>> {
    /// Always as many parameters, so that one prepared statement serves every number of them.
    const EACH: usize = 100;
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!("select {COLUMNS} from area where id in ({})", marks.join(","));
    let ids: Vec<&String> = ids.collect();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(EACH) {
        let params: Vec<store::Value> = (0..EACH).map(|i| some.get(i).unwrap_or(&some[0]).as_str().into()).collect();
        for row in q.rows(&sql, &params)? {
            found.push(read(&row)?);
        }
    }
    Ok(found)
}

/// Whether an area exists no more.
pub fn has_ended(q: &mut dyn Query, id: &str) -> store::Result<bool> {
    Ok(q.count("select count(*) from area where id = $1 and valid_to is not null", params![id])? > 0)
}

/// The area that bears this code now, or bore it before. `code@2026-03-09` is the area that bore it on that day: grids may
/// be cut anew under the same code.
pub fn by_code(q: &mut dyn Query, code: &str) -> store::Result<Option<Area>> {
    if let Some((code, day)) = code.split_once('@') {
        return on_day(q, code, day);
    }
    let now = q.row(&format!("select {COLUMNS} from area where code = $1 and valid_to is null"), params![code])?;
    if let Some(row) = now {
        return read(&row).map(Some);
    }
    let past = q.row("select area from area_past where code = $1 order by valid_to desc limit 1", params![code])?;
    if let Some(row) = past {
        return by_id(q, &row.get::<String>("area")?);
    }
    // One that has ended is still read: cases of its time lie in it.
    let ended = format!("select {COLUMNS} from area where code = $1 and code <> '' order by valid_to desc limit 1");
    q.row(&ended, params![code])?.as_ref().map(read).transpose()
}

/// The area that bore a code on a local day: noon UTC lies in it in every zone of the world but the outermost.
fn on_day(q: &mut dyn Query, code: &str, day: &str) -> store::Result<Option<Area>> {
    let Some(at) = time::parse(&format!("{day}T12:00:00Z")) else { return Ok(None) };
    let sql = format!(
        "select {COLUMNS} from area where code = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2) order by valid_from desc limit 1"
    );
    q.row(&sql, params![code, at])?.as_ref().map(read).transpose()
}

/// The areas directly beneath at a moment, in the order of their codes.
pub fn children_at(q: &mut dyn Query, parent: &str, at: Ms) -> store::Result<Vec<Area>> {
    let sql = format!(
        "select {COLUMNS} from area where parent = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2) order by code limit 2000"
    );
    q.rows(&sql, params![parent, at])?.iter().map(read).collect()
}

/// The area above all others.
pub fn top(q: &mut dyn Query) -> store::Result<Option<Area>> {
    q.row(&format!("select {COLUMNS} from area where parent is null and valid_to is null order by path limit 1"), &[])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The areas directly beneath, in the order of their codes.
pub fn children(q: &mut dyn Query, parent: &str) -> store::Result<Vec<Area>> {
    let sql = format!("select {COLUMNS} from area where parent = $1 and valid_to is null order by code limit 2000");
    q.rows(&sql, params![parent])?.iter().map(read).collect()
}

/// The area and all above it, nearest first.
pub fn line(q: &mut dyn Query, id: &str) -> store::Result<Vec<Area>> {
    let mut out = Vec::new();
    let mut next = Some(id.to_owned());
    while let Some(id) = next.take().filter(|_| out.len() < 12) {
        if let Some(area) = by_id(q, &id)? {
            next.clone_from(&area.parent);
            out.push(area);
        }
    }
    Ok(out)
}

/// Areas of a kind beneath a path.
pub fn beneath(q: &mut dyn Query, path: &str, kind: &str) -> store::Result<Vec<Area>> {
    let sql = format!(
        "select {COLUMNS} from area where path >= $1 and path < $2 and kind = $3 and valid_to is null order by code limit 2000"
    );
    q.rows(&sql, params![path, end_of(path), kind])?.iter().map(read).collect()
}

/// The place that a desk begins something for: its own, or the one with this code beneath it.
pub fn of_desk(q: &mut dyn Query, who: &Who, code: &str) -> Result<Area> {
    let own = who.nearest_desk().ok_or(Kind::Denied)?;
    let place = if code.is_empty() { by_id(q, &own.area)? } else { by_code(q, code)? };
    let place = place.ok_or_else(|| Kind::Unknown.at("area"))?;
    who.desk_over(&place.path).ok_or(Kind::Denied)?;
    Ok(place)
}

/// Condition on the column `path`: what is at the place `$1`, beneath it, or above it and so for it, too. `$2` is [`end_of`] it.
pub const AROUND: &str = "((path >= $1 and path < $2) or substr($1, 1, length(path)) = path)";

/// Path of the place that a list is about: the one it names (`area`), the visitor's community, a desk's own; or everything.
pub fn around(req: &crate::kit::Req, q: &mut dyn Query) -> Result<String> {
    match req.query.get("area").or(req.community.as_ref().map(|(code, _)| code.as_str())) {
        Some(code) => Ok(by_code(q, code)?.ok_or_else(|| Kind::Unknown.at("area"))?.path),
        None => Ok(req.who.widest_desk().map(|d| d.path.clone()).unwrap_or_default()),
    }
}

/// The place that a form is about: the one it names, the visitor's community, the one he lives or works in; for whoever works above communities, that place.
pub fn named(req: &crate::kit::Req, q: &mut dyn Query, code: Option<&str>) -> Result<Area> {
    let named = code.or(req.query.get("area")).or(req.community.as_ref().map(|(code, _)| code.as_str()));
    let found = match named {
        Some(code) => by_code(q, code)?,
        None => {
            let role = req.who.roles.iter().max_by_key(|r| r.path.len()).ok_or_else(|| Kind::Missing.at("area"))?;
            match community_of(q, &role.area)? {
                Some(found) => Some(found),
                None => by_id(q, &role.area)?,
            }
        }
    };
    found.ok_or_else(|| Kind::Unknown.at("area"))
}

/// First path after a subtree: `'0'` follows `'/'`.
pub fn end_of(path: &str) -> String {
    format!("{}0", path.trim_end_matches('/'))
}

/// The communities that have a desk of their own: what a visitor may choose from.
pub fn communities(q: &mut dyn Query) -> store::Result<Vec<Area>> {
    let sql = "select distinct a.id, a.kind, a.code, a.name, a.parent, a.path from area a join body b on b.area = a.id \
               where a.kind = 'community' and a.valid_to is null and b.valid_to is null order by a.code limit 300";
    q.rows(sql, &[])?.iter().map(read).collect()
}

/// The community an area lies in (itself, or one above).
pub fn community_of(q: &mut dyn Query, id: &str) -> store::Result<Option<Area>> {
    Ok(line(q, id)?.into_iter().find(|a| a.kind == "community"))
}

/// A building by id.
pub fn building(q: &mut dyn Query, id: &str) -> store::Result<Option<Building>> {
    q.row("select id, area, name, address, lat, lon from building where id = $1", params![id])?
        .as_ref()
        .map(read_building)
        .transpose()
}

/// Buildings of an area and everything beneath it.
pub fn buildings(q: &mut dyn Query, path: &str) -> store::Result<Vec<Building>> {
    let sql = "select b.id, b.area, b.name, b.address, b.lat, b.lon from building b join area a on a.id = b.area \
               where a.path >= $1 and a.path < $2 order by a.path, b.id limit 2000";
    q.rows(sql, params![path, end_of(path)])?.iter().map(read_building).collect()
}

fn read_building(row: &Row) -> store::Result<Building> {
    let point = match (row.get::<Option<i32>>("lat")?, row.get::<Option<i32>>("lon")?) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }),
        _ => None,
    };
    Ok(Building { id: row.get("id")?, area: row.get("area")?, name: row.get("name")?, address: row.get("address")?, point })
}

/// The grid a point lies in. Grids whose box holds the point are few; the outline decides.
pub fn grid_at(q: &mut dyn Query, p: Point) -> store::Result<Option<Area>> {
    let sql = "select s.area, s.ring from area_shape s join area a on a.id = s.area where s.min_lat <= $1 and s.max_lat >= $1 and s.min_lon <= $2 \
         and s.max_lon >= $2 and a.kind = 'grid' and a.valid_to is null limit 50";
    for row in q.rows(sql, params![p.lat, p.lon])? {
        if geo::contains(&ring(&row.get::<String>("ring")?), p) {
            return by_id(q, &row.get::<String>("area")?);
        }
    }
    Ok(None)
}

/// Outlines of the grids beneath a path.
pub fn outlines(q: &mut dyn Query, path: &str) -> store::Result<Vec<(Area, Vec<Point>)>> {
    let sql = "select a.id, a.kind, a.code, a.name, a.parent, a.path, s.ring from area_shape s join area a on a.id = s.area \
               where a.path >= $1 and a.path < $2 and a.valid_to is null order by a.path limit 500";
    let rows = q.rows(sql, params![path, end_of(path)])?;
    rows.iter().map(|r| Ok((read(r)?, ring(&r.get::<String>("ring")?)))).collect()
}

/// The datum that somebody names for what he sends in; ours without a name.
pub fn datum(named: Option<&str>) -> Result<Datum> {
    match named.map(str::trim).filter(|n| !n.is_empty()) {
        Some(name) => Datum::parse(name).ok_or_else(|| Kind::Unknown.at("datum")),
        None => Ok(Datum::Wgs84),
    }
}

fn ring(json: &str) -> Vec<Point> {
    let pairs: Vec<[i32; 2]> = serde_json::from_str(json).unwrap_or_default();
    pairs.into_iter().map(|[lat, lon]| Point { lat, lon }).collect()
}

/// A new area.
pub struct NewArea<'a> {
    /// Kind.
    pub kind: &'a str,
    /// Code; empty when it has none.
    pub code: &'a str,
    /// Name.
    pub name: &'a str,
    /// Area above.
    pub parent: Option<&'a Area>,
    /// Outline.
    pub ring: &'a [Point],
}

/// Adds one area.
pub fn add(tx: &mut Tx, new: &NewArea) -> Result<Area> {
    let num = tx.count("select max(num) from area", &[])? + 1;
    let above = new.parent.map_or("/", |p| &p.path);
    let made = Area {
        id: tx.id(),
        kind: new.kind.into(),
        code: new.code.into(),
        name: new.name.into(),
        parent: new.parent.map(|p| p.id.clone()),
        path: format!("{above}{}/", base36(num as u64)),
    };
    let now = tx.now();
    tx.exec(
        "insert into area(id, num, kind, code, name, parent, path, valid_from) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![&made.id, num, &made.kind, &made.code, &made.name, &made.parent, &made.path, now],
    )?;
    if !new.ring.is_empty() {
        let (lo, hi) = geo::bbox(new.ring);
        let json = serde_json::to_string(&new.ring.iter().map(|p| [p.lat, p.lon]).collect::<Vec<_>>()).unwrap_or_default();
        tx.exec(
            "insert into area_shape(area, ring, min_lat, max_lat, min_lon, max_lon) values ($1, $2, $3, $4, $5, $6)",
            params![&made.id, json, lo.lat, hi.lat, lo.lon, hi.lon],
        )?;
    }
    changed(tx)?;
    tx.log(
        Entry { area: Some(&made.id), ..Entry::new("area.add", "area", &made.id) }
            .fact("kind", new.kind)
            .fact("code", new.code)
            .fact("name", new.name),
    )?;
    Ok(made)
}

/// A new building.
pub struct NewBuilding<'a> {
    /// The grid (or community) it stands in.
    pub area: &'a str,
    /// Name, like 3 栋.
    pub name: &'a str,
    /// Address from large to small.
    pub address: &'a str,
    /// Where it stands.
    pub point: Option<Point>,
    /// Storeys.
    pub floors: i64,
    /// Homes.
    pub homes: i64,
}

/// Adds buildings; returns their ids in the same order. The caller logs why.
pub fn add_buildings(tx: &mut Tx, new: &[NewBuilding]) -> store::Result<Vec<String>> {
    let ids: Vec<String> = new.iter().map(|_| tx.id()).collect();
    let row = |(b, id): (&NewBuilding, &String)| {
        let (lat, lon) = b.point.map(|p| (p.lat, p.lon)).unzip();
        params![id, b.area, b.name, b.address, lat, lon, b.floors, b.homes].to_vec()
    };
    let rows: Vec<_> = new.iter().zip(&ids).map(row).collect();
    tx.insert_many("building", &["id", "area", "name", "address", "lat", "lon", "floors", "homes"], &rows)?;
    changed(tx)?;
    if let Some(first) = new.first() {
        tx.log(
            Entry { area: Some(first.area), ..Entry::new("area.buildings", "area", first.area) }.fact("count", new.len() as i64),
        )?;
    }
    Ok(ids)
}

/// A number that changes whenever areas, buildings or organisations do, so that what was looked up about them can be
/// kept: one cheap read tells whether it still holds, also when another process made the change.
pub fn version(q: &mut dyn Query) -> store::Result<i64> {
    q.count("select n from structure where id = 1", &[])
}

/// Says that areas, buildings, organisations, the catalogue or the calendar have changed.
pub(crate) fn changed(tx: &mut Tx) -> store::Result<()> {
    tx.exec("insert into structure(id, n) values (1, 1) on conflict(id) do update set n = structure.n + 1", &[]).map(drop)
}

/// A number in base 36, shortest form.
pub fn base36(mut n: u64) -> String {
    let mut out = Vec::new();
    loop {
        out.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(n % 36) as usize]);
        n /= 36;
        if n == 0 {
            break;
        }
    }
    out.reverse();
    String::from_utf8(out).unwrap_or_default()
}
