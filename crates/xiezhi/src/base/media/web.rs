//! Uploading pictures and recordings: alone (the page sends each as soon as it is taken), or with a form.

use schemars::JsonSchema;
use serde::Serialize;
use store::Key;

use super::{forget, insert, keep, prepare};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Reply, Req, Result, Route};

/// Files that one form may bring.
const FILES: usize = 10;

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::post("/media", May::Anyone, post, "Keeps a picture or recording; its id is named in a report or action.")
        .gives::<Kept>()];

#[derive(Serialize, JsonSchema)]
struct Kept {
    /// Names the upload in `media` of a report or action, within two days.
    id: String,
}

fn post(req: &Req) -> Result<Reply> {
    let some = || req.form.files.iter().filter(|f| !f.bytes.is_empty());
    let file = some().find(|f| f.field == "file").or_else(|| some().next()).ok_or_else(|| Kind::Missing.at("file"))?;
    let id = match req.key() {
        Some(key) => keep_once(req, &Key::new(req.who.key_space(), key, &req.fingerprint()), &file.bytes)?,
        None => keep(req.app, &req.who, &file.bytes)?,
    };
    Ok(Reply::json(&Kept { id })?.status(201))
}

/// Keeps an upload under its key: a repetition gets the id of the first try, and its own files go again.
fn keep_once(req: &Req, key: &Key, bytes: &[u8]) -> Result<String> {
    let ready = prepare(req.app, req.app.new_id(), bytes)?;
    let files = ready.files();
    let person = req.who.person.clone();
    let end = req.app.db.write_once(key.clone(), move |tx| {
        insert(tx, &ready, person.as_deref())?;
        Ok::<_, Error>((ready.id, None))
    });
    let once = end.inspect_err(|e| forget(req.app, &files, e))?;
    if !once.fresh {
        files.iter().try_for_each(|f| req.app.db.blobs().remove(f))?;
    }
    Ok(once.answer)
}

/// Keeps the files that a form brought in its field `media`, all or none; a field that was left empty is none.
pub fn keep_files(req: &Req) -> Result<Vec<String>> {
    let (kept, refused) = keep_good_files(req);
    refused.map_or(Ok(kept), Err)
}

/// Keeps the files that a form brought beside the uploads that it names: `input` then names all of them, at most so many.
pub fn keep_into(req: &Req, input: &mut Input, most: usize) -> Result<()> {
    let files = keep_files(req)?;
    if !files.is_empty() {
        let mut all = input.list("media", most)?;
        all.extend(files);
        input.0.insert("media".into(), all.into());
    }
    Ok(())
}

/// Keeps those of the files that can be kept; the error is that of the first other one, for a form that is shown again.
pub fn keep_good_files(req: &Req) -> (Vec<String>, Option<Error>) {
    let files: Vec<_> = req.form.files.iter().filter(|f| f.field == "media" && !f.bytes.is_empty()).collect();
    let (mut kept, mut refused) = (Vec::new(), None);
    if files.len() > FILES {
        refused = Some(Kind::TooMany.at("media").limit(FILES as i64));
    }
    for file in files.into_iter().take(FILES) {
        match keep(req.app, &req.who, &file.bytes) {
            Ok(id) => kept.push(id),
            Err(e) => refused = refused.or(Some(e)),
        }
    }
    (kept, refused)
}
