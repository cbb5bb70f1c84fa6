//! How far the outcome of a run stays the same when everybody begins with more money, so that Add1 need not run every step.
//!
//! As long as the same projects are bought in the same order, nobody ends with less money when all begin with more, and prices
//! only fall. And as long as also the same supporters are too poor for the full price, every purse, price and bound is a straight line of
//! what everybody begins with. So it is enough to know where the first of these lines cross: a poor supporter
//! who can pay in full, a project that overtakes the winner of a round, one whose supporters can afford it.
//!
//! What must stay true: each distance is one that certainly does not reach the crossing. Slopes are sums and products of
//! positive numbers, so their rounding stays relative; gaps come with all their rounding subtracted.

/// What rounding may have done to a slope, relatively: far more than rounds × supporters × 2⁻⁵² can be.
const ROUND: f64 = 1e-6;

/// Distances to the nearest crossing.
#[derive(Debug, Default)]
pub struct Horizon {
    /// Whether anybody wants to know.
    pub far: bool,
    /// How fast the money of each distinct ballot grows.
    pub slopes: Vec<f64>,
    /// What everybody may begin with more, and the outcome is the same.
    pub reach: f64,
}

impl Horizon {
    /// A run begins.
    pub fn begin(&mut self, far: bool, ballots: usize) {
        (self.far, self.reach) = (far, f64::INFINITY);
        if far {
            self.slopes.clear();
            self.slopes.resize(ballots, 1.0);
        }
    }

    /// A gap that closes so fast at most.
    pub fn keep(&mut self, gap: f64, speed: f64) {
        if self.far && speed > 0.0 {
            self.reach = self.reach.min((gap / speed * (1.0 - 2.0 * ROUND)).max(0.0));
        }
    }

    /// A supporter pays in full, and more of his money is left the more all begin with.
    pub fn pays_full(&mut self, ballot: u32, slope: f64) {
        if self.far {
            self.slopes[ballot as usize] += slope;
        }
    }

    /// A supporter pays all he has, and lacks `gap`; the price falls while his money grows. With nothing he stays with nothing.
    pub fn pays_all(&mut self, ballot: u32, gap: f64, slope: f64) {
        if self.far && self.slopes[ballot as usize] > 0.0 {
            self.keep(gap, self.slopes[ballot as usize] + slope);
            self.slopes[ballot as usize] = 0.0;
        }
    }

    /// The bound of a project lies `gap` above the winner of a round; it falls so fast at most, the winner so fast at least.
    /// A project whose bound does not fall towards the winner stays where it is, however near, also in a tie.
    pub fn overtaken(&mut self, gap: f64, fast: f64, winner: f64) {
        let closing = fast * (1.0 + ROUND) - winner * (1.0 - ROUND);
        if fast > 0.0 && closing > 0.0 {
            self.keep(gap, closing);
        }
    }
}
