//! Maps: the grids of a community with the cases in them ([`of_area`]), what lies in a box, and the page around them
//! ([`page`]).
//!
//! What must stay true (inv07): a map for everybody shows a place as the class of the case allows it to be known
//! ([`place`]), else the middle of its grid. Whatever is asked, an answer has at most [`MOST`] points: single cases where
//! they are few, how many there are in squares where they are not, and in communities or what lies above from far away.
//!
//! Cost: the open cases of the box in an index, or the rows of the tally for its grids; with filters the newest
//! [`list::spots::COUNTED`] cases.

/// The cases of an area.
mod of_area;
/// The page.
mod page;

use std::collections::BTreeMap;

use calc::geo::{self, Point};
use serde_json::{Value as Json, json};
use store::{Query, Row, params};

use super::Case;
use super::list::OPEN;
use super::rules::State;
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/places/{code}/map",
        May::Anyone,
        of_area::features,
        "Grids and cases of an area as GeoJSON, by `state class overdue days`, `show=heat` counts them by squares; places are coarse.",
    )
    .same_for_all(),
    Route::get("/map/{code}", May::Anyone, page::page, "The map of an area with its list: `state class overdue days show cursor`.")
        .gives::<page::MapPage>()
        .same_for_all(),
    Route::get(
        "/cases/map",
        May::Anyone,
        of_box,
        "Open cases in a `box` of west,south,east,north as GeoJSON, counted where many.",
    ),
];

/// Points of one answer.
const MOST: usize = 500;
/// Rows of squares, of about 220 m, in which single cases are looked for: 14 km.
const MOST_ROWS: usize = 64;
/// Grids that are looked at from far away.
const MOST_GRIDS: i64 = 20_000;

fn of_box(req: &Req) -> Result<Reply> {
    let (lo, hi) = asked(req.query.get("box").unwrap_or_default()).ok_or_else(|| Kind::WrongType.at("box"))?;
    let rows = geo::rows(lo, hi);
    let features = req.app.db.read(|r| {
        if rows.len() > MOST_ROWS || (hi.lon - lo.lon) / geo::SIDE > MOST_ROWS as i32 {
            return Ok(counted(r, &Within::Box(lo, hi))?.iter().map(|(a, s)| many(s.middle(), Some(a), s.open)).collect());
        }
        let sql = format!("select cell, count(*) n from cases where cell >= $1 and cell <= $2 and {OPEN} group by cell");
        let mut squares = BTreeMap::new();
        for (from, to) in &rows {
            for row in r.rows(&sql, params![*from, *to])? {
                squares.insert(row.get::<i64>("cell")?, row.get::<i64>("n")?);
            }
        }
        if squares.values().sum::<i64>() > MOST as i64 {
            let squares = squares.into_iter().map(|(square, n)| (geo::at(square), n)).collect();
            return Ok(thinned(squares, geo::SIDE));
        }
        let sql = format!("select {DOT} from cases where cell >= $1 and cell <= $2 and {OPEN}");
        let mut features = Vec::new();
        for (from, to) in rows {
            for row in r.rows(&sql, params![from, to])? {
                features.extend(Dot::read(&row)?.map(|(dot, p)| single(req, &dot, p)));
            }
        }
        Ok::<_, Error>(features)
    })?;
    Reply::json(&json!({ "type": "FeatureCollection", "features": features }))
}

/// Reads `west,south,east,north` in degrees; `None` when it is no box.
fn asked(text: &str) -> Option<(Point, Point)> {
    let numbers: Vec<f64> = text.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    let [west, south, east, north] = numbers[..] else { return None };
    let (lo, hi) = (Point::from_degrees(south, west)?, Point::from_degrees(north, east)?);
    (lo.lat < hi.lat && lo.lon < hi.lon).then_some((lo, hi))
}

/// Cases in squares, by row and column.
type Squares = BTreeMap<(i32, i32), i64>;

/// Squares joined to larger ones until they are few enough for a picture; and the side these have.
fn joined(squares: Squares, side: i32) -> (Squares, i32) {
    let mut times = 1;
    loop {
        let mut larger = Squares::new();
        for ((y, x), n) in &squares {
            *larger.entry((y.div_euclid(times), x.div_euclid(times))).or_default() += n;
        }
        if larger.len() <= MOST {
            return (larger, side * times);
        }
        times *= 2;
    }
}

/// How many there are in squares, as points in their middle.
fn thinned(squares: Squares, side: i32) -> Vec<Json> {
    let (squares, side) = joined(squares, side);
    let middle = |v: i32| v * side + side / 2;
    squares.iter().map(|((y, x), n)| many(Point { lat: middle(*y), lon: middle(*x) }, None, *n)).collect()
}

/// Where grids are counted.
enum Within {
    /// Beneath an area.
    Path(String),
    /// In a box.
    Box(Point, Point),
}

