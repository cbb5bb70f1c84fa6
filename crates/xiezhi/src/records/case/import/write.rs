//! Rows become cases: numbers for a day at once, one statement for many rows.

use std::collections::{BTreeMap, HashSet};

use calc::geo::Point;
use store::{Entry, Logged, Query, Tx, Value, params};

use super::{CHUNK, Row};
use crate::kit::Result;
use crate::kit::time::Ms;
use crate::records::case::life::{clock, ledger};
use crate::records::case::rules::{Outcome, State};
use crate::records::case::{Case, Rulebook, place, put};

/// Writes the rows that are not yet known; returns how many.
pub(super) fn rows(tx: &mut Tx, book: &Rulebook, mut rows: Vec<Row>) -> Result<usize> {
    let known = known(tx, &rows)?;
    rows.retain(|r| !known.contains(&r.source));
    if rows.is_empty() {
        return Ok(0);
    }
    let mut numbers = numbers(tx, &rows)?;
    for row in &rows {
        let n = numbers.get_mut(row.day.as_str()).map_or(0, |n| std::mem::replace(n, *n + 1));
        let mut case = case(book, row, tx.id(), n, tx.now());
        case.log_seq = log(tx, row, &case)?.index;
        if row.closed.is_some() {
            ledger::ended(tx, &case, &row.place.desk);
        }
        ledger::tally(tx, &case.area, case.state, 1);
        put(tx, &case);
    }
    Ok(rows.len())
}

/// The case of a row. The desk here gets it now: its clock starts now, or an old file would be a storm of escalations.
fn case(book: &Rulebook, row: &Row, id: String, n: i64, now: Ms) -> Case {
    let mut case = Case {
        number: format!("{}-{n:04}", row.day),
        class: row.class.clone(),
        pack: book.classes.version,
        area: row.place.area.clone(),
        path: row.place.path.clone(),
        channel: "import".into(),
        source: Some(row.source.clone()),
        received_at: row.opened,
        closed_at: row.closed,
        updated_at: row.closed.unwrap_or(row.opened),
        outcome: (row.state == State::Closed).then_some(Outcome::Solved),
        ..Case::empty(&id, row.state)
    };
    let reported = row.lat.zip(row.lon).map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 });
    let shown = book.class(&case).visibility;
    place::set(&mut case, place::public(shown, None, reported));
    if let Some(stage) = row.state.stage() {
        case.holder = Some(row.place.desk.clone());
        (case.holder_since, case.hold_from) = (Some(row.opened), Some(row.opened));
        clock::start(book, stage, now, &mut case);
    }
    case
}

fn log(tx: &mut Tx, row: &Row, case: &Case) -> Result<Logged> {
    tx.new_owner(&case.id)?;
    let entry = Entry { area: Some(&case.area), owner: Some(&case.id), ..Entry::new("case.import", "case", &case.id) };
    let entry = entry
        .fact("state", row.state.as_str())
        .fact("number", case.number.as_str())
        .fact("source", row.source.as_str())
        .fact("channel", "import")
        .fact("received", row.opened)
        .fact_opt("closed", row.closed)
        .fact_opt("holder", case.holder.as_deref())
        .fact_opt("due", case.due_at)
        .fact_opt("class", row.class.as_deref())
        .element("case.text", row.text.as_deref())
        .element("case.address", row.address.as_deref())
        .element("case.lat", row.lat)
        .element("case.lon", row.lon)
        .element("case.note", row.note.as_deref());
    Ok(tx.log(entry)?)
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
