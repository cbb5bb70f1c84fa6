//! Pairs beside all there could be, beside a plain minimum-cost flow, and beside published examples; and what holds whatever is asked.

use std::collections::HashMap;

use proptest::prelude::*;

use super::proof::check;
use super::why::{Empty, Ways, empty};
use super::*;

fn person(capacity: u32) -> Person {
    Person { capacity, load: Vec::new() }
}

fn edge(task: u32, person: u32, cost: i64) -> Edge {
    Edge { task, person, cost, pinned: false }
}

/// Every cell of a table is an edge.
fn square(costs: &[&[i64]]) -> Problem {
    let edges: Vec<Edge> =
        (0u32..).zip(costs).flat_map(|(t, row)| (0u32..).zip(*row).map(move |(p, c)| edge(t, p, *c))).collect();
    Problem::new(vec![Task::default(); costs.len()], vec![person(1); costs[0].len()], &edges).unwrap()
}

fn solved(problem: &Problem) -> Outcome {
    let outcome = solve(problem);
    assert_eq!(check(problem, &outcome), Ok(()), "{problem:?} {outcome:?}");
    outcome
}

fn names(outcome: &Outcome) -> Vec<(u32, u32)> {
    outcome.pairs.iter().map(|p| (p.task, p.person)).collect()
}

#[test]
fn published_examples() {
    // Kuhn 1955 (a matrix of ratings, to be made greatest) and examples of textbooks and manuals.
    let kuhn = solved(&square(&[&[-8, -7, -9, -9], &[-5, -2, -7, -8], &[-6, -1, -4, -9], &[-2, -3, -2, -6]]));
    assert_eq!(kuhn.cost, best(&[&[-8, -7, -9, -9], &[-5, -2, -7, -8], &[-6, -1, -4, -9], &[-2, -3, -2, -6]]));
    let three = solved(&square(&[&[4, 1, 3], &[2, 0, 5], &[3, 2, 2]]));
    assert_eq!((three.cost, names(&three)), (5, vec![(0, 1), (1, 0), (2, 2)]), "SciPy's manual");
    let four = solved(&square(&[&[82, 83, 69, 92], &[77, 37, 49, 92], &[11, 69, 5, 86], &[8, 9, 98, 23]]));
    assert_eq!((four.cost, names(&four)), (140, vec![(0, 2), (1, 1), (2, 0), (3, 3)]));
    let workers =
        solved(&square(&[&[90, 80, 75, 70], &[35, 85, 55, 65], &[125, 95, 90, 95], &[45, 110, 95, 115], &[50, 100, 90, 100]]));
    assert_eq!((workers.cost, workers.unmet.iter().sum::<u32>()), (265, 1), "the manual of OR-Tools");
}

/// The least cost of a square table, by trying all.
fn best(costs: &[&[i64]]) -> i64 {
    fn go(costs: &[&[i64]], row: usize, used: u32) -> i64 {
        if row == costs.len() {
            return 0;
        }
        let free = (0..costs.len()).filter(|c| used >> c & 1 == 0);
        free.map(|c| costs[row][c] + go(costs, row + 1, used | 1 << c)).min().unwrap()
    }
    go(costs, 0, 0)
}

