//! Chance that repeats itself: a seeded generator, and the people's names drawn with it.

use std::sync::OnceLock;

use calc::draw::Splitmix;

/// A seeded generator: every run of the demo draws the same.
pub struct Draw(Splitmix);

impl Draw {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Draw {
        Draw(Splitmix::new(seed))
    }

    /// A number from 0 to `n` - 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.draw() % n.max(1) as u64) as usize
    }

    /// A number from `lo` to `hi`, both included.
    pub fn between(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.0.draw() % (hi - lo + 1).max(1) as u64) as i64
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        self.0.part()
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// An index, by weight.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum::<u32>() as usize) as u32;
        for (i, w) in weights.enumerate() {
            if left < w {
                return i;
            }
            left -= w;
        }
        0
    }

    /// A person's name: family names as frequent as they are, given names of one or two characters.
    pub fn name(&mut self) -> String {
        let (family, given) = names();
        let family = family[self.weighted(family.iter().map(|(_, w)| *w))].0;
        let first = *self.one(given);
        let second = *self.one(given);
        let pair = first.chars().count() == 1 && second.chars().count() == 1 && self.percent(60);
        if pair { format!("{family}{first}{second}") } else { format!("{family}{first}") }
    }

    /// A number that nobody has: 138-0000-….
    pub fn phone(&mut self) -> String {
        format!("1380000{:04}", self.below(10_000))
    }
}

type Names = (Vec<(&'static str, u32)>, Vec<&'static str>);

fn names() -> &'static Names {
    static ALL: OnceLock<Names> = OnceLock::new();
    ALL.get_or_init(|| {
        let family = include_str!("../../../../data/demo/family_names.csv").lines().skip(1).filter_map(|l| l.split_once(','));
        let family = family.filter_map(|(name, weight)| Some((name, weight.trim().parse().ok()?))).collect();
        let given = include_str!("../../../../data/demo/given_names.txt").lines().filter(|l| !l.trim().is_empty()).collect();
        (family, given)
    })
}
