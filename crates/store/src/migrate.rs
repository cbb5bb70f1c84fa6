//! Migrations: plain SQL, each in one transaction together with its version row.
//!
//! What must stay true: a crash anywhere leaves the old or the new schema, never one between; an applied migration is
//! never edited (its digest is kept and compared); a database newer than the program is refused, not downgraded. Several
//! processes may start at the same moment: whoever writes the version row first does the step, the others wait for him.

use crate::hex;
use sha2::{Digest, Sha256};

use crate::engine::Conn;
use crate::error::{Error, Result};
use crate::params;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Position, counted from 1 without holes. 0 is the store's own schema.
    pub version: i64,
    /// Name for messages.
    pub name: &'static str,
    /// SQL with the type tokens `{int} {real} {bytes} {autoid}`; `{clustered}` after a table: its rows lie in the order of its key.
    pub sql: &'static str,
}

const STORE: Migration = Migration { version: 0, name: "store", sql: include_str!("schema.sql") };

pub(crate) fn apply(conn: &mut Conn, program: &[Migration], now: i64) -> Result<()> {
    let table = "create table if not exists schema_version (\n  version {int} primary key,\n  name text not null,\n  digest text not null,\n  at {int} not null\n);";
    let table = conn.dialect(table);
    // PostgreSQL may refuse it to the second of two that make it at once; then it is there.
    let made = conn.script(&table);
    let known = conn.rows("select version, name, digest from schema_version order by version", &[]);
    let done = match made {
        Err(e) if known.is_err() => return Err(e),
        _ => known?,
    };
    let all: Vec<&Migration> = std::iter::once(&STORE).chain(program).collect();
    if done.len() > all.len() {
        return Err(Error::Schema(format!(
            "the database is at version {}, this program knows {}",
            done.len() - 1,
            all.len() - 1
        )));
    }
    for (i, step) in all.iter().enumerate() {
        if step.version != i as i64 {
            return Err(Error::Schema(format!("migration {} stands at place {i}", step.name)));
        }
        let digest = hex(&Sha256::digest(step.sql)[..8]);
        match done.get(i) {
            Some(row) if row.get::<String>("digest")? == digest => {}
            Some(_) => return Err(Error::Schema(format!("migration {} was changed after it had been applied", step.name))),
            None => step_in_transaction(conn, step, &digest, now)?,
        }
    }
    // The empty log. A parameter, because an empty blob has no literal that both engines read.
    let head = "insert into log_head(id, size, edge) values (1, 0, $1) on conflict(id) do nothing";
    conn.exec(head, params![Vec::<u8>::new()]).map(drop)
}

fn step_in_transaction(conn: &mut Conn, step: &Migration, digest: &str, now: i64) -> Result<()> {
    let sql = conn.dialect(step.sql);
    conn.begin()?;
    let row = params![step.version, step.name, digest, now];
    let first = "insert into schema_version(version, name, digest, at) values ($1, $2, $3, $4) on conflict(version) do nothing";
    let end = conn
        .exec(first, row)
        .and_then(|n| if n == 1 { conn.script(&sql) } else { same(conn, step, digest) })
        .and_then(|()| conn.script("commit"));
    if let Err(e) = end {
        let _ = conn.script("rollback");
        return Err(Error::Schema(format!("{}: {e}", step.name)));
    }
    Ok(())
}

/// Somebody else has done the step in the meantime: was it this one?
fn same(conn: &mut Conn, step: &Migration, digest: &str) -> Result<()> {
    let row = conn.rows("select digest from schema_version where version = $1", params![step.version])?;
    match row.first().map(|r| r.get::<String>("digest")).transpose()? {
        Some(theirs) if theirs == digest => Ok(()),
        _ => Err(Error::Schema("another program changes the database at this moment".into())),
    }
}
