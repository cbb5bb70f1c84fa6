//! One place in the four datums of Chinese maps: WGS 84 (phones, OpenStreetMap, everything inside this program),
//! CGCS2000 (surveyors, 天地图), GCJ-02 (高德, 腾讯) and BD-09 (百度).
//!
//! What must stay true: there and back again is the same place to a step or two (2 cm); outside of the rough box of China
//! nothing is moved, by any of them. The box is the one in common use; its corners hold parts of neighbouring countries,
//! and at its edge the shift begins at once: a place is not carried over it by iterating.
//!
//! How exact this is:
//! - **CGCS2000** is taken for WGS 84. It is ITRF97 at the epoch 2000.0 (in force since 1 July 2008); the two ellipsoids
//!   differ by at most 0.1 mm. WGS 84 follows the moving earth, CGCS2000 stays with the plates of the year 2000, which
//!   carry China some 3 cm a year to the east-south-east: 0.9 m at the end of 2026, and a metre about the year 2030. A
//!   phone is seldom better than 3 m. Whoever measures grids to the decimetre must bring them to one epoch beforehand.
//! - **GCJ-02**: nobody but the surveying authority has its formula. The one here is that which all free libraries share;
//!   it meets 高德's own answers to 10 cm (tests). The inverse is an iteration of the same formula.
//! - **BD-09** is a further turn around GCJ-02, by the formula in common use; inverted by iteration as well, for the
//!   closed form that is often printed is off by decimetres. 百度's own answers are met to a metre.

use std::f64::consts::PI;

use super::Point;

/// Rounds of an inversion. Each shrinks the error at least fortyfold from 2 km: eight leave less than a thousandth of a
/// millimetre.
const ROUNDS: usize = 8;
/// The box of China in degrees: south, north, west, east.
const BOX: [f64; 4] = [0.8293, 55.8271, 72.004, 137.8347];

/// What a latitude and a longitude are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Datum {
    /// The world's, and ours inside.
    #[default]
    Wgs84,
    /// The nation's.
    Cgcs2000,
    /// The shifted one of web maps (火星坐标).
    Gcj02,
    /// That of 百度.
    Bd09,
}

impl Datum {
    /// All of them.
    pub const ALL: [Datum; 4] = [Datum::Wgs84, Datum::Cgcs2000, Datum::Gcj02, Datum::Bd09];

    /// Stable name: `wgs84 cgcs2000 gcj02 bd09`.
    pub fn as_str(self) -> &'static str {
        match self {
            Datum::Wgs84 => "wgs84",
            Datum::Cgcs2000 => "cgcs2000",
            Datum::Gcj02 => "gcj02",
            Datum::Bd09 => "bd09",
        }
    }

    /// Reads a name however people write it: `GCJ-02`, `gcj02`, `WGS 84`, `国家2000`, `百度`.
    pub fn parse(text: &str) -> Option<Datum> {
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match plain.as_str() {
            "wgs84" | "gps" | "epsg4326" => Datum::Wgs84,
            "cgcs2000" | "国家2000" | "国家大地2000" | "epsg4490" | "天地图" => Datum::Cgcs2000,
            "gcj02" | "国测局" | "火星" | "火星坐标" | "高德" | "腾讯" => Datum::Gcj02,
            "bd09" | "bd09ll" | "百度" => Datum::Bd09,
            _ => return None,
        })
    }

    /// A place of ours as this datum has it.
    pub fn of_wgs(self, p: Point) -> Point {
        move_by(
            p,
            match self {
                Datum::Wgs84 | Datum::Cgcs2000 => return p,
                Datum::Gcj02 => gcj,
                Datum::Bd09 => |at| bd(gcj(at)),
            },
        )
    }

    /// A place in this datum as we have it.
    pub fn to_wgs(self, p: Point) -> Point {
        move_by(
            p,
            match self {
                Datum::Wgs84 | Datum::Cgcs2000 => return p,
                Datum::Gcj02 => |at| back(gcj, at),
                Datum::Bd09 => |at| back(gcj, back(bd, at)),
            },
        )
    }
}

/// A place given in one datum as another has it.
pub fn convert(p: Point, from: Datum, to: Datum) -> Point {
    if from == to { p } else { to.of_wgs(from.to_wgs(p)) }
}

/// Latitude and longitude in degrees.
type Degrees = (f64, f64);

fn move_by(p: Point, by: fn(Degrees) -> Degrees) -> Point {
    let at = p.degrees();
    if !in_box(at) {
        return p;
    }
    let (lat, lon) = by(at);
    Point::from_degrees(lat, lon).unwrap_or(p)
}

