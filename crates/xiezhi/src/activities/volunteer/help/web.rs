//! Routes of requests for help.

use schemars::JsonSchema;
use serde::Serialize;
use store::Tx;

use super::act::{self, New};
use super::by_number;
use super::close::{self, Said};
use super::view::{self, Choice, Full, List};
use crate::activities::volunteer::{Book, here};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, Who};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/help", May::SignedIn, list, "Requests for help that concern me: mine, those I help with, others near me.")
        .gives::<List>(),
    Route::get("/help/new", May::SignedIn, form, "The form that asks for help (`kind`).").gives::<Form>(),
    Route::post(
        "/help",
        May::SignedIn,
        ask,
        "Asks for help: `{kind, area, starts_at | day & at, minutes?, building?, place?, words?, language?, sex?, choose?, hours?, \
         urgent?}`; staff of the place for somebody without an account with `{name, phone}`.",
    )
    .gives::<Full>(),
    Route::get("/help/{number}", May::SignedIn, one, "A request: words, place and name for whoever comes and the desk alone.")
        .gives::<Full>(),
    Route::post("/help/{number}/offer", May::SignedIn, offer, "A volunteer would come.").gives::<Full>(),
    Route::post("/help/{number}/agree", May::SignedIn, agree, "Whoever asked says who comes: `{person}`.").gives::<Full>(),
    Route::post("/help/{number}/leave", May::SignedIn, leave, "A volunteer says no, or cannot come after all."),
    Route::post("/help/{number}/withdraw", May::SignedIn, withdraw, "Not needed any more.").gives::<Full>(),
    Route::post(
        "/help/{number}/done",
        May::SignedIn,
        done,
        "A volunteer writes down what he did: `{began_at | day & at, minutes, code?}`; with the code of whoever was helped both say so.",
    )
    .gives::<Full>(),
    Route::post("/help/{number}/confirm", May::SignedIn, confirm, "Whoever was helped says so, too.").gives::<Full>(),
    Route::post("/help/{number}/dispute", May::SignedIn, dispute, "One of both says that it is not so: `{words}`.").gives::<Full>(),
    Route::post("/help/{number}/decide", May::Staff, decide, "The desk decides a dispute: `{minutes, why}`.").gives::<Full>(),
    Route::post("/help/{number}/thank", May::SignedIn, thank, "Thanks: `{words}`.").gives::<Full>(),
    Route::post(
        "/help/{number}/apart",
        May::SignedIn,
        apart,
        "Not with this person again: `{person}`; a volunteer means whoever asked. Nobody is told.",
    ),
];

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let code = here(req, r, None).map(|a| a.code).unwrap_or_default();
        let book = Book::read(r, req.app, &code)?;
        view::list(req, r, &book)
    })?;
    req.page("activities/volunteer/help/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<Choice>,
    languages: Vec<Choice>,
    buildings: Vec<Choice>,
    kind: Option<String>,
    day: String,
    words_max: usize,
    minutes_max: i64,
    /// The reader may ask for somebody without an account.
    staff: bool,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let place = here(req, r, None)?;
        let book = Book::read(r, req.app, &place.code)?;
        let house = |b: area::Building| Choice { id: b.id, name: b.name, minutes: None, rule: None, two: false };
        Ok::<_, Error>(Form {
            kinds: view::kinds(req, &book),
            languages: view::languages(req, &book),
            buildings: area::buildings(r, &place.path)?.into_iter().map(house).collect(),
            kind: req.query.get("kind").map(str::to_owned),
            day: view::tomorrow(req),
            words_max: book.pack.limits.words,
            minutes_max: book.pack.limits.minutes,
            staff: req.who.roles.iter().any(|role| role.kind.is_staff() && place.path.starts_with(&role.path)),
            area: place.code,
            place: place.name,
        })
    })?;
    req.page("activities/volunteer/help/new.html", &view)
}

fn ask(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.need("area", 40)?;
    let book = Book::now(req.app, &code)?;
    let (new, who) = (New::parse(&input, &book, &req.app.config.zone)?, req.who.clone());
    let number = req.once(move |tx| act::ask(tx, &book, &who, &new))?;
    shown(req, &number, 201, "asked")
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "help");
    let view = req.app.db.read(|r| view::full(req, r, number, &mut look))?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    let view = full(req, req.param("number"))?;
    Ok(req.page("activities/volunteer/help/one.html", &view)?.header("cache-control", "no-store"))
}

/// The request as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16, done: &str) -> Result<Reply> {
    req.done(&format!("/help/{number}?done={done}"), status, || full(req, number))
}

/// The rules of a request's place.
fn book_of(req: &Req) -> Result<Book> {
    req.app.db.read(|r| {
        let help = by_number(r, req.param("number"))?;
        let code = area::by_id(r, &help.area)?.map(|a| a.code).unwrap_or_default();
        Book::read(r, req.app, &code)
    })
}

/// Does something to a request under the rules of its place.
fn run(req: &Req, done: &str, act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static) -> Result<Reply> {
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act(tx, &book, &who, &number).map(|()| String::new()))?;
    shown(req, req.param("number"), 200, done)
}

fn offer(req: &Req) -> Result<Reply> {
    run(req, "offer", |tx, book, who, number| act::offer(tx, book, who, number).map(drop))
}

fn agree(req: &Req) -> Result<Reply> {
    let person = req.input()?.need("person", 40)?;
    run(req, "agree", move |tx, book, who, number| act::agree(tx, book, who, number, &person).map(drop))
}

/// Back to the list: whoever said no sees no more of it.
fn leave(req: &Req) -> Result<Reply> {
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::leave(tx, &book, &who, &number).map(|()| String::new()))?;
    Ok(if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url("/help?done=left")) })
}

fn withdraw(req: &Req) -> Result<Reply> {
    run(req, "withdraw", act::withdraw)
}

fn done(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let began_at = input.moment("began_at", &req.app.config.zone)?;
    let minutes = input.int("minutes", 1, i64::from(u16::MAX))?.ok_or_else(|| Kind::Missing.at("minutes"))?;
    let said = Said { began_at, minutes, code: input.text("code", 10)? };
    run(req, "done", move |tx, book, who, number| close::done(tx, book, who, number, &said))
}

fn confirm(req: &Req) -> Result<Reply> {
    run(req, "confirm", close::confirm)
}

fn dispute(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("words", 500)?;
    run(req, "dispute", move |tx, book, who, number| close::dispute(tx, book, who, number, &words))
}

fn decide(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (minutes, why) = (input.int("minutes", 0, i64::from(u16::MAX))?, input.need("why", 500)?);
    let minutes = minutes.ok_or_else(|| Kind::Missing.at("minutes"))?;
    run(req, "decide", move |tx, book, who, number| close::decide(tx, book, who, number, minutes, &why))
}

fn thank(req: &Req) -> Result<Reply> {
    let words = req.input()?.need("words", 300)?;
    run(req, "thank", move |tx, book, who, number| close::thank(tx, book, who, number, &words))
}

fn apart(req: &Req) -> Result<Reply> {
    let person = req.input()?.text("person", 40)?;
    run(req, "apart", move |tx, _, who, number| close::apart(tx, who, number, person.as_deref()))
}
