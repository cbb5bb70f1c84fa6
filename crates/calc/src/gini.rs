//! The Gini coefficient: how unevenly something is spread, from 0 (everybody has the same) to nearly 1 (one has all).
//!
//! Half the mean difference between any two, over the mean: Σ (2i − n − 1) xᵢ / (n Σ xᵢ) with xᵢ ascending (Gini 1912; the form for a
//! whole population, not the one times n / (n − 1) for a sample). What must stay true: it is exact, and nobody's order matters.

/// A fraction: above and below the line. Where nobody has anything all have the same, 0.
pub fn gini(amounts: &[u64]) -> (u128, u128) {
    let mut sorted = amounts.to_vec();
    sorted.sort_unstable();
    let n = sorted.len() as i128;
    // At most 2⁶⁴ · n² each way, and a list has less than 2³¹ in any memory.
    let weighed: i128 = (1..).zip(&sorted).map(|(i, x)| (2 * i - n - 1) * i128::from(*x)).sum();
    let below: u128 = sorted.iter().map(|x| u128::from(*x)).sum::<u128>() * n.unsigned_abs();
    if below == 0 { (0, 1) } else { (weighed.unsigned_abs(), below) }
}

/// In hundredths, the nearest (half goes up).
pub fn hundredths(amounts: &[u64]) -> u32 {
    let (above, below) = gini(amounts);
    // Digit by digit, so that nothing is too large to be multiplied.
    let (mut rest, mut digits) = (above, 0u32);
    for _ in 0..2 {
        let ten = |part: u128| part.checked_mul(10);
        let (scaled, under) = ten(rest).map_or((rest, below / 10), |r| (r, below));
        let digit = (scaled / under.max(1)).min(9);
        digits = digits * 10 + digit as u32;
        rest = scaled - digit * under;
    }
    digits + u32::from(rest >= below - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_published() {
        // One of n has all: (n − 1) / n. 1 to n: (n² − 1) / 3 / n² · n / (n + 1), so 1/3 · (n − 1) / n.
        assert_eq!(gini(&[0, 0, 0, 100]), (300, 400));
        assert_eq!(gini(&[1, 2, 3, 4, 5]), (20, 75));
        assert_eq!(gini(&[7, 7, 7]), (0, 63));
        assert_eq!((gini(&[]), gini(&[0, 0])), ((0, 1), (0, 1)));
        assert_eq!(gini(&[3, 1, 2]), gini(&[1, 2, 3]));
    }

    #[test]
    fn rounded() {
        assert_eq!(hundredths(&[0, 0, 0, 100]), 75);
        assert_eq!(hundredths(&[1, 2, 3, 4, 5]), 27);
        assert_eq!(hundredths(&[5, 5]), 0);
        assert_eq!(hundredths(&[1, 3, 0, 8, 2]), 51);
        let mut one = vec![0; 999];
        one.push(u64::MAX);
        assert_eq!(hundredths(&one), 100);
    }

    #[test]
    fn it_is_half_the_mean_difference() {
        let mut draws = crate::draw::Splitmix::new(7);
        for _ in 0..200 {
            let list: Vec<u64> = (0..1 + draws.draw() % 9).map(|_| draws.draw() % 50).collect();
            let pairs: u64 = list.iter().flat_map(|a| list.iter().map(|b| a.abs_diff(*b))).sum();
            let (above, below) = gini(&list);
            let total = u128::from(list.iter().sum::<u64>()) * list.len() as u128;
            assert_eq!(above * (2 * total).max(1), u128::from(pairs) * below, "{list:?}");
        }
    }
}
