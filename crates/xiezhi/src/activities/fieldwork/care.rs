//! Homes that are visited (old people who live alone and others whom the committee knows), and what workers let residents
//! read about themselves.
//!
//! What must stay true: nobody is on the list without having agreed; name, door and phone are sealed under the key of the
//! entry and go with it; a worker's card holds his own words, exists only while he wants it, and says nothing about what
//! he did.

use store::{Entry, Query, Row, Tx, params};

use super::works_at;
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Result, RoleKind, Who};

names! {
    /// Why a home is visited. Tags of the register join them when there is one.
    Why { Alone = "alone", Old = "old", Ill = "ill", Disabled = "disabled", Child = "child", Other = "other", }
}

/// Homes of an area that are read at once.
pub const MOST: i64 = 200;

/// A home.
#[expect(missing_docs, reason = "the names say it")]
pub struct Home {
    pub id: String,
    pub area: String,
    pub path: String,
    pub building: Option<String>,
    pub why: Why,
    /// Days between two visits.
    pub every: i64,
    name: Option<Graded>,
    door: Option<Graded>,
    phone: Option<Graded>,
}

impl Home {
    /// Name, door and phone, as far as this reader may see them.
    pub fn shown(&self, look: &mut Look, relation: Relation) -> [Option<String>; 3] {
        [&self.name, &self.door, &self.phone].map(|v| v.as_ref().and_then(|v| look.at(v, relation)))
    }
}

const COLUMNS: &str = "id, area, path, building, why, every, name, door, phone";

fn home(q: &mut dyn Query, row: &Row) -> store::Result<Home> {
    let id: String = row.get("id")?;
    let mut graded = |column: &str, element: &'static str| -> store::Result<Option<Graded>> {
        let sealed: Option<Vec<u8>> = row.get(column)?;
        Ok(q.open_text(&id, sealed)?.map(|v| Graded::new(element, &id, v)))
    };
    let (name, door, phone) = (graded("name", "field.name")?, graded("door", "field.door")?, graded("phone", "field.phone")?);
    Ok(Home {
        area: row.get("area")?,
        path: row.get("path")?,
        building: row.get("building")?,
        why: row.get("why")?,
        every: row.get("every")?,
        name,
        door,
        phone,
        id,
    })
}

/// A home that is on the list.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Home>> {
    let row = q.row(&format!("select {COLUMNS} from field_care where id = $1 and ended_at is null"), params![id])?;
    row.map(|r| home(q, &r)).transpose()
}

/// The homes of an area.
pub fn of(q: &mut dyn Query, path: &str) -> store::Result<Vec<Home>> {
    let sql = format!(
        "select {COLUMNS} from field_care where path >= $1 and path < $2 and ended_at is null order by path, id limit {MOST}"
    );
    let rows = q.rows(&sql, params![path, area::end_of(path)])?;
    rows.iter().map(|r| home(q, r)).collect()
}

/// A home to be put on the list.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NewHome {
    pub building: String,
    pub name: String,
    pub door: Option<String>,
    pub phone: Option<String>,
    pub why: Why,
    pub every: i64,
}

impl NewHome {
    /// Reads `{building, name, door?, phone?, why?, every?, agreed}`.
    pub fn parse(input: &Input) -> Result<NewHome> {
        if !input.flag("agreed") {
            return Err(Kind::Missing.at("agreed"));
        }
        let why = input.text("why", 20)?.unwrap_or_else(|| "other".into());
        Ok(NewHome {
            building: input.need("building", 40)?,
            name: input.need("name", 60)?,
            door: input.text("door", 40)?,
            phone: input.text("phone", 30)?,
            why: Why::parse(&why).ok_or_else(|| Kind::Unknown.at("why"))?,
            every: input.int("every", 1, 365)?.unwrap_or(7),
        })
    }
}

/// Who keeps the list of a place: its grid worker and the desks over it.
fn may_keep(who: &Who, path: &str) -> bool {
    let walks = |r: &crate::kit::Role| r.kind == RoleKind::GridWorker && path.starts_with(&r.path);
    who.roles.iter().any(walks) || who.desk_over(path).is_some()
}

