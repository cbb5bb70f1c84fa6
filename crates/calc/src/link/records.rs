//! Rows in a compact form: each is a few numbers of 32 bits, one after the other, so that two of them are compared from two
//! lines of the processor's cache.
//!
//! What must stay true: a row knows everything that blocking and most of comparing need; texts lie in dictionaries. A birth or
//! sex that is missing is taken from a valid ID number.

use super::clean;
use super::han;
use super::intern::{Dict, hash};
use super::near;
use super::schema::{Kind, Schema};

/// Most rows: pairs of row numbers are packed into 64 bits, and texts into four gigabytes.
pub const ROWS: usize = 50_000_000;

/// A name as comparing needs it: its first characters with their syllables, when it is a Chinese one of two to four.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sounds {
    /// Number of characters; 0 for any other name.
    pub len: u8,
    /// How many of them are the family name.
    pub family: u8,
    /// The characters.
    pub chars: [char; 4],
    /// How each is read.
    pub syllables: [u16; 4],
    /// How else, 0 when no other way is known.
    pub seconds: [u16; 4],
    /// What each looks like, 0 when like nothing else.
    pub shapes: [u8; 4],
    /// Number of its sound.
    pub sound: u32,
    /// Number of its family name.
    pub family_id: u32,
    /// Its given name, hashed.
    pub given: u32,
    /// Numbers of the given name's characters.
    pub given_ids: [u32; 3],
}

/// A column in the rows.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its kind.
    pub kind: Kind,
    /// First of its words in a row: value; for names then sound, family, given.
    pub word: usize,
    /// Its texts. Births and sexes are numbers themselves.
    pub dict: Dict,
    /// For names: each text's form.
    pub sounds: Vec<Sounds>,
    /// For names: how many rows sound the same.
    pub alike: Dict,
    /// For Chinese names: family names.
    pub families: Dict,
    /// For Chinese names: characters of given names.
    pub givens: Dict,
    /// For ID numbers: what each says.
    pub said: Vec<clean::Said>,
    /// Births that could not be read.
    pub unreadable: u64,
}

/// Word of a name's sound, family and given part behind its value.
pub const SOUND: usize = 1;
/// See [`SOUND`].
pub const FAMILY: usize = 2;
/// See [`SOUND`].
pub const GIVEN: usize = 3;

/// Rows and what is known about their values.
#[derive(Clone, Debug)]
pub struct Records {
    /// What the columns mean.
    pub schema: Schema,
    /// The columns, as in the schema.
    pub columns: Vec<Column>,
    /// Words of a row.
    pub width: usize,
    words: Vec<u32>,
    scratch: String,
}

