//! What has arrived of uploads that come in pieces, so that a cut line goes on where it broke off.
//!
//! What must stay true: what is half here lies in memory only, never unsealed on a disk; it takes no more room than it
//! was given, and when that is full the upload that nobody has added to for longest goes (its sender begins again);
//! of two pieces for one place only the first counts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::{Kind, Result};
use super::time::{HOUR, MINUTE, Ms};

/// How long an upload to which nothing was added is kept.
pub const KEPT: Ms = 6 * HOUR;
/// An upload is not pushed out by others while pieces of it come.
const ALIVE: Ms = MINUTE;
/// Uploads at a time.
const MOST: usize = 4096;

/// How far an upload is: of `length` bytes `here` have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Far {
    /// Bytes that arrived.
    pub here: usize,
    /// Bytes in all.
    pub length: usize,
}

/// What a piece did.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// More is to come.
    More(Far),
    /// It was the last: all the bytes, which are the caller's now.
    Whole(Vec<u8>),
}

struct Upload {
    bytes: Vec<u8>,
    length: usize,
    /// All was handed out; what is left is the answer to "how far?".
    done: bool,
    touched: Ms,
}

/// The uploads of a process.
pub struct Pieces {
    room: usize,
    all: Mutex<HashMap<String, Upload>>,
}

impl Pieces {
    /// Room for so many bytes.
    pub fn new(room: usize) -> Pieces {
        Pieces { room, all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload of so many bytes.
    pub fn begin(&self, id: String, length: usize, now: Ms) -> Result<()> {
        let mut all = self.all();
        all.retain(|_, u| (now - u.touched).abs() < KEPT);
        if all.len() >= MOST && !push_out(&mut all, now) {
            return Err(Kind::Busy.into());
        }
        all.insert(id, Upload { bytes: Vec::new(), length, done: false, touched: now });
        Ok(())
    }

    /// How far an upload is; `None` when it is not known (any more).
    pub fn far(&self, id: &str) -> Option<Far> {
        self.all().get(id).map(|u| Far { here: if u.done { u.length } else { u.bytes.len() }, length: u.length })
    }

    /// Adds a piece that begins at `from`. The last one gives all out; [`Pieces::back`] undoes that.
    pub fn add(&self, id: &str, from: usize, piece: &[u8], now: Ms) -> Result<Added> {
        let mut all = self.all();
        let upload = all.get(id).ok_or(Kind::NotFound)?;
        if upload.done || upload.bytes.len() != from {
            return Err(Kind::WrongOffset.into());
        }
        if piece.len() > upload.length - from {
            return Err(Kind::TooLarge.into());
        }
        while all.values().map(|u| u.bytes.len()).sum::<usize>() + piece.len() > self.room {
            // The one that is being added to counts as alive.
            all.entry(id.to_owned()).and_modify(|u| u.touched = now);
            if !push_out(&mut all, now) {
                return Err(Kind::Busy.into());
            }
        }
        let upload = all.get_mut(id).ok_or(Kind::NotFound)?;
        upload.touched = now;
        upload.bytes.extend_from_slice(piece);
        if upload.bytes.len() < upload.length {
            return Ok(Added::More(Far { here: upload.bytes.len(), length: upload.length }));
        }
        upload.done = true;
        Ok(Added::Whole(std::mem::take(&mut upload.bytes)))
    }

    /// Takes a whole upload back as far as `here`, for its last piece must come once more.
    pub fn back(&self, id: &str, mut bytes: Vec<u8>, here: usize) {
        bytes.truncate(here);
        if let Some(upload) = self.all().get_mut(id) {
            (upload.bytes, upload.done) = (bytes, false);
        }
    }

    /// Forgets an upload; false when there was none.
    pub fn forget(&self, id: &str) -> bool {
        self.all().remove(id).is_some()
    }
}

/// Lets the upload go that was left alone for longest; false when all are alive.
fn push_out(all: &mut HashMap<String, Upload>, now: Ms) -> bool {
    let idle = all.iter().filter(|(_, u)| (now - u.touched).abs() >= ALIVE).min_by_key(|(_, u)| u.touched);
    match idle.map(|(id, _)| id.clone()) {
        Some(id) => all.remove(&id).is_some(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn far(here: usize, length: usize) -> Far {
        Far { here, length }
    }

    #[test]
    fn the_last_piece_gives_all_out_and_may_come_again_when_it_could_not_be_kept() {
        let p = Pieces::new(100);
        p.begin("a".into(), 5, 0).unwrap();
        assert_eq!(p.add("a", 0, b"hel", 1).unwrap(), Added::More(far(3, 5)));
        assert_eq!(p.add("a", 3, b"lo", 2).unwrap(), Added::Whole(b"hello".to_vec()));
        assert_eq!(p.far("a"), Some(far(5, 5)), "whoever lost the answer asks and is told");
        assert_eq!(p.add("a", 5, b"", 3).unwrap_err().kind, Kind::WrongOffset);
        p.back("a", b"hello".to_vec(), 3);
        assert_eq!(p.far("a"), Some(far(3, 5)));
        assert_eq!(p.add("a", 3, b"lo", 4).unwrap(), Added::Whole(b"hello".to_vec()));
        assert!(p.forget("a") && !p.forget("a"));
        assert_eq!(p.add("a", 0, b"x", 5).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn when_it_is_full_the_one_left_alone_longest_goes_and_never_one_that_is_coming() {
        let p = Pieces::new(10);
        for (id, at) in [("old", 0), ("older", -1), ("alive", ALIVE)] {
            p.begin(id.into(), 9, at).unwrap();
            p.add(id, 0, b"123", at).unwrap();
        }
        p.begin("new".into(), 9, ALIVE).unwrap();
        assert_eq!(p.add("new", 0, b"1234", ALIVE).unwrap(), Added::More(far(4, 9)));
        assert_eq!((p.far("older"), p.far("old").is_some(), p.far("alive").is_some()), (None, true, true));
        assert_eq!(p.add("new", 4, b"123", ALIVE).unwrap(), Added::More(far(7, 9)));
        assert_eq!(p.add("new", 7, b"12", ALIVE).unwrap_err().kind, Kind::Busy, "what is alive stays");
        assert_eq!(p.far("new"), Some(far(7, 9)));
    }

    proptest! {
        /// However pieces are cut, repeated and sent out of order: what comes out is what went in, once.
        #[test]
        fn whatever_the_line_does_the_bytes_are_those_that_were_sent(
            bytes in proptest::collection::vec(any::<u8>(), 1..200),
            tries in proptest::collection::vec((0usize..200, 0usize..60), 0..60),
        ) {
            let p = Pieces::new(1000);
            p.begin("x".into(), bytes.len(), 0).unwrap();
            let mut out = Vec::new();
            let mut send = |from: usize, n: usize| {
                let piece = &bytes[from.min(bytes.len())..(from + n).min(bytes.len())];
                if let Ok(Added::Whole(all)) = p.add("x", from, piece, 0) {
                    out.push(all);
                }
            };
            for (from, n) in tries {
                send(from, n);
            }
            for _ in 0..bytes.len() {
                let here = p.far("x").map_or(0, |f| f.here);
                send(here, 7);
            }
            prop_assert_eq!(out, vec![bytes.clone()]);
        }
    }
}
