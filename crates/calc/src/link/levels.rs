//! How far two rows agree, column by column, as a few levels each.
//!
//! What must stay true: comparing is symmetric, and a level depends on the two values alone. The order of levels is the order in
//! which they are tried: the first that fits counts.

use super::near::{jaro_winkler, one_slip};
use super::records::{Column, Records, Sounds};
use super::schema::Kind;

/// What is compared at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// A name.
    Name(usize),
    /// An ID number.
    Id(usize),
    /// A birth, with what an ID number says about it.
    Birth(usize),
    /// Sex.
    Sex(usize),
    /// A telephone.
    Phone(usize),
    /// Where somebody lives: address and community are one piece of evidence, for who moves changes both.
    Place(Option<usize>, Option<usize>),
    /// Any text.
    Text(usize),
}

/// Level of what one of the two rows does not say.
pub const UNKNOWN: u8 = 0;
/// Level of equal values, in every comparison but [`Compared::Id`], where such a number must also be valid.
pub const SAME: u8 = 1;
/// Level of two valid ID numbers that differ: never the same person.
pub const FORBIDDEN: u8 = 5;

/// Codes of levels of a name.
pub const NAME: [&str; 11] = [
    "unknown", // one of them is missing
    "same", "sound",  // one character sounds the same or looks alike: 王丽 王莉
    "one",    // one character of at least three differs
    "half",   // one of two differs, or a given name of one character was two
    "given",  // same given name of two characters, other family
    "family", // same family, nothing else
    "near",   // not Chinese: one slip, or Jaro-Winkler from .92
    "like",   // not Chinese: Jaro-Winkler from .82
    "other", "sounds", // more than one
];
/// Codes of levels of an ID number.
pub const ID: [&str; 6] = ["unknown", "same", "same-unchecked", "slip", "other", "forbidden"];
/// Codes of levels of a birth.
pub const BIRTH: [&str; 9] = [
    "unknown",
    "same",
    "by-id",   // the other's ID number says this birth
    "swapped", // day and month exchanged
    "year",    // same day of the year before or after
    "slip",    // one digit
    "month",   // same month
    "same-year",
    "other",
];
/// Codes of levels of sex.
pub const SEX: [&str; 3] = ["unknown", "same", "other"];
/// Codes of levels of a telephone.
pub const PHONE: [&str; 4] = ["unknown", "same", "slip", "other"];
/// Codes of levels of a place.
pub const PLACE: [&str; 6] = [
    "unknown",
    "same",
    "slip",           // one slip in the address
    "near",           // another home of the community
    "moved",          // another community, or another address where there is none
    "same-community", // nothing else is known
];
/// Codes of levels of a text.
pub const TEXT: [&str; 5] = ["unknown", "same", "slip", "like", "other"];

impl Compared {
    /// What there is to compare in a table.
    pub fn all(records: &Records) -> Vec<Compared> {
        let community = records.schema.first(Kind::Community);
        let mut placed = false;
        let mut all = Vec::new();
        for (at, (_, kind)) in records.schema.columns.iter().enumerate() {
            all.push(match kind {
                Kind::Name => Compared::Name(at),
                Kind::Id => Compared::Id(at),
                Kind::Birth => Compared::Birth(at),
                Kind::Sex => Compared::Sex(at),
                Kind::Phone => Compared::Phone(at),
                Kind::Address if placed => Compared::Place(Some(at), None),
                Kind::Address => {
                    placed = true;
                    Compared::Place(Some(at), community)
                }
                Kind::Text => Compared::Text(at),
                Kind::Key | Kind::Community => continue,
            });
        }
        if !placed && let Some(at) = community {
            all.push(Compared::Place(None, Some(at)));
        }
        all
    }

