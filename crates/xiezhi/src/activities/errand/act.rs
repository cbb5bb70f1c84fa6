//! Asking, taking, papers and steps, the end, and what rings.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::{Errand, Move, Sort, State, by_id, by_number, steps};
use crate::activities::service::booking;
use crate::base::area::Area;
use crate::base::party::Chart;
use crate::base::{notice, roster};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Errands of one person that are open at once.
const OPEN: i64 = 5;
/// Days of a mandate, at most.
pub const MANDATE: i64 = 90;
/// Days within which somebody takes it; then the desk above is asked, too.
const TAKE: i64 = 2;
/// Days of silence of whom it is for, after which it counts as done.
const SILENT: i64 = 7;
/// Days after which a desk is told again of papers that were not given back.
const AGAIN: i64 = 3;
/// Steps of one errand.
const STEPS: usize = 100;
/// Wrong codes in a row are slowed for each errand, as passwords are.
pub const TRIES: &str = "errand";

/// What actions need besides the database.
#[derive(Clone)]
pub struct Book {
    /// Organisations.
    pub chart: Arc<Chart>,
    /// Where days begin.
    pub zone: TimeZone,
}

/// What is to be done for somebody.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub kind: Sort,
    pub words: String,
    pub days: i64,
    /// Name and telephone of whom it is for, when he has no account; for people who work there.
    pub other: Option<(String, String)>,
}

/// Asks; gives its number. With it goes the mandate.
pub fn ask(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &New) -> Result<String> {
    let now = tx.now();
    let person = match &new.other {
        Some(_) => {
            let works =
                who.roles.iter().any(|r| r.kind.is_staff() && place.path.starts_with(&r.path) || r.path.starts_with(&place.path));
            if !who.is_staff() || !works {
                return Err(Kind::Denied.at("name"));
            }
            None
        }
        None => {
            if !mine::is_known(tx, who)? {
                return Err(Kind::NotKnown.into());
            }
            who.person.clone()
        }
    };
    if let Some(person) = &person {
        let open = "select count(*) from errand where asked_by = $1 and state in ($2, $3)";
        if tx.count(open, params![person, State::Asked, State::Taken])? >= OPEN {
            return Err(Kind::TooMany.at("words").limit(OPEN));
        }
    }
    let id = tx.id();
    let number = format!("T-{:04}", tx.count("select count(*) from errand", &[])? + 1);
    let desk = book.chart.desk_of(&place.path)?.id.clone();
    tx.new_owner_of(&id, &place.id)?;
    let (name, phone) = new.other.clone().unzip();
    let until = now + new.days * DAY;
    let entry = Entry { actor: who.actor(), area: Some(&place.id), owner: Some(&id), ..Entry::new("errand.ask", "errand", &id) };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str()).fact("mandate", until);
    let entry = entry.element("errand.words", Some(new.words.as_str())).element("errand.name", name.as_deref());
    let seq = tx.log(entry.element("errand.phone", phone.as_deref()))?.index;
    let words = tx.seal_text(&id, Some(&new.words))?;
    let (name, phone) = (tx.seal_text(&id, name.as_deref())?, tx.seal_text(&id, phone.as_deref())?);
    let sql = "insert into errand(id, number, area, path, kind, state, asked_by, by_person, words, name, phone, mandate_until, papers, \
               desk, ring_at, made_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,0,$13,$14,$15,$16)";
    let by = who.actor().ok_or(Kind::SignIn)?;
    tx.exec(
        sql,
        params![
            &id,
            &number,
            &place.id,
            &place.path,
            new.kind,
            State::Asked,
            &person,
            by,
            words,
            name,
            phone,
            until,
            &desk,
            now + TAKE * DAY,
            now,
            seq
        ],
    )?;
    let made = by_id(tx, &id)?;
    tell_desk(tx, book, who, &made, &desk, "errand-asked")?;
    Ok(number)
}

fn tell(tx: &mut Tx, book: &Book, who: &Who, errand: &Errand, people: &[String], kind: &str) -> Result<()> {
    let at = tx.now();
    let one = |person: &String| notice::New {
        person: person.clone(),
        at,
        kind: kind.to_owned(),
        subject: errand.number.clone(),
        class: None,
        urgent: false,
    };
    let people = people.iter().filter(|p| Some(p.as_str()) != who.actor());
    notice::put(tx, &book.zone, &people.map(one).collect::<Vec<_>>())
}

