//! What came out: published, answered, called back about, appraised.
//!
//! What must stay true: a result names who does what by when, or says that nothing was agreed and why; in depth it decides
//! about what was posted and about nothing else; a quick answer that does not satisfy goes on in depth at the desk above; a
//! resident appraises once, and is known by a keyed digest alone.

use std::collections::BTreeMap;

use store::{Entry, Query, Tx, hex, params};

use super::decision::{self, New};
use super::{Basis, Consult, Depth, Outcome, State, act, by_id, round, rules, tell};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, RoleKind, Who};
use crate::records::case::report::Spot;

/// Characters of a result.
pub const MAX_SUMMARY: usize = 2000;

/// What came out.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Conclusion {
    pub outcome: Outcome,
    pub summary: String,
    pub decisions: Vec<New>,
}

/// Publishes what came out; from now on it is followed.
pub fn publish(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, new: &Conclusion, spot: &Spot) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.publish")?;
    let (pack, depth) = (c.rules()?, c.depth.ok_or(Kind::State)?);
    let way = pack.way(depth);
    rules::step(&c, Some(way), State::Publish)?;
    if new.decisions.len() > rules::DECISIONS {
        return Err(Kind::TooMany.at("decisions").limit(rules::DECISIONS as i64));
    }
    // What was agreed in depth is somebody's to do; words alone are no result.
    if depth == Depth::Deep && new.outcome != Outcome::Open && new.decisions.is_empty() {
        return Err(Kind::Missing.at("decisions"));
    }
    let posted = round::items(tx, id)?;
    for d in &new.decisions {
        let known = d.item.is_some_and(|n| posted.iter().any(|(p, _)| *p == n));
        if depth == Depth::Deep && !known {
            return Err(Kind::NotOnAgenda.at("item"));
        }
    }
    let next = way.after(State::Publish);
    let due = act::enter(tx, basis, &c, &pack, depth, next)?;
    let sql = "update consult set outcome = $2, summary = $3, published_at = $4, deep_only = 0 where id = $1";
    tx.exec(sql, params![id, new.outcome, &new.summary, now])?;
    let digest = crate::kit::digest(std::slice::from_ref(&new.summary));
    let above = decision::above(basis, &c);
    let report = way.report && above != c.desk;
    let entry = entry.fact("outcome", new.outcome.as_str()).fact("decisions", new.decisions.len() as i64);
    let entry = entry.fact_opt("due", due).fact_opt("reported_to", report.then_some(above.as_str()));
    tx.log(entry.fact("digest", digest))?;
    for (n, d) in new.decisions.iter().enumerate() {
        decision::make(tx, basis, &pack, who, &c, n as i64 + 1, d, spot)?;
    }
    decision::back(tx, basis, who, &c, &new.summary)?;
    let c = by_id(tx, id)?;
    tell::all(tx, basis, who, &c, "published")?;
    if report {
        tell::bodies(tx, basis, who, &c, "report", &[above.as_str()])?;
    }
    decision::finish(tx, basis, &c)
}

/// Whether the answer satisfied: by whoever asked, or by the desk that called him back.
pub fn callback(
    tx: &mut Tx,
    basis: &Basis,
    who: &Who,
    id: &str,
    reached: bool,
    satisfied: bool,
    text: Option<&str>,
) -> Result<()> {
    let c = by_id(tx, id)?;
    let own = c.is_raised_by(who);
    if !own && !c.is_run_by(who) {
        return Err(Kind::Denied.into());
    }
    let (pack, depth) = (c.rules()?, c.depth.ok_or(Kind::State)?);
    let way = pack.way(depth);
    rules::step(&c, Some(way), State::Callback)?;
    let entry = Entry { owner: Some(c.owner()), ..c.entry(who, "consult.callback") };
    let entry = entry.fact("own", i64::from(own)).fact("reached", i64::from(reached));
    let entry = entry.fact_opt("satisfied", reached.then_some(i64::from(satisfied)));
    tx.log(entry.element("consult.word", text))?;
    let sql = "update consult set reached = $2, satisfied = $3 where id = $1";
    tx.exec(sql, params![id, i64::from(reached), reached.then_some(i64::from(satisfied))])?;
    if reached && !satisfied {
        let (up, now) = (decision::above(basis, &c), tx.now());
        let due = basis.due(now, pack.limit(|p| &p.again));
        let sql = "update consult set state = $2, desk = $3, level = level + 1, deep_only = 1, due_at = $4, overdue_at = null \
                   where id = $1";
        tx.exec(sql, params![id, State::Grade, &up, due])?;
        let c = by_id(tx, id)?;
        return tell::bodies(tx, basis, who, &c, "appeal", &[up.as_str()]);
    }
    act::enter(tx, basis, &c, &pack, depth, way.after(State::Callback))?;
    decision::finish(tx, basis, &c)
}

/// The mark under which a person appraises: nobody finds out who it was, and the same person has the same one.
pub fn mark(q: &dyn Query, what: &str, person: &str) -> String {
    hex(&q.digest("appraisal", &format!("{what} {person}"))[..16])
}

/// Whether somebody lives at a place.
pub fn lives(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind == RoleKind::Resident && (r.path.starts_with(path) || path.starts_with(&r.path)))
}

/// Whether it is appraised now.
pub fn is_appraised_now(c: &Consult) -> bool {
    c.published_at.is_some() && c.ended_at.is_none() && c.state != State::Grade
}

/// Whether this person appraised already.
pub fn has_appraised(q: &mut dyn Query, c: &Consult, person: &str) -> store::Result<bool> {
    let mark = mark(q, &c.id, person);
    Ok(q.count("select count(*) from consult_mark where consult = $1 and mark = $2", params![&c.id, mark])? > 0)
}

/// A resident says what he thinks of what came out of it.
pub fn appraise(tx: &mut Tx, who: &Who, id: &str, score: i64, text: Option<&str>) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if !lives(who, &c.path) {
        return Err(Kind::Denied.into());
    }
    if !is_appraised_now(&c) {
        return Err(Kind::State.into());
    }
    if has_appraised(tx, &c, person)? {
        return Err(Kind::Appraised.into());
    }
    // The entry names no person but by his key: score and words are sealed under it.
    let entry = Entry { area: Some(&c.area), owner: Some(person), ..Entry::new("consult.appraise", "consult", id) };
    let entry = entry.fact("number", c.number.as_str()).element("consult.score", Some(score));
    tx.log(entry.element("consult.word", text))?;
    let mark = mark(tx, id, person);
    let sql = "insert into consult_mark(consult, mark, score, at) values ($1, $2, $3, $4)";
    // Of the moment the day alone is kept: whoever follows from that very moment would be known by it.
    tx.exec(sql, params![id, mark, score, now - now % DAY])?;
    tell::follow(tx, id, person)
}

/// How many gave each score.
pub fn scores(q: &mut dyn Query, consult: &str) -> store::Result<BTreeMap<i64, i64>> {
    let sql = "select score, count(*) n from consult_mark where consult = $1 group by score";
    q.rows(sql, params![consult])?.iter().map(|r| Ok((r.get("score")?, r.get("n")?))).collect()
}
