//! Following the log: what is derived from its entries is looked up first and then written together with a cursor.
//!
//! What must stay true: nothing is missed or done twice, whatever ends when; a follower that another process has overtaken
//! writes nothing. Followers read the same entries one after the other, so the last chunks are kept: they never change.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use store::{Query as _, Tx, Written};

use super::{App, Error, Result};

/// All who follow, by the names of their cursors.
pub const FOLLOWERS: [&str; 10] =
    ["board", "exchange", "hotline", "kpi", "link", "notice", "notice-group", "open311", "reach", "register.recut"];

/// Entries that are read at once.
const CHUNK: usize = 500;
/// Chunks that are kept.
const KEPT: usize = 4;

/// The chunks of the log that were read last.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<Arc<Vec<Written>>>>);

impl Recent {
    fn chunk(&self, read: &mut store::Read, from: u64) -> store::Result<Arc<Vec<Written>>> {
        let begins = |c: &&Arc<Vec<Written>>| c.first().is_some_and(|w| w.index == from);
        if let Some(chunk) = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().find(begins) {
            return Ok(chunk.clone());
        }
        let chunk = Arc::new(read.leaves(from, CHUNK)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !chunk.is_empty() {
            kept.push_back(chunk.clone());
        }
        while kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(chunk)
    }
}

/// Follows the log to its end, or until the program ends: `prepare` looks up what entries mean, `apply` writes it. Returns how many entries were read.
pub fn follow<P: Send + 'static>(
    app: &App,
    name: &'static str,
    mut prepare: impl FnMut(&mut store::Read, &[Written]) -> Result<P>,
    apply: impl Fn(&mut Tx, P) -> Result<()> + Copy + Send + 'static,
) -> Result<u64> {
    debug_assert!(FOLLOWERS.contains(&name), "{name} follows and is not among them");
    let mut done = 0;
    loop {
        let (from, read, prepared) = app.db.read(|r| {
            let from = r.cursor(name)?;
            let entries = app.recent.chunk(r, from)?;
            let prepared = if entries.is_empty() { None } else { Some(prepare(r, &entries)?) };
            Ok::<_, Error>((from, entries.len() as u64, prepared))
        })?;
        let Some(prepared) = prepared else { return Ok(done) };
        if app.over.load(Ordering::Relaxed) {
            return Ok(done);
        }
        done += read;
        app.db.write(move |tx| {
            // Somebody else may have followed meanwhile (another process on the same database).
            if tx.cursor(name)? != from {
                return Ok::<_, Error>(());
            }
            apply(tx, prepared)?;
            Ok(tx.follow(name, from + read)?)
        })?;
    }
}

/// Follows the log to its end with as few writes as there can be: `take` adds what each chunk means to what was gathered, which
/// is made `ready` and written when it is `full` or the log ends. For sums, where a write of many chunks costs hardly more than
/// one of one.
pub fn gather<P: Default, Q: Send + 'static>(
    app: &App,
    name: &'static str,
    mut take: impl FnMut(&mut store::Read, &[Written], &mut P) -> Result<()>,
    full: impl Fn(&P) -> bool,
    ready: impl Fn(P) -> Q,
    apply: impl Fn(&mut Tx, Q) -> Result<()> + Copy + Send + 'static,
) -> Result<u64> {
    debug_assert!(FOLLOWERS.contains(&name), "{name} follows and is not among them");
    let mut done = 0;
    loop {
        let from = app.db.read(|r| r.cursor(name))?;
        let (mut read, mut gathered) = (0, P::default());
        while !full(&gathered) {
            let more = app.db.read(|r| {
                let entries = app.recent.chunk(r, from + read)?;
                take(r, &entries, &mut gathered)?;
                Ok::<_, Error>(entries.len() as u64)
            })?;
            if more == 0 {
                break;
            }
            read += more;
        }
        if read == 0 || app.over.load(Ordering::Relaxed) {
            return Ok(done);
        }
        done += read;
        let ready = ready(gathered);
        app.db.write(move |tx| {
            // Somebody else may have followed meanwhile (another process on the same database).
            if tx.cursor(name)? != from {
                return Ok::<_, Error>(());
            }
            apply(tx, ready)?;
            Ok(tx.follow(name, from + read)?)
        })?;
    }
}
