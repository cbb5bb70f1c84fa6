//! Emergencies: while an authority has declared one for a named area, people there may report in.
//!
//! What must stay true: only the authority of a sub-district or district declares one, in its area, with a reason and an
//! end at most 72 hours away; going on needs a new reason; it ends by itself, because nothing but the time is looked at;
//! everybody it concerns sees it on every page; outside of one nobody can report in, and when it is over the list of those
//! who did is gone.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, Tx, params};

use super::rules::{authority, until};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::Banner;
use crate::kit::time::Ms;
use crate::kit::{Error, Req, Result, Who};

/// Shortest reason: a word is none.
const REASON: usize = 6;
/// Longest reason.
pub const WORDS: usize = 300;
/// Emergencies that run at once.
const MOST: i64 = 50;
/// People of a list.
const LISTED: i64 = 500;

/// An emergency that runs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Emergency {
    pub id: String,
    pub area: String,
    pub path: String,
    pub reason: String,
    pub body: String,
    pub from: Ms,
    pub until: Ms,
}

fn emergency(r: &Row) -> store::Result<Emergency> {
    Ok(Emergency {
        id: r.get("id")?,
        area: r.get("area")?,
        path: r.get("path")?,
        reason: r.get("reason")?,
        body: r.get("body")?,
        from: r.get("from_at")?,
        until: r.get("until_at")?,
    })
}

/// Those that run at a moment.
pub fn running(q: &mut dyn Query, now: Ms) -> store::Result<Vec<Emergency>> {
    let sql = "select id, area, path, reason, body, from_at, until_at from field_emergency where until_at > $1 order by from_at, id limit $2";
    q.rows(sql, params![now, MOST])?.iter().map(emergency).collect()
}

fn one(q: &mut dyn Query, id: &str, now: Ms) -> Result<Emergency> {
    running(q, now)?.into_iter().find(|e| e.id == id).ok_or_else(|| Kind::NoEmergency.into())
}

fn reasoned(reason: &str) -> Result<()> {
    if reason.chars().count() < REASON { Err(Kind::Missing.at("reason")) } else { Ok(()) }
}

/// Declares one.
pub fn begin(tx: &mut Tx, who: &Who, code: &str, reason: &str, hours: i64) -> Result<String> {
    let now = tx.now();
    let place = area::by_code(tx, code)?.ok_or_else(|| Kind::Unknown.at("area"))?;
    let role = authority(who, &place.path).ok_or(Kind::Denied)?;
    reasoned(reason)?;
    let until = until(now, hours).map_err(|k| k.at("hours").limit(super::rules::LONGEST))?;
    if running(tx, now)?.iter().any(|e| e.path == place.path) {
        return Err(Kind::Overlaps.at("area"));
    }
    let id = tx.id();
    let sql = "insert into field_emergency(id, area, path, reason, person, body, from_at, until_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(sql, params![&id, &place.id, &place.path, reason, who.person.as_deref(), &role.body, now, until])?;
    log(tx, who, "field.emergency", (&id, &place.id, role.body.as_deref()), until, Some(reason))?;
    Ok(id)
}

/// Lets it go on for so many hours from now, for a reason of its own.
pub fn extend(tx: &mut Tx, who: &Who, id: &str, reason: &str, hours: i64) -> Result<()> {
    let now = tx.now();
    let e = one(tx, id, now)?;
    let role = authority(who, &e.path).ok_or(Kind::Denied)?;
    reasoned(reason)?;
    if reason == e.reason {
        return Err(Kind::Taken.at("reason"));
    }
    let until = until(now, hours).map_err(|k| k.at("hours").limit(super::rules::LONGEST))?;
    tx.exec("update field_emergency set until_at = $2, reason = $3 where id = $1", params![id, until.max(e.until), reason])?;
    log(tx, who, "field.emergency-more", (id, &e.area, role.body.as_deref()), until.max(e.until), Some(reason))
}

/// Ends it before its time.
pub fn end(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let now = tx.now();
    let e = one(tx, id, now)?;
    let role = authority(who, &e.path).ok_or(Kind::Denied)?;
    tx.exec("update field_emergency set until_at = $2 where id = $1", params![id, now])?;
    log(tx, who, "field.emergency-end", (id, &e.area, role.body.as_deref()), now, None)
}

fn log(
    tx: &mut Tx,
    who: &Who,
    act: &str,
    (id, area, party): (&str, &str, Option<&str>),
    until: Ms,
    reason: Option<&str>,
) -> Result<()> {
    let owner = Some(id);
    let entry = Entry { actor: who.person.as_deref(), party, area: Some(area), owner, ..Entry::new(act, "emergency", id) };
    tx.log(entry.fact("until", until).element("field.reason", reason))?;
    Ok(())
}

