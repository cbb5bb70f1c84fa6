//! A nation's board on a node that has its divisions, for figures: days of every area, and batches as nodes beneath would send
//! them. All of it is invented, the same for the same divisions.
//!
//! What must stay true: rows and entries are those that the board itself would write and the exchange would log; only the way in
//! is shorter.

use store::{Entry, Query as _, Tx, params};

use crate::base::area;
use crate::base::party::{self, session};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result, RoleKind};
use crate::oversight::board::{COLUMNS, WIDTH, fold, measures, nums};
use crate::oversight::supervise::kpi;

use super::draw::Draw;

/// Rows of one write.
const ROWS: usize = 100_000;
/// Areas of one reading.
const PAGE: i64 = 20_000;
/// Entries of one write.
const ENTRIES: usize = 32;
/// Areas of each level whose boards are read.
const SAMPLES: usize = 60;

/// An area as the board knows it.
#[derive(Clone, Debug)]
struct Spot {
    parent: u32,
    num: u32,
    near: bool,
    code: String,
    kind: String,
}

fn spots(app: &App) -> Result<Vec<Spot>> {
    let (mut out, mut after) = (Vec::new(), String::new());
    loop {
        let sql = "select code, kind, path from area where path > $1 and valid_to is null order by path limit $2";
        let rows = app.db.read(|r| r.rows(sql, params![&after, PAGE]))?;
        for row in &rows {
            let (path, kind): (String, String) = (row.get("path")?, row.get("kind")?);
            let nums = nums(&path);
            let num = *nums.last().ok_or(Kind::NotFound)?;
            let parent = nums.len().checked_sub(2).map_or(0, |at| nums[at]);
            let near = matches!(kind.as_str(), "community" | "grid");
            out.push(Spot { parent, num, near, code: row.get("code")?, kind });
            after = path;
        }
        if rows.len() < PAGE as usize {
            break;
        }
    }
    out.sort_by_key(|s| (s.parent, s.num));
    Ok(out)
}

/// What a fill came to.
pub struct Filled {
    /// Rows of days.
    pub rows: usize,
    /// Session of somebody who works for the nation.
    pub token: String,
    /// Level and code of areas to look at.
    pub samples: Vec<(String, String)>,
}

/// Days of every area: of communities as many as are kept of them, of all above as many as are kept there.
pub fn fill(app: &App, mut tell: impl FnMut(usize)) -> Result<Filled> {
    let (all, today) = (spots(app)?, kpi::day(app.now(), &app.config.zone));
    let file = app.config.file.board.clone();
    let mut rows: Vec<i64> = Vec::with_capacity(ROWS * WIDTH);
    let mut written = 0;
    let mut flush = |rows: &mut Vec<i64>| -> Result<()> {
        written += rows.len() / WIDTH;
        let some = std::mem::take(rows);
        app.db.write(move |tx: &mut Tx| {
            tx.add_counts("board_day", &COLUMNS, 3, 4, &some)?;
            let read = tx.cursor("board")?;
            Ok::<_, Error>(tx.follow("board", read)?)
        })?;
        tell(written);
        Ok(())
    };
    for siblings in all.chunk_by(|a, b| a.parent == b.parent) {
        let days = siblings.iter().map(|s| if s.near { file.near_days } else { file.days }).max().unwrap_or(0);
        for day in today - days + 1..=today {
            for s in siblings.iter().filter(|s| !s.near || day > today - file.near_days) {
                rows.extend([i64::from(s.parent), day, i64::from(s.num), i64::from(s.near)]);
                rows.extend((0..measures::MEASURES as i64).map(|m| invented(s, day, m)));
                rows.push(0);
            }
        }
        if rows.len() >= ROWS * WIDTH {
            flush(&mut rows)?;
        }
    }
    flush(&mut rows)?;
    let mut samples = vec![("nation".to_owned(), "top".to_owned())];
    for kind in ["province", "city", "county", "street", "community"] {
        let of: Vec<&Spot> = all.iter().filter(|s| s.kind == kind).collect();
        let step = (of.len() / SAMPLES).max(1);
        samples.extend(of.iter().step_by(step).take(SAMPLES).map(|s| (s.kind.clone(), s.code.clone())));
    }
    Ok(Filled { rows: written, token: worker(app)?, samples })
}

