//! From answers to a map, and to what a page shows of it.
//!
//! What must stay true: the map is what `xiezhi calc opinion` makes of the tables given out ([`tables`]); making it is work, so
//! one is kept for a moment, and only one request makes it.

use std::sync::{Arc, Mutex, PoisonError};

use calc::opinion::picture::{Picture, picture};
use calc::opinion::{Asked, Intake, Map, Roles, Vote, Votes, map};
use store::{Query, params};

use super::{Opinion, State, rules};
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result};

/// So long a map is shown though new answers came.
const KEPT: Ms = 10_000;
/// Maps kept at once.
const MOST: usize = 16;

/// A map with what it was made of.
pub struct Chart {
    /// Who answered what.
    pub votes: Votes,
    /// The map.
    pub map: Map,
    /// Roles that have enough people, by name.
    pub roles: Vec<String>,
}

/// A map by node and matter, with the turn and the moment it was made at.
type Kept = (String, i64, Ms, Arc<Chart>);
static MAPS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// The map of a matter, at most [`KEPT`] old.
pub fn chart(app: &App, q: &mut dyn Query, opinion: &Opinion, now: Ms) -> Result<Arc<Chart>> {
    let key = format!("{} {}", app.db.origin(), opinion.id);
    // Whoever comes while one is made waits for it.
    let mut maps = MAPS.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = |turn: i64, at: Ms| turn == opinion.turn || (opinion.is_open(now) && (at..at + KEPT).contains(&now));
    if let Some((.., kept)) = maps.iter().find(|(k, turn, at, _)| *k == key && fresh(*turn, *at)) {
        return Ok(kept.clone());
    }
    let made = Arc::new(make(q, opinion)?);
    maps.retain(|(k, ..)| *k != key);
    if maps.len() == MOST {
        maps.remove(0);
    }
    maps.push((key, opinion.turn, now, made.clone()));
    Ok(made)
}

/// Rows of the three tables that the method reads.
pub struct Tables {
    /// Voter, statement, answer. Voters are numbered: in the order of their digests, which is none.
    pub votes: Vec<(usize, i64, i64)>,
    /// Role of each voter; one of few people is none.
    pub roles: Vec<Option<String>>,
    /// Statements about the matter itself.
    pub about: Vec<i64>,
}

/// The tables as they stand now.
pub fn tables(q: &mut dyn Query, opinion: &Opinion) -> Result<Tables> {
    let rows = q.rows("select voter, role from opinion_voter where opinion = $1 order by voter", params![&opinion.id])?;
    let mut voters: Vec<(String, String)> = Vec::with_capacity(rows.len());
    for row in &rows {
        voters.push((row.get("voter")?, row.get("role")?));
    }
    let many = |role: &str| voters.iter().filter(|(_, r)| r == role).count() >= rules::ROLE_PEOPLE;
    let mut names: Vec<&str> = voters.iter().map(|(_, r)| r.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|r| many(r));
    let roles = voters.iter().map(|(_, r)| names.contains(&r.as_str()).then(|| r.clone())).collect();
    let sql = "select v.voter, v.n, v.said, s.state from opinion_vote v join opinion_statement s on s.opinion = v.opinion and s.n = v.n \
               where v.opinion = $1 order by v.voter, v.n";
    let (mut votes, mut about) = (Vec::new(), Vec::new());
    for row in q.rows(sql, params![&opinion.id])? {
        let (voter, n, state): (String, i64, State) = (row.get("voter")?, row.get("n")?, row.get("state")?);
        if !state.is_open() {
            continue;
        }
        let Ok(voter) = voters.binary_search_by(|(v, _)| v.as_str().cmp(&voter)) else { continue };
        votes.push((voter, n, row.get("said")?));
        if state == State::About && !about.contains(&n) {
            about.push(n);
        }
    }
    Ok(Tables { votes, roles, about })
}

fn make(q: &mut dyn Query, opinion: &Opinion) -> Result<Chart> {
    let tables = tables(q, opinion)?;
    let mut intake = Intake::default();
    for (voter, n, said) in &tables.votes {
        let vote = Vote::parse(&said.to_string()).ok_or_else(|| Error::internal("an answer that is none"))?;
        let pushed = intake.push(&voter.to_string(), &n.to_string(), vote, None);
        pushed.map_err(|e| Error::internal(format!("{e:?}")))?;
    }
    let votes = intake.finish();
    let place = |n: &i64| votes.statement(&n.to_string()).map(|j| j as u32);
    let mut pairs = Vec::new();
    for (voter, role) in tables.roles.iter().enumerate() {
        if let (Some(role), Some(at)) = (role, votes.voter(&voter.to_string())) {
            pairs.push((at as u32, role.clone()));
        }
    }
    let roles = Roles::new(&pairs);
    let names = roles.as_ref().map(|r| r.names().to_vec()).unwrap_or_default();
    let meta = tables.about.iter().filter_map(place).collect();
    let map = map(&votes, &Asked { meta, roles: roles.filter(|_| names.len() > 1), ..Asked::default() });
    Ok(Chart { votes, map, roles: names })
}

impl Chart {
    /// The number of the statement at a place.
    pub fn n(&self, place: usize) -> i64 {
        self.votes.statements()[place].parse().unwrap_or_default()
    }

    /// Where everybody stands, to be drawn.
    pub fn picture(&self) -> Picture {
        picture(&self.map)
    }

    /// How likely a statement should come next.
    pub fn weight(&self, n: i64) -> Option<f64> {
        self.votes.statement(&n.to_string()).map(|j| self.map.priority[j])
    }
}
