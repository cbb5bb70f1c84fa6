//! Routes of appointments.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::act::{self, AHEAD, MINUTES, New, SEATS};
use super::slots::{SlotDay, check, free};
use super::{Appointment, Counter, Door, State, at_counter, by_number, counter, ics, of_person};
use crate::activities::service::{self, find, hours};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::{party, worktime};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Reply, Req, Result, Route};

/// Appointments of one list.
const MANY: i64 = 500;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/services/{id}/slots", May::Anyone, slots, "Moments that can be booked at a service, by days.").gives::<Slots>(),
    Route::post(
        "/services/{id}/book",
        May::SignedIn,
        book,
        "Books a moment: `{at, words?}`; people who work there also for somebody without an account: `{name, phone}`.",
    )
    .gives::<Full>(),
    Route::post(
        "/services/{id}/counter",
        May::Staff,
        set,
        "Takes appointments: `{minutes, seats, ahead_days, state: open|shut}`.",
    ),
    Route::get("/services/{id}/appointments", May::Staff, day, "Who comes to a counter on a day (`day`).").gives::<Day>(),
    Route::get("/appointments", May::SignedIn, mine, "One's own appointments.").gives::<Mine>(),
    Route::get("/appointments/{number}", May::SignedIn, one, "One appointment.").gives::<Full>(),
    Route::get("/appointments/{number}/calendar", May::SignedIn, calendar, "The same for a calendar (iCalendar)."),
    Route::post("/appointments/{number}/cancel", May::SignedIn, cancel, "Cancels it.").gives::<Full>(),
    Route::post("/appointments/{number}/come", May::Staff, come, "Whoever has it is there.").gives::<Full>(),
];

/// What can be booked at a service.
#[derive(Serialize, JsonSchema)]
struct Slots {
    id: String,
    name: String,
    open: bool,
    minutes: i64,
    seats: i64,
    ahead_days: i64,
    days: Vec<SlotDay>,
    /// The reader keeps the counter.
    keeps: bool,
    /// The reader may book for somebody without an account.
    staff: bool,
    /// Number of the errand for which it is booked.
    errand: Option<String>,
    minutes_most: i64,
    seats_most: i64,
    ahead_most: i64,
}

fn slots(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let service = service::by_id(r, req.param("id"))?;
        if !service.status.is_shown() {
            return Err(Kind::NotFound.into());
        }
        let keeps = act::may_keep(r, &req.who, &service)?;
        let known = counter(r, &service.id)?;
        let open = known.is_some_and(|c| c.door == Door::Open);
        let shown = known.unwrap_or(Counter { minutes: 30, seats: 1, ahead_days: 14, door: Door::Shut });
        let days = if open { free(req, r, &service, &shown)? } else { Vec::new() };
        Ok::<_, Error>(Slots {
            id: service.id,
            name: service.name,
            open,
            minutes: shown.minutes,
            seats: shown.seats,
            ahead_days: shown.ahead_days,
            days,
            keeps,
            staff: req.who.is_staff(),
            errand: req.query.get("errand").filter(|n| is_number(n)).map(str::to_owned),
            minutes_most: MINUTES.1,
            seats_most: SEATS,
            ahead_most: AHEAD,
        })
    })?;
    req.page("activities/service/booking/slots.html", &view)
}

/// What the number of an errand looks like: it stands in an address of the page.
fn is_number(text: &str) -> bool {
    text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn book(req: &Req) -> Result<Reply> {
    let (input, id) = (req.input()?, req.param("id").to_owned());
    let at = input.need("at", 40)?;
    let starts_at = crate::kit::time::parse(&at).ok_or_else(|| Kind::WrongType.at("at"))?;
    let other = match input.text("name", 50)? {
        Some(name) => Some((name, input.need("phone", 20)?)),
        None => None,
    };
    let words = input.text("words", 300)?;
    req.app.db.read(|r| check(req, r, &id, starts_at))?;
    let new = New { starts_at, words, other, errand: None, person: None };
    let (who, zone) = (req.who.clone(), req.app.config.zone.clone());
    let number = req.once(move |tx| act::book(tx, &who, &id, &new, &zone))?;
    shown(req, &number, 201)
}

fn set(req: &Req) -> Result<Reply> {
    let (input, id) = (req.input()?, req.param("id").to_owned());
    let need = |name: &'static str, least: i64, most: i64| input.int(name, least, most)?.ok_or_else(|| Kind::Missing.at(name));
    let new = Counter {
        minutes: need("minutes", MINUTES.0, MINUTES.1)?,
        seats: need("seats", 1, SEATS)?,
        ahead_days: need("ahead_days", 1, AHEAD)?,
        door: Door::parse(&input.need("state", 10)?).ok_or_else(|| Kind::Unknown.at("state"))?,
    };
    let who = req.who.clone();
    req.once(move |tx| act::set(tx, &who, &id, &new).map(|()| String::new()))?;
    if req.wants_json() { slots(req) } else { Ok(Reply::see_other(req.url(&format!("/services/{}/slots", req.param("id"))))) }
}

/// One appointment.
#[derive(Serialize, JsonSchema)]
struct Full {
    number: String,
    service: String,
    service_name: String,
    place: Option<String>,
    starts_at: String,
    minutes: i64,
    state: &'static str,
    past: bool,
    /// Name, telephone and words: whose it is, whoever booked it, the counter.
    name: Option<String>,
    phone: Option<String>,
    words: Option<String>,
    errand: Option<String>,
    own: bool,
    keeps: bool,
}

fn view(req: &Req, q: &mut dyn Query, one: Appointment, keeps: bool, look: &mut Look) -> Result<Full> {
    let service = service::by_id(q, &one.service)?;
    let found = find::whole(q, req.app, vec![service], None, req.now)?.pop().ok_or(Kind::NotFound)?;
    let place = found.at.first().and_then(|(_, p)| p.as_ref()).map(|p| match &p.details.address {
        Some(address) => format!("{} {address}", p.name),
        None => p.name.clone(),
    });
    let own = one.is_of(&req.who);
    let relation = if own { Relation::Owner } else { Relation::Desk };
    let mut open = |element: &'static str, sealed: Option<Vec<u8>>| -> Result<Option<String>> {
        let text = q.open_text(&one.id, sealed)?;
        Ok(text.and_then(|t| look.at(&Graded::new(element, &one.id, t).of(&one.number), relation)))
    };
    let (mut name, mut phone) = (open("booking.name", one.name.clone())?, open("booking.phone", one.phone.clone())?);
    let words = open("booking.words", one.words.clone())?;
    if let Some(person) = one.person.as_ref().filter(|_| keeps && !own) {
        name = party::name_of(q, person)?.and_then(|n| look.at(&n, Relation::Desk));
        phone = party::phone_of(q, person)?.and_then(|n| look.at(&n, Relation::Desk));
    }
    Ok(Full {
        number: one.number,
        service: one.service,
        service_name: found.service.name,
        place,
        starts_at: req.app.time(one.starts_at),
        minutes: (one.ends_at - one.starts_at) / MINUTE,
        state: one.state.as_str(),
        past: one.ends_at <= req.now,
        name,
        phone,
        words,
        errand: one.errand,
        own,
        keeps,
    })
}