/// A number that looks like one of a level: a community has a few of something and nothing of most.
fn invented(s: &Spot, day: i64, measure: i64) -> i64 {
    let mixed = (u64::from(s.num) << 20 ^ (day as u64) << 6 ^ measure as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let mixed = mixed as i64;
    match s.kind.as_str() {
        "grid" | "community" => {
            if mixed % 4 == 0 {
                mixed / 4 % 12
            } else {
                0
            }
        }
        "street" => mixed % 90,
        "county" => mixed % 1500,
        "city" => mixed % 9000,
        _ => mixed % 200_000,
    }
}

/// Somebody who sees all of it.
fn worker(app: &App) -> Result<String> {
    let hash = session::hash(app, &app.new_id())?;
    let write = move |tx: &mut Tx| {
        let top = area::top(tx)?.ok_or(Kind::NotFound)?;
        let body = party::add_body(tx, RoleKind::Nation, "演示值班室", &top.id, None)?;
        let login = tx.id();
        let new = party::NewPerson { name: "演示员", phone: None, home: None, login: &login, hash: &hash };
        let person = party::add_person(tx, &new)?;
        party::add_role(tx, &person, RoleKind::Nation, &top.id, Some(&body.id))?;
        Ok::<_, Error>(person)
    };
    let person = app.db.write(write)?.value;
    Ok(session::open(app, person, false, "figures", session::Opening::default())?.token)
}

/// How a day's batches were folded.
pub struct Folded {
    /// Events, and what was left of them once each batch was summed.
    pub events: usize,
    /// Sums of areas, days and measures.
    pub deltas: usize,
    /// Batches.
    pub entries: usize,
    /// Milliseconds of the follower, by the clock on the wall.
    pub ms: i64,
}

/// Logs so many events as batches of cities, each of events all over it, then lets the board follow and takes the time.
pub fn fold(app: &App, events: usize, batch: usize) -> Result<Folded> {
    let mut cities: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for s in spots(app)?.into_iter().filter(|s| s.kind == "community") {
        cities.entry(s.code.chars().take(4).collect()).or_default().push(s.code);
    }
    let (cities, today): (Vec<Vec<String>>, i64) = (cities.into_values().collect(), kpi::day(app.now(), &app.config.zone));
    let most: usize = cities.iter().map(Vec::len).sum();
    let (mut draw, book) = (Draw::new(30_000_000), measures::book());
    let (mut made, mut deltas, mut entries) = (0, 0, 0);
    while made < events {
        let mut some = Vec::new();
        while some.len() < ENTRIES && made < events {
            // A city sends as often as it is large.
            let mut at = draw.below(most);
            let city = cities
                .iter()
                .find(|c| {
                    at < c.len() || {
                        at -= c.len();
                        false
                    }
                })
                .ok_or(Kind::NotFound)?;
            let mut sums: std::collections::BTreeMap<(&str, &str), i64> = std::collections::BTreeMap::new();
            for _ in 0..batch.min(events - made) {
                let measure = &book.all[draw.below(book.all.len())].code;
                *sums.entry((&city[draw.below(city.len())], measure)).or_default() += 1;
                made += 1;
            }
            deltas += sums.len();
            let told: Vec<_> =
                sums.into_iter().map(|((code, measure), n)| serde_json::json!([code, today, measure, n])).collect();
            some.push(serde_json::Value::Array(told));
        }
        entries += some.len();
        app.db.write(move |tx: &mut Tx| {
            for told in some {
                tx.log(Entry::new(measures::TAKE, "node", "").fact("deltas", told))?;
            }
            Ok::<_, Error>(())
        })?;
    }
    let begun = app.ambience.wall();
    fold::follow(app)?;
    Ok(Folded { events: made, deltas, entries, ms: app.ambience.wall() - begun })
}
