//! What decides when all else is equal.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{Election, Key, Project, Refused, Wanted, by_id};

/// Place of each project when all else is equal.
pub fn ranks(election: &Election, wanted: &Wanted) -> Result<Vec<u32>, Refused> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    if wanted.ties.contains(&Key::List) {
        for (place, id) in wanted.list.iter().enumerate() {
            if places.insert(id, place).is_some() || !election.projects.iter().any(|p| p.id == *id) {
                return Err(Refused::Odd(id.clone()));
            }
        }
        if let Some(missing) = election.projects.iter().find(|p| !places.contains_key(&*p.id)) {
            return Err(Refused::Missing(missing.id.clone()));
        }
    }
    let compare = |a: &Project, b: &Project| {
        let by = |key: &Key| match key {
            Key::Cost => a.cost.cmp(&b.cost),
            Key::Votes => b.votes.cmp(&a.votes),
            Key::Id => by_id(&a.id, &b.id),
            Key::List => places.get(&*a.id).cmp(&places.get(&*b.id)),
        };
        wanted.ties.iter().map(by).fold(Ordering::Equal, Ordering::then).then_with(|| by_id(&a.id, &b.id))
    };
    let mut order: Vec<usize> = (0..election.projects.len()).collect();
    order.sort_by(|a, b| compare(&election.projects[*a], &election.projects[*b]));
    let mut ranks = vec![0; order.len()];
    order.iter().zip(0..).for_each(|(at, rank)| ranks[*at] = rank);
    Ok(ranks)
}
