//! What is asked: checked once, and laid out for whoever looks through it again and again.
//!
//! What must stay true: whatever passes here can be added up without wrapping ([`LARGEST`]); the order of edges is lost.

/// Most edges, tasks, and people.
pub const MOST: usize = 1 << 28;
/// No sum of costs is larger.
pub const LARGEST: i64 = 1 << 60;

/// What somebody is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// How many different people: its places.
    pub need: u32,
    /// What a place that stays empty costs: larger, the longer somebody has waited. It decides between tasks when not all can be served;
    /// it never leaves a place empty that could be filled.
    pub wait: i64,
}

impl Default for Task {
    fn default() -> Task {
        Task { need: 1, wait: 0 }
    }
}

/// Somebody who does something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Most tasks.
    pub capacity: u32,
    /// What the first task costs more than its edge says, the second, and so on; it never falls. Behind the last it goes on rising by
    /// the last step: `[0, 3]` is 0, 3, 6, 9 … and spreads the work, nothing is 0 for each.
    pub load: Vec<i64>,
}

impl Person {
    /// What the `nth` task costs more, from 0.
    pub(super) fn load_at(&self, nth: u32) -> i64 {
        let nth = nth as usize;
        match *self.load.as_slice() {
            [] => 0,
            [only] => only,
            [.., before, last] if nth >= self.load.len() => {
                last.saturating_add(last.saturating_sub(before).saturating_mul((nth + 1 - self.load.len()) as i64))
            }
            _ => self.load[nth],
        }
    }
}

/// That a person can do a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Place in the list of tasks.
    pub task: u32,
    /// Place in the list of people.
    pub person: u32,
    /// The less, the better they fit; below 0 is allowed.
    pub cost: i64,
    /// Promised already: this pair stays, whatever it costs.
    pub pinned: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An edge names a task that there is not.
    Task,
    /// An edge names a person that there is not.
    Person,
    /// The same task and person again.
    Twice,
    /// More pinned pairs of a task than it needs.
    Need,
    /// More pinned pairs of a person than he has capacity.
    Capacity,
    /// A later task of a person costs less than one before.
    Load,
    /// The costs together are larger than [`LARGEST`].
    Large,
    /// More than [`MOST`].
    Many,
}

/// What is wrong, and with which edge (with [`What::Load`]: which person).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub what: What,
    /// Place in the list of edges, or of people.
    pub at: usize,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.what {
            What::Task => "there is no such task",
            What::Person => "there is no such person",
            What::Twice => "this task and this person stand here already",
            What::Need => "more people are pinned to this task than it needs",
            What::Capacity => "more tasks are pinned to this person than there is capacity",
            What::Load => "a later task costs less than one before",
            What::Large => "the costs are too large to be added up",
            What::Many => "more than can be paired at once",
        })
    }
}

/// A problem that can be solved.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) tasks: Vec<Task>,
    pub(super) people: Vec<Person>,
    /// Where the edges of a task begin; one more at the end.
    pub(super) start: Vec<u32>,
    /// The person of an edge, ascending within a task.
    pub(super) to: Vec<u32>,
    pub(super) cost: Vec<i64>,
    pub(super) pinned: Vec<bool>,
    /// Edges of a person, or his capacity when that is less: more he can never have.
    pub(super) room: Vec<u32>,
    /// More than twice what all costs together can differ by: an empty place costs this beside its wait, so that filling one is always
    /// worth it, and a sum says by rounding how many empty places are in it.
    pub(super) empty: i64,
}

