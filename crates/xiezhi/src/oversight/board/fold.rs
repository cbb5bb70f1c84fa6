//! The read model is made from the log: entries of one's own by their measures, those that say what was taken from nodes
//! beneath by what they say. The same follower serves a village, a city and a nation.
//!
//! What must stay true: a count goes to its area and to all above it, on its day, once; one whose area nobody here knows goes to
//! the longest known beginning of its code, or to the top, and is listed. All of it is summed before the write, which then has
//! a row for each area and day and few statements. Cost: linear in the counts; what areas there are stays in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use store::{Query, Read, Row, Tx, Value, Written, params};

use super::measures::{self, MEASURES};
use super::{COLUMNS, WIDTH, nums};
use crate::base::area;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Result, follow};
use crate::oversight::supervise::kpi;

/// Codes that are longer are none.
const LONGEST: usize = 40;
/// Counts of days further back, or after tomorrow, are listed and not counted.
const BACK_DAYS: i64 = 400;
/// Rows that are gathered for one write, about: a day of a nation has 664,000, and behind the log each write would touch most
/// pages of that day. A quarter of a kilobyte each.
const FULL: usize = 300_000;
/// Unknown codes that one write may add to the list.
const MOST_UNKNOWN: usize = 200;
/// Areas that are kept in memory; a nation has 664,000.
const MOST_AREAS: usize = 1_000_000;

/// Counts of an area on a day, by column, with those that came late at the end.
type Counts = [i64; MEASURES + 1];

/// An area with all above it: their numbers from the top, and how many of the last are kept for fewer days.
#[derive(Clone)]
pub(super) struct Chain {
    nums: Box<[u32]>,
    near: u8,
}

/// Areas that were looked up, by code and by id.
#[derive(Default)]
struct Known {
    codes: HashMap<Box<str>, Arc<Chain>>,
    /// Codes that nobody knows, and where they are counted.
    strange: HashMap<Box<str>, Arc<Chain>>,
    ids: HashMap<Box<str>, Arc<Chain>>,
}

static KNOWN: Versioned<Mutex<Known>> = Versioned::new();

/// Folds new entries of the log; returns how many were read.
pub fn follow(app: &App) -> Result<u64> {
    let zone = &app.config.zone;
    let take = |r: &mut Read, entries: &[Written], sums: &mut Sums| {
        let known = KNOWN.get(app, area::version(r)?, || Ok(Mutex::default()))?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        sums.take(r, &mut known, entries, zone)
    };
    follow::gather(app, "board", take, |sums| sums.rows.len() >= FULL, Sums::ready, write)
}

/// The code of the area that an entry counts for: its own, or where the organisation is that acted.
pub fn code_of(q: &mut dyn Query, leaf: &Json) -> Result<Option<String>> {
    let field = |name: &str| leaf.get(name).and_then(Json::as_str);
    let found = match (field("area"), field("party")) {
        (Some(id), _) => area::by_id(q, id)?,
        (None, Some(body)) => match q.row("select area from body where id = $1", params![body])? {
            Some(row) => area::by_id(q, &row.get::<String>("area")?)?,
            None => None,
        },
        _ => None,
    };
    Ok(found.map(|a| a.code))
}

/// What a chunk of the log comes to.
#[derive(Default)]
struct Sums {
    /// By number of the area and day: the area above, whether it is kept for fewer days, counts.
    rows: HashMap<(u32, i64), (u32, bool, Counts)>,
    /// By kind and code: first day, last day, how many.
    unknown: BTreeMap<(&'static str, String), (i64, i64, i64)>,
}

/// What is written.
struct Ready {
    rows: Vec<i64>,
    unknown: Vec<Vec<Value>>,
}

impl Sums {
    fn take(&mut self, q: &mut dyn Query, known: &mut Known, entries: &[Written], zone: &TimeZone) -> Result<()> {
        if known.codes.len() + known.ids.len() + known.strange.len() > MOST_AREAS {
            *known = Known::default();
        }
        let book = measures::book();
        known.learn(q, entries.iter().flat_map(|e| measures::taken(&e.leaf)).map(|(code, ..)| code), true)?;
        for entry in entries {
            let today = kpi::day(entry.at, zone);
            let own = measures::own(&entry.leaf, zone);
            if !own.is_empty() {
                let chain = known.of_entry(q, &entry.leaf)?;
                own.into_iter().for_each(|(day, column, n)| self.add(&chain, day, column, n, false));
            }
            for (code, day, measure, n) in measures::taken(&entry.leaf) {
                if !(today - BACK_DAYS..=today + 1).contains(&day) {
                    self.strange("day", code, today, n);
                    continue;
                }
                let Some(at) = book.at(measure) else {
                    self.strange("measure", measure, day, n);
                    continue;
                };
                let chain = match known.codes.get(code) {
                    Some(chain) => chain.clone(),
                    None => {
                        self.strange("area", code, day, n);
                        known.nearest(q, code)?
                    }
                };
                self.add(&chain, day, book.all[at].column - 1, n, day < today - 1);
            }
        }
        Ok(())
    }

    fn add(&mut self, chain: &Chain, day: i64, column: usize, n: i64, late: bool) {
        let (mut above, far) = (0, chain.nums.len() - usize::from(chain.near));
        for (at, num) in chain.nums.iter().enumerate() {
            let row = self.rows.entry((*num, day)).or_insert_with(|| (above, at >= far, [0; MEASURES + 1]));
            row.2[column] += n;
            if late {
                row.2[MEASURES] += n.max(0);
            }
            above = *num;
        }
    }

