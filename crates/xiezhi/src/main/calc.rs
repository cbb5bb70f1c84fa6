//! `xiezhi calc`: the pure methods, without a database. Bad input is named with file, line, column and reason.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use calc::due::{self, Calendar, Hours, Limit};
use calc::geo::Point;
use calc::geo::datum::{Datum, convert};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::json;
use xiezhi::activities::consult::seat;
use xiezhi::base::worktime;

/// The methods.
#[derive(Subcommand)]
pub enum Calc {
    /// When a limit that starts at a moment runs out.
    Due {
        /// Where the clock starts: RFC 3339. The answer keeps its offset; `Z` stands for the zone below.
        #[arg(long)]
        start: String,
        /// A number with `wh` (work hours), `uh` (round the clock), `wd` (work days) or `d` (days).
        #[arg(long)]
        limit: String,
        /// Days off and make-up days: CSV `day,kind,name`; the one of mainland China is built in.
        #[arg(long)]
        calendar: Option<PathBuf>,
        /// Office hours.
        #[arg(long, default_value = "09:00-12:00,14:00-18:00")]
        hours: String,
        /// IANA name of the zone in which days begin and end; without it the offset of the start.
        #[arg(long)]
        zone: Option<String>,
    },
    /// The same places in another datum: CSV with the columns `lon,lat` (and any others, which stay as they are).
    Datum {
        /// Where they come from: wgs84 cgcs2000 gcj02 bd09.
        #[arg(long)]
        from: String,
        /// What is wanted.
        #[arg(long, default_value = "wgs84")]
        to: String,
        /// The file; standard input without one.
        file: Option<PathBuf>,
    },
    /// Whom a public seed draws: numbers in the order of the draw, one a line.
    Draw {
        /// The seed, as it was published: the root of the log at the moment that was announced.
        #[arg(long)]
        seed: String,
        /// The numbers drawn from: `1-3,5`.
        #[arg(long)]
        pool: String,
        /// How many, the reserve included.
        #[arg(long, default_value_t = 1000)]
        most: usize,
    },
    /// Which rows speak of the same person.
    Link(super::link::Link),
    /// The result of a vote, with its reasons.
    Tally(super::tally::Tally),
    /// Which projects of a participatory budget win, and why.
    Budget(super::budget::Budget),
    /// Who thinks alike in a consultation, what each group says, what all share.
    Opinion(super::opinion::Opinion),
    /// Who does what: most tasks first, then the least cost.
    Pair(super::pair::Pair),
    /// What is short in an emergency, shared out: who gets how much, from where, and why.
    Allot(super::allot::Allot),
    /// Where cases gather in the last periods, and how likely that is by chance.
    Scan(super::scan::Scan),
    /// Which counts of a week (or a day) are more than is usual.
    Detect(super::detect::Detect),
}

