//! Phones that take personal data along, and how a lost one is cut off.
//!
//! What must stay true: what lies on a phone is sealed there with a key of two halves, one of which only the server has
//! and gives to the signed-in person alone, for [`DAYS`] at a time; a phone that was cut off never gets it again and wipes
//! itself when it next hears from us; one whose session ended keeps nothing that it could read. When a phone was used is
//! not kept.
//!
//! What this protects, and what not: whoever finds a phone that is locked, or opens the page after the days have passed,
//! or after it was cut off and had a network, reads nothing. Whoever can read the storage of an unlocked phone within
//! these days finds the key there too, unless its person chose a PIN; a PIN of six digits holds off people, not
//! laboratories. What leaves the server for a phone is therefore little: the homes and matters of one's own grids.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Entry, Query, Tx, hex, params};

use crate::base::party::session;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Reply, Req, Result, RoleKind, Who};

/// Days for which a phone may work without hearing from us.
pub const DAYS: i64 = 7;
/// Phones of one person.
const MOST: i64 = 10;

/// Takes a phone up, or gives a known one its half of the key again. `device` is an id that the phone made.
fn take_up(tx: &mut Tx, who: &Who, id: &str, name: &str) -> Result<()> {
    let (person, session) = (who.person.as_deref().ok_or(Kind::SignIn)?, who.session.as_deref().ok_or(Kind::SignIn)?);
    let now = tx.now();
    let known = tx.row("select person, session, cut_at from field_device where id = $1", params![id])?;
    if let Some(row) = known {
        let (owner, since): (String, Option<Ms>) = (row.get("person")?, row.get("cut_at")?);
        if owner != person || since.is_some() {
            return Err(Kind::CutOff.at("device"));
        }
        if row.get::<String>("session")? == session {
            return Ok(());
        }
        tx.exec("update field_device set session = $2 where id = $1", params![id, session])?;
    } else {
        if tx.count("select count(*) from field_device where person = $1 and cut_at is null", params![person])? >= MOST {
            return Err(Kind::TooMany.at("device").limit(MOST));
        }
        let sql = "insert into field_device(id, person, session, name, made_at) values ($1, $2, $3, $4, $5)";
        tx.exec(sql, params![id, person, session, name, now])?;
    }
    tx.log(Entry { actor: Some(person), ..Entry::new("field.device", "device", id) })?;
    Ok(())
}

/// Cuts phones off and ends their sessions.
fn cut(tx: &mut Tx, who: &Who, rows: &[(String, String, String)]) -> Result<()> {
    let now = tx.now();
    for (id, person, session_id) in rows {
        tx.exec("update field_device set cut_at = $2 where id = $1 and cut_at is null", params![id, now])?;
        session::end(tx, person, session_id)?;
        tx.log(Entry { actor: who.person.as_deref(), ..Entry::new("field.cut", "device", id) })?;
    }
    Ok(())
}

fn rows(q: &mut dyn Query, column: &str, value: &str) -> Result<Vec<(String, String, String)>> {
    let sql =
        format!("select id, person, session from field_device where {column} = $1 and cut_at is null order by made_at limit 50");
    let read = |r: &store::Row| Ok((r.get("id")?, r.get("person")?, r.get("session")?));
    Ok(q.rows(&sql, params![value])?.iter().map(read).collect::<store::Result<_>>()?)
}

/// `POST /field/devices`.
pub fn register(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let id = input.need("device", 40)?;
    let name: String = req.header_text("user-agent").unwrap_or_default().chars().take(80).collect();
    let (who, device) = (req.who.clone(), id.clone());
    let person = req.person()?;
    let sql = "select session, cut_at from field_device where id = $1 and person = $2";
    let known = req.app.db.read(|r| r.row(sql, params![&id, person]))?;
    let same = match known {
        Some(row) => row.get::<Option<Ms>>("cut_at")?.is_none() && Some(row.get::<String>("session")?) == req.who.session,
        None => false,
    };
    if !same {
        req.app.db.write(move |tx| take_up(tx, &who, &device, &name))?;
    }
    let share = hex(share(req, &id)?);
    Reply::json(&json!({ "device": id, "share": share, "days": DAYS }))
}

