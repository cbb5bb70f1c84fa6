//! How often each key was used: in this minute, and today.
//!
//! What must stay true: what was not written down yet is never forgotten here while the program runs, and counts for the
//! limit of the day together with what was; a clock that is set back shuts nobody out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::{Error, Kind, Result};
use super::time::{MINUTE, Ms};

/// Keys that are remembered before those that have nothing to be written down are forgotten.
const MOST: usize = 10_000;

/// The calls of all keys.
#[derive(Default)]
pub struct Calls {
    all: Mutex<HashMap<String, Count>>,
    writing: Mutex<()>,
}

#[derive(Default)]
struct Count {
    /// When the minute began, and the calls in it.
    minute: (Ms, i64),
    day: String,
    /// Calls of that day, with those that were written down before the first of them here. Kept as a sum, because while calls
    /// are being written down they stand in both places.
    total: i64,
    /// Those that were not written down.
    fresh: i64,
}

/// What a key may.
pub struct Limits {
    /// Calls in a minute.
    pub per_minute: i64,
    /// Calls in a day.
    pub per_day: i64,
    /// Calls of today that were written down.
    pub kept: i64,
}

impl Calls {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more call, or why not. `midnight` is when the day ends.
    pub fn count(&self, id: &str, day: &str, limits: &Limits, now: Ms, midnight: Ms) -> Result<()> {
        let mut all = self.all();
        if all.len() > MOST {
            all.retain(|_, c| c.fresh > 0);
        }
        let count = all.entry(id.to_owned()).or_default();
        if count.day != day {
            // The few calls before midnight that were not written down yet are not written down at all.
            (count.day, count.total, count.fresh) = (day.to_owned(), 0, 0);
        }
        if (now - count.minute.0).abs() >= MINUTE {
            count.minute = (now, 0);
        }
        // More was written down than is known here when other processes are called, too.
        let today = count.total.max(limits.kept);
        if today >= limits.per_day {
            return Err(Error::from(Kind::KeyDay).limit((midnight - now) / 1000 + 1));
        }
        if count.minute.1 >= limits.per_minute {
            return Err(Error::from(Kind::KeyMinute).limit((MINUTE - (now - count.minute.0).abs()) / 1000 + 1));
        }
        count.minute.1 += 1;
        (count.total, count.fresh) = (today + 1, count.fresh + 1);
        Ok(())
    }

    /// Calls of a day, of which so many were written down.
    pub fn today(&self, id: &str, day: &str, kept: i64) -> i64 {
        self.all().get(id).filter(|c| c.day == day).map_or(kept, |c| c.total.max(kept))
    }

    /// Held by whoever writes calls down: two at once would write the same ones.
    pub fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written down: key, day, calls.
    pub fn used(&self) -> Vec<(String, String, i64)> {
        let all = self.all();
        let mut used: Vec<_> =
            all.iter().filter(|(_, c)| c.fresh > 0).map(|(id, c)| (id.clone(), c.day.clone(), c.fresh)).collect();
        used.sort();
        used
    }

    /// It was written down.
    pub fn written(&self, used: &[(String, String, i64)]) {
        let mut all = self.all();
        for (id, day, n) in used {
            if let Some(count) = all.get_mut(id).filter(|c| c.day == *day) {
                count.fresh -= n;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_being_written_down_count_once() {
        let (calls, limits) = (Calls::default(), Limits { per_minute: 9, per_day: 4, kept: 1 });
        let call = |kept| calls.count("k", "d", &Limits { kept, ..limits }, 0, MINUTE).map_err(|e| e.kind);
        assert_eq!((call(1), call(1)), (Ok(()), Ok(())));
        // They stand in the database already, and are not yet taken off here.
        assert_eq!((calls.today("k", "d", 3), call(3), call(3)), (3, Ok(()), Err(Kind::KeyDay)));
        calls.written(&[("k".into(), "d".into(), 2)]);
        assert_eq!((calls.used()[0].2, call(3)), (1, Err(Kind::KeyDay)));
        // Another process was called as well.
        assert_eq!((calls.today("k", "d", 9), calls.today("other", "d", 2)), (9, 2));
    }

    #[test]
    fn a_minute_and_a_day_have_their_limits() {
        let (calls, limits) = (Calls::default(), Limits { per_minute: 2, per_day: 5, kept: 1 });
        let call = |at: Ms| calls.count("k", "2026-03-04", &limits, at, 100 * MINUTE).map_err(|e| (e.kind, e.limit));
        assert_eq!((call(0), call(0)), (Ok(()), Ok(())));
        assert_eq!(call(30_000), Err((Kind::KeyMinute, Some(31))));
        assert_eq!((call(MINUTE), call(MINUTE)), (Ok(()), Ok(())));
        assert_eq!(call(3 * MINUTE), Err((Kind::KeyDay, Some(97 * 60 + 1))), "four here and one that was written down");
        assert_eq!(calls.used(), [("k".into(), "2026-03-04".into(), 4)]);
        calls.written(&calls.used());
        assert!(calls.used().is_empty());
        assert!(calls.count("k", "2026-03-05", &Limits { kept: 0, ..limits }, 200 * MINUTE, 300 * MINUTE).is_ok());
    }
}
