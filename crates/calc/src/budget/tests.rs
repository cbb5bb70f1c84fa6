//! Equal Shares beside the plainest program that can be written for it, with a fraction for every voter; worked examples; what
//! must hold for any ballots.

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

use super::election::Collector;
use super::field::Field;
use super::shares::Run;
use super::*;

/// Ballots as projects and points.
type Ballots = Vec<Vec<(u32, u32)>>;

fn election(costs: &[u64], budget: u64, ballots: &Ballots) -> Election {
    let project = |(i, cost): (usize, &u64)| Project { id: format!("{}", i + 1), cost: *cost, ..Project::default() };
    let mut collector = Collector::new(costs.iter().enumerate().map(project).collect(), budget, 0);
    for ballot in ballots {
        collector.add(ballot).unwrap();
    }
    collector.finish()
}

fn ids(election: &Election, winners: &[u32]) -> Vec<u32> {
    winners.iter().map(|p| election.projects[*p as usize].id.parse().unwrap()).collect()
}

fn whole(n: u64) -> BigRational {
    BigRational::from_integer(BigInt::from(n))
}

/// One run of Equal Shares, voter by voter.
fn naive(costs: &[u64], ballots: &Ballots, each: &BigRational, utility: Utility, order: &[usize]) -> Vec<usize> {
    let mut purses = vec![each.clone(); ballots.len()];
    let mut winners = Vec::new();
    loop {
        let mut best: Option<(BigRational, usize, BigRational)> = None;
        for &c in order.iter().filter(|c| !winners.contains(*c)) {
            let mut supporters: Vec<(BigRational, u64, usize)> = Vec::new();
            for (v, ballot) in ballots.iter().enumerate() {
                let given = ballot.iter().find(|m| m.0 as usize == c).map_or(0, |m| u64::from(m.1));
                if given > 0 {
                    supporters.push((&purses[v] / whole(given), given, v));
                }
            }
            let mut left = whole(costs[c]);
            if supporters.is_empty() || supporters.iter().map(|s| purses[s.2].clone()).sum::<BigRational>() < left {
                continue;
            }
            supporters.sort();
            let mut points: u64 = supporters.iter().map(|s| s.1).sum();
            for (has, given, v) in &supporters {
                let price = &left / whole(points);
                if price <= *has {
                    let key = if utility == Utility::Cost { &price / whole(costs[c]) } else { price.clone() };
                    if best.as_ref().is_none_or(|(least, ..)| key < *least) {
                        best = Some((key, c, price));
                    }
                    break;
                }
                left -= &purses[*v];
                points -= given;
            }
        }
        let Some((_, c, price)) = best else { return winners };
        winners.push(c);
        for (purse, ballot) in purses.iter_mut().zip(ballots) {
            let given = ballot.iter().find(|m| m.0 as usize == c).map_or(0, |m| u64::from(m.1));
            let pays = std::cmp::min(purse.clone(), &price * whole(given));
            *purse -= pays;
        }
    }
}

/// Every step of Add1, one by one.
fn naive_add(costs: &[u64], budget: u64, ballots: &Ballots, wanted: &Wanted, order: &[usize]) -> (Vec<usize>, u64) {
    let share = BigRational::new(budget.into(), ballots.len().into());
    let run = |raised: u64| naive(costs, ballots, &(&share + whole(raised)), wanted.utility, order);
    let mut before = run(0);
    for raised in 0.. {
        let now = run(raised);
        let spent: u64 = now.iter().map(|c| costs[*c]).sum();
        if spent > budget {
            return (before, raised - 1);
        }
        let supported = |c: usize| ballots.iter().flatten().any(|m| m.0 as usize == c && m.1 > 0);
        let mut left = (0..costs.len()).filter(|c| supported(*c) && !now.contains(c));
        let stops = match wanted.completion {
            Completion::None => true,
            Completion::Add1 => left.all(|c| costs[c] > budget - spent),
            Completion::Overspend => left.next().is_none(),
        };
        if stops {
            return (now, raised);
        }
        before = now;
    }
    unreachable!()
}

/// Cheaper first, then more votes, then the smaller id.
fn order(costs: &[u64], ballots: &Ballots) -> Vec<usize> {
    let votes = |c: usize| ballots.iter().filter(|b| b.iter().any(|m| m.0 as usize == c && m.1 > 0)).count();
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by_key(|c| (costs[*c], std::cmp::Reverse(votes(*c)), *c));
    order
}

fn same_as_naive(costs: &[u64], budget: u64, ballots: &Ballots, utility: Utility, completion: Completion) {
    let wanted = Wanted { utility, completion, ..Wanted::default() };
    let election = election(costs, budget, ballots);
    let ours = decide(&election, &wanted).unwrap();
    let (winners, raised) = naive_add(costs, budget, ballots, &wanted, &order(costs, ballots));
    let theirs: Vec<u32> = winners.iter().map(|c| *c as u32 + 1).collect();
    assert_eq!((ids(&election, &ours.winners), ours.raised), (theirs, u128::from(raised)), "{costs:?} {budget} {ballots:?}");
}

