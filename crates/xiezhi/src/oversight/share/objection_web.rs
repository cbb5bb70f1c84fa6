//! Pages and data of objections.
//!
//! What must stay true: an objection is read by whoever made it, by the provider, and by the desk whose turn it is; what the
//! value is and what it should be is in the read log before it leaves.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::objection::{self, Answer, New, Objection};
use super::resource;
use super::resource_web::book_of;
use super::rules;
use super::{Book, PURPOSE, StepView, code_of, data, desk_of, story, works};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of objections.
pub const ROUTES: &[Route] = &[
    Route::get("/share/resources/{code}/object", May::Staff, form, "The form with which somebody objects to a value: `entry`.")
        .gives::<Form>(),
    Route::get("/share/objections", May::Staff, list, "Objections of my organisations, and those that wait for them.")
        .gives::<List>(),
    Route::post(
        "/share/objections",
        May::Staff,
        object,
        "Says that a value is wrong: `{resource, entry, field, right, evidence, body?}`.",
    )
    .gives::<Full>(),
    Route::get("/share/objections/{number}", May::Staff, one, "One objection.").gives::<Full>(),
    Route::post(
        "/share/objections/{number}/answer",
        May::Staff,
        answer,
        "The provider, or the desk above when it did not: `{corrects, value?, why?}`.",
    )
    .gives::<Full>(),
];

/// Objections of a list.
const SHOWN: i64 = 200;

#[derive(Serialize, JsonSchema)]
struct Item {
    number: String,
    title: String,
    field: String,
    by: String,
    state: &'static str,
    due_at: Option<String>,
    late: bool,
}

#[derive(Serialize, JsonSchema)]
struct List {
    waiting: Vec<Item>,
    mine: Vec<Item>,
    /// About resources of mine, settled.
    about: Vec<Item>,
}

fn bodies(req: &Req) -> Vec<String> {
    let mut out: Vec<String> = req.who.roles.iter().filter_map(|r| r.body.clone()).filter(|b| works(&req.who, b)).collect();
    out.sort();
    out.dedup();
    out
}

fn title_of(fields: &[super::schema::Field], name: &str) -> String {
    fields.iter().find(|f| f.name == name).map_or_else(|| name.to_owned(), |f| f.title.clone())
}

fn items(req: &Req, q: &mut dyn Query, book: &Book, all: Vec<Objection>) -> Result<Vec<Item>> {
    let mut out = Vec::new();
    for one in all {
        let of = resource::by_id(q, &one.resource)?;
        out.push(Item {
            field: title_of(&of.fields(), &one.field),
            title: of.title,
            by: book.chart.name(&one.body),
            state: one.state.as_str(),
            due_at: one.due_at.map(|at| req.app.time(at)),
            late: one.late > 0,
            number: one.number,
        });
    }
    Ok(out)
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let book = Book::read(r, req.app, "")?;
        let mut view = List { waiting: Vec::new(), mine: Vec::new(), about: Vec::new() };
        for body in bodies(req) {
            let waits = objection::listed(r, "desk = $1 and state = 'open' order by due_at, number limit $2", params![&body, SHOWN])?;
            view.waiting.extend(items(req, r, &book, waits)?);
            let mine = objection::listed(r, "body = $1 order by made_at desc, number desc limit $2", params![&body, SHOWN])?;
            view.mine.extend(items(req, r, &book, mine)?);
            let about = "resource in (select id from share_resource where body = $1) and state <> 'open' order by settled_at desc, number limit $2";
            let about = objection::listed(r, about, params![&body, SHOWN])?;
            view.about.extend(items(req, r, &book, about)?);
        }
        Ok::<_, Error>(view)
    })?;
    req.page("oversight/share/objections.html", &view)
}

