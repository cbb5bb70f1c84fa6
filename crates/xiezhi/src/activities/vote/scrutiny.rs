//! Scrutineers (监票人): residents of the place who watch what comes in and how it is counted.
//!
//! What must stay true: a scrutineer lives there, offers himself and is named by the desk, which is no scrutineer of its own
//! vote; before the end he sees which ballots there are, how each came and who wrote it down (a resident or the desk), never
//! what they say; after the end he sees that too, each look at it logged. Nobody is shown who has not voted.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Tx, params};

use super::rules::{self, Phase};
use super::{Vote, by_id};
use crate::base::catalogue::{Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where an offer stands.
    State { Offered = "offered", Named = "named", Refused = "refused", }
}

/// Most offers to one vote, and most who are named.
const OFFERS: i64 = 30;
const NAMED: i64 = 9;

/// Somebody who offered.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Offer {
    pub person: String,
    pub name: Option<String>,
    pub state: &'static str,
}

/// How this person stands to the count.
pub fn state_of(q: &mut dyn Query, vote: &str, who: &Who) -> Result<Option<State>> {
    let Some(person) = who.person.as_deref().filter(|_| who.by.is_none()) else { return Ok(None) };
    let row = q.row("select state from vote_scrutineer where vote = $1 and person = $2", params![vote, person])?;
    Ok(row.map(|r| r.get("state")).transpose()?)
}

/// Whether somebody can offer himself now: he takes part in the place and does not run the vote.
pub fn may_offer(vote: &Vote, who: &Who, now: Ms) -> bool {
    let going_on = matches!(rules::phase(vote, now), Phase::Notice | Phase::Open);
    going_on && !vote.is_run_by(who) && who.part_in(&vote.path).is_some_and(|kind| !kind.is_desk())
}

/// Everybody who offered, with names for whoever runs the vote.
pub fn offers(q: &mut dyn Query, vote: &Vote, look: &mut Look) -> Result<Vec<Offer>> {
    let sql = "select person, state from vote_scrutineer where vote = $1 order by at, person limit $2";
    let mut out = Vec::new();
    for row in q.rows(sql, params![&vote.id, OFFERS])? {
        let person: String = row.get("person")?;
        let name = party::name_of(q, &person)?.and_then(|n| look.at(&n, Relation::Desk));
        out.push(Offer { person, name, state: row.get::<State>("state")?.as_str() });
    }
    Ok(out)
}

/// Offers to watch the count.
pub fn offer_self(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if !may_offer(&vote, who, now) {
        return Err(if who.part_in(&vote.path).is_none() { Kind::OtherArea } else { Kind::State }.into());
    }
    if tx.count("select count(*) from vote_scrutineer where vote = $1", params![id])? >= OFFERS {
        return Err(Kind::TooMany.at("person").limit(OFFERS));
    }
    let sql = "insert into vote_scrutineer(vote, person, state, at) values ($1, $2, $3, $4) on conflict do nothing";
    tx.exec(sql, params![id, person, State::Offered, now])?;
    tx.log(Entry { actor: Some(person), area: Some(&vote.area), ..Entry::new("vote.offer", "vote", id) })?;
    Ok(())
}

/// The desk names somebody who offered, or does not.
pub fn decide(tx: &mut Tx, who: &Who, id: &str, person: &str, accept: bool) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let entry = vote.entry(who, "vote.scrutineer")?;
    if !matches!(rules::phase(&vote, now), Phase::Notice | Phase::Open | Phase::Counting) {
        return Err(Kind::State.into());
    }
    let named = "select count(*) from vote_scrutineer where vote = $1 and state = $2 and person <> $3";
    if accept && tx.count(named, params![id, State::Named, person])? >= NAMED {
        return Err(Kind::TooMany.at("person").limit(NAMED));
    }
    let state = if accept { State::Named } else { State::Refused };
    let sql = "update vote_scrutineer set state = $3 where vote = $1 and person = $2";
    if tx.exec(sql, params![id, person, state])? == 0 {
        return Err(Kind::NotFound.into());
    }
    tx.log(entry.fact("person", person).fact("state", state.as_str()))?;
    Ok(())
}
