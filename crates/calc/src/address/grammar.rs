//! The grammar: where in a text the home begins, and what each number of it means.
//!
//! before · building · unit · floor · room · rest, each of the middle four at most once and in this order. A word behind
//! a number says which it is; numbers without words, with dashes or blanks between, mean by their place.

use super::number::number;
use super::words::{self, Part, Word, is_side};
use super::{Address, NAMED, Number, Short};
use crate::codes::{half_width, is_dash};

/// Most characters of an address that are read; the others are `rest`.
pub const LENGTH: usize = 200;
/// Most numbers of an address that are looked at.
pub const PARTS: usize = 16;
/// Stage of a home of which the floor was read last, see [`Home::stage`]; it has nothing behind 之.
const FLOOR: u8 = 3;
/// Most marks between two parts.
const GAP: usize = 3;

/// Takes an address apart.
pub fn parse(text: &str) -> Address<'_> {
    let text = text.trim();
    let mut signs = ['\0'; LENGTH];
    let mut len = 0;
    for c in text.chars().take(LENGTH) {
        signs[len] = plain(c);
        len += 1;
    }
    let chars = &signs[..len];
    let mut found = [Part::default(); PARTS];
    let parts = collect(chars, &mut found);
    let mut numbers = [None; PARTS];
    for (n, part) in numbers.iter_mut().zip(parts) {
        *n = number(&chars[part.from..part.to]);
    }
    let line = Line { chars, parts, numbers: &numbers };
    let cut = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(i, _)| i);
    let mut home = Home::default();
    let walked = line.begin().map(|begin| (begin, line.walk(begin, &mut home)));
    let Some((begin, end)) = walked.filter(|_| home.stage() > 0) else {
        let (before, rest) = text.split_at(cut(len));
        return Address { before: before.trim(), rest: rest.trim(), ..Address::default() };
    };
    let joins = |c: char| joins(plain(c));
    let (before, rest) = (&text[..cut(begin)], &text[cut(end)..]);
    let Home { building, unit, floor, room, loose } = home;
    let before = before.trim_end_matches(joins).trim_end_matches('第').trim();
    let rest = rest.trim_matches(joins).trim();
    Address { before, building, unit, floor, room, rest, loose }.filled()
}

/// A sign in the form that the grammar knows: half-width, simplified.
fn plain(c: char) -> char {
    match c {
        '號' => '号',
        '樓' => '楼',
        '棟' => '栋',
        '單' => '单',
        '門' => '门',
        '層' => '层',
        '戶' => '户',
        '東' => '东',
        c => half_width(c),
    }
}

/// What may stand between the parts of a home.
fn joins(c: char) -> bool {
    c.is_whitespace() || matches!(c, '~' | '〜' | '/' | '\\' | '.' | '·' | '•' | ',' | '、' | '_' | '|') || is_dash(c)
}

/// The parts of a text, those with 之 between joined, floors like 3F known.
fn collect<'p>(chars: &[char], found: &'p mut [Part; PARTS]) -> &'p [Part] {
    let mut n = 0usize;
    for part in words::parts(chars) {
        if let Some(last) = n.checked_sub(1).map(|i| &mut found[i])
            && last.word == Word::None
            && chars[last.to..part.from] == ['之']
        {
            *last = Part { from: last.from, digits: last.digits, ..part };
            continue;
        }
        if n == PARTS {
            break;
        }
        found[n] = part;
        n += 1;
    }
    for part in &mut found[..n] {
        let floor = |signs: &[char]| matches!(signs, [a, 'F' | 'f'] | [_, a, 'F' | 'f'] if a.is_ascii_digit());
        if part.word == Word::None && part.digits + 1 == part.to - part.from && floor(&chars[part.from..part.to]) {
            part.word = Word::Floor;
        }
    }
    &found[..n]
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Home {
    pub building: Short,
    pub unit: Short,
    pub floor: Short,
    pub room: Short,
    pub loose: u8,
}

impl Home {
    /// How much is said already: 0 nothing, 1 building, 2 unit, 3 floor, 4 room.
    pub fn stage(&self) -> u8 {
        let said = [&self.building, &self.unit, &self.floor, &self.room];
        said.iter().rposition(|part| !part.is_empty()).map_or(0, |i| i as u8 + 1)
    }
}

/// A text and its parts.
pub(super) struct Line<'a> {
    pub chars: &'a [char],
    pub parts: &'a [Part],
    /// Of each part.
    pub numbers: &'a [Option<Number>; PARTS],
}

