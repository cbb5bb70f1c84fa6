//! Being somewhere: a look at a building or a thing, a visit to a home, or "I was here" for the residents.
//!
//! What must stay true: whoever was there says so himself, afterwards, when he likes; residents read only what was meant
//! for them, by day and not by the minute, and whoever said it can take it back; what was found is sealed.

use std::collections::HashMap;

use store::{Entry, Query, Row, Tx, params};

use super::rules::Trust;
use super::{care, works_at};
use crate::base::{area, asset};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// What for.
    Sort { Patrol = "patrol", Visit = "visit", Here = "here", }
    /// What was found.
    Found { Fine = "fine", Look = "look", Nobody = "nobody", Help = "help", }
}

/// Characters of a note.
const NOTE: usize = 1000;
/// Visits that a list shows.
const SHOWN: i64 = 50;

/// What somebody says about where he was.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the item")]
pub struct NewVisit {
    pub sort: Sort,
    pub building: Option<String>,
    /// Code of an asset.
    pub asset: Option<String>,
    /// A home of the visit list.
    pub care: Option<String>,
    pub found: Found,
    pub note: Option<String>,
    /// Residents of the building may know.
    pub shown: bool,
}

impl NewVisit {
    /// Reads `{building?, asset?, care?, found?, note?, shown?}`.
    pub fn parse(input: &Input, sort: Sort) -> Result<NewVisit> {
        let found = input.text("found", 20)?.map(|f| Found::parse(&f).ok_or_else(|| Kind::Unknown.at("found"))).transpose()?;
        let new = NewVisit {
            sort,
            building: input.text("building", 40)?,
            asset: input.text("asset", 40)?,
            care: input.text("care", 40)?,
            found: found.unwrap_or(Found::Fine),
            note: input.text("note", NOTE)?,
            shown: sort == Sort::Here || input.flag("shown"),
        };
        if new.building.is_none() && new.asset.is_none() && new.care.is_none() {
            return Err(Kind::Missing.at("building"));
        }
        Ok(new)
    }
}

/// Writes it under the id of its item.
pub fn record(tx: &mut Tx, who: &Who, id: &str, new: &NewVisit, (at, trust): (Ms, Trust)) -> Result<()> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let home = match &new.care {
        Some(id) => Some(care::by_id(tx, id)?.ok_or_else(|| Kind::Unknown.at("care"))?),
        None => None,
    };
    let thing = match &new.asset {
        Some(code) => Some(asset::by_code(tx, code)?.ok_or_else(|| Kind::Unknown.at("asset"))?),
        None => None,
    };
    let building = new.building.clone().or(home.as_ref().and_then(|h| h.building.clone()));
    let house = match &building {
        Some(id) => Some(area::building(tx, id)?.ok_or_else(|| Kind::Unknown.at("building"))?),
        None => None,
    };
    let area_id = house.as_ref().map(|h| &h.area).or(thing.as_ref().map(|t| &t.area)).or(home.as_ref().map(|h| &h.area));
    let place = area::by_id(tx, area_id.map_or("", String::as_str))?.ok_or_else(|| Kind::Unknown.at("building"))?;
    // Everything that is named lies where this person works: who names a house of his own beside the home of others does not get there.
    let named = [house.as_ref().map(|h| &h.area), thing.as_ref().map(|t| &t.area), home.as_ref().map(|h| &h.area)];
    for area in named.into_iter().flatten() {
        let here = area::by_id(tx, area)?.is_some_and(|a| works_at(who, &a.path));
        if !here {
            return Err(Kind::Denied.into());
        }
    }
    // What was found in a home is sealed with the home's key, and goes when that goes.
    let owner = home.as_ref().map_or(id, |h| &h.id);
    if home.is_none() && new.note.is_some() {
        tx.new_owner(owner)?;
    }
    let entry = Entry {
        actor: Some(person),
        role: who.role_over(&place.path).map(|r| r.kind.as_str()),
        area: Some(&place.id),
        owner: Some(owner),
        ..Entry::new("field.visit", "visit", id)
    };
    let entry = entry
        .fact("sort", new.sort.as_str())
        .fact("found", new.found.as_str())
        .fact("at", at)
        .fact("trust", trust.as_str())
        .fact_opt("building", building.as_deref())
        .fact_opt("asset", thing.as_ref().map(|t| t.id.as_str()));
    let logged = tx.log(entry.element("field.note", new.note.as_deref()))?;
    let sql = "insert into field_visit(id, kind, area, path, building, asset, care, person, found, at, shown, log_seq) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let shown = i64::from(new.shown && building.is_some() && new.care.is_none());
    let thing = thing.map(|t| t.id);
    tx.exec(
        sql,
        params![id, new.sort, &place.id, &place.path, &building, &thing, &new.care, person, new.found, at, shown, logged.index],
    )?;
    Ok(())
}

