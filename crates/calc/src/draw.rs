//! A random sample that everybody can check: who is called back, which sites are inspected.
//!
//! Each item gets a number that depends on a public seed and its name alone; the smallest numbers are drawn. So the sample
//! is fixed by the seed, whatever the order of the items and whoever draws, and adding an item disturbs no other's number.
//! The seed must be unknown when the items are made (here: the root of the log after they were), or it could be played.
//!
//! The number is FNV-1a (64 bit) of seed and name, mixed by the finaliser of splitmix64 (Steele, Lea, Flood 2014): a dozen
//! lines that anybody can write again in any language. It is no cryptography and needs none: the seed is public.
//!
//! [`Splitmix`] is that generator whole, for invented data that is the same in every run.

/// Number of an item.
pub fn number(seed: &str, item: &str) -> u64 {
    let mut h: u64 = 0xcbf2_9ce4_8422_2325;
    for b in seed.bytes().chain([0]).chain(item.bytes()) {
        h = (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(h)
}

/// The finaliser of splitmix64: every bit of a number depends on every other.
pub fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seeded generator, splitmix64.
#[derive(Clone, Debug)]
pub struct Splitmix(u64);

impl Splitmix {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Splitmix {
        Splitmix(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next number, from 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// At most `most` items, in the order of their numbers.
pub fn draw<'a>(seed: &str, items: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let mut all: Vec<(u64, &str)> = items.into_iter().map(|i| (number(seed, i), i)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().take(most).map(|(_, i)| i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_items_changes_nothing_and_the_seed_everything() {
        let items: Vec<String> = (0..1000).map(|i| format!("260304-{i:04}")).collect();
        let forward = draw("root", items.iter().map(String::as_str), 20);
        let backward = draw("root", items.iter().rev().map(String::as_str), 20);
        assert_eq!(forward, backward);
        assert_ne!(forward, draw("another", items.iter().map(String::as_str), 20));
    }

    #[test]
    fn the_generator_draws_what_its_authors_draw() {
        // The first numbers after the seed 1234567, as published with the reference code.
        let mut draws = Splitmix::new(1_234_567);
        assert_eq!([draws.draw(), draws.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert!((0.0..1.0).contains(&draws.part()));
    }

    #[test]
    fn everybody_has_the_same_chance() {
        // 2,000 draws of 10 out of 100: each is drawn 200 times, give or take five standard deviations (13.4 each).
        let items: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let mut drawn = [0i32; 100];
        for seed in 0..2000 {
            for item in draw(&seed.to_string(), items.iter().map(String::as_str), 10) {
                drawn[item.parse::<usize>().unwrap()] += 1;
            }
        }
        assert!(drawn.iter().all(|n| (n - 200).abs() < 67), "{drawn:?}");
    }
}