/// All ways of pairing, place by place of edges: the fewest empty places, then the least of edges, load and waiting.
fn brute(tasks: &[Task], people: &[Person], edges: &[Edge]) -> Option<(i64, i64)> {
    fn go(
        at: usize,
        edges: &[Edge],
        places: &mut [u32],
        rooms: &mut [u32],
        people: &[Person],
        tasks: &[Task],
    ) -> Option<(i64, i64)> {
        let Some(e) = edges.get(at) else {
            let empty = places.iter().map(|n| i64::from(*n)).sum();
            return Some((empty, places.iter().zip(tasks).map(|(n, t)| i64::from(*n) * t.wait).sum()));
        };
        let without = if e.pinned { None } else { go(at + 1, edges, places, rooms, people, tasks) };
        let (t, p) = (e.task as usize, e.person as usize);
        if places[t] == 0 || rooms[p] == 0 {
            return without;
        }
        let load = people[p].load_at(people[p].capacity - rooms[p]);
        (places[t], rooms[p]) = (places[t] - 1, rooms[p] - 1);
        let with = go(at + 1, edges, places, rooms, people, tasks).map(|(empty, cost)| (empty, cost + e.cost + load));
        (places[t], rooms[p]) = (places[t] + 1, rooms[p] + 1);
        with.into_iter().chain(without).min()
    }
    let mut places: Vec<u32> = tasks.iter().map(|t| t.need).collect();
    let mut rooms: Vec<u32> = people.iter().map(|p| p.capacity).collect();
    go(0, edges, &mut places, &mut rooms, people, tasks)
}

/// A plain flow: how many places are filled, and the cost.
fn flow(tasks: &[Task], people: &[Person], edges: &[Edge]) -> (usize, i64) {
    let (n, m) = (tasks.len(), people.len());
    let mut net = crate::flow::Net::new(n + m + 2);
    for (t, task) in tasks.iter().enumerate() {
        net.add(n + m, t, i64::from(task.need), 0);
    }
    for e in edges {
        net.add(e.task as usize, n + e.person as usize, 1, e.cost);
    }
    for (p, person) in people.iter().enumerate() {
        for k in 0..person.capacity {
            net.add(n + p, n + m + 1, 1, person.load_at(k));
        }
    }
    let (filled, cost) = net.send(n + m, n + m + 1);
    (filled as usize, cost as i64)
}

