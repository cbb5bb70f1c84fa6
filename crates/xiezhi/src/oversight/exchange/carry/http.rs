//! Over HTTPS: the one beneath calls the one above, gives what it lacks and asks for what is for us.
//!
//! What must stay true: who cannot be called is never called: a village behind a firewall does all the calling; a batch is posted
//! as CloudEvents (`application/cloudevents-batch+json`), the answer is a signed watermark; a poll is a signed watermark itself with a
//! word that we gave some minutes ago at most, so nobody else gets what is for a peer, and an old one gets nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::hex;

use super::super::inbox::{self, Answer};
use super::super::mark::{self, Moved, Watermark, Way};
use super::super::peer::{self, Peer, Standing};
use super::super::{out, wire};
use crate::kit::error::Kind;
use crate::kit::outbound;
use crate::kit::tell;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Error, Result};

/// How long a nonce of ours holds, at least; at most twice as long.
const NONCE: Ms = 10 * MINUTE;
/// Batches of one peer in one round: the others have their turn.
const AT_ONCE: usize = 40;

/// The answer to a batch.
#[derive(Serialize, Deserialize)]
struct Said {
    watermark: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cosignature: Option<String>,
    #[serde(default)]
    missing: bool,
}

impl From<Answer> for Said {
    fn from(a: Answer) -> Said {
        Said { watermark: a.watermark, cosignature: a.cosignature, missing: a.missing }
    }
}

/// Takes a batch that was posted; gives the answer.
pub fn posted(app: &App, batch: Json) -> Result<Json> {
    let batch = wire::Batch::of(batch, app.db.origin()).map_err(inbox::refused)?;
    serde_json::to_value(Said::from(inbox::take(app, batch)?)).map_err(Error::internal)
}

/// What a poll brings.
pub enum Polled {
    /// The next batch.
    Batch(Vec<u8>),
    /// Nothing: whoever asked has all that is for him.
    Nothing,
    /// It is to be asked again with this: a poll that was listened to on its way gets nothing later.
    Nonce(String),
}

/// Answers a poll: the next batch for whoever signed it. What he says of our log moves his mark.
pub fn polled(app: &App, text: &str) -> Result<Polled> {
    let told = Watermark::read(text).filter(|t| t.sender == app.db.origin()).ok_or_else(|| Kind::Batch.at("watermark"))?;
    let peer = app.db.read(|r| peer::by_origin(r, &told.receiver))?.filter(|p| p.state != Standing::Ended);
    let peer = peer.ok_or(Kind::PeerUnknown)?;
    if peer.state == Standing::Held {
        return Err(Kind::PeerHeld.into());
    }
    if told.stream != peer.outward() {
        return Err(Kind::Batch.at("receiver"));
    }
    let window = app.now() / NONCE;
    let nonce = |window: Ms| hex(app.db.digest("exchange nonce", &format!("{} {window}", peer.id)))[..32].to_owned();
    if told.nonce != nonce(window) && told.nonce != nonce(window - 1) {
        return Ok(Polled::Nonce(nonce(window)));
    }
    // Most polls say nothing new.
    if app.db.read(|r| mark::of(r, &peer.id, Way::Out))?.size != told.size {
        confirm(app, &peer, told, None)?;
    }
    Ok(next(app, &peer)?.map_or(Polled::Nothing, Polled::Batch))
}

fn confirm(app: &App, peer: &Peer, told: Watermark, witnessed: Option<(String, String)>) -> Result<()> {
    let p = peer.clone();
    let end = app.db.write(move |tx| {
        let end = mark::confirmed(tx, &p, &told, witnessed)?;
        if end == Moved::Differs {
            peer::hold(tx, &p, None, "history")?;
        }
        Ok::<_, Error>(end)
    })?;
    if end.value == Moved::Differs { Err(Error::from(Kind::PeerHeld).field("history")) } else { Ok(()) }
}

