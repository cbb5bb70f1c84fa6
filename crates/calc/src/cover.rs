//! Whether parts cover a whole: outlines of grids against the outline of their community.
//!
//! Method: parallels and meridians are laid over the whole, [`LINES`] each way, between the corners so that no corner
//! lies on one; on each line the parts are intervals, and what two of them share, what none of them holds and what lies
//! outside the whole is measured in metres. What is shorter than the tolerance counts as drawn by an unsteady hand.
//! Stated error: a fault that is narrower than the distance of two lines in both directions may be missed (at most 1/500
//! of the extent, 2 m in 1 km); lengths are those of a sphere, off by at most 0.6 %. Same input, same faults.

use crate::geo::{Point, bbox, distance_m};

/// Lines each way.
pub const LINES: i64 = 500;
/// Metres of one step (1e-7 degrees) of latitude.
const STEP_M: f64 = 0.011_119_5;
/// Faults of one kind that lie closer together than this are one.
const SAME_M: u32 = 60;
/// Faults that are named.
const MOST: usize = 100;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Two parts share ground.
    Overlap(usize, usize),
    /// No part holds it.
    Hole,
    /// A part reaches beyond the whole.
    Outside(usize),
}

/// A fault at its widest place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// What.
    pub what: What,
    /// Where.
    pub at: Point,
    /// How wide, in metres.
    pub metres: f64,
}

type Span = (f64, f64);

/// The faults of parts against a whole, which is the union of rings (none: only overlaps are looked for).
pub fn faults(whole: &[Vec<Point>], parts: &[Vec<Point>], tolerance_m: f64) -> Vec<Fault> {
    let all: Vec<Point> = whole.iter().chain(parts).flatten().copied().collect();
    if all.is_empty() {
        return Vec::new();
    }
    let (lo, hi) = bbox(&all);
    let mut found = Vec::new();
    for along_lat in [true, false] {
        let (from, to) = if along_lat { (lo.lat, hi.lat) } else { (lo.lon, hi.lon) };
        for n in 0..LINES {
            // Twice the coordinate, odd: no corner lies on it.
            let twice = 2 * (i64::from(from) + (i64::from(to) - i64::from(from)) * (2 * n + 1) / (2 * LINES)) + 1;
            line(whole, parts, along_lat, twice, tolerance_m, &mut found);
        }
    }
    found.sort_by(|a: &Fault, b| a.what.cmp(&b.what).then(b.metres.total_cmp(&a.metres)).then(a.at.cmp(&b.at)));
    let mut out: Vec<Fault> = Vec::new();
    for f in found {
        let same = |o: &&Fault| o.what == f.what && (f.what != What::Hole || distance_m(o.at, f.at) < SAME_M);
        if out.len() < MOST && out.iter().find(same).is_none() {
            out.push(f);
        }
    }
    out
}

/// The faults on one line.
fn line(whole: &[Vec<Point>], parts: &[Vec<Point>], along_lat: bool, twice: i64, tolerance_m: f64, out: &mut Vec<Fault>) {
    let metres = if along_lat { STEP_M * (twice as f64 / 2e7).to_radians().cos() } else { STEP_M };
    let mut note = |what, (a, b): Span| {
        if (b - a) * metres > tolerance_m {
            let (u, v) = ((twice / 2) as i32, f64::midpoint(a, b).round() as i32);
            let at = if along_lat { Point { lat: u, lon: v } } else { Point { lat: v, lon: u } };
            out.push(Fault { what, at, metres: (b - a) * metres });
        }
    };
    let own: Vec<Vec<Span>> = parts.iter().map(|ring| spans(ring, along_lat, twice)).collect();
    for (i, a) in own.iter().enumerate() {
        for (j, b) in own.iter().enumerate().skip(i + 1) {
            for (x, y) in a.iter().flat_map(|x| b.iter().map(move |y| (x, y))) {
                note(What::Overlap(i, j), (x.0.max(y.0), x.1.min(y.1)));
            }
        }
    }
    if whole.is_empty() {
        return;
    }
    let ground = union(whole.iter().flat_map(|ring| spans(ring, along_lat, twice)).collect());
    for gap in minus(&ground, &union(own.iter().flatten().copied().collect())) {
        note(What::Hole, gap);
    }
    for (i, a) in own.iter().enumerate() {
        for beyond in minus(&union(a.clone()), &ground) {
            note(What::Outside(i), beyond);
        }
    }
}

