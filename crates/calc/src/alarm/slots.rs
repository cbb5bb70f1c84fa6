//! Use over time, in slots: how much, and whether anything is known of a slot at all.
//!
//! What must stay true: what is not known is never read as little; use that came late counts, but only use that came in time makes a
//! window look regular.

use std::collections::VecDeque;

use super::kept::kept;
use super::rule::{Least, Use, Value, WINDOWS};

/// Use in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slot {
    /// How much.
    used: f64,
    /// Observations.
    seen: u32,
    /// Whether any of them came in time.
    live: bool,
}
kept!(Slot { used, seen, live });

/// Slots up to the newest one, and the totals of earlier windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    /// Number of the newest slot: since 1970, each so long.
    head: i64,
    /// The last of them is the newest.
    ring: VecDeque<Slot>,
    /// Reading of the meter.
    reading: Option<f64>,
    /// Totals of whole windows, the newest last.
    totals: VecDeque<f64>,
    /// The newest slot that was judged.
    done: i64,
    /// Whether it holds.
    pub on: bool,
}
kept!(Slots { head, ring, reading, totals, done, on });

/// A window of slots.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// What counts.
    pub of: Use,
    /// Milliseconds of a slot.
    pub slot: i64,
    /// How many.
    pub slots: u32,
    /// Milliseconds after its end until a slot is judged.
    pub late: i64,
}

impl Slots {
    /// From a moment on.
    pub fn begin(window: Window, now: i64) -> Slots {
        Slots { head: now.div_euclid(window.slot), done: window.complete(now), ..Slots::default() }
    }

    /// Takes an observation; `next` says that none newer has been seen, without which a meter cannot be read.
    pub fn add(&mut self, window: Window, at: i64, value: &Value, live: bool, next: bool) {
        let used = match (window.of, value.number()) {
            (Use::Events, _) => f64::from(u8::from(value.happened())),
            (Use::Amount, Some(n)) => n.max(0.0),
            (Use::Counter, Some(n)) if next => {
                let before = self.reading.replace(n);
                before.map_or(0.0, |before| (n - before).max(0.0))
            }
            _ => return,
        };
        let slot = at.div_euclid(window.slot);
        let room = window.slots as usize + 2 + (window.late / window.slot).min(i64::from(window.slots)) as usize;
        if slot > self.head {
            let new = usize::try_from(slot.saturating_sub(self.head)).unwrap_or(usize::MAX).min(room);
            self.ring.extend(std::iter::repeat_n(Slot::default(), new));
            self.head = slot;
        }
        if self.ring.is_empty() {
            self.ring.push_back(Slot::default());
        }
        while self.ring.len() > room {
            self.ring.pop_front();
        }
        let back = usize::try_from(self.head.saturating_sub(slot)).unwrap_or(usize::MAX);
        // History from before all slots we have; there is room for it as long as a window needs it.
        while self.ring.len() <= back && self.ring.len() < room {
            self.ring.push_front(Slot::default());
        }
        if let Some(at) = self.ring.len().checked_sub(back.saturating_add(1)) {
            let slot = &mut self.ring[at];
            slot.used += used;
            slot.seen = slot.seen.saturating_add(1);
            slot.live |= live;
        }
    }

    /// A slot by its number; of those that nobody knows, an empty one.
    fn slot(&self, number: i64) -> Slot {
        let back = usize::try_from(self.head.saturating_sub(number)).ok();
        let at = back.and_then(|back| self.ring.len().checked_sub(back.checked_add(1)?));
        at.map_or(Slot::default(), |at| self.ring[at])
    }

    fn window(&self, window: Window, last: i64) -> impl Iterator<Item = Slot> + '_ {
        (last.saturating_sub(i64::from(window.slots) - 1)..=last).map(|number| self.slot(number))
    }

    /// Judges whether there is too little, whenever another slot is complete. Nothing before `from` is known.
    pub fn judge_little(&mut self, window: Window, least: &Least, gaps: Option<u32>, from: i64, now: i64) {
        let last = window.complete(now);
        if last <= self.done {
            return;
        }
        let before = std::mem::replace(&mut self.done, last);
        let begins = (last - i64::from(window.slots) + 1) * window.slot;
        let unseen = self.window(window, last).filter(|s| s.seen == 0).count();
        if begins < from || gaps.is_some_and(|gaps| unseen > gaps as usize) {
            return;
        }
        let used: f64 = self.window(window, last).map(|s| s.used).sum();
        // Use since then counts, too: whoever was just seen is not missed.
        let since: f64 = self.window(window, self.head.max(last)).map(|s| s.used).sum();
        self.on = self.enough(least).is_some_and(|enough| used < enough && since < enough);
        // A window of its own, no two overlap; what was an alarm is nobody's habit.
        let whole = |slot: i64| slot.saturating_add(1).div_euclid(i64::from(window.slots));
        if whole(last) > whole(before) && !self.on {
            self.totals.push_back(used);
            if self.totals.len() > WINDOWS as usize {
                self.totals.pop_front();
            }
        }
    }

    /// Somebody used it: what was too little is over as soon as it is enough, whether or not the slot is.
    pub fn recover(&mut self, window: Window, least: &Least, at: i64) {
        let used: f64 = self.window(window, at.div_euclid(window.slot)).map(|s| s.used).sum();
        if self.on && self.enough(least).is_none_or(|enough| used >= enough) {
            self.on = false;
        }
    }

    /// How much is enough; unknown before enough windows are.
    pub fn enough(&self, least: &Least) -> Option<f64> {
        match *least {
            Least::Fixed(enough) => Some(enough),
            Least::Own { windows, .. } if self.totals.len() < windows as usize => None,
            Least::Own { quantile, part, .. } => {
                let mut sorted: Vec<f64> = self.totals.iter().copied().collect();
                sorted.sort_by(f64::total_cmp);
                let place = quantile * (sorted.len() - 1) as f64;
                let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
                Some(part * (low + (high - low) * place.fract()))
            }
        }
    }

    /// How much was used in the last whole window.
    pub fn used(&self, window: Window) -> f64 {
        self.window(window, self.done).map(|s| s.used).sum()
    }

    /// Judges whether there is use in every slot, whenever another one is complete.
    pub fn judge_regular(&mut self, window: Window, over: f64, now: i64) {
        let last = window.complete(now);
        if last > self.done {
            self.done = last;
            let all = self.window(window, last).all(|s| s.used > over);
            // What came late tells of the past, and an alarm is about now.
            self.on = all && (self.on || self.slot(last).live);
        }
    }

    /// When the next slot is complete.
    pub fn due(&self, window: Window) -> i64 {
        self.done.saturating_add(2).saturating_mul(window.slot).saturating_add(window.late)
    }
}

impl Window {
    /// The newest slot that nothing in time can still change.
    fn complete(self, now: i64) -> i64 {
        now.saturating_sub(self.late).div_euclid(self.slot) - 1
    }
}
