//! Counts by day of one area, source and syndrome, packed by year; weeks made of them.
//!
//! What must stay true: a day that nobody told of is missing, not 0; a week of which too little was told is missing as well, but the
//! tested one counts with what was told so far, for more can only come; the same counts give the same bytes, in whatever order they came.

use std::collections::BTreeMap;

use calc::series::Day;
use store::{Query, Tx, params};

use crate::kit::Result;
use crate::kit::row::row;

/// Days of the longest year.
const YEAR: usize = 366;
/// Weeks before and after, with the most told of which a week is compared.
const NEAR: usize = 4;
/// A week that was told of less than so many fifths of that is missing.
const FIFTHS: u32 = 3;

/// One day: how many tellers told, and how many cases together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct One {
    /// How many told.
    pub tellers: u32,
    /// Cases.
    pub cases: u32,
}

/// A number in groups of seven bits.
fn put(out: &mut Vec<u8>, mut n: u32) {
    while n >= 128 {
        out.push((n as u8) | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

fn take(bytes: &mut std::slice::Iter<u8>) -> Option<u32> {
    let (mut n, mut shift) = (0u32, 0);
    loop {
        let byte = *bytes.next()?;
        n |= u32::from(byte & 127).checked_shl(shift)?;
        if byte < 128 {
            return Some(n);
        }
        shift += 7;
    }
}

/// Packs days: a 0 for one that nobody told of, else the tellers and the cases.
pub fn pack(days: &[One]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * days.len());
    for day in days {
        put(&mut out, day.tellers);
        if day.tellers > 0 {
            put(&mut out, day.cases);
        }
    }
    out
}

/// Unpacks them into a year that begins with missing days.
pub fn unpack(bytes: &[u8], out: &mut [One]) {
    let mut bytes = bytes.iter();
    for day in out {
        let Some(tellers) = take(&mut bytes) else { return };
        if tellers > 0 {
            *day = One { tellers, cases: take(&mut bytes).unwrap_or(0) };
        }
    }
}

/// The first day of a year.
pub fn new_year(year: i32) -> i32 {
    Day::of(year, 1, 1).map_or(0, |d| d.0)
}

/// The year of a day.
pub fn year_of(day: i32) -> i32 {
    Day(day).date().0
}

row! {
    whole
    /// A year of a series.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `health_block`, explained there")]
    pub struct Block {
        pub id: String,
        pub area: String,
        pub path: String,
        pub source: String,
        pub syndrome: String,
        pub year: i32,
        pub last_day: i32,
        pub days: Vec<u8>,
    }
}

const TABLE: &str = "health_block";
/// Columns of a block that never change.
const FIXED: usize = 6;

/// Whose series it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// A community, with all that is within it, rather than a grid.
    pub whole: bool,
    /// Id of the area.
    pub area: String,
    /// Its path.
    pub path: String,
    /// Who tells.
    pub source: String,
    /// What.
    pub syndrome: String,
}

impl Name {
    /// Id of a year of it.
    pub fn block(&self, year: i32) -> String {
        format!("{}/{}/{}/{}/{year}", if self.whole { 'c' } else { 'g' }, self.area, self.source, self.syndrome)
    }
}

/// What changed on a day of a series: tellers and cases.
pub type Change = BTreeMap<(Name, i32), (i64, i64)>;

/// Writes changes into the blocks they belong to.
pub fn change(tx: &mut Tx, all: &Change) -> Result<()> {
    type Changes = Vec<(i32, i64, i64)>;
    let mut by_block: BTreeMap<(&Name, i32), Changes> = BTreeMap::new();
    for ((name, day), (tellers, cases)) in all {
        by_block.entry((name, year_of(*day))).or_default().push((*day, *tellers, *cases));
    }
    for ((name, year), changes) in by_block {
        let id = name.block(year);
        let mut days = [One::default(); YEAR];
        if let Some(row) = tx.fetch(TABLE, NAMES, &id)? {
            unpack(&read(&row)?.days, &mut days);
        }
        let first = new_year(year);
        for (day, tellers, cases) in changes {
            let one = &mut days[(day - first) as usize];
            let sum = |n: u32, by: i64| u32::try_from((i64::from(n) + by).max(0)).unwrap_or(u32::MAX);
            *one = One { tellers: sum(one.tellers, tellers), cases: sum(one.cases, cases) };
        }
        let last = days.iter().rposition(|d| d.tellers > 0).unwrap_or(0);
        let block = Block {
            id,
            area: name.area.clone(),
            path: name.path.clone(),
            source: name.source.clone(),
            syndrome: name.syndrome.clone(),
            year,
            last_day: first + last as i32,
            days: pack(&days[..=last]),
        };
        write(tx, &block);
    }
    Ok(())
}

/// Writes a year that somebody packed already.
pub fn write(tx: &mut Tx, block: &Block) {
    tx.put(TABLE, NAMES, FIXED, block.values());
}

/// The past of one source: days from the first on.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The first day.
    pub first: i32,
    /// All days from then on.
    pub days: Vec<One>,
    /// Nobody tells of a day without cases.
    pub quiet: bool,
}

