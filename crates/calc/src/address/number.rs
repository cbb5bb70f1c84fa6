//! The numbers of buildings, units, floors and rooms in one form: half-width decimal digits without leading zeros, capital
//! letters, one side or stem before or behind (东3, 乙, 501A), and 之 before a second number (12之1).

use std::fmt;
use std::ops::Deref;

use super::words::{digit, is_side, is_stem};

/// Most digits of a number; longer ones are telephones and the like.
pub const DIGITS: usize = 5;
/// Most letters that belong to a number; more are a word.
pub const LETTERS: usize = 2;
/// Most digits of a number behind 之.
const BELOW: usize = 3;
/// Most bytes of a canonical part.
pub const BYTES: usize = 23;

/// A short text that lies in itself: a canonical part of an address.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Short {
    bytes: [u8; BYTES],
    len: u8,
}

impl Short {
    /// From a text of at most [`BYTES`].
    pub fn new(text: &str) -> Option<Short> {
        let mut short = Short::default();
        short.bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        short.len = text.len() as u8;
        Some(short)
    }

    /// Adds a text. False, and nothing is added, when there is no room.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let (from, to) = (usize::from(self.len), usize::from(self.len) + text.len());
        let Some(room) = self.bytes.get_mut(from..to) else { return false };
        room.copy_from_slice(text.as_bytes());
        self.len = to as u8;
        true
    }

    /// The number below another: 12之1. None when these are no such numbers.
    pub(super) fn below(self, of: Short) -> Option<Short> {
        let digits = |n: &Short| n.raw().iter().filter(|b| b.is_ascii_digit()).count();
        let fits = digits(&of) > 0 && (1..=BELOW).contains(&digits(&self)) && !of.contains('之') && !self.contains('之');
        let mut both = of;
        (fits && both.push("之") && both.push(&self)).then_some(both)
    }

    /// Its bytes.
    pub(super) fn raw(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The digits at its beginning: how many.
    pub(super) fn leading(&self) -> usize {
        self.raw().iter().take_while(|b| b.is_ascii_digit()).count()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.raw()).unwrap_or_default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Deref for Short {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Signs at the beginning that do not belong to it: of 五一3栋 the 五一.
    pub skipped: usize,
    /// Its form.
    pub value: Short,
    /// Digits of its form; 0 for 东, A, 甲.
    pub digits: usize,
    /// It is one or two sides, and nothing else.
    pub side: bool,
}

/// Reads the number at the end of some signs, which are half-width.
pub(super) fn number(signs: &[char]) -> Option<Number> {
    if let Some(at) = signs.iter().position(|c| *c == '之') {
        let (first, second) = (number(&signs[..at])?, number(&signs[at + 1..]).filter(|n| n.skipped == 0)?);
        return Some(Number { value: second.value.below(first.value)?, ..first });
    }
    let mark = |c: char| c.is_ascii_alphabetic() || is_side(c) || is_stem(c);
    let mut end = signs.len();
    let last = *signs.last()?;
    let counts = |c: char| digit(c).is_some() || matches!(c, '十' | '百');
    let behind = mark(last) && end > 1 && counts(signs[end - 2]);
    end -= usize::from(behind);
    let arabic = |c: &&char| c.is_ascii_digit();
    let numeral = |c: &&char| counts(**c) && !c.is_ascii_digit();
    let back = || signs[..end].iter().rev();
    let core = back().take_while(arabic).count().max(back().take_while(numeral).count());
    let mut from = end - core;
    let ahead = |most: usize, fits: fn(char) -> bool| {
        let n = signs[..from].iter().rev().take_while(|c| fits(**c)).count();
        if n <= most { n } else { 0 }
    };
    let letters = ahead(LETTERS, |c| c.is_ascii_alphabetic());
    let side = if letters > 0 { 0 } else { ahead(if core > 0 { 1 } else { 2 }, is_side) };
    let stem = if letters + side > 0 { 0 } else { ahead(1, is_stem) };
    from -= letters + side + stem;
    let mut value = Short::default();
    let push = |value: &mut Short, c: char| value.push(c.to_ascii_uppercase().encode_utf8(&mut [0; 4]));
    for c in &signs[from..end - core] {
        push(&mut value, *c);
    }
    let mut digits = 0;
    if core > 0 {
        let n = decimal(&signs[end - core..end])?;
        digits = n.checked_ilog10().unwrap_or(0) as usize + 1;
        let mut place = 10u32.pow(digits as u32 - 1);
        while place > 0 {
            push(&mut value, char::from(b'0' + (n / place % 10) as u8));
            place /= 10;
        }
    }
    if behind {
        push(&mut value, last);
    }
    (!value.is_empty()).then_some(Number { skipped: from, value, digits, side: core == 0 && side > 0 })
}

/// The value of digits, or of numerals: digit by digit (五〇一), or with tens and hundreds (二十四, 一百零三).
fn decimal(signs: &[char]) -> Option<u32> {
    if !signs.iter().any(|c| matches!(c, '十' | '百')) {
        if signs.len() > DIGITS {
            return None;
        }
        return signs.iter().try_fold(0, |n, c| Some(n * 10 + u32::from(digit(*c)?)));
    }
    let (mut sum, mut held, mut unit) = (0, None, 1000);
    for c in signs {
        let place = match c {
            '百' => 100,
            '十' => 10,
            c => {
                // 零 only fills a gap; two digits in a row are no such number.
                let d = u32::from(digit(*c)?);
                if held.is_some() {
                    return None;
                }
                held = (d > 0).then_some(d);
                continue;
            }
        };
        if place >= unit {
            return None;
        }
        unit = place;
        let times = match held.take() {
            Some(d) => d,
            None if place == 10 => 1,
            None => return None,
        };
        sum += times * place;
    }
    Some(sum + held.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (signs, skipped, value) in [
            ("24", 0, "24"),
            ("024", 0, "24"),
            ("0", 0, "0"),
            ("二十四", 0, "24"),
            ("十", 0, "10"),
            ("十二", 0, "12"),
            ("二十", 0, "20"),
            ("一百零三", 0, "103"),
            ("一百一十", 0, "110"),
            ("五〇一", 0, "501"),
            ("一二〇三", 0, "1203"),
            ("a3", 0, "A3"),
            ("3a", 0, "3A"),
            ("东3", 0, "东3"),
            ("东", 0, "东"),
            ("东南", 0, "东南"),
            ("乙", 0, "乙"),
            ("五一3", 2, "3"),
            ("abc3", 3, "3"),
            ("12之1", 0, "12之1"),
            ("十二之一", 0, "12之1"),
            ("601东", 0, "601东"),
        ] {
            let chars: Vec<char> = signs.chars().collect();
            let n = number(&chars).unwrap_or_else(|| panic!("{signs}"));
            assert_eq!((n.skipped, n.value.as_str()), (skipped, value), "{signs}");
        }
        for none in ["", "123456", "百", "二三十", "十百", "abc", "之", "1之", "1之1234"] {
            assert!(number(&none.chars().collect::<Vec<_>>()).is_none(), "{none}");
        }
    }
}
