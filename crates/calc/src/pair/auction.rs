//! Pairs for scarce places, by bidding: tasks outbid each other for whoever they want, in rounds of ever smaller steps.
//!
//! Each person has as many seats as he can do tasks, each seat a price. A task without a seat takes the one that costs it least and raises
//! its price so far that its second best would be as good, and one step more; whoever sat there looks for another one, or stays empty when
//! that costs less. Seats that are left over at a price look for a task likewise, and lower theirs. So nobody ever has it better elsewhere
//! by more than a step. Steps begin large, so that prices are about right soon, and end so small that all of them together are less
//! than the least difference of costs: then the pairs are the best there are (Bertsekas's auction; Goldberg and Kennedy's scaling).
//!
//! What must stay true: costs are told in parts, more of them than there are tasks, and the last step is one part. What is found is the
//! best, with whole prices that prove it. Only for tasks of one place, without pins and load ([`fits`]).

use super::problem::{LARGEST, Problem};

/// None.
const NONE: u32 = u32::MAX;
/// By how much steps become smaller from round to round.
const SMALLER: i64 = 8;

/// Best pairs: the edge of each task, and what every person's place is worth.
pub(super) struct Sold {
    pub(super) edges: Vec<Option<u32>>,
    pub(super) person_price: Vec<i64>,
}

struct Auction<'a> {
    problem: &'a Problem,
    /// So many parts are one of cost.
    parts: i64,
    step: i64,
    /// Price of the cheapest seat of each person, and which one that is.
    price: Vec<i64>,
    low: Vec<u32>,
    /// The seats of each person.
    first: Vec<u32>,
    seat_price: Vec<i64>,
    seat_task: Vec<u32>,
    /// The edge of each task that has a seat, and the seat.
    edge: Vec<u32>,
    seat: Vec<u32>,
    around: Around,
}

/// The edges of each person.
struct Around {
    start: Vec<u32>,
    /// Edge and task.
    edges: Vec<(u32, u32)>,
}

/// So many tasks at least; with fewer of them the search is as quick.
const MANY: usize = 1_000;

/// Whether places are so scarce, and tasks so many, that this is the quicker way.
pub(super) fn pays(problem: &Problem) -> bool {
    let room: u64 = problem.room.iter().map(|room| u64::from(*room)).sum();
    problem.tasks.len() >= MANY && room < problem.tasks.len() as u64 && fits(problem)
}

/// Whether the best pairs can be found here.
pub(super) fn fits(problem: &Problem) -> bool {
    let parts = problem.tasks.len() as i64 + 1;
    // A price is at most what an empty place costs and some steps of that size.
    let small = problem.empty.checked_mul(parts).is_some_and(|most| most <= LARGEST / 4);
    let plain = |person: &super::Person| person.load.iter().all(|load| *load == 0);
    small && problem.tasks.iter().all(|t| t.need <= 1) && problem.people.iter().all(plain) && !problem.pinned.contains(&true)
}

/// Finds them, if the problem [`fits`].
pub(super) fn sell(problem: &Problem) -> Sold {
    let mut auction = Auction::new(problem);
    auction.step = (problem.empty * auction.parts / SMALLER).max(1);
    loop {
        auction.round();
        if auction.step == 1 {
            return Sold {
                person_price: auction.whole(),
                edges: auction.edge.iter().map(|e| Some(*e).filter(|e| *e != NONE)).collect(),
            };
        }
        auction.step = (auction.step / SMALLER).max(1);
    }
}

