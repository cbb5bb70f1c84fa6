//! The pairs: place by place along the shortest way through all that is taken, with prices that make every step exact.
//!
//! Each task and each person has a price. While a task's price is not above any edge it does not use plus that person's price, and not
//! below those it uses, the pairs are the best for the places filled so far. The next place looks for its cheapest way: to somebody with
//! room, or by taking over somebody whose task finds another one, and so on, or to the task that best stays without. With these prices all
//! steps of a way cost 0 or more, so the search (Dijkstra's) may stop at the first end; then the prices of all it passed rise by
//! what they were nearer than the end.
//!
//! Where places are so scarce that most searches would go through half a town, [`super::auction`] finds pairs and prices instead.
//!
//! What must stay true: prices only rise; an equal way that was found first stays, and tasks and people are gone through by number.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::auction::{self, Sold};
use super::problem::{LARGEST, Problem};

/// No edge.
pub(super) const NONE: u32 = u32::MAX;

/// A task and one who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Place in the list of tasks.
    pub task: u32,
    /// Place in the list of people.
    pub person: u32,
    /// What the edge says.
    pub cost: i64,
    /// It had to stay.
    pub pinned: bool,
}

/// The best pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// By task, then by person.
    pub pairs: Vec<Pair>,
    /// Places of each task that stay empty.
    pub unmet: Vec<u32>,
    /// What edges and load cost together.
    pub cost: i64,
    /// What waiting costs: of each empty place its task's.
    pub wait: i64,
    /// What one more place of a task costs, seen from here: at least as much as its dearest pair.
    pub task_price: Vec<i64>,
    /// What one more task of a person is worth to others, beside what it costs.
    pub person_price: Vec<i64>,
    /// Tasks of each person.
    pub held: Vec<u32>,
}

/// What a search knows of a person, together in memory.
#[derive(Clone, Copy)]
struct Seat {
    price: i64,
    /// What the next task costs more, `i64::MAX` when there is no room.
    next: i64,
    /// How far away in search `seen`.
    far: i64,
    seen: u32,
    /// The edge that leads here.
    by: u32,
}

/// What it knows of a task.
#[derive(Clone, Copy)]
struct Desk {
    price: i64,
    far: i64,
    seen: u32,
    /// The pair that this way would end.
    by: u32,
    /// Whether its arcs lie in order.
    sorted: bool,
}

/// An edge as a search goes along it.
#[derive(Clone, Copy, Default)]
struct Arc {
    /// Its cost and the price of its person when the arcs of its task were put in order, so never more than they are now: behind the first
    /// one that is too far all are.
    least: i64,
    cost: i64,
    person: u32,
    edge: u32,
}

/// So many arcs of a task looked at for nothing, and they are put in order again.
const STALE: u32 = 8;

/// Where a way ends.
#[derive(Clone, Copy)]
enum End {
    /// Somebody has room.
    Person(u32),
    /// A task goes without.
    Task(u32),
}

pub(super) struct Work<'a> {
    problem: &'a Problem,
    seats: Vec<Seat>,
    desks: Vec<Desk>,
    arcs: Vec<Arc>,
    /// The task of each edge.
    owner: Vec<u32>,
    taken: Vec<bool>,
    /// Edges that each person holds without pins, in a span of `room` each.
    slots: Vec<u32>,
    first: Vec<u32>,
    loose: Vec<u32>,
    pins: Vec<u32>,
    unmet: Vec<u32>,
    /// Number of the search.
    round: u32,
    /// Whom it has seen.
    people: Vec<u32>,
    /// Which tasks it went through.
    passed: Vec<u32>,
    /// At the distance it is at now.
    now: Vec<u32>,
    later: BinaryHeap<Reverse<(i64, u32)>>,
    /// How far the end is, or how far it is looked for.
    best: i64,
    end: Option<End>,
    /// How far ends were of late.
    usual: i64,
}

/// Finds them.
pub fn solve(problem: &Problem) -> Outcome {
    if auction::pays(problem) {
        return Work::sold(problem, auction::sell(problem));
    }
    let mut work = Work::new(problem);
    for task in 0..problem.tasks.len() as u32 {
        let pinned = problem.edges(task).filter(|e| problem.pinned[*e]).count() as u32;
        // More places than edges stay empty, whoever does what.
        let (need, edges) = (problem.tasks[task as usize].need, problem.edges(task).len() as u32);
        work.unmet[task as usize] += need.saturating_sub(edges);
        for _ in pinned..need.min(edges) {
            work.place(task);
        }
    }
    work.outcome()
}