/// How many are open by community; by what lies above when these are too many.
fn counted(q: &mut dyn Query, within: &Within) -> Result<Vec<(Area, Sum)>> {
    let open: Vec<String> = State::ALL.iter().filter(|s| s.is_open()).map(|s| format!("'{}'", s.as_str())).collect();
    let (condition, params) = match within {
        Within::Path(path) => ("a.path >= $1 and a.path < $2", params![path, area::end_of(path)].to_vec()),
        Within::Box(lo, hi) => (
            "s.min_lat >= $1 and s.min_lat <= $2 and s.min_lon >= $3 and s.min_lon <= $4",
            params![lo.lat, hi.lat, lo.lon, hi.lon].to_vec(),
        ),
    };
    let sql = format!(
        "select a.parent, s.min_lat, s.max_lat, s.min_lon, s.max_lon, \
         (select cast(coalesce(sum(t.n), 0) as bigint) from case_tally t where t.area = a.id and t.state in ({})) n \
         from area_shape s join area a on a.id = s.area where {condition} and a.valid_to is null limit {MOST_GRIDS}",
        open.join(",")
    );
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for row in q.rows(&sql, &params)? {
        let number = |name: &str| row.get::<i64>(name);
        let (lat, lon) = (number("min_lat")? + number("max_lat")?, number("min_lon")? + number("max_lon")?);
        let sum = sums.entry(row.get("parent")?).or_default();
        sum.add(Sum { grids: 1, lat: lat / 2, lon: lon / 2, open: number("n")? });
    }
    let mut places = Vec::new();
    loop {
        let too_many = sums.len() > MOST;
        let mut above: BTreeMap<String, Sum> = BTreeMap::new();
        for area in area::by_ids(q, sums.keys())? {
            let Some(sum) = sums.remove(&area.id) else { continue };
            match (too_many, &area.parent) {
                (true, Some(parent)) => above.entry(parent.clone()).or_default().add(sum),
                _ => places.push((area, sum)),
            }
        }
        if above.is_empty() {
            break;
        }
        sums = above;
    }
    places.retain(|(_, s)| s.open > 0);
    places.truncate(MOST);
    Ok(places)
}

/// Grids taken together.
#[derive(Default)]
struct Sum {
    grids: i64,
    lat: i64,
    lon: i64,
    open: i64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        *self = Sum {
            grids: self.grids + other.grids,
            lat: self.lat + other.lat,
            lon: self.lon + other.lon,
            open: self.open + other.open,
        };
    }

    fn middle(&self) -> Point {
        Point { lat: (self.lat / self.grids.max(1)) as i32, lon: (self.lon / self.grids.max(1)) as i32 }
    }
}

fn middle((lo, hi): (Point, Point)) -> Point {
    let mean = |a: i32, b: i32| ((i64::from(a) + i64::from(b)) / 2) as i32;
    Point { lat: mean(lo.lat, hi.lat), lon: mean(lo.lon, hi.lon) }
}

fn degrees(p: Point) -> Json {
    let (lat, lon) = p.degrees();
    json!([lon, lat])
}

/// As much of a case as a point on the map shows.
struct Dot {
    number: String,
    state: State,
    overdue_at: Option<Ms>,
    due_at: Option<Ms>,
}

/// Its columns.
const DOT: &str = "number, state, overdue_at, due_at, lat, lon";

impl Dot {
    /// With its place, when everybody may know one.
    fn read(row: &Row) -> Result<Option<(Dot, Point)>> {
        let degree = |name: &str| row.get::<Option<i64>>(name).map(|v| v.and_then(|v| i32::try_from(v).ok()));
        let Some((lat, lon)) = degree("lat")?.zip(degree("lon")?) else { return Ok(None) };
        let (number, state) = (row.get("number")?, row.get("state")?);
        Ok(Some((Dot { number, state, overdue_at: row.get("overdue_at")?, due_at: row.get("due_at")? }, Point { lat, lon })))
    }
}

impl From<&Case> for Dot {
    fn from(c: &Case) -> Dot {
        Dot { number: c.number.clone(), state: c.state, overdue_at: c.overdue_at, due_at: c.due_at }
    }
}

fn single(req: &Req, dot: &Dot, p: Point) -> Json {
    // Late is what moved up as well: it has a new clock, and is no less late.
    let late = dot.overdue_at.is_some() || dot.due_at.is_some_and(|d| d <= req.now);
    let tone = match dot.state.is_open() {
        true if late => "vermilion",
        true => "jade",
        false => "soft",
    };
    json!({ "type": "Feature", "geometry": { "type": "Point", "coordinates": degrees(p) },
        "properties": { "number": dot.number, "state": dot.state.as_str(), "tone": tone,
            "url": req.url(&format!("/reports/{}", dot.number)) } })
}

fn many(p: Point, area: Option<&Area>, open: i64) -> Json {
    json!({ "type": "Feature", "geometry": { "type": "Point", "coordinates": degrees(p) },
        "properties": { "open": open, "name": area.map(|a| &a.name), "code": area.map(|a| &a.code) } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_four_numbers_the_right_way_round() {
        assert!(asked("119.4,32.3,119.5,32.4").is_some());
        for wrong in ["", "1,2,3", "119.5,32.3,119.4,32.4", "119.4,32.4,119.5,32.3", "a,b,c,d", "-181,0,0,1", "NaN,0,1,1"] {
            assert!(asked(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn squares_are_joined_until_they_fit_and_none_is_lost() {
        let squares: Squares = (-32..32).flat_map(|y| (-32..32).map(move |x| ((y, x), 2))).collect();
        let features = thinned(squares, geo::SIDE);
        assert!(features.len() <= MOST && features.len() > MOST / 8);
        assert_eq!(features.iter().map(|f| f["properties"]["open"].as_i64().unwrap()).sum::<i64>(), 2 * 64 * 64);
    }
}
