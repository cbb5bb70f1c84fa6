//! Assets (部件, GB/T 30428.2): lamps, manhole covers, benches, pipes: what each is, where it stands, who owns and who keeps it.
//!
//! What must stay true: an asset keeps its id for ever, its code is an attribute (16 digits after GB/T 30428, or a local
//! one); ownership has validity, so that it can be said who owned a thing when something happened to it; intervals of
//! ownership do not overlap. An import takes every good row and names every other; done twice it changes nothing.
//!
//! Log kinds written: `asset.import`.

/// Tables of assets.
pub mod import;
/// Pages.
pub mod web;

use calc::geo::{self, Point};
use store::{Query, Row, Tx, params};

use crate::kit::time::Ms;

/// Assets of a page.
pub const PAGE: usize = 50;
/// Widest search around a point, in metres.
pub const RADIUS: u32 = 500;
/// Assets that a search around a point looks at.
const AROUND: i64 = 5000;

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Id.
    pub id: String,
    /// Code of today.
    pub code: String,
    /// Class of the case catalogue.
    pub class: Option<String>,
    /// Name; may be empty.
    pub name: String,
    /// The grid (or the smallest area known) it stands in.
    pub area: String,
    /// Where.
    pub point: Option<Point>,
    /// Organisation that keeps it.
    pub manager: Option<String>,
}

const COLUMNS: &str = "id, code, class, name, area, lat, lon, manager";

fn asset(row: &Row) -> store::Result<Asset> {
    let (lat, lon) = (row.get::<Option<i32>>("lat")?, row.get::<Option<i32>>("lon")?);
    Ok(Asset {
        id: row.get("id")?,
        code: row.get("code")?,
        class: row.get("class")?,
        name: row.get("name")?,
        area: row.get("area")?,
        point: lat.zip(lon).map(|(lat, lon)| Point { lat, lon }),
        manager: row.get("manager")?,
    })
}

/// The asset with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Asset>> {
    q.row(&format!("select {COLUMNS} from asset where id = $1"), params![id])?.as_ref().map(asset).transpose()
}

/// The asset with this code.
pub fn by_code(q: &mut dyn Query, code: &str) -> store::Result<Option<Asset>> {
    q.row(&format!("select {COLUMNS} from asset where code = $1"), params![code])?.as_ref().map(asset).transpose()
}

/// Who owned an asset at a moment.
pub fn owner_at(q: &mut dyn Query, id: &str, at: Ms) -> store::Result<Option<String>> {
    let sql = "select owner from asset_owner where asset = $1 and from_at <= $2 and (to_at is null or to_at > $2)";
    q.row(sql, params![id, at])?.map(|r| r.get("owner")).transpose()
}

/// Owners one after the other: owner, from, to.
pub fn owners(q: &mut dyn Query, id: &str) -> store::Result<Vec<(String, Ms, Option<Ms>)>> {
    let sql = "select owner, from_at, to_at from asset_owner where asset = $1 order by from_at";
    q.rows(sql, params![id])?.iter().map(|r| Ok((r.get("owner")?, r.get("from_at")?, r.get("to_at")?))).collect()
}

/// Moves assets out of grids that ended: into the new one they lie in, else into the community. Gives how many.
pub fn rehome(tx: &mut Tx, ended: &[String], outlines: &[(String, Vec<Point>)], community: &str) -> store::Result<usize> {
    let mut moved = 0;
    for old in ended {
        for row in tx.rows(&format!("select {COLUMNS} from asset where area = $1"), params![old])? {
            let found = asset(&row)?;
            let home = found.point.and_then(|p| outlines.iter().find(|(_, ring)| geo::contains(ring, p)));
            let home = home.map_or(community, |(id, _)| id);
            tx.exec("update asset set area = $2 where id = $1", params![&found.id, home])?;
            moved += 1;
        }
    }
    Ok(moved)
}

/// Assets within a number of metres of a point, the nearest first, with their distances.
pub fn near(q: &mut dyn Query, p: Point, metres: u32, class: Option<&str>) -> store::Result<Vec<(Asset, u32)>> {
    let mut out = Vec::new();
    for cell in geo::cells(p, metres.min(RADIUS)) {
        let sql = format!("select {COLUMNS} from asset where cell = $1 limit $2");
        for row in q.rows(&sql, params![cell, AROUND])? {
            let found = asset(&row)?;
            let far = found.point.map_or(u32::MAX, |at| geo::distance_m(at, p));
            if far <= metres && class.is_none_or(|c| found.class.as_deref() == Some(c)) {
                out.push((found, far));
            }
        }
    }
    out.sort_by(|a, b| (a.1, &a.0.code).cmp(&(b.1, &b.0.code)));
    out.truncate(PAGE);
    Ok(out)
}

/// Assets by the beginning of their code and by class, in the order of codes, after a code.
pub fn find(q: &mut dyn Query, prefix: &str, class: Option<&str>, after: &str, limit: usize) -> store::Result<Vec<Asset>> {
    let end = format!("{prefix}~");
    let from = if after.is_empty() { prefix } else { after };
    let rows = match class {
        Some(class) => {
            let sql = format!(
                "select {COLUMNS} from asset where class = $1 and code >= $2 and code < $3 and code > $4 order by code limit $5"
            );
            q.rows(&sql, params![class, from, end, after, limit])?
        }
        None => {
            let sql = format!("select {COLUMNS} from asset where code >= $1 and code < $2 and code > $3 order by code limit $4");
            q.rows(&sql, params![from, end, after, limit])?
        }
    };
    rows.iter().map(asset).collect()
}
