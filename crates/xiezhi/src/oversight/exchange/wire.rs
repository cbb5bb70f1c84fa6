//! A batch on the wire: CloudEvents 1.0.2 in the JSON batch format, and what proves it.
//!
//! What must stay true: a batch speaks of one stretch of the sender's log without a gap. What the receiver is to see stands in it
//! as events with their whole leaves; what lies between is skipped by complete nodes of the tree (RFC 6962), so the receiver can
//! follow the tree from its own mark to the signed checkpoint, and nothing can be left out, put in or changed unseen. The last
//! event is the checkpoint; its seal binds all bytes of the others to this receiver. Numbers beyond 2^31 are text, as CloudEvents
//! has no larger integer. Nothing here touches a database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::tree::{Edge, Hash, leaf_hash};
use store::{Element, canonical, note};

use crate::kit::time::Ms;

/// Media type of a batch.
pub const KIND: &str = "application/cloudevents-batch+json";
/// Events of one batch.
pub const EVENTS: usize = 500;
/// Bytes of a batch that its sender fills before it ends it; the last event may go beyond.
pub const FILL: usize = 180 << 10;
/// Bytes of a batch that a receiver reads.
pub const MOST: usize = 256 << 10;
/// Skipped stretches of one batch: those between so many events.
const SKIPS: usize = (EVENTS + 1) * 126;
/// What the elements of a leaf are named by: the data catalogue of the program.
pub const SCHEMA: &str = "urn:xiezhi:elements:1";
/// The event that ends a batch.
const CHECKPOINT: &str = "cn.xiezhi.exchange.checkpoint.v1";

/// What is wrong with a batch: stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No batch of CloudEvents as it is written here.
    Form,
    /// Too many bytes, events or skipped stretches.
    Size,
    /// The seal is not by the one who is said to send.
    Seal,
    /// It is for somebody else.
    Receiver,
    /// Events and stretches do not add up to what the checkpoint says.
    Tree,
    /// A value that was disclosed is not the one in its leaf.
    Element,
    /// A version that is not known here.
    Version,
}

impl Fault {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Fault::Form => "form",
            Fault::Size => "size",
            Fault::Seal => "seal",
            Fault::Receiver => "receiver",
            Fault::Tree => "tree",
            Fault::Element => "element",
            Fault::Version => "version",
        }
    }
}

/// One event: an entry of the sender's log as the receiver may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Position in the sender's log.
    pub seq: u64,
    /// Number in the stream between the two, from 1, without gaps.
    pub n: u64,
    /// Code of the area it belongs to.
    pub area: String,
    /// Highest grade of the values within, at least 1.
    pub grade: u8,
    /// Version of the data catalogue.
    pub schema: String,
    /// Canonical text of the leaf, and what it says.
    pub leaf: String,
    /// See `leaf`.
    pub json: Json,
    /// The values that the receiver may see, with their salts.
    pub elements: Vec<Element>,
}

impl Event {
    /// Bytes it takes, roughly: its leaf stands in it as text, with each quotation mark escaped.
    pub fn size(&self) -> usize {
        let values: usize = self.elements.iter().map(|e| e.0.len() + e.1.to_string().len() + e.2.len() + 8).sum();
        self.leaf.len() * 5 / 4 + values + 500
    }
}

/// Which way a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// To the level above.
    Up,
    /// To a level beneath, or to a department.
    Down,
}

impl Stream {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        if self == Stream::Up { "up" } else { "down" }
    }

    /// By its name.
    pub fn parse(text: &str) -> Option<Stream> {
        match text {
            "up" => Some(Stream::Up),
            "down" => Some(Stream::Down),
            _ => None,
        }
    }
}

/// A batch, read or to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Log of the sender.
    pub sender: String,
    /// Log of the receiver.
    pub to: String,
    /// Which stream.
    pub stream: Stream,
    /// The stretch `from..until` of the sender's log.
    pub from: u64,
    /// See `from`.
    pub until: u64,
    /// Number of the first event; of the next one, when there is none.
    pub first: u64,
    /// The events, in order.
    pub events: Vec<Event>,
    /// Complete nodes that cover what lies between: level and hash, from left to right.
    pub skips: Vec<(u32, Hash)>,
    /// Signed checkpoint of the first `until` entries.
    pub checkpoint: String,
    /// The root that it signs, of a batch that was read.
    pub root: Hash,
    /// Code of the sender's area, for the `source` of the events.
    pub source: String,
    /// What the sender signed for this receiver, of a batch that was read.
    pub seal: String,
}

