//! Against all cylinders there are, against draws looked through one by one, and against the figures of another program.

use std::path::Path;

use proptest::prelude::*;

use super::find::{Found, clusters};
use super::model::{Levels, bound, bucket, llr};
use super::replicate::{Drawn, Urn, maxima, random};
use super::*;
use crate::draw::Splitmix;

fn cell(x: f64, y: f64) -> Cell {
    Cell { x, y, population: Some(100.0) }
}

/// Cells that lie anywhere, no two pairs equally far, and cases among them.
fn invented(seed: u64, cells: usize, periods: u64, cases: usize) -> (Vec<Cell>, Vec<Row>) {
    let mut draws = Splitmix::new(seed);
    let all = (0..cells)
        .map(|_| Cell { x: draws.part(), y: draws.part(), population: Some((1 + draws.draw() % 500) as f64) })
        .collect();
    let rows = (0..cases).map(|_| Row {
        cell: (draws.draw() % cells as u64) as u32,
        period: (draws.draw() % periods) as i64 - 3,
        count: 1 + draws.draw() % 2,
    });
    (all, rows.collect())
}

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
    fn no_count_that_matters_is_left_out(total in 1u32..5000, part in 0.0f64..1.0, share in 1e-6f64..1.0) {
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

#[test]
fn ratios_by_hand() {
    assert!((llr(106, 62.132_246_923_198_4, 552) - 14.780_276_481_385_7).abs() < 1e-12);
    assert_eq!((llr(3, 3.0, 9), llr(2, 3.0, 9), llr(0, 0.0, 0)), (0.0, 0.0, 0.0));
    assert!((llr(4, 1.0, 4) - 4.0 * 4f64.ln()).abs() < 1e-12, "all cases inside");
    assert!((llr(4, 1.0, 10) - (4.0 * 4f64.ln() + 6.0 * (6f64 / 9.0).ln())).abs() < 1e-12);
}

/// Ten by ten cells, four weeks of one case a day here and there, and a corner with more in the last three days.
fn outbreak() -> (Vec<Cell>, Vec<Row>) {
    let cells = (0..100).map(|n| cell(f64::from(n % 10), f64::from(n / 10))).collect();
    let mut draws = Splitmix::new(7);
    let mut rows: Vec<Row> =
        (0..600).map(|_| Row { cell: (draws.draw() % 100) as u32, period: (draws.draw() % 28) as i64, count: 1 }).collect();
    rows.extend([0, 1, 10, 11].iter().flat_map(|cell| (25..28).map(|period| Row { cell: *cell, period, count: 2 })));
    (cells, rows)
}

#[test]
fn an_outbreak_is_found_where_and_when_it_is() {
    let (cells, rows) = outbreak();
    for model in [Model::Permutation, Model::Poisson] {
        let outcome = scan(&cells, &rows, &Asked { model, ..Asked::default() }).unwrap();
        let first = &outcome.clusters[0];
        assert_eq!((first.cells.as_slice(), first.from, first.to), ([0, 1, 10, 11].as_slice(), 25, 27));
        assert_eq!((first.p, first.recurrence), (0.001, 1000.0));
        assert!(outcome.clusters[1].p > 0.05);
        assert_eq!((outcome.cases, outcome.periods, outcome.replicates, outcome.longest), (624, 28, 999, 7));
        // What is plainly chance stops early, and always at the same draw; what is not goes on to the end.
        let quiet: Vec<Row> = rows[..600].to_vec();
        let all = scan(&cells, &quiet, &Asked { model, ..Asked::default() }).unwrap();
        let some = scan(&cells, &quiet, &Asked { model, stop: Some(20), ..Asked::default() }).unwrap();
        assert!(some.replicates < 999 && (some.clusters[0].p - all.clusters[0].p).abs() < 0.25, "{}", some.replicates);
        assert_eq!(some.clusters[0].p, 21.0 / f64::from(some.replicates + 1));
        assert_eq!(scan(&cells, &rows, &Asked { model, stop: Some(20), ..Asked::default() }).unwrap().clusters[0], *first);
        // Another seed gives other chances, and the same clusters.
        let other = scan(&cells, &quiet, &Asked { model, seed: 2, ..Asked::default() }).unwrap();
        assert_eq!(other.clusters[0].llr, all.clusters[0].llr);
        assert!(other.clusters.iter().zip(&all.clusters).any(|(a, b)| a.p != b.p));
        let half = Cluster { p: 1.0, recurrence: 1.0, ..all.clusters[0].clone() };
        assert_eq!(scan(&cells, &quiet, &Asked { model, replicates: 0, ..Asked::default() }).unwrap().clusters[0], half);
    }
}

#[test]
fn chances_are_even_when_there_is_nothing() {
    // 200 quiet months: each of ten classes of chances has 20, give or take four standard deviations (4.2 each).
    for model in [Model::Permutation, Model::Poisson] {
        let mut classes = [0i32; 10];
        for seed in 0..200 {
            let (mut cells, rows) = invented(seed, 16, 14, 60);
            cells.iter_mut().for_each(|c| c.population = Some(1.0));
            let single: Vec<Row> = rows.iter().map(|r| Row { count: 1, ..*r }).collect();
            let outcome = scan(&cells, &single, &Asked { model, least: 1, replicates: 99, seed, ..Asked::default() }).unwrap();
            classes[((outcome.clusters[0].p * 100.0).round() as usize - 1) / 10] += 1;
        }
        assert!(classes.iter().all(|n| (n - 20).abs() < 17), "{model:?} {classes:?}");
    }
}

#[test]
fn what_is_odd_has_an_answer() {
    let row = |cell, period, count| Row { cell, period, count };
    let none = |cells: &[Cell], rows: &[Row], model| {
        let outcome = scan(cells, rows, &Asked { model, ..Asked::default() }).unwrap();
        assert_eq!((outcome.clusters.len(), outcome.replicates), (0, 0), "{rows:?}");
    };
    let two = [cell(0.0, 0.0), cell(1.0, 0.0)];
    for model in [Model::Permutation, Model::Poisson] {
        none(&[], &[], model);
        none(&two, &[], model);
        none(&two, &[row(0, 5, 0), row(1, 9, 0)], model);
        none(&[cell(0.0, 0.0)], &[row(0, 1, 9)], model);
    }
    none(&two, &[row(0, 7, 100)], Model::Permutation);
    none(&[cell(0.0, 0.0)], &[row(0, 1, 2), row(0, 2, 40)], Model::Permutation);
    // One period: where, and not when. Half of the people live in each.
    let ask = Asked { model: Model::Poisson, ..Asked::default() };
    let outcome = scan(&two, &[row(0, 7, 90), row(1, 7, 10)], &ask).unwrap();
    assert_eq!(
        (outcome.clusters[0].cells.as_slice(), outcome.clusters[0].expected, outcome.clusters[0].p),
        (&[0][..], 50.0, 0.001)
    );
    // Two at one place: the first, and both; never the second alone.
    let same = [cell(1.0, 1.0), cell(1.0, 1.0), cell(5.0, 5.0)];
    let outcome = scan(&same, &[row(1, 1, 50), row(2, 1, 1)], &Asked { extent: Extent::Share(0.7), ..ask }).unwrap();
    assert_eq!(outcome.clusters[0].cells, [0, 1]);
    // Periods without rows are there; a last one without cases is the last.
    let quiet = scan(&two, &[row(0, 0, 5), row(1, 0, 5), row(0, 100, 3), row(1, 110, 0)], &ask).unwrap();
    assert_eq!((quiet.periods, quiet.clusters.len()), (111, 0), "the last seven have no cases");
    let ends = scan(&two, &[row(0, i64::MIN, 1), row(1, i64::MAX, 4)], &ask).unwrap();
    assert_eq!((ends.periods, ends.clusters[0].from), (u64::MAX, i64::MAX));
    // Nobody lives in the first.
    let empty = [Cell { population: Some(0.0), ..two[0] }, two[1], cell(2.0, 0.0)];
    let found = scan(&empty, &[row(1, 1, 9), row(2, 1, 1)], &ask).unwrap();
    assert_eq!(found.clusters[0].cells, [1]);
}

#[test]
fn what_is_wrong_is_named() {
    let ask = |cells: &[Cell], rows: &[Row], asked: Asked| scan(cells, rows, &asked).map(|_| ()).unwrap_err();
    let fault = |what, at| Fault { what, at };
    let (two, row) = ([cell(0.0, 0.0), cell(1.0, 0.0)], |cell, count| Row { cell, period: 1, count });
    let poisson = Asked { model: Model::Poisson, ..Asked::default() };
    assert_eq!(ask(&two, &[row(0, 1), row(2, 1)], poisson), fault(What::Cell, 1));
    assert_eq!(ask(&two, &[row(0, 1), row(1, CASES)], poisson), fault(What::Cases, 1));
    assert_eq!(ask(&two, &[row(1, u64::MAX)], poisson), fault(What::Cases, 0));
    for bad in [f64::NAN, f64::INFINITY, -1.0, 1e-300, 1e300] {
        let cells = [two[0], Cell { population: Some(bad), ..two[1] }];
        assert_eq!(ask(&cells, &[row(0, 1)], poisson), fault(What::Population, 1));
        assert_eq!(ask(&cells, &[row(0, 1)], Asked::default()), fault(What::Population, 1));
    }
    assert_eq!(ask(&[two[0], Cell { population: None, ..two[1] }], &[], poisson), fault(What::Population, 1));
    assert_eq!(ask(&[two[0], Cell { population: Some(0.0), ..two[1] }], &[row(1, 1)], poisson), fault(What::Nobody, 1));
    for bad in [f64::NAN, f64::NEG_INFINITY, 1e200] {
        assert_eq!(ask(&[two[0], Cell { y: bad, ..two[1] }], &[], poisson), fault(What::Place, 1));
    }
    let globe = Asked { metric: Metric::GreatCircle, ..poisson };
    assert_eq!(ask(&[cell(180.0, 90.0), cell(0.0, 90.1)], &[], globe), fault(What::Place, 1));
    for share in [0.0, 1.1, f64::NAN, -1.0] {
        assert_eq!(ask(&two, &[], Asked { extent: Extent::Share(share), ..poisson }), fault(What::Share, 0));
    }
    for nothing in
        [Asked { longest: 0, ..poisson }, Asked { least: 0, ..poisson }, Asked { extent: Extent::Nearest(0), ..poisson }]
    {
        assert_eq!(ask(&two, &[], nothing), fault(What::Nothing, 0));
    }
    assert_eq!(ask(&two, &[], Asked { replicates: REPLICATES + 1, ..poisson }), fault(What::Replicates, 0));
    let many: Vec<Cell> = (0..6000).map(|n| cell(f64::from(n), 0.0)).collect();
    assert_eq!(ask(&many, &[row(0, 1)], Asked { extent: Extent::Nearest(6000), ..poisson }), fault(What::Zones, 0));
    assert_eq!(
        ask(&two, &[row(0, 1), Row { period: i64::MAX, ..row(0, 1) }], Asked { longest: u32::MAX, ..poisson }),
        fault(What::Zones, 0)
    );
}

/// Leukaemia in upstate New York, as the package smerc finds it. The data are not ours to hand on.
#[test]
#[expect(clippy::disallowed_methods, reason = "where data for tests lies")]
fn leukaemia_in_new_york() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let dir = std::env::var_os("XIEZHI_SHARED").map_or(beside, Into::into).join("data/surveillance");
    if !dir.exists() {
        eprintln!("SKIPPED: no data/surveillance beside the repository (XIEZHI_SHARED says where else to look)");
        return;
    }
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(dir.join(name)).unwrap();
        text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect()
    };
    let number = |cell: &String| cell.parse::<f64>().unwrap();
    let tracts = table("scan_in_nydf.csv");
    for (name, metric, share, at) in [
        ("scan_out_smerc_nydf_circular_poisson.csv", Metric::GreatCircle, 0.5, 1),
        ("scan_out_smerc_nydf_euclid_ubpop10.csv", Metric::Euclid, 0.1, 3),
    ] {
        let cells: Vec<Cell> =
            tracts.iter().map(|r| Cell { x: number(&r[at]), y: number(&r[at + 1]), population: Some(number(&r[6])) }).collect();
        let rows: Vec<Row> =
            tracts.iter().zip(0..).map(|(r, cell)| Row { cell, period: 0, count: number(&r[5]) as u64 }).collect();
        let asked = Asked { model: Model::Poisson, metric, extent: Extent::Share(share), ..Asked::default() };
        let outcome = scan(&cells, &rows, &asked).unwrap();
        for (theirs, ours) in table(name).iter().zip(&outcome.clusters) {
            let ids = ours.cells.iter().map(|c| (c + 1).to_string()).collect::<Vec<_>>().join(";");
            assert_eq!(
                (ids, ours.centre + 1, ours.observed),
                (theirs[1].clone(), theirs[2].parse().unwrap(), theirs[5].parse().unwrap())
            );
            assert!((ours.expected - number(&theirs[6])).abs() < 1e-9 && (ours.llr - number(&theirs[9])).abs() < 1e-9);
            // Chances of 999 draws, theirs and ours, differ by less than five standard deviations.
            let p = number(&theirs[10]);
            assert!((ours.p - p).abs() < 5.0 * (2.0 * p * (1.0 - p) / 999.0).sqrt().max(0.001), "{} {p}", ours.p);
        }
    }
}
