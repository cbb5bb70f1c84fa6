//! Messages to people: the inbox. Live pages, and later SMS and group robots, only say "look".
//!
//! What must stay true: a notice holds no personal value, only its kind and the number it is about; rows are derived
//! from the log by a follower with a cursor, so that none is lost or doubled.
//!
//! Log kinds written: `notice.read`.

/// The inbox page.
pub mod web;

use store::{Query, Tx, Value, params};

use crate::kit::Result;
use crate::kit::time::Ms;

/// A message to be.
#[derive(Clone, Debug, PartialEq)]
pub struct New {
    /// To whom.
    pub person: String,
    /// When it happened.
    pub at: Ms,
    /// What, as in the text `notice-<kind>`.
    pub kind: String,
    /// Number of the matter.
    pub subject: String,
}

/// Puts messages into inboxes. Called by the follower, whose cursor moves in the same write.
pub fn put(tx: &mut Tx, notices: &[New]) -> Result<()> {
    let rows: Vec<Vec<Value>> = notices.iter().map(|n| params![tx.id(), &n.person, n.at, &n.kind, &n.subject].to_vec()).collect();
    Ok(tx.insert_many("inbox", &["id", "person", "at", "kind", "subject"], &rows)?)
}

/// How many messages a person has not read.
pub fn unread(q: &mut dyn Query, person: &str) -> store::Result<i64> {
    // More than that are not counted: somebody who is away for a year must not slow down every page he opens.
    let sql = "select count(*) from (select 1 from inbox where person = $1 and read_at is null limit 100) few";
    q.count(sql, params![person])
}
