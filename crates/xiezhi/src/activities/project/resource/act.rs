//! Offering something, saying that it still holds, taking it back, and what rings.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::{Loan, Sort, State, by_id, by_number};
use crate::activities::project::{Book, body_of, settled, tell, tell_body};
use crate::base::area::Area;
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Most of anything that one may offer.
pub const AMOUNT: i64 = 100_000_000;
/// Things that one resident offers at once.
const OWN: i64 = 30;

/// What somebody offers.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub sort: Sort,
    pub kind: String,
    pub title: String,
    pub about: String,
    pub amount: i64,
    pub unit: String,
    pub until_at: Option<Ms>,
}

/// Offers something, for the organisation one works for or for oneself; gives its number.
pub fn offer(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &New) -> Result<String> {
    who.part_in(&place.path).ok_or(Kind::OtherArea)?;
    let (id, now, body) = (tx.id(), tx.now(), body_of(who, &place.path));
    let person = who.person.clone().ok_or(Kind::SignIn)?;
    standing::insist(tx, body.as_deref(), now)?;
    if body.is_none() {
        if !mine::is_known(tx, who)? {
            return Err(Kind::NotKnown.into());
        }
        let own = "select count(*) from resource where by_person = $1 and state = $2";
        if tx.count(own, params![&person, State::Listed])? >= OWN {
            return Err(Kind::TooMany.at("title").limit(OWN));
        }
    }
    if new.until_at.is_some_and(|at| at <= now) {
        return Err(Kind::OutOfRange.at("until_at"));
    }
    let number = format!("Z-{:04}", tx.count("select count(*) from resource", &[])? + 1);
    let said = crate::kit::digest(&[new.title.clone(), new.about.clone()]);
    let entry = Entry {
        actor: who.actor(),
        party: body.as_deref(),
        area: Some(&place.id),
        ..Entry::new("resource.offer", "resource", &id)
    };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str()).fact("sort", new.sort.as_str());
    let seq = tx.log(entry.fact("amount", new.amount).fact("digest", said))?.index;
    let sql = "insert into resource(id, number, area, path, sort, kind, state, title, about, amount, unit, body, by_person, made_at, \
               fresh_at, until_at, ring_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$14,$15,$16,$17)";
    let ring = ring_at(book, now, new.until_at);
    tx.exec(
        sql,
        params![
            &id,
            &number,
            &place.id,
            &place.path,
            new.sort,
            &new.kind,
            State::Listed,
            &new.title,
            &new.about,
            new.amount,
            &new.unit,
            &body,
            &person,
            now,
            new.until_at,
            ring,
            seq
        ],
    )?;
    Ok(number)
}

/// When its owner is asked, or its time is over.
fn ring_at(book: &Book, now: Ms, until: Option<Ms>) -> Ms {
    until.unwrap_or(Ms::MAX).min(now + book.pack.limits.fresh_days * DAY)
}

/// Its owner says that it still holds.
pub fn fresh(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (one, now) = (by_number(tx, number)?, tx.now());
    if !one.is_of(who) {
        return Err(Kind::Denied.into());
    }
    if one.state != State::Listed {
        return Err(Kind::State.into());
    }
    tx.log(one.entry(who, "resource.fresh"))?;
    let sql = "update resource set fresh_at = $2, ring_at = $3 where id = $1";
    tx.exec(sql, params![&one.id, now, ring_at(book, now, one.until_at)])?;
    settled(tx, book, number)
}

/// Its owner takes it back, or a desk takes off what does not belong there. What was lent stays with its projects; what was
/// only asked for is refused.
pub fn end(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let one = by_number(tx, number)?;
    if !one.is_of(who) && who.desk_over(&one.path).is_none() {
        return Err(Kind::Denied.into());
    }
    if one.state != State::Listed {
        return Err(Kind::State.into());
    }
    close(tx, book, who, &one)
}

fn close(tx: &mut Tx, book: &Book, who: &Who, one: &super::Resource) -> Result<()> {
    let now = tx.now();
    tx.log(one.entry(who, "resource.end"))?;
    tx.exec("update resource set state = $2, ended_at = $3, ring_at = null where id = $1", params![&one.id, State::Ended, now])?;
    let sql = "update project_resource set state = $3, ring_at = null where resource = $1 and state = $2";
    tx.exec(sql, params![&one.id, Loan::Asked, Loan::Refused])?;
    settled(tx, book, &one.number)
}

/// Rings for one: its time is over; or its owner is asked whether it still holds, and it ends when he does not answer.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (one, now, system) = (by_id(tx, id)?, tx.now(), Who::system());
    if one.state != State::Listed || one.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let limits = &book.pack.limits;
    let over = one.until_at.is_some_and(|at| at <= now);
    if over || now >= one.fresh_at + (limits.fresh_days + limits.gone_days) * DAY {
        return close(tx, book, &system, &one);
    }
    tx.log(one.entry(&system, "resource.ring"))?;
    let next = one.until_at.unwrap_or(Ms::MAX).min(one.fresh_at + (limits.fresh_days + limits.gone_days) * DAY);
    tx.exec("update resource set ring_at = $2 where id = $1", params![id, next])?;
    match &one.body {
        Some(body) => tell_body(tx, book, &system, &one.number, "resource-ask", body),
        None => tell(tx, book, &system, &one.number, "resource-ask", std::slice::from_ref(&one.by_person)),
    }
}
