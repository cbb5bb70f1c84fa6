//! Greedy: projects in the order of what they are worth for their money, each taken that fits into the rest.

use std::cmp::{Ordering, Reverse};

use super::{Election, Outcome, Project, Utility, Why};

/// The order: most worth for the money first, then by rank. Worth its cost for each point, a project is worth its points for its money.
pub fn order(election: &Election, utility: Utility, ranks: &[u32]) -> Vec<u32> {
    let worth = |a: &Project, b: &Project| match utility {
        Utility::Cost => a.points.cmp(&b.points),
        Utility::Cardinality => {
            // What costs nothing and is wanted comes first, what nobody wants last.
            let class = |p: &Project| (p.points > 0, p.points > 0 && p.cost == 0);
            let times = |p: &Project, other: &Project| u128::from(p.points) * u128::from(other.cost);
            class(a).cmp(&class(b)).then_with(|| if a.points > 0 { times(a, b).cmp(&times(b, a)) } else { Ordering::Equal })
        }
    };
    let mut order: Vec<u32> = (0..ranks.len() as u32).collect();
    order.sort_by_key(|p| ranks[*p as usize]);
    let project = |p: &u32| &election.projects[*p as usize];
    order.sort_by(|a, b| worth(project(b), project(a)));
    order
}

/// Takes what fits, in an order, among projects about which nothing was said yet.
pub fn fill(election: &Election, order: &[u32], outcome: &mut Outcome, why: &mut [Option<Why>]) {
    for project in order {
        let (cost, why) = (election.projects[*project as usize].cost, &mut why[*project as usize]);
        if why.is_some() {
            continue;
        }
        let rest = election.budget - outcome.cost;
        *why = Some(if cost <= rest { Why::Fitted { rest } } else { Why::NoRoom { rest } });
        if cost <= rest {
            outcome.cost += cost;
            outcome.winners.push(*project);
        }
    }
}

/// Which of some projects ask least.
pub fn cheapest(election: &Election, among: impl Iterator<Item = u32>) -> Option<u64> {
    among.map(|p| election.projects[p as usize].cost).max_by_key(|cost| Reverse(*cost))
}
