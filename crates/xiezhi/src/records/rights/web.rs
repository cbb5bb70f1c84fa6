//! Pages: my requests, and the desk's.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::act::{self, New};
use super::{Ask, Request, by_id, of_person, open};
use crate::base::area;
use crate::base::catalogue::{Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, tries};
use crate::records::register::rules::{PERSON, may_keep, relation};
use crate::records::register::{mine, person};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/me/requests", May::SignedIn, my_requests, "What I asked about my data, and the answers.").gives::<Mine>(),
    Route::post("/me/requests", May::SignedIn, ask, "Asks: `{ask: correct erase question, text, element?, value?, entry?}`."),
    Route::post("/me/register", May::SignedIn, bind, "Ties my account to my record: `{name, id_number}`."),
    Route::post("/me/tags/{code}/withdraw", May::SignedIn, withdraw, "Takes back my consent to a tag."),
    Route::get("/rights", May::Staff, desk, "What residents of my area ask about their data; what is late, for desks above.")
        .gives::<Desk>(),
    Route::get("/rights/{id}", May::Staff, one, "One request.").gives::<One>(),
    Route::post("/rights/{id}/{answer}", May::Staff, answer, "done refuse: `{text}`."),
];
/// Most characters of a request or an answer.
const WORDS: usize = 500;

#[derive(Serialize, JsonSchema)]
struct Mine {
    items: Vec<RequestView>,
    /// My account is tied to a record of the register.
    bound: bool,
    elements: Vec<Choice>,
    /// The read that is asked about.
    entry: Option<String>,
    ask: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    field: &'static str,
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct RequestView {
    id: String,
    ask: &'static str,
    state: &'static str,
    made_at: String,
    due_at: String,
    late: bool,
    element: Option<String>,
    entry: Option<i64>,
    text: Option<String>,
    value: Option<String>,
    answer: Option<String>,
}

fn view(req: &Req, q: &mut dyn Query, one: &Request, look: &mut Look, relation: Relation) -> Result<RequestView> {
    let words = one.words(q)?;
    let [text, value, answer] = words.map(|w| w.and_then(|w| look.at(&w, relation)));
    Ok(RequestView {
        id: one.id.clone(),
        ask: one.ask.as_str(),
        state: one.state.as_str(),
        made_at: req.app.time(one.made_at),
        due_at: req.app.time(one.due_at),
        late: one.answered_at.is_none() && one.due_at < req.now,
        element: one.element.as_ref().map(|e| format!("element-{}", e.replace(['.', '_'], "-"))),
        entry: one.entry,
        text,
        value,
        answer,
    })
}

fn my_requests(req: &Req) -> Result<Reply> {
    let me = req.myself()?;
    let mut look = Look::new(&req.who, "me");
    let view = req.app.db.read(|r| {
        let mut items = Vec::new();
        for one in of_person(r, me)? {
            items.push(view(req, r, &one, &mut look, Relation::Owner)?);
        }
        let choice = |e: &&'static str| Choice {
            field: e.strip_prefix("register.").unwrap_or(e),
            text: format!("element-{}", e.replace(['.', '_'], "-")),
        };
        Ok::<_, Error>(Mine {
            items,
            bound: mine::record(r, me)?.is_some(),
            elements: PERSON.iter().map(choice).collect(),
            entry: req.query.get("entry").map(str::to_owned),
            ask: req.query.get("ask").map(str::to_owned),
        })
    })?;
    req.page("records/rights/mine.html", &view)
}

fn back(req: &Req, to: &str) -> Result<Reply> {
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    Ok(Reply::see_other(req.url(to)))
}

fn ask(req: &Req) -> Result<Reply> {
    let (me, input) = (req.myself()?.to_owned(), req.input()?);
    let said = input.need("ask", 20)?;
    let ask = Ask::parse(&said).ok_or_else(|| Kind::Unknown.at("ask"))?;
    let named = input.text("element", 40)?;
    let element = named.map(|n| {
        let known = PERSON.iter().find(|e| **e == n || e.strip_prefix("register.") == Some(&n));
        known.copied().ok_or_else(|| Kind::Unknown.at("element"))
    });
    let element = element.transpose()?;
    let value = input.text("value", 120)?;
    if ask == Ask::Correct && (element.is_none() || value.is_none()) {
        return Err(Kind::Missing.at(if element.is_none() { "element" } else { "value" }));
    }
    let entry = input.int("entry", 0, i64::MAX)?;
    if ask == Ask::Question && entry.is_none() {
        return Err(Kind::Missing.at("entry"));
    }
    let said = match ask {
        Ask::Correct => input.text("text", WORDS)?.unwrap_or_default(),
        _ => input.need("text", WORDS)?,
    };
    let new = New { ask, element, value, entry, said };
    req.once(move |tx| act::ask(tx, &me, &new))?;
    back(req, "/me/requests")
}

