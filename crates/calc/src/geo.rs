//! Places: points in integer degrees, point in polygon, distance, squares; in [`datum`] what other maps call the same place.
//!
//! Inside the program every coordinate is WGS 84 in integer steps of 1e-7 degrees (about 1.1 cm of latitude), so that
//! comparing, storing and testing "is this point in that grid" is exact on every machine. Only [`distance_m`] and the
//! conversions of [`datum`] compute in floating point; their errors are stated.

/// WGS 84, CGCS2000, GCJ-02 and BD-09.
pub mod datum;

/// Steps in one degree.
pub const STEPS: i32 = 10_000_000;

/// Mean radius of the earth in metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// A place: latitude and longitude in 1e-7 degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    /// Latitude, north positive, ±900,000,000.
    pub lat: i32,
    /// Longitude, east positive, ±1,800,000,000.
    pub lon: i32,
}

impl Point {
    /// From degrees, rounded to the nearest step; `None` when it is no place on earth.
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Point> {
        let step = |d: f64, most: f64| (d.abs() <= most).then(|| (d * f64::from(STEPS)).round() as i32);
        Some(Point { lat: step(lat, 90.0)?, lon: step(lon, 180.0)? })
    }

    /// In degrees: latitude, longitude.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lat) / f64::from(STEPS), f64::from(self.lon) / f64::from(STEPS))
    }
}

/// Whether a point lies in a ring (even–odd rule) or on its boundary. The ring may be closed or left open, either way
/// round; fewer than three corners enclose only their own boundary. Exact. A ring does not cross the ±180° meridian.
pub fn contains(ring: &[Point], p: Point) -> bool {
    let mut inside = false;
    let mut from = match ring.last() {
        Some(&last) => last,
        None => return false,
    };
    for &to in ring {
        // Twice the signed area of the triangle from–to–p. Each factor fits 33 bits with sign, so i128 is far from its end.
        let side = cross(from, to, p);
        if side == 0 && between(from.lat, to.lat, p.lat) && between(from.lon, to.lon, p.lon) {
            return true;
        }
        // The edge crosses the parallel of p, half-open so that a shared corner counts once, to the east of p.
        if (from.lat > p.lat) != (to.lat > p.lat) && (side > 0) == (to.lat > from.lat) {
            inside = !inside;
        }
        from = to;
    }
    inside
}

fn cross(a: Point, b: Point, p: Point) -> i128 {
    let d = |x: i32, y: i32| i128::from(x) - i128::from(y);
    d(b.lon, a.lon) * d(p.lat, a.lat) - d(p.lon, a.lon) * d(b.lat, a.lat)
}

fn between(a: i32, b: i32, x: i32) -> bool {
    a.min(b) <= x && x <= a.max(b)
}

/// South-west and north-east corner of a set of points. Of no points: a box inside out, which no point is in.
pub fn bbox(points: &[Point]) -> (Point, Point) {
    let lo = Point { lat: i32::MAX, lon: i32::MAX };
    let hi = Point { lat: i32::MIN, lon: i32::MIN };
    points.iter().fold((lo, hi), |(lo, hi), p| {
        (Point { lat: lo.lat.min(p.lat), lon: lo.lon.min(p.lon) }, Point { lat: hi.lat.max(p.lat), lon: hi.lon.max(p.lon) })
    })
}

/// Great-circle distance in metres by the haversine formula on a sphere. Against the ellipsoid it is off by at most
/// 0.6 %, that is 6 m in 1 km; the rounding adds half a metre.
pub fn distance_m(a: Point, b: Point) -> u32 {
    let ((lat1, lon1), (lat2, lon2)) = (a.degrees(), b.degrees());
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let h = half(lat1, lat2) + lat1.to_radians().cos() * lat2.to_radians().cos() * half(lon1, lon2);
    (2.0 * EARTH_M * h.clamp(0.0, 1.0).sqrt().asin()).round() as u32
}

/// Side of a square in 1e-7 degrees: about 220 m of latitude.
pub const SIDE: i32 = 20_000;

