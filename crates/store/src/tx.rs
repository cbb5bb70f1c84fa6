//! One write: what an action may do to the database.
//!
//! What must stay true: a transaction that changes a row also logs (or moves a follower's cursor, for rows that can be
//! derived from the log again). Debug builds refuse one that does not, so nothing can vanish silently.

use crate::hex;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::Ambient;
use crate::engine::{Clash, Conn, insert_many};
use crate::error::{Error, Result};
use crate::gather::How;
use crate::log::{self, Entry, Logged};
use crate::params;
use crate::query::{Query, subject_key};
use crate::seal::Secret;
use crate::shared::Shared;
use crate::value::{Row, Value};
use crate::writer::Pending;

/// A write in progress. Time stands still inside it.
pub struct Tx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) shared: &'a Shared,
    pub(crate) pending: &'a mut Pending,
    pub(crate) now: i64,
    pub(crate) wrote: bool,
    pub(crate) logged: bool,
    /// The key of a program with which this write is made.
    pub(crate) key: Option<Arc<str>>,
}

impl Query for Tx<'_> {
    fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        // `insert … returning` comes this way too.
        self.wrote |= !matches!(sql.trim_start().get(..6), Some("select") | Some("with r"));
        self.pending.gathered.before(self.conn, sql)?;
        self.conn.rows(sql, params)
    }

    fn node_key(&self) -> Secret {
        self.shared.node_key.clone()
    }
}

