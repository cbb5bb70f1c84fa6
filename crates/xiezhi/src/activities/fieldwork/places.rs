//! What residents read about who looks after them, and what staff read about coverage.
//!
//! What must stay true: residents read what workers chose to tell, by day; a building never says who was there unless he
//! wants to be named; coverage is about buildings, and names and orders nobody.

use calc::geo::Point;
use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::rules::bucket;
use super::{care, plan, visit, works_at};
use crate::base::area::{self, Area, web::AreaView};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes;
use crate::base::party::{self, admin::BodyView};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{Ms, day_start};
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::report::spot;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/buildings/{id}", May::Anyone, building, "A building: who looks after it, and when they said they last came.")
        .gives::<Building>(),
    Route::get("/places/{code}/care", May::Anyone, cared, "Who looks after a community, by grid, in their own words.")
        .gives::<Cared>(),
    Route::get(
        "/field/coverage",
        May::Staff,
        coverage,
        "Days since anybody was at each building of `area`, for whoever works there.",
    )
    .gives::<Coverage>(),
];

/// Buildings on a page.
const MOST: usize = 500;

#[derive(Serialize, JsonSchema)]
struct Building {
    id: String,
    name: String,
    address: String,
    grid: AreaView,
    /// What those who look after it want to be called.
    cards: Vec<String>,
    /// The organisation that leads them.
    body: Option<BodyView>,
    /// The day on which somebody last said that he was there.
    last: Option<String>,
    /// Who, when he wants to be named.
    last_by: Option<String>,
    /// The reader works here.
    works: bool,
    /// The reader may settle small matters here at once.
    settles: bool,
    classes: Vec<ClassChoice>,
    done: bool,
}

/// A class with what it asks for.
#[derive(Serialize, JsonSchema)]
struct ClassChoice {
    code: String,
    name: String,
    /// Why it asks for photos, when it does.
    photo: Option<String>,
}

fn cards(q: &mut dyn Query, look: &mut Look, grid: &str, now: Ms) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for person in care::walkers(q, grid, now)? {
        out.extend(care::card(q, &person)?.and_then(|c| look.at(&c, Relation::Public)));
    }
    out.sort();
    Ok(out)
}

fn day(req: &Req, at: Ms) -> String {
    req.app.time(day_start(at, &req.app.config.zone))
}

fn building(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "place");
    let all = classes::now(req.app)?;
    let view = req.app.db.read(|r| {
        let house = area::building(r, req.param("id"))?.ok_or(Kind::NotFound)?;
        let grid = area::by_id(r, &house.area)?.ok_or(Kind::NotFound)?;
        let told = visit::told(r, &house.id)?;
        let last_by = match &told {
            Some((_, person)) => care::card(r, person)?.and_then(|c| look.at(&c, Relation::Public)),
            None => None,
        };
        let settles = spot::role_at(&req.who, &grid.path).is_some();
        let choice = |c: &classes::Class| ClassChoice {
            code: c.code.clone(),
            name: c.name(req.lang).to_owned(),
            photo: (c.evidence != classes::Evidence::None).then(|| c.why.get(req.lang).to_owned()),
        };
        let small = all.order.iter().filter_map(|c| all.get(c)).filter(|c| !c.out_of_scope && !c.urgent);
        Ok::<_, Error>(Building {
            cards: cards(r, &mut look, &grid.id, req.now)?,
            body: party::desk_of(r, &grid.id).ok().map(Into::into),
            last: told.map(|(at, _)| day(req, at)),
            last_by,
            works: works_at(&req.who, &grid.path),
            settles,
            classes: if settles { small.map(choice).collect() } else { Vec::new() },
            done: req.query.get("done").is_some(),
            grid: (&grid).into(),
            id: house.id,
            name: house.name,
            address: house.address,
        })
    })?;
    look.record(req.app)?;
    req.page("activities/fieldwork/building.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Cared {
    area: AreaView,
    body: Option<BodyView>,
    grids: Vec<CaredGrid>,
}

#[derive(Serialize, JsonSchema)]
struct CaredGrid {
    grid: AreaView,
    cards: Vec<String>,
    buildings: Vec<CaredHouse>,
}

#[derive(Serialize, JsonSchema)]
struct CaredHouse {
    id: String,
    name: String,
    address: String,
    /// The day on which somebody last said that he was there.
    last: Option<String>,
}

/// The grids of an area, or itself when it is one.
fn grids(q: &mut dyn Query, here: &Area) -> Result<Vec<Area>> {
    Ok(if here.kind == "grid" { vec![here.clone()] } else { area::beneath(q, &here.path, "grid")? })
}

