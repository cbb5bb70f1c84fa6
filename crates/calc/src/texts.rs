//! Texts as small numbers, in the order in which they came.
//!
//! What must stay true: a number stays its text's until it is taken back. Whoever asks brings a hash, always the same one for
//! the same text; how long an answer takes depends on it, what the answer is does not.

/// Texts that were numbered. A text costs its bytes, four for where they end and about sixteen for the place where it is looked
/// for; a new text, or one that is not there, is told from all others by one look into memory.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// All of them, one after the other.
    arena: Vec<u8>,
    ends: Vec<u32>,
    /// Open addressing over a power of two. Each slot is the upper half of a text's hash, whose low bits say where the search for
    /// it begins, and the text's number plus one; a free slot is 0.
    slots: Vec<u64>,
}

const HALF: u32 = 32;

/// Most texts that [`Texts::near`] looks at.
pub const AT_ONCE: usize = 64;

impl Texts {
    /// None yet.
    pub const fn new() -> Texts {
        Texts { arena: Vec::new(), ends: Vec::new(), slots: Vec::new() }
    }

    /// None yet, with room for about so many.
    pub fn for_about(texts: usize) -> Texts {
        let slots = vec![0; (texts + texts / 3 + 1).next_power_of_two()];
        Texts { arena: Vec::with_capacity(texts * 8), ends: Vec::with_capacity(texts), slots }
    }

    /// The number of a text, and whether it is new. It must fit into the [room](Texts::room).
    pub fn add(&mut self, hash: u64, text: &[u8]) -> (u32, bool) {
        // A quarter of the slots is free at least, so that every search ends, and soon.
        if (self.ends.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        match self.slot(hash, text) {
            Ok(number) => (number, false),
            Err(free) => {
                let number = self.ends.len() as u32;
                self.arena.extend_from_slice(text);
                self.ends.push(self.arena.len() as u32);
                self.slots[free] = (hash >> HALF << HALF) | u64::from(number + 1);
                (number, true)
            }
        }
    }

    /// The number of a text, if it has one.
    pub fn find(&self, hash: u64, text: &[u8]) -> Option<u32> {
        if self.slots.is_empty() { None } else { self.slot(hash, text).ok() }
    }

    /// Looks where the first of these would be found, and does nothing else. Memory answers them together, and then each single
    /// one is near; asked one by one, each would wait for its own answer. With millions of texts most of the time is that.
    pub fn near(&self, hashes: &[u64]) {
        if self.slots.is_empty() {
            return;
        }
        let (mask, mut looks) = (self.slots.len() - 1, [0; AT_ONCE]);
        for (look, hash) in looks.iter_mut().zip(hashes) {
            *look = self.slots[begin(*hash, mask)];
        }
        for (look, hash) in looks.iter_mut().zip(hashes) {
            let known = *look >> HALF == hash >> HALF;
            let end = if known { self.ends.get((*look as u32 as usize).wrapping_sub(1)) } else { None };
            *look = end.map_or(0, |end| u64::from(*end));
        }
        for look in &mut looks {
            *look = self.arena.get((*look as usize).wrapping_sub(1)).map_or(0, |last| u64::from(*last));
        }
        std::hint::black_box(looks);
    }

    /// The text of a number.
    pub fn bytes(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let from = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.arena[from..self.ends[at] as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Takes back the last one, whose hash this is.
    pub fn pop(&mut self, hash: u64) {
        let number = self.ends.len() as u64;
        if self.ends.pop().is_none() {
            return;
        }
        self.arena.truncate(self.ends.last().map_or(0, |end| *end as usize));
        let mask = self.slots.len() - 1;
        let mut hole = begin(hash, mask);
        while self.slots[hole] << HALF >> HALF != number {
            hole = (hole + 1) & mask;
        }
        // Those behind it move up as far as their search still passes them.
        let mut at = (hole + 1) & mask;
        while self.slots[at] != 0 {
            let steps = |to: usize| to.wrapping_sub(begin(self.slots[at], mask)) & mask;
            if steps(hole) < steps(at) {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = (at + 1) & mask;
        }
        self.slots[hole] = 0;
    }

    /// Bytes of texts it can still take: numbers of 32 bits point into the arena.
    pub fn room(&self) -> usize {
        u32::MAX as usize - self.arena.len()
    }

    /// Bytes of memory it holds.
    pub fn memory(&self) -> usize {
        self.arena.capacity() + self.ends.capacity() * 4 + self.slots.capacity() * 8
    }

    fn slot(&self, hash: u64, text: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = begin(hash, mask);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            // The number is never 0 here, or the slot would be.
            let number = (slot as u32).wrapping_sub(1);
            if slot >> HALF == hash >> HALF && self.bytes(number) == text {
                return Ok(number);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut slots = vec![0; (self.slots.len() * 2).max(16)];
        let mask = slots.len() - 1;
        for slot in self.slots.iter().filter(|slot| **slot != 0) {
            let mut at = begin(*slot, mask);
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }
}

/// Where the search for a text begins, by its hash or by its slot.
fn begin(hash: u64, mask: usize) -> usize {
    (hash >> HALF) as usize & mask
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Hashes of which many are the same, and texts of which many have the same hash.
    fn hash(text: &str, kinds: u64) -> u64 {
        let sum = text.bytes().fold(7u64, |sum, b| sum.wrapping_mul(31) + u64::from(b));
        (sum % kinds).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    proptest! {
        /// The same as a map, however bad the hashes are, also when texts are taken back in between.
        #[test]
        fn numbers_are_those_of_a_map(
            steps in proptest::collection::vec((0u8..10, "[ab业主]{0,4}"), 0..400),
            kinds in prop_oneof![Just(1u64), Just(5), Just(u64::MAX)],
            about in 0usize..100,
        ) {
            let mut texts = if about == 0 { Texts::new() } else { Texts::for_about(about) };
            let (mut plain, mut order): (HashMap<String, u32>, Vec<String>) = Default::default();
            for (step, text) in steps {
                prop_assert_eq!(texts.find(hash(&text, kinds), text.as_bytes()), plain.get(&text).copied());
                match (step, order.last().cloned()) {
                    (0..3, Some(last)) => {
                        texts.pop(hash(&last, kinds));
                        plain.remove(&last);
                        order.pop();
                    }
                    _ => {
                        let (next, new) = (order.len() as u32, !plain.contains_key(&text));
                        let number = *plain.entry(text.clone()).or_insert(next);
                        order.extend(new.then(|| text.clone()));
                        prop_assert_eq!(texts.add(hash(&text, kinds), text.as_bytes()), (number, new));
                    }
                }
                prop_assert_eq!((texts.len(), texts.is_empty()), (order.len(), order.is_empty()));
            }
            texts.near(&order.iter().map(|text| hash(text, kinds)).collect::<Vec<_>>());
            for (at, text) in order.iter().enumerate() {
                prop_assert_eq!(texts.bytes(at as u32), text.as_bytes());
                prop_assert_eq!(texts.find(hash(text, kinds), text.as_bytes()), Some(at as u32));
            }
        }
    }

    #[test]
    fn a_hundred_thousand_texts() {
        let mut texts = Texts::new();
        let name = |i: u64| format!("{i}号");
        let hash = |i: u64| crate::draw::mix(i);
        assert!((0..100_000).all(|i| texts.add(hash(i), name(i).as_bytes()) == (i as u32, true)));
        assert!((0..100_000).all(|i| texts.find(hash(i), name(i).as_bytes()) == Some(i as u32)));
        assert_eq!(texts.find(hash(100_000), name(100_000).as_bytes()), None);
    }
}
