//! Invented conversations, the same for the same seed, and how long the opinion map takes in memory.
//!
//! People belong to camps of unequal size; a statement parts the camps or does not; few people see all statements, and the early
//! statements are seen by more. Some votes are changed later.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use calc::opinion::{Asked, Intake, Vote, map};
use serde_json::{Value, json};

use crate::chance::Chance;

/// What to invent.
pub struct Plan {
    pub voters: usize,
    pub statements: usize,
    pub votes: usize,
    pub seed: u64,
    pub out: PathBuf,
}

/// Writes `voter,statement,vote,timestamp`.
pub fn invent(plan: &Plan) -> Result<Value, String> {
    if plan.votes > plan.voters * plan.statements / 2 {
        return Err("--votes: at most half of all that are possible".into());
    }
    let mut chance = Chance::new(plan.seed);
    let mut below = |n: usize| chance.below(n);
    // Three camps of 5 : 3 : 2. What share of each camp agrees, for each statement.
    let camps: Vec<usize> = (0..plan.voters).map(|_| [0, 0, 0, 0, 0, 1, 1, 1, 2, 2][below(10)]).collect();
    let shares: Vec<[usize; 3]> = (0..plan.statements)
        .map(|_| match below(3) {
            0 => [50 + below(50); 3],
            _ => [10 + below(80), 10 + below(80), 10 + below(80)],
        })
        .collect();
    let mut seen = vec![false; plan.voters * plan.statements];
    let mut rows = Vec::with_capacity(plan.votes + plan.votes / 50);
    while rows.len() < plan.votes {
        let voter = below(plan.voters);
        let statement = below(plan.statements).min(below(plan.statements));
        if std::mem::replace(&mut seen[voter * plan.statements + statement], true) {
            continue;
        }
        let vote = match below(100) {
            0..15 => 0,
            _ if below(100) < shares[statement][camps[voter]] => 1,
            _ => -1,
        };
        rows.push((voter, statement, vote));
    }
    for _ in 0..plan.votes / 50 {
        let (voter, statement, vote) = rows[below(plan.votes)];
        rows.push((voter, statement, -vote));
    }
    let fail = |e: std::io::Error| format!("{}: {e}", plan.out.display());
    let mut out = std::io::BufWriter::new(std::fs::File::create(&plan.out).map_err(fail)?);
    writeln!(out, "voter,statement,vote,timestamp").map_err(fail)?;
    for (at, (voter, statement, vote)) in rows.iter().enumerate() {
        writeln!(out, "{voter},{statement},{vote},{}", 1_700_000_000_000 + at as u64 * 1000).map_err(fail)?;
    }
    out.flush().map_err(fail)?;
    Ok(json!({ "voters": plan.voters, "statements": plan.statements, "votes": plan.votes, "rows": rows.len() }))
}

/// Reads such a file and makes its map, several times; the median of each part in milliseconds.
pub fn run(file: &Path, rounds: usize) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let (mut read, mut made, mut k) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds.max(1) {
        let began = Instant::now();
        let mut intake = Intake::default();
        for (line, row) in text.lines().enumerate().skip(1) {
            let bad = || format!("{}:{}:1: voter,statement,vote,timestamp", file.display(), line + 1);
            let mut cells = row.split(',');
            let mut next = || cells.next().ok_or_else(bad);
            let (voter, statement, vote, at) = (next()?, next()?, next()?, next()?);
            let vote = Vote::parse(vote).ok_or_else(bad)?;
            intake.push(voter, statement, vote, Some(at.parse().map_err(|_| bad())?)).map_err(|e| format!("{}: {e:?}", bad()))?;
        }
        let votes = intake.finish();
        read.push(began.elapsed().as_secs_f64() * 1000.0);
        let began = Instant::now();
        k = map(&votes, &Asked::default()).grouping.k;
        made.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2] * 100.0).round() / 100.0
    };
    Ok(json!({ "read_ms": median(read), "map_ms": median(made), "k": k }))
}
