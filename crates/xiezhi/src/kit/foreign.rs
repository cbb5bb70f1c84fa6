//! Tables of other offices: a workbook or a CSV comes in as rows of text, and goes out again.
//!
//! What must stay true (inv11): a file from outside costs bounded time and memory whatever it claims for itself; no
//! formula of a file is ever computed, and no text that goes out can become one on somebody's machine; the same rows give
//! the same bytes.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

use super::error::Kind;
use super::sheet::xlsx::fits;
use super::{Error, Result, table};

/// Largest file that comes in, in bytes.
pub const FILE_BYTES: usize = 8 << 20;
/// Rows of a table, without its head.
pub const ROWS: usize = 20_000;
/// Media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Media type of a CSV.
pub const CSV: &str = "text/csv; charset=utf-8";
const UNPACKED_BYTES: u64 = 96 << 20;
const COLUMNS: usize = 100;
const CELL: usize = 5000;

/// A row and the line of the file it stands in (1 is the head).
pub type Line = (u64, Vec<String>);

/// The first sheet of a workbook, or a CSV (also gzipped): the head and the rows that are not empty.
pub fn read(bytes: &[u8]) -> Result<Vec<Line>> {
    sheet(bytes, None)
}

/// The sheet of this name (the first, when a workbook has none of that name, or the file is a CSV).
pub fn sheet(bytes: &[u8], name: Option<&str>) -> Result<Vec<Line>> {
    if bytes.len() > FILE_BYTES {
        return Err(Error::from(Kind::TooLarge).limit((FILE_BYTES >> 10) as i64));
    }
    let lines = if bytes.starts_with(b"PK") {
        // The readers of packed XML are others' code: should one panic on a file nobody thought of, the file is bad.
        let read = catch_unwind(AssertUnwindSafe(|| if fits(bytes, UNPACKED_BYTES) { workbook(bytes, name) } else { None }));
        read.ok().flatten().ok_or_else(|| Kind::BadWorkbook.at("file"))?
    } else {
        csv(bytes)?
    };
    if lines.len() > ROWS + 1 { Err(Kind::TooMany.at("file").limit(ROWS as i64)) } else { Ok(lines) }
}

fn workbook(bytes: &[u8], name: Option<&str>) -> Option<Vec<Line>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).ok()?;
    let names = book.sheet_names();
    let name = names.iter().find(|n| Some(n.trim()) == name).or(names.first())?.clone();
    let mut cells = book.worksheet_cells_reader(&name).ok()?;
    let mut lines: Vec<Line> = Vec::new();
    while let Some(cell) = cells.next_cell().ok()? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.is_empty() || column as usize >= COLUMNS {
            continue;
        }
        if lines.last().is_none_or(|(line, _)| *line != u64::from(row) + 1) {
            if lines.len() > ROWS + 1 {
                break;
            }
            lines.push((u64::from(row) + 1, Vec::new()));
        }
        let cells = &mut lines.last_mut()?.1;
        cells.resize(cells.len().max(column as usize + 1), String::new());
        cells[column as usize] = text;
    }
    Some(lines)
}

/// A cell as its writer meant it: whole numbers without a point, dates as people write them.
fn text_of(value: &DataRef) -> String {
    let cut = |s: &str| s.chars().take(CELL).collect::<String>().trim().to_owned();
    match value {
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.0}"),
        DataRef::Float(x) => x.to_string(),
        DataRef::String(s) => cut(s),
        DataRef::SharedString(s) => cut(s),
        DataRef::Bool(b) => if *b { "1" } else { "0" }.into(),
        DataRef::DateTime(d) => {
            let (year, month, day, hour, minute, second, _) = d.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => cut(s).replace('T', " "),
        DataRef::Error(_) => "#".into(),
        DataRef::Empty => String::new(),
    }
}

fn csv(bytes: &[u8]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut reader = table::open(std::io::Read::take(bytes, UNPACKED_BYTES))?;
    let bad = || Kind::BadTable.at("file");
    let clean = |record: &csv::StringRecord| -> Vec<String> {
        let cell = |s: &str| s.trim_start_matches('\u{feff}').trim().chars().take(CELL).collect();
        record.iter().take(COLUMNS).map(cell).collect()
    };
    lines.push((1, clean(reader.headers().map_err(|_| bad())?)));
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|_| bad())? || lines.len() > ROWS + 1 {
            return Ok(lines);
        }
        if record.iter().any(|c| !c.trim().is_empty()) {
            lines.push((line, clean(&record)));
        }
    }
}

/// Rows as a workbook: the first is the head. Every cell is text, so that no number loses its last digits.
pub fn write_xlsx(sheets: &[(&str, Vec<Vec<String>>)]) -> Result<Vec<u8>> {
    build(sheets).map_err(Error::internal)
}

fn build(sheets: &[(&str, Vec<Vec<String>>)]) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let text = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_num_format("@");
    let head = text.clone().set_bold();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(*name)?;
        for (y, row) in rows.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                sheet.write_string_with_format(y as u32, x as u16, cell, if y == 0 { &head } else { &text })?;
            }
        }
        for x in 0..rows.first().map_or(0, Vec::len) {
            sheet.set_column_width(x as u16, 20)?;
        }
        sheet.set_freeze_panes(1, 0)?;
    }
    book.save_to_buffer()
}

/// Rows as a CSV that a spreadsheet opens: UTF-8 with its mark, and nothing in it that would be computed there.
pub fn write_csv(rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(vec![0xef, 0xbb, 0xbf]);
    for row in rows {
        let calm = |c: &String| if c.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{c}") } else { c.clone() };
        out.write_record(row.iter().map(calm)).map_err(Error::internal)?;
    }
    out.into_inner().map_err(|e| Error::internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        [["编号", "内容"], ["321002199001011234", "灯坏了"], ["2", "=1+1"]].map(|r| r.map(str::to_owned).to_vec()).to_vec()
    }

    #[test]
    fn what_goes_out_comes_in_and_nothing_is_computed() {
        let bytes = write_xlsx(&[("表", rows())]).unwrap();
        assert_eq!(bytes, write_xlsx(&[("表", rows())]).unwrap(), "the same bytes");
        let back: Vec<Vec<String>> = read(&bytes).unwrap().into_iter().map(|(_, r)| r).collect();
        assert_eq!(back, rows(), "long numbers keep every digit");
        let text = write_csv(&rows()).unwrap();
        assert!(String::from_utf8_lossy(&text).contains("'=1+1"));
        assert_eq!(read(&text).unwrap()[1], (2, rows()[1].clone()));
    }

    #[test]
    fn files_that_are_none_are_refused() {
        assert_eq!(read(b"PK\x03\x04 no zip").unwrap_err().kind, Kind::BadWorkbook);
        assert_eq!(read(&vec![b'x'; FILE_BYTES + 1]).unwrap_err().kind, Kind::TooLarge);
        assert_eq!(read(b"a,b\n\xff\xfe,1\n").unwrap_err().kind, Kind::BadTable);
    }
}
