//! Tables come into the register: a file is looked at, its columns are named, then it is written row by row.
//!
//! What must stay true: a row is written once, whatever breaks off and however often the file comes (files are known by
//! their digest, rows by their line, and a piece of rows and how far it came are one write); whoever is held already is
//! completed, never doubled and never overwritten; what is doubtful is left to somebody; the file lies sealed under a key
//! of its own, which is destroyed with it after [`KEPT`], and at once when somebody of its place had what is held of him
//! destroyed ([`void`]).
//!
//! Log kinds written: `register.import`, `register.import-columns`, `register.import-start`, `register.import-rows`,
//! `register.import-end`, `register.import-stop`, `register.import-forget`.

use sha2::Digest as _;
use store::{Entry, Query, Row, Secret, Tx, hex, params};

use super::rules::may_keep;
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::rows::{self, Limits, Line};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Error, Result, RoleKind, Who};

/// Workbooks with what is wrong.
pub mod back;
/// Rows, read.
pub mod check;
/// What columns mean.
pub mod heads;
/// The work itself.
pub mod job;
/// Which row is whom.
mod put;
/// Pages.
pub mod web;

names! {
    /// How far a file is.
    State { Draft = "draft", Running = "running", Stopped = "stopped", Done = "done", }
}

/// How long a file is kept to be fetched again with what is wrong.
pub const KEPT: Ms = 7 * DAY;
/// Rows of a file, bytes it unpacks to.
pub const ROWS: u64 = 1_100_000;
const UNPACKED: u64 = 512 << 20;
/// Files of a place that a page lists.
const LISTED: i64 = 20;

/// A file.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Run {
    pub id: String,
    /// The community it is about.
    pub area: String,
    pub path: String,
    pub body: String,
    pub by: String,
    pub made_at: Ms,
    pub blob: Option<String>,
    pub state: State,
    /// Line of the head.
    pub head: u64,
    pub columns: Vec<Option<&'static str>>,
    /// Rows beneath the head.
    pub lines: i64,
    /// Last line that is dealt with.
    pub done: u64,
    /// Only rows that were refused are tried again.
    pub again: bool,
    pub added: i64,
    pub completed: i64,
    pub known: i64,
    pub failed: i64,
    /// Rows of which something is to be told.
    pub told: i64,
    /// Rows that are perhaps somebody who is held.
    pub doubted: i64,
}

/// A file that is void is there for the work that it is in the middle of, and for nobody else.
const COLUMNS: &str = "id, area, path, body, by_person, made_at, case when void_at is null or state = 'running' then file end file, state, head, columns, lines, done, again, added, completed, \
                       known, failed, told, doubted";

fn run(row: &Row) -> store::Result<Run> {
    let columns: String = row.get("columns")?;
    Ok(Run {
        id: row.get("id")?,
        area: row.get("area")?,
        path: row.get("path")?,
        body: row.get("body")?,
        by: row.get("by_person")?,
        made_at: row.get("made_at")?,
        blob: row.get("file")?,
        state: row.get("state")?,
        head: row.get("head")?,
        columns: columns.split(' ').map(heads::target).collect(),
        lines: row.get("lines")?,
        done: row.get("done")?,
        again: row.get::<i64>("again")? != 0,
        added: row.get("added")?,
        completed: row.get("completed")?,
        known: row.get("known")?,
        failed: row.get("failed")?,
        told: row.get("told")?,
        doubted: row.get("doubted")?,
    })
}

fn spelled(columns: &[Option<&'static str>]) -> String {
    columns.iter().map(|c| c.unwrap_or("-")).collect::<Vec<_>>().join(" ")
}

/// A file.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Run>> {
    q.row(&format!("select {COLUMNS} from register_import where id = $1"), params![id])?.as_ref().map(run).transpose()
}

/// The files of an area, the newest first.
pub fn of_area(q: &mut dyn Query, area: &str) -> store::Result<Vec<Run>> {
    let sql = format!("select {COLUMNS} from register_import where area = $1 order by made_at desc, id limit {LISTED}");
    q.rows(&sql, params![area])?.iter().map(run).collect()
}

/// Whether somebody brings tables in for a place, and for which body: the committee alone.
pub fn may_import<'a>(who: &'a Who, path: &str) -> Option<&'a str> {
    let role = who.roles.iter().find(|r| r.kind == RoleKind::Committee && path.starts_with(&r.path))?;
    role.body.as_deref().filter(|_| may_keep(who, path))
}

/// Reads the rows of a file.
pub(super) fn each(bytes: &[u8], f: &mut dyn FnMut(Line) -> Result<bool>) -> Result<()> {
    rows::each(bytes, None, Limits { unpacked: UNPACKED, rows: ROWS + heads::LOOKED }, f)
}

