//! Records of the same person: suspected by the program, joined by somebody, and separated again.
//!
//! What must stay true: the records themselves stay as they are; one of them, the oldest, stands for all that are joined
//! with it, and its view takes of each value the most trusted. Two different valid identity numbers are never joined.
//! What somebody decided is not asked again.

use std::collections::BTreeSet;

use store::{Entry, Query, Row, Tx, params};

use super::act;
use super::joined::TOGETHER;
use super::person::{self, Person};
use super::rules::{self, State, may_keep};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::{Result, Who};

names! {
    /// What is said about a pair.
    Said { Suspected = "suspected", Same = "same", Other = "other", Apart = "apart", }
}

/// Pairs that a page lists.
pub const LISTED: i64 = 50;

/// A pair.
#[expect(missing_docs, reason = "the names say it")]
pub struct Pair {
    pub id: String,
    pub a: String,
    pub b: String,
    /// Log-odds in hundredths of a bit.
    pub bits: i64,
    pub why: Vec<String>,
    pub said: Said,
}

fn pair(row: &Row) -> store::Result<Pair> {
    let why: String = row.get("why")?;
    Ok(Pair {
        id: row.get("id")?,
        a: row.get("a")?,
        b: row.get("b")?,
        bits: row.get("bits")?,
        why: why.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect(),
        said: row.get("state")?,
    })
}

const COLUMNS: &str = "id, a, b, bits, why, state";

/// A pair.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Pair>> {
    q.row(&format!("select {COLUMNS} from resident_pair where id = $1"), params![id])?.as_ref().map(pair).transpose()
}

/// Pairs of an area about which nobody has said anything, the most certain first.
pub fn suspected(q: &mut dyn Query, path: &str) -> store::Result<Vec<Pair>> {
    let sql = format!(
        "select {COLUMNS} from resident_pair where state = 'suspected' and path >= $1 and path < $2 order by bits desc, id limit {LISTED}"
    );
    q.rows(&sql, params![path, area::end_of(path)])?.iter().map(pair).collect()
}

/// How many of these there are, up to a thousand.
pub fn waiting(q: &mut dyn Query, path: &str) -> store::Result<i64> {
    let sql =
        "select count(*) from (select 1 from resident_pair where state = 'suspected' and path >= $1 and path < $2 limit 1000) x";
    q.count(sql, params![path, area::end_of(path)])
}

/// What was said about a record: joined, and kept apart.
pub fn said_about(q: &mut dyn Query, id: &str) -> store::Result<Vec<Pair>> {
    let sql = format!(
        "select {COLUMNS} from resident_pair where a = $1 union all select {COLUMNS} from resident_pair where b = $1 \
         order by bits desc, id limit {LISTED}"
    );
    q.rows(&sql, params![id])?.iter().map(pair).collect()
}

/// The name of a pair, the same either way.
fn key(a: &str, b: &str) -> String {
    if a < b { format!("{a}:{b}") } else { format!("{b}:{a}") }
}

/// Notes that two records are perhaps the same; false when that is known already. The caller logs.
pub(super) fn suspect(tx: &mut Tx, a: &str, b: &str, bits: i64, why: &str) -> Result<bool> {
    let (Some(one), Some(_)) = (person::fetch(tx, a)?, person::fetch(tx, b)?) else { return Ok(false) };
    let sql = "insert into resident_pair(id, a, b, path, bits, why, state, found_at) values ($1, $2, $3, $4, $5, $6, $7, $8) \
               on conflict(id) do nothing";
    let now = tx.now();
    Ok(tx.exec(sql, params![key(a, b), a, b, &one.spot.path, bits, why, Said::Suspected, now])? > 0)
}

/// Whether somebody may decide about a pair: he keeps the register of both places.
fn both(tx: &mut Tx, who: &Who, pair: &Pair) -> Result<(Person, Person)> {
    let (a, b) = (person::fetch(tx, &pair.a)?.ok_or(Kind::NotFound)?, person::fetch(tx, &pair.b)?.ok_or(Kind::NotFound)?);
    if !may_keep(who, &a.spot.path) || !may_keep(who, &b.spot.path) {
        return Err(Kind::Denied.into());
    }
    Ok((a, b))
}

fn decide(tx: &mut Tx, who: &Who, pair: &Pair, said: Said, act: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update resident_pair set state = $2, said_at = $3, said_by = $4 where id = $1";
    tx.exec(sql, params![&pair.id, said, now, who.actor()])?;
    tx.log(Entry { actor: who.actor(), ..Entry::new(act, "pair", &pair.id) })?;
    Ok(())
}

/// Joins two records.
pub fn join(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let pair = by_id(tx, id)?.filter(|p| p.said != Said::Same).ok_or(Kind::NotFound)?;
    both(tx, who, &pair)?;
    decide(tx, who, &pair, Said::Same, "register.same")?;
    let members = together(tx, &pair.a)?;
    let numbers: BTreeSet<String> = members.iter().filter_map(|m| rules::number(m.values.text("register.id_number"))).collect();
    if numbers.len() > 1 {
        return Err(Kind::TwoNumbers.into());
    }
    stand(tx, who, &members, "register.same")
}

/// Says that two records are two people: not asked again.
pub fn keep_apart(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let pair = by_id(tx, id)?.filter(|p| p.said == Said::Suspected).ok_or(Kind::NotFound)?;
    both(tx, who, &pair)?;
    decide(tx, who, &pair, Said::Other, "register.other")
}

/// Separates what was joined, or brings back what was said to be two people.
pub fn undo(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let pair = by_id(tx, id)?.filter(|p| p.said != Said::Suspected).ok_or(Kind::NotFound)?;
    both(tx, who, &pair)?;
    let was = pair.said;
    decide(tx, who, &pair, if was == Said::Same { Said::Apart } else { Said::Suspected }, "register.apart")?;
    if was == Said::Same {
        for side in [&pair.a, &pair.b] {
            let members = together(tx, side)?;
            stand(tx, who, &members, "register.apart")?;
        }
    }
    Ok(())
}

/// Everything that is joined with a record, itself included, the oldest first.
fn together(tx: &mut Tx, id: &str) -> Result<Vec<Person>> {
    let (mut known, mut next) = (BTreeSet::from([id.to_owned()]), vec![id.to_owned()]);
    while let Some(id) = next.pop() {
        // However many others are suspected beside them.
        let sql = "select b other from resident_pair where a = $1 and state = 'same' union select a from resident_pair \
                   where b = $1 and state = 'same'";
        for row in tx.rows(sql, params![&id])? {
            let other: String = row.get("other")?;
            if known.insert(other.clone()) {
                next.push(other);
            }
        }
        if known.len() > TOGETHER {
            return Err(Kind::TooMany.at("pair").limit(TOGETHER as i64));
        }
    }
    let mut members = Vec::new();
    for id in &known {
        members.extend(person::fetch(tx, id)?.filter(|p| p.state != State::Erased));
    }
    // Whoever lives here stands before whoever has left.
    members.sort_by(|a, b| (a.state != State::Here, a.made_at, &a.id).cmp(&(b.state != State::Here, b.made_at, &b.id)));
    Ok(members)
}

/// Lets the first of some records stand for the others.
fn stand(tx: &mut Tx, who: &Who, members: &[Person], act: &str) -> Result<()> {
    let Some(first) = members.first() else { return Ok(()) };
    for member in members {
        let golden = (member.id != first.id).then(|| first.id.clone());
        if member.golden != golden {
            let mut after = member.clone();
            after.golden = golden;
            act::write(tx, who, act, member, after)?;
        }
    }
    Ok(())
}