impl Problem {
    /// Checks and lays out.
    pub fn new(tasks: Vec<Task>, people: Vec<Person>, edges: &[Edge]) -> Result<Problem, Fault> {
        let wrong = |what, at| Err(Fault { what, at });
        if tasks.len().max(people.len()).max(edges.len()) > MOST {
            return wrong(What::Many, 0);
        }
        if let Some(at) = people.iter().position(|p| !p.load.is_sorted()) {
            return wrong(What::Load, at);
        }
        let mut start = vec![0u32; tasks.len() + 1];
        for (at, edge) in edges.iter().enumerate() {
            match start.get_mut(edge.task as usize + 1) {
                Some(count) => *count += 1,
                None => return wrong(What::Task, at),
            }
            if edge.person as usize >= people.len() {
                return wrong(What::Person, at);
            }
        }
        let mut sum = 0;
        for count in &mut start {
            sum += *count;
            *count = sum;
        }
        // The edges of each task together, and then by person.
        let mut order = vec![(0u32, 0u32); edges.len()];
        let mut free = start.clone();
        for (at, edge) in edges.iter().enumerate() {
            let place = &mut free[edge.task as usize];
            order[*place as usize] = (edge.person, at as u32);
            *place += 1;
        }
        let mut room = vec![0u32; people.len()];
        for span in start.windows(2) {
            let span = &mut order[span[0] as usize..span[1] as usize];
            span.sort_unstable();
            if let Some(two) = span.windows(2).find(|two| two[0].0 == two[1].0) {
                return wrong(What::Twice, two[1].1 as usize);
            }
            span.iter().for_each(|(person, _)| room[*person as usize] += 1);
        }
        for (room, person) in room.iter_mut().zip(&people) {
            *room = (*room).min(person.capacity);
        }
        let of = |n: &(u32, u32)| &edges[n.1 as usize];
        let (cost, pinned): (Vec<i64>, Vec<bool>) = order.iter().map(|n| (of(n).cost, of(n).pinned)).unzip();
        let to = order.iter().map(|n| n.0).collect();
        let mut problem = Problem { tasks, people, start, to, cost, pinned, room, empty: 0 };
        problem.empty = problem.more_than_all().ok_or(Fault { what: What::Large, at: 0 })?;
        let edge = |e: usize| order[e].1 as usize;
        problem.check_pins(edge)?;
        Ok(problem)
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// The edges of a task.
    pub(super) fn edges(&self, task: u32) -> std::ops::Range<usize> {
        self.start[task as usize] as usize..self.start[task as usize + 1] as usize
    }

    /// The edge of a task to a person.
    pub(super) fn edge(&self, task: u32, person: u32) -> Option<usize> {
        let edges = self.edges(task);
        let found = self.to[edges.clone()].binary_search(&person);
        found.ok().map(|at| edges.start + at)
    }

    /// What an empty place of a task costs.
    pub(super) fn without(&self, task: u32) -> i64 {
        self.empty + self.tasks[task as usize].wait
    }

    /// More than twice what any two ways of pairing can differ by.
    fn more_than_all(&self) -> Option<i64> {
        let mut sum: i128 = 1;
        for t in 0..self.tasks.len() {
            let edges = self.edges(t as u32);
            let most = self.cost[edges.clone()].iter().map(|c| c.unsigned_abs()).max().unwrap_or(0);
            let places = (self.tasks[t].need as usize).min(edges.len()) as i128;
            sum += 4 * i128::from(most) * places;
            sum += 4 * i128::from(self.tasks[t].wait.unsigned_abs()) * i128::from(self.tasks[t].need);
        }
        for (person, room) in self.people.iter().zip(&self.room).filter(|(_, room)| **room > 0) {
            let most = person.load_at(0).unsigned_abs().max(person.load_at(room - 1).unsigned_abs());
            sum += 4 * i128::from(most) * i128::from(*room);
        }
        i64::try_from(sum).ok().filter(|sum| *sum <= LARGEST)
    }

    fn check_pins(&self, edge: impl Fn(usize) -> usize) -> Result<(), Fault> {
        let mut held = vec![0u32; self.people.len()];
        for t in 0..self.tasks.len() {
            let mut places = 0;
            for e in self.edges(t as u32).filter(|e| self.pinned[*e]) {
                let person = self.to[e] as usize;
                places += 1;
                held[person] += 1;
                if places > self.tasks[t].need {
                    return Err(Fault { what: What::Need, at: edge(e) });
                }
                if held[person] > self.people[person].capacity {
                    return Err(Fault { what: What::Capacity, at: edge(e) });
                }
            }
        }
        Ok(())
    }
}
