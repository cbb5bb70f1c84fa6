//! The pool of read-only connections.
//!
//! What must stay true: a read never waits for a write, never changes anything, and ends after a fixed amount of work.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::engine::{Conn, Place, Use};
use crate::error::Result;
use crate::query::Query;
use crate::seal::Secret;
use crate::value::{Row, Value};

/// A database opened without its keys: for proving its log, counting and copying. What is sealed stays sealed.
pub struct Viewer {
    readers: Readers,
    no_key: Secret,
}

impl Viewer {
    /// Opens for reading only.
    pub fn new(place: Place) -> Viewer {
        Viewer { readers: Readers::new(place, 1, 0), no_key: Secret::new([0; 32]) }
    }

    /// Reads one state of the database, however many questions it takes and whoever writes meanwhile.
    pub fn read<T, E: From<crate::Error>>(
        &self,
        f: impl FnOnce(&mut Read) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.readers.with(&self.no_key, |r| {
            r.conn.freeze()?;
            let out = f(r);
            r.conn.unfreeze()?;
            out
        })
    }

    /// A consistent copy of the database file while it is in use (SQLite).
    pub fn copy_to(&self, file: &std::path::Path) -> Result<()> {
        self.readers.with(&self.no_key, |r| r.conn.copy_to(file))
    }
}

/// A read in progress.
pub struct Read<'a> {
    conn: &'a mut Conn,
    node_key: &'a Secret,
}

impl Query for Read<'_> {
    fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.conn.rows(sql, params)
    }

    fn node_key(&self) -> Secret {
        self.node_key.clone()
    }
}

/// Bytes of pages that a reader keeps in memory, at least and at most: enough for what one page of the program reads, so
/// that it is not fetched from the file again and again.
const LEAST: u64 = 2 << 20;
const MOST: u64 = 64 << 20;

pub(crate) struct Readers {
    place: Place,
    limit: usize,
    /// Bytes of pages that each keeps in memory.
    cache: u64,
    idle: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Conn>,
    open: usize,
    /// How often the idle ones were thrown away. What was lent before the last time is thrown away when it comes back:
    /// it may have died with them unnoticed.
    cleared: u64,
}

impl Readers {
    /// `cache` is what the writer has.
    pub(crate) fn new(place: Place, limit: usize, cache: u64) -> Readers {
        let cache = (cache / 4).clamp(LEAST, MOST);
        Readers { place, limit: limit.max(1), cache, idle: Mutex::default(), freed: Condvar::new() }
    }

    pub(crate) fn with<T, E: From<crate::Error>>(
        &self,
        node_key: &Secret,
        f: impl FnOnce(&mut Read) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let _reading = Reading::begin();
        let mut lease = self.take()?;
        let Some(conn) = lease.conn.as_mut() else { return Err(crate::Error::Busy.into()) };
        let out = f(&mut Read { conn, node_key });
        if conn.broken() {
            // The server restarted: those that lie idle died with it, and each would cost somebody his answer.
            lease.conn = None;
            self.forget_idle();
        }
        out
    }

    fn take(&self) -> Result<Lease<'_>> {
        let mut state = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let cleared = state.cleared;
            if let Some(conn) = state.idle.pop() {
                return Ok(Lease { pool: self, conn: Some(conn), cleared });
            }
            if state.open < self.limit {
                state.open += 1;
                drop(state);
                let conn = Conn::open(&self.place, Use::Read { cache: self.cache }).inspect_err(|_| self.forget())?;
                return Ok(Lease { pool: self, conn: Some(conn), cleared });
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn forget_idle(&self) {
        let mut state = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let dead = std::mem::take(&mut state.idle);
        state.open -= dead.len();
        state.cleared += 1;
    }

    fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
        self.freed.notify_one();
    }
}

/// A borrowed connection; goes back to the pool when dropped, also by a panic.
struct Lease<'a> {
    pool: &'a Readers,
    conn: Option<Conn>,
    /// See [`State::cleared`].
    cleared: u64,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return self.pool.forget() };
        let mut state = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if state.cleared == self.cleared {
            state.idle.push(conn);
        } else {
            state.open -= 1;
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// One read at a time on one thread: whoever holds a connection and waits for another waits for ever once all others do
/// the same. Debug builds stop at the place that does it.
struct Reading;

impl Reading {
    fn begin() -> Reading {
        debug_assert!(!READING.get(), "a read within a read");
        READING.set(true);
        Reading
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        READING.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(debug_assertions)]
    fn a_read_within_a_read_is_found_before_it_waits_for_ever() {
        let nested = || {
            let _reading = Reading::begin();
            drop(Reading::begin());
        };
        assert!(std::panic::catch_unwind(nested).is_err());
        drop(Reading::begin());
        drop(Reading::begin());
    }

    #[test]
    fn what_was_lent_when_the_server_went_does_not_come_back_into_the_pool() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.db");
        rusqlite::Connection::open(&file).unwrap().execute_batch("create table t (x int)").unwrap();
        let pool = Readers::new(Place::Sqlite(file), 4, 0);
        let count = |pool: &Readers| {
            let state = pool.idle.lock().unwrap();
            (state.idle.len(), state.open)
        };
        let (lent, other) = (pool.take().unwrap(), pool.take().unwrap());
        drop(other);
        assert_eq!(count(&pool), (1, 2));
        pool.forget_idle();
        drop(lent);
        assert_eq!(count(&pool), (0, 0));
        drop(pool.take().unwrap());
        assert_eq!(count(&pool), (1, 1));
    }
}
