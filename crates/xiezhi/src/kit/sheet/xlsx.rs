//! Workbooks in and out.
//!
//! What must stay true: a file from outside costs bounded time and memory whatever it claims (it is unpacked once with a
//! limit before anything reads it; cells are read as a stream, none beyond the last allowed row or column is kept);
//! formulas are refused, because what they show depends on the machine; the same tables give the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};
use rust_xlsxwriter::{Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::{Form, Problem, Table, column_of};
use crate::kit::error::Kind;
use crate::kit::i18n::{Lang, Texts};
use crate::kit::{Error, Result};

/// Largest workbook that comes in, in bytes.
pub const FILE_BYTES: usize = 4 << 20;
/// What it may unpack to, and how many parts it may have.
const UNPACKED_BYTES: u64 = 48 << 20;
const PARTS: usize = 200;
/// Columns that are looked at, characters of a cell that are kept.
const COLUMNS: usize = 60;
const CELL: usize = 5000;
/// Problems of cells that are named.
const PROBLEMS: usize = 200;
/// Media type of a workbook.
pub const MIME: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Head of the column that tells mistakes; reading leaves it out.
const PROBLEM_HEAD: &str = "请改这里\nProblem";

/// Tables by their keys.
pub type Tables = BTreeMap<&'static str, Table>;
/// What may be chosen in a column of a table, if that is a fixed list.
pub type Choices = fn(&str, &str) -> Option<DataValidation>;

/// Reads a workbook: its tables, and the cells that cannot be taken.
pub fn import(bytes: &[u8], forms: &'static [Form]) -> Result<(Tables, Vec<Problem>)> {
    if bytes.len() > FILE_BYTES {
        return Err(Error::from(Kind::TooLarge).limit((FILE_BYTES >> 10) as i64));
    }
    // The readers of packed XML are others' code: should one panic on a file nobody thought of, the file is bad, no more.
    let read = catch_unwind(AssertUnwindSafe(|| if fits(bytes, UNPACKED_BYTES) { read(bytes, forms) } else { None }));
    read.ok().flatten().ok_or_else(|| Kind::BadWorkbook.at("file"))
}

/// Unpacks everything once, keeping nothing: sizes that a file claims for itself are not believed.
pub(crate) fn fits(bytes: &[u8], most: u64) -> bool {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    let mut left = most;
    zip.len() <= PARTS
        && (0..zip.len()).all(|i| {
            let Ok(part) = zip.by_index(i) else { return false };
            match std::io::copy(&mut part.take(left + 1), &mut std::io::sink()) {
                Ok(n) if n <= left => {
                    left -= n;
                    true
                }
                _ => false,
            }
        })
}

fn read(bytes: &[u8], forms: &'static [Form]) -> Option<(Tables, Vec<Problem>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).ok()?;
    let names = book.sheet_names();
    let (mut tables, mut problems) = (Tables::default(), Vec::new());
    for form in forms {
        let Some(name) = names.iter().find(|n| n.trim() == form.zh || n.trim().eq_ignore_ascii_case(form.key)) else { continue };
        let mut cells = book.worksheet_cells_reader(name).ok()?;
        let (table, mut formulas) = (tables.entry(form.key).or_default(), Vec::new());
        while let Some(cell) = cells.next_cell_with_formula_metadata().ok()? {
            let (row, column) = (cell.pos.0 as usize, cell.pos.1 as usize);
            let text = text_of(&cell.value);
            if text.is_empty() && cell.formula.is_none() {
                continue;
            }
            // Blank rows in between are fine, so there is some room beyond the rows that a table may have.
            if row > form.rows + 100 {
                problems.push(Problem { table: form.key, row: form.rows + 2, column: "", code: "too-many-rows" });
                break;
            }
            if column >= COLUMNS {
                problems.push(Problem { table: form.key, row: 1, column: "", code: "column-unknown" });
                continue;
            }
            if cell.formula.is_some() || matches!(cell.value, DataRef::Error(_)) {
                formulas.push((row, column));
            }
            if table.len() <= row {
                table.resize(row + 1, Vec::new());
            }
            let cells = &mut table[row];
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text;
        }
        for (row, column) in formulas.into_iter().take(PROBLEMS) {
            let head = table.first().and_then(|h| h.get(column)).map_or("", String::as_str);
            problems.push(Problem {
                table: form.key,
                row: row + 1,
                column: column_of(form, head).unwrap_or(""),
                code: "formula",
            });
        }
    }
    problems.sort();
    problems.dedup();
    Some((tables, problems))
}

/// A cell as its writer meant it: whole numbers without a point, no more than fits a cell of ours.
fn text_of(value: &DataRef) -> String {
    let cut = |s: &str| s.chars().take(CELL).collect::<String>();
    match value {
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.0}"),
        DataRef::Float(x) => x.to_string(),
        DataRef::String(s) => cut(s),
        DataRef::SharedString(s) => cut(s),
        DataRef::Bool(b) => if *b { "1" } else { "0" }.into(),
        DataRef::DateTime(d) => d.as_f64().to_string(),
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => cut(s),
        DataRef::Error(_) => "#".into(),
        DataRef::Empty => String::new(),
    }
}

/// A list of words that may be chosen.
pub fn list(words: &[&str]) -> Option<DataValidation> {
    DataValidation::new().allow_list_strings(words).ok()
}

