//! Ways between nodes: each moves the same batches and the same watermarks, and decides nothing.

/// Sealed files, for a USB stick.
pub mod file;
/// HTTPS, within the program.
pub mod http;

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::cases;
use super::peer::{self, Peer, Relation, Standing};
use crate::kit::outbound::pause;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Result};

/// Longest pause before a peer that does not answer is called again.
const LONGEST: Ms = 5 * MINUTE;

/// How often the level above is asked whether it has something for us.
const EVERY: Ms = 2_000;

/// What the thread remembers of the peers that it calls.
#[derive(Default)]
pub struct Calls(HashMap<String, Called>);

struct Called {
    /// Tries that failed, one after the other.
    tries: i64,
    /// Not before.
    next: Ms,
    /// When it was asked last.
    asked: Ms,
    /// What it wants to hear in a poll.
    nonce: String,
}

impl Default for Called {
    fn default() -> Called {
        Called { tries: 0, next: 0, asked: 0, nonce: "-".into() }
    }
}

/// Puts into words what the log says is to be told: whatever carries it, it is an entry of the log first.
pub fn prepare(app: &App) -> Result<Vec<Peer>> {
    let mut peers = app.db.read(|r| peer::all(r))?;
    peers.retain(|p| p.state == Standing::Joined);
    if !peers.is_empty() {
        cases::follow(app, &peers)?;
        cases::say(app, &peers)?;
    }
    Ok(peers)
}

/// One round: what the log says is to be told is put into words; then the level above gets what it lacks, and is asked for what we
/// lack. Who is beneath calls by himself.
pub fn round(app: &App, calls: &mut Calls) -> Result<()> {
    let joined = prepare(app)?;
    for p in joined.iter().filter(|p| p.relation == Relation::Parent && p.url.is_some()) {
        let now = app.now();
        let called = calls.0.entry(p.id.clone()).or_default();
        if app.over.load(Ordering::Relaxed) || now < called.next {
            continue;
        }
        let asks = (now - called.asked).abs() >= EVERY;
        called.asked = if asks { now } else { called.asked };
        match http::talk(app, p, asks, &mut called.nonce) {
            Ok(()) => (called.tries, called.next) = (0, 0),
            Err(e) => {
                http::trouble(p, &e);
                let [chance] = app.random();
                // From two seconds on, twice as long each time.
                called.next = now + (pause(called.tries, 30 * LONGEST, chance) / 30).min(LONGEST);
                called.tries += 1;
            }
        }
    }
    Ok(())
}
