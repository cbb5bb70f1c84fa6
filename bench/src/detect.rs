//! Invented weekly series, the same for the same seed, and how long the detectors of early warning take over them in memory.
//!
//! Figures a second are of processor time of one thread, so that neighbours on the machine do not count; the nightly run is also
//! timed by the clock, on all cores.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use calc::series::farrington::Farrington;
use calc::series::quality::Quality;
use calc::series::simulate::{Plan, SCENARIOS};
use calc::series::{Axis, Day, Detector, Method, Series, Verdict};
use calc::shared::shared;
use serde_json::{Value, json};

use crate::pair::processor;

/// The first Thursday of 2017: a week 53 (31 December 2020) and 29 February 2024 are among the weeks.
const FIRST: Day = Day(17_171);

/// Series that one part of the nightly run has.
const PART: usize = 500;

fn plan(weeks: usize) -> Plan {
    Plan { weeks, tested: 104.min(weeks), ..Plan::default() }
}

/// Counts of a series by its number: the kinds in turn.
fn counts(number: usize, weeks: usize, seed: u64) -> Vec<Option<u32>> {
    let made = SCENARIOS[number % SCENARIOS.len()].invent(&plan(weeks), seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
    made.counts.into_iter().map(Some).collect()
}

fn series(counts: &[Option<u32>]) -> Series<'_> {
    Series { axis: Axis::Weeks(FIRST), counts, population: None }
}

/// Writes `series,date,count,population`; the people of a place grow.
pub fn invent(many: usize, weeks: usize, seed: u64, out: &Path) -> Result<Value, String> {
    let fail = |e: std::io::Error| format!("{}: {e}", out.display());
    let mut file = std::io::BufWriter::new(std::fs::File::create(out).map_err(fail)?);
    writeln!(file, "series,date,count,population").map_err(fail)?;
    for number in 0..many {
        let counts = counts(number, weeks, seed);
        for (week, count) in counts.iter().enumerate() {
            let (day, people) = (Day(FIRST.0 + 7 * week as i32), 5000 + 10 * week + 100 * (number % 10));
            writeln!(file, "s{number},{day},{},{people}", count.unwrap_or_default()).map_err(fail)?;
        }
    }
    file.flush().map_err(fail)?;
    Ok(json!({ "series": many, "weeks": weeks }))
}

/// Points a second of a method: all tested weeks of a few series, again and again for two seconds.
fn speed(method: &Method, all: &[Vec<Option<u32>>], tested: usize) -> Result<Value, String> {
    let mut detector = Detector::new(method.clone());
    let (mut best, mut points, mut alarms) = (0.0f64, 0, 0);
    let began = processor()?;
    while processor()? - began < 2000.0 {
        let from = processor()?;
        (points, alarms) = (0, 0);
        for counts in all {
            let verdicts = detector.detect(&series(counts), counts.len() - tested..counts.len());
            points += verdicts.len();
            alarms += verdicts.iter().filter(|v| v.alarm == Some(true)).count();
        }
        best = best.max(points as f64 / (processor()? - from) * 1e3);
    }
    Ok(json!({ "per_second": best.round(), "points": points, "alarms": alarms }))
}

/// What alarms are worth on a thousand invented series of two tested years, with an outbreak of a size in each.
fn worth(method: &Method, size: [f64; 2]) -> Value {
    let plan = Plan { size, ..Plan::default() };
    let all = shared(1000, |number| {
        let made = SCENARIOS[number % SCENARIOS.len()].invent(&plan, number as u64);
        let counts: Vec<_> = made.counts.iter().map(|c| Some(*c)).collect();
        let verdicts = Detector::new(method.clone()).detect(&series(&counts), plan.weeks - plan.tested..plan.weeks);
        Quality::of(verdicts.iter().map(|v| (v.alarm == Some(true), made.during[v.at])))
    });
    let all = all.into_iter().fold(Quality::default(), Quality::and);
    let percent = |rate: Option<f64>| rate.map(|r| (r * 1000.0).round() / 10.0);
    json!({
        "fpr": all.false_positive_rate().map(|r| (r * 10_000.0).round() / 100.0), "pod": percent(all.detected()), "ppv": percent(all.precision()),
        "weeks": percent(all.sensitivity()), "delay": all.mean_delay().map(|d| (d * 100.0).round() / 100.0),
    })
}

/// Three methods on the last week of many series: one thread, then all cores.
fn nightly(many: usize, weeks: usize) -> Result<Value, String> {
    let all: Vec<Vec<Option<u32>>> = (0..many).map(|number| counts(number, weeks, 7)).collect();
    let methods = [
        Method::named("ears-c2").ok_or("ears-c2")?,
        Method::named("percentile").ok_or("percentile")?,
        Method::Farrington(Farrington::noufaily()),
    ];
    let alarm = |verdicts: &[Verdict]| verdicts.iter().filter(|v| v.alarm == Some(true)).count();
    let run = |part: &[Vec<Option<u32>>]| -> usize {
        let mut detectors = methods.clone().map(Detector::new);
        let one = |counts: &Vec<Option<u32>>| -> usize {
            let last = counts.len() - 1..counts.len();
            detectors.iter_mut().map(|d| alarm(&d.detect(&series(counts), last.clone()))).sum()
        };
        part.iter().map(one).sum()
    };
    let began = processor()?;
    let alarms = run(&all);
    let alone = processor()? - began;
    let began = Instant::now();
    let parts: Vec<_> = all.chunks(PART).collect();
    let again: usize = shared(parts.len(), |i| run(parts[i])).into_iter().sum();
    let together = began.elapsed().as_secs_f64() * 1e3;
    if again != alarms {
        return Err(format!("{again} alarms on all cores, {alarms} on one"));
    }
    Ok(
        json!({ "series": many, "weeks": weeks, "methods": 3, "alarms": alarms, "one_core_ms": alone.round(), "all_cores_ms": together.round() }),
    )
}

/// Measures everything.
pub fn run(many: usize, weeks: usize) -> Result<Value, String> {
    let few: Vec<_> = (0..120).map(|number| counts(number, weeks.max(416), 1)).collect();
    let mut told = json!({});
    let farrington = |set| Method::Farrington(set);
    told["default"] = speed(&farrington(Farrington::default()), &few, 104)?;
    told["noufaily"] = speed(&farrington(Farrington::noufaily()), &few, 104)?;
    for name in ["farrington", "ears-c2", "percentile", "bayes", "cusum", "glr-poisson", "glr-nb"] {
        told[name] = speed(&Method::named(name).ok_or(name)?, &few, 104)?;
    }
    let noufaily = farrington(Farrington::noufaily());
    told["worth"] = json!({
        "noufaily": worth(&noufaily, Plan::default().size),
        "noufaily, outbreaks of 2 to 10": worth(&noufaily, [2.0, 10.0]),
        "noufaily, outbreaks of 3 to 15": worth(&noufaily, [3.0, 15.0]),
        "default, alpha 0.01": worth(&farrington(Farrington { alpha: 0.01, ..Farrington::default() }), Plan::default().size),
    });
    let mut glr = Method::named("glr-nb").ok_or("glr-nb")?;
    glr.set("trend", "1").map_err(|_| "trend")?;
    told["worth"]["glr-nb with a trend"] = worth(&glr, Plan::default().size);
    for name in ["farrington", "ears-c1", "ears-c2", "ears-c3", "percentile", "bayes", "cusum"] {
        told["worth"][name] = worth(&Method::named(name).ok_or(name)?, Plan::default().size);
    }
    told["nightly"] = nightly(many, weeks)?;
    Ok(told)
}
