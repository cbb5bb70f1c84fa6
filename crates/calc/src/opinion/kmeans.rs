//! Parting points into k heaps: Lloyd's steps (1957/1982) from many beginnings, of which the tightest result counts.
//!
//! Beginnings are those of k-means++ (Arthur & Vassilvitskii 2007) with numbers from a fixed generator, and one that goes from the
//! middle to the farthest point each time. Among many points the beginnings are tried on an even selection, and the best few
//! are carried on with all.
//!
//! What must stay true: the same points in the same order give the same heaps; of results equally tight the first one counts.

use super::plane::Point;
use crate::draw::Splitmix;

/// Beginnings are tried on so many points.
const TRIED_ON: usize = 600;
/// Fewest and most beginnings; in between, so that few points get more of them.
const BEGINNINGS: (usize, usize) = (16, 100);
/// Beginnings of a light search.
const LIGHT: usize = 5;
/// Points times beginnings.
const TRIES: usize = 10_000;
/// So many are carried on with all points.
const CARRIED_ON: usize = 2;
/// Most steps.
const STEPS: usize = 300;
/// Results that differ by a smaller part are equally tight.
const EQUAL: f64 = 1e-9;

/// Points in heaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Heaps {
    /// Which heap each point is in.
    pub labels: Vec<u8>,
    /// The middle of each heap.
    pub centers: Vec<Point>,
    /// Sum of squared distances to the middles.
    pub inertia: f64,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many steps.
    pub steps: usize,
    /// When no middle moved as far; without it, when no point changes its heap.
    pub still: Option<f64>,
}

/// Square of a distance.
#[inline]
pub fn square(a: Point, b: Point) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

/// The nearest middle, the first of equally near ones, and the square of its distance.
#[inline]
pub fn nearest(point: Point, centers: &[Point]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (i, c) in centers.iter().enumerate() {
        let away = square(point, *c);
        if away < best.1 {
            best = (i, away);
        }
    }
    best
}

/// [`nearest`] of all points, middle by middle and without branches, so that a processor does several points at once.
/// Heaps are numbers like distances are, so that both are chosen by the same comparison.
fn all_nearest(points: &[Point], centers: &[Point], away: &mut [f64], heaps: &mut [f64]) {
    away.fill(f64::INFINITY);
    for (i, center) in centers.iter().enumerate() {
        let number = i as f64;
        for ((point, away), heap) in points.iter().zip(&mut *away).zip(&mut *heaps) {
            let (here, before, old) = (square(*point, *center), *away, *heap);
            let nearer = here < before;
            (*away, *heap) = (if nearer { here } else { before }, if nearer { number } else { old });
        }
    }
}

/// Lloyd's steps: each point goes to its nearest middle, each middle to the mean of its points. Heaps left empty vanish.
pub fn lloyd(points: &[Point], weights: Option<&[f64]>, mut centers: Vec<Point>, until: Until) -> Heaps {
    let mut labels = vec![u8::MAX; points.len()];
    let (mut away, mut heaps) = (vec![0.0; points.len()], vec![0.0; points.len()]);
    for _ in 0..until.steps {
        all_nearest(points, &centers, &mut away, &mut heaps);
        let mut changed = false;
        let mut sums = vec![([0.0; 2], 0.0); centers.len()];
        for (i, ((point, label), heap)) in points.iter().zip(&mut labels).zip(&heaps).enumerate() {
            let heap = *heap as i32 as usize;
            changed |= *label != heap as u8;
            *label = heap as u8;
            let weight = weights.map_or(1.0, |w| w[i]);
            let (sum, weighs) = &mut sums[heap];
            *sum = [sum[0] + weight * point[0], sum[1] + weight * point[1]];
            *weighs += weight;
        }
        let full: Vec<bool> = sums.iter().map(|(_, weighs)| *weighs > 0.0).collect();
        let moved = sums.iter().filter(|(_, weighs)| *weighs > 0.0).map(|(sum, weighs)| sum.map(|s| s / weighs)).collect();
        let before = std::mem::replace(&mut centers, moved);
        if full.contains(&false) {
            let kept = |old: u8| full[..usize::from(old)].iter().filter(|f| **f).count() as u8;
            labels.iter_mut().for_each(|l| *l = kept(*l));
        }
        if until.still.map_or(!changed, |still| at_rest(&before, &centers, still)) {
            break;
        }
    }
    let inertia = points.iter().zip(&labels).map(|(p, l)| square(*p, centers[usize::from(*l)])).sum();
    Heaps { labels, centers, inertia }
}

