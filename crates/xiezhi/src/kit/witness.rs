//! The last checkpoint of our log that another node witnessed: receipts bear its line, so that nobody here can show another history.
//!
//! What must stay true: a line is kept only after its signature was checked; it is derived from what the other side said, so no
//! entry of the log speaks of it.

use store::{Query, Tx, params};

/// Where it is kept.
const NAME: &str = "log.witnessed";

/// Size of the log that was witnessed, and the witness's line under its checkpoint.
pub fn last(q: &mut dyn Query) -> store::Result<Option<(u64, String)>> {
    let row = q.row("select value from setting where name = $1", params![NAME])?;
    let text = row.map(|r| r.get::<String>("value")).transpose()?;
    Ok(text.and_then(|t| t.split_once(' ').and_then(|(size, line)| Some((size.parse().ok()?, line.to_owned())))))
}

/// Keeps one whose signature was checked; the caller moves a cursor in the same write.
pub fn keep(tx: &mut Tx, size: u64, line: &str) -> store::Result<()> {
    let sql = "insert into setting(name, value) values ($1, $2) on conflict(name) do update set value = excluded.value";
    tx.exec(sql, params![NAME, format!("{size} {line}")]).map(drop)
}