/// Puts a home on the list.
pub fn add(tx: &mut Tx, who: &Who, new: &NewHome) -> Result<String> {
    let house = area::building(tx, &new.building)?.ok_or_else(|| Kind::Unknown.at("building"))?;
    let place = area::by_id(tx, &house.area)?.ok_or_else(|| Kind::Unknown.at("building"))?;
    if !may_keep(who, &place.path) {
        return Err(Kind::Denied.into());
    }
    let counted = "select count(*) from field_care where path = $1 and ended_at is null";
    if tx.count(counted, params![&place.path])? >= MOST {
        return Err(Kind::TooMany.at("building").limit(MOST));
    }
    let (id, now) = (tx.id(), tx.now());
    tx.new_owner(&id)?;
    let name = tx.seal(&id, new.name.as_bytes())?;
    let (door, phone) = (tx.seal_text(&id, new.door.as_deref())?, tx.seal_text(&id, new.phone.as_deref())?);
    let sql = "insert into field_care(id, area, path, building, why, every, name, door, phone, made_by, made_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let by = who.person.as_deref();
    tx.exec(sql, params![&id, &place.id, &place.path, &new.building, new.why, new.every, name, door, phone, by, now])?;
    let entry = Entry { actor: by, area: Some(&place.id), owner: Some(&id), ..Entry::new("field.care", "care", &id) };
    tx.log(
        entry
            .fact("every", new.every)
            .fact("agreed", 1)
            .element("field.name", Some(new.name.as_str()))
            .element("field.door", new.door.as_deref())
            .element("field.phone", new.phone.as_deref()),
    )?;
    Ok(id)
}

/// Takes a home off the list; what was personal about it can never be read again.
pub fn end(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let home = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    if !works_at(who, &home.path) || !may_keep(who, &home.path) {
        return Err(Kind::Denied.into());
    }
    let now = tx.now();
    tx.exec(
        "update field_care set ended_at = $2, name = $3, door = null, phone = null where id = $1",
        params![id, now, Vec::<u8>::new()],
    )?;
    tx.destroy_key(id)?;
    let by = who.person.as_deref();
    tx.log(Entry { actor: by, area: Some(&home.area), ..Entry::new("field.care-end", "care", id) })?;
    Ok(())
}

/// What a worker lets residents read about himself; without words, nothing any more.
pub fn set_card(tx: &mut Tx, who: &Who, words: Option<&str>) -> Result<()> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if !who.roles.iter().any(|r| r.kind.walks()) {
        return Err(Kind::Denied.into());
    }
    tx.exec("delete from field_card where person = $1", params![person])?;
    if let Some(words) = words {
        let sealed = tx.seal(person, words.as_bytes())?;
        tx.exec("insert into field_card(person, name) values ($1, $2)", params![person, sealed])?;
    }
    let entry = Entry { actor: Some(person), owner: Some(person), ..Entry::new("field.card", "person", person) };
    tx.log(entry.fact("shown", i64::from(words.is_some())).element("field.card", words))?;
    Ok(())
}

/// Somebody's card.
pub fn card(q: &mut dyn Query, person: &str) -> store::Result<Option<Graded>> {
    let Some(row) = q.row("select name from field_card where person = $1", params![person])? else { return Ok(None) };
    let sealed: Vec<u8> = row.get("name")?;
    Ok(q.open_text(person, Some(sealed))?.map(|v| Graded::new("field.card", person, v)))
}

/// The people who walk a grid now.
pub fn walkers(q: &mut dyn Query, area: &str, now: Ms) -> store::Result<Vec<String>> {
    let sql = "select distinct person from role_of where area = $1 and kind = $2 and valid_from <= $3 and \
               (valid_to is null or valid_to > $3) order by person limit 20";
    let kind = RoleKind::GridWorker.as_str();
    q.rows(sql, params![area, kind, now])?.iter().map(|r| r.get("person")).collect()
}
