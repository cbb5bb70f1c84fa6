//! Routes of votes: lists, one vote, drafting and posting, papers, letters, the tables to count again.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::Query;

use super::act::{self, Draft, FIELDS};
use super::ballot::{Choices, New, Slip};
use super::proxy::Proxy;
use super::rules::Phase;
use super::view::{self, Full, List};
use super::{State, Vote, ballot, by_number, count, outside, pack, paper, proxy, questions, roll, rules};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::{area, media};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::page::hundredths;
use crate::kit::{Error, Reply, Req, Result, Route, foreign, form, qr};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/votes", May::Anyone, list, "Votes of owners and residents (`area`, `before`): going on, announced, and over.").gives::<List>(),
    Route::get("/votes/new", May::Staff, form, "The form for a vote.").gives::<Form>(),
    Route::post(
        "/votes",
        May::Staff,
        make,
        "Drafts a vote: `{roll, title, pack?, opens_at, closes_at, temporary?, seats?, questions: [{topic, words}]}`; with `seats` the \
         questions are the candidates of an election.",
    )
    .gives::<Full>(),
    Route::get("/votes/{number}", May::Anyone, one, "One vote: questions, rules, who took part so far, the result.")
        .gives::<Full>(),
    Route::post("/votes/{number}/post", May::Staff, post, "Posts a draft: questions, times and rules stand still.")
        .gives::<Full>(),
    Route::post("/votes/{number}/void", May::Staff, void, "Gives a vote up: `{why}`.").gives::<Full>(),
    Route::get("/votes/{number}/letters", May::Staff, letters, "The ballots of all units, to be printed (`from`), or of one (`unit`).")
        .gives::<Letters>(),
    Route::post(
        "/votes/{number}/ballots",
        May::Staff,
        cast,
        "Writes down a ballot given at the door, by telephone, or for the owner: `{unit, channel: door|phone|proxy, choices}`; by proxy also \
         `{proxy_name, proxy_phone, media}`.",
    ),
    Route::post(
        "/votes/{number}/numbers",
        May::Staff,
        renew,
        "Gives a unit a new ballot number, because the letter was lost: `{unit}`; the old one opens nothing any more.",
    ),
    Route::post("/votes/{number}/papers", May::Staff, receive, "Receives papers by their numbers: `{ballots: [..], media?}`."),
    Route::post(
        "/votes/{number}/papers/{n}",
        May::Staff,
        key,
        "Keys a paper: `{choices}`; two people, a third where they differ.",
    ),
    Route::post(
        "/votes/{number}/outside",
        May::Staff,
        outside,
        "Takes over the certified sums of the system the place prescribes: `{certificate, results}`, a line for each question: heads and \
         m² of who took part, heads and m² of who agreed, with commas.",
    )
    .gives::<Full>(),
    Route::get("/votes/{number}/proxies/{ballot}", May::Staff, paper_of, "The paper by which somebody voted for an owner."),
    Route::get(
        "/votes/{number}/recount",
        May::SignedIn,
        recount,
        "Roll and ballots of one question (`q`) as `xiezhi calc tally` reads them (`table`: roll or ballots).",
    ),
];

/// Ballots of one page of letters.
const LETTERS: i64 = roll::PAGE;

