//! Rows that are only added and that nobody reads before the end of the batch: written for the whole batch in a few
//! statements. On PostgreSQL a statement is a round trip, so this is what makes a storm of reports cheap.
//!
//! What must stay true: a statement that names a table first writes what is gathered for it, so nothing can tell that
//! rows were held back; a write that fails takes its own rows with it and no others', even when they were already written
//! inside its savepoint.

use crate::engine::{Conn, insert_many};
use crate::error::Result;
use crate::value::Value;

/// Rows of one table.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
    /// Rows written inside the present savepoint: gone with it when it is rolled back.
    inside: Vec<Vec<Value>>,
    /// How many rows of earlier writes there were when the present one began.
    before: usize,
}

/// The gathered rows of a batch.
#[derive(Default)]
pub(crate) struct Appended(Vec<Table>);

impl Appended {
    pub(crate) fn push(&mut self, name: &'static str, columns: &'static [&'static str], row: Vec<Value>) {
        match self.0.iter_mut().find(|t| t.name == name) {
            Some(table) => table.rows.push(row),
            None => self.0.push(Table { name, columns, rows: vec![row], inside: Vec::new(), before: 0 }),
        }
    }

    /// Writes what is gathered for the tables that a statement names.
    pub(crate) fn before(&mut self, conn: &mut Conn, sql: &str) -> Result<()> {
        for table in self.0.iter_mut().filter(|t| !t.rows.is_empty() && names(sql, t.name)) {
            insert_many(conn, table.name, table.columns, &table.rows)?;
            table.inside.append(&mut table.rows);
        }
        Ok(())
    }

    /// A write begins in a savepoint of its own.
    pub(crate) fn begin(&mut self) {
        for table in &mut self.0 {
            table.before = table.rows.len();
            table.inside.clear();
        }
    }

    /// The write failed and its savepoint is undone: what earlier writes had gathered is kept, or gathered again.
    pub(crate) fn undo(&mut self) {
        for table in &mut self.0 {
            if !table.inside.is_empty() {
                table.rows = std::mem::take(&mut table.inside);
            }
            table.rows.truncate(table.before);
        }
        self.0.retain(|t| t.before > 0);
    }

    /// Writes the rest, at the end of the batch.
    pub(crate) fn finish(self, conn: &mut Conn) -> Result<()> {
        self.0.iter().try_for_each(|t| insert_many(conn, t.name, t.columns, &t.rows))
    }
}

/// Whether a statement names a table, as a whole word.
fn names(sql: &str, table: &str) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = sql.as_bytes();
    sql.match_indices(table)
        .any(|(at, _)| !word(at.checked_sub(1).and_then(|i| bytes.get(i))) && !word(bytes.get(at + table.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_as_whole_words() {
        assert!(
            names("select * from cases where id = $1", "cases") && names("update cases set", "cases") && names("cases", "cases")
        );
        assert!(!names("select * from case_hold, old_cases, casesx", "cases"));
    }

    #[test]
    fn a_failed_write_takes_only_its_own_rows() {
        let row = |n: i64| vec![Value::Int(n)];
        let mut all = Appended::default();
        all.begin();
        all.push("t", &["n"], row(1));
        all.begin();
        all.push("t", &["n"], row(2));
        all.push("u", &["n"], row(3));
        // As if a statement had named the table: written inside the savepoint, which is then rolled back.
        let t = &mut all.0[0];
        t.inside.append(&mut t.rows);
        all.push("t", &["n"], row(4));
        all.undo();
        assert_eq!(all.0.len(), 1);
        assert_eq!(all.0[0].rows, vec![row(1)]);
    }
}
