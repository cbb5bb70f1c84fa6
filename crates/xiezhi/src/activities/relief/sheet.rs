//! Needs by the table: a workbook or CSV that a desk fills with what its sites tell it.
//!
//! What must stay true: every mistake is named with its row and column, and nothing of a table with mistakes is taken, so that a table
//! mended and sent again does not file anything twice; empty and 不详 are a quantity that nobody knows.

use std::collections::BTreeMap;

use store::{Query, Tx};

use super::need::{self, NewNeed};
use super::{Book, Relief, by_number, site, tell};
use crate::kit::error::Kind;
use crate::kit::rows::{self, Limits};
use crate::kit::sheet::{Form, Problems, Row, Table as Cells};
use crate::kit::time::{Ms, day_end, parse};
use crate::kit::{Result, Who};

/// What a table may cost.
const MOST: Limits = Limits { unpacked: 16 << 20, rows: 1_000 };

/// The one table.
pub const FORMS: [Form; 1] = [Form {
    key: "needs",
    zh: "需求",
    columns: &[
        ("site", "点位", "Site", 24),
        ("class", "物资", "Goods", 24),
        ("quantity", "数量", "Quantity", 12),
        ("people", "人数", "People", 12),
        ("tier", "紧急程度", "Urgency", 12),
        ("by", "最晚", "By", 14),
        ("words", "说明", "Note", 40),
    ],
    rows: 1_000,
}];

/// What a table holds.
#[derive(Debug, Default)]
pub struct Read {
    /// What is to be filed.
    pub needs: Vec<NewNeed>,
    /// What is wrong.
    pub problems: Problems,
    /// The table as it came.
    pub cells: Cells,
}

/// The cells of a table: the first sheet of a workbook, or CSV; blank rows keep their place, so that rows have their numbers.
fn cells(bytes: &[u8]) -> Result<Cells> {
    let mut out: Cells = Vec::new();
    rows::each(bytes, Some(FORMS[0].zh), MOST, &mut |line| {
        let at = usize::try_from(line.at).unwrap_or(1).max(1);
        // A file of which the rows stand far apart costs no more than its rows.
        if at > out.len() + 1 + MOST.rows as usize {
            return Err(Kind::TooMany.at("file").limit(MOST.rows as i64));
        }
        out.resize(at - 1, Vec::new());
        out.push(line.cells.to_vec());
        Ok(true)
    })?;
    Ok(out)
}

/// Reads a table of needs of an emergency.
pub fn read(q: &mut dyn Query, book: &Book, who: &Who, relief: &Relief, bytes: &[u8]) -> Result<Read> {
    let cells = cells(bytes)?;
    let (mut problems, mut needs) = (Problems::new(), Vec::new());
    let (columns, at) = crate::kit::sheet::rows(&FORMS[0], &cells, &mut problems);
    // Columns that are missing mean empty cells, but for what there is no need without.
    problems.retain(|p| p.code != "column-missing" || matches!(p.column, "site" | "class"));
    let sites = site::all(q, &relief.id)?;
    let mut known: BTreeMap<&str, Vec<&site::Site>> = BTreeMap::new();
    for site in &sites {
        known.entry(&site.name).or_default().push(site);
    }
    if problems.is_empty() {
        for i in at {
            let row = Row { form: &FORMS[0], at: i + 1, cells: &cells[i], columns: &columns };
            needs.extend(take(book, who, relief, &known, &row, &mut problems));
        }
    }
    problems.sort();
    Ok(Read { needs, problems, cells })
}

fn take(
    book: &Book,
    who: &Who,
    relief: &Relief,
    known: &BTreeMap<&str, Vec<&site::Site>>,
    row: &Row,
    out: &mut Problems,
) -> Option<NewNeed> {
    let (before, limits) = (out.len(), &book.pack.limits);
    let name = row.need("site", limits.name, out);
    let site = match known.get(name.as_str()).map(Vec::as_slice) {
        Some([one]) if one.is_spoken_for_by(who) || relief.reads(who, &one.path) => one.n,
        Some([_]) => {
            row.fail("site", "outside", out);
            0
        }
        Some(_) => {
            row.fail("site", "ambiguous", out);
            0
        }
        None if name.is_empty() => 0,
        None => {
            row.fail("site", "unknown", out);
            0
        }
    };
    let class = row.need("class", limits.name, out);
    let class = book.pack.class.iter().find(|c| (c.id == class || c.zh == class || c.en == class) && relief.class(&c.id).is_ok());
    if class.is_none() && !row.cell("class").is_empty() {
        row.fail("class", "unknown", out);
    }
    let unknown = matches!(row.cell("quantity"), "" | "不详" | "数量不详" | "unknown" | "?" | "？");
    let quantity = if unknown { None } else { row.number("quantity", 1, limits.quantity, out) };
    let people = row.number("people", 1, limits.people, out);
    let tier = book.pack.tier.iter().find(|t| row.cell("tier") == t.zh || row.cell("tier") == t.en).map(|t| t.n);
    let tier = match tier {
        Some(tier) => tier,
        None if row.cell("tier").is_empty() => need_tier(book),
        None => row.number("tier", 1, book.pack.tier.len() as i64, out).unwrap_or(0),
    };
    let by = match row.cell("by") {
        "" => None,
        text => {
            let at: Option<Ms> = parse(text).or_else(|| day_end(text, &book.zone));
            if at.is_none() {
                row.fail("by", "bad-date", out);
            }
            at
        }
    };
    let words = Some(row.text("words", limits.words, out)).filter(|w| !w.is_empty());
    (out.len() == before).then(|| NewNeed {
        site,
        class: class.map(|c| c.id.clone()).unwrap_or_default(),
        quantity,
        people,
        tier,
        by,
        words,
    })
}

/// How urgent something is that nobody said anything about: in the middle.
pub fn need_tier(book: &Book) -> i64 {
    (book.pack.tier.len() as i64 + 1) / 2
}

/// Files all of a table, in one write.
pub fn write(tx: &mut Tx, book: &Book, who: &Who, number: &str, all: &[NewNeed]) -> Result<()> {
    let relief = by_number(tx, number)?;
    for new in all {
        let site = need::spoken_for(tx, who, &relief, new.site)?;
        need::write(tx, book, who, &relief, &site, new)?;
    }
    tell(tx, book, who, &relief, &relief.desk, "need")
}
