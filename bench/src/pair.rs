//! Tasks and people: how long pairing them takes, and an invented town of any size.
//!
//! A town lies in a square of ten kilometres. Every task asks for one of eight skills, people have two, and each task knows so many people
//! who can do it: those who live nearest, at their distance in metres and up to half a kilometre for whatever else speaks for or against
//! them (`near`), or any, at any cost up to 10,000 (`far`). That real towns are so is an assumption.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use calc::pair::{Edge, Person, Problem, Task, solve};
use serde_json::{Value, json};

use crate::chance::Chance;

/// What to invent.
pub struct Plan {
    /// Tasks, of one place each.
    pub tasks: usize,
    /// People.
    pub people: usize,
    /// Edges of a task.
    pub edges: usize,
    /// Most capacity of a person; each has from 1 on.
    pub capacity: usize,
    /// Whether edges go to whoever lives nearest.
    pub near: bool,
    /// Of what.
    pub seed: u64,
    /// The folder.
    pub out: PathBuf,
}

const SIDE: usize = 10_000;
const SKILLS: usize = 8;

/// Invents a town.
pub fn invent(plan: &Plan) -> Result<Value, String> {
    let mut chance = Chance::new(plan.seed);
    // About a dozen people in a square of the grid.
    let across = ((plan.people as f64 / 12.0).sqrt().ceil() as usize).max(1);
    let square = SIDE / across + 1;
    let mut squares: Vec<Vec<usize>> = vec![Vec::new(); across * across];
    let mut people_text = String::from("person,capacity\n");
    let mut people = Vec::new();
    let mut capacity = 0;
    for p in 0..plan.people {
        let (x, y) = (chance.below(SIDE), chance.below(SIDE));
        let skills = (chance.below(SKILLS), chance.below(SKILLS));
        let own = 1 + chance.below(plan.capacity);
        capacity += own;
        let _ = writeln!(people_text, "p{p},{own}");
        squares[y / square * across + x / square].push(p);
        people.push((x, y, skills));
    }
    let (mut tasks_text, mut edges_text) = (String::from("task,need\n"), String::from("task,person,cost\n"));
    let mut edges = 0;
    for t in 0..plan.tasks {
        let (x, y, skill) = (chance.below(SIDE), chance.below(SIDE), chance.below(SKILLS));
        let _ = writeln!(tasks_text, "t{t},1");
        let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
        if plan.near {
            let (row, column) = ((y / square) as isize, (x / square) as isize);
            // Rings of squares, until those that lie further can be no nearer than the last one wanted.
            for ring in 0..=across as isize {
                let done =
                    found.iter().nth(plan.edges - 1).is_some_and(|(far, _)| *far < (ring as usize).saturating_sub(1) * square);
                if done {
                    break;
                }
                for r in row - ring..=row + ring {
                    for c in column - ring..=column + ring {
                        let edge = (r - row).abs() == ring || (c - column).abs() == ring;
                        if !edge || r < 0 || c < 0 || r >= across as isize || c >= across as isize {
                            continue;
                        }
                        for p in &squares[r as usize * across + c as usize] {
                            let (px, py, skills) = people[*p];
                            if skills.0 == skill || skills.1 == skill {
                                let (dx, dy) = (px.abs_diff(x) as f64, py.abs_diff(y) as f64);
                                found.insert((dx.hypot(dy) as usize, *p));
                            }
                        }
                    }
                }
            }
        } else {
            while found.len() < plan.edges.min(plan.people) {
                let p = chance.below(plan.people);
                if !found.iter().any(|(_, other)| *other == p) {
                    found.insert((chance.below(SIDE), p));
                }
            }
        }
        for (far, p) in found.into_iter().take(plan.edges) {
            let cost = if plan.near { far + chance.below(500) } else { far };
            let _ = writeln!(edges_text, "t{t},p{p},{cost}");
            edges += 1;
        }
    }
    std::fs::create_dir_all(&plan.out).map_err(|e| format!("{}: {e}", plan.out.display()))?;
    for (name, text) in [("people.csv", people_text), ("tasks.csv", tasks_text), ("edges.csv", edges_text)] {
        let path = plan.out.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(json!({ "tasks": plan.tasks, "people": plan.people, "capacity": capacity, "edges": edges, "near": plan.near }))
}

/// Measures on the files of one town, as [`invent`] writes them.
pub fn run(dir: &Path, times: usize) -> Result<Value, String> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
    };
    let number = |text: &str| text.trim_start_matches(['t', 'p']).parse::<i64>().map_err(|_| format!("{text}: no number"));
    let cells = |line: &str| line.split(',').map(number).collect::<Result<Vec<i64>, String>>();
    let rows = |text: &str| text.lines().skip(1).map(cells).collect::<Result<Vec<_>, String>>();
    let people: Vec<Person> =
        rows(&read("people.csv")?)?.iter().map(|r| Person { capacity: r[1] as u32, load: vec![] }).collect();
    let tasks: Vec<Task> = rows(&read("tasks.csv")?)?.iter().map(|r| Task { need: r[1] as u32, wait: 0 }).collect();
    let edge = |r: &Vec<i64>| Edge { task: r[0] as u32, person: r[1] as u32, cost: r[2], pinned: false };
    let edges: Vec<Edge> = rows(&read("edges.csv")?)?.iter().map(edge).collect();
    let (mut building, mut solving, mut walls, mut told) = (Vec::new(), Vec::new(), Vec::new(), Value::Null);
    for _ in 0..times.max(1) {
        let (tasks, people) = (tasks.clone(), people.clone());
        let began = processor()?;
        let problem = Problem::new(tasks, people, &edges).map_err(|fault| format!("edge {}: {fault}", fault.at))?;
        let (laid_out, wall) = (processor()?, Instant::now());
        let outcome = solve(&problem);
        walls.push(wall.elapsed().as_secs_f64() * 1e3);
        let solved = processor()?;
        building.push(laid_out - began);
        solving.push(solved - laid_out);
        told = json!({ "filled": outcome.pairs.len(), "cost": outcome.cost });
    }
    Ok(json!({
        "tasks": tasks.len(), "people": people.len(), "edges": edges.len(), "filled": told["filled"], "cost": told["cost"],
        "build_ms": middle(building), "solve_ms": middle(solving), "wall_ms": middle(walls),
    }))
}

/// Milliseconds of processor time that this process, one thread, has had: what neighbours on the machine do does not count.
pub fn processor() -> Result<f64, String> {
    let path = "/proc/self/schedstat";
    // The kernel counts when it looks at a process anew.
    std::thread::yield_now();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.map(|ns| ns / 1e6).ok_or_else(|| format!("{path}: no number"))
}

/// The middle one of some tries.
fn middle(mut tries: Vec<f64>) -> f64 {
    tries.sort_by(f64::total_cmp);
    (tries[tries.len() / 2] * 1e3).round() / 1e3
}