impl<'a> Auction<'a> {
    fn new(problem: &'a Problem) -> Auction<'a> {
        let (tasks, people) = (problem.tasks.len(), problem.people.len());
        let mut first = Vec::with_capacity(people + 1);
        let mut sum = 0;
        first.push(0);
        for room in &problem.room {
            sum += room;
            first.push(sum);
        }
        // Who has no seat is too dear for all.
        let price = problem.room.iter().map(|room| if *room == 0 { 2 * LARGEST } else { 0 }).collect();
        Auction {
            problem,
            parts: tasks as i64 + 1,
            step: 0,
            price,
            low: first[..people].to_vec(),
            first,
            seat_price: vec![0; sum as usize],
            seat_task: vec![NONE; sum as usize],
            edge: vec![NONE; tasks],
            seat: vec![NONE; tasks],
            around: Around::new(problem),
        }
    }

    /// All tasks bid anew at the prices there are, then the seats that are left.
    fn round(&mut self) {
        // Nobody sits anywhere now, so all seats of a person cost what his cheapest does: left at their own prices, most would be found
        // left over and come down step by step.
        for person in 0..self.price.len() {
            self.seat_price[self.first[person] as usize..self.first[person + 1] as usize].fill(self.price[person]);
        }
        self.seat_task.fill(NONE);
        self.edge.fill(NONE);
        self.seat.fill(NONE);
        let mut asking: Vec<u32> =
            (0..self.problem.tasks.len() as u32).rev().filter(|t| self.problem.tasks[*t as usize].need > 0).collect();
        while let Some(task) = asking.pop() {
            let out = self.bid(task);
            if out != NONE {
                asking.push(out);
            }
        }
        for person in 0..self.problem.people.len() as u32 {
            for seat in self.first[person as usize]..self.first[person as usize + 1] {
                self.fill(person, seat);
            }
        }
    }

    /// A task takes the seat that costs it least, if that is less than an empty place; tells who sat there.
    fn bid(&mut self, task: u32) -> u32 {
        let without = self.problem.without(task) * self.parts;
        let (mut best, mut second, mut taken) = (without, without, NONE);
        for e in self.problem.edges(task) {
            let here = self.problem.cost[e] * self.parts + self.price[self.problem.to[e] as usize];
            if here < best {
                (second, best, taken) = (best, here, e as u32);
            } else if here < second {
                second = here;
            }
        }
        if taken == NONE {
            return NONE;
        }
        let person = self.problem.to[taken as usize];
        let seat = self.low[person as usize];
        self.seat_price[seat as usize] += second - best + self.step;
        let out = std::mem::replace(&mut self.seat_task[seat as usize], task);
        (self.edge[task as usize], self.seat[task as usize]) = (taken, seat);
        self.look(person);
        if out != NONE {
            (self.edge[out as usize], self.seat[out as usize]) = (NONE, NONE);
        }
        out
    }

    /// Finds the cheapest seat of a person anew.
    fn look(&mut self, person: u32) {
        let seats = self.first[person as usize]..self.first[person as usize + 1];
        if let Some(low) = seats.min_by_key(|seat| self.seat_price[*seat as usize]) {
            self.low[person as usize] = low;
            self.price[person as usize] = self.seat_price[low as usize];
        }
    }

    /// A seat that is left over at a price takes the task that gives most for it, or costs nothing; so does the seat that is left by that.
    fn fill(&mut self, mut person: u32, mut seat: u32) {
        while self.seat_task[seat as usize] == NONE && self.seat_price[seat as usize] > 0 {
            let (mut most, mut second, mut taken) = (0, 0, (NONE, NONE));
            for (e, task) in self.around.of(person) {
                let own = self.edge[*task as usize];
                if self.problem.tasks[*task as usize].need == 0 || own == *e {
                    continue;
                }
                let pays = match own {
                    NONE => self.problem.without(*task) * self.parts,
                    own => self.problem.cost[own as usize] * self.parts + self.price[self.problem.to[own as usize] as usize],
                };
                let here = pays - self.problem.cost[*e as usize] * self.parts - self.step;
                if here > most {
                    (second, most, taken) = (most, here, (*e, *task));
                } else if here > second {
                    second = here;
                }
            }
            // Never dearer than it was: a higher bid than the price asks for no more than the price.
            self.seat_price[seat as usize] = self.price[person as usize].min(second);
            let (e, task) = taken;
            if e == NONE {
                return self.look(person);
            }
            self.seat_task[seat as usize] = task;
            let (left, left_by) = (self.seat[task as usize], self.edge[task as usize]);
            (self.edge[task as usize], self.seat[task as usize]) = (e, seat);
            self.look(person);
            if left == NONE {
                return;
            }
            self.seat_task[left as usize] = NONE;
            (person, seat) = (self.problem.to[left_by as usize], left);
        }
    }

    /// Whole prices. Those in parts are wrong by less than one of cost, so rounded up and with one more they are nowhere too low; then
    /// whatever is too high falls to the highest that no pair forbids, and that is never far.
    fn whole(&self) -> Vec<i64> {
        let problem = self.problem;
        let free = |p: usize| self.seat_task[self.first[p] as usize..self.first[p + 1] as usize].contains(&NONE);
        let mut price: Vec<i64> = self.price.iter().map(|price| price.div_euclid(self.parts) + 2).collect();
        let mut queue: Vec<u32> = Vec::new();
        let lower = |price: &mut Vec<i64>, person: u32, to: i64, queue: &mut Vec<u32>| {
            if to < price[person as usize] {
                price[person as usize] = to;
                queue.push(person);
            }
        };
        for p in (0..problem.people.len()).filter(|p| free(*p)) {
            price[p] = 0;
        }
        for (t, own) in self.edge.iter().enumerate().filter(|(_, own)| **own != NONE) {
            let mut least = problem.without(t as u32);
            for e in problem.edges(t as u32).filter(|e| *e != *own as usize) {
                least = least.min(problem.cost[e] + price[problem.to[e] as usize]);
            }
            lower(&mut price, problem.to[*own as usize], least - problem.cost[*own as usize], &mut queue);
        }
        while let Some(person) = queue.pop() {
            for (e, task) in self.around.of(person) {
                let own = self.edge[*task as usize];
                if own != NONE && own != *e {
                    let to = problem.cost[*e as usize] + price[person as usize] - problem.cost[own as usize];
                    lower(&mut price, problem.to[own as usize], to, &mut queue);
                }
            }
        }
        price
    }
}

impl Around {
    fn new(problem: &Problem) -> Around {
        let mut start = vec![0u32; problem.people.len() + 1];
        problem.to.iter().for_each(|person| start[*person as usize + 1] += 1);
        for p in 0..problem.people.len() {
            start[p + 1] += start[p];
        }
        let mut free = start.clone();
        let mut edges = vec![(0, 0); problem.to.len()];
        for task in 0..problem.tasks.len() as u32 {
            for e in problem.edges(task) {
                let place = &mut free[problem.to[e] as usize];
                edges[*place as usize] = (e as u32, task);
                *place += 1;
            }
        }
        Around { start, edges }
    }

    fn of(&self, person: u32) -> &[(u32, u32)] {
        &self.edges[self.start[person as usize] as usize..self.start[person as usize + 1] as usize]
    }
}
