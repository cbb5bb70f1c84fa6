//! What a reader sees of an area: its figures beside those before, the areas beneath, the days.
//!
//! What must stay true: whoever answers for the place, or watches over whoever does, sees all measures; everybody else those that
//! are public, and of these no number from 1 to 4, on no day and in no area; no rate over fewer than five, for anybody.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::measures::{self, Better, Measure, Share, Unit};
use super::read::{self, Counts};
use super::text_of;
use crate::base::area::web::AreaView;
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::{App, Req, Result, Who};
use crate::oversight::supervise::kpi;

/// Days that a board may cover; the second when nobody says.
pub const SPANS: [i64; 4] = [1, 7, 30, 90];
/// Fewer than these are told to nobody but those who answer for the place; a rate over fewer is no rate.
const FEW: i64 = 5;
/// Width and height of the line of days.
const WIDE: f64 = 600.0;
const HIGH: f64 = 120.0;

/// What is asked for.
pub struct Asked {
    /// Days.
    pub span: i64,
    /// Group of measures.
    pub group: String,
    /// Column by which the areas stand, the most first; by their codes without one.
    pub sort: Option<String>,
}

/// A board.
#[derive(Serialize, JsonSchema)]
pub struct Board {
    area: AreaView,
    /// From the top to the area.
    line: Vec<AreaView>,
    span: i64,
    spans: [i64; 4],
    from: String,
    to: String,
    /// The first day of the table, when it is a later one: days of communities are kept for a shorter time.
    rows_from: Option<String>,
    /// The reader sees all measures.
    full: bool,
    group: String,
    groups: Vec<String>,
    sort: Option<String>,
    figures: Vec<Figure>,
    rates: Vec<Rate>,
    columns: Vec<Column>,
    /// The areas beneath.
    rows: Vec<Line>,
    /// What is counted for the area itself, or for areas that have ended.
    rest: Option<Vec<Count>>,
    chart: Chart,
    map: Option<Map>,
    /// For a screen on a wall.
    wall: bool,
    /// Where the areas beneath are missing days, codes are not known and counts came late.
    health: bool,
    months: Vec<Month>,
}

/// A number, if the reader may see it.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Count {
    /// Absent when it is one of a few.
    n: Option<i64>,
    /// As people read it.
    text: String,
    /// Where the largest of its column is 100.
    bar: i64,
}

#[derive(Serialize, JsonSchema)]
struct Figure {
    code: String,
    unit: Unit,
    count: Count,
    /// In the span before, when that is kept.
    before: Option<i64>,
    /// Percent more (or less) than before.
    change: Option<i64>,
    /// `good`, `bad` or `plain`.
    tone: &'static str,
}

#[derive(Clone, Serialize, JsonSchema)]
struct Rate {
    code: String,
    /// Absent when there are too few to speak of.
    permille: Option<i64>,
    text: String,
    part: Option<i64>,
    of: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Column {
    code: String,
    /// A rate, not a count.
    rate: bool,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    /// Empty when it has none; then no page leads there.
    code: String,
    name: String,
    counts: Vec<Count>,
    rates: Vec<Rate>,
    /// From 0 (nothing) to 5 (the most), by the column of the map.
    heat: i64,
    #[serde(skip)]
    path: String,
}

/// The days of one measure.
#[derive(Serialize, JsonSchema)]
struct Chart {
    code: String,
    line: String,
    top: i64,
    rows: Vec<Day>,
}

#[derive(Serialize, JsonSchema)]
struct Day {
    day: String,
    count: Count,
}

#[derive(Serialize, JsonSchema)]
struct Month {
    /// `2026-03`
    month: String,
    counts: Vec<Count>,
}

/// Outlines of the areas beneath.
#[derive(Serialize, JsonSchema)]
struct Map {
    wide: i64,
    high: i64,
    shapes: Vec<Shape>,
}

#[derive(Serialize, JsonSchema)]
struct Shape {
    ring: String,
    name: String,
    code: String,
    heat: i64,
    text: String,
}

/// Whether somebody sees all measures of a place: its desk, those above, those who watch over them.
pub fn sees_all(who: &Who, path: &str) -> bool {
    who.desk_over(path).is_some() || who.roles.iter().any(|r| r.kind.watches() && path.starts_with(&r.path))
}

/// The place that a reader begins at: his own, or the smallest area that holds all that was counted of late.
pub fn own(q: &mut dyn Query, who: &Who, today: i64) -> Result<Area> {
    let watched = || who.roles.iter().find(|r| r.kind.watches());
    if let Some(role) = who.widest_desk().or_else(watched) {
        return Ok(area::by_id(q, &role.area)?.ok_or(Kind::NotFound)?);
    }
    let mut here = area::top(q)?.ok_or(Kind::NotFound)?;
    // The node of a village may hold the divisions of a whole nation: what is counted lies beneath one of each.
    while here.kind != "community"
        && let [only] = read::told(q, &here, today - SPANS[2])?.as_slice()
    {
        let children = area::children(q, &here.id)?;
        match children.into_iter().find(|c| read::place(c).0 == *only) {
            Some(child) => here = child,
            None => break,
        }
    }
    Ok(here)
}

/// How a reader may see numbers.
#[derive(Clone, Copy)]
struct Eyes {
    full: bool,
}

impl Eyes {
    fn measures(self, group: &str) -> Vec<&'static Measure> {
        measures::book().all.iter().filter(|m| (self.full || m.public) && m.group == group).collect()
    }

