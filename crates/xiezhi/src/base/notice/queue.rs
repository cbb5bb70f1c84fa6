//! What is to go out over a channel, and how far it has come.
//!
//! States: `waiting` (to be sent, or sent again), `sending` (marked before the call), `sent`, `unknown` (nobody knows
//! whether it left: a crash or a cut in the middle of the call), `stuck` (tried in vain; somebody must look), `void` (no
//! longer to be sent).
//!
//! What must stay true: one message leaves `waiting` once for each time that it is for certain not taken; from `unknown`
//! only a person brings it back, unless the other side takes one id once ([`Channel::once`]). All tries of all processes
//! are rows, so a limit holds whoever sends. An address is taken out when its message has left or never will.
//!
//! [`Channel::once`]: super::channel::Channel::once

use store::{Entry, Query, Row, Tx, params};

use super::rules::{Pace, free_at};
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::outbound::{Trouble, pause};
use crate::kit::row::row;
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};

/// Tries before somebody must look.
const TRIES: i64 = 8;
/// Longest pause between two tries.
const LONGEST: Ms = 2 * HOUR;
/// How long a message may be on its way: longer than any call takes.
pub const CLAIM: Ms = 5 * MINUTE;
/// What a channel says when it got more than it takes.
pub const TOO_FAST: &str = "too-fast";
/// How long it is left alone then; the vendors block for as long.
const REST: Ms = 10 * MINUTE;
/// Notices that one message tells of; what more there are begins the next.
const ITEMS: i64 = 500;
/// How long is kept what left.
const KEPT: Ms = 90 * DAY;
/// What is taken out at once.
const SWEPT: i64 = 2000;
/// Deliveries that a page shows.
pub const SHOWN: i64 = 200;

/// A message to be.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `delivery`")]
pub struct NewDelivery<'a> {
    pub channel: &'a str,
    pub target: &'a str,
    pub kind: &'a str,
    pub owner: Option<&'a str>,
    pub address: Option<Vec<u8>>,
    pub code: Option<Vec<u8>>,
    pub subject: Option<&'a str>,
    pub urgent: bool,
}

