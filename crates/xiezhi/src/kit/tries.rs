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

/// What is counted as one caller: an address of IPv4, or the 64 bits of IPv6 that one line has; of the other 64 whoever guesses
/// may take a new one for each try.
pub fn line(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four => four,
    }
}

/// What a try is counted under: the thing that was guessed at, and where the guess came from.
pub fn keys(kind: &str, thing: &str, address: IpAddr) -> [(String, u32); 2] {
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
    fn who_has_a_line_of_ipv6_is_one_caller() {
        let one = |text: &str| line(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2::1"), one("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
        assert_eq!(one("::ffff:203.0.113.7"), IpAddr::from([203, 0, 113, 7]));
    }

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
}
