//! A whole city around the demo, with as many cases as somebody wants to try it with: for figures, not for stories.
//!
//! What must stay true: areas and organisations come through the real actions; each case is one entry of the log, sealed
//! and counted like an imported one, and the equation holds; cases are made in the order of their times, as in life, so
//! that indexes grow at their ends; the same number draws the same cases. It is done once for a node.
//!
//! Log kinds written: `case.import`, besides those of areas and organisations.

use std::collections::BTreeMap;

use calc::geo::Point;
use store::{Entry, Query as _, Tx, params};

use super::draw::Draw;
use crate::base::area::{self, Area, NewArea};
use crate::base::party::{self, Chart};
use crate::kit::error::{Error, Kind};
use crate::kit::follow::FOLLOWERS;
use crate::kit::time::{self, DAY, HOUR, Ms};
use crate::kit::{App, Result, RoleKind};
use crate::oversight::board;
use crate::oversight::supervise::kpi;
use crate::records::case::life::{clock, ledger};
use crate::records::case::rules::{Outcome, State};
use crate::records::case::{Case, Rulebook, place, put};

/// Setting that says how many there are.
const DONE: &str = "demo.crowd";
/// Cases of one write: so many that a page of an index is written once for many of them.
const AT_ONCE: usize = 100_000;
/// How far back they reach.
const PAST: Ms = 3 * 365 * DAY;
/// Districts, sub-districts of each, communities of each.
const CITY: (i64, i64, i64) = (10, 10, 15);
/// South-west corner of the new districts, and the sides of a community: about 1.2 km.
const CORNER: (i32, i32) = (324_500_000, 1_195_000_000);
const SIDE: (i32, i32) = (108_000, 128_000);

/// Name of the first district.
const FIRST: &str = "演示·第1区";

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Cases.
    pub cases: usize,
    /// So many in a hundred are open, their deadlines spread over the next ten days; as in life when absent.
    pub open: Option<usize>,
}

/// A community in which things happen.
struct Spot {
    grids: Vec<(Area, Point)>,
    committee: String,
    property: String,
}

/// Adds the city and its cases; does nothing when that was done before. `tell` is told how many there are.
pub fn seed(app: &App, wanted: Wanted, mut tell: impl FnMut(usize)) -> Result<()> {
    if app.db.read(|r| party::setting(r, DONE))?.is_some() {
        return Ok(());
    }
    let mut spots = around(app)?;
    if app.db.read(|r| r.count("select count(*) from area where name = $1", params![FIRST]))? > 0 {
        return Err(Error {
            detail: Some("an earlier try was interrupted: begin with an empty folder".into()),
            ..Kind::SetUpDone.into()
        });
    }
    spots.extend(city(app)?);
    // What is loaded is old: nobody gets a notice about it, and it is counted here.
    kpi::follow(app)?;
    board::fold::follow(app)?;
    let mut maker = Maker::new(app, spots, wanted)?;
    while maker.made < wanted.cases {
        maker = app.db.write(move |tx| maker.some(tx))?.value;
        tell(maker.made);
    }
    app.db.write(move |tx| {
        tx.log(Entry::new("demo.crowd", "node", "").fact("cases", wanted.cases as i64))?;
        party::set(tx, DONE, &wanted.cases.to_string())?;
        // Also of those who have not followed yet: else they would read all of it, for hours.
        let size = tx.log_size()?;
        Ok::<_, Error>(FOLLOWERS.iter().try_for_each(|name| tx.follow(name, size))?)
    })?;
    Ok(())
}

/// The communities that the demo has already.
fn around(app: &App) -> Result<Vec<Spot>> {
    app.db.read(|r| {
        let chart = Chart::read(r, app)?;
        let mut out = Vec::new();
        for community in area::communities(r)? {
            let body = |kind: RoleKind| chart.serving(&community.path).find(|b| b.kind == kind).map(|b| b.id.clone());
            let middle = |ring: &[Point]| {
                let (lo, hi) = calc::geo::bbox(ring);
                Point { lat: lo.lat / 2 + hi.lat / 2, lon: lo.lon / 2 + hi.lon / 2 }
            };
            let grids = area::outlines(r, &community.path)?.into_iter().map(|(a, ring)| (a, middle(&ring))).collect();
            let (Some(committee), Some(property)) = (body(RoleKind::Committee), body(RoleKind::Property)) else { continue };
            out.push(Spot { grids, committee, property });
        }
        Ok(out)
    })
}

/// Builds the districts, one in each write.
fn city(app: &App) -> Result<Vec<Spot>> {
    let demo = app.db.read(|r| area::communities(r))?.into_iter().next().ok_or(Kind::NotFound)?;
    let line = app.db.read(|r| area::line(r, &demo.id))?;
    let above = line.iter().find(|a| a.kind == "city").cloned().ok_or(Kind::NotFound)?;
    let mut out = Vec::new();
    for d in 0..CITY.0 {
        let above = above.clone();
        out.extend(app.db.write(move |tx| district(tx, &above, d))?.value);
    }
    Ok(out)
}