/// Reports in. Only while it runs, and only somebody who works there.
pub fn check_in(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let now = tx.now();
    let e = one(tx, id, now)?;
    if !concerns(who, &e.path) {
        return Err(Kind::Denied.into());
    }
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let sql = "insert into field_checkin(emergency, person, at) values ($1, $2, $3) on conflict(emergency, person) do update set at = excluded.at";
    tx.exec(sql, params![id, person, now])?;
    tx.log(Entry { actor: Some(person), area: Some(&e.area), ..Entry::new("field.checkin", "emergency", id) })?;
    Ok(())
}

/// Whoever works within the area, or in one that holds it.
fn concerns(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind.is_staff() && (r.path.starts_with(path) || path.starts_with(&r.path)))
}

/// Forgets who reported in to what is over; returns how many.
pub fn sweep(app: &crate::kit::App) -> Result<u64> {
    let over =
        "select emergency from field_checkin where emergency in (select id from field_emergency where until_at <= $1) limit 1";
    if app.db.read(|r| r.row(over, params![app.now()]))?.is_none() {
        return Ok(0);
    }
    let gone = app.db.write(|tx| {
        let now = tx.now();
        let sql = "delete from field_checkin where emergency in (select id from field_emergency where until_at <= $1)";
        let gone = tx.exec(sql, params![now])?;
        tx.log(Entry::new("field.sweep", "emergency", "").fact("count", gone as i64))?;
        Ok::<_, Error>(gone)
    })?;
    Ok(gone.value)
}

/// An emergency as everybody it concerns sees it.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct View {
    pub id: String,
    pub area: String,
    pub area_name: String,
    pub reason: String,
    pub by: String,
    pub from: String,
    pub until: String,
    /// The reader works there.
    pub concerns: bool,
    /// The reader has reported in.
    pub checked_in: bool,
    /// The reader may extend and end it.
    pub leads: bool,
    /// Who reported in: for the authority, while it runs.
    pub there: Vec<There>,
}

/// Somebody who reported in.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct There {
    pub name: String,
    pub at: String,
}

/// Those that run, for this reader.
pub fn views(req: &Req, q: &mut dyn Query, look: &mut Look) -> Result<Vec<View>> {
    let mut out = Vec::new();
    for e in running(q, req.now)? {
        let place = area::by_id(q, &e.area)?.ok_or(Kind::NotFound)?;
        let person = req.who.person.as_deref();
        let leads = authority(&req.who, &e.path).is_some();
        // In the order in which they came, for counting who is still missing; never longer than it runs.
        let sql = "select person, at from field_checkin where emergency = $1 order by at, person limit $2";
        let (mut there, mut checked_in) = (Vec::new(), false);
        for row in q.rows(sql, params![&e.id, LISTED])? {
            let who: String = row.get("person")?;
            checked_in |= Some(who.as_str()) == person;
            if leads {
                let name = party::name_of(q, &who)?.and_then(|n| look.at(&n, Relation::Involved)).unwrap_or_default();
                there.push(There { name, at: req.app.time(row.get("at")?) });
            }
        }
        let reason = look.at(&Graded::new("field.reason", &e.id, e.reason), Relation::Public).unwrap_or_default();
        out.push(View {
            area: place.code,
            area_name: place.name,
            reason,
            by: party::body_by_id(q, &e.body)?.map(|b| b.name).unwrap_or_default(),
            from: req.app.time(e.from),
            until: req.app.time(e.until),
            concerns: concerns(&req.who, &e.path),
            checked_in,
            leads,
            there,
            id: e.id,
        });
    }
    Ok(out)
}

/// What stands on top of every page of those whom a running emergency concerns: whoever works there, lives there by his
/// role, or chose a community there.
pub fn banner(req: &Req) -> Result<Vec<Banner>> {
    req.app.db.read(|r| {
        let all = running(r, req.now)?;
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = match &req.community {
            Some((code, _)) => area::by_code(r, code)?.map(|a| a.path),
            None => None,
        };
        let paths: Vec<&str> = req.who.roles.iter().map(|r| r.path.as_str()).chain(chosen.as_deref()).collect();
        let mut out = Vec::new();
        for e in all.into_iter().filter(|e| paths.iter().any(|p| p.starts_with(&e.path) || e.path.starts_with(p))) {
            let area = area::by_id(r, &e.area)?.map(|a| a.name).unwrap_or_default();
            let by = party::body_by_id(r, &e.body)?.map(|b| b.name).unwrap_or_default();
            let mut look = Look::new(&req.who, "field");
            let reason = look.at(&Graded::new("field.reason", &e.id, e.reason), Relation::Public).unwrap_or_default();
            out.push(Banner { area, by, reason, until: req.app.time(e.until) });
        }
        Ok(out)
    })
}
