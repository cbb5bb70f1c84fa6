//! What rings by itself: a desk that does not look, a provider that does not answer or deliver, grants that end.
//!
//! What must stay true: all of it is found in the database alone, so it rings after a restart too.

use store::{Query, Tx, params};

use super::{Book, objection, request, resource};
use crate::kit::Result;
use crate::kit::time::Ms;

/// Tables that have clocks, by the word their bells begin with.
const CLOCKS: [(&str, &str); 3] = [("check", "share_resource"), ("ask", "share_request"), ("object", "share_objection")];

/// Bells whose moment has come: `check id`.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for (word, table) in CLOCKS {
        let sql = format!("select id from {table} where due_at <= $1 order by due_at, id limit $2");
        for row in q.rows(&sql, params![now, most])? {
            out.push(format!("{word} {}", row.get::<String>("id")?));
        }
    }
    out.truncate(most as usize);
    Ok(out)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, key: &str) -> Result<()> {
    match key.split_once(' ').unwrap_or_default() {
        ("check", id) => resource::late(tx, book, id),
        ("ask", id) => request::late(tx, book, id),
        ("object", id) => objection::late(tx, book, id),
        _ => Ok(()),
    }
}
