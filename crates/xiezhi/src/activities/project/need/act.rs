//! Saying what is needed, needing it too, the desk's answer, and what rings.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Query, Tx, params};

use super::{Need, State, by_id, by_number};
use crate::activities::project::{Book, above, settled, tell, tell_body};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// What somebody needs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub kind: String,
    pub words: String,
    /// Number of the case or consultation that showed it; for people who work there.
    pub source: Option<String>,
}

/// Says what is needed; gives its number.
pub fn raise(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &New) -> Result<String> {
    who.part_in(&place.path).ok_or(Kind::OtherArea)?;
    let (id, now, staff) = (tx.id(), tx.now(), who.is_staff());
    if !staff && !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    if new.source.is_some() && !staff {
        return Err(Kind::Denied.at("source"));
    }
    let waiting = "select count(*) from need where by_person = $1 and state = $2";
    if !staff && tx.count(waiting, params![who.person.as_deref(), State::Raised])? >= book.pack.limits.waiting {
        return Err(Kind::TooMany.at("words").limit(book.pack.limits.waiting));
    }
    let desk = book.chart.desk_of(&place.path)?.id.clone();
    let number = format!("X-{:04}", tx.count("select count(*) from need", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let entry = store::Entry {
        actor: who.actor(),
        area: Some(&place.id),
        owner: Some(&id),
        ..store::Entry::new("need.raise", "need", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str());
    let entry = match &new.source {
        Some(source) => entry.fact("source", source.as_str()),
        None => entry,
    };
    let seq = tx.log(entry.element("need.words", Some(new.words.as_str())))?.index;
    let words = tx.seal(&id, new.words.as_bytes())?;
    let sql = "insert into need(id, number, area, path, kind, state, words, by_person, source, desk, ring_at, made_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)";
    let (ring, state) = (now + book.pack.limits.answer_days * DAY, State::Raised);
    let by = who.person.as_deref();
    tx.exec(sql, params![&id, &number, &place.id, &place.path, &new.kind, state, words, by, &new.source, &desk, ring, now, seq])?;
    if !staff {
        count(tx, &id, who)?;
    }
    tell_body(tx, book, who, &number, "need-raised", &desk)?;
    Ok(number)
}

/// Counts somebody who needs it; whether he was not counted before.
fn count(tx: &mut Tx, id: &str, who: &Who) -> Result<bool> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    let voter = crate::kit::voter(|p, t| tx.digest(p, t), id, person);
    let sql = "insert into need_too(need, voter) values ($1, $2) on conflict(need, voter) do nothing";
    Ok(tx.exec(sql, params![id, voter])? > 0)
}

/// Needs it, too; saying so twice counts once.
pub fn too(tx: &mut Tx, who: &Who, number: &str) -> Result<()> {
    let need = by_number(tx, number)?;
    who.part_in(&need.path).ok_or(Kind::OtherArea)?;
    if !matches!(need.state, State::Listed | State::Working) {
        return Err(Kind::State.into());
    }
    // Without a name: the log shows that somebody needs it, not who.
    tx.log(store::Entry { area: Some(&need.area), ..store::Entry::new("need.too", "need", &need.id) })?;
    count(tx, &need.id, who).map(drop)
}

/// A desk's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Onto the list, as everybody reads it.
    List(String),
    /// Not onto the list, with the reason.
    Decline(String),
    /// Met without a project: how.
    Met(String),
}

/// Answers a need; what is on the list may be called otherwise, declined or met later.
pub fn decide(tx: &mut Tx, book: &Book, who: &Who, number: &str, answer: &Answer) -> Result<()> {
    let (need, now) = (by_number(tx, number)?, tx.now());
    if !need.is_run_by(who) {
        return Err(Kind::Denied.into());
    }
    // Nobody decides on what he asked for himself.
    if need.by_person.is_some() && need.by_person.as_deref() == who.actor() && !matches!(answer, Answer::List(_)) {
        return Err(Kind::Denied.into());
    }
    let allowed = match answer {
        Answer::List(_) => matches!(need.state, State::Raised | State::Listed | State::Declined),
        Answer::Decline(_) => matches!(need.state, State::Raised | State::Listed),
        Answer::Met(_) => need.state == State::Listed,
    };
    if !allowed {
        return Err(Kind::State.into());
    }
    let (state, title, why) = match answer {
        Answer::List(title) => (State::Listed, Some(title.as_str()), None),
        Answer::Decline(why) => (State::Declined, need.title.as_deref(), Some(why.as_str())),
        Answer::Met(how) => (State::Met, need.title.as_deref(), Some(how.as_str())),
    };
    let said = crate::kit::digest(&[title.unwrap_or_default().into(), why.unwrap_or_default().into()]);
    tx.log(need.entry(who, "need.decide").fact("state", state.as_str()).fact("digest", said))?;
    let ring = (state == State::Listed).then(|| now + book.pack.limits.rest_days * DAY);
    let ended = (state != State::Listed).then_some(now);
    // Whoever was asked because the desk was late is not asked any more.
    let desk = book.chart.desk_of(&need.path)?.id.clone();
    let sql =
        "update need set state = $2, title = $3, why = $4, ring_at = $5, decided_at = $6, ended_at = $7, desk = $8 where id = $1";
    tx.exec(sql, params![&need.id, state, title, why, ring, now, ended, desk])?;
    settled(tx, book, number)?;
    let kind = format!("need-{}", state.as_str());
    need.by_person.iter().try_for_each(|p| tell(tx, book, who, number, &kind, std::slice::from_ref(p)))
}

/// Rings for one: nobody answered, so the desk above has it; or nothing was done for long, so its desk is asked again.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (need, now, system): (Need, Ms, Who) = (by_id(tx, id)?, tx.now(), Who::system());
    if need.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let waits = need.state == State::Raised;
    let desk = if waits { above(book, &need.desk) } else { need.desk.clone() };
    let days = if waits { book.pack.limits.answer_days } else { book.pack.limits.rest_days };
    tx.log(need.entry(&system, "need.ring").fact("desk", desk.as_str()))?;
    tx.exec("update need set desk = $2, ring_at = $3 where id = $1", params![id, &desk, now + days * DAY])?;
    tell_body(tx, book, &system, &need.number, if waits { "need-late" } else { "need-rests" }, &desk)
}
