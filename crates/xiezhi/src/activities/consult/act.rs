//! Raising a topic, grading it, declining it with a reason, asking again at the desk above.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::pack::Pack;
use super::{Basis, Consult, Depth, Origin, State, by_id, rules, tell};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Error, Result, RoleKind, Who};
use crate::records::case::Case;
use crate::records::case::life::{Said, act};
use crate::records::case::rules::{Action, Outcome, Overlay};

/// Characters of what somebody raises.
pub const MAX_TEXT: usize = 1000;
/// Topics of one person that nobody has graded yet.
const OPEN: i64 = 10;

/// What is raised.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub text: String,
    /// The case that does not get on.
    pub case: Option<Case>,
}

/// The role in which somebody raises a topic at a place: who lives there, or works there.
fn origin(who: &Who, path: &str) -> Option<Origin> {
    let near = |r: &&crate::kit::Role| r.path.starts_with(path) || path.starts_with(&r.path);
    let roles: Vec<_> = who.roles.iter().filter(near).collect();
    if roles.iter().any(|r| r.kind.is_staff()) {
        return Some(Origin::Staff);
    }
    roles.iter().any(|r| r.kind == RoleKind::Resident).then_some(Origin::Resident)
}

/// Whether a case does not get on: disputed, handed back, not settled in the eyes of its reporter, or late for good.
pub fn is_stuck(case: &Case) -> bool {
    let unsolved = matches!(case.outcome, Some(Outcome::NotConfirmed | Outcome::OutOfScope | Outcome::Half));
    let disputed = case.overlay == Some(Overlay::Adjudicating) || case.returns > 0 || case.reopens > 0;
    disputed || case.overlay == Some(Overlay::HungUp) || case.lates > 0 || unsolved || case.score.is_some_and(|s| s <= 2)
}

