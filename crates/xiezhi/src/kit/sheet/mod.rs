//! Tables that clerks edit as workbooks: their forms, reading rows, and the mistakes that are named.
//!
//! What must stay true: every mistake is found at once and named with its table, row and column, so that a clerk mends
//! them in one go; nothing here panics, whatever the tables hold. A problem's code is the key of its text, `problem-<code>`.

use std::collections::HashMap;

/// The page that lists mistakes.
pub mod wrong;
/// Workbooks.
pub mod xlsx;

/// Characters of a code.
pub const CODE: usize = 40;
/// Problems that are named; more would not be read.
pub const PROBLEMS: usize = 500;

/// A table: its first row is the head.
pub type Table = Vec<Vec<String>>;

/// A column: key, 中文, English, width in a workbook.
pub type Column = (&'static str, &'static str, &'static str, u8);

/// One of the tables of a pack.
pub struct Form {
    /// Key.
    pub key: &'static str,
    /// Name of the sheet.
    pub zh: &'static str,
    /// Columns in order.
    pub columns: &'static [Column],
    /// Most rows.
    pub rows: usize,
}

/// A mistake in a pack. Its code is the key of its text, `problem-<code>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Key of the table.
    pub table: &'static str,
    /// Row from 1; the head is row 1.
    pub row: usize,
    /// Key of the column; empty for the row or table as a whole.
    pub column: &'static str,
    /// Stable code.
    pub code: &'static str,
}

/// Problems of a workbook.
pub type Problems = Vec<Problem>;

/// One row, with where its columns are.
pub struct Row<'a> {
    /// The table.
    pub form: &'static Form,
    /// Its number from 1; the head is row 1.
    pub at: usize,
    /// Its cells.
    pub cells: &'a [String],
    /// Where each column stands.
    pub columns: &'a HashMap<&'static str, usize>,
}

impl Row<'_> {
    /// Notes a problem of this row.
    pub fn fail(&self, column: &'static str, code: &'static str, out: &mut Problems) {
        if out.len() < PROBLEMS {
            out.push(Problem { table: self.form.key, row: self.at, column, code });
        }
    }

    /// The cell, without blanks around it; empty when it is not there.
    pub fn cell(&self, column: &'static str) -> &str {
        self.columns.get(column).and_then(|i| self.cells.get(*i)).map_or("", |c| c.trim())
    }

    /// The cell as a text of at most `max` characters.
    pub fn text(&self, column: &'static str, max: usize, out: &mut Problems) -> String {
        let text: String = self.cell(column).chars().filter(|c| !c.is_control() || *c == '\n').collect();
        if text.chars().count() > max {
            self.fail(column, "too-long", out);
        }
        text
    }

    /// A text that must be there.
    pub fn need(&self, column: &'static str, max: usize, out: &mut Problems) -> String {
        let text = self.text(column, max, out);
        if text.is_empty() {
            self.fail(column, "missing", out);
        }
        text
    }

    /// A code that must be there.
    pub fn code(&self, column: &'static str, out: &mut Problems) -> String {
        let code = self.need(column, CODE, out);
        if !code.is_empty() && !is_code(&code) {
            self.fail(column, "bad-code", out);
        }
        code
    }

    /// Yes or no; empty means no.
    pub fn yes(&self, column: &'static str, out: &mut Problems) -> bool {
        match self.cell(column) {
            "是" | "yes" | "Yes" | "1" | "true" | "TRUE" => true,
            "" | "否" | "no" | "No" | "0" | "false" | "FALSE" => false,
            _ => {
                self.fail(column, "unknown", out);
                false
            }
        }
    }

    /// One of a fixed list.
    pub fn choice<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>, or: T, out: &mut Problems) -> T {
        let cell = self.cell(column);
        parse(cell).unwrap_or_else(|| {
            self.fail(column, if cell.is_empty() { "missing" } else { "unknown" }, out);
            or
        })
    }

    /// A whole number within bounds; `None` when it is empty or wrong.
    pub fn number(&self, column: &'static str, min: i64, max: i64, out: &mut Problems) -> Option<i64> {
        let cell = self.cell(column);
        let n = cell.parse().ok().filter(|n| (min..=max).contains(n));
        if n.is_none() && !cell.is_empty() {
            self.fail(column, "bad-number", out);
        }
        n
    }
}

/// Lower-case ASCII letters, digits and dashes: it stands in addresses and in other programs.
pub fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The parts of a list in a cell.
pub fn parts(text: &str) -> Vec<String> {
    let cut = |c: char| matches!(c, '、' | '，' | ',' | '；' | ';' | '\n');
    text.split(cut).map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// The key of the column that a head means: the key itself, or what [`xlsx`] wrote above it.
pub fn column_of(form: &Form, head: &str) -> Option<&'static str> {
    let first = head.trim().lines().next().unwrap_or_default().trim();
    form.columns.iter().find(|(key, zh, en, _)| first == *key || first == *zh || first == *en).map(|c| c.0)
}

/// Rows of a table that hold anything, with their numbers.
pub fn rows(form: &'static Form, table: &[Vec<String>], out: &mut Problems) -> (HashMap<&'static str, usize>, Vec<usize>) {
    let mut columns = HashMap::new();
    let mut fail = |row, column, code| out.push(Problem { table: form.key, row, column, code });
    let Some(head) = table.first() else {
        fail(1, "", "table-missing");
        return (columns, Vec::new());
    };
    for (i, text) in head.iter().enumerate().filter(|(_, t)| !t.trim().is_empty()) {
        match column_of(form, text) {
            Some(key) if columns.insert(key, i).is_some() => fail(1, key, "twice"),
            Some(_) => {}
            None if is_problem_column(text) => {}
            None => fail(1, "", "column-unknown"),
        }
    }
    for (key, ..) in form.columns {
        if !columns.contains_key(key) {
            fail(1, key, "column-missing");
        }
    }
    let full = |i: &usize| table[*i].iter().any(|c| !c.trim().is_empty());
    let full: Vec<usize> = (1..table.len()).filter(full).collect();
    if full.len() > form.rows {
        fail(form.rows + 2, "", "too-many-rows");
    }
    (columns, full.into_iter().take(form.rows).collect())
}

/// The column in which mistakes are told stays out of the pack.
pub fn is_problem_column(head: &str) -> bool {
    head.trim().lines().next().is_some_and(|l| matches!(l.trim(), "请改这里" | "problem"))
}
