//! Pictures and recordings that belong to a matter.
//!
//! What must stay true: a file is what its bytes say; of a picture only a copy drawn anew ever leaves, without place or
//! device; the original lies sealed beside it. Both are sealed with a key of their own, so that destroying one row
//! makes them unreadable in every backup. Files are on disk before the row that names them; what nobody attached
//! within two days is swept away. Who may see a file is decided by the room whose matter it belongs to, not here.
//!
//! Log kinds written: `media.keep`, `media.sweep`.

/// Covering what must not be seen, and setting free.
pub mod cover;
mod image;
/// Uploading in pieces over a line that breaks.
pub mod pieces;
mod sniff;
#[cfg(test)]
mod tests;
/// Uploading.
pub mod web;

use sha2::Digest as _;
use store::{Entry, Logged, Query, Secret, Tx, hex, params};

use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, Who};
use sniff::Sort;

/// How long an upload may wait for the report it belongs to.
const WAIT: Ms = 2 * DAY;
/// Uploads swept in one write.
const SWEEP: i64 = 500;

/// An upload whose files are on disk and whose row is not yet written.
struct Ready {
    id: String,
    key: Secret,
    sort: Sort,
    kind: &'static str,
    copy: Option<String>,
    original: String,
    /// Keyed digest of the bytes: the same upload twice is seen, nothing else can be told from it.
    mark: String,
}

/// Keeps a picture or recording; returns its id. Whoever holds the id may attach it once.
pub fn keep(app: &App, who: &Who, bytes: &[u8]) -> Result<String> {
    let id = app.new_id();
    keep_as(app, who, id.clone(), bytes).map(|()| id)
}

/// The same under an id that was given before.
fn keep_as(app: &App, who: &Who, id: String, bytes: &[u8]) -> Result<()> {
    let ready = prepare(app, id, bytes)?;
    let files = ready.files();
    let person = who.person.clone();
    let end = app.db.write(move |tx| insert(tx, &ready, person.as_deref()));
    end.map(|_| ()).inspect_err(|e| forget(app, &files, e))
}

/// Looks at the bytes, draws the copy, seals, and puts both on disk.
fn prepare(app: &App, id: String, bytes: &[u8]) -> Result<Ready> {
    let most = app.config.file.limits.file_bytes;
    if bytes.len() > most {
        return Err(Kind::TooLarge.at("media").limit((most >> 10) as i64));
    }
    let (sort, kind) = sniff::sniff(bytes).ok_or_else(|| Kind::BadMedia.at("media"))?;
    let key = Secret::new(app.random());
    let put = |bytes: &[u8]| app.db.blobs().put(&key.seal(&id, bytes, app.random())?);
    let copy = match sort {
        Sort::Photo => Some(put(&image::copy(bytes)?)?),
        Sort::Voice => None,
    };
    let original = put(bytes)?;
    let mark = app.db.digest("media", &hex(sha2::Sha256::digest(bytes)));
    Ok(Ready { id, key, sort, kind, copy, original, mark: hex(&mark[..16]) })
}

impl Ready {
    /// Names of its files. A nonce makes each sealed file unlike any other, so nobody else names them.
    fn files(&self) -> Vec<String> {
        self.copy.iter().chain([&self.original]).cloned().collect()
    }
}

fn insert(tx: &mut Tx, ready: &Ready, person: Option<&str>) -> Result<Logged> {
    let kind = match ready.sort {
        Sort::Photo => "photo",
        Sort::Voice => "voice",
    };
    tx.give_key(&ready.id, &ready.key)?;
    let now = tx.now();
    tx.exec(
        "insert into media(id, kind, type, copy, original, made_by, created_at, mark) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![&ready.id, kind, ready.kind, &ready.copy, &ready.original, person, now, &ready.mark],
    )?;
    let entry = Entry { actor: person, ..Entry::new("media.keep", "media", &ready.id) };
    Ok(tx.log(entry.fact("kind", kind))?)
}

/// Removes the files of an upload that was not written. When the outcome is unknown they stay: a row may name them.
fn forget(app: &App, files: &[String], why: &Error) {
    if why.kind != Kind::Uncertain {
        files.iter().for_each(|f| drop(app.db.blobs().remove(f)));
    }
}

