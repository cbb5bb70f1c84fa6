//! The text of an option, word by word.
//!
//! What must stay true: it is no longer than its limit; a moment is read whole, also when the plus of its zone became a space.

use crate::kit::Result;
use crate::kit::error::{Error, Kind};

/// Characters of one option.
const LONG: usize = 2_000;

/// What cannot be read, in which option.
pub fn odd(field: &'static str) -> Error {
    Kind::BadQuery.at(field)
}

/// A text, word by word.
pub struct Words<'t> {
    /// Which option it is of.
    pub field: &'static str,
    rest: &'t str,
}

impl<'t> Words<'t> {
    /// The text of an option.
    pub fn new(field: &'static str, text: &'t str) -> Result<Words<'t>> {
        if text.len() > LONG { Err(odd(field).limit(LONG as i64)) } else { Ok(Words { field, rest: text.trim() }) }
    }

    /// What is left.
    pub fn rest(&self) -> &'t str {
        self.rest
    }

    /// Nothing is left.
    pub fn is_over(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// Takes a sign, if it is the next.
    pub fn sign(&mut self, sign: char) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Takes a whole word, if it is the next.
    pub fn word(&mut self, word: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(word).filter(|r| !r.starts_with(is_part));
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Takes a name, a number or a moment.
    pub fn name(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let mut end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        // The zone of a moment whose plus became a space.
        let (word, after) = rest.split_at(end);
        let zone = |z: &str| {
            z.len() == 6
                && z.bytes()
                    .enumerate()
                    .all(|(n, b)| [b' ', b'd', b'd', b':', b'd', b'd'][n] == if b.is_ascii_digit() { b'd' } else { b })
        };
        if word.contains('T') && word.contains(':') && !word.ends_with('Z') && after.get(..6).is_some_and(zone) {
            end += 6;
        }
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        Some(word.to_owned()).filter(|w| !w.is_empty())
    }

    /// Takes a text in single quotes; two of them within stand for one.
    pub fn text(&mut self) -> Result<Option<String>> {
        let Some(mut rest) = self.rest.trim_start().strip_prefix('\'') else { return Ok(None) };
        let mut out = String::new();
        loop {
            let end = rest.find('\'').ok_or_else(|| odd(self.field))?;
            out.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(more) => {
                    out.push('\'');
                    rest = more;
                }
                None => break,
            }
        }
        self.rest = rest;
        Ok(Some(out))
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || "@._/$:+-".contains(c)
}
