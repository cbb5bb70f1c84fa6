//! Pages and data of requests: asking, answering, delivering, ending.
//!
//! What must stay true: a request is read by whoever asked, by the provider, and by the desks that stand above; a new key is
//! shown once.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Query, params};

use super::request::{self, Answer, New, Request};
use super::resource::{self, Resource};
use super::resource_web::book_of;
use super::rules::{self, Ask, Stand, State, Way};
use super::{Book, PURPOSE, StepView, code_of, desk_of, story, works};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::base::catalogue::element::Share;
use crate::base::key;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of requests.
pub const ROUTES: &[Route] = &[
    Route::get("/share/resources/{code}/ask", May::Staff, form, "The form with which an organisation asks for a resource.")
        .gives::<Form>(),
    Route::get("/share/requests", May::Staff, list, "What my organisations asked for, and what waits for them.").gives::<List>(),
    Route::post(
        "/share/requests",
        May::Staff,
        ask,
        "Asks for a resource: `{resource, body?, fields: [name], purpose, basis, days?, way: read|file|push, place?}`.",
    )
    .gives::<Full>(),
    Route::get("/share/requests/{number}", May::Staff, one, "One request.").gives::<Full>(),
    Route::post(
        "/share/requests/{number}/decide",
        May::Staff,
        decide,
        "The provider, or the desk above when it did not: `{yes, fields?, days?, why?}`.",
    )
    .gives::<Full>(),
    Route::post("/share/requests/{number}/end", May::Staff, end, "Not needed any more; or the provider ends it: `{why}`.")
        .gives::<Full>(),
    Route::post("/share/requests/{number}/renew", May::Staff, renew, "Asks once more for the same.").gives::<Full>(),
    Route::post(
        "/share/requests/{number}/key",
        May::Staff,
        make_key,
        "Makes the key of a program that reads under it; shown once.",
    )
    .gives::<Full>(),
];

/// Requests of a list.
const SHOWN: i64 = 200;

/// A request in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub asker: String,
    pub provider: String,
    pub state: &'static str,
    pub delivered: bool,
    pub due_at: Option<String>,
    pub late: bool,
}

#[derive(Serialize, JsonSchema)]
struct List {
    /// Somebody of mine has to answer or to deliver.
    waiting: Vec<Item>,
    /// What mine asked for.
    mine: Vec<Item>,
    /// What is granted of mine.
    given: Vec<Item>,
}

fn item(req: &Req, q: &mut dyn Query, book: &Book, one: &Request) -> Result<Item> {
    let of = resource::by_id(q, &one.resource)?;
    Ok(Item {
        number: one.number.clone(),
        title: of.title,
        asker: book.chart.name(&one.body),
        provider: book.chart.name(&of.body),
        state: one.state.as_str(),
        delivered: one.delivered_at.is_some(),
        due_at: one.due_at.map(|at| req.app.time(at)),
        late: one.late > 0,
    })
}

/// The organisations for which somebody works.
fn mine(req: &Req) -> Vec<(String, String)> {
    let own = req.who.roles.iter().filter(|r| r.body.as_deref().is_some_and(|b| works(&req.who, b)));
    let mut out: Vec<(String, String)> = own.filter_map(|r| Some((r.body.clone()?, r.body_name.clone()?))).collect();
    out.sort();
    out.dedup();
    out
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let book = Book::read(r, req.app, "")?;
        let mut view = List { waiting: Vec::new(), mine: Vec::new(), given: Vec::new() };
        for (body, _) in mine(req) {
            let waits = "desk = $1 and (state = 'asked' or state = 'granted' and delivered_at is null) order by due_at, number limit $2";
            for one in request::listed(r, waits, params![&body, SHOWN])? {
                view.waiting.push(item(req, r, &book, &one)?);
            }
            for one in request::listed(r, "body = $1 order by made_at desc, number desc limit $2", params![&body, SHOWN])? {
                view.mine.push(item(req, r, &book, &one)?);
            }
            let given = "resource in (select id from share_resource where body = $1) and state = 'granted' order by until_at, number limit $2";
            for one in request::listed(r, given, params![&body, SHOWN])? {
                view.given.push(item(req, r, &book, &one)?);
            }
        }
        Ok::<_, Error>(view)
    })?;
    req.page("oversight/share/requests.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct FieldView {
    name: String,
    title: String,
    grade: u8,
    given: bool,
}

