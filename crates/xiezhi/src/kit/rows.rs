//! Tables of others as a stream of rows: the first sheet of a workbook, or a CSV in UTF-8 or GB 18030, also gzipped.
//!
//! What must stay true (inv11): a file costs bounded time and memory whatever it claims for itself, however many rows it has;
//! no formula is computed, what its writer's machine had worked out is taken; a merged cell says the same in each row it
//! covers; digits that a spreadsheet has lost are noticed, not guessed.

use std::io::{Cursor, Error as IoError, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Dimensions, Reader as _, Xlsx};

use super::error::Kind;
use super::sheet::xlsx::fits;
use super::{Result, gb18030};

/// Columns that are looked at, characters of a cell that are kept.
const COLUMNS: usize = 100;
const CELL: usize = 5000;
/// Merged cells of a sheet.
const MERGED: usize = 20_000;
/// Whole numbers that a spreadsheet holds without losing digits.
const EXACT: f64 = 1e15;

/// What is to be known of a cell besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A formula of which the file does not say what came out.
    Formula,
    /// A number of more digits than a spreadsheet keeps.
    Rounded,
}

/// A row that is not empty.
pub struct Line<'a> {
    /// The line of the file it stands in; the first is 1.
    pub at: u64,
    /// Its cells, without blanks around them.
    pub cells: &'a [String],
    /// Cells of which something is to be known.
    pub notes: &'a [(usize, Note)],
}

/// What a file may cost.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Bytes it unpacks to.
    pub unpacked: u64,
    /// Rows.
    pub rows: u64,
}

/// Hands over each row until all are done or `each` says that it is enough.
pub fn each(bytes: &[u8], sheet: Option<&str>, most: Limits, each: &mut dyn FnMut(Line) -> Result<bool>) -> Result<()> {
    let mut rows = 0;
    let mut counted = |line: Line| {
        rows += 1;
        if rows > most.rows { Err(Kind::TooMany.at("file").limit(most.rows as i64 - 1)) } else { each(line) }
    };
    if bytes.starts_with(b"PK") {
        // The readers of packed XML are others' code: should one panic on a file nobody thought of, the file is bad.
        let read = || if fits(bytes, most.unpacked) { workbook(bytes, sheet, &mut counted) } else { Ok(None) };
        return catch_unwind(AssertUnwindSafe(read)).unwrap_or(Ok(None))?.ok_or_else(|| Kind::BadWorkbook.at("file"));
    }
    text(bytes, most.unpacked, &mut counted)
}

/// A row that is being put together.
#[derive(Default)]
struct Row {
    at: u64,
    cells: Vec<String>,
    notes: Vec<(usize, Note)>,
    /// Cells that hold anything.
    used: usize,
}

impl Row {
    fn begin(&mut self, at: u64) {
        self.at = at;
        self.used = 0;
        self.notes.clear();
        self.cells.iter_mut().for_each(String::clear);
    }

    fn cell(&mut self, column: usize) -> &mut String {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.used = self.used.max(column + 1);
        &mut self.cells[column]
    }

    fn hand(&self, each: &mut dyn FnMut(Line) -> Result<bool>) -> Result<bool> {
        let cells = &self.cells[..self.used];
        if cells.iter().all(String::is_empty) && self.notes.is_empty() {
            return Ok(true);
        }
        each(Line { at: self.at, cells, notes: &self.notes })
    }
}

/// Merged cells, from the top, and what those say that reach into the present row.
struct Merged {
    all: std::iter::Peekable<std::vec::IntoIter<Dimensions>>,
    open: Vec<(Dimensions, String)>,
}

impl Merged {
    fn new(mut all: Vec<Dimensions>) -> Merged {
        all.sort_by_key(|d| d.start);
        Merged { all: all.into_iter().peekable(), open: Vec::new() }
    }

