//! What readers see of votes: lists, one vote, the way to cast a ballot.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::{Query, params};

use super::pack::{Pack, Shares};
use super::rules::{self, Phase};
use super::scrutiny::Offer;
use super::{COLUMNS, State, Vote, ballot, count, paper, proxy, questions, read, roll, scrutiny};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::i18n::Lang;
use crate::kit::page::hundredths;
use crate::kit::time::Ms;
use crate::kit::{Req, Result};

/// Votes of one list.
const PAGE: i64 = 50;
/// Papers that wait and are shown.
const PAPERS: i64 = 100;

/// Votes of a place.
#[derive(Serialize, JsonSchema)]
pub struct List {
    /// Those going on, announced, and over, the latest first.
    pub items: Vec<Item>,
    /// Where the next page begins: a moment.
    pub before: Option<Ms>,
    /// Whether this reader may begin one.
    pub may: bool,
}

/// A vote in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: String,
    pub place: String,
    pub phase: &'static str,
    pub opens_at: String,
    pub closes_at: String,
}

/// Heads and area of those who took part, and of all.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Turnout {
    /// Whole percent while the vote is open: an exact area would say who just voted.
    pub heads_percent: i64,
    pub area_percent: i64,
    /// Exact when it is over.
    pub heads: Option<i64>,
    pub area: Option<i64>,
    pub all_heads: i64,
    pub all_area: i64,
    /// As people write them.
    pub area_text: Option<String>,
    pub all_area_text: String,
}

/// A question with its rules, and its result when there is one.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Question {
    pub q: i64,
    pub words: String,
    pub topic: String,
    pub item: &'static str,
    pub article: String,
    /// Shares as `>=2/3`; none where no quorum is asked.
    pub quorum: Option<String>,
    pub majority: String,
    pub of: String,
    /// The same in words.
    pub quorum_text: String,
    pub majority_text: String,
    pub result: Option<Json>,
}

/// A unit of the reader's own.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mine {
    pub unit: String,
    pub ballot: String,
    pub cast_at: Option<String>,
}

/// A paper that waits.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PaperView {
    pub n: i64,
    pub unit: String,
    pub state: &'static str,
    /// Whether this reader may key it: nobody keys one twice.
    pub mine: bool,
}

/// A ballot by proxy.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ProxyView {
    pub unit: String,
    /// Name and telephone.
    pub holder: Option<String>,
    pub ballot: String,
}

/// A vote.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub title: String,
    pub place: String,
    pub body: &'static str,
    pub phase: &'static str,
    pub temporary: bool,
    pub rules: String,
    pub source: String,
    /// The system that the place prescribes for votes over the internet.
    pub system: Option<String>,
    pub paper_too: bool,
    pub notice_days: i64,
    /// An election: so many of the candidates are elected.
    pub seats: Option<i64>,
    /// The day by which the rules ask for the result, and whether it has passed without one.
    pub result_by: Option<String>,
    pub late: bool,
    pub posted_at: Option<String>,
    pub opens_at: String,
    pub closes_at: String,
    pub ended_at: Option<String>,
    pub why: Option<String>,
    pub roll: String,
    pub turnout: Turnout,
    pub questions: Vec<Question>,
    pub mine: Vec<Mine>,
    /// Whether this reader runs it.
    pub runs: bool,
    pub papers: Vec<PaperView>,
    pub papers_waiting: i64,
    /// The result comes from the system that the place prescribes.
    pub outside: bool,
    /// What that system calls its result.
    pub certificate: Option<String>,
    pub proxy_most: Option<i64>,
    /// Who offered to watch the count, for whoever runs it.
    pub scrutineers: Vec<Offer>,
    /// How this reader stands to the count: offered, named, refused; and whether he may offer.
    pub scrutiny: Option<&'static str>,
    pub may_offer: bool,
    /// Ballots by proxy, for whoever runs it.
    pub proxies: Vec<ProxyView>,
    /// Whether this reader may have the tables to count again.
    pub recount: bool,
}

