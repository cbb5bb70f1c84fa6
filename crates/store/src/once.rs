//! Idempotency: the answer to a request is saved with its work, under the key that the client chose.
//!
//! What must stay true: the same key with the same request gives the same answer, also after a restart and when both
//! arrive in one batch; the same key with another request is refused. Answers of failed requests are not saved, so they
//! may be tried again. Saved answers live 30 days ([`KEEP_MS`]).

use crate::hex;
use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::engine::{Clash, Conn, insert_many};
use crate::error::Result;
use crate::params;
use crate::value::Value;
use crate::writer::Job;

/// How long an answer is kept: 30 days in milliseconds.
pub const KEEP_MS: i64 = 30 * 86_400_000;

/// The key of a request: who asks, the key he chose, and a digest of what he asks.
#[derive(Clone, Debug)]
pub struct Key {
    pub(crate) id: String,
    pub(crate) hash: [u8; 32],
}

impl Key {
    /// `actor` keeps two people's keys apart; `request` is everything that makes the request what it is.
    pub fn new(actor: &str, key: &str, request: &[u8]) -> Key {
        // Hashed, so that a key of any length is one.
        let id = Sha256::new().chain_update(actor).chain_update([0]).chain_update(key).finalize();
        let id = hex(&id[..16]);
        Key { id, hash: Sha256::digest(request).into() }
    }
}

/// An answer as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) hash: Vec<u8>,
    pub(crate) answer: String,
    /// Entry of the log that the answer stands for.
    pub(crate) index: Option<u64>,
    /// Size of the log at the end of its batch; `None` while that batch still runs.
    pub(crate) size: Option<u64>,
}

/// The saved answers of all keys in a batch, in one query for each 64 of them.
pub(crate) fn look_up(conn: &mut Conn, batch: &[Box<dyn Job>]) -> Result<HashMap<String, Saved>> {
    let mut ids: Vec<&str> = batch.iter().filter_map(|j| j.key().map(|k| k.id.as_str())).collect();
    let mut found = HashMap::new();
    while !ids.is_empty() {
        // Few sizes, so few prepared statements; the rest is filled by repeating the last key.
        let size = [1, 8, 64].into_iter().find(|s| *s >= ids.len()).unwrap_or(64);
        let now: Vec<&str> = ids.drain(..ids.len().min(size)).collect();
        let marks: Vec<String> = (1..=size).map(|i| format!("${i}")).collect();
        let params: Vec<Value> = (0..size).map(|i| now[i.min(now.len() - 1)].into()).collect();
        let sql = format!("select id, hash, answer, idx, size from once where id in ({})", marks.join(","));
        for row in conn.rows(&sql, &params)? {
            let saved =
                Saved { hash: row.get("hash")?, answer: row.get("answer")?, index: row.get("idx")?, size: row.get("size")? };
            found.insert(row.get("id")?, saved);
        }
    }
    Ok(found)
}

pub(crate) fn save(conn: &mut Conn, keep: Vec<(String, Saved)>, size: u64, now: i64) -> Result<()> {
    let rows: Vec<Vec<Value>> = keep
        .into_iter()
        .map(|(id, s)| vec![id.into(), s.hash.into(), s.answer.into(), s.index.into(), size.into(), now.into()])
        .collect();
    insert_many(conn, "once", &["id", "hash", "answer", "idx", "size", "at"], Clash::Refuse, &rows)
}

/// Forgets answers older than [`KEEP_MS`].
pub(crate) fn sweep(conn: &mut Conn, now: i64) -> Result<u64> {
    conn.exec("delete from once where at < $1", params![now - KEEP_MS])
}
