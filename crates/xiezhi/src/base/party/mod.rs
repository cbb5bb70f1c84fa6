//! Parties: people, organisations of every kind, the roles that join them to areas, and sign-in.
//!
//! What must stay true: a role is kind × area (and all beneath) × validity, looked up anew at every request, so a removed
//! worker loses access at once; passwords are argon2id; a session is a random token kept only as its SHA-256; a person's
//! name and phone are sealed; nobody's presence or number of sign-ins is counted anywhere (the law forbids it).
//!
//! Log kinds written: `party.body`, `party.person`, `party.role`, `party.session`, `party.session-end`, `party.password`, `party.reset`, `party.stop`,
//! `party.card`, `party.card-end`, `party.trust`, `party.trust-join`, `party.trust-end`, `party.trust-act`.

/// People and organisations, for the administrator.
pub mod admin;
/// Household cards.
pub mod card;
/// Organisations by area, in memory.
pub mod chart;
/// What a browser says it is, in short words.
mod device;
/// Whose number it is.
pub mod phone;
/// A new password for whoever forgot his.
pub mod reset;
/// Passwords and sessions.
pub mod session;
/// Whether an organisation may take on something new.
pub mod standing;
/// Who may act for whom.
pub mod trust;
/// Pages of sign-in, set-up and one's own things.
pub mod web;

use calc::codes;
pub use chart::Chart;
use store::{Entry, Query, Tx, params};

use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Result, Role, RoleKind, Who};

/// An organisation; public information.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Id.
    pub id: String,
    /// The role kind its members have.
    pub kind: RoleKind,
    /// Name.
    pub name: String,
    /// Area it works for.
    pub area: String,
    /// Public phone.
    pub phone: Option<String>,
}

fn body(row: &store::Row) -> store::Result<Body> {
    let kind: String = row.get("kind")?;
    Ok(Body {
        id: row.get("id")?,
        kind: kind.parse().unwrap_or(RoleKind::Department),
        name: row.get("name")?,
        area: row.get("area")?,
        phone: row.get("phone")?,
    })
}

/// The organisation with this id.
pub fn body_by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Body>> {
    q.row("select id, kind, name, area, phone from body where id = $1", params![id])?.as_ref().map(body).transpose()
}

/// The organisations that serve an area: its own, and those of the areas above it; nearest first.
pub fn bodies_for(q: &mut dyn Query, area_id: &str) -> store::Result<Vec<Body>> {
    let mut out = Vec::new();
    for a in area::line(q, area_id)? {
        let rows = q.rows(
            "select id, kind, name, area, phone from body where area = $1 and valid_to is null order by kind, name",
            params![a.id],
        )?;
        for row in &rows {
            out.push(body(row)?);
        }
    }
    Ok(out)
}

/// The desk that answers for an area: its own, else the nearest above, else the node's default desk.
pub fn desk_of(q: &mut dyn Query, area_id: &str) -> store::Result<Body> {
    let near = bodies_for(q, area_id)?.into_iter().find(|b| b.kind.is_desk());
    match near {
        Some(desk) => Ok(desk),
        None => default_desk(q),
    }
}

/// The desk that takes what has no other: set at first start.
pub fn default_desk(q: &mut dyn Query) -> store::Result<Body> {
    let id = setting(q, "desk.default")?.unwrap_or_default();
    body_by_id(q, &id)?.ok_or_else(|| store::Error::Corrupt("the node has no default desk".into()))
}

/// A setting of the node.
pub fn setting(q: &mut dyn Query, name: &str) -> store::Result<Option<String>> {
    q.row("select value from setting where name = $1", params![name])?.map(|r| r.get("value")).transpose()
}

/// Changes a setting; the caller logs why.
pub fn set(tx: &mut Tx, name: &str, value: &str) -> store::Result<()> {
    let sql = "insert into setting(name, value) values ($1, $2) on conflict(name) do update set value = excluded.value";
    tx.exec(sql, params![name, value]).map(drop)
}