/// The server's half: derived, stored nowhere.
fn share(req: &Req, id: &str) -> Result<[u8; 32]> {
    Ok(req.app.db.digest("field device", &format!("{} {id}", req.person()?)))
}

/// Whether this phone of this person may have a pack.
pub fn is_live(q: &mut dyn Query, who: &Who, id: &str) -> store::Result<bool> {
    let sql = "select count(*) from field_device where id = $1 and person = $2 and session = $3 and cut_at is null";
    Ok(q.count(sql, params![id, who.person.as_deref(), who.session.as_deref()])? == 1)
}

/// `GET /field/pack/state`: what a phone asks whenever it has a network, also without a session. It learns about itself
/// only: `live`; `ended`, then pack and key go; `cut`, then everything goes.
pub fn state(req: &Req) -> Result<Reply> {
    let id = req.query.get("device").ok_or_else(|| Kind::Missing.at("device"))?;
    let sql = "select d.cut_at, s.id session from field_device d left join session s on s.id = d.session and s.expires_at > $2 where d.id = $1";
    let state = match req.app.db.read(|r| r.row(sql, params![id, req.now]))? {
        Some(row) if row.get::<Option<Ms>>("cut_at")?.is_some() => "cut",
        Some(row) if row.get::<Option<String>>("session")?.is_some() => "live",
        _ => "ended",
    };
    Reply::json(&json!({ "state": state, "now": req.app.time(req.now) }))
}

/// One of a person's phones, as he sees it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Device {
    pub id: String,
    pub name: String,
    pub from: String,
    /// The one in use.
    pub this: bool,
}

/// A person's own phones that have a key.
pub fn mine(req: &Req, q: &mut dyn Query) -> Result<Vec<Device>> {
    let sql =
        "select id, name, session, made_at from field_device where person = $1 and cut_at is null order by made_at desc limit 50";
    let view = |r: &store::Row| {
        let session: String = r.get("session")?;
        let this = req.who.session.as_deref() == Some(&session);
        Ok(Device { id: r.get("id")?, name: r.get("name")?, from: req.app.time(r.get("made_at")?), this })
    };
    q.rows(sql, params![req.who.person.as_deref()])?.iter().map(view).collect()
}

/// `POST /field/devices/{id}/cut`: by its person.
pub fn cut_one(req: &Req) -> Result<Reply> {
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| {
        let found = rows(tx, "id", &id)?;
        if found.is_empty() || found.iter().any(|(_, owner, _)| who.person.as_deref() != Some(owner)) {
            return Err(Kind::NotFound.into());
        }
        cut(tx, &who, &found)?;
        Ok(id)
    })?;
    if req.wants_json() { Reply::json(&json!({})) } else { Ok(Reply::see_other(req.url("/field"))) }
}

/// `POST /people/{id}/cut-off`: all phones of a person who lost his and cannot sign in; by the desk he works for, or the
/// administrator. They do not learn how many there were.
pub fn cut_all(req: &Req) -> Result<Reply> {
    let (who, person, now) = (req.who.clone(), req.param("id").to_owned(), req.now);
    req.once(move |tx| {
        let roles = crate::base::party::roles(tx, &person, now)?;
        let led = roles.iter().filter_map(|r| r.body.as_deref()).any(|b| who.in_body(b));
        if !led && !who.is(RoleKind::SystemAdmin) {
            return Err(Kind::Denied.into());
        }
        let found = rows(tx, "person", &person)?;
        cut(tx, &who, &found)?;
        if found.is_empty() {
            // Nothing to cut still is an act somebody answers for.
            tx.log(Entry { actor: who.person.as_deref(), ..Entry::new("field.cut", "person", &person) })?;
        }
        Ok(person)
    })?;
    if req.wants_json() { Reply::json(&json!({})) } else { Ok(Reply::see_other(req.url("/field"))) }
}
