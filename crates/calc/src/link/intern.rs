//! Texts as small numbers, and how often each occurs.
//!
//! What must stay true: a number stays the text's for ever; 0 is no text. Numbers depend on the order in which texts came,
//! so nothing that leaves this method may be sorted by them.

use crate::draw::mix;
use crate::texts::Texts;

/// Finds the number of a text and counts how often it came.
#[derive(Clone, Debug, Default)]
pub struct Dict {
    texts: Texts,
    /// By number, from 1.
    counts: Vec<u32>,
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

impl Dict {
    /// No texts yet.
    pub const fn new() -> Dict {
        Dict { texts: Texts::new(), counts: Vec::new(), total: 0, pairs: 0 }
    }

    /// The number of a text, counted once more. Empty texts are 0. The second is whether it is new.
    pub fn add(&mut self, text: &[u8]) -> (u32, bool) {
        if text.is_empty() {
            return (0, false);
        }
        let (number, new) = self.texts.add(hash(text), text);
        if new {
            self.counts.push(0);
        }
        self.again(number + 1);
        (number + 1, new)
    }

    /// The number of a text, if it was ever added.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        if text.is_empty() { None } else { self.texts.find(hash(text), text).map(|number| number + 1) }
    }

    /// Takes back one [`Dict::add`].
    pub fn take(&mut self, id: u32) {
        if id > 0 {
            let count = &mut self.counts[id as usize - 1];
            *count -= 1;
            self.pairs -= u64::from(*count);
            self.total -= 1;
        }
    }

    /// How many different texts there are.
    pub fn texts(&self) -> usize {
        self.texts.len()
    }

    /// Forgets the texts that came after the first so many. They must not be counted any more.
    pub fn shorten(&mut self, texts: usize) {
        while self.texts() > texts {
            self.texts.pop(hash(self.bytes(self.texts() as u32)));
            self.counts.pop();
        }
    }

    /// Counts a known text once more.
    pub fn again(&mut self, id: u32) {
        if id > 0 {
            let count = &mut self.counts[id as usize - 1];
            self.pairs += u64::from(*count);
            *count += 1;
            self.total += 1;
        }
    }

    /// The text of a number.
    pub fn bytes(&self, id: u32) -> &[u8] {
        if id == 0 { &[] } else { self.texts.bytes(id - 1) }
    }

    /// How often a text occurs now.
    pub fn count(&self, id: u32) -> u32 {
        if id == 0 { 0 } else { self.counts.get(id as usize - 1).copied().unwrap_or(0) }
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
        self.texts.memory() + self.counts.capacity() * 4
    }

    /// Bytes of texts it can still take.
    pub fn room(&self) -> usize {
        self.texts.room()
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
