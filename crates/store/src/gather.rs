//! Rows that only the end of a batch needs: gathered for the whole batch and written in a few statements. On PostgreSQL a
//! statement is a round trip, so this is what makes a storm of reports, and of steps, cheap.
//!
//! What must stay true: a statement that names a table first writes what is gathered for it, so nothing can tell that
//! rows were held back; a write that fails takes its own rows with it and no others', even when they were already written
//! inside its savepoint. A table is always gathered in one way and with one list of columns. A row that this batch has
//! read is written back by what changed in it: an index of other columns has nothing to do. What was read is forgotten as
//! soon as a statement may have changed the table.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Clash, Conn, insert_many};
use crate::error::Result;
use crate::value::Value;

/// How rows get into their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// New rows only.
    Append,
    /// New rows; those that are there already stay.
    Keep,
    /// Whole rows, new or in place of the one with the same first column; so many columns never change.
    Put(usize),
    /// Counters: the last column is added to the row that has the same other columns.
    Add,
}

/// Rows of one table.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    how: How,
    rows: Vec<Vec<Value>>,
    /// Of [`How::Put`]: where the newest row of each first column stands.
    newest: HashMap<String, usize>,
    /// Rows written inside the present savepoint: gone with it when it is rolled back.
    inside: Vec<Vec<Value>>,
    /// How many rows of earlier writes there were when the present one began.
    before: usize,
}

