//! Devices nobody can answer for: readings that made no sense, and addresses that nobody added.
//!
//! What must stay true: kept in memory and within limits, so that whoever sends nonsense fills nothing; counts are written down now and
//! then, and what is written down is counted no more.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::time::{DAY, Ms};

/// Devices whose nonsense is counted at a time.
const DEVICES: usize = 50_000;
/// Addresses that are remembered.
const ADDRESSES: usize = 100;
/// How long one is.
const KEPT: Ms = DAY;

/// Readings that made no sense, by device: how many, and when the last of them came.
#[derive(Default)]
pub struct Refused {
    all: Mutex<HashMap<String, (i64, Ms)>>,
    writing: Mutex<()>,
}

impl Refused {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (i64, Ms)>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held by whoever writes them down: two at once would write the same ones.
    pub fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    pub fn count(&self, device: &str, now: Ms) {
        let mut all = self.lock();
        if all.len() < DEVICES || all.contains_key(device) {
            let entry = all.entry(device.to_owned()).or_insert((0, now));
            *entry = (entry.0 + 1, now);
        }
    }

    /// Those that were not written down yet, of one device.
    pub fn of(&self, device: &str) -> Option<(i64, Ms)> {
        self.lock().get(device).copied()
    }

    /// All that were not written down yet, by device.
    pub fn all(&self) -> Vec<(String, i64, Ms)> {
        let all = self.lock();
        let mut out: Vec<_> = all.iter().map(|(id, (n, at))| (id.clone(), *n, *at)).collect();
        out.sort();
        out
    }

    /// They were.
    pub fn written(&self, some: &[(String, i64, Ms)]) {
        let mut all = self.lock();
        for (id, n, _) in some {
            if let Some(entry) = all.get_mut(id) {
                entry.0 -= n;
            }
        }
        all.retain(|_, (n, _)| *n > 0);
    }
}

/// An address that speaks and that nobody added.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// From where.
    pub ip: IpAddr,
    /// How often.
    pub n: i64,
    /// When last.
    pub at: Ms,
}

/// Addresses that nobody added.
#[derive(Default)]
pub struct Strangers(Mutex<BTreeMap<String, Stranger>>);

impl Strangers {
    /// It speaks once more. Of too many those that came last are left out: who floods hides nobody.
    pub fn heard(&self, address: &str, ip: IpAddr, now: Ms) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, s| (now - s.at).abs() < KEPT);
        if all.len() < ADDRESSES || all.contains_key(address) {
            let entry = all.entry(address.to_owned()).or_insert(Stranger { ip, n: 0, at: now });
            *entry = Stranger { ip, n: entry.n + 1, at: now };
        }
    }

    /// Those of the last day.
    pub fn all(&self, now: Ms) -> Vec<(String, Stranger)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(_, s)| (now - s.at).abs() < KEPT).map(|(a, s)| (a.clone(), *s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_counted_no_more() {
        let refused = Refused::default();
        (0..3).for_each(|at| refused.count("a", at));
        let all = refused.all();
        refused.count("a", 9);
        refused.written(&all);
        assert_eq!((refused.of("a"), refused.of("b")), (Some((1, 9)), None));
    }

    #[test]
    fn addresses_are_few_and_forgotten() {
        let strangers = Strangers::default();
        (0..500).for_each(|n| strangers.heard(&format!("{n:012x}"), [10, 0, 0, 1].into(), 1));
        assert_eq!(strangers.all(1).len(), ADDRESSES);
        assert!(strangers.all(1 + KEPT).is_empty());
    }
}
