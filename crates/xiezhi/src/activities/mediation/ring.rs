//! What rings by itself: silence about consent, a mediation that takes too long, the day for a court, sessions, terms.
//!
//! What must stay true: all of it is found in the database alone, so it rings after a restart too; each bell rings once.

use store::{Entry, Query, Tx, params};

use super::rules::{self, Stage, State, Term};
use super::{Book, Mediation, act, by_id, mediators, side, tell, tell_desk};
use crate::base::notice;
use crate::kit::time::{DAY, Ms, day_start};
use crate::kit::{Result, Who};

/// Bells whose moment has come: `m id`, `s id n`, `t id n`.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let sql = "select id from mediation where due_at <= $1 and due_at is not null order by due_at limit $2";
    for row in q.rows(sql, params![now, most])? {
        out.push(format!("m {}", row.get::<String>("id")?));
    }
    for (letter, table) in [("s", "mediation_session"), ("t", "mediation_term")] {
        let sql =
            format!("select mediation, n from {table} where ring_at <= $1 and ring_at is not null order by ring_at limit $2");
        for row in q.rows(&sql, params![now, most])? {
            out.push(format!("{letter} {} {}", row.get::<String>("mediation")?, row.get::<i64>("n")?));
        }
    }
    out.truncate(most as usize);
    Ok(out)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, key: &str) -> Result<()> {
    let mut parts = key.split(' ');
    let (what, id, n) = (parts.next(), parts.next().unwrap_or_default(), parts.next().and_then(|n| n.parse().ok()));
    let one = by_id(tx, id)?;
    match (what, n) {
        (Some("s"), Some(n)) => session(tx, book, &one, n),
        (Some("t"), Some(n)) => term(tx, book, &one, n),
        _ => whole(tx, book, &one),
    }
}

fn whole(tx: &mut Tx, book: &Book, one: &Mediation) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    if one.due_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let rings = |what: &'static str| one.entry(&system, Entry::new("mediation.ring", "mediation", &one.id)).fact("what", what);
    match one.state {
        // Silence is no consent.
        State::Asked => act::end(tx, book, &system, one, State::Refused, None, None),
        State::Open | State::Drafted if one.late == 0 => {
            let next = now + book.pack.limits.above_days * DAY;
            tx.exec("update mediation set late = 1, due_at = $2 where id = $1", params![&one.id, next])?;
            tx.log(rings("late"))?;
            tell(tx, book, one, &system, "mediation-late")?;
            tell_desk(tx, book, one, &one.desk, "mediation-late-desk")
        }
        State::Open | State::Drafted => {
            tx.exec("update mediation set late = 2, due_at = null where id = $1", params![&one.id])?;
            tx.log(rings("above"))?;
            let above = book.chart.body(&one.desk).and_then(|b| book.chart.desk_above(b)).map(|b| b.id.clone());
            tell_desk(tx, book, one, &above.unwrap_or_else(|| one.desk.clone()), "mediation-late-desk")
        }
        _ => {
            tx.exec("update mediation set due_at = null where id = $1", params![&one.id])?;
            tx.log(rings("confirm"))?;
            tell(tx, book, one, &system, "mediation-confirm")
        }
    }
}

fn session(tx: &mut Tx, book: &Book, one: &Mediation, n: i64) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let due = "select count(*) from mediation_session where mediation = $1 and n = $2 and ring_at <= $3";
    if tx.count(due, params![&one.id, n, now])? == 0 {
        return Ok(());
    }
    tx.exec("update mediation_session set ring_at = null where mediation = $1 and n = $2", params![&one.id, n])?;
    tx.log(one.entry(&system, Entry::new("mediation.ring", "mediation", &one.id)).fact("what", "session").fact("n", n))?;
    tell(tx, book, one, &system, "mediation-session-soon")
}

fn term(tx: &mut Tx, book: &Book, one: &Mediation, n: i64) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let sql = "select side, state, due_at, stage, ring_at from mediation_term where mediation = $1 and n = $2";
    let Some(row) = tx.row(sql, params![&one.id, n])? else { return Ok(()) };
    let (owes, state, due): (i64, Term, Ms) = (row.get("side")?, row.get("state")?, row.get("due_at")?);
    let (stage, ring): (Option<Stage>, Option<Ms>) = (row.get("stage")?, row.get("ring_at")?);
    let Some(stage) = stage.filter(|_| ring.is_some_and(|at| at <= now)) else { return Ok(()) };
    let next = rules::next_bell(stage, due, |at| day_start(at, &book.zone)).filter(|_| state == Term::Open);
    let sql = "update mediation_term set stage = $3, ring_at = $4 where mediation = $1 and n = $2";
    tx.exec(sql, params![&one.id, n, next.map_or(stage, |(s, _)| s), next.map(|(_, at)| at)])?;
    let entry = one.entry(&system, Entry::new("mediation.ring", "mediation", &one.id));
    tx.log(entry.fact("what", "term").fact("n", n).fact("stage", stage.as_str()))?;
    if state != Term::Open {
        return Ok(());
    }
    // Before and on the day whoever owes it is told; when it is late, everybody.
    let mut people: Vec<String> = Vec::new();
    for side in side::all(tx, &one.id)? {
        people.extend(side.person.filter(|_| side.n == owes || stage == Stage::Late));
    }
    if stage == Stage::Late {
        people.extend(mediators(tx, &one.id)?.into_iter().map(|(p, _)| p));
    }
    let kind = format!("mediation-term-{}", stage.as_str());
    let news: Vec<_> = people.into_iter().map(|p| one.news(p, now, &kind)).collect();
    notice::put(tx, &book.zone, &news)
}
