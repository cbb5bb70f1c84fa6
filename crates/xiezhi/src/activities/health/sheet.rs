//! Counts by the table: a workbook or CSV for a whole term or year at once.
//!
//! What must stay true: every mistake is named with its row and column, and nothing of a table with mistakes is taken; an empty cell is
//! no count, and 0 is a count.

use super::count::{Told, is_day};
use super::pack::Source;
use super::{Book, day_of};
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::rows::{self, Limits};
use crate::kit::sheet::{Form, Problems, Row, Table as Cells};
use crate::kit::time::Ms;

/// What a table may cost.
const MOST: Limits = Limits { unpacked: 16 << 20, rows: 20_000 };

/// The one table.
pub const FORMS: [Form; 1] = [Form {
    key: "counts",
    zh: "计数",
    columns: &[("date", "日期", "Date", 14), ("syndrome", "症状", "Syndrome", 24), ("count", "人数", "Count", 12)],
    rows: 20_000,
}];

/// What a table holds.
#[derive(Debug, Default)]
pub struct Read {
    /// Counts.
    pub told: Vec<Told>,
    /// What is wrong.
    pub problems: Problems,
    /// The table as it came.
    pub cells: Cells,
}

/// The cells of a table: the first sheet of a workbook, or CSV; blank rows keep their place.
fn cells(bytes: &[u8]) -> Result<Cells> {
    let mut out: Cells = Vec::new();
    rows::each(bytes, Some(FORMS[0].zh), MOST, &mut |line| {
        let at = usize::try_from(line.at).unwrap_or(1).max(1);
        // A file of which the rows stand far apart costs no more than its rows.
        if at > out.len() + 1 + MOST.rows as usize {
            return Err(Kind::TooMany.at("file").limit(MOST.rows as i64));
        }
        out.resize(at - 1, Vec::new());
        out.push(line.cells.to_vec());
        Ok(true)
    })?;
    Ok(out)
}

/// Reads a table of counts of one source.
pub fn read(book: &Book, source: &Source, now: Ms, bytes: &[u8]) -> Result<Read> {
    let cells = cells(bytes)?;
    let (mut problems, mut told) = (Problems::new(), Vec::new());
    let (columns, at) = crate::kit::sheet::rows(&FORMS[0], &cells, &mut problems);
    if at.len() > book.pack.limits.rows {
        return Err(Kind::TooMany.at("file").limit(book.pack.limits.rows as i64));
    }
    if problems.is_empty() {
        let today = day_of(now, &book.zone);
        for i in at {
            let row = Row { form: &FORMS[0], at: i + 1, cells: &cells[i], columns: &columns };
            told.extend(take(book, source, today, &row, &mut problems));
        }
    }
    problems.sort();
    Ok(Read { told, problems, cells })
}

fn take(book: &Book, source: &Source, today: i32, row: &Row, out: &mut Problems) -> Option<Told> {
    if row.cell("count").is_empty() {
        return None;
    }
    let before = out.len();
    let day = row.cell("date").get(..10).and_then(|d| d.parse::<calc::series::Day>().ok());
    let day = day.map(|d| d.0).filter(|d| is_day(book.pack, *d, today));
    if day.is_none() {
        row.fail("date", "bad-date", out);
    }
    let name = row.need("syndrome", 60, out);
    let syndrome = book.pack.syndrome.iter().find(|s| s.id == name || s.zh == name || s.en == name);
    let syndrome = syndrome.filter(|s| source.tells(&s.id));
    if syndrome.is_none() && !name.is_empty() {
        row.fail("syndrome", "unknown", out);
    }
    let cases = row.number("count", 0, book.pack.limits.cases, out);
    (out.len() == before).then_some(())?;
    Some(Told { syndrome: syndrome?.id.clone(), day: day?, cases: u32::try_from(cases?).ok()? })
}
