//! Routes of the time bank: one's own account, presents, the desk's part, and the proof that anybody may look at.

use schemars::JsonSchema;
use serde::Serialize;

use super::act;
use super::{Holder, Proof, Unit, balance, lines, proof};
use crate::activities::volunteer::{Book, here, profile};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/hours", May::SignedIn, mine, "My hours and merits: balance, and what came and went (`before`).").gives::<Mine>(),
    Route::get(
        "/hours/check",
        May::Anyone,
        check,
        "Whether all hours together are zero, and those of every community (`deep=1`: counted from every movement, for staff).",
    )
    .gives::<Check>(),
    Route::post("/hours/give", May::SignedIn, give, "Gives minutes of my own to the community: `{area, minutes}`."),
    Route::post(
        "/hours/{id}/undo",
        May::Staff,
        undo,
        "The desk undoes a present or a grant that was a mistake, by a transfer the other way: `{why}`.",
    ),
    Route::post(
        "/volunteers/{person}/grant",
        May::Staff,
        grant,
        "The community gives minutes for work done for all: `{minutes, why}`; or takes merits for a thing: `{merits, why}`.",
    ),
];

/// Lines of one page.
const PAGE: i64 = 50;

/// Somebody's account.
#[derive(Serialize, JsonSchema)]
struct Mine {
    minutes: i64,
    merits: i64,
    least: i64,
    lines: Vec<LineView>,
    before: Option<Ms>,
    /// The community that presents go to.
    area: String,
    place: String,
    gift: i64,
    done: bool,
}

/// A line of an account.
#[derive(Serialize, JsonSchema)]
struct LineView {
    id: String,
    reason: &'static str,
    about: Option<String>,
    minutes: i64,
    at: String,
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(Ms::MAX);
    let view = req.app.db.read(|r| {
        let helps = profile::of(r, person)?.map(|v| v.area);
        let at = here(req, r, helps)?;
        let book = Book::read(r, req.app, &at.code)?;
        let mut found = lines(r, Unit::Minutes, Holder::Person, person, before, PAGE + 1)?;
        let more = found.len() as i64 > PAGE;
        found.truncate(PAGE as usize);
        let before = found.last().filter(|_| more).map(|l| l.at);
        let minutes = balance(r, Unit::Minutes, Holder::Person, person)?;
        let line = |l: super::Line| LineView {
            id: l.transfer,
            reason: l.reason.as_str(),
            about: l.about,
            minutes: l.amount,
            at: req.app.time(l.at),
        };
        Ok::<_, Error>(Mine {
            merits: balance(r, Unit::Merits, Holder::Person, person)?,
            least: book.pack.hours.least,
            lines: found.into_iter().map(line).collect(),
            before,
            gift: minutes.clamp(0, book.pack.hours.gift_minutes),
            minutes,
            area: at.code,
            place: at.name,
            done: req.query.get("done").is_some(),
        })
    })?;
    req.page("activities/volunteer/hours/mine.html", &view)
}

/// What is true of the time bank.
#[derive(Serialize, JsonSchema)]
struct Check {
    minutes: Sums,
    merits: Sums,
    /// Everything is zero that must be.
    holds: bool,
}

/// Sums of one unit.
#[derive(Serialize, JsonSchema)]
struct Sums {
    accounts: i64,
    sum: i64,
    people: i64,
    held: i64,
    uneven: i64,
    wrong: Option<i64>,
}

fn check(req: &Req) -> Result<Reply> {
    let deep = req.query.get("deep").is_some() && req.who.is_staff();
    let sums =
        |p: Proof| Sums { accounts: p.accounts, sum: p.sum, people: p.people, held: p.held, uneven: p.uneven, wrong: p.wrong };
    let view = req.app.db.read(|r| {
        let (minutes, merits) = (proof(r, Unit::Minutes, deep)?, proof(r, Unit::Merits, deep)?);
        let holds = [&minutes, &merits].iter().all(|p| p.sum == 0 && p.uneven == 0 && p.held >= 0 && p.wrong.unwrap_or(0) == 0);
        Ok::<_, Error>(Check { minutes: sums(minutes), merits: sums(merits), holds })
    })?;
    req.page("activities/volunteer/hours/check.html", &view)
}

fn give(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let minutes = input.int("minutes", 1, i64::from(u16::MAX))?.ok_or_else(|| Kind::Missing.at("minutes"))?;
    let code = input.need("area", 40)?;
    let at = req.app.db.read(|r| area::by_code(r, &code)?.ok_or_else(|| Kind::Unknown.at("area")))?;
    let (book, who) = (Book::now(req.app, &code)?, req.who.clone());
    req.once(move |tx| act::give(tx, &book, &who, &at, minutes).map(|()| String::new()))?;
    back(req, "/hours?done=1")
}

fn grant(req: &Req) -> Result<Reply> {
    let (input, person) = (req.input()?, req.param("person").to_owned());
    let limit = i64::from(u16::MAX);
    let (unit, amount) = match (input.int("minutes", 1, limit)?, input.int("merits", 1, limit)?) {
        (Some(minutes), None) => (Unit::Minutes, minutes),
        (None, Some(merits)) => (Unit::Merits, merits),
        _ => return Err(Kind::Missing.at("minutes")),
    };
    let why = input.need("why", 300)?;
    let book = req.app.db.read(|r| {
        let v = profile::of(r, &person)?.ok_or(Kind::NotFound)?;
        let code = area::by_id(r, &v.area)?.map(|a| a.code).unwrap_or_default();
        Book::read(r, req.app, &code)
    })?;
    let who = req.who.clone();
    req.once(move |tx| act::grant(tx, &book, &who, &person, unit, amount, &why).map(|()| String::new()))?;
    back(req, "/volunteers")
}

fn undo(req: &Req) -> Result<Reply> {
    let (id, why) = (req.param("id").to_owned(), req.input()?.need("why", 300)?);
    let (book, who) = (Book::now(req.app, "")?, req.who.clone());
    req.once(move |tx| act::undo_by_desk(tx, &book, &who, &id, &why).map(|()| String::new()))?;
    back(req, "/volunteers")
}

fn back(req: &Req, to: &str) -> Result<Reply> {
    Ok(if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url(to)) })
}