/// Where a line lies in a ring.
fn spans(ring: &[Point], along_lat: bool, twice: i64) -> Vec<Span> {
    let uv = |p: Point| if along_lat { (i64::from(p.lat), i64::from(p.lon)) } else { (i64::from(p.lon), i64::from(p.lat)) };
    let mut cuts: Vec<f64> = Vec::new();
    let Some(&last) = ring.last() else { return Vec::new() };
    let mut from = uv(last);
    for &p in ring {
        let to = uv(p);
        if (2 * from.0 < twice) != (2 * to.0 < twice) {
            let part = (twice - 2 * from.0) as f64 / (2 * (to.0 - from.0)) as f64;
            cuts.push(from.1 as f64 + (to.1 - from.1) as f64 * part);
        }
        from = to;
    }
    cuts.sort_by(f64::total_cmp);
    cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect()
}

fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<Span> = Vec::new();
    for s in spans {
        match out.last_mut() {
            Some(last) if s.0 <= last.1 => last.1 = last.1.max(s.1),
            _ => out.push(s),
        }
    }
    out
}

/// What of `a` lies outside `b`; both sorted and without overlaps.
fn minus(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut out = Vec::new();
    for &(mut from, to) in a {
        for &(x, y) in b {
            if y <= from || x >= to {
                continue;
            }
            if x > from {
                out.push((from, x));
            }
            from = from.max(y);
        }
        if from < to {
            out.push((from, to));
        }
    }
    out
}

/// Whether the edges of a ring cross each other. Exact; costs the square of its corners.
pub fn crosses_itself(ring: &[Point]) -> bool {
    let n = ring.len();
    let side = |a: Point, b: Point, p: Point| {
        let d = |x: i32, y: i32| i128::from(x) - i128::from(y);
        (d(b.lon, a.lon) * d(p.lat, a.lat) - d(p.lon, a.lon) * d(b.lat, a.lat)).signum()
    };
    (0..n).any(|i| {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        (i + 2..n).any(|j| {
            let (c, d) = (ring[j], ring[(j + 1) % n]);
            side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rect(lat: i32, lon: i32, height: i32, width: i32) -> Vec<Point> {
        [(0, 0), (0, width), (height, width), (height, 0)].map(|(y, x)| Point { lat: lat + y, lon: lon + x }).to_vec()
    }

    const AT: (i32, i32) = (323_900_000, 1_194_400_000);

    #[test]
    fn two_halves_cover_and_a_slip_is_named() {
        let (lat, lon) = AT;
        let whole = [rect(lat, lon, 40_000, 40_000)];
        let halves = [rect(lat, lon, 40_000, 20_000), rect(lat, lon + 20_000, 40_000, 20_000)];
        assert_eq!(faults(&whole, &halves, 2.0), []);
        // 10 m too far: an overlap there; too short: a hole; beyond: outside.
        let wide = [rect(lat, lon, 40_000, 21_000), halves[1].clone()];
        let found = faults(&whole, &wide, 2.0);
        assert_eq!(found.iter().map(|f| f.what).collect::<Vec<_>>(), [What::Overlap(0, 1)]);
        assert!((found[0].metres - 444.8).abs() < 1.0, "{found:?}");
        let short = [rect(lat, lon, 40_000, 19_000), halves[1].clone()];
        assert!(faults(&whole, &short, 2.0).iter().all(|f| f.what == What::Hole));
        let beyond = [halves[0].clone(), rect(lat, lon + 20_000, 40_000, 21_000)];
        assert_eq!(faults(&whole, &beyond, 2.0).iter().map(|f| f.what).collect::<Vec<_>>(), [What::Outside(1)]);
        assert_eq!(faults(&[], &halves, 2.0), [], "without a whole only overlaps are looked for");
        assert_eq!(faults(&[], &[], 2.0), []);
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        let p = |lat, lon| Point { lat, lon };
        assert!(crosses_itself(&[p(0, 0), p(10, 10), p(0, 10), p(10, 0)]));
        assert!(!crosses_itself(&rect(0, 0, 5, 5)));
        assert!(!crosses_itself(&[p(0, 0), p(0, 30), p(20, 30), p(20, 20), p(10, 20), p(10, 10), p(20, 10), p(20, 0)]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_cut_covers_and_a_gap_or_overlap_beyond_the_tolerance_is_found(cut in 5_000i32..35_000, slip in -3_000i32..3_000) {
            let (lat, lon) = AT;
            let whole = [rect(lat, lon, 40_000, 40_000)];
            let parts = [rect(lat, lon, cut, 40_000), rect(lat + cut + slip, lon, 40_000 - cut - slip, 40_000)];
            let found = faults(&whole, &parts, 2.0);
            let metres = f64::from(slip.abs()) * STEP_M;
            if slip == 0 {
                prop_assert!(found.is_empty());
            }
            if metres > 2.5 {
                prop_assert!(found.iter().any(|f| (f.what == What::Hole) == (slip > 0)), "{found:?}");
            }
        }
    }
}
