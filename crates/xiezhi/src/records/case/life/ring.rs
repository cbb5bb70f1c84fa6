//! What a case does by itself when its alarm rings: it warns, goes to a ruling, comes back from a rest, moves up.
//!
//! What must stay true: ringing twice does nothing, so a crash between look-up and write is harmless; each ring moves the
//! alarm on, so nothing rings for ever; everything that is due is found in the database alone, also after an outage.

use store::{Entry, Query, Tx, params};

use super::{Said, Step, change, clock, ledger, order};
use crate::kit::time::Ms;
use crate::kit::{Error, Result, Who};
use crate::records::case::rules::{Action, Overlay};
use crate::records::case::{Case, Rulebook, load, moved};

/// Cases whose alarm has come, the longest first.
pub fn ringing(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let rows = q.rows("select id from cases where alarm_at <= $1 order by alarm_at limit $2", params![now, limit])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Lets a case ring.
pub fn ring(tx: &mut Tx, book: &Rulebook, id: &str) -> Result<()> {
    let now = tx.now();
    let Some(before) = load(tx, id)?.filter(|c| c.alarm_at.is_some_and(|a| a <= now)) else { return Ok(()) };
    let mut after = before.clone();
    let due = before.due_at.is_some_and(|d| d <= now);
    let kind = if before.overlay.is_some_and(Overlay::rests) {
        after.overlay = None;
        after.due_at = Some(clock::resumed(now, before.due_left));
        "case.back"
    } else if !due && before.dispute_at.is_some_and(|d| d <= now) {
        let said = Said::default();
        let step = Step { book, who: &Who::system(), action: Action::Return, said: &said, before: &before };
        change::dispute(&step, &mut after, now)?;
        "case.adjudicate"
    } else if due {
        escalate(book, &mut after, now)?;
        "case.escalate"
    } else {
        after.warned += 1;
        after.warn_at = book.warning(&after);
        "case.warn"
    };
    let fired = order::fire(tx, book, &before, &mut after)?;
    if kind != "case.warn" {
        after.updated_at = moved(before.updated_at, now);
        clock::settle(book, now, &before, &mut after);
    } else {
        after.alarm_at = clock::alarm(&after);
    }
    ledger::save(tx, &before, &mut after);
    log(tx, kind, &before, &after)?;
    order::write(tx, &before, &after, &fired)
}

/// The deadline has passed: up to the desk above, which has a new clock. At the top it stays, and rings again. Whoever
/// handles it may still finish.
fn escalate(book: &Rulebook, after: &mut Case, now: Ms) -> Result<()> {
    let holder = after.holder.as_deref().ok_or_else(|| Error::internal("inv01: an open case without holder"))?;
    let body = book.chart.body(holder).ok_or_else(|| Error::internal("inv01: a holder that does not exist"))?;
    let above = book.chart.desk_above(body);
    after.lates += i64::from(after.overdue_at.is_none());
    after.overdue_at = after.overdue_at.or(Some(now));
    after.level += i64::from(above.is_some());
    after.due_at = Some(book.escalated(now));
    if let Some(above) = above {
        after.holder = Some(above.id.clone());
    }
    Ok(())
}

fn log(tx: &mut Tx, kind: &str, before: &Case, after: &Case) -> Result<()> {
    let entry = Entry { area: Some(&before.area), ..Entry::new(kind, "case", &before.id) };
    let entry = entry
        .fact("number", before.number.as_str())
        .fact("state", after.state.as_str())
        .fact_opt("overlay", after.overlay.map(|o| o.as_str()))
        .fact_opt("from_holder", before.holder.as_deref().filter(|_| after.holder != before.holder))
        .fact_opt("holder", after.holder.as_deref())
        .fact_opt("copy", before.is_copy().then_some(1))
        .fact_opt("warned", (kind == "case.warn").then_some(after.warned))
        .fact_opt("due", after.due_at);
    let counts = match kind {
        "case.escalate" if before.overdue_at.is_none() => Some("overdue"),
        "case.adjudicate" => Some("disputed"),
        _ => None,
    };
    // A stage that runs out is charged to whoever held it.
    let charged = before.holder.as_deref().filter(|_| counts.is_some());
    let class = before.class.as_deref().filter(|_| counts.is_some());
    let entry = entry.fact_opt("counts", counts).fact_opt("charged", charged).fact_opt("of_class", class);
    tx.log(entry)?;
    Ok(())
}
