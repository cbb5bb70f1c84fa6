//! Routes of emergencies: the list, what everybody sees, depots, gifts, the end.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{self, Count, New, NewDepot};
use super::ledger::Cause;
use super::view::{self, Check, Full, List, StockPage};
use super::{Book, Relief, by_number};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::input::Input;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/relief", May::Anyone, list, "Emergencies (`area`, `before`), the newest first.").gives::<List>(),
    Route::get("/relief/new", May::Staff, form, "The form for an emergency.").gives::<Form>(),
    Route::post("/relief", May::Staff, open, "Opens one: `{title, why, area?, classes: [ids]}`.").gives::<Full>(),
    Route::get("/relief/{e}", May::Anyone, one, "One emergency: what was received and where it is, by class and area.")
        .gives::<Full>(),
    Route::get("/relief/{e}/check", May::Anyone, check, "Counts every movement of it again.").gives::<Check>(),
    Route::post("/relief/{e}/end", May::Staff, end, "Ends it: `{account}`; nothing is under way or unanswered then.")
        .gives::<Full>(),
    Route::get("/relief/{e}/stock", May::Staff, stock, "What lies in depots, gifts, movements; for whoever keeps one.")
        .gives::<StockPage>(),
    Route::post("/relief/{e}/depots", May::Staff, depot, "Adds a depot: `{name?, area?, body?}`."),
    Route::post(
        "/relief/{e}/stock",
        May::Staff,
        count,
        "What came and was counted, or is lost: `{depot, class, quantity, cause: gift|purchase|above, why?, gift?}`, `{…, cause: expired|damaged|missing|back, why}`.",
    ),
    Route::post("/relief/{e}/gifts", May::SignedIn, offer, "Offers something: `{giver, class, quantity}`."),
    Route::post("/relief/{e}/gifts/{n}", May::SignedIn, refuse, "The desk declines an offer, its giver withdraws it: `{why}`."),
];

/// Largest quantity that is read at all; the pack says what is allowed.
pub(super) const QUANTITY: i64 = calc::allot::QUANTITY as i64;

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(i64::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        view::list(req, r, &path, before)
    })?;
    req.page("activities/relief/list.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Form {
    classes: Vec<view::Choice>,
}

fn form(req: &Req) -> Result<Reply> {
    let desk = req.who.nearest_desk().ok_or(Kind::Denied)?;
    let code = req.app.db.read(|r| area::by_id(r, &desk.area))?.map(|a| a.code).unwrap_or_default();
    let zh = req.lang == Lang::Zh;
    let name = |c: &super::pack::Class| if zh { c.zh.clone() } else { c.en.clone() };
    let classes = super::pack::at(&code).class.iter().map(|c| view::Choice { id: c.id.clone(), name: name(c) }).collect();
    req.page("activities/relief/new.html", &Form { classes })
}

fn open(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?.unwrap_or_default();
    let book = Book::now(req.app, &code)?;
    let limits = &book.pack.limits;
    let new = New {
        title: input.need("title", 100)?,
        why: input.need("why", limits.words)?,
        area: code,
        classes: input.list("classes", book.pack.class.len())?,
    };
    let who = req.who.clone();
    let number = req.once(move |tx| act::open(tx, &book, &who, &new))?;
    shown(req, &number, 201)
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "relief");
    let view = req.app.db.read(|r| {
        let relief = by_number(r, number)?;
        view::full(req, r, &relief, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

/// The emergency as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/relief/{number}"), status, || full(req, number))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/relief/one.html", &full(req, req.param("e"))?)
}

fn check(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        view::check(req, r, &relief)
    })?;
    req.page("activities/relief/check.html", &view)
}

fn end(req: &Req) -> Result<Reply> {
    let account = req.input()?.need("account", 2000)?;
    let (who, number) = (req.who.clone(), req.param("e").to_owned());
    req.once(move |tx| act::end(tx, &who, &number, &account).map(|()| String::new()))?;
    shown(req, req.param("e"), 200)
}

fn stock(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "relief");
    let view = req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        view::stock(req, r, &relief, &mut look)
    })?;
    look.record(req.app)?;
    req.page("activities/relief/stock.html", &view.ok_or(Kind::Denied)?)
}

/// An emergency and what decisions about it rest on, read before a write.
pub(super) fn known(req: &Req) -> Result<(Relief, Book)> {
    req.app.db.read(|r| {
        let relief = by_number(r, req.param("e"))?;
        let book = view::book(req, r, &relief)?;
        Ok((relief, book))
    })
}

/// What a program is told, and where a browser goes.
pub(super) fn done(req: &Req, what: &serde_json::Value, to: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(what)?.status(status));
    }
    Ok(Reply::see_other(req.url(&format!("/relief/{}{to}", req.param("e")))))
}

fn depot(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let new = NewDepot {
        name: input.text("name", book.pack.limits.name)?,
        area: input.text("area", 40)?.unwrap_or_default(),
        body: input.text("body", 40)?,
    };
    let n = req.once(move |tx| Ok(act::add_depot(tx, &book, &who, &relief.number, &new)?.to_string()))?;
    done(req, &json!({ "n": n.parse::<i64>().unwrap_or_default() }), "/stock", 201)
}

/// A choice of a fixed list.
pub(super) fn cause(input: &Input) -> Result<Cause> {
    Cause::parse(&input.need("cause", 20)?).ok_or_else(|| Kind::Unknown.at("cause"))
}

fn count(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let number = |name: &'static str, most| input.int(name, 1, most)?.ok_or_else(|| Kind::Missing.at(name));
    let count = Count {
        depot: number("depot", i64::from(u16::MAX))?,
        class: input.need("class", 40)?,
        quantity: number("quantity", QUANTITY)?,
        cause: cause(&input)?,
        why: input.text("why", book.pack.limits.why)?,
        gift: input.int("gift", 1, i64::from(u32::MAX))?,
    };
    req.once(move |tx| {
        match Cause::COMES.contains(&count.cause) {
            true => act::receive(tx, &book, &who, &relief.number, &count)?,
            false => act::adjust(tx, &who, &relief.number, &count)?,
        }
        Ok(String::new())
    })?;
    done(req, &json!({}), "/stock", 201)
}

fn offer(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let giver = input.need("giver", 100)?;
    let class = input.need("class", 40)?;
    let quantity = input.int("quantity", 1, book.pack.limits.quantity)?.ok_or_else(|| Kind::Missing.at("quantity"))?;
    let n = req.once(move |tx| Ok(act::offer(tx, &book, &who, &relief.number, &giver, &class, quantity)?.to_string()))?;
    done(req, &json!({ "n": n.parse::<i64>().unwrap_or_default() }), "#gifts", 201)
}

fn refuse(req: &Req) -> Result<Reply> {
    let (input, (relief, book), who) = (req.input()?, known(req)?, req.who.clone());
    let n = req.param("n").parse().map_err(|_| Kind::NotFound)?;
    let why = input.need("why", book.pack.limits.why)?;
    req.once(move |tx| act::refuse(tx, &book, &who, &relief.number, n, &why).map(|()| String::new()))?;
    done(req, &json!({}), "#gifts", 200)
}