fn in_box((lat, lon): Degrees) -> bool {
    let [south, north, west, east] = BOX;
    (south..=north).contains(&lat) && (west..=east).contains(&lon)
}

/// The place that is moved to `at`, found by taking away the shift of the best guess so far.
fn back(forward: fn(Degrees) -> Degrees, at: Degrees) -> Degrees {
    let mut guess = at;
    for _ in 0..ROUNDS {
        let moved = forward(guess);
        guess = (guess.0 + at.0 - moved.0, guess.1 + at.1 - moved.1);
    }
    guess
}

/// WGS 84 to GCJ-02: waves of several lengths on a bent plane around 35° N 105° E, in metres, laid on the ellipsoid of
/// Krasovsky.
fn gcj((lat, lon): Degrees) -> Degrees {
    /// Semi-major axis and squared eccentricity (1940).
    const A: f64 = 6_378_245.0;
    const EE: f64 = 0.006_693_421_622_965_943;
    let (x, y) = (lon - 105.0, lat - 35.0);
    // Waves along one axis: height and length of each.
    let waves = |v: f64, all: [(f64, f64); 4]| all.iter().map(|(high, long)| high * (v * PI / long).sin()).sum::<f64>();
    let both = 20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin();
    let north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    let north = north + (both + waves(y, [(20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)])) * 2.0 / 3.0;
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    let east = east + (both + waves(x, [(20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)])) * 2.0 / 3.0;
    let phi = lat.to_radians();
    let bend = 1.0 - EE * phi.sin().powi(2);
    let meridian = A * (1.0 - EE) / (bend * bend.sqrt());
    let parallel = A / bend.sqrt() * phi.cos();
    (lat + (north / meridian).to_degrees(), lon + (east / parallel).to_degrees())
}

