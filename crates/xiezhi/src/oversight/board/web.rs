//! Pages of the boards.

use store::Query;

use super::view::{self, Asked, Board, SPANS};
use super::{health, measures};
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::oversight::supervise::kpi;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/board", May::Anyone, board, "The board of one's own place: figures of a `span` of days, the areas beneath.")
        .gives::<Board>(),
    Route::get(
        "/board/health",
        May::Staff,
        ill,
        "How well the figures of an `area` are fed: silent areas, late counts, unknown codes.",
    )
    .gives::<health::Health>(),
    Route::get(
        "/board/{code}",
        May::Anyone,
        board,
        "The board of an area: `span` (1, 7, 30, 90 days), `group` of measures, `sort`.",
    )
    .gives::<Board>(),
    Route::get("/board/{code}/table", May::Anyone, table, "The areas beneath with all measures of a `span` of days, as CSV."),
];

/// Seconds after which a screen on a wall asks again.
const AGAIN: &str = "60";

fn place(req: &Req, q: &mut dyn Query, code: &str) -> Result<Area> {
    match code {
        "" => view::own(q, &req.who, kpi::day(req.now, &req.app.config.zone)),
        // The nation has no code.
        "top" => Ok(area::top(q)?.ok_or(Kind::NotFound)?),
        code => Ok(area::by_code(q, code)?.ok_or(Kind::NotFound)?),
    }
}

fn span(req: &Req) -> Result<i64> {
    match req.query.get("span") {
        Some(text) => text.parse().ok().filter(|d| SPANS.contains(d)).ok_or_else(|| Kind::OutOfRange.at("span")),
        None => Ok(SPANS[1]),
    }
}

fn board(req: &Req) -> Result<Reply> {
    let first = measures::book().groups().first().map(|g| (*g).to_owned()).unwrap_or_default();
    let asked = Asked {
        span: span(req)?,
        group: req.query.get("group").map_or(first, str::to_owned),
        sort: req.query.get("sort").filter(|s| !s.is_empty()).map(str::to_owned),
    };
    let view = req.app.db.read(|r| {
        let here = place(req, r, req.param("code"))?;
        view::board(r, req, &here, asked)
    })?;
    let reply = req.page("oversight/board/board.html", &view)?;
    // A screen that nobody touches looks again by itself, without scripts.
    let wall = req.query.get("look") == Some("board") && !req.wants_json();
    Ok(if wall { reply.header("refresh", AGAIN) } else { reply })
}

fn table(req: &Req) -> Result<Reply> {
    let days = span(req)?;
    let (code, bytes) = req.app.db.read(|r| {
        let here = place(req, r, req.param("code"))?;
        let bytes = view::table(r, req, &here, days)?;
        Ok::<_, Error>((here.code, bytes))
    })?;
    let name = format!("attachment; filename=\"board-{code}-{days}.csv\"");
    Ok(Reply::of("text/csv; charset=utf-8", bytes).header("content-disposition", name))
}

fn ill(req: &Req) -> Result<Reply> {
    let today = kpi::day(req.now, &req.app.config.zone);
    let view = req.app.db.read(|r| {
        let here = place(req, r, req.query.get("area").unwrap_or_default())?;
        if !view::sees_all(&req.who, &here.path) {
            return Err(Kind::Denied.into());
        }
        health::health(r, req.app, &here, today)
    })?;
    req.page("oversight/board/health.html", &view)
}