    /// Something that nobody here knows; the list has an end.
    fn strange(&mut self, kind: &'static str, code: &str, day: i64, n: i64) {
        let code: String = code.chars().take(LONGEST).collect();
        if self.unknown.len() >= MOST_UNKNOWN && !self.unknown.contains_key(&(kind, code.clone())) {
            return;
        }
        let one = self.unknown.entry((kind, code)).or_insert((day, day, 0));
        *one = (one.0.min(day), one.1.max(day), one.2 + n.max(0));
    }

    /// In the order of the table, so that neighbours are written together.
    fn ready(self) -> Ready {
        let mut all: Vec<_> = self.rows.into_iter().map(|((area, day), (above, near, n))| (above, day, area, near, n)).collect();
        all.sort_unstable_by_key(|(above, day, area, ..)| (*above, *day, *area));
        let mut rows = Vec::with_capacity(all.len() * WIDTH);
        for (above, day, area, near, n) in all {
            rows.extend([i64::from(above), day, i64::from(area), i64::from(near)]);
            rows.extend(n);
        }
        let unknown =
            self.unknown.into_iter().map(|((kind, code), (first, last, n))| params![kind, code, first, last, n].to_vec());
        Ready { rows, unknown: unknown.collect() }
    }
}

fn write(tx: &mut Tx, ready: Ready) -> Result<()> {
    tx.add_counts("board_day", &COLUMNS, 3, 4, &ready.rows)?;
    for one in ready.unknown {
        let sql = "insert into board_unknown(kind, code, first_day, last_day, n) values ($1, $2, $3, $4, $5) \
                   on conflict(kind, code) do update set n = board_unknown.n + excluded.n, last_day = excluded.last_day";
        tx.exec(sql, &one)?;
    }
    Ok(())
}

impl Known {
    /// Looks up the codes that are not known yet, many in one statement; with `past` also those that areas had once.
    fn learn<'a>(&mut self, q: &mut dyn Query, codes: impl Iterator<Item = &'a str>, past: bool) -> Result<()> {
        /// Always as many parameters, so that one prepared statement serves every number of them.
        const EACH: usize = 200;
        let mut wanted: Vec<&str> =
            codes.filter(|c| is_code(c) && !self.codes.contains_key(*c) && !self.strange.contains_key(*c)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
        let sql = format!("select code, kind, path from area where valid_to is null and code in ({})", marks.join(","));
        for some in wanted.chunks(EACH) {
            let params: Vec<Value> = (0..EACH).map(|i| (*some.get(i).unwrap_or(&some[0])).into()).collect();
            for row in q.rows(&sql, &params)? {
                self.codes.insert(row.get::<String>("code")?.into(), chain(&row)?);
            }
            // Codes of the past, and of areas that have ended.
            for code in some {
                if past
                    && !self.codes.contains_key(*code)
                    && let Some(found) = area::by_code(q, code)?
                {
                    self.codes.insert((*code).into(), Arc::new(Chain::of(&found.kind, &found.path)));
                }
            }
        }
        Ok(())
    }

    /// The area with the longest beginning of a code; the top when there is none.
    fn nearest(&mut self, q: &mut dyn Query, code: &str) -> Result<Arc<Chain>> {
        if let Some(found) = self.strange.get(code) {
            return Ok(found.clone());
        }
        let ends = (1..code.len().min(LONGEST)).rev().filter(|at| code.is_char_boundary(*at));
        let beginnings: Vec<&str> = ends.map(|at| &code[..at]).collect();
        self.learn(q, beginnings.iter().copied(), false)?;
        let found = match beginnings.iter().find_map(|b| self.codes.get(*b)) {
            Some(found) => found.clone(),
            None => self.top(q)?,
        };
        self.strange.insert(code.into(), found.clone());
        Ok(found)
    }

    fn top(&self, q: &mut dyn Query) -> Result<Arc<Chain>> {
        let top = area::top(q)?;
        Ok(Arc::new(top.map_or(Chain { nums: Box::new([]), near: 0 }, |a| Chain::of(&a.kind, &a.path))))
    }

    /// The area of an entry of one's own.
    fn of_entry(&mut self, q: &mut dyn Query, leaf: &Json) -> Result<Arc<Chain>> {
        let name = |field: &str| leaf.get(field).and_then(Json::as_str);
        let Some(key) = name("area").or(name("party")) else { return self.top(q) };
        if let Some(chain) = self.ids.get(key) {
            return Ok(chain.clone());
        }
        let sql = match name("area") {
            Some(_) => "select kind, path from area where id = $1",
            None => "select a.kind, a.path from body b join area a on a.id = b.area where b.id = $1",
        };
        let chain = match q.row(sql, params![key])? {
            Some(row) => chain(&row)?,
            None => self.top(q)?,
        };
        self.ids.insert(key.into(), chain.clone());
        Ok(chain)
    }
}

impl Chain {
    fn of(kind: &str, path: &str) -> Chain {
        let near = match kind {
            "grid" => 2,
            "community" => 1,
            _ => 0,
        };
        let nums = nums(path);
        Chain { near: near.min(nums.len() as u8), nums: nums.into() }
    }
}

fn chain(row: &Row) -> Result<Arc<Chain>> {
    Ok(Arc::new(Chain::of(&row.get::<String>("kind")?, &row.get::<String>("path")?)))
}

/// What may be a code of an area.
fn is_code(code: &str) -> bool {
    (1..=LONGEST).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