    /// Codes of its levels.
    pub fn codes(self) -> &'static [&'static str] {
        match self {
            Compared::Name(_) => &NAME,
            Compared::Id(_) => &ID,
            Compared::Birth(_) => &BIRTH,
            Compared::Sex(_) => &SEX,
            Compared::Phone(_) => &PHONE,
            Compared::Place(..) => &PLACE,
            Compared::Text(_) => &TEXT,
        }
    }

    /// The column whose equal values weigh by how rare they are.
    pub fn counted(self) -> Option<usize> {
        match self {
            Compared::Name(at) | Compared::Phone(at) | Compared::Text(at) | Compared::Place(Some(at), _) => Some(at),
            Compared::Place(None, at) => at,
            Compared::Id(_) | Compared::Birth(_) | Compared::Sex(_) => None,
        }
    }

    /// Level at which two rows agree.
    #[inline]
    pub fn level(self, records: &Records, a: &[u32], b: &[u32]) -> u8 {
        let column = |at: usize| &records.columns[at];
        let both = |at: usize| (a[column(at).word], b[column(at).word]);
        match self {
            Compared::Name(at) => name(column(at), both(at)),
            Compared::Id(at) => id(column(at), both(at)),
            Compared::Birth(at) => birth(records, both(at), a, b),
            Compared::Sex(at) => match both(at) {
                (0, _) | (_, 0) => UNKNOWN,
                (x, y) => 2 - u8::from(x == y),
            },
            Compared::Phone(at) => phone(column(at), both(at)),
            Compared::Place(address, community) => {
                let place = address.map_or((0, 0), both);
                let area = community.map_or((0, 0), both);
                self::place(address.map(column), place, area)
            }
            Compared::Text(at) => text(column(at), both(at)),
        }
    }
}

/// Levels of all comparisons, four bits each, the first lowest.
#[inline]
pub fn pattern(all: &[Compared], records: &Records, a: &[u32], b: &[u32]) -> u64 {
    all.iter().enumerate().fold(0, |p, (i, c)| p | u64::from(c.level(records, a, b)) << (4 * i))
}

/// Level of one comparison in a pattern.
#[inline]
pub fn level_in(pattern: u64, comparison: usize) -> usize {
    (pattern >> (4 * comparison) & 15) as usize
}

fn name(column: &Column, (x, y): (u32, u32)) -> u8 {
    if x == 0 || y == 0 {
        return UNKNOWN;
    }
    if x == y {
        return SAME;
    }
    let (s, t) = (&column.sounds[x as usize], &column.sounds[y as usize]);
    if s.len == 0 || t.len == 0 {
        return latin(column.dict.bytes(x), column.dict.bytes(y));
    }
    han(s, t)
}

/// Two different Chinese names.
fn han(s: &Sounds, t: &Sounds) -> u8 {
    let same_family = s.family == t.family && (0..usize::from(s.family)).all(|i| alike(s, t, i, i));
    if s.len == t.len {
        let len = usize::from(s.len);
        let fitting = (0..len).filter(|i| alike(s, t, *i, *i)).count();
        let equal = (0..len).filter(|i| s.chars[*i] == t.chars[*i]).count();
        match (len - fitting, len - equal) {
            (0, 1) => return 2,
            (0, _) => return 10,
            (1, 1) if len > 2 && same_family => return 3,
            (1, _) if same_family => return 4,
            _ => {}
        }
        if !same_family && s.family == t.family && (usize::from(s.family)..len).all(|i| alike(s, t, i, i)) && s.len > s.family + 1
        {
            return 5;
        }
        if len == 3 && same_family && s.family == 1 && alike(s, t, 1, 2) && alike(s, t, 2, 1) {
            return 3;
        }
    } else if same_family {
        let (short, long) = if s.len < t.len { (s, t) } else { (t, s) };
        let (f, n, m) = (usize::from(s.family), usize::from(short.len), usize::from(long.len));
        if m - n == 1 && n - f == 1 && (alike(short, long, f, f) || alike(short, long, f, m - 1)) {
            return 4;
        }
    }
    if same_family { 6 } else { 9 }
}

