//! What can be asked of the database, inside a write or outside one.
//!
//! Domain code takes `&mut dyn Query` where it only reads, so that the same function serves pages and actions.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::log::{Element, Written};
use crate::params;
use crate::seal::Secret;
use crate::tree::{self, Hash, Nodes};
use crate::value::{Row, Value};

/// Reading, with the statements every domain needs.
pub trait Query {
    /// All rows of a query.
    fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>>;

    /// The node's key. Only this crate uses it; domains open values by [`Query::open`].
    #[doc(hidden)]
    fn node_key(&self) -> Secret;

    /// A keyed digest under the node's key, as [`crate::Db::digest`] makes it.
    fn digest(&self, purpose: &str, text: &str) -> [u8; 32] {
        self.node_key().derive(purpose).digest(text)
    }

    /// At most one row.
    fn row(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// A single number, 0 when there is no row.
    fn count(&mut self, sql: &str, params: &[Value]) -> Result<i64> {
        self.row(sql, params)?.map_or(Ok(0), |r| Ok(r.first::<Option<i64>>()?.unwrap_or(0)))
    }

    /// Opens a sealed value of `owner`; `None` when the owner's key was destroyed.
    fn open(&mut self, owner: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        match subject_key(self, owner)? {
            Some(key) => key.open(owner, sealed).map(Some),
            None => Ok(None),
        }
    }

    /// Opens sealed values of many owners with few statements; `None` where the key was destroyed.
    fn open_many(&mut self, sealed: &[(String, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>> {
        /// Always as many parameters, so that one prepared statement serves every number of them.
        const EACH: usize = 64;
        let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
        let sql = format!("select owner, wrapped from subject_key where owner in ({})", marks.join(","));
        let node_key = self.node_key();
        let mut out = Vec::with_capacity(sealed.len());
        for some in sealed.chunks(EACH) {
            let params: Vec<Value> = (0..EACH).map(|i| some[i.min(some.len() - 1)].0.as_str().into()).collect();
            let mut keys = HashMap::with_capacity(EACH);
            for row in self.rows(&sql, &params)? {
                let (owner, wrapped): (String, Vec<u8>) = (row.get("owner")?, row.get("wrapped")?);
                let key = node_key.unwrap_key(&owner, &wrapped)?;
                keys.insert(owner, key);
            }
            for (owner, bytes) in some {
                out.push(keys.get(owner).map(|k| k.open(owner, bytes)).transpose()?);
            }
        }
        Ok(out)
    }

    /// An owner's key, for what has to be sealed outside a write (files); `None` when it was destroyed.
    fn key_of(&mut self, owner: &str) -> Result<Option<Secret>> {
        subject_key(self, owner)
    }

    /// Opens a sealed text.
    fn open_text(&mut self, owner: &str, sealed: Option<Vec<u8>>) -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        Ok(self.open(owner, &sealed)?.and_then(|b| String::from_utf8(b).ok()))
    }

    /// Size of the log as committed.
    fn log_size(&mut self) -> Result<u64> {
        Ok(self.count("select size from log_head where id = 1", &[])? as u64)
    }

    /// How many entries the log had at a moment: its times never go back, so halving finds it.
    fn log_size_at(&mut self, at: i64) -> Result<u64> {
        let (mut low, mut high) = (0, self.log_size()?);
        while low < high {
            let middle = (low + high) / 2;
            let entry = self.count("select at from log where seq = $1", params![middle])?;
            if entry < at { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// Entries about one thing, oldest first, with their personal values as far as they still exist.
    fn history(&mut self, obj: &str) -> Result<Vec<Written>> {
        let rows = self.rows(&format!("{ENTRY} where l.obj = $1 order by l.seq limit 2000"), params![obj])?;
        written(self, rows)
    }

    /// The entry at a position.
    fn entry(&mut self, position: u64) -> Result<Option<Written>> {
        let rows = self.rows(&format!("{ENTRY} where l.seq = $1"), params![position])?;
        Ok(written(self, rows)?.pop())
    }

    /// The entries at these positions (any order), in one query for each 64.
    fn entries_at(&mut self, positions: &[u64]) -> Result<Vec<Written>> {
        let mut out = Vec::with_capacity(positions.len());
        for some in positions.chunks(64) {
            // Always 64 parameters, so that there is one prepared statement; the rest is filled by repeating the last.
            let marks: Vec<String> = (1..=64).map(|i| format!("${i}")).collect();
            let params: Vec<Value> = (0..64).map(|i| some[i.min(some.len() - 1)].into()).collect();
            let rows = self.rows(&format!("{ENTRY} where l.seq in ({})", marks.join(",")), &params)?;
            out.extend(written(self, rows)?);
        }
        Ok(out)
    }

    /// Like [`Query::entries`] without opening what is sealed: all that a follower needs. Fewer than `limit` when they are so
    /// long that they would fill the memory, but at least one while there is any.
    fn leaves(&mut self, from: u64, limit: usize) -> Result<Vec<Written>> {
        /// Most bytes of leaves, but for the last step.
        const LONGEST: usize = 4 << 20;
        /// Rows of one step.
        const STEP: usize = 100;
        let sql = "select seq, at, act, obj, leaf, null owner, null sealed, null wrapped from log where seq >= $1 order by seq limit $2";
        let (mut rows, mut long, mut next) = (Vec::new(), 0, from);
        while rows.len() < limit && long < LONGEST {
            let step = (limit - rows.len()).min(STEP);
            let some = self.rows(sql, params![next, step])?;
            let last = some.len() < step;
            for row in &some {
                (long, next) = (long + row.get::<String>("leaf")?.len(), row.get::<u64>("seq")? + 1);
            }
            rows.extend(some);
            if last {
                break;
            }
        }
        written(self, rows)
    }

    /// How many entries a follower has dealt with.
    fn cursor(&mut self, name: &str) -> Result<u64> {
        Ok(self.count("select seq from cursor_of where name = $1", params![name])? as u64)
    }

    /// Proof that entry `index` stands in the tree of `size` leaves.
    fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>> {
        if index >= size || size > self.log_size()? {
            return Err(Error::Shape(format!("there is no entry {index} in a log of {size}")));
        }
        tree::inclusion(&mut Stored(self), index, size)
    }

    /// Proof that the first `from` leaves are a prefix of the first `to`.
    fn consistency(&mut self, from: u64, to: u64) -> Result<Vec<Hash>> {
        if from > to || to > self.log_size()? {
            return Err(Error::Shape(format!("there are no {to} entries after {from}")));
        }
        tree::consistency(&mut Stored(self), from, to)
    }

    /// The hashes of the fewest complete nodes that cover the entries `from..to` but for those at `shown` (in order), with their
    /// levels, from left to right.
    fn cover(&mut self, from: u64, to: u64, shown: &[u64]) -> Result<Vec<(u32, Hash)>> {
        /// Of a stretch so long all leaves are read at once; of a longer one only what makes the nodes.
        const AT_ONCE: u64 = 20_000;
        let leaves = if to - from <= AT_ONCE { tile_hashes(self, 0, from, to - from)? } else { Vec::new() };
        let (mut stored, mut at, mut out) = (Stored(self), from, Vec::new());
        for end in shown.iter().copied().chain([to]) {
            for (level, index) in tree::cover(at, end) {
                let first = ((index << level) - from) as usize;
                let hash = match leaves.get(first..first + (1 << level)) {
                    Some(some) => joined(some.to_vec()),
                    None => stored.node(level, index)?,
                };
                out.push((level, hash));
            }
            at = end + 1;
        }
        Ok(out)
    }

    /// Root of the first `size` leaves.
    fn root(&mut self, size: u64) -> Result<Hash> {
        if size > self.log_size()? {
            return Err(Error::Shape(format!("the log is shorter than {size}")));
        }
        tree::root_at(&mut Stored(self), size)
    }
}

pub(crate) fn subject_key<Q: Query + ?Sized>(q: &mut Q, owner: &str) -> Result<Option<Secret>> {
    let Some(row) = q.row("select wrapped from subject_key where owner = $1", params![owner])? else { return Ok(None) };
    let wrapped: Vec<u8> = row.get("wrapped")?;
    q.node_key().unwrap_key(owner, &wrapped).map(Some)
}

/// An entry with its sealed body and the wrapped key that opens it, so that no entry needs a query of its own.
const ENTRY: &str = "select l.seq, l.at, l.act, l.obj, l.leaf, b.owner, b.sealed, k.wrapped from log l \
    left join log_body b on b.seq = l.seq left join subject_key k on k.owner = b.owner";

fn written<Q: Query + ?Sized>(q: &mut Q, rows: Vec<Row>) -> Result<Vec<Written>> {
    let node_key = q.node_key();
    rows.into_iter()
        .map(|row| {
            let (owner, wrapped): (Option<String>, Option<Vec<u8>>) = (row.get("owner")?, row.get("wrapped")?);
            let elements: Vec<Element> = match (owner, row.get::<Option<Vec<u8>>>("sealed")?, wrapped) {
                (Some(owner), Some(sealed), Some(wrapped)) => {
                    let body = node_key.unwrap_key(&owner, &wrapped)?.open(&owner, &sealed)?;
                    serde_json::from_slice(&body).map_err(|e| Error::Corrupt(e.to_string()))?
                }
                _ => Vec::new(),
            };
            let leaf: String = row.get("leaf")?;
            let leaf: Json = serde_json::from_str(&leaf).map_err(|e| Error::Corrupt(e.to_string()))?;
            Ok(Written { index: row.get("seq")?, at: row.get("at")?, act: row.get("act")?, obj: row.get("obj")?, leaf, elements })
        })
        .collect()
}

/// Complete nodes from the database: leaves from `log`, levels 8, 16, 24 from `log_node`, others computed from at most
/// 128 nodes of the level beneath. So a proof reads a few hundred hashes whatever the size of the log.
struct Stored<'a, Q: Query + ?Sized>(&'a mut Q);

impl<Q: Query + ?Sized> Nodes for Stored<'_, Q> {
    fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
        let base = level / 8 * 8;
        let width = 1u64 << (level - base);
        tile_hashes(self.0, base, index * width, width).map(joined)
    }
}

/// The node over neighbouring nodes, of which there are a power of two.
fn joined(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|p| tree::node_hash(&p[0], &p[1])).collect();
    }
    hashes[0]
}

/// `count` neighbouring complete nodes of a stored level (0, 8, 16, …); an error when one is missing.
pub(crate) fn tile_hashes<Q: Query + ?Sized>(q: &mut Q, level: u32, from: u64, count: u64) -> Result<Vec<Hash>> {
    let rows = if level == 0 {
        q.rows("select hash from log where seq >= $1 and seq < $2 order by seq", params![from, from + count])?
    } else {
        q.rows(
            "select hash from log_node where level = $3 and idx >= $1 and idx < $2 order by idx",
            params![from, from + count, level],
        )?
    };
    let hashes: Vec<Hash> = rows
        .iter()
        .map(|r| r.first::<Vec<u8>>()?.try_into().map_err(|_| Error::Corrupt("a hash has the wrong length".into())))
        .collect::<Result<_>>()?;
    if hashes.len() as u64 != count {
        return Err(Error::Corrupt(format!("level {level} of the log lacks nodes from {from}")));
    }
    Ok(hashes)
}