/// Whether [`first_start`] was done.
pub fn was_started(q: &mut impl Query) -> Result<bool> {
    Ok(setting(q, "desk.default")?.is_some())
}

/// At the first start of a node: the top area and a desk, so that a report has a holder from the first minute.
pub fn first_start(tx: &mut Tx) -> Result<()> {
    if was_started(tx)? {
        return Ok(());
    }
    area::import::apply(tx, Vec::new())?;
    let top = tx.row("select id from area where kind = 'nation'", &[])?.map(|r| r.get::<String>("id")).transpose()?;
    let desk = add_body(tx, RoleKind::Operator, "值班台", top.as_deref().unwrap_or_default(), None)?;
    set(tx, "desk.default", &desk.id)?;
    Ok(())
}

/// Adds an organisation.
pub fn add_body(tx: &mut Tx, kind: RoleKind, name: &str, area: &str, phone: Option<&str>) -> Result<Body> {
    let id = tx.id();
    let sql = "insert into body(id, kind, name, area, phone) values ($1, $2, $3, $4, $5)";
    tx.exec(sql, params![&id, kind.as_str(), name, area, phone])?;
    area::changed(tx)?;
    tx.log(Entry { area: Some(area), ..Entry::new("party.body", "body", &id) }.fact("kind", kind.as_str()).fact("name", name))?;
    Ok(Body { id, kind, name: name.into(), area: area.into(), phone: phone.map(Into::into) })
}

/// A new person with an account.
pub struct NewPerson<'a> {
    /// Name.
    pub name: &'a str,
    /// Phone.
    pub phone: Option<&'a str>,
    /// Home area.
    pub home: Option<&'a str>,
    /// Sign-in name.
    pub login: &'a str,
    /// Hash of the password, made outside the writer because it is slow on purpose.
    pub hash: &'a str,
}

/// Adds a person with an account. A sign-in name that is taken is refused.
pub fn add_person(tx: &mut Tx, new: &NewPerson) -> Result<String> {
    if tx.row("select person from account where login = $1", params![new.login])?.is_some() {
        return Err(Kind::Taken.at("name"));
    }
    let id = tx.id();
    let name = tx.seal(&id, new.name.as_bytes())?;
    let sealed = tx.seal_text(&id, new.phone)?;
    let now = tx.now();
    tx.exec(
        "insert into person(id, name, phone, home, created_at) values ($1, $2, $3, $4, $5)",
        params![&id, name, sealed, new.home, now],
    )?;
    tx.exec("insert into account(person, login, hash) values ($1, $2, $3)", params![&id, new.login, new.hash])?;
    if let Some(mobile) = new.phone.and_then(codes::mobile) {
        let mark = phone::mark(tx, &mobile);
        phone::keep(tx, &mark, &id, false)?;
    }
    let entry = Entry { owner: Some(&id), ..Entry::new("party.person", "person", &id) };
    tx.log(entry.element("person.name", Some(new.name)).element("person.phone", new.phone))?;
    Ok(id)
}

/// Gives a role from now on.
pub fn add_role(tx: &mut Tx, person: &str, kind: RoleKind, area: &str, body: Option<&str>) -> Result<()> {
    let id = tx.id();
    let now = tx.now();
    tx.exec(
        "insert into role_of(id, person, kind, area, body, valid_from) values ($1, $2, $3, $4, $5, $6)",
        params![&id, person, kind.as_str(), area, body, now],
    )?;
    tx.log(Entry { area: Some(area), party: body, ..Entry::new("party.role", "person", person) }.fact("kind", kind.as_str()))?;
    Ok(())
}

