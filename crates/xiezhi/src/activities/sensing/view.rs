//! What a reader sees of devices.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::days;
use super::ingest::{self, Reading, Stream, heard};
use super::pack::{self, Pack, Type};
use super::{Device, State};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Req, Result};

/// Readings on a page.
const READINGS: i64 = 500;

/// Streams on a page of a device that has parts.
const STREAMS: usize = 50;

/// How far back a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Seven days, reading by reading.
    Week,
    /// A quarter, day by day.
    Quarter,
    /// As long as days are kept.
    Years,
}

impl Span {
    /// By its word; a week when there is none.
    pub fn parse(word: Option<&str>) -> Result<Span> {
        match word.unwrap_or("week") {
            "week" => Ok(Span::Week),
            "quarter" => Ok(Span::Quarter),
            "years" => Ok(Span::Years),
            _ => Err(Kind::Unknown.at("span")),
        }
    }

    /// Its stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Span::Week => "week",
            Span::Quarter => "quarter",
            Span::Years => "years",
        }
    }

    /// So many days.
    fn days(self) -> i64 {
        match self {
            Span::Week => 7,
            Span::Quarter => 92,
            Span::Years => 3 * 366,
        }
    }
}

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is heard of.
    Well,
    /// It has said nothing for too long.
    Silent,
    /// It never said anything.
    New,
    /// Somebody works on it.
    Paused,
    /// It is no more.
    Gone,
}

impl Health {
    /// Its stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Well => "well",
            Health::Silent => "silent",
            Health::New => "new",
            Health::Paused => "paused",
            Health::Gone => "gone",
        }
    }
}

/// A device in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub name: String,
    /// What it is, in the reader's language.
    pub kind: String,
    /// What people call it; of one in a home for whoever keeps it.
    pub title: Option<String>,
    pub place: String,
    /// well, silent, new, paused, gone.
    pub health: &'static str,
    pub heard_at: Option<String>,
    pub home: bool,
}

/// What a device tells of one kind.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StreamView {
    pub id: String,
    pub name: String,
    /// Of which part of the device, as the device calls it.
    pub part: Option<String>,
    pub unit: String,
    /// number, bool, text.
    pub kind: &'static str,
    pub told: i64,
    pub last_t: Option<String>,
    /// The newest readings, the oldest first; none where the reader may not see them.
    pub readings: Vec<Point>,
    /// Days, the oldest first, where the page looks further back than a week.
    pub days: Vec<DayView>,
    /// Numbers as a line, where there are some; of days their means, or their sums where readings add up.
    pub curve: Option<Curve>,
}

/// A day.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DayView {
    pub day: String,
    pub many: i64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub total: Option<f64>,
    pub last: Option<f64>,
}

/// A line through numbers, in a box of [`WIDE`] by [`HIGH`].
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Curve {
    pub from: String,
    pub line: String,
    pub low: String,
    pub high: String,
    pub last: String,
}

/// The box of a curve.
const WIDE: f64 = 600.0;
const HIGH: f64 = 120.0;

/// A number as people write it: no more than two places.
pub fn short(n: f64) -> String {
    let text = format!("{n:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn curve(req: &Req, all: &[(Ms, f64)]) -> Option<Curve> {
    let ((first, _), (end, last)) = (all.first()?, all.last()?);
    let fold = |by: fn(f64, f64) -> f64| all.iter().map(|(_, n)| *n).reduce(by);
    let (low, high) = (fold(f64::min)?, fold(f64::max)?);
    let (long, tall) = (((end - first) as f64).max(1.0), if high > low { high - low } else { 1.0 });
    // A margin above and below, so that the line is not cut.
    let point = |(t, n): &(Ms, f64)| {
        format!("{:.1},{:.1}", (t - first) as f64 / long * WIDE, HIGH - 4.0 - (n - low) / tall * (HIGH - 8.0))
    };
    let points: Vec<String> = all.iter().map(point).collect();
    let from = req.app.time(*first);
    (all.len() > 1).then(|| Curve { from, line: points.join(" "), low: short(low), high: short(high), last: short(*last) })
}

/// A reading.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Point {
    pub t: String,
    pub n: Option<f64>,
    pub text: Option<String>,
}

/// Whether a device is heard of, by its own streams.
pub fn health(pack: &Pack, d: &Device, heard: &[Stream], now: Ms) -> Health {
    let last = heard.iter().filter(|h| h.device == d.id).filter_map(|h| h.heard_at).max();
    stands(pack, &d.kind, d.state, last, now)
}

fn stands(pack: &Pack, kind: &str, state: State, heard: Option<Ms>, now: Ms) -> Health {
    match (state, heard) {
        (State::Gone, _) => Health::Gone,
        (State::Paused, _) => Health::Paused,
        (_, None) => Health::New,
        (_, Some(at)) if now - at > pack.silent(kind) => Health::Silent,
        _ => Health::Well,
    }
}

/// How many devices are well, silent, never heard of, being repaired.
#[derive(Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Healths {
    pub well: usize,
    pub silent: usize,
    pub new: usize,
    pub paused: usize,
}

