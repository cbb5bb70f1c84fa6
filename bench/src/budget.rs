//! Participatory budgets: how long reading and deciding take, and an invented election of any size.
//!
//! A town votes: projects lie in districts or concern all, costs are log-normal, some projects are loved and most are not, and people
//! vote for what is near them and for what everybody knows. How long ballots are is drawn, too. That real towns vote so is an assumption.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use calc::budget::{Completion, Marks, Pb, Rule, Utility, Wanted, decide, pb, read};
use serde_json::{Value, json};

use crate::chance::{Chance, sums};

/// Milliseconds, the middle one of some tries.
fn middle(mut tries: Vec<f64>) -> f64 {
    tries.sort_by(f64::total_cmp);
    (tries[tries.len() / 2] * 1e3).round() / 1e3
}

/// Measures on one file.
pub fn run(path: &PathBuf, times: usize, free: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let free = free.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let marks = Marks { free, ..Marks::default() };
    let fault = |f: calc::budget::Fault| format!("{}:{}:{}: {}", path.display(), f.line, f.column, f.reason);
    let load = || Ok::<_, String>(read::election(&Pb::parse(&text).map_err(fault)?, &marks).map_err(fault)?.election);
    let (mut loading, mut parsing) = (Vec::new(), Vec::new());
    let mut election = load()?;
    for _ in 0..times {
        let began = Instant::now();
        Pb::parse(&text).map_err(fault)?;
        parsing.push(began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        election = load()?;
        loading.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let mut out = json!({
        "voters": election.voters, "projects": election.projects.len(), "distinct": election.distinct(), "load_ms": middle(loading),
        "parse_ms": middle(parsing),
    });
    let shares = |utility, completion| Wanted { utility, completion, ..Wanted::default() };
    for (name, wanted) in [
        ("greedy", Wanted { rule: Rule::Greedy, ..Wanted::default() }),
        ("cost", shares(Utility::Cost, Completion::None)),
        ("cardinality", shares(Utility::Cardinality, Completion::None)),
        ("add1", shares(Utility::Cost, Completion::Add1)),
        ("add1-overspend", shares(Utility::Cost, Completion::Overspend)),
    ] {
        let mut tries = Vec::new();
        let mut last = None;
        for _ in 0..times {
            let began = Instant::now();
            let outcome = decide(&election, &wanted).map_err(|e| format!("{e:?}"))?;
            tries.push(began.elapsed().as_secs_f64() * 1e3);
            last = Some(outcome);
        }
        if let Some(outcome) = last {
            out[name] = json!({ "ms": middle(tries), "winners": outcome.winners.len(), "raised": outcome.raised as u64 });
        }
    }
    Ok(out)
}

/// What to invent.
pub struct Plan {
    /// Ballots.
    pub voters: usize,
    /// Projects.
    pub projects: usize,
    /// Of what.
    pub seed: u64,
    /// The file.
    pub out: PathBuf,
}

/// Invents an election.
pub fn invent(plan: &Plan) -> Result<Value, String> {
    let mut chance = Chance::new(plan.seed);
    let normal = |chance: &mut Chance| (-2.0 * (1.0 - chance.part()).ln()).sqrt() * (std::f64::consts::TAU * chance.part()).cos();
    let districts = (plan.projects / 12).max(1);
    // Every fourth project concerns all.
    let homes: Vec<Option<usize>> =
        (0..plan.projects).map(|_| (!chance.happens(0.25)).then(|| chance.below(districts))).collect();
    let costs: Vec<u64> =
        (0..plan.projects).map(|_| ((11.0 + normal(&mut chance)).exp().clamp(2_000.0, 2e6) / 100.0) as u64 * 100).collect();
    let loved: Vec<f64> = (0..plan.projects).map(|_| (0.9 * normal(&mut chance)).exp()).collect();
    let appeal = |district: usize| {
        sums(homes.iter().zip(&loved).map(move |(home, l)| match home {
            Some(home) if *home == district => l * 6.0,
            Some(_) => l * 0.2,
            None => l * 1.5,
        }))
    };
    let appeals: Vec<Vec<f64>> = (0..districts).map(appeal).collect();
    let sizes = sums((0..districts).map(|d| 1.0 / (d as f64 + 2.0)));
    // Three tenths of what is asked are there.
    let budget = costs.iter().sum::<u64>() * 3 / 10;
    let mut file = pb::Writer::default();
    file.section("META", ["key", "value"].iter());
    for (key, value) in [
        ("description", "invented".to_owned()),
        ("country", "nowhere".into()),
        ("unit", format!("seed {}", plan.seed)),
        ("instance", "1".into()),
        ("num_projects", plan.projects.to_string()),
        ("num_votes", plan.voters.to_string()),
        ("budget", budget.to_string()),
        ("vote_type", "approval".into()),
        ("rule", "greedy".into()),
    ] {
        file.row([key, &value].iter());
    }
    file.section("PROJECTS", ["project_id", "cost", "name"].iter());
    for (i, cost) in costs.iter().enumerate() {
        file.row([(i + 1).to_string(), cost.to_string(), format!("project {}", i + 1)].iter());
    }
    file.section("VOTES", ["voter_id", "age", "vote"].iter());
    let (mut ballot, mut text) = (Vec::new(), String::new());
    let mut marks = 0;
    for voter in 0..plan.voters {
        let district = chance.weighted(&sizes);
        // One to some dozen, mostly few.
        let wanted = 1 + ((1.0 - chance.part()).ln() * -4.0) as usize;
        ballot.clear();
        for _ in 0..3 * wanted {
            let project = chance.weighted(&appeals[district]);
            if ballot.len() < wanted && !ballot.contains(&project) {
                ballot.push(project);
            }
        }
        marks += ballot.len();
        text.clear();
        for (i, project) in ballot.iter().enumerate() {
            let _ = write!(text, "{}{}", if i > 0 { "," } else { "" }, project + 1);
        }
        file.row([(voter + 1).to_string(), (18 + chance.below(70)).to_string(), text.clone()].iter());
    }
    std::fs::write(&plan.out, &file.text).map_err(|e| format!("{}: {e}", plan.out.display()))?;
    Ok(json!({ "voters": plan.voters, "projects": plan.projects, "marks": marks, "budget": budget, "bytes": file.text.len() }))
}
