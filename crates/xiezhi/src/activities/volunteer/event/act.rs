//! Beginning, signing up, coming, booking.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::{By, Event, Stand, State, by_number, people};
use crate::activities::volunteer::hours::{self, Account, Holder, Reason, Transfer};
use crate::activities::volunteer::twice::{self, Times};
use crate::activities::volunteer::{Book, help, profile};
use crate::base::area::Area;
use crate::base::notice;
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Seats of one event.
pub const SEATS: i64 = 500;
/// Hours that one may last.
const LONG: i64 = 24;
/// Days ahead.
const AHEAD: i64 = 180;
/// Days after its end in which hours are booked and confirmed.
const BOOK_DAYS: i64 = 30;
/// How long a code of the place holds; the one before it holds as well.
const CODE: Ms = 2 * MINUTE;
/// How long before it begins the code opens.
const EARLY: Ms = 30 * MINUTE;

/// What people are asked to come to.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub about: String,
    pub place: String,
    pub starts_at: Ms,
    pub ends_at: Ms,
    pub seats: i64,
}

/// Begins one; gives its number.
pub fn begin(tx: &mut Tx, who: &Who, place: &Area, new: &New) -> Result<String> {
    // The desk of the place, or a group that works there.
    let leads = |r: &&crate::kit::Role| (r.kind.is_desk() || r.kind.may_claim()) && place.path.starts_with(&r.path);
    let role = who.roles.iter().find(leads).ok_or(Kind::Denied)?;
    let (id, now) = (tx.id(), tx.now());
    standing::insist(tx, role.body.as_deref(), now)?;
    if new.starts_at <= now || new.starts_at > now + AHEAD * DAY {
        return Err(Kind::OutOfRange.at("starts_at").limit(AHEAD));
    }
    if new.ends_at <= new.starts_at || new.ends_at > new.starts_at + LONG * HOUR {
        return Err(Kind::OutOfRange.at("ends_at").limit(LONG));
    }
    let number = format!("E-{:04}", tx.count("select count(*) from event", &[])? + 1);
    let entry = Entry {
        actor: who.actor(),
        role: Some(role.kind.as_str()),
        party: role.body.as_deref(),
        area: Some(&place.id),
        ..Entry::new("event.begin", "event", &id)
    };
    let said = crate::kit::digest(&[new.title.clone(), new.about.clone(), new.place.clone()]);
    let entry = entry.fact("number", number.as_str()).fact("seats", new.seats).fact("digest", said);
    let seq = tx.log(entry.fact("starts", new.starts_at).fact("ends", new.ends_at))?.index;
    let sql = "insert into event(id, number, area, path, state, title, about, place, body, made_by, made_at, starts_at, ends_at, seats, \
               log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)";
    let by = who.actor().ok_or(Kind::SignIn)?;
    tx.exec(
        sql,
        params![
            &id,
            &number,
            &place.id,
            &place.path,
            State::Open,
            &new.title,
            &new.about,
            &new.place,
            &role.body,
            by,
            now,
            new.starts_at,
            new.ends_at,
            new.seats,
            seq
        ],
    )?;
    Ok(number)
}

fn own(who: &Who) -> Result<String> {
    who.person.clone().filter(|_| who.by.is_none()).ok_or_else(|| Kind::Denied.into())
}

/// Signs up: with a seat, or waiting for one.
pub fn join(tx: &mut Tx, who: &Who, number: &str) -> Result<Stand> {
    let (event, now, person) = (by_number(tx, number)?, tx.now(), own(who)?);
    if event.state != State::Open || now >= event.ends_at {
        return Err(Kind::Over.into());
    }
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    let all = people(tx, &event.id)?;
    if all.iter().any(|b| b.person == person && b.state != Stand::Left) {
        return Err(Kind::SaidAlready.into());
    }
    if twice::elsewhere(tx, &person, (event.starts_at, event.ends_at), &event.id, Times::Promised)? {
        return Err(Kind::Overlaps.into());
    }
    let taken = all.iter().filter(|b| !matches!(b.state, Stand::Waiting | Stand::Left)).count() as i64;
    let state = if taken < event.seats { Stand::Coming } else { Stand::Waiting };
    let n = all.last().map_or(0, |b| b.n) + 1;
    tx.log(event.entry(who, "event.join").fact("state", state.as_str()))?;
    let sql = "insert into event_by(event, person, n, state, at) values ($1,$2,$3,$4,$5) on conflict(event, person) \
               do update set n = excluded.n, state = excluded.state, at = excluded.at";
    tx.exec(sql, params![&event.id, &person, n, state, now])?;
    Ok(state)
}

