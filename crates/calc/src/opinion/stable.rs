//! How much of the map is chance: the same people drawn again and again, some twice and some not at all, and mapped anew
//! (Efron 1979; for heaps Hennig 2007).
//!
//! Each round has its own plane, its own groups, and puts everybody into the nearest of them. `agreement` says how alike both ways
//! to group people are (1 the same, 0 as chance would have it); `groups` what part of each group stays together. Hennig reads them
//! as: above .75 the group is there, below .6 do not rely on it.
//!
//! What must stay true: the seed is public and given by whoever asks, so that anybody gets the same figures.

use super::groups::Grouping;
use super::kmeans::{Effort, nearest, tightest};
use super::plane::{Plane, Point};
use super::votes::Votes;
use crate::draw::{Splitmix, number};
use crate::shared::shared;

/// Rounds.
pub const ROUNDS: usize = 50;

/// How stable groups are.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// Mean adjusted Rand index against the groups of the map.
    pub agreement: f64,
    /// For each group the mean share (Jaccard) that its best counterpart has in common with it.
    pub groups: Vec<f64>,
    /// Rounds in which as many groups could be made at all.
    pub rounds: usize,
}

/// Maps anew, [`ROUNDS`] times. `people` are those on the map.
pub fn stability(votes: &Votes, out: &[bool], people: &[u32], grouping: &Grouping, seed: &str) -> Stability {
    let (mut agreement, mut groups, mut rounds) = (0.0, vec![0.0; grouping.k], 0);
    let anew = |round: usize| {
        let mut draws = Splitmix::new(number(seed, &round.to_string()));
        let mut drawn: Vec<usize> = (0..people.len()).map(|_| (draws.draw() % people.len() as u64) as usize).collect();
        drawn.sort_unstable();
        let voters: Vec<u32> = drawn.iter().map(|i| people[*i]).collect();
        let plane = Plane::rough(votes, out, &voters);
        let all: Vec<Point> = people.iter().map(|v| plane.place(votes, out, *v as usize)).collect();
        let points: Vec<Point> = drawn.iter().map(|i| all[*i]).collect();
        let heaps = tightest(&points, grouping.k, Effort::Light)?;
        let labels: Vec<u8> = all.iter().map(|p| nearest(*p, &heaps.centers).0 as u8).collect();
        Some(crossed(&grouping.labels, &labels))
    };
    for table in shared(ROUNDS, anew).into_iter().flatten() {
        agreement += index(&table);
        groups.iter_mut().zip(kept(&table)).for_each(|(g, share)| *g += share);
        rounds += 1;
    }
    let mean = |sum: f64| if rounds == 0 { 0.0 } else { sum / rounds as f64 };
    Stability { agreement: mean(agreement), groups: groups.into_iter().map(mean).collect(), rounds }
}

/// How often each label of the one goes with each of the other.
fn crossed(a: &[u8], b: &[u8]) -> Vec<Vec<f64>> {
    let most = |l: &[u8]| l.iter().max().map_or(0, |m| usize::from(*m) + 1);
    let mut table = vec![vec![0.0; most(b)]; most(a)];
    a.iter().zip(b).for_each(|(a, b)| table[usize::from(*a)][usize::from(*b)] += 1.0);
    table
}

/// How alike two ways to group the same people are: the adjusted Rand index of Hubert & Arabie (1985).
pub fn adjusted_rand(a: &[u8], b: &[u8]) -> f64 {
    index(&crossed(a, b))
}

fn index(table: &[Vec<f64>]) -> f64 {
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let rows: Vec<f64> = table.iter().map(|r| r.iter().sum()).collect();
    let columns: Vec<f64> = (0..table.first().map_or(0, Vec::len)).map(|c| table.iter().map(|r| r[c]).sum()).collect();
    let both: f64 = table.iter().flatten().map(|n| pairs(*n)).sum();
    let (a, b) = (rows.iter().map(|n| pairs(*n)).sum::<f64>(), columns.iter().map(|n| pairs(*n)).sum::<f64>());
    let all = pairs(rows.iter().sum());
    let chance = if all > 0.0 { a * b / all } else { 0.0 };
    let most = (a + b) / 2.0;
    if most == chance { 1.0 } else { (both - chance) / (most - chance) }
}

/// For each row the largest share that a column has in common with it.
fn kept(table: &[Vec<f64>]) -> Vec<f64> {
    let column = |c: usize| table.iter().map(|r| r[c]).sum::<f64>();
    let of = |row: &Vec<f64>| {
        let whole: f64 = row.iter().sum();
        let share = |(c, n): (usize, &f64)| n / (whole + column(c) - n);
        row.iter().enumerate().map(share).fold(0.0, f64::max)
    };
    table.iter().map(of).collect()
}