/// Number of the square a place lies in: neighbours are found by the squares around.
pub fn cell(p: Point) -> i64 {
    square(p.lat.div_euclid(SIDE), p.lon.div_euclid(SIDE))
}

fn square(y: i32, x: i32) -> i64 {
    (i64::from(y) + 45_000) * 200_000 + i64::from(x) + 90_000
}

/// Row and column of a square.
pub fn at(square: i64) -> (i32, i32) {
    ((square / 200_000 - 45_000) as i32, (square % 200_000 - 90_000) as i32)
}

/// The squares of a box, row by row from the south: the first and the last of each row.
pub fn rows(lo: Point, hi: Point) -> Vec<(i64, i64)> {
    let (west, east) = (lo.lon.div_euclid(SIDE), hi.lon.div_euclid(SIDE));
    (lo.lat.div_euclid(SIDE)..=hi.lat.div_euclid(SIDE)).map(|y| (square(y, west), square(y, east))).collect()
}

/// The square a place lies in and the eight around it.
pub fn around(p: Point) -> [i64; 9] {
    let (y, x) = (p.lat.div_euclid(SIDE), p.lon.div_euclid(SIDE));
    std::array::from_fn(|i| square(y + i as i32 / 3 - 1, x + i as i32 % 3 - 1))
}

