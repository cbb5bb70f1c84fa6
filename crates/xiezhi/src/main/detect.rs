//! `xiezhi calc detect`: which counts are more than usual. `docs/detectors.md` tells each method.
//!
//! What must stay true: rows in another order give the same bytes; a week that is missing is no week of 0; what is wrong with the
//! file is named with line, column and reason before anything is written.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use calc::budget::by_id;
use calc::series::{Axis, Day, Detector, METHODS, Method, Series, Unfit, Verdict};

use super::table::Table;

/// What to look for, and how.
#[derive(clap::Args)]
pub struct Detect {
    /// ears-c1 ears-c2 ears-c3 cusum percentile farrington farrington-flexible glr-nb glr-poisson bayes threshold.
    #[arg(long)]
    method: String,
    /// A setting, `name=value`; again for another. `freq` is the number of points a year where rows have `t`.
    #[arg(long)]
    param: Vec<String>,
    /// `r`: as the package `surveillance` of R does it, where that is not what the papers say.
    #[arg(long, value_parser = ["r"])]
    compat: Option<String>,
    /// The first tested date (or `t`); all are without it.
    #[arg(long)]
    from: Option<String>,
    /// Also tells on standard error what each alarm was compared with.
    #[arg(long)]
    why: bool,
    /// CSV `series,date,count[,population]` or `series,t,count[,population]`; standard input without one. A date is a day, or the first
    /// day of a week. An empty count was not reported.
    file: Option<PathBuf>,
}

/// Most points from the first to the last of a series.
const POINTS: i64 = 100_000;

/// Points of a year without `freq`.
const FREQ: u32 = 52;

/// A row: its series, when, what was counted, of how many people, and its line.
struct Row {
    series: u32,
    time: i64,
    count: Option<u32>,
    population: f64,
    line: u64,
}

/// The file, in order.
struct Rows {
    names: Vec<String>,
    rows: Vec<Row>,
    /// Whether times are days, and whether there is a population.
    dated: bool,
    populated: bool,
}

/// Tests.
pub fn run(detect: &Detect) -> Result<ExitCode, String> {
    let (method, freq) = settings(detect)?;
    let read = read(detect)?;
    let from = match &detect.from {
        None => i64::MIN,
        Some(text) => time(text, read.dated).map_err(|why| format!("--from {text}: {why}"))?,
    };
    let step = if read.dated { step(&read.rows) } else { 1 };
    let new = if detect.compat.is_some() { Detector::compat } else { Detector::new };
    let mut detector = new(method);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut told, mut line) = (String::new(), String::new());
    let (mut tested, mut alarms, mut lacking) = (0u64, 0u64, 0u64);
    let head = if read.dated { "date" } else { "t" };
    let fail = |e: std::io::Error| e.to_string();
    // All of it is laid out before the first line goes out.
    let laid: Vec<_> = read
        .rows
        .chunk_by(|a, b| a.series == b.series)
        .map(|rows| lay_out(detect, rows, step, &read))
        .collect::<Result<_, _>>()?;
    writeln!(out, "series,{head},count,expected,upper,score,alarm,pvalue,phi,trend").map_err(fail)?;
    for (rows, counts, population) in laid {
        let first = rows[0].time;
        let axis = match (read.dated, step) {
            (false, _) => Axis::Index { first: first as u32, freq },
            (true, 7) => Axis::Weeks(Day(first as i32)),
            (true, _) => Axis::Days(Day(first as i32)),
        };
        let series = Series { axis, counts: &counts, population: population.as_deref() };
        // Rounded up: a week that begins before the date is not tested.
        let start = (from.saturating_sub(first).saturating_add(step - 1) / step).clamp(0, counts.len() as i64) as usize;
        let verdicts = detector.detect(&series, start..counts.len());
        let name = &read.names[rows[0].series as usize];
        for row in rows {
            let at = ((row.time - first) / step) as usize;
            let Some(verdict) = at.checked_sub(start).and_then(|i| verdicts.get(i)) else { continue };
            tested += 1;
            lacking += u64::from(verdict.lack.is_some());
            line.clear();
            let when = when(row.time, read.dated);
            cell(&mut line, name);
            write!(line, ",{when}").map_err(|e| e.to_string())?;
            cells(&mut line, verdict);
            writeln!(out, "{line}").map_err(fail)?;
            if verdict.alarm == Some(true) {
                alarms += 1;
                if detect.why {
                    told += &why(name, &when, verdict, &detect.method, |at| self::when(first + at as i64 * step, read.dated));
                }
            }
        }
    }
    out.flush().map_err(fail)?;
    eprint!("{told}");
    eprintln!("{} series, {tested} points, {alarms} alarms; {lacking} could not be judged", read.names.len());
    Ok(ExitCode::SUCCESS)
}

