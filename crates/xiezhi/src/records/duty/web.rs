//! Routes of rights and duties.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{self, Ask};
use super::pack::{self, Pack};
use super::view::{self, Full, Public, Requests};
use super::{Request, by_number, decisions};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::base::classes;
use crate::base::party::admin::over_the_node;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Route, foreign};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/duties",
        May::Anyone,
        public,
        "What communities do by law, assist in, and cannot be made to do; who asked for more between `from` and `to` (days).",
    )
    .gives::<Public>(),
    Route::get("/duties/workbook", May::Anyone, workbook, "The lists as an Excel workbook."),
    Route::post(
        "/duties/lists",
        May::Admin,
        upload,
        "Puts edited lists in force: multipart `file`. With any mistake nothing changes.",
    ),
    Route::get("/duties/requests", May::Staff, requests, "Requests to hand work down that concern the caller.")
        .gives::<Requests>(),
    Route::post(
        "/duties/requests",
        May::Staff,
        ask,
        "Asks to hand work down: `{community, item?, what, basis?, until, money?, people?, training?, consent?}`.",
    )
    .gives::<Full>(),
    Route::get("/duties/requests/{number}", May::Staff, one, "One request with its decisions.").gives::<Full>(),
    Route::post("/duties/requests/{number}/{decision}", May::Staff, decide, "consent or refuse: `{reason, item?}`.")
        .gives::<Full>(),
    Route::post("/duties/tasks", May::Staff, task, "Hands a task down under an admission: `{admission, text}`."),
];

fn lists(req: &Req) -> Result<std::sync::Arc<Pack>> {
    req.app.db.read(|r| pack::now(r, req.app))
}

/// A day of the query as a moment.
fn day(req: &Req, name: &'static str, end: bool) -> Result<Option<Ms>> {
    let Some(text) = req.query.get(name) else { return Ok(None) };
    let date: jiff::civil::Date = text.parse().map_err(|_| Kind::WrongType.at(name))?;
    let date = if end { date.tomorrow().map_err(|_| Kind::WrongType.at(name))? } else { date };
    let at = date.to_zoned_datetime(req.app.config.zone.clone()).map_err(|_| Kind::WrongType.at(name))?;
    Ok(Some(at.timestamp().as_millisecond()))
}

fn public(req: &Req) -> Result<Reply> {
    let pack = lists(req)?;
    let to = day(req, "to", true)?.unwrap_or(req.now + 1000);
    let from = day(req, "from", false)?.unwrap_or(to - 366 * crate::kit::time::DAY);
    let mut look = Look::new(&req.who, "duty");
    let view = req.app.db.read(|r| view::public(req, r, &pack, from, to, &mut look))?;
    look.record(req.app)?;
    req.page("records/duty/public.html", &view)
}

fn workbook(req: &Req) -> Result<Reply> {
    let pack = lists(req)?;
    let bytes = foreign::write_xlsx(&[("权责清单", pack.table())])?;
    let name = format!("attachment; filename=\"duties-{}.xlsx\"", pack.version);
    Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", name))
}

/// What must be mended; nothing was changed.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    code: &'static str,
    message: String,
    problems: Vec<ProblemView>,
}

#[derive(Serialize, JsonSchema)]
struct ProblemView {
    line: u64,
    code: &'static str,
    text: String,
}

fn upload(req: &Req) -> Result<Reply> {
    let file =
        req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    req.app.db.read(|r| over_the_node(r, &req.who))?;
    let pack = match Pack::parse(&foreign::read(&file.bytes)?, &classes::embedded()) {
        Ok(pack) => pack,
        Err(problems) => {
            let say = |p: &pack::Problem| ProblemView {
                line: p.line,
                code: p.code,
                text: req.app.texts.plain(req.lang, &format!("duty-row-{}", p.code)),
            };
            let problems = problems.iter().take(200).map(say).collect();
            let view = Wrong { code: Kind::BadPack.code(), message: req.error_text(&Kind::BadPack.into()), problems };
            return Ok(req.page("records/duty/wrong.html", &view)?.status(Kind::BadPack.status()));
        }
    };
    let who = req.who.clone();
    let version = req.once(move |tx| Ok(pack::adopt(tx, who.person.as_deref(), &pack)?.to_string()))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "version": version.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/duties?made={version}"))))
}

fn requests(req: &Req) -> Result<Reply> {
    let pack = lists(req)?;
    let mut look = Look::new(&req.who, "duty");
    let view = req.app.db.read(|r| view::requests(req, r, &pack, &mut look))?;
    look.record(req.app)?;
    req.page("records/duty/requests.html", &view)
}

fn ask(req: &Req) -> Result<Reply> {
    let new = Ask::parse(&req.input()?, &req.app.config.zone)?;
    let place = req.app.db.read(|r| area::by_code(r, &new.community))?.filter(|a| a.kind == "community");
    let place = place.ok_or_else(|| Kind::Unknown.at("community"))?;
    let (book, pack, who) = (Rulebook::now(req.app)?, lists(req)?, req.who.clone());
    let number = req.once(move |tx| Ok(act::file(tx, &book, &pack, &who, &place, &new)?.number))?;
    answer(req, &number, 201)
}

fn answer(req: &Req, number: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&shown(req, number)?)?.status(status));
    }
    Ok(Reply::see_other(req.url(&format!("/duties/requests/{number}"))))
}

fn find(req: &Req, number: &str) -> Result<Request> {
    req.app.db.read(|r| {
        let request = by_number(r, number)?.ok_or(Kind::NotFound)?;
        let all = decisions(r, &request.id)?;
        if request.is_for(&req.who, &all) { Ok(request) } else { Err(Kind::NotFound.into()) }
    })
}

fn shown(req: &Req, number: &str) -> Result<Full> {
    let (request, pack) = (find(req, number)?, lists(req)?);
    let mut look = Look::new(&req.who, "duty");
    let view = req.app.db.read(|r| view::full(req, r, &pack, &request, &mut look))?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("records/duty/request.html", &shown(req, req.param("number"))?)
}

fn decide(req: &Req) -> Result<Reply> {
    let consent = match req.param("decision") {
        "consent" => true,
        "refuse" => false,
        _ => return Err(Kind::NotFound.into()),
    };
    let input = req.input()?;
    let (reason, item) = (input.need("reason", 1000)?, input.text("item", 60)?);
    let request = find(req, req.param("number"))?;
    let (pack, who, id) = (lists(req)?, req.who.clone(), request.id.clone());
    req.once(move |tx| Ok(act::decide(tx, &pack, &who, &id, consent, &reason, item.as_deref())?.number))?;
    answer(req, &request.number, 200)
}

fn task(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    // Without an admission there is nothing to hand down.
    let admission = input.text("admission", 40)?.ok_or_else(|| Kind::NotAdmitted.at("admission"))?;
    let text = input.need("text", 1000)?;
    let (spot, found) = req.app.db.read(|r| {
        let request = by_number(r, &admission)?.ok_or_else(|| Kind::NotAdmitted.at("admission"))?;
        let code = area::by_id(r, &request.area)?.map(|a| a.code);
        Ok::<_, Error>((report::locate(r, &NewReport { area: code, ..NewReport::default() })?, request))
    })?;
    let (book, pack, who, zone) = (Rulebook::now(req.app)?, lists(req)?, req.who.clone(), req.app.config.zone.clone());
    let number = req.once(move |tx| act::hand_down(tx, &book, &pack, &who, &admission, &text, &spot, &zone))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "number": number, "admission": found.number }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/duties/requests/{}", found.number))))
}
