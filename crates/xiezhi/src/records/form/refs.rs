//! Where a cell lies after one row of a sheet has become many: row numbers, ranges, formulas.
//!
//! What must stay true: a reference above is untouched, one below moves with its row, a range that holds the row grows with
//! it (so that a sum still sums everything), and nothing within quotes or of another sheet is touched.

/// Which rows were repeated, and how often.
pub struct Rows {
    /// Rows that are repeated, rising.
    pub repeated: Vec<u32>,
    /// How often; at least once.
    pub times: u32,
}

impl Rows {
    /// Where a row begins afterwards.
    pub fn first(&self, row: u32) -> u32 {
        let before = self.repeated.iter().filter(|r| **r < row).count() as u32;
        row + before * (self.times - 1)
    }

    /// Where it ends.
    pub fn last(&self, row: u32) -> u32 {
        self.first(row) + if self.repeated.contains(&row) { self.times - 1 } else { 0 }
    }

    /// A range (`A5:C5`), or a single cell, afterwards.
    pub fn range(&self, range: &str) -> String {
        self.formula(range, None)
    }

    /// Ranges with blanks between them.
    pub fn ranges(&self, ranges: &str) -> String {
        ranges.split(' ').map(|r| self.range(r)).collect::<Vec<_>>().join(" ")
    }

    /// A formula afterwards; `here` is the row it stands in and the how manieth copy of it, for rows that are repeated.
    pub fn formula(&self, text: &str, here: Option<(u32, u32)>) -> String {
        let bytes = text.as_bytes();
        let (mut out, mut at) = (String::with_capacity(text.len() + 8), 0);
        let mut end_of_range = false;
        while at < bytes.len() {
            let c = bytes[at];
            if c == b'"' || c == b'\'' {
                let end = text[at + 1..].find(c as char).map_or(bytes.len(), |i| at + i + 2);
                out.push_str(&text[at..end]);
                (at, end_of_range) = (end, false);
                continue;
            }
            if c == b'$' || c.is_ascii_alphanumeric() || c == b'_' || c == b'.' || c >= 0x80 {
                let word = |b: &u8| *b == b'$' || b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.' || *b >= 0x80;
                let end = bytes[at..].iter().position(|b| !word(b)).map_or(bytes.len(), |i| at + i);
                let elsewhere = at > 0 && bytes[at - 1] == b'!' || matches!(bytes.get(end), Some(b'(' | b'!'));
                // The other end of a range of another sheet is of that sheet too.
                let elsewhere = elsewhere || end_of_range && foreign(&out);
                match cell(&text[at..end]).filter(|_| !elsewhere) {
                    Some((column, fixed, row)) => {
                        let begins = bytes.get(end) == Some(&b':');
                        let to = match here {
                            Some((own, copy)) if own == row && !begins && !end_of_range => self.first(row) + copy,
                            _ if end_of_range => self.last(row),
                            _ => self.first(row),
                        };
                        out.push_str(&format!("{column}{fixed}{to}"));
                    }
                    None => out.push_str(&text[at..end]),
                }
                (at, end_of_range) = (end, false);
                continue;
            }
            end_of_range = c == b':';
            out.push(c as char);
            at += 1;
        }
        out
    }
}

/// Whether what was written last is the beginning of a range of another sheet.
fn foreign(out: &str) -> bool {
    let start = out.trim_end_matches(':');
    let word = start.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '$'));
    word.is_some_and(|i| start[i..].starts_with('!'))
}

/// `$B$5` as column, the mark of a fixed row, row.
fn cell(word: &str) -> Option<(&str, &str, u32)> {
    let letters = word.strip_prefix('$').unwrap_or(word);
    let count = letters.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(1..=3).contains(&count) {
        return None;
    }
    let column = &word[..word.len() - letters.len() + count];
    let rest = &letters[count..];
    let digits = rest.strip_prefix('$').unwrap_or(rest);
    let row = digits.parse().ok().filter(|_| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
    Some((column, if rest.len() > digits.len() { "$" } else { "" }, row))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_grow_and_what_lies_below_moves() {
        let rows = Rows { repeated: vec![5], times: 3 };
        for (before, after) in [
            ("SUM(B5:B5)", "SUM(B5:B7)"),
            ("SUM(B4:B6)", "SUM(B4:B8)"),
            ("B5", "B5"),
            ("$B$6+A1", "$B$8+A1"),
            ("IF(A6=\"B6 'x\",C6,LOG10(9))", "IF(A8=\"B6 'x\",C8,LOG10(9))"),
            ("Other!B6+'其他 B6'!B6:B9", "Other!B6+'其他 B6'!B6:B9"),
            ("合计6+XFD6", "合计6+XFD8"),
            ("A:A", "A:A"),
            ("", ""),
        ] {
            assert_eq!(rows.formula(before, None), after, "{before}");
        }
        assert_eq!(rows.formula("B5*2", Some((5, 2))), "B7*2", "of its own row");
        assert_eq!(rows.ranges("A1:B2 A6:C6"), "A1:B2 A8:C8");
    }

    proptest! {
        #[test]
        fn nothing_breaks_on_any_text(text in ".{0,60}", row in 1u32..9, times in 1u32..5) {
            let rows = Rows { repeated: vec![row], times };
            let out = rows.formula(&text, Some((row, 0)));
            prop_assert!(times > 1 || out.len() <= text.len(), "{out}");
        }
    }
}
