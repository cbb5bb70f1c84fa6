//! What came: a batch is applied once, in order, in the transaction that moves the mark.
//!
//! What must stay true: nothing is applied that the signed tree does not prove; what came too early waits ([`Early`] in the
//! answer says what is missing), what came before is known by the mark and does nothing; an event that the rules refuse is parked
//! and the others go on; whoever shows another history than before, or speaks for places that are not his, is held.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde_json::{Value as Json, json};
use store::tree::{Edge, Hash};
use store::{Entry, Query as _, Tx, params};

use super::apply::{self, Work};
use super::mark::{self, Mark, Watermark, Way};
use super::peer::{self, Peer, Standing};
use super::wire::{Batch, Event, Fault, SCHEMA};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Error, Result};
use crate::oversight::board::measures::Delta;

/// Batches of one peer that wait for what lies before them.
const EARLY: i64 = 500;

/// What the receiver says after its commit.
pub struct Answer {
    /// How far it is, signed.
    pub watermark: String,
    /// Its line as a witness under the checkpoint of the batch, when that is where it stands.
    pub cosignature: Option<String>,
    /// Something before this batch did not come: to be sent again from the mark.
    pub missing: bool,
}

/// How a batch ended.
enum End {
    /// Its events took effect; the mark stands at its end.
    Taken(Mark),
    /// It was there before, or overlaps what was.
    Had(Mark),
    /// It waits.
    Early(Mark),
    /// It shows another history.
    Differs,
}

/// Why a write ended without one.
enum Stop {
    /// The event at this place of the batch is refused.
    Poison(usize, Error),
    Other(Error),
}

impl From<store::Error> for Stop {
    fn from(e: store::Error) -> Stop {
        Stop::Other(e.into())
    }
}

impl From<Error> for Stop {
    fn from(e: Error) -> Stop {
        Stop::Other(e)
    }
}

/// An error whose field names what is wrong with a batch.
pub fn refused(fault: Fault) -> Error {
    Error::from(Kind::Batch).field(fault.code())
}

/// Reads what came.
pub fn read(app: &App, bytes: &[u8]) -> Result<Batch> {
    Batch::read(bytes, app.db.origin()).map_err(refused)
}

/// Takes a batch in and whatever waited for it; gives where its stream then stands.
pub fn take(app: &App, batch: Batch) -> Result<Answer> {
    let sender = app.db.read(|r| peer::by_origin(r, &batch.sender))?.filter(|p| p.state != Standing::Ended);
    let sender = sender.ok_or(Kind::PeerUnknown)?;
    if sender.state == Standing::Held {
        return Err(Kind::PeerHeld.into());
    }
    if batch.stream != sender.inward() {
        return Err(refused(Fault::Receiver));
    }
    if batch.events.iter().any(|e| !sender.covers(&e.area)) {
        return held(app, sender, "area");
    }
    let (mark, missing) = match one(app, &sender, batch, true)? {
        End::Taken(mark) | End::Had(mark) => (mark, false),
        End::Early(mark) => (mark, true),
        End::Differs => return held(app, sender, "history"),
    };
    let mark = waiting(app, &sender, mark)?;
    Ok(Answer { watermark: watermark(app, &sender, &mark, "-")?, cosignature: witness(app, &mark), missing })
}

fn held(app: &App, peer: Peer, why: &'static str) -> Result<Answer> {
    app.db.write(move |tx| peer::hold(tx, &peer, None, why))?;
    Err(Error::from(Kind::PeerHeld).field(why))
}

/// Where the stream of a peer stands here, signed.
pub fn watermark(app: &App, peer: &Peer, mark: &Mark, nonce: &str) -> Result<String> {
    let root: Hash = mark.tree()?.root();
    let told = Watermark {
        sender: peer.origin.clone(),
        receiver: app.db.origin().to_owned(),
        stream: peer.inward(),
        size: mark.size,
        root,
        n: mark.n,
        at: app.now(),
        nonce: nonce.to_owned(),
    };
    Ok(app.db.sign(&told.body()))
}

/// Our line as a witness under the checkpoint at which the stream of a peer stands here.
pub fn witness(app: &App, came: &Mark) -> Option<String> {
    let checkpoint = came.checkpoint.as_deref()?;
    let body = &checkpoint[..=checkpoint.find("\n\n")?];
    Some(app.db.cosign(body, (app.now() / 1000) as u64))
}

/// Batches that came early, as far as they fit now.
fn waiting(app: &App, peer: &Peer, mut mark: Mark) -> Result<Mark> {
    loop {
        let next = app.db.read(|r| {
            let sql = "select id, body from exchange_early where peer = $1 and from_seq <= $2 order by from_seq limit 1";
            let Some(row) = r.row(sql, params![&peer.id, mark.size])? else { return Ok(None) };
            let id: String = row.get("id")?;
            let bytes = r.open(&id, &row.get::<Vec<u8>>("body")?)?.unwrap_or_default();
            Ok::<_, Error>(Some((id, bytes)))
        })?;
        let Some((id, bytes)) = next else { return Ok(mark) };
        if let Ok(batch) = Batch::read(&bytes, app.db.origin())
            && let End::Taken(on) = one(app, peer, batch, false)?
        {
            mark = on;
        }
        let name = format!("exchange.early.{}", peer.id);
        app.db.write(move |tx| {
            tx.exec("delete from exchange_early where id = $1", params![&id])?;
            tx.destroy_key(&id)?;
            // What it held is in the log by now, or never was: the row is only the wire's.
            tx.follow(&name, 0)?;
            Ok::<_, Error>(())
        })?;
    }
}

