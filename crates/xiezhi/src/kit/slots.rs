//! Work that costs much memory (hashing passwords, decoding pictures) runs in a few places at once; the rest waits.

use std::sync::{Condvar, Mutex, PoisonError};

/// A fixed number of places.
pub struct Slots {
    most: usize,
    busy: Mutex<usize>,
    freed: Condvar,
}

impl Slots {
    /// So many places.
    pub const fn new(most: usize) -> Slots {
        Slots { most, busy: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits for a place, works in it, and gives it back, also when the work panics.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy = self.freed.wait_while(busy, |n| *n >= self.most).unwrap_or_else(PoisonError::into_inner);
        *busy += 1;
        drop(busy);
        let _place = Taken(self);
        work()
    }
}

struct Taken<'a>(&'a Slots);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.busy.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn never_more_than_its_places_and_a_panic_gives_its_place_back() {
        static SLOTS: Slots = Slots::new(2);
        static NOW: AtomicUsize = AtomicUsize::new(0);
        let work = |i: usize| {
            SLOTS.run(|| {
                assert!(NOW.fetch_add(1, Ordering::SeqCst) < 2);
                std::thread::yield_now();
                NOW.fetch_sub(1, Ordering::SeqCst);
                assert!(!i.is_multiple_of(3), "every third one panics");
            })
        };
        let threads: Vec<_> = (0..12).map(|i| std::thread::spawn(move || work(i))).collect();
        let panicked = threads.into_iter().map(|t| t.join()).filter(Result::is_err).count();
        assert_eq!((panicked, NOW.load(Ordering::SeqCst)), (4, 0));
    }
}
