//! Against all cylinders there are, and against draws looked through one by one.

use proptest::prelude::*;

use super::invented;
use crate::draw::Splitmix;
use crate::scan::find::{Found, clusters};
use crate::scan::model::{Levels, bound, bucket, llr};
use crate::scan::replicate::{Drawn, Urn, maxima, random};
use crate::scan::table::Table;
use crate::scan::zones::Zones;
use crate::scan::*;

/// The largest ratio of all cylinders, as the definition says.
fn largest(cells: &[Cell], rows: &[Row], asked: &Asked) -> f64 {
    let total: u64 = rows.iter().map(|r| r.count).sum();
    let (first, last) = (rows.iter().map(|r| r.period).min().unwrap(), rows.iter().map(|r| r.period).max().unwrap());
    let people = |c: usize| cells[c].population.unwrap();
    let mut best = 0f64;
    for centre in cells {
        let far = |c: &usize| (cells[*c].x - centre.x).powi(2) + (cells[*c].y - centre.y).powi(2);
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by(|a, b| far(a).total_cmp(&far(b)).then(a.cmp(b)));
        for size in 1..=cells.len() {
            let zone = &order[..size];
            let fits = match asked.extent {
                Extent::Nearest(most) => size <= most,
                Extent::Share(share) => {
                    zone.iter().map(|c| people(*c)).sum::<f64>() <= share * (0..cells.len()).map(people).sum::<f64>()
                }
            };
            for d in (1..=i64::from(asked.longest).min(last - first + 1)).filter(|_| fits) {
                let inside = |r: &&Row| zone.contains(&(r.cell as usize));
                let recent = |r: &&Row| r.period > last - d;
                let sum = |rows: &mut dyn Iterator<Item = &Row>| rows.map(|r| r.count as f64).sum::<f64>();
                let c = sum(&mut rows.iter().filter(|r| inside(r) && recent(r)));
                let all = total as f64;
                let e = match asked.model {
                    Model::Permutation => sum(&mut rows.iter().filter(inside)) * sum(&mut rows.iter().filter(recent)) / all,
                    Model::Poisson => {
                        let share = zone.iter().map(|c| people(*c)).sum::<f64>() / (0..cells.len()).map(people).sum::<f64>();
                        all * share * d as f64 / (last - first + 1) as f64
                    }
                };
                if c > e && c >= f64::from(asked.least) {
                    let outside = if c < all { (all - c) * ((all - c) / (all - e)).ln() } else { 0.0 };
                    best = best.max(c * (c / e).ln() + outside);
                }
            }
        }
    }
    best
}

