//! Sessions with their records, the agreement, who signs it, and what becomes of its terms.
//!
//! What must stay true: an agreement takes effect when every side, a mediator and, where it is written, the committee with
//! its stamp have signed (articles 28 and 29); from then on each term has its day and its bell; a side signs in its own name.

use store::{Entry, Query, Tx, params};

use super::rules::{self, Stand, State, Term, Way};
use super::{Book, Mediation, by_id, did, mediators, over, side, stand, tell, tell_desk};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms, day_start};
use crate::kit::{Result, Who};

/// What somebody undertakes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewTerm {
    pub side: i64,
    pub what: String,
    pub due: Ms,
}

/// An agreement, written or by word of mouth with a record of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Draft {
    pub oral: bool,
    pub text: String,
    pub terms: Vec<NewTerm>,
}

/// The mediation, for whoever mediates it.
fn mediated(tx: &mut Tx, who: &Who, id: &str) -> Result<Mediation> {
    let one = by_id(tx, id)?;
    if stand(tx, who, &one)? == Stand::Mediator { Ok(one) } else { Err(Kind::Denied.into()) }
}

/// Fixes when and where everybody meets; they are told, and reminded the day before.
pub fn session(tx: &mut Tx, book: &Book, who: &Who, id: &str, at: Ms, place: &str) -> Result<()> {
    let (one, now) = (mediated(tx, who, id)?, tx.now());
    if !matches!(one.state, State::Open | State::Drafted) {
        return Err(Kind::State.into());
    }
    if at <= now {
        return Err(Kind::OutOfRange.at("at"));
    }
    let n = tx.count("select count(*) from mediation_session where mediation = $1", params![id])? + 1;
    if n > book.pack.limits.sessions {
        return Err(Kind::TooMany.at("at").limit(book.pack.limits.sessions));
    }
    let entry = one.entry(who, Entry::new("mediation.session", "mediation", id)).fact("n", n).fact("meets", at);
    let seq = tx.log(entry.element("mediation.words", Some(place)))?.index;
    let ring = Some(at - DAY).filter(|ring| *ring > now);
    let sql = "insert into mediation_session(mediation, n, meets_at, ring_at, log_seq) values ($1,$2,$3,$4,$5)";
    tx.exec(sql, params![id, n, at, ring, seq])?;
    tell(tx, book, &one, who, "mediation-session")
}

/// Writes down what was said in a session.
pub fn record(tx: &mut Tx, who: &Who, id: &str, n: i64, words: &str) -> Result<()> {
    let one = mediated(tx, who, id)?;
    let row = tx.row("select record_seq from mediation_session where mediation = $1 and n = $2", params![id, n])?;
    if row.ok_or(Kind::NotFound)?.get::<Option<u64>>("record_seq")?.is_some() {
        return Err(Kind::State.into());
    }
    let entry = one.entry(who, Entry::new("mediation.record", "mediation", id)).fact("n", n);
    let seq = tx.log(entry.element("mediation.words", Some(words)))?.index;
    let sql = "update mediation_session set record_seq = $3, ring_at = null where mediation = $1 and n = $2";
    tx.exec(sql, params![id, n, seq])?;
    Ok(())
}

/// Writes down what the sides agree on. Written anew it must be signed anew.
pub fn draft(tx: &mut Tx, book: &Book, who: &Who, id: &str, new: &Draft) -> Result<()> {
    let (one, now) = (mediated(tx, who, id)?, tx.now());
    if !matches!(one.state, State::Open | State::Drafted) {
        return Err(Kind::State.into());
    }
    if new.terms.len() as i64 > book.pack.limits.terms {
        return Err(Kind::TooMany.at("terms").limit(book.pack.limits.terms));
    }
    let sides = side::all(tx, id)?;
    if let Some(term) = new.terms.iter().find(|t| t.due <= now || sides.iter().all(|s| s.n != t.side)) {
        return Err(if term.due <= now { Kind::OutOfRange.at("due") } else { Kind::Unknown.at("side") });
    }
    let mut entry = one.entry(who, Entry::new("mediation.draft", "mediation", id));
    entry = entry.fact("oral", new.oral).fact("terms", new.terms.len() as i64);
    entry = entry.element("mediation.words", Some(new.text.as_str()));
    for term in &new.terms {
        entry = entry.element("mediation.term", Some(term.what.as_str()));
    }
    let seq = tx.log(entry)?.index;
    tx.exec("delete from mediation_term where mediation = $1", params![id])?;
    for (i, term) in new.terms.iter().enumerate() {
        let sql = "insert into mediation_term(mediation, n, side, due_at, state) values ($1,$2,$3,$4,$5)";
        tx.exec(sql, params![id, i as i64 + 1, term.side, term.due, Term::Open])?;
    }
    tx.exec("update mediation_side set signed_at = null, signed_way = null where mediation = $1", params![id])?;
    tx.exec("update mediation_by set signed_at = null where mediation = $1", params![id])?;
    let sql = "update mediation set state = $2, oral = $3, agreed_seq = $4, stamped_at = null where id = $1";
    tx.exec(sql, params![id, State::Drafted, i64::from(new.oral), seq])?;
    tell(tx, book, &one, who, "mediation-sign")
}

