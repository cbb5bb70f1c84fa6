//! An election to decide: projects with what they ask, and ballots, equal ones as one with a weight.
//!
//! What must stay true: every ballot counts among the voters, also an empty one; projects stand in the order of their ids,
//! whatever the order of the file.

use std::cmp::Ordering;
use std::collections::HashMap;

/// Most projects.
pub const PROJECTS: usize = 10_000;
/// Most ballots.
pub const VOTERS: usize = 20_000_000;
/// Most of an amount of money, in the smallest unit of an election.
pub const AMOUNT: u64 = 1_000_000_000_000_000;
/// Most points that a ballot gives one project.
pub const POINTS: u32 = 1_000_000;

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its id, as ballots name it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it asks, in the smallest unit.
    pub cost: u64,
    /// It does not stand any more; its votes count for nothing.
    pub withdrawn: bool,
    /// Ballots that name it.
    pub votes: u64,
    /// Points that these give it; the votes, when each gives one.
    pub points: u64,
}

/// Projects and ballots.
#[derive(Clone, Debug, Default)]
pub struct Election {
    /// The projects, by their ids.
    pub projects: Vec<Project>,
    /// Money to give away, in the smallest unit.
    pub budget: u64,
    /// Digits behind the point that the smallest unit stands for: 2 when it is a cent.
    pub decimals: u32,
    /// Ballots, also the empty ones.
    pub voters: u64,
    /// All distinct ballots, one behind the other: project and points.
    pub(super) marks: Vec<(u32, u32)>,
    /// Where each of them ends, and how often it was cast.
    pub(super) ballots: Vec<(u32, u32)>,
}

impl Election {
    /// Some ballot gives something else than one point.
    pub fn has_points(&self) -> bool {
        self.marks.iter().any(|(_, points)| *points != 1)
    }

    /// Distinct ballots that name something.
    pub fn distinct(&self) -> usize {
        self.ballots.len()
    }

    /// The distinct ballots: what each marks, and how often it was cast.
    pub(super) fn each(&self) -> impl Iterator<Item = (&[(u32, u32)], u32)> {
        let mut start = 0;
        self.ballots.iter().map(move |(end, times)| {
            let marks = &self.marks[start..*end as usize];
            start = *end as usize;
            (marks, *times)
        })
    }
}

/// Ids as people sort them: numbers by their size and before all else, then texts.
pub fn by_id(a: &str, b: &str) -> Ordering {
    let number = |id: &str| id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse::<u64>().ok()).flatten();
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Why a ballot is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// More than [`VOTERS`].
    Voters,
    /// More marks than can be counted.
    Marks,
}

/// Collects ballots.
#[derive(Debug, Default)]
pub struct Collector {
    election: Election,
    known: HashMap<Vec<(u32, u32)>, u32>,
    /// Project in the order of the file → by id.
    places: Vec<u32>,
    ballot: Vec<(u32, u32)>,
}

impl Collector {
    /// Begins with the projects, whose ids must be distinct; [`Self::add`] names them by their place here.
    pub fn new(projects: Vec<Project>, budget: u64, decimals: u32) -> Collector {
        let mut order: Vec<usize> = (0..projects.len()).collect();
        order.sort_by(|a, b| by_id(&projects[*a].id, &projects[*b].id));
        let mut places = vec![0; projects.len()];
        order.iter().enumerate().for_each(|(place, at)| places[*at] = place as u32);
        let mut sorted = vec![Project::default(); projects.len()];
        for (at, project) in projects.into_iter().enumerate() {
            sorted[places[at] as usize] = project;
        }
        let election = Election { projects: sorted, budget, decimals, ..Election::default() };
        Collector { election, places, ..Collector::default() }
    }

    /// Adds a ballot: projects by their place, each at most once, and the points it gives them; none is no mark.
    pub fn add(&mut self, marks: &[(u32, u32)]) -> Result<(), Full> {
        if self.election.voters as usize == VOTERS {
            return Err(Full::Voters);
        }
        self.election.voters += 1;
        self.ballot.clear();
        self.ballot.extend(marks.iter().filter(|m| m.1 > 0).map(|(at, points)| (self.places[*at as usize], *points)));
        self.ballot.sort_unstable();
        for (at, points) in &self.ballot {
            let project = &mut self.election.projects[*at as usize];
            project.votes += 1;
            project.points += u64::from(*points);
        }
        if self.ballot.is_empty() {
            return Ok(());
        }
        if let Some(known) = self.known.get(&self.ballot) {
            self.election.ballots[*known as usize].1 += 1;
            return Ok(());
        }
        if self.election.marks.len() + self.ballot.len() > u32::MAX as usize {
            return Err(Full::Marks);
        }
        self.known.insert(self.ballot.clone(), self.election.ballots.len() as u32);
        self.election.marks.extend_from_slice(&self.ballot);
        self.election.ballots.push((self.election.marks.len() as u32, 1));
        Ok(())
    }

    /// All ballots are in.
    pub fn finish(self) -> Election {
        self.election
    }
}
