//! Routes of topics: lists, one consultation, raising, grading, declining, asking again, its file.

use serde_json::json;
use store::Query;

use super::act::{self, Grade, MAX_TEXT};
use super::file::{self, File};
use super::types::{Full, List};
use super::view;
use super::{Basis, Consult, by_number, ring, seat};
use crate::base::area::{self, Area};
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, tries};
use crate::records::case;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/consultations",
        May::Anyone,
        list,
        "Consultations: what waits for the reader's desk, what is his, and all that were graded (`before`).",
    )
    .gives::<List>(),
    Route::get("/consultations/new", May::SignedIn, form, "The form for a topic; `case` for one that a case came to."),
    Route::post("/consultations", May::SignedIn, raise, "Raises a topic: `{text, area?, case?}`.").gives::<Full>(),
    Route::get(
        "/consultations/{number}",
        May::Anyone,
        one,
        "One consultation: question, seats, draw, agenda, result, what was promised and what became of it.",
    )
    .gives::<Full>(),
    Route::post(
        "/consultations/{number}/grade",
        May::Staff,
        grade,
        "Grades a topic: `{depth: quick|deep, topic, title, question}`; its rules stand still from now on.",
    )
    .gives::<Full>(),
    Route::post("/consultations/{number}/decline", May::Staff, decline, "Declines a topic: `{why, text}`.").gives::<Full>(),
    Route::post("/consultations/{number}/appeal", May::SignedIn, appeal, "Asks again at the desk above: `{text}`.")
        .gives::<Full>(),
    Route::get("/consultations/{number}/file", May::Staff, record, "The whole record of a consultation, for the desk.")
        .gives::<File>(),
    Route::get("/seats", May::SignedIn, ask, "Where whoever was drawn types the code of his letter."),
    Route::post("/seats", May::SignedIn, join, "Takes the seat of a letter: `{code}` as `C-0001-7-7H2K9QX4TM`."),
];

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok());
    let mut look = Look::new(&req.who, "consult");
    let view = req.app.db.read(|r| view::list(req, r, before, &mut look))?;
    look.record(req.app)?;
    req.page("activities/consult/list.html", &view)
}

/// The consultation of the path, when this reader may know of it.
pub(super) fn find(req: &Req, q: &mut dyn Query) -> Result<Consult> {
    let found = by_number(q, req.param("number"))?.ok_or(Kind::NotFound)?;
    if view::may_see(req, q, &found)? { Ok(found) } else { Err(Kind::NotFound.into()) }
}

fn shown(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "consult");
    let view = req.app.db.read(|r| {
        let c = by_number(r, number)?.ok_or(Kind::NotFound)?;
        view::full(req, r, &c, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/consult/one.html", &shown(req, req.param("number"))?)
}

/// The answer to a step: the consultation as it then stands.
pub(super) fn answer(req: &Req, number: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&shown(req, number)?)?.status(status));
    }
    Ok(Reply::see_other(req.url(&format!("/consultations/{number}"))))
}

fn form(req: &Req) -> Result<Reply> {
    let case = req.query.get("case").unwrap_or_default().to_owned();
    let home = req.app.db.read(|r| view::home(req, r))?;
    let communities = req.app.db.read(|r| area::communities(r))?;
    let communities: Vec<_> = communities.iter().map(|a| json!({ "code": a.code, "name": a.name })).collect();
    let view = json!({ "case": case, "home": home, "communities": communities, "most": MAX_TEXT });
    req.page("activities/consult/new.html", &view)
}

/// The community a topic is raised in: the one named, else that of the case, else the one of whoever raises it.
fn place(req: &Req, q: &mut dyn Query, code: Option<&str>, case: Option<&case::Case>) -> Result<Area> {
    let found = match (case, code) {
        (Some(case), _) => area::community_of(q, &case.area)?,
        (None, Some(code)) => match area::by_code(q, code)? {
            Some(named) => area::community_of(q, &named.id)?,
            None => None,
        },
        (None, None) => match view::home(req, q)? {
            Some(home) => area::by_code(q, &home.code)?,
            None => None,
        },
    };
    found.ok_or_else(|| Kind::Unknown.at("area"))
}