impl Records {
    /// No rows yet.
    pub fn new(schema: Schema) -> Records {
        let mut width = 0;
        let columns = schema.columns.iter().map(|(_, kind)| {
            let word = width;
            width += if *kind == Kind::Name { 4 } else { 1 };
            let (sounds, said) = (vec![Sounds::default()], vec![clean::Said::default()]);
            let [dict, alike, families, givens] = [const { Dict::new() }; 4];
            Column { kind: *kind, word, dict, sounds, alike, families, givens, said, unreadable: 0 }
        });
        let columns = columns.collect();
        Records { schema, columns, width, words: Vec::new(), scratch: String::new() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.words.len() / self.width
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words of a row.
    #[inline]
    pub fn row(&self, row: usize) -> &[u32] {
        &self.words[row * self.width..(row + 1) * self.width]
    }

    /// Adds a row: a cell for each column of the schema, missing ones empty. `None` when there are too many rows or texts.
    pub fn push(&mut self, cells: &[&str]) -> Option<usize> {
        let full = self.columns.iter().any(|c| c.dict.room() < 8 * clean::CELL);
        if self.len() >= ROWS || full {
            return None;
        }
        let row = self.len();
        self.words.resize(self.words.len() + self.width, 0);
        self.set(row, cells);
        Some(row)
    }

    /// Fills a row whose values were taken back, or a new one.
    pub(super) fn set(&mut self, row: usize, cells: &[&str]) {
        let mut words = std::mem::take(&mut self.words);
        self.read(cells, &mut words[row * self.width..(row + 1) * self.width]);
        self.words = words;
    }

    /// Turns cells into the words of a row and counts their texts.
    fn read(&mut self, cells: &[&str], out: &mut [u32]) {
        let community = self.schema.first(Kind::Community).map(|i| cells.get(i).copied().unwrap_or_default());
        let mut said = clean::Said::default();
        let mut scratch = std::mem::take(&mut self.scratch);
        for (i, column) in self.columns.iter_mut().enumerate() {
            let cell = cells.get(i).copied().unwrap_or_default();
            let word = column.word;
            out[word] = 0;
            match column.kind {
                Kind::Birth => match clean::birth(cell) {
                    Some(date) => out[word] = date,
                    None => column.unreadable += u64::from(!cell.trim().is_empty()),
                },
                Kind::Sex => out[word] = u32::from(clean::sex(cell)),
                Kind::Name => {
                    clean::name(cell, &mut scratch);
                    column.name(&scratch, &mut out[word..word + 4]);
                }
                Kind::Id => {
                    said = clean::id(cell, &mut scratch);
                    let (id, new) = column.dict.add(scratch.as_bytes());
                    if new {
                        column.said.push(said);
                    }
                    out[word] = id;
                }
                Kind::Phone => {
                    clean::phone(cell, &mut scratch);
                    out[word] = column.dict.add(scratch.as_bytes()).0;
                }
                Kind::Address => {
                    clean::address(cell, &mut scratch);
                    // 3栋501 is a home only together with its community.
                    if let (false, Some(community)) = (scratch.is_empty(), community) {
                        scratch.push('\t');
                        scratch.push_str(community.trim());
                    }
                    out[word] = column.dict.add(scratch.as_bytes()).0;
                }
                Kind::Community | Kind::Text | Kind::Key => {
                    clean::text(cell, &mut scratch);
                    out[word] = column.dict.add(scratch.as_bytes()).0;
                }
            }
        }
        self.scratch = scratch;
        for column in &self.columns {
            match column.kind {
                Kind::Birth if out[column.word] == 0 => out[column.word] = said.birth,
                Kind::Sex if out[column.word] == 0 => out[column.word] = u32::from(said.sex),
                _ => {}
            }
        }
    }

    /// Takes back what a row added to the counts, and empties it.
    pub(super) fn clear(&mut self, row: usize) {
        let words = &mut self.words[row * self.width..(row + 1) * self.width];
        for column in &mut self.columns {
            if !matches!(column.kind, Kind::Birth | Kind::Sex) {
                column.dict.take(words[column.word]);
            }
            if column.kind == Kind::Name {
                column.take_name(words[column.word]);
            }
        }
        words.fill(0);
    }

    /// How many texts each dictionary has.
    pub(super) fn mark(&self) -> Vec<[usize; 4]> {
        self.columns.iter().map(|c| [&c.dict, &c.alike, &c.families, &c.givens].map(Dict::texts)).collect()
    }

    /// Takes the last row away again, and the texts that came after the mark.
    pub(super) fn pop(&mut self, mark: &[[usize; 4]]) {
        let Some(row) = self.len().checked_sub(1) else { return };
        self.clear(row);
        self.words.truncate(row * self.width);
        for (column, [texts, sounds, families, givens]) in self.columns.iter_mut().zip(mark) {
            column.dict.shorten(*texts);
            column.alike.shorten(*sounds);
            column.families.shorten(*families);
            column.givens.shorten(*givens);
            column.sounds.truncate(texts + 1);
            column.said.truncate(texts + 1);
        }
    }

    /// What the ID number of a row says, if the schema has one.
    #[inline]
    pub fn said(&self, row: &[u32]) -> clean::Said {
        match self.columns.iter().find(|c| c.kind == Kind::Id) {
            Some(column) => column.said[row[column.word] as usize],
            None => clean::Said::default(),
        }
    }

    /// Columns with dates that could not be read, and how many.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, u64)> {
        let both = self.schema.columns.iter().zip(&self.columns);
        both.filter(|(_, c)| c.unreadable > 0).map(|((name, _), c)| (name.as_str(), c.unreadable))
    }

    /// Puts the rows into the order of `order`.
    pub fn arrange(&mut self, order: &[u32]) {
        if order.iter().enumerate().all(|(i, at)| i == *at as usize) {
            return;
        }
        let mut words = Vec::with_capacity(self.words.len());
        for at in order {
            words.extend_from_slice(self.row(*at as usize));
        }
        self.words = words;
    }

    /// Bytes of memory of rows and dictionaries.
    pub fn memory(&self) -> usize {
        let column = |c: &Column| {
            [&c.dict, &c.alike, &c.families, &c.givens].map(Dict::memory).iter().sum::<usize>()
                + c.sounds.capacity() * size_of::<Sounds>()
                + c.said.capacity() * size_of::<clean::Said>()
        };
        self.words.capacity() * 4 + self.columns.iter().map(column).sum::<usize>()
    }
}

impl Column {
    /// Words of a clean name.
    fn name(&mut self, name: &str, out: &mut [u32]) {
        let (id, new) = self.dict.add(name.as_bytes());
        if new {
            let form = self.form(name);
            self.sounds.push(form);
        }
        let s = &self.sounds[id as usize];
        out.copy_from_slice(&[id, s.sound, s.family_id, s.given]);
        if !new {
            self.alike.again(s.sound);
            self.families.again(s.family_id);
            s.given_ids.iter().for_each(|id| self.givens.again(*id));
        }
    }

