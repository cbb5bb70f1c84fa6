//! The cases of an area on a map: outlines, single cases or squares, and how many each place beneath has.
//!
//! What must stay true: what the map shows and what the list beside it counts are one question with one answer.

use std::collections::BTreeMap;

use calc::geo::{self, Point};
use serde_json::{Value as Json, json};
use store::Query;

use super::{MOST, Squares, Within, counted, degrees, joined, many, middle, single, thinned};
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Error, Reply, Req, Result};
use crate::records::case::list::spots::{self, Spot};
use crate::records::case::list::{self, Filter, Wanted};
use crate::records::case::place;

/// Periods in days.
pub const DAYS: [i64; 4] = [7, 30, 90, 366];
/// The period without a wish.
const PERIOD: i64 = 90;
/// Steps of a heat map.
const STEPS: i64 = 5;
/// Places beneath that are all listed, also those where nothing is.
const ALL: usize = 40;

/// What a map is asked to show.
pub struct Asked {
    /// Which cases.
    pub filter: Filter,
    /// `open`, `all` or a state.
    pub state: String,
    /// Counted by squares instead of one by one.
    pub heat: bool,
    /// Received in so many days. What is open is shown however old it is.
    pub days: i64,
}

impl Asked {
    /// Reads `state class overdue days show` of a query, for an area.
    pub fn parse(req: &Req, here: &Area) -> Result<Asked> {
        let text = |name: &str| req.query.get(name).filter(|t| !t.is_empty());
        let heat = text("show") == Some("heat");
        // Where things gather is seen over all that came in, what is to be done among what is open.
        let state = text("state").unwrap_or(if heat { "all" } else { "open" }).to_owned();
        let days = match text("days") {
            Some(n) => n.parse().ok().filter(|n| DAYS.contains(n)).ok_or_else(|| Kind::Unknown.at("days"))?,
            None => PERIOD,
        };
        let wanted = Some(state.as_str()).filter(|s| *s != "all").map(Wanted::parse).transpose()?;
        let filter = Filter {
            path: Some(here.path.clone()),
            since: (wanted != Some(Wanted::Open) || heat).then_some(req.now - days * DAY),
            state: wanted,
            class: text("class").map(str::to_owned),
            overdue: matches!(text("overdue"), Some("1" | "true")),
            cursor: text("cursor").map(str::to_owned),
            ..Filter::default()
        };
        Ok(Asked { filter, state, heat, days })
    }

    /// Nothing chosen: the tally knows the answer, however many there are.
    fn is_plain(&self) -> bool {
        !self.heat && self.filter.state == Some(Wanted::Open) && self.filter.class.is_none() && !self.filter.overdue
    }
}

/// A place beneath with its cases.
pub struct Count {
    /// The place.
    pub area: Area,
    /// How many.
    pub n: i64,
}

/// What was found.
pub struct Found {
    /// Places beneath.
    pub places: Vec<Count>,
    /// Cases by square, not yet joined.
    squares: Squares,
    /// All of them, also those that lie in none of the places.
    pub sum: i64,
    /// There are more than were counted.
    pub more: bool,
}

/// Counts the cases of an area by the places beneath it, and by squares.
pub fn find(q: &mut dyn Query, here: &Area, asked: &Asked) -> Result<Found> {
    if asked.is_plain() && !is_narrow(here) {
        let counts = counted(q, &Within::Path(here.path.clone()))?;
        let places: Vec<Count> = counts.into_iter().map(|(area, sum)| Count { area, n: sum.open }).collect();
        let sum = places.iter().map(|p| p.n).sum();
        return Ok(Found { places, sum, squares: Squares::new(), more: false });
    }
    let (spots, more) = spots::spots(q, &Filter { cursor: None, ..asked.filter.clone() })?;
    let mut squares = Squares::new();
    for spot in &spots {
        if let Some(square) = spot.square {
            *squares.entry(square).or_default() += spot.n;
        }
    }
    let sum = spots.iter().map(|s| s.n).sum();
    Ok(Found { places: by_child(q, here, &spots)?, squares, sum, more })
}

/// The places directly beneath with their cases; those without any only where all fit on a page.
fn by_child(q: &mut dyn Query, here: &Area, spots: &[Spot]) -> Result<Vec<Count>> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for spot in spots {
        let beneath = spot.path.strip_prefix(&here.path).and_then(|rest| rest.split('/').next()).filter(|c| !c.is_empty());
        if let Some(child) = beneath {
            *sums.entry(format!("{}{child}/", here.path)).or_default() += spot.n;
        }
    }
    let children = area::children(q, &here.id)?;
    let all = children.len() <= ALL;
    let count = |area: Area| Count { n: sums.get(&area.path).copied().unwrap_or_default(), area };
    Ok(children.into_iter().map(count).filter(|c| all || c.n > 0).collect())
}

