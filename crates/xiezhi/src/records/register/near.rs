//! Who somebody perhaps is: the check while typing, against the whole register, and the search for doubles at night.
//!
//! What must stay true: the index in memory is never the truth. It is built from the database, follows the log before each
//! look-up, and is built anew with what the nightly search has learnt; it holds people only, those who left and died
//! included, so that whoever comes back is known. Nothing is merged here: what is found is shown to somebody.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use calc::link::index::Index;
use calc::link::{Batch, Evidence, GREY, Kind as Column, Schema, Wanted};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, params};

use super::person::{self, Person};
use crate::base::party;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Error, Result};

/// Columns that are compared.
const COLUMNS: [(&str, Column); 7] = [
    ("name", Column::Name),
    ("sex", Column::Sex),
    ("birth", Column::Birth),
    ("id", Column::Id),
    ("phone", Column::Phone),
    ("community", Column::Community),
    ("home", Column::Address),
];
/// Records that are read at once.
const CHUNK: i64 = 2_000;
/// Entries of the log that are read at once.
const ENTRIES: usize = 500;
/// Candidates that are told.
pub const SHOWN: usize = 5;
/// Pairs that are written at once.
const PAIRS: usize = 500;

/// What is compared of somebody, in the order of the columns.
pub(super) type Cells = [String; 7];

/// Somebody who is perhaps the same.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Near {
    /// His record.
    pub id: String,
    /// Probability in percent.
    pub percent: u8,
    /// What agrees and what does not: `name:sound`, `place:moved`.
    pub why: Vec<String>,
}

struct Live {
    index: Index,
    ids: Vec<String>,
    rows: HashMap<String, usize>,
    /// Entries of the log that are in it.
    seq: u64,
    /// People it has learnt from.
    learnt: usize,
}

static LIVE: Versioned<Mutex<Live>> = Versioned::new();
/// One at a time builds an index: it is a second of work for a hundred thousand people.
static BUILDING: Mutex<()> = Mutex::new(());

/// What is compared of a record.
pub(super) fn cells(one: &Person, home: Option<(&str, &str)>) -> Cells {
    let text = |element| one.values.text(element).unwrap_or_default().to_owned();
    [
        text("register.name"),
        text("register.sex"),
        text("register.birth"),
        text("register.id_number"),
        text("register.phone"),
        one.spot.community.clone(),
        home.map(|(place, door)| home_cell(place, door)).unwrap_or_default(),
    ]
}

/// A home as text: the end of its building's id, which is as good as a name, and the door.
pub(super) fn home_cell(place: &str, door: &str) -> String {
    let end = place.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
    format!("{} {door}", &place[end..])
}

fn select(condition: &str) -> String {
    format!(
        "select {}, d.place d_place, d.door d_door from resident r left join dwelling d on d.id = r.dwelling \
         where {condition} and r.kind = 'person' and r.state <> 'erased' and r.golden is null",
        person::columns()
    )
}

fn compared(q: &mut dyn Query, rows: &[Row]) -> Result<Vec<(String, Cells)>> {
    let people = person::read(q, rows)?;
    let each = people.iter().zip(rows).map(|(one, row)| {
        let (place, door): (Option<String>, Option<String>) = (row.get("d_place")?, row.get("d_door")?);
        Ok((one.id.clone(), cells(one, place.as_deref().zip(door.as_deref()))))
    });
    each.collect()
}

/// Everybody as one table to link, and the size of the log before it was read.
fn table(app: &App) -> Result<(Batch, u64)> {
    let schema = Schema::new(COLUMNS.map(|(name, kind)| (name.to_owned(), kind)).into()).map_err(Error::internal)?;
    let mut batch = Batch::new(schema);
    let seq = app.db.read(|r| r.log_size())?;
    let mut after = String::new();
    loop {
        let some = app.db.read(|r| {
            let sql = format!("{} order by r.id limit $2", select("r.id > $1"));
            let rows = r.rows(&sql, params![&after, CHUNK])?;
            compared(r, &rows)
        })?;
        let Some((last, _)) = some.last() else { break };
        after.clone_from(last);
        for (id, cells) in &some {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            batch.push(false, id, &cells).map_err(|e| Error::internal(format!("{e:?}")))?;
        }
    }
    batch.finish().map_err(|_| Error::internal("a record comes twice"))?;
    Ok((batch, seq))
}

fn live(app: &App) -> Result<Arc<Mutex<Live>>> {
    let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    LIVE.get(app, 0, || {
        let (batch, seq) = table(app)?;
        let learnt = batch.link(Wanted::default());
        let ids: Vec<String> = (0..batch.len()).map(|row| batch.key(row).into_owned()).collect();
        let rows = ids.iter().enumerate().map(|(row, id)| (id.clone(), row)).collect();
        let people = batch.len();
        let index = Index::new(batch.into_records(), learnt.model, learnt.passes);
        Ok(Mutex::new(Live { index, ids, rows, seq, learnt: people }))
    })
}