/// A request as this reader sees it.
#[derive(Serialize, JsonSchema)]
struct Full {
    number: String,
    code: String,
    title: String,
    asker: String,
    provider: String,
    fields: Vec<FieldView>,
    purpose: String,
    basis: String,
    days: i64,
    way: &'static str,
    place: Option<String>,
    state: &'static str,
    stand: &'static str,
    desk: String,
    made_at: String,
    due_at: Option<String>,
    late: bool,
    delivered_at: Option<String>,
    until_at: Option<String>,
    renews: Option<String>,
    /// The reader answers.
    decides: bool,
    /// Something may be read under it now.
    live: bool,
    has_key: bool,
    may_key: bool,
    /// The key that was made just now.
    made: Option<String>,
    steps: Vec<StepView>,
}

fn stand(book: &Book, req: &Req, one: &Request, of: &Resource) -> Stand {
    let over = || req.who.by.is_none() && req.who.desk_over(&of.path).is_some();
    match () {
        () if works(&req.who, &one.body) => Stand::Asker,
        () if works(&req.who, &of.body) => Stand::Provider,
        () if desk_of(book, &req.who, &one.desk) || over() => Stand::Desk,
        () => Stand::Nobody,
    }
}

fn full(req: &Req, number: &str, made: Option<String>) -> Result<Full> {
    let mut look = Look::new(&req.who, PURPOSE);
    let view = req.app.db.read(|r| {
        let one = request::by_number(r, number)?;
        let of = resource::by_id(r, &one.resource)?;
        let at = code_of(r, &of.area)?;
        let book = Book::read(r, req.app, &at)?;
        let stand = stand(&book, req, &one, &of);
        if stand == Stand::Nobody {
            return Err(Kind::NotFound.into());
        }
        let given = one.fields();
        let own_turn = if one.desk == of.body { stand == Stand::Provider } else { desk_of(&book, &req.who, &one.desk) };
        let is_desk = book.chart.body(&one.body).is_some_and(|b| b.kind.is_desk());
        let live = one.is_live(req.now);
        let field =
            |f: super::schema::Field| FieldView { given: given.contains(&f.name), name: f.name, title: f.title, grade: f.grade };
        Ok::<_, Error>(Full {
            code: of.code.clone(),
            title: of.title.clone(),
            asker: book.chart.name(&one.body),
            provider: book.chart.name(&of.body),
            fields: of.fields().into_iter().map(field).collect(),
            purpose: one.purpose.clone(),
            basis: one.basis.clone(),
            days: one.days,
            way: one.way.as_str(),
            place: match &one.place {
                Some(code) => Some(area::by_code(r, code)?.map_or_else(|| code.clone(), |a| a.name)),
                None => None,
            },
            state: one.state.as_str(),
            stand: stand.as_str(),
            desk: book.chart.name(&one.desk),
            made_at: req.app.time(one.made_at),
            due_at: one.due_at.map(|at| req.app.time(at)),
            late: one.late > 0,
            delivered_at: one.delivered_at.map(|at| req.app.time(at)),
            until_at: one.until_at.map(|at| req.app.time(at)),
            decides: one.state == Ask::Asked && own_turn && stand != Stand::Asker,
            live,
            has_key: one.api_key.is_some(),
            may_key: live && stand == Stand::Asker && one.way == Way::Read && !is_desk,
            made,
            steps: story(req, r, &book, &one.id, &one.number, &mut look)?,
            renews: one.renews,
            number: one.number,
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn shown(req: &Req, number: &str, done: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/share/requests/{number}?done={done}"), status, || full(req, number, None))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("oversight/share/request.html", &full(req, req.param("number"), None)?)
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
}

/// The form of a request.
#[derive(Serialize, JsonSchema)]
struct Form {
    code: String,
    title: String,
    provider: String,
    open: bool,
    fields: Vec<FieldView>,
    bodies: Vec<Choice>,
    areas: Vec<Choice>,
    ways: Vec<&'static str>,
    days: i64,
    most_days: i64,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let of = resource::by_code(r, req.param("code"))?;
        if of.state != State::Published || of.share == Share::None {
            return Err(Kind::State.into());
        }
        let at = code_of(r, &of.area)?;
        let book = Book::read(r, req.app, &at)?;
        let areas: Vec<Choice> = area::children(r, &of.area)?
            .into_iter()
            .filter(|a| a.kind != "grid")
            .map(|a| Choice { id: a.code, name: a.name })
            .collect();
        Ok::<_, Error>(Form {
            title: of.title.clone(),
            provider: book.chart.name(&of.body),
            open: of.share == Share::Unconditional,
            fields: of
                .fields()
                .into_iter()
                .map(|f| FieldView { given: false, name: f.name, title: f.title, grade: f.grade })
                .collect(),
            bodies: mine(req).into_iter().filter(|(id, _)| *id != of.body).map(|(id, name)| Choice { id, name }).collect(),
            areas,
            ways: Way::ALL.iter().map(|w| w.as_str()).collect(),
            days: book.pack.limits.usual_days,
            most_days: book.pack.limits.most_days,
            code: of.code,
        })
    })?;
    if view.bodies.is_empty() {
        return Err(Kind::Denied.into());
    }
    req.page("oversight/share/ask.html", &view)
}

fn ask(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.need("resource", rules::CODE)?;
    let book = book_of(req, &code)?;
    let of = req.app.db.read(|r| resource::by_code(r, &code))?;
    let bodies: Vec<String> = mine(req).into_iter().map(|(id, _)| id).filter(|id| *id != of.body).collect();
    let limits = &book.pack.limits;
    let place = input.text("place", 20)?;
    if let Some(code) = &place
        && req.app.db.read(|r| area::by_code(r, code))?.is_none()
    {
        return Err(Kind::Unknown.at("place"));
    }
    let new = New {
        body: input.text("body", 40)?.or(bodies.first().cloned()).ok_or(Kind::Denied)?,
        fields: input.list("fields", limits.fields)?,
        purpose: input.need("purpose", rules::WORDS)?,
        basis: input.need("basis", rules::WORDS)?,
        days: input.int("days", 1, limits.most_days)?.unwrap_or(limits.usual_days),
        way: Way::parse(&input.text("way", 10)?.unwrap_or_else(|| "read".into())).ok_or_else(|| Kind::Unknown.at("way"))?,
        place,
        renews: None,
    };
    let who = req.who.clone();
    let number = req.once(move |tx| request::ask(tx, &book, &who, &of, &new))?;
    shown(req, &number, "asked", 201)
}

/// The rules of the place of what a request is about.
fn book_for(req: &Req, number: &str) -> Result<Book> {
    req.app.db.read(|r| {
        let one = request::by_number(r, number)?;
        let of = resource::by_id(r, &one.resource)?;
        let code = code_of(r, &of.area)?;
        Book::read(r, req.app, &code)
    })
}

fn decide(req: &Req) -> Result<Reply> {
    let (input, number) = (req.input()?, req.param("number").to_owned());
    let book = book_for(req, &number)?;
    let answer = Answer {
        yes: input.flag("yes"),
        fields: input.list("fields", book.pack.limits.fields)?,
        days: input.int("days", 1, book.pack.limits.most_days)?,
        why: input.text("why", rules::WORDS)?,
    };
    let who = req.who.clone();
    req.once(move |tx| request::decide(tx, &book, &who, &number, &answer).map(|()| String::new()))?;
    shown(req, req.param("number"), "answered", 200)
}

fn end(req: &Req) -> Result<Reply> {
    let why = req.input()?.text("why", rules::WORDS)?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let book = book_for(req, &number)?;
    req.once(move |tx| request::end(tx, &book, &who, &number, why.as_deref()).map(|()| String::new()))?;
    shown(req, req.param("number"), "ended", 200)
}

fn renew(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let book = book_for(req, &number)?;
    let new = req.once(move |tx| request::renew(tx, &book, &who, &number))?;
    shown(req, &new, "asked", 201)
}

fn make_key(req: &Req) -> Result<Reply> {
    req.myself()?;
    // What is kept under the idempotency key is the id alone: a repetition cannot show the key again.
    let (text, who, number) = (key::draw(req.app), req.who.clone(), req.param("number").to_owned());
    let drawn = text.clone();
    let fresh = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let made = fresh.clone();
    let id = req.once(move |tx| {
        let id = request::make_key(tx, &who, &number, &drawn)?;
        made.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(id)
    })?;
    let shown = fresh.load(std::sync::atomic::Ordering::Relaxed).then_some(text);
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "id": id, "key": shown }))?.status(201));
    }
    let view = full(req, req.param("number"), shown)?;
    Ok(req.page("oversight/share/request.html", &view)?.header("cache-control", "no-store"))
}