/// Small enough for outlines: above a community they are many.
fn is_narrow(here: &Area) -> bool {
    matches!(here.kind.as_str(), "community" | "grid")
}

/// The colours of a heat map: from the fewest to the most of a square, and what each stands for.
pub fn legend(found: &Found) -> Vec<(i64, i64)> {
    let (squares, _) = joined(found.squares.clone(), spots::SIDE);
    steps(squares.values().copied().max().unwrap_or_default())
}

/// Ends of the steps grow as squares do, so that a few crowded places do not make all others look alike.
fn steps(most: i64) -> Vec<(i64, i64)> {
    let end = |step: i64| (most * step * step + STEPS * STEPS - 1) / (STEPS * STEPS);
    (1..=STEPS).map(|s| (if s == 1 { 1 } else { end(s - 1) + 1 }, end(s))).filter(|(from, to)| from <= to).collect()
}

/// The answer to `GET /places/{code}/map`.
pub fn features(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let here = area::by_code(r, req.param("code"))?.ok_or(Kind::NotFound)?;
        let asked = Asked::parse(req, &here)?;
        let found = find(r, &here, &asked)?;
        let mut features = Vec::new();
        let mut outlines = Vec::new();
        if is_narrow(&here) {
            outlines = area::outlines(r, &here.path)?;
            features.extend(outlines.iter().map(|(grid, ring)| outline(grid, ring, &found)));
        }
        if asked.heat {
            features.extend(heat(&found));
        } else if asked.is_plain() && !is_narrow(&here) {
            // The middle of its grids is where a place is told to be.
            let counts = counted(r, &Within::Path(here.path.clone()))?;
            features.extend(counts.iter().map(|(a, s)| many(s.middle(), Some(a), s.open)));
        } else {
            let (cases, next) = list::find(r, &Filter { cursor: None, ..asked.filter.clone() }, MOST)?;
            if next.is_some() {
                features.extend(thinned(found.squares.clone(), spots::SIDE));
            } else {
                for case in &cases {
                    let grid = || outlines.iter().find(|(g, _)| g.id == case.area).map(|(_, ring)| middle(geo::bbox(ring)));
                    features.extend(place::of(case).or_else(grid).map(|p| single(req, &case.into(), p)));
                }
            }
        }
        Ok::<_, Error>(json!({ "type": "FeatureCollection", "features": features, "more": found.more }))
    })?;
    Reply::json(&view)
}

fn outline(grid: &Area, ring: &[Point], found: &Found) -> Json {
    let open = found.places.iter().find(|c| c.area.id == grid.id).map_or(0, |c| c.n);
    polygon(ring, json!({ "name": grid.name, "code": grid.code, "open": open }))
}

fn polygon(ring: &[Point], properties: Json) -> Json {
    let line: Vec<Json> = ring.iter().chain(ring.first()).map(|p| degrees(*p)).collect();
    json!({ "type": "Feature", "geometry": { "type": "Polygon", "coordinates": [line] }, "properties": properties })
}

fn heat(found: &Found) -> Vec<Json> {
    let (squares, side) = joined(found.squares.clone(), spots::SIDE);
    let steps = steps(squares.values().copied().max().unwrap_or_default());
    let square = |((y, x), n): (&(i32, i32), &i64)| {
        let (south, west) = (y * side, x * side);
        let at = |lat: i32, lon: i32| Point { lat, lon };
        let ring = [at(south, west), at(south, west + side), at(south + side, west + side), at(south + side, west)];
        let step = steps.iter().position(|(_, to)| n <= to).unwrap_or_default() + 1;
        polygon(&ring, json!({ "heat": step, "n": n }))
    };
    squares.iter().map(square).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_has_one_step(most in 1i64..100_000, n in 1i64..100_000) {
            let all = steps(most);
            prop_assert!(all.len() <= STEPS as usize);
            prop_assert_eq!((all[0].0, all[all.len() - 1].1), (1, most));
            let fits = all.iter().filter(|(from, to)| (*from..=*to).contains(&n)).count();
            prop_assert_eq!(fits, usize::from(n <= most));
        }
    }

    #[test]
    fn nothing_has_no_steps() {
        assert_eq!(steps(0), []);
        assert_eq!(steps(1), [(1, 1)]);
        assert_eq!(steps(100), [(1, 4), (5, 16), (17, 36), (37, 64), (65, 100)]);
    }
}