    fn shares(self, group: &str) -> Vec<&'static Share> {
        let book = measures::book();
        book.rates.iter().filter(|r| r.group == group && (self.full || book.is_open(r))).collect()
    }

    fn count(self, n: i64, peak: i64) -> Count {
        let told = Some(n).filter(|n| self.full || *n <= 0 || *n >= FEW);
        let bar = told.filter(|n| *n > 0 && peak > 0).map_or(0, |n| (n * 100 + peak - 1) / peak);
        Count { n: told, text: told.map_or_else(|| format!("<{FEW}"), grouped), bar }
    }

    fn rate(self, share: &Share, counts: &[i64]) -> Rate {
        let (part, of) = measures::book().share(share, counts);
        let enough = of >= FEW;
        let permille = enough.then(|| (part * 2000 + of) / (2 * of));
        // Both parts would tell the few that are hidden elsewhere.
        let told = enough && (self.full || (part == 0 || part >= FEW) && (part == of || of - part >= FEW));
        Rate {
            code: share.code.clone(),
            permille: permille.filter(|_| told),
            text: permille.filter(|_| told).map_or("—".into(), |p| format!("{}.{}%", p / 10, p % 10)),
            part: Some(part).filter(|_| told),
            of: Some(of).filter(|_| told),
        }
    }
}

