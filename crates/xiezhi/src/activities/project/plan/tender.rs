//! Buying a service: a tender is posted, bids come in sealed, people whom nothing ties to a bidder score them, and the table is
//! published with the award.
//!
//! What must stay true: from the posting on nothing changes: ceiling, weights, criteria, steps; before it closes nobody but its
//! own organisation sees a bid; who scores says first that nothing ties him to a bidder, and does not score where
//! he works for one; the award is the first of the table that [`rules::table`] makes, and everybody reads the table.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Entry, Logged, Query, Tx, params};

use super::life::run;
use super::rules::{self, Bid, Line};
use super::{Project, State, Way, by_number, steps};
use crate::activities::project::{Book, body_of, settled, tell, tell_body};
use crate::base::party::{self, standing};
use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// Cents of one tender, at most: ten million yuan.
pub const CEILING: i64 = 1_000_000_000;
/// Bids for one tender.
const BIDS: i64 = 200;

/// A tender as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `tender`, explained there")]
pub struct Tender {
    pub posted_at: Ms,
    pub closes_at: Ms,
    pub ceiling: i64,
    pub price_weight: i64,
    pub scorers: i64,
    pub awarded_at: Option<Ms>,
    pub notice_until: Option<Ms>,
    pub result: Option<Table>,
}

/// What is published with the award.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// The bids, the best first.
    pub lines: Vec<Line>,
    /// People who scored.
    pub scorers: i64,
    /// What drew the order of equal bids.
    pub seed: String,
}

/// The tender of a project, once it is posted.
pub fn of(q: &mut dyn Query, project: &str) -> Result<Option<Tender>> {
    let sql = "select posted_at, closes_at, ceiling, cost_weight, scorers, awarded_at, notice_until, result from tender where project = $1";
    let Some(r) = q.row(sql, params![project])? else { return Ok(None) };
    let result: Option<String> = r.get("result")?;
    Ok(Some(Tender {
        posted_at: r.get("posted_at")?,
        closes_at: r.get("closes_at")?,
        ceiling: r.get("ceiling")?,
        price_weight: r.get("cost_weight")?,
        scorers: r.get("scorers")?,
        awarded_at: r.get("awarded_at")?,
        notice_until: r.get("notice_until")?,
        result: result.map(|t| serde_json::from_str(&t).map_err(Error::internal)).transpose()?,
    }))
}

/// A criterion and the marks it counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Criterion {
    pub n: i64,
    pub title: String,
    pub weight: i64,
}

