//! Whether an organisation may take on something new, and its end and return as a whole.
//!
//! What must stay true: whoever works for an organisation that was shut loses that role at the next request, with every key
//! that was made in it; an organisation nobody set an end to is in good standing as long as it exists.

use store::{Entry, Query, Tx, params};

use crate::base::area;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::time::Ms;

/// Whether an organisation exists and what it showed of itself holds.
pub fn in_good_standing(q: &mut dyn Query, body: &str, now: Ms) -> store::Result<bool> {
    let sql = "select count(*) from body where id = $1 and valid_to is null and (good_until is null or good_until > $2)";
    Ok(q.count(sql, params![body, now])? > 0)
}

/// Refuses a new commitment of an organisation that is not.
pub fn insist(q: &mut dyn Query, body: Option<&str>, now: Ms) -> Result<()> {
    match body {
        Some(body) if !in_good_standing(q, body, now)? => Err(Kind::NotInStanding.into()),
        _ => Ok(()),
    }
}

/// Says until when an organisation takes on something new. The caller logs why.
pub fn good_until(tx: &mut Tx, body: &str, until: Option<Ms>) -> store::Result<()> {
    tx.exec("update body set good_until = $2 where id = $1", params![body, until]).map(drop)
}

/// Shuts an organisation: it is given nothing any more, and all roles in it end.
pub fn shut(tx: &mut Tx, body: &str) -> Result<()> {
    let now = tx.now();
    tx.exec("update body set valid_to = $2 where id = $1 and valid_to is null", params![body, now])?;
    tx.exec("update role_of set valid_to = $2 where body = $1 and (valid_to is null or valid_to > $2)", params![body, now])?;
    area::changed(tx)?;
    tx.log(Entry { party: Some(body), ..Entry::new("party.body", "body", body) }.fact("ended", 1))?;
    Ok(())
}

/// Opens it again; roles are given anew by whoever does so.
pub fn reopen(tx: &mut Tx, body: &str) -> Result<()> {
    tx.exec("update body set valid_to = null where id = $1", params![body])?;
    area::changed(tx)?;
    tx.log(Entry { party: Some(body), ..Entry::new("party.body", "body", body) }.fact("ended", 0))?;
    Ok(())
}

/// Ends whatever roles a person has in an organisation.
pub fn leave(tx: &mut Tx, person: &str, body: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update role_of set valid_to = $3 where person = $1 and body = $2 and (valid_to is null or valid_to > $3)";
    tx.exec(sql, params![person, body, now])?;
    tx.log(Entry { party: Some(body), ..Entry::new("party.role", "person", person) }.fact("ended", 1))?;
    Ok(())
}
