//! What happens by itself: a need that nobody met in its time moves up to the desk above, and goes on waiting there.
//!
//! What must stay true: found in the database alone, so it rings after a restart too; while a need is open a bell is set for it.

use store::{Query, Tx, params};

use super::{Book, Stand, by_id, needs, rest, tell};
use crate::kit::time::{HOUR, Ms};
use crate::kit::{Result, Who};

/// Needs whose bell rings.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from relief_need where ring_at <= $1 and ring_at is not null order by ring_at, id limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Rings one.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (need, now, system) = (needs::by_id(tx, id)?, tx.now(), Who::system());
    if need.state != Stand::Open || need.ring_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let relief = by_id(tx, &need.relief)?;
    let above = book.chart.body(&need.holder).and_then(|b| book.chart.desk_above(b)).map(|b| b.id.clone());
    // At the top it rings again and again: it is still open, and still somebody's.
    let (holder, ring) = (above.unwrap_or_else(|| need.holder.clone()), now + book.pack.limits.above_hours * HOUR);
    let entry = relief.entry(&system, "relief.escalate").fact("n", need.n).fact("holder", holder.as_str());
    tx.log(entry.fact("late", need.late + 1).fact("ring", ring))?;
    let sql = "update relief_need set holder = $2, ring_at = $3, late = late + 1 where id = $1";
    tx.exec(sql, params![id, &holder, ring])?;
    rest(tx, book, &relief, &need.holder)?;
    tell(tx, book, &system, &relief, &holder, "late")
}
