//! Routes of participatory budgets.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::Key;

use super::act::{self, Answer, New, NewTask};
use super::rules::{self, Phase};
use super::view::{self, Full, List};
use super::{by_number, count};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/budgets", May::Anyone, list, "Participatory budgets (`area`, `before`), the newest first.").gives::<List>(),
    Route::get("/budgets/new", May::Staff, form, "The form for a budget."),
    Route::post(
        "/budgets",
        May::Staff,
        begin,
        "Begins one: `{title, about?, area?, amount, most, ideas_until, opens_at, closes_at}`, in yuan.",
    )
    .gives::<Full>(),
    Route::get("/budgets/{number}", May::Anyone, one, "One budget: projects, and who gets how much and why.").gives::<Full>(),
    Route::post("/budgets/{number}/ideas", May::SignedIn, propose, "Proposes something: `{words}`."),
    Route::post(
        "/budgets/{number}/projects/{n}",
        May::Staff,
        decide,
        "The desk's answer to an idea: `{answer: list, title, public, cost}`, `{answer: decline|withdraw, why}`.",
    )
    .gives::<Full>(),
    Route::post(
        "/budgets/{number}/projects/{n}/task",
        May::Staff,
        task,
        "Hands a project that won to whoever carries it out: `{body, due_at}`; it becomes a case with that day.",
    )
    .gives::<Full>(),
    Route::post("/budgets/{number}/post", May::Staff, post, "Puts the list to the vote; the order of ties is drawn.")
        .gives::<Full>(),
    Route::post(
        "/budgets/{number}/ballot",
        May::SignedIn,
        choose,
        "Chooses: `{projects: [numbers]}`; until the end the latest counts. Gives a receipt.",
    ),
    Route::post("/budgets/{number}/void", May::Staff, void, "Gives it up: `{why}`.").gives::<Full>(),
    Route::get("/budgets/{number}/file", May::Anyone, file, "The vote as a `.pb` file, once it is over."),
];

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(i64::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        view::list(req, r, &path, before)
    })?;
    req.page("activities/budget/budgets.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Form {
    most: i64,
}

fn form(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    req.page("activities/budget/new.html", &Form { most: rules::MOST })
}

fn begin(req: &Req) -> Result<Reply> {
    let new = New::parse(&req.input()?, &req.app.config.zone)?;
    let who = req.who.clone();
    let number = req.once(move |tx| act::begin(tx, &who, &new))?;
    shown(req, &number, 201)
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "budget");
    let view = req.app.db.read(|r| {
        let budget = by_number(r, number)?;
        view::full(req, r, &budget, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

/// The budget as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/budgets/{number}"), status, || full(req, number))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/budget/budget.html", &full(req, req.param("number"))?)
}

fn propose(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let words = req.input()?.need("words", rules::WORDS)?;
    let n = req.once(move |tx| Ok(act::propose(tx, &who, &number, &words)?.to_string()))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "n": n.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/budgets/{}#ideas", req.param("number")))))
}

fn decide(req: &Req) -> Result<Reply> {
    let (input, n) = (req.input()?, req.param("n").parse().map_err(|_| Kind::NotFound)?);
    let answer = match input.need("answer", 20)?.as_str() {
        "list" => Answer::List {
            title: input.need("title", 100)?,
            public: input.text("public", rules::WORDS)?.unwrap_or_default(),
            cost: input.int("cost", 1, rules::AMOUNT)?.ok_or_else(|| Kind::Missing.at("cost"))?,
        },
        "decline" => Answer::Decline(input.need("why", 500)?),
        "withdraw" => Answer::Withdraw(input.need("why", 500)?),
        _ => return Err(Kind::Unknown.at("answer")),
    };
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::decide(tx, &who, &number, n, &answer))?;
    shown(req, req.param("number"), 200)
}

fn task(req: &Req) -> Result<Reply> {
    let (input, number) = (req.input()?, req.param("number").to_owned());
    let new = NewTask {
        n: req.param("n").parse().map_err(|_| Kind::NotFound)?,
        body: input.need("body", 40)?,
        due_at: input.until("due_at", &req.app.config.zone)?.ok_or_else(|| Kind::Missing.at("due_at"))?,
        number,
    };
    let spot = req.app.db.read(|r| {
        let place = by_number(r, &new.number)?.area;
        let code = area::by_id(r, &place)?.map(|a| a.code);
        report::locate(r, &NewReport { area: code, ..NewReport::default() })
    })?;
    let (who, book, zone) = (req.who.clone(), Rulebook::now(req.app)?, req.app.config.zone.clone());
    req.once(move |tx| act::task(tx, &book, &zone, &who, &new, &spot).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn post(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::post(tx, &who, &number))?;
    shown(req, req.param("number"), 200)
}

fn choose(req: &Req) -> Result<Reply> {
    let chosen = req.input()?.list("projects", rules::PROJECTS as usize)?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let write = move |tx: &mut store::Tx| {
        let logged = act::choose(tx, &who, &number, &chosen)?;
        Ok::<_, Error>((number.clone(), Some(logged)))
    };
    let own = if req.key().is_none() { Some(req.app.new_id()) } else { None };
    let key = Key::new(req.who.key_space(), req.key().or(own.as_deref()).unwrap_or_default(), &req.fingerprint());
    let once = req.app.db.write_once(key, write)?;
    if req.wants_json() {
        // What it says stays out: nobody shall be made to show how he chose.
        let receipt = once.receipt.map(|r| store::Receipt { elements: Vec::new(), ..r });
        return Ok(Reply::json(&json!({ "receipt": receipt }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/budgets/{}?done=1", req.param("number")))))
}

fn void(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 500)?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::void(tx, &who, &number, &why))?;
    shown(req, req.param("number"), 200)
}

fn file(req: &Req) -> Result<Reply> {
    let number = req.param("number");
    let text = req.app.db.read(|r| {
        let budget = by_number(r, number)?;
        // Ballots are nobody's before the end.
        match rules::phase(&budget, req.now) {
            Phase::Published => count::file(r, &budget),
            _ => Err(Error::from(Kind::State)),
        }
    })?;
    Ok(Reply::text(text).header("content-disposition", format!("attachment; filename=\"{number}.pb\"")))
}