/// Ends a role now; it stops working with the next request.
pub fn end_role(tx: &mut Tx, person: &str, kind: RoleKind) -> Result<()> {
    let now = tx.now();
    tx.exec(
        "update role_of set valid_to = $3 where person = $1 and kind = $2 and valid_to is null",
        params![person, kind.as_str(), now],
    )?;
    tx.log(Entry::new("party.role", "person", person).fact("kind", kind.as_str()).fact("ended", 1))?;
    Ok(())
}

/// The roles a person holds at a moment.
pub fn roles(q: &mut dyn Query, person: &str, now: Ms) -> store::Result<Vec<Role>> {
    let sql = "select r.kind, r.area, a.path, r.body, b.name body_name from role_of r join area a on a.id = r.area \
               left join body b on b.id = r.body where r.person = $1 and r.valid_from <= $2 and (r.valid_to is null or r.valid_to > $2) \
               order by r.valid_from, r.kind";
    let rows = q.rows(sql, params![person, now])?;
    rows.iter()
        .filter_map(|r| {
            let kind = r.get::<String>("kind").ok()?.parse().ok()?;
            let role = || -> store::Result<Role> {
                Ok(Role {
                    kind,
                    area: r.get("area")?,
                    path: r.get("path")?,
                    body: r.get("body")?,
                    body_name: r.get("body_name")?,
                })
            };
            Some(role())
        })
        .collect()
}

/// A person's name, graded.
pub fn name_of(q: &mut dyn Query, person: &str) -> store::Result<Option<Graded>> {
    value_of(q, person, "name", "person.name")
}

/// A person's phone, graded.
pub fn phone_of(q: &mut dyn Query, person: &str) -> store::Result<Option<Graded>> {
    value_of(q, person, "phone", "person.phone")
}

/// The signed-in person's own name, for himself.
pub fn own_name(q: &mut dyn Query, who: &Who) -> store::Result<String> {
    let Some(person) = &who.person else { return Ok(String::new()) };
    let name = name_of(q, person)?;
    Ok(name.and_then(|n| Look::new(who, "header").at(&n, Relation::Owner)).unwrap_or_default())
}

fn value_of(q: &mut dyn Query, person: &str, column: &str, element: &'static str) -> store::Result<Option<Graded>> {
    let Some(row) = q.row(&format!("select {column} v from person where id = $1"), params![person])? else { return Ok(None) };
    let sealed: Option<Vec<u8>> = row.get("v")?;
    Ok(q.open_text(person, sealed)?.map(|v| Graded::new(element, person, v)))
}

/// Everybody who holds a role for an organisation now.
pub fn members(q: &mut dyn Query, body: &str, now: Ms) -> store::Result<Vec<String>> {
    let sql = "select distinct person from role_of where body = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2) limit 500";
    q.rows(sql, params![body, now])?.iter().map(|r| r.get("person")).collect()
}

/// Who holds a role of a kind in one of these areas now, and for which organisation.
pub fn holders(q: &mut dyn Query, kind: RoleKind, areas: &[String], now: Ms) -> store::Result<Vec<(String, Option<String>)>> {
    let marks: Vec<String> = (3..areas.len() + 3).map(|i| format!("${i}")).collect();
    let sql = format!(
        "select distinct person, body from role_of where kind = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2) \
         and area in ({}) order by person",
        marks.join(",")
    );
    let mut all: Vec<store::Value> = vec![kind.as_str().into(), now.into()];
    all.extend(areas.iter().map(|a| a.as_str().into()));
    q.rows(&sql, &all)?.iter().map(|r| Ok((r.get("person")?, r.get("body")?))).collect()
}

/// Where a person's work starts.
pub fn home_of(who: &Who) -> &'static str {
    if who.roles.iter().any(|r| r.kind.is_handler() && !r.kind.walks() && r.body.is_some()) {
        "/desk"
    } else if who.is_staff() {
        "/today"
    } else if who.is(RoleKind::SystemAdmin) {
        "/people"
    } else if who.is(RoleKind::AuditAdmin) || who.is(RoleKind::Auditor) {
        "/audit/reads"
    } else {
        "/"
    }
}