fn one(app: &App, peer: &Peer, batch: Batch, keeps: bool) -> Result<End> {
    let stands = app.db.read(|r| mark::of(r, &peer.id, Way::In))?;
    // Hashing is done before the write; whether it still fits is looked at in it.
    let walked = (stands.size == batch.from).then(|| batch.walk(stands.tree()?).map_err(refused)).transpose();
    let walked = match walked {
        Ok(edge) => edge,
        Err(_) => return Ok(End::Differs),
    };
    let works = apply::prepare(app, peer, &batch.events)?;
    let early = (keeps && batch.from > stands.size).then(|| batch.bytes());
    let mut parked: BTreeMap<usize, String> = BTreeMap::new();
    for (i, e) in batch.events.iter().enumerate() {
        if e.schema != SCHEMA || e.json["v"] != 1 {
            parked.insert(i, "version".into());
        }
    }
    loop {
        let job = Job {
            peer: peer.clone(),
            batch: batch.clone(),
            stands: stands.clone(),
            walked: walked.clone(),
            works: works.clone(),
            parked: parked.clone(),
            early: early.clone(),
            zone: app.config.zone.clone(),
        };
        match app.db.write(move |tx| job.run(tx)) {
            Ok(done) => return Ok(done.value),
            Err(Stop::Poison(i, e)) if !parked.contains_key(&i) => {
                parked.insert(i, e.kind.code().to_owned());
            }
            Err(Stop::Poison(_, e) | Stop::Other(e)) => return Err(e),
        }
    }
}

/// One batch on its way into the database.
struct Job {
    peer: Peer,
    batch: Batch,
    stands: Mark,
    walked: Option<Edge>,
    works: Vec<Work>,
    /// Places of events that are parked, and why.
    parked: BTreeMap<usize, String>,
    early: Option<Vec<u8>>,
    zone: jiff::tz::TimeZone,
}

impl Job {
    fn run(self, tx: &mut Tx) -> std::result::Result<End, Stop> {
        let Job { peer, batch, .. } = &self;
        let mut mark = mark::load(tx, &peer.id, Way::In)?;
        if batch.from > mark.size {
            self.wait(tx)?;
            return Ok(End::Early(mark));
        }
        if batch.from < mark.size || batch.until == mark.size {
            // The same end with another root is another history.
            let same = batch.until != mark.size || mark.tree()?.root() == batch.root;
            return Ok(if same { End::Had(mark) } else { End::Differs });
        }
        let edge = match &self.walked {
            Some(edge) if self.stands.size == mark.size && self.stands.edge == mark.edge => edge.clone(),
            _ => match batch.walk(mark.tree()?) {
                Ok(edge) => edge,
                Err(_) => return Ok(End::Differs),
            },
        };
        if batch.first != mark.n + 1 {
            return Ok(End::Differs);
        }
        let now = tx.now();
        let done: BTreeSet<usize> = (0..batch.events.len()).filter(|i| !self.parked.contains_key(i)).collect();
        let deltas = self.deltas(&done, now);
        if batch.events.is_empty() {
            // Nothing but hashes: the mark alone says so. An entry would make the log grow, which the other side would be told of,
            // which would make its log grow, for ever.
            tx.follow(&format!("exchange.in.{}", peer.id), batch.until)?;
        } else {
            self.log(tx, &edge, &deltas)?;
        }
        for (i, event) in batch.events.iter().enumerate() {
            match self.parked.get(&i) {
                Some(why) => park(tx, peer, event, why)?,
                None => apply::run(tx, peer, event, &self.works[i], &self.zone).map_err(|e| match e.kind.status() {
                    500.. => Stop::Other(e),
                    _ => Stop::Poison(i, e),
                })?,
            }
        }
        (mark.size, mark.edge, mark.n, mark.moved_at) = (edge.size, edge.bytes(), mark.n + batch.events.len() as u64, now);
        mark.checkpoint = Some(batch.checkpoint.clone());
        mark.put(tx);
        Ok(End::Taken(mark))
    }

    fn log(&self, tx: &mut Tx, edge: &Edge, deltas: &[Delta]) -> Result<()> {
        let Job { peer, batch, .. } = self;
        // The object of an entry says for whom it goes down; this one is for the level above only.
        let entry = Entry { party: Some(&peer.body), area: Some(&peer.area), ..Entry::new("exchange.take", "exchange", "") };
        let entry = entry
            .fact("peer", peer.id.as_str())
            .fact("from", batch.from)
            .fact("until", batch.until)
            .fact("events", batch.events.len() as i64)
            .fact_opt("parked", (!self.parked.is_empty()).then_some(self.parked.len() as i64))
            .fact("root", B64.encode(edge.root()))
            .fact_opt("deltas", (!deltas.is_empty()).then(|| json!(deltas)));
        tx.log(entry)?;
        Ok(())
    }