fn raise(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (text, code, number) = (input.need("text", MAX_TEXT)?, input.text("area", 40)?, input.text("case", 40)?);
    let (place, case) = req.app.db.read(|r| {
        let case = match &number {
            Some(number) => Some(case::by_number(r, number)?.ok_or_else(|| Kind::Unknown.at("case"))?),
            None => None,
        };
        Ok::<_, Error>((place(req, r, code.as_deref(), case.as_ref())?, case))
    })?;
    let (basis, pack, who) = (Basis::now(req.app)?, ring::pack_of(req.app, &place.code), req.who.clone());
    let number = req.once(move |tx| act::raise(tx, &basis, pack, &who, &place, &act::New { text, case }))?;
    answer(req, &number, 201)
}

/// The consultation of the path with the pack that holds at its place today.
fn here(req: &Req) -> Result<(Consult, &'static super::pack::Pack)> {
    req.app.db.read(|r| {
        let c = find(req, r)?;
        let code = area::by_id(r, &c.area)?.map(|a| a.code).unwrap_or_default();
        Ok((c, ring::pack_of(req.app, &code)))
    })
}

fn grade(req: &Req) -> Result<Reply> {
    let (new, (c, pack)) = (Grade::parse(&req.input()?)?, here(req)?);
    let (basis, who, id) = (Basis::now(req.app)?, req.who.clone(), c.id.clone());
    req.once(move |tx| act::grade(tx, &basis, pack, &who, &id, &new).map(|()| String::new()))?;
    answer(req, &c.number, 200)
}

fn decline(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (why, words) = (input.need("why", 40)?, input.need("text", MAX_TEXT)?);
    let (c, pack) = here(req)?;
    let (basis, who, id) = (Basis::now(req.app)?, req.who.clone(), c.id.clone());
    req.once(move |tx| act::decline(tx, &basis, pack, &who, &id, &why, &words).map(|()| String::new()))?;
    answer(req, &c.number, 200)
}

fn appeal(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("text", MAX_TEXT)?;
    let (c, pack) = here(req)?;
    let (basis, who, id) = (Basis::now(req.app)?, req.who.clone(), c.id.clone());
    req.once(move |tx| act::appeal(tx, &basis, pack, &who, &id, &words).map(|()| String::new()))?;
    answer(req, &c.number, 200)
}

fn record(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "consult");
    let view = req.app.db.read(|r| {
        let c = find(req, r)?;
        file::of(req, r, &c, &mut look)
    })?;
    look.record(req.app)?;
    req.page("activities/consult/file.html", &view)
}

fn ask(req: &Req) -> Result<Reply> {
    req.page("activities/consult/seat.html", &json!({}))
}

/// The seat of a code as somebody typed it: number of the consultation, of the seat, and the code itself.
fn typed(req: &Req, text: &str) -> Result<String> {
    let clean = text.trim().to_uppercase().replace(['—', '－', ' '], "-");
    let parts: Vec<&str> = clean.split('-').filter(|p| !p.is_empty()).collect();
    let [.., number, n, code] = parts.as_slice() else { return Err(Kind::WrongSeat.at("code")) };
    let wrong = || Kind::WrongSeat.at("code");
    let (number, n): (i64, i64) = (number.parse().map_err(|_| wrong())?, n.parse().map_err(|_| wrong())?);
    let keys = tries::keys("seat", &format!("{number} {n}"), req.ip);
    req.app.tries.check(&keys, req.now)?;
    let found = req.app.db.read(|r| {
        let Some(c) = by_number(r, &format!("C-{number:04}"))? else { return Ok::<_, Error>(None) };
        Ok(seat::of(r, &c.id)?.into_iter().find(|s| s.n == n && s.is_drawn()))
    })?;
    let right = |s: &seat::Seat| {
        let (want, got) = (seat::Seat::code(|p, t| req.app.db.digest(p, t), &s.id), calc::codes::normalise(code));
        want.len() == got.len() && want.bytes().zip(got.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
    };
    match found.filter(right) {
        Some(seat) => Ok(seat.id),
        None => {
            req.app.tries.failed(&keys, req.now);
            Err(wrong())
        }
    }
}

fn join(req: &Req) -> Result<Reply> {
    let seat = typed(req, &req.input()?.need("code", 40)?)?;
    let who = req.who.clone();
    let number = req.once(move |tx| seat::join(tx, &who, &seat))?;
    answer(req, &number, 201)
}
