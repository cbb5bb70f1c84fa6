//! What rings by itself: a desk that does not answer, an applicant who does not, certificates that end.
//!
//! What must stay true: all of it is found in the database alone, so it rings after a restart too; each bell rings once.

use store::{Entry, Query, Tx, params};

use super::rules::{Bell, State};
use super::{Book, Partner, act, by_id, settled, step, tell, tell_desk};
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// Bells whose moment has come: `due id`, `bell id`.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for (word, column) in [("due", "due_at"), ("bell", "bell_at")] {
        let sql = format!("select id from partner where {column} <= $1 and {column} is not null order by {column}, id limit $2");
        for row in q.rows(&sql, params![now, most])? {
            out.push(format!("{word} {}", row.get::<String>("id")?));
        }
    }
    out.truncate(most as usize);
    Ok(out)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, key: &str) -> Result<()> {
    let (what, id) = key.split_once(' ').unwrap_or_default();
    let one = by_id(tx, id)?;
    if what == "bell" { bell(tx, book, &one) } else { late(tx, book, &one) }
}

fn late(tx: &mut Tx, book: &Book, one: &Partner) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    if one.due_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    if one.state == State::More {
        act::withdraw(tx, book, &system, one)?;
        return tell(tx, book, one, &system, "partner-lapsed");
    }
    // The desk above has it from now on, with a clock of its own; at the top it stays, and is told again.
    let above = book.chart.body(&one.desk).and_then(|b| book.chart.desk_above(b)).map_or(one.desk.clone(), |b| b.id.clone());
    let due = book.due(now);
    let entry = one.entry(&system, Entry::new("partner.ring", "partner", &one.id));
    tx.log(entry.fact("what", "late").fact("to", above.as_str()).fact("due", due))?;
    tx.exec("update partner set desk = $2, due_at = $3, late = late + 1 where id = $1", params![&one.id, &above, due])?;
    step(tx, one, "late", Some(&above), None)?;
    settled(tx, book, one)?;
    tell_desk(tx, book, one, &above, "partner-above")?;
    if above != one.desk { tell_desk(tx, book, one, &one.desk, "partner-late") } else { Ok(()) }
}

fn bell(tx: &mut Tx, book: &Book, one: &Partner) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let row = tx.row("select bell from partner where id = $1 and bell_at <= $2", params![&one.id, now])?;
    let Some(row) = row else { return Ok(()) };
    let rung: Bell = row.get("bell")?;
    let next = one.valid_until.filter(|_| rung == Bell::Soon).map(|at| (Bell::Over, at));
    tx.exec(
        "update partner set bell = $2, bell_at = $3 where id = $1",
        params![&one.id, next.map(|(b, _)| b), next.map(|(_, at)| at)],
    )?;
    let entry = one.entry(&system, Entry::new("partner.ring", "partner", &one.id));
    tx.log(entry.fact("what", rung.as_str()).fact_opt("until", one.valid_until))?;
    if one.state != State::Joined {
        return Ok(());
    }
    let kind = if rung == Bell::Soon { "partner-expiring" } else { "partner-expired" };
    tell(tx, book, one, &system, kind)?;
    tell_desk(tx, book, one, &one.desk, kind)
}