    fn wait(&self, tx: &mut Tx) -> std::result::Result<(), Stop> {
        let Some(body) = &self.early else { return Ok(()) };
        let (peer, batch, now) = (&self.peer, &self.batch, tx.now());
        let id = format!("{}/{}/{}", peer.id, batch.from, batch.until);
        let full = tx.count("select count(*) from exchange_early where peer = $1", params![&peer.id])? >= EARLY;
        if full || tx.count("select count(*) from exchange_early where id = $1", params![&id])? > 0 {
            return Ok(());
        }
        // What is said in it is sealed here as everywhere.
        tx.new_owner(&id)?;
        let body = tx.seal(&id, body)?;
        let sql = "insert into exchange_early(id, peer, stream, from_seq, until_seq, came_at, body) values ($1, $2, $3, $4, $5, $6, $7)";
        tx.exec(sql, params![&id, &peer.id, batch.stream.as_str(), batch.from, batch.until, now, body])?;
        // Bytes of the wire: what they say gets its entry when it is taken.
        tx.follow(&format!("exchange.early.{}", peer.id), batch.until)?;
        Ok(())
    }

    /// What the events count as, in the areas and days that they name. A clock that runs ahead counts today.
    fn deltas(&self, done: &BTreeSet<usize>, now: Ms) -> Vec<Delta> {
        let leaf = |e: &Event| {
            let mut leaf = e.json.clone();
            if leaf["at"].as_i64().is_some_and(|at| at > now + DAY) {
                leaf["at"] = now.into();
            }
            leaf
        };
        let own = self.batch.events.iter().enumerate().filter(|(i, _)| done.contains(i));
        let entries: Vec<(Json, String)> = own.map(|(_, e)| (leaf(e), e.area.clone())).collect();
        if self.peer.relation == peer::Relation::Child {
            apply::deltas(&self.peer, &entries, now, &self.zone)
        } else {
            Vec::new()
        }
    }
}

fn park(tx: &mut Tx, peer: &Peer, event: &Event, why: &str) -> Result<()> {
    let (id, now, leaf) = (tx.id(), tx.now(), &event.json);
    let act = leaf["act"].as_str().unwrap_or_default();
    let entry = Entry { area: Some(&peer.area), ..Entry::new("exchange.park", "exchange", &id) };
    tx.log(entry.fact("peer", peer.id.as_str()).fact("n", event.n).fact("why", why).fact("of", act))?;
    tx.new_owner(&id)?;
    let kept = apply::Kept::of(event);
    let sealed = tx.seal(&id, &serde_json::to_vec(&kept).map_err(Error::internal)?)?;
    let sql = "insert into exchange_parked(id, peer, seq, n, act, why, tries, came_at, event) values ($1, $2, $3, $4, $5, $6, 1, $7, $8)";
    tx.exec(sql, params![&id, &peer.id, event.seq, event.n, act, why, now, sealed])?;
    Ok(())
}

/// Tries a parked event again: the rules may take it now.
pub fn unpark(app: &App, actor: &str, id: &str) -> Result<()> {
    let (peer, event) = app.db.read(|r| {
        let row = r.row("select peer, event from exchange_parked where id = $1 and done_at is null", params![id])?;
        let row = row.ok_or(Kind::NotFound)?;
        let peer = peer::by_id(r, &row.get::<String>("peer")?)?.ok_or(Kind::NotFound)?;
        let plain = r.open(id, &row.get::<Vec<u8>>("event")?)?.ok_or(Kind::NotFound)?;
        let kept: apply::Kept = serde_json::from_slice(&plain).map_err(Error::internal)?;
        Ok::<_, Error>((peer, kept.event()))
    })?;
    let mut works = apply::prepare(app, &peer, std::slice::from_ref(&event))?;
    let (work, id, actor, zone) = (works.remove(0), id.to_owned(), actor.to_owned(), app.config.zone.clone());
    app.db.write(move |tx| {
        let now = tx.now();
        let entry = Entry { actor: Some(&actor), area: Some(&peer.area), ..Entry::new("exchange.unpark", "exchange", &id) };
        tx.log(entry.fact("peer", peer.id.as_str()).fact("n", event.n))?;
        if peer.relation == peer::Relation::Child {
            let deltas = apply::deltas(&peer, &[(event.json.clone(), event.area.clone())], now, &zone);
            let taken = Entry { area: Some(&peer.area), ..Entry::new("exchange.take", "exchange", "") };
            tx.log(taken.fact("peer", peer.id.as_str()).fact("events", 1).fact("deltas", json!(deltas)))?;
        }
        apply::run(tx, &peer, &event, &work, &zone)?;
        tx.exec("update exchange_parked set done_at = $2, tries = tries + 1 where id = $1", params![&id, now])?;
        tx.destroy_key(&id)?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}
