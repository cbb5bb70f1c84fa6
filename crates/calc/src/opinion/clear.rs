//! Whether groups are there at all, and whether there is a gap between them.
//!
//! How good is a good silhouette? A crowd that is of one mind but for chance may look lumpy, so no fixed number will do. The same
//! cutting is applied, again and again, to the votes themselves, those on each statement dealt anew among the people who saw it: as many
//! of each kind, and no two statements have anything to do with each other. Groups are *clear* when their silhouette lies three
//! standard deviations above the results; what is not clear is no more than noise.
//!
//! Clear groups may still be the ends of one line of opinion, with people all along. There is a *gap* when between the middles of
//! neighbouring groups stand less than half as many people as around either of them.
//!
//! What must stay true: chance comes from a fixed generator; many people are judged by an even selection of them, and fewer people
//! flatter what is compared with, so this errs on the side of “not clear”.

use super::kmeans::{Effort, square};
use super::plane::{Plane, Point};
use super::silhouette::best;
use super::votes::{Vote, Votes};
use crate::draw::Splitmix;
use crate::shared::shared;

/// How often each is tried.
const TRIES: usize = 16;
/// Standard deviations above chance.
const ABOVE: f64 = 3.0;
/// Most people of a try.
const PEOPLE: usize = 150;
/// Below it nothing is clear (Kaufman & Rousseeuw 1990: no substantial structure).
const LEAST: f64 = 0.25;

/// Whether groups with this silhouette are there at all. They were looked for among at most `most`.
pub fn clear(silhouette: f64, most: usize, votes: &Votes, out: &[bool], people: &[u32]) -> bool {
    silhouette >= LEAST && above(silhouette, &shared(TRIES, |n| chance(&dealt(votes, out, people, n as u64), most)))
}

fn chance(points: &[Point], most: usize) -> f64 {
    best(points, most, Effort::Light).map_or(0.0, |(_, silhouette)| silhouette)
}

/// Whether a figure is far above others.
fn above(figure: f64, others: &[f64]) -> bool {
    let (sum, squares) = others.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let mean = sum / TRIES as f64;
    let spread = (squares / TRIES as f64 - mean * mean).max(0.0).sqrt();
    figure > mean + ABOVE * spread
}

/// Where people would stand if the votes on each statement were dealt anew among them.
fn dealt(votes: &Votes, out: &[bool], people: &[u32], n: u64) -> Vec<Point> {
    let many = people.len().min(PEOPLE);
    let mut rows: Vec<Vec<(u32, Vote)>> =
        (0..many).map(|i| votes.row(people[i * people.len() / many] as usize).to_vec()).collect();
    let mut piles: Vec<Vec<Vote>> = vec![Vec::new(); out.len()];
    rows.iter().flatten().for_each(|(j, vote)| piles[*j as usize].push(*vote));
    let mut draws = Splitmix::new(n.wrapping_add(1) << 16);
    for (j, vote) in rows.iter_mut().flatten() {
        let pile = &mut piles[*j as usize];
        *vote = pile.swap_remove((draws.draw() % pile.len() as u64) as usize);
    }
    let dealt = votes.with_rows(rows);
    let everybody: Vec<u32> = (0..many as u32).collect();
    let plane = Plane::rough(&dealt, out, &everybody);
    (0..many).map(|v| plane.place(&dealt, out, v)).collect()
}

/// Whether there is a gap between each group and its nearest neighbour.
pub fn gap(points: &[Point], labels: &[u8], k: usize) -> bool {
    let mut sums = vec![([0.0; 2], 0.0); k];
    for (point, label) in points.iter().zip(labels) {
        let (sum, many) = &mut sums[usize::from(*label)];
        (*sum, *many) = ([sum[0] + point[0], sum[1] + point[1]], *many + 1.0);
    }
    let middles: Vec<Point> = sums.iter().map(|(sum, many)| sum.map(|s| s / f64::max(*many, 1.0))).collect();
    (0..k).all(|a| {
        let others = (0..k).filter(|b| *b != a);
        let nearest = others.min_by(|b, c| square(middles[a], middles[*b]).total_cmp(&square(middles[a], middles[*c])));
        nearest.is_some_and(|b| apart(points, labels, (a, middles[a]), (b, middles[b])))
    })
}

/// Whether few people of two groups stand between their middles: along the line from one to the other, the middle third against as
/// wide a strip around each end.
fn apart(points: &[Point], labels: &[u8], (a, from): (usize, Point), (b, to): (usize, Point)) -> bool {
    let line = [to[0] - from[0], to[1] - from[1]];
    let long = square(from, to);
    let (mut here, mut between, mut there) = (0, 0, 0);
    for (point, label) in points.iter().zip(labels) {
        if usize::from(*label) == a || usize::from(*label) == b {
            let along = ((point[0] - from[0]) * line[0] + (point[1] - from[1]) * line[1]) / long;
            let strip = |middle: f64| u32::from((along - middle).abs() <= 1.0 / 6.0);
            here += strip(0.0);
            between += strip(0.5);
            there += strip(1.0);
        }
    }
    2 * between < here.min(there)
}