fn asked() -> impl Strategy<Value = Asked> {
    let extent = prop_oneof![(0.05f64..1.0).prop_map(Extent::Share), (1usize..9).prop_map(Extent::Nearest)];
    let model = prop_oneof![Just(Model::Permutation), Just(Model::Poisson)];
    (model, extent, 1u32..6, 1u32..4).prop_map(|(model, extent, longest, least)| Asked {
        model,
        extent,
        longest,
        least,
        replicates: 37,
        ..Asked::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_less_likely_among_all_there_are(
        seed: u64, cells in 1usize..9, periods in 1u64..7, cases in 1usize..40, asked in asked()
    ) {
        let (cells, rows) = invented(seed, cells, periods, cases);
        let outcome = scan(&cells, &rows, &asked).unwrap();
        let largest = largest(&cells, &rows, &asked);
        prop_assert!((outcome.clusters.first().map_or(0.0, |c| c.llr) - largest).abs() < 1e-9);
        let mut taken = vec![false; cells.len()];
        for pair in outcome.clusters.windows(2) {
            prop_assert!(pair[0].llr >= pair[1].llr && pair[0].p <= pair[1].p);
        }
        for c in &outcome.clusters {
            prop_assert!(c.observed >= asked.least && f64::from(c.observed) > c.expected && c.llr > 0.0);
            prop_assert!(c.p > 0.0 && c.p <= 1.0 && c.to - c.from < i64::from(asked.longest));
            for cell in &c.cells {
                prop_assert!(!std::mem::replace(&mut taken[*cell as usize], true), "an overlap");
            }
        }
    }

    #[test]
    fn order_and_names_change_nothing(seed: u64, cells in 2usize..20, cases in 1usize..80, asked in asked()) {
        let (cells, rows) = invented(seed, cells, 9, cases);
        let outcome = scan(&cells, &rows, &asked).unwrap();
        // Rows the other way round, and one case a row.
        let single: Vec<Row> =
            rows.iter().rev().flat_map(|r| std::iter::repeat_n(Row { count: 1, ..*r }, r.count as usize)).collect();
        prop_assert_eq!(&scan(&cells, &single, &asked).unwrap(), &outcome);
        // Other names: `new` of each cell.
        let mut order: Vec<usize> = (0..cells.len()).collect();
        let mut draws = Splitmix::new(seed ^ 1);
        for i in (1..order.len()).rev() {
            order.swap(i, (draws.draw() % (i as u64 + 1)) as usize);
        }
        let named: Vec<Cell> = order.iter().map(|old| cells[*old]).collect();
        let new = |old: u32| order.iter().position(|o| *o == old as usize).unwrap() as u32;
        let renamed: Vec<Row> = rows.iter().map(|r| Row { cell: new(r.cell), period: r.period + 1000, ..*r }).collect();
        let again = scan(&named, &renamed, &asked).unwrap();
        prop_assert_eq!(again.clusters.len(), outcome.clusters.len());
        // Which of equally unlikely cylinders is taken is a matter of names; what is said of the first is not.
        if let (Some(a), Some(b)) = (again.clusters.first(), outcome.clusters.first()) {
            prop_assert!((a.llr - b.llr).abs() < 1e-12 && a.p == b.p);
        }
    }

    #[test]
    fn draws_side_by_side_are_as_one_by_one(seed: u64, cells in 1usize..25, periods in 1u64..9, cases in 1usize..120, asked in asked()) {
        let (cells, rows) = invented(seed, cells, periods, cases);
        let mut table = Table::new(&cells, &rows, &asked).unwrap();
        let zones = Zones::new(&cells, &table, &asked).unwrap();
        let all = maxima(&cells, &table, &zones, &asked, 1.0);
        prop_assert_eq!(all.len(), 37);
        let urn = Urn::new(&cells, &table, &asked);
        let mut pool = if let Urn::Cases(pool) = &urn { pool.clone() } else { Vec::new() };
        for (r, found) in all.iter().enumerate() {
            let drawn = Drawn::new(&table, &urn, &mut pool, random(asked.seed, r as u32));
            table.recent.fill(0);
            for d in 0..table.longest {
                // Whatever is in the last d periods is in the last d + 1, too.
                drawn.cells[..drawn.ends[d] as usize].iter().for_each(|c| table.recent[*c as usize * table.longest + d] += 1);
            }
            let slow = clusters(&table, &zones, &Asked { most: 1, ..asked }).first().map_or(0.0, |f: &Found| f.llr);
            prop_assert!((slow - found).abs() <= 1e-12 * slow, "{} {}", slow, found);
        }
        if let Urn::Cases(before) = &urn {
            prop_assert_eq!(&pool, before, "the urn is as it was");
        }
        // A draw depends on nothing but its number.
        prop_assert_eq!(&maxima(&cells, &table, &zones, &Asked { replicates: 18, ..asked }, 1.0), &all[..18]);
    }

    #[test]
    fn no_count_that_matters_is_left_out(total in 1u32..1500, part in 0.0f64..1.0, share in 1e-6f64..1.0) {
        let expected = share * f64::from(total);
        let levels = Levels::new(total, expected * 1.5);
        let count = (expected + part * part * (f64::from(total) - expected)).ceil() as u32;
        let ratio = llr(count, expected, total);
        prop_assert!(ratio <= bound(count, expected, total));
        for level in 0..=Levels::below(ratio) {
            let needed = levels.table(level)[bucket(expected)];
            prop_assert!(ratio == 0.0 || count >= needed, "{count} of {total}, {expected}: {ratio}, {needed}");
        }
    }
}
