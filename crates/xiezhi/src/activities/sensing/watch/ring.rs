//! Timers: delays, windows of use, silence, shelves that end, people who did not come.
//!
//! What must stay true: they lie in the database, so they ring after a restart; woken once more than needed nothing happens.
//! What a timer changes without a step follows from what was told and from the time, as a follower's rows do: the time until
//! which all were woken stands for it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use store::{Query, Tx, params};

use super::book::Book;
use super::{Watch, remember, row_of_watch, step};
use crate::activities::sensing::{self, Device, State, ingest};
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};

/// Timers that ring in one write.
pub const AT_ONCE: i64 = 2_000;

/// Wakes all whose moment has come.
pub fn round(app: &App, now: Ms) -> Result<()> {
    while !app.over.load(Ordering::Relaxed) {
        let found = app.db.read(|r| due(r, now, AT_ONCE))?;
        if found.is_empty() {
            return Ok(());
        }
        let book = Book::now(app)?;
        let (all, some) = (found.clone(), book.clone());
        if app.db.write(move |tx| wake(tx, &some, &all)).is_err() {
            // One of them fails: the others ring all the same, and it rings again in a while.
            let mut failed = None;
            for one in &found {
                let (one, some) = (one.clone(), book.clone());
                failed = app.db.write(move |tx| wake(tx, &some, &[one])).err().or(failed);
            }
            if let Some(e) = failed {
                return Err(e);
            }
        }
        if (found.len() as i64) < AT_ONCE {
            return Ok(());
        }
    }
    Ok(())
}

/// Those whose moment has come: id, rule, device.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<(String, String, String)>> {
    let sql = "select id, rule, device from watch where due_at <= $1 order by due_at, id limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| Ok((r.get("id")?, r.get("rule")?, r.get("device")?))).collect::<store::Result<_>>()?)
}

/// Wakes these.
pub fn wake(tx: &mut Tx, book: &Book, all: &[(String, String, String)]) -> Result<()> {
    let mut ids: Vec<String> = all.iter().map(|(_, _, device)| device.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let devices: HashMap<String, Device> = sensing::by_ids(tx, &ids)?.into_iter().map(|d| (d.id.clone(), d)).collect();
    let mut streams = Vec::new();
    for (_, rule, id) in all {
        if let Some(device) = devices.get(id)
            && let Some(active) = book.rules.one(tx, device, rule)?
        {
            streams.extend(active.measures.iter().map(|m| ingest::stream_id(id, m)));
        }
    }
    ingest::expect(tx, &streams)?;
    Watch::expect(tx, &all.iter().map(|(id, _, _)| id.clone()).collect::<Vec<_>>())?;
    for (id, rule, device) in all {
        match devices.get(device).filter(|d| d.state != State::Gone) {
            Some(device) => one(tx, book, device, rule)?,
            None => drop(tx.exec("delete from watch where id = $1", params![id])?),
        }
    }
    let now = tx.now();
    tx.follow("watch", u64::try_from(now).unwrap_or_default())?;
    Ok(())
}

fn one(tx: &mut Tx, book: &Book, device: &Device, rule: &str) -> Result<()> {
    let id = row_of_watch::id(rule, &device.id);
    // What is in memory is older now.
    book.rules.take(&id);
    let Some(active) = book.rules.one(tx, device, rule)? else {
        // The rule holds here no more. What it raised stays open until somebody says what it was.
        if let Some(mut watch) = Watch::fetch(tx, &id)? {
            watch.due_at = None;
            watch.put(tx);
        }
        return Ok(());
    };
    let now = tx.now();
    let (mut watch, mut memory) = remember::load(tx, &active, device, now)?;
    let at = (device, &*active);
    let edges = memory.state.tick(&active.rule, now);
    step::edges(tx, book, at, (&mut watch, &mut memory), &edges)?;
    step::happen(tx, book, at, (&mut watch, &mut memory), (now, calc::alarm::Event::Tick), (&Who::system(), None))?;
    remember::keep(tx, at, &mut watch, &memory)
}