/// The criteria of a tender, in order.
pub fn criteria(q: &mut dyn Query, project: &str) -> Result<Vec<Criterion>> {
    let one = |r: &store::Row| Ok(Criterion { n: r.get("n")?, title: r.get("title")?, weight: r.get("weight")? });
    let rows = q.rows("select n, title, weight from tender_criterion where project = $1 order by n", params![project])?;
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// Who scores, and whether he said that nothing ties him to a bidder.
pub fn scorers(q: &mut dyn Query, project: &str) -> Result<Vec<(String, bool)>> {
    let rows = q.rows("select person, declared_at from tender_scorer where project = $1 order by person", params![project])?;
    let one = |r: &store::Row| Ok((r.get("person")?, r.get::<Option<Ms>>("declared_at")?.is_some()));
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// What is put out to tender.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub closes_at: Ms,
    /// Cents.
    pub ceiling: i64,
    pub price_weight: i64,
    /// Titles and marks; with the price together a hundred.
    pub criteria: Vec<(String, i64)>,
    /// People who score.
    pub scorers: Vec<String>,
}

/// Posts a tender; from now on it stands still.
pub fn post(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &New) -> Result<()> {
    let (project, now, limits) = (by_number(tx, number)?, tx.now(), &book.pack.tender);
    let entry = project.by_lead(who, "tender.post")?;
    if project.way != Way::Tender || project.state != State::Open || of(tx, &project.id)?.is_some() {
        return Err(Kind::State.into());
    }
    if new.closes_at < now + limits.days * DAY || new.closes_at > now + limits.most_days * DAY {
        return Err(Kind::OutOfRange.at("closes_at").limit(limits.days));
    }
    let all = steps(tx, &project.id)?;
    if all.iter().map(|s| s.share).sum::<i64>() != 100 {
        return Err(Kind::OutOfRange.at("share").limit(100));
    }
    // A step cannot be due before there is somebody to do it.
    if all.iter().any(|s| s.due_at <= new.closes_at + limits.notice_days * DAY) {
        return Err(Kind::OutOfRange.at("due_at"));
    }
    if !(limits.price_least..=limits.price_most).contains(&new.price_weight) {
        return Err(Kind::OutOfRange.at("price_weight").limit(limits.price_least));
    }
    let weights: i64 = new.criteria.iter().map(|(_, w)| w).sum();
    if new.criteria.is_empty() || new.criteria.len() > limits.criteria || weights + new.price_weight != 100 {
        return Err(Kind::OutOfRange.at("criteria").limit(100 - new.price_weight));
    }
    let mut scorers = new.scorers.clone();
    scorers.sort();
    scorers.dedup();
    let count = scorers.len() as i64;
    if count < limits.scorers || count % 2 == 0 {
        return Err(Kind::OutOfRange.at("scorers").limit(limits.scorers));
    }
    let asked = eligible(tx, &project.path, now)?;
    if scorers.iter().any(|s| !asked.iter().any(|(p, _)| p == s)) {
        return Err(Kind::Unknown.at("scorers"));
    }
    let line = |(title, weight): &(String, i64)| format!("{weight} {title}");
    let said = crate::kit::digest(&new.criteria.iter().map(line).collect::<Vec<_>>());
    let entry = entry.fact("closes", new.closes_at).fact("ceiling", new.ceiling).fact("price", new.price_weight);
    tx.log(entry.fact("scorers", count).fact("digest", said))?;
    let sql =
        "insert into tender(project, posted_at, closes_at, ceiling, cost_weight, scorers, ring_at) values ($1,$2,$3,$4,$5,$6,$3)";
    tx.exec(sql, params![&project.id, now, new.closes_at, new.ceiling, new.price_weight, count])?;
    for (n, (title, weight)) in new.criteria.iter().enumerate() {
        let sql = "insert into tender_criterion(project, n, title, weight) values ($1,$2,$3,$4)";
        tx.exec(sql, params![&project.id, n as i64 + 1, title, *weight])?;
    }
    for person in &scorers {
        tx.exec("insert into tender_scorer(project, person) values ($1,$2)", params![&project.id, person])?;
    }
    tell(tx, book, who, number, "project-score", &scorers)
}

/// Those who may be asked to score: clerks, building heads, grid workers and social workers around the place, with their kind.
pub fn eligible(q: &mut dyn Query, path: &str, now: Ms) -> Result<Vec<(String, String)>> {
    let kinds = "'committee', 'subdistrict', 'building_head', 'social_worker', 'grid_worker', 'department'";
    let sql = format!(
        "select r.person, r.kind from role_of r join area a on a.id = r.area where r.kind in ({kinds}) \
         and (r.valid_to is null or r.valid_to > $3) and ((a.path >= $1 and a.path < $2) or substr($1, 1, length(a.path)) = a.path) \
         order by r.person, r.kind limit 400"
    );
    let rows = q.rows(&sql, params![path, crate::base::area::end_of(path), now])?;
    let one = |r: &store::Row| Ok((r.get("person")?, r.get("kind")?));
    let mut out: Vec<(String, String)> = rows.iter().map(one).collect::<store::Result<_>>()?;
    out.dedup_by(|a, b| a.0 == b.0);
    Ok(out)
}

/// A bid of an organisation; until the tender closes the latest counts. Gives its entry in the log: whoever bids can prove when.
pub fn bid(tx: &mut Tx, who: &Who, number: &str, price: i64, plan: &str) -> Result<Logged> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    let body = body_of(who, &project.path).ok_or(Kind::Denied)?;
    let tender = of(tx, &project.id)?.ok_or(Kind::NotOpen)?;
    if project.state != State::Open || now >= tender.closes_at {
        return Err(Kind::Over.into());
    }
    standing::insist(tx, Some(&body), now)?;
    // The desk that gives the work out does not bid for it.
    if who.desk_over(&project.path).is_some() {
        return Err(Kind::Denied.into());
    }
    if price > tender.ceiling {
        return Err(Kind::OutOfRange.at("price").limit(tender.ceiling / 100));
    }
    if tx.count("select count(*) from tender_bid where project = $1 and body <> $2", params![&project.id, &body])? >= BIDS {
        return Err(Kind::TooMany.at("price").limit(BIDS));
    }
    // Sealed, and without the name of the organisation: until it closes nobody reads here whose bid it is.
    let text = price.to_string();
    let entry = Entry { area: Some(&project.area), owner: Some(&project.id), ..Entry::new("tender.bid", "project", &project.id) };
    let entry = entry.element("project.bidder", Some(body.as_str())).element("project.price", Some(text.as_str()));
    let logged = tx.log(entry.element("project.plan", Some(plan)))?;
    let (price, plan) = (tx.seal(&project.id, text.as_bytes())?, tx.seal(&project.id, plan.as_bytes())?);
    let sql = "insert into tender_bid(project, body, cost, plan, at, log_seq) values ($1,$2,$3,$4,$5,$6) on conflict(project, body) \
               do update set cost = excluded.cost, plan = excluded.plan, at = excluded.at, log_seq = excluded.log_seq";
    tx.exec(sql, params![&project.id, &body, price, plan, now, logged.index])?;
    Ok(logged)
}

