//! The detectors beside what R's package `surveillance` says of the same series, number for number: every row of every file. The files
//! lie beside the repository, for tests only.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use calc::series::farrington;
use calc::series::{Axis, Detector, Method, Series, Verdict, glr};

/// The folder of the files, or where `XIEZHI_SHARED` says.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("XIEZHI_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/surveillance");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no data/surveillance beside the repository (XIEZHI_SHARED says where else to look)");
        return None;
    }
    Some(folder)
}

/// A row by the names of its columns.
struct Row<'a>(&'a BTreeMap<String, usize>, Vec<String>);

impl Row<'_> {
    fn text(&self, name: &str) -> &str {
        &self.1[self.0[name]]
    }

    /// A number, nothing where R has none.
    fn maybe(&self, name: &str) -> Option<f64> {
        Some(self.text(name)).filter(|t| !t.is_empty()).map(|t| t.parse().unwrap())
    }

    fn number(&self, name: &str) -> f64 {
        self.maybe(name).unwrap()
    }

    fn t(&self) -> usize {
        self.number("t") as usize
    }
}

fn rows(path: &Path, mut each: impl FnMut(Row)) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap().split(',').enumerate().map(|(i, name)| (name.to_owned(), i)).collect();
    lines.for_each(|line| each(Row(&head, line.split(',').map(str::to_owned).collect())));
}

/// Counts of every series, by file and unit.
fn series(folder: &Path) -> BTreeMap<(String, String), Vec<Option<u32>>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for name in ["salmonella.agona", "k1", "s1", "measlesWeserEms"] {
        rows(&folder.join(format!("in_{name}.csv")), |row| {
            let counts = all.entry((name.to_owned(), row.text("unit").to_owned())).or_default();
            counts.push(Some(row.number("observed") as u32));
            assert_eq!(row.t(), counts.len());
        });
    }
    all
}

const INDEX: Axis = Axis::Index { first: 1, freq: 52 };

/// A method, a series, and the points that R tested.
type Group = (Method, Vec<Option<u32>>, Vec<usize>);

/// What a method says of the points that R tested: one series and setting after the other, as `key` tells them apart.
fn compare(
    name: &str,
    key: impl Fn(&Row) -> String,
    method: impl Fn(&Row) -> Option<Method>,
    mut check: impl FnMut(&Row, &Verdict),
) -> Option<usize> {
    let folder = folder()?;
    let all = series(&folder);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let of = |row: &Row| {
        let unit = if row.0.contains_key("unit") { row.text("unit") } else { "observed1" };
        let unit = if unit == "u1" { "observed1" } else { unit };
        format!("{}/{unit}/{}", row.text("dataset"), key(row))
    };
    rows(&folder.join(name), |row| {
        let Some(method) = method(&row) else { return };
        let group = of(&row);
        let counts = || {
            let mut parts = group.split('/');
            let (set, unit) = (parts.next().unwrap(), parts.next().unwrap());
            all[&(set.to_owned(), unit.to_owned())].clone()
        };
        groups.entry(group.clone()).or_insert_with(|| (method, counts(), Vec::new())).2.push(row.t() - 1);
    });
    let mut said: BTreeMap<(String, usize), Verdict> = BTreeMap::new();
    for (group, (method, counts, tested)) in &groups {
        let series = Series { axis: INDEX, counts, population: None };
        let range = *tested.iter().min().unwrap()..*tested.iter().max().unwrap() + 1;
        for verdict in Detector::compat(method.clone()).detect(&series, range) {
            said.insert((group.clone(), verdict.at), verdict);
        }
    }
    let mut compared = 0;
    rows(&folder.join(name), |row| {
        if method(&row).is_some() {
            check(&row, &said[&(of(&row), row.t() - 1)]);
            compared += 1;
        }
    });
    Some(compared)
}

/// The largest relative difference, and where; both must be numbers or neither.
#[derive(Default)]
struct Off(f64, String);

