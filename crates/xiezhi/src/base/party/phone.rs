//! Whose number it is: found by a keyed digest, because the number itself is sealed.
//!
//! What must stay true: a number opens an account only when a code that was sent there came back for it; a number that
//! was merely entered for a person says no more than that this person may work here.

use store::{Query, Tx, hex, params};

use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, RoleKind};

/// How long a number is taken to be the same person's after it was last proved. Operators give numbers to others again
/// some months after they were returned.
const SAME_PERSON: Ms = 180 * DAY;

/// Under which a number is found.
pub fn mark(q: &dyn Query, mobile: &str) -> String {
    hex(q.digest("phone of a person", mobile))
}

/// What a number opens.
#[derive(Clone, Debug, PartialEq)]
pub enum Holder {
    /// Nothing yet.
    Nobody,
    /// The account of this resident.
    Resident(String),
    /// Nothing ever: its person works here, or the account was closed.
    Barred,
}

/// Whose number it is.
pub fn holder(q: &mut dyn Query, mark: &str, now: Ms) -> store::Result<Holder> {
    let works = "select count(*) from person_phone p join role_of r on r.person = p.person where p.phone = $1 \
                 and r.kind <> $2 and r.valid_from <= $3 and (r.valid_to is null or r.valid_to > $3)";
    if q.count(works, params![mark, RoleKind::Resident.as_str(), now])? > 0 {
        return Ok(Holder::Barred);
    }
    let sql = "select p.person, a.disabled_at from person_phone p join account a on a.person = p.person \
               where p.phone = $1 and p.proved_at >= $2 order by p.proved_at desc, p.person limit 1";
    let Some(row) = q.row(sql, params![mark, now - SAME_PERSON])? else { return Ok(Holder::Nobody) };
    let closed = row.get::<Option<Ms>>("disabled_at")?.is_some();
    Ok(if closed { Holder::Barred } else { Holder::Resident(row.get("person")?) })
}

/// Whether a number opens this person's account.
pub fn opens(q: &mut dyn Query, person: &str, now: Ms) -> store::Result<bool> {
    let marks = q.rows("select phone from person_phone where person = $1 limit 50", params![person])?;
    for row in marks {
        if holder(q, &row.get::<String>("phone")?, now)? == Holder::Resident(person.to_owned()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps a number for a person; the caller logs why.
pub fn keep(tx: &mut Tx, mark: &str, person: &str, proved: bool) -> Result<()> {
    let at = proved.then_some(tx.now());
    let sql = "insert into person_phone(phone, person, proved_at) values ($1, $2, $3) \
               on conflict(phone, person) do update set proved_at = coalesce(excluded.proved_at, person_phone.proved_at)";
    tx.exec(sql, params![mark, person, at])?;
    Ok(())
}

/// A code that was sent to this number came back within a session of this person: from now on the number opens his
/// account, and those he proved before no longer do. Not when it is another's, and not for who works here. The caller logs.
pub fn claim(tx: &mut Tx, mobile: &str, person: &str) -> Result<bool> {
    let (mark, now) = (mark(tx, mobile), tx.now());
    let works = "select count(*) from role_of where person = $1 and kind <> $2 and valid_from <= $3 and (valid_to is null or valid_to > $3)";
    if tx.count(works, params![person, RoleKind::Resident.as_str(), now])? > 0 {
        return Ok(false);
    }
    match holder(tx, &mark, now)? {
        Holder::Nobody => {}
        Holder::Resident(who) if who == person => {}
        Holder::Resident(_) | Holder::Barred => return Ok(false),
    }
    let sql = "delete from person_phone where person = $1 and phone <> $2 and proved_at is not null";
    tx.exec(sql, params![person, &mark])?;
    keep(tx, &mark, person, true)?;
    let sealed = tx.seal(person, mobile.as_bytes())?;
    tx.exec("update person set phone = $2 where id = $1", params![person, sealed])?;
    Ok(true)
}
