//! Routes of the hotline's queue: only for desks.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{self, Said};
use super::map::{self, Map};
use super::reply::{self, Which};
use super::rules::Action;
use super::view::{self, Full, Queue};
use super::{Order, by_id, take};
use crate::base::catalogue::Look;
use crate::base::classes;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Role, Route, foreign};
use crate::records::case::Rulebook;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/hotline", May::Staff, queue, "Work orders of the hotline by `tab` (new working ready late returned answered); `q` finds a number.").gives::<Queue>(),
    Route::get("/hotline/orders/{id}", May::Staff, one, "One order with its clocks, its case, its reply.").gives::<Full>(),
    Route::post("/hotline/orders/{id}/{action}", May::Staff, act_on, "claim contact answer return taken_back kept extend link: `{reason?, text?, to?, how?, at?, until?, solved?, satisfied?, reasonable?}`.").gives::<Full>(),
    Route::post("/hotline/claim", May::Staff, claim, "Signs for several orders: `{id: [id]}`."),
    Route::post("/hotline/import", May::Staff, import, "Takes a file of orders in: multipart `file`, `source`. Rows that cannot be used are listed."),
    Route::get("/hotline/export", May::Staff, export, "Answered orders as the hotline wants them; `source`, `format` (xlsx, csv), `since` (a day)."),
];
/// Orders that are signed for at once.
const AT_ONCE: usize = 200;
/// Rejected rows that a page lists.
const LISTED: usize = 200;

fn desk<'r>(req: &'r Req) -> Result<&'r Role> {
    take::desk_of(&req.who).ok_or_else(|| Kind::Denied.into())
}

fn queue(req: &Req) -> Result<Reply> {
    let role = desk(req)?;
    let mut look = Look::new(&req.who, "hotline");
    let view = req.app.db.read(|r| view::queue(req, r, role, &mut look))?;
    look.record(req.app)?;
    req.page("records/hotline/queue.html", &view)
}

fn find(req: &Req) -> Result<Order> {
    let order = req.app.db.read(|r| by_id(r, req.param("id")))?.ok_or(Kind::NotFound)?;
    if order.is_for(&req.who) { Ok(order) } else { Err(Kind::NotFound.into()) }
}

fn shown(req: &Req, order: &Order) -> Result<Full> {
    let mut look = Look::new(&req.who, "hotline");
    let view = req.app.db.read(|r| view::full(req, r, order, &mut look))?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("records/hotline/order.html", &shown(req, &find(req)?)?)
}

fn act_on(req: &Req) -> Result<Reply> {
    let action = Action::parse(req.param("action")).ok_or(Kind::NotFound)?;
    let order = find(req)?;
    let said = Said::parse(&req.input()?, &req.app.config.zone)?;
    let (who, book, id) = (req.who.clone(), Rulebook::now(req.app)?, order.id.clone());
    req.once(move |tx| Ok(act::act(tx, &book, &who, &id, action, &said)?.id))?;
    if req.wants_json() {
        return Reply::json(&shown(req, &find(req)?)?);
    }
    Ok(Reply::see_other(req.url(&format!("/hotline/orders/{}", order.id))))
}

fn claim(req: &Req) -> Result<Reply> {
    desk(req)?;
    let ids = req.input()?.list("id", AT_ONCE)?;
    if ids.is_empty() {
        return Err(Kind::Missing.at("id"));
    }
    let (who, book) = (req.who.clone(), Rulebook::now(req.app)?);
    let done = req.once(move |tx| {
        let said = Said::default();
        for id in &ids {
            act::act(tx, &book, &who, id, Action::Claim, &said)?;
        }
        Ok(ids.len().to_string())
    })?;
    if req.wants_json() {
        return Reply::json(&json!({ "claimed": done.parse::<i64>().unwrap_or_default() }));
    }
    Ok(Reply::see_other(req.url("/hotline?tab=working")))
}

/// The map of the hotline that the request names; the only one when it names none.
fn map_of(req: &Req, source: Option<&str>) -> Result<Map> {
    let all = req.app.db.read(|r| map::all(r))?;
    let found = all.iter().find(|(s, _)| source.is_none_or(|wanted| wanted == s)).ok_or_else(|| Kind::Unknown.at("source"))?;
    let catalogue = classes::now(req.app)?;
    Map::parse(&found.1, &catalogue).map_err(|why: String| Error { detail: Some(why), ..Kind::BadMap.at("source") })
}

/// What was taken in.
#[derive(Serialize, JsonSchema)]
struct Report {
    added: usize,
    linked: usize,
    known: usize,
    rejected: Vec<RejectedView>,
    /// More than are listed.
    more: usize,
}

#[derive(Serialize, JsonSchema)]
struct RejectedView {
    line: u64,
    reason: &'static str,
    text: String,
}

fn import(req: &Req) -> Result<Reply> {
    desk(req)?;
    let file =
        req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    let map = map_of(req, req.form.get("source"))?;
    let taken = take::run(req.app, Some(&req.who), &map, &foreign::read(&file.bytes)?)?;
    let say = |code: &str| req.app.texts.plain(req.lang, &format!("hotline-row-{code}"));
    let more = taken.rejected.len().saturating_sub(LISTED);
    let view = |r: &crate::base::area::import::Rejected| RejectedView { line: r.line, reason: r.reason, text: say(r.reason) };
    let rejected = taken.rejected.iter().take(LISTED).map(view).collect();
    let view = Report { added: taken.added, linked: taken.linked, known: taken.known, rejected, more };
    req.page("records/hotline/taken.html", &view)
}

fn export(req: &Req) -> Result<Reply> {
    let role = desk(req)?;
    let map = map_of(req, req.query.get("source"))?;
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok()?.to_zoned_datetime(req.app.config.zone.clone()).ok();
    let since = match req.query.get("since") {
        Some(text) => day(text).ok_or_else(|| Kind::WrongType.at("since"))?.timestamp().as_millisecond(),
        None => 0,
    };
    let which = Which { path: Some(role.path.clone()), since };
    let rows = reply::table(req.app, &req.who, &map, &which)?;
    let (bytes, kind, ending) = reply::file(rows, req.query.get("format") == Some("csv"))?;
    let name = format!("attachment; filename=\"hotline-replies.{ending}\"");
    Ok(Reply::of(kind, bytes).header("content-disposition", name))
}
