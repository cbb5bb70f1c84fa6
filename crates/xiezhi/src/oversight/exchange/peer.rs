//! Who exchanges with this node: the level above, those beneath, departments with systems of their own.
//!
//! What must stay true: a peer is known by its log, whose name is its key; it stands here as a desk ([`Peer::body`]), and what is
//! dispatched to that desk travels; a peer that was held gives and gets nothing until somebody releases it.

use store::{Entry, Query, Tx, params};

use super::wire::Stream;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Role, Who};

names! {
    /// What a peer is to us.
    Relation { Parent = "parent", Child = "child", Department = "department", }
    /// Whether it gives and gets.
    Standing { Joined = "joined", Held = "held", Ended = "ended", }
}

/// Name of the follower that hears what is to be told to peers: it begins when the first one joins.
pub const FOLLOWER: &str = "exchange";
/// Peers of one node: the communities of a large county and its departments.
pub const MOST: i64 = 2_000;

row! {
    /// A node that exchanges with this one.
    #[derive(Clone, Debug)]
    pub struct Peer {
        /// Its id here.
        pub id: String,
        /// Name of its log.
        pub origin: String,
        /// What it is to us.
        pub relation: Relation,
        /// What it calls itself.
        pub name: String,
        /// Its area: the id of it here.
        pub area: String,
        /// The code of that area: what it tells of lies within.
        pub code: String,
        /// The desk that stands for it here.
        pub body: String,
        /// Where it is called.
        pub url: Option<String>,
        /// Public key for what is sealed for it.
        pub lock: Option<String>,
        /// Highest grade of a value that goes to it.
        pub grade: i64,
        /// Whether it gives and gets.
        pub state: Standing,
        /// Why it was held.
        pub why: Option<String>,
        /// Since when.
        pub made_at: Ms,
        /// Until when.
        pub ended_at: Option<Ms>,
    }
}

impl Peer {
    /// The stream that goes to it.
    pub fn outward(&self) -> Stream {
        if self.relation == Relation::Parent { Stream::Up } else { Stream::Down }
    }

    /// The stream that comes from it.
    pub fn inward(&self) -> Stream {
        if self.relation == Relation::Parent { Stream::Down } else { Stream::Up }
    }

    /// Whether a place lies within what it answers for. The level above speaks for every place.
    pub fn covers(&self, code: &str) -> bool {
        self.relation == Relation::Parent || code.starts_with(&self.code)
    }

    /// Who acts when it does: its desk, named by its id.
    pub fn who(&self, q: &mut dyn Query) -> Result<Who> {
        let body = party::body_by_id(q, &self.body)?.ok_or(Kind::NotFound)?;
        let place = crate::base::area::by_id(q, &body.area)?.ok_or(Kind::NotFound)?;
        let role = Role { kind: body.kind, area: place.id, path: place.path, body: Some(body.id), body_name: Some(body.name) };
        Ok(Who { person: Some(self.id.clone()), roles: vec![role], ..Who::default() })
    }
}

/// All that have not ended, the level above first.
pub fn all(q: &mut dyn Query) -> store::Result<Vec<Peer>> {
    let sql = format!("select {COLUMNS} from exchange_peer where state <> 'ended' order by relation desc, code, id limit $1");
    q.rows(&sql, params![MOST])?.iter().map(read).collect()
}

/// The peer with this log.
pub fn by_origin(q: &mut dyn Query, origin: &str) -> store::Result<Option<Peer>> {
    q.row(&format!("select {COLUMNS} from exchange_peer where origin = $1"), params![origin])?.as_ref().map(read).transpose()
}

/// The peer with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Peer>> {
    q.row(&format!("select {COLUMNS} from exchange_peer where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// Writes down a peer that joined.
pub fn add(tx: &mut Tx, actor: Option<&str>, p: &Peer) -> Result<()> {
    if tx.count("select count(*) from exchange_peer where state <> 'ended'", &[])? >= MOST {
        return Err(crate::kit::Error::from(Kind::TooMany).limit(MOST));
    }
    let entry = Entry { actor, party: Some(&p.body), area: Some(&p.area), ..Entry::new("exchange.join", "exchange-peer", &p.id) };
    let entry = entry.fact("origin", p.origin.as_str()).fact("relation", p.relation.as_str()).fact("code", p.code.as_str());
    tx.log(entry.fact("name", p.name.as_str()).fact("grade", p.grade))?;
    let columns = [
        "id", "origin", "relation", "name", "area", "code", "body", "url", "lock", "grade", "state", "why", "made_at", "ended_at",
    ];
    let row = params![
        &p.id,
        &p.origin,
        p.relation.as_str(),
        &p.name,
        &p.area,
        &p.code,
        &p.body,
        &p.url,
        &p.lock,
        p.grade,
        p.state.as_str(),
        &p.why,
        p.made_at,
        p.ended_at
    ];
    tx.insert_many("exchange_peer", &columns, &[row.to_vec()])?;
    Ok(())
}

/// Holds a peer: it gives and gets nothing any more. `why` is a stable code, `exchange-why-<code>`.
pub fn hold(tx: &mut Tx, p: &Peer, actor: Option<&str>, why: &str) -> Result<()> {
    turn(tx, p, actor, ("exchange.hold", Standing::Held), Some(why))
}

/// Lets a held peer go on.
pub fn release(tx: &mut Tx, p: &Peer, actor: &str) -> Result<()> {
    turn(tx, p, Some(actor), ("exchange.release", Standing::Joined), None)
}

/// Ends the exchange with a peer for good: its key counts for nothing any more.
pub fn end(tx: &mut Tx, p: &Peer, actor: &str) -> Result<()> {
    turn(tx, p, Some(actor), ("exchange.end", Standing::Ended), None)
}

fn turn(tx: &mut Tx, p: &Peer, actor: Option<&str>, (act, to): (&str, Standing), why: Option<&str>) -> Result<()> {
    let now = tx.now();
    let from = by_id(tx, &p.id)?.ok_or(Kind::NotFound)?.state;
    if from == to {
        return Ok(());
    }
    if from == Standing::Ended || to == Standing::Joined && from != Standing::Held {
        return Err(Kind::State.into());
    }
    let entry = Entry { actor, party: Some(&p.body), area: Some(&p.area), ..Entry::new(act, "exchange-peer", &p.id) };
    tx.log(entry.fact_opt("why", why))?;
    let ended = (to == Standing::Ended).then_some(now);
    tx.exec(
        "update exchange_peer set state = $2, why = $3, ended_at = $4 where id = $1",
        params![&p.id, to.as_str(), why, ended],
    )?;
    Ok(())
}

/// Another address under which a peer is called.
pub fn set_url(tx: &mut Tx, p: &Peer, actor: &str, url: &str) -> Result<()> {
    let entry = Entry { actor: Some(actor), area: Some(&p.area), ..Entry::new("exchange.address", "exchange-peer", &p.id) };
    tx.log(entry.fact("url", url))?;
    tx.exec("update exchange_peer set url = $2 where id = $1", params![&p.id, url])?;
    Ok(())
}

/// Sets the highest grade of a value that goes to a peer.
pub fn set_grade(tx: &mut Tx, p: &Peer, actor: &str, grade: i64) -> Result<()> {
    let entry = Entry { actor: Some(actor), area: Some(&p.area), ..Entry::new("exchange.grade", "exchange-peer", &p.id) };
    tx.log(entry.fact("grade", grade))?;
    tx.exec("update exchange_peer set grade = $2 where id = $1", params![&p.id, grade])?;
    Ok(())
}