/// Whether all middles, each list in its order, are nearer than that to where they were.
fn at_rest(before: &[Point], after: &[Point], still: f64) -> bool {
    let sorted = |points: &[Point]| {
        let mut all = points.to_vec();
        all.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        all
    };
    before.len() == after.len() && sorted(before).into_iter().zip(sorted(after)).all(|(a, b)| square(a, b).sqrt() < still)
}

/// The first so many points of which no two are the same.
pub fn first_distinct(points: &[Point], most: usize) -> Vec<Point> {
    let mut found: Vec<Point> = Vec::new();
    for point in points {
        if found.len() == most {
            break;
        }
        if !found.contains(point) {
            found.push(*point);
        }
    }
    found
}

/// How hard to look for tight heaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For the map itself.
    Full,
    /// For what is done again and again, to compare with.
    Light,
}

/// The tightest k heaps that so much effort finds; nothing when there are fewer than k different points.
pub fn tightest(points: &[Point], k: usize, effort: Effort) -> Option<Heaps> {
    if first_distinct(points, k).len() < k {
        return None;
    }
    let until = Until { steps: STEPS, still: None };
    let tried = selection(points, TRIED_ON);
    let beginnings = match effort {
        Effort::Full => (TRIES / tried.len()).clamp(BEGINNINGS.0, BEGINNINGS.1),
        Effort::Light => LIGHT,
    };
    let mut found: Vec<Heaps> = Vec::new();
    for n in 0..beginnings {
        let heaps = lloyd(&tried, None, beginning(&tried, k, n as u64), until);
        if heaps.centers.len() == k && !found.iter().any(|f| equal(f.inertia, heaps.inertia)) {
            found.push(heaps);
        }
    }
    found.sort_by(|a, b| a.inertia.total_cmp(&b.inertia));
    if tried.len() < points.len() {
        found.truncate(CARRIED_ON);
        found = found.into_iter().map(|f| lloyd(points, None, f.centers, until)).filter(|f| f.centers.len() == k).collect();
    }
    found.into_iter().reduce(|best, other| {
        let tighter = other.inertia < best.inertia && !equal(best.inertia, other.inertia);
        if tighter { other } else { best }
    })
}

fn equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= EQUAL * a.max(b)
}

/// At most so many of them, evenly.
pub fn selection(points: &[Point], most: usize) -> Vec<Point> {
    let many = points.len().min(most);
    (0..many).map(|i| points[i * points.len() / many]).collect()
}

/// Where a try begins: the first goes to the farthest point each time, the others draw far points more often than near ones.
fn beginning(points: &[Point], k: usize, n: u64) -> Vec<Point> {
    let mut draws = Splitmix::new(n);
    let many = points.len();
    let mut centers = vec![match n {
        0 => mean(points),
        _ => points[((draws.part() * many as f64) as usize).min(many - 1)],
    }];
    let mut away: Vec<f64> = points.iter().map(|p| square(*p, centers[0])).collect();
    if n == 0 {
        centers.clear();
    }
    while centers.len() < k {
        let next = if n == 0 {
            (0..many).fold(0, |best, i| if away[i] > away[best] { i } else { best })
        } else {
            let mut left = draws.part() * away.iter().sum::<f64>();
            let hit = away.iter().position(|a| {
                left -= a;
                left < 0.0
            });
            hit.unwrap_or(many - 1)
        };
        let center = points[next];
        for (a, p) in away.iter_mut().zip(points) {
            *a = if centers.is_empty() { square(*p, center) } else { a.min(square(*p, center)) };
        }
        centers.push(center);
    }
    centers
}

fn mean(points: &[Point]) -> Point {
    let sum = points.iter().fold([0.0; 2], |s, p| [s[0] + p[0], s[1] + p[1]]);
    sum.map(|s| s / points.len() as f64)
}
