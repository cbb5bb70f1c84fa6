//! Ballots on paper: received before the end, keyed by two people, and looked at by a third where the two differ.
//!
//! What must stay true: a paper counts from the moment it was received, which is never after the vote closed; nobody keys
//! one paper twice; what the first keyed is not shown to the second; nothing counts before two agree.

use calc::tally::Channel;
use store::{Entry, Query, Tx, params};

use super::ballot::{self, Choices, New};
use super::rules::{self, Phase};
use super::{Vote, by_id};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::{Result, Who};

names! {
    /// Where a paper stands.
    State { Received = "received", Once = "once", Differs = "differs", Counted = "counted", }
}

/// Papers of one call.
pub const MOST: usize = 500;

/// Receives papers: their slips were read. One that was received before changes nothing.
pub fn receive(tx: &mut Tx, who: &Who, id: &str, units: &[i64], media: Option<&str>) -> Result<i64> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    match rules::phase(&vote, now) {
        Phase::Open => {}
        Phase::Draft | Phase::Notice => return Err(Kind::NotOpen.into()),
        _ => return Err(Kind::VoteClosed.into()),
    }
    let log = vote.entry(who, "vote.paper")?;
    let mut new = 0;
    for n in units {
        if super::roll::one(tx, &vote.roll, *n)?.is_none() {
            return Err(Kind::Unknown.at("ballot"));
        }
        let sql = "insert into ballot_paper(vote, n, state, received_at, received_by, media) values ($1, $2, $3, $4, $5, $6) \
                   on conflict do nothing";
        new += tx.exec(sql, params![id, *n, State::Received, now, who.actor(), media])? as i64;
    }
    tx.log(log.fact("papers", new))?;
    Ok(new)
}

/// Keys what stands on a paper: the first, the second, or the one who looks where those two differ.
pub fn key(tx: &mut Tx, who: &Who, id: &str, n: i64, choices: &Choices) -> Result<State> {
    let vote = by_id(tx, id)?;
    let log = vote.entry(who, "vote.key")?;
    let me = who.actor().ok_or(Kind::SignIn)?;
    let sql = "select state, received_at, first, first_by, second_by from ballot_paper where vote = $1 and n = $2";
    let row = tx.row(sql, params![id, n])?.ok_or(Kind::NotFound)?;
    let (state, received): (State, i64) = (row.get("state")?, row.get("received_at")?);
    let (first_by, second_by): (Option<String>, Option<String>) = (row.get("first_by")?, row.get("second_by")?);
    if first_by.as_deref() == Some(me) || second_by.as_deref() == Some(me) {
        return Err(Kind::SameKeyer.into());
    }
    let sealed = tx.seal(id, choices.text().as_bytes())?;
    let (next, sql) = match state {
        State::Counted => return Err(Kind::State.into()),
        State::Received => {
            (State::Once, "update ballot_paper set state = $3, first = $4, first_by = $5 where vote = $1 and n = $2")
        }
        State::Once => {
            let first: Vec<u8> = row.get("first")?;
            let same = tx.open(id, &first)?.is_some_and(|b| b == choices.text().as_bytes());
            let next = if same { State::Counted } else { State::Differs };
            (next, "update ballot_paper set state = $3, second = $4, second_by = $5 where vote = $1 and n = $2")
        }
        // Whoever looks at the paper itself has the last word; what the two keyed stays in the log.
        State::Differs => {
            (State::Counted, "update ballot_paper set state = $3, second = $4, second_by = $5 where vote = $1 and n = $2")
        }
    };
    tx.exec(sql, params![id, n, next, sealed, me])?;
    let owner = vote.id.clone();
    let log = Entry { owner: Some(&owner), ..log };
    tx.log(log.fact("unit", n).fact("state", next.as_str()).element("vote.choice", Some(choices.text().as_str())))?;
    if next == State::Counted {
        let new = New { vote: id, n, channel: Channel::Paper, choices, received: Some(received) };
        let (ballot, _) = ballot::cast(tx, who, &new)?;
        tx.exec("update ballot_paper set ballot = $3 where vote = $1 and n = $2", params![id, n, ballot])?;
    }
    Ok(next)
}

/// How many papers wait.
pub fn count(q: &mut dyn Query, vote: &str) -> Result<i64> {
    Ok(q.count("select count(*) from ballot_paper where vote = $1 and state <> $2", params![vote, State::Counted])?)
}

/// A paper that waits.
pub struct Waiting {
    /// Place of its unit on the roll.
    pub n: i64,
    /// Name of the unit.
    pub unit: String,
    /// Where it stands.
    pub state: State,
    /// Whether this reader may key it.
    pub mine: bool,
}

/// Papers that wait for somebody, those that differ first, and how many there are.
pub fn waiting(q: &mut dyn Query, vote: &Vote, who: &Who, most: i64) -> Result<(Vec<Waiting>, i64)> {
    let from = "from ballot_paper p join roll_unit u on u.roll = $2 and u.n = p.n where p.vote = $1 and p.state <> $3";
    let sql = format!(
        "select p.n as n, u.unit as unit, p.state as state, p.first_by as first_by, p.second_by as second_by {from} \
                       order by case p.state when 'differs' then 0 when 'once' then 1 else 2 end, p.received_at, p.n limit $4"
    );
    let rows = q.rows(&sql, params![&vote.id, &vote.roll, State::Counted, most])?;
    let all = q.count(&format!("select count(*) {from}"), params![&vote.id, &vote.roll, State::Counted])?;
    let me = who.actor();
    let read = |row: &store::Row| -> store::Result<Waiting> {
        let by: [Option<String>; 2] = [row.get("first_by")?, row.get("second_by")?];
        Ok(Waiting {
            n: row.get("n")?,
            unit: row.get("unit")?,
            state: row.get("state")?,
            mine: by.iter().all(|b| b.is_none() || b.as_deref() != me),
        })
    };
    Ok((rows.iter().map(read).collect::<store::Result<_>>()?, all))
}