impl Tx<'_> {
    /// Time of this write, milliseconds UTC.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Random bytes.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.shared.ambient.fill(&mut out);
        out
    }

    /// A new id (UUIDv7).
    pub fn id(&mut self) -> String {
        uuid_v7(self.now, &*self.shared.ambient)
    }

    /// Changes rows; returns how many.
    pub fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.wrote = true;
        self.pending.gathered.before(self.conn, sql)?;
        self.conn.exec(sql, params)
    }

    /// Adds a row that nobody reads before the batch ends (if somebody does, it is written first): cheaper than a
    /// statement of its own. The row must not be one that the schema could refuse, or the whole batch fails with it.
    pub fn append(&mut self, table: &'static str, columns: &'static [&'static str], row: &[Value]) {
        self.wrote = true;
        self.pending.gathered.push(How::Append, table, columns, row.to_vec());
    }

    /// Like [`Tx::append`], for a row that may be there already: then it stays as it is.
    pub fn keep(&mut self, table: &'static str, columns: &'static [&'static str], row: &[Value]) {
        self.wrote = true;
        self.pending.gathered.push(How::Keep, table, columns, row.to_vec());
    }

    /// Writes a whole row at the end of the batch, new or in place of the one with the same first column (a text). What
    /// [`Tx::append`] says of the schema holds here too. [`Tx::fetch`] sees it at once.
    /// The first `fixed` columns, at least the key, never change once the row is there.
    pub fn put(&mut self, table: &'static str, columns: &'static [&'static str], fixed: usize, row: Vec<Value>) {
        self.wrote = true;
        self.pending.gathered.push(How::Put(fixed.max(1)), table, columns, row);
    }

    /// Adds to a counter at the end of the batch: the last column is the number, the others are the key.
    pub fn add(&mut self, table: &'static str, columns: &'static [&'static str], row: &[Value]) {
        self.wrote = true;
        self.pending.gathered.push(How::Add, table, columns, row.to_vec());
    }

    /// The row of a table that is written by [`Tx::put`], by its first column: as this batch has left it so far.
    pub fn fetch(&mut self, table: &'static str, columns: &'static [&'static str], key: &str) -> Result<Option<Row>> {
        let gathered = &mut self.pending.gathered;
        let names = gathered.names_of(table, columns);
        if let Some(values) = gathered.find(table, key) {
            return Ok(Some(Row { names, values: values.clone() }));
        }
        if let Some(known) = gathered.known(table, key) {
            return Ok(known.clone().map(|values| Row { names, values }));
        }
        let sql = format!("select {} from {table} where {} = $1", columns.join(", "), columns[0]);
        let row = self.conn.rows(&sql, params![key])?.into_iter().next();
        self.pending.gathered.know(table, key, row.as_ref().map(|r| r.values.as_slice()));
        Ok(row)
    }

    /// Reads many rows that [`Tx::fetch`] will be asked for, in few statements: on PostgreSQL each is a round trip.
    pub fn expect(&mut self, table: &'static str, columns: &'static [&'static str], keys: &[String]) -> Result<()> {
        /// Rows of one statement; always as many parameters, so that it is known to the database.
        const EACH: usize = 200;
        let gathered = &self.pending.gathered;
        let unknown = |k: &&String| gathered.find(table, k).is_none() && gathered.known(table, k).is_none();
        let wanted: Vec<&String> = keys.iter().filter(unknown).collect();
        let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
        let sql = format!("select {} from {table} where {} in ({})", columns.join(", "), columns[0], marks.join(","));
        for some in wanted.chunks(EACH) {
            let params: Vec<Value> = (0..EACH).map(|i| some.get(i).unwrap_or(&some[0]).as_str().into()).collect();
            let rows = self.conn.rows(&sql, &params)?;
            // Those that are not there are asked for no more, either.
            some.iter().for_each(|key| self.pending.gathered.know(table, key, None));
            for row in rows {
                if let Some(Value::Text(key)) = row.values.first() {
                    self.pending.gathered.know(table, key, Some(&row.values));
                }
            }
        }
        Ok(())
    }

    /// Inserts many rows in few statements.
    pub fn insert_many(&mut self, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<()> {
        self.wrote |= !rows.is_empty();
        self.pending.gathered.forget(table);
        insert_many(self.conn, table, columns, Clash::Refuse, rows)
    }

    /// Adds many rows of counters at once, for what is summed up before the write: all columns are integers, `rows` holds one
    /// row after the other, the first `key` columns are the key (none twice), those before `from` stay as they were in a row
    /// that is there, all others are added.
    pub fn add_counts(&mut self, table: &str, columns: &[&str], key: usize, from: usize, rows: &[i64]) -> Result<()> {
        debug_assert!(key <= from && from < columns.len() && rows.len().is_multiple_of(columns.len()), "{table}");
        if rows.is_empty() {
            return Ok(());
        }
        self.wrote = true;
        self.pending.gathered.before(self.conn, table)?;
        self.conn.add_counts(table, columns, key, from, rows)
    }

    /// Writes an entry into the log. It becomes visible to readers with the commit of the batch.
    pub fn log(&mut self, entry: Entry) -> Result<Logged> {
        let key = self.key.clone();
        let entry = entry.fact_opt("key", key.as_deref());
        let mut salts = vec![0; entry.elements.len() * 32];
        self.shared.ambient.fill(&mut salts);
        let index = self.pending.next_index();
        let logged = log::build(&entry, self.shared.signer.origin(), index, self.now, &salts)?;
        let body = match entry.owner.filter(|_| !logged.elements.is_empty()) {
            Some(owner) => {
                let plain = serde_json::to_vec(&logged.elements).unwrap_or_default();
                Some((owner.to_owned(), self.seal(owner, &plain)?))
            }
            None => None,
        };
        self.pending.push(&logged, self.now, entry.act, entry.obj, body);
        self.logged = true;
        Ok(logged)
    }

    /// Seals a value with its owner's key, which is made when it does not exist.
    pub fn seal(&mut self, owner: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let key = match self.pending.key(owner) {
            Some(key) => key,
            None => {
                let key = match subject_key(self, owner)? {
                    Some(key) => key,
                    None => self.new_key(owner, "")?,
                };
                self.pending.keep_key(owner, &key);
                key
            }
        };
        key.seal(owner, plain, self.random())
    }

    /// Seals a text when there is one.
    pub fn seal_text(&mut self, owner: &str, plain: Option<&str>) -> Result<Option<Vec<u8>>> {
        plain.map(|p| self.seal(owner, p.as_bytes())).transpose()
    }

    /// Makes the key of an owner that did not exist before (a new case, a new person), without asking whether it has one.
    pub fn new_owner(&mut self, owner: &str) -> Result<()> {
        self.new_owner_of(owner, "")
    }

    /// The same for an owner who belongs to an area: his key is wrapped by a key of that area.
    pub fn new_owner_of(&mut self, owner: &str, area: &str) -> Result<()> {
        let key = self.new_key(owner, area)?;
        self.pending.keep_key(owner, &key);
        Ok(())
    }

    /// Takes over a key that was made before the write, for what had to be sealed outside it (files).
    pub fn give_key(&mut self, owner: &str, key: &Secret) -> Result<()> {
        self.store_key(owner, "", key)?;
        self.pending.keep_key(owner, key);
        Ok(())
    }

    /// Destroys an owner's key: whatever was sealed with it can never be read again, wherever copies of it lie. SQLite
    /// overwrites what is deleted, and the writer then empties its journal; PostgreSQL does so with its next vacuum.
    pub fn destroy_key(&mut self, owner: &str) -> Result<()> {
        self.pending.forget_key(owner);
        self.shared.to_wipe.store(true, Ordering::Relaxed);
        self.exec("delete from subject_key where owner = $1", params![owner]).map(drop)
    }

    /// Forgets saved answers that are older than they are kept, some at a time; returns how many.
    pub fn sweep_answers(&mut self) -> Result<u64> {
        let sql = "delete from once where id in (select id from once where at < $1 order by at limit 500)";
        self.conn.exec(sql, params![self.now - crate::once::KEEP_MS])
    }

    /// inv02, in debug builds: whoever changed rows has logged.
    pub(crate) fn guard(&self) -> Result<()> {
        if cfg!(debug_assertions) && self.wrote && !self.logged {
            return Err(Error::Shape("inv02: a transaction changed rows without logging".into()));
        }
        Ok(())
    }

    fn new_key(&mut self, owner: &str, area: &str) -> Result<Secret> {
        let key = Secret::new(self.random()).with(self.shared.suite);
        self.store_key(owner, area, &key)?;
        Ok(key)
    }

    fn store_key(&mut self, owner: &str, area: &str, key: &Secret) -> Result<()> {
        let wrapped = key.wrapped_by(&self.shared.node_key, area, owner, self.random())?;
        self.append("subject_key", &["owner", "wrapped"], params![owner, wrapped]);
        Ok(())
    }

    /// Moves a follower's cursor: the rows written with it are derived from the log and need no entry of their own.
    pub fn follow(&mut self, name: &str, seq: u64) -> Result<()> {
        self.logged = true;
        self.conn.exec(
            "insert into cursor_of(name, seq) values ($1, $2) on conflict(name) do update set seq = excluded.seq",
            params![name, seq],
        )?;
        Ok(())
    }
}

/// A UUID of version 7: 48 bits of time, 74 random bits.
pub fn uuid_v7(now: i64, ambient: &dyn Ambient) -> String {
    let mut b = [0u8; 16];
    ambient.fill(&mut b[6..]);
    b[..6].copy_from_slice(&now.to_be_bytes()[2..]);
    b[6] = 0x70 | b[6] & 0x0f;
    b[8] = 0x80 | b[8] & 0x3f;
    let hex = hex(b);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
