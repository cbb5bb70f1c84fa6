//! Whether groups are there at all, and whether there is a gap between them.
//!
//! How good is a good silhouette? A crowd that is of one mind but for chance may look lumpy, and a line of opinion without any gap,
//! cut in two, reaches .6; so no fixed number will do. The same cutting is applied where there are no groups, again and again,
//! and what lies three standard deviations above the results is more than chance:
//! - *clear*: better than the votes themselves, those on each statement dealt anew among the people who saw it: as many of each kind,
//!   and no two statements have anything to do with each other. What is not clear is no more than noise.
//! - *gap*: better than clouds spread evenly over a rectangle as wide and as long as the people are spread, of all clouds
//!   without a gap the ones that fall apart most easily (Tibshirani, Walther & Hastie 2001). Clear groups without a gap are the ends of a
//!   line of opinion that has people all along.
//!
//! What must stay true: chance comes from a fixed generator; many people are judged by an even selection of them, and fewer points
//! flatter what is compared with, so this errs on the side of “not clear”.

use super::kmeans::Effort;
use super::plane::{Plane, Point};
use super::silhouette::best;
use super::votes::{Vote, Votes};
use crate::draw::Splitmix;

/// How often each is tried.
const TRIES: u64 = 16;
/// Standard deviations above chance.
const ABOVE: f64 = 3.0;
/// Most people of a try.
const PEOPLE: usize = 200;
/// Below it nothing is clear (Kaufman & Rousseeuw 1990: no substantial structure).
const LEAST: f64 = 0.25;

/// Whether groups with this silhouette are there at all. They were looked for among at most `most`.
pub fn clear(silhouette: f64, most: usize, votes: &Votes, out: &[bool], people: &[u32]) -> bool {
    silhouette >= LEAST && above(silhouette, (0..TRIES).map(|n| chance(&dealt(votes, out, people, n), most)))
}

/// Whether there is a gap between groups with this silhouette, which are made of these points.
pub fn gap(silhouette: f64, most: usize, points: &[Point]) -> bool {
    silhouette >= LEAST && above(silhouette, (0..TRIES).map(|n| chance(&even(points, n), most)))
}

fn chance(points: &[Point], most: usize) -> f64 {
    best(points, most, Effort::Light).map_or(0.0, |(_, silhouette)| silhouette)
}

/// Whether a figure is far above others.
fn above(figure: f64, others: impl Iterator<Item = f64>) -> bool {
    let (sum, squares) = others.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let mean = sum / TRIES as f64;
    let spread = (squares / TRIES as f64 - mean * mean).max(0.0).sqrt();
    figure > mean + ABOVE * spread
}

/// Points spread evenly over a rectangle, with the spread of these along their own axes.
fn even(points: &[Point], n: u64) -> Vec<Point> {
    let many = points.len().max(1) as f64;
    let mean = [0, 1].map(|axis: usize| points.iter().map(|p| p[axis]).sum::<f64>() / many);
    let of = |a: usize, b: usize| points.iter().map(|p| (p[a] - mean[a]) * (p[b] - mean[b])).sum::<f64>() / many;
    let (half, apart) = ((of(0, 0) + of(1, 1)) / 2.0, (of(0, 0) - of(1, 1)) / 2.0);
    let reach = (apart * apart + of(0, 1) * of(0, 1)).sqrt();
    let spread = [(half + reach).sqrt(), (half - reach).max(0.0).sqrt()];
    let mut draws = Splitmix::new(n.wrapping_add(1) << 32);
    (0..points.len().min(PEOPLE)).map(|_| spread.map(|s| s * (draws.part() - 0.5))).collect()
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
    let plane = Plane::of(&dealt, out, &everybody);
    (0..many).map(|v| plane.place(&dealt, out, v)).collect()
}
