//! Adapters as data: from which address the rows of a resource are fetched, to which they are sent.
//!
//! What must stay true: an address is a plain one, and is called only where the settings allow it; what a call needs to be let
//! in lies sealed; an adapter is claimed before it is used, so that two processes do not both; what went wrong is visible
//! until it goes well; an adapter that sends belongs to a request and ends with it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, params};

use super::request;
use super::resource;
use super::rules::{self, State, Way};
use super::{Book, tell};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::outbound::{Trouble, pause};
use crate::kit::row::row;
use crate::kit::time::{HOUR, MINUTE, Ms};
use crate::kit::{Result, RoleKind, Who};
use crate::records::open311::outbound::endpoint;

names! {
    /// Which way rows go.
    Flow {
        /// We ask them.
        Pull = "pull",
        /// We tell them.
        Push = "push",
    }
    /// How an answer of many pages goes on.
    Paging { None = "none", Page = "page", Cursor = "cursor", }
}

/// Adapters of one node.
const MOST: i64 = 500;
/// Shortest and longest time between two calls.
pub const EVERY: (Ms, Ms) = (MINUTE, 31 * 24 * HOUR);
/// How long one that is in use is left alone: longer than all its calls take.
const CLAIM: Ms = 20 * MINUTE;
/// Longest pause after something went wrong.
const LONGEST: Ms = 6 * HOUR;
/// Failures in a row after which its people are told.
const TOLD_AFTER: i64 = 3;

row! {
    /// An adapter.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `share_adapter`, explained there")]
    pub struct Adapter {
        pub id: String,
        pub resource: String,
        pub kind: Flow,
        pub url: String,
        pub secret: Option<Vec<u8>>,
        pub settings: String,
        pub version: i64,
        pub every: Ms,
        pub request: Option<String>,
        pub sent_seq: u64,
        pub sent_id: String,
        pub next_at: Option<Ms>,
        pub tries: i64,
        pub error: Option<String>,
        pub made_at: Ms,
        pub ended_at: Option<Ms>,
    }
}

/// How an answer is read. Places in it are JSON pointers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the list of rows is; empty: the answer itself.
    pub list: String,
    /// Our field to its place in a row: a name, or a pointer.
    pub map: BTreeMap<String, String>,
    /// What every call says besides.
    pub query: BTreeMap<String, String>,
    /// The header that lets us in; its value is the secret.
    pub header: String,
    /// Where the answer says for which version of the fields it is.
    pub version_at: String,
    /// `none`, `page` (a number that grows) or `cursor` (the answer says how it goes on).
    pub paging: String,
    /// The parameter that says which page.
    pub param: String,
    /// Where the next cursor is.
    pub next: String,
}

/// An adapter to be.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub resource: String,
    pub kind: Flow,
    pub url: String,
    pub secret: Option<String>,
    pub settings: Settings,
    pub every: Ms,
    pub request: Option<String>,
}

