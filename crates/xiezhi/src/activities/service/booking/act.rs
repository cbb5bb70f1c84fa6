//! Opening a counter, booking a moment, cancelling, coming, and the reminder.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::{Appointment, Counter, Door, State, by_id, by_number, counter};
use crate::activities::service::{self, keeps};
use crate::base::notice::{self, New as Notice};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Minutes of one appointment, at least and at most; people at once; days ahead.
pub const MINUTES: (i64, i64) = (5, 480);
/// People at once.
pub const SEATS: i64 = 500;
/// Days ahead.
pub const AHEAD: i64 = 90;
/// Appointments that somebody has at once.
const OWN: i64 = 5;

/// Whether somebody keeps the counter of a service.
pub fn may_keep(q: &mut dyn Query, who: &Who, service: &service::Service) -> Result<bool> {
    let org = service::org_by_id(q, &service.org)?;
    Ok(keeps(who, &service.path, &org))
}

/// Says how a service takes appointments, or that it takes none. Those that were booked stay.
pub fn set(tx: &mut Tx, who: &Who, id: &str, new: &Counter) -> Result<()> {
    let service = service::by_id(tx, id)?;
    if !may_keep(tx, who, &service)? {
        return Err(Kind::Denied.into());
    }
    let entry = Entry { actor: who.actor(), area: Some(&service.area), ..Entry::new("booking.counter", "service", id) };
    let entry = entry.fact("minutes", new.minutes).fact("seats", new.seats).fact("state", new.door.as_str());
    let seq = tx.log(entry)?.index;
    let sql = "insert into counter(service, minutes, seats, ahead_days, state, changed_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7) \
               on conflict(service) do update set minutes = excluded.minutes, seats = excluded.seats, \
               ahead_days = excluded.ahead_days, state = excluded.state, changed_at = excluded.changed_at, log_seq = excluded.log_seq";
    tx.exec(sql, params![id, new.minutes, new.seats, new.ahead_days, new.door, tx.now(), seq])?;
    Ok(())
}

/// What somebody books.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub starts_at: Ms,
    pub words: Option<String>,
    /// Whom it is for, when he has no account; for people who work there.
    pub other: Option<(String, String)>,
    /// Number of the errand, and whom that is for.
    pub errand: Option<String>,
    pub person: Option<String>,
}

/// Books a moment that the hours of the service have (`open`: checked before the write); gives its number.
pub fn book(tx: &mut Tx, who: &Who, id: &str, new: &New, zone: &TimeZone) -> Result<String> {
    let (service, now) = (service::by_id(tx, id)?, tx.now());
    let counter = counter(tx, id)?.filter(|c| c.door == Door::Open).ok_or(Kind::NotOpen)?;
    let person = match (&new.other, &new.person) {
        (Some(_), _) if who.is_staff() => None,
        (Some(_), _) => return Err(Kind::Denied.at("name")),
        (None, Some(person)) => Some(person.clone()),
        (None, None) => {
            if !mine::is_known(tx, who)? {
                return Err(Kind::NotKnown.into());
            }
            who.person.clone()
        }
    };
    let ends_at = new.starts_at + counter.minutes * MINUTE;
    if new.starts_at <= now || new.starts_at > now + counter.ahead_days * DAY {
        return Err(Kind::OutOfRange.at("at").limit(counter.ahead_days));
    }
    if let Some(person) = &person {
        let live = "select count(*) from appointment where person = $1 and state = $2 and ends_at > $3";
        if tx.count(live, params![person, State::Booked, now])? >= OWN {
            return Err(Kind::TooMany.at("at").limit(OWN));
        }
        let same = "select count(*) from appointment where person = $1 and state = $2 and starts_at < $4 and ends_at > $3";
        if tx.count(same, params![person, State::Booked, new.starts_at, ends_at])? > 0 {
            return Err(Kind::Overlaps.at("at"));
        }
    }
    let taken = "select count(*) from appointment where service = $1 and state <> $2 and starts_at < $4 and ends_at > $3";
    if tx.count(taken, params![id, State::Cancelled, new.starts_at, ends_at])? >= counter.seats {
        return Err(Kind::SlotFull.at("at"));
    }
    let appointment = tx.id();
    let number = format!("A-{:04}", tx.count("select count(*) from appointment", &[])? + 1);
    tx.new_owner_of(&appointment, &service.area)?;
    let (name, phone) = new.other.clone().unzip();
    let entry = Entry {
        actor: who.actor(),
        area: Some(&service.area),
        owner: Some(&appointment),
        ..Entry::new("booking.book", "appointment", &appointment)
    };
    let entry = entry.fact("number", number.as_str()).fact("service", id).fact("starts", new.starts_at);
    let entry = entry.element("booking.name", name.as_deref()).element("booking.phone", phone.as_deref());
    let seq = tx.log(entry.element("booking.words", new.words.as_deref()))?.index;
    let name = tx.seal_text(&appointment, name.as_deref())?;
    let phone = tx.seal_text(&appointment, phone.as_deref())?;
    let words = tx.seal_text(&appointment, new.words.as_deref())?;
    // The day before; not when that has passed.
    let ring = Some(new.starts_at - DAY).filter(|at| *at > now);
    let sql = "insert into appointment(id, number, service, starts_at, ends_at, state, person, by_person, name, phone, words, errand, \
               made_at, ring_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)";
    let by = who.actor().ok_or(Kind::SignIn)?.to_owned();
    tx.exec(
        sql,
        params![
            &appointment,
            &number,
            id,
            new.starts_at,
            ends_at,
            State::Booked,
            &person,
            &by,
            name,
            phone,
            words,
            &new.errand,
            now,
            ring,
            seq
        ],
    )?;
    if let Some(person) = person.filter(|p| *p != by) {
        tell(tx, zone, &person, &number, "booking-made")?;
    }
    Ok(number)
}

