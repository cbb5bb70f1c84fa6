//! Routes of work for all.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::act::{self, New};
use super::{By, Event, Stand, State, around, by_number, people};
use crate::activities::volunteer::Book;
use crate::base::area;
use crate::base::catalogue::{Look, Relation};
use crate::base::party::{self, Chart};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::MINUTE;
use crate::kit::{Error, Reply, Req, Result, Route, qr};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/events", May::Anyone, list, "Work for all that people can sign up for (`area`), the soonest first.")
        .gives::<List>(),
    Route::get("/events/new", May::Staff, form, "The form that asks people to come."),
    Route::post(
        "/events",
        May::Staff,
        begin,
        "Asks people to come: `{area?, title, about?, place, starts_at | day & at, minutes, seats}`.",
    )
    .gives::<Full>(),
    Route::get("/events/{number}", May::Anyone, one, "One of them; who signed up is for whoever leads it.").gives::<Full>(),
    Route::post("/events/{number}/join", May::SignedIn, join, "Signs up: with a seat, or waiting for one.").gives::<Full>(),
    Route::post("/events/{number}/leave", May::SignedIn, leave, "Gives the seat up; whoever waited longest has it.")
        .gives::<Full>(),
    Route::post("/events/{number}/come", May::SignedIn, come, "Is there: `{code}`, the one that is shown on the spot.")
        .gives::<Full>(),
    Route::get("/events/{number}/code", May::Staff, show, "The code of now, to be shown on the spot, with its QR code.")
        .gives::<Code>(),
    Route::post(
        "/events/{number}/book",
        May::Staff,
        book_all,
        "Books the hours: `{minutes, person: [id]}`; named ones confirm themselves first.",
    )
    .gives::<Full>(),
    Route::post("/events/{number}/confirm", May::SignedIn, confirm, "Whoever was named says that he was there.").gives::<Full>(),
    Route::post("/events/{number}/void", May::Staff, void, "It does not take place: `{why}`.").gives::<Full>(),
];

/// Events of one page.
const PAGE: i64 = 50;

/// Work for all around a place.
#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    may: bool,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    number: String,
    title: String,
    place: String,
    starts_at: String,
    free: i64,
}

/// Somebody who signed up, for whoever leads it.
#[derive(Serialize, JsonSchema)]
struct Person {
    person: String,
    name: Option<String>,
    state: &'static str,
    minutes: Option<i64>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
struct Full {
    number: String,
    title: String,
    about: String,
    place: String,
    body: Option<String>,
    state: &'static str,
    starts_at: String,
    ends_at: String,
    minutes: i64,
    seats: i64,
    free: i64,
    waiting: i64,
    why: Option<String>,
    /// How the reader stands to it.
    stand: Option<&'static str>,
    over: bool,
    leads: bool,
    people: Vec<Person>,
    /// The code that came with the link of a QR code.
    code: Option<String>,
}

/// The code of now.
#[derive(Serialize, JsonSchema)]
struct Code {
    number: String,
    title: String,
    code: String,
    qr: String,
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        let mut items = Vec::new();
        for event in around(r, &path, req.now, PAGE)? {
            let all = people(r, &event.id)?;
            items.push(Item {
                free: free(&event, &all),
                starts_at: req.app.time(event.starts_at),
                number: event.number,
                title: event.title,
                place: event.place,
            });
        }
        let leads = |r: &crate::kit::Role| r.kind.is_desk() || r.kind.may_claim();
        Ok::<_, Error>(List { items, may: req.who.roles.iter().any(leads) })
    })?;
    req.page("activities/volunteer/event/list.html", &view)
}