fn tell_desk(tx: &mut Tx, book: &Book, who: &Who, errand: &Errand, desk: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let people = roster::reachable(tx, desk, now, false)?;
    tell(tx, book, who, errand, &people, kind)
}

fn tell_asker(tx: &mut Tx, book: &Book, who: &Who, errand: &Errand, kind: &str) -> Result<()> {
    let person = errand.asked_by.clone().unwrap_or_else(|| errand.by_person.clone());
    tell(tx, book, who, errand, &[person], kind)
}

/// Somebody who works around the place takes it.
pub fn take(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    let role = works(who, &errand).ok_or(Kind::NotFound)?;
    if errand.is_of(who) {
        return Err(Kind::Denied.into());
    }
    if errand.state != State::Asked || now >= errand.mandate_until {
        return Err(Kind::State.into());
    }
    let (person, body) = (who.actor().ok_or(Kind::SignIn)?.to_owned(), role.body.clone());
    tx.log(Entry { role: Some(role.kind.as_str()), party: body.as_deref(), ..errand.entry(who, "errand.take") })?;
    // Whoever was asked because nobody took it is not asked any more.
    let desk = book.chart.desk_of(&errand.path)?.id.clone();
    let sql = "update errand set state = $2, helper = $3, body = $4, taken_at = $5, ring_at = $6, desk = $7 where id = $1";
    tx.exec(sql, params![&errand.id, State::Taken, &person, &body, now, errand.mandate_until, desk])?;
    notice::take(tx, &book.zone, &[notice::Step::Settled(number.to_owned())])?;
    tell_asker(tx, book, who, &errand, "errand-taken")
}

/// The role in which somebody may take errands there: whoever works there, in a desk or a group, or walks its grids.
pub fn works<'w>(who: &'w Who, errand: &Errand) -> Option<&'w crate::kit::Role> {
    let fits = |r: &&crate::kit::Role| {
        r.kind.is_staff() && (errand.path.starts_with(&r.path) || r.kind.walks() && r.path.starts_with(&errand.path))
    };
    who.roles.iter().filter(|_| who.by.is_none()).find(fits)
}

/// What whoever does it writes down.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewStep {
    pub kind: Move,
    pub words: String,
    /// The code of whom it is for: he says that it is so.
    pub code: Option<String>,
}

/// Writes a step down: papers in, papers back, what was done. Papers are his who gave them, so he is asked whether it is so.
pub fn step(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &NewStep) -> Result<()> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    if !errand.is_done_by(who) {
        return Err(Kind::NotFound.into());
    }
    let open = errand.state == State::Taken && now < errand.mandate_until;
    let allowed = match new.kind {
        // Papers go back at any time, also when it has ended.
        Move::Back => errand.papers == 1,
        Move::In | Move::Note => open,
        Move::Done => errand.state == State::Taken,
        Move::Booked | Move::Again => false,
    };
    if !allowed {
        return Err(Kind::State.into());
    }
    if new.kind == Move::Done && errand.papers == 1 {
        return Err(Kind::PapersHeld.into());
    }
    let right = match &new.code {
        Some(code) if code.trim() == errand.code(tx) => true,
        Some(_) => return Err(Kind::WrongCode.at("code")),
        None => false,
    };
    let act = if new.kind == Move::Done { "errand.done" } else { "errand.step" };
    add(tx, who, &errand, act, new.kind, Some(&new.words), right)?;
    let papers = i64::from(match new.kind {
        Move::In => true,
        Move::Back => false,
        _ => errand.papers == 1,
    });
    tx.exec("update errand set papers = $2 where id = $1", params![&errand.id, papers])?;
    if matches!(errand.state, State::Closed | State::Dropped) {
        tx.exec("update errand set ring_at = null where id = $1", params![&errand.id])?;
        return Ok(());
    }
    if new.kind == Move::Done {
        let sql = "update errand set state = $2, ring_at = $3 where id = $1";
        tx.exec(sql, params![&errand.id, State::Done, now + SILENT * DAY])?;
        if right {
            return close(tx, book, who, &errand);
        }
        return tell_asker(tx, book, who, &errand, "errand-done");
    }
    if right || errand.asked_by.is_none() { Ok(()) } else { tell_asker(tx, book, who, &errand, "errand-step") }
}