/// The head of a table, its line, and how many rows follow.
struct Shape {
    head: Vec<String>,
    at: u64,
    lines: i64,
}

fn shape(bytes: &[u8]) -> Result<Shape> {
    let (mut best, mut all, mut after) = (None::<(usize, u64, Vec<String>)>, 0i64, 0i64);
    each(bytes, &mut |line| {
        all += 1;
        if line.at <= heads::LOOKED {
            let score = heads::score(line.cells);
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, line.at, line.cells.to_vec()));
                after = all;
            }
        }
        Ok(true)
    })?;
    let (_, at, head) = best.ok_or_else(|| Kind::BadTable.at("file"))?;
    Ok(Shape { head, at, lines: all - after })
}

/// Takes a file in for a community: sealed, its head found, its columns named as far as they are known. A file that was
/// here before is the same one again.
pub fn begin(app: &App, who: &Who, area: &Area, bytes: &[u8]) -> Result<String> {
    let body = may_import(who, &area.path).ok_or(Kind::Denied)?.to_owned();
    // The same file may be here still, and be void.
    sweep(app)?;
    let shape = shape(bytes)?;
    let digest = hex(&app.db.digest("register file", &hex(sha2::Sha256::digest(bytes)))[..16]);
    let held = app.db.read(|r| {
        let row = r.row(
            "select id from register_import where area = $1 and digest = $2 and file is not null",
            params![&area.id, &digest],
        )?;
        row.map(|r| r.get::<String>("id")).transpose()
    })?;
    if let Some(id) = held {
        return Ok(id);
    }
    let (id, key) = (app.new_id(), Secret::new(app.random()));
    let blob = app.db.blobs().put(&key.seal(&id, bytes, app.random())?)?;
    let (who, area, file, given) = (who.clone(), area.clone(), blob.clone(), id.clone());
    let done = app.db.write(move |tx| {
        let columns = spelled(&heads::columns(tx, &body, &shape.head)?);
        tx.give_key(&id, &key)?;
        let now = tx.now();
        // One that was forgotten comes again as a new one.
        tx.exec("delete from register_import where area = $1 and digest = $2 and file is null", params![&area.id, &digest])?;
        let sql = "insert into register_import(id, area, path, body, by_person, made_at, digest, file, state, head, columns, lines, done, \
                   again, added, completed, known, failed, told, doubted) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, 0, 0, 0, 0, 0)";
        let (at, lines) = (shape.at as i64, shape.lines);
        tx.exec(
            sql,
            params![&id, &area.id, &area.path, &body, who.actor(), now, &digest, &blob, State::Draft, at, columns, lines],
        )?;
        tx.log(entry("register.import", &who, &area.id, &id).fact("lines", lines))?;
        Ok::<_, Error>(())
    });
    done.inspect_err(|e: &Error| {
        if e.kind != Kind::Uncertain {
            drop(app.db.blobs().remove(&file));
        }
    })?;
    Ok(given)
}

fn entry<'a>(act: &'a str, who: &'a Who, area: &'a str, id: &'a str) -> Entry<'a> {
    let role = who.roles.iter().find(|r| r.kind == RoleKind::Committee);
    let (actor, party) = (who.actor(), role.and_then(|r| r.body.as_deref()));
    Entry { actor, area: Some(area), party, role: role.map(|r| r.kind.as_str()), ..Entry::new(act, "import", id) }
}

/// The bytes of a file.
pub(super) fn bytes(app: &App, run: &Run) -> Result<Vec<u8>> {
    let blob = run.blob.as_ref().ok_or(Kind::NotFound)?;
    let key = app.db.read(|r| r.key_of(&run.id))?.ok_or(Kind::NotFound)?;
    Ok(key.open(&run.id, &app.db.blobs().get(blob)?)?)
}

/// The head of a file and its first rows.
pub(super) fn first(bytes: &[u8], run: &Run, many: usize) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let (mut head, mut some) = (Vec::new(), Vec::new());
    each(bytes, &mut |line| {
        match line.at {
            at if at == run.head => head = line.cells.to_vec(),
            at if at > run.head => some.push(line.cells.to_vec()),
            _ => {}
        }
        Ok(some.len() < many)
    })?;
    Ok((head, some))
}

fn load(tx: &mut Tx, who: &Who, id: &str, states: &[State]) -> Result<Run> {
    let run = by_id(tx, id)?.filter(|r| r.blob.is_some()).ok_or(Kind::NotFound)?;
    if may_import(who, &run.path).is_none() {
        return Err(Kind::Denied.into());
    }
    if states.contains(&run.state) { Ok(run) } else { Err(Kind::State.into()) }
}