/// Rows by table and first column; `None` where there is none.
type Known = HashMap<(&'static str, String), Option<Vec<Value>>>;

/// The gathered rows of a batch, what was read of them before, and the names of their columns.
#[derive(Default)]
pub(crate) struct Gathered(Vec<Table>, Known, HashMap<&'static str, Arc<[String]>>);

impl Gathered {
    pub(crate) fn push(&mut self, how: How, name: &'static str, columns: &'static [&'static str], row: Vec<Value>) {
        debug_assert_eq!(row.len(), columns.len(), "{name}");
        match self.0.iter_mut().find(|t| t.name == name) {
            Some(table) => {
                debug_assert!(table.how == how && table.columns == columns, "{name} is gathered in two ways");
                table.push(row);
            }
            None => {
                let (rows, newest, inside) = (Vec::new(), HashMap::new(), Vec::new());
                let mut table = Table { name, columns, how, rows, newest, inside, before: 0 };
                table.push(row);
                self.0.push(table);
            }
        }
    }

    /// The gathered row of a table that is [`How::Put`], by its first column.
    pub(crate) fn find(&self, name: &str, key: &str) -> Option<&Vec<Value>> {
        let table = self.0.iter().find(|t| t.name == name)?;
        table.newest.get(key).map(|at| &table.rows[*at])
    }

    /// The names of a table's columns, made once.
    pub(crate) fn names_of(&mut self, name: &'static str, columns: &'static [&'static str]) -> Arc<[String]> {
        self.2.entry(name).or_insert_with(|| columns.iter().map(|c| (*c).to_owned()).collect()).clone()
    }

    /// A row that this batch has looked for, as it was found or not, and that no statement has changed since.
    pub(crate) fn known(&self, name: &'static str, key: &str) -> Option<&Option<Vec<Value>>> {
        self.1.get(&(name, key.to_owned()))
    }

    /// A row as it stands in the database, or that there is none.
    pub(crate) fn know(&mut self, name: &'static str, key: &str, row: Option<&[Value]>) {
        self.1.insert((name, key.to_owned()), row.map(<[Value]>::to_vec));
    }

    /// Rows come into a table: what was read of it, or not found, counts no more.
    pub(crate) fn forget(&mut self, name: &str) {
        self.1.retain(|(of, _), _| *of != name);
    }

    /// Writes what is gathered for the tables that a statement names.
    pub(crate) fn before(&mut self, conn: &mut Conn, sql: &str) -> Result<()> {
        for table in self.0.iter_mut().filter(|t| !t.rows.is_empty() && names(sql, t.name)) {
            table.write(conn, &self.1)?;
            table.inside.append(&mut table.rows);
            table.newest.clear();
            self.1.retain(|(of, _), _| *of != table.name);
        }
        if !self.1.is_empty() && !sql.trim_start().starts_with("select") {
            self.1.retain(|(of, _), _| !names(sql, of));
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
        // Some of it may have been read from what is now undone.
        self.1.clear();
        for table in &mut self.0 {
            if !table.inside.is_empty() {
                table.rows = std::mem::take(&mut table.inside);
            }
            table.rows.truncate(table.before);
            table.count();
        }
        self.0.retain(|t| t.before > 0);
    }

    /// Writes the rest, at the end of the batch.
    pub(crate) fn finish(self, conn: &mut Conn) -> Result<()> {
        self.0.iter().try_for_each(|t| t.write(conn, &self.1))
    }
}

impl Table {
    fn push(&mut self, row: Vec<Value>) {
        if matches!(self.how, How::Put(_)) {
            self.newest.insert(text(&row[0]).to_owned(), self.rows.len());
        }
        self.rows.push(row);
    }

    /// Finds the newest rows again.
    fn count(&mut self) {
        self.newest.clear();
        if matches!(self.how, How::Put(_)) {
            self.newest.extend(self.rows.iter().enumerate().map(|(at, row)| (text(&row[0]).to_owned(), at)));
        }
    }

    fn write(&self, conn: &mut Conn, known: &Known) -> Result<()> {
        let last = self.columns.len() - 1;
        match self.how {
            How::Append => insert_many(conn, self.name, self.columns, Clash::Refuse, &self.rows),
            How::Keep => insert_many(conn, self.name, self.columns, Clash::Keep, &self.rows),
            How::Put(fixed) => {
                let mut rows = folded(&self.rows, 1, |_, _| {});
                if conn.updates_one_by_one() {
                    let mut changes = Changes::default();
                    for row in std::mem::take(&mut rows) {
                        match known.get(&(self.name, text(&row[0]).to_owned())) {
                            Some(Some(old)) => changes.write(conn, self, old, &row)?,
                            Some(None) | None => rows.push(row),
                        }
                    }
                }
                insert_many(conn, self.name, self.columns, Clash::Replace(fixed), &rows)
            }
            How::Add => {
                let sum = |kept: &mut Vec<Value>, row: &[Value]| {
                    if let (Value::Int(n), Value::Int(m)) = (&kept[last], &row[last]) {
                        kept[last] = Value::Int(n + m);
                    }
                };
                insert_many(conn, self.name, self.columns, Clash::Add, &folded(&self.rows, last, sum))
            }
        }
    }
}

/// Statements that change some columns of a row, by which these are.
#[derive(Default)]
struct Changes(HashMap<Vec<usize>, String>);

impl Changes {
    fn write(&mut self, conn: &mut Conn, table: &Table, old: &[Value], new: &[Value]) -> Result<()> {
        let changed: Vec<usize> = (1..new.len()).filter(|i| old[*i] != new[*i]).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let params: Vec<Value> = [0].iter().chain(&changed).map(|i| new[*i].clone()).collect();
        let sql = self.0.entry(changed).or_insert_with_key(|changed| {
            let set: Vec<String> =
                changed.iter().enumerate().map(|(n, i)| format!("{} = ${}", table.columns[*i], n + 2)).collect();
            format!("update {} set {} where {} = $1", table.name, set.join(", "), table.columns[0])
        });
        conn.exec(sql, &params).map(drop)
    }
}

fn text(value: &Value) -> &str {
    if let Value::Text(t) = value { t } else { "" }
}

/// One row for each key (the first `width` columns), because one statement may touch a row only once: the last one, or
/// what `fold` makes of them. The order of first appearance stays.
fn folded(rows: &[Vec<Value>], width: usize, fold: impl Fn(&mut Vec<Value>, &[Value])) -> Vec<Vec<Value>> {
    let mut at: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut out: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
    for row in rows {
        let key = format!("{:?}", &row[..width]);
        match at.get(&key) {
            Some(&i) => {
                let mut new = row.clone();
                // `fold` starts from the newer row, so that without it the last one wins.
                fold(&mut new, &out[i]);
                out[i] = new;
            }
            None => {
                at.insert(key, out.len());
                out.push(row.clone());
            }
        }
    }
    out
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
        let mut all = Gathered::default();
        all.begin();
        all.push(How::Append, "t", &["n"], row(1));
        all.begin();
        all.push(How::Append, "t", &["n"], row(2));
        all.push(How::Append, "u", &["n"], row(3));
        // As if a statement had named the table: written inside the savepoint, which is then rolled back.
        let t = &mut all.0[0];
        t.inside.append(&mut t.rows);
        all.push(How::Append, "t", &["n"], row(4));
        all.undo();
        assert_eq!(all.0.len(), 1);
        assert_eq!(all.0[0].rows, vec![row(1)]);
    }

    #[test]
    fn the_last_row_wins_and_counters_add_up() {
        let rows = |list: &[(&str, i64)]| list.iter().map(|(k, n)| vec![Value::from(*k), Value::Int(*n)]).collect::<Vec<_>>();
        let all = rows(&[("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(folded(&all, 1, |_, _| {}), rows(&[("a", 3), ("b", 2)]));
        let sum = |kept: &mut Vec<Value>, row: &[Value]| {
            if let (Value::Int(n), Value::Int(m)) = (&kept[1], &row[1]) {
                kept[1] = Value::Int(n + m);
            }
        };
        assert_eq!(folded(&all, 1, sum), rows(&[("a", 4), ("b", 2)]));
    }
}
