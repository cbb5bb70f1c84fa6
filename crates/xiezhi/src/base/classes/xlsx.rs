//! The catalogue as a workbook that a clerk edits: sheets 类别, 问题, 大类, 设置 and an explanation.
//!
//! What must stay true: a file from outside costs bounded time and memory whatever it claims (it is unpacked once with a
//! limit before anything reads it; cells are read as a stream, none beyond the last allowed row or column is kept);
//! formulas are refused, because what they show depends on the machine; the same catalogue gives the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, Formula, Workbook, Worksheet, XlsxError,
};

use super::Catalogue;
use super::class::{Datatype, Evidence, Kind as ClassKind, Visibility};
use super::read::{Problem, column_of};
use super::tables::{FORMS, Form, Hand, Tables, write};
use crate::kit::error::Kind;
use crate::kit::i18n::{Lang, Texts};
use crate::kit::{Error, Result, RoleKind};

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
/// The order of sheets: what is edited most comes first. Numbers are places in [`FORMS`].
const SHEETS: [usize; 4] = [1, 2, 0, 3];
/// Head of the column that tells mistakes; reading leaves it out.
const PROBLEM_HEAD: &str = "请改这里\nProblem";

/// Reads a workbook: its tables, and the cells that cannot be taken.
pub fn import(bytes: &[u8]) -> Result<(Tables, Vec<Problem>)> {
    if bytes.len() > FILE_BYTES {
        return Err(Error::from(Kind::TooLarge).limit((FILE_BYTES >> 10) as i64));
    }
    // The readers of packed XML are others' code: should one panic on a file nobody thought of, the file is bad, no more.
    let read = catch_unwind(AssertUnwindSafe(|| if fits(bytes) { read(bytes) } else { None }));
    read.ok().flatten().ok_or_else(|| Kind::BadWorkbook.at("file"))
}

