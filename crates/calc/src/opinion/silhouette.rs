//! How well points lie in their heaps: the silhouette of Rousseeuw (1987), from −1 to 1.
//!
//! A point's value is (b − a) / max(a, b): a its mean distance to its own heap, b to the nearest other one; 0 when it is alone.
//!
//! What must stay true: among very many points an even selection is judged, always the same one.

use super::kmeans::{Effort, square, tightest};
use super::plane::Point;

/// Points that are judged.
const JUDGED: usize = 1_000;

/// The mean silhouette of each of these ways to part the points.
pub fn silhouettes(points: &[Point], ways: &[&[u8]]) -> Vec<f64> {
    let many = points.len().min(JUDGED);
    let judged: Vec<usize> = (0..many).map(|i| i * points.len() / many).collect();
    let heaps: Vec<usize> = ways.iter().map(|labels| labels.iter().max().map_or(0, |l| usize::from(*l) + 1)).collect();
    let labels: Vec<Vec<u8>> = ways.iter().map(|w| judged.iter().map(|i| w[*i]).collect()).collect();
    let mut sums: Vec<Vec<f64>> = heaps.iter().map(|k| vec![0.0; *k]).collect();
    let mut sizes = sums.clone();
    for (way, labels) in labels.iter().enumerate() {
        labels.iter().for_each(|l| sizes[way][usize::from(*l)] += 1.0);
    }
    let mut totals = vec![0.0; ways.len()];
    let mut away = vec![0.0; many];
    for i in 0..many {
        let here = points[judged[i]];
        away.iter_mut().zip(&judged).for_each(|(a, j)| *a = square(here, points[*j]));
        away.iter_mut().for_each(|a| *a = a.sqrt());
        for (way, labels) in labels.iter().enumerate() {
            let sums = &mut sums[way];
            sums.fill(0.0);
            labels.iter().zip(&away).for_each(|(l, a)| sums[usize::from(*l)] += a);
            totals[way] += one(usize::from(labels[i]), sums, &sizes[way]);
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
    let found: Vec<Vec<u8>> = (2..=most).map_while(|k| tightest(points, k, effort)).map(|h| h.labels).collect();
    let ways: Vec<&[u8]> = found.iter().map(Vec::as_slice).collect();
    let good = silhouettes(points, &ways);
    // Of equally good ways the one with fewer heaps.
    let at = (0..found.len()).reduce(|best, at| if good[at] > good[best] { at } else { best })?;
    found.into_iter().nth(at).map(|labels| (labels, good[at]))
}
