//! Whose number it is: found by a keyed digest, because the number itself is sealed.
//!
//! What must stay true: a number opens an account only when a code that was sent there came back for it; a number that
//! somebody merely named for a person only says that this person works here.

use store::{Db, Query, Tx, params};

use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, RoleKind};

/// How long a number is taken to be the same person's after it was last proved. Operators give numbers to others again
/// some months after they were returned.
const SAME_PERSON: Ms = 180 * DAY;

/// Under which a number is found.
pub fn mark(db: &Db, mobile: &str) -> String {
    db.digest("phone of a person", mobile).iter().map(|b| format!("{b:02x}")).collect()
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
    let sql = "select p.person, p.proved_at, a.disabled_at from person_phone p join account a on a.person = p.person \
               where p.phone = $1 order by p.proved_at desc limit 50";
    let mut found = Holder::Nobody;
    for row in q.rows(sql, params![mark])? {
        let person: String = row.get("person")?;
        if super::roles(q, &person, now)?.iter().any(|r| r.kind != RoleKind::Resident) {
            return Ok(Holder::Barred);
        }
        let proved: Option<Ms> = row.get("proved_at")?;
        if found != Holder::Nobody || proved.is_none_or(|at| now - at > SAME_PERSON) {
            continue;
        }
        let closed = row.get::<Option<Ms>>("disabled_at")?.is_some();
        found = if closed { Holder::Barred } else { Holder::Resident(person) };
    }
    Ok(found)
}

/// Keeps a number for a person; the caller logs why.
pub fn keep(tx: &mut Tx, mark: &str, person: &str, proved: bool) -> Result<()> {
    let at = proved.then_some(tx.now());
    let sql = "insert into person_phone(phone, person, proved_at) values ($1, $2, $3) \
               on conflict(phone, person) do update set proved_at = excluded.proved_at";
    tx.exec(sql, params![mark, person, at])?;
    Ok(())
}
