//! Routes of the list of projects.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Key, Tx};

use super::act::{self, Link, New, NewStep};
use super::rules::Answer;
use super::view::{self, Full, List};
use super::{Way, accept, by_number, tender};
use crate::activities::project::resource::{self, Loan};
use crate::activities::project::{self, Book, body_of, need};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Reply, Req, Result, Route, Who};

/// Characters of a plan.
const PLAN: usize = 4000;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/projects", May::Anyone, list, "Projects (`area`, `before`), the newest first.").gives::<List>(),
    Route::get("/projects/new", May::Staff, form, "The form for a project (`need`: number of a need).").gives::<Form>(),
    Route::post("/projects", May::Staff, begin, "Begins one: `{title, about?, way, ends_at, needs?: [numbers], area?}`.")
        .gives::<Full>(),
    Route::get("/projects/{number}", May::Anyone, one, "One project: needs, resources, steps, tender.").gives::<Full>(),
    Route::post("/projects/{number}/link", May::Staff, link, "Links `{need}`, or asks for `{resource, amount}`.").gives::<Full>(),
    Route::post(
        "/projects/{number}/lend",
        May::SignedIn,
        lend,
        "The owner of a resource answers: `{resource, answer: lent|refused}`; whoever holds it: `{resource, answer: freed|used}`.",
    )
    .gives::<Full>(),
    Route::post("/projects/{number}/steps", May::Staff, step, "Adds a step: `{title, due_at, share?}`, per cent of the money.")
        .gives::<Full>(),
    Route::post("/projects/{number}/take", May::Staff, take, "An organisation takes it on.").gives::<Full>(),
    Route::post(
        "/projects/{number}/tender",
        May::Staff,
        post,
        "Puts it out to tender: `{closes_at, ceiling, price_weight, criteria: [\"marks title\"], scorers: [persons]}`, in yuan.",
    )
    .gives::<Full>(),
    Route::post(
        "/projects/{number}/bid",
        May::Staff,
        bid,
        "Bids for one's organisation: `{price, plan}`, in yuan; until the end the latest counts. Gives a receipt.",
    ),
    Route::post("/projects/{number}/declare", May::SignedIn, declare, "Whoever scores says that nothing ties him to a bidder.")
        .gives::<Full>(),
    Route::post("/projects/{number}/score", May::SignedIn, score, "Scores a bid: `{body, marks: [one for each criterion]}`.")
        .gives::<Full>(),
    Route::post("/projects/{number}/award", May::Staff, award, "Awards the tender to the first of the table.").gives::<Full>(),
    Route::post("/projects/{number}/steps/{n}/report", May::Staff, report, "Says that a step is done: `{words}`.").gives::<Full>(),
    Route::post("/projects/{number}/steps/{n}/say", May::SignedIn, say, "How a step was: `{answer: good|fair|bad, words?}`.")
        .gives::<Full>(),
    Route::post(
        "/projects/{number}/steps/{n}/decide",
        May::Staff,
        decide,
        "The desk decides where too few answered: `{answer: accept|again, why}`.",
    )
    .gives::<Full>(),
    Route::post("/projects/{number}/steps/{n}/pay", May::Staff, pay, "Notes that an accepted step was paid.").gives::<Full>(),
    Route::post("/projects/{number}/void", May::Staff, void, "Gives it up: `{why}`.").gives::<Full>(),
];

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(Ms::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        view::list(req, r, &path, before)
    })?;
    req.page("activities/project/plan/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    /// What it is done for.
    need: Option<need::web::Item>,
    /// The reader may give work to others.
    desk: bool,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let named = match req.query.get("need") {
            Some(number) => Some(need::by_number(r, number)?),
            None => None,
        };
        let at = match &named {
            Some(n) => area::by_id(r, &n.area)?.ok_or(Kind::NotFound)?,
            None => area::named(req, r, None)?,
        };
        body_of(&req.who, &at.path).ok_or(Kind::Denied)?;
        let need = named.as_ref().map(|n| need::web::item(req, r, n)).transpose()?;
        Ok::<_, Error>(Form { need, desk: req.who.desk_over(&at.path).is_some(), area: at.code, place: at.name })
    })?;
    req.page("activities/project/plan/new.html", &view)
}

fn begin(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (place, book) = req.app.db.read(|r| {
        let place = area::named(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &place.code)?;
        Ok::<_, Error>((place, book))
    })?;
    let new = New {
        title: input.need("title", 80)?,
        about: input.text("about", 2000)?.unwrap_or_default(),
        way: Way::parse(&input.need("way", 20)?).ok_or_else(|| Kind::Unknown.at("way"))?,
        ends_at: input.until("ends_at", &req.app.config.zone)?.ok_or_else(|| Kind::Missing.at("ends_at"))?,
        needs: input.list("needs", book.pack.limits.links as usize)?,
    };
    let who = req.who.clone();
    let number = req.once(move |tx| act::begin(tx, &book, &who, &place, &new))?;
    shown(req, &number, 201)
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "project");
    let view = req.app.db.read(|r| {
        let project = by_number(r, number)?;
        view::full(req, r, &project, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    Ok(req.page("activities/project/plan/one.html", &full(req, req.param("number"))?)?.header("cache-control", "no-store"))
}

/// The project as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/projects/{number}?done=1"), status, || full(req, number))
}

/// Does something to a project under the rules of its place.
fn run(req: &Req, act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static) -> Result<Reply> {
    project::run(req, |q, number| Ok(by_number(q, number)?.area), act)?;
    shown(req, req.param("number"), 200)
}

/// The step that a path names.
fn n(req: &Req) -> Result<i64> {
    req.param("n").parse().map_err(|_| Kind::NotFound.into())
}

/// Yuan, with up to two decimals, in cents.
fn cents(input: &Input, name: &'static str) -> Result<i64> {
    let text = input.need(name, 20)?;
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let fits = !whole.is_empty() && part.len() <= 2 && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit());
    let amount = if fits { format!("{whole}{part:0<2}").parse::<i64>().ok() } else { None };
    let amount = amount.ok_or_else(|| Kind::WrongType.at(name))?;
    if (1..=tender::CEILING).contains(&amount) { Ok(amount) } else { Err(Kind::OutOfRange.at(name).limit(tender::CEILING / 100)) }
}