/// A workbook to be written: tables in order, mistakes beside their rows, and pages of explanation (two languages side
/// by side, then more rows).
pub struct Book<'a> {
    /// The tables in the order of their sheets.
    pub sheets: Vec<(&'static Form, &'a Table)>,
    /// Mistakes.
    pub problems: &'a [Problem],
    /// Language of the mistakes.
    pub lang: Lang,
    /// Fixed lists.
    pub choices: Choices,
    /// Keys of the texts of the sheet 说明.
    pub help: &'a [&'static str],
    /// More rows of that sheet.
    pub more: Vec<Vec<String>>,
}

struct Look {
    head: Format,
    text: Format,
    bad: Format,
}

impl Book<'_> {
    /// The bytes of the workbook.
    pub fn bytes(&self, texts: &Texts) -> Result<Vec<u8>> {
        self.build(texts).map_err(Error::internal)
    }

    fn build(&self, texts: &Texts) -> std::result::Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // A fixed date: the same tables give the same bytes (inv09, inv10).
        book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
        let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        let look = Look {
            head: text.clone().set_bold().set_background_color(Color::RGB(0x00e4_f0ec)),
            bad: text.clone().set_background_color(Color::RGB(0x00ff_d9cc)),
            text,
        };
        for (form, table) in &self.sheets {
            let sheet = book.add_worksheet();
            sheet.set_name(form.zh)?;
            let here: Vec<&Problem> = self.problems.iter().filter(|p| p.table == form.key).collect();
            let say = |p: &Problem| {
                let column = form.columns.iter().find(|c| c.0 == p.column);
                let column = column.map(|c| if self.lang == Lang::Zh { c.1 } else { c.2 });
                let text = texts.plain(self.lang, &format!("problem-{}", p.code));
                column.map_or_else(|| text.clone(), |c| format!("{c}: {text}"))
            };
            fill(sheet, form, table, &here, say, self.choices, &look)?;
        }
        self.explain(book.add_worksheet(), texts, &look)?;
        book.save_to_buffer()
    }

    /// The sheet that explains the others, in both languages.
    fn explain(&self, sheet: &mut Worksheet, texts: &Texts, look: &Look) -> std::result::Result<(), XlsxError> {
        sheet.set_name("说明")?;
        for (column, width) in [(0, 60), (1, 60), (2, 30)] {
            sheet.set_column_width(column, width)?;
        }
        let mut row = 0;
        for key in self.help {
            for (column, lang) in [Lang::Zh, Lang::En].into_iter().enumerate() {
                sheet.write_string_with_format(row, column as u16, texts.plain(lang, &format!("sheet-{key}")), &look.text)?;
            }
            row += 1;
        }
        for cells in &self.more {
            row += 1;
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row, column as u16, cell)?;
            }
        }
        Ok(())
    }
}

/// Writes one table. When there are problems, a first column tells them.
fn fill(
    sheet: &mut Worksheet,
    form: &'static Form,
    table: &[Vec<String>],
    problems: &[&Problem],
    say: impl Fn(&Problem) -> String,
    choices: Choices,
    look: &Look,
) -> std::result::Result<(), XlsxError> {
    let own: Vec<String> = form.columns.iter().map(|c| c.0.to_owned()).collect();
    let head = table.first().unwrap_or(&own);
    // A file that was marked before brings its problem column along: it is written anew, not twice.
    let kept: Vec<usize> = (0..head.len()).filter(|i| !super::is_problem_column(&head[*i])).collect();
    let lead = u16::from(!problems.is_empty());
    let mut told: BTreeMap<usize, Vec<&Problem>> = BTreeMap::new();
    problems.iter().for_each(|p| told.entry(p.row).or_default().push(p));
    let keys: Vec<Option<&'static str>> = kept.iter().map(|i| column_of(form, &head[*i])).collect();
    for (to, (from, key)) in kept.iter().zip(&keys).enumerate() {
        let column = to as u16 + lead;
        let known = key.and_then(|k| form.columns.iter().find(|c| c.0 == k));
        let title = known.map_or_else(|| head[*from].clone(), |c| format!("{}\n{}", c.1, c.2));
        sheet.write_string_with_format(0, column, title, &look.head)?;
        sheet.set_column_width(column, known.map_or(16.0, |c| f64::from(c.3)))?;
        if let Some(rule) = key.and_then(|k| choices(form.key, k)) {
            sheet.add_data_validation(1, column, form.rows as u32, column, &rule)?;
        }
    }
    let last = table.len().max(told.keys().last().copied().unwrap_or(0));
    for row in 1..last {
        for (to, from) in kept.iter().enumerate() {
            let cell = table.get(row).and_then(|r| r.get(*from)).map_or("", String::as_str);
            let bad = told.get(&(row + 1)).is_some_and(|list| list.iter().any(|p| Some(p.column) == keys[to]));
            if !cell.is_empty() || bad {
                let format = if bad { &look.bad } else { &look.text };
                sheet.write_string_with_format(row as u32, to as u16 + lead, cell, format)?;
            }
        }
    }
    if lead > 0 {
        sheet.set_column_width(0, 40)?;
        sheet.write_string_with_format(0, 0, PROBLEM_HEAD, &look.bad)?;
        for (row, list) in told {
            let lines: Vec<String> = list.into_iter().map(&say).collect();
            let text = if row == 1 { format!("{PROBLEM_HEAD}\n{}", lines.join("\n")) } else { lines.join("\n") };
            sheet.write_string_with_format(row as u32 - 1, 0, text, &look.bad)?;
        }
    }
    sheet.set_freeze_panes(1, 1 + lead)?;
    Ok(())
}
