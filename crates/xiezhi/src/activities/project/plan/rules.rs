//! Pure decisions about projects: the marks of a tender, what the answers of the people served say, what is paid.
//!
//! What must stay true: whole numbers throughout (marks in hundredths, money in cents), the same table for the same bids and
//! scores whatever their order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::names::names;

names! {
    /// How it was for somebody who is served.
    Answer { Good = "good", Fair = "fair", Bad = "bad", }
    /// What the answers say of a step.
    Verdict {
        /// Enough are good or fair.
        Good = "good",
        /// Too many are bad: it is done again.
        Bad = "bad",
        /// Too few answered: the desk decides and says why.
        Few = "few",
    }
}

/// What the answers say: `good` of `all` were good or fair, at least `least` must answer and `share` per cent be good.
pub fn verdict(good: i64, all: i64, least: i64, share: i64) -> Verdict {
    if all < least {
        Verdict::Few
    } else if good * 100 >= share * all {
        Verdict::Good
    } else {
        Verdict::Bad
    }
}

/// What is paid for each step of a price (cents) by their shares (per cent, together 100), in order: what does not divide goes
/// to the last, so that the sum is the price.
pub fn payments(price: i64, shares: &[i64]) -> Vec<i64> {
    let mut left = price;
    let part = |share: &i64| price * share / 100;
    let mut out: Vec<i64> = shares.iter().map(part).inspect(|p| left -= p).collect();
    if let Some(last) = out.last_mut() {
        *last += left;
    }
    out
}

/// A bid as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The organisation.
    pub body: String,
    /// Cents.
    pub price: i64,
    /// Points of each scorer, the sum over the criteria.
    pub marks: Vec<i64>,
}

/// A line of the table of scores; public with the award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Line {
    pub body: String,
    pub price: i64,
    /// Hundredths of a point.
    pub price_marks: i64,
    pub quality_marks: i64,
    pub total: i64,
}

/// A hundredth, rounded half up: `part · 100 / whole`.
fn hundredths(part: i128, whole: i128) -> i64 {
    ((part * 200 + whole) / (whole * 2)) as i64
}

/// The table of a tender, the best first. The price counts by the lowest one: `lowest / price × weight` (财政部令第87号第五十五条);
/// the criteria by the mean of the scorers. Equal sums: the lower price; equal prices: the place in `order`, which is drawn with the award.
pub fn table(bids: &[Bid], price_weight: i64, order: &BTreeMap<String, usize>) -> Vec<Line> {
    let lowest = bids.iter().map(|b| b.price).min().unwrap_or_default();
    let line = |b: &Bid| {
        let price_marks = hundredths(i128::from(lowest) * i128::from(price_weight), i128::from(b.price.max(1)));
        let sum: i128 = b.marks.iter().map(|p| i128::from(*p)).sum();
        let quality_marks = hundredths(sum, b.marks.len().max(1) as i128);
        Line { body: b.body.clone(), price: b.price, price_marks, quality_marks, total: price_marks + quality_marks }
    };
    let mut out: Vec<Line> = bids.iter().map(line).collect();
    let place = |l: &Line| order.get(&l.body).copied().unwrap_or(usize::MAX);
    out.sort_by(|a, b| {
        (b.total.cmp(&a.total)).then(a.price.cmp(&b.price)).then(place(a).cmp(&place(b))).then(a.body.cmp(&b.body))
    });
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_decide_where_there_are_enough() {
        let says = |good, all| verdict(good, all, 3, 60);
        assert_eq!(
            [says(2, 2), says(2, 3), says(3, 5), says(2, 4), says(0, 0)].map(|v| v.as_str()),
            ["few", "good", "good", "bad", "few"]
        );
    }

    #[test]
    fn the_lowest_price_has_all_its_points_and_the_mean_counts() {
        let bid = |body: &str, price, marks: &[i64]| Bid { body: body.into(), price, marks: marks.to_vec() };
        let all = [bid("a", 4_000_000, &[70, 72, 71]), bid("b", 3_600_000, &[60, 61, 61]), bid("c", 6_000_000, &[80, 79, 80])];
        let table = table(&all, 20, &BTreeMap::new());
        let told: Vec<(&str, i64, i64, i64)> =
            table.iter().map(|l| (l.body.as_str(), l.price_marks, l.quality_marks, l.total)).collect();
        // By hand: 36/40 × 20 = 18.00, mean 71.00; 36/60 × 20 = 12.00, mean 79.67; 20.00, mean 60.67.
        assert_eq!(told, [("c", 1200, 7967, 9167), ("a", 1800, 7100, 8900), ("b", 2000, 6067, 8067)]);
    }

    #[test]
    fn equal_sums_go_by_price_and_then_by_the_draw() {
        let bid = |body: &str, price, marks| Bid { body: body.into(), price, marks: vec![marks] };
        let order: BTreeMap<String, usize> = [("x".into(), 1), ("y".into(), 0)].into();
        let told = |all: &[Bid], weight| table(all, weight, &order).into_iter().map(|l| l.body).collect::<Vec<_>>();
        assert_eq!(told(&[bid("x", 100, 80), bid("y", 100, 80)], 20), ["y", "x"]);
        // 20 + 70 marks at the lower price, 10 + 80 at the double one.
        assert_eq!(told(&[bid("y", 200, 80), bid("x", 100, 70)], 20), ["x", "y"]);
    }

    proptest! {
        #[test]
        fn payments_add_up_to_the_price(price in 1i64..1_000_000_000_000, cuts in prop::collection::vec(1i64..100, 0..6)) {
            let mut cuts = cuts;
            cuts.push(0);
            cuts.push(100);
            cuts.sort_unstable();
            let shares: Vec<i64> = cuts.windows(2).map(|w| w[1] - w[0]).collect();
            let paid = payments(price, &shares);
            prop_assert_eq!(paid.iter().sum::<i64>(), price);
            prop_assert!(paid.iter().all(|p| *p >= 0));
        }

        #[test]
        fn the_table_is_the_same_in_any_order_and_nobody_gains_by_a_higher_price(
            prices in prop::collection::vec(1i64..1_000_000, 1..8), marks in 0i64..80, weight in 10i64..60, seed in any::<u64>(),
        ) {
            let bids: Vec<Bid> =
                prices.iter().enumerate().map(|(n, p)| Bid { body: format!("b{n}"), price: *p, marks: vec![marks; 3] }).collect();
            let mut other = bids.clone();
            other.rotate_left(seed as usize % bids.len());
            let first = table(&bids, weight, &BTreeMap::new());
            prop_assert_eq!(&first, &table(&other, weight, &BTreeMap::new()));
            // With equal quality the cheapest is first, and no line has more than all its marks.
            prop_assert_eq!(first[0].price, *prices.iter().min().unwrap());
            prop_assert!(first.iter().all(|l| l.price_marks <= weight * 100 && l.price_marks > 0 || l.price > 1000));
        }
    }
}