/// Says what the columns are. What differs from what their heads say by themselves is remembered for the committee.
pub fn name_columns(tx: &mut Tx, who: &Who, id: &str, head: &[String], columns: &[Option<&'static str>]) -> Result<()> {
    let run = load(tx, who, id, &[State::Draft])?;
    let mut kept = columns.to_vec();
    kept.truncate(head.len());
    for at in 0..kept.len() {
        // Of two columns that are the same thing the first is it.
        if kept[at].is_some() && kept[..at].contains(&kept[at]) {
            kept[at] = None;
        }
    }
    for (text, column) in head.iter().zip(&kept) {
        let text = heads::plain(text);
        if text.is_empty() {
            continue;
        }
        let sql = "insert into register_head(body, head, target) values ($1, $2, $3) on conflict(body, head) do update set target = excluded.target";
        if heads::meant(&text) == *column {
            tx.exec("delete from register_head where body = $1 and head = $2", params![&run.body, text])?;
        } else {
            tx.exec(sql, params![&run.body, text, column.unwrap_or("-")])?;
        }
    }
    tx.exec("update register_import set columns = $2 where id = $1", params![id, spelled(&kept)])?;
    tx.log(entry("register.import-columns", who, &run.area, id).fact("columns", spelled(&kept)))?;
    Ok(())
}

/// Lets the work begin, go on where it was stopped, or, when it is done, try again what was refused.
pub fn start(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let run = load(tx, who, id, &[State::Draft, State::Stopped, State::Done])?;
    if !run.columns.contains(&Some("register.name")) {
        return Err(Kind::Missing.at("register.name"));
    }
    let again = run.state == State::Done || run.again;
    let done = if run.state == State::Done { 0 } else { run.done };
    let sql = "update register_import set state = $2, again = $3, done = $4, by_person = $5 where id = $1";
    tx.exec(sql, params![id, State::Running, i64::from(again), done, who.actor()])?;
    tx.log(entry("register.import-start", who, &run.area, id).fact("again", i64::from(again)))?;
    Ok(())
}

/// Stops it; what is written stays, and it can go on.
pub fn stop(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let run = load(tx, who, id, &[State::Running])?;
    tx.exec("update register_import set state = $2 where id = $1", params![id, State::Stopped])?;
    tx.log(entry("register.import-stop", who, &run.area, id))?;
    Ok(())
}

/// Forgets a file: key, bytes, what was told of its rows. The numbers stay.
fn forget(app: &App, who: Who, run: &Run) -> Result<()> {
    let (id, area, blob) = (run.id.clone(), run.area.clone(), run.blob.clone());
    app.db.write(move |tx| {
        tx.destroy_key(&id)?;
        for table in ["register_import_line", "register_import_house"] {
            tx.exec(&format!("delete from {table} where run = $1"), params![&id])?;
        }
        tx.exec("update register_import set file = null where id = $1", params![&id])?;
        tx.log(entry("register.import-forget", &who, &area, &id))?;
        Ok::<_, Error>(())
    })?;
    blob.iter().try_for_each(|b| app.db.blobs().remove(b))?;
    Ok(())
}

/// Forgets at once a file that nobody needs any more.
pub fn drop_file(app: &App, who: &Who, id: &str) -> Result<()> {
    let run = app.db.read(|r| by_id(r, id))?.filter(|r| r.blob.is_some()).ok_or(Kind::NotFound)?;
    if may_import(who, &run.path).is_none() {
        return Err(Kind::Denied.into());
    }
    if run.state == State::Running { Err(Kind::State.into()) } else { forget(app, who.clone(), &run) }
}

/// Somebody who lives in an area had what is held of him destroyed: the files of its community, in which he may stand, can be
/// read no more, and are swept. One that is being written ends first, for its other rows; then it goes too.
pub(super) fn void(tx: &mut Tx, place: &str) -> Result<()> {
    let now = tx.now();
    for area in area::line(tx, place)? {
        let sql = "select id, state from register_import where area = $1 and file is not null and void_at is null";
        for row in tx.rows(sql, params![&area.id])? {
            let id: String = row.get("id")?;
            if row.get::<State>("state")? != State::Running {
                tx.destroy_key(&id)?;
            }
            tx.exec("update register_import set void_at = $2 where id = $1", params![&id, now])?;
        }
    }
    Ok(())
}

/// Forgets files that are older than they are kept, or void; returns how many.
pub fn sweep(app: &App) -> Result<usize> {
    let before = app.now() - KEPT;
    let sql = format!(
        "select {COLUMNS}, file lies from register_import where (made_at < $1 or void_at is not null) and file is not null \
         and state <> 'running' order by made_at limit 100"
    );
    let whole = |row: &Row| Ok::<_, store::Error>(Run { blob: row.get("lies")?, ..run(row)? });
    let old: Vec<Run> = app.db.read(|r| r.rows(&sql, params![before])?.iter().map(whole).collect::<store::Result<_>>())?;
    old.iter().try_for_each(|run| forget(app, Who::system(), run))?;
    Ok(old.len())
}
