//! Rosters: who of an organisation is on duty when, and who is away with whom as substitute.
//!
//! What must stay true: a roster is a plan; nobody checks in, nothing records attendance, and nobody says why he is away
//! (inv13). It is kept by the members of an organisation for their own organisation; leave may also be entered by
//! whoever takes it. Times of leave of one person do not overlap, so there is one substitute at a time; a substitute who is away
//! is replaced by his own. An organisation of which everybody is away is treated as if nobody were: work
//! never ends up with nobody.
//!
//! Log kinds written: `roster.shift`, `roster.leave`, `roster.cancel`.

/// The page.
pub mod web;

use std::collections::{BTreeMap, BTreeSet};

use store::{Entry, Query, Row, Tx, params};

use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{Result, Who};

/// Longest shift and longest leave.
pub const SHIFT: Ms = 36 * HOUR;
/// Longest leave.
pub const LEAVE: Ms = 400 * DAY;
/// Coming shifts of an organisation.
pub const SHIFTS: i64 = 5000;
/// Substitutes of substitutes that are followed.
const HOPS: usize = 8;

/// A time on duty, or away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Id.
    pub id: String,
    /// Whose.
    pub person: String,
    /// Who stands in, for leave.
    pub substitute: Option<String>,
    /// Beginning.
    pub from: Ms,
    /// End.
    pub to: Ms,
}

fn span(row: &Row) -> store::Result<Span> {
    Ok(Span {
        id: row.get("id")?,
        person: row.get("person")?,
        substitute: row.get("substitute")?,
        from: row.get("from_at")?,
        to: row.get("to_at")?,
    })
}

/// Shifts of an organisation that touch a time, in order.
pub fn shifts(q: &mut dyn Query, body: &str, from: Ms, to: Ms) -> store::Result<Vec<Span>> {
    let sql = "select id, person, null substitute, from_at, to_at from roster_shift \
               where body = $1 and to_at > $2 and from_at < $3 and cancelled_at is null order by from_at, id limit 2000";
    q.rows(sql, params![body, from, to])?.iter().map(span).collect()
}

/// Leave in an organisation that touches a time, in order.
pub fn leave(q: &mut dyn Query, body: &str, from: Ms, to: Ms) -> store::Result<Vec<Span>> {
    let sql = "select id, person, substitute, from_at, to_at from roster_leave \
               where body = $1 and to_at > $2 and from_at < $3 and cancelled_at is null order by from_at, id limit 2000";
    q.rows(sql, params![body, from, to])?.iter().map(span).collect()
}

/// Who of an organisation is away at a moment, and who stands in.
pub fn away(q: &mut dyn Query, body: &str, at: Ms) -> store::Result<BTreeMap<String, Option<String>>> {
    Ok(leave(q, body, at, at + 1)?.into_iter().map(|s| (s.person, s.substitute)).collect())
}

/// Who of an organisation is on duty at a moment, and not away.
pub fn on_duty(q: &mut dyn Query, body: &str, at: Ms) -> store::Result<BTreeSet<String>> {
    let away = away(q, body, at)?;
    Ok(shifts(q, body, at, at + 1)?.into_iter().map(|s| s.person).filter(|p| !away.contains_key(p)).collect())
}

/// Who does what a person of an organisation should do at a moment: himself, his substitute, or nobody by name.
pub fn stand_in(q: &mut dyn Query, body: &str, person: &str, at: Ms) -> store::Result<Option<String>> {
    let away = away(q, body, at)?;
    if away.is_empty() {
        return Ok(Some(person.to_owned()));
    }
    let found = follow(&away, person);
    // A substitute who has left the organisation stands in for nobody.
    if found.as_deref() == Some(person) {
        return Ok(found);
    }
    let members = party::members(q, body, at)?;
    Ok(found.filter(|f| members.contains(f)))
}

/// Follows substitutes to the first who is there; a circle of them leads to nobody.
fn follow(away: &BTreeMap<String, Option<String>>, person: &str) -> Option<String> {
    let mut now = person;
    for _ in 0..HOPS {
        match away.get(now) {
            None => return Some(now.to_owned()),
            Some(next) => now = next.as_deref()?,
        }
    }
    None
}

/// Members of an organisation who can be reached at a moment: those who are not away, but all when everybody is.
/// `duty`: only those on duty, when anybody is.
pub fn reachable(q: &mut dyn Query, body: &str, at: Ms, duty: bool) -> store::Result<Vec<String>> {
    let all = party::members(q, body, at)?;
    let away = away(q, body, at)?;
    let there: Vec<String> = all.iter().filter(|p| !away.contains_key(*p)).cloned().collect();
    if there.is_empty() {
        return Ok(all);
    }
    if duty {
        let on: BTreeSet<String> = on_duty(q, body, at)?;
        let first: Vec<String> = there.iter().filter(|p| on.contains(*p)).cloned().collect();
        if !first.is_empty() {
            return Ok(first);
        }
    }
    Ok(there)
}

/// Whether a person keeps the roster of an organisation.
pub fn may_keep(who: &Who, body: &str) -> bool {
    who.in_body(body)
}