fn any_ballots(projects: usize, voters: usize, points: u32) -> impl Strategy<Value = Ballots> {
    let ballot = prop::collection::btree_map(0..projects as u32, 1..=points, 0..=projects);
    prop::collection::vec(ballot.prop_map(|b| b.into_iter().collect()), 1..=voters)
}

const UTILITIES: [Utility; 2] = [Utility::Cost, Utility::Cardinality];
const COMPLETIONS: [Completion; 3] = [Completion::None, Completion::Add1, Completion::Overspend];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Small numbers, so that everything ties with everything.
    #[test]
    fn as_voter_by_voter(
        costs in prop::collection::vec(1u64..24, 1..7), budget in 1u64..60, ballots in any_ballots(6, 9, 1),
        utility in prop::sample::select(&UTILITIES[..]), completion in prop::sample::select(&COMPLETIONS[..]),
    ) {
        let ballots: Ballots = ballots.into_iter().map(|b| b.into_iter().filter(|m| (m.0 as usize) < costs.len()).collect()).collect();
        same_as_naive(&costs, budget, &ballots, utility, completion);
    }

    /// With points.
    #[test]
    fn as_voter_by_voter_with_points(
        costs in prop::collection::vec(1u64..24, 5), budget in 1u64..60, ballots in any_ballots(5, 7, 4),
        utility in prop::sample::select(&UTILITIES[..]), completion in prop::sample::select(&COMPLETIONS[..]),
    ) {
        same_as_naive(&costs, budget, &ballots, utility, completion);
    }

    /// Amounts that a rounded number cannot tell apart, and next to them some that are lost in its rounding.
    #[test]
    fn as_voter_by_voter_at_the_edge_of_rounding(
        costs in prop::collection::vec(prop_oneof![1u64..4, 999_999_999_999_990u64..=1_000_000_000_000_000], 6),
        budget in 999_999_999_999_900u64..=1_000_000_000_000_000, ballots in any_ballots(6, 30, 1),
        utility in prop::sample::select(&UTILITIES[..]),
    ) {
        same_as_naive(&costs, budget, &ballots, utility, Completion::None);
    }

    /// Few voters and dear projects: Add1 jumps, and decides what every step decides.
    #[test]
    fn jumps_leave_out_nothing(
        costs in prop::collection::vec(1u64..400, 2..6), budget in 100u64..900, ballots in any_ballots(5, 4, 2),
        utility in prop::sample::select(&UTILITIES[..]), completion in prop::sample::select(&COMPLETIONS[1..]),
    ) {
        let ballots: Ballots = ballots.into_iter().map(|b| b.into_iter().filter(|m| (m.0 as usize) < costs.len()).collect()).collect();
        same_as_naive(&costs, budget, &ballots, utility, completion);
    }

    /// In any order, and each ballot three times with three times the money: the same.
    #[test]
    fn order_and_bundles_do_not_matter(
        costs in prop::collection::vec(1u64..50, 6), budget in 20u64..150, ballots in any_ballots(6, 12, 1),
        completion in prop::sample::select(&COMPLETIONS[..]), seed in any::<u64>(),
    ) {
        let wanted = Wanted { completion, ..Wanted::default() };
        let once = decide(&election(&costs, budget, &ballots), &wanted).unwrap();
        let mut turned = ballots.clone();
        turned.sort_by_key(|b| crate::draw::mix(seed ^ b.iter().fold(7, |h, m| crate::draw::mix(h ^ u64::from(m.0)))));
        prop_assert_eq!(&decide(&election(&costs, budget, &turned), &wanted).unwrap(), &once);
        if completion == Completion::None {
            let triple: Ballots = ballots.iter().flat_map(|b| [b.clone(), b.clone(), b.clone()]).collect();
            let costs: Vec<u64> = costs.iter().map(|c| c * 3).collect();
            prop_assert_eq!(decide(&election(&costs, budget * 3, &triple), &wanted).unwrap().winners, once.winners);
        }
    }
}

/// 84 voters share little, and what they want is dear: thousands of steps, few runs.
#[test]
fn steps_that_decide_the_same_are_left_out() {
    let ballots: Ballots = (0..84).map(|v| if v < 40 { vec![(0, 1)] } else { vec![(1, 1)] }).collect();
    let election = election(&[150_000, 140_000], 150_000, &ballots);
    let wanted = Wanted { completion: Completion::Overspend, ..Wanted::default() };
    let field = Field::new(&election, &wanted, vec![0, 1]);
    let mut run = Run::new(&field);
    let raised = add::complete(&mut run, Completion::Overspend).unwrap();
    // 40 voters buy the first from 3750 on, and 44 the second from 3181.8; both are too much.
    assert_eq!((raised, run.winners.clone()), (1964, vec![1]));
    assert!(run.runs < 10, "{} runs", run.runs);
}