fn tell(tx: &mut Tx, zone: &TimeZone, person: &str, number: &str, kind: &str) -> Result<()> {
    let at = tx.now();
    let new =
        Notice { person: person.to_owned(), at, kind: kind.to_owned(), subject: number.to_owned(), class: None, urgent: false };
    notice::put(tx, zone, &[new])
}

/// Cancels it: whose it is, whoever booked it, or the counter; the other side is told.
pub fn cancel(tx: &mut Tx, who: &Who, number: &str, zone: &TimeZone) -> Result<()> {
    let (one, now) = (by_number(tx, number)?, tx.now());
    let service = service::by_id(tx, &one.service)?;
    let keeper = may_keep(tx, who, &service)?;
    if !one.is_of(who) && !keeper {
        return Err(Kind::NotFound.into());
    }
    if one.state != State::Booked || one.ends_at <= now {
        return Err(Kind::State.into());
    }
    tx.log(one.entry(who, &service, "booking.cancel"))?;
    let sql = "update appointment set state = $2, ended_at = $3, ring_at = null where id = $1";
    tx.exec(sql, params![&one.id, State::Cancelled, now])?;
    let told = one.person.as_ref().unwrap_or(&one.by_person);
    if Some(told.as_str()) != who.actor() { tell(tx, zone, told, number, "booking-cancelled") } else { Ok(()) }
}

/// Whoever has it is there.
pub fn come(tx: &mut Tx, who: &Who, number: &str) -> Result<()> {
    let (one, now) = (by_number(tx, number)?, tx.now());
    let service = service::by_id(tx, &one.service)?;
    if !may_keep(tx, who, &service)? {
        return Err(Kind::Denied.into());
    }
    if one.state != State::Booked || now < one.starts_at - DAY {
        return Err(Kind::State.into());
    }
    tx.log(one.entry(who, &service, "booking.come"))?;
    tx.exec(
        "update appointment set state = $2, ended_at = $3, ring_at = null where id = $1",
        params![&one.id, State::Came, now],
    )?;
    Ok(())
}

/// Reminds of it, the day before.
pub fn ring(tx: &mut Tx, id: &str, zone: &TimeZone) -> Result<()> {
    let one: Appointment = by_id(tx, id)?;
    if one.ring_at.is_none_or(|at| at > tx.now()) {
        return Ok(());
    }
    let service = service::by_id(tx, &one.service)?;
    tx.log(one.entry(&Who::system(), &service, "booking.remind"))?;
    tx.exec("update appointment set ring_at = null where id = $1", params![id])?;
    if one.state != State::Booked {
        return Ok(());
    }
    let mut people = vec![one.by_person.clone()];
    people.extend(one.person.clone());
    people.sort();
    people.dedup();
    people.iter().try_for_each(|p| tell(tx, zone, p, &one.number, "booking-soon"))
}
