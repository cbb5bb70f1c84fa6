//! An election to decide: projects with what they ask, and ballots, equal ones as one with a weight.
//!
//! What must stay true: every ballot counts among the voters, also an empty one; projects stand in the order of their ids,
//! whatever the order of the file.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

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
        self.ballots.iter().enumerate().map(|(at, (_, times))| (&self.marks[self.range(at)], *times))
    }

    /// Where the marks of a distinct ballot are.
    pub(super) fn range(&self, ballot: usize) -> Range<usize> {
        let start = ballot.checked_sub(1).map_or(0, |before| self.ballots[before].0);
        start as usize..self.ballots[ballot].0 as usize
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
    /// Hash of the marks → distinct ballot; one whose place is taken by another has the next free number behind it.
    known: HashMap<u64, u32>,
    hasher: RandomState,
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

    /// Adds a ballot: projects by their place, each at most once, and the points it gives them; none is no mark. Says which
    /// distinct ballot it is; an empty one is none.
    pub fn add(&mut self, marks: &[(u32, u32)]) -> Result<Option<u32>, Full> {
        self.ballot.clear();
        self.ballot.extend(marks.iter().filter(|m| m.1 > 0).map(|(at, points)| (self.places[*at as usize], *points)));
        self.ballot.sort_unstable();
        if self.ballot.is_empty() {
            return self.again(None).map(|()| None);
        }
        let mut hash = self.hasher.hash_one(&self.ballot);
        while let Some(known) = self.known.get(&hash).copied() {
            if self.election.marks[self.election.range(known as usize)] == self.ballot {
                return self.again(Some(known)).map(|()| Some(known));
            }
            hash = hash.wrapping_add(1);
        }
        if self.election.marks.len() + self.ballot.len() > u32::MAX as usize {
            return Err(Full::Marks);
        }
        let new = self.election.ballots.len() as u32;
        self.known.insert(hash, new);
        self.election.marks.extend_from_slice(&self.ballot);
        self.election.ballots.push((self.election.marks.len() as u32, 0));
        self.again(Some(new)).map(|()| Some(new))
    }

    /// Adds a ballot like one that was added before.
    pub fn again(&mut self, ballot: Option<u32>) -> Result<(), Full> {
        if self.election.voters as usize == VOTERS {
            return Err(Full::Voters);
        }
        self.election.voters += 1;
        if let Some(ballot) = ballot {
            self.election.ballots[ballot as usize].1 += 1;
        }
        Ok(())
    }

    /// All ballots are in.
    pub fn finish(mut self) -> Election {
        let mut counts = vec![(0, 0); self.places.len()];
        for (marks, times) in self.election.each() {
            for (at, points) in marks {
                let (votes, sum): &mut (u64, u64) = &mut counts[*at as usize];
                *votes += u64::from(times);
                *sum += u64::from(times) * u64::from(*points);
            }
        }
        for (project, counted) in self.election.projects.iter_mut().zip(counts) {
            (project.votes, project.points) = counted;
        }
        self.election
    }
}