impl Off {
    fn look(&mut self, what: &str, row: &Row, ours: Option<f64>, theirs: Option<f64>) {
        let at = || format!("{what} {}: {ours:?} is not {theirs:?}", row.1.join(","));
        match (ours, theirs) {
            (None, None) => {}
            (Some(a), Some(b)) => {
                let off = (a - b).abs() / b.abs().max(1e-6);
                if off > self.0 {
                    *self = Off(off, at());
                }
            }
            _ => panic!("{}", at()),
        }
    }

    #[track_caller]
    fn within(&self, most: f64) {
        println!("largest relative difference {:e}: {}", self.0, self.1);
        assert!(self.0 <= most, "{:e}: {}", self.0, self.1);
    }
}

fn set(name: &str, settings: &[(&str, &str)]) -> Method {
    let mut method = Method::named(name).unwrap();
    settings.iter().for_each(|(k, v)| method.set(k, v).unwrap());
    method
}

fn alarm(row: &Row) -> Option<bool> {
    row.maybe("alarm").map(|a| a == 1.0)
}

#[test]
fn ears() {
    for (file, method, many) in [("C1", "ears-c1", 1305), ("C2", "ears-c2", 1291), ("C3", "ears-c3", 1277)] {
        let mut off = Off::default();
        let compared = compare(
            &format!("out_ears_{file}.csv"),
            |row| row.text("minSigma").to_owned(),
            |row| Some(set(method, &[("minSigma", row.text("minSigma"))])),
            |row, verdict| {
                off.look("upper", row, verdict.upper, row.maybe("upperbound"));
                assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
            },
        );
        let Some(compared) = compared else { return };
        assert_eq!(compared, many);
        off.within(1e-11);
    }
}

#[test]
fn farrington_flexible() {
    let b3: &[_] = &[("b", "3"), ("alpha", "0.01"), ("pastWeeksNotIncluded", "26")];
    let noufaily: &[_] =
        &[("b", "4"), ("alpha", "0.005"), ("pThresholdTrend", "1"), ("noPeriods", "10"), ("pastWeeksNotIncluded", "26")];
    let with = |bound: &'static str| [noufaily, &[("thresholdMethod", bound)]].concat();
    for (file, settings, many) in [
        ("default", Vec::new(), 48),
        ("b3", b3.to_vec(), 248),
        ("noufaily_nb", with("nbPlugin"), 100),
        ("noufaily_muan", with("muan"), 100),
    ] {
        let mut off = Off::default();
        let compared = compare(
            &format!("out_farringtonFlexible_{file}.csv"),
            |_| String::new(),
            |_| Some(set("farrington-flexible", &settings)),
            |row, verdict| {
                for (name, ours) in [
                    ("upperbound", verdict.upper),
                    ("expected", verdict.expected),
                    ("pvalue", verdict.pvalue),
                    ("score", verdict.score),
                    ("phi", verdict.phi),
                ] {
                    off.look(name, row, ours, row.maybe(name));
                }
                assert_eq!(verdict.trend, row.maybe("trend").map(|t| t == 1.0), "{:?}", row.1);
                assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
            },
        );
        let Some(compared) = compared else { return };
        assert_eq!(compared, many);
        off.within(1e-9);
    }
}

#[test]
fn farrington_1996() {
    let mut off = Off::default();
    let compared = compare(
        "out_farrington1996.csv",
        |_| String::new(),
        |_| Some(set("farrington", &[("alpha", "0.01")])),
        |row, verdict| {
            // R says 0 where it does not judge.
            off.look("upper", row, verdict.upper, row.maybe("upperbound").filter(|u| *u > 0.0));
            assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
        },
    );
    let Some(compared) = compared else { return };
    assert_eq!(compared, 253);
    off.within(1e-9);
}