/// `1,234,567`
fn grouped(n: i64) -> String {
    let whole = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// First day that is kept of an area.
fn kept(app: &App, near: bool, today: i64) -> i64 {
    let file = &app.config.file.board;
    today - if near { file.near_days } else { file.days } + 1
}

/// The board of an area.
pub fn board(q: &mut dyn Query, req: &Req, here: &Area, asked: Asked) -> Result<Board> {
    let (app, today) = (req.app, kpi::day(req.now, &req.app.config.zone));
    let eyes = Eyes { full: sees_all(&req.who, &here.path) };
    let book = measures::book();
    let groups: Vec<String> = book.groups().iter().filter(|g| !eyes.measures(g).is_empty()).map(|g| (*g).to_owned()).collect();
    if !groups.contains(&asked.group) {
        return Err(Kind::Unknown.at("group"));
    }
    let (shown, shares) = (eyes.measures(&asked.group), eyes.shares(&asked.group));
    let (span, from) = (asked.span, today - asked.span + 1);
    let near = read::is_near(here);
    let all_days = read::days(q, here, from - span, today)?;
    let sum = |from: i64, to: i64| {
        let mut out = read::none();
        all_days.iter().filter(|(day, _)| (from..=to).contains(day)).for_each(|(_, n)| read::add(&mut out, n));
        out
    };
    let now = sum(from, today);
    let before = (from - span >= kept(app, near, today)).then(|| sum(from - span, from - 1));
    // The areas beneath; those of communities may be kept for fewer days.
    let children = area::children(q, &here.id)?;
    let rows_from = from.max(kept(app, children.iter().any(read::is_near), today));
    let mut counted = read::beneath(q, here, rows_from, today)?;
    let mut rest = sum(rows_from, today);
    let counts: Vec<Counts> = children.iter().map(|c| counted.remove(&read::place(c).0).unwrap_or_else(read::none)).collect();
    counts.iter().for_each(|n| rest.iter_mut().zip(n).for_each(|(a, b)| *a -= b));
    let at = |m: &Measure| m.column - 1;
    let peaks: Vec<i64> = shown.iter().map(|m| counts.iter().map(|n| n[at(m)]).max().unwrap_or(0)).collect();
    let main = asked.sort.as_deref().and_then(|s| shown.iter().position(|m| m.code == s)).unwrap_or(0);
    let line = |(child, n): (&Area, &Counts)| {
        let counts: Vec<Count> = shown.iter().zip(&peaks).map(|(m, peak)| eyes.count(n[at(m)], *peak)).collect();
        let heat = counts.get(main).map_or(0, |c| (c.bar + 19) / 20);
        let rates = shares.iter().map(|s| eyes.rate(s, n)).collect();
        Line { code: child.code.clone(), name: child.name.clone(), counts, rates, heat, path: child.path.clone() }
    };
    let mut rows: Vec<Line> = children.iter().zip(&counts).map(line).collect();
    if let Some(sort) = &asked.sort {
        order(&mut rows, sort, &shown, &shares)?;
    }
    let map = outlines(q, here, &rows, main)?;
    let months = if near { Vec::new() } else { read::months(q, here)? };
    let chart = chart(app, eyes, shown.get(main).copied(), &all_days, from, today);
    let figure = |m: &&Measure| figure(eyes, m, now[at(m)], before.as_ref().map(|b| b[at(m)]));
    let month = |(month, n): &(i64, Counts)| Month {
        month: format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1),
        counts: shown.iter().map(|m| eyes.count(n[at(m)], 0)).collect(),
    };
    let mut above: Vec<AreaView> = area::line(q, &here.id)?.iter().map(AreaView::from).collect();
    above.reverse();
    let columns = shown.iter().map(|m| Column { code: m.code.clone(), rate: false });
    Ok(Board {
        area: here.into(),
        line: above,
        span,
        spans: SPANS,
        from: text_of(app, from),
        to: text_of(app, today),
        rows_from: (rows_from > from && !children.is_empty()).then(|| text_of(app, rows_from)),
        full: eyes.full,
        group: asked.group,
        groups,
        sort: asked.sort,
        figures: shown.iter().map(figure).collect(),
        rates: shares.iter().map(|s| eyes.rate(s, &now)).collect(),
        columns: columns.chain(shares.iter().map(|s| Column { code: s.code.clone(), rate: true })).collect(),
        rest: (eyes.full && !rows.is_empty() && shown.iter().any(|m| rest[at(m)] != 0))
            .then(|| shown.iter().map(|m| eyes.count(rest[at(m)], 0)).collect()),
        rows,
        chart,
        map,
        wall: req.query.get("look") == Some("board"),
        health: eyes.full,
        months: months.iter().map(month).collect(),
    })
}

fn figure(eyes: Eyes, m: &Measure, now: i64, before: Option<i64>) -> Figure {
    let count = eyes.count(now, 0);
    let before = before.filter(|b| eyes.full || *b >= FEW).filter(|_| count.n.is_some());
    let change = before.filter(|b| *b > 0).map(|b| ((now - b) * 200 + b * (now - b).signum()) / (2 * b));
    let tone = match (m.better, change.unwrap_or(0).signum()) {
        (Better::More, 1) | (Better::Less, -1) => "good",
        (Better::More, -1) | (Better::Less, 1) => "bad",
        _ => "plain",
    };
    Figure { code: m.code.clone(), unit: m.unit, count, before, change, tone }
}

/// The areas in another order than that of their codes: by what was counted, or by a rate; the most first.
fn order(rows: &mut [Line], sort: &str, shown: &[&Measure], shares: &[&Share]) -> Result<()> {
    // Those that are not told stand with the fewest.
    if let Some(at) = shown.iter().position(|m| m.code == sort) {
        rows.sort_by_key(|r| std::cmp::Reverse(r.counts[at].n.unwrap_or(1)));
    } else if let Some(at) = shares.iter().position(|s| s.code == sort) {
        rows.sort_by_key(|r| std::cmp::Reverse(r.rates[at].permille.unwrap_or(-1)));
    } else {
        return Err(Kind::Unknown.at("sort"));
    }
    Ok(())
}