/// Binds uploads to a matter. One that does not exist, is bound already, or was made by another signed-in person is
/// unknown here. Called inside a write that logs itself.
pub fn attach(tx: &mut Tx, ids: &[String], subject: &str, phase: &str, who: &Who) -> Result<()> {
    for id in ids {
        let sql =
            "update media set subject = $2, phase = $3 where id = $1 and subject is null and (made_by is null or made_by = $4)";
        if tx.exec(sql, params![id, subject, phase, who.person.as_deref()])? != 1 {
            return Err(Kind::Unknown.at("media"));
        }
    }
    Ok(())
}

/// A picture or recording of a matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Id.
    pub id: String,
    /// `photo` or `voice`.
    pub kind: String,
    /// The step it came with: `report`, `feedback`, …
    pub phase: String,
    /// When it was uploaded.
    pub at: Ms,
    /// Places in it that were covered.
    pub covered: i64,
    /// Everybody may see it.
    pub released: bool,
}

/// The pictures and recordings of a matter, oldest first.
pub fn of(q: &mut dyn Query, subject: &str) -> store::Result<Vec<Shown>> {
    let sql = format!("select {SHOWN} from media where subject = $1 order by created_at, id limit 200");
    q.rows(&sql, params![subject])?.iter().map(shown).collect()
}

/// One of them.
pub fn one(q: &mut dyn Query, subject: &str, id: &str) -> store::Result<Option<Shown>> {
    let sql = format!("select {SHOWN} from media where subject = $1 and id = $2");
    q.row(&sql, params![subject, id])?.as_ref().map(shown).transpose()
}

const SHOWN: &str = "id, kind, phase, created_at, covered, released_at";

fn shown(row: &store::Row) -> store::Result<Shown> {
    Ok(Shown {
        id: row.get("id")?,
        kind: row.get("kind")?,
        phase: row.get("phase")?,
        at: row.get("created_at")?,
        covered: row.get("covered")?,
        released: row.get::<Option<Ms>>("released_at")?.is_some(),
    })
}

/// What may leave, with its media type: the copy of a picture, a recording as it came. The caller has decided that
/// this reader may see the matter; an upload of another matter is not found.
pub fn bytes(app: &App, subject: &str, id: &str) -> Result<(Vec<u8>, &'static str)> {
    app.db.read(|r| {
        let row = r.row("select type, copy, original from media where id = $1 and subject = $2", params![id, subject])?;
        let row = row.ok_or(Kind::NotFound)?;
        let (file, kind) = match row.get::<Option<String>>("copy")? {
            Some(copy) => (copy, "image/jpeg"),
            None => (row.get("original")?, sniff::known(&row.get::<String>("type")?)),
        };
        let sealed = app.db.blobs().get(&file)?;
        Ok((r.open(id, &sealed)?.ok_or(Kind::NotFound)?, kind))
    })
}

/// How many of these uploads are pictures.
pub fn pictures(q: &mut dyn Query, ids: &[String]) -> store::Result<i64> {
    let one = |id: &String| q.count("select count(*) from media where id = $1 and kind = 'photo'", params![id]);
    ids.iter().map(one).sum()
}

/// Whether one of these pictures, to the byte, was attached to something else before.
pub fn seen_elsewhere(q: &mut dyn Query, ids: &[String], subject: &str) -> store::Result<bool> {
    let sql = "select count(*) from media a join media b on b.mark = a.mark where a.id = $1 and b.subject <> $2";
    for id in ids {
        if q.count(sql, params![id, subject])? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes uploads that nobody attached in time; returns how many.
pub fn sweep(app: &App) -> Result<usize> {
    let files = app.db.write(|tx| {
        let sql = "select id, copy, original from media where subject is null and created_at < $1 order by created_at limit $2";
        let rows = tx.rows(sql, params![tx.now() - WAIT, SWEEP])?;
        let mut files = Vec::new();
        for row in &rows {
            let id: String = row.get("id")?;
            tx.exec("delete from media where id = $1", params![&id])?;
            tx.destroy_key(&id)?;
            files.push([row.get::<Option<String>>("copy")?, row.get("original")?]);
        }
        if !files.is_empty() {
            tx.log(Entry::new("media.sweep", "media", "").fact("count", files.len()))?;
        }
        Ok::<_, Error>(files)
    })?;
    // After the commit: a crash in between leaves files that nothing names, never a name without its file.
    files.value.iter().flatten().flatten().try_for_each(|f| app.db.blobs().remove(f))?;
    Ok(files.value.len())
}
