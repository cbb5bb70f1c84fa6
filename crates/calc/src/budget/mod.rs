//! Participatory budgets: which projects win, exactly, and why. Greedy, and the Method of Equal Shares (Peters, Pierczyński, Skowron
//! 2021) with named completions.
//!
//! [`pb`] reads and writes files ([`cells`]), [`read`] and [`ballots`] say what they mean, [`election`] counts equal ballots as one with
//! a weight, [`field`] lays an election out, [`ties`] orders what is equal. [`shares`] runs Equal Shares once, with [`pay`], resting on
//! the fractions of [`exact`] and [`natural`]; [`add`] raises everybody's money step by step, [`horizon`] says which steps change
//! nothing. [`greedy`] takes projects in the order of their votes. `docs/budget.md` tells the method as a whole.
//!
//! What must stay true: no decision rests on a rounded number; the same ballots give the same result in whatever order they come, counted
//! one by one or as bundles; a tie is broken by an order that was known before, and a withdrawn project never wins.

pub mod add;
pub mod ballots;
pub mod cells;
pub mod election;
pub mod exact;
pub mod field;
pub mod greedy;
pub mod horizon;
pub mod natural;
pub mod pay;
pub mod pb;
#[cfg(test)]
mod pb_tests;
pub mod read;
pub mod shares;
#[cfg(test)]
mod tests;
pub mod ties;

pub use election::{Election, Project, by_id};
pub use pb::{Fault, Pb};
pub use read::{Marks, Read};

use field::Field;
use shares::Run;

/// How winners are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The most useful first, while the money lasts.
    Greedy,
    /// Every voter has the same money to spend.
    Shares,
}

/// What a project is worth to whoever gives it a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utility {
    /// What it costs.
    Cost,
    /// As much as any other.
    Cardinality,
}

/// What becomes of money that Equal Shares leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It stays.
    None,
    /// Everybody gets a unit more until no supported project fits into the rest, or one unit more would spend too much.
    Add1,
    /// Everybody gets a unit more until one more would spend too much, or all that is supported has won.
    Overspend,
}

/// What decides when all else is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The cheaper one.
    Cost,
    /// The one that more ballots name.
    Votes,
    /// The one with the smaller id.
    Id,
    /// The one that comes first in a list.
    List,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How winners are found.
    pub rule: Rule,
    /// What a project is worth.
    pub utility: Utility,
    /// What becomes of the rest.
    pub completion: Completion,
    /// Whether what is left then goes to what fits, by votes.
    pub then_greedy: bool,
    /// How ties are broken; the id always comes last.
    pub ties: Vec<Key>,
    /// The list of ids that [`Key::List`] means.
    pub list: Vec<String>,
    /// Projects with fewer votes do not win.
    pub least_votes: u64,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            rule: Rule::Shares,
            utility: Utility::Cost,
            completion: Completion::None,
            then_greedy: false,
            ties: vec![Key::Cost, Key::Votes, Key::Id],
            list: Vec::new(),
            least_votes: 0,
        }
    }
}

impl Wanted {
    fn stands(&self, project: &Project) -> bool {
        !project.withdrawn && project.votes >= self.least_votes
    }
}

/// Why nothing was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A project is missing in the list that breaks ties.
    Missing(String),
    /// That list names one that is not there, or twice.
    Odd(String),
    /// More than [`add::RUNS`] runs of Equal Shares.
    Steps,
}

/// Who won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The winners, in order, by their place in the election.
    pub winners: Vec<u32>,
    /// What they cost together.
    pub cost: u64,
    /// By how many units of money (of the file, not its smallest) everybody had more than his share of the budget.
    pub raised: u128,
    /// Every project: the winners in order, then the others in the order of ties.
    pub told: Vec<(u32, Why)>,
    /// Digits behind the point of prices and of what is left.
    pub digits: u32,
}

/// Why a project won or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its supporters bought it: `full` of them for the price for each point, rounded, `rest` of them with all they had left.
    Bought {
        /// In units of the outcome's digits.
        price: u128,
        /// Voters.
        full: u64,
        /// Voters.
        rest: u64,
    },
    /// It fitted into what was left when its turn came.
    Fitted {
        /// What was left.
        rest: u64,
    },
    /// It does not stand any more.
    Withdrawn,
    /// Too few votes, or none.
    Votes,
    /// It costs nothing, so it is worth nothing to anybody.
    Worthless,
    /// It asks more than there is.
    Dear,
    /// Its supporters had less left than it costs.
    Short {
        /// In units of the outcome's digits, without what is less than one.
        left: u128,
    },
    /// It did not fit into what was left when its turn came.
    NoRoom {
        /// What was left.
        rest: u64,
    },
}

/// Decides.
pub fn decide(election: &Election, wanted: &Wanted) -> Result<Outcome, Refused> {
    let ranks = ties::ranks(election, wanted)?;
    let digits = election.decimals.max(2);
    let units = 10u64.pow(digits - election.decimals);
    let mut outcome = Outcome { winners: Vec::new(), cost: 0, raised: 0, told: Vec::new(), digits };
    let mut why: Vec<Option<Why>> = election.projects.iter().map(|p| obstacle(election, wanted, p)).collect();
    if wanted.rule == Rule::Greedy {
        greedy::fill(election, &greedy::order(election, wanted.utility, &ranks), &mut outcome, &mut why);
    } else if election.voters > 0 {
        let field = Field::new(election, wanted, ranks.clone());
        let mut run = Run::new(&field);
        outcome.raised = add::complete(&mut run, wanted.completion)?;
        for (project, payers) in run.winners.iter().zip(&run.payers) {
            let price = run.exact.price_in(*project, units);
            why[*project as usize] = Some(Why::Bought { price, full: payers.full, rest: payers.rest });
        }
        (outcome.winners, outcome.cost) = (run.winners.clone(), run.spent);
        let lost: Vec<u32> = (0..why.len() as u32).filter(|p| why[*p as usize].is_none()).collect();
        for project in &lost {
            why[*project as usize] = Some(Why::Short { left: run.left_in(*project, units) });
        }
        if wanted.then_greedy {
            let mut order = greedy::order(election, Utility::Cost, &ranks);
            order.retain(|p| lost.contains(p));
            order.iter().for_each(|p| why[*p as usize] = None);
            greedy::fill(election, &order, &mut outcome, &mut why);
        }
    }
    let mut others: Vec<u32> = (0..why.len() as u32).filter(|p| !outcome.winners.contains(p)).collect();
    others.sort_by_key(|p| ranks[*p as usize]);
    let all = outcome.winners.iter().chain(&others);
    outcome.told = all.map(|p| (*p, why[*p as usize].take().unwrap_or(Why::Votes))).collect();
    Ok(outcome)
}

/// Why a project cannot win, whatever the ballots of others say.
fn obstacle(election: &Election, wanted: &Wanted, project: &Project) -> Option<Why> {
    let shares = wanted.rule == Rule::Shares;
    match project {
        Project { withdrawn: true, .. } => Some(Why::Withdrawn),
        _ if project.votes < wanted.least_votes.max(u64::from(shares)) => Some(Why::Votes),
        _ if project.cost > election.budget => Some(Why::Dear),
        _ if project.cost == 0 && shares && wanted.utility == Utility::Cost => Some(Why::Worthless),
        _ => None,
    }
}