fn full(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "booking");
    let full = req.app.db.read(|r| {
        let one = by_number(r, number)?;
        let service = service::by_id(r, &one.service)?;
        let keeps = act::may_keep(r, &req.who, &service)?;
        if !one.is_of(&req.who) && !keeps {
            return Err(Error::from(Kind::NotFound));
        }
        view(req, r, one, keeps, &mut look)
    })?;
    look.record(req.app)?;
    Ok(full)
}

fn one(req: &Req) -> Result<Reply> {
    let view = full(req, req.param("number"))?;
    Ok(req.page("activities/service/booking/one.html", &view)?.header("cache-control", "no-store"))
}

/// The appointment as it is now, or the way back to its page.
fn shown(req: &Req, number: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/appointments/{number}"), status, || full(req, number))
}

fn calendar(req: &Req) -> Result<Reply> {
    let one = full(req, req.param("number"))?;
    let at = req.app.db.read(|r| by_number(r, req.param("number")))?;
    let page = req.absolute(&format!("/appointments/{}", one.number));
    let event = ics::Event {
        uid: format!("{}@{}", one.number, req.app.db.origin()),
        stamp: at.made_at,
        starts_at: at.starts_at,
        ends_at: at.ends_at,
        summary: one.service_name,
        location: one.place.unwrap_or_default(),
        description: page,
        cancelled: at.state == State::Cancelled,
    };
    let name = format!("attachment; filename=\"{}.ics\"", one.number);
    Ok(Reply::of("text/calendar; charset=utf-8", ics::calendar(&[event])).header("content-disposition", name))
}

/// One's own appointments.
#[derive(Serialize, JsonSchema)]
struct Mine {
    items: Vec<Full>,
}

fn mine(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "booking");
    let person = req.person()?;
    let items = req.app.db.read(|r| {
        let all = of_person(r, person, req.now, MANY)?;
        all.into_iter().map(|one| view(req, r, one, false, &mut look)).collect::<Result<Vec<_>>>()
    })?;
    look.record(req.app)?;
    req.page("activities/service/booking/mine.html", &Mine { items })
}

/// A day of a counter.
#[derive(Serialize, JsonSchema)]
struct Day {
    id: String,
    name: String,
    day: String,
    before: String,
    after: String,
    items: Vec<Full>,
}

fn day(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "booking");
    let zone = &req.app.config.zone;
    let (today, _) = find::today(req.app, req.now);
    let day = match req.query.get("day") {
        Some(text) => hours::parse_day(text).ok_or_else(|| Kind::WrongType.at("day"))?,
        None => today,
    };
    let date = |day: i64| hours::date(day).map(|d| d.to_string()).unwrap_or_default();
    let moment = |day: i64| -> Ms { worktime::utc(day * DAY, zone) };
    let view = req.app.db.read(|r| {
        let service = service::by_id(r, req.param("id"))?;
        if !act::may_keep(r, &req.who, &service)? {
            return Err(Kind::Denied.into());
        }
        let all = at_counter(r, &service.id, moment(day), moment(day + 1), MANY)?;
        let items = all.into_iter().map(|one| view(req, r, one, true, &mut look)).collect::<Result<_>>()?;
        let (before, after) = (date(day - 1), date(day + 1));
        Ok::<_, Error>(Day { id: service.id, name: service.name, day: date(day), before, after, items })
    })?;
    look.record(req.app)?;
    req.page("activities/service/booking/day.html", &view)
}

fn cancel(req: &Req) -> Result<Reply> {
    let (who, number, zone) = (req.who.clone(), req.param("number").to_owned(), req.app.config.zone.clone());
    req.once(move |tx| act::cancel(tx, &who, &number, &zone).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}

fn come(req: &Req) -> Result<Reply> {
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act::come(tx, &who, &number).map(|()| String::new()))?;
    shown(req, req.param("number"), 200)
}