    /// Says in each covered cell of a row what the first one says.
    fn unfold(&mut self, row: u32, cells: &mut Row) {
        self.open.retain(|(d, _)| d.end.0 >= row);
        while let Some(d) = self.all.next_if(|d| d.start.0 <= row) {
            if d.start.0 == row && d.end.0 >= row && (d.start.1 as usize) < COLUMNS {
                let text = cells.cell(d.start.1 as usize).clone();
                self.open.push((d, text));
            }
        }
        for (d, text) in &self.open {
            for column in d.start.1..=d.end.1.min(COLUMNS as u32 - 1) {
                let cell = cells.cell(column as usize);
                if cell.is_empty() {
                    cell.clone_from(text);
                }
            }
        }
    }
}

fn workbook(bytes: &[u8], name: Option<&str>, each: &mut dyn FnMut(Line) -> Result<bool>) -> Result<Option<()>> {
    let Ok(mut book) = Xlsx::<Cursor<&[u8]>>::new(Cursor::new(bytes)) else { return Ok(None) };
    let names = book.sheet_names();
    let Some(name) = names.iter().find(|n| Some(n.trim()) == name).or(names.first()).cloned() else { return Ok(None) };
    let Ok(merged) = book.merge_cells_by_sheet_name(&name) else { return Ok(None) };
    if merged.len() > MERGED {
        return Ok(None);
    }
    let mut merged = Merged::new(merged);
    let Ok(mut cells) = book.worksheet_cells_reader(&name) else { return Ok(None) };
    let mut row = Row::default();
    loop {
        let Ok(next) = cells.next_cell_with_formula_metadata() else { return Ok(None) };
        let at = next.as_ref().map(|c| u64::from(c.pos.0) + 1);
        if at != Some(row.at) {
            if row.at > 0 {
                merged.unfold(row.at as u32 - 1, &mut row);
                if !row.hand(each)? {
                    return Ok(Some(()));
                }
            }
            row.begin(at.unwrap_or(0));
        }
        let Some(cell) = next else { return Ok(Some(())) };
        let column = cell.pos.1 as usize;
        if column >= COLUMNS {
            continue;
        }
        if cell.formula.is_some() && matches!(cell.value, DataRef::Empty | DataRef::Error(_)) {
            row.notes.push((column, Note::Formula));
        }
        if matches!(cell.value, DataRef::Float(x) if x.abs() >= EXACT) {
            row.notes.push((column, Note::Rounded));
        }
        if !matches!(cell.value, DataRef::Empty) {
            text_of(&cell.value, row.cell(column));
        }
    }
}

/// A cell as its writer meant it: whole numbers without a point, dates as people write them.
fn text_of(value: &DataRef, out: &mut String) {
    match value {
        DataRef::Int(n) => *out = n.to_string(),
        DataRef::Float(x) if x.fract() == 0.0 => *out = format!("{x:.0}"),
        DataRef::Float(x) => *out = x.to_string(),
        DataRef::String(s) | DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => cut(s, out),
        DataRef::SharedString(s) => cut(s, out),
        DataRef::Bool(b) => out.push(if *b { '1' } else { '0' }),
        DataRef::DateTime(d) => {
            let (year, month, day, hour, minute, second, _) = d.to_ymd_hms_milli();
            *out = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        }
        DataRef::Error(_) => out.push('#'),
        DataRef::Empty => {}
    }
    if matches!(value, DataRef::DateTimeIso(_)) {
        *out = out.replace('T', " ");
    }
}

fn cut(text: &str, out: &mut String) {
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.char_indices().nth(CELL) {
        Some((end, _)) => out.push_str(text[..end].trim_end()),
        None => out.push_str(text),
    }
}

/// Ends reading with an error where a file unpacks to more than it may.
struct Capped<R>(R, u64);

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(out)?;
        self.1 = self.1.checked_sub(n as u64).ok_or_else(|| IoError::new(ErrorKind::FileTooLarge, "unpacks to too much"))?;
        Ok(n)
    }
}

/// The bytes behind gzip, if there is any.
fn unpacked(bytes: &[u8], most: u64) -> Box<dyn Read + '_> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Box::new(Capped(flate2::read::MultiGzDecoder::new(bytes), most));
    }
    Box::new(Capped(bytes, most))
}

