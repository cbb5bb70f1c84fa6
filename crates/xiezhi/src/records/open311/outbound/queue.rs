//! What is to be told to other systems, and how far each thing has come.
//!
//! States: `waiting` (to be sent, or sent again), `token` (taken, its id is still to come), `sent` (confirmed), `stuck`
//! (somebody must look), `void` (no longer to be sent).

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, Value, params};

use super::Connector;
use crate::base::notice;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::outbound::{Trouble, pause};
use crate::kit::row::row;
use crate::kit::time::{HOUR, MINUTE, Ms};
use crate::kit::{App, Result, Who, follow};
use crate::records::case::by_id;

/// Name of the follower.
pub const FOLLOWER: &str = "open311";
/// Tries before somebody must look.
const TRIES: i64 = 10;
/// Longest pause between two tries.
const LONGEST: Ms = 6 * HOUR;
/// How long a claimed thing is left alone: longer than any call takes.
const CLAIM: Ms = 5 * MINUTE;
/// Cases of one department that are asked about.
const MOST_OPEN: i64 = 2000;
/// Things that a page shows.
pub const SHOWN: i64 = 200;

row! {
    /// One thing to be told.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `open311_delivery`")]
    pub struct Delivery {
        pub connector: String,
        pub seq: u64,
        /// `request`, `update` or `withdraw`.
        pub kind: String,
        pub case_id: String,
        pub number: String,
        pub state: String,
        pub tries: i64,
        pub next_at: Option<Ms>,
        pub foreign_id: Option<String>,
        pub token: Option<String>,
        pub error: Option<String>,
        pub sent_at: Option<Ms>,
    }
}

/// What the log says is to be told: a case that was dispatched to a department, and what others wrote or decided about
/// it afterwards.
pub fn follow(app: &App, connectors: &[Connector]) -> Result<()> {
    const COLUMNS: [&str; 8] = ["connector", "seq", "kind", "case_id", "number", "state", "tries", "next_at"];
    let end = follow::follow(
        app,
        FOLLOWER,
        |r, entries| {
            let mut rows: Vec<Vec<Value>> = Vec::new();
            for w in entries {
                let kind = match w.act.as_str() {
                    "case.dispatch" => "request",
                    "case.note" | "case.return" | "case.extend" => "update",
                    _ => continue,
                };
                let Some(case) = by_id(r, &w.obj)? else { continue };
                let body = if kind == "request" { w.fact("holder") } else { case.handler.as_deref() };
                for c in connectors {
                    let kind = match kind {
                        _ if Some(c.body.as_str()) == body => kind,
                        // It went to somebody else: whoever had it before is told so.
                        "request" if foreign_id(r, &c.id, &case.id)?.is_some() => "withdraw",
                        _ => continue,
                    };
                    // What they told us is not told back.
                    if w.field("actor") != Some(&c.id) {
                        rows.push(params![&c.id, w.index, kind, &case.id, &case.number, "waiting", 0, w.at].to_vec());
                    }
                }
            }
            Ok(rows)
        },
        |tx, rows| Ok(tx.insert_many("open311_delivery", &COLUMNS, &rows)?),
    );
    end.map(drop)
}

/// What is due for a system now, the longest first.
pub fn due(q: &mut dyn Query, connector: &str, now: Ms, limit: i64) -> store::Result<Vec<Delivery>> {
    let sql =
        format!("select {COLUMNS} from open311_delivery where connector = $1 and next_at <= $2 order by next_at, seq limit $3");
    q.rows(&sql, params![connector, now, limit])?.iter().map(read).collect()
}

/// The filing of a case that the other system knows by this id.
pub fn by_foreign(q: &mut dyn Query, connector: &str, id: &str) -> store::Result<Option<Delivery>> {
    let sql =
        format!("select {COLUMNS} from open311_delivery where connector = $1 and foreign_id = $2 and kind = 'request' limit 1");
    q.row(&sql, params![connector, id])?.as_ref().map(read).transpose()
}

/// Under which id the other system knows a case.
pub fn foreign_id(q: &mut dyn Query, connector: &str, case_id: &str) -> store::Result<Option<String>> {
    let sql = "select foreign_id from open311_delivery where case_id = $1 and connector = $2 and kind = 'request' \
               and foreign_id is not null order by seq desc limit 1";
    q.row(sql, params![case_id, connector])?.map(|r| r.get("foreign_id")).transpose()
}

/// Their ids of the cases that they are still to handle.
pub fn open(q: &mut dyn Query, c: &Connector) -> store::Result<Vec<String>> {
    let sql = "select d.foreign_id from cases c join open311_delivery d on d.case_id = c.id where c.handler = $1 and c.due_at is not null \
               and c.state in ('dispatched', 'handling') and d.connector = $2 and d.kind = 'request' and d.foreign_id is not null \
               order by d.seq limit $3";
    let rows = q.rows(sql, params![&c.body, &c.id, MOST_OPEN])?;
    rows.iter().map(|r| r.get("foreign_id")).collect()
}

