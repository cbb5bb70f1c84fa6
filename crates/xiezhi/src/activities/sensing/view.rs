//! What a reader sees of devices.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::ingest::{self, Reading, Stream, heard};
use super::pack::{self, Pack, Type};
use super::{Device, State};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::time::{DAY, Ms};
use crate::kit::{Req, Result};

/// Readings on a page.
const READINGS: i64 = 500;

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
    pub unit: String,
    /// number, bool, text.
    pub kind: &'static str,
    pub told: i64,
    pub last_t: Option<String>,
    /// The newest readings, the oldest first; none where the reader may not see them.
    pub readings: Vec<Point>,
    /// Numbers as a line, where there are some.
    pub curve: Option<Curve>,
}

/// A line through numbers, in a box of [`WIDE`] by [`HIGH`].
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Curve {
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

fn curve(all: &[(Ms, f64)]) -> Option<Curve> {
    let ((first, _), (end, last)) = (all.first()?, all.last()?);
    let fold = |by: fn(f64, f64) -> f64| all.iter().map(|(_, n)| *n).reduce(by);
    let (low, high) = (fold(f64::min)?, fold(f64::max)?);
    let (long, tall) = (((end - first) as f64).max(1.0), if high > low { high - low } else { 1.0 });
    // A margin above and below, so that the line is not cut.
    let point = |(t, n): &(Ms, f64)| {
        format!("{:.1},{:.1}", (t - first) as f64 / long * WIDE, HIGH - 4.0 - (n - low) / tall * (HIGH - 8.0))
    };
    let points: Vec<String> = all.iter().map(point).collect();
    (all.len() > 1).then(|| Curve { line: points.join(" "), low: short(low), high: short(high), last: short(*last) })
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

/// What a device tells; with readings for whoever may see them.
pub fn streams(req: &Req, q: &mut dyn Query, d: &Device, pack: &Pack, open: bool) -> Result<Vec<StreamView>> {
    let mut out = Vec::new();
    for h in heard(q, std::slice::from_ref(d))? {
        let Some(measure) = pack.measure(&h.name) else { continue };
        let (mut readings, mut numbers) = (Vec::new(), Vec::new());
        if open {
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
            unit: measure.unit.clone(),
            kind: match measure.kind {
                Type::Number => "number",
                Type::Bool => "bool",
                Type::Text => "text",
            },
            told: h.told,
            last_t: h.last_t.map(|t| req.app.time(t)),
            curve: if measure.kind == Type::Number { curve(&numbers) } else { None },
            readings,
        });
    }
    Ok(out)
}