fn place(q: &mut dyn Query, id: &str) -> Result<String> {
    Ok(area::by_id(q, id)?.map(|a| a.name).unwrap_or_default())
}

/// Votes around a place, as far as this reader may know of them: drafts are the desk's.
pub fn list(req: &Req, q: &mut dyn Query, path: &str, before: Ms) -> Result<List> {
    let sql = format!(
        "select {COLUMNS}, made_at from vote where {} and made_at < $3 order by made_at desc, number desc limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, PAGE + 1])?;
    let more = rows.len() as i64 > PAGE;
    let (mut items, mut last) = (Vec::new(), None);
    for row in rows.iter().take(PAGE as usize) {
        let vote = read(row)?;
        last = Some(row.get("made_at")?);
        if vote.state == State::Draft && !vote.is_run_by(&req.who) {
            continue;
        }
        items.push(Item {
            place: place(q, &vote.area)?,
            phase: rules::phase(&vote, req.now).as_str(),
            opens_at: req.app.time(vote.opens_at),
            closes_at: req.app.time(vote.closes_at),
            number: vote.number,
            title: vote.title,
        });
    }
    let order = |i: &Item| match i.phase {
        "open" => 0,
        "notice" => 1,
        "counting" => 2,
        "draft" => 3,
        _ => 4,
    };
    items.sort_by_key(order);
    Ok(List { items, before: last.filter(|_| more), may: req.who.nearest_desk().is_some() })
}

/// Whether this reader may count again: the desk of the place, and after the end whoever voted while signed in.
pub fn may_recount(req: &Req, q: &mut dyn Query, vote: &Vote) -> Result<bool> {
    let over = rules::phase(vote, req.now) == Phase::Published;
    let own = req.who.desk_over(&vote.path).is_some_and(|r| r.path == vote.path);
    Ok(over && (own || is_tied(req, q, vote)?))
}

/// Whether this reader voted on this roll while signed in.
pub fn is_tied(req: &Req, q: &mut dyn Query, vote: &Vote) -> Result<bool> {
    match &req.who.person {
        Some(person) => Ok(!ballot::tied(q, person, &vote.roll)?.is_empty()),
        None => Ok(false),
    }
}

/// Heads and area so far.
pub fn turnout(q: &mut dyn Query, vote: &Vote, rules: &Pack, over: bool) -> Result<Turnout> {
    let (part, all) = count::turnout(q, vote, &rules.leaves_out)?;
    let percent = |part: i128, all: i128| if all > 0 { (part * 100 / all) as i64 } else { 0 };
    Ok(Turnout {
        heads_percent: percent(part.heads, all.heads),
        area_percent: percent(part.area, all.area),
        heads: over.then_some(part.heads as i64),
        area: over.then_some(part.area as i64),
        all_heads: all.heads as i64,
        all_area: all.area as i64,
        area_text: over.then(|| hundredths(part.area as i64)),
        all_area_text: hundredths(all.area as i64),
    })
}

/// The questions of a vote, with what the rules ask and what came out.
pub fn asked(req: &Req, q: &mut dyn Query, vote: &Vote, rules: &Pack) -> Result<Vec<Question>> {
    let kept = if req.lang == Lang::Zh { &vote.result_zh } else { &vote.result_en };
    let mut results: Vec<Json> = kept.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    results.reverse();
    let all = questions(q, &vote.id)?;
    // `>=2/3` has its words under `share-at-least-2-3`.
    let words = |share: String| match share.is_empty() {
        true => String::new(),
        false => {
            let key = share.replace(">=", "at-least-").replace('>', "over-").replace('/', "-");
            req.app.texts.plain(req.lang, &format!("share-{key}"))
        }
    };
    let one = |question: super::Question| {
        let shares = rules.shares(question.item);
        let text = |of: fn(&Shares) -> String| shares.map(of).unwrap_or_default();
        Question {
            q: question.q,
            topic: rules.topic(&question.topic).map(|t| t.name(req.lang).to_owned()).unwrap_or_default(),
            item: question.item.name(),
            article: text(|s| s.article.clone()),
            quorum: shares.and_then(|s| s.quorum.clone()),
            majority: text(|s| s.majority.clone()),
            quorum_text: words(text(|s| s.quorum.clone().unwrap_or_default())),
            majority_text: words(text(|s| s.majority.clone())),
            of: text(|s| s.of.clone()),
            words: question.words,
            result: results.pop(),
        }
    };
    Ok(all.into_iter().map(one).collect())
}

/// One vote; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, vote: &Vote, look: &mut Look) -> Result<Full> {
    let (rules, roll, runs) = (vote.pack()?, roll::by_id(q, &vote.roll)?, vote.is_run_by(&req.who));
    let phase = rules::phase(vote, req.now);
    let mut mine = Vec::new();
    if let Some(person) = req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
        for n in ballot::tied(q, person, &vote.roll)? {
            let Some(unit) = roll::one(q, &vote.roll, n)? else { continue };
            mine.push(Mine {
                unit: unit.unit,
                ballot: ballot::Slip::of(|p, t| req.app.db.digest(p, t), vote, n, ballot::turn(q, &vote.id, n)?).to_string(),
                cast_at: ballot::latest(q, &vote.id, n)?.map(|(at, ..)| req.app.time(at)),
            });
        }
    }
    let (papers, papers_waiting) = match runs {
        true => paper::waiting(q, vote, &req.who, PAPERS)?,
        // How many wait is everybody's to know: the result waits for them.
        false => (Vec::new(), paper::count(q, &vote.id)?),
    };
    let watches = scrutiny::state_of(q, &vote.id, &req.who)?;
    let mut proxies = Vec::new();
    if runs {
        for bound in proxy::all(q, vote)? {
            let holder = look.at(&Graded::new("vote.proxy", &vote.id, bound.text), Relation::Desk);
            proxies.push(ProxyView { unit: bound.unit, holder, ballot: bound.ballot });
        }
    }
    Ok(Full {
        number: vote.number.clone(),
        title: vote.title.clone(),
        place: place(q, &vote.area)?,
        body: roll.body.as_str(),
        phase: phase.as_str(),
        temporary: vote.temporary == 1,
        rules: rules.name(req.lang).to_owned(),
        source: rules.source.clone(),
        system: rules.system.clone(),
        paper_too: rules.paper_too,
        notice_days: rules::notice_days(&rules, vote.temporary == 1),
        seats: vote.seats,
        result_by: rules::result_by(&rules, vote.closes_at).map(|t| req.app.time(t)),
        late: vote.late == 1 && phase == Phase::Counting,
        posted_at: vote.posted_at.map(|t| req.app.time(t)),
        opens_at: req.app.time(vote.opens_at),
        closes_at: req.app.time(vote.closes_at),
        ended_at: vote.ended_at.map(|t| req.app.time(t)),
        why: vote.why.clone(),
        roll: roll.number,
        turnout: turnout(q, vote, &rules, phase == Phase::Published)?,
        questions: asked(req, q, vote, &rules)?,
        mine,
        runs,
        papers: papers.into_iter().map(|p| PaperView { n: p.n, unit: p.unit, state: p.state.as_str(), mine: p.mine }).collect(),
        papers_waiting,
        outside: vote.outside == 1,
        certificate: vote.certificate.clone(),
        proxy_most: vote.proxy_most,
        scrutineers: if runs { scrutiny::offers(q, vote, look)? } else { Vec::new() },
        may_offer: watches.is_none() && scrutiny::may_offer(vote, &req.who, req.now),
        scrutiny: watches.map(scrutiny::State::as_str),
        proxies,
        recount: vote.outside == 0 && may_recount(req, q, vote)?,
    })
}
