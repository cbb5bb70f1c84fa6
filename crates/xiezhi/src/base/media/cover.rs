//! Covering faces, number plates and papers in the copy of a picture, and setting the copy free for everybody.
//!
//! What must stay true: of a covered place the copy keeps nine colours and nothing else, so that nobody can undo it;
//! the original stays sealed. The copy that was is removed only after its successor is written; whoever covers at the
//! same time as somebody else is told so, and nothing of the other's work is lost. A picture is public only after a
//! person has said so.

use store::{Query, Tx, params};

pub use super::image::Place;
use super::{forget, image};
use crate::kit::error::{Error, Kind};
use crate::kit::{App, Result};

/// Places covered at a time.
pub const MOST: usize = 20;

/// A copy with places covered, on disk and not yet written.
#[derive(Clone)]
pub struct Drawn {
    subject: String,
    id: String,
    places: usize,
    /// Name of the copy that was.
    before: String,
    /// Name of this one.
    pub after: String,
}

/// Draws the copy of a picture anew with places covered.
pub fn draw(app: &App, subject: &str, id: &str, places: &[Place]) -> Result<Drawn> {
    let (before, sealed, key) = app.db.read(|r| {
        let before = copy_of(r, subject, id)?;
        let sealed = app.db.blobs().get(&before)?;
        Ok::<_, Error>((before, sealed, r.key_of(id)?.ok_or(Kind::NotFound)?))
    })?;
    let covered = image::cover(&key.open(id, &sealed)?, places)?;
    let after = app.db.blobs().put(&key.seal(id, &covered, app.random())?)?;
    Ok(Drawn { subject: subject.to_owned(), id: id.to_owned(), places: places.len(), before, after })
}

/// Puts it in the place of the copy that was. Called inside a write that logs itself.
pub fn put(tx: &mut Tx, d: &Drawn) -> Result<()> {
    let sql = "update media set copy = $3, covered = covered + $4 where id = $1 and subject = $2 and copy = $5";
    let done = tx.exec(sql, params![&d.id, &d.subject, &d.after, d.places, &d.before])?;
    if done == 1 { Ok(()) } else { Err(Kind::State.into()) }
}

/// Removes the file that is no longer named. `end`: the name that was written, by this try or an earlier one.
pub fn settle(app: &App, drawn: &Drawn, end: Result<String>) -> Result<()> {
    let named = end.inspect_err(|e| forget(app, std::slice::from_ref(&drawn.after), e))?;
    Ok(app.db.blobs().remove(if named == drawn.after { &drawn.before } else { &drawn.after })?)
}

/// Sets a picture free for everybody, or takes it back. Called inside a write that logs itself.
pub fn release(tx: &mut Tx, subject: &str, id: &str, free: bool) -> Result<()> {
    copy_of(tx, subject, id)?;
    let at = free.then(|| tx.now());
    tx.exec("update media set released_at = $3 where id = $1 and subject = $2", params![id, subject, at])?;
    Ok(())
}

/// The copy of a picture; a recording has none.
fn copy_of(q: &mut dyn Query, subject: &str, id: &str) -> Result<String> {
    let row = q.row("select copy from media where id = $1 and subject = $2", params![id, subject])?.ok_or(Kind::NotFound)?;
    Ok(row.get::<Option<String>>("copy")?.ok_or(Kind::NotFound)?)
}

/// The picture as it came, drawn anew without what its file tells besides. The caller has decided, and noted, that this
/// reader opens it.
pub fn original(app: &App, subject: &str, id: &str) -> Result<Vec<u8>> {
    let plain = app.db.read(|r| {
        copy_of(r, subject, id)?;
        let row = r.row("select original from media where id = $1", params![id])?.ok_or(Kind::NotFound)?;
        let sealed = app.db.blobs().get(&row.get::<String>("original")?)?;
        Ok::<_, Error>(r.open(id, &sealed)?.ok_or(Kind::NotFound)?)
    })?;
    image::copy(&plain)
}
