//! One connection to either engine, speaking one SQL text.
//!
//! SQL is written once, with `$1` parameters, in the subset that SQLite and PostgreSQL share. Everything that differs
//! is inside this folder: `$n` becomes `?n` for SQLite (which numbers `$n` by first appearance), migrations carry the type
//! tokens `{int} {real} {bytes} {autoid}`, and `{+}` before a column that is compared says that no index shall be chosen for
//! its sake: SQLite, which has no statistics, is told so; PostgreSQL, which has, plans anew for each question, and does not
//! see the value that such a column is compared with.

mod postgres;
mod sqlite;

use std::path::PathBuf;

use crate::error::Result;
use crate::value::{Row, Value};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite file.
    Sqlite(PathBuf),
    /// PostgreSQL connection URL.
    Postgres(String),
}

/// What a connection is for; decides its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Use {
    /// Writes, with so many bytes of pages in memory (SQLite; PostgreSQL has its own buffers).
    Write { cache: u64 },
    /// Reads, with so many.
    Read { cache: u64 },
}

/// An open connection.
pub(crate) enum Conn {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
}

impl Conn {
    pub(crate) fn open(place: &Place, usage: Use) -> Result<Conn> {
        Ok(match place {
            Place::Sqlite(path) => Conn::Sqlite(sqlite::Sqlite::open(path, usage)?),
            Place::Postgres(url) => Conn::Postgres(Box::new(postgres::Postgres::open(url, usage)?)),
        })
    }

    /// Runs one statement; the number of rows it changed.
    pub(crate) fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        match self {
            Conn::Sqlite(c) => c.exec(sql, params),
            Conn::Postgres(c) => c.exec(sql, params),
        }
    }

    /// Runs one query; all its rows.
    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match self {
            Conn::Sqlite(c) => c.rows(sql, params),
            Conn::Postgres(c) => c.rows(sql, params),
        }
    }

    /// Runs several statements without parameters in one trip.
    pub(crate) fn script(&mut self, sql: &str) -> Result<()> {
        match self {
            Conn::Sqlite(c) => c.script(sql),
            Conn::Postgres(c) => c.script(sql),
        }
    }

    /// Starts the transaction of a batch. On PostgreSQL the caller then locks the log's head row, which serialises processes.
    pub(crate) fn begin(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(c) => c.exec("begin immediate", &[]).map(drop),
            Conn::Postgres(c) => c.script("begin"),
        }
    }

    /// From here to [`Conn::unfreeze`] all reads see the database as it is now, whatever is written meanwhile.
    pub(crate) fn freeze(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(_) => self.script("begin"),
            Conn::Postgres(_) => self.script("begin isolation level repeatable read"),
        }
    }

    /// Ends what [`Conn::freeze`] began.
    pub(crate) fn unfreeze(&mut self) -> Result<()> {
        self.script("commit")
    }

    /// Begins a savepoint `s`, after ending the one before when there is one: one trip, or two prepared statements.
    pub(crate) fn savepoint(&mut self, open: bool) -> Result<()> {
        match self {
            Conn::Sqlite(c) => {
                if open {
                    c.exec("release s", &[])?;
                }
                c.exec("savepoint s", &[]).map(drop)
            }
            Conn::Postgres(c) => c.script(if open { "release s;savepoint s" } else { "savepoint s" }),
        }
    }

    /// Ends the last savepoint before what the whole batch writes. SQLite keeps a copy of every page changed inside one and
    /// walks along all of them at the end of each statement, so that large batches would cost their square; PostgreSQL
    /// does not care, and is spared the trip.
    pub(crate) fn last_savepoint(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(c) => c.exec("release s", &[]).map(drop),
            Conn::Postgres(_) => Ok(()),
        }
    }

    /// Whether statements for single rows are cheap: where each is a round trip, many rows go in one instead.
    pub(crate) fn updates_one_by_one(&self) -> bool {
        matches!(self, Conn::Sqlite(_))
    }

    /// Empties the engine's own journal, so that nothing deleted lies there any more; false when readers hold it.
    pub(crate) fn wipe(&mut self) -> Result<bool> {
        match self {
            Conn::Sqlite(_) => {
                let row = self.rows("pragma wal_checkpoint(truncate)", &[])?.into_iter().next();
                row.map_or(Ok(true), |r| Ok(r.first::<i64>()? == 0))
            }
            Conn::Postgres(_) => Ok(true),
        }
    }

    /// True when the connection can not be used again.
    pub(crate) fn broken(&self) -> bool {
        match self {
            Conn::Sqlite(_) => false,
            Conn::Postgres(c) => c.closed(),
        }
    }

    /// `for update` where the engine has row locks.
    pub(crate) fn lock_clause(&self) -> &'static str {
        match self {
            Conn::Sqlite(_) => "",
            Conn::Postgres(_) => " for update",
        }
    }

    /// Translates the type tokens of a migration.
    pub(crate) fn dialect(&self, sql: &str) -> String {
        match self {
            // STRICT makes SQLite refuse a text in an integer column, as PostgreSQL does.
            Conn::Sqlite(_) => sql
                .replace("{int}", "integer")
                .replace("{real}", "real")
                .replace("{bytes}", "blob")
                .replace("{autoid}", "integer primary key")
                // The table is its primary key: rows lie in its order.
                .replace("\n){clustered};", "\n) strict, without rowid;")
                .replace("\n);", "\n) strict;"),
            Conn::Postgres(_) => sql
                .replace("{int}", "bigint")
                .replace("{real}", "double precision")
                .replace("{bytes}", "bytea")
                .replace("{autoid}", "bigserial primary key")
                .replace("{clustered}", ""),
        }
    }

    /// Adds rows of counters (all columns integers, one row after the other) to those with the same first `key` columns; columns
    /// before `from` stay as they were, the others are added. No key twice.
    pub(crate) fn add_counts(&mut self, table: &str, columns: &[&str], key: usize, from: usize, rows: &[i64]) -> Result<()> {
        let sums: Vec<String> = columns[from..].iter().map(|c| format!("{c} = {table}.{c} + excluded.{c}")).collect();
        let (names, keys, sums) = (columns.join(", "), columns[..key].join(", "), sums.join(", "));
        let clash = format!("on conflict({keys}) do update set {sums}");
        match self {
            Conn::Sqlite(c) => c.each(&format!("insert into {table}({names})"), &clash, columns.len(), rows),
            Conn::Postgres(c) => c.each(&format!("insert into {table}({names})"), &clash, columns.len(), rows),
        }
    }

    /// A consistent copy of the whole database while it is in use (SQLite only; PostgreSQL has its own tools).
    pub(crate) fn copy_to(&mut self, file: &std::path::Path) -> Result<()> {
        match self {
            Conn::Sqlite(c) => c.copy_to(file),
            Conn::Postgres(_) => Err(crate::Error::Schema("use pg_basebackup or pg_dump for PostgreSQL".into())),
        }
    }
}

