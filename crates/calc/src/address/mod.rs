//! Standard addresses: what people write for a home, read by a grammar, and found among the buildings that exist.
//!
//! [`parse`] takes 佳和国小区24号楼2单元602, ３＃－２－５０１, 三号楼二单元四楼东户 apart into building, unit, floor and room, each in one form;
//! [`Address::canonical`] spells them in one way. Numbers without words (5-1-101) can mean more than one thing: [`readings`]
//! says what, and a [`Dictionary`] of the community's own buildings says which of it exists. `docs/addresses.md` tells the grammar.
//!
//! What must stay true: nothing is guessed silently – what fits several homes is told as several; what could not be read is
//! handed back as `rest`; parsing the canonical form gives the same address; no text makes it panic.

mod bare;
mod dictionary;
mod grammar;
mod number;
#[cfg(test)]
mod tests;
pub(crate) mod words;

pub use dictionary::{CANDIDATES, Dictionary, Entry, Found, Place};
pub use grammar::{LENGTH, PARTS, parse};
pub use number::{BYTES, DIGITS, LETTERS, Short};

use number::Number;

/// Words of rooms that have a name instead of a number, or before it.
const NAMED: [&str; 12] =
    ["地下室", "储藏室", "储物间", "底商", "商铺", "门面", "门市", "车库", "车位", "阁楼", "架空层", "杂物间"];

/// What an address says. Every part but the first and the last is in canonical form, and empty when nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// What stands before the building, as it was written: estate, village and group, street and house number.
    pub before: &'a str,
    /// `24`, `A3`, `东3`, `12之1`.
    pub building: Short,
    /// `2`, `乙`.
    pub unit: Short,
    /// `6`, `-1`; also taken from a room of three or four digits.
    pub floor: Short,
    /// `602`, `602A`, `东`, `底商5`.
    pub room: Short,
    /// What could not be read.
    pub rest: &'a str,
    /// How many parts stood without a word where another reading is possible, see [`readings`].
    pub loose: u8,
}

impl Address<'_> {
    /// The home alone, as it is after it was spelled out: without what stands around it, and with one reading.
    pub fn home(&self) -> Address<'static> {
        let Address { building, unit, floor, room, .. } = *self;
        Address { before: "", building, unit, floor, room, rest: "", loose: 0 }
    }

    /// Whether it says nothing of a building or what is in it.
    pub fn is_empty(&self) -> bool {
        self.building.is_empty() && self.unit.is_empty() && self.floor.is_empty() && self.room.is_empty()
    }

    /// The home in one spelling, 24号楼2单元602室: what stands around it is not part of it, nor is a floor that the room says.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.spell(&mut out);
        out
    }

    /// Adds the canonical spelling to a text.
    pub fn spell(&self, out: &mut String) {
        let add = |out: &mut String, part: &Short, word: &str| {
            if !part.is_empty() {
                out.push_str(part);
                out.push_str(word);
            }
        };
        let counted = |part: &Short| part.raw().iter().any(u8::is_ascii_digit);
        add(out, &self.building, if counted(&self.building) { "号楼" } else { "座" });
        add(out, &self.unit, "单元");
        if self.floor != implied(&self.room) {
            match self.floor.strip_prefix('-') {
                Some(below) => {
                    out.push_str("地下");
                    out.push_str(below);
                    out.push('层');
                }
                None => add(out, &self.floor, "层"),
            }
        }
        let named = self.room.leading() == 0 && NAMED.iter().any(|name| self.room.starts_with(name));
        let word = match (named, counted(&self.room)) {
            (true, true) => "号",
            (true, false) => "",
            (false, false) if self.room.starts_with(words::is_side) => "户",
            (false, _) => "室",
        };
        add(out, &self.room, word);
    }

    /// A key for comparing: equal for all spellings of an address. What stands around the home counts without blanks and
    /// marks.
    pub fn key(&self) -> String {
        let mut out = String::with_capacity(self.before.len() + self.rest.len() + 4 * BYTES);
        squeeze(self.before, &mut out);
        out.push('\t');
        self.spell(&mut out);
        out.push('\t');
        squeeze(self.rest, &mut out);
        out
    }

    /// Floor that follows from the room is filled in.
    fn filled(mut self) -> Self {
        if self.floor.is_empty() {
            self.floor = implied(&self.room);
        }
        self
    }
}

/// The floor that a room of three or four digits is on: 602 on 6, 1205A on 12.
fn implied(room: &Short) -> Short {
    let digits = room.leading();
    if !(3..=4).contains(&digits) {
        return Short::default();
    }
    Short::new(&room[..digits - 2]).unwrap_or_default()
}

/// Adds a text without blanks and marks, in small half-width letters.
fn squeeze(text: &str, out: &mut String) {
    let kept = |c: &char| c.is_alphanumeric();
    out.extend(text.chars().map(crate::codes::half_width).filter(kept).map(|c| c.to_ascii_lowercase()));
}

/// What an address can mean: as it was read, then otherwise. `only` says that a building need not be named, since there is
/// but one; `far` asks instead for what is meant only where nothing nearer exists, a floor in the place of the unit.
pub fn readings<'a>(address: &Address<'a>, only: bool, far: bool) -> Vec<Address<'a>> {
    let a = *address;
    let mut all = Vec::new();
    let none = Short::default();
    let mut add = |building: Short, unit: Short, floor: Short, room: Short| {
        all.push(Address { building, unit, floor, room, ..a }.filled());
    };
    if far {
        if matches!(a.loose, 2 | 3) && !a.unit.is_empty() && a.unit == implied(&a.room) {
            add(a.building, none, a.unit, a.room);
            if only && a.loose == 3 {
                add(none, a.building, a.unit, a.room);
            }
        }
        return all;
    }
    add(a.building, a.unit, a.floor, a.room);
    match (a.loose, a.unit.is_empty(), a.room.is_empty()) {
        // 3 of an estate: or a room of the only building.
        (1, true, true) if only => add(none, none, none, a.building),
        // 5栋2: room or unit.
        (1, true, false) => add(a.building, a.room, none, none),
        (2, true, false) => {
            if a.room.len() <= 2 {
                add(a.building, a.room, none, none);
                a.room.below(a.building).into_iter().for_each(|b| add(b, none, none, none));
            }
            if only {
                add(none, a.building, none, a.room);
            }
        }
        (3, false, false) => a.unit.below(a.building).into_iter().for_each(|b| add(b, none, none, a.room)),
        (4, false, false) => a.unit.below(a.building).into_iter().for_each(|b| add(b, a.floor, none, a.room)),
        _ => {}
    }
    // 河东3栋: the side may belong to the name before it.
    if let Some(bare) = a.building.strip_prefix(words::is_side).filter(|b| b.starts_with(|c: char| c.is_ascii_digit()))
        && !a.before.is_empty()
        && let Some(building) = Short::new(bare)
    {
        all.push(Address { building, ..a });
    }
    all
}