impl Live {
    /// Takes in what the log has since.
    fn follow(&mut self, app: &App) -> Result<()> {
        loop {
            let from = self.seq;
            let (read, changed) = app.db.read(|r| {
                let entries = r.leaves(from, ENTRIES)?;
                let about = |w: &&store::Written| w.act.starts_with("register.") && w.leaf["type"] == "resident";
                let ids: BTreeSet<String> = entries.iter().filter(about).map(|w| w.obj.clone()).collect();
                let mut changed = Vec::new();
                for id in ids {
                    let rows = r.rows(&select("r.id = $1"), params![&id])?;
                    let now = compared(r, &rows)?.pop().map(|(_, cells)| cells);
                    changed.push((id, now));
                }
                Ok::<_, Error>((entries.len() as u64, changed))
            })?;
            for (id, now) in changed {
                self.set(id, now);
            }
            self.seq += read;
            if read < ENTRIES as u64 {
                return Ok(());
            }
        }
    }

    fn set(&mut self, id: String, now: Option<Cells>) {
        let cells: Option<Vec<&str>> = now.as_ref().map(|c| c.iter().map(String::as_str).collect());
        match (self.rows.get(&id).copied(), cells) {
            (Some(row), Some(cells)) => {
                self.index.update(row, &cells);
            }
            (Some(row), None) => {
                self.index.remove(row);
                self.rows.remove(&id);
            }
            (None, Some(cells)) => {
                let Some(row) = self.index.insert(&cells) else { return };
                if row >= self.ids.len() {
                    self.ids.resize(row + 1, String::new());
                }
                self.ids[row].clone_from(&id);
                self.rows.insert(id, row);
            }
            (None, None) => {}
        }
    }
}

fn why(evidence: &[Evidence]) -> Vec<String> {
    // That they may be relatives is said where it counts.
    let said = |e: &&Evidence| e.level != "unknown" && (e.what != "household" || e.bits < -0.5);
    evidence.iter().filter(said).map(|e| format!("{}:{}", e.what, e.level)).collect()
}

/// Somebody whom the linkage takes for the one that is meant.
#[derive(Clone)]
pub(super) struct Hit {
    pub id: String,
    pub bits: f64,
    pub probability: f64,
    /// What agrees and what does not: `name:sound`, `place:moved`.
    pub why: Vec<String>,
}

/// Whoever is perhaps meant by these cells, the most probable first.
pub(super) fn look(app: &App, cells: &Cells) -> Result<Vec<Near>> {
    let found = look_many(app, std::slice::from_ref(cells), SHOWN)?.pop().unwrap_or_default();
    let near = |f: Hit| Near { id: f.id, percent: (f.probability * 100.0).floor() as u8, why: f.why };
    Ok(found.into_iter().map(near).collect())
}

/// For each of some, whoever is perhaps meant: the most probable first, at most so many.
pub(super) fn look_many(app: &App, all: &[Cells], most: usize) -> Result<Vec<Vec<Hit>>> {
    let mut index = live(app)?;
    let grown = {
        let mut one = index.lock().unwrap_or_else(PoisonError::into_inner);
        one.follow(app)?;
        one.index.len() > 2 * one.learnt
    };
    if grown {
        // What was learnt from few says little of many.
        LIVE.forget(app);
        index = live(app)?;
    }
    let mut one = index.lock().unwrap_or_else(PoisonError::into_inner);
    one.follow(app)?;
    let mut out = Vec::with_capacity(all.len());
    for cells in all {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let found = one.index.look(&cells, most, GREY);
        let hit = |f: &calc::link::index::Found| Hit {
            id: one.ids[f.row].clone(),
            bits: f.bits,
            probability: f.probability,
            why: why(&f.evidence),
        };
        out.push(found.iter().map(hit).collect());
    }
    Ok(out)
}

/// The hour of the night in which the register is searched.
const HOUR_OF_NIGHT: &str = "03";
/// Setting that says on which day that was done last.
const SEARCHED: &str = "register.searched";

/// Searches the register once in a night.
pub fn nightly(app: &App) -> Result<()> {
    let now = app.time(app.now());
    let (day, hour) = (now[..10].to_owned(), &now[11..13]);
    if hour != HOUR_OF_NIGHT || app.db.read(|r| party::setting(r, SEARCHED))?.is_some_and(|d| d == day) {
        return Ok(());
    }
    search(app)?;
    app.db.write(move |tx| {
        party::set(tx, SEARCHED, &day)?;
        tx.log(Entry::new("register.search", "node", "").fact("night", day.as_str()))?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// Searches the whole register for records of the same person; returns how many pairs were found that nobody had seen.
pub fn search(app: &App) -> Result<u64> {
    let (batch, _) = table(app)?;
    let found = batch.link(Wanted::default());
    let explain = |a: u32, b: u32| {
        let records = batch.records();
        why(&found.model.explain(records, records.row(a as usize), records.row(b as usize))).join(" ")
    };
    let mut new = 0;
    for some in found.pairs.chunks(PAIRS) {
        let rows: Vec<(String, String, i64, String)> = some
            .iter()
            .map(|p| {
                let (a, b) = (batch.key(p.a as usize).into_owned(), batch.key(p.b as usize).into_owned());
                (a, b, (p.bits * 100.0) as i64, explain(p.a, p.b))
            })
            .collect();
        new += app
            .db
            .write(move |tx| {
                let mut new = 0;
                for (a, b, bits, why) in &rows {
                    new += u64::from(super::same::suspect(tx, a, b, *bits, why)?);
                }
                tx.log(Entry::new("register.search", "node", "").fact("pairs", new as i64))?;
                Ok::<_, Error>(new)
            })?
            .value;
    }
    // What was learnt on the way serves the next look-ups.
    LIVE.forget(app);
    Ok(new)
}