/// The method as it is asked for, and the points a year.
fn settings(detect: &Detect) -> Result<(Method, u32), String> {
    let mut method =
        Method::named(&detect.method).ok_or_else(|| format!("--method {}: one of {}", detect.method, METHODS.join(" ")))?;
    let mut freq = FREQ;
    for param in &detect.param {
        let (name, value) = param.split_once('=').ok_or_else(|| format!("--param {param}: name=value"))?;
        if name == "freq" {
            let found = value.parse().ok().filter(|n| (1..=10_000).contains(n));
            freq = found.ok_or_else(|| format!("--param {param}: a whole number from 1 to 10000"))?;
            continue;
        }
        method.set(name, value).map_err(|unfit| match unfit {
            Unfit::Name => format!("--param {param}: {} has no such setting", detect.method),
            Unfit::Value(said) => format!("--param {param}: {said}"),
        })?;
    }
    Ok((method, freq))
}

fn read(detect: &Detect) -> Result<Rows, String> {
    let mut table = match &detect.file {
        Some(path) => Table::open(path)?,
        None => Table::standard_input()?,
    };
    let (series, count, population) = (table.column(&["series"])?, table.column(&["count"])?, table.find(&["population"]));
    let (at, dated) = match table.find(&["t"]) {
        Some(t) => (t, false),
        None => (table.column(&["date"])?, true),
    };
    let mut ids: HashMap<String, u32> = HashMap::new();
    let mut rows = Vec::new();
    while table.next()? {
        let name = table.cell(series);
        let id = match ids.get(name) {
            Some(id) => *id,
            None => {
                let id = ids.len() as u32;
                ids.insert(name.to_owned(), id);
                id
            }
        };
        let counted = match table.cell(count) {
            "" => None,
            text => {
                Some(text.parse().map_err(|_| table.wrong(count, format!("{text}: no whole number from 0 to {}", u32::MAX)))?)
            }
        };
        let people = match population.map(|column| (column, table.cell(column))) {
            None | Some((_, "")) => f64::NAN,
            Some((column, text)) => match text.parse::<f64>() {
                Ok(number) if number >= 0.0 => number,
                _ => return Err(table.wrong(column, format!("{text}: no number from 0 on"))),
            },
        };
        let time = time(table.cell(at), dated).map_err(|why| table.wrong(at, format!("{}: {why}", table.cell(at))))?;
        rows.push(Row { series: id, time, count: counted, population: people, line: table.line() });
    }
    // Numbered in the order of their names.
    let mut names: Vec<(String, u32)> = ids.into_iter().collect();
    names.sort_unstable_by(|a, b| by_id(&a.0, &b.0));
    let mut place = vec![0; names.len()];
    names.iter().zip(0..).for_each(|((_, id), at)| place[*id as usize] = at);
    rows.iter_mut().for_each(|row| row.series = place[row.series as usize]);
    rows.sort_unstable_by_key(|row| (row.series, row.time, row.line));
    let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
    for two in rows.windows(2) {
        if (two[0].series, two[0].time) == (two[1].series, two[1].time) {
            let (name, when) = (&names[two[0].series as usize], when(two[0].time, dated));
            return Err(wrong(detect, two[1].line, at, format!("{name} at {when} is already on line {}", two[0].line)));
        }
    }
    Ok(Rows { names, rows, dated, populated: population.is_some() })
}

