//! Files are written while others work: some hundred rows at a time, each piece one write with how far it came.
//!
//! What must stay true: after a crash it goes on behind the last piece that was written; a piece that somebody else wrote
//! meanwhile (another process, a second start) is not written again; one row that cannot be written stops no other.

use std::collections::BTreeSet;

use store::{Query as _, Tx, params};

use super::check::Told;
use super::put::{self, Became, Held, Item, Plan};
use super::{Run, State, by_id, bytes, check, each, entry};
use crate::base::{area, party};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result, Who};

/// Rows of a write.
pub const PIECE: usize = 400;

/// Goes on with every file that is running. For the jobs of a node.
pub fn round(app: &App) -> Result<()> {
    let sql = "select id from register_import where state = 'running' order by made_at limit 10";
    let ids: Vec<String> = app.db.read(|r| r.rows(sql, &[])?.iter().map(|row| row.get("id")).collect::<store::Result<_>>())?;
    for id in ids {
        match work(app, &id, usize::MAX) {
            Ok(_) => {}
            // Stopped by somebody, or another process is at it.
            Err(e) if e.kind == Kind::Changed => {}
            Err(e) if matches!(e.kind.status(), 400..500) => end(app, &id, State::Stopped)?,
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Writes so many pieces of a file; false when it is not finished.
pub fn work(app: &App, id: &str, pieces: usize) -> Result<bool> {
    let mut run = app.db.read(|r| by_id(r, id))?.filter(|r| r.state == State::Running).ok_or(Kind::Changed)?;
    let plan = app.db.read(|r| {
        let roles = party::roles(r, &run.by, app.now())?;
        let who = Who { person: Some(run.by.clone()), roles, ..Who::default() };
        let community = area::by_id(r, &run.area)?.ok_or(Kind::NotFound)?;
        Ok::<_, Error>(Plan::new(r, who, community)?)
    })?;
    let plan = std::sync::Arc::new(plan);
    let again: Option<BTreeSet<u64>> = if run.again { Some(refused(app, &run)?) } else { None };
    let file = bytes(app, &run)?;
    let (columns, head, now) = (run.columns.clone(), run.head, app.now());
    let (mut some, mut left, from) = (Vec::with_capacity(PIECE), pieces, run.done);
    each(&file, &mut |line| {
        if line.at <= head.max(from) || again.as_ref().is_some_and(|a| !a.contains(&line.at)) {
            return Ok(true);
        }
        let mut checked = check::row(&columns, &line, now);
        let place = if checked.fatal { put::Place::default() } else { plan.place(&mut checked) };
        some.push(Item::new(line.at, checked, place));
        if some.len() >= PIECE {
            piece(app, &plan, &mut run, std::mem::take(&mut some))?;
            left -= 1;
        }
        Ok(left > 0)
    })?;
    if left == 0 {
        return Ok(false);
    }
    piece(app, &plan, &mut run, some)?;
    end(app, id, State::Done)?;
    Ok(true)
}

fn refused(app: &App, run: &Run) -> Result<BTreeSet<u64>> {
    let sql = "select line from register_import_line where run = $1 and fatal = 1 order by line";
    Ok(app.db.read(|r| r.rows(sql, params![&run.id])?.iter().map(|row| row.get("line")).collect::<store::Result<_>>())?)
}

fn end(app: &App, id: &str, state: State) -> Result<()> {
    let id = id.to_owned();
    app.db.write(move |tx| {
        let Some(run) = by_id(tx, &id)?.filter(|r| r.state == State::Running) else { return Err(Kind::Changed.into()) };
        let now = tx.now();
        let sql = "update register_import set state = $2, again = 0, ended_at = $3 where id = $1";
        tx.exec(sql, params![&id, state, now])?;
        let system = Who::system();
        let end = entry("register.import-end", &system, &run.area, &id).fact("state", state.as_str()).fact("added", run.added);
        tx.log(end.fact("completed", run.completed).fact("known", run.known).fact("failed", run.failed))?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// Writes a piece; when one of its rows cannot be written, row by row.
fn piece(app: &App, plan: &std::sync::Arc<Plan>, run: &mut Run, mut items: Vec<Item>) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let held = put::look(app, plan, run, &mut items)?;
    let write = |run: &Run, held: Held, items: Vec<Item>| {
        let (plan, run) = (plan.clone(), run.clone());
        app.db.write(move |tx| rows(tx, &plan, &run, held, items)).map(|done| done.value)
    };
    match write(run, held, items.clone()) {
        Ok(after) => *run = after,
        Err(e) if e.kind == Kind::Changed || !matches!(e.kind.status(), 400..500) => return Err(e),
        Err(_) => {
            for item in items {
                let mut one = [item];
                let held = put::look(app, plan, run, &mut one)?;
                let [mut item] = one;
                let done = write(run, held, vec![item.clone()]).or_else(|e| {
                    if e.kind == Kind::Changed || !matches!(e.kind.status(), 400..500) {
                        return Err(e);
                    }
                    item.checked.refuse(if e.kind == Kind::Denied { "denied" } else { "refused" }, "register.name");
                    write(run, Held::default(), vec![item])
                });
                *run = done?;
            }
        }
    }
    Ok(())
}

fn spelled(told: &[Told]) -> String {
    told.iter().map(|(code, about)| format!("{code}:{about}")).collect::<Vec<_>>().join(" ")
}

fn rows(tx: &mut Tx, plan: &Plan, run: &Run, mut held: Held, items: Vec<Item>) -> Result<Run> {
    let sql = "select count(*) from register_import where id = $1 and state = 'running' and done = $2";
    if tx.count(sql, params![&run.id, run.done])? == 0 {
        return Err(Kind::Changed.into());
    }
    let mut after = run.clone();
    let before = after.clone();
    for mut item in items {
        let (became, doubted) = put::row(tx, plan, run, &mut held, &mut item)?;
        match became {
            Became::Added => after.added += 1,
            Became::Completed => after.completed += 1,
            Became::Known => after.known += 1,
            Became::Refused => after.failed += 1,
        }
        after.doubted += i64::from(doubted);
        if run.again {
            // It was refused before, and told.
            after.failed -= 1;
            after.told -= 1;
            tx.exec("delete from register_import_line where run = $1 and line = $2", params![&run.id, item.line])?;
        }
        if !item.checked.told.is_empty() {
            after.told += 1;
            let row = params![&run.id, item.line, i64::from(item.checked.fatal), spelled(&item.checked.told)];
            tx.append("register_import_line", &["run", "line", "fatal", "why"], row);
        }
        after.done = item.line;
    }
    let a = &after;
    let sql = "update register_import set done = $2, added = $3, completed = $4, known = $5, failed = $6, told = $7, doubted = $8 where id = $1";
    tx.exec(sql, params![&run.id, a.done, a.added, a.completed, a.known, a.failed, a.told, a.doubted])?;
    let entry = entry("register.import-rows", &plan.who, &run.area, &run.id).fact("to", a.done as i64);
    let entry = entry.fact("added", a.added - before.added).fact("completed", a.completed - before.completed);
    tx.log(entry.fact("known", a.known - before.known).fact("failed", a.failed - before.failed))?;
    Ok(after)
}
