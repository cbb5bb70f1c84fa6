//! One scorer for everybody: pairs and clusters against the truth.
//!
//! Truth and clusters are files of `key,group`; pairs of `a,b,…,probability`. Precision and recall are of pairs: those told, or
//! those within a cluster, against those of the same person. Pairs can be joined here: to connected components, as Splink does.

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

/// Pairs of keys from a probability on.
fn pairs(path: &Path, from: f64) -> Result<Vec<(String, String)>, String> {
    let mut out = Vec::new();
    for line in lines(path)? {
        let cells: Vec<&str> = line.split(',').collect();
        let probability: f64 = cells.last().and_then(|p| p.parse().ok()).ok_or_else(|| format!("no pair: {line}"))?;
        if probability >= from {
            out.push((cells[0].to_owned(), cells[1].to_owned()));
        }
    }
    Ok(out)
}

/// Connected components of pairs: for each key its group; keys without a pair are groups of their own.
fn joined<'k>(keys: impl Iterator<Item = &'k String>, pairs: &[(String, String)]) -> Result<HashMap<String, u32>, String> {
    let place: HashMap<&String, u32> = keys.zip(0..).collect();
    let mut above: Vec<u32> = (0..place.len() as u32).collect();
    let top = |above: &[u32], mut at: u32| {
        while above[at as usize] != at {
            at = above[at as usize];
        }
        at
    };
    for (a, b) in pairs {
        let of = |key: &String| place.get(key).copied().ok_or_else(|| format!("{key} is in no truth"));
        let (a, b) = (top(&above, of(a)?), top(&above, of(b)?));
        above[a.max(b) as usize] = a.min(b);
    }
    Ok(place.iter().map(|(key, at)| ((*key).clone(), top(&above, *at))).collect())
}

/// What is scored.
pub enum Told<'a> {
    /// A file of clusters.
    Clusters(&'a Path),
    /// A file of pairs, from a probability on.
    Pairs(&'a Path, f64),
    /// The same, joined.
    Joined(&'a Path, f64),
}

/// Scores clusters or pairs.
pub fn run(truth: &Path, told: &Told) -> Result<Value, String> {
    let truth = groups(truth)?;
    let (right, told) = match told {
        Told::Pairs(path, from) => {
            let pairs = pairs(path, *from)?;
            let right = pairs.iter().filter(|(a, b)| truth.get(a).is_some_and(|p| truth.get(b) == Some(p))).count();
            (right as u64, pairs.len() as u64)
        }
        Told::Clusters(path) => within(&groups(path)?, &truth)?,
        Told::Joined(path, from) => within(&joined(truth.keys(), &pairs(path, *from)?)?, &truth)?,
    };
    let all = pairs_within(truth.values().copied());
    let (precision, recall) = (right as f64 / told.max(1) as f64, right as f64 / all.max(1) as f64);
    let f1 = if right == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    let short = |x: f64| (x * 1e5).round() / 1e5;
    Ok(json!({ "precision": short(precision), "recall": short(recall), "f1": short(f1), "told": told, "true": all }))
}

/// Right pairs within clusters, and all of them.
fn within(clusters: &HashMap<String, u32>, truth: &HashMap<String, u32>) -> Result<(u64, u64), String> {
    let of = |key: &String| truth.get(key).copied().ok_or_else(|| format!("{key} is in no truth"));
    let both: Vec<(u32, u32)> = clusters.iter().map(|(key, c)| Ok((*c, of(key)?))).collect::<Result<_, String>>()?;
    Ok((pairs_within(both.iter().copied()), pairs_within(both.iter().map(|(c, _)| *c))))
}