/// Unpacks everything once, keeping nothing: sizes that a file claims for itself are not believed.
fn fits(bytes: &[u8]) -> bool {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    let mut left = UNPACKED_BYTES;
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

fn read(bytes: &[u8]) -> Option<(Tables, Vec<Problem>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).ok()?;
    let names = book.sheet_names();
    let (mut tables, mut problems) = (Tables::default(), Vec::new());
    for form in &FORMS {
        let Some(name) = names.iter().find(|n| n.trim() == form.zh || n.trim().eq_ignore_ascii_case(form.key)) else { continue };
        let mut cells = book.worksheet_cells_reader(name).ok()?;
        let (table, mut formulas) = (tables.get_mut(form.key), Vec::new());
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

/// The workbook of a catalogue.
pub fn export(catalogue: &Catalogue, texts: &Texts) -> Result<Vec<u8>> {
    build(&write(catalogue, Hand::Clerk), &[], texts, Lang::Zh).map_err(Error::internal)
}

/// The same tables again with what must be mended beside each row, and the cells coloured.
pub fn mark(tables: &Tables, problems: &[Problem], texts: &Texts, lang: Lang) -> Result<Vec<u8>> {
    build(tables, problems, texts, lang).map_err(Error::internal)
}

struct Look {
    head: Format,
    text: Format,
    bad: Format,
}

fn build(tables: &Tables, problems: &[Problem], texts: &Texts, lang: Lang) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // A fixed date: the same catalogue gives the same bytes (inv09, inv10).
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let look = Look {
        head: text.clone().set_bold().set_background_color(Color::RGB(0x00e4_f0ec)),
        bad: text.clone().set_background_color(Color::RGB(0x00ff_d9cc)),
        text,
    };
    for form in SHEETS.iter().map(|i| &FORMS[*i]) {
        let sheet = book.add_worksheet();
        sheet.set_name(form.zh)?;
        let here: Vec<&Problem> = problems.iter().filter(|p| p.table == form.key).collect();
        let say = |p: &Problem| {
            let column = form.columns.iter().find(|c| c.0 == p.column);
            let column = column.map(|c| if lang == Lang::Zh { c.1 } else { c.2 });
            let text = texts.plain(lang, &format!("problem-{}", p.code));
            column.map_or_else(|| text.clone(), |c| format!("{c}: {text}"))
        };
        fill(sheet, form, tables.get(form.key), &here, say, &look)?;
    }
    explain(book.add_worksheet(), texts, &look)?;
    book.save_to_buffer()
}

/// Writes one table. When there are problems, a first column tells them.
fn fill(
    sheet: &mut Worksheet,
    form: &'static Form,
    table: &[Vec<String>],
    problems: &[&Problem],
    say: impl Fn(&Problem) -> String,
    look: &Look,
) -> std::result::Result<(), XlsxError> {
    let own: Vec<String> = form.columns.iter().map(|c| c.0.to_owned()).collect();
    let head = table.first().unwrap_or(&own);
    // A file that was marked before brings its problem column along: it is written anew, not twice.
    let kept: Vec<usize> = (0..head.len()).filter(|i| !super::read::is_problem_column(&head[*i])).collect();
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
            sheet.add_data_validation(1, column, form.rows as u32, column, &rule?)?;
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

/// What may be chosen in a column.
fn choices(table: &str, key: &str) -> Option<std::result::Result<DataValidation, XlsxError>> {
    let list = |names: Vec<&str>| Some(DataValidation::new().allow_list_strings(&names));
    match (table, key) {
        ("majors", "kind") => list(ClassKind::ALL.iter().map(|k| k.zh()).collect()),
        ("classes", "visibility") => list(Visibility::ALL.iter().map(|v| v.zh()).collect()),
        ("classes", "evidence") => list(Evidence::ALL.iter().map(|e| e.zh()).collect()),
        ("questions", "datatype") => list(Datatype::ALL.iter().map(|d| d.zh()).collect()),
        ("classes", "urgent" | "claimable" | "out_of_scope") | ("questions", "required") => list(vec!["是", "否"]),
        ("classes", "major") => Some(Ok(
            DataValidation::new().allow_list_formula(Formula::new(format!("={}!$A$2:$A${}", FORMS[0].zh, FORMS[0].rows)))
        )),
        _ => None,
    }
}

/// The sheet that explains the others, in both languages.
fn explain(sheet: &mut Worksheet, texts: &Texts, look: &Look) -> std::result::Result<(), XlsxError> {
    const HELP: [&str; 8] = ["edit", "code", "limit", "units", "photos", "scope", "values", "wrong"];
    sheet.set_name("说明")?;
    for (column, width) in [(0, 60), (1, 60), (2, 30)] {
        sheet.set_column_width(column, width)?;
    }
    let mut row = 0;
    for key in HELP {
        for (column, lang) in [Lang::Zh, Lang::En].into_iter().enumerate() {
            sheet.write_string_with_format(row, column as u16, texts.plain(lang, &format!("sheet-{key}")), &look.text)?;
        }
        row += 1;
    }
    row += 1;
    for kind in RoleKind::ALL.iter().filter(|k| k.is_handler()) {
        let name = |lang| texts.plain(lang, &format!("role-{}", kind.as_str().replace('_', "-")));
        sheet.write_string(row, 0, kind.as_str())?;
        sheet.write_string(row, 1, format!("{} · {}", name(Lang::Zh), name(Lang::En)))?;
        row += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::embedded;
    use super::super::read::read as check;
    use super::*;

    fn texts() -> Texts {
        Texts::load().unwrap()
    }

    #[test]
    fn what_goes_out_comes_in_the_same() {
        let (all, texts) = (embedded(), texts());
        let bytes = export(&all, &texts).unwrap();
        assert_eq!(bytes, export(&all, &texts).unwrap(), "the same bytes");
        assert!(bytes.len() < 200 << 10, "{}", bytes.len());
        let (tables, problems) = import(&bytes).unwrap();
        assert_eq!(problems, []);
        assert_eq!(check(&tables).as_ref(), Ok(&*all));
    }

    #[test]
    fn mistakes_come_back_in_the_same_workbook_and_can_be_mended_there() {
        let (all, texts) = (embedded(), texts());
        let (mut tables, _) = import(&export(&all, &texts).unwrap()).unwrap();
        let good = std::mem::replace(&mut tables.classes[3][10], "五天".into());
        let problems = check(&tables).unwrap_err();
        assert_eq!(problems, [Problem { table: "classes", row: 4, column: "handle", code: "bad-limit" }]);
        for lang in [Lang::Zh, Lang::En] {
            let (mut again, _) = import(&mark(&tables, &problems, &texts, lang).unwrap()).unwrap();
            assert!(again.classes[0][0].starts_with("请改这里") && again.classes[3][0].contains("wh"), "{:?}", again.classes[3]);
            assert_eq!(check(&again).unwrap_err(), problems, "its own column is left out");
            // Marked twice, the column is there once.
            let (twice, _) = import(&mark(&again, &problems, &texts, lang).unwrap()).unwrap();
            assert_eq!(twice.classes[0].len(), again.classes[0].len());
            again.classes[3][11].clone_from(&good);
            assert_eq!(check(&again).as_ref(), Ok(&*all));
        }
    }

    #[test]
    fn hostile_workbooks_are_refused() {
        let kind = |bytes: &[u8]| import(bytes).unwrap_err().kind;
        assert_eq!(kind(b""), Kind::BadWorkbook);
        assert_eq!(kind(b"PK\x03\x04 no zip"), Kind::BadWorkbook);
        assert_eq!(kind(&vec![0; FILE_BYTES + 1]), Kind::TooLarge);
        // 100 MB of zeros in 100 kB.
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![b'0'; 1 << 20];
        (0..100).for_each(|_| std::io::Write::write_all(&mut zip, &zeros).unwrap());
        let bomb = zip.finish().unwrap().into_inner();
        assert!(bomb.len() < FILE_BYTES);
        assert_eq!(kind(&bomb), Kind::BadWorkbook);
        // A cell in the last corner of the sheet, a formula, and a million rows would each be too much.
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name("类别").unwrap();
        sheet.write_string(0, 0, "代码").unwrap();
        sheet.write_formula(1, 0, "=1+1").unwrap();
        sheet.write_string(1_048_575, 16_383, "x").unwrap();
        let (tables, problems) = import(&book.save_to_buffer().unwrap()).unwrap();
        assert!(tables.classes.len() <= 3);
        let codes: Vec<(usize, &str, &str)> = problems.iter().map(|p| (p.row, p.column, p.code)).collect();
        assert_eq!(codes, [(2, "code", "formula"), (2002, "", "too-many-rows")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_damaged_workbook_makes_nothing_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), shorter in any::<bool>()) {
            static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let mut bytes = WHOLE.get_or_init(|| export(&embedded(), &texts()).unwrap()).clone();
            let i = at.index(bytes.len());
            bytes[i] = byte;
            if shorter {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok((tables, _)) = import(&bytes) {
                let _ = check(&tables);
            }
        }
    }
}
