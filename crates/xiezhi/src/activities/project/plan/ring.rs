//! What happens to a project by itself: a step is late, the days for answers or bids are over, an owner is silent, it is past its
//! end.
//!
//! What must stay true: all of it is found in the database alone; each bell moves the next one on.

use store::{Tx, params};

use super::life::set_loan;
use super::{Project, Stand, State, accept, by_id, steps, tender};
use crate::activities::project::resource::{self, Loan};
use crate::activities::project::{Book, above, tell_body};
use crate::kit::time::DAY;
use crate::kit::{Result, Who};

/// Rings a step: done and answered, or late.
pub fn step(tx: &mut Tx, book: &Book, project: &str, n: i64) -> Result<()> {
    let (project, now, system): (Project, _, Who) = (by_id(tx, project)?, tx.now(), Who::system());
    let Some(step) = steps(tx, &project.id)?.into_iter().find(|s| s.n == n) else { return Ok(()) };
    if step.state == Stand::Reported {
        return accept::ring(tx, book, &project, n);
    }
    // Late: told again every few days, to the desk and to the one above.
    tx.log(project.entry(&system, "project.ring").fact("n", n))?;
    let next = now + book.pack.accept.decide_days * DAY;
    tx.exec("update milestone set ring_at = $3 where project = $1 and n = $2", params![&project.id, n, next])?;
    let body = project.body.clone().unwrap_or_else(|| project.desk.clone());
    tell_body(tx, book, &system, &project.number, "project-late", &body)?;
    let desk =
        if now > step.due_at + book.pack.accept.decide_days * DAY { above(book, &project.desk) } else { project.desk.clone() };
    if desk == body { Ok(()) } else { tell_body(tx, book, &system, &project.number, "project-late", &desk) }
}

/// Rings a tender.
pub fn tender(tx: &mut Tx, book: &Book, project: &str) -> Result<()> {
    let project = by_id(tx, project)?;
    if project.state == State::Open { tender::ring(tx, book, &project) } else { Ok(()) }
}

/// An owner was silent too long: what was asked for is free again.
pub fn loan(tx: &mut Tx, book: &Book, project: &str, resource: &str) -> Result<()> {
    let (project, one, system) = (by_id(tx, project)?, resource::by_id(tx, resource)?, Who::system());
    set_loan(tx, &system, &project, &one.id, &one.number, Loan::Freed)?;
    tell_body(tx, book, &system, &project.number, "project-silent", project.body.as_ref().unwrap_or(&project.desk))
}
