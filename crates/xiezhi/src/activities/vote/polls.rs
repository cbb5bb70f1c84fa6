//! Routes of whoever votes: the number and code of a letter open the ballot of one unit, with or without an account.

use calc::tally::Channel;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::{Key, Query};

use super::ballot::{self, Choices, New, Slip};
use super::rules;
use super::view::{self, Question};
use super::{Vote, by_number, questions, roll};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::page::hundredths;
use crate::kit::{Error, Reply, Req, Result, Route, tries};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/ballots", May::Anyone, ask, "Where the number of a ballot is typed in; with `ballot` it leads there."),
    Route::get("/ballots/{ballot}", May::Anyone, one, "The ballot of one unit, by the number and code of its letter.")
        .gives::<Ballot>(),
    Route::post(
        "/ballots/{ballot}",
        May::Anyone,
        cast,
        "Casts it: `{q1, q2, …}` or `{choices: [yes|no|abstain]}`; until the vote closes a new one takes its place.",
    ),
    Route::get(
        "/ballots/{ballot}/receipt",
        May::Anyone,
        receipt,
        "The signed receipt of the ballot that counts now, without what it says.",
    ),
];

#[derive(Serialize, JsonSchema)]
struct Ask {
    wrong: bool,
}

fn ask(req: &Req) -> Result<Reply> {
    match req.query.get("ballot").map(Slip::parse) {
        Some(Some(slip)) => Ok(Reply::see_other(req.url(&format!("/ballots/{slip}")))),
        typed => req.page("activities/vote/ask.html", &Ask { wrong: typed.is_some() }),
    }
}

#[derive(Serialize, JsonSchema)]
struct Ballot {
    ballot: String,
    number: String,
    title: String,
    place: String,
    unit: String,
    area: String,
    phase: &'static str,
    opens_at: String,
    closes_at: String,
    questions: Vec<Question>,
    /// An election: most candidates to say yes to.
    seats: Option<i64>,
    /// When the ballot that counts now was cast, and how.
    cast_at: Option<String>,
    channel: Option<String>,
    /// Why the vote was given up.
    why: Option<String>,
    /// It was cast just now.
    done: bool,
}

/// The vote and the unit of a slip, when its code is right. A wrong one is refused and slowed down.
fn find(req: &Req) -> Result<(Vote, roll::Unit, Slip)> {
    let slip = Slip::parse(req.param("ballot")).ok_or(Kind::WrongBallot)?;
    let keys = tries::keys("ballot", &format!("{} {}", slip.vote, slip.n), req.ip);
    req.app.tries.check(&keys, req.now)?;
    let found = req.app.db.read(|r| {
        let Some(vote) = by_number(r, &slip.vote)?.filter(|v| v.posted_at.is_some()) else { return Ok::<_, Error>(None) };
        let turn = ballot::turn(r, &vote.id, slip.n)?;
        Ok(roll::one(r, &vote.roll, slip.n)?.map(|unit| (vote, unit, turn)))
    })?;
    let found = found.filter(|(vote, unit, turn)| Slip::of(|p, t| req.app.db.digest(p, t), vote, unit.n, *turn).fits(&slip));
    let Some((vote, unit, _)) = found else {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::WrongBallot.into());
    };
    Ok((vote, unit, slip))
}

fn shown(req: &Req, q: &mut dyn Query, vote: &Vote, unit: &roll::Unit, slip: &Slip) -> Result<Ballot> {
    let cast = ballot::latest(q, &vote.id, unit.n)?;
    let (cast_now, phase) = (cast.is_some(), rules::phase(vote, req.now));
    Ok(Ballot {
        ballot: slip.to_string(),
        number: vote.number.clone(),
        title: vote.title.clone(),
        place: area::by_id(q, &vote.area)?.map(|a| a.name).unwrap_or_default(),
        unit: unit.unit.clone(),
        area: hundredths(unit.area),
        phase: phase.as_str(),
        opens_at: req.app.time(vote.opens_at),
        closes_at: req.app.time(vote.closes_at),
        questions: view::asked(req, q, vote, &vote.pack()?)?,
        seats: vote.seats,
        cast_at: cast.as_ref().map(|(at, ..)| req.app.time(*at)),
        channel: cast.map(|(_, channel, ..)| channel),
        why: vote.why.clone(),
        done: req.query.get("done").is_some() && cast_now && phase == rules::Phase::Open,
    })
}

fn one(req: &Req) -> Result<Reply> {
    let (vote, unit, slip) = find(req)?;
    let view = req.app.db.read(|r| shown(req, r, &vote, &unit, &slip))?;
    req.page("activities/vote/ballot.html", &view)
}

fn cast(req: &Req) -> Result<Reply> {
    let (vote, unit, slip) = find(req)?;
    let many = req.app.db.read(|r| questions(r, &vote.id))?.len();
    let choices = Choices::parse(&req.input()?, many, false)?;
    let channel = if req.who.person.is_some() && req.who.by.is_none() { Channel::App } else { Channel::Link };
    let (who, id, n) = (req.who.clone(), vote.id.clone(), unit.n);
    let write = move |tx: &mut store::Tx| {
        let (ballot, logged) = ballot::cast(tx, &who, &New { vote: &id, n, channel, choices: &choices, received: None })?;
        Ok::<_, Error>((ballot, Some(logged)))
    };
    let own = if req.key().is_none() { Some(req.app.new_id()) } else { None };
    let key = Key::new(req.who.key_space(), req.key().or(own.as_deref()).unwrap_or_default(), &req.fingerprint());
    let once = req.app.db.write_once(key, write)?;
    if req.wants_json() {
        let receipt = serde_json::to_value(&once.receipt).map_err(Error::internal)?;
        return Ok(Reply::json(&json!({ "id": once.answer, "unit": unit.unit, "receipt": receipt }))?.status(201));
    }
    // A page from before that is sent once more says nothing of the ballot that was cast since.
    let now = req.app.db.read(|r| ballot::latest(r, &vote.id, unit.n))?;
    let done = if now.is_some_and(|(.., id)| id == once.answer) { "?done=1" } else { "" };
    Ok(Reply::see_other(req.url(&format!("/ballots/{slip}{done}"))))
}

fn receipt(req: &Req) -> Result<Reply> {
    let (vote, unit, _) = find(req)?;
    let (entry, size) = req.app.db.read(|r| Ok::<_, Error>((ballot::latest(r, &vote.id, unit.n)?, r.log_size()?)))?;
    let (_, _, seq, _) = entry.ok_or(Kind::NotFound)?;
    // What it says stays out: whoever has the letters could read how everybody votes, and nobody shall be made to show it.
    let receipt = store::Receipt { elements: Vec::new(), ..req.app.db.receipt(seq, size)? };
    let name = format!("attachment; filename=\"ballot-{}-{}.json\"", vote.number, unit.n);
    Ok(Reply::json(&receipt)?.header("content-disposition", name))
}
