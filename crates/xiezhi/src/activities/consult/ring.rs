//! What happens by itself: a step that nobody took in time goes up, a draw is drawn, what was promised is followed, an
//! appraisal ends.
//!
//! What must stay true: everything is found in the database alone, also after an outage; ringing twice does nothing; each
//! ring moves the alarm on, so that nothing rings for ever at once.

use store::{Query, Tx, params};

use super::{Basis, State, by_id, decision, pack, seat, tell};
use crate::base::area;
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};

/// What is due, as a letter for its kind and an id.
pub fn ringing(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql = "select id from consult where due_at <= $1 and due_at is not null order by due_at limit $2";
    let steps: Vec<String> = q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
    let mut out: Vec<String> = steps.iter().map(|id| format!("s {id}")).collect();
    out.extend(seat::draws_due(q, now, limit)?.iter().map(|id| format!("d {id}")));
    // What is done is no longer late: its end is heard of first.
    out.extend(decision::moved(q, limit)?.iter().map(|id| format!("m {id}")));
    out.extend(decision::late(q, now, limit)?.iter().map(|id| format!("l {id}")));
    out.truncate(limit as usize);
    Ok(out)
}

/// Lets one ring.
pub fn ring(tx: &mut Tx, basis: &Basis, key: &str) -> Result<()> {
    match key.split_once(' ') {
        Some(("s", id)) => step(tx, basis, id),
        Some(("d", id)) => seat::drawn(tx, basis, id),
        Some(("m", id)) => decision::follow(tx, basis, id),
        Some(("l", id)) => decision::ring(tx, basis, id),
        _ => Ok(()),
    }
}

/// A step is late: up to the desk above, which has a new clock. At the top it stays, and rings again.
fn step(tx: &mut Tx, basis: &Basis, id: &str) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let c = by_id(tx, id)?;
    if !c.state.is_open() || c.due_at.is_none_or(|due| due > now) {
        return Ok(());
    }
    if c.state == State::Appraise {
        let sql = "update consult set state = $2, ended_at = $3, due_at = null, overdue_at = null where id = $1";
        tx.exec(sql, params![id, State::Done, now])?;
        tx.log(c.entry(&system, "consult.end"))?;
        return tell::all(tx, basis, &system, &c, "ended");
    }
    let up = decision::above(basis, &c);
    // Before it is graded the pack of the place says how long; the day of a clock is enough to find it.
    let again = match &c.pack {
        Some(_) => c.rules()?.limit(|p| &p.again),
        None => {
            let code = area::by_id(tx, &c.area)?.map(|a| a.code).unwrap_or_default();
            let day = crate::kit::time::rfc3339(now, &basis.zone);
            pack::at(&code, day.get(..10).unwrap_or_default()).limit(|p| &p.again)
        }
    };
    let due = basis.due(now, again);
    let sql =
        "update consult set desk = $2, level = level + $3, due_at = $4, overdue_at = coalesce(overdue_at, $5) where id = $1";
    tx.exec(sql, params![id, &up, i64::from(up != c.desk), due, now])?;
    let entry = c.entry(&system, "consult.escalate").fact("step", c.state.as_str()).fact("from_desk", c.desk.as_str());
    tx.log(entry.fact("desk", up.as_str()).fact("due", due))?;
    tell::all(tx, basis, &system, &c, "overdue")?;
    tell::bodies(tx, basis, &system, &c, "escalate", &[up.as_str()])
}

/// The pack of a place today.
pub fn pack_of(app: &App, code: &str) -> &'static pack::Pack {
    let day = app.time(app.now());
    pack::at(code, day.get(..10).unwrap_or_default())
}
