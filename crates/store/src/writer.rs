//! The one writer of a node: it batches what waits, commits once, then answers all.
//!
//! What must stay true:
//! - An answer leaves only after COMMIT with full durability (inv03).
//! - Each write stands in its own savepoint: a failing one fails alone and leaves nothing behind.
//! - A batch first locks the log's head row, so several processes on one PostgreSQL still make one history (inv04).
//! - When COMMIT fails its outcome is unknown: every write of the batch is told so, the connection is reopened, and
//!   nothing is retried here. Whoever waits retries with the same key.
//!
//! Cost: one fsync and a fixed number of statements for each batch; nothing waits to fill a batch.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use crate::engine::{Clash, Conn, Place, Use, insert_many};
use crate::error::{Error, Result};
use crate::gather::Gathered;
use crate::log::Logged;
use crate::once;
use crate::params;
use crate::seal::Secret;
use crate::shared::Shared;
use crate::tree::{Edge, Hash, Nodes, inclusion, leaf_hash};
use crate::tx::Tx;
use crate::value::Value;

/// What a batch left behind: enough to prove each of its entries without another read.
pub struct Commit {
    /// Size of the log after the batch.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Its signed checkpoint.
    pub checkpoint: String,
    nodes: HashMap<(u32, u64), Hash>,
}

impl Commit {
    /// The state of a log whose history is in the database only.
    pub(crate) fn of(edge: &Edge, checkpoint: String) -> Commit {
        let nodes = edge.nodes().map(|(l, i, h)| ((l, i), h)).collect();
        Commit { size: edge.size, root: edge.root(), checkpoint, nodes }
    }

    /// Audit path of an entry of this batch. No I/O.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>> {
        struct Known<'a>(&'a HashMap<(u32, u64), Hash>);
        impl Nodes for Known<'_> {
            fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
                let missing = || Error::Shape("the entry is older than this batch".into());
                self.0.get(&(level, index)).copied().ok_or_else(missing)
            }
        }
        inclusion(&mut Known(&self.nodes), index, self.size)
    }
}

/// One write on its way through the queue.
pub(crate) trait Job: Send {
    /// The idempotency key it carries.
    fn key(&self) -> Option<&once::Key> {
        None
    }
    /// The key was seen before: take the saved answer (or refuse) instead of running.
    fn replay(&mut self, _saved: &once::Saved) {}
    /// Runs; `Ok(Some(saved))` when the answer must be kept under the key. `Err` means: undo me.
    fn run(&mut self, tx: &mut Tx) -> std::result::Result<Option<once::Saved>, ()>;
    /// Tells whoever waits.
    fn answer(self: Box<Self>, end: std::result::Result<Arc<Commit>, Error>);
}

/// Log entries and other rows that a batch writes in one go at its end.
#[derive(Default)]
pub(crate) struct Pending {
    start: u64,
    log: Vec<Vec<Value>>,
    hashes: Vec<Hash>,
    bodies: Vec<Vec<Value>>,
    pub(crate) gathered: Gathered,
    keys: HashMap<String, Secret>,
}

/// Lengths of [`Pending`] before a write, to go back to when it fails.
struct Mark(usize, usize);

impl Pending {
    pub(crate) fn next_index(&self) -> u64 {
        self.start + self.hashes.len() as u64
    }

    pub(crate) fn push(&mut self, logged: &Logged, at: i64, act: &str, obj: &str, body: Option<(String, Vec<u8>)>) {
        let hash = leaf_hash(logged.leaf.as_bytes());
        self.log.push(vec![logged.index.into(), at.into(), act.into(), obj.into(), logged.leaf.as_str().into(), hash.into()]);
        self.hashes.push(hash);
        if let Some((owner, sealed)) = body {
            self.bodies.push(vec![logged.index.into(), owner.into(), sealed.into()]);
        }
    }

    pub(crate) fn key(&self, owner: &str) -> Option<Secret> {
        self.keys.get(owner).cloned()
    }

    pub(crate) fn keep_key(&mut self, owner: &str, key: &Secret) {
        self.keys.insert(owner.to_owned(), key.clone());
    }

    pub(crate) fn forget_key(&mut self, owner: &str) {
        self.keys.remove(owner);
    }

    fn mark(&mut self) -> Mark {
        self.gathered.begin();
        Mark(self.hashes.len(), self.bodies.len())
    }

    fn back_to(&mut self, mark: Mark) {
        self.log.truncate(mark.0);
        self.hashes.truncate(mark.0);
        self.bodies.truncate(mark.1);
        self.gathered.undo();
        // A key made by the undone write is gone from the table, so it must not seal anything later.
        self.keys.clear();
    }
}

