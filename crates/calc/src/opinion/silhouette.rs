//! How well points lie in their heaps: the silhouette of Rousseeuw (1987), from −1 to 1.
//!
//! A point's value is (b − a) / max(a, b): a its mean distance to its own heap, b to the nearest other one; 0 when it is alone.
//!
//! What must stay true: among very many points an even selection is judged, always the same one.

use super::kmeans::{Effort, square, tightest};
use super::plane::Point;
use crate::shared::shared;

/// Points that are judged.
const JUDGED: usize = 1_000;
/// Points whose distances are added up at once: one sum would wait for itself at each step.
const AT_ONCE: usize = 4;

/// The mean silhouette of each of these ways to part the points.
pub fn silhouettes(points: &[Point], ways: &[&[u8]]) -> Vec<f64> {
    let many = points.len().min(JUDGED);
    let judged: Vec<usize> = (0..many).map(|i| i * points.len() / many).collect();
    let heaps: Vec<usize> = ways.iter().map(|labels| labels.iter().max().map_or(0, |l| usize::from(*l) + 1)).collect();
    let labels: Vec<Vec<u8>> = ways.iter().map(|w| judged.iter().map(|i| w[*i]).collect()).collect();
    let mut sizes: Vec<Vec<f64>> = heaps.iter().map(|k| vec![0.0; *k]).collect();
    for (way, labels) in labels.iter().enumerate() {
        labels.iter().for_each(|l| sizes[way][usize::from(*l)] += 1.0);
    }
    let mut totals = vec![0.0; ways.len()];
    let places: Vec<Point> = judged.iter().map(|i| points[*i]).collect();
    let mut away = vec![[0.0; AT_ONCE]; many];
    for first in (0..many).step_by(AT_ONCE) {
        let here: [Point; AT_ONCE] = std::array::from_fn(|n| places[(first + n).min(many - 1)]);
        away.iter_mut().zip(&places).for_each(|(away, p)| *away = here.map(|h| square(h, *p).sqrt()));
        for (way, labels) in labels.iter().enumerate() {
            let mut sums = vec![[0.0; AT_ONCE]; heaps[way]];
            for (l, away) in labels.iter().zip(&away) {
                let sum = &mut sums[usize::from(*l)];
                (0..AT_ONCE).for_each(|n| sum[n] += away[n]);
            }
            for n in 0..AT_ONCE.min(many - first) {
                let own: Vec<f64> = sums.iter().map(|s| s[n]).collect();
                totals[way] += one(usize::from(labels[first + n]), &own, &sizes[way]);
            }
        }
    }
    totals.into_iter().map(|t| if many == 0 { 0.0 } else { t / many as f64 }).collect()
}

/// The silhouette of one point, from its distances to each heap.
fn one(own: usize, sums: &[f64], sizes: &[f64]) -> f64 {
    if sizes[own] <= 1.0 {
        return 0.0;
    }
    let near = sums[own] / (sizes[own] - 1.0);
    let others = sums.iter().zip(sizes).enumerate().filter(|(heap, (_, size))| *heap != own && **size > 0.0);
    let next = others.map(|(_, (sum, size))| sum / size).fold(f64::INFINITY, f64::min);
    if next.is_infinite() || near.max(next) == 0.0 { 0.0 } else { (next - near) / near.max(next) }
}

/// The best of all ways to part points into 2 to `most` heaps, and its silhouette.
pub fn best(points: &[Point], most: usize, effort: Effort) -> Option<(Vec<u8>, f64)> {
    let heaps = |k| tightest(points, k, effort).map(|h| h.labels);
    let found = match effort {
        Effort::Full => shared((most + 1).saturating_sub(2), |n| heaps(n + 2)),
        Effort::Light => (2..=most).map(heaps).collect(),
    };
    let found: Vec<Vec<u8>> = found.into_iter().map_while(|labels| labels).collect();
    let ways: Vec<&[u8]> = found.iter().map(Vec::as_slice).collect();
    let good = silhouettes(points, &ways);
    // Of equally good ways the one with fewer heaps.
    let at = (0..found.len()).reduce(|best, at| if good[at] > good[best] { at } else { best })?;
    found.into_iter().nth(at).map(|labels| (labels, good[at]))
}
