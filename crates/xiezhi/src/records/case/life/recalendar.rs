//! A new calendar or new office hours: deadlines that were counted under the old ones are counted again.
//!
//! What must stay true: the same amount of time is counted from the same beginning; a date that somebody set or promised is
//! not touched, and no clock ends later than what was promised; what has run out, or rests, stays as it is, and no deadline
//! is moved into the past. Every move is logged. A pass is done in bounded writes, found again in the database after a
//! crash, and harmless when it is done twice.

use std::collections::HashMap;
use std::sync::Arc;

use store::{Entry, Query, Tx, params};

use super::{clock, ledger};
use crate::base::worktime::{self, Due, Worktime};
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result};
use crate::records::case::{COLUMNS, Case, Rulebook, load, read};

const NAME: &str = "recalendar";
/// Cases of one write.
const CHUNK: i64 = 200;

/// The deadline of a case under another working time; `None` where it stays.
fn again(book: &Rulebook, old: &Worktime, case: &Case, now: Ms) -> Option<Due> {
    let (from, due) = (case.clock_from?, case.due_at?);
    let unit = book.class(case).limit(case.state.stage()?).unit;
    let running = case.overdue_at.is_none() && case.overlay.is_none() && due > now;
    let new = book.time.recount(old, from, due, unit, case.provisional);
    (running && new.at > now && (new.at, new.provisional) != (due, case.provisional)).then_some(new)
}

/// Counts again what was counted under an older working time; returns how many deadlines moved.
pub fn follow(app: &App) -> Result<usize> {
    if app.db.read(|r| Ok::<_, Error>(worktime::newest(r)? <= r.cursor(NAME)? as i64))? {
        return Ok(0);
    }
    let book = Rulebook::now(app)?;
    let newest = book.time.version;
    let (mut moved, mut last) = (0, String::new());
    let mut olds: HashMap<i64, Arc<Worktime>> = HashMap::new();
    loop {
        let now = app.now();
        let (found, ids) = app.db.read(|r| {
            let sql = format!("select {COLUMNS} from cases where id > $1 and due_under < $2 order by id limit {CHUNK}");
            let cases: Vec<Case> = r.rows(&sql, params![&last, newest])?.iter().map(read).collect::<store::Result<_>>()?;
            let mut ids = Vec::new();
            for case in &cases {
                let version = case.due_under.unwrap_or(newest);
                if let std::collections::hash_map::Entry::Vacant(place) = olds.entry(version) {
                    place.insert(Arc::new(worktime::at_version(r, version, app.config.zone.clone())?));
                }
                if again(&book, &olds[&version], case, now).is_some() {
                    ids.push(case.id.clone());
                }
            }
            last = cases.last().map(|c| c.id.clone()).unwrap_or_default();
            Ok::<_, Error>((cases.len() as i64, ids))
        })?;
        moved += ids.len();
        if !ids.is_empty() {
            let (book, olds) = (book.clone(), olds.clone());
            app.db.write(move |tx| ids.iter().try_for_each(|id| apply(tx, &book, &olds, id)))?;
        }
        if found < CHUNK {
            app.db.write(move |tx| Ok::<_, Error>(tx.follow(NAME, newest.unsigned_abs())?))?;
            return Ok(moved);
        }
    }
}

fn apply(tx: &mut Tx, book: &Rulebook, olds: &HashMap<i64, Arc<Worktime>>, id: &str) -> Result<()> {
    let now = tx.now();
    let Some(before) = load(tx, id)? else { return Ok(()) };
    let Some(old) = before.due_under.filter(|v| *v < book.time.version).and_then(|v| olds.get(&v)) else { return Ok(()) };
    let Some(new) = again(book, old, &before, now) else { return Ok(()) };
    let mut after = before.clone();
    after.due_at = Some(new.at);
    if before.handle_due == before.due_at {
        after.handle_due = after.due_at;
    }
    clock::settle(book, now, &before, &mut after);
    // No new beginning: whoever was warned was warned, and the share of the clock counts from where it ran.
    (after.clock_from, after.warned) = (before.clock_from, before.warned);
    (after.due_under, after.provisional) = (Some(book.time.version), new.provisional);
    clock::wind(book, &mut after);
    ledger::save(tx, &before, &mut after);
    let entry = Entry { area: Some(&before.area), ..Entry::new("case.recalendar", "case", id) };
    let entry = entry.fact("number", before.number.as_str()).fact("state", after.state.as_str());
    tx.log(entry.fact_opt("due", after.due_at).fact_opt("from_due", before.due_at).fact("worktime", book.time.version))?;
    Ok(())
}
