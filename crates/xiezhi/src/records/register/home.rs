//! Homes and households.
//!
//! What must stay true: a door of a building is one home, however it was spelt; a household has the size of its people who
//! are counted, and ends with the last of them.

use store::{Entry, Query, Row, Tx, params};

use super::count;
use super::rules::may_keep;
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::{Result, Who};

names! {
    /// What a home is used for.
    Purpose { Own = "own", Rented = "rented", Group = "group", Shop = "shop", Empty = "empty", Unknown = "unknown", }
    /// Kinds of household (GB/T 17538): a family, or people who share a dormitory.
    HouseholdKind { Family = "family", Group = "group", }
}

/// Most characters of a door.
pub const DOOR: usize = 40;
/// Homes of a building, households of a home, people of a household that are read at once.
pub const MOST: i64 = 500;

/// Where something belongs.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Spot {
    /// The grid, or the smallest area that is known.
    pub area: String,
    pub path: String,
    /// Its community, or the same area where there is none.
    pub community: String,
}

/// A home.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Dwelling {
    pub id: String,
    /// The building, or the area where none is known.
    pub place: String,
    pub door: String,
    pub spot: Spot,
    pub purpose: Purpose,
}

/// People who keep house together.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Household {
    pub id: String,
    pub dwelling: String,
    pub size: i64,
}

const COLUMNS: &str = "id, place, door, area, path, community, purpose";

fn dwelling(row: &Row) -> store::Result<Dwelling> {
    Ok(Dwelling {
        id: row.get("id")?,
        place: row.get("place")?,
        door: row.get("door")?,
        spot: Spot { area: row.get("area")?, path: row.get("path")?, community: row.get("community")? },
        purpose: row.get("purpose")?,
    })
}

/// A home.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Dwelling>> {
    q.row(&format!("select {COLUMNS} from dwelling where id = $1"), params![id])?.as_ref().map(dwelling).transpose()
}

/// The home behind a door, if there is one.
pub fn at(q: &mut dyn Query, place: &str, door: &str) -> store::Result<Option<Dwelling>> {
    let sql = format!("select {COLUMNS} from dwelling where place = $1 and door = $2");
    q.row(&sql, params![place, door])?.as_ref().map(dwelling).transpose()
}

/// The homes of a building, in the order of their doors.
pub fn of_place(q: &mut dyn Query, place: &str) -> store::Result<Vec<Dwelling>> {
    let sql = format!("select {COLUMNS} from dwelling where place = $1 order by door limit {MOST}");
    let mut all: Vec<Dwelling> = q.rows(&sql, params![place])?.iter().map(dwelling).collect::<store::Result<_>>()?;
    all.sort_by_cached_key(|d| by_number(&d.door));
    Ok(all)
}

/// What names with numbers are ordered by: 2 before 10.
pub fn by_number(name: &str) -> (Vec<u64>, String) {
    let parts = name.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty());
    (parts.map(|p| p.parse().unwrap_or(u64::MAX)).collect(), name.to_owned())
}

/// Where a building, or an area, belongs.
pub fn spot_of(q: &mut dyn Query, place: &str) -> store::Result<Option<Spot>> {
    let area_id = match area::building(q, place)? {
        Some(building) => building.area,
        None => place.to_owned(),
    };
    let line = area::line(q, &area_id)?;
    let Some(own) = line.first() else { return Ok(None) };
    let community = line.iter().find(|a| a.kind == "community").unwrap_or(own);
    Ok(Some(Spot { area: own.id.clone(), path: own.path.clone(), community: community.id.clone() }))
}

/// The home behind a door of a place, made when it is new. `door` is in its one spelling.
pub(super) fn ensure(tx: &mut Tx, who: &Who, place: &str, door: &str, purpose: Option<Purpose>) -> Result<Dwelling> {
    if let Some(known) = at(tx, place, door)? {
        return Ok(known);
    }
    let spot = spot_of(tx, place)?.ok_or_else(|| Kind::Unknown.at("place"))?;
    if !may_keep(who, &spot.path) {
        return Err(Kind::Denied.into());
    }
    let (id, now) = (tx.id(), tx.now());
    let purpose = purpose.unwrap_or(Purpose::Unknown);
    let sql =
        "insert into dwelling(id, place, door, area, path, community, purpose, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(sql, params![&id, place, door, &spot.area, &spot.path, &spot.community, purpose, now])?;
    count::all(tx, &spot.path, &count::of_home(purpose.as_str()), 1);
    let entry = Entry { actor: who.actor(), area: Some(&spot.area), ..Entry::new("register.home", "dwelling", &id) };
    tx.log(entry.fact("purpose", purpose.as_str()))?;
    Ok(Dwelling { id, place: place.to_owned(), door: door.to_owned(), spot, purpose })
}

/// Says what a home is used for.
pub fn set_purpose(tx: &mut Tx, who: &Who, id: &str, purpose: Purpose) -> Result<()> {
    let home = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    if !may_keep(who, &home.spot.path) {
        return Err(Kind::Denied.into());
    }
    if home.purpose == purpose {
        return Ok(());
    }
    tx.exec("update dwelling set purpose = $2 where id = $1", params![id, purpose])?;
    count::all(tx, &home.spot.path, &count::of_home(home.purpose.as_str()), -1);
    count::all(tx, &home.spot.path, &count::of_home(purpose.as_str()), 1);
    let entry = Entry { actor: who.actor(), area: Some(&home.spot.area), ..Entry::new("register.home-use", "dwelling", id) };
    tx.log(entry.fact("purpose", purpose.as_str()))?;
    Ok(())
}

/// A household.
pub fn household(q: &mut dyn Query, id: &str) -> store::Result<Option<Household>> {
    let sql = "select id, dwelling, size from household where id = $1 and ended_at is null";
    q.row(sql, params![id])?.as_ref().map(read_household).transpose()
}

fn read_household(row: &Row) -> store::Result<Household> {
    Ok(Household { id: row.get("id")?, dwelling: row.get("dwelling")?, size: row.get("size")? })
}

/// The households of a home, the oldest first.
pub fn households(q: &mut dyn Query, dwelling: &str) -> store::Result<Vec<Household>> {
    let sql = format!(
        "select id, dwelling, size from household where dwelling = $1 and ended_at is null \
         order by made_at, id limit {MOST}"
    );
    q.rows(&sql, params![dwelling])?.iter().map(read_household).collect()
}

/// A new household of a home. The caller logs.
pub(super) fn found(tx: &mut Tx, home: &Dwelling, kind: HouseholdKind) -> Result<String> {
    let (id, now) = (tx.id(), tx.now());
    let sql = "insert into household(id, dwelling, area, path, kind, size, made_at) values ($1, $2, $3, $4, $5, 0, $6)";
    tx.exec(sql, params![&id, &home.id, &home.spot.area, &home.spot.path, kind, now])?;
    Ok(id)
}

/// One more, or one less, in a household; it ends when nobody is left, and lives again when somebody comes back.
pub(super) fn resize(tx: &mut Tx, id: &str, by: i64) -> Result<()> {
    let row =
        tx.row("select size, path from household where id = $1", params![id])?.ok_or_else(|| Kind::Unknown.at("household"))?;
    let (size, path): (i64, String) = (row.get("size")?, row.get("path")?);
    let (new, now) = (size + by, tx.now());
    count::all(tx, &path, &count::of_household(size), -1);
    count::all(tx, &path, &count::of_household(new), 1);
    let ended = (new == 0).then_some(now);
    tx.exec("update household set size = $2, ended_at = $3 where id = $1", params![id, new, ended])?;
    Ok(())
}
