//! Numbers without words: 3-2-501. What they mean is told by their place, and by what was said before them.

use super::Short;
use super::grammar::{Home, Line, Step, floor};
use super::words::Word;

/// Most numbers in a row without words: building, unit, floor, room.
const BARE: usize = 4;

/// Numbers without words, one after the other.
struct Bare {
    values: [Short; BARE],
    digits: [usize; BARE],
    len: usize,
    /// Where the last ends, with its word.
    end: usize,
    /// What the last numbers, if it says so.
    last: Word,
    /// What numbers the part behind it, when it follows at once.
    follow: Word,
    /// There are dashes between, not only blanks.
    dashes: bool,
}

impl Line<'_> {
    /// Numbers without words from a part on.
    fn bare(&self, i: usize) -> Option<Bare> {
        let first = &self.parts[i];
        let n = self.numbers[i]?;
        let (mut values, mut digits) = ([Short::default(); BARE], [0; BARE]);
        (values[0], digits[0]) = (n.value, n.digits);
        let mut bare = Bare { values, digits, len: 1, end: first.end, last: Word::None, follow: Word::None, dashes: false };
        for (j, two) in (i + 1..).zip(self.parts[i..].windows(2)) {
            let Some(gap) = self.gap(&two[0], &two[1]) else { break };
            let dashes = gap.iter().any(|c| !c.is_whitespace());
            let Some(n) = self.numbers[j].filter(|n| n.skipped == 0 && !gap.is_empty()) else { break };
            if matches!(two[1].word, Word::Unit | Word::Door | Word::Floor) {
                bare.follow = two[1].word;
                bare.dashes |= dashes;
                break;
            }
            if bare.len > 1 && dashes != bare.dashes {
                break;
            }
            if bare.len == BARE {
                return None;
            }
            (bare.values[bare.len], bare.digits[bare.len]) = (n.value, n.digits);
            bare.len += 1;
            (bare.dashes, bare.last, bare.end) = (dashes, two[1].word, two[1].end);
            if two[1].word != Word::None {
                break;
            }
        }
        Some(bare)
    }

    /// Whether numbers without words are a home.
    pub fn bare_begins(&self, i: usize) -> bool {
        let Some(bare) = self.bare(i) else { return false };
        let part = &self.parts[i];
        let street = self.of_street(part.from);
        if bare.follow != Word::None && bare.len == 1 {
            return bare.dashes && !street && bare.digits[0] <= 3;
        }
        let last = bare.digits[bare.len - 1];
        match bare.len {
            1 => {
                let plain = bare.digits[0] == part.to - part.from;
                part.to == self.chars.len() && plain && (last >= 3 || part.from > 0 && !street) && last <= 4
            }
            2 if bare.last == Word::Building => bare.dashes && bare.digits[0] <= 3 && last <= 2,
            // 汶河南路12-3号 is a house of the street.
            2 if street && last <= 2 => false,
            // 24-11-2026 and 138-1234-5678 are none.
            n => {
                let middle = bare.digits[1..n - 1].iter().all(|d| *d <= 2);
                let fits = matches!(bare.last, Word::None | Word::Room | Word::House | Word::Household);
                let least = if bare.dashes { 1 } else { 3 };
                bare.digits[0] <= 3 && middle && (least..=4).contains(&last) && fits
            }
        }
    }

    /// What numbers without words mean by their place.
    pub fn by_place(&self, i: usize, home: &mut Home) -> Step {
        let bare = self.bare(i)?;
        let [a, b, c, d] = bare.values;
        let stage = home.stage();
        let joined = b.below(a);
        let deeper = |home: &Home| matches!(bare.follow, Word::Unit | Word::Door) && (stage > 0 || !home.unit.is_empty());
        if deeper(home) {
            return None;
        }
        let sub = bare.len == 2 && bare.digits[0] >= 3 && (1..=2).contains(&bare.digits[1]);
        let floor_too = bare.len == 2 && super::implied(&b) == a;
        if bare.last == Word::Building {
            home.building = joined.filter(|_| stage == 0 && bare.len == 2)?;
            return Some((bare.end, |home| &mut home.building));
        }
        match (stage, bare.len) {
            (0, 1) if bare.follow != Word::None => home.building = a,
            (0, 1) if bare.digits[0] >= 3 => home.room = a,
            (0, 1) => (home.building, home.loose) = (a, 1),
            (0, 2) if bare.follow == Word::Floor => (home.building, home.unit) = (a, b),
            (0, 2) => (home.building, home.room, home.loose) = (a, b, 2),
            (0, 3) => (home.building, home.unit, home.room, home.loose) = (a, b, c, 3),
            (0, 4) if bare.digits[2] > 0 => {
                (home.building, home.unit, home.floor, home.room, home.loose) = (a, b, floor(&c)?, d, 4);
            }
            (1, 1) if bare.follow == Word::Floor => home.unit = a,
            (1, 1) => (home.room, home.loose) = (a, u8::from((1..=2).contains(&bare.digits[0]))),
            (1..=3, 2) if sub => home.room = joined?,
            (1, 2) => (home.unit, home.room, home.loose) = (a, b, 2 * u8::from(floor_too)),
            (1, 3) if bare.digits[1] > 0 => (home.unit, home.floor, home.room) = (a, floor(&b)?, c),
            (2, 1) if bare.follow == Word::None => home.room = a,
            (2, 2) if floor_too => (home.floor, home.room) = (a, b),
            (3, 1) => home.room = a,
            _ => return None,
        }
        let slot: fn(&mut Home) -> &mut Short = match home.stage() {
            1 => |home| &mut home.building,
            2 => |home| &mut home.unit,
            _ => |home| &mut home.room,
        };
        Some((bare.end, slot))
    }
}
