//! Where a case is, as far as everybody may know, and the squares by which neighbours are found.
//!
//! What must stay true (inv07): a column never holds a place more exact than the class of the case allows; the exact one
//! that was reported lies sealed in the log.

use calc::geo::Point;
pub use calc::geo::{around, cell};
use store::{Tx, params};

use super::{Case, said};
use crate::base::area;
use crate::base::classes::Visibility;
use crate::kit::Result;

/// A place that may only be told roughly is moved to the middle of a square of this side: about 110 m.
const ROUGH: i32 = 10_000;

/// The place that everybody may know.
pub fn public(visibility: Visibility, building: Option<Point>, reported: Option<Point>) -> Option<Point> {
    let rough = |p: Point| {
        let middle = |v: i32| v.div_euclid(ROUGH) * ROUGH + ROUGH / 2;
        Point { lat: middle(p.lat), lon: middle(p.lon) }
    };
    match visibility {
        Visibility::Exact => reported.or(building),
        Visibility::Building => building.or(reported.map(rough)),
        Visibility::Private => None,
    }
}

/// Puts a place into a case.
pub fn set(case: &mut Case, place: Option<Point>) {
    (case.lat, case.lon) = place.map(|p| (i64::from(p.lat), i64::from(p.lon))).unzip();
    case.cell = place.map(cell);
}

/// The place in a case.
pub fn of(case: &Case) -> Option<Point> {
    let (lat, lon) = case.lat.zip(case.lon)?;
    Some(Point { lat: i32::try_from(lat).ok()?, lon: i32::try_from(lon).ok()? })
}

/// Puts the place again when the class, and with it what everybody may know, has changed.
pub(super) fn renew(tx: &mut Tx, case: &mut Case, visibility: Visibility) -> Result<()> {
    let building = match &case.building {
        Some(id) => area::building(tx, id)?.and_then(|b| b.point),
        None => None,
    };
    let said = said(tx, case)?;
    let degree = |name: &str| said.as_ref().and_then(|w| w.number(name)).and_then(|v| i32::try_from(v).ok());
    let reported = degree("case.lat").zip(degree("case.lon")).map(|(lat, lon)| Point { lat, lon });
    let before = (case.lat, case.lon);
    set(case, public(visibility, building, reported));
    if (case.lat, case.lon) == before {
        return Ok(());
    }
    let sql = "update cases set lat = $2, lon = $3, cell = $4 where id = $1";
    tx.exec(sql, params![&case.id, case.lat, case.lon, case.cell])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv07_a_rough_place_tells_only_its_square() {
        let (a, b) = (Point { lat: 323_900_001, lon: 1_194_400_001 }, Point { lat: 323_909_998, lon: 1_194_409_998 });
        let rough = |p| public(Visibility::Building, None, Some(p));
        assert_eq!(rough(a), rough(b));
        assert_eq!(public(Visibility::Exact, Some(b), Some(a)), Some(a));
        assert_eq!(public(Visibility::Building, Some(b), Some(a)), Some(b), "the building's own place");
        assert_eq!(public(Visibility::Private, Some(b), Some(a)), None);
    }

    #[test]
    fn neighbours_are_in_the_squares_around() {
        let p = Point { lat: -1, lon: 1 };
        for (dy, dx) in [(-15_000, -15_000), (0, 19_999), (19_999, 0), (-1, 1)] {
            assert!(around(p).contains(&cell(Point { lat: p.lat + dy, lon: p.lon + dx })), "{dy} {dx}");
        }
        assert!(!around(p).contains(&cell(Point { lat: p.lat + 45_000, lon: p.lon })));
        assert_eq!(around(p).iter().collect::<std::collections::BTreeSet<_>>().len(), 9);
    }
}