/// The short name of a node: the beginning of its key.
pub fn short(origin: &str) -> &str {
    let hex = origin.strip_prefix("xiezhi/").unwrap_or(origin);
    hex.get(..16).unwrap_or(hex)
}

impl Batch {
    /// Writes one that was read as it came: under the same seal.
    pub fn bytes(&self) -> Vec<u8> {
        self.write(|_| self.seal.clone())
    }

    /// Writes it, sealed by `sign`.
    pub fn write(&self, sign: impl Fn(&str) -> String) -> Vec<u8> {
        let source = format!("urn:cn:area:{}:xiezhi", self.source);
        let node = short(&self.sender);
        let mut all: Vec<Json> = Vec::with_capacity(self.events.len() + 1);
        for e in &self.events {
            let leaf = &e.json;
            let at: Ms = leaf["at"].as_i64().unwrap_or_default();
            let mut data = json!({ "leaf": e.leaf });
            if !e.elements.is_empty() {
                data["elements"] = json!(e.elements);
            }
            let hidden = leaf["body"].as_array().map_or(0, Vec::len).saturating_sub(e.elements.len());
            if hidden > 0 {
                data["withheld"] = hidden.into();
            }
            all.push(json!({
                "specversion": "1.0",
                "id": format!("{node}/{}", e.seq),
                "source": source,
                "type": format!("cn.xiezhi.{}.v1", leaf["act"].as_str().unwrap_or_default()),
                "subject": format!("{}/{}", leaf["type"].as_str().unwrap_or_default(), leaf["obj"].as_str().unwrap_or_default()),
                "time": jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string(),
                "dataschema": e.schema,
                "datacontenttype": "application/json",
                "areacode": e.area,
                "grade": e.grade,
                "purpose": "governance",
                "originseq": e.seq.to_string(),
                "streamseq": e.n.to_string(),
                "hash": B64.encode(leaf_hash(e.leaf.as_bytes())),
                "data": data,
            }));
        }
        let digest = digest(&all);
        let seal = sign(&self.sealed(&digest));
        all.push(json!({
            "specversion": "1.0",
            "id": format!("{node}/checkpoint/{}/{}", self.stream.as_str(), self.until),
            "source": source,
            "type": CHECKPOINT,
            "datacontenttype": "application/json",
            "data": {
                "sender": self.sender,
                "to": self.to,
                "stream": self.stream.as_str(),
                "from": self.from,
                "until": self.until,
                "first": self.first,
                "skips": self.skips.iter().map(|(level, hash)| json!([level, B64.encode(hash)])).collect::<Vec<_>>(),
                "checkpoint": self.checkpoint,
                "seal": seal,
            },
        }));
        Json::Array(all).to_string().into_bytes()
    }

    /// What the seal signs.
    fn sealed(&self, digest: &str) -> String {
        format!("xiezhi batch v1\n{}\n{}\n{} {} {}\n{digest}\n", self.to, self.stream.as_str(), self.from, self.until, self.first)
    }

    /// Reads what `me` got from the wire and checks all that can be checked without knowing where its reader stands: form,
    /// limits, seal, checkpoint, and that each disclosed value is the one in its leaf.
    pub fn read(bytes: &[u8], me: &str) -> Result<Batch, Fault> {
        if bytes.len() > MOST {
            return Err(Fault::Size);
        }
        Batch::of(serde_json::from_slice(bytes).map_err(|_| Fault::Form)?, me)
    }

