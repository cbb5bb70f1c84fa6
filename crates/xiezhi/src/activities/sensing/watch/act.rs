//! What people do with alarms, and with homes that are watched over.
//!
//! What must stay true: whoever was called may act, and the desk of the place; with what belongs to all also whoever has a
//! part there. Nobody may hide an alarm for good, and not without a reason.
//!
//! Log kinds written: `watch.home`; those of alarms in [`super::step`].

use std::sync::Arc;

use calc::alarm::{Disposition, Event, Phase};
use store::{Entry, Query, Tx, params};

use super::book::{self, Active, Book};
use super::{Alarm, Memory, Watch, by_number, remember, step, tell, was_called};
use crate::activities::sensing::{self, Device, State};
use crate::activities::volunteer::profile;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{Result, Who};

/// Whether somebody may act on an alarm, and read what led to it.
pub fn may(q: &mut dyn Query, who: &Who, alarm: &Alarm) -> Result<bool> {
    if who.desk_over(&alarm.path).is_some() || alarm.person.is_none() && works_at(who, &alarm.path) {
        return Ok(true);
    }
    // Whoever acts for somebody was called himself.
    match who.actor() {
        Some(person) => was_called(q, &alarm.id, person),
        None => Ok(false),
    }
}

/// Whether somebody works at a place.
pub fn works_at(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind.is_staff() && path.starts_with(&r.path))
}

/// An open alarm with all that is needed to act on it.
struct Open {
    alarm: Alarm,
    device: Device,
    active: Arc<Active>,
    watch: Watch,
    memory: Memory,
}