/// A bid as it was opened.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Opened {
    pub body: String,
    pub price: i64,
    pub plan: String,
    pub at: Ms,
}

/// The bids of a tender, by organisation; for callers who may see them now.
pub fn bids(q: &mut dyn Query, project: &str) -> Result<Vec<Opened>> {
    let mut out = Vec::new();
    for r in q.rows("select body, cost, plan, at from tender_bid where project = $1 order by body", params![project])? {
        let price = q.open_text(project, r.get("cost")?)?.and_then(|p| p.parse().ok()).unwrap_or_default();
        let plan = q.open_text(project, r.get("plan")?)?.unwrap_or_default();
        out.push(Opened { body: r.get("body")?, price, plan, at: r.get("at")? });
    }
    Ok(out)
}

/// Whether somebody works, in whatever role, for an organisation that bids.
pub fn is_tied(who: &Who, bids: &[Opened]) -> bool {
    bids.iter().any(|b| who.roles.iter().any(|r| r.body.as_deref() == Some(&b.body)))
}

/// Somebody who scores says that nothing ties him to a bidder; after the tender closed, when he can know them.
pub fn declare(tx: &mut Tx, who: &Who, number: &str) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    let tender = of(tx, &project.id)?.ok_or(Kind::NotOpen)?;
    let person = who.person.as_deref().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    if !scorers(tx, &project.id)?.iter().any(|(p, _)| p == person) {
        return Err(Kind::Denied.into());
    }
    if now < tender.closes_at {
        return Err(Kind::NotOpen.into());
    }
    if project.state != State::Open || tender.awarded_at.is_some() {
        return Err(Kind::State.into());
    }
    if is_tied(who, &bids(tx, &project.id)?) {
        return Err(Kind::Tied.into());
    }
    tx.log(project.entry(who, "tender.declare"))?;
    let sql = "update tender_scorer set declared_at = $3 where project = $1 and person = $2";
    tx.exec(sql, params![&project.id, person, now])?;
    Ok(())
}

/// Somebody scores a bid: marks for each criterion, in order.
pub fn score(tx: &mut Tx, book: &Book, who: &Who, number: &str, body: &str, marks: &[i64]) -> Result<()> {
    let project = by_number(tx, number)?;
    let tender = of(tx, &project.id)?.ok_or(Kind::NotOpen)?;
    let person = who.person.as_deref().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let ready = scorers(tx, &project.id)?.iter().any(|(p, declared)| p == person && *declared);
    if !ready {
        return Err(Kind::Denied.into());
    }
    if project.state != State::Open || tender.awarded_at.is_some() {
        return Err(Kind::State.into());
    }
    let (all, asked) = (bids(tx, &project.id)?, criteria(tx, &project.id)?);
    if is_tied(who, &all) {
        return Err(Kind::Tied.into());
    }
    if !all.iter().any(|b| b.body == body) {
        return Err(Kind::Unknown.at("body"));
    }
    if marks.len() != asked.len() {
        return Err(Kind::Missing.at("marks"));
    }
    if let Some(bad) = asked.iter().zip(marks).find(|(c, p)| !(0..=c.weight).contains(*p)) {
        return Err(Kind::OutOfRange.at("marks").limit(bad.0.weight));
    }
    let sum: i64 = marks.iter().sum();
    let said = crate::kit::digest(&marks.iter().map(i64::to_string).collect::<Vec<_>>());
    tx.log(project.entry(who, "tender.score").fact("body", body).fact("sum", sum).fact("digest", said))?;
    let sql = "insert into tender_score(project, body, person, n, marks) values ($1,$2,$3,$4,$5) \
               on conflict(project, body, person, n) do update set marks = excluded.marks";
    for (criterion, marks) in asked.iter().zip(marks) {
        tx.exec(sql, params![&project.id, body, person, criterion.n, *marks])?;
    }
    // Whoever scored everything is not waited for any more.
    let done = "select count(distinct body) from tender_score where project = $1 and person = $2";
    if tx.count(done, params![&project.id, person])? == all.len() as i64 {
        let steps = [crate::base::notice::Step::Done(number.to_owned(), vec![person.to_owned()])];
        crate::base::notice::take(tx, &book.zone, &steps)?;
    }
    Ok(())
}

/// The marks of one scorer: by organisation, the sum over the criteria.
pub fn scored(q: &mut dyn Query, project: &str) -> Result<BTreeMap<(String, String), i64>> {
    let rows = q.rows("select body, person, marks from tender_score where project = $1", params![project])?;
    let mut out = BTreeMap::new();
    for r in &rows {
        *out.entry((r.get("body")?, r.get("person")?)).or_default() += r.get::<i64>("marks")?;
    }
    Ok(out)
}