#[test]
fn cusum() {
    let mut off = Off::default();
    let compared = compare(
        "out_cusum.csv",
        |row| format!("{} {}", row.text("trans"), row.text("mean")),
        |row| Some(set("cusum", &[("trans", row.text("trans")), ("m", row.text("mean"))])),
        |row, verdict| {
            off.look("m", row, verdict.expected, row.maybe("m"));
            off.look("cusum", row, verdict.score, row.maybe("cusum"));
            assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
        },
    );
    let Some(compared) = compared else { return };
    assert_eq!(compared, 3344);
    off.within(1e-9);
}

#[test]
fn bayes() {
    let variant = |row: &Row| row.text("method").strip_prefix("bayes").map(|v| set("bayes", &[("variant", v)]));
    let mut off = Off::default();
    let compared = compare(
        "out_bayes_rki_outbreakP.csv",
        |row| row.text("method").to_owned(),
        variant,
        |row, verdict| {
            off.look("upper", row, verdict.upper, row.maybe("upperbound"));
            assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
        },
    );
    let Some(compared) = compared else { return };
    assert_eq!(compared, 1200);
    off.within(0.0);
}

#[test]
fn glr_by_its_own_mean() {
    let mut off = Off::default();
    let compared = compare(
        "out_glr.csv",
        |row| row.text("alpha").to_owned(),
        |row| Some(if row.text("alpha") == "0" { set("glr-poisson", &[]) } else { set("glr-nb", &[("a", row.text("alpha"))]) }),
        |row, verdict| {
            off.look("mu0", row, verdict.expected, row.maybe("mu0"));
            off.look("glr", row, verdict.score, row.maybe("glr"));
            assert_eq!(verdict.alarm, alarm(row), "{:?} {verdict:?}", row.1);
        },
    );
    let Some(compared) = compared else { return };
    assert_eq!(compared, 836);
    off.within(1e-9);
}

#[test]
fn glr_by_the_mean_of_r() {
    let Some(folder) = folder() else { return };
    let all = series(&folder);
    let mut off = Off::default();
    let (mut of, mut x, mut mu) = (String::new(), Vec::new(), Vec::new());
    rows(&folder.join("out_glr.csv"), |row| {
        let this = format!("{} {}", row.text("dataset"), row.text("alpha"));
        if of != this || row.t() == 105 {
            (of, x, mu) = (this, Vec::new(), Vec::new());
        }
        x.push(f64::from(all[&(row.text("dataset").to_owned(), "observed1".to_owned())][row.t() - 1].unwrap()));
        mu.push(row.number("mu0"));
        let found = glr::score(&x, &mu, row.number("alpha"), 1);
        off.look("glr", &row, Some(found), row.maybe("glr"));
        assert_eq!(found >= 5.0, row.number("alarm") == 1.0);
        if found >= 5.0 {
            x.clear();
            mu.clear();
        }
    });
    off.within(1e-9);
}

#[test]
fn what_the_textbook_changes() {
    // By the papers another trend is kept at some points, and an alarm differs.
    let b3: &[_] = &[("b", "3"), ("alpha", "0.01"), ("pastWeeksNotIncluded", "26")];
    for (file, settings, differ, trends) in [("default", &[][..], 1, 14), ("b3", b3, 0, 30)] {
        let Some(folder) = folder() else { return };
        let all = series(&folder);
        let Method::Farrington(set) = set("farrington-flexible", settings) else { unreachable!() };
        let mut work = farrington::Work::default();
        let (mut found, mut trend) = (0, 0);
        rows(&folder.join(format!("out_farringtonFlexible_{file}.csv")), |row| {
            let counts = &all[&(row.text("dataset").to_owned(), "observed1".to_owned())];
            let series = Series { axis: INDEX, counts, population: None };
            let verdict = farrington::test(&set, farrington::quantile(&set), false, &mut work, &series, row.t() - 1);
            found += usize::from(verdict.alarm != alarm(&row));
            let judged = row.maybe("upperbound").is_some();
            trend += usize::from(judged && verdict.trend != row.maybe("trend").map(|t| t == 1.0));
        });
        assert_eq!((found, trend), (differ, trends), "{file}");
    }
}
