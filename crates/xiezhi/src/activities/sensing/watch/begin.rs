//! Rules begin on devices before these tell anything: else nobody would miss one that never does.
//!
//! What must stay true: beginning twice changes nothing; it goes on where it was, some devices at a time.

use std::sync::atomic::Ordering;

use store::{Query, Tx, params};

use super::book::Book;
use super::{remember, row_of_watch};
use crate::activities::sensing::{self, Device, State};
use crate::kit::{App, Result};

/// Devices of one write.
const AT_ONCE: i64 = 500;

/// How far all devices were looked at under one count of changes.
#[derive(Debug, Default)]
pub struct Begun {
    version: Option<i64>,
    after: String,
    over: bool,
}

/// Looks at some more.
pub fn round(app: &App, begun: &mut Begun) -> Result<()> {
    let book = Book::now(app)?;
    if begun.version != Some(book.rules.version()) {
        *begun = Begun { version: Some(book.rules.version()), ..Begun::default() };
    }
    while !begun.over && !app.over.load(Ordering::Relaxed) {
        let after = begun.after.clone();
        let devices = app.db.read(|r| some(r, &after))?;
        let Some(last) = devices.last().map(|d| d.id.clone()) else {
            begun.over = true;
            break;
        };
        let missing = app.db.read(|r| missing(r, &book, devices))?;
        if !missing.is_empty() {
            let book = book.clone();
            app.db.write(move |tx| missing.iter().try_for_each(|(device, rule)| begin(tx, &book, device, rule)))?;
        }
        begun.after = last;
    }
    Ok(())
}

fn some(q: &mut dyn Query, after: &str) -> Result<Vec<Device>> {
    let sql = "select id from device where id > $1 and state <> $2 order by id limit $3";
    let rows = q.rows(sql, params![after, State::Gone, AT_ONCE])?;
    let ids: Vec<String> = rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
    let mut all = sensing::by_ids(q, &ids)?;
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// Rules of these devices of which nothing is remembered, or that no timer wakes.
fn missing(q: &mut dyn Query, book: &Book, devices: Vec<Device>) -> Result<Vec<(Device, String)>> {
    let mut out = Vec::new();
    for device in devices {
        let known = row_of_watch::of_device(q, &device.id)?;
        for active in book.rules.of(q, &device)?.iter() {
            // Where only what is told can raise it, it begins with what is told.
            let waits = calc::alarm::State::new(&active.rule, 0).due(&active.rule).is_some();
            if waits && !known.iter().any(|w| w.rule == active.id && w.due_at.is_some()) {
                out.push((device.clone(), active.id.clone()));
            }
        }
    }
    Ok(out)
}

/// Begins a rule on a device, where time alone may raise it.
fn begin(tx: &mut Tx, book: &Book, device: &Device, rule: &str) -> Result<()> {
    let Some(active) = book.rules.one(tx, device, rule)? else { return Ok(()) };
    let now = tx.now();
    let (mut watch, memory) = remember::load(tx, &active, device, now)?;
    if watch.due_at.is_none() && memory.due(&active).is_some() {
        remember::keep(tx, (device, &active), &mut watch, &memory)?;
    }
    tx.follow("watch", u64::try_from(now).unwrap_or_default())?;
    Ok(())
}