fn list(req: &Req) -> Result<Reply> {
    let before = req.query.get("before").and_then(|b| b.parse().ok()).unwrap_or(i64::MAX);
    let view = req.app.db.read(|r| {
        let path = area::around(req, r)?;
        view::list(req, r, &path, before)
    })?;
    req.page("activities/vote/votes.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Form {
    rolls: Vec<Choice>,
    packs: Vec<PackView>,
    rows: Vec<(&'static str, &'static str)>,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct PackView {
    id: String,
    name: String,
    body: String,
    notice_days: i64,
    topics: Vec<Choice>,
}

fn form(req: &Req) -> Result<Reply> {
    let path = req.who.nearest_desk().ok_or(Kind::Denied)?.path.clone();
    let rolls = req.app.db.read(|r| super::rolls::beneath(r, &path))?;
    let rolls = rolls.into_iter().filter(|r| r.state == roll::State::Posted);
    let rolls = rolls.map(|r| Choice { name: format!("{} {}", r.number, r.title), id: r.number }).collect();
    let one = |p: &pack::Pack| PackView {
        id: p.id.clone(),
        name: p.name(req.lang).to_owned(),
        body: p.body.clone().unwrap_or_default(),
        notice_days: p.notice_days.unwrap_or(0),
        topics: p.topics.iter().map(|t| Choice { id: t.id.clone(), name: t.name(req.lang).to_owned() }).collect(),
    };
    let (code, day) = (req.app.db.read(|r| code_of(req, r))?, req.app.time(req.now));
    let day = day.get(..10).unwrap_or_default();
    let packs = ["owners", "residents"].iter().flat_map(|body| pack::holding(body, &code, day)).map(one).collect();
    req.page("activities/vote/new.html", &Form { rolls, packs, rows: FIELDS.to_vec() })
}

/// Code of the area the reader works for.
fn code_of(req: &Req, q: &mut dyn Query) -> Result<String> {
    let role = req.who.nearest_desk().ok_or(Kind::Denied)?;
    Ok(area::by_id(q, &role.area)?.map(|a| a.code).unwrap_or_default())
}

/// The vote of the path; a draft is for whoever runs it.
pub(super) fn find(req: &Req, q: &mut dyn Query) -> Result<Vote> {
    let vote = by_number(q, req.param("number"))?.filter(|v| v.state != State::Draft || v.is_run_by(&req.who));
    vote.ok_or_else(|| Kind::NotFound.into())
}

fn shown(req: &Req, find: impl FnOnce(&mut store::Read) -> Result<Vote>) -> Result<Full> {
    let mut look = Look::new(&req.who, "vote");
    let view = req.app.db.read(|r| {
        let vote = find(r)?;
        view::full(req, r, &vote, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    req.page("activities/vote/vote.html", &shown(req, |r| find(req, r))?)
}

/// The vote as it is now, or the way to its page.
pub(super) fn answer(req: &Req, number: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        let view = shown(req, |r| Ok(by_number(r, number)?.ok_or(Kind::NotFound)?))?;
        return Ok(Reply::json(&view)?.status(status));
    }
    Ok(Reply::see_other(req.url(&format!("/votes/{number}"))))
}

fn make(req: &Req) -> Result<Reply> {
    let new = Draft::parse(&req.input()?, &req.app.config.zone)?;
    // Only what holds at the place, the nearest first.
    let rules = req.app.db.read(|r| {
        let roll = roll::by_number(r, &new.roll)?.ok_or_else(|| Kind::Unknown.at("roll"))?;
        let code = area::by_id(r, &roll.area)?.map(|a| a.code).unwrap_or_default();
        let day = req.app.time(req.now);
        Ok::<_, Error>(pack::holding(roll.body.as_str(), &code, day.get(..10).unwrap_or_default()))
    })?;
    let who = req.who.clone();
    let number = req.once(move |tx| act::draft(tx, &who, &rules, &new))?;
    answer(req, &number, 201)
}

fn post(req: &Req) -> Result<Reply> {
    let vote = req.app.db.read(|r| find(req, r))?;
    let (who, id) = (req.who.clone(), vote.id.clone());
    req.once(move |tx| act::post(tx, &who, &id).map(|()| String::new()))?;
    answer(req, &vote.number, 200)
}

fn void(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", 500)?;
    let vote = req.app.db.read(|r| find(req, r))?;
    let (who, id) = (req.who.clone(), vote.id.clone());
    req.once(move |tx| act::void(tx, &who, &id, &why).map(|()| String::new()))?;
    answer(req, &vote.number, 200)
}

#[derive(Serialize, JsonSchema)]
struct Letters {
    number: String,
    title: String,
    place: String,
    opens_at: String,
    closes_at: String,
    questions: Vec<String>,
    letters: Vec<Letter>,
    /// An election: most candidates to say yes to.
    seats: Option<i64>,
    /// Where the next page begins.
    next: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Letter {
    unit: String,
    owner: Option<String>,
    area: String,
    ballot: String,
    qr: String,
}

fn letters(req: &Req) -> Result<Reply> {
    let from = req.query.get("from").and_then(|n| n.parse().ok()).unwrap_or(1);
    // One alone, for whoever lost his.
    let unit = req.query.get("unit");
    let mut look = Look::new(&req.who, "vote");
    let view = req.app.db.read(|r| {
        let vote = find(req, r)?;
        if !vote.is_run_by(&req.who) || matches!(vote.state, State::Draft | State::Void) {
            return Err(Error::from(Kind::NotFound));
        }
        let units = match &unit {
            Some(name) => {
                let n = super::rolls::place_of(r, &vote.roll, name)?;
                roll::one(r, &vote.roll, n)?.into_iter().collect()
            }
            None => roll::page(r, &vote.roll, from)?,
        };
        let next = (units.len() as i64 == LETTERS).then(|| from + LETTERS);
        let (left_out, turns) = (vote.pack()?.leaves_out, ballot::turns(r, &vote.id)?);
        let mut letters = Vec::with_capacity(units.len());
        for unit in units.into_iter().filter(|u| !left_out.contains(&u.usage)) {
            let turn = turns.get(&unit.n).copied().unwrap_or_default();
            let slip = Slip::of(|p, t| req.app.db.digest(p, t), &vote, unit.n, turn).to_string();
            letters.push(Letter {
                owner: super::rolls::owner(r, &unit, &mut look, Relation::Desk)?,
                qr: qr::svg_of(&req.absolute(&format!("/ballots/{slip}")))?,
                area: hundredths(unit.area),
                unit: unit.unit,
                ballot: slip,
            });
        }
        Ok(Letters {
            place: area::by_id(r, &vote.area)?.map(|a| a.name).unwrap_or_default(),
            opens_at: req.app.time(vote.opens_at),
            closes_at: req.app.time(vote.closes_at),
            questions: questions(r, &vote.id)?.into_iter().map(|q| q.words).collect(),
            seats: vote.seats,
            number: vote.number,
            title: vote.title,
            letters,
            next,
        })
    })?;
    look.record(req.app)?;
    req.page("activities/vote/letters.html", &view)
}

/// The vote of the path with the number of its questions, for whoever runs it.
fn run(req: &Req) -> Result<(Vote, usize)> {
    req.app.db.read(|r| {
        let vote = find(req, r)?;
        if !vote.is_run_by(&req.who) {
            return Err(Kind::Denied.into());
        }
        let many = questions(r, &vote.id)?.len();
        Ok((vote, many))
    })
}

fn cast(req: &Req) -> Result<Reply> {
    use calc::tally::Channel;
    let (mut input, (vote, many)) = (req.input()?, run(req)?);
    let choices = Choices::parse(&input, many, false)?;
    let channel = input.need("channel", 10)?;
    let channel = Channel::parse(&channel).filter(|c| matches!(c, Channel::Door | Channel::Phone | Channel::Proxy));
    let channel = channel.ok_or_else(|| Kind::Unknown.at("channel"))?;
    let unit = input.need("unit", 60)?;
    let n = req.app.db.read(|r| super::rolls::place_of(r, &vote.roll, &unit))?;
    let proxy = match channel {
        Channel::Proxy => {
            media::web::keep_into(req, &mut input, 1)?;
            Some(Proxy::parse(&input)?)
        }
        _ => None,
    };
    let (who, of) = (req.who.clone(), vote.clone());
    req.once(move |tx| {
        let (ballot, _) = ballot::cast(tx, &who, &New { vote: &of.id, n, channel, choices: &choices, received: None })?;
        if let Some(proxy) = &proxy {
            proxy::bind(tx, &who, &of, &ballot, n, proxy)?;
        }
        Ok(ballot)
    })?;
    answer(req, &vote.number, 201)
}

fn outside(req: &Req) -> Result<Reply> {
    let (input, (vote, many)) = (req.input()?, run(req)?);
    let sums = outside::parse(&input.need("results", outside::TEXT)?, many)?;
    let certificate = input.need("certificate", 100)?;
    let (who, id, texts) = (req.who.clone(), vote.id.clone(), req.app.texts.clone());
    req.once(move |tx| outside::take(tx, &who, &texts, &id, &sums, &certificate).map(|()| String::new()))?;
    answer(req, &vote.number, 200)
}

fn paper_of(req: &Req) -> Result<Reply> {
    let (vote, _) = run(req)?;
    let bound = req.app.db.read(|r| proxy::all(r, &vote))?;
    let bound = bound.into_iter().find(|b| b.ballot == req.param("ballot")).ok_or(Kind::NotFound)?;
    let mut look = Look::new(&req.who, "vote");
    if look.at(&Graded::new("vote.proxy", &vote.id, bound.text), Relation::Desk).is_none() {
        return Err(Kind::Denied.into());
    }
    look.record(req.app)?;
    let (bytes, kind) = media::bytes(req.app, &bound.ballot, &bound.media)?;
    Ok(Reply::of(kind, bytes))
}

fn renew(req: &Req) -> Result<Reply> {
    let (unit, (vote, _)) = (req.input()?.need("unit", 60)?, run(req)?);
    let n = req.app.db.read(|r| super::rolls::place_of(r, &vote.roll, &unit))?;
    let (who, id) = (req.who.clone(), vote.id.clone());
    req.once(move |tx| ballot::renew(tx, &who, &id, n).map(|()| String::new()))?;
    let letter = format!("/votes/{}/letters?unit={}", vote.number, form::encode(&unit));
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "unit": unit, "letter": letter }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&letter)))
}

fn receive(req: &Req) -> Result<Reply> {
    let (input, (vote, _)) = (req.input()?, run(req)?);
    let mut typed = input.list("ballots", paper::MOST)?;
    // A form gives them one below the other, as a scanner types them.
    if let [text] = typed.as_slice() {
        typed = text.split_whitespace().map(str::to_owned).collect();
    }
    if typed.is_empty() {
        return Err(Kind::Missing.at("ballots"));
    }
    let turns = req.app.db.read(|r| ballot::turns(r, &vote.id))?;
    let fits = |s: &Slip| {
        let turn = turns.get(&s.n).copied().unwrap_or_default();
        Slip::of(|p, t| req.app.db.digest(p, t), &vote, s.n, turn).fits(s)
    };
    let mut units = Vec::with_capacity(typed.len());
    for text in &typed {
        // Also the whole address that stands in the picture on the letter.
        let text = text.rsplit('/').next().unwrap_or_default();
        let slip = Slip::parse(text).filter(|s| s.vote == vote.number);
        units.push(slip.filter(fits).ok_or_else(|| Kind::WrongBallot.at("ballots"))?.n);
    }
    let (who, id, media) = (req.who.clone(), vote.id.clone(), input.text("media", 80)?);
    let new = req.once(move |tx| Ok(paper::receive(tx, &who, &id, &units, media.as_deref())?.to_string()))?;
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "received": new.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/votes/{}#papers", vote.number))))
}

fn key(req: &Req) -> Result<Reply> {
    let (input, (vote, many)) = (req.input()?, run(req)?);
    let n: i64 = req.param("n").parse().map_err(|_| Kind::NotFound)?;
    let choices = Choices::parse(&input, many, true)?;
    let (who, id) = (req.who.clone(), vote.id.clone());
    let state = req.once(move |tx| Ok(paper::key(tx, &who, &id, n, &choices)?.as_str().to_owned()))?;
    if req.wants_json() {
        return Reply::json(&json!({ "state": state }));
    }
    Ok(Reply::see_other(req.url(&format!("/votes/{}#papers", vote.number))))
}

fn recount(req: &Req) -> Result<Reply> {
    let q: i64 = req.query.get("q").and_then(|q| q.parse().ok()).unwrap_or(1);
    let which = match req.query.get("table") {
        Some("ballots") => 1,
        _ => 0,
    };
    let mut look = Look::new(&req.who, "vote");
    let [roll, ballots] = req.app.db.read(|r| {
        let vote = find(req, r)?;
        if rules::phase(&vote, req.now) != Phase::Published || !view::may_recount(req, r, &vote)? {
            return Err(Error::from(Kind::Denied));
        }
        // A desk further up counts nothing here; whoever stands on the roll does.
        let own = req.who.desk_over(&vote.path).is_some_and(|r| r.path == vote.path);
        let relation = if own {
            Relation::Desk
        } else if view::is_tied(req, r, &vote)? {
            Relation::Involved
        } else {
            Relation::Above
        };
        if look.at(&Graded::new("vote.choice", &vote.id, String::new()), relation).is_none() {
            return Err(Kind::Denied.into());
        }
        count::tables(r, &vote, q, crate::kit::time::exact)
    })?;
    look.record(req.app)?;
    let (name, rows) = if which == 1 { ("ballots", ballots) } else { ("roll", roll) };
    let bytes = foreign::write_csv(&rows)?;
    let file = format!("attachment; filename=\"{}-{name}.csv\"", req.param("number"));
    Ok(Reply::of(foreign::CSV, bytes).header("content-disposition", file))
}