fn member(tx: &mut Tx, body: &str, person: &str, field: &'static str) -> Result<()> {
    let now = tx.now();
    if party::members(tx, body, now)?.iter().any(|p| p == person) { Ok(()) } else { Err(Kind::Unknown.at(field)) }
}

fn within(from: Ms, to: Ms, now: Ms, longest: Ms) -> Result<()> {
    if from >= to || to <= now || to - from > longest || from > now + LEAVE {
        return Err(Kind::OutOfRange.at("to"));
    }
    Ok(())
}

/// A shift to be added; `weeks` times, a week apart.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NewShift {
    pub body: String,
    pub person: String,
    /// Beginning and end of each time.
    pub times: Vec<(Ms, Ms)>,
}

/// Adds shifts.
pub fn add_shift(tx: &mut Tx, who: &Who, new: &NewShift) -> Result<Vec<String>> {
    let now = tx.now();
    if !may_keep(who, &new.body) {
        return Err(Kind::Denied.into());
    }
    member(tx, &new.body, &new.person, "person")?;
    let known = "select count(*) from roster_shift where body = $1 and to_at > $2 and cancelled_at is null";
    if tx.count(known, params![&new.body, now])? + new.times.len() as i64 > SHIFTS {
        return Err(Kind::TooMany.at("weeks").limit(SHIFTS));
    }
    let mut ids = Vec::new();
    for (from, to) in &new.times {
        within(*from, *to, now, SHIFT)?;
        let id = tx.id();
        let sql = "insert into roster_shift(id, body, person, from_at, to_at) values ($1, $2, $3, $4, $5)";
        tx.exec(sql, params![&id, &new.body, &new.person, *from, *to])?;
        log(tx, "roster.shift", who, &new.body, &id, |e| e.fact("from", *from).fact("to", *to))?;
        ids.push(id);
    }
    Ok(ids)
}

/// Leave to be added.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NewLeave {
    pub body: String,
    pub person: String,
    pub substitute: Option<String>,
    pub from: Ms,
    pub to: Ms,
}

/// Adds leave. What lies with the person then goes to the substitute by itself, when it begins.
pub fn add_leave(tx: &mut Tx, who: &Who, new: &NewLeave) -> Result<String> {
    let now = tx.now();
    if !may_keep(who, &new.body) && who.person.as_deref() != Some(&new.person) {
        return Err(Kind::Denied.into());
    }
    member(tx, &new.body, &new.person, "person")?;
    if let Some(other) = &new.substitute {
        if *other == new.person {
            return Err(Kind::Unknown.at("substitute"));
        }
        member(tx, &new.body, other, "substitute")?;
    }
    within(new.from, new.to, now, LEAVE)?;
    let sql = "select count(*) from roster_leave where body = $1 and person = $2 and from_at < $4 and to_at > $3 and cancelled_at is null";
    if tx.count(sql, params![&new.body, &new.person, new.from, new.to])? > 0 {
        return Err(Kind::Overlaps.at("from"));
    }
    let id = tx.id();
    let sql = "insert into roster_leave(id, body, person, substitute, from_at, to_at) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![&id, &new.body, &new.person, &new.substitute, new.from, new.to])?;
    log(tx, "roster.leave", who, &new.body, &id, |e| e.fact("from", new.from).fact("to", new.to))?;
    Ok(id)
}

/// Takes back a shift or leave that is not over.
pub fn cancel(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let now = tx.now();
    for table in ["roster_shift", "roster_leave"] {
        let sql = format!("select body, person from {table} where id = $1 and to_at > $2 and cancelled_at is null");
        let Some(row) = tx.row(&sql, params![id, now])? else { continue };
        let (body, person): (String, String) = (row.get("body")?, row.get("person")?);
        let own_leave = table == "roster_leave" && who.person.as_deref() == Some(&person);
        if !may_keep(who, &body) && !own_leave {
            return Err(Kind::Denied.into());
        }
        tx.exec(&format!("update {table} set cancelled_at = $2 where id = $1"), params![id, now])?;
        return log(tx, "roster.cancel", who, &body, id, |e| e);
    }
    Err(Kind::NotFound.into())
}

/// Writes an entry: about a plan of an organisation, never saying whose.
fn log<'a>(
    tx: &mut Tx,
    kind: &'a str,
    who: &'a Who,
    body: &'a str,
    id: &'a str,
    facts: impl FnOnce(Entry<'a>) -> Entry<'a>,
) -> Result<()> {
    let entry = Entry { actor: who.person.as_deref(), party: Some(body), ..Entry::new(kind, "roster", id) };
    tx.log(facts(entry))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes_are_followed_and_a_circle_leads_to_nobody() {
        let away = |list: &[(&str, Option<&str>)]| -> BTreeMap<String, Option<String>> {
            list.iter().map(|(p, s)| ((*p).to_owned(), s.map(str::to_owned))).collect()
        };
        let all = away(&[("a", Some("b")), ("b", Some("c")), ("d", None), ("e", Some("f")), ("f", Some("e"))]);
        assert_eq!(follow(&all, "a").as_deref(), Some("c"));
        assert_eq!(follow(&all, "x").as_deref(), Some("x"));
        assert_eq!((follow(&all, "d"), follow(&all, "e")), (None, None));
    }
}
