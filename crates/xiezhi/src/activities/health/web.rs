//! Routes of signals: the list, one signal and what is done about it, numbers of places.

use serde_json::json;

use super::act::{self, Task};
use super::view::{self, Full, List, Numbers};
use super::{Book, Disposition, Level, by_number, over};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/health", May::SignedIn, list, "Signals of a place (`area`, `before`), the open ones first.").gives::<List>(),
    Route::get("/health/numbers", May::Staff, numbers, "Numbers of what lies within a place (`area`, `source`), of seven days.")
        .gives::<Numbers>(),
    Route::get("/health/{number}", May::SignedIn, one, "A signal: what it rests on, its picture, what was done.").gives::<Full>(),
    Route::post("/health/{number}/verify", May::SignedIn, verify, "Somebody asked there, and it is so: `{words}`.")
        .gives::<Full>(),
    Route::post("/health/{number}/assess", May::Staff, assess, "How bad it is: `{level: low|moderate|high, words}`.")
        .gives::<Full>(),
    Route::post(
        "/health/{number}/respond",
        May::Staff,
        respond,
        "What is being done: `{words, case?}`; with `case` it becomes one.",
    )
    .gives::<Full>(),
    Route::post(
        "/health/{number}/close",
        May::Staff,
        close,
        "What it was in the end: `{disposition: true|false|data-error|expected|test, words}`.",
    )
    .gives::<Full>(),
];

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(i64::MAX);
    let view = req.app.db.read(|r| {
        let place = match area::named(req, r, None) {
            Err(e) if e.kind == Kind::Missing => None,
            named => Some(named?),
        };
        view::list(req, r, place.as_ref(), before)
    })?;
    req.page("activities/health/list.html", &view)
}

fn numbers(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let place = area::named(req, r, None)?;
        view::numbers(req, r, &place, req.query.get("source"))
    })?;
    req.page("activities/health/numbers.html", &view)
}

fn full(req: &Req) -> Result<Full> {
    let mut look = Look::new(&req.who, "health");
    let view = req.app.db.read(|r| {
        let signal = by_number(r, req.param("number"))?;
        view::full(req, r, &signal, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    Ok(req.page("activities/health/one.html", &full(req)?)?.header("cache-control", "no-store"))
}

/// The signal as it is now, or the way back to its page.
fn shown(req: &Req) -> Result<Reply> {
    req.done(&format!("/health/{}", req.param("number")), 200, || full(req))
}

/// What decisions about the signal of the path rest on.
fn known(req: &Req) -> Result<Book> {
    req.app.db.read(|r| {
        let signal = by_number(r, req.param("number"))?;
        let code = area::by_id(r, &signal.area)?.map(|a| a.code).unwrap_or_default();
        Book::read(r, req.app, &code)
    })
}

fn verify(req: &Req) -> Result<Reply> {
    let (input, book, who, number) = (req.input()?, known(req)?, req.who.clone(), req.param("number").to_owned());
    let words = input.need("words", book.pack.limits.words)?;
    req.once(move |tx| act::verify(tx, &book, &who, &number, &words).map(|()| String::new()))?;
    shown(req)
}

fn assess(req: &Req) -> Result<Reply> {
    let (input, book, who, number) = (req.input()?, known(req)?, req.who.clone(), req.param("number").to_owned());
    let level = Level::parse(&input.need("level", 20)?).ok_or_else(|| Kind::Unknown.at("level"))?;
    let words = input.need("words", book.pack.limits.words)?;
    req.once(move |tx| act::assess(tx, &book, &who, &number, level, &words).map(|()| String::new()))?;
    shown(req)
}

fn respond(req: &Req) -> Result<Reply> {
    let (input, book, who, number) = (req.input()?, known(req)?, req.who.clone(), req.param("number").to_owned());
    let words = input.need("words", book.pack.limits.words)?;
    let task = if input.flag("case") {
        let place = req.app.db.read(|r| {
            let signal = by_number(r, &number)?;
            Ok::<_, Error>(area::by_id(r, &signal.area)?.filter(|a| over(&who, &a.path).is_some()))
        })?;
        let place = place.ok_or(Kind::Denied)?;
        // Where it is and who must answer is found before the write.
        let at = NewReport { area: Some(place.code), class: Some(book.pack.case.class.clone()), ..NewReport::default() };
        Some(Task { book: Rulebook::now(req.app)?, spot: report::place(req.app, &at)? })
    } else {
        None
    };
    req.once(move |tx| Ok(act::respond(tx, &book, &who, &number, &words, task.as_ref())?.unwrap_or_default()))?;
    shown(req)
}

fn close(req: &Req) -> Result<Reply> {
    let (input, book, who, number) = (req.input()?, known(req)?, req.who.clone(), req.param("number").to_owned());
    let said = Disposition::parse(&input.need("disposition", 20)?).ok_or_else(|| Kind::Unknown.at("disposition"))?;
    let words = input.need("words", book.pack.limits.words)?;
    req.once(move |tx| act::close(tx, &book, &who, &number, said, &words).map(|()| String::new()))?;
    shown(req)
}

/// What a program is told, and where a browser goes.
pub(super) fn done(req: &Req, what: &serde_json::Value, to: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(what)?.status(status));
    }
    Ok(Reply::see_other(req.url(to)))
}

/// Nothing to say but that it was done.
pub(super) fn nothing() -> serde_json::Value {
    json!({})
}