fn text(bytes: &[u8], most: u64, each: &mut dyn FnMut(Line) -> Result<bool>) -> Result<()> {
    let wrong = |e: &IoError| if e.kind() == ErrorKind::FileTooLarge { Kind::TooLarge } else { Kind::BadTable }.at("file");
    let foreign = gb18030::first_foreign(&mut unpacked(bytes, most)).map_err(|e| wrong(&e))?.is_some();
    let plain = unpacked(bytes, most);
    let input: Box<dyn Read> = if foreign { Box::new(gb18030::Decoded::new(plain)) } else { plain };
    let mut table = csv::ReaderBuilder::new().flexible(true).has_headers(false).buffer_capacity(1 << 16).from_reader(input);
    let (mut record, mut row) = (csv::StringRecord::new(), Row::default());
    loop {
        match table.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) => return Err(if let csv::ErrorKind::Io(e) = e.kind() { wrong(e) } else { Kind::BadTable.at("file") }),
        }
        row.begin(record.position().map_or(0, csv::Position::line));
        for (column, text) in record.iter().take(COLUMNS).enumerate() {
            cut(text, row.cell(column));
            // 1.10105E+17: what a spreadsheet writes of a number that it has rounded.
            if text.len() > 4 && text.contains("E+") && text.trim().parse::<f64>().is_ok_and(|x| x.abs() >= EXACT) {
                row.notes.push((column, Note::Rounded));
            }
        }
        if !row.hand(each)? {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use rust_xlsxwriter::{Format, Formula, Workbook};

    const MOST: Limits = Limits { unpacked: 1 << 20, rows: 100 };

    type Rows = Vec<(u64, Vec<String>, Vec<(usize, Note)>)>;

    fn all(bytes: &[u8]) -> Result<Rows> {
        let mut out = Vec::new();
        each(bytes, None, MOST, &mut |l| {
            out.push((l.at, l.cells.to_vec(), l.notes.to_vec()));
            Ok(true)
        })?;
        Ok(out)
    }

    #[test]
    fn a_workbook_as_desks_make_them() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.merge_range(0, 0, 0, 2, "居民登记表", &Format::new()).unwrap();
        sheet.merge_range(1, 0, 2, 0, "1栋101", &Format::new()).unwrap();
        sheet.write(1, 1, 32_874).unwrap();
        sheet.write(2, 1, 321_002_199_001_011_234_u64 as f64).unwrap();
        sheet.write_formula(2, 2, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write_formula(3, 2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        let rows = all(&book.save_to_buffer().unwrap()).unwrap();
        assert_eq!(rows[0].1, ["居民登记表"; 3]);
        assert_eq!((rows[1].0, &rows[1].1[..2]), (2, &["1栋101".to_owned(), "32874".into()][..]));
        assert_eq!(rows[2].1[0], "1栋101", "a merged cell counts for each row");
        assert_eq!(rows[2].1[2], "2", "what was worked out is taken");
        assert_eq!(rows[2].2, [(1, Note::Rounded)]);
    }

    #[test]
    fn text_in_whatever_encoding_and_packing() {
        let text = "姓名,号码\n㛃𬭼,3.21002E+17\n\n";
        let want = vec![
            (1, vec!["姓名".to_owned(), "号码".into()], vec![]),
            (2, vec!["㛃𬭼".into(), "3.21002E+17".into()], vec![(1, Note::Rounded)]),
        ];
        let foreign = encoding_rs::GB18030.encode(text).0.into_owned();
        assert_eq!(all(text.as_bytes()).unwrap(), want);
        assert_eq!(all(&foreign).unwrap(), want);
        let packed = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        };
        assert_eq!(all(&packed(&foreign)).unwrap(), want);
        assert_eq!(all(&packed(&vec![b'a'; 2 << 20])).unwrap_err().kind, Kind::TooLarge, "a bomb");
        assert_eq!(all("a\n".repeat(101).as_bytes()).unwrap_err().kind, Kind::TooMany);
        assert_eq!(all(b"a,\xff\xfe\n").unwrap_err().kind, Kind::BadTable);
        assert_eq!(all(b"PK\x03\x04").unwrap_err().kind, Kind::BadWorkbook);
    }
}