fn next(app: &App, peer: &Peer) -> Result<Option<Vec<u8>>> {
    let stands = app.db.read(|r| mark::of(r, &peer.id, Way::Out))?;
    let batch = out::batch(app, peer, &stands)?;
    Ok(batch.map(|b| b.write(|body| app.db.sign(body))))
}

/// Calls the one above: gives what it lacks, and asks for what we lack, if it is time to.
pub fn talk(app: &App, peer: &Peer, asks: bool, nonce: &mut String) -> Result<()> {
    for _ in 0..AT_ONCE {
        if !give(app, peer)? {
            break;
        }
    }
    for _ in 0..if asks { AT_ONCE } else { 0 } {
        if !ask(app, peer, nonce)? {
            break;
        }
    }
    Ok(())
}

fn url(peer: &Peer, path: &str) -> String {
    format!("{}/exchange/v1/{path}", peer.url.as_deref().unwrap_or_default())
}

fn call(peer: &Peer, path: &str, kind: &str, body: &[u8]) -> Result<Vec<u8>> {
    outbound::post(&url(peer, path), kind, &[("accept", "application/json")], body).map_err(|t| {
        let kind = if t.passes { Kind::PeerAway } else { Kind::PeerRefused };
        Error { detail: Some(t.line()), ..kind.into() }
    })
}

/// Gives the next batch; false when there was none.
fn give(app: &App, peer: &Peer) -> Result<bool> {
    let Some(bytes) = next(app, peer)? else { return Ok(false) };
    let answer = call(peer, "batch", wire::KIND, &bytes)?;
    let said: Said = serde_json::from_slice(&answer).map_err(|_| Kind::PeerRefused)?;
    heard(app, peer, &said.watermark, said.cosignature.as_deref())?;
    Ok(true)
}

/// Takes in what a peer says of our log after a batch.
pub fn heard(app: &App, peer: &Peer, text: &str, line: Option<&str>) -> Result<()> {
    let told = Watermark::read(text).filter(|t| t.receiver == peer.origin && t.sender == app.db.origin());
    let told = told.ok_or_else(|| Kind::Batch.at("watermark"))?;
    let witnessed = match line {
        Some(line) if told.size > 0 && told.size <= app.db.last().size => {
            let point = app.db.checkpoint_at(told.size)?;
            let fits = store::note::open_cosignature(&point, line).is_ok_and(|(name, _)| name == peer.origin);
            fits.then(|| (point, line.to_owned()))
        }
        _ => None,
    };
    confirm(app, peer, told, witnessed)
}

/// Asks for the next batch; false when there was none.
fn ask(app: &App, peer: &Peer, nonce: &mut String) -> Result<bool> {
    /// What is said instead of a batch.
    #[derive(Deserialize)]
    struct Again {
        nonce: String,
    }
    let stands = app.db.read(|r| mark::of(r, &peer.id, Way::In))?;
    let poll = |nonce: &str| {
        let text = inbox::watermark(app, peer, &stands, nonce)?;
        call(peer, "poll", "application/json", json!({ "watermark": text }).to_string().as_bytes())
    };
    let mut answer = poll(nonce)?;
    if let Ok(again) = serde_json::from_slice::<Again>(&answer) {
        *nonce = again.nonce;
        answer = poll(nonce)?;
    }
    if answer.is_empty() {
        return Ok(false);
    }
    inbox::take(app, inbox::read(app, &answer)?)?;
    Ok(true)
}

/// Brings the answer to an invitation to whoever invited.
pub fn join(url: &str, answer: &str) -> Result<()> {
    let body = json!({ "join": answer }).to_string();
    let sent = outbound::post(
        &format!("{url}/exchange/v1/join"),
        "application/json",
        &[("accept", "application/json")],
        body.as_bytes(),
    );
    sent.map(drop).map_err(|t| Error { detail: Some(t.line()), ..Kind::PeerAway.into() })
}

/// Says on the terminal, once for each try, that a peer did not answer or refused.
pub fn trouble(peer: &Peer, e: &Error) {
    tell::trouble(
        &json!({ "level": "warn", "exchange": peer.name, "code": e.kind.code(), "field": e.field, "detail": e.detail }),
    );
}
