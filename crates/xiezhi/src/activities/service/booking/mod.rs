//! Appointments (预约) at the counters of services: within the opening hours of the directory, so holidays and swapped working
//! days count by themselves.
//!
//! What must stay true: never more people have a moment than there are seats, whoever books at once; a person is in one place
//! at a time; who has which appointment is known to him, to whoever booked it for him and to the counter.
//!
//! Log kinds written: `booking.counter`, `booking.book`, `booking.cancel`, `booking.come`, `booking.remind`.

/// Opening a counter, booking, cancelling, coming.
pub mod act;
/// As calendars read it (RFC 5545).
pub mod ics;
/// Pure decisions.
pub mod rules;
/// Moments that can be booked.
pub mod slots;
/// Routes and pages.
pub mod web;

use store::{Entry, Query, params};

use super::Service;
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where an appointment stands.
    State { Booked = "booked", Came = "came", Cancelled = "cancelled", }
    /// Whether a counter takes appointments.
    Door { Open = "open", Shut = "shut", }
}

row! {
    /// An appointment.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `appointment`, explained there")]
    pub struct Appointment {
        pub id: String,
        pub number: String,
        pub service: String,
        pub starts_at: Ms,
        pub ends_at: Ms,
        pub state: State,
        pub person: Option<String>,
        pub by_person: String,
        pub name: Option<Vec<u8>>,
        pub phone: Option<Vec<u8>>,
        pub words: Option<Vec<u8>>,
        pub errand: Option<String>,
        pub made_at: Ms,
        pub ring_at: Option<Ms>,
    }
}

/// How a service takes appointments.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns of `counter`, explained there")]
pub struct Counter {
    pub minutes: i64,
    pub seats: i64,
    pub ahead_days: i64,
    pub door: Door,
}

/// The counter of a service, once it had one.
pub fn counter(q: &mut dyn Query, service: &str) -> Result<Option<Counter>> {
    let row = q.row("select minutes, seats, ahead_days, state from counter where service = $1", params![service])?;
    let one = |r: &store::Row| -> store::Result<Counter> {
        Ok(Counter {
            minutes: r.get("minutes")?,
            seats: r.get("seats")?,
            ahead_days: r.get("ahead_days")?,
            door: r.get("state")?,
        })
    };
    Ok(row.as_ref().map(one).transpose()?)
}

/// Whether a service takes appointments now.
pub fn takes(q: &mut dyn Query, service: &str) -> Result<bool> {
    Ok(counter(q, service)?.is_some_and(|c| c.door == Door::Open))
}

/// Services around a place that take appointments now: id and name, by name.
pub fn open_around(q: &mut dyn Query, path: &str, most: i64) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "select s.id, s.name from counter c join service s on s.id = c.service where c.state = $3 and {} order by s.name, s.id limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), Door::Open, most])?;
    Ok(rows.iter().map(|r| Ok((r.get("id")?, r.get("name")?))).collect::<store::Result<_>>()?)
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Appointment> {
    let row = q.row(&format!("select {COLUMNS} from appointment where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Appointment> {
    let row = q.row(&format!("select {COLUMNS} from appointment where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those of a person, or that he booked for somebody, from a moment on, the next first.
pub fn of_person(q: &mut dyn Query, person: &str, from: Ms, most: i64) -> Result<Vec<Appointment>> {
    let sql = format!(
        "select {COLUMNS} from appointment where (person = $1 or by_person = $1) and ends_at > $2 and state = $3 \
         order by starts_at, number limit $4"
    );
    let rows = q.rows(&sql, params![person, from, State::Booked, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those at a counter between two moments that were not cancelled, in order.
pub fn at_counter(q: &mut dyn Query, service: &str, from: Ms, to: Ms, most: i64) -> Result<Vec<Appointment>> {
    let sql = format!(
        "select {COLUMNS} from appointment where service = $1 and starts_at >= $2 and starts_at < $3 and state <> $4 \
         order by starts_at, number limit $5"
    );
    let rows = q.rows(&sql, params![service, from, to, State::Cancelled, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those whose bell rings: the day before.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from appointment where ring_at <= $1 and ring_at is not null order by ring_at, id limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

impl Appointment {
    /// Whether it is somebody's own, or he booked it.
    pub fn is_of(&self, who: &Who) -> bool {
        let own = self.person.is_some() && self.person == who.person;
        own || who.actor() == Some(&self.by_person)
    }

    fn entry<'w>(&'w self, who: &'w Who, service: &'w Service, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&service.area), ..Entry::new(act, "appointment", &self.id) }
    }
}
