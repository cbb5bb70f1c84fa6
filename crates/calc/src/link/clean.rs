//! One spelling for what people write in many: full-width and traditional characters, dates in six spellings, telephone numbers
//! with and without the country, ID numbers of 15 and 18 digits.
//!
//! Nothing here repairs a value: what cannot be read stays as it is or counts as unknown, and a wrong check digit stays wrong.

use super::han::{is_han, simple};
use crate::codes::{half_width, id_check, id_valid, is_dash, is_date};

/// Most characters of a cell that are compared; the rest does not count.
pub const CELL: usize = 200;

/// Text in small letters, simplified, half-width, blanks between words only; Chinese has no blanks at all.
pub fn text(raw: &str, out: &mut String) {
    out.clear();
    let mut gap = false;
    let mut last = ' ';
    for c in raw.chars().take(CELL) {
        if is_han(c) {
            // Most signs of a register.
            gap = false;
            last = c;
            out.push(simple(c));
            continue;
        }
        let c = half_width(c);
        if c.is_whitespace() || c == '\u{feff}' || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{ad}') {
            gap = gap || c.is_whitespace();
            continue;
        }
        if gap && !out.is_empty() && !is_han(last) {
            out.push(' ');
        }
        gap = false;
        last = c;
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
}

/// A name: as text, with one kind of dot between the parts of a long one, and without points and commas.
pub fn name(raw: &str, out: &mut String) {
    text(raw, out);
    if out.bytes().all(|b| b.is_ascii_lowercase()) || out.chars().all(is_han) {
        return;
    }
    let dotted = |c: char| if matches!(c, '•' | '・' | '‧' | '∙' | '●' | '.' | '．') { '·' } else { c };
    let kept: String = out.chars().map(dotted).filter(|c| !matches!(c, ',' | '\'' | '’' | '"')).collect();
    // As text once more: where a mark stood alone, two blanks would be left.
    text(kept.trim_matches(|c: char| c == '·' || c.is_whitespace()), out);
}

/// An address: the home in its canonical spelling, and what stands before and behind it as text without blanks and marks.
pub fn address(raw: &str, out: &mut String) {
    text(raw, out);
    if !spell(out) {
        return;
    }
    // Where a mark was left out, what stood on both sides of it may read as something else: read again, until it says the same.
    for _ in 0..PASSES {
        let before = out.clone();
        text(&before, out);
        spell(out);
        if *out == before {
            return;
        }
    }
}

/// Readings of an address, at most: hardly one in a million takes a third.
const PASSES: usize = 5;

/// Spells an address out; says whether a mark was left out of it.
fn spell(out: &mut String) -> bool {
    let a = crate::address::parse(out);
    let foreign = out.is_ascii() && !(a.before.is_empty() && a.rest.is_empty());
    if out.is_empty() || foreign {
        return false;
    }
    let kept = |c: &char| !matches!(c, ',' | '，' | '。' | '、' | ';' | '(' | ')' | '#' | '~' | ' ') && !is_dash(*c);
    let mut spelt = String::with_capacity(out.len() + 16);
    spelt.extend(a.before.chars().filter(kept));
    if !a.is_empty() {
        // A number before the building stays another.
        if spelt.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            spelt.push(' ');
        }
        a.spell(&mut spelt);
    }
    if !a.rest.is_empty() {
        spelt.push(';');
        spelt.extend(a.rest.chars().filter(kept));
    }
    let left_out = !a.before.chars().chain(a.rest.chars()).all(|c| kept(&c));
    let again = left_out && spelt != *out;
    *out = spelt;
    again
}

/// Digits of a telephone number without the country; nothing when they are all the same or too few.
pub fn phone(raw: &str, out: &mut String) {
    out.clear();
    out.extend(raw.chars().take(CELL).map(half_width).filter(char::is_ascii_digit));
    for prefix in ["0086", "86"] {
        if out.len() >= 11 + prefix.len() && out.starts_with(prefix) {
            out.drain(..prefix.len());
            break;
        }
    }
    let same = out.as_bytes().windows(2).all(|w| w[0] == w[1]);
    if same || out.len() < 5 {
        out.clear();
    }
}

/// What a number of an identity card says by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Of 18 characters, with a date that exists and the right check character.
    pub valid: bool,
    /// Date of birth, `yyyymmdd`; 0 when it says none.
    pub birth: u32,
    /// 1 male, 2 female, 0 when it says none.
    pub sex: u8,
}

/// An ID number without blanks and dashes, in capitals; one of 15 digits as the 18 that replaced it.
pub fn id(raw: &str, out: &mut String) -> Said {
    out.clear();
    let signs = raw.chars().take(CELL).map(half_width).filter(|c| !c.is_whitespace() && !is_dash(*c));
    out.extend(signs.map(|c| c.to_ascii_uppercase()));
    if out.len() == 15 && out.bytes().all(|b| b.is_ascii_digit()) && out.as_bytes()[0] != b'0' {
        let long = format!("{}19{}", &out[..6], &out[6..]);
        if let (true, Some(check)) = (is_date(&long[6..14]), id_check(&long)) {
            out.clear();
            out.push_str(&long);
            out.push(check);
        }
    }
    if out.bytes().all(|b| matches!(b, b'0')) || !id_valid(out) {
        if out.bytes().all(|b| matches!(b, b'0')) {
            out.clear();
        }
        return Said::default();
    }
    let digit = out.as_bytes()[16] - b'0';
    Said { valid: true, birth: out[6..14].parse().unwrap_or(0), sex: 2 - digit % 2 }
}