/// GCJ-02 to BD-09: a small turn and stretch around the origin of degrees, and a step aside.
fn bd((lat, lon): Degrees) -> Degrees {
    const WAVE: f64 = PI * 3000.0 / 180.0;
    let far = lon.hypot(lat) + 0.000_02 * (lat * WAVE).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * WAVE).cos();
    (far * angle.sin() + 0.006, far * angle.cos() + 0.0065)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::distance_m;
    use super::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point::from_degrees(lat, lon).unwrap()
    }

    /// Apart in steps along the worse axis; a step is about 1 cm.
    fn apart(a: Point, b: Point) -> i32 {
        (a.lat - b.lat).abs().max((a.lon - b.lon).abs())
    }

    /// Reference points that other libraries publish with their tests: the first three (WGS 84, GCJ-02) are those of
    /// eviltransform in all its languages, the fourth that of coordtransform.
    const GCJ: [((f64, f64), (f64, f64)); 4] = [
        ((31.177_427_6, 121.527_210_6), (31.175_303_983_645_97, 121.531_541_859_215)),
        ((22.543_847, 113.912_316), (22.540_796_131_694_766, 113.917_176_480_836_3)),
        ((39.911_954, 116.377_817), (39.913_345_455_360_69, 116.384_047_224_556_57)),
        ((39.915, 116.404), (39.916_404_281_501_64, 116.410_244_499_169_38)),
    ];

    #[test]
    fn gcj_02_of_published_points() {
        for ((lat, lon), (glat, glon)) in GCJ {
            let (wgs, gcj) = (at(lat, lon), at(glat, glon));
            assert_eq!(Datum::Gcj02.of_wgs(wgs), gcj);
            assert!(apart(Datum::Gcj02.to_wgs(gcj), wgs) <= 1);
        }
    }

    /// What the owners of the two maps answer themselves, as their documentation and users print it: 高德
    /// `assistant/coordinate/convert` (from GPS), 百度 `geoconv/v1` (from 1 to 5). These are the truth to be met to a metre.
    #[test]
    fn the_owners_of_the_maps_agree_to_a_metre() {
        for ((lat, lon), (glat, glon)) in [
            ((39.990_475, 116.481_499), (39.991_754_014_757, 116.487_585_177_952)),
            ((39.990_375, 116.481_499), (39.991_653_917_101, 116.487_585_177_952)),
            ((22.62, 114.07), (22.617_310_92, 114.075_130_75)),
            ((39.163_217_127_7, 116.976_409_145), (39.164_154_188_369, 116.982_440_321_181)),
        ] {
            assert_eq!(distance_m(Datum::Gcj02.of_wgs(at(lat, lon)), at(glat, glon)), 0, "{lat}");
            assert_eq!(distance_m(Datum::Gcj02.to_wgs(at(glat, glon)), at(lat, lon)), 0, "{lat}");
        }
        let (wgs, bd) = (at(29.575_429_778_924, 114.218_927_345_21), at(29.579_084_288_374_37, 114.230_751_954_676_3));
        assert!(distance_m(Datum::Bd09.of_wgs(wgs), bd) <= 1);
        assert!(distance_m(Datum::Bd09.to_wgs(bd), wgs) <= 1);
    }

    #[test]
    fn bd_09_of_published_points() {
        // coordtransform: from GCJ-02 39.915, 116.404, and from the same in WGS 84.
        assert_eq!(convert(at(39.915, 116.404), Datum::Gcj02, Datum::Bd09), at(39.921_336_993_510_21, 116.410_369_493_710_29));
        assert_eq!(Datum::Bd09.of_wgs(at(39.915, 116.404)), at(39.922_699_552_216_216, 116.416_627_243_787_33));
        // Its closed-form inverses are within a metre of the exact one. (Those of eviltransform are not: it has waves of
        // another length there and is off by tens of metres, from its own forward direction too.)
        let gcj = convert(at(39.915, 116.404), Datum::Bd09, Datum::Gcj02);
        assert!(distance_m(gcj, at(39.908_656_739_576_31, 116.397_627_291_193_15)) <= 1);
        assert!(distance_m(Datum::Bd09.to_wgs(at(39.915, 116.404)), at(39.907_253_214_522_164, 116.391_383_699_512_5)) <= 1);
    }

    #[test]
    fn nothing_is_moved_outside_of_china_or_between_datums_that_are_one() {
        for (lat, lon) in [(48.8584, 2.2945), (35.6812, 139.7671), (-33.8, 151.2), (0.0, 0.0), (90.0, 180.0), (-90.0, -180.0)] {
            for from in Datum::ALL {
                for to in Datum::ALL {
                    assert_eq!(convert(at(lat, lon), from, to), at(lat, lon));
                }
            }
        }
        let here = at(32.3936, 119.4127);
        assert_eq!(convert(here, Datum::Cgcs2000, Datum::Wgs84), here);
        assert_eq!(convert(here, Datum::Cgcs2000, Datum::Bd09), Datum::Bd09.of_wgs(here));
    }

    #[test]
    fn names() {
        for d in Datum::ALL {
            assert_eq!(Datum::parse(d.as_str()), Some(d));
        }
        for (text, d) in
            [("GCJ-02", Datum::Gcj02), (" WGS 84 ", Datum::Wgs84), ("百度", Datum::Bd09), ("国家2000", Datum::Cgcs2000)]
        {
            assert_eq!(Datum::parse(text), Some(d), "{text}");
        }
        assert_eq!(Datum::parse("beijing54"), None);
    }

    /// Mainland China and its seas, as people live there.
    fn china() -> impl Strategy<Value = Point> {
        (40_000_000i32..540_000_000, 735_000_000i32..1_350_000_000).prop_map(|(lat, lon)| Point { lat, lon })
    }

    fn datum() -> impl Strategy<Value = Datum> {
        prop::sample::select(Datum::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn there_and_back_again(wgs in china(), d in datum()) {
            let moved = d.of_wgs(wgs);
            prop_assert!(distance_m(wgs, moved) < 4_000, "{} m", distance_m(wgs, moved));
            // A metre is promised; two steps are kept.
            prop_assert!(apart(d.to_wgs(moved), wgs) <= 2, "{:?} {:?}", wgs, d.to_wgs(moved));
            prop_assert!(apart(d.of_wgs(d.to_wgs(moved)), moved) <= 2);
        }

        #[test]
        fn from_any_to_any(p in china(), a in datum(), b in datum(), c in datum()) {
            let direct = convert(p, a, c);
            prop_assert!(apart(convert(convert(p, a, b), b, c), direct) <= 3);
        }

        /// Neighbours stay neighbours: a map is bent, never torn.
        #[test]
        fn it_is_continuous(p in china(), dlat in -1_000i32..1_000, dlon in -1_000i32..1_000, d in datum()) {
            let q = Point { lat: p.lat + dlat, lon: p.lon + dlon };
            let reach = dlat.abs().max(dlon.abs());
            prop_assert!(apart(d.of_wgs(p), d.of_wgs(q)) <= reach + reach / 8 + 20);
            prop_assert!(apart(d.to_wgs(p), d.to_wgs(q)) <= reach + reach / 8 + 20);
        }

        #[test]
        fn no_point_on_earth_is_too_much(lat in -900_000_000i32..=900_000_000, lon in -1_800_000_000i32..=1_800_000_000, a in datum(), b in datum()) {
            let p = Point { lat, lon };
            prop_assert!(distance_m(p, convert(p, a, b)) < 10_000);
        }
    }
}
