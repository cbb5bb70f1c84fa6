//! How a desk says that a case is the same thing again, and takes it back.

use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};
use crate::records::case::by_number;
use crate::records::case::view::Matter;
use crate::records::case::web::shown;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/cases/{number}/links",
        May::Staff,
        make,
        "Says that a case is the same thing again as a solved one: `{to: number}`.",
    )
    .gives::<Matter>(),
    Route::post("/cases/{number}/links/{other}/undo", May::Staff, undo, "Takes that back: `{reason?}`.").gives::<Matter>(),
];

fn make(req: &Req) -> Result<Reply> {
    let case = req.app.db.read(|r| by_number(r, req.param("number")))?.ok_or(Kind::NotFound)?;
    let input = req.input()?;
    // A form offers likely answers beside the field.
    let other = input.text("to", 40)?.or(input.text("pick", 40)?).ok_or_else(|| Kind::Missing.at("to"))?;
    let (who, id) = (req.who.clone(), case.id.clone());
    req.once(move |tx| super::make(tx, &who, &id, &other).map(|()| other))?;
    shown(req, &case.number, None, "link")
}

fn undo(req: &Req) -> Result<Reply> {
    let case = req.app.db.read(|r| by_number(r, req.param("number")))?.ok_or(Kind::NotFound)?;
    let reason = req.input()?.text("reason", 1000)?;
    let (who, id, other) = (req.who.clone(), case.id.clone(), req.param("other").to_owned());
    req.once(move |tx| super::undo(tx, &who, &id, &other, reason.as_deref()).map(|()| other))?;
    shown(req, &case.number, None, "unlink")
}
