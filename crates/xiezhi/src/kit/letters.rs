//! Codes by SMS between the request that asked for them and the thread that sends them.
//!
//! What must stay true: they are in memory only and no `Debug` prints them; a request never waits for the gateway, so how
//! long it takes tells nothing about a number; what is lost when the program ends is asked for again by a press.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::error::{Error, Kind, Result};

/// Codes that may wait.
const MOST: usize = 200;

/// One code.
pub struct Letter {
    /// Id for the gateway.
    pub id: String,
    /// Number.
    pub phone: String,
    /// Code.
    pub code: String,
}

/// What waits.
#[derive(Default)]
pub struct Letters(Mutex<VecDeque<Letter>>);

impl Letters {
    /// Whether one more may wait; asked also for whom nothing is sent, so that a full queue tells nobody apart.
    pub fn room(&self) -> Result<()> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST { Err(Error::from(Kind::Busy).limit(2)) } else { Ok(()) }
    }

    /// Lets a code wait.
    pub fn put(&self, letter: Letter) -> Result<()> {
        self.room()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(letter);
        Ok(())
    }

    /// Takes the first one.
    pub fn take(&self) -> Option<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_says_so_before_it_is_known_whether_one_more_comes() {
        let letters = Letters::default();
        let letter = || Letter { id: String::new(), phone: String::new(), code: String::new() };
        (0..MOST).for_each(|_| letters.put(letter()).unwrap());
        assert_eq!((letters.room().unwrap_err().kind, letters.put(letter()).unwrap_err().kind), (Kind::Busy, Kind::Busy));
        letters.take();
        assert!(letters.room().is_ok() && letters.put(letter()).is_ok());
    }
}