/// The squares that hold everything within `metres` of a place, as far as 80 degrees of latitude.
pub fn cells(p: Point, metres: u32) -> Vec<i64> {
    // A square is at least 220 m high; its width shrinks with the cosine of the latitude.
    let up = (metres / 220 + 1) as i32;
    let wide = f64::from(metres) / (220.0 * p.degrees().0.abs().min(80.0).to_radians().cos());
    let across = wide as i32 + 1;
    let (y, x) = (p.lat.div_euclid(SIDE), p.lon.div_euclid(SIDE));
    (-up..=up).flat_map(|dy| (-across..=across).map(move |dx| square(y + dy, x + dx))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn p(lat: i32, lon: i32) -> Point {
        Point { lat, lon }
    }

    #[test]
    fn a_square_and_its_boundary() {
        let open = [p(0, 0), p(0, 10), p(10, 10), p(10, 0)];
        let closed = [p(0, 0), p(0, 10), p(10, 10), p(10, 0), p(0, 0)];
        let back: Vec<Point> = open.iter().rev().copied().collect();
        for ring in [&open[..], &closed, &back] {
            for inside in [p(5, 5), p(0, 0), p(10, 10), p(0, 5), p(5, 10), p(10, 3)] {
                assert!(contains(ring, inside), "{inside:?}");
            }
            for outside in [p(-1, 5), p(11, 5), p(5, -1), p(5, 11), p(0, 11), p(10, -1)] {
                assert!(!contains(ring, outside), "{outside:?}");
            }
        }
    }

    #[test]
    fn squares_of_a_box() {
        let p = p(-323_900_001, 1_194_400_001);
        let (y, x) = at(cell(p));
        assert_eq!((y, x), (p.lat.div_euclid(SIDE), p.lon.div_euclid(SIDE)));
        let hi = Point { lat: p.lat + 2 * SIDE, lon: p.lon + SIDE };
        let all = rows(p, hi);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|(a, b)| b - a == 1) && all[0].0 == cell(p) && all[2].1 == cell(hi));
    }

    #[test]
    fn a_bay_is_outside() {
        let u = [p(0, 0), p(0, 30), p(20, 30), p(20, 20), p(10, 20), p(10, 10), p(20, 10), p(20, 0)];
        assert!(contains(&u, p(5, 15)) && contains(&u, p(15, 5)) && contains(&u, p(15, 25)));
        assert!(!contains(&u, p(15, 15)));
        assert!(contains(&u, p(15, 10)) && contains(&u, p(10, 15)), "the shore of the bay belongs to the ring");
    }

    #[test]
    fn degenerate_rings() {
        assert!(!contains(&[], p(0, 0)));
        assert!(contains(&[p(1, 1)], p(1, 1)) && !contains(&[p(1, 1)], p(1, 2)));
        assert!(contains(&[p(0, 0), p(4, 4)], p(2, 2)) && !contains(&[p(0, 0), p(4, 4)], p(2, 3)));
        let (lo, hi) = bbox(&[]);
        assert!(lo.lat > hi.lat && lo.lon > hi.lon);
    }

    #[test]
    fn the_whole_range_of_numbers() {
        let all = [p(i32::MIN, i32::MIN), p(i32::MIN, i32::MAX), p(i32::MAX, i32::MAX), p(i32::MAX, i32::MIN)];
        assert!(contains(&all, p(0, 0)) && contains(&all, p(i32::MAX, i32::MAX)));
    }

    #[test]
    fn distances() {
        let yangzhou = Point::from_degrees(32.3936, 119.4127).unwrap();
        let nanjing = Point::from_degrees(32.0603, 118.7969).unwrap();
        assert!((68_500..69_500).contains(&distance_m(yangzhou, nanjing)), "{}", distance_m(yangzhou, nanjing));
        assert_eq!(distance_m(yangzhou, yangzhou), 0);
        assert_eq!(distance_m(p(0, 0), p(STEPS, 0)), 111_195);
        assert_eq!(distance_m(p(0, 0), p(0, 180 * STEPS)), 20_015_114);
    }

    #[test]
    fn degrees_that_are_no_place() {
        for (lat, lon) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (f64::INFINITY, 0.0)] {
            assert_eq!(Point::from_degrees(lat, lon), None);
        }
    }

    fn near() -> impl Strategy<Value = Point> {
        (-12i32..12, -12i32..12).prop_map(|(lat, lon)| p(lat, lon))
    }

    proptest! {
        #[test]
        fn turning_or_shifting_a_ring_changes_nothing(ring in prop::collection::vec(near(), 1..9), q in near(), by in 0usize..9) {
            let inside = contains(&ring, q);
            let mut turned = ring.clone();
            turned.rotate_left(by % ring.len());
            prop_assert_eq!(contains(&turned, q), inside);
            turned.reverse();
            prop_assert_eq!(contains(&turned, q), inside);
            let far = |x: Point| p(x.lat + 900_000_000, x.lon - 1_800_000_000);
            let shifted: Vec<Point> = ring.iter().copied().map(far).collect();
            prop_assert_eq!(contains(&shifted, far(q)), inside);
        }

        #[test]
        fn corners_and_middles_are_inside_and_the_box_holds_all(ring in prop::collection::vec(near(), 1..9), q in near()) {
            let even: Vec<Point> = ring.iter().map(|c| p(c.lat * 2, c.lon * 2)).collect();
            for (i, &c) in even.iter().enumerate() {
                let next = even[(i + 1) % even.len()];
                prop_assert!(contains(&even, c));
                prop_assert!(contains(&even, p((c.lat + next.lat) / 2, (c.lon + next.lon) / 2)));
            }
            let (lo, hi) = bbox(&even);
            if contains(&even, q) {
                prop_assert!(lo.lat <= q.lat && q.lat <= hi.lat && lo.lon <= q.lon && q.lon <= hi.lon);
            }
        }

        #[test]
        fn distance_is_symmetric_and_bounded(a in any::<(i32, i32)>(), b in any::<(i32, i32)>()) {
            let (a, b) = (p(a.0 % 900_000_001, a.1 % 1_800_000_001), p(b.0 % 900_000_001, b.1 % 1_800_000_001));
            prop_assert_eq!(distance_m(a, b), distance_m(b, a));
            prop_assert!(distance_m(a, b) <= 20_015_114);
        }

        #[test]
        fn everything_within_reach_is_in_the_squares(lat in -790_000_000i32..790_000_000, lon in -1_700_000_000i32..1_700_000_000, dy in -50_000i32..50_000, dx in -250_000i32..250_000) {
            let (a, b) = (p(lat, lon), p(lat + dy, lon + dx));
            if distance_m(a, b) <= 500 {
                prop_assert!(cells(a, 500).contains(&cell(b)));
            }
        }
    }
}