impl Line<'_> {
    /// Place of the first sign of the home.
    fn begin(&self) -> Option<usize> {
        let mut refused = 0;
        for (i, part) in self.parts.iter().enumerate() {
            if let Some(at) = self.named_before(part.from).or_else(|| self.below_before(i)) {
                return Some(at);
            }
            let Some(n) = self.numbers[i].filter(|_| i >= refused) else { continue };
            let begins = match part.word {
                Word::Building | Word::Unit | Word::Room => true,
                Word::Door => !n.side,
                // 东楼501, but not the 东楼 of a sentence.
                Word::Floor if n.side => self.parts.get(i + 1).is_some_and(|next| self.gap(part, next).is_some()),
                Word::Floor => n.digits > 0,
                Word::Household => n.side,
                Word::House => self.is_building(i),
                Word::None => self.bare_begins(i),
            };
            if begins {
                return Some(part.from + n.skipped);
            }
            // Of 138-1234-5678 no part is a home either.
            refused = i + 1 + self.parts[i..].windows(2).take_while(|two| self.chained(&two[0], &two[1])).count();
        }
        self.chars.iter().enumerate().find(|(i, _)| self.named(*i).is_some()).map(|(i, _)| i)
    }

    /// The signs between two parts when they are only marks, and few.
    pub fn gap(&self, a: &Part, b: &Part) -> Option<&[char]> {
        let gap = self.chars.get(a.end..b.from)?;
        (gap.len() <= GAP && gap.iter().all(|c| joins(*c))).then_some(gap)
    }

    /// Whether dashes join a number to the one before it, and no word of a home stands behind it.
    fn chained(&self, a: &Part, b: &Part) -> bool {
        let dashes = self.gap(a, b).is_some_and(|gap| gap.iter().any(|c| !c.is_whitespace()));
        dashes && matches!(b.word, Word::None | Word::House)
    }

    /// Whether a number follows a street or lane, which it numbers. Behind 123弄 it numbers a building.
    pub fn of_street(&self, from: usize) -> bool {
        let mut before = self.chars[..from].iter().rev().filter(|c| !c.is_whitespace());
        match before.next() {
            Some('路' | '街' | '巷' | '道' | '同') => true,
            Some('弄') => !before.next().is_some_and(char::is_ascii_digit),
            _ => false,
        }
    }

    /// Whether 12号 is a building: not of a street, not a yard or gate, and no better one follows.
    fn is_building(&self, i: usize) -> bool {
        let part = &self.parts[i];
        let lane = self.chars[part.end - 1] == '弄';
        let other = self.chars.get(part.end).is_some_and(|c| matches!(c, '院' | '大' | '门' | '弄' | '线' | '店'));
        let later = self.parts[i + 1..].iter().any(|p| p.word == Word::Building);
        !lane && !other && !later && !self.of_street(part.from)
    }

    /// The named room that ends at a place: where it begins.
    fn named_before(&self, end: usize) -> Option<usize> {
        let last = *self.chars[..end]
            .last()
            .filter(|c| matches!(c, '室' | '间' | '商' | '铺' | '面' | '市' | '库' | '位' | '楼' | '层'))?;
        let fits = |name: &&str| {
            let n = name.chars().count();
            name.ends_with(last) && end >= n && self.chars[end - n..end].iter().copied().eq(name.chars())
        };
        NAMED.into_iter().find(fits).map(|name| end - name.chars().count())
    }

    /// The named room that begins at a place.
    fn named(&self, at: usize) -> Option<&'static str> {
        self.chars.get(at).filter(|c| is_named(**c))?;
        NAMED.into_iter().find(|name| name.chars().eq(self.chars[at..].iter().copied().take(name.chars().count())))
    }

    /// Signs of 地下 or 负 at a place.
    fn below(&self, at: usize) -> usize {
        match self.chars.get(at..).unwrap_or_default() {
            ['地', '下', ..] => 2,
            ['负', ..] => 1,
            _ => 0,
        }
    }

    /// 地下一层: where it begins.
    fn below_before(&self, i: usize) -> Option<usize> {
        let part = &self.parts[i];
        let floor = part.word == Word::Floor && self.numbers[i].is_some_and(|n| n.skipped == 0 && n.digits > 0);
        let at = (1..=2).filter_map(|n| part.from.checked_sub(n));
        let fits = |at: &usize| self.below(*at) == part.from - at;
        if floor { at.into_iter().find(fits) } else { None }
    }

    /// Reads the home from its first sign on; gives where it ends.
    fn walk(&self, begin: usize, home: &mut Home) -> usize {
        let (mut at, mut end) = (begin, begin);
        let mut last: Option<fn(&mut Home) -> &mut Short> = None;
        while at < self.chars.len() {
            if self.chars[at] == '之'
                && let Some(slot) = last.take().filter(|_| home.stage() != FLOOR)
                && let Some(to) = self.after(at + 1, slot(home))
            {
                (at, end) = (to, to);
                continue;
            }
            let gap = self.chars[at..].iter().take_while(|c| joins(**c)).count();
            if gap > GAP {
                break;
            }
            at += gap;
            let next = self.below_floor(at, home).or_else(|| self.named_room(at, home)).or_else(|| self.part(at, home));
            let Some((to, slot)) = next else { break };
            (at, end, last) = (to, to, Some(slot));
        }
        end
    }

    /// The part whose number begins at a place.
    fn at(&self, at: usize) -> Option<(usize, Number)> {
        let i = self.parts.iter().position(|p| p.from <= at && at < p.to)?;
        let n = self.numbers[i]?;
        (self.parts[i].from + n.skipped == at).then_some((i, n))
    }

    /// 之一 behind a word: 12号之一. Where it ends.
    fn after(&self, at: usize, slot: &mut Short) -> Option<usize> {
        let (i, n) = self.at(at)?;
        let part = &self.parts[i];
        *slot = n.value.below(*slot)?;
        Some(if matches!(part.word, Word::Room | Word::House) { part.end } else { part.to })
    }

    fn below_floor(&self, at: usize, home: &mut Home) -> Step {
        let skip = self.below(at);
        let (i, n) = self.at(at + skip).filter(|_| skip > 0 && home.stage() < 3)?;
        if self.parts[i].word != Word::Floor || n.digits == 0 {
            return None;
        }
        home.floor = Short::new("-")?;
        home.floor.push(&n.value);
        Some((self.parts[i].end, |home| &mut home.floor))
    }

    fn named_room(&self, at: usize, home: &mut Home) -> Step {
        let name = self.named(at).filter(|_| home.room.is_empty())?;
        let mut end = at + name.chars().count();
        home.room = Short::new(name)?;
        if let Some((i, n)) = self.at(end).filter(|(_, n)| n.digits > 0)
            && matches!(self.parts[i].word, Word::None | Word::Room | Word::House | Word::Household)
            && home.room.push(&n.value)
        {
            end = self.parts[i].end;
        }
        Some((end, |home| &mut home.room))
    }

    /// A number with its word, or numbers without.
    fn part(&self, at: usize, home: &mut Home) -> Step {
        let (i, n) = self.at(at)?;
        let (part, stage) = (&self.parts[i], home.stage());
        let follows = |word: fn(Word) -> bool| {
            self.parts.get(i + 1).is_some_and(|next| word(next.word) && self.gap(part, next).is_some_and(<[char]>::is_empty))
        };
        let unit = |word| matches!(word, Word::Unit | Word::Door);
        let slot: fn(&mut Home) -> &mut Short = match part.word {
            Word::Building | Word::House if stage == 0 => |home| &mut home.building,
            // 12楼3门502, 东楼501.
            Word::Floor if stage == 0 && (n.side || follows(unit)) => |home| &mut home.building,
            // 3号楼A座.
            Word::Building if stage == 1 && n.digits == 0 => |home| &mut home.unit,
            Word::Unit | Word::Door if stage < 2 => |home| &mut home.unit,
            Word::Floor if stage < 3 && n.digits > 0 => {
                home.floor = floor(&n.value)?;
                return Some((part.end, |home| &mut home.floor));
            }
            Word::Room | Word::Household | Word::House if stage < 4 => |home| &mut home.room,
            Word::None if stage < 4 => return self.by_place(i, home),
            _ => return None,
        };
        *slot(home) = n.value;
        Some((part.end, slot))
    }
}

/// Where the home goes on, and the part that was read last.
pub(super) type Step = Option<(usize, fn(&mut Home) -> &mut Short)>;

/// First signs of [`NAMED`].
fn is_named(c: char) -> bool {
    matches!(c, '地' | '储' | '底' | '商' | '门' | '车' | '阁' | '架' | '杂')
}

/// A floor: 6, 6F; B1 is below the ground.
pub(super) fn floor(value: &Short) -> Option<Short> {
    if let Some(below) = value.strip_prefix('B') {
        let mut floor = Short::new("-")?;
        return floor.push(below).then_some(floor);
    }
    Short::new(value.strip_suffix('F').unwrap_or(value)).filter(|floor| !floor.starts_with(is_side) && !floor.contains('之'))
}