/// Awards the tender to the first of the table, once everybody who scores has scored every bid.
pub fn award(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    let entry = project.by_lead(who, "tender.award")?;
    let tender = of(tx, &project.id)?.ok_or(Kind::NotOpen)?;
    if project.state != State::Open || tender.awarded_at.is_some() || now < tender.closes_at {
        return Err(Kind::State.into());
    }
    let (all, marks, judges) = (bids(tx, &project.id)?, scored(tx, &project.id)?, scorers(tx, &project.id)?);
    if (all.len() as i64) < book.pack.tender.bids {
        return Err(Kind::BidsMissing.into());
    }
    let ready: Vec<&String> = judges.iter().filter(|(_, declared)| *declared).map(|(p, _)| p).collect();
    let open =
        ready.iter().map(|p| all.iter().filter(|b| !marks.contains_key(&(b.body.clone(), (*p).clone()))).count()).sum::<usize>();
    // Whoever is tied to a bidder drops out; enough others must be left.
    if (ready.len() as i64) < book.pack.tender.scorers || open > 0 {
        return Err(Kind::ScoresMissing.at("scorers").limit(open as i64));
    }
    let seed = store::hex(tx.random::<16>());
    let drawn = calc::draw::draw(&seed, all.iter().map(|b| b.body.as_str()), all.len());
    let order: BTreeMap<String, usize> = drawn.into_iter().enumerate().map(|(at, b)| (b.to_owned(), at)).collect();
    let bid = |b: &Opened| Bid {
        body: b.body.clone(),
        price: b.price,
        marks: ready.iter().map(|p| marks[&(b.body.clone(), (*p).clone())]).collect(),
    };
    let lines = rules::table(&all.iter().map(bid).collect::<Vec<_>>(), tender.price_weight, &order);
    let first = lines[0].clone();
    let table = Table { lines, scorers: ready.len() as i64, seed };
    let text = serde_json::to_string(&table).map_err(Error::internal)?;
    let until = now + book.pack.tender.notice_days * DAY;
    let entry = entry.fact("body", first.body.as_str()).fact("price", first.price).fact("total", first.total);
    tx.log(entry.fact("seed", table.seed.as_str()).fact("digest", crate::kit::digest(std::slice::from_ref(&text))))?;
    let sql = "update tender set awarded_at = $2, notice_until = $3, result = $4, ring_at = $3 where project = $1";
    tx.exec(sql, params![&project.id, now, until, text])?;
    settled(tx, book, number)?;
    for b in &all {
        let kind = if b.body == first.body { "project-won" } else { "project-lost" };
        tell_body(tx, book, who, number, kind, &b.body)?;
    }
    Ok(())
}

/// Rings: the tender is closed, so those who score are asked and the desk is told; or the days for objections are over, and it
/// begins.
pub(super) fn ring(tx: &mut Tx, book: &Book, project: &Project) -> Result<()> {
    let (system, now) = (Who::system(), tx.now());
    let Some(tender) = of(tx, &project.id)? else { return Ok(()) };
    if tender.notice_until.is_some_and(|until| now >= until) {
        tx.exec("update tender set ring_at = null where project = $1", params![&project.id])?;
        let Some(first) = tender.result.as_ref().and_then(|t| t.lines.first()) else { return Ok(()) };
        if book.chart.living(&first.body).is_none() {
            // It is no more: the desk gives it up and begins anew.
            return tell_body(tx, book, &system, &project.number, "project-late", &project.desk);
        }
        return run(tx, book, &system, project, &first.body, Some(first.price));
    }
    if tender.awarded_at.is_none() && now >= tender.closes_at {
        // Again every few days, until it is awarded or given up.
        let next = now + book.pack.accept.decide_days * DAY;
        tx.log(project.entry(&system, "project.ring"))?;
        tx.exec("update tender set ring_at = $2 where project = $1", params![&project.id, next])?;
        let judges: Vec<String> = scorers(tx, &project.id)?.into_iter().map(|(p, _)| p).collect();
        tell(tx, book, &system, &project.number, "project-score-now", &judges)?;
        tell_body(tx, book, &system, &project.number, "project-closed", &project.desk)?;
    }
    Ok(())
}

/// The organisation for which somebody may bid: its name, for the form.
pub fn bidder(q: &mut dyn Query, who: &Who, project: &Project) -> Result<Option<party::Body>> {
    if who.desk_over(&project.path).is_some() {
        return Ok(None);
    }
    let body = body_of(who, &project.path);
    Ok(body.map(|b| party::body_by_id(q, &b)).transpose()?.flatten())
}