impl History {
    /// Of the blocks of one area, source and syndrome, the oldest first.
    pub fn of<'b>(blocks: impl IntoIterator<Item = &'b Block>, quiet: bool) -> History {
        let mut out = History { quiet, ..History::default() };
        for block in blocks {
            let start = new_year(block.year);
            if out.days.is_empty() {
                out.first = start;
            }
            let at = (start - out.first).max(0) as usize;
            let long = (block.last_day - start + 1).clamp(0, YEAR as i32) as usize;
            out.days.resize(at + long, One::default());
            unpack(&block.days, &mut out.days[at..]);
        }
        out
    }

    /// The last day that was told of.
    pub fn last(&self) -> Option<i32> {
        self.days.iter().rposition(|d| d.tellers > 0).map(|at| self.first + at as i32)
    }

    /// Told days and cases of the seven days that end with this one.
    fn week(&self, end: i32) -> One {
        let at = |day: i32| usize::try_from(day - self.first).ok().map(|i| i.min(self.days.len()));
        let (Some(to), from) = (at(end + 1), at(end - 6).unwrap_or(0)) else { return One::default() };
        self.days[from..to].iter().fold(One::default(), |a, d| One {
            tellers: a.tellers.saturating_add(d.tellers),
            cases: a.cases.saturating_add(d.cases),
        })
    }
}

/// Weeks of several sources together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weeks {
    /// Counts, the last one the tested week; missing where too little was told.
    pub counts: Vec<Option<u32>>,
    /// The last day of the last one.
    pub end: i32,
    /// Not all of it was told yet.
    pub part: bool,
}

/// So many weeks up to the one that ends with this day.
pub fn weeks(all: &[History], end: i32, many: usize) -> Weeks {
    let mut out = Weeks { counts: vec![None; many], end, part: false };
    let mut lacks = vec![false; many];
    for history in all {
        let told: Vec<One> = (0..many).map(|i| history.week(end - 7 * (many - 1 - i) as i32)).collect();
        let Some(began) = told.iter().position(|w| w.tellers > 0) else { continue };
        for (i, week) in told.iter().enumerate() {
            let near = &told[i.saturating_sub(NEAR)..(i + NEAR + 1).min(many)];
            let most = near.iter().map(|w| w.tellers).max().unwrap_or(0);
            let whole = week.tellers.saturating_mul(5) >= most.saturating_mul(FIFTHS);
            // Who never told here yet, or told nothing for weeks, is no part of the sum.
            if i < began || (!history.quiet && most == 0) {
                continue;
            }
            let is_last = i + 1 == many;
            if history.quiet || whole || (is_last && week.tellers > 0) {
                out.counts[i] = Some(out.counts[i].unwrap_or(0).saturating_add(week.cases));
                out.part |= is_last && !history.quiet && !whole;
            } else if is_last {
                out.part = true;
            } else {
                lacks[i] = true;
            }
        }
    }
    for (count, lacks) in out.counts.iter_mut().zip(lacks) {
        *count = count.filter(|_| !lacks);
    }
    out
}

