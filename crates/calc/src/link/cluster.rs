//! Rows of one person, from pairs.
//!
//! The strongest pair is joined first, and so on down to the threshold; a pair that would bring two different valid ID numbers
//! into one cluster is not joined. Where no numbers contradict each other, this gives the connected components.
//!
//! What must stay true: no cluster has two different valid ID numbers; the result does not depend on the order of the pairs.

/// A pair of rows, the smaller first, with its weight in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// First row.
    pub a: u32,
    /// Second row.
    pub b: u32,
    /// Log-odds.
    pub bits: f64,
}

/// For each row the first row of its cluster. `valid` gives the number of a row's valid ID, 0 when it has none.
pub fn clusters(rows: usize, pairs: &[Pair], threshold: f64, valid: impl Fn(usize) -> u32) -> Vec<u32> {
    let mut strong: Vec<&Pair> = pairs.iter().filter(|p| p.bits >= threshold).collect();
    strong.sort_unstable_by(|x, y| y.bits.total_cmp(&x.bits).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut head: Vec<u32> = (0..rows as u32).collect();
    let mut bears: Vec<u32> = (0..rows).map(valid).collect();
    for pair in strong {
        let (x, y) = (find(&mut head, pair.a), find(&mut head, pair.b));
        let (p, q) = (bears[x as usize], bears[y as usize]);
        if x == y || p != 0 && q != 0 && p != q {
            continue;
        }
        let (first, other) = (x.min(y), x.max(y));
        head[other as usize] = first;
        bears[first as usize] = p.max(q);
    }
    (0..rows as u32).map(|i| find(&mut head, i)).collect()
}

fn find(head: &mut [u32], mut row: u32) -> u32 {
    while head[row as usize] != row {
        let above = head[head[row as usize] as usize];
        head[row as usize] = above;
        row = above;
    }
    row
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn components_split_where_numbers_contradict() {
        let pair = |a, b, bits| Pair { a, b, bits };
        let chain = [pair(0, 1, 9.0), pair(1, 2, 8.0), pair(2, 3, 7.0), pair(4, 5, 1.0)];
        assert_eq!(clusters(6, &chain, 2.0, |_| 0), [0, 0, 0, 0, 4, 5]);
        // 0 and 3 bear different numbers: the weakest link gives way.
        assert_eq!(clusters(6, &chain, 2.0, |i| [7, 0, 0, 9, 0, 0][i]), [0, 0, 0, 3, 4, 5]);
    }

    proptest! {
        #[test]
        fn two_valid_numbers_never_meet(
            pairs in prop::collection::vec((0u32..30, 0u32..30, 0i32..9), 0..80),
            ids in prop::collection::vec(0u32..4, 30),
        ) {
            let pairs: Vec<Pair> = pairs.iter().filter(|p| p.0 < p.1).map(|p| Pair { a: p.0, b: p.1, bits: f64::from(p.2) }).collect();
            let of = clusters(30, &pairs, 1.0, |i| ids[i]);
            let mut reversed = pairs.clone();
            reversed.reverse();
            prop_assert_eq!(&of, &clusters(30, &reversed, 1.0, |i| ids[i]));
            for i in 0..30 {
                prop_assert!(of[i] as usize <= i);
                for j in 0..i {
                    let contradict = ids[i] != 0 && ids[j] != 0 && ids[i] != ids[j];
                    prop_assert!(of[i] != of[j] || !contradict);
                }
            }
        }
    }
}
