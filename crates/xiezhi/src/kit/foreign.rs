//! Tables of other offices: a workbook or a CSV comes in as rows of text, and goes out again.
//!
//! What must stay true (inv11): a file from outside costs bounded time and memory whatever it claims for itself; no
//! formula of a file is ever computed, and no text that goes out can become one on somebody's machine; the same rows give
//! the same bytes.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

use super::error::Kind;
use super::rows::{self, Limits};
use super::{Error, Result};

/// Largest file that comes in, in bytes.
pub const FILE_BYTES: usize = 8 << 20;
/// Rows of a table, without its head.
pub const ROWS: usize = 20_000;
/// Media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Media type of a CSV.
pub const CSV: &str = "text/csv; charset=utf-8";
const UNPACKED_BYTES: u64 = 96 << 20;

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
    let mut lines = Vec::new();
    let most = Limits { unpacked: UNPACKED_BYTES, rows: ROWS as u64 + 1 };
    rows::each(bytes, name, most, &mut |line| {
        lines.push((line.at, line.cells.to_vec()));
        Ok(true)
    })?;
    Ok(lines)
}

/// Rows as a workbook: the first is the head. Every cell is text, so that no number loses its last digits.
pub fn write_xlsx(sheets: &[(&str, Vec<Vec<String>>)]) -> Result<Vec<u8>> {
    build(sheets).map_err(Error::internal)
}

/// What a list of people says of itself on each page, so that a leaked one tells where it came from.
pub struct Stamp<'a> {
    /// Name of the sheet.
    pub title: &'a str,
    /// Who, when, for what.
    pub text: &'a str,
}

/// Rows as a workbook that bears a stamp: above its head, at the foot of each printed page, and among its properties.
pub fn write_stamped(stamp: &Stamp, rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let build = || -> std::result::Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made).set_author(stamp.text).set_subject(stamp.text));
        let sheet = book.add_worksheet();
        sheet.set_name(stamp.title)?.set_repeat_rows(0, 1)?;
        // `&` is an order of the footer's own language.
        sheet.set_footer(format!("&C{}", stamp.text.replace('&', "&&")));
        let text = Format::new().set_num_format("@");
        let calm = text.clone().set_quote_prefix();
        let head = text.clone().set_bold();
        sheet.write_string_with_format(0, 0, stamp.text, &Format::new().set_italic())?;
        for (y, row) in rows.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                let format = match () {
                    () if y == 0 => &head,
                    // Stays a text even when somebody edits the cell.
                    () if cell.starts_with(RISKY) => &calm,
                    () => &text,
                };
                sheet.write_string_with_format(y as u32 + 1, x as u16, cell, format)?;
            }
        }
        for x in 0..rows.first().map_or(0, Vec::len) {
            sheet.set_column_width(x as u16, 20)?;
        }
        sheet.set_freeze_panes(2, 0)?;
        book.save_to_buffer()
    };
    build().map_err(Error::internal)
}

/// What a spreadsheet would take for the beginning of a formula.
const RISKY: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

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
        let calm = |c: &String| if c.starts_with(RISKY) { format!("'{c}") } else { c.clone() };
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
