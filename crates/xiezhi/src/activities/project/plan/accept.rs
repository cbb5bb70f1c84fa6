//! Acceptance: whoever carries a step out says that it is done, the people it is for say how it was, and the step is accepted,
//! done again, or decided by the desk with its reason; then it is paid.
//!
//! What must stay true: whoever carries it out says nothing of how it was and decides nothing; an answer is one person's, and
//! the latest; where enough answered they decide, and nobody else (政府采购法实施条例第四十五条).

use store::{Entry, Query, Tx, params};

use super::life::end;
use super::rules::{self, Answer, Verdict};
use super::{Project, Stand, State, Step, by_id, by_number, needs, steps};
use crate::activities::project::{Book, need, tell, tell_body};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, Who};
use crate::records::register::mine;

fn step_of(q: &mut dyn Query, project: &Project, n: i64) -> Result<Step> {
    steps(q, &project.id)?.into_iter().find(|s| s.n == n).ok_or_else(|| Kind::NotFound.into())
}

/// Whoever carries it out says that a step is done, in words that everybody reads.
pub fn report(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, words: &str) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    if !project.is_done_by(who) {
        return Err(Kind::Denied.into());
    }
    let step = step_of(tx, &project, n)?;
    if project.state != State::Running || step.state != Stand::Open {
        return Err(Kind::State.into());
    }
    let until = now + book.pack.accept.days * DAY;
    let said = crate::kit::digest(&[words.to_owned()]);
    tx.log(Entry { party: project.body.as_deref(), ..project.entry(who, "project.report") }.fact("n", n).fact("digest", said))?;
    let sql = "update milestone set state = $3, report = $4, reported_at = $5, says_until = $6, ring_at = $6 \
               where project = $1 and n = $2";
    tx.exec(sql, params![&project.id, n, Stand::Reported, words, now, until])?;
    // Whoever said that he needs it is asked.
    let mut people = Vec::new();
    for id in needs(tx, &project.id)? {
        people.extend(need::by_id(tx, &id)?.by_person);
    }
    tell(tx, book, who, number, "project-say", &people)
}

/// Somebody the project is for says how a step was; until the end the latest counts.
pub fn say(tx: &mut Tx, who: &Who, number: &str, n: i64, answer: Answer, words: Option<&str>) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    who.part_in(&project.path).ok_or(Kind::OtherArea)?;
    if project.is_done_by(who) {
        return Err(Kind::Denied.into());
    }
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    let step = step_of(tx, &project, n)?;
    if step.state != Stand::Reported || step.says_until.is_none_or(|until| now >= until) {
        return Err(Kind::Over.into());
    }
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let voter = crate::kit::voter(|p, t| tx.digest(p, t), &project.id, person);
    // Without a name: the log shows that somebody said how it was, not who.
    let entry =
        Entry { area: Some(&project.area), owner: Some(&project.id), ..Entry::new("project.say", "project", &project.id) };
    let entry = entry.fact("n", n).fact("voter", voter.as_str()).fact("answer", answer.as_str());
    tx.log(entry.element("project.said", words))?;
    let sealed = tx.seal_text(&project.id, words)?;
    let sql = "insert into milestone_say(project, n, voter, answer, words, at) values ($1,$2,$3,$4,$5,$6) \
               on conflict(project, n, voter) do update set answer = excluded.answer, words = excluded.words, at = excluded.at";
    tx.exec(sql, params![&project.id, n, voter, answer, sealed, now])?;
    Ok(())
}

/// Answers to a step: good or fair ones, and all.
pub fn answers(q: &mut dyn Query, project: &str, n: i64) -> Result<(i64, i64)> {
    let sql = "select count(*) from milestone_say where project = $1 and n = $2";
    let all = q.count(sql, params![project, n])?;
    let bad = q.count(&format!("{sql} and answer = $3"), params![project, n, Answer::Bad])?;
    Ok((all - bad, all))
}

