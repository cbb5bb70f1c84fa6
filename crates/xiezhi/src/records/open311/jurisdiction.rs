//! Jurisdictions: names under which partner systems know our areas. Without any, the whole node is one.

use store::{Entry, Query, Tx, params};

use super::fault::Fault;
use crate::base::area::Area;
use crate::kit::Result;
use crate::kit::error::Kind;

/// Jurisdictions of one node.
const MOST: i64 = 500;

/// An area under the name that partners use.
#[derive(Clone, Debug)]
pub struct Jurisdiction {
    /// `jurisdiction_id`.
    pub id: String,
    /// Id of the area.
    pub area: String,
    /// Its path.
    pub path: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// All that are in use.
pub fn all(q: &mut dyn Query) -> store::Result<Vec<Jurisdiction>> {
    let sql = "select j.id, j.area, a.path, a.code, a.name from open311_jurisdiction j join area a on a.id = j.area \
               where j.ended_at is null order by j.id limit $1";
    let read = |r: &store::Row| {
        Ok(Jurisdiction {
            id: r.get("id")?,
            area: r.get("area")?,
            path: r.get("path")?,
            code: r.get("code")?,
            name: r.get("name")?,
        })
    };
    q.rows(sql, params![MOST])?.iter().map(read).collect()
}

/// The one that is meant: it must be named only where there are several, but a wrong name is wrong anywhere.
pub fn choose(all: Vec<Jurisdiction>, named: Option<&str>) -> std::result::Result<Option<Jurisdiction>, Fault> {
    match named {
        Some(id) => all.into_iter().find(|j| j.id == id).map(Some).ok_or_else(|| Fault::unknown("jurisdiction-unknown", id)),
        None if all.len() > 1 => Err(Fault::bad("jurisdiction-missing", "jurisdiction_id")),
        None => Ok(all.into_iter().next()),
    }
}

/// Gives an area a name; a name that was used before comes back, for this area.
pub fn add(tx: &mut Tx, actor: &str, id: &str, place: &Area) -> Result<()> {
    if !super::is_id(id) {
        return Err(Kind::WrongType.at("id"));
    }
    if tx.count("select count(*) from open311_jurisdiction where id = $1 and ended_at is null", params![id])? > 0 {
        return Err(Kind::Taken.at("id"));
    }
    if tx.count("select count(*) from open311_jurisdiction", &[])? >= MOST {
        return Err(crate::kit::Error::from(Kind::TooMany).limit(MOST));
    }
    let sql = "insert into open311_jurisdiction(id, area) values ($1, $2) \
               on conflict(id) do update set area = excluded.area, ended_at = null";
    tx.exec(sql, params![id, &place.id])?;
    tx.log(Entry {
        actor: Some(actor),
        area: Some(&place.id),
        ..Entry::new("open311.jurisdiction", "open311-jurisdiction", id)
    })?;
    Ok(())
}

/// Ends a name.
pub fn end(tx: &mut Tx, actor: &str, id: &str) -> Result<()> {
    let now = tx.now();
    if tx.exec("update open311_jurisdiction set ended_at = $2 where id = $1 and ended_at is null", params![id, now])? == 0 {
        return Err(Kind::NotFound.into());
    }
    tx.log(Entry { actor: Some(actor), ..Entry::new("open311.jurisdiction-end", "open311-jurisdiction", id) })?;
    Ok(())
}
