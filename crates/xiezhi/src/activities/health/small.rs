//! Small numbers: what is told of places above a community, where so few cases could be somebody.
//!
//! What must stay true: of a column with its total no cell under the limit can be reckoned from the others: whatever it is, every number
//! under the limit remains possible for it.

/// What is told of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nobody told anything.
    Nothing,
    /// The number.
    Number(u64),
    /// Fewer than the limit.
    Few,
    /// Not told, because a small number could be reckoned from it.
    Withheld,
}

/// What is told of the cells of a column that add up to its total, and of the total.
pub fn column(cells: &[Option<u64>], limit: u64) -> (Vec<Told>, Told) {
    let most = limit.saturating_sub(1);
    let plain = |c: &Option<u64>| match c {
        None => Told::Nothing,
        Some(n) if *n < limit => Told::Few,
        Some(n) => Told::Number(*n),
    };
    let mut told: Vec<Told> = cells.iter().map(plain).collect();
    let sum: u64 = cells.iter().flatten().sum();
    let few = told.iter().filter(|t| **t == Told::Few).count() as u64;
    if told.iter().all(|t| *t == Told::Nothing) {
        return (told, Told::Nothing);
    }
    if few == 0 {
        return (told, Told::Number(sum));
    }
    loop {
        let hidden = |t: &Told| matches!(t, Told::Few | Told::Withheld);
        let rest: u64 = told.iter().zip(cells).filter(|(t, _)| hidden(t)).filter_map(|(_, c)| *c).sum();
        let withheld = told.iter().filter(|t| **t == Told::Withheld).count() as u64;
        // Each few one may be 0 (the others can hold all of the rest) and may be the most (the rest suffices for that).
        let lowest = withheld > 0 || rest <= most * (few - 1);
        if lowest && rest >= limit * withheld + most {
            return (told, Told::Number(sum));
        }
        let next = told.iter().enumerate().filter_map(|(i, t)| if let Told::Number(n) = t { Some((*n, i)) } else { None }).min();
        match next {
            Some((_, i)) => told[i] = Told::Withheld,
            // Nothing is left to hide behind: then the total says too much.
            None => {
                let plain: Vec<Told> = cells.iter().map(plain).collect();
                return (plain, if sum < limit { Told::Few } else { Told::Withheld });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether every number under the limit is possible for every few cell, given all that is told.
    fn is_safe(told: &(Vec<Told>, Told), limit: u64) -> bool {
        let Told::Number(total) = told.1 else { return true };
        let seen: u64 = told.0.iter().map(|t| if let Told::Number(n) = t { *n } else { 0 }).sum();
        let rest = total - seen;
        let few = told.0.iter().filter(|t| **t == Told::Few).count();
        let withheld = told.0.iter().filter(|t| **t == Told::Withheld).count();
        // All sums that the other few cells can have, and what the withheld ones must hold at least.
        (0..limit).all(|n| {
            few == 0
                || (0..=(few as u64 - 1) * (limit - 1)).any(|others| match rest.checked_sub(n + others) {
                    Some(left) => {
                        if withheld == 0 {
                            left == 0
                        } else {
                            left >= withheld as u64 * limit
                        }
                    }
                    None => false,
                })
        })
    }

    #[test]
    fn no_small_number_can_be_reckoned() {
        let values = [None, Some(0), Some(1), Some(4), Some(5), Some(6), Some(9), Some(40)];
        let many = values.len();
        for code in 0..many.pow(5) {
            let cells: Vec<Option<u64>> = (0..5).map(|i| values[code / many.pow(i) % many]).collect();
            for cells in [&cells[..], &cells[..2], &cells[..1]] {
                let told = column(cells, 5);
                assert!(is_safe(&told, 5), "{cells:?} {told:?}");
                assert_eq!(told, column(cells, 5));
                assert!(told.0.iter().zip(cells).all(|(t, c)| match t {
                    Told::Number(n) => *c == Some(*n) && *n >= 5,
                    Told::Few => c.is_some_and(|c| c < 5),
                    Told::Withheld => c.is_some_and(|c| c >= 5),
                    Told::Nothing => c.is_none(),
                }));
            }
        }
        assert_eq!(column(&[Some(9), Some(40)], 5), (vec![Told::Number(9), Told::Number(40)], Told::Number(49)));
        assert_eq!(column(&[Some(3), Some(9), Some(40)], 5).0, [Told::Few, Told::Withheld, Told::Number(40)]);
        assert_eq!(column(&[Some(2)], 5), (vec![Told::Few], Told::Few));
        assert_eq!(column(&[None], 5), (vec![Told::Nothing], Told::Nothing));
    }
}
