//! What people see of the exchange: who confirmed what, what is late, what waits for somebody to look.
//!
//! What must stay true: numbers are those that the other side signed, or that this database holds; nothing here names a person.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::mark::{self, Way};
use super::peer::{self, Peer, Relation, Standing};
use super::{join, node};
use crate::kit::time::{DAY, HOUR};
use crate::kit::{App, Req, Result};

/// Lines of a list.
const SHOWN: i64 = 100;

/// The page.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Page {
    pub code: String,
    pub name: String,
    /// Name of our log.
    pub origin: String,
    /// Entries of our log.
    pub size: u64,
    pub peers: Vec<PeerView>,
    pub parked: Vec<Parked>,
    pub items: Vec<Item>,
    /// Cases that lie on two nodes, the newest first.
    pub shared: Vec<Shared>,
    /// The reader may change something.
    pub may: bool,
    /// What was made just now: a line to pass on.
    pub made: Option<Made>,
    pub grade: i64,
}

/// A line to pass on.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Made {
    /// `invitation` or `join`.
    pub kind: &'static str,
    pub line: String,
    /// It was brought over the network already.
    pub brought: bool,
}

/// A peer.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PeerView {
    pub id: String,
    pub name: String,
    pub relation: &'static str,
    pub code: String,
    /// The desk that stands for it here: what is dispatched to it travels.
    pub body: String,
    pub state: &'static str,
    pub why: Option<String>,
    pub url: Option<String>,
    pub grade: i64,
    /// Entries of our log that it confirmed, and how many it has not.
    pub confirmed: u64,
    pub open: u64,
    pub confirmed_at: Option<String>,
    /// It signed our history as a witness.
    pub witnessed: bool,
    /// Entries of its log here, and events of them.
    pub came: u64,
    pub events: u64,
    pub came_at: Option<String>,
    /// Batches that wait for what lies before them.
    pub gaps: i64,
    /// Events that nobody could apply.
    pub parked: i64,
    /// `good`, `late` (an hour) or `silent` (a day), and `held`.
    pub health: &'static str,
    /// Cases of theirs that are handled here, and ours there.
    pub theirs: i64,
    pub ours: i64,
}

/// An event that could not be applied.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Parked {
    pub id: String,
    pub peer: String,
    pub n: i64,
    pub act: String,
    pub why: String,
    pub tries: i64,
    pub came_at: String,
}

/// A case that lies on two nodes.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Shared {
    pub number: String,
    pub peer: String,
    /// `out`: ours, handled there. `in`: theirs, handled here.
    pub way: String,
    pub number_there: Option<String>,
    pub open: bool,
}

/// Something to read that came.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub peer: String,
    pub act: String,
    pub area: Option<String>,
    pub at: String,
    /// What it says, as far as it lies open.
    pub words: Option<String>,
}

/// Looks all of it up.
pub fn page(req: &Req, may: bool, made: Option<Made>) -> Result<Page> {
    let app = req.app;
    app.db.read(|r| {
        let marks = mark::all(r)?;
        let size = r.log_size()?;
        let all = peer::all(r)?;
        let mut peers = Vec::new();
        for p in &all {
            peers.push(view(r, app, p, &marks, size, req.now)?);
        }
        let name = |id: &str| all.iter().find(|p| p.id == id).map(|p| p.name.clone()).unwrap_or_default();
        let sql = "select id, peer, n, act, why, tries, came_at from exchange_parked where done_at is null order by came_at, id limit $1";
        let mut parked = Vec::new();
        for row in r.rows(sql, params![SHOWN])? {
            parked.push(Parked {
                id: row.get("id")?,
                peer: name(&row.get::<String>("peer")?),
                n: row.get("n")?,
                act: row.get("act")?,
                why: row.get("why")?,
                tries: row.get("tries")?,
                came_at: app.time(row.get("came_at")?),
            });
        }
        let sql = "select peer, act, area, at, leaf from exchange_item order by at desc, id limit $1";
        let mut items = Vec::new();
        for row in r.rows(sql, params![SHOWN])? {
            let leaf: serde_json::Value = serde_json::from_str(&row.get::<String>("leaf")?).unwrap_or_default();
            items.push(Item {
                peer: name(&row.get::<String>("peer")?),
                act: row.get("act")?,
                area: row.get("area")?,
                at: app.time(row.get("at")?),
                words: leaf["x_words"].as_str().map(str::to_owned),
            });
        }
        let sql = "select c.number, e.peer, e.way, e.number_there, e.state from exchange_case e join cases c on c.id = e.case_id \
                   order by e.made_at desc, e.id limit $1";
        let mut shared = Vec::new();
        for row in r.rows(sql, params![SHOWN])? {
            shared.push(Shared {
                number: row.get("number")?,
                peer: name(&row.get::<String>("peer")?),
                way: row.get("way")?,
                number_there: row.get("number_there")?,
                open: row.get::<String>("state")? == "open",
            });
        }
        Ok(Page {
            code: node::code(r)?,
            name: node::called(r)?,
            origin: app.db.origin().to_owned(),
            size,
            peers,
            parked,
            items,
            shared,
            may,
            made,
            grade: join::GRADE,
        })
    })
}

fn view(q: &mut dyn Query, app: &App, p: &Peer, marks: &[mark::Mark], size: u64, now: i64) -> Result<PeerView> {
    let find = |way: Way| marks.iter().find(|m| m.id == mark::id(&p.id, way));
    let (went, came) = (find(Way::Out), find(Way::In));
    let count = |q: &mut dyn Query, sql: &str| q.count(sql, params![&p.id]);
    let heard = [went.filter(|m| m.told_at > 0).map(|m| m.moved_at), came.map(|m| m.moved_at)].into_iter().flatten().max();
    let silent = now - heard.unwrap_or(p.made_at);
    Ok(PeerView {
        id: p.id.clone(),
        name: p.name.clone(),
        relation: p.relation.as_str(),
        code: p.code.clone(),
        body: p.body.clone(),
        state: p.state.as_str(),
        why: p.why.clone(),
        url: p.url.clone(),
        grade: p.grade,
        confirmed: went.map_or(0, |m| m.size),
        open: size.saturating_sub(went.map_or(0, |m| m.size)),
        confirmed_at: went.filter(|m| m.told_at > 0).map(|m| app.time(m.moved_at)),
        witnessed: went.is_some_and(|m| m.cosignature.is_some()),
        came: came.map_or(0, |m| m.size),
        events: came.map_or(0, |m| m.n),
        came_at: came.map(|m| app.time(m.moved_at)),
        gaps: count(q, "select count(*) from exchange_early where peer = $1")?,
        parked: count(q, "select count(*) from exchange_parked where peer = $1 and done_at is null")?,
        health: match p.state {
            Standing::Held => "held",
            _ if silent > DAY => "silent",
            // A level above has something for us only now and then.
            _ if silent > HOUR && p.relation != Relation::Parent => "late",
            _ => "good",
        },
        theirs: count(q, "select count(*) from exchange_case where peer = $1 and way = 'in' and state = 'open'")?,
        ours: count(q, "select count(*) from exchange_case where peer = $1 and way = 'out' and state = 'open'")?,
    })
}