/// What is wrong with a row that was read before.
fn wrong(detect: &Detect, line: u64, column: usize, why: impl std::fmt::Display) -> String {
    super::table::wrong(detect.file.as_deref().unwrap_or("-".as_ref()), line, column, why)
}

/// A time as a number: days since 1970, or the index.
fn time(text: &str, dated: bool) -> Result<i64, &'static str> {
    match dated {
        true => text.parse::<Day>().map(|day| i64::from(day.0)),
        false => text.parse::<u32>().ok().filter(|t| *t > 0).map(i64::from).ok_or("no whole number from 1 on"),
    }
}

fn when(time: i64, dated: bool) -> String {
    if dated { Day(time as i32).to_string() } else { time.to_string() }
}

/// Days from one point to the next: 7, unless most rows stand nearer.
fn step(rows: &[Row]) -> i64 {
    let pairs = || rows.windows(2).filter(|two| two[0].series == two[1].series);
    let near = pairs().filter(|two| two[1].time - two[0].time < 7).count();
    if 2 * near > pairs().count() { 1 } else { 7 }
}

/// A series, one place for each point from its first row to its last.
type Laid<'a> = (&'a [Row], Vec<Option<u32>>, Option<Vec<f64>>);

fn lay_out<'a>(detect: &Detect, rows: &'a [Row], step: i64, read: &Rows) -> Result<Laid<'a>, String> {
    let (first, last) = (rows[0].time, rows[rows.len() - 1].time);
    if (last - first) / step >= POINTS {
        let line = rows[rows.len() - 1].line;
        return Err(wrong(detect, line, 0, format!("more than {POINTS} points after the first of its series")));
    }
    let length = ((last - first) / step) as usize + 1;
    let mut counts = vec![None; length];
    let mut population = read.populated.then(|| vec![f64::NAN; length]);
    for row in rows {
        if (row.time - first) % step != 0 {
            let why = format!("{} is no whole number of weeks after {}", when(row.time, read.dated), when(first, read.dated));
            return Err(wrong(detect, row.line, 0, why));
        }
        let at = ((row.time - first) / step) as usize;
        counts[at] = row.count;
        population.iter_mut().for_each(|p| p[at] = row.population);
    }
    Ok((rows, counts, population))
}

/// A name, in quotation marks where it needs them.
fn cell(line: &mut String, name: &str) {
    match name.contains([',', '"', '\n', '\r']) {
        true => line.extend(["\"", &name.replace('"', "\"\""), "\""]),
        false => line.push_str(name),
    }
}

fn cells(line: &mut String, verdict: &Verdict) {
    let whole = |n: Option<u32>| n.map_or(String::new(), |n| n.to_string());
    let yes = |b: Option<bool>| whole(b.map(u32::from));
    for text in [
        whole(verdict.count),
        figure(verdict.expected),
        figure(verdict.upper),
        figure(verdict.score),
        yes(verdict.alarm),
        figure(verdict.pvalue),
        figure(verdict.phi),
        yes(verdict.trend),
    ] {
        line.push(',');
        line.push_str(&text);
    }
}

/// A figure in twelve digits, so that the last bits of rounding never show.
fn figure(x: Option<f64>) -> String {
    let Some(x) = x else { return String::new() };
    let short = format!("{x:.11e}").parse::<f64>().unwrap_or(x) + 0.0;
    if short == 0.0 || (1e-5..1e15).contains(&short.abs()) { short.to_string() } else { format!("{short:e}") }
}

/// What an alarm was compared with, in a line.
fn why(name: &str, when: &str, verdict: &Verdict, method: &str, point: impl Fn(usize) -> String) -> String {
    let short = |x: Option<f64>| x.map_or("?".to_owned(), |x| ((x * 10.0).round() / 10.0).to_string());
    let against =
        verdict.baseline.map_or(String::new(), |b| format!("; {} points from {} to {}", b.points, point(b.from), point(b.to)));
    let (expected, upper) = (short(verdict.expected), short(verdict.upper));
    let count = verdict.count.unwrap_or(0);
    format!("{name},{when}: {count}, expected {expected}, upper bound {upper}, {method}{against}\n")
}