/// Signs: a side for itself, a mediator (also for a side that signs on paper), the committee with its stamp.
pub fn sign(tx: &mut Tx, book: &Book, who: &Who, id: &str, n: Option<i64>, way: Way) -> Result<()> {
    let (one, now) = (by_id(tx, id)?, tx.now());
    if one.state != State::Drafted {
        return Err(Kind::State.into());
    }
    let at = stand(tx, who, &one)?;
    let entry = one.entry(who, Entry::new("mediation.sign", "mediation", id)).fact("way", way.as_str());
    let side_signs = |tx: &mut Tx, n: i64| -> Result<()> {
        let sql =
            "update mediation_side set signed_at = $3, signed_way = $4 where mediation = $1 and n = $2 and signed_at is null";
        if tx.exec(sql, params![id, n, now, way])? == 0 { Err(Kind::State.into()) } else { Ok(()) }
    };
    match (at, n, way) {
        (Stand::Side(own), _, Way::App) if who.by.is_none() => {
            side_signs(tx, own)?;
            tx.log(entry.fact("side", own))?;
        }
        (Stand::Mediator, Some(n), Way::Present | Way::Paper) => {
            side_signs(tx, n)?;
            tx.log(entry.fact("side", n))?;
        }
        (Stand::Mediator, None, _) => {
            let sql = "update mediation_by set signed_at = $3 where mediation = $1 and person = $2 and signed_at is null";
            if tx.exec(sql, params![id, who.person.as_deref(), now])? == 0 {
                return Err(Kind::State.into());
            }
            tx.log(entry.fact("mediator", true))?;
        }
        _ => return Err(Kind::Denied.into()),
    }
    did(tx, book, &one, who.person.iter().cloned().collect())?;
    take_effect(tx, book, who, &one)
}

/// The committee's stamp: it sees that there is an agreement to stamp, not what it says.
pub fn stamp(tx: &mut Tx, book: &Book, who: &Who, id: &str) -> Result<()> {
    let (one, now) = (by_id(tx, id)?, tx.now());
    let own = matches!(stand(tx, who, &one)?, Stand::Side(_));
    if own || !who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_ref() == Some(&one.desk)) {
        return Err(Kind::Denied.into());
    }
    if one.state != State::Drafted || one.oral == 1 || one.stamped_at.is_some() {
        return Err(Kind::State.into());
    }
    tx.exec("update mediation set stamped_at = $2 where id = $1", params![id, now])?;
    tx.log(one.entry(who, Entry::new("mediation.sign", "mediation", id)).fact("stamp", true))?;
    did(tx, book, &one, who.person.iter().cloned().collect())?;
    take_effect(tx, book, who, &one)
}

/// When nobody's signature is missing it takes effect: terms get their bells, and the time for a court begins.
fn take_effect(tx: &mut Tx, book: &Book, who: &Who, one: &Mediation) -> Result<()> {
    let (id, now, fresh) = (one.id.as_str(), tx.now(), by_id(tx, &one.id)?);
    let signed = side::all(tx, id)?.iter().all(|s| s.signed_at.is_some());
    let mediated = mediators(tx, id)?.iter().any(|(_, at)| at.is_some());
    if !signed || !mediated || (fresh.oral == 0 && fresh.stamped_at.is_none()) {
        if signed && mediated {
            tell_desk(tx, book, one, &one.desk, "mediation-stamp")?;
        }
        return Ok(());
    }
    let until = now + book.pack.limits.confirm_days * DAY;
    let due = until - book.pack.limits.confirm_remind_days * DAY;
    let sql = "update mediation set state = $2, effective_at = $3, confirm_until = $4, due_at = $5, closed_at = $3 where id = $1";
    tx.exec(sql, params![id, State::Settled, now, until, due])?;
    let day_of = |at: Ms| day_start(at, &book.zone);
    for row in tx.rows("select n, due_at from mediation_term where mediation = $1", params![id])? {
        let (n, due): (i64, Ms) = (row.get("n")?, row.get("due_at")?);
        let (stage, ring) = rules::first_bell(now, due, book.pack.limits.remind_days, day_of);
        let sql = "update mediation_term set stage = $3, ring_at = $4 where mediation = $1 and n = $2";
        tx.exec(sql, params![id, n, stage, ring])?;
    }
    tx.exec("update mediation_side set mark = null where mediation = $1", params![id])?;
    let entry = one.entry(who, Entry::new("mediation.effect", "mediation", id));
    tx.log(entry.fact("oral", fresh.oral).fact("confirm_until", until))?;
    over(tx, book, one)?;
    tell(tx, book, one, &Who::system(), "mediation-settled")
}

/// Whether a term was kept: said by another side than the one that owes it, or by whoever mediated.
pub fn term(tx: &mut Tx, book: &Book, who: &Who, id: &str, n: i64, kept: bool) -> Result<()> {
    let (one, now) = (by_id(tx, id)?, tx.now());
    let row = tx.row("select side, state, due_at from mediation_term where mediation = $1 and n = $2", params![id, n])?;
    let row = row.ok_or(Kind::NotFound)?;
    let (owes, state, due): (i64, Term, Ms) = (row.get("side")?, row.get("state")?, row.get("due_at")?);
    match stand(tx, who, &one)? {
        Stand::Side(n) if n != owes => {}
        Stand::Mediator => {}
        _ => return Err(Kind::Denied.into()),
    }
    // What was not kept may still be kept late; what was kept stays so.
    if one.state != State::Settled || state == Term::Kept || (state == Term::Broken && !kept) {
        return Err(Kind::State.into());
    }
    if !kept && now < due {
        return Err(Kind::NotOpen.into());
    }
    let said = if kept { Term::Kept } else { Term::Broken };
    let sql = "update mediation_term set state = $3, ring_at = null, settled_at = $4 where mediation = $1 and n = $2";
    tx.exec(sql, params![id, n, said, now])?;
    let entry = one.entry(who, Entry::new("mediation.term", "mediation", id));
    tx.log(entry.fact("n", n).fact("said", said.as_str()))?;
    tell(tx, book, &one, who, if kept { "mediation-kept" } else { "mediation-broken" })
}
