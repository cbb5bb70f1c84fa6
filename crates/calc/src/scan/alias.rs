//! Drawing by weight in one step, however many there are to draw from (Walker 1977, Vose 1991).
//!
//! What must stay true: whatever has no weight is never drawn.

/// Weights, laid out for drawing.
pub struct Alias {
    /// Up to here a place stands for itself, behind it for the other one.
    own: Vec<u64>,
    other: Vec<u32>,
}

impl Alias {
    /// Lays out weights, which are finite, not below 0, and not all 0.
    pub fn new(weights: &[f64]) -> Alias {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut left: Vec<f64> = weights.iter().map(|w| w / mean).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..left.len()).partition(|n| left[*n] < 1.0);
        let mut alias = Alias { own: vec![u64::MAX; left.len()], other: (0..left.len() as u32).collect() };
        while let (Some(s), Some(l)) = (small.pop(), large.last().copied()) {
            alias.own[s] = (left[s] * 2f64.powi(64)) as u64;
            alias.other[s] = l as u32;
            left[l] -= 1.0 - left[s];
            if left[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        // What rounding leaves among the small stands for itself, unless it has no weight: then for the heaviest.
        let heaviest = (0..weights.len()).max_by(|a, b| weights[*a].total_cmp(&weights[*b])).unwrap_or(0);
        for s in small.into_iter().filter(|s| weights[*s] == 0.0) {
            (alias.own[s], alias.other[s]) = (0, heaviest as u32);
        }
        alias
    }

    /// What a random number draws.
    pub fn draw(&self, random: u64) -> u32 {
        let wide = u128::from(random) * self.own.len() as u128;
        let (at, part) = ((wide >> 64) as usize, wide as u64);
        if part < self.own[at] { at as u32 } else { self.other[at] }
    }
}