fn open(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<Open> {
    let alarm = by_number(tx, number)?;
    if !may(tx, who, &alarm)? {
        return Err(Kind::NotFound.into());
    }
    let device = sensing::by_ids(tx, std::slice::from_ref(&alarm.device))?.pop().ok_or(Kind::NotFound)?;
    let holds = book.rules.one(tx, &device, &alarm.rule)?;
    let active =
        holds.clone().map_or_else(|| book.rules.any(tx, &device, &alarm.rule), |a| Ok(Some(a)))?.ok_or(Kind::NotFound)?;
    let (mut watch, mut memory) = remember::load(tx, &active, &device, alarm.opened_at)?;
    if watch.alarm.as_deref() != Some(&alarm.id) {
        return Err(Kind::State.into());
    }
    if holds.is_none() {
        // A rule that holds no more sees nothing: it cannot keep its alarm raised.
        let clear = (tx.now(), Event::Clear);
        step::happen(tx, book, (&device, &active), (&mut watch, &mut memory), clear, (&Who::system(), None))?;
    }
    Ok(Open { alarm, device, active, watch, memory })
}

impl Open {
    fn happen(&mut self, tx: &mut Tx, book: &Book, who: &Who, event: Event) -> Result<()> {
        let (at, now) = ((&self.device, &*self.active), tx.now());
        step::happen(tx, book, at, (&mut self.watch, &mut self.memory), (now, event), (who, None))
    }

    fn keep(mut self, tx: &mut Tx) -> Result<()> {
        remember::keep(tx, (&self.device, &self.active), &mut self.watch, &self.memory)
    }
}

fn name(who: &Who) -> Result<String> {
    Ok(who.actor().ok_or(Kind::SignIn)?.to_owned())
}

/// Somebody looks after it; nobody else is called.
pub fn see(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let mut open = open(tx, book, who, number)?;
    open.happen(tx, book, who, Event::See(name(who)?))?;
    open.keep(tx)
}

/// How an alarm ends.
#[derive(Clone, Debug)]
pub struct End {
    /// What it was.
    pub what: Disposition,
    /// What whoever ends it says of it.
    pub words: Option<String>,
    /// Nobody was at home, and will not be until then.
    pub away_until: Option<Ms>,
}

/// What it was; a latched one is reset with it.
pub fn close(tx: &mut Tx, book: &Book, who: &Who, number: &str, end: &End) -> Result<()> {
    let mut open = open(tx, book, who, number)?;
    let (what, words) = (end.what, end.words.as_deref());
    let by = name(who)?;
    if matches!(open.memory.machine.phase, Phase::Raised | Phase::Returned) {
        open.happen(tx, book, who, Event::See(by.clone()))?;
    }
    if open.active.latched && open.memory.machine.phase == Phase::Seen {
        open.happen(tx, book, who, Event::Reset(by.clone()))?;
        tx.log(tell::entry((&open.device, &open.active), &open.alarm.id, who, "alarm.reset"))?;
    }
    let sealed = tx.seal_text(&open.device.id, words)?;
    if sealed.is_some() {
        tx.exec("update alarm set words = $2 where id = $1", params![&open.alarm.id, sealed])?;
    }
    open.happen(tx, book, who, Event::Close(what, by))?;
    let person = open.alarm.person.clone();
    open.keep(tx)?;
    match person.zip(end.away_until.filter(|_| what == Disposition::Away)) {
        Some((person, until)) => leave(tx, book, who, &person, until),
        None => Ok(()),
    }
}

/// Hides it for some hours, for a reason; with 0 hours shows it again.
pub fn shelve(tx: &mut Tx, book: &Book, who: &Who, number: &str, hours: i64, why: Option<&str>) -> Result<()> {
    let mut open = open(tx, book, who, number)?;
    if !works_at(who, &open.alarm.path) {
        return Err(Kind::Denied.into());
    }
    let most = open.active.pack.alarm.shelve_hours;
    if !(0..=most).contains(&hours) {
        return Err(Kind::OutOfRange.at("hours").limit(most));
    }
    let until = tx.now() + hours * HOUR;
    let event = match (hours, why) {
        (0, _) => Event::Unshelve,
        (_, Some(why)) => Event::Shelve { until, who: name(who)?, why: why.to_owned() },
        (_, None) => return Err(Kind::Missing.at("why")),
    };
    let log = tell::entry((&open.device, &open.active), &open.alarm.id, who, "alarm.shelve");
    tx.log(log.fact("until", if hours > 0 { until } else { 0 }).fact_opt("why", why))?;
    open.happen(tx, book, who, event)?;
    open.keep(tx)
}

/// A device is worked on, or works again: with it whatever tells through it.
pub fn service(tx: &mut Tx, book: &Book, device: &Device) -> Result<()> {
    let works = device.state == State::Works;
    step::on_device(tx, book, device, &Event::Service(works))?;
    for child in sensing::children(tx, &device.id)? {
        let event = if works { Event::Release } else { Event::Suppress(device.name.clone()) };
        step::on_device(tx, book, &child, &event)?;
    }
    Ok(())
}

fn home(tx: &mut Tx, who: &Who, device: &Device, what: &str, value: Option<i64>, helper: Option<&str>) -> Result<()> {
    let person = device.person.as_deref().ok_or(Kind::NotFound)?;
    let now = tx.now();
    let entry = Entry {
        actor: who.actor(),
        area: Some(&device.area),
        owner: Some(&device.id),
        ..Entry::new("watch.home", "device", &device.id)
    };
    let seq = tx.log(entry.fact("what", what).fact_opt("until", value).fact_opt("helper", helper))?.index;
    let sql = "insert into watch_home(person, area, path, changed_at, log_seq) values ($1, $2, $3, $4, $5) \
               on conflict(person) do update set changed_at = excluded.changed_at, log_seq = excluded.log_seq";
    tx.exec(sql, params![person, &device.area, &device.path, now, seq])?;
    Ok(())
}

/// Nobody is at home until then; at once somebody is again. Said by whoever lives there, by who acts for him, or by the desk.
pub fn away(tx: &mut Tx, book: &Book, who: &Who, person: &str, until: Ms) -> Result<()> {
    let devices = sensing::of_person(tx, person)?;
    let desk = devices.first().is_some_and(|d| who.desk_over(&d.path).is_some());
    if who.person.as_deref() != Some(person) && !desk {
        return Err(Kind::NotFound.into());
    }
    leave(tx, book, who, person, until)
}

fn leave(tx: &mut Tx, book: &Book, who: &Who, person: &str, until: Ms) -> Result<()> {
    let devices = sensing::of_person(tx, person)?;
    let first = devices.first().ok_or(Kind::NotFound)?;
    let now = tx.now();
    let most = book.rules.of(tx, first)?.first().map_or(0, |a| a.pack.alarm.away_days);
    if until > now + most * DAY {
        return Err(Kind::OutOfRange.at("days").limit(most));
    }
    home(tx, who, first, "away", Some(until), None)?;
    tx.exec("update watch_home set away_until = $2 where person = $1", params![person, (until > now).then_some(until)])?;
    for device in &devices {
        for active in book.rules.of(tx, device)?.iter() {
            let (mut watch, mut memory) = remember::load(tx, active, device, now)?;
            memory.state.away(now, until);
            let edges = memory.state.tick(&active.rule, now);
            step::edges(tx, book, (device, active), (&mut watch, &mut memory), &edges)?;
            remember::keep(tx, (device, active), &mut watch, &memory)?;
        }
    }
    book::changed(tx)
}

/// The volunteer of a home: vetted, of the place.
pub fn pair(tx: &mut Tx, who: &Who, person: &str, helper: Option<&str>) -> Result<()> {
    let devices = sensing::of_person(tx, person)?;
    let first = devices.first().filter(|d| who.desk_over(&d.path).is_some()).ok_or(Kind::NotFound)?;
    if let Some(helper) = helper {
        let now = tx.now();
        let known = profile::of(tx, helper)?.filter(|v| v.vetted_until.is_some_and(|until| until > now));
        known.filter(|v| who.desk_over(&v.path).is_some()).ok_or_else(|| Kind::Unknown.at("helper"))?;
    }
    home(tx, who, first, "helper", None, helper)?;
    tx.exec("update watch_home set helper = $2 where person = $1", params![person, helper])?;
    Ok(())
}