/// Raises a topic; gives its number.
pub fn raise(tx: &mut Tx, basis: &Basis, pack: &Pack, who: &Who, place: &Area, new: &New) -> Result<String> {
    let now = tx.now();
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let from = match &new.case {
        Some(case) => {
            who.desk_over(&case.path).ok_or(Kind::Denied)?;
            if !is_stuck(case) {
                return Err(Kind::NotStuck.at("case"));
            }
            let open = "select count(*) from consult where case_id = $1 and ended_at is null";
            if tx.count(open, params![&case.id])? > 0 {
                return Err(Kind::InConsultation.at("case"));
            }
            Origin::Case
        }
        None => origin(who, &place.path).ok_or(Kind::Denied)?,
    };
    let waiting = "select count(*) from consult where raised_by = $1 and state = $2";
    if from == Origin::Resident && tx.count(waiting, params![person, State::Grade])? >= OPEN {
        return Err(Kind::TooMany.at("text").limit(OPEN));
    }
    let id = tx.id();
    let number = format!("C-{:04}", tx.count("select count(*) from consult", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let desk = basis.book.chart.desk_of(&place.path)?.id.clone();
    let due = basis.due(now, pack.limit(|p| &p.grade));
    let case_id = new.case.as_ref().map(|c| c.id.as_str());
    let entry = Entry {
        actor: who.actor(),
        role: who.role_over(&place.path).or(who.roles.first()).map(|r| r.kind.as_str()),
        area: Some(&place.id),
        owner: Some(person),
        ..Entry::new("consult.raise", "consult", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("origin", from.as_str()).fact("desk", desk.as_str());
    let entry = entry.fact("due", due).fact_opt("case", new.case.as_ref().map(|c| c.number.as_str()));
    let seq = tx.log(entry.element("consult.text", Some(new.text.as_str())))?.index;
    let sql = "insert into consult(id, number, area, path, desk, level, state, origin, case_id, raised_by, raised_at, due_at, \
               deep_only, log_seq) values ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, 0, $12)";
    let row = params![&id, &number, &place.id, &place.path, &desk, State::Grade, from, case_id, person, now, due, seq];
    tx.exec(sql, row)?;
    tell::follow(tx, &id, person)?;
    let made = by_id(tx, &id)?;
    tell::bodies(tx, basis, who, &made, "raised", &[desk.as_str()])?;
    if let Some(case) = &new.case {
        on_case(tx, basis, who, &case.id, format!("已转入协商议事 {number}。"))?;
        if let Some(reporter) = &case.reporter {
            tell::follow(tx, &id, reporter)?;
            tell::one(tx, basis, who, &made, "case", reporter)?;
        }
    }
    Ok(number)
}

/// Writes into the story of a case what became of its consultation.
pub fn on_case(tx: &mut Tx, basis: &Basis, who: &Who, case: &str, text: String) -> Result<()> {
    let said = Said { text: Some(text), ..Said::default() };
    act::act(tx, &basis.book, who, false, case, Action::Note, &said)?;
    Ok(())
}

/// How a topic is graded.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Grade {
    pub depth: Depth,
    pub topic: String,
    pub title: String,
    pub question: String,
}

impl Grade {
    /// Reads the form.
    pub fn parse(input: &Input) -> Result<Grade> {
        Ok(Grade {
            depth: Depth::parse(&input.need("depth", 10)?).ok_or_else(|| Kind::Unknown.at("depth"))?,
            topic: input.need("topic", 40)?,
            title: input.need("title", 60)?,
            question: input.need("question", 500)?,
        })
    }
}

/// When the step that begins now is late; none for those whose parts have clocks of their own.
pub fn deadline(basis: &Basis, c: &Consult, pack: &Pack, depth: Depth, step: State, now: Ms) -> Option<Ms> {
    let way = pack.way(depth);
    let from = if way.counts_from_raised(step) && c.deep_only == 0 { c.raised_at } else { now };
    way.limit(step).map(|limit| basis.due(from, limit))
}

/// Moves a consultation on to its next step: a new clock, and nothing late any more.
pub fn enter(tx: &mut Tx, basis: &Basis, c: &Consult, pack: &Pack, depth: Depth, step: State) -> Result<Option<Ms>> {
    let now = tx.now();
    let due = match step {
        State::Appraise => Some(basis.due(now, pack.limit(|p| &p.appraise))),
        _ => deadline(basis, c, pack, depth, step, now),
    };
    // What moved up stays there until its step is done; the next one begins at the desk of the place again.
    let desk = if c.deep_only == 1 { c.desk.clone() } else { basis.book.chart.desk_of(&c.path)?.id.clone() };
    let sql = "update consult set state = $2, due_at = $3, overdue_at = null, desk = $4, level = 0 where id = $1";
    tx.exec(sql, params![&c.id, step, due, desk])?;
    Ok(due)
}

/// Grades a topic: from now on its rules stand still.
pub fn grade(tx: &mut Tx, basis: &Basis, pack: &Pack, who: &Who, id: &str, new: &Grade) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.grade")?;
    rules::step(&c, None, State::Grade)?;
    pack.topic(&new.topic).ok_or_else(|| Kind::Unknown.at("topic"))?;
    if c.deep_only == 1 && new.depth != Depth::Deep {
        return Err(Kind::Unknown.at("depth"));
    }
    let step = pack.way(new.depth).after(State::Grade);
    let due = enter(tx, basis, &c, pack, new.depth, step)?;
    let sql = "update consult set depth = $2, topic = $3, title = $4, question = $5, pack = $6, graded_at = $7 where id = $1";
    let text = pack.text().map_err(Error::internal)?;
    let digest = crate::kit::digest(&[new.title.clone(), new.question.clone(), text.clone()]);
    tx.exec(sql, params![id, new.depth, &new.topic, &new.title, &new.question, text, now])?;
    let entry = entry.fact("depth", new.depth.as_str()).fact("topic", new.topic.as_str()).fact("pack", pack.id.as_str());
    tx.log(entry.fact("step", step.as_str()).fact_opt("due", due).fact("digest", digest))?;
    let c = by_id(tx, id)?;
    tell::all(tx, basis, who, &c, "graded")
}

/// Declines a topic, for a reason of the pack and in words that whoever raised it reads.
pub fn decline(tx: &mut Tx, basis: &Basis, pack: &Pack, who: &Who, id: &str, why: &str, words: &str) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.decline")?;
    rules::step(&c, None, State::Grade)?;
    pack.decline(why).ok_or_else(|| Kind::Unknown.at("why"))?;
    // What was answered and did not satisfy is talked about; it is not sent away.
    if c.deep_only == 1 {
        return Err(Kind::State.into());
    }
    let entry = Entry { owner: Some(c.owner()), ..entry };
    let seq = tx.log(entry.fact("why", why).element("consult.reason", Some(words)))?.index;
    let sql = "update consult set state = $2, declined = $3, reason_seq = $4, ended_at = $5, due_at = null, overdue_at = null \
               where id = $1";
    tx.exec(sql, params![id, State::Declined, why, seq, now])?;
    tell::all(tx, basis, who, &c, "declined")
}

/// Asks again: whoever raised it turns to the desk above the one that declined.
pub fn appeal(tx: &mut Tx, basis: &Basis, pack: &Pack, who: &Who, id: &str, words: &str) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    if !c.is_raised_by(who) {
        return Err(Kind::Denied.into());
    }
    if c.state != State::Declined {
        return Err(Kind::State.into());
    }
    let chart = &basis.book.chart;
    // Above the top nobody decides again.
    let above = chart.body(&c.desk).and_then(|b| chart.desk_above(b)).ok_or(Kind::State)?.id.clone();
    let due = basis.due(now, pack.limit(|p| &p.again));
    let entry = Entry { owner: Some(c.owner()), ..c.entry(who, "consult.appeal") };
    let entry = entry.fact("desk", above.as_str()).fact("due", due);
    let seq = tx.log(entry.element("consult.reason", Some(words)))?.index;
    let sql = "update consult set state = $2, desk = $3, level = level + 1, reason_seq = $4, ended_at = null, due_at = $5 \
               where id = $1";
    tx.exec(sql, params![id, State::Grade, &above, seq, due])?;
    let c = by_id(tx, id)?;
    tell::bodies(tx, basis, who, &c, "appeal", &[above.as_str()])
}
