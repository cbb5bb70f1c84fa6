//! Routes of opinions.

use calc::opinion::Vote;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{self, New};
use super::chart::tables;
use super::view::{self, Full, List, MapView};
use super::{Opinion, State, Why, by_number, rules};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route, foreign};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/opinions", May::Anyone, list, "Matters on which opinions are asked (`area`, `before`): open ones first.")
        .gives::<List>(),
    Route::get("/opinions/new", May::Staff, form, "The form for a matter."),
    Route::post(
        "/opinions",
        May::Staff,
        begin,
        "Begins a matter: `{title, about?, area?, closes_at, checked?, statements?}`, one statement a line.",
    )
    .gives::<Full>(),
    Route::get("/opinions/{number}", May::Anyone, one, "One matter, with the statement that this reader is asked next.")
        .gives::<Full>(),
    Route::post("/opinions/{number}/statements", May::SignedIn, say, "Says something: `{words}`."),
    Route::post(
        "/opinions/{number}/statements/{n}",
        May::SignedIn,
        check,
        "The desk shows a statement or takes it out: `{state: shown|about|out, why?}`; its author withdraws it (`out`, `withdrawn`).",
    ),
    Route::post(
        "/opinions/{number}/statements/{n}/answer",
        May::SignedIn,
        answer,
        "Answers it: `{said: 1|0|-1}`; until the end the latest counts.",
    ),
    Route::post("/opinions/{number}/end", May::Staff, end, "Ends a matter before its time: `{why}`.").gives::<Full>(),
    Route::get("/opinions/{number}/map", May::Anyone, map, "The map: groups, what all share, what bridges roles.")
        .gives::<MapView>(),
    Route::get(
        "/opinions/{number}/tables",
        May::Anyone,
        csv,
        "What the map was made of, once it is over, as `xiezhi calc opinion` reads it (`table`: votes, roles, meta, statements).",
    ),
];

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(i64::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        view::list(req, r, &path, before)
    })?;
    req.page("activities/opinion/opinions.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Form {
    days: i64,
    words: usize,
}

fn form(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    req.page("activities/opinion/new.html", &Form { days: rules::DAYS, words: rules::WORDS })
}

fn begin(req: &Req) -> Result<Reply> {
    let new = New::parse(&req.input()?, &req.app.config.zone)?;
    let who = req.who.clone();
    let number = req.once(move |tx| act::begin(tx, &who, &new))?;
    shown(req, &number, 201)
}

/// The matter as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/opinions/{number}"), status, || full(req, number))
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "opinion");
    let view = req.app.db.read(|r| {
        let opinion = by_number(r, number)?;
        view::full(req, r, &opinion, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/opinion/opinion.html", &full(req, req.param("number"))?)
}

fn say(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    let words = req.input()?.need("words", rules::WORDS)?;
    let n = req.once(move |tx| Ok(act::say(tx, &who, &number, &words)?.to_string()))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "n": n.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/opinions/{}#own", req.param("number")))))
}

fn place(req: &Req) -> Result<i64> {
    Ok(req.param("n").parse().map_err(|_| Kind::NotFound)?)
}

fn check(req: &Req) -> Result<Reply> {
    let (input, n) = (req.input()?, place(req)?);
    let state = State::parse(&input.need("state", 20)?).ok_or_else(|| Kind::Unknown.at("state"))?;
    let why = input.text("why", 20)?.map(|w| Why::parse(&w).ok_or_else(|| Kind::Unknown.at("why"))).transpose()?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::check(tx, &who, &number, n, state, why))?;
    shown(req, req.param("number"), 200)
}

fn answer(req: &Req) -> Result<Reply> {
    let (input, n) = (req.input()?, place(req)?);
    let said = match input.int("said", -1, 1)?.ok_or_else(|| Kind::Missing.at("said"))? {
        1 => Vote::Agree,
        0 => Vote::Pass,
        _ => Vote::Disagree,
    };
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::answer(tx, &who, &number, n, said))?;
    shown(req, req.param("number"), 200)
}

fn end(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 500)?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.app.db.write(move |tx| act::end(tx, &who, &number, &why))?;
    shown(req, req.param("number"), 200)
}

/// The matter whose map this reader may see.
fn seen(req: &Req, q: &mut dyn store::Query) -> Result<Opinion> {
    let opinion = by_number(q, req.param("number"))?;
    let missing = view::missing(req, q, &opinion)?;
    if missing > 0 { Err(Kind::AnswerFirst.at("map").limit(missing)) } else { Ok(opinion) }
}

fn map(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let opinion = seen(req, r)?;
        view::map(req, r, &opinion)
    })?;
    req.page("activities/opinion/map.html", &view)
}

fn csv(req: &Req) -> Result<Reply> {
    let table = req.query.get("table").unwrap_or("votes");
    let bytes = req.app.db.read(|r| {
        let opinion = by_number(r, req.param("number"))?;
        // Until the end nobody has them: he would see how the last one answered.
        let map = view::map(req, r, &opinion)?;
        if !map.tables {
            return Err(Kind::State.into());
        }
        let tables = tables(r, &opinion)?;
        let lines = |head: &str, rows: Vec<String>| format!("{head}\n{}", rows.concat()).into_bytes();
        Ok(match table {
            "votes" => {
                lines("voter,statement,vote", tables.votes.iter().map(|(v, n, said)| format!("{v},{n},{said}\n")).collect())
            }
            "roles" => {
                let role = |(v, role): (usize, &Option<String>)| role.as_ref().map(|role| format!("{v},{role}\n"));
                lines("voter,role", tables.roles.iter().enumerate().filter_map(role).collect())
            }
            "meta" => lines("statement", tables.about.iter().map(|n| format!("{n}\n")).collect()),
            "statements" => {
                let head = ["statement", "words"].map(str::to_owned).to_vec();
                let row = |s: view::Said| vec![s.n.to_string(), s.words];
                let rows: Vec<Vec<String>> = std::iter::once(head).chain(map.all.into_iter().map(row)).collect();
                return foreign::write_csv(&rows);
            }
            _ => return Err(Kind::Unknown.at("table")),
        })
    })?;
    let name = format!("attachment; filename=\"{}-{table}.csv\"", req.param("number"));
    Ok(Reply::of(foreign::CSV, bytes).header("content-disposition", name))
}