fn district(tx: &mut Tx, city: &Area, d: i64) -> Result<Vec<Spot>> {
    let one = |tx: &mut Tx, kind, code: &str, name: &str, parent: &Area, ring: &[Point]| {
        area::add(tx, &NewArea { kind, code, name, parent: Some(parent), ring })
    };
    let code = format!("{}{}", &city.code[..4], 90 + d);
    let county = one(tx, "county", &code, &format!("演示·第{}区", d + 1), city, &[])?;
    party::add_body(tx, RoleKind::District, &format!("演示·第{}区治理中心", d + 1), &county.id, None)?;
    let mut out = Vec::new();
    for s in 0..CITY.1 {
        let code = format!("{code}{:03}", s + 1);
        let street = one(tx, "street", &code, &format!("演示·{}{}街道", d + 1, s + 1), &county, &[])?;
        party::add_body(tx, RoleKind::Subdistrict, &format!("{}治理中心", street.name), &street.id, None)?;
        for c in 0..CITY.2 {
            let code = format!("{code}{:03}", 901 + c);
            let community = one(tx, "community", &code, &format!("{}·{}社区", street.name, c + 1), &street, &[])?;
            let mut body =
                |kind, name: &str| party::add_body(tx, kind, &format!("{}{name}", community.name), &community.id, None);
            let (committee, property) = (body(RoleKind::Committee, "居委会")?.id, body(RoleKind::Property, "物业服务处")?.id);
            // Districts stand five in a row, sub-districts five in a row in them, communities four in a row in these.
            let row = ((d / 5) * 2 + s / 5) * 4 + c / 4;
            let column = ((d % 5) * 5 + s % 5) * 4 + c % 4;
            let corner = Point { lat: CORNER.0 + row as i32 * SIDE.0, lon: CORNER.1 + column as i32 * SIDE.1 };
            let mut grids = Vec::new();
            for g in 0..4 {
                let half = (SIDE.0 / 2, SIDE.1 / 2);
                let lo = Point { lat: corner.lat + g / 2 * half.0, lon: corner.lon + g % 2 * half.1 };
                let hi = Point { lat: lo.lat + half.0, lon: lo.lon + half.1 };
                let ring = [lo, Point { lat: lo.lat, ..hi }, hi, Point { lat: hi.lat, ..lo }];
                let name = format!("第{}网格", g + 1);
                let grid = one(tx, "grid", &format!("{code}{:03}", g + 1), &name, &community, &ring)?;
                grids.push((grid, Point { lat: lo.lat + half.0 / 2, lon: lo.lon + half.1 / 2 }));
            }
            out.push(Spot { grids, committee, property });
        }
    }
    Ok(out)
}

/// What makes cases, one chunk after the other.
struct Maker {
    made: usize,
    wanted: Wanted,
    now: Ms,
    zone: jiff::tz::TimeZone,
    draw: Draw,
    spots: Vec<Spot>,
    classes: Vec<String>,
    book: Rulebook,
    /// Numbers that were handed out on a day.
    numbers: BTreeMap<String, i64>,
    /// The case of each community that others may be merged into.
    main: BTreeMap<usize, String>,
}

impl Maker {
    fn new(app: &App, spots: Vec<Spot>, wanted: Wanted) -> Result<Maker> {
        let book = Rulebook::now(app)?;
        // The plain choices are what most reports are about; all others follow.
        let rare = book.classes.iter().map(|c| c.code.clone()).filter(|c| !book.classes.is_handed(c));
        let classes = book.classes.order.iter().cycle().take(400).cloned().chain(rare).collect();
        let numbers = app.db.read(|r| {
            let rows = r.rows("select day, n from day_number", &[])?;
            rows.iter().map(|row| Ok((row.get("day")?, row.get("n")?))).collect::<store::Result<_>>()
        })?;
        let (now, zone) = (app.now(), app.config.zone.clone());
        Ok(Maker { made: 0, wanted, now, zone, draw: Draw::new(7), spots, classes, book, numbers, main: BTreeMap::new() })
    }

    /// The next chunk.
    fn some(mut self, tx: &mut Tx) -> Result<Maker> {
        let before = self.numbers.clone();
        let mut counts: BTreeMap<(String, i64, &str), i64> = BTreeMap::new();
        for _ in 0..AT_ONCE.min(self.wanted.cases - self.made) {
            self.one(tx, &mut counts)?;
            self.made += 1;
        }
        for ((scope, day, measure), n) in counts {
            kpi::add(tx, &scope, day, measure, n);
        }
        for (day, n) in self.numbers.iter().filter(|(day, n)| before.get(*day) != Some(n)) {
            let sql = "insert into day_number(day, n) values ($1, $2) on conflict(day) do update set n = excluded.n";
            tx.exec(sql, params![day, *n])?;
        }
        Ok(self)
    }