/// What is late or stuck, for the desks that answer for it.
pub fn troubled(q: &mut dyn Query, who: &Who) -> store::Result<Vec<Delivery>> {
    let sql = format!(
        "select {COLUMNS} from open311_delivery where state in ('stuck', 'waiting', 'token') and (state = 'stuck' or tries > 0) \
         order by seq desc limit $1"
    );
    let all: Vec<Delivery> = q.rows(&sql, params![SHOWN])?.iter().map(read).collect::<store::Result<_>>()?;
    let mut out = Vec::new();
    for d in all {
        if by_id(q, &d.case_id)?.is_some_and(|c| who.role_over(&c.path).is_some()) {
            out.push(d);
        }
    }
    Ok(out)
}

fn entry<'a>(act: &'a str, d: &'a Delivery) -> Entry<'a> {
    Entry::new(act, "open311-delivery", &d.case_id)
        .fact("number", d.number.as_str())
        .fact("connector", d.connector.as_str())
        .fact("seq", d.seq)
}

/// Takes a thing in hand; false when somebody else has it.
pub fn claim(tx: &mut Tx, d: &Delivery) -> Result<bool> {
    let now = tx.now();
    let sql = "select count(*) from open311_delivery where connector = $1 and seq = $2 and next_at = $3";
    if tx.count(sql, params![&d.connector, d.seq, d.next_at])? == 0 {
        return Ok(false);
    }
    let sql = "update open311_delivery set tries = tries + 1, next_at = $3 where connector = $1 and seq = $2";
    tx.exec(sql, params![&d.connector, d.seq, now + CLAIM])?;
    tx.log(entry("open311.send", d).fact("try", d.tries + 1))?;
    Ok(true)
}

/// The other side has it: under an id, or a token for now. `proof` is a digest of its answer.
pub fn taken(tx: &mut Tx, d: &Delivery, id: Option<&str>, token: Option<&str>, proof: &str) -> Result<()> {
    let now = tx.now();
    let (state, next) = match id {
        Some(_) => ("sent", None),
        None => ("token", Some(now + 2000)),
    };
    tx.exec(
        "update open311_delivery set state = $3, foreign_id = $4, token = $5, next_at = $6, sent_at = $7, error = null \
         where connector = $1 and seq = $2",
        params![&d.connector, d.seq, state, id, token, next, now],
    )?;
    tx.log(entry("open311.sent", d).fact_opt("foreign", id).fact_opt("token", token).fact("answer", proof))?;
    Ok(())
}

/// It did not work: tried again later, or somebody must look.
pub fn failed(tx: &mut Tx, zone: &TimeZone, d: &Delivery, trouble: &Trouble) -> Result<()> {
    let now = tx.now();
    let tries = d.tries + 1;
    let stuck = !trouble.passes || tries >= TRIES;
    let [chance] = tx.random();
    let (state, next) = if stuck { ("stuck", None) } else { (d.state.as_str(), Some(now + pause(tries, LONGEST, chance))) };
    tx.exec(
        "update open311_delivery set state = $3, next_at = $4, error = $5 where connector = $1 and seq = $2",
        params![&d.connector, d.seq, state, next, trouble.line()],
    )?;
    let act = if stuck { "open311.stuck" } else { "open311.failed" };
    tx.log(entry(act, d).fact("why", trouble.code.as_str()))?;
    if stuck && let Some(case) = by_id(tx, &d.case_id)? {
        let desk = party::desk_of(tx, &case.area)?;
        let new = |person: String| {
            let (subject, class) = (d.number.clone(), case.class.clone());
            notice::New { person, at: now, kind: "work-stuck".into(), subject, class, urgent: false }
        };
        let notices: Vec<_> = party::members(tx, &desk.id, now)?.into_iter().map(new).collect();
        notice::put(tx, zone, &notices)?;
    }
    Ok(())
}

/// It is no longer to be sent.
pub fn void(tx: &mut Tx, d: &Delivery) -> Result<()> {
    let sql = "update open311_delivery set state = 'void', next_at = null where connector = $1 and seq = $2";
    tx.exec(sql, params![&d.connector, d.seq])?;
    tx.log(entry("open311.void", d))?;
    Ok(())
}

/// Somebody looked: it is tried again at once.
pub fn retry(tx: &mut Tx, who: &Who, connector: &str, seq: u64) -> Result<()> {
    let sql = format!("select {COLUMNS} from open311_delivery where connector = $1 and seq = $2");
    let d = tx.row(&sql, params![connector, seq])?.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?;
    let case = by_id(tx, &d.case_id)?.ok_or(Kind::NotFound)?;
    if who.desk_over(&case.path).is_none()
        && !who.roles.iter().any(|r| r.kind == crate::kit::RoleKind::SystemAdmin && case.path.starts_with(&r.path))
    {
        return Err(Kind::Denied.into());
    }
    let now = tx.now();
    let state = if d.token.is_some() { "token" } else { "waiting" };
    let sql = "update open311_delivery set state = $3, tries = 0, next_at = $4 where connector = $1 and seq = $2 and state in ('stuck', 'waiting', 'token')";
    if tx.exec(sql, params![connector, seq, state, now])? == 0 {
        return Err(Kind::State.into());
    }
    tx.log(Entry { actor: who.person.as_deref(), ..entry("open311.retry", &d) })?;
    Ok(())
}
