//! The check while somebody types, against a whole register: how long a look-up takes, and what it costs to hold.
//!
//! Learns from the rows of `bench people`, builds the index, takes rows out one at a time and looks for their people, as a clerk
//! would who types a row that is already held by other rows or by none.

use std::path::Path;
use std::time::{Duration, Instant};

use calc::link::index::Index;
use calc::link::{Batch, Schema, Wanted};
use serde_json::{Value, json};

/// Candidates that are shown.
const SHOWN: usize = 5;

/// Measures.
pub fn run(rows: &Path, queries: usize) -> Result<Value, String> {
    let text = std::fs::read_to_string(rows).map_err(|e| format!("{}: {e}", rows.display()))?;
    let mut batch = Batch::new(Schema::residents());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        batch.push(false, cells[0], &cells[1..]).map_err(|e| format!("{line}: {e:?}"))?;
    }
    batch.finish().map_err(|_| "a key comes twice")?;
    let learnt = batch.link(Wanted::default());
    let built = Instant::now();
    let mut index = Index::new(batch.into_records(), learnt.model, learnt.passes);
    let built = built.elapsed();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let (mut look, mut change, mut found) = (Vec::new(), Vec::new(), 0);
    for query in 0..queries.min(lines.len()) {
        // Keys are in the order of the lines, so a line's number is its row.
        let row = query * (lines.len() / queries.max(1)).max(1) % lines.len();
        let cells: Vec<&str> = lines[row].split(',').skip(1).collect();
        let began = Instant::now();
        index.remove(row);
        let removed = began.elapsed();
        let began = Instant::now();
        let hits = index.look(&cells, SHOWN, calc::link::GREY);
        look.push(began.elapsed());
        found += usize::from(!hits.is_empty());
        let began = Instant::now();
        index.insert(&cells);
        change.push(removed + began.elapsed());
    }
    let at = |times: &mut Vec<Duration>, share: f64| {
        times.sort_unstable();
        times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
    };
    let short = |ms: f64| (ms * 1e4).round() / 1e4;
    Ok(json!({
        "rows": index.len(), "queries": look.len(), "found": found, "passes": index.passes(),
        "p50_ms": short(at(&mut look, 0.5)), "p99_ms": short(at(&mut look, 0.99)), "max_ms": short(at(&mut look, 1.0)),
        "change_p99_ms": short(at(&mut change, 0.99)),
        "bytes_per_row": index.memory() / index.len().max(1), "build_s": short(built.as_secs_f64()),
    }))
}