impl<'a> Work<'a> {
    fn new(problem: &'a Problem) -> Work<'a> {
        let mut pins = vec![0u32; problem.people.len()];
        for (e, _) in problem.pinned.iter().enumerate().filter(|(_, pinned)| **pinned) {
            pins[problem.to[e] as usize] += 1;
        }
        let seat = |(p, held): (usize, &u32)| {
            let (person, room) = (&problem.people[p], problem.room[p]);
            let next = if *held < room { person.load_at(*held) } else { i64::MAX };
            let price = if room == 0 { 0 } else { person.load_at((*held).min(room - 1)) };
            Seat { price, next, far: 0, seen: 0, by: NONE }
        };
        let mut first = Vec::with_capacity(problem.people.len());
        let mut sum = 0;
        for room in &problem.room {
            first.push(sum);
            sum += room;
        }
        let mut owner = vec![0; problem.to.len()];
        for task in 0..problem.tasks.len() as u32 {
            owner[problem.edges(task)].fill(task);
        }
        Work {
            problem,
            seats: pins.iter().enumerate().map(seat).collect(),
            desks: vec![Desk { price: i64::MIN, far: 0, seen: 0, by: NONE, sorted: false }; problem.tasks.len()],
            arcs: vec![Arc::default(); problem.to.len()],
            owner,
            taken: problem.pinned.clone(),
            slots: vec![NONE; sum as usize],
            first,
            loose: vec![0; problem.people.len()],
            pins,
            unmet: vec![0; problem.tasks.len()],
            round: 0,
            people: Vec::new(),
            passed: Vec::new(),
            now: Vec::new(),
            later: BinaryHeap::new(),
            best: 0,
            end: None,
            usual: 0,
        }
    }

    /// The pairs of an auction, with their prices.
    pub(super) fn sold(problem: &'a Problem, sold: Sold) -> Outcome {
        let mut work = Work::new(problem);
        for (task, edge) in sold.edges.iter().enumerate() {
            match edge {
                Some(e) => work.take(*e),
                None => work.unmet[task] = problem.tasks[task].need,
            }
        }
        for (person, price) in sold.person_price.iter().enumerate() {
            work.seats[person].price = *price;
        }
        for (task, edge) in sold.edges.iter().enumerate() {
            if let Some(e) = edge {
                work.desks[task].price = problem.cost[*e as usize] + work.seats[problem.to[*e as usize] as usize].price;
            }
        }
        work.outcome()
    }

    /// What one more person of a task costs at least, and the edge to one of those who has room for it at that price.
    fn cheapest(&self, task: u32) -> (i64, Option<u32>) {
        let (mut price, mut open) = (self.problem.without(task), None);
        for e in self.problem.edges(task) {
            let seat = &self.seats[self.problem.to[e] as usize];
            let here = self.problem.cost[e] + seat.price;
            if here > price || self.taken[e] {
                continue;
            }
            if here < price {
                (price, open) = (here, None);
            }
            if open.is_none() && seat.next == seat.price {
                open = Some(e as u32);
            }
        }
        (price, open)
    }

    /// Fills one more place of a task, or leaves one empty where that costs least.
    fn place(&mut self, task: u32) {
        let (price, open) = self.cheapest(task);
        self.desks[task as usize].price = price;
        if let Some(e) = open {
            return self.take(e);
        }
        // Ends are mostly near; whatever lies further than twice the usual is not even noted down at first.
        let mut limit = 2 * self.usual + 1;
        loop {
            self.search(task, limit);
            self.raise();
            if let Some(end) = self.end {
                self.usual = (self.usual * 7 + self.best.min(4 * limit)) / 8;
                return self.follow(task, end);
            }
            limit = limit.saturating_mul(4).min(LARGEST);
        }
    }

    /// Looks for the nearest end, less than `limit` away.
    fn search(&mut self, task: u32, limit: i64) {
        self.round += 1;
        self.people.clear();
        self.passed.clear();
        self.later.clear();
        self.now.clear();
        (self.best, self.end) = (limit, None);
        let desk = &mut self.desks[task as usize];
        (desk.far, desk.seen, desk.by) = (0, self.round, NONE);
        self.pass(task, 0);
        let tasks_from = self.problem.people.len() as u32;
        let mut far = 0;
        while far < self.best {
            let node = match (self.now.pop(), self.later.peek()) {
                (Some(node), _) => node,
                (None, Some(&Reverse((next, node)))) if next < self.best => {
                    self.later.pop();
                    far = next;
                    node
                }
                _ => break,
            };
            if node >= tasks_from {
                if self.desks[(node - tasks_from) as usize].far == far {
                    self.pass(node - tasks_from, far);
                }
            } else if self.seats[node as usize].far == far {
                self.displace(node, far);
            }
        }
    }

    /// Goes from a task to all who could do it.
    fn pass(&mut self, task: u32, far: i64) {
        let edges = self.problem.edges(task);
        if !self.desks[task as usize].sorted {
            self.sort(task);
        }
        self.passed.push(task);
        let base = far - self.desks[task as usize].price;
        if base + self.problem.without(task) < self.best {
            (self.best, self.end) = (base + self.problem.without(task), Some(End::Task(task)));
        }
        let mut stale = 0;
        for arc in &self.arcs[edges] {
            if base + arc.least >= self.best {
                break;
            }
            let Arc { cost, person, edge, .. } = *arc;
            let seat = &mut self.seats[person as usize];
            let there = base + cost + seat.price;
            if there >= self.best {
                stale += 1;
                continue;
            }
            let seen = seat.seen == self.round;
            if seen && there >= seat.far || self.taken[edge as usize] {
                continue;
            }
            if !seen {
                seat.seen = self.round;
                self.people.push(person);
            }
            (seat.far, seat.by) = (there, edge);
            if seat.next != i64::MAX && there + (seat.next - seat.price) < self.best {
                (self.best, self.end) = (there + (seat.next - seat.price), Some(End::Person(person)));
            }
            if self.loose[person as usize] > 0 {
                if there == far { self.now.push(person) } else { self.later.push(Reverse((there, person))) }
            }
        }
        self.desks[task as usize].sorted = stale < STALE;
    }

    /// Puts the arcs of a task in order.
    fn sort(&mut self, task: u32) {
        let edges = self.problem.edges(task);
        for (e, arc) in edges.clone().zip(&mut self.arcs[edges.clone()]) {
            let (person, cost) = (self.problem.to[e], self.problem.cost[e]);
            *arc = Arc { least: cost + self.seats[person as usize].price, cost, person, edge: e as u32 };
        }
        self.arcs[edges].sort_unstable_by_key(|arc| (arc.least, arc.edge));
        self.desks[task as usize].sorted = true;
    }

    /// Goes from a person to the tasks that he could be taken from.
    fn displace(&mut self, person: u32, far: i64) {
        let seat = self.seats[person as usize];
        let from = self.first[person as usize] as usize;
        for slot in from..from + self.loose[person as usize] as usize {
            let e = self.slots[slot];
            let task = self.owner[e as usize];
            let desk = &mut self.desks[task as usize];
            let there = far + (desk.price - self.problem.cost[e as usize] - seat.price);
            if there >= self.best || desk.seen == self.round && there >= desk.far {
                continue;
            }
            (desk.seen, desk.far, desk.by) = (self.round, there, e);
            if there == far {
                self.pass(task, far);
            } else {
                self.later.push(Reverse((there, task + self.problem.people.len() as u32)));
            }
        }
    }

    /// Raises the prices of all that was nearer than the end.
    fn raise(&mut self) {
        for person in &self.people {
            let seat = &mut self.seats[*person as usize];
            seat.price += (self.best - seat.far).max(0);
        }
        for task in &self.passed {
            let desk = &mut self.desks[*task as usize];
            // A task that was come to again from nearer stands in the list twice.
            desk.price += (self.best - std::mem::replace(&mut desk.far, self.best)).max(0);
        }
    }

    /// Goes back along the way and takes what lies on it.
    fn follow(&mut self, from: u32, end: End) {
        let mut task = match end {
            End::Person(person) => {
                let e = self.seats[person as usize].by;
                self.take(e);
                self.owner[e as usize]
            }
            End::Task(task) => {
                self.unmet[task as usize] += 1;
                task
            }
        };
        while task != from {
            let old = self.desks[task as usize].by;
            let person = self.problem.to[old as usize] as usize;
            let new = self.seats[person].by;
            let slots = self.first[person] as usize..(self.first[person] + self.loose[person]) as usize;
            if let Some(slot) = self.slots[slots].iter_mut().find(|slot| **slot == old) {
                *slot = new;
            }
            self.taken[old as usize] = false;
            self.taken[new as usize] = true;
            task = self.owner[new as usize];
        }
    }

    /// Gives a person with room one task more.
    fn take(&mut self, e: u32) {
        let person = self.problem.to[e as usize] as usize;
        self.taken[e as usize] = true;
        self.slots[(self.first[person] + self.loose[person]) as usize] = e;
        self.loose[person] += 1;
        let held = self.pins[person] + self.loose[person];
        let room = held < self.problem.room[person];
        self.seats[person].next = if room { self.problem.people[person].load_at(held) } else { i64::MAX };
    }

    fn outcome(mut self) -> Outcome {
        let problem = self.problem;
        for task in 0..problem.tasks.len() as u32 {
            let (price, desk) = (self.cheapest(task).0, task as usize);
            if self.unmet[desk] > 0 || self.desks[desk].price == i64::MIN {
                self.desks[desk].price = price;
            }
        }
        let pair =
            |e: usize| Pair { task: self.owner[e], person: problem.to[e], cost: problem.cost[e], pinned: problem.pinned[e] };
        let pairs: Vec<Pair> = (0..problem.to.len()).filter(|e| self.taken[*e]).map(pair).collect();
        let held: Vec<u32> = self.pins.iter().zip(&self.loose).map(|(pins, loose)| pins + loose).collect();
        let load = |(person, held): (&super::Person, &u32)| (0..*held).map(|nth| person.load_at(nth)).sum::<i64>();
        let cost = pairs.iter().map(|p| p.cost).sum::<i64>() + problem.people.iter().zip(&held).map(load).sum::<i64>();
        let wait = self.unmet.iter().zip(&problem.tasks).map(|(n, task)| i64::from(*n) * task.wait).sum();
        Outcome {
            pairs,
            cost,
            wait,
            task_price: self.desks.iter().map(|d| d.price).collect(),
            person_price: self.seats.iter().map(|s| s.price).collect(),
            unmet: self.unmet,
            held,
        }
    }
}
