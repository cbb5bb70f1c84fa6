//! SQLite: bundled, WAL, `synchronous=FULL`, one writing connection, read-only readers with a step limit.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Use;
use crate::error::{Error, Result};
use crate::value::{Row, Value};

/// Oldest version without the WAL-reset corruption bug (3.7.0–3.51.2).
const OLDEST: i32 = 3_051_003;
/// Work limit of one read in steps of the virtual machine; about ten seconds on an old PC. Steps, not time: no clock here.
const READ_STEPS: u64 = 500_000_000;
const STEPS_PER_CHECK: i32 = 1_000_000;

pub(crate) struct Sqlite {
    conn: Connection,
    steps: Arc<std::sync::atomic::AtomicU64>,
    /// SQL text → text with `?n`; the set of statements is fixed, so this does not grow without bound.
    texts: HashMap<String, String>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, usage: Use) -> Result<Sqlite> {
        if rusqlite::version_number() < OLDEST {
            return Err(Error::Schema(format!("SQLite {} can corrupt its WAL; 3.51.3 or newer is needed", rusqlite::version())));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(path, flags).map_err(error)?;
        conn.set_prepared_statement_cache_capacity(256);
        conn.execute_batch(
            "pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on; pragma trusted_schema=off;
             pragma mmap_size=0; pragma cell_size_check=on; pragma busy_timeout=5000; pragma secure_delete=on;
             pragma temp_store=memory; pragma wal_autocheckpoint=4000; pragma journal_size_limit=67108864;",
        )
        .map_err(error)?;
        let steps = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let (Use::Write { cache } | Use::Read { cache }) = usage;
        conn.execute_batch(&format!("pragma cache_size=-{}", cache / 1024)).map_err(error)?;
        if matches!(usage, Use::Read { .. }) {
            conn.execute_batch("pragma query_only=on; pragma wal_autocheckpoint=0;").map_err(error)?;
            let seen = steps.clone();
            conn.progress_handler(
                STEPS_PER_CHECK,
                Some(move || seen.fetch_add(STEPS_PER_CHECK as u64, std::sync::atomic::Ordering::Relaxed) > READ_STEPS),
            )
            .map_err(error)?;
        }
        Ok(Sqlite { conn, steps, texts: HashMap::new() })
    }

    pub(crate) fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let mut stmt = self.conn.prepare_cached(numbered(&mut self.texts, sql)).map_err(error)?;
        let n = stmt.execute(rusqlite::params_from_iter(params)).map_err(error)?;
        Ok(n as u64)
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.steps.store(0, std::sync::atomic::Ordering::Relaxed);
        let mut stmt = self.conn.prepare_cached(numbered(&mut self.texts, sql)).map_err(error)?;
        let names: Arc<[String]> = stmt.column_names().map(str::to_owned).collect();
        let mut rows = stmt.query(rusqlite::params_from_iter(params)).map_err(error)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(error)? {
            let mut values = Vec::with_capacity(names.len());
            for i in 0..names.len() {
                values.push(match row.get_ref(i).map_err(error)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(n) => Value::Int(n),
                    ValueRef::Real(x) => Value::Real(x),
                    ValueRef::Text(t) => Value::Text(String::from_utf8_lossy(t).into_owned()),
                    ValueRef::Blob(b) => Value::Bytes(b.to_vec()),
                });
            }
            out.push(Row { names: names.clone(), values });
        }
        Ok(out)
    }

    /// Inserts rows of integers, many in one statement: inside a savepoint the end of each statement walks along all pages
    /// that were changed.
    pub(crate) fn each(&mut self, insert: &str, clash: &str, width: usize, rows: &[i64]) -> Result<()> {
        let mut rest = rows;
        for many in [512, 32, 1] {
            if rest.len() < many * width {
                continue;
            }
            let row = |r: usize| (1..=width).map(|c| format!("?{}", r * width + c)).collect::<Vec<_>>().join(",");
            let marks: Vec<String> = (0..many).map(|r| format!("({})", row(r))).collect();
            let sql = format!("{insert} values {} {clash}", marks.join(","));
            let mut stmt = self.conn.prepare_cached(&sql).map_err(error)?;
            while rest.len() >= many * width {
                let (now, later) = rest.split_at(many * width);
                stmt.execute(rusqlite::params_from_iter(now)).map_err(error)?;
                rest = later;
            }
        }
        Ok(())
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(error)
    }

    pub(crate) fn copy_to(&mut self, file: &Path) -> Result<()> {
        let mut to = Connection::open(file).map_err(error)?;
        let backup = rusqlite::backup::Backup::new(&self.conn, &mut to).map_err(error)?;
        // All pages in one step: a snapshot of the read transaction, unaffected by writes that go on.
        backup.step(-1).map_err(error)?;
        drop(backup);
        to.execute_batch("pragma journal_mode=delete;").map_err(error)
    }
}

/// The text with `?n` for `$n`, kept so that it is made once.
fn numbered<'a>(texts: &'a mut HashMap<String, String>, sql: &str) -> &'a str {
    if !texts.contains_key(sql) {
        texts.insert(sql.to_owned(), sql.replace('$', "?").replace("{+}", "+"));
    }
    &texts[sql]
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Real(x) => ValueRef::Real(*x),
            Value::Text(t) => ValueRef::Text(t.as_bytes()),
            Value::Bytes(b) => ValueRef::Blob(b),
        }))
    }
}

fn error(e: rusqlite::Error) -> Error {
    match e.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::ConstraintViolation) => Error::Constraint(e.to_string()),
        Some(ErrorCode::OperationInterrupted) => Error::Timeout,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Corrupt(e.to_string()),
        _ => Error::Sql(e.to_string()),
    }
}