/// What the answers to a step say so far.
pub fn verdict(q: &mut dyn Query, book: &Book, project: &str, n: i64) -> Result<Verdict> {
    let (good, all) = answers(q, project, n)?;
    Ok(rules::verdict(good, all, book.pack.accept.answers, book.pack.accept.good))
}

/// The desk decides on a step where too few answered, with the reason everybody reads.
pub fn decide(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, accept: bool, why: &str) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    if !project.is_led_by(who) || project.is_done_by(who) {
        return Err(Kind::Denied.into());
    }
    let step = step_of(tx, &project, n)?;
    let waits = step.state == Stand::Reported && step.says_until.is_some_and(|until| now >= until);
    if project.state != State::Running || !waits || verdict(tx, book, &project.id, n)? != Verdict::Few {
        return Err(Kind::State.into());
    }
    settle(tx, book, who, &project, n, accept, Some(why))
}

/// When the days for answers are over: enough of them decide, too few ask the desk, and the desk above when that is silent.
pub(super) fn ring(tx: &mut Tx, book: &Book, project: &Project, n: i64) -> Result<()> {
    let (system, now) = (Who::system(), tx.now());
    match verdict(tx, book, &project.id, n)? {
        Verdict::Good => settle(tx, book, &system, project, n, true, None),
        Verdict::Bad => settle(tx, book, &system, project, n, false, None),
        Verdict::Few => {
            let next = now + book.pack.accept.decide_days * DAY;
            tx.log(project.entry(&system, "project.ring").fact("n", n))?;
            tx.exec("update milestone set ring_at = $3 where project = $1 and n = $2", params![&project.id, n, next])?;
            tell_body(tx, book, &system, &project.number, "project-few", &project.desk)
        }
    }
}

fn settle(tx: &mut Tx, book: &Book, who: &Who, project: &Project, n: i64, accept: bool, why: Option<&str>) -> Result<()> {
    let (now, (good, all)) = (tx.now(), answers(tx, &project.id, n)?);
    let stand = if accept { Stand::Accepted } else { Stand::Open };
    let entry =
        project.entry(who, "project.decide").fact("n", n).fact("state", stand.as_str()).fact("good", good).fact("all", all);
    tx.log(match why {
        Some(why) => entry.fact("digest", crate::kit::digest(&[why.to_owned()])),
        None => entry,
    })?;
    // A step that is done again rings again, from today on.
    let ring = (!accept).then(|| now + book.pack.accept.days * DAY);
    let sql = "update milestone set state = $3, decided_at = $4, why = $5, ring_at = $6 where project = $1 and n = $2";
    tx.exec(sql, params![&project.id, n, stand, now, why, ring])?;
    if !accept {
        // The answers were to what was done before.
        tx.exec("delete from milestone_say where project = $1 and n = $2", params![&project.id, n])?;
    }
    let body = project.body.clone().unwrap_or_default();
    tell_body(tx, book, who, &project.number, if accept { "project-accepted" } else { "project-again" }, &body)?;
    if accept && steps(tx, &project.id)?.iter().all(|s| s.state == Stand::Accepted) {
        let project = by_id(tx, &project.id)?;
        end(tx, book, who, &project, State::Done, None)?;
    }
    Ok(())
}

/// The desk notes that an accepted step was paid.
pub fn pay(tx: &mut Tx, who: &Who, number: &str, n: i64) -> Result<()> {
    let (project, now) = (by_number(tx, number)?, tx.now());
    let entry = project.by_lead(who, "project.pay")?;
    let step = step_of(tx, &project, n)?;
    if project.cost.is_none() || step.state != Stand::Accepted || step.settled_at.is_some() {
        return Err(Kind::State.into());
    }
    tx.log(entry.fact("n", n))?;
    tx.exec("update milestone set settled_at = $3 where project = $1 and n = $2", params![&project.id, n, now])?;
    Ok(())
}
