//! `xiezhi calc budget`: which projects of a participatory budget win, and why. `docs/budget.md` tells how.
//!
//! What must stay true: the same ballots give the same bytes in whatever order they come; what is wrong with the file is named with
//! line, column and reason before anything is written.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use calc::budget::add::RUNS;
use calc::budget::{
    Completion, Election, Fault, Key, Marks, Outcome, Pb, Project, Refused, Rule, Utility, Wanted, Why, decide, pb, read,
};
use serde_json::{Value, json};
use xiezhi::kit::gb18030;

/// Most bytes of a list that breaks ties.
const LIST_BYTES: u64 = 1 << 20;

/// What to decide, and how.
#[derive(clap::Args)]
pub struct Budget {
    /// `greedy`: the most voted first, while the money lasts. `equal-shares`: every voter has the same money to spend.
    #[arg(long, value_parser = ["greedy", "equal-shares"])]
    rule: String,
    /// What a project is worth to whoever votes for it: its cost, or as much as any other.
    #[arg(long, default_value = "cost", value_parser = ["cost", "cardinality"])]
    utility: String,
    /// What becomes of money that equal shares leave: nothing; every voter gets 1 more until nothing fits any more; or until 1
    /// more would spend too much.
    #[arg(long, default_value = "none", value_parser = ["none", "add1", "add1-overspend"])]
    completion: String,
    /// What is still left then goes to projects that fit, the most voted first.
    #[arg(long)]
    then_greedy: bool,
    /// What decides when all else is equal, one after another: cost, votes, id, list.
    #[arg(long, value_delimiter = ',', default_value = "cost,votes,id", value_parser = ["cost", "votes", "id", "list"])]
    tie_order: Vec<String>,
    /// The list of a tie order with `list`, as it was published before the vote: all project ids, one a line.
    #[arg(long)]
    tie_list: Option<PathBuf>,
    /// Ids of projects that do not stand any more (the column `withdrawn` of the file says the same).
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    withdrawn: Vec<String>,
    /// Ids of projects that stand and cost nothing.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    free: Vec<String>,
    /// Projects with fewer votes do not win.
    #[arg(long, value_name = "N", default_value_t = 0)]
    least_votes: u64,
    /// The vote, a file of Pabulib; standard input without one.
    file: Option<PathBuf>,
}

/// Decides.
pub fn run(budget: &Budget) -> Result<ExitCode, String> {
    let wanted = wanted(budget)?;
    let name = budget.file.as_ref().map_or("-".into(), |path| path.display().to_string());
    let text = match &budget.file {
        Some(path) => text(&name, &mut File::open(path).map_err(|e| format!("{name}: {e}"))?)?,
        None => text(&name, &mut io::stdin().lock())?,
    };
    let place = |fault: &Fault| format!("{name}:{}:{}: {}", fault.line, fault.column, fault.reason);
    let marks = Marks { withdrawn: budget.withdrawn.clone(), free: budget.free.clone() };
    let file = Pb::parse(&text).map_err(|fault| place(&fault))?;
    let read = read::election(&file, &marks).map_err(|fault| place(&fault))?;
    for note in &read.notes {
        eprintln!("{}", place(note));
    }
    let election = &read.election;
    let outcome = decide(election, &wanted).map_err(|refused| match (refused, &budget.tie_list) {
        (Refused::Missing(id), list) => format!("{}: project {id} is missing", list_name(list.as_deref())),
        (Refused::Odd(id), list) => format!("{}: {id} is there twice, or is no project", list_name(list.as_deref())),
        (Refused::Steps, _) => format!("{name}: more than {RUNS} steps without an end"),
    })?;
    println!("{}", tell(election, &outcome, budget));
    Ok(ExitCode::SUCCESS)
}

fn list_name(path: Option<&Path>) -> String {
    path.map_or("--tie-list".into(), |path| path.display().to_string())
}

fn wanted(budget: &Budget) -> Result<Wanted, String> {
    let rule = if budget.rule == "greedy" { Rule::Greedy } else { Rule::Shares };
    let completion = match budget.completion.as_str() {
        "add1" => Completion::Add1,
        "add1-overspend" => Completion::Overspend,
        _ => Completion::None,
    };
    if rule == Rule::Greedy && (completion != Completion::None || budget.then_greedy) {
        return Err("--completion and --then-greedy complete equal shares; greedy leaves nothing to complete".into());
    }
    let key = |word: &String| match word.as_str() {
        "cost" => Key::Cost,
        "votes" => Key::Votes,
        "list" => Key::List,
        _ => Key::Id,
    };
    let ties: Vec<Key> = budget.tie_order.iter().map(key).collect();
    let list = match &budget.tie_list {
        Some(path) if ties.contains(&Key::List) => read_list(path)?,
        Some(_) => return Err("--tie-list: the tie order has no list".into()),
        None if ties.contains(&Key::List) => return Err("--tie-order list: --tie-list names the list".into()),
        None => Vec::new(),
    };
    Ok(Wanted {
        rule,
        utility: if budget.utility == "cost" { Utility::Cost } else { Utility::Cardinality },
        completion,
        then_greedy: budget.then_greedy,
        ties,
        list,
        least_votes: budget.least_votes,
    })
}