/// Blocks of an area by source and syndrome, from a year on: of a community all that is within it.
pub fn of_area(q: &mut dyn Query, whole: bool, area: &str, from_year: i32) -> Result<Vec<Block>> {
    let start = format!("{}/{area}/", if whole { 'c' } else { 'g' });
    let sql = format!("select {COLUMNS} from {TABLE} where id >= $1 and id < $2 and year >= $3 order by id");
    let rows = q.rows(&sql, params![&start, crate::base::area::end_of(&start), from_year])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Blocks beneath a path of some years, of communities or of grids, in the order of their ids.
pub fn beneath(q: &mut dyn Query, whole: bool, path: &str, from_year: i32, most: i64) -> Result<Vec<Block>> {
    let (start, end) = if whole { ("c/", "c0") } else { ("g/", "g0") };
    let sql = format!(
        "select {COLUMNS} from {TABLE} where path >= $1 and path < $2 and year >= $3 and id >= $4 and id < $5 order by id limit $6"
    );
    let rows = q.rows(&sql, params![path, crate::base::area::end_of(path), from_year, start, end, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Blocks of communities after an id, for whoever goes through all of them.
pub fn after(q: &mut dyn Query, id: &str, from_year: i32, most: i64) -> Result<(Vec<Block>, Option<String>)> {
    let sql = format!("select {COLUMNS} from {TABLE} where id > $1 and id < 'c0' order by id limit $2");
    let rows = q.rows(&sql, params![id.max("c/"), most])?;
    let mut out: Vec<Block> = rows.iter().map(read).collect::<store::Result<_>>()?;
    let last = out.last().filter(|_| out.len() as i64 == most).map(|b| b.id.clone());
    out.retain(|b| b.year >= from_year);
    Ok((out, last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(first: i32, days: &[(u32, u32)]) -> History {
        History { first, days: days.iter().map(|d| One { tellers: d.0, cases: d.1 }).collect(), quiet: false }
    }

    #[test]
    fn what_was_not_told_is_missing_and_what_is_told_as_zero_is_zero() {
        // Four school weeks of five days, then one of two days, one of none, one of zeros, and a Monday.
        let school = |n| [(1, n), (1, n), (1, n), (1, n), (1, n), (0, 0), (0, 0)];
        let mut days: Vec<(u32, u32)> = (0..4).flat_map(|_| school(2)).collect();
        days.extend([(1, 9), (1, 9), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]);
        days.extend([(0, 0); 7]);
        days.extend(school(0));
        days.push((1, 7));
        let end = days.len() as i32 + 5;
        let history = told(0, &days);
        let found = weeks(std::slice::from_ref(&history), end, 9);
        let all = [None, Some(10), Some(10), Some(10), Some(10), None, None, Some(0), Some(7)];
        assert_eq!((found.counts, found.part), (all.to_vec(), true));
        // Nobody tells of no cases: then a day without a word is none, from the first word on.
        let quiet = weeks(&[History { quiet: true, ..history }], end, 9);
        let all = [None, Some(10), Some(10), Some(10), Some(10), Some(18), Some(0), Some(0), Some(7)];
        assert_eq!((quiet.counts, quiet.part), (all.to_vec(), false));
    }

    #[test]
    fn sources_add_up_where_both_told() {
        let (a, b) = (told(0, &[(1, 1); 28]), told(14, &[(1, 2); 14]));
        // The second begins in the third week, and is no part of what was before.
        assert_eq!(weeks(&[a.clone(), b.clone()], 27, 4).counts, [Some(7), Some(7), Some(21), Some(21)]);
        assert_eq!(weeks(&[b, a], 27, 4).counts, [Some(7), Some(7), Some(21), Some(21)]);
        assert_eq!(weeks(&[], 27, 2).counts, [None, None]);
    }

    proptest! {
        #[test]
        fn packed_days_come_back(days in prop::collection::vec((0u32..400, any::<u32>()), 0..366)) {
            let days: Vec<One> = days.iter().map(|(t, c)| One { tellers: *t, cases: if *t > 0 { *c } else { 0 } }).collect();
            let mut out = vec![One::default(); days.len()];
            unpack(&pack(&days), &mut out);
            prop_assert_eq!(days, out);
        }

        #[test]
        fn broken_bytes_are_days_as_well(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
            unpack(&bytes, &mut [One::default(); YEAR]);
        }
    }
}
