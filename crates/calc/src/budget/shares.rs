//! The Method of Equal Shares, one run: every voter begins with the same money; again and again the project is bought that gives
//! most for the money, its supporters paying alike and whoever has less paying all he has.
//!
//! A project whose supporters must pay `p` for each point they give it has the key `p / base`; the least key wins. `p` is found
//! by a few passes over its supporters, in floating point, and each pass gives a bound below `p` whatever it takes for
//! poor and rich. Money only shrinks, so such a bound holds for the rest of the run, and a queue of bounds tells
//! which few projects a round must look at. What is decided rests on `exact.rs`: the winner's price is a fraction, and
//! projects whose bounds do not exclude each other are compared as fractions.
//!
//! What must stay true: no decision rests on a rounded number. A purse is known to within `slack`, because it is what a voter
//! began with less a few exact prices, each rounded once; a bound subtracts all that rounding can have done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::exact::{Exact, Price};
use super::field::Field;
use super::horizon::Horizon;

/// Rounding of one operation, generously.
pub(super) const ROUND: f64 = f64::EPSILON;
/// Passes over a project in one round after which the exact search takes over.
const PASSES: u32 = 64;

/// Money of each voter of one ballot, rounded, and how many they are. Nothing is exactly 0.
#[derive(Clone, Copy)]
pub(super) struct Purse {
    pub money: f64,
    pub heads: f64,
}

/// What is known about the price of a project.
#[derive(Clone, Copy, Default)]
pub(super) struct Bound {
    /// Where the next pass draws the line between poor and rich.
    line: f64,
    /// The price is not less, and so much less for each unit more that everybody begins with.
    low: f64,
    pub(super) slope: f64,
    /// Rounds that had begun when the line was found right, and passes in the present one.
    settled: usize,
    passes: u32,
}

/// What one pass sees.
#[derive(Default)]
struct Seen {
    /// Money of the poor, and of all.
    poor: f64,
    all: f64,
    /// The poor, and their points.
    heads: f64,
    points: f64,
    /// The least that a rich one has for each point.
    next: f64,
    /// How fast the money of the poor and of all grows when everybody begins with more.
    slope: f64,
    slope_all: f64,
}

/// Who paid for a winner: so many the full price, so many all they had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payers {
    /// The full price.
    pub full: u64,
    /// Less than that.
    pub rest: u64,
}

/// Runs, one after another over the same election.
pub struct Run<'f> {
    pub(super) field: &'f Field<'f>,
    pub(super) purses: Vec<Purse>,
    pub(super) slack: f64,
    /// Exact prices so far.
    pub(super) exact: Exact,
    pub(super) bounds: Vec<Bound>,
    pub(super) queue: BinaryHeap<Reverse<(u64, u32)>>,
    /// What the supporters of each project are, and their points.
    whole: Vec<(u64, u64)>,
    /// Who won, in order.
    pub winners: Vec<u32>,
    /// The same by project.
    pub won: Vec<bool>,
    /// Who paid for each winner; nobody for one that costs nothing.
    pub payers: Vec<Payers>,
    /// What the winners cost together.
    pub spent: u64,
    /// How far the same projects win, when that was asked for.
    pub horizon: Horizon,
    /// Runs so far.
    pub runs: u32,
}