fn read_list(path: &Path) -> Result<Vec<String>, String> {
    let name = path.display();
    let mut text = String::new();
    let file = File::open(path).map_err(|e| format!("{name}: {e}"))?;
    file.take(LIST_BYTES + 1).read_to_string(&mut text).map_err(|e| format!("{name}: {e}"))?;
    if text.len() as u64 > LIST_BYTES {
        return Err(format!("{name}: larger than {LIST_BYTES} bytes"));
    }
    let ids = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(ids.map(str::to_owned).collect())
}

/// The whole file, from GB 18030 when it is not UTF-8.
fn text(name: &str, file: &mut dyn Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.take(pb::BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
    if bytes.len() > pb::BYTES {
        return Err(format!("{name}: larger than {} bytes", pb::BYTES));
    }
    let foreign = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(e) => e,
    };
    let line = foreign.as_bytes()[..foreign.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
    let mut text = String::new();
    let decoded = gb18030::Decoded::new(foreign.as_bytes()).read_to_string(&mut text);
    decoded.map_err(|e| format!("{name}:{line}:1: {e}"))?;
    eprintln!("{name}:{line}: not UTF-8, read as GB 18030");
    Ok(text)
}

/// The result as it is published.
fn tell(election: &Election, outcome: &Outcome, budget: &Budget) -> Value {
    let id = |project: u32| election.projects[project as usize].id.as_str();
    let money = |amount: u64| number(u128::from(amount), election.decimals);
    let exact = |amount: u128| number(amount, outcome.digits);
    let pointed = election.has_points();
    let mut ties = budget.tie_order.clone();
    if !ties.iter().any(|key| key == "id" || key == "list") {
        ties.push("id".into());
    }
    let explanation = outcome.told.iter().map(|(project, why)| {
        let mut told = match why {
            Why::Bought { price, full, rest } => {
                let price_name = if pointed { "price_per_point" } else { "price" };
                json!({ "reason": "bought", price_name: exact(*price), "payers": full + rest, "paid_full": full, "paid_rest": rest })
            }
            Why::Fitted { rest } => json!({ "reason": "fitted", "rest": money(*rest) }),
            Why::Withdrawn => json!({ "reason": "withdrawn" }),
            Why::Votes => json!({ "reason": "few_votes" }),
            Why::Worthless => json!({ "reason": "worthless" }),
            Why::Dear => json!({ "reason": "dear" }),
            Why::Short { left } => json!({ "reason": "short", "supporters_left": exact(*left) }),
            Why::NoRoom { rest } => json!({ "reason": "no_room", "rest": money(*rest) }),
        };
        let Project { name, cost, votes, points, .. } = &election.projects[*project as usize];
        let won = matches!(why, Why::Bought { .. } | Why::Fitted { .. });
        let more = json!({ "project": id(*project), "name": name, "cost": money(*cost), "votes": votes, "won": won });
        if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
            told.extend(more);
            if pointed {
                told.insert("points".into(), json!(points));
            }
        }
        told
    });
    let explanation: Vec<Value> = explanation.collect();
    let method = match budget.rule.as_str() {
        "greedy" => {
            json!({ "rule": "greedy", "utility": budget.utility, "least_votes": budget.least_votes, "voters": election.voters })
        }
        rule => json!({
            "rule": rule, "utility": budget.utility, "completion": budget.completion, "then_greedy": budget.then_greedy,
            "least_votes": budget.least_votes, "voters": election.voters, "raised": number(outcome.raised, 0),
        }),
    };
    json!({
        "winners": outcome.winners.iter().map(|p| id(*p)).collect::<Vec<_>>(),
        "cost": money(outcome.cost), "budget": money(election.budget), "tie_order": ties, "method": method, "explanation": explanation,
    })
}

/// An amount of a smallest unit as a number of JSON: all its digits lie within what a reader of JSON keeps.
fn number(amount: u128, decimals: u32) -> Value {
    let one = 10u128.pow(decimals);
    match u64::try_from(amount / one) {
        Ok(whole) if amount.is_multiple_of(one) => json!(whole),
        _ => json!(amount as f64 / one as f64),
    }
}
