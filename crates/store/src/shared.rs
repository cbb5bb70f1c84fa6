//! What the writer and everybody who waits for it have in common: keys, the last commit, the state of the disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::Ambient;
use crate::db::Options;
use crate::engine::Place;
use crate::error::{Error, Result};
use crate::note::{self, Signer};
use crate::query::Query;
use crate::reader::Read;
use crate::seal::{Secret, Suite};
use crate::tree::Edge;
use crate::writer::Commit;

/// Whether writes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Writes work.
    Good,
    /// The disk is full; reads work.
    Full,
    /// The last commit failed.
    Failing,
}

pub(crate) struct Shared {
    pub(crate) signer: Signer,
    pub(crate) node_key: Secret,
    pub(crate) suite: Suite,
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) batch: usize,
    pub(crate) queue: usize,
    pub(crate) on_commit: Box<dyn Fn(u64) + Send + Sync>,
    data: PathBuf,
    /// `None` on PostgreSQL, whose disk is its own affair.
    min_free: Option<u64>,
    /// Bytes of pages that the writer keeps in memory.
    pub(crate) cache: u64,
    last: RwLock<Arc<Commit>>,
    last_now: AtomicI64,
    health: AtomicU8,
    /// A key was destroyed, and its bytes may still lie in the database's own journal.
    pub(crate) to_wipe: AtomicBool,
}

impl Shared {
    pub(crate) fn start(r: &mut Read, signer: Signer, options: Options) -> Result<Shared> {
        refuse_rollback(r, &options.data, &signer)?;
        let row = r.row("select size, edge from log_head where id = 1", &[])?;
        let row = row.ok_or_else(|| Error::Corrupt("the log has no head".into()))?;
        let edge = Edge::from_bytes(row.get("size")?, &row.get::<Vec<u8>>("edge")?)?;
        let last_now = r.count("select at from log order by seq desc limit 1", &[])?;
        let last = Commit::of(&edge, signer.checkpoint(edge.size, &edge.root()));
        Ok(Shared {
            signer,
            node_key: options.node_key,
            suite: options.suite,
            ambient: options.ambient,
            batch: options.batch.max(1),
            queue: options.queue.max(1),
            on_commit: options.on_commit,
            cache: options.cache,
            min_free: matches!(options.place, Place::Sqlite(_)).then_some(options.min_free),
            data: options.data,
            last: RwLock::new(Arc::new(last)),
            last_now: AtomicI64::new(last_now),
            health: AtomicU8::new(Health::Good as u8),
            to_wipe: AtomicBool::new(false),
        })
    }

    /// Time for a batch.
    pub(crate) fn time_of_batch(&self) -> i64 {
        time_after(self.last_now.load(Ordering::Relaxed), self.ambient.now_ms())
    }

    /// The log now reaches up to this time.
    pub(crate) fn logged_at(&self, now: i64) {
        self.last_now.store(now, Ordering::Relaxed);
    }

    /// Signs a commit.
    pub(crate) fn sign(&self, commit: &mut Commit) {
        commit.checkpoint = self.signer.checkpoint(commit.size, &commit.root);
    }

    /// Keeps a second copy of the checkpoint outside the database. The batch is durable already: failing here loses
    /// nothing but a day's protection against a rolled-back database, so nobody is told that his work failed.
    pub(crate) fn keep_checkpoint(&self, commit: &Commit) {
        let temp = self.data.join(format!("checkpoint.{}.tmp", std::process::id()));
        let kept = std::fs::write(&temp, &commit.checkpoint).and_then(|()| std::fs::rename(&temp, self.data.join("checkpoint")));
        if kept.is_err() {
            let _ = std::fs::remove_file(&temp);
        }
    }

    pub(crate) fn last(&self) -> Arc<Commit> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_last(&self, commit: Arc<Commit>) {
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = commit;
    }

    /// Asks the file system before a batch, so that SQLite never has to fail in the middle of one.
    pub(crate) fn has_space(&self) -> bool {
        let Some(min_free) = self.min_free else { return true };
        rustix::fs::statvfs(&self.data).map_or(true, |s| s.f_bavail.saturating_mul(s.f_frsize) >= min_free)
    }

    pub(crate) fn note_health(&self, error: Option<&Error>) {
        let health = match error {
            None => Health::Good,
            Some(Error::Full) => Health::Full,
            Some(_) => Health::Failing,
        };
        self.health.store(health as u8, Ordering::Relaxed);
    }

    pub(crate) fn health(&self) -> Health {
        match self.health.load(Ordering::Relaxed) {
            0 => Health::Good,
            1 => Health::Full,
            _ => Health::Failing,
        }
    }
}

/// How far the clock may lie behind the log and still be the one that is corrected: a day in milliseconds.
const BEHIND: i64 = 86_400_000;
/// No clock is right that shows a time before this program was written (2026-01-01): a computer whose battery is empty.
const WRITTEN: i64 = 1_767_225_600_000;

/// The time of a batch when the last one was at `last`: the clock's, but not before `last`, so that the log does not run
/// backwards when a clock is corrected. With one exception: a clock that lies more than a day behind shows that the log
/// was written ahead of time, and it is believed. Otherwise one hour with a wrong year would date every report, and set
/// every deadline, in that year for ever after.
fn time_after(last: i64, clock: i64) -> i64 {
    if clock >= WRITTEN && last - clock > BEHIND { clock } else { clock.max(last) }
}

/// A log that is shorter than, or different from, what was signed here before must not be continued.
fn refuse_rollback(r: &mut Read, data: &Path, signer: &Signer) -> Result<()> {
    let Ok(text) = std::fs::read_to_string(data.join("checkpoint")) else { return Ok(()) };
    if text.trim().is_empty() {
        // What a power cut left of it says nothing.
        return Ok(());
    }
    let (_, key) = note::parse_key(&signer.public_key()).ok_or_else(|| Error::Corrupt("the log key is unusable".into()))?;
    let signed = note::open(&text, &key).map_err(|e| Error::Corrupt(format!("checkpoint file: {e} (are these its keys?)")))?;
    let size = r.log_size()?;
    if size < signed.size || r.root(signed.size)? != signed.root {
        return Err(Error::Corrupt(format!(
            "the log has {size} entries but {} were signed here: the database was rolled back or exchanged. \
             (Put back from a copy on purpose: remove the file checkpoint in this folder.)",
            signed.size
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_ran_ahead_for_years_dates_nothing_for_ever() {
        let (now, ahead) = (WRITTEN + 400 * BEHIND, WRITTEN + 30_000 * BEHIND);
        assert_eq!(time_after(now, now + 5), now + 5);
        assert_eq!(time_after(now, now - 5000), now, "a clock that is corrected by seconds does not turn the log round");
        assert_eq!(time_after(now, ahead), ahead);
        assert_eq!(time_after(ahead, now), now, "what ran ahead is over when the clock is right again");
        assert_eq!(time_after(now, 0), now, "an empty battery shows 1970");
        assert_eq!(time_after(ahead, WRITTEN - 1), ahead);
    }
}