/// Small problems in which everything happens, pins only where they fit.
fn asked(most: u32, edges: usize, waits: bool) -> impl Strategy<Value = (Vec<Task>, Vec<Person>, Vec<Edge>)> {
    let wait = if waits { 0i64..5 } else { 0..1 };
    let task = (1u32..3, wait).prop_map(|(need, wait)| Task { need, wait });
    let person = (0u32..4, proptest::collection::vec(-2i64..6, 0..3)).prop_map(|(capacity, mut load)| {
        load.sort_unstable();
        Person { capacity, load }
    });
    let lists = (proptest::collection::vec(task, 1..most as usize), proptest::collection::vec(person, 1..most as usize));
    let rows = proptest::collection::vec((0..most, 0..most, -5i64..12, proptest::bool::weighted(0.1)), 0..edges);
    (lists, rows).prop_map(|((tasks, people), rows)| {
        let (mut places, mut rooms) = (vec![0; tasks.len()], vec![0; people.len()]);
        let mut known = HashMap::new();
        for (t, p, cost, pinned) in rows {
            let (t, p) = (t as usize % tasks.len(), p as usize % people.len());
            if known.contains_key(&(t, p)) {
                continue;
            }
            let pinned = pinned && places[t] < tasks[t].need && rooms[p] < people[p].capacity;
            (places[t], rooms[p]) = (places[t] + u32::from(pinned), rooms[p] + u32::from(pinned));
            known.insert((t, p), Edge { task: t as u32, person: p as u32, cost, pinned });
        }
        let mut edges: Vec<Edge> = known.into_values().collect();
        edges.sort_unstable_by_key(|e| (e.cost, e.person, e.task));
        (tasks, people, edges)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_better_among_all_there_are((tasks, people, edges) in asked(5, 12, true)) {
        let problem = Problem::new(tasks.clone(), people.clone(), &edges).unwrap();
        let outcome = solved(&problem);
        let found = (outcome.unmet.iter().map(|n| i64::from(*n)).sum(), outcome.cost + outcome.wait);
        prop_assert_eq!(Some(found), brute(&tasks, &people, &edges));
        // The figure of every pair is what forbidding it really changes.
        let mut ways = Ways::new(&problem, &outcome);
        for pair in &outcome.pairs {
            let change = ways.without(pair.task, pair.person);
            prop_assert_eq!(change.is_none(), pair.pinned);
            let Some(change) = change else { continue };
            let rest: Vec<Edge> = edges.iter().filter(|e| (e.task, e.person) != (pair.task, pair.person)).copied().collect();
            prop_assert_eq!(Some((found.0 + change.empty, found.1 + change.cost)), brute(&tasks, &people, &rest));
            prop_assert!(change.instead != Some(pair.person));
        }
        // An empty place has a reason that can be counted.
        for (t, _) in outcome.unmet.iter().enumerate().filter(|(_, n)| **n > 0) {
            match empty(&problem, &outcome, t as u32) {
                Empty::Nobody => prop_assert!(edges.iter().all(|e| e.task as usize != t)),
                Empty::Few { edges: few } => prop_assert!(few < tasks[t].need),
                Empty::Taken { tasks: asking, people: taken, need, room } => {
                    prop_assert!(need > room && asking.contains(&(t as u32)));
                    // Nobody could fill more: these people's room, and of all others one place for each edge.
                    let own: u64 = taken.iter().map(|p| u64::from(people[*p as usize].capacity)).sum();
                    let others = edges.iter().filter(|e| asking.contains(&e.task) && !taken.contains(&e.person)).count() as u64;
                    let pins = edges.iter().filter(|e| e.pinned).count() as u64;
                    prop_assert!(need > room.min(own + others) && room + pins >= own.min(room));
                }
            }
        }
    }

    #[test]
    fn an_auction_is_as_good((tasks, mut people, edges) in asked(12, 40, false)) {
        let tasks: Vec<Task> = tasks.iter().map(|t| Task { need: t.need.min(1), ..*t }).collect();
        people.iter_mut().for_each(|p| p.load.clear());
        let edges: Vec<Edge> = edges.iter().map(|e| Edge { pinned: false, ..*e }).collect();
        let problem = Problem::new(tasks.clone(), people.clone(), &edges).unwrap();
        prop_assert!(auction::fits(&problem));
        let (sold, searched) = (solve::Work::sold(&problem, auction::sell(&problem)), solved(&problem));
        prop_assert_eq!(check(&problem, &sold), Ok(()));
        prop_assert_eq!((sold.cost + sold.wait, sold.pairs.len()), (searched.cost + searched.wait, searched.pairs.len()));
        let turned: Vec<Edge> = edges.iter().rev().copied().collect();
        let turned = Problem::new(tasks, people, &turned).unwrap();
        prop_assert_eq!(solve::Work::sold(&turned, auction::sell(&turned)), sold);
    }

    #[test]
    fn as_a_plain_flow((tasks, people, edges) in asked(25, 250, false)) {
        let free: Vec<Edge> = edges.iter().map(|e| Edge { pinned: false, ..*e }).collect();
        let problem = Problem::new(tasks.clone(), people.clone(), &free).unwrap();
        let outcome = solved(&problem);
        prop_assert_eq!((outcome.pairs.len(), outcome.cost), flow(&tasks, &people, &free));
        // Rows the other way round: the same pairs. Pins stay, and the rest is still the best there is.
        let turned: Vec<Edge> = free.iter().rev().copied().collect();
        prop_assert_eq!(solve(&Problem::new(tasks.clone(), people.clone(), &turned).unwrap()), outcome);
        let pinned = solved(&Problem::new(tasks, people, &edges).unwrap());
        for e in edges.iter().filter(|e| e.pinned) {
            prop_assert!(names(&pinned).contains(&(e.task, e.person)));
        }
    }
}

#[test]
fn load_spreads_the_work() {
    let ask = |load: Vec<i64>| {
        let people = vec![Person { capacity: 6, load: load.clone() }, Person { capacity: 6, load }];
        let edges: Vec<Edge> = (0..6).flat_map(|t| [edge(t, 0, 1), edge(t, 1, 2)]).collect();
        solved(&Problem::new(vec![Task::default(); 6], people, &edges).unwrap()).held
    };
    assert_eq!((ask(vec![]), ask(vec![0, 2])), (vec![6, 0], vec![3, 3]));
}

#[test]
fn whoever_waits_longest_is_served_first() {
    for long in 0..2 {
        let wait = |t| if t == long { 30 } else { 7 };
        let tasks = (0..2).map(|t| Task { need: 1, wait: wait(t) }).collect();
        let outcome = solved(&Problem::new(tasks, vec![person(1)], &[edge(0, 0, 5), edge(1, 0, 5)]).unwrap());
        assert_eq!((names(&outcome), outcome.cost, outcome.wait), (vec![(long, 0)], 5, 7));
    }
}

#[test]
fn an_empty_place_says_who_has_what_instead() {
    let tasks = vec![Task::default(), Task::default(), Task::default(), Task { need: 2, wait: 0 }];
    let problem = Problem::new(tasks, vec![person(1), person(9)], &[edge(0, 0, 1), edge(1, 0, 2), edge(3, 1, 0)]).unwrap();
    let outcome = solved(&problem);
    assert_eq!((names(&outcome), outcome.unmet.clone()), (vec![(0, 0), (3, 1)], vec![0, 1, 1, 1]));
    assert_eq!(empty(&problem, &outcome, 1), Empty::Taken { tasks: vec![0, 1], people: vec![0], need: 2, room: 1 });
    assert_eq!(empty(&problem, &outcome, 2), Empty::Nobody);
    assert_eq!(empty(&problem, &outcome, 3), Empty::Few { edges: 1 });
    let change = Ways::new(&problem, &outcome).without(0, 0).unwrap();
    assert_eq!((change.empty, change.cost, change.instead), (0, 1, None), "the other task has him then");
}

#[test]
fn what_is_wrong_is_named() {
    let ask =
        |people: Vec<Person>, edges: &[Edge]| Problem::new(vec![Task::default(); 2], people, edges).map(|_| ()).unwrap_err();
    let fault = |what, at| Fault { what, at };
    assert_eq!(ask(vec![person(1)], &[edge(0, 0, 1), edge(2, 0, 1)]), fault(What::Task, 1));
    assert_eq!(ask(vec![person(1)], &[edge(0, 1, 1)]), fault(What::Person, 0));
    assert_eq!(ask(vec![person(1)], &[edge(1, 0, 1), edge(0, 0, 1), edge(1, 0, 2)]), fault(What::Twice, 2));
    assert_eq!(ask(vec![Person { capacity: 2, load: vec![3, 2] }], &[]), fault(What::Load, 0));
    let pin = |task, person| Edge { pinned: true, ..edge(task, person, 0) };
    assert_eq!(ask(vec![person(9), person(9)], &[pin(0, 0), pin(0, 1)]), fault(What::Need, 1));
    assert_eq!(ask(vec![person(1)], &[pin(0, 0), pin(1, 0)]), fault(What::Capacity, 1));
    for large in [i64::MAX, i64::MIN, 1 << 59] {
        assert_eq!(ask(vec![person(1)], &[edge(0, 0, large)]).what, What::Large);
    }
    let near = Problem::new(vec![Task::default(); 2], vec![person(2)], &[edge(0, 0, 1 << 56), edge(1, 0, -(1 << 56))]).unwrap();
    assert_eq!(solved(&near).cost, 0, "large, and exact");
}

#[test]
fn the_proof_finds_what_is_not_the_best() {
    let problem = square(&[&[1, 2], &[1, 9]]);
    let good = solved(&problem);
    assert_eq!(names(&good), [(0, 1), (1, 0)]);
    let mut worse = good.clone();
    worse.pairs = vec![Pair { person: 0, cost: 1, ..good.pairs[0] }, Pair { person: 1, cost: 9, ..good.pairs[1] }];
    worse.cost = 10;
    assert!(check(&problem, &worse).is_err());
    let mut dear = good;
    dear.task_price[0] += 1;
    assert!(check(&problem, &dear).is_err());
}