/// Takes back what residents may read, and the visit with it. Only whoever said it.
pub fn undo(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update field_visit set undone_at = $3, shown = 0 where id = $1 and person = $2 and undone_at is null";
    if tx.exec(sql, params![id, who.person.as_deref(), now])? != 1 {
        return Err(Kind::NotFound.into());
    }
    tx.log(Entry { actor: who.person.as_deref(), ..Entry::new("field.undo", "visit", id) })?;
    Ok(())
}

/// When anybody was last at the buildings (or, by `column`, the assets) of an area.
fn last(q: &mut dyn Query, path: &str, column: &str) -> store::Result<HashMap<String, Ms>> {
    let sql = format!(
        "select {column} thing, max(at) at from field_visit where path >= $1 and path < $2 and {column} is not null \
         and undone_at is null group by {column} limit 5000"
    );
    q.rows(&sql, params![path, area::end_of(path)])?.iter().map(|r| Ok((r.get("thing")?, r.get("at")?))).collect()
}

/// When anybody was last at each building.
pub fn last_at_buildings(q: &mut dyn Query, path: &str) -> store::Result<HashMap<String, Ms>> {
    last(q, path, "building")
}

/// When anybody was last at each asset.
pub fn last_at_assets(q: &mut dyn Query, path: &str) -> store::Result<HashMap<String, Ms>> {
    last(q, path, "asset")
}

/// When anybody was last at each home of the visit list.
pub fn last_at_homes(q: &mut dyn Query, path: &str) -> store::Result<HashMap<String, Ms>> {
    last(q, path, "care")
}

/// When somebody last said to the residents of a building that he was there, and who it was.
pub fn told(q: &mut dyn Query, building: &str) -> store::Result<Option<(Ms, String)>> {
    let sql =
        "select at, person from field_visit where building = $1 and shown = 1 and undone_at is null order by at desc limit 1";
    q.row(sql, params![building])?.map(|r| Ok((r.get("at")?, r.get("person")?))).transpose()
}

/// When somebody last said to the residents of an area that he was there: building and moment, newest first.
pub fn told_in(q: &mut dyn Query, path: &str) -> store::Result<HashMap<String, Ms>> {
    let sql = "select building, max(at) at from field_visit where path >= $1 and path < $2 and building is not null and shown = 1 \
               and undone_at is null group by building limit 5000";
    q.rows(sql, params![path, area::end_of(path)])?.iter().map(|r| Ok((r.get("building")?, r.get("at")?))).collect()
}

/// One of a person's own visits.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mine {
    pub id: String,
    pub sort: Sort,
    pub building: Option<String>,
    pub found: Found,
    pub at: Ms,
    pub shown: bool,
    pub trust: Trust,
}

/// What a person said himself, the newest first; for nobody else.
pub fn mine(q: &mut dyn Query, person: &str) -> store::Result<Vec<Mine>> {
    let sql = "select v.id, v.kind, v.building, v.found, v.at, v.shown, i.trust from field_visit v \
               join field_item i on i.id = v.id where v.person = $1 and v.undone_at is null order by v.at desc, v.id limit $2";
    let read = |r: &Row| {
        Ok(Mine {
            id: r.get("id")?,
            sort: r.get("kind")?,
            building: r.get("building")?,
            found: r.get("found")?,
            at: r.get("at")?,
            shown: r.get::<i64>("shown")? == 1,
            trust: r.get("trust")?,
        })
    };
    q.rows(sql, params![person, SHOWN])?.iter().map(read).collect()
}