/// An appointment that was booked for it.
pub fn booked(tx: &mut Tx, who: &Who, zone: &TimeZone, number: &str, service: &str, at: Ms) -> Result<String> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    if !errand.is_done_by(who) {
        return Err(Kind::NotFound.into());
    }
    if errand.state != State::Taken || now >= errand.mandate_until {
        return Err(Kind::State.into());
    }
    let other = match &errand.asked_by {
        Some(_) => None,
        None => {
            let name = tx.open_text(&errand.id, errand.name.clone())?.unwrap_or_default();
            Some((name, tx.open_text(&errand.id, errand.phone.clone())?.unwrap_or_default()))
        }
    };
    let new =
        booking::act::New { starts_at: at, words: None, other, errand: Some(number.to_owned()), person: errand.asked_by.clone() };
    let made = booking::act::book(tx, who, service, &new, zone)?;
    add(tx, who, &errand, "errand.step", Move::Booked, Some(&made), false)?;
    Ok(made)
}

fn add(tx: &mut Tx, who: &Who, errand: &Errand, act: &'static str, kind: Move, words: Option<&str>, right: bool) -> Result<()> {
    let (all, now) = (steps(tx, &errand.id)?, tx.now());
    if all.len() >= STEPS {
        return Err(Kind::TooMany.at("words").limit(STEPS as i64));
    }
    let n = all.len() as i64 + 1;
    let entry = errand.entry(who, act).fact("n", n).fact("kind", kind.as_str());
    tx.log(entry.element("errand.words", words))?;
    let sealed = tx.seal_text(&errand.id, words)?;
    let sql = "insert into errand_step(errand, n, kind, by_person, at, words, confirmed_at) values ($1,$2,$3,$4,$5,$6,$7)";
    tx.exec(sql, params![&errand.id, n, kind, who.actor(), now, sealed, right.then_some(now)])?;
    Ok(())
}

/// Whom it is for says that papers changed hands as it is written; of what is done, that it is.
pub fn confirm(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    if !errand.is_of(who) {
        return Err(Kind::NotFound.into());
    }
    let open = "select count(*) from errand_step where errand = $1 and confirmed_at is null and kind in ($2, $3, $4)";
    if tx.count(open, params![&errand.id, Move::In, Move::Back, Move::Done])? == 0 {
        return Err(Kind::State.into());
    }
    tx.log(errand.entry(who, "errand.confirm"))?;
    let sql = "update errand_step set confirmed_at = $2 where errand = $1 and confirmed_at is null and kind in ($3, $4, $5)";
    tx.exec(sql, params![&errand.id, now, Move::In, Move::Back, Move::Done])?;
    notice::take(tx, &book.zone, &[notice::Step::Done(number.to_owned(), errand.asked_by.iter().cloned().collect())])?;
    if errand.state == State::Done { close(tx, book, who, &errand) } else { Ok(()) }
}

fn close(tx: &mut Tx, book: &Book, who: &Who, errand: &Errand) -> Result<()> {
    let now = tx.now();
    tx.log(errand.entry(who, "errand.close"))?;
    tx.exec(
        "update errand set state = $2, ended_at = $3, ring_at = null where id = $1",
        params![&errand.id, State::Closed, now],
    )?;
    notice::take(tx, &book.zone, &[notice::Step::Settled(errand.number.clone())])?;
    tell(tx, book, who, errand, &errand.helper.iter().cloned().collect::<Vec<_>>(), "errand-closed")
}

/// Whom it is for says that it is not right: it goes on, and the desk is told.
pub fn again(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str) -> Result<()> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    if !errand.is_of(who) {
        return Err(Kind::NotFound.into());
    }
    if errand.state != State::Done {
        return Err(Kind::State.into());
    }
    add(tx, who, &errand, "errand.again", Move::Again, Some(words), true)?;
    let until = errand.mandate_until.max(now + SILENT * DAY);
    let sql = "update errand set state = $2, ring_at = $3, mandate_until = $3 where id = $1";
    tx.exec(sql, params![&errand.id, State::Taken, until])?;
    tell(tx, book, who, &errand, &errand.helper.iter().cloned().collect::<Vec<_>>(), "errand-again")?;
    tell_desk(tx, book, who, &errand, &errand.desk, "errand-again")
}

