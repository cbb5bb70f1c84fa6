//! Who is told of what: one matter in the inbox for each consultation, whatever happens to it.
//!
//! What must stay true: authors, seats and appraisers hear of each change of stage; a desk of what waits for it; nobody of
//! what he did himself; and no notice holds a word of what was said.

use std::collections::BTreeSet;

use store::{Query, Tx, params};

use super::{Basis, Consult};
use crate::base::notice::{self, New, Step};
use crate::base::roster;
use crate::kit::{Result, Who};

/// People who are told at once.
const MOST: i64 = 2000;

/// Tells somebody of each stage from now on.
pub fn follow(tx: &mut Tx, consult: &str, person: &str) -> Result<()> {
    let now = tx.now();
    let sql = "insert into consult_follow(consult, person, at) values ($1, $2, $3) on conflict(consult, person) do nothing";
    tx.exec(sql, params![consult, person, now])?;
    Ok(())
}

/// Whether somebody is told of each stage.
pub fn follows(q: &mut dyn Query, consult: &str, person: &str) -> store::Result<bool> {
    let sql = "select count(*) from consult_follow where consult = $1 and person = $2";
    Ok(q.count(sql, params![consult, person])? > 0)
}

/// Everybody who follows, and whoever speaks for an organisation that sits in it.
fn followers(tx: &mut Tx, consult: &str) -> Result<BTreeSet<String>> {
    let now = tx.now();
    let mut out = BTreeSet::new();
    for row in tx.rows("select person from consult_follow where consult = $1 order by at limit $2", params![consult, MOST])? {
        out.insert(row.get("person")?);
    }
    for row in tx.rows("select distinct body from consult_seat where consult = $1 and body is not null", params![consult])? {
        let body: String = row.get("body")?;
        out.extend(roster::reachable(tx, &body, now, false)?);
    }
    Ok(out)
}

/// The matter moved on: whoever was waited for is not any more, and all whom it concerns are told.
pub fn all(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, kind: &str) -> Result<()> {
    let people = followers(tx, &c.id)?;
    put(tx, basis, who, c, kind, people, true)
}

/// These organisations have something to do, or to know.
pub fn bodies(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, kind: &str, bodies: &[&str]) -> Result<()> {
    let (now, mut people) = (tx.now(), BTreeSet::new());
    for body in bodies {
        people.extend(roster::reachable(tx, body, now, false)?);
    }
    put(tx, basis, who, c, kind, people, false)
}

/// This person alone.
pub fn one(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, kind: &str, person: &str) -> Result<()> {
    put(tx, basis, who, c, kind, [person.to_owned()].into(), false)
}

fn put(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, kind: &str, people: BTreeSet<String>, moved: bool) -> Result<()> {
    let at = tx.now();
    let mut steps: Vec<Step> = moved.then(|| Step::Settled(c.number.clone())).into_iter().collect();
    let others = people.into_iter().filter(|p| Some(p.as_str()) != who.person.as_deref());
    steps.extend(others.map(|person| {
        Step::Tell(New { person, at, kind: format!("consult-{kind}"), subject: c.number.clone(), class: None, urgent: false })
    }));
    notice::take(tx, &basis.zone, &steps)
}
