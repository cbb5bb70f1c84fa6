//! Lines of cells between semicolons, and cells in quotation marks, which may hold semicolons and ends of lines.

use super::pb::Fault;

/// This bit of the end of a cell says that it stood in quotation marks.
pub const QUOTED: u32 = 1 << 31;

/// Reads rows of cells.
pub struct Reader<'a> {
    /// The text.
    pub text: &'a str,
    /// Where the next line begins.
    pub at: usize,
    /// Its number.
    pub line: u32,
}

impl Reader<'_> {
    /// Adds the cells of the next line: where they begin and end.
    pub fn row(&mut self, cells: &mut Vec<(u32, u32)>) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let first = cells.len();
        loop {
            let quoted = bytes.get(self.at) == Some(&b'"');
            if quoted {
                cells.push(self.quoted(cells.len() - first)?);
            } else {
                let start = self.at;
                self.at = bytes[start..].iter().position(|b| matches!(b, b';' | b'\n')).map_or(bytes.len(), |n| start + n);
                let turned = self.at > start && bytes[self.at - 1] == b'\r' && bytes.get(self.at) != Some(&b';');
                cells.push((start as u32, (self.at - usize::from(turned)) as u32));
            }
            match bytes.get(self.at) {
                Some(b';') => self.at += 1,
                Some(b'\r') if quoted && bytes.get(self.at + 1) == Some(&b'\n') => break self.at += 2,
                Some(b'\n') => break self.at += 1,
                None => break,
                Some(_) => return Err(Fault::new(self.line, cells.len() - first - 1, "text behind the closing quotation mark")),
            }
        }
        self.line += 1;
        Ok(())
    }

    /// A cell in quotation marks; two of them stand for one.
    fn quoted(&mut self, cell: usize) -> Result<(u32, u32), Fault> {
        let (bytes, start, line) = (self.text.as_bytes(), self.at + 1, self.line);
        self.at = start;
        loop {
            match bytes.get(self.at) {
                None => return Err(Fault::new(line, cell, "the quotation mark is never closed")),
                Some(b'"') if bytes.get(self.at + 1) == Some(&b'"') => self.at += 2,
                Some(b'"') => break,
                Some(b) => {
                    self.line += u32::from(*b == b'\n');
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok((start as u32, (self.at - 1) as u32 | QUOTED))
    }
}
