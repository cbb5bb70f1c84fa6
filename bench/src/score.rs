//! One scorer for everybody: pairs and clusters against the truth.
//!
//! Truth and clusters are files of `key,group`; pairs of `a,b,…,probability`. Precision and recall are of pairs: those told, or
//! those within a cluster, against those of the same person.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

fn lines(path: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

fn groups(path: &Path) -> Result<HashMap<String, u32>, String> {
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut out = HashMap::new();
    for line in lines(path)? {
        let (key, group) = line.split_once(',').ok_or_else(|| format!("{}: {line}", path.display()))?;
        let next = names.len() as u32;
        out.insert(key.to_owned(), *names.entry(group.to_owned()).or_insert(next));
    }
    Ok(out)
}

fn pairs_within<K: std::hash::Hash + Eq>(groups: impl Iterator<Item = K>) -> u64 {
    let mut sizes: HashMap<K, u64> = HashMap::new();
    groups.for_each(|g| *sizes.entry(g).or_default() += 1);
    sizes.values().map(|n| n * (n - 1) / 2).sum()
}

/// Scores clusters, or pairs from a probability on.
pub fn run(truth: &Path, clusters: Option<&Path>, pairs: Option<&Path>, from: f64) -> Result<Value, String> {
    let truth = groups(truth)?;
    let (right, told) = match (clusters, pairs) {
        (Some(path), _) => {
            let clusters = groups(path)?;
            let of = |key: &String| truth.get(key).copied().ok_or_else(|| format!("{key} is in no truth"));
            let both: Vec<(u32, u32)> = clusters.iter().map(|(key, c)| Ok((*c, of(key)?))).collect::<Result<_, String>>()?;
            (pairs_within(both.iter().copied()), pairs_within(both.iter().map(|(c, _)| *c)))
        }
        (None, Some(path)) => {
            let (mut right, mut told) = (0, 0);
            for line in lines(path)? {
                let cells: Vec<&str> = line.split(',').collect();
                let probability: f64 = cells.last().and_then(|p| p.parse().ok()).ok_or_else(|| format!("no pair: {line}"))?;
                if probability >= from {
                    told += 1;
                    right += u64::from(truth.get(cells[0]).is_some_and(|p| truth.get(cells[1]) == Some(p)));
                }
            }
            (right, told)
        }
        (None, None) => return Err("--clusters or --pairs".into()),
    };
    let all = pairs_within(truth.values().copied());
    let (precision, recall) = (right as f64 / told.max(1) as f64, right as f64 / all.max(1) as f64);
    let f1 = if right == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    let short = |x: f64| (x * 1e5).round() / 1e5;
    Ok(json!({ "precision": short(precision), "recall": short(recall), "f1": short(f1), "told": told, "true": all }))
}
