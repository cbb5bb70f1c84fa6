//! Rows become cases: numbers for a day at once, one statement for many rows.

use std::collections::{BTreeMap, HashSet};

use store::{Entry, Logged, Query, Tx, Value, params};

use super::{CHUNK, Row};
use crate::kit::Result;
use crate::kit::time::Ms;
use crate::records::case::classes::catalogue;
use crate::records::case::rules::State;
use crate::records::case::tally;

/// Columns of a case that an import fills; those about handling stay empty.
const CASE: [&str; 20] = [
    "id",
    "number",
    "state",
    "class",
    "area",
    "path",
    "owner",
    "channel",
    "source",
    "received_at",
    "updated_at",
    "holder",
    "holder_since",
    "due_at",
    "level",
    "returns",
    "reopens",
    "extended",
    "closed_at",
    "log_seq",
];
const HOLD: [&str; 6] = ["case_id", "n", "holder", "state", "from_at", "to_at"];

/// Writes the rows that are not yet known; returns how many.
pub(super) fn rows(tx: &mut Tx, mut rows: Vec<Row>) -> Result<usize> {
    let known = known(tx, &rows)?;
    rows.retain(|r| !known.contains(&r.source));
    if rows.is_empty() {
        return Ok(0);
    }
    let mut numbers = numbers(tx, &rows)?;
    let (mut cases, mut holds) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in &rows {
        let n = numbers.get_mut(row.day.as_str()).map_or(0, |n| std::mem::replace(n, *n + 1));
        let new = New::of(row, tx.id(), n, tx.now());
        let index = new.log(tx)?.index;
        cases.push(new.case(index));
        let held_in = if row.state.is_open() { row.state } else { State::Received };
        holds.push(params![&new.id, 1, &row.place.desk, held_in.as_str(), row.opened, row.closed].to_vec());
    }
    let mut states: BTreeMap<(&str, State), i64> = BTreeMap::new();
    for row in &rows {
        *states.entry((row.place.area.as_str(), row.state)).or_default() += 1;
    }
    for ((area, state), n) in states {
        tally(tx, area, None, state, n)?;
    }
    tx.insert_many("cases", &CASE, &cases)?;
    tx.insert_many("case_hold", &HOLD, &holds)?;
    Ok(rows.len())
}

/// A row on its way to becoming a case.
struct New<'a> {
    row: &'a Row,
    id: String,
    number: String,
    /// An open case has both, a settled one neither.
    holder: Option<&'a str>,
    due: Option<Ms>,
}

impl New<'_> {
    fn of(row: &Row, id: String, n: i64, now: Ms) -> New<'_> {
        // The desk here gets it now: its clock starts now, or an old file would be a storm of escalations.
        let limit = row.state.stage().map(|s| catalogue().or_other(row.class.as_deref()).limit(s));
        let holder = limit.map(|_| row.place.desk.as_str());
        New { row, id, number: format!("{}-{n:04}", row.day), holder, due: limit.map(|l| now + l) }
    }

    fn log(&self, tx: &mut Tx) -> Result<Logged> {
        let row = self.row;
        tx.new_owner(&self.id)?;
        let entry = Entry { area: Some(&row.place.area), owner: Some(&self.id), ..Entry::new("case.import", "case", &self.id) };
        let entry = entry
            .fact("state", row.state.as_str())
            .fact("number", self.number.as_str())
            .fact("source", row.source.as_str())
            .fact("channel", "import")
            .fact("received", row.opened)
            .fact_opt("closed", row.closed)
            .fact_opt("holder", self.holder)
            .fact_opt("due", self.due)
            .fact_opt("class", row.class.as_deref())
            .element("case.text", row.text.as_deref())
            .element("case.address", row.address.as_deref())
            .element("case.lat", row.lat)
            .element("case.lon", row.lon)
            .element("case.note", row.note.as_deref());
        Ok(tx.log(entry)?)
    }

    fn case(&self, index: u64) -> Vec<Value> {
        let (row, place) = (self.row, &self.row.place);
        let since = self.holder.map(|_| row.opened);
        let who = params![&self.id, &self.number, row.state.as_str(), &row.class, &place.area, &place.path, &self.id];
        let when = params![
            "import",
            &row.source,
            row.opened,
            row.closed.unwrap_or(row.opened),
            self.holder,
            since,
            self.due,
            0,
            0,
            0,
            0,
            row.closed,
            index
        ];
        [who, when].concat()
    }
}

/// Which of these rows were imported before.
fn known(tx: &mut Tx, rows: &[Row]) -> Result<HashSet<String>> {
    let Some(last) = rows.last() else { return Ok(HashSet::new()) };
    // Always as many parameters, so that one prepared statement serves every chunk.
    let marks: Vec<String> = (1..=CHUNK).map(|i| format!("${i}")).collect();
    let sources: Vec<Value> = (0..CHUNK).map(|i| (&rows.get(i).unwrap_or(last).source).into()).collect();
    let found = tx.rows(&format!("select source from cases where source in ({})", marks.join(",")), &sources)?;
    Ok(found.iter().map(|r| r.get("source")).collect::<store::Result<_>>()?)
}

/// Takes numbers for all rows of a day at once; gives the first for each day.
fn numbers<'r>(tx: &mut Tx, rows: &'r [Row]) -> Result<BTreeMap<&'r str, i64>> {
    let mut first = BTreeMap::new();
    for row in rows {
        *first.entry(row.day.as_str()).or_insert(0) += 1;
    }
    for (day, n) in &mut first {
        let sql = "insert into day_number(day, n) values ($1, $2) on conflict(day) do update set n = day_number.n + excluded.n returning n";
        *n = tx.count(sql, params![*day, *n])? - *n + 1;
    }
    Ok(first)
}