/// How the devices of a place are.
pub fn healths(q: &mut dyn Query, pack: &Pack, path: &str, now: Ms) -> Result<Healths> {
    let sql = "select d.kind, d.state, (select max(s.heard_at) from stream s where s.device = d.id) heard from device d \
               where d.path >= $1 and d.path < $2 and d.state <> 'gone'";
    let mut out = Healths::default();
    for row in q.rows(sql, params![path, area::end_of(path)])? {
        let (kind, state, heard): (String, State, Option<Ms>) = (row.get("kind")?, row.get("state")?, row.get("heard")?);
        match stands(pack, &kind, state, heard, now) {
            Health::Well => out.well += 1,
            Health::Silent => out.silent += 1,
            Health::New => out.new += 1,
            Health::Paused => out.paused += 1,
            Health::Gone => {}
        }
    }
    Ok(out)
}

/// What people call a device, for this reader.
fn title(req: &Req, q: &mut dyn Query, d: &Device, look: &mut Look) -> Result<Option<String>> {
    if !d.is_home() {
        return Ok(d.title.clone());
    }
    let relation = if d.person == req.who.person {
        Relation::Owner
    } else if d.is_kept_by(&req.who) {
        Relation::Desk
    } else {
        return Ok(None);
    };
    let text = q.open_text(&d.id, d.words.clone())?;
    Ok(text.and_then(|t| look.at(&Graded::new("sensing.words", &d.id, t).of(&d.name), relation)))
}

/// Devices as rows of a list.
pub fn items(req: &Req, q: &mut dyn Query, all: &[Device], look: &mut Look) -> Result<Vec<Item>> {
    let told = heard(q, all)?;
    let places = area::by_ids(q, all.iter().map(|d| &d.area))?;
    let mut out = Vec::with_capacity(all.len());
    for d in all {
        let place = places.iter().find(|a| a.id == d.area);
        let pack = pack::at(place.map_or("", |a| a.code.as_str()));
        let last = told.iter().filter(|h| h.device == d.id).filter_map(|h| h.heard_at).max();
        out.push(Item {
            name: d.name.clone(),
            kind: pack.kind(&d.kind).map_or("", |k| k.name(req.lang)).to_owned(),
            title: title(req, q, d, look)?,
            place: place.map(|a| a.name.clone()).unwrap_or_default(),
            health: health(pack, d, &told, req.now).as_str(),
            heard_at: last.map(|at| req.app.time(at)),
            home: d.is_home(),
        });
    }
    Ok(out)
}

/// Streams that a page shows, with the part that each is of: those of the device itself, and of its parts those that told last.
fn shown(q: &mut dyn Query, d: &Device) -> Result<Vec<(Stream, Option<String>)>> {
    let (labels, mut all): (Vec<Stream>, Vec<Stream>) =
        heard(q, std::slice::from_ref(d))?.into_iter().partition(|s| s.name.starts_with("label."));
    if all.iter().any(|s| s.name.contains('.')) {
        all.sort_by_key(|s| (s.name.contains('.'), std::cmp::Reverse(s.last_t), s.name.clone()));
        all.truncate(STREAMS);
    }
    let mut out = Vec::with_capacity(all.len());
    for stream in all {
        let part = stream.name.split_once('.').map(|(_, part)| part.to_owned());
        let label = part.as_ref().and_then(|p| labels.iter().find(|l| l.name.strip_prefix("label.") == Some(p)));
        let said = label.map(|l| ingest::written(q, d, l.num, i64::MIN, i64::MAX, 1)).transpose()?;
        let said = said.and_then(|all| all.into_iter().next()).and_then(|w| w.reading);
        let part = match (said, part) {
            (Some(Reading::Text(text)), Some(part)) => Some(format!("{text} {part}")),
            (_, part) => part,
        };
        out.push((stream, part));
    }
    Ok(out)
}

/// What a device tells; with readings for whoever may see them.
pub fn streams(req: &Req, q: &mut dyn Query, d: &Device, pack: &Pack, open: bool, span: Span) -> Result<Vec<StreamView>> {
    let mut out = Vec::new();
    for (h, part) in shown(q, d)? {
        let Some(measure) = pack.measure(&h.name) else { continue };
        let (mut readings, mut numbers, mut told) = (Vec::new(), Vec::new(), Vec::new());
        if open && span != Span::Week {
            for one in days::of(q, d, h.num, req.now - span.days() * DAY, span.days())? {
                numbers.extend(one.value(measure).map(|n| (one.day, n)));
                let (low, high, total, last) = (one.low, one.high, one.total, one.last);
                told.push(DayView { day: req.app.time(one.day), many: one.many, low, high, total, last });
            }
        } else if open {
            let from = h.last_t.unwrap_or(req.now) - 7 * DAY;
            for one in ingest::written(q, d, h.num, from, i64::MAX, READINGS)?.into_iter().rev() {
                let (n, text) = match one.reading {
                    Some(Reading::Number(n)) => (Some(n), None),
                    Some(Reading::Text(t)) => (None, Some(t)),
                    None => continue,
                };
                numbers.extend(n.map(|n| (one.t, n)));
                readings.push(Point { t: req.app.time(one.t), n, text });
            }
        }
        out.push(StreamView {
            id: h.name.clone(),
            name: measure.name(req.lang).to_owned(),
            part,
            unit: measure.unit.clone(),
            kind: match measure.kind {
                Type::Number => "number",
                Type::Bool => "bool",
                Type::Text => "text",
            },
            told: h.told,
            last_t: h.last_t.map(|t| req.app.time(t)),
            curve: if measure.kind == Type::Number || span != Span::Week { curve(req, &numbers) } else { None },
            days: told,
            readings,
        });
    }
    Ok(out)
}
