//! The closed vocabulary of homes: numbers, and the word behind each that says what it numbers. The parser reads addresses
//! with it, and the masks of free text ([`crate::grade`]) hide flats with it, so that neither knows a word the other misses.

use crate::codes::half_width;

/// What a number numbers, told by the word behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Word {
    /// 栋 幢 座 号楼 #
    Building,
    /// 号 弄
    House,
    /// 单元
    Unit,
    /// 门 单 梯: a unit behind a building; elsewhere 门 may be a gate.
    Door,
    /// 室 房
    Room,
    /// 户, which also counts households
    Household,
    /// 层 楼
    Floor,
    /// Nothing that belongs to an address.
    #[default]
    None,
}

/// A stretch of signs that may number something, and the word behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// Where its number begins…
    pub from: usize,
    /// …and ends.
    pub to: usize,
    /// Digits and numerals in it.
    pub digits: usize,
    /// What it numbers.
    pub word: Word,
    /// Signs of the word.
    pub word_len: usize,
    /// Where the word ends.
    pub end: usize,
}

/// Value of a digit: ASCII, full-width, or a Chinese numeral as used when numbers are spelled out.
pub(crate) fn digit(c: char) -> Option<u8> {
    Some(match c {
        '0'..='9' => c as u8 - b'0',
        '０'..='９' => (c as u32 - '０' as u32) as u8,
        '零' | '〇' => 0,
        '一' | '幺' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// East, west, south, north, and the middle one.
pub(super) fn is_side(c: char) -> bool {
    matches!(c, '东' | '西' | '南' | '北' | '中')
}

/// The celestial stems that number units and towers.
pub(super) fn is_stem(c: char) -> bool {
    matches!(c, '甲' | '乙' | '丙' | '丁')
}

/// Whether a sign can be part of the number of a building, unit or room.
fn numbers(c: char) -> bool {
    digit(c).is_some() || half_width(c).is_ascii_alphanumeric() || matches!(c, '十' | '百') || is_side(c) || is_stem(c)
}

/// The word at the beginning of a text, and how many signs it has.
fn word(behind: &[char]) -> (Word, usize) {
    match behind {
        ['单' | '單', '元', ..] => (Word::Unit, 2),
        ['号' | '號', '单' | '單', '元', ..] => (Word::Unit, 3),
        ['号' | '號' | '#', '楼' | '樓', ..] | ['号' | '號' | '#', '栋' | '棟' | '幢' | '座', ..] => {
            (Word::Building, 2)
        }
        ['号' | '號', '室' | '房', ..] => (Word::Room, 2),
        ['栋' | '棟' | '幢' | '座' | '#' | '＃', ..] => (Word::Building, 1),
        ['号' | '號' | '弄', ..] => (Word::House, 1),
        ['门' | '門' | '单' | '單' | '梯', ..] => (Word::Door, 1),
        ['室' | '房', ..] => (Word::Room, 1),
        ['户' | '戶', ..] => (Word::Household, 1),
        ['层' | '層' | '楼' | '樓', ..] => (Word::Floor, 1),
        _ => (Word::None, 0),
    }
}

/// The next part from a place on.
pub(crate) fn next(chars: &[char], at: usize) -> Option<Part> {
    let from = at + chars[at..].iter().position(|c| numbers(*c))?;
    let (mut to, mut digits) = (from, 0);
    while let Some(c) = chars.get(to).filter(|c| numbers(**c)) {
        digits += usize::from(digit(*c).is_some() || matches!(c, '十' | '百'));
        to += 1;
    }
    let gap = chars[to..].iter().take_while(|c| half_width(**c) == ' ').count();
    let (word, word_len) = word(&chars[to + gap..]);
    let end = if word_len == 0 { to } else { to + gap + word_len };
    Some(Part { from, to, digits, word, word_len, end })
}

/// All parts of a text.
pub(crate) fn parts(chars: &[char]) -> impl Iterator<Item = Part> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let part = next(chars, at)?;
        at = part.to;
        Some(part)
    })
}
