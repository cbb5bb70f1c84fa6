//! What a change of a project carries with it: steps ring once somebody carries it out; at its end needs and resources are set
//! right.
//!
//! What must stay true: a project that ends leaves nothing held and nothing ringing.

use store::{Entry, Query, Tx, params};

use super::{Project, Stand, State, needs};
use crate::activities::project::resource::Loan;
use crate::activities::project::{Book, need, settled, tell_body};
use crate::kit::{Result, Who};

/// What a project holds of a resource turns to this.
pub(super) fn set_loan(tx: &mut Tx, who: &Who, project: &Project, id: &str, number: &str, to: Loan) -> Result<()> {
    tx.log(project.entry(who, "project.lend").fact("resource", number).fact("state", to.as_str()))?;
    let sql = "update project_resource set state = $3, ring_at = null where project = $1 and resource = $2";
    tx.exec(sql, params![&project.id, id, to])?;
    Ok(())
}

/// Somebody carries it out from now on: the steps ring.
pub(super) fn run(tx: &mut Tx, book: &Book, who: &Who, project: &Project, body: &str, price: Option<i64>) -> Result<()> {
    tx.log(Entry { party: Some(body), ..project.entry(who, "project.run") })?;
    let sql = "update project set state = $2, body = $3, cost = $4 where id = $1";
    tx.exec(sql, params![&project.id, State::Running, body, price])?;
    tx.exec("update milestone set ring_at = due_at where project = $1 and state = $2", params![&project.id, Stand::Open])?;
    tell_body(tx, book, who, &project.number, "project-run", &project.desk)?;
    tell_body(tx, book, who, &project.number, "project-run", body)
}

/// Ends a project: needs are met or back on the list, and what it still holds is free.
pub(super) fn end(tx: &mut Tx, book: &Book, who: &Who, project: &Project, to: State, why: Option<&str>) -> Result<()> {
    let (now, act) = (tx.now(), if to == State::Done { "project.done" } else { "project.void" });
    let entry = project.entry(who, act);
    tx.log(match why {
        Some(why) => entry.fact("digest", crate::kit::digest(&[why.to_owned()])),
        None => entry,
    })?;
    tx.exec("update project set state = $2, ended_at = $3, why = $4 where id = $1", params![&project.id, to, now, why])?;
    tx.exec("update milestone set ring_at = null where project = $1", params![&project.id])?;
    tx.exec("update tender set ring_at = null where project = $1", params![&project.id])?;
    let loans = "update project_resource set state = $2, ring_at = null where project = $1 and state in ($3, $4)";
    tx.exec(loans, params![&project.id, Loan::Freed, Loan::Asked, Loan::Lent])?;
    settled(tx, book, &project.number)?;
    for need in needs(tx, &project.id)? {
        let others =
            "select count(*) from project_need n join project p on p.id = n.project where n.need = $1 and p.state in ($2, $3)";
        let open = tx.count(others, params![&need, State::Open, State::Running])? > 0;
        let turn = match to {
            State::Done => need::State::Met,
            _ if open => continue,
            _ => need::State::Listed,
        };
        need::turn(tx, book, who, &need, turn, &project.number)?;
    }
    Ok(())
}