    /// Takes a name back.
    fn take_name(&mut self, id: u32) {
        let s = &self.sounds[id as usize];
        self.alike.take(s.sound);
        self.families.take(s.family_id);
        s.given_ids.iter().for_each(|id| self.givens.take(*id));
    }

    /// The form of a name that is new; its parts are counted.
    fn form(&mut self, name: &str) -> Sounds {
        let mut s = Sounds::default();
        let len = name.chars().count();
        if !(2..=4).contains(&len) || !name.chars().all(han::is_han) {
            if name.as_bytes().first().is_some_and(u8::is_ascii_lowercase) {
                s.sound = self.alike.add(&near::soundex(name)).0;
            }
            return s;
        }
        let mut key = [0u8; 24];
        for (i, c) in name.chars().enumerate() {
            (s.chars[i], s.syllables[i], s.seconds[i], s.shapes[i]) = (c, han::syllable(c), han::second(c), han::shape(c));
            key[i * 6..i * 6 + 2].copy_from_slice(&s.syllables[i].to_le_bytes());
            // An unknown syllable is the character itself.
            let own = if s.syllables[i] == 0 { c as u32 } else { 0 };
            key[i * 6 + 2..i * 6 + 6].copy_from_slice(&own.to_le_bytes());
        }
        let family = 1 + usize::from(len > 2 && crate::grade::is_compound(&s.chars[..2]));
        (s.len, s.family) = (len as u8, family as u8);
        s.sound = self.alike.add(&key[..len * 6]).0;
        s.family_id = self.families.add(&bytes(&s.chars[..family])).0;
        s.given = (hash(&bytes(&s.chars[family..len])) as u32).max(1);
        for (id, c) in s.given_ids.iter_mut().zip(&s.chars[family..len]) {
            *id = self.givens.add(&bytes(&[*c])).0;
        }
        s
    }
}

/// Characters as a key.
fn bytes(chars: &[char]) -> [u8; 16] {
    let mut bytes = [0u8; 16];
    for (i, c) in chars.iter().take(4).enumerate() {
        bytes[i * 4..i * 4 + 4].copy_from_slice(&(*c as u32).to_le_bytes());
    }
    bytes
}
