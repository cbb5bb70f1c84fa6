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
    /// Lets a code wait.
    pub fn put(&self, letter: Letter) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            return Err(Error::from(Kind::Busy).limit(2));
        }
        all.push_back(letter);
        Ok(())
    }

    /// Takes the first one.
    pub fn take(&self) -> Option<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
