//! One row of a table: which values it has, and what is wrong with them. Pure.
//!
//! What must stay true: a value that cannot be read is left out and told, never guessed; a wrong check digit is kept and
//! told; a row is refused as a whole only where nobody would know whom or what it means.

use super::super::rules::{self, LONGEST};
use super::super::values::{Source, Values};
use super::heads;
use crate::kit::error::Kind;
use crate::kit::input;
use crate::kit::rows::{Line, Note};
use crate::kit::time::Ms;

/// What tells people of one name apart, besides where they live.
const TELLS: [&str; 3] = ["register.id_number", "register.birth", "register.phone"];

/// Something to be told of a row: its code, and the column it is about.
pub type Told = (&'static str, &'static str);

/// A row, read.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Elements in their one spelling.
    pub values: Vec<(&'static str, String)>,
    /// Where he lives, as it was written.
    pub address: String,
    /// Number of his household in the table.
    pub house: String,
    /// What is to be told.
    pub told: Vec<Told>,
    /// Nothing of it can be taken.
    pub fatal: bool,
}

impl Checked {
    /// A value.
    pub fn text(&self, element: &str) -> &str {
        self.values.iter().find(|(e, _)| *e == element).map_or("", |(_, t)| t)
    }

    /// Refuses the row.
    pub fn refuse(&mut self, code: &'static str, about: &'static str) {
        self.told.push((code, about));
        self.fatal = true;
    }
}

/// Reads a row.
pub fn row(columns: &[Option<&'static str>], line: &Line, now: Ms) -> Checked {
    let mut out = Checked::default();
    let mut place = [const { String::new() }; 4];
    for (at, target) in columns.iter().enumerate() {
        let Some(target) = *target else { continue };
        if let Some((_, note)) = line.notes.iter().find(|(c, _)| *c == at) {
            out.told.push((if *note == Note::Formula { "formula" } else { "rounded" }, target));
            continue;
        }
        let Some(cell) = line.cells.get(at).filter(|c| !c.is_empty()) else { continue };
        let plain = cell.bytes().all(|b| (0x20..0x7f).contains(&b));
        let cell = if plain { cell.trim().to_owned() } else { input::clean(cell).trim().to_owned() };
        if cell.is_empty() || matches!(cell.as_str(), "-" | "/" | "无" | "—" | "#") {
            continue;
        }
        if cell.chars().count() > LONGEST {
            out.told.push(("too-long", target));
            continue;
        }
        match heads::PLACES.iter().position(|p| *p == target) {
            Some(4) => out.house = cell,
            Some(part) => place[part] = cell,
            None => value(&mut out, target, &cell),
        }
    }
    out.address = address(&place);
    if out.text("register.name").is_empty() {
        out.refuse("no-name", "register.name");
    } else if out.address.is_empty() && TELLS.iter().all(|e| out.text(e).is_empty()) {
        // Of a name alone nobody could say whose it is, this time or the next.
        out.refuse("name-alone", "register.name");
    }
    let mut values = Values::default();
    for (element, text) in &out.values {
        values.put(element, text, Source::File, now);
    }
    out.told.extend(rules::flags(&values, now).into_iter().map(|(element, flag)| (flag.as_str(), element)));
    out
}

fn value(out: &mut Checked, target: &'static str, cell: &str) {
    let read = match (target == "register.birth").then(|| serial(cell)).flatten() {
        Some(text) => Ok(text),
        None => rules::spelt(target, cell),
    };
    match read {
        Ok(text) => out.values.push((target, text)),
        Err(e) if e.kind == Kind::Unknown => out.told.push(("unknown-word", target)),
        Err(_) => out.told.push(("no-date", target)),
    }
}

/// A day that a spreadsheet counts from the end of 1899, where nobody said that the number is one.
fn serial(cell: &str) -> Option<String> {
    let n: i64 = cell.strip_suffix(".0").unwrap_or(cell).parse().ok().filter(|n| (3_000..80_000).contains(n))?;
    let day = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(n)).ok()?;
    Some(day.to_string())
}

/// One text of the columns that say where he lives: a number by itself is what its column is called.
fn address([whole, building, unit, room]: &[String; 4]) -> String {
    let mut out = whole.clone();
    for (part, word) in [(building, "栋"), (unit, "单元"), (room, "室")] {
        out.push_str(part);
        if part.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Option<&str>; 8] = [
        Some("register.name"),
        Some("register.id_number"),
        Some("register.birth"),
        Some("register.sex"),
        Some("register.relation"),
        Some("building"),
        Some("unit"),
        Some("room"),
    ];

    fn read(cells: [&str; 8], notes: &[(usize, Note)]) -> Checked {
        let cells = cells.map(str::to_owned);
        row(&COLUMNS, &Line { at: 2, cells: &cells, notes }, 1_800_000_000_000)
    }

    #[test]
    fn what_people_write_is_read_and_what_is_strange_is_told() {
        let one = read(["王丽", "11010519491231002x", "", "女性", "妻子", "3", "2", "602"], &[]);
        assert_eq!((one.text("register.sex"), one.text("register.relation")), ("2", "10"));
        assert_eq!((one.address.as_str(), one.fatal, one.told.len()), ("3栋2单元602室", false, 0));
        for date in ["1990-01-02", "1990/1/2", "1990.1.2", "19900102", "1990年1月2日", "32875", "1990-01-02 00:00:00"] {
            assert_eq!(read(["甲", "", date, "", "", "", "", ""], &[]).text("register.birth"), "1990-01-02", "{date}");
        }
        let wrong = read(["甲", "110105194912310021", "去年", "不知", "", "", "", ""], &[]);
        assert_eq!(wrong.text("register.id_number"), "110105194912310021", "kept");
        let told = [("no-date", "register.birth"), ("unknown-word", "register.sex"), ("check-digit", "register.id_number")];
        assert_eq!((wrong.told.as_slice(), wrong.fatal), (&told[..], false));
        let lost = read(["甲", "110105194912310000", "", "", "", "3", "", ""], &[(1, Note::Rounded)]);
        assert_eq!((lost.text("register.id_number"), &lost.told[..]), ("", &[("rounded", "register.id_number")][..]));
        assert!(read(["\u{200b} ", "", "", "", "", "", "", ""], &[]).fatal, "no name that anybody sees");
        assert!(read(["\0\0", "", "1990-01-02", "", "", "", "", ""], &[]).fatal, "nor this one");
        assert_eq!(read(["Li\u{1b}\0Wei", "", "1990-01-02", "", "", "", "", ""], &[]).text("register.name"), "LiWei");
        assert_eq!(read(["王А", "", "", "", "", "3", "", ""], &[]).told, [("mixed-letters", "register.name")]);
    }
}
