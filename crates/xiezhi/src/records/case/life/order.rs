//! Orders to hurry (督办): given by somebody above, or arisen by a rule of the catalogue.
//!
//! What must stay true: an order names who gave it or by which rule; each rule gives one order for a case, ever; an order
//! is open until its case is settled, or, when it arose on a settled one, until that was reviewed or settled again. It may
//! shorten a clock, never lengthen it, and it wakes nothing that rests.

use store::{Entry, Query, Tx, params};

use crate::base::classes::Reason;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::case::rules::Overlay;
use crate::records::case::{Case, Rulebook};

/// How far back the same thing at the same place counts as happening again.
const BACK: Ms = 90 * DAY;

/// An order that has arisen and is to be written.
pub(super) struct Fired {
    rule: &'static str,
    due: Ms,
}

/// The rules that a step makes true: each shortens the clock and is counted, and is then given to [`write`].
pub(super) fn fire(tx: &mut Tx, book: &Rulebook, before: &Case, after: &mut Case) -> Result<Vec<Fired>> {
    let now = tx.now();
    let mut fired = Vec::new();
    for rule in &book.classes.orders {
        let met = match rule.when {
            Reason::Followers => before.followers < rule.n && rule.n <= after.followers,
            Reason::RatedLow => before.score != after.score && after.score.is_some_and(|s| s <= rule.n),
            Reason::Reopened => before.reopens < rule.n && rule.n <= after.reopens,
            Reason::MovedUp => before.level < rule.n && rule.n <= after.level && after.overdue_at.is_some(),
            Reason::Recurring => before.class != after.class && settled_there(tx, after, now)? >= rule.n,
        };
        // Counts may pass a number twice (a case that comes to rest and moves up anew); the order is given once.
        let known = "select count(*) from case_order where case_id = $1 and rule = $2";
        if !met || tx.count(known, params![&after.id, rule.when.as_str()])? > 0 {
            continue;
        }
        let due = book.within(rule.within, now);
        after.orders += 1;
        if !after.overlay.is_some_and(Overlay::rests) {
            after.due_at = after.due_at.map(|d| d.min(due));
        }
        fired.push(Fired { rule: rule.when.as_str(), due });
    }
    Ok(fired)
}

/// How many of the same class were settled at the same asset or building of late.
fn settled_there(tx: &mut Tx, case: &Case, now: Ms) -> Result<i64> {
    let Some(class) = &case.class else { return Ok(0) };
    let (column, place) = match (&case.asset, &case.building) {
        (Some(asset), _) => ("asset", asset),
        (None, Some(building)) => ("building", building),
        _ => return Ok(0),
    };
    let sql = format!(
        "select count(*) from cases where {column} = $1 and class = $2 and state = 'closed' and received_at >= $3 and id <> $4"
    );
    Ok(tx.count(&sql, params![place, class, now - BACK, &case.id])?)
}

/// Writes what has arisen, with an entry of the log for each; and settles what the step has settled.
pub(super) fn write(tx: &mut Tx, before: &Case, after: &Case, fired: &[Fired]) -> Result<()> {
    for f in fired {
        insert(tx, after, Some(f.rule), None, f.due)?;
        let entry =
            Entry { area: Some(&after.area), owner: Some(&after.owner), ..Entry::new("case.supervise", "case", &after.id) };
        let entry = entry
            .fact("number", after.number.as_str())
            .fact("state", after.state.as_str())
            .fact_opt("holder", after.holder.as_deref())
            .fact("until", f.due)
            .fact_opt("copy", after.is_copy().then_some(1))
            .fact("rule", f.rule);
        let charged = after.handler.as_deref().or(after.holder.as_deref());
        tx.log(entry.fact("counts", "supervised").fact_opt("charged", charged).fact_opt("of_class", after.class.as_deref()))?;
    }
    let settled = before.state.is_open() && !after.state.is_open();
    if before.orders > 0 && (settled || before.review != after.review) {
        let sql = "update case_order set settled_at = $2 where case_id = $1 and settled_at is null";
        tx.exec(sql, params![&after.id, tx.now()])?;
    }
    Ok(())
}

/// Notes an order that somebody gave.
pub(super) fn given(tx: &mut Tx, who: &Who, before: &Case, after: &Case, until: Option<Ms>) -> Result<()> {
    let giver = who.roles.iter().filter(|r| r.kind.is_desk() && before.path.starts_with(&r.path)).min_by_key(|r| r.path.len());
    let due = until.or(after.due_at).unwrap_or(tx.now());
    insert(tx, after, None, giver.and_then(|r| r.body.as_deref()), due)
}

fn insert(tx: &mut Tx, case: &Case, rule: Option<&str>, body: Option<&str>, due: Ms) -> Result<()> {
    let (id, now) = (tx.id(), tx.now());
    let sql = "insert into case_order(id, case_id, rule, body, at, due_at) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![id, &case.id, rule, body, now, due])?;
    Ok(())
}