/// Gives a seat up; whoever waited longest has it then, and is told.
pub fn leave(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (event, now, person) = (by_number(tx, number)?, tx.now(), own(who)?);
    let all = people(tx, &event.id)?;
    let mine = all.iter().find(|b| b.person == person).ok_or(Kind::NotFound)?;
    if !matches!(mine.state, Stand::Coming | Stand::Waiting) || event.state != State::Open {
        return Err(Kind::State.into());
    }
    tx.log(event.entry(who, "event.leave"))?;
    set(tx, &event, &person, Stand::Left)?;
    let next = all.iter().find(|b| b.state == Stand::Waiting && b.person != person);
    if let Some(next) = next.filter(|_| mine.state == Stand::Coming && now < event.ends_at) {
        set(tx, &event, &next.person, Stand::Coming)?;
        tell(tx, book, &event, "event-seat", &[next.person.as_str()])?;
    }
    Ok(())
}

fn set(tx: &mut Tx, event: &Event, person: &str, state: Stand) -> Result<()> {
    let sql = "update event_by set state = $3 where event = $1 and person = $2";
    tx.exec(sql, params![&event.id, person, state])?;
    Ok(())
}

fn tell(tx: &mut Tx, book: &Book, event: &Event, kind: &str, people: &[&str]) -> Result<()> {
    let at = tx.now();
    let news = people.iter().map(|p| notice::New {
        person: (*p).to_owned(),
        at,
        kind: kind.to_owned(),
        subject: event.number.clone(),
        class: None,
        urgent: false,
    });
    notice::put(tx, &book.zone, &news.collect::<Vec<_>>())
}

/// The code that is shown on the spot now, or was a moment ago (`back`): another one every two minutes.
pub fn code(q: &dyn Query, event: &str, now: Ms, back: i64) -> String {
    let digest = q.digest("event", &format!("{event} {}", now / CODE - back));
    calc::codes::crockford(&digest)[..6].to_owned()
}

/// Somebody is there: he has the code that is shown on the spot. With a seat or without: whoever came works.
pub fn come(tx: &mut Tx, who: &Who, number: &str, typed: &str) -> Result<()> {
    let (event, now, person) = (by_number(tx, number)?, tx.now(), own(who)?);
    if event.state != State::Open || now < event.starts_at - EARLY || now >= event.ends_at + EARLY {
        return Err(Kind::NotOpen.into());
    }
    let typed = typed.trim().to_uppercase();
    if ![0, 1].iter().any(|back| code(tx, &event.id, now, *back) == typed) {
        return Err(Kind::WrongCode.at("code"));
    }
    let all = people(tx, &event.id)?;
    let mine = all.iter().find(|b| b.person == person && b.state != Stand::Left).ok_or_else(|| Kind::NotFound.at("person"))?;
    if mine.state == Stand::Came {
        return Ok(());
    }
    if twice::elsewhere(tx, &person, (event.starts_at, event.ends_at), &event.id, Times::Done)? {
        return Err(Kind::Overlaps.into());
    }
    tx.log(event.entry(who, "event.come"))?;
    set(tx, &event, &person, Stand::Came)
}

