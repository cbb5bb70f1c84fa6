//! What was promised about a case to somebody outside (a hotline, whoever handed it down): no clock of the case ends later.
//!
//! What must stay true: a promise only ever makes a clock stricter than the catalogue does; when it is moved further out,
//! the running clock gets what its stage would have had, and no more. Once its moment has passed the engine's own clocks
//! go on, or the case would ring for ever.

use store::{Entry, Tx};

use super::{clock, ledger};
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
use crate::records::case::{Rulebook, load};

/// A day that was agreed with those concerned: it takes the place of the limit of its class, shorter or longer, while the
/// case is handled.
pub fn agree(tx: &mut Tx, book: &Rulebook, who: &Who, id: &str, by: Ms) -> Result<()> {
    let now = tx.now();
    let before = load(tx, id)?.ok_or(Kind::NotFound)?;
    let mut after = before.clone();
    (after.must_by, after.due_at, after.handle_due) = (Some(by), Some(by), Some(by));
    clock::settle(book, now, &before, &mut after);
    ledger::save(tx, &before, &mut after);
    let entry = Entry { actor: who.person.as_deref(), area: Some(&before.area), ..Entry::new("case.promise", "case", id) };
    let entry = entry.fact("number", before.number.as_str()).fact("state", after.state.as_str());
    tx.log(entry.fact_opt("due", after.due_at).fact("by", by).fact("agreed", 1))?;
    Ok(())
}

/// Promises that the case is settled by then, or nothing any more.
pub fn promise(tx: &mut Tx, book: &Rulebook, who: &Who, id: &str, by: Option<Ms>) -> Result<()> {
    let now = tx.now();
    let before = load(tx, id)?.ok_or(Kind::NotFound)?;
    if before.must_by == by {
        return Ok(());
    }
    let mut after = before.clone();
    after.must_by = by;
    if before.due_at.is_some() && before.due_at == before.must_by {
        let stage = before.state.stage().zip(before.clock_from);
        let own = stage.map(|(stage, from)| book.stage_end(&before, stage, from));
        after.due_at = before.due_at.max(own);
    }
    clock::settle(book, now, &before, &mut after);
    // A promise is no new beginning: the share of the clock at which somebody is warned counts from where it ran.
    after.clock_from = before.clock_from;
    ledger::save(tx, &before, &mut after);
    let entry = Entry { actor: who.person.as_deref(), area: Some(&before.area), ..Entry::new("case.promise", "case", id) };
    let entry = entry.fact("number", before.number.as_str()).fact("state", after.state.as_str());
    tx.log(entry.fact_opt("due", after.due_at).fact_opt("by", by))?;
    Ok(())
}
