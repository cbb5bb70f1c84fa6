//! `xiezhi calc pair`: who does what, at the least cost. `docs/pairing.md` tells how.
//!
//! What must stay true: rows in another order give the same bytes, for people and tasks are numbered in the order of their ids; what is
//! wrong with a file is named with file, line, column and reason before anything is written.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::budget::by_id;
use calc::pair::{Edge, Fault, Person, Problem, Task, What, solve, why};

use super::table::{Table, wrong};

/// Largest capacity and need.
const MOST: u32 = 1_000_000;

/// What to pair.
#[derive(clap::Args)]
pub struct Pair {
    /// CSV `person,capacity[,load]`: most tasks of a person; each task of his costs `load` more than the one before.
    #[arg(long)]
    people: PathBuf,
    /// CSV `task[,need][,wait]`: how many different people (1 without the column), and what a place that stays empty costs.
    #[arg(long)]
    tasks: PathBuf,
    /// CSV `task,person,cost[,pinned]`: who can do what, whole numbers, the less the better; pinned 1 stays whatever it costs.
    #[arg(long)]
    edges: PathBuf,
    /// Also tells the reasons on standard error: of a pair what it would cost to do without it, of an empty place who has what instead.
    #[arg(long)]
    why: bool,
}

/// Ids in order, each with what its row says.
struct Rows<T> {
    ids: Vec<String>,
    values: Vec<T>,
    /// Lines.
    lines: Vec<u64>,
    places: HashMap<String, u32>,
}

impl<T> Rows<T> {
    /// Reads a table; `row` makes of a row what it says.
    fn read(path: &Path, id: &str, mut open: impl FnMut(&Table) -> Result<Row<T>, String>) -> Result<Rows<T>, String> {
        let mut table = Table::open(path)?;
        let column = table.column(&[id])?;
        let mut row = open(&table)?;
        let mut all = Vec::new();
        let mut lines: HashMap<String, u64> = HashMap::new();
        while table.next()? {
            let name = table.cell(column).to_owned();
            if name.is_empty() {
                return Err(table.wrong(column, format!("no {id} is named")));
            }
            let value = row(&table)?;
            if let Some(line) = lines.insert(name.clone(), table.line()) {
                return Err(table.wrong(column, format!("{id} {name} is already on line {line}")));
            }
            all.push((name, value, table.line()));
        }
        all.sort_unstable_by(|a, b| by_id(&a.0, &b.0));
        let mut rows = Rows { ids: Vec::new(), values: Vec::new(), lines: Vec::new(), places: HashMap::with_capacity(all.len()) };
        for (place, (name, value, line)) in all.into_iter().enumerate() {
            rows.places.insert(name.clone(), place as u32);
            rows.ids.push(name);
            rows.values.push(value);
            rows.lines.push(line);
        }
        Ok(rows)
    }

    fn place(&self, id: &str) -> Option<u32> {
        self.places.get(id).copied()
    }
}

/// Reads what a row says.
type Row<T> = Box<dyn FnMut(&Table) -> Result<T, String>>;

/// A whole number of a column, or what holds without the column or in an empty cell.
fn number(table: &Table, column: Option<usize>, without: i64, least: i64, most: i64) -> Result<i64, String> {
    let Some(column) = column else { return Ok(without) };
    match table.cell(column) {
        "" => Ok(without),
        text => whole(text, least, most).map_err(|why| table.wrong(column, why)),
    }
}

fn whole(text: &str, least: i64, most: i64) -> Result<i64, String> {
    let found = text.parse::<i64>().ok().filter(|n| (least..=most).contains(n));
    found.ok_or_else(|| format!("{text}: no whole number from {least} to {most}"))
}

