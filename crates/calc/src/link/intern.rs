//! Texts as small numbers, and how often each occurs.
//!
//! What must stay true: a number stays the text's for ever; 0 is no text. Numbers depend on the order in which texts came,
//! so nothing that leaves this method may be sorted by them.

use crate::draw::mix;

/// Finds the number of a text. Open addressing over one arena: a text costs its bytes and about sixteen more.
#[derive(Clone, Debug, Default)]
pub struct Dict {
    arena: Vec<u8>,
    ends: Vec<u32>,
    counts: Vec<u32>,
    /// Upper half of a text's hash, and its number: most other texts are told apart without looking at them.
    slots: Vec<u64>,
    total: u32,
    pairs: u64,
}

/// FNV-1a over eight bytes at a time, mixed at the end: fast, and the same on every machine.
pub fn hash(text: &[u8]) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325 ^ text.len() as u64;
    let mut pieces = text.chunks_exact(8);
    for piece in &mut pieces {
        let word = u64::from_le_bytes(piece.try_into().unwrap_or_default());
        h = (h ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
    for b in pieces.remainder() {
        h = (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(h)
}

const TAG: u64 = 0xffff_ffff_0000_0000;

fn tag(text: &[u8]) -> u64 {
    hash(text) & TAG
}

impl Dict {
    /// No texts yet.
    pub const fn new() -> Dict {
        Dict { arena: Vec::new(), ends: Vec::new(), counts: Vec::new(), slots: Vec::new(), total: 0, pairs: 0 }
    }

    /// The number of a text, counted once more. Empty texts are 0. The second is whether it is new.
    pub fn add(&mut self, text: &[u8]) -> (u32, bool) {
        if text.is_empty() {
            return (0, false);
        }
        if self.slots.is_empty() {
            (self.ends, self.counts, self.slots) = (vec![0], vec![0], vec![0; 16]);
        }
        self.total += 1;
        let slot = match self.slot(text) {
            Ok(id) => {
                self.pairs += u64::from(self.counts[id as usize]);
                self.counts[id as usize] += 1;
                return (id, false);
            }
            Err(slot) => slot,
        };
        let id = self.ends.len() as u32;
        self.arena.extend_from_slice(text);
        self.ends.push(self.arena.len() as u32);
        self.counts.push(1);
        self.slots[slot] = tag(text) | u64::from(id);
        if self.ends.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        (id, true)
    }

    /// The number of a text, if it was ever added.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        if text.is_empty() || self.slots.is_empty() { None } else { self.slot(text).ok() }
    }

    /// Takes back one [`Dict::add`].
    pub fn take(&mut self, id: u32) {
        if id > 0 {
            self.counts[id as usize] -= 1;
            self.pairs -= u64::from(self.counts[id as usize]);
            self.total -= 1;
        }
    }

    /// How many different texts there are.
    pub fn texts(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// Forgets the texts that came after the first so many. They must not be counted any more.
    pub fn shorten(&mut self, texts: usize) {
        while self.texts() > texts {
            let id = self.texts() as u32;
            let mask = self.slots.len() - 1;
            let mut at = hash(self.bytes(id)) as usize & mask;
            while self.slots[at] as u32 != id {
                at = (at + 1) & mask;
            }
            // The last that came: no other text was put behind its place.
            self.slots[at] = 0;
            self.ends.pop();
            self.counts.pop();
            self.arena.truncate(self.ends.last().map_or(0, |end| *end as usize));
        }
    }

    fn slot(&self, text: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let (mut at, tag) = (hash(text) as usize & mask, tag(text));
        loop {
            let slot = self.slots[at];
            let id = slot as u32;
            if id == 0 {
                return Err(at);
            }
            if slot & TAG == tag && self.bytes(id) == text {
                return Ok(id);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![0u64; mask + 1];
        for id in 1..self.ends.len() as u32 {
            let text = self.bytes(id);
            let mut at = hash(text) as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = tag(text) | u64::from(id);
        }
        self.slots = slots;
    }

    /// Counts a known text once more.
    pub fn again(&mut self, id: u32) {
        if id > 0 {
            self.pairs += u64::from(self.counts[id as usize]);
            self.counts[id as usize] += 1;
            self.total += 1;
        }
    }

    /// The text of a number.
    pub fn bytes(&self, id: u32) -> &[u8] {
        match id {
            0 => &[],
            id => &self.arena[self.ends[id as usize - 1] as usize..self.ends[id as usize] as usize],
        }
    }

    /// How often a text occurs now.
    pub fn count(&self, id: u32) -> u32 {
        self.counts.get(id as usize).copied().unwrap_or(0)
    }

    /// How many texts occur now, repeats included.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Pairs of different rows with the same text.
    pub fn equal_pairs(&self) -> f64 {
        self.pairs as f64
    }

    /// Bytes of memory it holds.
    pub fn memory(&self) -> usize {
        self.arena.capacity() + (self.ends.capacity() + self.counts.capacity() + self.slots.capacity() * 2) * 4
    }

    /// Bytes of texts it can still take: numbers of 32 bits point into the arena.
    pub fn room(&self) -> usize {
        u32::MAX as usize - self.arena.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_counts_follow() {
        let mut d = Dict::new();
        assert_eq!(d.add(b""), (0, false));
        for round in 0..3 {
            for i in 0..1000u32 {
                assert_eq!(d.add(format!("text {i}").as_bytes()), (i + 1, round == 0));
            }
        }
        assert_eq!((d.count(7), d.total(), d.find(b"text 6"), d.find(b"none")), (3, 3000, Some(7), None));
        assert_eq!(d.bytes(1000), b"text 999");
        assert_eq!(d.equal_pairs(), 3000.0);
        d.take(7);
        assert_eq!((d.count(7), d.total(), d.equal_pairs()), (2, 2999, 2998.0));
        for i in 1000..5000u32 {
            let (id, _) = d.add(format!("text {i}").as_bytes());
            d.take(id);
        }
        d.shorten(1000);
        assert_eq!((d.texts(), d.total(), d.find(b"text 999"), d.find(b"text 1000")), (1000, 2999, Some(1000), None));
        assert!((0..1000).all(|i| d.find(format!("text {i}").as_bytes()) == Some(i + 1)));
    }
}
