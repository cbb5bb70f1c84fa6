//! Files of participatory budgets as Pabulib has them (`.pb`): the sections META, PROJECTS and VOTES, each with a head and rows of
//! cells between semicolons (Stolicki, Szufa, Talmon 2020).
//!
//! What must stay true: every cell of every section comes back as it was written, also of columns and keys that nobody
//! knows; only the byte order mark, empty lines and the kind of line ends are not kept.

use std::borrow::Cow;
use std::ops::Range;

use super::cells::{QUOTED, Reader};

/// Most bytes of a file.
pub const BYTES: usize = 1 << 30;
/// The sections, in their order.
const SECTIONS: [&str; 3] = ["META", "PROJECTS", "VOTES"];

/// What is wrong with a file, and where: the column counts cells, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// The cell of that line, from 1.
    pub column: u32,
    /// What is wrong.
    pub reason: String,
}

impl Fault {
    pub(super) fn new(line: u32, cell: usize, reason: impl Into<String>) -> Fault {
        Fault { line, column: cell as u32 + 1, reason: reason.into() }
    }
}

/// A file whose text is `text`.
#[derive(Clone, Debug)]
pub struct Pb<'a> {
    text: &'a str,
    cells: Vec<(u32, u32)>,
    /// Where the cells of each row end, and its line; the first row of a section is its head.
    rows: Vec<(u32, u32)>,
    sections: [Range<usize>; 3],
}

/// A section of a file.
#[derive(Clone, Copy, Debug)]
pub struct Section<'p, 'a> {
    pb: &'p Pb<'a>,
    at: usize,
}

/// A row of a section.
#[derive(Clone, Copy, Debug)]
pub struct Row<'p, 'a> {
    /// Its line, from 1.
    pub line: u32,
    text: &'a str,
    cells: &'p [(u32, u32)],
}

impl<'a> Row<'_, 'a> {
    /// A cell as it was meant; nothing beyond the last.
    pub fn get(&self, at: usize) -> Cow<'a, str> {
        let Some((start, end)) = self.cells.get(at) else { return Cow::Borrowed("") };
        let inside = &self.text[*start as usize..(end & !QUOTED) as usize];
        if end & QUOTED != 0 && inside.contains('"') { Cow::Owned(inside.replace("\"\"", "\"")) } else { Cow::Borrowed(inside) }
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = Cow<'a, str>> {
        (0..self.cells.len()).map(|at| self.get(at))
    }
}

impl<'p, 'a> Section<'p, 'a> {
    fn row(self, at: usize) -> Row<'p, 'a> {
        let start = at.checked_sub(1).map_or(0, |before| self.pb.rows[before].0);
        let (end, line) = self.pb.rows[at];
        Row { line, text: self.pb.text, cells: &self.pb.cells[start as usize..end as usize] }
    }

    fn places(self) -> Range<usize> {
        self.pb.sections[self.at].clone()
    }

    /// The names of its columns.
    pub fn head(self) -> Row<'p, 'a> {
        self.row(self.places().start)
    }

    /// Its rows, without the head.
    pub fn rows(self) -> impl ExactSizeIterator<Item = Row<'p, 'a>> {
        let places = self.places();
        (places.start + 1..places.end).map(move |at| self.row(at))
    }

    /// Where a column is.
    pub fn column(self, name: &str) -> Option<usize> {
        self.head().cells().position(|cell| cell.trim() == name)
    }

    /// Where a column is that must be there.
    pub fn needed(self, name: &str) -> Result<usize, Fault> {
        self.column(name).ok_or_else(|| Fault::new(self.head().line, 0, format!("there is no column {name}")))
    }
}

impl<'a> Pb<'a> {
    /// Reads a file.
    pub fn parse(text: &'a str) -> Result<Pb<'a>, Fault> {
        if text.len() > BYTES {
            return Err(Fault::new(1, 0, format!("larger than {BYTES} bytes")));
        }
        let mut pb = Pb { text, cells: Vec::new(), rows: Vec::new(), sections: [0..0, 0..0, 0..0] };
        let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, line: 1 };
        let mut open: Option<usize> = None;
        while reader.at < text.len() {
            let (line, first) = (reader.line, pb.cells.len());
            reader.row(&mut pb.cells)?;
            let row = Row { line, text, cells: &pb.cells[first..] };
            let head = row.get(0);
            if row.cells.len() == 1 && head.trim().is_empty() {
                pb.cells.truncate(first);
                continue;
            }
            let named = SECTIONS.iter().position(|s| head.trim().eq_ignore_ascii_case(s));
            if let Some(at) = named.filter(|_| row.cells().skip(1).all(|cell| cell.trim().is_empty())) {
                if !pb.sections[at].is_empty() || open == Some(at) {
                    return Err(Fault::new(line, 0, format!("a second section {}", SECTIONS[at])));
                }
                pb.cells.truncate(first);
                pb.sections[at] = pb.rows.len()..pb.rows.len();
                open = Some(at);
                continue;
            }
            let at = open.ok_or_else(|| Fault::new(line, 0, "the first line must be META"))?;
            let many = row.cells.len();
            pb.rows.push((pb.cells.len() as u32, line));
            pb.sections[at].end = pb.rows.len();
            let wanted = Section { pb: &pb, at }.head().cells.len();
            // A value in META may hold semicolons that nobody put in quotation marks.
            if many < wanted || many > wanted && at != 0 {
                return Err(Fault::new(line, many.min(wanted), format!("{many} cells, the head has {wanted}")));
            }
        }
        match pb.sections.iter().position(|s| s.is_empty()) {
            Some(at) => Err(Fault::new(reader.line, 0, format!("there is no section {}, or it is empty", SECTIONS[at]))),
            None => Ok(pb),
        }
    }

    /// Keys and values about the vote as a whole.
    pub fn meta(&self) -> Section<'_, 'a> {
        Section { pb: self, at: 0 }
    }

    /// The projects.
    pub fn projects(&self) -> Section<'_, 'a> {
        Section { pb: self, at: 1 }
    }

    /// The ballots.
    pub fn votes(&self) -> Section<'_, 'a> {
        Section { pb: self, at: 2 }
    }

    /// The file again.
    pub fn write(&self) -> String {
        let mut out = Writer::default();
        for (at, name) in SECTIONS.iter().enumerate() {
            let section = Section { pb: self, at };
            out.section(name, section.head().cells());
            section.rows().for_each(|row| out.row(row.cells()));
        }
        out.text
    }
}

/// Writes a file row by row.
#[derive(Debug, Default)]
pub struct Writer {
    /// What was written.
    pub text: String,
}

impl Writer {
    /// Begins a section: its name and the names of its columns.
    pub fn section<T: AsRef<str>>(&mut self, name: &str, columns: impl Iterator<Item = T>) {
        self.text.push_str(name);
        self.text.push('\n');
        self.row(columns);
    }

    /// Adds a row, cells in quotation marks where they need them.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl Iterator<Item = T>) {
        for (at, cell) in cells.enumerate() {
            let cell = cell.as_ref();
            if at > 0 {
                self.text.push(';');
            }
            if cell.contains([';', '"', '\n', '\r']) {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(cell);
            }
        }
        self.text.push('\n');
    }
}
