//! Work for all (志愿活动): people sign up, wait when it is full, come, and get their hours.
//!
//! What must stay true: never more people have a seat than there are, whoever signs up at once; whoever waits is called in the
//! order of signing up; hours are booked by whoever leads it and by whoever came: with the code shown on the spot, or by his own
//! yes afterwards; nobody leads his own hours.
//!
//! Log kinds written: `event.begin`, `event.join`, `event.leave`, `event.come`, `event.book`, `event.confirm`, `event.void`.

/// Signing up, coming, booking.
pub mod act;
/// Routes and pages.
pub mod web;

use store::{Entry, Query, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where it stands.
    State { Open = "open", Booked = "booked", Void = "void", }
    /// How somebody stands to it.
    Stand {
        /// He has a seat.
        Coming = "coming",
        /// He is called when one is free.
        Waiting = "waiting",
        /// He gave it up.
        Left = "left",
        /// He was there, with the code of the place.
        Came = "came",
        /// Whoever leads it says that he was there; he has not said so.
        Named = "named",
        /// His hours are booked.
        Booked = "booked",
    }
}

row! {
    /// Work for all.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `event`, explained there")]
    pub struct Event {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub state: State,
        pub title: String,
        pub about: String,
        pub place: String,
        pub body: Option<String>,
        pub made_by: String,
        pub starts_at: Ms,
        pub ends_at: Ms,
        pub seats: i64,
        pub why: Option<String>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Event> {
    let row = q.row(&format!("select {COLUMNS} from event where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place that have not ended, the soonest first.
pub fn around(q: &mut dyn Query, path: &str, now: Ms, most: i64) -> Result<Vec<Event>> {
    let sql = format!(
        "select {COLUMNS} from event where {} and ends_at > $3 and state = 'open' order by starts_at, number limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), now, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those that an organisation leads and that have not ended, the soonest first.
pub fn led_by(q: &mut dyn Query, body: &str, now: Ms, most: i64) -> Result<Vec<Event>> {
    let sql = format!(
        "select {COLUMNS} from event where body = $1 and ends_at > $2 and state = 'open' order by starts_at, number limit $3"
    );
    let rows = q.rows(&sql, params![body, now, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Somebody who signed up.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `event_by`, explained there")]
pub struct By {
    pub person: String,
    pub n: i64,
    pub state: Stand,
    pub minutes: Option<i64>,
}

/// Everybody who signed up, in the order of signing up.
pub fn people(q: &mut dyn Query, event: &str) -> Result<Vec<By>> {
    let one =
        |r: &store::Row| Ok(By { person: r.get("person")?, n: r.get("n")?, state: r.get("state")?, minutes: r.get("minutes")? });
    let rows = q.rows("select person, n, state, minutes from event_by where event = $1 order by n", params![event])?;
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

impl Event {
    /// Whether somebody leads it: the desk of the place, or the organisation that began it.
    pub fn is_led_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some() || self.body.as_ref().is_some_and(|b| who.in_body(b))
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), ..Entry::new(act, "event", &self.id) }
    }
}
