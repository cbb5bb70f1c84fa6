//! What is common ground: among everybody, across groups of opinion, and across roles.
//!
//! A majority of everybody may be one large group alone; so agreement is measured in each group and taken together in a way that no
//! group can be outweighed. The same is done for roles (residents, committee, property firm …): what both the groups and the
//! roles agree on is a bridge.
//!
//! What must stay true: whoever belongs to a role counts for it whether or not he is on the map; a group or role that has
//! not seen a statement is no proof that it agrees.

use super::Mode;
use super::represent::{CHOSEN, Count, SIGNIFICANT, against_half};
use super::votes::{Votes, by_id};

/// Most roles.
pub const ROLES: usize = 100;

/// How far all of these agree, 0 to 1.
///
/// By default the geometric mean over groups of P(agree) · (1 − P(disagree)), half a vote added on each side, so that few groups and
/// many are on one scale and a statement that splits a group counts less. `Compat`: the product of P(agree), one vote added.
pub fn across(counts: impl Iterator<Item = Count>, mode: Mode) -> Option<f64> {
    let (mut product, mut many) = (1.0, 0u32);
    for count in counts {
        let [a, d, s] = [count.agree, count.disagree, count.seen].map(f64::from);
        many += 1;
        product *= match mode {
            Mode::Default => (a + 0.5) / (s + 1.0) * (1.0 - (d + 0.5) / (s + 1.0)),
            Mode::Compat => (a + 1.0) / (s + 2.0),
        };
    }
    match mode {
        _ if many == 0 => None,
        Mode::Default => Some(product.powf(1.0 / f64::from(many))),
        Mode::Compat => Some(product),
    }
}

/// The same for disagreement.
pub fn across_against(counts: impl Iterator<Item = Count>, mode: Mode) -> Option<f64> {
    across(counts.map(|c| Count { agree: c.disagree, disagree: c.agree, seen: c.seen }), mode)
}

/// A statement that everybody together is for, or against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shared {
    /// Which.
    pub statement: usize,
    /// Votes on this side.
    pub hits: u32,
    /// All votes.
    pub seen: u32,
    /// Share, with one vote added on each side.
    pub p: f64,
    /// One-proportion z against a half.
    pub p_test: f64,
}

/// What most people agree with, and what most disagree with; the clearest first.
pub fn overall(counts: &[Count], out: &[bool]) -> [Vec<Shared>; 2] {
    [|c: &Count| c.agree, |c: &Count| c.disagree].map(|side: fn(&Count) -> u32| {
        let shared = |(statement, count): (usize, &Count)| {
            let (hits, seen) = (side(count), count.seen);
            let p = (f64::from(hits) + 1.0) / (f64::from(seen) + 2.0);
            Shared { statement, hits, seen, p, p_test: against_half(hits, seen) }
        };
        let clear = |s: &Shared| !out[s.statement] && s.p > 0.5 && s.p_test > SIGNIFICANT;
        let mut list: Vec<Shared> = counts.iter().enumerate().map(shared).filter(clear).collect();
        list.sort_by(|a, b| (b.p * b.p_test).total_cmp(&(a.p * a.p_test)));
        list.truncate(CHOSEN);
        list
    })
}

/// Who has which roles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roles {
    names: Vec<String>,
    /// Voter and role, in order; somebody may have several.
    pairs: Vec<(u32, u8)>,
}

impl Roles {
    /// From voters and the names of their roles; nothing when there are more than [`ROLES`].
    pub fn new(pairs: &[(u32, String)]) -> Option<Roles> {
        let mut names: Vec<String> = pairs.iter().map(|(_, name)| name.clone()).collect();
        names.sort_unstable_by(|a, b| by_id(a, b));
        names.dedup();
        if names.len() > ROLES {
            return None;
        }
        let place = |name: &String| names.binary_search_by(|n| by_id(n, name)).unwrap_or_default() as u8;
        let mut pairs: Vec<(u32, u8)> = pairs.iter().map(|(voter, name)| (*voter, place(name))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Some(Roles { names, pairs })
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Votes of each role on each statement.
    pub fn counts(&self, votes: &Votes) -> Vec<Vec<Count>> {
        let mut counts = vec![vec![Count::default(); votes.statements().len()]; self.names.len()];
        for (voter, role) in &self.pairs {
            let role = &mut counts[usize::from(*role)];
            votes.row(*voter as usize).iter().for_each(|(j, vote)| role[*j as usize].add(*vote));
        }
        counts
    }

    /// People of each role, and how many of them are in each group.
    pub fn people(&self, labels: &[Option<u8>], k: usize) -> Vec<(u32, Vec<u32>)> {
        let mut people = vec![(0, vec![0; k]); self.names.len()];
        for (voter, role) in &self.pairs {
            let (all, groups) = &mut people[usize::from(*role)];
            *all += 1;
            if let Some(group) = labels[*voter as usize] {
                groups[usize::from(group)] += 1;
            }
        }
        people
    }
}

/// How far a statement bridges roles, and roles and groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bridge {
    /// [`across`] all roles.
    pub roles: f64,
    /// The smaller of the default measure across roles and across groups.
    pub all: f64,
    /// More than half of those who voted agree, in every role and every group.
    pub everywhere: bool,
}

/// Bridges, by statement.
pub fn bridges(groups: &[Vec<Count>], roles: &[Vec<Count>], statements: usize, mode: Mode) -> Vec<Bridge> {
    let bridge = |j: usize| {
        let of = |sides: &[Vec<Count>], mode| across(sides.iter().map(|s| s[j]), mode);
        let mut sides = groups.iter().chain(roles).map(|s| s[j]);
        let least = [groups, roles].into_iter().filter_map(|sides| of(sides, Mode::Default)).fold(1.0, f64::min);
        let everywhere = sides.all(|c| 2 * c.agree > c.seen);
        Bridge { roles: of(roles, mode).unwrap_or_default(), all: least, everywhere }
    };
    (0..statements).map(bridge).collect()
}

/// The strongest bridges that hold everywhere.
pub fn strongest(bridges: &[Bridge], out: &[bool]) -> Vec<usize> {
    let mut list: Vec<usize> = (0..bridges.len()).filter(|j| !out[*j] && bridges[*j].everywhere).collect();
    list.sort_by(|a, b| bridges[*b].all.total_cmp(&bridges[*a].all));
    list.truncate(CHOSEN);
    list
}