/// Whether a character of one name is, sounds or looks like one of the other.
#[inline]
fn alike(s: &Sounds, t: &Sounds, i: usize, j: usize) -> bool {
    let (c, d, x, y) = (s.chars[i], t.chars[j], s.syllables[i], t.syllables[j]);
    if c == d || x == y && x != 0 {
        return true;
    }
    let (p, q) = (s.seconds[i], t.seconds[j]);
    p != 0 && (p == y || p == q) || q != 0 && q == x || s.shapes[i] != 0 && s.shapes[i] == t.shapes[j]
}

fn latin(a: &[u8], b: &[u8]) -> u8 {
    let near = jaro_winkler(a, b);
    let short = a.len().min(b.len()) < 4;
    if near >= 0.92 || !short && one_slip(a, b) {
        7
    } else if near >= 0.82 {
        8
    } else {
        9
    }
}

fn id(column: &Column, (x, y): (u32, u32)) -> u8 {
    if x == 0 || y == 0 {
        return UNKNOWN;
    }
    let (p, q) = (column.said[x as usize].valid, column.said[y as usize].valid);
    if x == y {
        return if p { SAME } else { 2 };
    }
    if p && q {
        return FORBIDDEN;
    }
    if one_slip(column.dict.bytes(x), column.dict.bytes(y)) { 3 } else { 4 }
}

fn birth(records: &Records, (x, y): (u32, u32), a: &[u32], b: &[u32]) -> u8 {
    if x == 0 || y == 0 {
        return UNKNOWN;
    }
    if x == y {
        return SAME;
    }
    if records.said(a).birth == y || records.said(b).birth == x {
        return 2;
    }
    let part = |d: u32| (d / 10_000, d / 100 % 100, d % 100);
    let ((y1, m1, d1), (y2, m2, d2)) = (part(x), part(y));
    if y1 == y2 && m1 == d2 && d1 == m2 {
        return 3;
    }
    if m1 == m2 && d1 == d2 && y1.abs_diff(y2) == 1 {
        return 4;
    }
    if digits_off(x, y) {
        return 5;
    }
    if y1 == y2 { if m1 == m2 { 6 } else { 7 } } else { 8 }
}

/// Whether one digit differs, or two neighbours are swapped.
fn digits_off(mut x: u32, mut y: u32) -> bool {
    while x % 10 == y % 10 {
        x /= 10;
        y /= 10;
        if x == 0 && y == 0 {
            return false;
        }
    }
    x / 10 == y / 10 || x / 100 == y / 100 && x % 10 == y / 10 % 10 && y % 10 == x / 10 % 10
}

fn phone(column: &Column, (x, y): (u32, u32)) -> u8 {
    match (x, y) {
        (0, _) | (_, 0) => UNKNOWN,
        (x, y) if x == y => SAME,
        (x, y) => 3 - u8::from(one_slip(column.dict.bytes(x), column.dict.bytes(y))),
    }
}

fn place(column: Option<&Column>, (x, y): (u32, u32), (c, d): (u32, u32)) -> u8 {
    let areas = c != 0 && d != 0;
    if let (Some(column), false) = (column, x == 0 || y == 0) {
        if x == y {
            return SAME;
        }
        if areas && c != d {
            return 4;
        }
        if one_slip(column.dict.bytes(x), column.dict.bytes(y)) {
            return 2;
        }
        return if areas { 3 } else { 4 };
    }
    match areas {
        false => UNKNOWN,
        true if c == d => 5,
        true => 4,
    }
}

fn text(column: &Column, (x, y): (u32, u32)) -> u8 {
    if x == 0 || y == 0 {
        return UNKNOWN;
    }
    if x == y {
        return SAME;
    }
    let (a, b) = (column.dict.bytes(x), column.dict.bytes(y));
    if one_slip(a, b) {
        2
    } else if jaro_winkler(a, b) >= 0.88 {
        3
    } else {
        4
    }
}
