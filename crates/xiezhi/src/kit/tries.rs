//! Slowing down whoever guesses: wrong passwords, wrong tracking codes, wrong set-up tokens.
//!
//! What must stay true: who guesses is slowed, not whom he guesses at: a name or number is counted together with the
//! address that tries it, so that nobody can shut a victim out. A whole sub-district may sit behind one address, so an
//! address may fail more often in all. Kept in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::error::{Error, Kind, Result};
use super::time::{MINUTE, Ms};

/// Wrong tries at one thing (a name, a number) from one address before they are slowed down.
const OF_ONE: u32 = 10;
/// Wrong tries from one address.
const OF_ADDRESS: u32 = 100;
/// How long a slow-down lasts, and how far back tries count.
const WINDOW: Ms = 5 * MINUTE;
/// Keys that are remembered before old ones are swept.
const MOST: usize = 10_000;

/// What was tried in vain lately.
#[derive(Default)]
pub struct Tries(Mutex<HashMap<String, (u32, Ms)>>);

/// What a try is counted under: the thing that was guessed at, and where the guess came from.
pub fn keys(kind: &str, thing: &str, address: std::net::IpAddr) -> [(String, u32); 2] {
    [(format!("{kind} {thing} from {address}"), OF_ONE), (format!("{kind} from {address}"), OF_ADDRESS)]
}

impl Tries {
    /// Refuses when there were too many.
    pub fn check(&self, keys: &[(String, u32)], now: Ms) -> Result<()> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, most) in keys {
            if let Some((n, since)) = all.get(key)
                && n >= most
                && now - since < WINDOW
            {
                return Err(Error::from(Kind::SlowDown).limit((WINDOW - (now - since)) / 1000 + 1));
            }
        }
        Ok(())
    }

    /// Counts one more call under a key, or refuses it when there were so many within a minute.
    pub fn pace(&self, key: &str, a_minute: u32, now: Ms) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(format!("pace {key}")).or_insert((0, now));
        if now - entry.1 >= MINUTE {
            *entry = (0, now);
        }
        if entry.0 >= a_minute {
            return Err(Error::from(Kind::SlowDown).limit((MINUTE - (now - entry.1)) / 1000 + 1));
        }
        entry.0 += 1;
        Ok(())
    }

    /// Counts a failure.
    pub fn failed(&self, keys: &[(String, u32)], now: Ms) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MOST {
            all.retain(|_, (_, since)| now - *since < WINDOW);
        }
        for (key, _) in keys {
            let entry = all.entry(key.clone()).or_insert((0, now));
            if now - entry.1 >= WINDOW {
                *entry = (0, now);
            }
            entry.0 += 1;
        }
    }
}