/// Adapters that fit a condition.
pub(crate) fn listed(q: &mut dyn Query, filter: &str, params: &[store::Value]) -> Result<Vec<Adapter>> {
    let rows = q.rows(&format!("select {COLUMNS} from share_adapter where {filter}"), params)?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Adapter> {
    listed(q, "id = $1", params![id])?.pop().ok_or_else(|| Kind::NotFound.into())
}

impl Adapter {
    /// How its answers are read.
    pub fn settings(&self) -> Settings {
        serde_json::from_str(&self.settings).unwrap_or_default()
    }

    /// What lets us in, or what our calls are signed with.
    pub fn secret(&self, q: &mut dyn Query) -> store::Result<Option<String>> {
        q.open_text(&self.id, self.secret.clone())
    }
}

/// Whether somebody administers a place.
pub(crate) fn administers(who: &Who, path: &str) -> bool {
    who.by.is_none() && who.roles.iter().any(|r| r.kind == RoleKind::SystemAdmin && path.starts_with(&r.path))
}

/// What cannot be meant of the settings.
fn sound(new: &New, fields: &[String]) -> Result<()> {
    let s = &new.settings;
    let pointer = |p: &String| p.is_empty() || p.starts_with('/');
    let names = [("list", &s.list), ("version_at", &s.version_at), ("next", &s.next)];
    if let Some((name, _)) = names.into_iter().find(|(_, p)| !pointer(p)) {
        return Err(Kind::Unknown.at(name));
    }
    let paging = Paging::parse(&s.paging).ok_or_else(|| Kind::Unknown.at("paging"))?;
    if paging != Paging::None && s.param.is_empty() {
        return Err(Kind::Missing.at("param"));
    }
    if paging == Paging::Cursor && s.next.is_empty() {
        return Err(Kind::Missing.at("next"));
    }
    if let Some(odd) = s.map.keys().find(|k| !fields.contains(k)) {
        return Err(Kind::Unknown.at(format!("map {odd}")));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let own = ["host", "content-length", "transfer-encoding", "connection", "cookie"];
    if !s.header.chars().all(plain) || own.contains(&s.header.to_ascii_lowercase().as_str()) {
        return Err(Kind::Unknown.at("header"));
    }
    if new.secret.as_deref().is_some_and(|t| t.chars().any(char::is_control)) {
        return Err(Kind::Unknown.at("secret"));
    }
    Ok(())
}

/// A new secret with which calls are signed, in the form in which receivers expect one.
pub fn drawn(random: [u8; 32]) -> String {
    format!("whsec_{}", B64.encode(random))
}

/// Adds an adapter for a resource of the administrator's area; gives its id.
pub fn add(tx: &mut Tx, who: &Who, new: &New) -> Result<String> {
    let of = resource::by_code(tx, &new.resource)?;
    if !administers(who, &of.path) {
        return Err(Kind::Denied.into());
    }
    if of.state != State::Published {
        return Err(Kind::State.into());
    }
    if tx.count("select count(*) from share_adapter where ended_at is null", &[])? >= MOST {
        return Err(rules::too_many("adapters", MOST));
    }
    let url = endpoint(&new.url).ok_or_else(|| Kind::Unknown.at("url"))?;
    let fields: Vec<String> = of.fields().into_iter().map(|f| f.name).collect();
    if new.kind == Flow::Pull {
        sound(new, &fields)?;
    }
    let request = match (new.kind, &new.request) {
        (Flow::Pull, _) => None,
        (Flow::Push, None) => return Err(Kind::Missing.at("request")),
        (Flow::Push, Some(number)) => {
            let one = request::by_number(tx, number)?;
            if one.resource != of.id || one.way != Way::Push || !one.is_live(tx.now()) {
                return Err(Kind::NotGranted.at("request"));
            }
            Some(one.number)
        }
    };
    let (id, now) = (tx.id(), tx.now());
    tx.new_owner_of(&id, &of.area)?;
    let place = area::by_id(tx, &of.area)?.map(|a| a.id);
    let entry = Entry { actor: who.actor(), area: place.as_deref(), ..Entry::new("share.adapter", "share-adapter", &id) };
    tx.log(entry.fact("resource", of.code.as_str()).fact("kind", new.kind.as_str()).fact_opt("request", request.as_deref()))?;
    let secret = tx.seal_text(&id, new.secret.as_deref())?;
    let settings = serde_json::to_string(&new.settings).unwrap_or_default();
    // Of one kind and purpose there is one: the one before ends.
    let sql = "update share_adapter set ended_at = $4, next_at = null where resource = $1 and kind = $2 and ended_at is null \
               and coalesce(request, '') = $3";
    tx.exec(sql, params![&of.id, new.kind, request.clone().unwrap_or_default(), now])?;
    let sql = "insert into share_adapter(id, resource, kind, url, secret, settings, version, every, request, sent_seq, sent_id, next_at, tries, \
               made_at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,0,'',$10,0,$10)";
    let every = new.every.clamp(EVERY.0, EVERY.1);
    tx.exec(sql, params![&id, &of.id, new.kind, &url, secret, settings, of.version, every, request, now])?;
    Ok(id)
}

/// Ends one.
pub fn end(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let (one, now) = (by_id(tx, id)?, tx.now());
    let of = resource::by_id(tx, &one.resource)?;
    if !administers(who, &of.path) {
        return Err(Kind::Denied.into());
    }
    if one.ended_at.is_some() {
        return Err(Kind::State.into());
    }
    let entry = Entry { actor: who.actor(), area: Some(&of.area), ..Entry::new("share.adapter-end", "share-adapter", id) };
    tx.log(entry)?;
    tx.exec("update share_adapter set ended_at = $2, next_at = null where id = $1", params![id, now])?;
    Ok(())
}

/// Adapters whose time has come.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<Adapter>> {
    listed(q, "next_at <= $1 and ended_at is null order by next_at, id limit $2", params![now, most])
}

/// Takes one in hand; false when somebody else has it. A claim can be derived and needs no entry of its own.
pub fn claim(tx: &mut Tx, one: &Adapter) -> Result<bool> {
    let now = tx.now();
    if tx.count("select count(*) from share_adapter where id = $1 and next_at = $2", params![&one.id, one.next_at])? == 0 {
        return Ok(false);
    }
    tx.exec("update share_adapter set next_at = $2 where id = $1", params![&one.id, now + CLAIM])?;
    tx.follow(&format!("share.{}", one.id), now as u64)?;
    Ok(true)
}

/// It went well, and `sent` is how far rows were sent. What changes nothing that anybody reads needs no entry.
pub fn went(tx: &mut Tx, one: &Adapter, sent: Option<(u64, String)>, more: bool) -> Result<()> {
    let now = tx.now();
    let (seq, id) = sent.unwrap_or((one.sent_seq, one.sent_id.clone()));
    let next = if more { now } else { now + one.every };
    let sql = "update share_adapter set next_at = $2, tries = 0, error = null, sent_seq = $3, sent_id = $4 where id = $1 and ended_at is null";
    tx.exec(sql, params![&one.id, next, seq, id])?;
    tx.follow(&format!("share.{}", one.id), now as u64)?;
    Ok(())
}

/// It did not: tried again later; its people are told once it is more than a moment.
pub fn failed(tx: &mut Tx, book: &Book, one: &Adapter, trouble: &Trouble) -> Result<()> {
    let (now, tries) = (tx.now(), one.tries + 1);
    let [chance] = tx.random();
    let next = now + pause(tries, LONGEST, chance).max(if trouble.passes { 0 } else { one.every.min(LONGEST) });
    let entry = match one.kind {
        Flow::Pull => Entry::new("share.pull", "share-adapter", &one.id),
        Flow::Push => Entry::new("share.push", "share-adapter", &one.id),
    };
    tx.log(entry.fact("why", trouble.code.as_str()).fact("try", tries))?;
    let sql = "update share_adapter set next_at = $2, tries = $3, error = $4 where id = $1 and ended_at is null";
    tx.exec(sql, params![&one.id, next, tries, trouble.line()])?;
    if tries == TOLD_AFTER || (!trouble.passes && tries == 1) {
        let of = resource::by_id(tx, &one.resource)?;
        tell(tx, book, &of.body, &Who::system(), "share-r-fails", &of.code)?;
    }
    Ok(())
}
