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

/// What the thread remembers of each peer: tries that failed, when the next one is, when it was asked last.
#[derive(Default)]
pub struct Calls(HashMap<String, (i64, Ms, Ms)>);

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
        let (tries, next, asked) = calls.0.get(&p.id).copied().unwrap_or_default();
        if app.over.load(Ordering::Relaxed) || now < next {
            continue;
        }
        let asks = (now - asked).abs() >= EVERY;
        let end = http::talk(app, p, asks);
        let asked = if asks { now } else { asked };
        match end {
            Ok(()) => calls.0.insert(p.id.clone(), (0, 0, asked)),
            Err(e) => {
                http::trouble(p, &e);
                let [chance] = app.random();
                // From two seconds on, twice as long each time.
                let wait = (pause(tries, 30 * LONGEST, chance) / 30).min(LONGEST);
                calls.0.insert(p.id.clone(), (tries + 1, now + wait, asked))
            }
        };
    }
    Ok(())
}