    /// The same of what was parsed already.
    pub fn of(json: Json, me: &str) -> Result<Batch, Fault> {
        let Json::Array(mut all) = json else { return Err(Fault::Form) };
        let last = all.pop().filter(|l| l["type"] == CHECKPOINT).ok_or(Fault::Form)?;
        #[derive(Deserialize, Serialize)]
        struct End {
            sender: String,
            to: String,
            stream: String,
            from: u64,
            until: u64,
            first: u64,
            skips: Vec<(u32, String)>,
            checkpoint: String,
            seal: String,
        }
        let end: End = serde_json::from_value(last["data"].clone()).map_err(|_| Fault::Form)?;
        if all.len() > EVENTS || end.skips.len() > SKIPS {
            return Err(Fault::Size);
        }
        let events = all.iter().map(event).collect::<Result<Vec<Event>, Fault>>()?;
        let skips = end.skips.iter().map(|(l, h)| Some((*l, hash(h)?))).collect::<Option<Vec<_>>>().ok_or(Fault::Form)?;
        let mut batch = Batch {
            sender: end.sender,
            to: end.to,
            stream: Stream::parse(&end.stream).ok_or(Fault::Form)?,
            from: end.from,
            until: end.until,
            first: end.first,
            events,
            skips,
            checkpoint: end.checkpoint,
            root: Hash::default(),
            source: last["source"].as_str().unwrap_or_default().split(':').nth(3).unwrap_or_default().to_owned(),
            seal: end.seal,
        };
        if batch.to != me {
            return Err(Fault::Receiver);
        }
        let key = note::key_of_origin(&batch.sender).ok_or(Fault::Seal)?;
        let body = note::open_note(&batch.seal, &batch.sender, &key).map_err(|_| Fault::Seal)?;
        if body != batch.sealed(&digest(&all)) {
            return Err(Fault::Seal);
        }
        let point = note::open(&batch.checkpoint, &key).map_err(|_| Fault::Seal)?;
        let order = batch.events.iter().enumerate().all(|(i, e)| {
            let n = batch.first + i as u64;
            e.n == n && e.seq >= batch.from && e.seq < batch.until && (i == 0 || e.seq > batch.events[i - 1].seq)
        });
        if point.origin != batch.sender || point.size != batch.until || batch.from > batch.until || !order {
            return Err(Fault::Tree);
        }
        batch.events.iter().try_for_each(|e| disclosed(e, &batch.sender))?;
        batch.root = point.root;
        Ok(batch)
    }

    /// Follows the tree from where the reader stands to the checkpoint of the batch.
    pub fn walk(&self, mut edge: Edge) -> Result<Edge, Fault> {
        if edge.size != self.from {
            return Err(Fault::Tree);
        }
        let mut skips = self.skips.iter();
        let mut pass = |edge: &mut Edge, to: u64| {
            while edge.size < to {
                let (level, hash) = skips.next().ok_or(Fault::Tree)?;
                if !edge.skip(*level, *hash) || edge.size > to {
                    return Err(Fault::Tree);
                }
            }
            Ok(())
        };
        for e in &self.events {
            pass(&mut edge, e.seq)?;
            edge.push(leaf_hash(e.leaf.as_bytes()), |_, _, _| {});
        }
        pass(&mut edge, self.until)?;
        if edge.root() == self.root && edge.size == self.until { Ok(edge) } else { Err(Fault::Tree) }
    }

    /// The body of its checkpoint: what a witness signs.
    pub fn checkpoint_body(&self) -> &str {
        self.checkpoint.find("\n\n").map_or("", |at| &self.checkpoint[..=at])
    }
}

/// Digest over the canonical texts of all events, each with its length before it.
fn digest(events: &[Json]) -> String {
    let mut sha = Sha256::new();
    for e in events {
        // What has no canonical form cannot have been sealed by us either: its digest fits nothing.
        let text = canonical(e).unwrap_or_default();
        sha.update((text.len() as u64).to_be_bytes());
        sha.update(text);
    }
    B64.encode(sha.finalize())
}

fn hash(text: &str) -> Option<Hash> {
    B64.decode(text).ok()?.try_into().ok()
}

fn event(e: &Json) -> Result<Event, Fault> {
    let text = |name: &str| e[name].as_str().ok_or(Fault::Form);
    let number = |name: &str| text(name)?.parse::<u64>().map_err(|_| Fault::Form);
    if e["specversion"] != "1.0" {
        return Err(Fault::Version);
    }
    let elements = match &e["data"]["elements"] {
        Json::Null => Vec::new(),
        some => serde_json::from_value(some.clone()).map_err(|_| Fault::Form)?,
    };
    let leaf = e["data"]["leaf"].as_str().ok_or(Fault::Form)?.to_owned();
    Ok(Event {
        seq: number("originseq")?,
        n: number("streamseq")?,
        area: text("areacode")?.to_owned(),
        grade: e["grade"].as_u64().and_then(|g| u8::try_from(g).ok()).ok_or(Fault::Form)?,
        schema: text("dataschema")?.to_owned(),
        json: serde_json::from_str(&leaf).map_err(|_| Fault::Form)?,
        leaf,
        elements,
    })
}

