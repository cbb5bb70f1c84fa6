//! Pages of the indicators: raw beside adjusted, what the adjustment leaves out, and the cases behind every figure.

use calc::kpi::{self as formulas, Counts, Indicator, Rate};
use schemars::JsonSchema;
use serde::Serialize;

use super::kpi;
use crate::base::area::{self, Area, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{self, DAY};
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::view::{self, Item};
use crate::records::case::{self};
use store::Query;

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/kpi", May::Anyone, board, "Indicators of an `area` over the last `days`: raw, adjusted, by area and by party.")
        .gives::<Board>(),
    Route::get("/kpi/cases", May::Anyone, cases, "The cases behind a `measure` of an `area` over the last `days`.")
        .gives::<Behind>(),
];

/// Days that a board covers when nobody says.
const DAYS: i64 = 30;
const MOST_DAYS: i64 = 366;
/// Areas beneath and parties that are listed.
const MOST_ROWS: usize = 60;
const MOST_CASES: i64 = 200;

#[derive(Serialize, JsonSchema)]
struct Board {
    area: AreaView,
    line: Vec<AreaView>,
    days: i64,
    from: String,
    to: String,
    /// Version of the formulas.
    formula: &'static str,
    /// The three rates first.
    indicators: Vec<IndicatorView>,
    counts: Vec<CountView>,
    /// Worth a look: not accusations.
    signals: Vec<CountView>,
    areas: Vec<Row>,
    parties: Vec<Row>,
    trend: Vec<DayView>,
    /// Highest figure of the trend, for drawing.
    peak: i64,
}