    fn one(&mut self, tx: &mut Tx, counts: &mut BTreeMap<(String, i64, &'static str), i64>) -> Result<()> {
        let at = self.now - PAST + (PAST as i128 * self.made as i128 / self.wanted.cases as i128) as Ms;
        let which = self.draw.below(self.spots.len());
        let grid = self.draw.below(self.spots[which].grids.len());
        let state = self.state(at, which);
        let class = self.draw.one(&self.classes).clone();
        let class = Some(class).filter(|_| state != State::Received);
        let day = time::day_number(at, &self.zone);
        let n = self.numbers.entry(day.clone()).and_modify(|n| *n += 1).or_insert(1);
        let spot = &self.spots[which];
        let (area, middle) = &spot.grids[grid];
        let mut case = Case {
            number: format!("{day}-{n:04}"),
            class,
            pack: self.book.classes.version,
            area: area.id.clone(),
            path: area.path.clone(),
            channel: "import".into(),
            received_at: at,
            updated_at: at,
            ..Case::empty(&tx.id(), state)
        };
        let by = |draw: &mut Draw, side: i32| draw.between(-i64::from(side) / 4, i64::from(side) / 4) as i32;
        let reported = Point { lat: middle.lat + by(&mut self.draw, SIDE.0), lon: middle.lon + by(&mut self.draw, SIDE.1) };
        let shown = self.book.class(&case).visibility;
        place::set(&mut case, place::public(shown, None, Some(reported)));
        let end = at + self.draw.between(HOUR, 6 * DAY);
        let late = self.wanted.open.is_none() && self.draw.percent(4);
        if state.is_open() {
            self.runs(&mut case, spot, late);
        } else {
            case.closed_at = Some(end.min(self.now));
            case.updated_at = end.min(self.now);
            case.outcome = (state == State::Closed).then_some(Outcome::Solved);
            case.handler = Some(spot.property.clone()).filter(|_| state == State::Closed);
            case.merged_into = self.main.get(&which).cloned().filter(|_| state == State::Merged);
            ledger::ended(tx, &case, &spot.committee);
        }
        tx.new_owner(&case.id)?;
        let text = format!("演示数据：{}有一件事要办", area.name);
        let entry = Entry { area: Some(&case.area), owner: Some(&case.id), ..Entry::new("case.import", "case", &case.id) };
        let entry = entry
            .fact("state", state.as_str())
            .fact("number", case.number.as_str())
            .fact("channel", "import")
            .fact("received", at)
            .fact_opt("closed", case.closed_at.filter(|_| state == State::Closed))
            .fact_opt("holder", case.holder.as_deref())
            .fact_opt("due", case.due_at)
            .fact_opt("class", case.class.as_deref())
            .element("case.text", Some(text));
        case.log_seq = tx.log(entry)?.index;
        let closed = case.closed_at.filter(|_| state == State::Closed);
        for (measure, at) in kpi::imported(Some(at), closed) {
            let day = kpi::day(at, &self.zone);
            for scope in kpi::scopes(&case.path, None, case.class.as_deref()) {
                *counts.entry((scope, day, measure)).or_default() += 1;
            }
        }
        if state == State::Closed {
            self.main.insert(which, case.number.clone());
        }
        ledger::tally(tx, &case.area, state, 1);
        put(tx, &case);
        Ok(())
    }

    /// Most of what is old is settled.
    fn state(&mut self, at: Ms, which: usize) -> State {
        let open = match (self.wanted.open, (self.now - at) / DAY) {
            (Some(percent), _) => percent * 10,
            (None, 0..3) => 700,
            (None, 3..15) => 250,
            (None, 15..60) => 50,
            (None, 60..365) => 10,
            (None, _) => 1,
        };
        if self.draw.below(1_000) < open {
            use State::{Accepted, Checking, Dispatched, Feedback, Handling, Received};
            return *self.draw.one(&[Received, Accepted, Dispatched, Handling, Handling, Handling, Feedback, Checking]);
        }
        match self.draw.below(100) {
            0 => State::Rejected,
            1 | 2 if self.main.contains_key(&which) => State::Merged,
            _ => State::Closed,
        }
    }

    /// Who has an open case, and until when; some are late.
    fn runs(&self, case: &mut Case, spot: &Spot, late: bool) {
        let handled = matches!(case.state, State::Dispatched | State::Handling);
        case.holder = Some(if handled { &spot.property } else { &spot.committee }.clone());
        case.handler = Some(spot.property.clone()).filter(|_| !matches!(case.state, State::Received | State::Accepted));
        (case.holder_since, case.hold_from, case.clock_from) = (Some(case.received_at), Some(case.received_at), Some(self.now));
        let span = 10 * DAY;
        let first = if self.wanted.open.is_some() { 1 } else { DAY + HOUR };
        // A step that is prime to any number of cases spreads them evenly and without order.
        let part = (self.made as i128 * 1_000_003 % self.wanted.cases as i128) * i128::from(span) / self.wanted.cases as i128;
        case.due_at = Some(self.now + first + part as Ms);
        case.warned = 2;
        if late {
            (case.overdue_at, case.lates, case.level) = (Some(self.now - DAY), 1, 1);
        }
        case.alarm_at = clock::alarm(case);
    }
}
