//! Votes as they come in, and as a table: who said what of which statement, the last word of each counting.
//!
//! What must stay true: the table depends on the rows, not on their order. Voters and statements stand in the order of their ids,
//! numbers before other texts and by value, so that "10" comes after "9". Of two votes of one moment that differ nobody knows the
//! last, so they count as a pass. (Rows without a time are an exception by nature: then the later row is the last word.)

use std::cmp::Ordering;
use std::collections::HashMap;

/// Most people who vote.
pub const VOTERS: usize = 100_000;
/// Most statements.
pub const STATEMENTS: usize = 10_000;
/// Most rows, earlier votes included.
pub const ROWS: usize = 20_000_000;
/// Most bytes of an id.
pub const ID_BYTES: usize = 200;

/// Why a row is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not say who votes.
    NoVoter,
    /// It does not say on what.
    NoStatement,
    /// An id is longer than [`ID_BYTES`].
    LongId,
    /// More than [`VOTERS`].
    Voters,
    /// More than [`STATEMENTS`].
    Statements,
    /// More than [`ROWS`].
    Rows,
}

/// What somebody says of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vote {
    /// Against it.
    Disagree,
    /// Neither: not sure, does not matter.
    Pass,
    /// For it.
    Agree,
}

impl Vote {
    /// As a number: 1 agree, 0 pass, −1 disagree.
    pub fn value(self) -> f64 {
        match self {
            Vote::Agree => 1.0,
            Vote::Pass => 0.0,
            Vote::Disagree => -1.0,
        }
    }

    /// From what files say; a real minus sign is one too.
    pub fn parse(text: &str) -> Option<Vote> {
        match text {
            "1" | "+1" => Some(Vote::Agree),
            "0" => Some(Vote::Pass),
            "-1" | "−1" => Some(Vote::Disagree),
            _ => None,
        }
    }
}

/// Ids and the numbers they were given.
#[derive(Clone, Debug, Default)]
struct Ids(HashMap<Box<str>, u32>);

impl Ids {
    fn number(&mut self, id: &str, most: usize) -> Option<u32> {
        if let Some(known) = self.0.get(id) {
            return Some(*known);
        }
        let next = self.0.len();
        (next < most).then(|| {
            self.0.insert(id.into(), next as u32);
            next as u32
        })
    }

    /// All of them in their order, and the place of each in it.
    fn sorted(self) -> (Vec<String>, Vec<u32>) {
        let mut all: Vec<(Box<str>, u32)> = self.0.into_iter().collect();
        all.sort_unstable_by(|a, b| by_id(&a.0, &b.0));
        let mut places = vec![0; all.len()];
        for (place, (_, number)) in all.iter().enumerate() {
            places[*number as usize] = place as u32;
        }
        (all.into_iter().map(|(id, _)| id.into()).collect(), places)
    }
}

/// The order of ids: numbers by value, then everything else as it is written.
pub fn by_id(a: &str, b: &str) -> Ordering {
    fn key(id: &str) -> (bool, usize, &str, &str) {
        if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) {
            let digits = id.trim_start_matches('0');
            (false, digits.len(), digits, id)
        } else {
            (true, 0, id, "")
        }
    }
    key(a).cmp(&key(b))
}

#[derive(Clone, Copy, Debug)]
struct Row {
    voter: u32,
    statement: u32,
    at: i64,
    vote: Vote,
}

/// Rows that are coming in.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    voters: Ids,
    statements: Ids,
    rows: Vec<Row>,
}

impl Intake {
    /// Adds a vote. `at` orders the votes of one person on one statement, in whatever unit; without it the order of the rows does.
    pub fn push(&mut self, voter: &str, statement: &str, vote: Vote, at: Option<i64>) -> Result<(), Refused> {
        if voter.is_empty() {
            return Err(Refused::NoVoter);
        }
        if statement.is_empty() {
            return Err(Refused::NoStatement);
        }
        if voter.len().max(statement.len()) > ID_BYTES {
            return Err(Refused::LongId);
        }
        if self.rows.len() == ROWS {
            return Err(Refused::Rows);
        }
        let voter = self.voters.number(voter, VOTERS).ok_or(Refused::Voters)?;
        let statement = self.statements.number(statement, STATEMENTS).ok_or(Refused::Statements)?;
        let at = at.unwrap_or(self.rows.len() as i64);
        self.rows.push(Row { voter, statement, at, vote });
        Ok(())
    }

    /// The table.
    pub fn finish(self) -> Votes {
        let rows_read = self.rows.len();
        let (voters, voter_places) = self.voters.sorted();
        let (statements, statement_places) = self.statements.sorted();
        let mut begins = vec![0usize; voters.len() + 1];
        for row in &self.rows {
            begins[voter_places[row.voter as usize] as usize + 1] += 1;
        }
        for i in 1..begins.len() {
            begins[i] += begins[i - 1];
        }
        let mut free = begins.clone();
        let mut said = vec![(0u32, 0i64, Vote::Pass); rows_read];
        for row in self.rows {
            let place = &mut free[voter_places[row.voter as usize] as usize];
            said[*place] = (statement_places[row.statement as usize], row.at, row.vote);
            *place += 1;
        }
        let (mut cells, mut ends) = (Vec::with_capacity(rows_read), Vec::with_capacity(voters.len()));
        for voter in 0..voters.len() {
            let row = &mut said[begins[voter]..begins[voter + 1]];
            row.sort_unstable();
            cells.extend(row.chunk_by(|a, b| a.0 == b.0).map(last_word));
            ends.push(cells.len());
        }
        Votes { voters, statements, ends, cells, rows_read }
    }
}

/// The last of somebody's votes on one statement, in the order of their times.
fn last_word(votes: &[(u32, i64, Vote)]) -> (u32, Vote) {
    let (statement, at, vote) = votes[votes.len() - 1];
    let doubted = votes.iter().any(|(_, t, v)| *t == at && *v != vote);
    (statement, if doubted { Vote::Pass } else { vote })
}

/// Who said what: one row for each voter, of the statements that this voter saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    voters: Vec<String>,
    statements: Vec<String>,
    ends: Vec<usize>,
    cells: Vec<(u32, Vote)>,
    rows_read: usize,
}

impl Votes {
    /// Ids of those who voted, in order.
    pub fn voters(&self) -> &[String] {
        &self.voters
    }

    /// Ids of what was voted on, in order.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// What a voter said, by statement.
    pub fn row(&self, voter: usize) -> &[(u32, Vote)] {
        let begin = if voter == 0 { 0 } else { self.ends[voter - 1] };
        &self.cells[begin..self.ends[voter]]
    }

    /// Other votes on the same statements, a row for each voter without a name.
    pub(super) fn with_rows(&self, rows: Vec<Vec<(u32, Vote)>>) -> Votes {
        let (mut ends, mut cells) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            cells.extend(row);
            ends.push(cells.len());
        }
        let rows_read = cells.len();
        Votes { voters: vec![String::new(); ends.len()], statements: self.statements.clone(), ends, cells, rows_read }
    }

    /// Votes that count.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nobody voted.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Votes that a later one of the same person took the place of.
    pub fn replaced(&self) -> usize {
        self.rows_read - self.cells.len()
    }

    /// Place of a voter.
    pub fn voter(&self, id: &str) -> Option<usize> {
        self.voters.binary_search_by(|v| by_id(v, id)).ok()
    }

    /// Place of a statement.
    pub fn statement(&self, id: &str) -> Option<usize> {
        self.statements.binary_search_by(|s| by_id(s, id)).ok()
    }
}
