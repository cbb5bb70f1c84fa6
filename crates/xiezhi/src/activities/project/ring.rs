//! Bells of the three lists: what rings, and what then happens.
//!
//! What must stay true: each is found by its moment in an index, and handled in a write of its own book of rules.

use store::{Query, Tx, params};

use super::plan::ring;
use super::{Book, need, resource};
use crate::kit::Result;
use crate::kit::time::Ms;

/// What rings: kind and ids, as one line.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let kinds: [(&str, &str); 5] = [
        ("need", "select id as a, '' as b, ring_at from need"),
        ("resource", "select id as a, '' as b, ring_at from resource"),
        ("step", "select project as a, cast(n as text) as b, ring_at from milestone"),
        ("tender", "select project as a, '' as b, ring_at from tender"),
        ("loan", "select project as a, resource as b, ring_at from project_resource"),
    ];
    let mut out = Vec::new();
    for (kind, from) in kinds {
        let sql = format!("{from} where ring_at <= $1 and ring_at is not null order by ring_at, a, b limit $2");
        for row in q.rows(&sql, params![now, most - out.len() as i64])? {
            out.push(format!("{kind} {} {}", row.get::<String>("a")?, row.get::<String>("b")?));
        }
    }
    Ok(out)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, key: &str) -> Result<()> {
    let mut parts = key.split(' ');
    let (kind, a, b) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match kind {
        "need" => need::act::ring(tx, book, a),
        "resource" => resource::act::ring(tx, book, a),
        "step" => ring::step(tx, book, a, b.parse().unwrap_or_default()),
        "tender" => ring::tender(tx, book, a),
        _ => ring::loan(tx, book, a, b),
    }
}
