//! An election laid out for Equal Shares: the supporters of each project side by side in memory, and who may win at all.

use super::election::Election;
use super::{Utility, Wanted};

/// What a run reads and never changes.
pub struct Field<'e> {
    /// The election.
    pub election: &'e Election,
    /// What one point for a project is worth: its cost, or 1.
    pub bases: Vec<u64>,
    /// Place of each project when all else is equal; the least first.
    pub ranks: Vec<u32>,
    /// It stands, enough ballots name it, and it is worth something to them.
    pub open: Vec<bool>,
    /// Whether ballots give other points than 1.
    pub pointed: bool,
    /// Supporters of open projects: distinct ballots, and the points they give (none when all give 1).
    who: Vec<u32>,
    points: Vec<u32>,
    starts: Vec<u32>,
    /// How often each distinct ballot was cast.
    pub times: Vec<u32>,
}

impl<'e> Field<'e> {
    /// Lays out.
    pub fn new(election: &'e Election, wanted: &Wanted, ranks: Vec<u32>) -> Field<'e> {
        let by_cost = wanted.utility == Utility::Cost;
        let bases: Vec<u64> = election.projects.iter().map(|p| if by_cost { p.cost } else { 1 }).collect();
        let stands = |at: usize| wanted.stands(&election.projects[at]) && election.projects[at].votes > 0;
        let open: Vec<bool> = (0..bases.len()).map(|at| stands(at) && bases[at] > 0).collect();
        let pointed = election.has_points();
        let mut starts = vec![0u32; bases.len() + 1];
        for (at, _) in election.marks.iter().filter(|m| open[m.0 as usize]) {
            starts[*at as usize + 1] += 1;
        }
        (0..bases.len()).for_each(|at| starts[at + 1] += starts[at]);
        let many = starts.last().copied().unwrap_or(0) as usize;
        let (mut who, mut points) = (vec![0; many], vec![0; if pointed { many } else { 0 }]);
        let mut next = starts.clone();
        for (ballot, (marks, _)) in election.each().enumerate() {
            for (at, given) in marks.iter().filter(|m| open[m.0 as usize]) {
                let place = next[*at as usize] as usize;
                next[*at as usize] += 1;
                who[place] = ballot as u32;
                if pointed {
                    points[place] = *given;
                }
            }
        }
        let times = election.ballots.iter().map(|b| b.1).collect();
        Field { election, bases, ranks, open, pointed, who, points, starts, times }
    }

    /// What a project asks.
    pub fn cost(&self, project: u32) -> u64 {
        self.election.projects[project as usize].cost
    }

    /// Distinct ballots that support a project.
    pub fn who(&self, project: u32) -> &[u32] {
        &self.who[self.starts[project as usize] as usize..self.starts[project as usize + 1] as usize]
    }

    /// Distinct ballots that support a project, and their points.
    pub fn supporters<const POINTED: bool>(&self, project: u32) -> impl Iterator<Item = (u32, u32)> {
        let first = self.starts[project as usize] as usize;
        self.who(project).iter().enumerate().map(move |(i, who)| (*who, if POINTED { self.points[first + i] } else { 1 }))
    }

    /// What a distinct ballot marks.
    pub fn marks(&self, ballot: u32) -> &[(u32, u32)] {
        &self.election.marks[self.election.range(ballot as usize)]
    }
}