fn cared(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "place");
    let view = req.app.db.read(|r| {
        let here = area::by_code(r, req.param("code"))?
            .filter(|a| matches!(a.kind.as_str(), "community" | "grid"))
            .ok_or(Kind::NotFound)?;
        let told = visit::told_in(r, &here.path)?;
        let houses = area::buildings(r, &here.path)?;
        let mut out = Vec::new();
        for grid in grids(r, &here)? {
            let mine = houses.iter().filter(|b| b.area == grid.id).take(MOST);
            let house = |b: &area::Building| CaredHouse {
                id: b.id.clone(),
                name: b.name.clone(),
                address: b.address.clone(),
                last: told.get(&b.id).map(|at| day(req, *at)),
            };
            let buildings = mine.map(house).collect();
            out.push(CaredGrid { cards: cards(r, &mut look, &grid.id, req.now)?, grid: (&grid).into(), buildings });
        }
        Ok::<_, Error>(Cared { body: party::desk_of(r, &here.id).ok().map(Into::into), grids: out, area: (&here).into() })
    })?;
    look.record(req.app)?;
    req.page("activities/fieldwork/cared.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Coverage {
    area: AreaView,
    /// Other areas of the reader.
    areas: Vec<AreaView>,
    /// Buildings by how long ago anybody was there: `week month quarter longer never`.
    buckets: Vec<Bucket>,
    buildings: Vec<Covered>,
    /// Outlines and points on a square of 100, north up.
    rings: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Bucket {
    name: &'static str,
    n: usize,
    /// Length of its bar, 0 to 100.
    width: usize,
}

#[derive(Serialize, JsonSchema)]
struct Covered {
    id: String,
    name: String,
    address: String,
    days: Option<i64>,
    bucket: &'static str,
    open: i64,
    x: Option<f64>,
    y: Option<f64>,
}

/// Puts points of the earth on a square of 100, as they lie to each other at this latitude.
struct Square {
    west: f64,
    north: f64,
    scale: f64,
    slim: f64,
}

impl Square {
    fn around<'a>(points: impl Iterator<Item = &'a Point> + Clone) -> Option<Square> {
        let ends = |of: fn(&Point) -> i32| {
            let (lo, hi) = (points.clone().map(of).min()?, points.clone().map(of).max()?);
            Some((f64::from(lo) / 1e7, f64::from(hi) / 1e7))
        };
        let ((south, north), (west, east)) = (ends(|p| p.lat)?, ends(|p| p.lon)?);
        let slim = ((south + north) / 2.0).to_radians().cos();
        let side = (north - south).max((east - west) * slim).max(1e-5);
        Some(Square { west, north, scale: 92.0 / side, slim })
    }

    fn place(&self, p: Point) -> (f64, f64) {
        let round = |v: f64| (v * 10.0).round() / 10.0;
        let (lat, lon) = (f64::from(p.lat) / 1e7, f64::from(p.lon) / 1e7);
        (round(4.0 + (lon - self.west) * self.slim * self.scale), round(4.0 + (self.north - lat) * self.scale))
    }
}

fn coverage(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let mut areas = Vec::new();
        for role in super::areas(&req.who) {
            areas.extend(area::by_id(r, &role.area)?);
        }
        let here = match req.query.get("area") {
            Some(code) => area::by_code(r, code)?.ok_or(Kind::NotFound)?,
            None => areas.first().cloned().ok_or(Kind::Denied)?,
        };
        if !works_at(&req.who, &here.path) {
            return Err(Kind::Denied.into());
        }
        let outlines = area::outlines(r, &here.path)?;
        let known = plan::buildings(req, r, &here.path)?;
        let points = outlines.iter().flat_map(|(_, ring)| ring).chain(known.iter().filter_map(|(b, _)| b.point.as_ref()));
        let square = Square::around(points);
        let place = |p: Point| square.as_ref().map(|s| s.place(p));
        let rings = outlines
            .iter()
            .map(|(_, ring)| ring.iter().filter_map(|p| place(*p)).map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" "))
            .collect();
        let counts = ["week", "month", "quarter", "longer", "never"].map(|name| {
            let n = known.iter().filter(|(_, k)| bucket(k.days) == name).count();
            Bucket { name, n, width: n * 100 / known.len().max(1) }
        });
        let covered = |(b, k): (area::Building, super::rules::Known)| {
            let (x, y) = b.point.and_then(place).unzip();
            Covered { id: b.id, name: b.name, address: b.address, days: k.days, bucket: bucket(k.days), open: k.open, x, y }
        };
        // In the order of addresses: no order of anybody's merit.
        let buildings = known.into_iter().map(covered).take(MOST).collect();
        let areas = areas.iter().map(Into::into).collect();
        Ok::<_, Error>(Coverage { area: (&here).into(), areas, buckets: counts.into(), buildings, rings })
    })?;
    req.page("activities/fieldwork/coverage.html", &view)
}