fn free(event: &Event, all: &[By]) -> i64 {
    event.seats - all.iter().filter(|b| !matches!(b.state, Stand::Waiting | Stand::Left)).count() as i64
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "volunteer");
    let view = req.app.db.read(|r| {
        let event = by_number(r, number)?;
        let all = people(r, &event.id)?;
        let own = |b: &&By| req.who.by.is_none() && Some(&b.person) == req.who.person.as_ref();
        let leads = event.is_led_by(&req.who);
        let mut views = Vec::new();
        for b in all.iter().filter(|_| leads) {
            views.push(Person {
                name: party::name_of(r, &b.person)?.and_then(|n| look.at(&n.of(&event.number), Relation::Involved)),
                person: b.person.clone(),
                state: b.state.as_str(),
                minutes: b.minutes,
            });
        }
        let chart = Chart::read(r, req.app)?;
        Ok::<_, Error>(Full {
            free: free(&event, &all),
            waiting: all.iter().filter(|b| b.state == Stand::Waiting).count() as i64,
            stand: all.iter().find(own).map(|b| b.state.as_str()),
            body: event.body.as_deref().map(|b| chart.name(b)),
            state: event.state.as_str(),
            starts_at: req.app.time(event.starts_at),
            ends_at: req.app.time(event.ends_at),
            minutes: (event.ends_at - event.starts_at) / MINUTE,
            over: req.now >= event.ends_at || event.state != State::Open,
            code: req.query.get("code").map(str::to_owned),
            number: event.number,
            title: event.title,
            about: event.about,
            place: event.place,
            seats: event.seats,
            why: event.why,
            leads,
            people: views,
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    let view = full(req, req.param("number"))?;
    Ok(req.page("activities/volunteer/event/one.html", &view)?.header("cache-control", "no-store"))
}

fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/events/{number}"), status, || full(req, number))
}

fn form(req: &Req) -> Result<Reply> {
    req.page("activities/volunteer/event/new.html", &serde_json::json!({}))
}

/// The place that is named, else the one the reader works for.
fn place(req: &Req, q: &mut dyn Query, code: Option<&str>) -> Result<area::Area> {
    let leads = |r: &&crate::kit::Role| r.kind.is_desk() || r.kind.may_claim();
    let found = match code {
        Some(code) => area::by_code(q, code)?,
        None => match req.who.roles.iter().filter(leads).max_by_key(|r| r.path.len()) {
            Some(role) => area::by_id(q, &role.area)?,
            None => return Err(Kind::Denied.into()),
        },
    };
    found.ok_or_else(|| Kind::Unknown.at("area"))
}

fn begin(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let starts_at = input.moment("starts_at", &req.app.config.zone)?;
    let minutes = input.int("minutes", 15, 24 * 60)?.ok_or_else(|| Kind::Missing.at("minutes"))?;
    let new = New {
        title: input.need("title", 60)?,
        about: input.text("about", 1000)?.unwrap_or_default(),
        place: input.need("place", 100)?,
        starts_at,
        ends_at: starts_at + minutes * MINUTE,
        seats: input.int("seats", 1, act::SEATS)?.ok_or_else(|| Kind::Missing.at("seats"))?,
    };
    let code = input.text("area", 40)?;
    let at = req.app.db.read(|r| place(req, r, code.as_deref()))?;
    let who = req.who.clone();
    let number = req.once(move |tx| act::begin(tx, &who, &at, &new))?;
    shown(req, &number, 201)
}

fn book_of(req: &Req) -> Result<Book> {
    let code = req.app.db.read(|r| {
        let event = by_number(r, req.param("number"))?;
        Ok::<_, Error>(area::by_id(r, &event.area)?.map(|a| a.code).unwrap_or_default())
    })?;
    Book::now(req.app, &code)
}

fn join(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::join(tx, &who, &number).map(|s| s.as_str().to_owned()))?;
    shown(req, req.param("number"), 200)
}

fn leave(req: &Req) -> Result<Reply> {
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::leave(tx, &book, &who, &number).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn come(req: &Req) -> Result<Reply> {
    let (who, number, code) = (req.who.clone(), req.param("number").to_owned(), req.input()?.need("code", 10)?);
    req.once(move |tx| act::come(tx, &who, &number, &code).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn show(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let event = by_number(r, req.param("number"))?;
        if !event.is_led_by(&req.who) {
            return Err(Kind::Denied.into());
        }
        let code = act::code(r, &event.id, req.now, 0);
        let link = req.absolute(&format!("/events/{}?code={code}", event.number));
        Ok::<_, Error>(Code { qr: qr::svg_of(&link)?, number: event.number, title: event.title, code })
    })?;
    Ok(req.page("activities/volunteer/event/code.html", &view)?.header("cache-control", "no-store").header("refresh", "60"))
}

fn book_all(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let minutes = input.int("minutes", 1, 24 * 60)?.ok_or_else(|| Kind::Missing.at("minutes"))?;
    let named = input.list("person", act::SEATS as usize)?;
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::book_all(tx, &book, &who, &number, minutes, &named).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn confirm(req: &Req) -> Result<Reply> {
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::confirm(tx, &book, &who, &number).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn void(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 300)?;
    let (book, who, number) = (book_of(req)?, req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::void(tx, &book, &who, &number, &why).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}