impl<'f> Run<'f> {
    /// Nothing has happened yet.
    pub fn new(field: &'f Field<'f>) -> Run<'f> {
        let whole = |project: u32| {
            let sum = |(heads, points): (u64, u64), (who, given): (u32, u32)| {
                let times = u64::from(field.times[who as usize]);
                (heads + times, points + times * u64::from(given))
            };
            if field.pointed {
                field.supporters::<true>(project).fold((0, 0), sum)
            } else {
                field.supporters::<false>(project).fold((0, 0), sum)
            }
        };
        Run {
            field,
            purses: Vec::new(),
            slack: 0.0,
            exact: Exact::default(),
            bounds: Vec::new(),
            queue: BinaryHeap::new(),
            whole: (0..field.bases.len() as u32).map(whole).collect(),
            winners: Vec::new(),
            won: Vec::new(),
            runs: 0,
            payers: Vec::new(),
            spent: 0,
            horizon: Horizon::default(),
        }
    }

    /// Runs with `endowment` over the number of voters for each of them, until nobody can buy anything, or more than `most` is
    /// spent. With `far` it also finds out how far the outcome stays the same.
    pub fn run(&mut self, endowment: u128, most: u64, far: bool) {
        let field = self.field;
        let money = endowment as f64 / field.election.voters as f64;
        self.purses.clear();
        self.purses.extend(field.times.iter().map(|times| Purse { money, heads: f64::from(*times) }));
        self.exact.begin(endowment, field.election.voters, field.bases.len());
        self.horizon.begin(far, field.times.len());
        self.runs += 1;
        self.winners.clear();
        self.won.clear();
        self.won.resize(field.bases.len(), false);
        self.payers.clear();
        self.spent = 0;
        self.queue.clear();
        self.bounds.clear();
        self.bounds.resize(field.bases.len(), Bound::default());
        for project in (0..field.bases.len() as u32).filter(|p| field.open[*p as usize]) {
            let (cost, (_, points)) = (field.cost(project), self.whole[project as usize]);
            if cost == 0 {
                self.winners.push(project);
                self.payers.push(Payers { full: 0, rest: 0 });
                continue;
            }
            let price = cost as f64 / points as f64;
            let low = price * (1.0 - 4.0 * ROUND);
            self.bounds[project as usize] = Bound { line: price, low, ..Bound::default() };
            self.push(project);
        }
        self.winners.sort_by_key(|p| field.ranks[*p as usize]);
        self.winners.iter().for_each(|p| self.won[*p as usize] = true);
        while self.spent <= most {
            // Each price that was taken from a purse was rounded three times.
            self.slack = (self.winners.len() + 1) as f64 * money * 4.0 * ROUND;
            let Some((project, price)) = self.choose() else { break };
            if self.horizon.far {
                self.compare_far(project, &price);
            }
            let payers = self.pay(project, &price);
            self.exact.settle(project, price);
            self.winners.push(project);
            self.won[project as usize] = true;
            self.payers.push(payers);
            self.spent = self.spent.saturating_add(field.cost(project));
        }
    }

    /// The key of a project is not less.
    pub(super) fn key(&self, project: u32) -> f64 {
        (self.bounds[project as usize].low / self.field.bases[project as usize] as f64 * (1.0 - 4.0 * ROUND)).max(0.0)
    }

    fn push(&mut self, project: u32) {
        self.queue.push(Reverse((self.key(project).to_bits(), project)));
    }

    /// The project that gives most for the money, and its price; none when nobody can buy anything.
    fn choose(&mut self) -> Option<(u32, Price)> {
        let mut best: Option<(u32, Price)> = None;
        let mut beaten = Vec::new();
        while let Some(Reverse((key, project))) = self.queue.pop() {
            if best.as_ref().is_some_and(|(_, price)| f64::from_bits(key) > price.key_high) {
                self.queue.push(Reverse((key, project)));
                break;
            }
            if self.bounds[project as usize].settled != self.winners.len() + 1 {
                if self.look_at(project) {
                    self.push(project);
                }
                continue;
            }
            let price = self.price(project, self.bounds[project as usize].line);
            match &mut best {
                Some((other, dearer)) if self.is_before((project, &price), (*other, dearer)) => {
                    beaten.push(std::mem::replace(other, project));
                    *dearer = price;
                }
                Some(_) => beaten.push(project),
                None => best = Some((project, price)),
            }
        }
        beaten.into_iter().for_each(|project| self.push(project));
        best
    }

    fn is_before(&self, a: (u32, &Price), b: (u32, &Price)) -> bool {
        let rank = |project: u32| self.field.ranks[project as usize];
        let base = |project: u32| self.field.bases[project as usize];
        a.1.compare(base(a.0), b.1, base(b.0)).then(rank(a.0).cmp(&rank(b.0))).is_lt()
    }

    /// Passes once over the supporters; false when they cannot buy the project any more.
    fn look_at(&mut self, project: u32) -> bool {
        let at = project as usize;
        let line = self.bounds[at].line;
        let seen = match (self.field.pointed, self.horizon.far) {
            (false, false) => self.pass::<false, false>(project, line),
            (false, true) => self.pass::<false, true>(project, line),
            (true, false) => self.pass::<true, false>(project, line),
            (true, true) => self.pass::<true, true>(project, line),
        };
        let (cost, (heads, points)) = (self.field.cost(project) as f64, self.whole[at]);
        let noise = (self.field.who(project).len() + 8) as f64 * ROUND * (seen.all + cost);
        let unsure = heads as f64 * self.slack + noise;
        if seen.all + unsure < cost {
            self.horizon.keep(cost - seen.all - unsure, seen.slope_all);
            return false;
        }
        if seen.all - unsure < cost && !self.can_buy(project) {
            self.horizon.keep(0.0, 1.0);
            return false;
        }
        let round = self.winners.len() + 1;
        let bound = &mut self.bounds[at];
        bound.passes += 1;
        let rich = points as f64 - seen.points;
        if rich <= 0.0 {
            bound.settled = round;
            return true;
        }
        let price = (cost - seen.poor) / rich;
        let low = price - (seen.heads * self.slack + noise) / rich - price.abs() * 4.0 * ROUND;
        if low > bound.low {
            (bound.low, bound.slope) = (low, seen.slope / rich);
        }
        if price <= seen.next && price >= line * (1.0 - 1e-9) || bound.passes > PASSES {
            (bound.settled, bound.passes) = (round, 0);
        }
        bound.line = price.max(0.0);
        true
    }

    fn pass<const POINTED: bool, const FAR: bool>(&self, project: u32, line: f64) -> Seen {
        let mut seen = Seen { next: f64::INFINITY, ..Seen::default() };
        for (who, given) in self.field.supporters::<POINTED>(project) {
            let Purse { money, heads } = self.purses[who as usize];
            let given = f64::from(given);
            let (sum, most) = (money * heads, if POINTED { line * given } else { line });
            let growth = if FAR { self.horizon.slopes[who as usize] * heads } else { 0.0 };
            seen.all += sum;
            seen.slope_all += growth;
            if money < most {
                seen.poor += sum;
                seen.heads += heads;
                seen.points += if POINTED { heads * given } else { heads };
                seen.slope += growth;
            } else {
                seen.next = seen.next.min(if POINTED { money / given } else { money });
            }
        }
        seen
    }
}
