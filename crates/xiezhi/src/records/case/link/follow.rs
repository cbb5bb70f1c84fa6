//! What follows for links from the life of cases: what is evident is linked when a case is taken up or classified; a case in
//! which nothing was gives its links back; an earlier case that is open again counts as reopened, not twice.
//!
//! What must stay true: derived from the log with a cursor, so that nothing is missed or done twice; what is looked up is
//! looked up before the write, and checked again inside it.

use store::{Query, Tx, Written, params};

use super::{Earlier, WINDOW, again, find, reopened, some, unwrite, write};
use crate::kit::{App, Result, Who, follow};
use crate::records::case::rules::State;
use crate::records::case::{Rulebook, by_id, load};

/// What an entry of the log asks of the links.
enum Plan {
    /// The case repeats another one, evidently.
    Link(String, String),
    /// It turned out to be nothing: its links go.
    Drop(String),
    /// The earlier case is worked on again.
    Reopened(String),
}

/// Follows the log: links what is evident when a case is taken up or classified, takes links back when nothing was in it;
/// returns how many entries were read.
pub fn follow(app: &App) -> Result<u64> {
    let (now, book) = (app.now(), Rulebook::now(app)?);
    follow::follow(
        app,
        "link",
        |r, entries| {
            // What is old was not followed when it happened: it is too late to speak of it now.
            let entries = entries.iter().filter(|e| e.at > now - WINDOW && concerns(e));
            entries.filter_map(|e| plan(r, &book, e).transpose()).collect::<Result<Vec<Plan>>>()
        },
        |tx, plans| plans.iter().try_for_each(|plan| carry_out(tx, plan)),
    )
}

/// Steps after which there may be something to link or to take back.
fn concerns(entry: &Written) -> bool {
    const ACTS: [&str; 8] =
        ["case.accept", "case.dispatch", "case.rule", "case.close", "case.reject", "case.merge", "case.withdraw", "case.reopen"];
    ACTS.contains(&entry.act.as_str())
}

fn plan(q: &mut dyn Query, book: &Rulebook, entry: &Written) -> Result<Option<Plan>> {
    let from = entry.fact("from");
    Ok(match entry.act.as_str() {
        "case.reopen" if from == Some(State::Closed.as_str()) => Some(Plan::Reopened(entry.obj.clone())),
        "case.reject" | "case.merge" | "case.withdraw" => Some(Plan::Drop(entry.obj.clone())),
        "case.close" if !matches!(entry.fact("outcome"), Some("solved" | "half")) => Some(Plan::Drop(entry.obj.clone())),
        "case.accept" | "case.dispatch" | "case.rule"
            if from == Some(State::Received.as_str()) || entry.fact("class").is_some() =>
        {
            let Some(case) = by_id(q, &entry.obj)? else { return Ok(None) };
            if !some(q, "case_id = $1", params![&case.id])?.is_empty() {
                return Ok(None);
            }
            find(q, book, &case)?.into_iter().find(Earlier::evident).map(|e| Plan::Link(case.id, e.case.id))
        }
        _ => None,
    })
}

fn carry_out(tx: &mut Tx, plan: &Plan) -> Result<()> {
    let system = Who::system();
    match plan {
        Plan::Link(case, other) => {
            let (Some(case), Some(other)) = (load(tx, case)?, load(tx, other)?) else { return Ok(()) };
            let known = !some(tx, "case_id = $1", params![&case.id])?.is_empty();
            if !known && again(&case, &other).is_ok() {
                write(tx, &system, &case, &other)?;
            }
        }
        Plan::Drop(case) => {
            let Some(case) = load(tx, case)? else { return Ok(()) };
            for link in some(tx, "undone_at is null and case_id = $1", params![&case.id])? {
                if let Some(other) = load(tx, &link.other)? {
                    unwrite(tx, &system, &case, &other, &link, None)?;
                }
            }
        }
        Plan::Reopened(case) => reopened(tx, case)?,
    }
    Ok(())
}