#[derive(Serialize, JsonSchema)]
struct IndicatorView {
    name: &'static str,
    raw: RateView,
    adjusted: Option<RateView>,
    without: Vec<CountView>,
    look: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct RateView {
    part: i64,
    of: i64,
    /// Tenths of a percent; null when nothing was counted.
    permille: Option<i64>,
    /// As people read it.
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct CountView {
    measure: String,
    n: i64,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    name: String,
    /// Code of an area.
    code: Option<String>,
    received: i64,
    closed: i64,
    overdue: i64,
    returned: i64,
    response: RateView,
    solution: RateView,
    satisfaction: RateView,
}

#[derive(Serialize, JsonSchema)]
struct DayView {
    day: String,
    received: i64,
    closed: i64,
}

impl From<Rate> for RateView {
    fn from(r: Rate) -> RateView {
        let text = r.permille().map_or("—".into(), |p| format!("{}.{}%", p / 10, p % 10));
        RateView { part: r.part, of: r.of, permille: r.permille(), text }
    }
}

fn indicator(i: Indicator) -> IndicatorView {
    let without = i.without.into_iter().map(|(m, n)| CountView { measure: m.into(), n }).collect();
    IndicatorView { name: i.name, raw: i.raw.into(), adjusted: i.adjusted.map(Into::into), without, look: i.look }
}

fn row(name: String, code: Option<String>, counts: &Counts) -> Row {
    let n = |m: &str| counts.get(m).copied().unwrap_or(0);
    let all = formulas::indicators(counts);
    let rate = |name: &str| {
        let found = all.iter().find(|i| i.name == name).map(|i| i.adjusted.unwrap_or(i.raw));
        RateView::from(found.unwrap_or(Rate { part: 0, of: 0 }))
    };
    Row {
        name,
        code,
        received: n("received"),
        closed: n("closed"),
        overdue: n("overdue"),
        returned: n("returned"),
        response: rate("response"),
        solution: rate("solution"),
        satisfaction: rate("satisfaction"),
    }
}

/// The area asked for, else the one of the visitor's role, else the top.
fn area_of(req: &Req, q: &mut dyn Query) -> Result<Area> {
    match req.query.get("area").filter(|c| !c.is_empty()) {
        Some(code) => area::by_code(q, code)?.ok_or_else(|| Kind::Unknown.at("area")),
        None => match req.who.roles.iter().find(|r| r.kind.is_staff()) {
            Some(role) => Ok(area::by_id(q, &role.area)?.ok_or(Kind::NotFound)?),
            None => Ok(area::top(q)?.ok_or(Kind::NotFound)?),
        },
    }
}

fn days(req: &Req) -> Result<i64> {
    match req.query.get("days") {
        Some(t) => t.parse().ok().filter(|d| (1..=MOST_DAYS).contains(d)).ok_or_else(|| Kind::OutOfRange.at("days")),
        None => Ok(DAYS),
    }
}

fn board(req: &Req) -> Result<Reply> {
    let days = days(req)?;
    let zone = &req.app.config.zone;
    let today = kpi::day(req.now, zone);
    let from = today - days + 1;
    let chart = Chart::now(req.app)?;
    let view = req.app.db.read(|r| {
        let here = area_of(req, r)?;
        let counts = kpi::counts(r, &here.path, from, today)?;
        let n = |m: &str| counts.get(m).copied().unwrap_or(0);
        let list = |names: &[&str]| names.iter().map(|m| CountView { measure: (*m).into(), n: n(m) }).collect::<Vec<_>>();
        let mut areas = Vec::new();
        for below in area::children(r, &here.id)?.into_iter().take(MOST_ROWS) {
            let counts = kpi::counts(r, &below.path, from, today)?;
            if !counts.is_empty() {
                areas.push(row(below.name, Some(below.code), &counts));
            }
        }
        let mut parties = Vec::new();
        for body in chart.beneath(&here.path).take(MOST_ROWS) {
            let counts = kpi::counts(r, &format!("body:{}", body.id), from, today)?;
            if !counts.is_empty() {
                parties.push(row(body.name.clone(), None, &counts));
            }
        }
        let trend = kpi::trend(r, &here.path, from, today)?;
        let peak = trend.iter().map(|(_, a, b)| *a.max(b)).max().unwrap_or(0);
        let date = |day: i64| req.app.time(crate::base::worktime::utc(day * DAY, zone));
        Ok::<_, Error>(Board {
            line: area::line(r, &here.id)?.iter().map(Into::into).collect(),
            area: (&here).into(),
            days,
            from: date(from),
            to: date(today),
            formula: formulas::VERSION,
            indicators: formulas::indicators(&counts).into_iter().map(indicator).collect(),
            counts: list(&[
                "received",
                "accepted",
                "rejected",
                "closed",
                "overdue",
                "hung_up",
                "suspended",
                "extended",
                "disputed",
                "supervised",
                "claimed",
            ]),
            signals: list(&["fast", "photo_reused", "unsatisfied", "reopened", "recurred"]),
            areas,
            parties,
            trend: trend.into_iter().map(|(d, received, closed)| DayView { day: date(d), received, closed }).collect(),
            peak,
        })
    })?;
    req.page("oversight/supervise/kpi.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Behind {
    measure: String,
    area: AreaView,
    days: i64,
    items: Vec<Item>,
}

fn cases(req: &Req) -> Result<Reply> {
    let days = days(req)?;
    let measure = req.query.get("measure").unwrap_or_default();
    if !formulas::MEASURES.contains(&measure) {
        return Err(Kind::Unknown.at("measure"));
    }
    let mut look = Look::new(&req.who, "kpi");
    let start = time::day_start(req.now - (days - 1) * DAY, &req.app.config.zone);
    let view = req.app.db.read(|r| {
        let here = area_of(req, r)?;
        let mut ids = kpi::cases(r, measure, &here.path, start, req.now + 1, MOST_CASES)?;
        ids.dedup();
        let found = case::by_ids(r, &ids)?;
        let items = view::items(req, r, &found, &mut look)?;
        Ok::<_, Error>(Behind { measure: measure.into(), area: (&here).into(), days, items })
    })?;
    look.record(req.app)?;
    req.page("oversight/supervise/behind.html", &view)
}