/// Pairs.
pub fn run(pair: &Pair) -> Result<ExitCode, String> {
    let people = Rows::read(&pair.people, "person", |table| {
        let (capacity, load) = (table.column(&["capacity"])?, table.find(&["load"]));
        Ok(Box::new(move |table: &Table| {
            let own = whole(table.cell(capacity), 0, i64::from(MOST)).map_err(|why| table.wrong(capacity, why))?;
            let step = number(table, load, 0, 0, i64::MAX)?;
            Ok(Person { capacity: own as u32, load: if step == 0 { Vec::new() } else { vec![0, step] } })
        }))
    })?;
    let tasks = Rows::read(&pair.tasks, "task", |table| {
        let (need, wait) = (table.find(&["need"]), table.find(&["wait"]));
        Ok(Box::new(move |table: &Table| {
            Ok(Task { need: number(table, need, 1, 1, i64::from(MOST))? as u32, wait: number(table, wait, 0, 0, i64::MAX)? })
        }))
    })?;
    let (columns, edges, lines) = read_edges(&pair.edges, &tasks, &people)?;
    let problem = Problem::new(tasks.values, people.values, &edges).map_err(|Fault { what, at }| {
        let line = || lines.get(at).copied().unwrap_or(1);
        match what {
            What::Load => wrong(&pair.people, people.lines.get(at).copied().unwrap_or(1), 0, Fault { what, at }),
            What::Large | What::Many => format!("{}:1:1: {}", pair.edges.display(), Fault { what, at }),
            What::Twice => {
                let Edge { task, person, .. } = edges[at];
                let first = edges.iter().position(|e| (e.task, e.person) == (task, person)).map_or(1, |n| lines[n]);
                let (task, person) = (&tasks.ids[task as usize], &people.ids[person as usize]);
                wrong(&pair.edges, line(), columns[1], format!("task {task} and person {person} are already on line {first}"))
            }
            What::Person => wrong(&pair.edges, line(), columns[1], Fault { what, at }),
            What::Task | What::Need | What::Capacity => wrong(&pair.edges, line(), columns[0], Fault { what, at }),
        }
    })?;
    let outcome = solve(&problem);
    let mut out = csv::Writer::from_writer(std::io::BufWriter::new(std::io::stdout().lock()));
    let fail = |e: csv::Error| e.to_string();
    out.write_record(["task", "person"]).map_err(fail)?;
    for pair in &outcome.pairs {
        out.write_record([&tasks.ids[pair.task as usize], &people.ids[pair.person as usize]]).map_err(fail)?;
    }
    out.flush().map_err(|e| e.to_string())?;
    eprintln!("{}", outcome.cost);
    if pair.why {
        let told = tell(&problem, &outcome, &tasks.ids, &people.ids);
        std::io::stderr().lock().write_all(told.as_bytes()).map_err(|e| e.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Columns of task and person, the edges, and their lines.
type Edges = ([usize; 2], Vec<Edge>, Vec<u64>);

fn read_edges(path: &Path, tasks: &Rows<Task>, people: &Rows<Person>) -> Result<Edges, String> {
    let mut table = Table::open(path)?;
    let (task, person, cost) = (table.column(&["task"])?, table.column(&["person"])?, table.column(&["cost"])?);
    let pinned = table.find(&["pinned"]);
    let (mut edges, mut lines) = (Vec::new(), Vec::new());
    while table.next()? {
        let unknown = |column: usize, what: &str| table.wrong(column, format!("there is no {what} {}", table.cell(column)));
        edges.push(Edge {
            task: tasks.place(table.cell(task)).ok_or_else(|| unknown(task, "task"))?,
            person: people.place(table.cell(person)).ok_or_else(|| unknown(person, "person"))?,
            cost: whole(table.cell(cost), i64::MIN, i64::MAX).map_err(|why| table.wrong(cost, why))?,
            pinned: number(&table, pinned, 0, 0, 1)? == 1,
        });
        lines.push(table.line());
    }
    Ok(([task, person], edges, lines))
}

/// The reasons, one a line.
fn tell(problem: &Problem, outcome: &calc::pair::Outcome, tasks: &[String], people: &[String]) -> String {
    let mut told = String::new();
    let mut ways = why::Ways::new(problem, outcome);
    for pair in &outcome.pairs {
        let (task, person) = (&tasks[pair.task as usize], &people[pair.person as usize]);
        told += &match ways.without(pair.task, pair.person) {
            _ if pair.pinned => format!("{task},{person}: pinned\n"),
            None => format!("{task},{person}: cost {}\n", pair.cost),
            Some(change) => {
                let next = change.instead.map_or("nobody".into(), |p| people[p as usize].clone());
                let empty = if change.empty > 0 { format!(", {} more empty", change.empty) } else { String::new() };
                format!("{task},{person}: cost {}, without this pair {:+}{empty}, then {next}\n", pair.cost, change.cost)
            }
        };
    }
    for (task, _) in outcome.unmet.iter().enumerate().filter(|(_, places)| **places > 0) {
        told += &match why::empty(problem, outcome, task as u32) {
            why::Empty::Nobody => format!("{}: no-candidates\n", tasks[task]),
            why::Empty::Few { edges } => format!("{}: few-candidates, {edges}\n", tasks[task]),
            why::Empty::Taken { tasks: asking, people: taken, need, room } => format!(
                "{}: all-taken, {} people ({}) have room for {room} of {need} places of {} tasks that nobody else can fill\n",
                tasks[task],
                taken.len(),
                taken.iter().take(SHOWN).map(|p| people[*p as usize].as_str()).collect::<Vec<_>>().join(" "),
                asking.len(),
            ),
        };
    }
    told
}

/// Most names in a reason.
const SHOWN: usize = 20;
