//! What a group says that the others do not: counts, four tests for each statement and group, and the few statements that speak
//! for the group (Small et al. 2021, as Polis computes it; `docs/opinion.md` has the formulas).
//!
//! What must stay true: everything here follows from the groups, whoever made them, and from whole numbers of votes; statements that
//! moderation took out are counted and never chosen.

use super::votes::{Vote, Votes};

/// From here on a test is significant: 90 %, one-sided.
pub const SIGNIFICANT: f64 = 1.2816;
/// At most so many statements speak for a group.
pub const CHOSEN: usize = 5;

/// How people voted on a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// For it.
    pub agree: u32,
    /// Against it.
    pub disagree: u32,
    /// All votes, passes too.
    pub seen: u32,
}

impl Count {
    /// Neither.
    pub fn pass(&self) -> u32 {
        self.seen - self.agree - self.disagree
    }

    /// Adds a vote.
    pub fn add(&mut self, vote: Vote) {
        self.seen += 1;
        self.agree += u32::from(vote == Vote::Agree);
        self.disagree += u32::from(vote == Vote::Disagree);
    }

    /// Adds others.
    pub fn join(&mut self, other: Count) {
        self.agree += other.agree;
        self.disagree += other.disagree;
        self.seen += other.seen;
    }

    fn less(&self, other: Count) -> Count {
        Count { agree: self.agree - other.agree, disagree: self.disagree - other.disagree, seen: self.seen - other.seen }
    }
}

/// How much of a group is for a statement (or against it), and how it differs from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    /// Votes on this side.
    pub hits: u32,
    /// Share of the group, with one vote added for and one against.
    pub p: f64,
    /// One-proportion z against a half.
    pub p_test: f64,
    /// That share to the one of all others.
    pub ratio: f64,
    /// Two-proportion z against the others.
    pub ratio_test: f64,
}

impl Side {
    fn of(hits: u32, seen: u32, other_hits: u32, other_seen: u32) -> Side {
        let share = |a: u32, s: u32| (f64::from(a) + 1.0) / (f64::from(s) + 2.0);
        let p = share(hits, seen);
        Side {
            hits,
            p,
            p_test: against_half(hits, seen),
            ratio: p / share(other_hits, other_seen),
            ratio_test: against_others(hits, seen, other_hits, other_seen),
        }
    }

    /// More than a half, and more than among the others.
    pub fn significant(&self) -> bool {
        self.p_test > SIGNIFICANT && self.ratio_test > SIGNIFICANT
    }

    fn weight(&self) -> f64 {
        self.ratio * self.ratio_test * self.p * self.p_test
    }
}

/// One-proportion z of a share against a half.
pub fn against_half(hits: u32, seen: u32) -> f64 {
    let (a, s) = (f64::from(hits) + 1.0, f64::from(seen) + 1.0);
    2.0 * s.sqrt() * (a / s - 0.5)
}

/// Two-proportion z of two shares, with one added to all four counts.
fn against_others(hits: u32, seen: u32, other_hits: u32, other_seen: u32) -> f64 {
    let [a, s, b, t] = [hits, seen, other_hits, other_seen].map(|n| f64::from(n) + 1.0);
    let pooled = (a + b) / (s + t);
    if pooled >= 1.0 { 0.0 } else { (a / s - b / t) / (pooled * (1.0 - pooled) * (1.0 / s + 1.0 / t)).sqrt() }
}

/// A statement as a group sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stat {
    /// Votes of the group.
    pub count: Count,
    /// Its agreement.
    pub agree: Side,
    /// Its disagreement.
    pub disagree: Side,
}

impl Stat {
    /// Whether it is agreement in which the group differs most from the others.
    pub fn agrees(&self) -> bool {
        self.agree.ratio_test > self.disagree.ratio_test
    }

    /// The side that is shown.
    pub fn shown(&self) -> &Side {
        if self.agrees() { &self.agree } else { &self.disagree }
    }
}

/// A statement that speaks for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which.
    pub statement: usize,
    /// Whether the group agrees with it.
    pub agrees: bool,
    /// What the group agrees with most, whatever the others say.
    pub best_agree: bool,
}

/// Votes of each group on each statement. Who has no group is left out.
pub fn counts(votes: &Votes, labels: &[Option<u8>], k: usize) -> Vec<Vec<Count>> {
    let mut counts = vec![vec![Count::default(); votes.statements().len()]; k];
    for (voter, label) in labels.iter().enumerate() {
        if let Some(label) = label {
            let group = &mut counts[usize::from(*label)];
            votes.row(voter).iter().for_each(|(j, vote)| group[*j as usize].add(*vote));
        }
    }
    counts
}

/// The sum of groups, by statement.
pub fn together(groups: &[Vec<Count>], statements: usize) -> Vec<Count> {
    let mut all = vec![Count::default(); statements];
    groups.iter().for_each(|g| all.iter_mut().zip(g).for_each(|(a, c)| a.join(*c)));
    all
}

/// Each statement as each group sees it.
pub fn stats(groups: &[Vec<Count>], statements: usize) -> Vec<Vec<Stat>> {
    let all = together(groups, statements);
    let stat = |(count, all): (&Count, &Count)| {
        let others = all.less(*count);
        Stat {
            count: *count,
            agree: Side::of(count.agree, count.seen, others.agree, others.seen),
            disagree: Side::of(count.disagree, count.seen, others.disagree, others.seen),
        }
    };
    groups.iter().map(|g| g.iter().zip(&all).map(stat).collect()).collect()
}

/// The statements that speak for a group, in the order in which they are shown.
pub fn chosen(stats: &[Stat], out: &[bool]) -> Vec<Chosen> {
    let open = || (0..stats.len()).filter(|j| !out[*j]);
    let best = best_agree(stats, open());
    let weight = |j: &usize| stats[*j].shown().weight();
    let mut list: Vec<usize> = open().filter(|j| stats[*j].agree.significant() || stats[*j].disagree.significant()).collect();
    list.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    if let Some(best) = best {
        list.retain(|j| *j != best);
        list.insert(0, best);
    } else if list.is_empty() {
        // Nothing stands out: what differs most from the others.
        let differs = |j: usize| stats[j].agree.ratio_test.max(stats[j].disagree.ratio_test);
        list.extend(open().reduce(|most, j| if differs(j) > differs(most) { j } else { most }));
    }
    list.truncate(CHOSEN);
    list.sort_by_key(|j| !stats[*j].agrees());
    list.into_iter().map(|j| Chosen { statement: j, agrees: stats[j].agrees(), best_agree: best == Some(j) }).collect()
}

/// What the group agrees with most. The first that it clearly agrees with holds the place until another weighs more: by all four
/// figures while the holder is more agreed with here than elsewhere, by share and test alone while it is not.
fn best_agree(stats: &[Stat], open: impl Iterator<Item = usize>) -> Option<usize> {
    let mut best: Option<usize> = None;
    for j in open.filter(|j| stats[*j].count.agree + stats[*j].count.disagree > 0) {
        let new = &stats[j].agree;
        let better = match best.map(|b| &stats[b].agree) {
            None => new.p_test > SIGNIFICANT || new.ratio > 1.0 && new.p > 0.5,
            Some(held) if held.ratio > 1.0 => new.weight() > held.weight(),
            Some(held) => new.p * new.p_test > held.p * held.p_test,
        };
        if better {
            best = Some(j);
        }
    }
    best
}