/// Four voters of ten want one thing for 40, six want two for 60 and 40, out of 100: greedy gives all to the six.
#[test]
fn a_minority_gets_its_share() {
    let ballots: Ballots = (0..10).map(|v| if v < 4 { vec![(0, 1)] } else { vec![(1, 1), (2, 1)] }).collect();
    let election = election(&[40, 60, 40], 100, &ballots);
    let greedy = decide(&election, &Wanted { rule: Rule::Greedy, ..Wanted::default() }).unwrap();
    assert_eq!(ids(&election, &greedy.winners), [3, 2]);
    let shares = decide(&election, &Wanted::default()).unwrap();
    assert_eq!((ids(&election, &shares.winners), shares.cost), (vec![3, 1], 80));
    let why =
        [Why::Bought { price: 667, full: 6, rest: 0 }, Why::Bought { price: 1000, full: 4, rest: 0 }, Why::Short { left: 2000 }];
    assert_eq!(shares.told, vec![(2, why[0].clone()), (0, why[1].clone()), (1, why[2].clone())]);
    // Twenty are left, and nothing fits.
    let filled = decide(&election, &Wanted { then_greedy: true, ..Wanted::default() }).unwrap();
    assert_eq!((filled.cost, &filled.told[2].1), (80, &Why::NoRoom { rest: 20 }));
}

/// Three of four pay all they have for the first; then one of them can give nothing to the second.
#[test]
fn who_has_nothing_left_does_not_pay() {
    let ballots: Ballots = vec![vec![(0, 1), (1, 1)], vec![(0, 1)], vec![(0, 1)], vec![(1, 1)]];
    let told = decide(&election(&[150, 50], 200, &ballots), &Wanted::default()).unwrap().told;
    assert_eq!(told[0], (0, Why::Bought { price: 5000, full: 3, rest: 0 }));
    assert_eq!(told[1], (1, Why::Bought { price: 5000, full: 1, rest: 0 }));
}

/// Of two equal projects the published list decides, and nothing else is said twice.
#[test]
fn ties_are_broken_as_published() {
    let ballots: Ballots = vec![vec![(0, 1), (1, 1)]; 4];
    let election = election(&[50, 50], 60, &ballots);
    let with = |ties: &[Key], list: &[&str]| {
        let list = list.iter().map(|id| (*id).to_owned()).collect();
        decide(&election, &Wanted { ties: ties.to_vec(), list, ..Wanted::default() }).map(|o| ids(&election, &o.winners))
    };
    assert_eq!(with(&[Key::Cost], &[]), Ok(vec![1]));
    assert_eq!(with(&[Key::List], &["2", "1"]), Ok(vec![2]));
    assert_eq!(with(&[Key::List], &["2"]), Err(Refused::Missing("1".into())));
    assert_eq!(with(&[Key::List], &["2", "1", "2"]), Err(Refused::Odd("2".into())));
    assert_eq!(with(&[Key::List], &["2", "1", "3"]), Err(Refused::Odd("3".into())));
    assert!(by_id("9", "10").is_lt() && by_id("10", "P2").is_lt() && by_id("P10", "P2").is_lt());
}

/// What was withdrawn never wins; what is free is bought only when it is worth something.
#[test]
fn withdrawn_and_free() {
    let ballots: Ballots = vec![vec![(0, 1), (1, 1), (2, 1)]; 3];
    let mut election = election(&[0, 10, 30], 30, &ballots);
    election.projects[1].withdrawn = true;
    for (rule, utility, want) in [
        (Rule::Shares, Utility::Cost, vec![3]),
        (Rule::Shares, Utility::Cardinality, vec![1, 3]),
        (Rule::Greedy, Utility::Cardinality, vec![1, 3]),
    ] {
        for completion in COMPLETIONS {
            let outcome = decide(&election, &Wanted { rule, utility, completion, ..Wanted::default() }).unwrap();
            assert_eq!(ids(&election, &outcome.winners), want, "{rule:?} {utility:?}");
            assert!(outcome.told.contains(&(1, Why::Withdrawn)));
        }
    }
    let few = decide(&election, &Wanted { least_votes: 4, ..Wanted::default() }).unwrap();
    assert_eq!((few.winners, &few.told[0].1), (vec![], &Why::Votes));
}

/// Nobody votes, nobody wins; a project that asks for more than there is does not.
#[test]
fn nothing_to_decide() {
    let none = election(&[5], 10, &Vec::new());
    assert_eq!(decide(&none, &Wanted::default()).unwrap().told, [(0, Why::Votes)]);
    let dear = election(&[11], 10, &vec![vec![(0, 1)]]);
    assert_eq!(decide(&dear, &Wanted::default()).unwrap().told, [(0, Why::Dear)]);
}
