//! The picture of a series: counts as bars, what was expected and the bound as lines, with the same numbers as rows.
//!
//! What must stay true: a week that was not told has no bar and is no zero; everything drawn stands in the rows, for whoever does not see it.

use calc::series::Verdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::days::Weeks;

/// Width and height of the picture.
const WIDE: f64 = 600.0;
const HIGH: f64 = 180.0;
/// Room above the highest thing.
const TOP: f64 = 8.0;

/// A picture.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Chart {
    pub bars: Vec<Bar>,
    /// Points of the line of what was expected, in pieces where it breaks off.
    pub expected: Vec<String>,
    pub upper: Vec<String>,
    /// The highest number.
    pub top: u32,
    /// The newest first.
    pub rows: Vec<Row>,
}

/// A bar.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bar {
    pub x: String,
    pub y: String,
    pub wide: String,
    pub high: String,
    pub alarm: bool,
}

/// A week in numbers.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Row {
    /// The last day of the week.
    pub day: String,
    /// Absent when too little was told.
    pub count: Option<u32>,
    pub expected: Option<i64>,
    pub upper: Option<i64>,
    pub alarm: bool,
}

fn points(all: &[Option<f64>], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> Vec<String> {
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    for (i, value) in all.iter().enumerate() {
        match value {
            Some(v) => out.last_mut().into_iter().for_each(|l| l.push(format!("{:.1},{:.1}", x(i), y(*v)))),
            None if out.last().is_some_and(|l| !l.is_empty()) => out.push(Vec::new()),
            None => {}
        }
    }
    out.into_iter().filter(|l| l.len() > 1).map(|l| l.join(" ")).collect()
}

/// Draws the last so many weeks; verdicts are those of the last ones.
pub fn draw(weeks: &Weeks, verdicts: &[Verdict], calls: impl Fn(&Verdict) -> bool, many: usize) -> Chart {
    let all = weeks.counts.len();
    let from = all - many.min(all);
    let counts = &weeks.counts[from..];
    let verdict = |i: usize| verdicts.iter().find(|v| v.at == from + i);
    let of = |what: fn(&Verdict) -> Option<f64>| -> Vec<Option<f64>> {
        (0..counts.len()).map(|i| verdict(i).and_then(what).filter(|v| v.is_finite() && *v >= 0.0)).collect()
    };
    let (expected, upper) = (of(|v| v.expected), of(|v| v.upper));
    let lines = expected.iter().chain(&upper).flatten().copied();
    let top = counts.iter().flatten().map(|n| f64::from(*n)).chain(lines).fold(1.0, f64::max);
    let step = WIDE / counts.len().max(1) as f64;
    let y = |v: f64| HIGH - v / top * (HIGH - TOP);
    let middle = |i: usize| (i as f64 + 0.5) * step;
    let mut bars = Vec::new();
    let mut rows = Vec::new();
    for (i, count) in counts.iter().enumerate() {
        let alarm = verdict(i).is_some_and(&calls);
        if let Some(n) = count {
            let at = y(f64::from(*n));
            bars.push(Bar {
                x: format!("{:.1}", i as f64 * step + step * 0.15),
                y: format!("{at:.1}"),
                wide: format!("{:.1}", step * 0.7),
                high: format!("{:.1}", HIGH - at),
                alarm,
            });
        }
        let day = weeks.end - 7 * (counts.len() - 1 - i) as i32;
        let whole = |v: &Option<f64>| v.map(|v| v.round() as i64);
        rows.push(Row {
            day: calc::series::Day(day).to_string(),
            count: *count,
            expected: whole(&expected[i]),
            upper: upper[i].map(|v| v.floor() as i64),
            alarm,
        });
    }
    rows.reverse();
    let lines = |all: &[Option<f64>]| points(all, middle, y);
    Chart { bars, expected: lines(&expected), upper: lines(&upper), top: top.ceil() as u32, rows }
}
