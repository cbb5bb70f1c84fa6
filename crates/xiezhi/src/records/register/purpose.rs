//! For what somebody reads the register: named once for a task, remembered for some hours, written beside each read.
//!
//! What must stay true: without a purpose nothing of the register is shown; it ends by itself.

use store::{Entry, Query, Tx, params};

use crate::base::catalogue::decide;
use crate::kit::error::Kind;
use crate::kit::time::{HOUR, Ms};
use crate::kit::{Req, Result, Who};

/// How long it is remembered.
pub const LASTS: Ms = 4 * HOUR;

/// A purpose that is open.
pub struct Open {
    /// Its code.
    pub code: &'static str,
    /// When it ends by itself.
    pub until: Ms,
}

/// The purpose that somebody named last, while it lasts.
pub fn open(q: &mut dyn Query, who: &Who, now: Ms) -> store::Result<Option<Open>> {
    let Some(person) = who.actor() else { return Ok(None) };
    let sql = "select purpose, until from resident_purpose where person = $1 and until > $2";
    let Some(row) = q.row(sql, params![person, now])? else { return Ok(None) };
    let code: String = row.get("purpose")?;
    let known = decide::purposes().iter().find(|p| p.code == code);
    known.map(|p| Ok(Open { code: &p.code, until: row.get("until")? })).transpose()
}

/// The purpose of this request, or the error that asks for one.
pub fn need(req: &Req) -> Result<&'static str> {
    let open = req.app.db.read(|r| open(r, &req.who, req.now))?;
    open.map(|o| o.code).ok_or_else(|| Kind::Purpose.at("purpose"))
}

/// Names a purpose.
pub fn name(tx: &mut Tx, who: &Who, code: &str) -> Result<()> {
    let person = who.actor().ok_or(Kind::SignIn)?;
    let purpose = decide::purposes().iter().find(|p| p.code == code).ok_or_else(|| Kind::Unknown.at("purpose"))?;
    let now = tx.now();
    let sql = "insert into resident_purpose(person, purpose, since, until) values ($1, $2, $3, $4) on conflict(person) \
               do update set purpose = excluded.purpose, since = excluded.since, until = excluded.until";
    tx.exec(sql, params![person, &purpose.code, now, now + LASTS])?;
    let entry = Entry { actor: Some(person), ..Entry::new("register.purpose", "person", person) };
    tx.log(entry.fact("purpose", purpose.code.as_str()))?;
    Ok(())
}

/// Ends it: the task is done.
pub fn end(tx: &mut Tx, who: &Who) -> Result<()> {
    let person = who.actor().ok_or(Kind::SignIn)?;
    tx.exec("delete from resident_purpose where person = $1", params![person])?;
    tx.log(Entry { actor: Some(person), ..Entry::new("register.purpose", "person", person) }.fact("purpose", ""))?;
    Ok(())
}