/// A date as `yyyymmdd`: 1990-01-02, 1990/1/2, 1990.1.2, 1990年1月2日, 19900102, also with a time behind it. What has eight
/// digits and is no day of the calendar is kept, for a slip in a date is still most of a date. `None` when unreadable.
pub fn birth(raw: &str) -> Option<u32> {
    let mut parts = [0u32; 3];
    let (mut at, mut digits, mut seen) = (0, 0, false);
    for c in raw.trim().chars().take(CELL).map(half_width) {
        if let Some(d) = c.to_digit(10) {
            if digits == 8 {
                return None;
            }
            parts[at] = parts[at] * 10 + d;
            digits += 1;
            seen = true;
            continue;
        }
        if seen && at == 2 || digits == 8 {
            break;
        }
        if !seen || !(is_dash(c) || matches!(c, '/' | '.' | '年' | '月' | ' ')) {
            return None;
        }
        if digits > 0 {
            at += 1;
        }
        digits = 0;
    }
    let [y, m, d] = parts;
    match at {
        0 if digits == 8 => (y > 0).then_some(y),
        2 if (1000..=9999).contains(&y) && m <= 99 && d <= 99 && m > 0 && d > 0 => Some(y * 10_000 + m * 100 + d),
        _ => None,
    }
}

/// Sex: GB/T 2261.1 and the words for it. 0 when it is not said.
pub fn sex(raw: &str) -> u8 {
    match raw.trim() {
        "1" | "男" | "男性" | "m" | "M" | "male" | "Male" | "MALE" => 1,
        "2" | "女" | "女性" | "f" | "F" | "female" | "Female" | "FEMALE" => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(f: fn(&str, &mut String), raw: &str) -> String {
        let mut out = String::new();
        f(raw, &mut out);
        out
    }

    #[test]
    fn names_and_texts() {
        assert_eq!(with(name, " 張　偉 "), "张伟");
        assert_eq!(with(name, "买买提•艾力"), "买买提·艾力");
        assert_eq!(with(name, "O'Neil,  Mary"), "oneil mary");
        assert_eq!(with(text, "ＡＢＣ  ｄ\u{200b}e"), "abc de");
        for raw in ["佳和国小区24号楼2单元602室", "佳和国小区 24幢2单元602室", "佳和国小区24-2-602", "佳和国小区二十四栋2门602"]
        {
            assert_eq!(with(address, raw), "佳和国小区24号楼2单元602室");
        }
        assert_eq!(with(address, "12 Smith St."), "12 smith st.");
        assert_eq!(with(address, "搬走了（去年）"), "搬走了去年");
        assert_ne!(with(address, "3栋旁边"), with(address, "3栋"));
    }

    #[test]
    fn telephone_numbers() {
        for raw in ["13812345678", "+86 138-1234-5678", "0086 13812345678", "１３８１２３４５６７８"] {
            assert_eq!(with(phone, raw), "13812345678", "{raw}");
        }
        assert_eq!(with(phone, "0514-87654321"), "051487654321");
        for none in ["", "无", "00000000000", "110"] {
            assert_eq!(with(phone, none), "");
        }
    }

    #[test]
    fn dates_in_six_spellings() {
        for raw in ["1990-01-02", "1990/1/2", "1990.1.2", "1990年1月2日", "19900102", "1990-01-02 00:00:00", "１９９０－１－２"]
        {
            assert_eq!(birth(raw), Some(19_900_102), "{raw}");
        }
        assert_eq!(birth("19081309"), Some(19_081_309), "a slip is kept");
        for bad in ["", "无", "1990", "1990-01", "90-1-2", "199001022", "1990-00-01", "2/1/1990", "33000"] {
            assert_eq!(birth(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_of_identity_cards() {
        let mut out = String::new();
        assert_eq!(id(" 110105 19491231 002x", &mut out), Said { valid: true, birth: 19_491_231, sex: 2 });
        assert_eq!(out, "11010519491231002X");
        assert_eq!(id("110105194912310021", &mut out), Said::default());
        assert_eq!(out, "110105194912310021", "kept as it is");
        assert!(id("110105491231002", &mut out).valid);
        assert_eq!(out, "11010519491231002X");
        assert_eq!((id("E1234567", &mut out).valid, out.as_str()), (false, "E1234567"));
        assert_eq!((id("000000", &mut out).valid, out.as_str()), (false, ""));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_twice_is_once(s in "\\PC{0,30}") {
            for f in [text, name, address] {
                let once = with(f, &s);
                prop_assert_eq!(with(f, &once), once);
            }
            let mut out = String::new();
            id(&s, &mut out);
            let once = out.clone();
            id(&once, &mut out);
            prop_assert_eq!(once, out);
            let _ = (with(phone, &s), birth(&s), sex(&s));
        }
    }
}
