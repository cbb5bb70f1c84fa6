//! The opinion map: who thinks alike, what each group says that the others do not, and what all of them share.
//!
//! After Polis (Small et al. 2021), whose groups depend on accidents of order; here they do not, unless [`Mode::Compat`] is asked
//! for. [`votes`] makes a table of what people said, [`plane`] finds where opinions differ most and places everybody
//! ([`eigen`] does its arithmetic), [`groups`] makes groups ([`kmeans`], [`silhouette`] says how good they are, [`clear`] whether they are there at all), [`represent`]
//! finds what speaks for each group, [`common`] what is shared across groups and roles, [`next`] which statement to show next,
//! [`stable`] how much of it is chance. [`picture`] lays it out. `docs/opinion.md` tells the method as a whole.
//!
//! What must stay true: the same votes give the same map, bit for bit, in whatever order they come; figures about groups depend on
//! the groups alone, so that they hold for groups that somebody else made; no input, however odd, stops it.

pub mod clear;
pub mod common;
pub mod eigen;
pub mod groups;
pub mod kmeans;
pub mod next;
pub mod picture;
pub mod plane;
pub mod represent;
pub mod silhouette;
pub mod stable;
#[cfg(test)]
mod tests;
pub mod votes;

pub use common::{Bridge, Roles, Shared};
pub use groups::Grouping;
pub use plane::{Plane, Point};
pub use represent::{Chosen, Count, Stat};
pub use votes::{Intake, Refused, Vote, Votes};

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Ours: nothing depends on order.
    #[default]
    Default,
    /// Polis's, to compare with its results.
    Compat,
}

/// What is asked for besides the votes. Places are those of [`Votes`].
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Which way.
    pub mode: Mode,
    /// Who is on the map, in this order; by default whoever voted enough.
    pub people: Option<Vec<u32>>,
    /// Groups that were made already, for these people.
    pub groups: Option<Vec<u8>>,
    /// Statements that moderation took out.
    pub out: Vec<u32>,
    /// Statements about the matter itself, which everybody should see early.
    pub meta: Vec<u32>,
    /// Who has which roles.
    pub roles: Option<Roles>,
    /// A public seed, to say how stable the groups are.
    pub seed: Option<String>,
}

/// The map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Who is on it.
    pub people: Vec<u32>,
    /// Their groups.
    pub grouping: Grouping,
    /// Whether the groups are more than chance.
    pub clear: bool,
    /// Whether there is a gap between them; else they are the ends of a line that has people all along.
    pub gap: bool,
    /// Group of every voter.
    pub labels: Vec<Option<u8>>,
    /// The plane.
    pub plane: Plane,
    /// Where every voter stands on it.
    pub points: Vec<Point>,
    /// Which statements were taken out.
    pub out: Vec<bool>,
    /// Votes of everybody, by statement.
    pub all: Vec<Count>,
    /// Each statement as each group sees it.
    pub stats: Vec<Vec<Stat>>,
    /// What speaks for each group; nothing while there are no groups to tell apart.
    pub chosen: Vec<Vec<Chosen>>,
    /// How far the groups share a statement; nothing without groups.
    pub consensus: Vec<Option<f64>>,
    /// How far they share the rejection of a statement.
    pub rejection: Vec<Option<f64>>,
    /// What most people agree with, and what most disagree with.
    pub shared: [Vec<Shared>; 2],
    /// Weight of each statement for being shown next; 0 when it was taken out.
    pub priority: Vec<f64>,
    /// What roles say.
    pub roles: Option<ByRole>,
    /// How stable the groups are.
    pub stability: Option<stable::Stability>,
}

/// What roles say.
#[derive(Clone, Debug, PartialEq)]
pub struct ByRole {
    /// Votes of each role, by statement.
    pub counts: Vec<Vec<Count>>,
    /// People of each role, and of those how many in each group.
    pub people: Vec<(u32, Vec<u32>)>,
    /// By statement.
    pub bridges: Vec<Bridge>,
    /// The strongest of them.
    pub strongest: Vec<usize>,
}

/// Makes the map.
pub fn map(votes: &Votes, asked: &Asked) -> Map {
    let statements = votes.statements().len();
    let flags = |places: &[u32]| {
        let mut flags = vec![false; statements];
        places.iter().for_each(|j| flags[*j as usize] = true);
        flags
    };
    // A statement about the matter itself is no opinion that parts people.
    let (mut out, meta) = (flags(&asked.out), flags(&asked.meta));
    out.iter_mut().zip(&meta).for_each(|(out, meta)| *out |= meta);
    let everybody: Vec<u32> = (0..votes.voters().len() as u32).collect();
    let plane = Plane::of(votes, &out, &everybody);
    let points: Vec<Point> = everybody.iter().map(|v| plane.place(votes, &out, *v as usize)).collect();
    let mut people = asked.people.clone().unwrap_or_else(|| groups::clustered(votes));
    if asked.mode == Mode::Default && asked.groups.is_none() {
        people.sort_unstable();
        people.dedup();
    }
    let places: Vec<Point> = people.iter().map(|v| points[*v as usize]).collect();
    let grouping = match &asked.groups {
        Some(labels) => groups::given(&places, labels.clone()),
        None => groups::group(&places, asked.mode),
    };
    let most = grouping.k.max(groups::most(people.len()));
    // Polis judges heaps of people; whether groups are there is asked of the people.
    let judged = match asked.mode {
        Mode::Default => grouping.silhouette,
        Mode::Compat => silhouette::silhouettes(&places, &[&grouping.labels])[0],
    };
    let clear = grouping.k > 1 && clear::clear(judged, most, votes, &out, &people);
    let mut labels = vec![None; points.len()];
    people.iter().zip(&grouping.labels).for_each(|(v, l)| labels[*v as usize] = Some(*l));

    let counts = represent::counts(votes, &labels, grouping.k);
    let stats = represent::stats(&counts, statements);
    let on_map = represent::together(&counts, statements);
    let all = represent::together(&represent::counts(votes, &vec![Some(0); points.len()], 1), statements);
    let by_statement = |of: &dyn Fn(usize) -> Option<f64>| (0..statements).map(of).collect();
    let side = |j: usize| counts.iter().map(move |g| g[j]);
    let priority = |j: usize| match (meta[j], out[j], asked.mode) {
        (true, ..) => next::META,
        (_, true, Mode::Default) => 0.0,
        _ => {
            let [x, y] = plane.statement(j);
            next::priority(&on_map[j], (x * x + y * y).sqrt())
        }
    };
    let roles = asked.roles.as_ref().map(|roles| {
        let by_role = roles.counts(votes);
        let bridges = common::bridges(&counts, &by_role, statements, asked.mode);
        let strongest = common::strongest(&bridges, &out);
        ByRole { counts: by_role, people: roles.people(&labels, grouping.k), bridges, strongest }
    });
    let stability = asked.seed.as_ref().filter(|_| grouping.k > 1);
    Map {
        clear,
        gap: clear && clear::gap(&places, &grouping.labels, grouping.k),
        labels,
        chosen: stats.iter().filter(|_| grouping.k > 1).map(|s| represent::chosen(s, &out)).collect(),
        consensus: by_statement(&|j| common::across(side(j), asked.mode)),
        rejection: by_statement(&|j| common::across_against(side(j), asked.mode)),
        shared: common::overall(&all, &out),
        priority: (0..statements).map(priority).collect(),
        roles,
        stability: stability.map(|seed| stable::stability(votes, &out, &people, &grouping, seed)),
        people,
        grouping,
        plane,
        points,
        out,
        all,
        stats,
    }
}