/// Whoever took it cannot do it: others may. Not while he holds papers.
pub fn give_up(tx: &mut Tx, book: &Book, who: &Who, number: &str, why: &str) -> Result<()> {
    let (errand, now) = (by_number(tx, number)?, tx.now());
    if !errand.is_done_by(who) {
        return Err(Kind::NotFound.into());
    }
    if errand.state != State::Taken {
        return Err(Kind::State.into());
    }
    if errand.papers == 1 {
        return Err(Kind::PapersHeld.into());
    }
    add(tx, who, &errand, "errand.drop", Move::Note, Some(why), false)?;
    let sql = "update errand set state = $2, helper = null, body = null, ring_at = $3 where id = $1";
    tx.exec(sql, params![&errand.id, State::Asked, now + TAKE * DAY])?;
    tell_asker(tx, book, who, &errand, "errand-dropped")?;
    tell_desk(tx, book, who, &errand, &errand.desk, "errand-asked")
}

/// Whom it is for, or whoever wrote it down for him, takes the mandate back, at any moment; papers still have to come back.
pub fn withdraw(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let errand = by_number(tx, number)?;
    let own = errand.is_of(who) || errand.asked_by.is_none() && who.actor() == Some(&errand.by_person);
    if !own {
        return Err(Kind::NotFound.into());
    }
    if !matches!(errand.state, State::Asked | State::Taken | State::Done) {
        return Err(Kind::State.into());
    }
    end(tx, book, who, &errand, "errand.withdraw", "errand-withdrawn")
}

fn end(tx: &mut Tx, book: &Book, who: &Who, errand: &Errand, act: &'static str, kind: &str) -> Result<()> {
    let now = tx.now();
    tx.log(errand.entry(who, act).fact("papers", errand.papers))?;
    let ring = (errand.papers == 1).then_some(now + AGAIN * DAY);
    let sql = "update errand set state = $2, ended_at = $3, ring_at = $4 where id = $1";
    tx.exec(sql, params![&errand.id, State::Dropped, now, ring])?;
    notice::take(tx, &book.zone, &[notice::Step::Settled(errand.number.clone())])?;
    let mut people: Vec<String> = errand.helper.iter().chain(&errand.asked_by).cloned().collect();
    people.dedup();
    tell(tx, book, who, errand, &people, kind)
}

/// Errands whose bell rings.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from errand where ring_at <= $1 and ring_at is not null order by ring_at, id limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Rings one: nobody took it, so the desk above is asked; the mandate has ended; silence counts as yes; papers are still out.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (errand, now, system) = (by_id(tx, id)?, tx.now(), Who::system());
    if errand.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    match errand.state {
        State::Asked if now < errand.mandate_until => {
            let above = book
                .chart
                .body(&errand.desk)
                .and_then(|b| book.chart.desk_above(b))
                .map_or(errand.desk.clone(), |b| b.id.clone());
            tx.log(errand.entry(&system, "errand.ring").fact("desk", above.as_str()))?;
            let next = errand.mandate_until.min(now + TAKE * DAY);
            tx.exec("update errand set desk = $2, ring_at = $3 where id = $1", params![id, &above, next])?;
            tell_desk(tx, book, &system, &errand, &above, "errand-late")
        }
        State::Asked | State::Taken => {
            end(tx, book, &system, &errand, "errand.ring", "errand-lapsed")?;
            tell_desk(tx, book, &system, &errand, &errand.desk, "errand-lapsed")
        }
        State::Done => close(tx, book, &system, &errand),
        State::Closed | State::Dropped => {
            tx.log(errand.entry(&system, "errand.ring"))?;
            let next = (errand.papers == 1).then_some(now + AGAIN * DAY);
            tx.exec("update errand set ring_at = $2 where id = $1", params![id, next])?;
            tell_desk(tx, book, &system, &errand, &errand.desk, "errand-papers")
        }
    }
}
