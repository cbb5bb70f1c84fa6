//! What an event does here.
//!
//! What must stay true: whatever is looked up is looked up before the write ([`prepare`]); [`run`] refuses before it writes
//! anything, so that a refused event leaves nothing behind; an event that nobody here knows is no mistake: it is counted and passed.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Element, Tx, params};

use super::cases::{self, Handed, Told};
use super::peer::Peer;
use super::wire::Event;
use crate::base::worktime;
use crate::kit::time::DAY;
use crate::kit::{App, Result};

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
        Event { seq, n, area, grade, schema, leaf, elements }
    }
}

/// Looks up what the events need.
pub fn prepare(app: &App, peer: &Peer, events: &[Event]) -> Result<Vec<Work>> {
    events
        .iter()
        .map(|e| {
            let leaf = e.json();
            Ok(match leaf["act"].as_str().unwrap_or_default() {
                "exchange.case" => Work::Case(Box::new(cases::handed(app, peer, e, &leaf)?)),
                "exchange.progress" => Work::Progress(Box::new(cases::told(app, e, &leaf)?)),
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
    let (id, leaf) = (format!("{}/{}", peer.id, event.seq), event.json());
    let (act, at) = (leaf["act"].as_str().unwrap_or_default(), leaf["at"].as_i64().unwrap_or_default());
    let columns: &[&str] = &["id", "peer", "seq", "act", "area", "at", "leaf"];
    tx.keep("exchange_item", columns, params![id, &peer.id, event.seq, act, &event.area, at, &event.leaf]);
    Ok(())
}

/// Number of a local day.
fn day(at: i64, zone: &TimeZone) -> i64 {
    worktime::local(at, zone).div_euclid(DAY)
}

/// What entries count as: of each the names in its leaf, in its own area on its own day; of what a node beneath took, the sums that
/// it gives. Sums of places that are not the peer's count for nothing.
pub fn deltas(peer: &Peer, entries: &[(Json, String)], zone: &TimeZone) -> Vec<(String, i64, String, i64)> {
    let mut sums: BTreeMap<(String, i64, String), i64> = BTreeMap::new();
    for (leaf, code) in entries {
        let at = leaf["at"].as_i64().unwrap_or_default();
        let named = leaf["x_counts"].as_str().into_iter().flat_map(|c| c.split(' ')).filter(|c| !c.is_empty());
        // A case that was handed over counts where it was reported.
        for name in named.filter(|_| leaf["x_copy"].is_null()) {
            let (name, n, at) = match name.strip_prefix('-') {
                Some(name) => (name, -1, leaf["x_counted_at"].as_i64().unwrap_or(at)),
                None => (name, 1, at),
            };
            *sums.entry((code.clone(), day(at, zone), name.to_owned())).or_default() += n;
        }
        let today = day(at, zone);
        for delta in leaf["x_deltas"].as_array().into_iter().flatten() {
            let (Some(code), Some(day), Some(name), Some(n)) =
                (delta[0].as_str(), delta[1].as_i64(), delta[2].as_str(), delta[3].as_i64())
            else {
                continue;
            };
            if peer.covers(code) && day <= today + 1 && day > today - 3660 && name.len() <= 40 && n.abs() <= 1 << 40 {
                *sums.entry((code.to_owned(), day, name.to_owned())).or_default() += n;
            }
        }
    }
    sums.into_iter().filter(|(_, n)| *n != 0).map(|((code, day, name), n)| (code, day, name, n)).collect()
}
