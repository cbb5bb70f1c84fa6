//! Routes of scrutineers: offering oneself, being named, and what came in, ballot by ballot.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::rules::{self, Phase};
use super::scrutiny::{State, decide, offer_self, state_of};
use super::{Vote, ballot, paper, web};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::post("/votes/{number}/scrutineers", May::SignedIn, offer, "A resident of the place offers to watch the count."),
    Route::post(
        "/votes/{number}/scrutineers/{person}",
        May::Staff,
        name,
        "The desk names a scrutineer who offered, or does not: `{accept}`.",
    ),
    Route::get(
        "/votes/{number}/scrutiny",
        May::SignedIn,
        show,
        "What came in, ballot by ballot, for scrutineers and the desk (`from`); what they say only after the end.",
    )
    .gives::<Scrutiny>(),
];

/// Units of one page.
const PAGE: i64 = 200;

/// What a scrutineer sees.
#[derive(Serialize, JsonSchema)]
struct Scrutiny {
    number: String,
    title: String,
    phase: &'static str,
    /// Units that cast a ballot, and counted ballots by the way they came.
    units: i64,
    channels: BTreeMap<String, i64>,
    /// Ballots that later ones took the place of.
    replaced: i64,
    /// Papers that wait to be keyed.
    papers: i64,
    /// Units that got a new number because a letter was lost.
    renewed: i64,
    questions: Vec<String>,
    rows: Vec<Line>,
    next: Option<i64>,
}

/// The ballot of a unit that counts.
#[derive(Serialize, JsonSchema)]
struct Line {
    unit: String,
    channel: String,
    at: String,
    /// The desk wrote it down.
    by_desk: bool,
    /// Ballots before it.
    earlier: i64,
    /// Its entry in the log.
    entry: u64,
    /// yes, no, abstain, invalid by question; only after the end.
    choices: Option<Vec<String>>,
}

fn offer(req: &Req) -> Result<Reply> {
    let vote = req.app.db.read(|r| web::find(req, r))?;
    let (who, id) = (req.who.clone(), vote.id);
    req.once(move |tx| offer_self(tx, &who, &id).map(|()| String::new()))?;
    web::answer(req, &vote.number, 201)
}

fn name(req: &Req) -> Result<Reply> {
    let accept = req.input()?.flag("accept");
    let vote = req.app.db.read(|r| web::find(req, r))?;
    let (who, id, person) = (req.who.clone(), vote.id, req.param("person").to_owned());
    req.once(move |tx| decide(tx, &who, &id, &person, accept).map(|()| String::new()))?;
    web::answer(req, &vote.number, 200)
}

fn show(req: &Req) -> Result<Reply> {
    let from = req.query.get("from").and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut look = Look::new(&req.who, "vote");
    let view = req.app.db.read(|r| {
        let vote = web::find(req, r)?;
        let named = state_of(r, &vote.id, &req.who)? == Some(State::Named);
        if !named && !vote.is_run_by(&req.who) {
            return Err(Error::from(Kind::Denied));
        }
        // A desk further up counts nothing here: what ballots say is hidden from it.
        let own = req.who.desk_over(&vote.path).is_some_and(|r| r.path == vote.path);
        let relation = match (named, own) {
            (true, _) => Relation::Involved,
            (false, true) => Relation::Desk,
            (false, false) => Relation::Above,
        };
        scrutiny(req, r, &vote, from, relation, &mut look)
    })?;
    look.record(req.app)?;
    req.page("activities/vote/scrutiny.html", &view)
}

fn scrutiny(req: &Req, q: &mut dyn Query, vote: &Vote, from: i64, relation: Relation, look: &mut Look) -> Result<Scrutiny> {
    let phase = rules::phase(vote, req.now);
    let all = q.count("select count(*) from ballot where vote = $1", params![&vote.id])?;
    let units = q.count("select count(distinct n) from ballot where vote = $1", params![&vote.id])?;
    // The latest of a unit is the one that counts.
    let counts = "from (select n, max(at) at, count(*) many from ballot where vote = $1 and n >= $2 group by n order by n limit $3) k \
                  join ballot b on b.vote = $1 and b.n = k.n and b.at = k.at";
    let sql = format!("select b.channel channel, count(*) many {counts} group by b.channel");
    let mut channels = BTreeMap::new();
    for row in q.rows(&sql, params![&vote.id, 1, i64::MAX])? {
        channels.insert(row.get("channel")?, row.get("many")?);
    }
    let sql = format!(
        "select b.n n, u.unit unit, b.channel channel, b.at at, b.by_person by_person, b.log_seq log_seq, b.choices choices, k.many many \
         {counts} join roll_unit u on u.roll = $4 and u.n = b.n order by b.n"
    );
    let found = q.rows(&sql, params![&vote.id, from, PAGE, &vote.roll])?;
    let (mut rows, mut last) = (Vec::with_capacity(found.len()), from);
    for row in &found {
        last = row.get("n")?;
        let text = match phase {
            Phase::Published => q.open_text(&vote.id, row.get("choices")?)?,
            _ => None,
        };
        let text = text.and_then(|t| look.at(&Graded::new("vote.choice", &vote.id, t), relation));
        rows.push(Line {
            unit: row.get("unit")?,
            channel: row.get("channel")?,
            at: req.app.time(row.get("at")?),
            by_desk: row.get::<Option<String>>("by_person")?.is_some(),
            earlier: row.get::<i64>("many")? - 1,
            entry: row.get("log_seq")?,
            choices: text.map(|t| t.split(',').map(str::to_owned).collect()),
        });
    }
    Ok(Scrutiny {
        number: vote.number.clone(),
        title: vote.title.clone(),
        phase: phase.as_str(),
        units,
        channels,
        replaced: all - units,
        papers: paper::count(q, &vote.id)?,
        renewed: ballot::turns(q, &vote.id)?.len() as i64,
        questions: super::questions(q, &vote.id)?.into_iter().map(|q| q.words).collect(),
        next: (rows.len() as i64 == PAGE).then_some(last + 1),
        rows,
    })
}