/// The writer thread: runs until every sender is gone.
pub(crate) fn run(place: Place, shared: Arc<Shared>, mut conn: Conn, jobs: Receiver<Box<dyn Job>>) {
    let limit = shared.batch;
    while let Some(first) = next(&mut conn, &shared, &jobs) {
        let mut batch = vec![first];
        while batch.len() < limit {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let end = if shared.has_space() { batch_of(&place, &mut conn, &shared, &mut batch) } else { Err(Error::Full) };
        shared.note_health(end.as_ref().err());
        match end {
            Ok(commit) => {
                if let Some(commit) = &commit {
                    (shared.on_commit)(commit.size);
                }
                let commit = commit.unwrap_or_else(|| shared.last());
                batch.into_iter().for_each(|job| job.answer(Ok(commit.clone())));
            }
            Err(e) => {
                // Never commit or sync again on a connection whose last commit failed: open a fresh one.
                if let Ok(fresh) = Conn::open(&place, Use::Write { cache: shared.cache }) {
                    conn = fresh;
                }
                batch.into_iter().for_each(|job| job.answer(Err(e.clone())));
            }
        }
    }
}

/// Between two tries to empty the journal.
const WIPE_AGAIN: Duration = Duration::from_millis(500);

/// The next job; `None` when every sender is gone. Meanwhile the journal is emptied, if a key was destroyed.
fn next(conn: &mut Conn, shared: &Shared, jobs: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
    while shared.to_wipe.load(Ordering::Relaxed) {
        match jobs.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        if conn.wipe().unwrap_or(true) {
            shared.to_wipe.store(false, Ordering::Relaxed);
            break;
        }
        // Somebody reads: after a moment he is done.
        match jobs.recv_timeout(WIPE_AGAIN) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    jobs.recv().ok()
}

/// Runs one batch to its commit. `None` when nothing was logged.
fn batch_of(place: &Place, conn: &mut Conn, shared: &Shared, batch: &mut [Box<dyn Job>]) -> Result<Option<Arc<Commit>>> {
    let trouble = |e: Error| if matches!(e, Error::Full | Error::Corrupt(_)) { e } else { Error::Unknown(e.to_string()) };
    if conn.begin().is_err() {
        // Nothing was done yet. A connection that died while nobody wrote is replaced, and nobody hears of it.
        *conn = Conn::open(place, Use::Write { cache: shared.cache })?;
        conn.begin().map_err(trouble)?;
    }
    match steps(conn, shared, batch) {
        Ok(Some(mut commit)) => {
            conn.script("commit").map_err(trouble)?;
            shared.sign(&mut commit);
            let commit = Arc::new(commit);
            shared.set_last(commit.clone());
            shared.keep_checkpoint(&commit);
            Ok(Some(commit))
        }
        Ok(None) => conn.script("commit").map(|()| None).map_err(trouble),
        Err(e) => {
            let _ = conn.script("rollback");
            Err(trouble(e))
        }
    }
}

fn steps(conn: &mut Conn, shared: &Shared, batch: &mut [Box<dyn Job>]) -> Result<Option<Commit>> {
    let sql = if conn.lock_clause().is_empty() {
        "select size, edge from log_head where id = 1"
    } else {
        "select size, edge from log_head where id = 1 for update"
    };
    let head = conn.rows(sql, &[])?.into_iter().next().ok_or_else(|| Error::Corrupt("the log has no head".into()))?;
    let mut edge = Edge::from_bytes(head.get("size")?, &head.get::<Vec<u8>>("edge")?)?;
    let mut pending = Pending { start: edge.size, ..Pending::default() };
    let mut saved = once::look_up(conn, batch)?;
    let mut keep: Vec<(String, once::Saved)> = Vec::new();
    let now = shared.time_of_batch();
    let mut open = false;
    for job in batch.iter_mut() {
        if let Some(hit) = job.key().and_then(|k| saved.get(&k.id)) {
            job.replay(&hit.clone());
            continue;
        }
        conn.savepoint(open)?;
        open = true;
        let mark = pending.mark();
        let mut tx = Tx { conn, shared, pending: &mut pending, now, wrote: false, logged: false, key: None };
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or(Err(()));
        match ran {
            Ok(Some(answer)) => {
                if let Some(key) = job.key() {
                    saved.insert(key.id.clone(), answer.clone());
                    keep.push((key.id.clone(), answer));
                }
            }
            Ok(None) => {}
            Err(()) => {
                pending.back_to(mark);
                conn.script("rollback to s")?;
            }
        }
    }
    if open {
        conn.last_savepoint()?;
    }
    let commit = finish(conn, pending, keep, now, &mut edge)?;
    if commit.is_some() {
        shared.logged_at(now);
    }
    Ok(commit)
}

/// Writes what the batch gathered: log rows, sealed bodies, tree nodes, the head, and the answers to keep.
fn finish(
    conn: &mut Conn,
    pending: Pending,
    keep: Vec<(String, once::Saved)>,
    now: i64,
    edge: &mut Edge,
) -> Result<Option<Commit>> {
    let Commit { mut nodes, .. } = Commit::of(edge, String::new());
    let mut stored = Vec::new();
    for hash in &pending.hashes {
        edge.push(*hash, |level, index, h| {
            nodes.insert((level, index), h);
            if level > 0 && level % 8 == 0 {
                stored.push(vec![level.into(), index.into(), h.into()]);
            }
        });
    }
    once::save(conn, keep, edge.size, now)?;
    pending.gathered.finish(conn)?;
    if pending.hashes.is_empty() {
        return Ok(None);
    }
    insert_many(conn, "log", &["seq", "at", "act", "obj", "leaf", "hash"], Clash::Refuse, &pending.log)?;
    insert_many(conn, "log_body", &["seq", "owner", "sealed"], Clash::Refuse, &pending.bodies)?;
    insert_many(conn, "log_node", &["level", "idx", "hash"], Clash::Refuse, &stored)?;
    conn.exec("update log_head set size = $1, edge = $2 where id = 1", params![edge.size, edge.bytes()])?;
    Ok(Some(Commit { size: edge.size, root: edge.root(), checkpoint: String::new(), nodes }))
}
