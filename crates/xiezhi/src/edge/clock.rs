//! The clock of a demo that stands still: `POST /demo/clock {"advance": "P1D"}` moves it, and whatever falls due on the
//! way happens before the answer. Everywhere else this address does not exist.

use jiff::{Span, Timestamp};

use super::jobs;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::post("/demo/clock", May::Anyone, advance, "Demo with a manual clock only: moves time on by an ISO 8601 duration.")];

fn advance(req: &Req) -> Result<Reply> {
    let config = &req.app.config;
    if !config.demo || !config.manual_clock {
        return Err(Kind::NotFound.into());
    }
    let span: Span = req.input()?.need("advance", 40)?.parse().map_err(|_| Kind::WrongType.at("advance"))?;
    let now = Timestamp::from_millisecond(req.now).map_err(|_| Kind::OutOfRange.at("advance"))?;
    let then = now.to_zoned_datetime(config.zone.clone()).checked_add(span).map_err(|_| Kind::OutOfRange.at("advance"))?;
    let by = then.timestamp().as_millisecond() - req.now;
    if by < 0 {
        return Err(Kind::OutOfRange.at("advance"));
    }
    req.app.ambience.advance(by);
    jobs::deadlines(req.app, req.app.now())?;
    jobs::follow(req.app)?;
    Reply::json(&serde_json::json!({ "now": req.app.time(req.app.now()) }))
}