/// Inserts many rows in statements of fixed sizes, so that prepared statements are reused and variable limits
/// (32,766 in SQLite, 65,535 in PostgreSQL) are never met. Cost grows linearly with the rows.
pub(crate) fn insert_many(conn: &mut Conn, table: &str, columns: &[&str], clash: Clash, rows: &[Vec<Value>]) -> Result<()> {
    let mut rest = rows;
    for size in [256usize, 64, 16, 4, 1] {
        if size * columns.len() > 30_000 {
            continue;
        }
        let mut sql = None;
        while rest.len() >= size {
            let (now, later) = rest.split_at(size);
            let sql = sql.get_or_insert_with(|| insert_sql(table, columns, clash, size));
            let params: Vec<Value> = now.iter().flatten().cloned().collect();
            conn.exec(sql, &params)?;
            rest = later;
        }
    }
    Ok(())
}

/// What happens when a row with the same key stands there already.
#[derive(Clone, Copy)]
pub(crate) enum Clash {
    /// An error.
    Refuse,
    /// The one that stands there stays.
    Keep,
    /// The new row takes its place; the key is the first column, and so many columns stay as they were: an index of theirs
    /// has nothing to do.
    Replace(usize),
    /// The last column is added to it; the key is all the others.
    Add,
}

impl Clash {
    fn clause(self, table: &str, columns: &[&str]) -> String {
        let Some((last, others)) = columns.split_last() else { return String::new() };
        match self {
            Clash::Refuse => String::new(),
            Clash::Keep => " on conflict do nothing".into(),
            Clash::Replace(fixed) => {
                let set: Vec<String> = columns[fixed..].iter().map(|c| format!("{c} = excluded.{c}")).collect();
                format!(" on conflict({}) do update set {}", columns[0], set.join(", "))
            }
            Clash::Add => {
                format!(" on conflict({}) do update set {last} = {table}.{last} + excluded.{last}", others.join(", "))
            }
        }
    }
}

fn insert_sql(table: &str, columns: &[&str], clash: Clash, rows: usize) -> String {
    let mut sql = format!("insert into {table}({}) values ", columns.join(","));
    for r in 0..rows {
        sql.push_str(if r == 0 { "(" } else { ",(" });
        for c in 0..columns.len() {
            if c > 0 {
                sql.push(',');
            }
            sql.push_str(&format!("${}", r * columns.len() + c + 1));
        }
        sql.push(')');
    }
    sql.push_str(&clash.clause(table, columns));
    sql
}
