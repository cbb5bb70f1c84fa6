//! Who held a case from when to when: time is charged to whoever holds it.
//!
//! What must stay true (inv01): `case_hold` holds the finished intervals, the case itself the running one; together they
//! follow each other without gap or overlap while the case is open. An interval ends when holder, state or overlay
//! changes, and only by a logged act. The tally is changed here and nowhere else.

use store::{Query, Row, Tx, params};

use crate::kit::time::Ms;
use crate::records::case::rules::{Overlay, State};
use crate::records::case::{Case, put};

const HOLD: [&str; 7] = ["case_id", "n", "holder", "state", "overlay", "from_at", "to_at"];
const TALLY: [&str; 3] = ["area", "state", "n"];

/// One interval.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Organisation.
    pub holder: String,
    /// Phase in which it held the case.
    pub state: State,
    /// What lay over it.
    pub overlay: Option<Overlay>,
    /// From when.
    pub from: Ms,
    /// Until when; `None` while it runs.
    pub to: Option<Ms>,
}

fn hold(row: &Row) -> store::Result<Hold> {
    Ok(Hold {
        holder: row.get("holder")?,
        state: row.get("state")?,
        overlay: row.get("overlay")?,
        from: row.get("from_at")?,
        to: Some(row.get("to_at")?),
    })
}

/// All intervals of a case, the running one last.
pub fn of(q: &mut dyn Query, case: &Case) -> store::Result<Vec<Hold>> {
    let sql = "select holder, state, overlay, from_at, to_at from case_hold where case_id = $1 order by n";
    let mut all: Vec<Hold> = q.rows(sql, params![&case.id])?.iter().map(hold).collect::<store::Result<_>>()?;
    if let (Some(holder), Some(from)) = (&case.holder, case.hold_from) {
        all.push(Hold { holder: holder.clone(), state: case.state, overlay: case.overlay, from, to: None });
    }
    Ok(all)
}

/// The interval that ended last.
pub fn last(q: &mut dyn Query, case: &Case) -> store::Result<Option<Hold>> {
    let sql = "select holder, state, overlay, from_at, to_at from case_hold where case_id = $1 and n = $2";
    q.row(sql, params![&case.id, case.hold_n])?.as_ref().map(hold).transpose()
}

/// Time charged to each holder until `now`, and in how many intervals of its own, in the order of first holding.
pub fn charged(holds: &[Hold], now: Ms) -> Vec<(String, Ms, usize)> {
    let mut out: Vec<(String, Ms, usize)> = Vec::new();
    let mut previous = None;
    for h in holds {
        let time = (h.to.unwrap_or(now) - h.from).max(0);
        let hop = usize::from(previous != Some(&h.holder));
        match out.iter_mut().find(|(holder, _, _)| *holder == h.holder) {
            Some((_, sum, hops)) => (*sum, *hops) = (*sum + time, *hops + hop),
            None => out.push((h.holder.clone(), time, 1)),
        }
        previous = Some(&h.holder);
    }
    out
}

/// Writes a changed case: ends the running interval when holder, state or overlay changed, begins the next, counts.
pub(super) fn save(tx: &mut Tx, before: &Case, after: &mut Case) {
    // A clock that was set back turns no interval round: it ends where it began, and the next one begins there.
    let now = tx.now().max(before.hold_from.or(before.closed_at).unwrap_or(0));
    if (&after.holder, after.state, after.overlay) != (&before.holder, before.state, before.overlay) {
        if let (Some(holder), Some(from)) = (&before.holder, before.hold_from) {
            let row = params![&before.id, before.hold_n, holder, before.state, before.overlay, from, now];
            tx.append("case_hold", &HOLD, row);
            after.hold_n = before.hold_n + i64::from(after.holder.is_some());
        } else if after.holder.is_some() {
            after.hold_n = before.hold_n + 1;
        }
        after.hold_from = after.holder.as_ref().map(|_| now);
    }
    if after.holder != before.holder {
        after.holder_since = after.holder.as_ref().map(|_| now);
    }
    if after.state != before.state {
        tally(tx, &before.area, before.state, -1);
        tally(tx, &before.area, after.state, 1);
    }
    put(tx, after);
}

/// The one interval of a case that is written when it is settled already.
pub(crate) fn ended(tx: &mut Tx, case: &Case, holder: &str) {
    let row = params![&case.id, 1, holder, State::Received, case.overlay, case.received_at, case.closed_at];
    tx.append("case_hold", &HOLD, row);
}

/// Counts cases of an area in or out of a state.
pub(crate) fn tally(tx: &mut Tx, area: &str, state: State, n: i64) {
    tx.add("case_tally", &TALLY, params![area, state, n]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_charged_to_whoever_holds_it() {
        let h = |holder: &str, from, to| Hold { holder: holder.into(), state: State::Handling, overlay: None, from, to };
        let all = [
            h("desk", 0, Some(5)),
            h("firm", 5, Some(25)),
            h("desk", 25, Some(26)),
            h("desk", 26, Some(30)),
            h("firm", 30, None),
        ];
        assert_eq!(charged(&all, 40), [("desk".into(), 10, 2), ("firm".into(), 30, 2)]);
        assert_eq!(charged(&all, 40).iter().map(|c| c.1).sum::<Ms>(), 40, "sum = age");
    }
}
