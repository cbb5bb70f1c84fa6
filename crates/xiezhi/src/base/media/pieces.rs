//! Uploading a picture or recording in pieces, by tus 1.0.0 (core, creation, expiration, termination): whoever is cut
//! off asks how far it came and goes on from there.
//!
//! What must stay true: the last piece makes the same upload as [`super::web`] would, under the id that the first answer
//! gave; whoever holds that id may go on, signed in (any more) or not. Standard: https://tus.io/protocols/resumable-upload

use super::keep_as;
use crate::kit::error::{Error, Kind};
use crate::kit::http::{Manner, May};
use crate::kit::pieces::{Added, Far, KEPT};
use crate::kit::{Reply, Req, Result, Route, tries};

const VERSION: &str = "1.0.0";
/// Uploads that one address may begin within a minute; a whole sub-district may sit behind one.
const A_MINUTE: u32 = 300;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::other("OPTIONS", "/uploads", May::Anyone, able, "What this endpoint understands (tus 1.0.0)."),
    Route::post(
        "/uploads",
        May::Anyone,
        begin,
        "Begins an upload in pieces (tus 1.0.0); its id serves as `media` when it is whole.",
    ),
    Route::get("/uploads/{id}", May::Anyone, ask, "How far an upload is (tus 1.0.0, with HEAD)."),
    Route::post("/uploads/{id}", May::Anyone, overridden, "PATCH or DELETE in X-HTTP-Method-Override (tus 1.0.0)."),
    Route::other("PATCH", "/uploads/{id}", May::Anyone, piece, "The next piece of an upload (tus 1.0.0)."),
    Route::other("DELETE", "/uploads/{id}", May::Anyone, end, "Gives an upload up (tus 1.0.0)."),
];

/// Errors as clients of the standard read them.
pub const MANNER: Manner = Manner { prefix: "/uploads", refuse };

fn refuse(_: &str, error: &Error, message: &str) -> Reply {
    let reply = Reply::text(format!("{}: {message}", error.kind.code())).status(error.kind.status());
    let reply = if error.kind == Kind::WrongVersion { reply.header("tus-version", VERSION) } else { reply };
    reply.header("tus-resumable", VERSION)
}

fn able(req: &Req) -> Result<Reply> {
    let reply = Reply::text("").status(204).header("tus-version", VERSION).header("tus-resumable", VERSION);
    let most = req.app.config.file.limits.file_bytes.to_string();
    Ok(reply.header("tus-max-size", most).header("tus-extension", "creation,expiration,termination"))
}

/// The same version on both sides, or nothing.
fn versions(req: &Req) -> Result<()> {
    if req.header_text("tus-resumable") == Some(VERSION) { Ok(()) } else { Err(Kind::WrongVersion.into()) }
}

fn number(req: &Req, header: &'static str) -> Result<usize> {
    let text = req.header_text(header).ok_or_else(|| Kind::Missing.at(header))?;
    text.parse().map_err(|_| Kind::WrongType.at(header))
}

fn begin(req: &Req) -> Result<Reply> {
    versions(req)?;
    let length = number(req, "upload-length")?;
    let most = req.app.config.file.limits.file_bytes;
    if length > most {
        return Err(Kind::TooLarge.at("upload-length").limit((most >> 10) as i64));
    }
    if length == 0 {
        return Err(Kind::BadMedia.at("upload-length"));
    }
    req.app.tries.pace(&format!("uploads {}", tries::home(req.ip)), A_MINUTE, req.now)?;
    let id = req.app.new_id();
    req.app.pieces.begin(id.clone(), length, req.now)?;
    let reply = at(req, Far { here: 0, length }).status(201);
    Ok(reply.header("location", req.url(&format!("/uploads/{id}"))))
}

fn ask(req: &Req) -> Result<Reply> {
    versions(req)?;
    let far = req.app.pieces.far(req.param("id")).ok_or(Kind::NotFound)?;
    Ok(at(req, far).status(200).header("upload-length", far.length.to_string()))
}

fn piece(req: &Req) -> Result<Reply> {
    versions(req)?;
    let (id, from) = (req.param("id"), number(req, "upload-offset")?);
    let bytes = req.form.files.first().map_or(&[][..], |f| &f.bytes);
    let whole = match req.app.pieces.add(id, from, bytes, req.now)? {
        Added::More(far) => return Ok(at(req, far)),
        Added::Whole(whole) => whole,
    };
    let length = whole.len();
    if let Err(e) = keep_as(req.app, &req.who, id.to_owned(), &whole) {
        // What is no picture never will be; what the node cannot take now it may take later.
        match e.kind.status() {
            400..500 => drop(req.app.pieces.forget(id)),
            _ => req.app.pieces.back(id, whole, from),
        }
        return Err(e);
    }
    Ok(at(req, Far { here: length, length }))
}

/// For lines on which something between does not let PATCH through.
fn overridden(req: &Req) -> Result<Reply> {
    match req.header_text("x-http-method-override") {
        Some("PATCH") => piece(req),
        Some("DELETE") => end(req),
        _ => Err(Kind::Method.into()),
    }
}

fn end(req: &Req) -> Result<Reply> {
    versions(req)?;
    // One that is whole belongs to whoever attaches it, or to the sweep.
    if req.app.pieces.forget(req.param("id")) {
        Ok(Reply::text("").status(204).header("tus-resumable", VERSION))
    } else {
        Err(Kind::NotFound.into())
    }
}

fn at(req: &Req, far: Far) -> Reply {
    let until = jiff::Timestamp::from_millisecond(req.now + KEPT).ok();
    let expires = until.map(|t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let reply = Reply::text("").status(204).header("tus-resumable", VERSION).header("upload-offset", far.here.to_string());
    expires.into_iter().fold(reply, |r, at| r.header("upload-expires", at))
}
