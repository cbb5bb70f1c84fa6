//! What goes: our log as one peer is to see it, in batches from where it stands.
//!
//! What must stay true: a batch is made of what is durable; which entries it shows depends on their leaves and the peer alone, so a
//! batch that is made again says the same; values go out only with entries of this room, each up to the grade of the peer as it
//! is now; a stretch with nothing to see costs a few hashes, however long it is.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use store::tree::{self, Hash};
use store::{Element, Query, params};

use super::mark::Mark;
use super::node;
use super::peer::{Peer, Relation};
use super::wire::{self, Batch, Event, SCHEMA};
use crate::base::{area, catalogue};
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Error, Result};
use crate::oversight::board::measures;

/// Entries of the log that one batch passes over at most, and that are read at once.
const PASSED: u64 = 20_000;
const CHUNK: u64 = 300;
/// Bytes of one node of the tree in a batch.
const NODE: usize = 52;
/// How long a stretch without anything to see may wait before the other side hears of it: it witnesses that part, too.
const QUIET: Ms = MINUTE;
/// What goes to all levels beneath.
pub const ALL: &str = "all";
/// Entries that the level above reads as they are, besides whatever is counted.
const READ: [&str; 3] = ["alarm.case", "health.raise", "health.close"];
/// Entries of this room whose values go with them.
const WORDED: [&str; 3] = ["exchange.case", "exchange.progress", "exchange.word"];

/// Whether an entry is for the level above.
pub fn goes_up(act: &str, leaf: &Json, peer: &Peer, zone: &TimeZone) -> bool {
    if let Some(kind) = act.strip_prefix("exchange.") {
        return match kind {
            "take" => leaf["x_deltas"].as_array().is_some_and(|d| !d.is_empty()),
            "case" | "progress" => leaf["x_peer"] == peer.id.as_str(),
            _ => false,
        };
    }
    READ.contains(&act) || measures::counts(leaf, zone)
}

/// The next batch for a peer whose mark stands at `mark`, or none when it has all that it is to see.
pub fn batch(app: &App, peer: &Peer, mark: &Mark) -> Result<Option<Batch>> {
    let now = app.now();
    let drawn = app.db.read(|r| draw(r, peer, mark, (now, &app.config.zone)))?;
    let Some((mut batch, size)) = drawn else { return Ok(None) };
    batch.sender = app.db.origin().to_owned();
    batch.checkpoint = if batch.until == size && app.db.last().size == size {
        app.db.last().checkpoint.clone()
    } else {
        app.db.checkpoint_at(batch.until)?
    };
    Ok(Some(batch))
}

fn draw(q: &mut dyn Query, peer: &Peer, mark: &Mark, (now, zone): (Ms, &TimeZone)) -> Result<Option<(Batch, u64)>> {
    let (from, size) = (mark.size, q.log_size()?);
    if from >= size {
        return Ok(None);
    }
    let (seen, until) =
        if peer.relation == Relation::Parent { upward(q, peer, zone, from, size)? } else { downward(q, peer, from, size)? };
    if seen.is_empty() && until == size && now - mark.moved_at < QUIET {
        return Ok(None);
    }
    let mut events = words(q, peer, seen)?;
    // As many as fit, with the nodes that lead to each.
    let (mut bytes, mut fit, mut at) = (0, 0, from);
    for e in &events {
        if bytes >= wire::FILL {
            break;
        }
        bytes += e.size() + NODE * tree::cover(at, e.seq).len();
        (fit, at) = (fit + 1, e.seq + 1);
    }
    let until = if fit < events.len() { at } else { until };
    events.truncate(fit);
    for (i, e) in events.iter_mut().enumerate() {
        e.n = mark.n + 1 + i as u64;
    }
    let shown: Vec<u64> = events.iter().map(|e| e.seq).collect();
    let skips = q.cover(from, until, &shown)?;
    let batch = Batch {
        sender: String::new(),
        to: peer.origin.clone(),
        stream: peer.outward(),
        from,
        until,
        first: mark.n + 1,
        events,
        skips,
        checkpoint: String::new(),
        root: Hash::default(),
        source: node::code(q)?,
        seal: String::new(),
    };
    Ok(Some((batch, size)))
}