/// Runs a method.
pub fn run(method: Calc) -> Result<ExitCode, String> {
    match method {
        Calc::Draw { seed, pool, most } => {
            let order = seat::order(&seed, &pool, most);
            if order.is_empty() {
                return Err(format!("--pool {pool}: no numbers"));
            }
            order.iter().for_each(|n| println!("{n}"));
        }
        Calc::Link(link) => return super::link::run(&link),
        Calc::Tally(tally) => return super::tally::run(&tally),
        Calc::Budget(budget) => return super::budget::run(&budget),
        Calc::Opinion(opinion) => return super::opinion::run(&opinion),
        Calc::Pair(pair) => return super::pair::run(&pair),
        Calc::Allot(allot) => return super::allot::run(&allot),
        Calc::Scan(scan) => return super::scan::run(&scan),
        Calc::Detect(detect) => return super::detect::run(&detect),
        Calc::Due { start, limit, calendar, hours, zone } => {
            let limit: Limit = limit.parse().map_err(|e| format!("--limit {limit}: {e}"))?;
            let hours: Hours = hours.parse().map_err(|e| format!("--hours {hours}: {e}"))?;
            let calendar = match &calendar {
                Some(file) => Arc::new(read_calendar(file)?),
                None => worktime::embedded(),
            };
            let at: Timestamp = start.parse().map_err(|e| format!("--start {start}: {e}"))?;
            let zone = zone_of(&start, zone.as_deref())?;
            let from = at.as_millisecond();
            let end = match limit.unit.needs_calendar() {
                true => due::due(worktime::local(from, &zone), limit, &calendar, &hours).map(|end| worktime::utc(end, &zone)),
                false => Ok(from + limit.ms()),
            };
            let end = end.map_err(|e| format!("calendar {}: {e}", calendar.name()))?;
            let time = |at| xiezhi::kit::time::rfc3339(at, &zone);
            println!(
                "{}",
                json!({ "start": time(from), "limit": limit.to_string(), "due": time(end), "calendar": calendar.name() })
            );
        }
        Calc::Datum { from, to, file } => {
            let named = |option: &str, text: &str| {
                Datum::parse(text).ok_or_else(|| format!("{option} {text}: one of wgs84 cgcs2000 gcj02 bd09"))
            };
            let (from, to) = (named("--from", &from)?, named("--to", &to)?);
            let out = std::io::BufWriter::new(std::io::stdout().lock());
            match file {
                Some(path) => {
                    let name = path.display().to_string();
                    let file = std::fs::File::open(&path).map_err(|e| format!("{name}: {e}"))?;
                    move_places(from, to, &name, file, out)?;
                }
                None => move_places(from, to, "-", std::io::stdin().lock(), out)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies a table with its columns `lon` and `lat` moved to another datum, row by row.
fn move_places(from: Datum, to: Datum, name: &str, file: impl Read, out: impl Write) -> Result<(), String> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let head = table.headers().map_err(|e| format!("{name}:1:1: {e}"))?.clone();
    let column = |wanted: &str| {
        let found = head.iter().position(|c| c.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| format!("{name}:1:1: there is no column {wanted}"))
    };
    let (lon, lat) = (column("lon")?, column("lat")?);
    let mut out = csv::Writer::from_writer(out);
    let fail = |e: csv::Error| e.to_string();
    out.write_record(&head).map_err(fail)?;
    let mut row = csv::StringRecord::new();
    while table.read_record(&mut row).map_err(|e| format!("{name}: {e}"))? {
        let line = row.position().map_or(0, csv::Position::line);
        let degrees = |at: usize| {
            let bad = || format!("{name}:{line}:{}: no degrees", at + 1);
            row.get(at).and_then(|text| text.trim().parse::<f64>().ok()).ok_or_else(bad)
        };
        let place = Point::from_degrees(degrees(lat)?, degrees(lon)?);
        let place = place.ok_or_else(|| format!("{name}:{line}:{}: no place on earth", lat.min(lon) + 1))?;
        let (y, x) = convert(place, from, to).degrees();
        let cell = |(i, old): (usize, &str)| match i {
            _ if i == lon => format!("{x:.7}"),
            _ if i == lat => format!("{y:.7}"),
            _ => old.to_owned(),
        };
        out.write_record(row.iter().enumerate().map(cell)).map_err(fail)?;
    }
    out.flush().map_err(|e| e.to_string())
}

/// Reads a calendar file; what is wrong is named as `FILE:LINE:COLUMN: reason`.
pub fn read_calendar(file: &Path) -> Result<Calendar, String> {
    Calendar::parse(&read_text(file)?).map_err(|f| format!("{}:{}:{}: {}", file.display(), f.line, f.column, f.reason))
}

/// Reads a text file of bounded size.
pub fn read_text(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|e| format!("{}: {e}", file.display()))?.len();
    if size > worktime::CALENDAR_BYTES as u64 {
        return Err(format!("{}: larger than {} bytes", file.display(), worktime::CALENDAR_BYTES));
    }
    std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}

/// The zone that was named; else the offset of the start; else, for `Z`, that of a node without settings.
fn zone_of(start: &str, named: Option<&str>) -> Result<TimeZone, String> {
    if let Some(name) = named {
        return TimeZone::get(name).map_err(|e| format!("--zone {name}: {e}"));
    }
    let clock = start.find(['T', 't', ' ']).map_or("", |i| &start[i..]);
    let Some(sign) = clock.rfind(['+', '-']) else {
        return Ok(xiezhi::kit::config::Config::new(Path::new("")).zone);
    };
    let digits: String = clock[sign..].chars().filter(char::is_ascii_digit).collect();
    let part = |r: std::ops::Range<usize>| digits.get(r).and_then(|t| t.parse::<i32>().ok()).unwrap_or(0);
    let seconds = (part(0..2) * 60 + part(2..4)) * 60;
    let seconds = if clock[sign..].starts_with('-') { -seconds } else { seconds };
    Offset::from_seconds(seconds).map(Offset::to_time_zone).map_err(|e| format!("--start {start}: {e}"))
}
