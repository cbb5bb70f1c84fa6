//! What is counted of the register, as it happens: for each area from the grid to the nation.
//!
//! What must stay true: the counters of an area equal what a count of its records would give (a test counts anew after
//! every kind of action); they say nothing about single people but in small areas, so nobody is shown a small number
//! ([`super::statistics`]).

use std::collections::BTreeMap;

use store::{Tx, params};

/// Counters of an area.
pub(super) const PEOPLE: &str = "people";
pub(super) const ORGANISATIONS: &str = "organisations";
pub(super) const HOMES: &str = "homes";
pub(super) const HOUSEHOLDS: &str = "households";
/// The largest size of a household that is told apart.
pub(super) const LARGE: i64 = 6;

/// What a household of a size counts as.
pub(super) fn of_household(size: i64) -> Vec<String> {
    if size <= 0 { Vec::new() } else { vec![HOUSEHOLDS.into(), format!("size:{}", size.min(LARGE))] }
}

/// What a home counts as.
pub(super) fn of_home(purpose: &str) -> Vec<String> {
    vec![HOMES.into(), format!("home:{purpose}")]
}

/// The paths of an area and of all above it.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter(|(at, _)| *at > 0).map(|(at, _)| &path[..=at])
}

/// Adds to counters.
pub(super) fn add(tx: &mut Tx, change: BTreeMap<(String, String), i64>) {
    for ((path, what), n) in change.into_iter().filter(|(_, n)| *n != 0) {
        tx.add("resident_count", &["path", "what", "n"], params![path, what, n]);
    }
}

/// Counts a home or a household, once more or once less, for an area and all above it.
pub(super) fn all(tx: &mut Tx, path: &str, what: &[String], by: i64) {
    let each = above(path).flat_map(|p| what.iter().map(move |w| ((p.to_owned(), w.clone()), by)));
    add(tx, each.collect());
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_area_above() {
        assert_eq!(super::above("/1/a/").collect::<Vec<_>>(), ["/1/", "/1/a/"]);
    }
}
