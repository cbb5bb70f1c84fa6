//! Who is on the map, and in which group of opinion.
//!
//! Somebody is on it after seven votes (or all statements, when there are fewer); when that leaves fewer than fifteen people, the most
//! active of the others join them.
//!
//! What must stay true: the default way depends on the people and their votes alone; groups are numbered by size, the largest first,
//! equally large ones by their first member. The `compat` way is Polis's, which depends on the order of the people as well: the one
//! in which they were named, or else that of their ids.

use super::Mode;
use super::kmeans::{Effort, Heaps, Until, first_distinct, lloyd};
use super::plane::Point;
use super::silhouette::{best, silhouettes};
use super::votes::Votes;

/// Votes after which somebody is on the map.
pub const ENOUGH: usize = 7;
/// At least so many people are.
pub const FEWEST: usize = 15;
/// Most groups.
pub const MOST: usize = 5;
/// Polis's way: small heaps first, and then groups of those.
const BASE: usize = 100;
const BASE_UNTIL: Until = Until { steps: 100, still: Some(0.01) };
const GROUP_UNTIL: Until = Until { steps: 20, still: Some(0.01) };

/// People in groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// Group of each, in the order of the points.
    pub labels: Vec<u8>,
    /// How many groups.
    pub k: usize,
    /// How well people lie in their groups, −1 to 1.
    pub silhouette: f64,
}

/// Who is on the map.
pub fn clustered(votes: &Votes) -> Vec<u32> {
    let enough = ENOUGH.min(votes.statements().len());
    let many = |v: &u32| votes.row(*v as usize).len();
    let all = 0..votes.voters().len() as u32;
    let (mut on, mut rest): (Vec<u32>, Vec<u32>) = all.partition(|v| many(v) >= enough);
    if on.len() < FEWEST {
        rest.sort_by_key(|v| std::cmp::Reverse(many(v)));
        on.extend(rest.into_iter().take(FEWEST - on.len()));
        on.sort_unstable();
    }
    on
}

/// Most groups of so many people.
pub fn most(many: usize) -> usize {
    MOST.min(2 + many / 12)
}

/// Puts people into groups.
pub fn group(points: &[Point], mode: Mode) -> Grouping {
    let found = match mode {
        Mode::Default => best(points, most(points.len()), Effort::Full).map(|(labels, good)| (by_size(&labels), good)),
        Mode::Compat => polis(points),
    };
    let Some((labels, silhouette)) = found else {
        return Grouping { labels: vec![0; points.len()], k: points.len().min(1), silhouette: 0.0 };
    };
    Grouping { k: labels.iter().max().map_or(0, |l| usize::from(*l) + 1), labels, silhouette }
}

/// Groups that somebody else made, judged in the same way.
pub fn given(points: &[Point], labels: Vec<u8>) -> Grouping {
    let k = labels.iter().max().map_or(0, |l| usize::from(*l) + 1);
    let silhouette = silhouettes(points, &[&labels])[0];
    Grouping { labels, k, silhouette }
}

/// Numbers groups by size, equally large ones by their first member.
fn by_size(labels: &[u8]) -> Vec<u8> {
    let k = labels.iter().max().map_or(0, |l| usize::from(*l) + 1);
    let mut groups: Vec<(usize, usize)> = vec![(0, usize::MAX); k];
    for (i, l) in labels.iter().enumerate() {
        let (size, first) = &mut groups[usize::from(*l)];
        (*size, *first) = (*size + 1, (*first).min(i));
    }
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by_key(|g| (std::cmp::Reverse(groups[*g].0), groups[*g].1));
    let mut number = vec![0; k];
    order.iter().enumerate().for_each(|(new, old)| number[*old] = new as u8);
    labels.iter().map(|l| number[usize::from(*l)]).collect()
}

/// Polis's way without its history: heaps of people, then groups of heaps that weigh as many people; the number of groups by the
/// silhouette of the heaps.
fn polis(points: &[Point]) -> Option<(Vec<u8>, f64)> {
    let base = lloyd(points, None, first_distinct(points, BASE), BASE_UNTIL);
    let mut weights = vec![0.0; base.centers.len()];
    base.labels.iter().for_each(|l| weights[usize::from(*l)] += 1.0);
    let way = |k| lloyd(&base.centers, Some(&weights), first_distinct(&base.centers, k), GROUP_UNTIL);
    let found: Vec<Heaps> = (2..=most(base.centers.len())).map(way).collect();
    let ways: Vec<&[u8]> = found.iter().map(|h| h.labels.as_slice()).collect();
    let good = silhouettes(&base.centers, &ways);
    let at = (0..found.len()).reduce(|best, at| if good[at] > good[best] { at } else { best })?;
    let labels = base.labels.iter().map(|l| found[at].labels[usize::from(*l)]).collect();
    Some((labels, good[at]))
}
