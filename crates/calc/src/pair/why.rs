//! Why these pairs: what doing without one would cost in all, and why a place stays empty.
//!
//! Doing without a pair frees its person and leaves its task to look for another one, who is then missing elsewhere, and so on until all is
//! in balance again. The cheapest of such rounds is the shortest way from the task back to the person, again with prices by which no step
//! costs less than 0.
//!
//! What must stay true: the figure is the exact difference between the best pairs and the best ones without this pair.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::problem::Problem;
use super::solve::Outcome;

/// What doing without a pair changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Places that would then stay empty, beside those that do.
    pub empty: i64,
    /// What edges, load and waiting would cost more, together.
    pub cost: i64,
    /// Who would do this task; nobody, when its place stays empty.
    pub instead: Option<u32>,
}

/// All ways there are from what was paired to what could be.
pub struct Ways<'a> {
    problem: &'a Problem,
    outcome: &'a Outcome,
    taken: Vec<bool>,
    /// Tasks of each person, without pins.
    held: Vec<Vec<u32>>,
    pins: Vec<u32>,
    /// Distance of each node, and the first step that led there.
    far: Vec<(i64, Option<u32>)>,
}

impl<'a> Ways<'a> {
    /// Looks at the best pairs of a problem.
    pub fn new(problem: &'a Problem, outcome: &'a Outcome) -> Ways<'a> {
        let mut taken = vec![false; problem.to.len()];
        let (mut held, mut pins) = (vec![Vec::new(); problem.people.len()], vec![0; problem.people.len()]);
        for pair in &outcome.pairs {
            if let Some(e) = problem.edge(pair.task, pair.person) {
                taken[e] = true;
            }
            match pair.pinned {
                true => pins[pair.person as usize] += 1,
                false => held[pair.person as usize].push(pair.task),
            }
        }
        let nodes = problem.tasks.len() + problem.people.len() + 1;
        Ways { problem, outcome, taken, held, pins, far: vec![(i64::MAX, None); nodes] }
    }

    /// What would change if a task were not done by one who does it now; nothing is told of a pair that is none, or pinned.
    pub fn without(&mut self, task: u32, person: u32) -> Option<Change> {
        let (problem, outcome) = (self.problem, self.outcome);
        let own = problem.edge(task, person).filter(|e| self.taken[*e] && !problem.pinned[*e])?;
        let tasks = problem.tasks.len() as u32;
        let (sink, goal) = (tasks + problem.people.len() as u32, tasks + person);
        self.far.fill((i64::MAX, None));
        let mut heap = BinaryHeap::new();
        self.far[task as usize] = (0, None);
        heap.push(Reverse((0, task)));
        while let Some(Reverse((at, node))) = heap.pop() {
            if at > self.far[node as usize].0 {
                continue;
            }
            if node == goal {
                break;
            }
            let by = self.far[node as usize].1;
            let far = &mut self.far;
            let mut step = |to: u32, cost: i64| {
                let there = at + cost;
                if there < far[to as usize].0 {
                    // The first step from the task says who does it instead.
                    far[to as usize] = (there, if node == task { Some(to) } else { by });
                    heap.push(Reverse((there, to)));
                }
            };
            if node < tasks {
                let price = outcome.task_price[node as usize];
                for e in problem.edges(node).filter(|e| !self.taken[*e]) {
                    let to = problem.to[e];
                    step(tasks + to, problem.cost[e] + outcome.person_price[to as usize] - price);
                }
                step(sink, problem.without(node) - price);
            } else if node < sink {
                let p = (node - tasks) as usize;
                let price = outcome.person_price[p];
                for other in &self.held[p] {
                    if let Some(e) = problem.edge(*other, p as u32) {
                        step(*other, outcome.task_price[*other as usize] - problem.cost[e] - price);
                    }
                }
                if outcome.held[p] < problem.room[p] {
                    step(sink, problem.people[p].load_at(outcome.held[p]) - price);
                }
            } else {
                for p in (0..problem.people.len()).filter(|p| outcome.held[*p] > self.pins[*p]) {
                    let last = problem.people[p].load_at(outcome.held[p] - 1);
                    step(tasks + p as u32, outcome.person_price[p] - last);
                }
                for (t, _) in outcome.unmet.iter().enumerate().filter(|(_, empty)| **empty > 0) {
                    step(t as u32, outcome.task_price[t] - problem.without(t as u32));
                }
            }
        }
        let (way, first) = self.far[goal as usize];
        // Steps are told from prices; the prices of both ends turn them into what is paid.
        let paid = way + outcome.task_price[task as usize] - outcome.person_price[person as usize] - problem.cost[own];
        // An empty place costs more than twice of all else, so it is told from the rest by rounding.
        let empty = (paid + problem.empty / 2).div_euclid(problem.empty);
        let instead = first.filter(|to| *to != sink).map(|to| to - tasks);
        Some(Change { empty, cost: paid - empty * problem.empty, instead })
    }
}

/// Why a place stays empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Empty {
    /// Nobody can do this task.
    Nobody,
    /// Fewer can than it needs.
    Few {
        /// How many.
        edges: u32,
    },
    /// All who could are taken, also by exchange: these tasks need more than these people have room for, and others who can do one of
    /// them do it already.
    Taken {
        /// This one and all that have what it could have.
        tasks: Vec<u32>,
        /// Who could do them.
        people: Vec<u32>,
        /// Places of these tasks.
        need: u64,
        /// Places that can be filled: by the capacity of these people, and by others who can do one of these tasks.
        room: u64,
    },
}

/// Why a task with an empty place has nobody for it.
pub fn empty(problem: &Problem, outcome: &Outcome, task: u32) -> Empty {
    let edges = problem.edges(task).len() as u32;
    if edges == 0 {
        return Empty::Nobody;
    }
    if edges < problem.tasks[task as usize].need {
        return Empty::Few { edges };
    }
    let mut of_task = vec![Vec::new(); problem.tasks.len()];
    let mut of_person = vec![Vec::new(); problem.people.len()];
    for pair in &outcome.pairs {
        of_task[pair.task as usize].push(pair.person);
        if !pair.pinned {
            of_person[pair.person as usize].push(pair.task);
        }
    }
    let (mut asked, mut seen) = (vec![false; problem.tasks.len()], vec![false; problem.people.len()]);
    let mut next = vec![task];
    asked[task as usize] = true;
    while let Some(task) = next.pop() {
        for e in problem.edges(task) {
            let person = problem.to[e];
            if seen[person as usize] || of_task[task as usize].contains(&person) {
                continue;
            }
            seen[person as usize] = true;
            for other in &of_person[person as usize] {
                if !std::mem::replace(&mut asked[*other as usize], true) {
                    next.push(*other);
                }
            }
        }
    }
    let list = |flags: &[bool]| (0..flags.len() as u32).filter(|n| flags[*n as usize]).collect::<Vec<u32>>();
    let (tasks, people) = (list(&asked), list(&seen));
    let need = tasks.iter().map(|t| u64::from(problem.tasks[*t as usize].need)).sum();
    let filled = |t: &u32| of_task[*t as usize].len() as u64;
    Empty::Taken { need, room: tasks.iter().map(filled).sum(), tasks, people }
}