impl<'a> NewDelivery<'a> {
    /// A message of a kind for somebody.
    pub fn of(channel: &'a str, target: &'a str, kind: &'a str) -> NewDelivery<'a> {
        NewDelivery { channel, target, kind, owner: None, address: None, code: None, subject: None, urgent: false }
    }
}

/// What a message tells of.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of `delivery_item`")]
pub struct Item {
    pub at: Ms,
    pub kind: String,
    pub subject: String,
    pub inbox: Option<String>,
}

row! {
    /// A message as it stands.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `delivery`")]
    pub struct Delivery {
        pub id: String,
        pub channel: String,
        pub target: String,
        pub kind: String,
        pub owner: Option<String>,
        pub address: Option<Vec<u8>>,
        pub code: Option<Vec<u8>>,
        pub subject: Option<String>,
        pub n: i64,
        pub state: String,
        pub tries: i64,
        pub next_at: Option<Ms>,
        pub error: Option<String>,
        pub created_at: Ms,
        pub sent_at: Option<Ms>,
    }
}

fn read_all(rows: Vec<Row>) -> store::Result<Vec<Delivery>> {
    rows.iter().map(read).collect()
}

/// Adds a message that goes out from a moment on; the caller logs, or moves a cursor.
pub fn add(tx: &mut Tx, new: &NewDelivery, at: Ms) -> Result<String> {
    let (id, now) = (tx.id(), tx.now());
    tx.exec(
        "insert into delivery(id, channel, target, kind, owner, address, code, subject, n, urgent, state, tries, next_at, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 'waiting', 0, $10, $11)",
        params![
            &id, new.channel, new.target, new.kind, new.owner, new.address.clone(), new.code.clone(), new.subject,
            i64::from(new.urgent), at, now
        ],
    )?;
    Ok(id)
}

/// Lets something be told with the message that waits for this target already, or with a new one. What is urgent takes
/// the others along.
pub fn join(tx: &mut Tx, new: &NewDelivery, at: Ms, item: &Item) -> Result<()> {
    let sql = "select id, n from delivery where channel = $1 and target = $2 and kind = $3 and state = 'waiting' and tries = 0 and n < $4 \
               and next_at is not null order by created_at desc, id desc limit 1";
    let found = tx.row(sql, params![new.channel, new.target, new.kind, ITEMS])?;
    let (id, n): (String, i64) = match found {
        Some(row) => (row.get("id")?, row.get("n")?),
        None => (add(tx, new, at)?, 0),
    };
    // The first one said when: later ones only bring it forward.
    tx.exec(
        "update delivery set n = n + 1, urgent = case when $3 > urgent then $3 else urgent end, \
         next_at = case when $2 < next_at then $2 else next_at end where id = $1",
        params![&id, at, i64::from(new.urgent)],
    )?;
    tx.append(
        "delivery_item",
        &["delivery", "n", "at", "kind", "subject", "inbox"],
        params![&id, n + 1, item.at, &item.kind, &item.subject, &item.inbox],
    );
    Ok(())
}

/// What a message tells of, in order, as far as nobody has read it: what somebody read in his inbox is not told again.
pub fn items(q: &mut dyn Query, id: &str) -> store::Result<Vec<Item>> {
    let sql = "select d.at, d.kind, d.subject, d.inbox from delivery_item d left join inbox i on i.id = d.inbox \
               where d.delivery = $1 and i.read_at is null order by d.n limit $2";
    q.rows(sql, params![id, ITEMS])?
        .iter()
        .map(|r| Ok(Item { at: r.get("at")?, kind: r.get("kind")?, subject: r.get("subject")?, inbox: r.get("inbox")? }))
        .collect()
}

/// What is due on a channel, the longest first.
pub fn due(q: &mut dyn Query, channel: &str, now: Ms, limit: i64) -> store::Result<Vec<String>> {
    let sql = "select id from delivery where channel = $1 and next_at <= $2 and state = 'waiting' order by urgent desc, next_at, id limit $3";
    q.rows(sql, params![channel, now, limit])?.iter().map(|r| r.get("id")).collect()
}

/// How an attempt to take a message in hand ended.
#[derive(Debug)]
pub enum Claim {
    /// It is ours to send.
    Ours(Box<Delivery>),
    /// The channel is at its limit.
    Full,
    /// Somebody else has it, or it is no longer to be sent.
    Gone,
}

fn entry<'a>(act: &'a str, d: &'a Delivery) -> Entry<'a> {
    Entry::new(act, "delivery", &d.id).fact("channel", d.channel.as_str()).fact("kind", d.kind.as_str())
}

/// When a channel's limits allow one more message: now, or later.
pub fn free(q: &mut dyn Query, channel: &str, paces: &[Pace], now: Ms) -> store::Result<Ms> {
    let last =
        q.row("select ended_at, outcome from delivery_try where channel = $1 order by at desc limit 1", params![channel])?;
    let (ended, outcome): (Option<Ms>, Option<String>) = match last {
        Some(row) => (row.get("ended_at")?, row.get("outcome")?),
        None => (None, None),
    };
    // Whoever knocks again at a channel that said "too fast" makes the block longer.
    let rested = ended.filter(|_| outcome.as_deref() == Some(TOO_FAST)).map_or(now, |at| at + REST);
    let mut free = now.max(rested);
    for pace in paces {
        let sql = "select at from delivery_try where channel = $1 order by at desc limit 1 offset $2";
        let nth = q.row(sql, params![channel, i64::from(pace.most) - 1])?.map(|r| r.get("at")).transpose()?;
        free = free.max(free_at(*pace, nth, now));
    }
    Ok(free)
}

/// Marks a message as being sent, if the channel's limits allow one now.
pub fn claim(tx: &mut Tx, id: &str, paces: &[Pace]) -> Result<Claim> {
    let now = tx.now();
    let sql = format!("select {COLUMNS} from delivery where id = $1 and state = 'waiting' and next_at <= $2");
    let Some(mut d) = tx.row(&sql, params![id, now])?.as_ref().map(read).transpose()? else { return Ok(Claim::Gone) };
    if free(tx, &d.channel, paces, now)? > now {
        return Ok(Claim::Full);
    }
    d.tries += 1;
    tx.exec(
        "update delivery set state = 'sending', tries = $2, since = $3, next_at = null where id = $1",
        params![id, d.tries, now],
    )?;
    // A message that somebody brought back counts its tries anew; its past tries stay.
    let n = tx.count("select count(*) from delivery_try where delivery = $1", params![id])? + 1;
    tx.exec("insert into delivery_try(delivery, n, channel, at) values ($1, $2, $3, $4)", params![id, n, &d.channel, now])?;
    tx.log(entry("notice.send", &d).fact("try", d.tries))?;
    d.state = "sending".into();
    Ok(Claim::Ours(Box::new(d)))
}

fn ended(tx: &mut Tx, d: &Delivery, outcome: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update delivery_try set ended_at = $2, outcome = $3 where delivery = $1 and ended_at is null";
    tx.exec(sql, params![&d.id, now, outcome])?;
    Ok(())
}

/// It has left; the other side may have given it an id.
pub fn sent(tx: &mut Tx, d: &Delivery, provider_id: Option<&str>) -> Result<()> {
    let now = tx.now();
    ended(tx, d, "sent")?;
    let id = provider_id.map(|p| p.chars().take(100).collect::<String>());
    tx.exec(
        "update delivery set state = 'sent', since = null, sent_at = $2, provider_id = $3, error = null, address = null, code = null where id = $1",
        params![&d.id, now, id],
    )?;
    tx.log(entry("notice.sent", d))?;
    Ok(())
}

/// It did not work: tried again later, unknown, or somebody must look.
pub fn failed(tx: &mut Tx, d: &Delivery, trouble: &Trouble, once: bool) -> Result<()> {
    let now = tx.now();
    let [chance] = tx.random();
    ended(tx, d, &trouble.code)?;
    let (state, act, next) = if trouble.perhaps && !once {
        ("unknown", "notice.unknown", None)
    } else if !trouble.passes || d.tries >= TRIES {
        ("stuck", "notice.stuck", None)
    } else {
        ("waiting", "notice.failed", Some(now + pause(d.tries, LONGEST, chance)))
    };
    tx.exec(
        "update delivery set state = $2, since = null, next_at = $3, error = $4 where id = $1",
        params![&d.id, state, next, trouble.line()],
    )?;
    tx.log(entry(act, d).fact("why", trouble.code.as_str()))?;
    Ok(())
}

/// What has been on its way for too long: whoever sent it is gone. Called for a channel with whether it takes an id once.
pub fn lost(tx: &mut Tx, channel: &str, once: bool) -> Result<usize> {
    let now = tx.now();
    let sql = format!("select {COLUMNS} from delivery where since < $1 and channel = $2 and state = 'sending' limit {SHOWN}");
    let all = read_all(tx.rows(&sql, params![now - CLAIM, channel])?)?;
    let trouble = Trouble::unclear("cut", "the program ended while it was being sent");
    for d in &all {
        failed(tx, d, &trouble, once)?;
    }
    Ok(all.len())
}

/// Whether anything of a channel has been on its way for too long.
pub fn has_lost(q: &mut dyn Query, channel: &str, now: Ms) -> store::Result<bool> {
    let sql = "select count(*) from delivery where since < $1 and channel = $2 and state = 'sending'";
    Ok(q.count(sql, params![now - CLAIM, channel])? > 0)
}

/// It is no longer to be sent.
pub fn void(tx: &mut Tx, d: &Delivery, actor: Option<&str>) -> Result<()> {
    ended(tx, d, "void")?;
    tx.exec(
        "update delivery set state = 'void', next_at = null, since = null, error = null, address = null, code = null where id = $1",
        params![&d.id],
    )?;
    tx.log(Entry { actor, ..entry("notice.void", d) })?;
    Ok(())
}

/// Somebody looked: it is sent again, or not at all.
pub fn decide(tx: &mut Tx, actor: &str, id: &str, again: bool) -> Result<()> {
    let sql = format!("select {COLUMNS} from delivery where id = $1");
    let d = tx.row(&sql, params![id])?.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?;
    // What waits to be tried again may be given up, but must not jump the pause its channel asked for.
    if !matches!(d.state.as_str(), "stuck" | "unknown") && (again || d.state != "waiting") {
        return Err(Kind::State.into());
    }
    if !again {
        return void(tx, &d, Some(actor));
    }
    let now = tx.now();
    tx.exec("update delivery set state = 'waiting', tries = 0, next_at = $2, error = null where id = $1", params![id, now])?;
    tx.log(Entry { actor: Some(actor), ..entry("notice.again", &d) })?;
    Ok(())
}

/// Takes out what left, or was not to leave, long ago; the log keeps that it did. Some at a time.
pub fn sweep(tx: &mut Tx) -> Result<()> {
    let old = format!(
        "(select id from delivery where created_at < $1 and state in ('sent', 'void') order by created_at limit {SWEPT})"
    );
    let before = tx.now() - KEPT;
    for table in ["delivery_item", "delivery_try"] {
        tx.exec(&format!("delete from {table} where delivery in {old}"), params![before])?;
    }
    let n = tx.exec(&format!("delete from delivery where id in {old}"), params![before])?;
    tx.log(Entry::new("notice.sweep", "delivery", "-").fact("n", n as i64))?;
    Ok(())
}

/// Whether there is anything to take out.
pub fn is_stale(q: &mut dyn Query, now: Ms) -> store::Result<bool> {
    let sql = "select count(*) from (select 1 from delivery where created_at < $1 and state in ('sent', 'void') limit 1) one";
    Ok(q.count(sql, params![now - KEPT])? > 0)
}

/// What somebody must look at, and what failed and waits; newest first.
pub fn troubled(q: &mut dyn Query) -> store::Result<Vec<Delivery>> {
    let sql = format!("select {COLUMNS} from delivery where error is not null order by created_at desc, id desc limit $1");
    read_all(q.rows(&sql, params![SHOWN])?)
}

/// What went to a person lately; newest first.
pub fn of_target(q: &mut dyn Query, target: &str, limit: i64) -> store::Result<Vec<Delivery>> {
    let sql = format!("select {COLUMNS} from delivery where target = $1 order by created_at desc, id desc limit $2");
    read_all(q.rows(&sql, params![target, limit])?)
}

/// How many messages of a channel are in each state.
pub fn counts(q: &mut dyn Query, since: Ms) -> store::Result<Vec<(String, String, i64)>> {
    let sql =
        "select channel, state, count(*) n from delivery where created_at >= $1 group by channel, state order by channel, state";
    q.rows(sql, params![since])?.iter().map(|r| Ok((r.get("channel")?, r.get("state")?, r.get("n")?))).collect()
}