fn chart(app: &App, eyes: Eyes, m: Option<&Measure>, days: &[(i64, Counts)], from: i64, to: i64) -> Chart {
    let n = |day: i64| m.and_then(|m| days.iter().find(|(d, _)| *d == day).map(|(_, n)| n[m.column - 1])).unwrap_or(0);
    let counts: Vec<(i64, Count)> = (from..=to).map(|day| (day, eyes.count(n(day), 0))).collect();
    let drawn = |c: &Count| c.n.unwrap_or(0).max(0);
    let top = counts.iter().map(|(_, c)| drawn(c)).max().unwrap_or(0);
    let step = WIDE / (counts.len().max(2) - 1) as f64;
    let high = |c: &Count| HIGH - 2.0 - drawn(c) as f64 / top.max(1) as f64 * (HIGH - 8.0);
    let point = |(i, (_, c)): (usize, &(i64, Count))| format!("{:.1},{:.1}", i as f64 * step, high(c));
    Chart {
        code: m.map_or_else(String::new, |m| m.code.clone()),
        line: counts.iter().enumerate().map(point).collect::<Vec<_>>().join(" "),
        top,
        rows: counts.into_iter().rev().map(|(day, count)| Day { day: text_of(app, day), count }).collect(),
    }
}

/// Outlines of the areas directly beneath, as far as they are known.
fn outlines(q: &mut dyn Query, here: &Area, rows: &[Line], main: usize) -> Result<Option<Map>> {
    const SIZE: f64 = 600.0;
    if here.kind != "community" {
        return Ok(None);
    }
    let rings = area::outlines(q, &here.path)?;
    let points = || rings.iter().flat_map(|(_, ring)| ring);
    let (Some(south), Some(north)) = (points().map(|p| p.lat).min(), points().map(|p| p.lat).max()) else { return Ok(None) };
    let (west, east) = (points().map(|p| p.lon).min().unwrap_or(0), points().map(|p| p.lon).max().unwrap_or(0));
    // A degree of longitude is shorter the farther from the equator.
    let narrow = (f64::from(south) / 1e7).to_radians().cos();
    let (wide, high) = (f64::from(east - west) * narrow, f64::from(north - south));
    let scale = SIZE / wide.max(high).max(1.0);
    let mut shapes = Vec::new();
    for (area, ring) in &rings {
        let Some(row) = rows.iter().find(|r| r.path == area.path) else { continue };
        let at = |p: &calc::geo::Point| {
            let (x, y) = (f64::from(p.lon - west) * narrow * scale, f64::from(north - p.lat) * scale);
            format!("{x:.1},{y:.1}")
        };
        shapes.push(Shape {
            ring: ring.iter().map(at).collect::<Vec<_>>().join(" "),
            name: row.name.clone(),
            code: row.code.clone(),
            heat: row.heat,
            text: row.counts.get(main).map_or_else(String::new, |c| c.text.clone()),
        });
    }
    Ok((!shapes.is_empty()).then_some(Map { wide: (wide * scale).ceil() as i64, high: (high * scale).ceil() as i64, shapes }))
}

/// The areas beneath as a table for other programs: all measures that the reader may see.
pub fn table(q: &mut dyn Query, req: &Req, here: &Area, span: i64) -> Result<Vec<u8>> {
    let today = kpi::day(req.now, &req.app.config.zone);
    let eyes = Eyes { full: sees_all(&req.who, &here.path) };
    let children = area::children(q, &here.id)?;
    let from = (today - span + 1).max(kept(req.app, children.iter().any(read::is_near), today));
    let counted = read::beneath(q, here, from, today)?;
    let groups = measures::book().groups();
    let shown: Vec<&Measure> = groups.iter().flat_map(|g| eyes.measures(g)).collect();
    let mut out = csv::Writer::from_writer(Vec::new());
    let write = |out: &mut csv::Writer<Vec<u8>>, row: Vec<String>| out.write_record(row).map_err(crate::kit::Error::internal);
    let head = ["code", "name", "from", "to"].into_iter().map(str::to_owned);
    write(&mut out, head.chain(shown.iter().map(|m| m.code.clone())).collect())?;
    let (from, to) = (super::date(from).to_string(), super::date(today).to_string());
    for child in &children {
        let n = counted.get(&read::place(child).0);
        let cell = |m: &&Measure| eyes.count(n.map_or(0, |n| n[m.column - 1]), 0).n.map_or_else(String::new, |n| n.to_string());
        let head = [child.code.clone(), child.name.clone(), from.clone(), to.clone()];
        write(&mut out, head.into_iter().chain(shown.iter().map(cell)).collect())?;
    }
    out.into_inner().map_err(|e| crate::kit::Error::internal(e.to_string()))
}
