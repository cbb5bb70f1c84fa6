//! What an event does here.
//!
//! What must stay true: whatever is looked up is looked up before the write ([`prepare`]); [`run`] refuses before it writes
//! anything, so that a refused event leaves nothing behind; an event that nobody here knows is no mistake: it is counted and passed.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Element, Tx, params};

use super::cases::{self, Handed, Told};
use super::peer::Peer;
use super::wire::Event;
use crate::base::worktime;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result};
use crate::oversight::board::measures::{self, Delta};

/// Days back that a count may be for: ten years.
const OLDEST: i64 = 3_660;
/// The largest count of one place, day and measure that is believed.
const MOST: u64 = 1 << 40;

/// What an event is going to do.
#[derive(Clone)]
pub enum Work {
    /// It counts, if it counts anything, and that is all.
    Counted,
    /// People read it.
    Read,
    /// A case is handed over.
    Case(Box<Handed>),
    /// Something happened to a case that both know.
    Progress(Box<Told>),
}

/// An event as it is kept when it is parked.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    seq: u64,
    n: u64,
    area: String,
    grade: u8,
    schema: String,
    leaf: String,
    elements: Vec<Element>,
}

impl Kept {
    /// For keeping.
    pub fn of(e: &Event) -> Kept {
        let (area, schema, leaf, elements) = (e.area.clone(), e.schema.clone(), e.leaf.clone(), e.elements.clone());
        Kept { seq: e.seq, n: e.n, area, grade: e.grade, schema, leaf, elements }
    }

    /// As it came.
    pub fn event(self) -> Event {
        let Kept { seq, n, area, grade, schema, leaf, elements } = self;
        let json = serde_json::from_str(&leaf).unwrap_or_default();
        Event { seq, n, area, grade, schema, leaf, json, elements }
    }
}

/// Looks up what the events need.
pub fn prepare(app: &App, peer: &Peer, events: &[Event]) -> Result<Vec<Work>> {
    events
        .iter()
        .map(|e| {
            let leaf = &e.json;
            Ok(match leaf["act"].as_str().unwrap_or_default() {
                "exchange.case" => Work::Case(Box::new(cases::handed(app, peer, e, leaf)?)),
                "exchange.progress" => Work::Progress(Box::new(cases::told(app, e, leaf)?)),
                "exchange.word" | "alarm.case" | "health.raise" | "health.close" => Work::Read,
                _ => Work::Counted,
            })
        })
        .collect()
}

/// Does it. The entry of the log for the whole batch stands already.
pub fn run(tx: &mut Tx, peer: &Peer, event: &Event, work: &Work, zone: &TimeZone) -> Result<()> {
    match work {
        Work::Counted => Ok(()),
        Work::Read => read(tx, peer, event),
        Work::Case(handed) => cases::take(tx, peer, handed, zone),
        Work::Progress(told) => cases::hear(tx, peer, told),
    }
}

fn read(tx: &mut Tx, peer: &Peer, event: &Event) -> Result<()> {
    let (id, leaf) = (format!("{}/{}", peer.id, event.seq), &event.json);
    let (act, at) = (leaf["act"].as_str().unwrap_or_default(), leaf["at"].as_i64().unwrap_or_default());
    let columns: &[&str] = &["id", "peer", "seq", "act", "area", "at", "leaf"];
    tx.keep("exchange_item", columns, params![id, &peer.id, event.seq, act, &event.area, at, &event.leaf]);
    Ok(())
}

/// What entries of a peer count as, as far as they are of its own places and of days that there can be.
pub fn deltas(peer: &Peer, entries: &[(Json, String)], now: Ms, zone: &TimeZone) -> Vec<Delta> {
    let today = worktime::local(now, zone).div_euclid(DAY);
    let mut all = measures::deltas(entries, zone);
    all.retain(|(code, day, _, n)| peer.covers(code) && (today - OLDEST..=today + 1).contains(day) && n.unsigned_abs() <= MOST);
    all
}
