//! Slowing down whoever guesses: wrong passwords, wrong tracking codes, wrong set-up tokens.
//!
//! What must stay true: who guesses is slowed, not whom he guesses at: a name or number is counted together with the
//! address that tries it, so that nobody can shut a victim out. A whole sub-district may sit behind one address, so an
//! address may fail more often in all. Kept in memory only. A clock that is set back by hours shuts nobody out for hours.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
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

/// The address that stands for a line into the network: whoever has one IPv6 address has a whole /64 of them, and could
/// come from another one each time.
pub fn home(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// What a try is counted under: the thing that was guessed at, and where the guess came from.
pub fn keys(kind: &str, thing: &str, address: IpAddr) -> [(String, u32); 2] {
    let address = home(address);
    [(format!("{kind} {thing} from {address}"), OF_ONE), (format!("{kind} from {address}"), OF_ADDRESS)]
}

impl Tries {
    /// Refuses when there were too many.
    pub fn check(&self, keys: &[(String, u32)], now: Ms) -> Result<()> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, most) in keys {
            if let Some((n, since)) = all.get(key)
                && n >= most
                && (now - since).abs() < WINDOW
            {
                return Err(Error::from(Kind::SlowDown).limit((WINDOW - (now - since).abs()) / 1000 + 1));
            }
        }
        Ok(())
    }

    /// Counts one more call under a key, or refuses it when there were so many within a minute.
    pub fn pace(&self, key: &str, a_minute: u32, now: Ms) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(format!("pace {key}")).or_insert((0, now));
        if (now - entry.1).abs() >= MINUTE {
            *entry = (0, now);
        }
        if entry.0 >= a_minute {
            return Err(Error::from(Kind::SlowDown).limit((MINUTE - (now - entry.1).abs()) / 1000 + 1));
        }
        entry.0 += 1;
        Ok(())
    }

    /// Counts a failure.
    pub fn failed(&self, keys: &[(String, u32)], now: Ms) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MOST {
            all.retain(|_, (_, since)| (now - *since).abs() < WINDOW);
        }
        for (key, _) in keys {
            let entry = all.entry(key.clone()).or_insert((0, now));
            if (now - entry.1).abs() >= WINDOW {
                *entry = (0, now);
            }
            entry.0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (tries, keys) = (Tries::default(), keys("sign-in", "lin", [10, 0, 0, 1].into()));
        let (wrong, right) = (4_318_000_000_000, 1_770_000_000_000);
        (0..OF_ONE).for_each(|_| tries.failed(&keys, wrong));
        assert!(tries.check(&keys, wrong).is_err());
        assert!(tries.check(&keys, right).is_ok());
        tries.pace("key", 1, wrong).unwrap();
        assert!(tries.pace("key", 1, wrong).is_err());
        tries.pace("key", 1, right).unwrap();
    }

    #[test]
    fn one_line_into_the_network_is_one_address() {
        let ip = |t: &str| t.parse::<IpAddr>().unwrap();
        assert_eq!(home(ip("2001:db8:1:2::1")), home(ip("2001:db8:1:2:ffff::9")));
        assert_ne!(home(ip("2001:db8:1:2::1")), home(ip("2001:db8:1:3::1")));
        assert_ne!(home(ip("10.0.0.1")), home(ip("10.0.0.2")));
        assert_eq!(home(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
    }
}
