//! What must be said before a case can be closed, by another room about a matter of its own: an alarm that opened it says
//! what it was.
//!
//! What must stay true: a case that waits for such a word is not closed without it.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx, params};

use crate::kit::Result;
use crate::kit::time::Ms;

/// What a case came from, and whether the word about it is said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Wait {
    /// Number of that matter.
    pub subject: String,
    /// Where it is.
    pub link: String,
    /// It is still to be said.
    pub open: bool,
}

/// A case waits for a word.
pub fn add(tx: &mut Tx, case: &str, subject: &str, link: &str) -> Result<()> {
    let sql =
        "insert into case_wait(case_number, subject, link) values ($1, $2, $3) on conflict(case_number, subject) do nothing";
    tx.exec(sql, params![case, subject, link])?;
    Ok(())
}

/// The word about a matter is said.
pub fn settle(tx: &mut Tx, subject: &str, now: Ms) -> Result<()> {
    tx.exec("update case_wait set settled_at = $2 where subject = $1 and settled_at is null", params![subject, now])?;
    Ok(())
}

/// What a case came from.
pub fn of(q: &mut dyn Query, case: &str) -> Result<Vec<Wait>> {
    let sql = "select subject, link, settled_at from case_wait where case_number = $1 order by subject";
    let wait = |r: &store::Row| -> store::Result<Wait> {
        Ok(Wait { subject: r.get("subject")?, link: r.get("link")?, open: r.get::<Option<Ms>>("settled_at")?.is_none() })
    };
    Ok(q.rows(sql, params![case])?.iter().map(wait).collect::<store::Result<_>>()?)
}