fn link(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let link = match input.text("need", 40)? {
        Some(need) => Link::Need(need),
        None => {
            let amount = input.int("amount", 1, resource::act::AMOUNT)?.ok_or_else(|| Kind::Missing.at("amount"))?;
            Link::Resource(input.need("resource", 40)?, amount)
        }
    };
    run(req, move |tx, book, who, number| act::link(tx, book, who, number, &link))
}

fn lend(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (resource, answer) = (input.need("resource", 40)?, input.need("answer", 20)?);
    let to = Loan::parse(&answer).filter(|l| *l != Loan::Asked).ok_or_else(|| Kind::Unknown.at("answer"))?;
    run(req, move |tx, book, who, number| act::lend(tx, book, who, number, &resource, to))
}

fn step(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let new = NewStep {
        title: input.need("title", 80)?,
        due_at: input.until("due_at", &req.app.config.zone)?.ok_or_else(|| Kind::Missing.at("due_at"))?,
        share: input.int("share", 0, 100)?.unwrap_or_default(),
    };
    run(req, move |tx, book, who, number| act::step(tx, book, who, number, &new))
}

fn take(req: &Req) -> Result<Reply> {
    run(req, act::take)
}

fn post(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let criterion = |line: String| {
        let (weight, title) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let weight: i64 = weight.parse().map_err(|_| Kind::WrongType.at("criteria"))?;
        let title = title.trim().to_owned();
        if !(1..100).contains(&weight) || title.is_empty() || title.chars().count() > 80 {
            return Err(Kind::OutOfRange.at("criteria"));
        }
        Ok((title, weight))
    };
    // A form sends the criteria as lines of one field.
    let lines =
        input.list("criteria", 20)?.iter().flat_map(|l| l.lines().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>();
    let new = tender::New {
        closes_at: input.until("closes_at", &req.app.config.zone)?.ok_or_else(|| Kind::Missing.at("closes_at"))?,
        ceiling: cents(&input, "ceiling")?,
        price_weight: input.int("price_weight", 0, 100)?.ok_or_else(|| Kind::Missing.at("price_weight"))?,
        criteria: lines.into_iter().filter(|l| !l.trim().is_empty()).map(criterion).collect::<Result<_>>()?,
        scorers: input.list("scorers", 51)?,
    };
    run(req, move |tx, book, who, number| tender::post(tx, book, who, number, &new))
}

fn bid(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (price, plan) = (cents(&input, "price")?, input.need("plan", PLAN)?);
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let own = if req.key().is_none() { Some(req.app.new_id()) } else { None };
    let key = Key::new(req.who.key_space(), req.key().or(own.as_deref()).unwrap_or_default(), &req.fingerprint());
    let once = req.app.db.write_once(key, move |tx| {
        let logged = tender::bid(tx, &who, &number, price, &plan)?;
        Ok::<_, Error>((String::new(), Some(logged)))
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "receipt": once.receipt }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/projects/{}?done=1#tender", req.param("number")))))
}

fn declare(req: &Req) -> Result<Reply> {
    run(req, |tx, _, who, number| tender::declare(tx, who, number))
}

fn score(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let body = input.need("body", 40)?;
    let number = |text: String| text.trim().parse::<i64>().map_err(|_| Kind::WrongType.at("marks"));
    let marks: Vec<i64> = input.list("marks", 20)?.into_iter().map(number).collect::<std::result::Result<_, _>>()?;
    run(req, move |tx, book, who, number| tender::score(tx, book, who, number, &body, &marks))
}

fn award(req: &Req) -> Result<Reply> {
    run(req, tender::award)
}

fn report(req: &Req) -> Result<Reply> {
    let (n, words) = (n(req)?, req.input()?.need("words", 2000)?);
    run(req, move |tx, book, who, number| accept::report(tx, book, who, number, n, &words))
}

fn say(req: &Req) -> Result<Reply> {
    let (n, input) = (n(req)?, req.input()?);
    let answer = Answer::parse(&input.need("answer", 20)?).ok_or_else(|| Kind::Unknown.at("answer"))?;
    let words = input.text("words", 500)?;
    run(req, move |tx, _, who, number| accept::say(tx, who, number, n, answer, words.as_deref()))
}

fn decide(req: &Req) -> Result<Reply> {
    let (n, input) = (n(req)?, req.input()?);
    let accept = match input.need("answer", 20)?.as_str() {
        "accept" => true,
        "again" => false,
        _ => return Err(Kind::Unknown.at("answer")),
    };
    let why = input.need("why", 500)?;
    run(req, move |tx, book, who, number| accept::decide(tx, book, who, number, n, accept, &why))
}

fn pay(req: &Req) -> Result<Reply> {
    let n = n(req)?;
    run(req, move |tx, _, who, number| accept::pay(tx, who, number, n))
}

fn void(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 500)?;
    run(req, move |tx, book, who, number| act::void(tx, book, who, number, &why))
}