/// An entry that is to be seen: position, act, leaf as text and read.
type Seen = (u64, String, String, Json);

/// Walks the log from the mark, until a batch is full or has passed over enough.
fn upward(q: &mut dyn Query, peer: &Peer, zone: &TimeZone, from: u64, size: u64) -> Result<(Vec<Seen>, u64)> {
    let (mut seen, mut at, mut bytes) = (Vec::new(), from, 0);
    let end = size.min(from + PASSED);
    while at < end && bytes < wire::FILL {
        let next = end.min(at + CHUNK);
        for row in q.rows("select seq, act, leaf from log where seq >= $1 and seq < $2 order by seq", params![at, next])? {
            let (seq, act, text): (u64, String, String) = (row.get("seq")?, row.get("act")?, row.get("leaf")?);
            let leaf: Json = serde_json::from_str(&text).map_err(Error::internal)?;
            if goes_up(&act, &leaf, peer, zone) {
                bytes += text.len();
                seen.push((seq, act, text, leaf));
                if seen.len() == wire::EVENTS {
                    return Ok((seen, seq + 1));
                }
            }
        }
        at = next;
    }
    Ok((seen, at))
}

/// Looks up what is for this peer: entries of this room bear its id, or [`ALL`], as their object.
fn downward(q: &mut dyn Query, peer: &Peer, from: u64, size: u64) -> Result<(Vec<Seen>, u64)> {
    let sql = "select seq, act, leaf from log where obj in ($1, $2) and seq >= $3 and seq < $4 order by seq limit $5";
    let rows = q.rows(sql, params![&peer.id, ALL, from, size, wire::EVENTS])?;
    let full = rows.len() == wire::EVENTS;
    let mut seen = Vec::new();
    for row in rows {
        let (seq, act, text): (u64, String, String) = (row.get("seq")?, row.get("act")?, row.get("leaf")?);
        let leaf: Json = serde_json::from_str(&text).map_err(Error::internal)?;
        if WORDED.contains(&act.as_str()) {
            seen.push((seq, act, text, leaf));
        }
    }
    let until = seen.last().filter(|_| full).map_or(size, |s| s.0 + 1);
    Ok((seen, until))
}

/// Adds what belongs to each: the code of its place, and its values up to the grade of the peer.
fn words(q: &mut dyn Query, peer: &Peer, seen: Vec<Seen>) -> Result<Vec<Event>> {
    let worded: Vec<u64> = seen.iter().filter(|s| WORDED.contains(&s.1.as_str())).map(|s| s.0).collect();
    let mut values: HashMap<u64, Vec<Element>> = q.entries_at(&worded)?.into_iter().map(|w| (w.index, w.elements)).collect();
    let areas: BTreeSet<String> = seen.iter().filter_map(|s| s.3["area"].as_str().map(str::to_owned)).collect();
    let codes: HashMap<String, String> = area::by_ids(q, areas.iter())?.into_iter().map(|a| (a.id, a.code)).collect();
    let own = node::code(q)?;
    let mut out = Vec::with_capacity(seen.len());
    for (seq, _, leaf, json) in seen {
        let elements: Vec<Element> = values.remove(&seq).unwrap_or_default();
        let elements: Vec<Element> =
            elements.into_iter().filter(|e| i64::from(catalogue::grade_of(&e.0)) <= peer.grade).collect();
        let grade = elements.iter().map(|e| catalogue::grade_of(&e.0)).max().unwrap_or(1);
        let code = json["area"].as_str().and_then(|id| codes.get(id)).filter(|c| !c.is_empty()).unwrap_or(&own);
        out.push(Event { seq, n: 0, area: code.clone(), grade, schema: SCHEMA.into(), leaf, json, elements });
    }
    Ok(out)
}