/// An objection as this reader sees it.
#[derive(Serialize, JsonSchema)]
struct Full {
    number: String,
    code: String,
    title: String,
    field: String,
    by: String,
    provider: String,
    desk: String,
    state: &'static str,
    made_at: String,
    due_at: Option<String>,
    late: bool,
    /// What the value is now.
    value: Option<String>,
    /// What it should be.
    right: Option<String>,
    answers: bool,
    steps: Vec<StepView>,
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, PURPOSE);
    let view = req.app.db.read(|r| {
        let one = objection::by_number(r, number)?;
        let of = resource::by_id(r, &one.resource)?;
        let at = code_of(r, &of.area)?;
        let book = Book::read(r, req.app, &at)?;
        let reads = works(&req.who, &one.body) || works(&req.who, &of.body) || desk_of(&book, &req.who, &one.desk);
        if !reads {
            return Err(Kind::NotFound.into());
        }
        let fields = of.fields();
        let row = data::by_id(r, &of, &one.entry)?;
        let values = data::open(r, std::slice::from_ref(&row))?.pop().unwrap_or_default();
        let field = fields.iter().find(|f| f.name == one.field);
        let value = field.zip(values.get(&one.field)).and_then(|(f, v)| data::leaves(f, &row, v, &one.number, &mut look));
        let right = r.open_text(&one.id, Some(one.says.clone()))?;
        let right = right.and_then(|v| look.at(&Graded::new("share.value", &one.id, v).of(&one.number), Relation::Involved));
        Ok::<_, Error>(Full {
            code: of.code.clone(),
            title: of.title.clone(),
            field: title_of(&fields, &one.field),
            by: book.chart.name(&one.body),
            provider: book.chart.name(&of.body),
            desk: book.chart.name(&one.desk),
            state: one.state.as_str(),
            made_at: req.app.time(one.made_at),
            due_at: one.due_at.map(|at| req.app.time(at)),
            late: one.late > 0,
            value,
            right,
            answers: objection::answers(&book, &req.who, &one, &of),
            steps: story(req, r, &book, &one.id, &one.number, &mut look)?,
            number: one.number,
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn shown(req: &Req, number: &str, done: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/share/objections/{number}?done={done}"), status, || full(req, number))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("oversight/share/objection.html", &full(req, req.param("number"))?)
}

/// A value that may be objected to.
#[derive(Serialize, JsonSchema)]
struct Value {
    name: String,
    title: String,
    value: String,
}

#[derive(Serialize, JsonSchema)]
struct Form {
    code: String,
    title: String,
    entry: String,
    body: String,
    values: Vec<Value>,
}

fn form(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, PURPOSE);
    let view = req.app.db.read(|r| {
        let of = resource::by_code(r, req.param("code"))?;
        let entry = req.query.get("entry").unwrap_or_default().to_owned();
        let mut found = None;
        for body in bodies(req) {
            if let Ok(grant) = objection::grant_for(r, &of, &body, None, req.now) {
                found = Some((body, grant));
                break;
            }
        }
        let (body, grant) = found.ok_or(Kind::NotGranted)?;
        let row = data::by_id(r, &of, &entry)?;
        let out = data::out(req.app, r, &of, &grant, std::slice::from_ref(&row), &mut look)?.pop();
        let values = out.map(|o| o.values).unwrap_or_default();
        let fields = of.fields().into_iter().filter(|f| !f.key && grant.fields().contains(&f.name));
        let value = |f: super::schema::Field| Value {
            value: values.get(&f.name).cloned().unwrap_or_default(),
            name: f.name,
            title: f.title,
        };
        Ok::<_, Error>(Form { title: of.title.clone(), entry, body, values: fields.map(value).collect(), code: of.code })
    })?;
    look.record(req.app)?;
    Ok(req.page("oversight/share/object.html", &view)?.header("cache-control", "no-store"))
}

fn object(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.need("resource", rules::CODE)?;
    let book = book_of(req, &code)?;
    let of = req.app.db.read(|r| resource::by_code(r, &code))?;
    let new = New {
        body: input.text("body", 40)?.or(bodies(req).first().cloned()).ok_or(Kind::Denied)?,
        entry: input.need("entry", 40)?,
        field: input.need("field", 60)?,
        right: input.need("right", super::schema::VALUE)?,
        evidence: input.need("evidence", rules::WORDS)?,
    };
    let (who, today) = (req.who.clone(), data::today(req.app, req.now));
    let number = req.once(move |tx| objection::object(tx, &book, &who, &of, &new, &today))?;
    shown(req, &number, "objected", 201)
}

fn answer(req: &Req) -> Result<Reply> {
    let (input, number) = (req.input()?, req.param("number").to_owned());
    let said = Answer {
        corrects: input.flag("corrects"),
        value: input.text("value", super::schema::VALUE)?,
        why: input.text("why", rules::WORDS)?,
    };
    let book = req.app.db.read(|r| {
        let one = objection::by_number(r, &number)?;
        let of = resource::by_id(r, &one.resource)?;
        let at = code_of(r, &of.area)?;
        Book::read(r, req.app, &at)
    })?;
    let (who, today) = (req.who.clone(), data::today(req.app, req.now));
    req.once(move |tx| objection::answer(tx, &book, &who, &number, &said, &today).map(|()| String::new()))?;
    shown(req, req.param("number"), "answered", 200)
}