fn bind(req: &Req) -> Result<Reply> {
    let (me, input) = (req.myself()?.to_owned(), req.input()?);
    let (name, number) = (input.need("name", 60)?, input.need("id_number", 30)?);
    let keys = tries::keys("register", &me, req.ip);
    req.app.tries.check(&keys, req.now)?;
    let mut look = Look::new(&req.who, "me");
    let held = req.app.db.read(|r| Ok::<_, Error>([party::name_of(r, &me)?, party::phone_of(r, &me)?]))?;
    let [own, phone] = held.map(|value| value.and_then(|v| look.at(&v, Relation::Owner)));
    // An account that has a name has to bear this one.
    let named = own.is_none_or(|own| person::spelling(&own) == person::spelling(&name));
    let phone = phone.filter(|_| named);
    let done = req.once(move |tx| mine::bind(tx, &me, phone.as_deref(), &name, &number));
    if done.as_ref().is_err_and(|e| e.kind == Kind::NotFound) {
        req.app.tries.failed(&keys, req.now);
    }
    done?;
    back(req, "/me/data")
}

fn withdraw(req: &Req) -> Result<Reply> {
    let (me, code) = (req.myself()?.to_owned(), req.param("code").to_owned());
    req.once(move |tx| mine::withdraw(tx, &me, &code).map(|()| String::new()))?;
    back(req, "/me/data")
}

#[derive(Serialize, JsonSchema)]
struct Desk {
    items: Vec<RequestView>,
}

/// How this reader stands to a request: its keeper, or a desk above that sees what is late.
fn stands(req: &Req, one: &Request) -> Option<Relation> {
    let known = relation(&req.who, &one.path)?;
    if may_keep(&req.who, &one.path) {
        return Some(Relation::Desk);
    }
    (known == Relation::Above && one.answered_at.is_none() && one.due_at < req.now).then_some(Relation::Above)
}

fn desk(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "register-keep");
    let items = req.app.db.read(|r| {
        let mut items = Vec::new();
        for role in &req.who.roles {
            if relation(&req.who, &role.path).is_none() {
                continue;
            }
            let late = (!may_keep(&req.who, &role.path)).then_some(req.now);
            for one in open(r, &role.path, late)? {
                if let Some(relation) = stands(req, &one).filter(|_| !items.iter().any(|i: &RequestView| i.id == one.id)) {
                    items.push(view(req, r, &one, &mut look, relation)?);
                }
            }
        }
        Ok::<_, Error>(items)
    })?;
    look.record(req.app)?;
    req.page("records/rights/desk.html", &Desk { items })
}

#[derive(Serialize, JsonSchema)]
struct One {
    request: RequestView,
    area: String,
    /// The record it is about.
    resident: Option<String>,
    /// Who read what, for a question about it.
    read: Option<ReadView>,
    answers: bool,
}

#[derive(Serialize, JsonSchema)]
struct ReadView {
    at: String,
    by: Option<String>,
    elements: Vec<String>,
    purpose: String,
    /// The reader himself may not answer.
    own: bool,
}

fn one(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "register-keep");
    let page = req.app.db.read(|r| {
        let one = by_id(r, req.param("id"))?.ok_or(Kind::NotFound)?;
        let relation = stands(req, &one).ok_or(Kind::NotFound)?;
        let read = match one.entry {
            Some(entry) => read_of(req, r, entry, &one)?,
            None => None,
        };
        let resident = one.resident.clone().map(|id| person::by_id(r, &id)).transpose()?.flatten();
        let own = read.as_ref().is_some_and(|r| r.own);
        Ok::<_, Error>(One {
            area: area::by_id(r, &one.area)?.map(|a| a.name).unwrap_or_default(),
            answers: relation == Relation::Desk && one.answered_at.is_none() && !own,
            request: view(req, r, &one, &mut look, relation)?,
            resident: resident.map(|p| p.id),
            read,
        })
    })?;
    look.record(req.app)?;
    req.page("records/rights/one.html", &page)
}

fn read_of(req: &Req, q: &mut dyn Query, entry: i64, one: &Request) -> Result<Option<ReadView>> {
    let sql = "select l.at, l.reader, l.elements, l.purpose, b.name body from read_log l left join body b on b.id = l.body \
               where l.seq = $1 and l.owner = $2";
    for name in mine::names(q, &one.person)?.iter().chain(&one.resident) {
        let Some(row) = q.row(sql, store::params![entry, name])? else { continue };
        let (elements, reader): (String, String) = (row.get("elements")?, row.get("reader")?);
        return Ok(Some(ReadView {
            at: req.app.time(row.get("at")?),
            by: row.get("body")?,
            elements: elements.split(' ').map(str::to_owned).collect(),
            purpose: row.get("purpose")?,
            own: req.who.actor() == Some(&reader),
        }));
    }
    Ok(None)
}

fn answer(req: &Req) -> Result<Reply> {
    let done = match req.param("answer") {
        "done" => true,
        "refuse" => false,
        _ => return Err(Kind::NotFound.into()),
    };
    let words = req.input()?.need("text", WORDS)?;
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| act::answer(tx, &who, &id, done, &words).map(|()| String::new()))?;
    back(req, "/rights")
}
