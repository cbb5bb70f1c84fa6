//! Tables that the pure methods read: CSV in UTF-8 or GB 18030, columns found by name, and whatever is wrong told as
//! `FILE:LINE:COLUMN: reason`.

use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use xiezhi::kit::gb18030;

/// A table that is being read.
pub struct Table<'a> {
    path: &'a Path,
    rows: csv::Reader<Box<dyn Read>>,
    head: csv::StringRecord,
    row: csv::StringRecord,
    /// Bytes of the file; 0 where it has no size.
    bytes: u64,
    /// Whether this row was read and not handed out yet.
    held: bool,
}

impl<'a> Table<'a> {
    /// Opens one whose first row names its columns; says on standard error when it is not UTF-8.
    pub fn open(path: &'a Path) -> Result<Table<'a>, String> {
        Table::begin(path, csv::ReaderBuilder::new().has_headers(true))?.headed()
    }

    /// The same from standard input.
    pub fn standard_input() -> Result<Table<'a>, String> {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| format!("-: {e}"))?;
        let length = bytes.len() as u64;
        Table::over(Path::new("-"), Cursor::new(bytes), length, csv::ReaderBuilder::new().has_headers(true))?.headed()
    }

    fn headed(mut self) -> Result<Table<'a>, String> {
        self.head = self.rows.headers().map_err(|e| fault(&self.path.display(), &e))?.clone();
        Ok(self)
    }

    /// Opens one of ids alone: each cell is one, unless the first row has one of these names; then its column is.
    pub fn list(path: &'a Path, names: &[&str]) -> Result<(Table<'a>, Option<usize>), String> {
        let mut table = Table::begin(path, csv::ReaderBuilder::new().has_headers(false).flexible(true))?;
        let any = table.next()?;
        let column = table.row.iter().position(|cell| names.contains(&plain(cell)));
        table.held = any && column.is_none();
        Ok((table, column))
    }

    fn begin(path: &'a Path, reader: &mut csv::ReaderBuilder) -> Result<Table<'a>, String> {
        let fail = |e: std::io::Error| format!("{}: {e}", path.display());
        let file = File::open(path).map_err(fail)?;
        let bytes = file.metadata().map_or(0, |m| m.len());
        Table::over(path, file, bytes, reader)
    }

    fn over(
        path: &'a Path,
        mut file: impl Read + Seek + 'static,
        bytes: u64,
        reader: &mut csv::ReaderBuilder,
    ) -> Result<Table<'a>, String> {
        let fail = |e: std::io::Error| format!("{}: {e}", path.display());
        let foreign = gb18030::first_foreign(&mut file).and_then(|f| file.rewind().map(|()| f)).map_err(fail)?;
        let text: Box<dyn Read> = match foreign {
            None => Box::new(file),
            Some(line) => {
                eprintln!("{}:{line}: not UTF-8, read as GB 18030", path.display());
                Box::new(gb18030::Decoded::new(file))
            }
        };
        let rows = reader.buffer_capacity(1 << 16).from_reader(text);
        Ok(Table { path, rows, head: csv::StringRecord::new(), row: csv::StringRecord::new(), bytes, held: false })
    }

    /// Place of a column, by any of its names.
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        self.head.iter().position(|cell| names.contains(&plain(cell)))
    }

    /// Place of a column that must be there.
    pub fn column(&self, names: &[&str]) -> Result<usize, String> {
        self.find(names).ok_or_else(|| format!("{}:1:1: there is no column {}", self.path.display(), names[0]))
    }

    /// Goes on to the next row; false at the end.
    pub fn next(&mut self) -> Result<bool, String> {
        if std::mem::take(&mut self.held) {
            return Ok(true);
        }
        self.rows.read_record(&mut self.row).map_err(|e| fault(&self.path.display(), &e))
    }

    /// A cell of this row.
    pub fn cell(&self, column: usize) -> &str {
        let cell = self.row.get(column).unwrap_or_default();
        if self.line() == 1 { plain(cell) } else { cell.trim() }
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.head.len()
    }

    /// How many cells this row has.
    pub fn cells(&self) -> usize {
        self.row.len()
    }

    /// How large the file is, in bytes.
    pub fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Line of this row.
    pub fn line(&self) -> u64 {
        self.row.position().map_or(0, csv::Position::line)
    }

    /// What is wrong with a cell of this row.
    pub fn wrong(&self, column: usize, why: impl Display) -> String {
        wrong(self.path, self.line(), column, why)
    }
}

/// What is wrong with a cell.
pub fn wrong(path: &Path, line: u64, column: usize, why: impl Display) -> String {
    format!("{}:{line}:{}: {why}", path.display(), column + 1)
}

/// A cell without the mark that some programs put before the first.
fn plain(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim()
}

/// What is wrong with a table, as `FILE:LINE:COLUMN: reason`.
fn fault(name: &impl Display, e: &csv::Error) -> String {
    let line = e.position().map_or(0, csv::Position::line);
    match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{name}:{line}:{}: {len} cells, the head has {expected_len}", (*len).min(*expected_len) + 1)
        }
        csv::ErrorKind::Utf8 { err, .. } => format!("{name}:{line}:{}: neither UTF-8 nor GB 18030", err.field() + 1),
        _ => format!("{name}:{line}:1: {e}"),
    }
}