/// Whether a leaf is one of this log at this place, and its disclosed values are those that it commits to.
fn disclosed(e: &Event, sender: &str) -> Result<(), Fault> {
    let leaf = &e.json;
    if leaf["log"] != sender || leaf["seq"].as_u64() != Some(e.seq) || canonical(leaf).ok().as_deref() != Some(&e.leaf) {
        return Err(Fault::Form);
    }
    let digests: Vec<&str> = leaf["body"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let fits = e.elements.iter().all(|v| v.digest().is_some_and(|d| digests.contains(&d.as_str())));
    if fits { Ok(()) } else { Err(Fault::Element) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use store::note::Signer;
    use store::tree;

    use super::*;

    const TO: &str = "xiezhi/receiver";

    /// A log of so many entries, of which some are shown, from an entry on: the batch, and the tree as the receiver has it.
    fn drawn(signer: &Signer, size: u64, from: u64, shown: &[bool]) -> (Batch, Edge) {
        let leaf = |seq: u64| {
            let json = json!({ "act": "case.report", "at": 1_772_000_000_000_i64, "log": signer.origin(), "obj": "o", "seq": seq, "type": "case", "v": 1 });
            (canonical(&json).unwrap(), json)
        };
        let (mut nodes, mut edge, mut before) = (HashMap::new(), Edge::default(), Edge::default());
        for seq in 0..size {
            if seq == from {
                before = edge.clone();
            }
            edge.push(leaf_hash(leaf(seq).0.as_bytes()), |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        let (mut events, mut skips, mut at) = (Vec::new(), Vec::new(), from);
        for seq in (from..size).filter(|s| shown[*s as usize]).chain([size]) {
            skips.extend(tree::cover(at, seq).into_iter().map(|(level, index)| (level, nodes[&(level, index)])));
            at = seq + 1;
            if seq < size {
                let (leaf, json) = leaf(seq);
                let (n, area, schema) = (events.len() as u64 + 1, "321002".to_owned(), SCHEMA.to_owned());
                events.push(Event { seq, n, area, grade: 1, schema, leaf, json, elements: Vec::new() });
            }
        }
        let batch = Batch {
            sender: signer.origin().to_owned(),
            to: TO.into(),
            stream: Stream::Up,
            from,
            until: size,
            first: 1,
            events,
            skips,
            checkpoint: signer.checkpoint(size, &edge.root()),
            root: edge.root(),
            source: "321002".into(),
            seal: String::new(),
        };
        (batch, before)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn what_is_shown_of_a_log_leads_to_its_root_and_nothing_else_does(
            size in 1u64..60,
            begin in 0u64..60,
            shown in proptest::collection::vec(any::<bool>(), 60),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..8), 12),
        ) {
            let (signer, from) = (Signer::new(&[7; 32]), begin % size);
            let (batch, before) = drawn(&signer, size, from, &shown);
            let bytes = batch.write(|body| signer.note(body));
            let read = Batch::read(&bytes, TO).unwrap();
            prop_assert_eq!(&read.events, &batch.events);
            prop_assert_eq!(read.walk(before.clone()).unwrap().root(), batch.root);
            prop_assert_eq!(&read.bytes(), &bytes, "it is passed on as it came");
            // Nobody else reads it, and from elsewhere it leads nowhere.
            prop_assert_eq!(Batch::read(&bytes, "xiezhi/other"), Err(Fault::Receiver));
            prop_assert!(from == 0 || read.walk(Edge::default()).is_err());
            // A changed bit is found, or changes nothing that counts.
            for (at, bit) in flips {
                let mut changed = bytes.clone();
                changed[at.index(bytes.len())] ^= 1 << bit;
                if let Ok(other) = Batch::read(&changed, TO) {
                    let same = other.events == batch.events && (other.from, other.until, other.first) == (from, size, 1);
                    prop_assert!(same, "{}", String::from_utf8_lossy(&changed));
                    if let Ok(edge) = other.walk(before.clone()) {
                        prop_assert_eq!(edge.root(), batch.root);
                    }
                }
            }
        }

        #[test]
        fn nonsense_is_refused_and_stops_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Batch::read(&bytes, TO).is_err());
        }
    }

    #[test]
    fn an_event_that_is_left_out_or_put_twice_is_seen_though_its_sender_signs_it() {
        let signer = Signer::new(&[7; 32]);
        let (batch, before) = drawn(&signer, 20, 0, &[true; 60]);
        let read = |b: &Batch| Batch::read(&b.write(|body| signer.note(body)), TO);
        let mut less = batch.clone();
        less.events.remove(7);
        assert_eq!(read(&less), Err(Fault::Tree), "numbers have a gap");
        less.events.iter_mut().enumerate().for_each(|(i, e)| e.n = i as u64 + 1);
        assert_eq!(read(&less).unwrap().walk(before.clone()), Err(Fault::Tree));
        let mut twice = batch.clone();
        twice.events.insert(3, batch.events[3].clone());
        assert_eq!(read(&twice), Err(Fault::Tree));
        assert_eq!(Batch::read(&vec![b' '; MOST + 1], TO), Err(Fault::Size));
    }
}
