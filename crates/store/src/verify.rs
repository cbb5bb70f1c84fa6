//! Proof of the whole log: every leaf hashed again, every number in place, the tree rebuilt.

use crate::error::Result;
use crate::params;
use crate::query::Query;
use crate::tree::{Edge, Hash, leaf_hash};

/// What a full check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Nothing is wrong.
    pub ok: bool,
    /// Number of entries found.
    pub size: u64,
    /// Root of what was found.
    pub root: Hash,
    /// First position that is wrong, when one can be named.
    pub first_bad: Option<u64>,
}

/// Reads the log from end to end. About a million entries take some seconds; memory stays flat.
///
/// A changed leaf or hash is named exactly. When both were changed to fit each other, the stored inner node of its tile
/// (256 entries) betrays it and the first entry of the tile is named; when those were changed as well, the head does.
pub fn log(q: &mut dyn Query) -> Result<Report> {
    const CHUNK: usize = 4096;
    let head = q.row("select size, edge from log_head where id = 1", &[])?;
    let (size, want): (u64, Vec<u8>) = match head {
        Some(row) => (row.get("size")?, row.get("edge")?),
        None => (0, Vec::new()),
    };
    let mut edge = Edge::default();
    let mut first_bad: Option<u64> = None;
    'all: loop {
        let from = edge.size;
        let rows = q.rows("select seq, leaf, hash from log where seq >= $1 order by seq limit $2", params![from, CHUNK])?;
        if rows.is_empty() {
            break;
        }
        let nodes = q.rows(
            "select idx, hash from log_node where level = 8 and idx >= $1 and idx <= $2 order by idx",
            params![from / 256, (from + CHUNK as u64) / 256],
        )?;
        for row in rows {
            let (seq, leaf, hash): (u64, String, Vec<u8>) = (row.get("seq")?, row.get("leaf")?, row.get("hash")?);
            if seq != edge.size {
                name(&mut first_bad, edge.size);
                break 'all;
            }
            let now = leaf_hash(leaf.as_bytes());
            let numbered = serde_json::from_str::<serde_json::Value>(&leaf).ok().and_then(|v| v["seq"].as_u64());
            if now.as_slice() != hash || numbered != Some(seq) {
                name(&mut first_bad, seq);
            }
            let mut tile = None;
            edge.push(now, |level, index, h| {
                if level == 8 {
                    tile = Some((index, h));
                }
            });
            if let Some((index, h)) = tile {
                let stored = nodes.iter().find(|n| n.get::<u64>("idx").ok() == Some(index));
                if stored.and_then(|n| n.get::<Vec<u8>>("hash").ok()).as_deref() != Some(h.as_slice()) {
                    // A leaf named already explains its tile.
                    first_bad.get_or_insert(index * 256);
                }
            }
        }
    }
    if edge.size != size {
        name(&mut first_bad, edge.size.min(size));
    } else if edge.bytes() != want && first_bad.is_none() {
        // Leaf, hash and tile fit each other but not the head: it is in the last, incomplete tile or beyond naming.
        name(&mut first_bad, size / 256 * 256);
    }
    Ok(Report { ok: first_bad.is_none(), size: edge.size, root: edge.root(), first_bad })
}

fn name(first_bad: &mut Option<u64>, at: u64) {
    *first_bad = Some(first_bad.map_or(at, |b| b.min(at)));
}
