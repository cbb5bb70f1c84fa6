//! By hand, odd and wrong input, and the figures of another program.

mod properties;

use std::path::Path;

use super::model::llr;
use super::*;
use crate::draw::Splitmix;

fn cell(x: f64, y: f64) -> Cell {
    Cell { x, y, population: Some(100.0) }
}

/// Cells that lie anywhere, no two pairs equally far, and cases among them.
pub(super) fn invented(seed: u64, cells: usize, periods: u64, cases: usize) -> (Vec<Cell>, Vec<Row>) {
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
        let ask = Asked { model, replicates: 299, ..Asked::default() };
        let all = scan(&cells, &quiet, &ask).unwrap();
        let some = scan(&cells, &quiet, &Asked { stop: Some(20), ..ask }).unwrap();
        assert!(some.replicates < 299 && (some.clusters[0].p - all.clusters[0].p).abs() < 0.25, "{}", some.replicates);
        assert_eq!(some.clusters[0].p, 21.0 / f64::from(some.replicates + 1));
        assert_eq!(scan(&cells, &rows, &Asked { model, stop: Some(20), ..Asked::default() }).unwrap().clusters[0], *first);
        // Another seed gives other chances, and the same clusters.
        let other = scan(&cells, &quiet, &Asked { seed: 2, ..ask }).unwrap();
        assert_eq!(other.clusters[0].llr, all.clusters[0].llr);
        assert!(other.clusters.iter().zip(&all.clusters).any(|(a, b)| a.p != b.p));
        let half = Cluster { p: 1.0, recurrence: 1.0, ..all.clusters[0].clone() };
        assert_eq!(scan(&cells, &quiet, &Asked { replicates: 0, ..ask }).unwrap().clusters[0], half);
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