/// Whoever leads it says who was there and how long; hours of whoever had the code are booked at once, the others say so
/// themselves first.
pub fn book_all(tx: &mut Tx, book: &Book, who: &Who, number: &str, minutes: i64, named: &[String]) -> Result<()> {
    let (event, now) = (by_number(tx, number)?, tx.now());
    if !event.is_led_by(who) {
        return Err(Kind::Denied.into());
    }
    if event.state != State::Open || now < event.ends_at || now > event.ends_at + BOOK_DAYS * DAY {
        return Err(Kind::State.into());
    }
    let most = (event.ends_at - event.starts_at) / MINUTE;
    if !(1..=most).contains(&minutes) {
        return Err(Kind::OutOfRange.at("minutes").limit(most));
    }
    let all = people(tx, &event.id)?;
    tx.log(event.entry(who, "event.book").fact("minutes", minutes))?;
    tx.exec("update event set state = $2, ended_at = $3 where id = $1", params![&event.id, State::Booked, now])?;
    for by in &all {
        // Nobody books his own hours: he is named, and somebody else of the desk grants them.
        let himself = Some(by.person.as_str()) == who.actor();
        match by.state {
            Stand::Came if !himself => pay(tx, book, who, &event, by, minutes)?,
            Stand::Coming | Stand::Waiting if named.contains(&by.person) && !himself => {
                set(tx, &event, &by.person, Stand::Named)?;
                let sql = "update event_by set minutes = $3 where event = $1 and person = $2";
                tx.exec(sql, params![&event.id, &by.person, minutes])?;
                tell(tx, book, &event, "event-named", &[by.person.as_str()])?;
            }
            _ => (),
        }
    }
    Ok(())
}

/// Whoever was named says that he was there, and has his hours.
pub fn confirm(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (event, now, person) = (by_number(tx, number)?, tx.now(), own(who)?);
    let all = people(tx, &event.id)?;
    let mine = all.iter().find(|b| b.person == person && b.state == Stand::Named).ok_or(Kind::State)?;
    if now > event.ends_at + BOOK_DAYS * DAY {
        return Err(Kind::Over.into());
    }
    let span = twice::span(event.starts_at, mine.minutes.unwrap_or_default());
    if twice::elsewhere(tx, &person, span, &event.id, Times::Done)? {
        return Err(Kind::Overlaps.into());
    }
    tx.log(event.entry(who, "event.confirm"))?;
    pay(tx, book, who, &event, mine, mine.minutes.unwrap_or_default())?;
    notice::take(tx, &book.zone, &[notice::Step::Done(event.number.clone(), vec![person])])
}

/// From the community to whoever worked for it, as far as his account has room.
fn pay(tx: &mut Tx, book: &Book, who: &Who, event: &Event, by: &By, minutes: i64) -> Result<()> {
    let home = help::community(tx, &event.area)?;
    let at = match profile::of(tx, &by.person)? {
        Some(v) => help::community(tx, &v.area)?,
        None => home.clone(),
    };
    let kept = hours::kept(tx, hours::Unit::Minutes, Holder::Person, &by.person)?;
    let account = Account::person(&by.person, &kept.as_ref().map_or(at, |k| (k.area.clone(), k.path.clone())));
    let room = (book.pack.hours.most - kept.map_or(0, |k| k.balance)).clamp(0, minutes);
    if room > 0 {
        let moves = vec![(account, room), (Account::of(Holder::Pool, &home), -room)];
        hours::transfer(tx, &book.pack.hours, who, &Transfer::minutes(Reason::Grant, &event.number, moves))?;
    }
    let sql = "update event_by set state = $3, minutes = $4 where event = $1 and person = $2";
    tx.exec(sql, params![&event.id, &by.person, Stand::Booked, room])?;
    Ok(())
}

/// It does not take place, with the reason everybody reads; whoever signed up is told.
pub fn void(tx: &mut Tx, book: &Book, who: &Who, number: &str, why: &str) -> Result<()> {
    let (event, now) = (by_number(tx, number)?, tx.now());
    if !event.is_led_by(who) {
        return Err(Kind::Denied.into());
    }
    if event.state != State::Open || now >= event.ends_at {
        return Err(Kind::State.into());
    }
    tx.log(event.entry(who, "event.void").fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    let sql = "update event set state = $2, ended_at = $3, why = $4 where id = $1";
    tx.exec(sql, params![&event.id, State::Void, now, why])?;
    let all = people(tx, &event.id)?;
    let told: Vec<&str> = all.iter().filter(|b| b.state != Stand::Left).map(|b| b.person.as_str()).collect();
    tell(tx, book, &event, "event-void", &told)
}
