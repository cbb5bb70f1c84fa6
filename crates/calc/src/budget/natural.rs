//! Whole numbers of any size, as far as Equal Shares needs them: everything is kept over one common denominator, so that
//! numbers are only ever multiplied with and divided by small ones.
//!
//! What must stay true: each is exact; the highest limb is never zero, so that equal numbers are equal lists.

use std::cmp::Ordering;

/// A whole number, not negative: limbs of 64 bits, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Natural(Vec<u64>);

impl From<u128> for Natural {
    fn from(n: u128) -> Natural {
        let mut number = Natural(vec![n as u64, (n >> 64) as u64]);
        number.trim();
        number
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Natural {
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Multiplies.
    pub fn times(&mut self, by: u64) {
        let mut carry = 0;
        for limb in &mut self.0 {
            let sum = u128::from(*limb) * u128::from(by) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        self.0.push(carry as u64);
        self.trim();
    }

    /// Adds `other` so many times.
    pub fn add(&mut self, other: &Natural, times: u64) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut carry = 0;
        for (i, limb) in self.0.iter_mut().enumerate() {
            let more = other.0.get(i).copied().unwrap_or(0);
            if more == 0 && carry == 0 && i >= other.0.len() {
                break;
            }
            let sum = u128::from(*limb) + u128::from(more) * u128::from(times) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        self.0.push(carry as u64);
        self.trim();
    }

    /// Takes `other` away so many times; false, and then it is of no use any more, when that is more than there is.
    #[must_use]
    pub fn take(&mut self, other: &Natural, times: u64) -> bool {
        if times != 0 && self.0.len() < other.0.len() {
            return false;
        }
        let mut carry: u128 = 0;
        for (i, limb) in self.0.iter_mut().enumerate() {
            let less = u128::from(other.0.get(i).copied().unwrap_or(0)) * u128::from(times) + carry;
            let (rest, borrowed) = limb.overflowing_sub(less as u64);
            *limb = rest;
            carry = (less >> 64) + u128::from(borrowed);
        }
        self.trim();
        carry == 0
    }

    /// Divides, and gives the remainder; by nothing it stays what it is.
    pub fn divide(&mut self, by: u64) -> u64 {
        let mut rest = 0;
        if by == 0 {
            return rest;
        }
        for limb in self.0.iter_mut().rev() {
            let high = (u128::from(rest) << 64) | u128::from(*limb);
            *limb = (high / u128::from(by)) as u64;
            rest = (high % u128::from(by)) as u64;
        }
        self.trim();
        rest
    }

    /// The remainder alone.
    pub fn remainder(&self, by: u64) -> u64 {
        self.0.iter().rev().fold(0, |rest, limb| (((u128::from(rest) << 64) | u128::from(*limb)) % u128::from(by)) as u64)
    }

    /// The upper 65 to 128 bits, and how many limbs lie below them.
    fn top(&self) -> (f64, i32) {
        let at = |back: usize| self.0.len().checked_sub(back).map_or(0, |i| u128::from(self.0[i]));
        (((at(1) << 64) | at(2)) as f64, self.0.len() as i32 - 2)
    }

    /// `self / other` to 2⁻⁵¹ of itself.
    pub fn over(&self, other: &Natural) -> f64 {
        let ((a, above), (b, below)) = (self.top(), other.top());
        if self.is_zero() { 0.0 } else { a / b * 2f64.powi(64 * (above - below)) }
    }

    /// The whole part of `self / other`, when it is less than 2⁹⁶.
    pub fn whole(&self, other: &Natural) -> u128 {
        let (mut rest, mut quotient) = (self.clone(), 0);
        // From the left, 32 bits at a time, so that each multiple is one with a small number.
        for step in (0..3).rev() {
            let mut unit = other.clone();
            (0..step).for_each(|_| unit.times(1 << 32));
            let digit = rest.digit(&unit);
            let _ = rest.take(&unit, digit);
            quotient = (quotient << 32) | u128::from(digit);
        }
        quotient
    }

    /// How many times `unit` is in it, at most 2³² - 1.
    fn digit(&self, unit: &Natural) -> u64 {
        let (mut low, mut high) = (0, u64::from(u32::MAX));
        while low < high {
            let middle = (low + high).div_ceil(2);
            let mut product = unit.clone();
            product.times(middle);
            if product <= *self { low = middle } else { high = middle - 1 }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn both(limbs: &[u64]) -> (Natural, BigUint) {
        let mut ours = Natural(limbs.to_vec());
        ours.trim();
        let bytes: Vec<u8> = limbs.iter().flat_map(|l| l.to_le_bytes()).collect();
        (ours, BigUint::from_bytes_le(&bytes))
    }

    fn same(ours: &Natural, theirs: &BigUint) {
        assert_eq!(ours.0, theirs.to_u64_digits());
    }

    proptest! {
        #[test]
        fn it_counts_as_a_library_does(
            a in prop::collection::vec(any::<u64>(), 0..6),
            b in prop::collection::vec(prop_oneof![Just(0), Just(u64::MAX), any::<u64>()], 0..6),
            k in prop_oneof![0u64..4, any::<u64>()],
        ) {
            let ((x, p), (y, q)) = (both(&a), both(&b));
            same(&x, &p);
            prop_assert_eq!(x.cmp(&y), p.cmp(&q));
            let (mut sum, mut product) = (x.clone(), x.clone());
            sum.add(&y, k);
            same(&sum, &(&p + &q * k));
            product.times(k);
            same(&product, &(&p * k));
            let mut back = sum.clone();
            prop_assert!(back.take(&y, k));
            same(&back, &p);
            prop_assert_eq!(x.clone().take(&y, k), &q * k <= p);
            let mut quotient = x.clone();
            let rest = quotient.divide(k);
            if k > 0 {
                same(&quotient, &(&p / k));
                same(&Natural::from(u128::from(rest)), &(&p % k));
                prop_assert_eq!(x.remainder(k), rest);
            }
        }

        #[test]
        fn ratios(a in any::<u64>(), b in 1u64.., scale in prop::collection::vec(1u64.., 0..8)) {
            let (mut x, mut y) = (Natural::from(u128::from(a) * 7), Natural::from(u128::from(b)));
            for s in scale {
                x.times(s);
                y.times(s);
            }
            let want = (u128::from(a) * 7) as f64 / b as f64;
            prop_assert!((x.over(&y) - want).abs() <= want * 5e-16, "{} {want}", x.over(&y));
            prop_assert_eq!(x.whole(&y), u128::from(a) * 7 / u128::from(b));
        }
    }
}
