//! Nobody who is away holds a running clock: what lies with him goes to his substitute, or back to his organisation.
//!
//! What must stay true: done again it changes nothing; everything is found in the database alone, whether leave was
//! entered in advance, late, or during an outage; holder and clock stay as they are, for the organisation answers.

use store::{Entry, Query, Tx, params};

use crate::base::roster;
use crate::kit::Result;
use crate::kit::time::Ms;
use crate::records::case::{load, put};

/// Open cases that lie with somebody who is away.
pub fn cases(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql = "select distinct c.id from roster_leave l join cases c on c.assignee = l.person and c.holder = l.body \
               where l.from_at <= $1 and l.to_at > $1 and l.cancelled_at is null and c.due_at is not null limit $2";
    Ok(q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Moves a case on.
pub fn reassign(tx: &mut Tx, id: &str) -> Result<()> {
    let now = tx.now();
    let Some(mut case) = load(tx, id)?.filter(|c| c.state.is_open()) else { return Ok(()) };
    let (Some(holder), Some(person)) = (case.holder.clone(), case.assignee.clone()) else { return Ok(()) };
    let next = roster::stand_in(tx, &holder, &person, now)?;
    if next.as_deref() == Some(person.as_str()) {
        return Ok(());
    }
    case.assignee = next;
    put(tx, &case);
    let entry = Entry { party: Some(&holder), area: Some(&case.area), ..Entry::new("case.reassign", "case", &case.id) };
    let entry = entry.fact("number", case.number.as_str()).fact("state", case.state.as_str()).fact("holder", holder.as_str());
    tx.log(entry.fact("instead_of", person.as_str()).fact_opt("assignee", case.assignee.as_deref()))?;
    Ok(())
}
