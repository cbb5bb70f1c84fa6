//! Matters that others handle: a case whose holder is the desk of a peer travels to it, and what becomes of it comes back.
//!
//! What must stay true: the case stays ours, with its id, number and clock; over there lies a copy with the same id that knows
//! where it came from and counts for nothing in the sums of levels; what they decide comes as an action of their desk, which our
//! rules take or refuse; a case never goes back to the one it came from; values go as their desk may see them, up to its grade, and
//! that they were seen is in the read log first.

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use store::{Entry, Query, Tx, Value, params};

use super::node;
use super::peer::{self, Peer};
use super::wire::Event;
use crate::base::catalogue::{self, Look, Relation as Reader};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Error, Result, Who, follow};
use crate::records::case::life::act::{act, act_with};
use crate::records::case::life::{Said, promise};
use crate::records::case::report::{self, NewReport, Spot};
use crate::records::case::rules::{Action, Facts, State};
use crate::records::case::{self, Case, Rulebook};

/// Things that one round puts into words.
const AT_ONCE: i64 = 100;
/// Tries before a thing is given up; it stays in the list.
const TRIES: i64 = 10;
/// Purpose under which their desk reads.
const PURPOSE: &str = "exchange";
/// What goes with a case when the decisions let it: the words of the report and where to find it.
const VALUES: [&str; 6] = ["case.text", "case.address", "case.lat", "case.lon", "case.contact_name", "case.contact_phone"];

names! {
    /// What happened to a case on the other side.
    Verb {
        // They took it up.
        Taken = "taken",
        // They settled it.
        Done = "done",
        // It is not theirs.
        Refused = "refused",
        // Somebody wrote something.
        Note = "note",
        // Its owner ended it, or gave it to somebody else.
        Over = "over",
    }
}

/// A case that is handed over, as it came.
#[derive(Clone)]
pub struct Handed {
    id: String,
    number: String,
    n: i64,
    due: Option<Ms>,
    new: NewReport,
    spot: Spot,
    book: Rulebook,
    who: Who,
}

/// What happened to a case, as it came.
#[derive(Clone)]
pub struct Told {
    id: String,
    verb: Verb,
    number: Option<String>,
    words: Option<String>,
    book: Rulebook,
}

/// Which entries of the log are to be told to whom.
pub fn follow(app: &App, peers: &[Peer]) -> Result<()> {
    const COLUMNS: [&str; 7] = ["id", "seq", "peer", "kind", "case_id", "due_at", "tries"];
    let by_body = |body: Option<&str>| peers.iter().find(|p| Some(p.body.as_str()) == body);
    let end = follow::follow(
        app,
        peer::FOLLOWER,
        |r, entries| {
            let mut rows: Vec<Vec<Value>> = Vec::new();
            for w in entries.iter().filter(|w| w.act.starts_with("case.")) {
                let shared = shared(r, &w.obj)?;
                let mut push = |peer: &str, kind: &str| {
                    rows.push(params![format!("{}/{peer}", w.index), w.index, peer, kind, &w.obj, w.at, 0].to_vec());
                };
                let from = shared.iter().find(|s| s.1 == "in");
                let to = by_body(w.fact("holder"));
                if let Some(p) = to.filter(|p| w.field("actor") != Some(&p.id)) {
                    let there = shared.iter().any(|s| s.0 == p.id && s.1 == "out" && s.2 == "open");
                    // Back to whom it came from is no hand-over: it is said in words below.
                    if !there && from.is_none_or(|f| f.0 != p.id) {
                        push(&p.id, "case");
                    }
                }
                for (peer, way, state) in &shared {
                    let told = match (way.as_str(), state.as_str()) {
                        ("in", "open") => inward(&w.act, w.fact("overlay")),
                        ("out", "open") => outward(&w.act, w.fact("holder"), peers.iter().find(|p| p.id == *peer)),
                        _ => None,
                    };
                    // What they told us is not told back.
                    if let Some(verb) = told.filter(|_| w.field("actor") != Some(peer)) {
                        push(peer, verb.as_str());
                    }
                }
            }
            Ok(rows)
        },
        |tx, rows| Ok(tx.insert_many("exchange_due", &COLUMNS, &rows)?),
    );
    end.map(drop)
}

/// Peers that know a case: peer, way, state.
fn shared(q: &mut dyn Query, case_id: &str) -> store::Result<Vec<(String, String, String)>> {
    let rows = q.rows("select peer, way, state from exchange_case where case_id = $1 order by id", params![case_id])?;
    rows.iter().map(|r| Ok((r.get("peer")?, r.get("way")?, r.get("state")?))).collect()
}

/// What the owner hears of a step here.
fn inward(act: &str, overlay: Option<&str>) -> Option<Verb> {
    match act {
        "case.accept" | "case.dispatch" | "case.claim" => Some(Verb::Taken),
        "case.close" => Some(Verb::Done),
        "case.reject" => Some(Verb::Refused),
        "case.note" | "case.suspend" | "case.hang_up" | "case.extend" if overlay != Some("adjudicating") => Some(Verb::Note),
        _ => None,
    }
}

/// What those who handle it hear of a step of ours.
fn outward(act: &str, holder: Option<&str>, peer: Option<&Peer>) -> Option<Verb> {
    match act {
        "case.note" | "case.supervise" => Some(Verb::Note),
        "case.withdraw" | "case.merge" | "case.reject" => Some(Verb::Over),
        "case.dispatch" | "case.rule" if holder.is_some() && holder != peer.map(|p| p.body.as_str()) => Some(Verb::Over),
        _ => None,
    }
}

/// Puts into words what is due: one entry of the log for each, which the streams carry.
pub fn say(app: &App, peers: &[Peer]) -> Result<()> {
    let now = app.now();
    let rows = app.db.read(|r| {
        let sql = "select id, seq, peer, kind, case_id, tries from exchange_due where due_at <= $1 order by seq, id limit $2";
        r.rows(sql, params![now, AT_ONCE])
    })?;
    for row in rows {
        let (id, peer, kind): (String, String, String) = (row.get("id")?, row.get("peer")?, row.get("kind")?);
        let (seq, case_id, tries): (u64, String, i64) = (row.get("seq")?, row.get("case_id")?, row.get("tries")?);
        let Some(peer) = peers.iter().find(|p| p.id == peer).cloned() else { continue };
        let end = if kind == "case" { hand(app, &peer, &id, &case_id) } else { tell(app, &peer, &id, seq, &case_id, &kind) };
        if let Err(e) = end {
            if e.kind.status() >= 500 && tries < TRIES {
                return Err(e);
            }
            // What cannot be said keeps nothing else waiting.
            later(app, id, now + MINUTE * (tries + 1))?;
        }
    }
    Ok(())
}

fn later(app: &App, id: String, at: Ms) -> Result<()> {
    let write = move |tx: &mut Tx| {
        tx.exec("update exchange_due set due_at = $2, tries = tries + 1 where id = $1", params![id, at])?;
        // When something is said is no fact about anybody.
        tx.follow("exchange.due", 0)?;
        Ok::<_, Error>(())
    };
    app.db.write(write).map(drop)
}

/// Whether it is still to be said; another process on the same database may have been here.
fn begin(tx: &mut Tx, id: &str) -> Result<bool> {
    Ok(tx.count("select count(*) from exchange_due where id = $1", params![id])? > 0)
}

fn done(tx: &mut Tx, id: &str) -> Result<()> {
    tx.exec("delete from exchange_due where id = $1", params![id])?;
    Ok(())
}

/// Hands a case over.
fn hand(app: &App, peer: &Peer, due: &str, case_id: &str) -> Result<()> {
    let (case, said, mut look, who) = app.db.read(|r| {
        let who = peer.who(r)?;
        let case = case::by_id(r, case_id)?.ok_or(Kind::NotFound)?;
        let said = case::said(r, &case)?;
        Ok::<_, Error>((case, said, Look::new(&who, PURPOSE), who))
    })?;
    if case.holder.as_deref() != Some(&peer.body) || !case.state.is_open() {
        // It went on meanwhile.
        let due = due.to_owned();
        return app
            .db
            .write(move |tx| {
                done(tx, &due)?;
                Ok::<_, Error>(tx.follow("exchange.due", 0)?)
            })
            .map(drop);
    }
    debug_assert!(who.in_body(&peer.body));
    let mut values: Vec<(&'static str, Json)> = Vec::new();
    for element in VALUES {
        let Some(value) = said.as_ref().and_then(|s| s.elements.iter().find(|e| e.0 == element)).map(|e| e.1.clone()) else {
            continue;
        };
        // It goes to nobody but the desk that handles it.
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let seen = look.at(&case.graded(element, text), Reader::Involved);
        if i64::from(catalogue::grade_of(element)) <= peer.grade && seen.is_some() {
            let kept = if value.is_i64() {
                seen.as_deref().and_then(|s| s.parse::<i64>().ok()).map(Json::from)
            } else {
                seen.map(Json::from)
            };
            values.extend(kept.map(|v| (element, v)));
        }
    }
    look.record(app)?;
    let (peer, due) = (peer.clone(), due.to_owned());
    app.db.write(move |tx| {
        if !begin(tx, &due)? {
            return Ok(());
        }
        let now = tx.now();
        let id = format!("{}/{}/out", case.id, peer.id);
        let n = tx.count("select n from exchange_case where id = $1", params![&id])? + 1;
        let entry = Entry {
            party: Some(&peer.body),
            area: Some(&case.area),
            owner: Some(&case.owner),
            elements: values.iter().map(|(name, v)| (*name, v.clone())).collect(),
            ..Entry::new("exchange.case", "exchange-peer", &peer.id)
        };
        let entry = entry
            .fact("peer", peer.id.as_str())
            .fact("case", case.id.as_str())
            .fact("number", case.number.as_str())
            .fact("n", n)
            .fact("received", case.received_at)
            .fact_opt("due", case.handle_due.or(case.due_at))
            .fact_opt("class", case.class.as_deref());
        let logged = tx.log(entry)?;
        let sql = "insert into exchange_case(id, case_id, peer, way, n, seq, state, made_at) values ($1, $2, $3, 'out', $4, $5, 'open', $6) \
                   on conflict(id) do update set n = excluded.n, seq = excluded.seq, state = 'open', ended_at = null";
        tx.exec(sql, params![&id, &case.id, &peer.id, n, logged.index, now])?;
        done(tx, &due)
    })?;
    Ok(())
}

/// Tells what happened to a case that both know. `seq` is the entry that said so here.
fn tell(app: &App, peer: &Peer, due: &str, seq: u64, case_id: &str, kind: &str) -> Result<()> {
    let verb = Verb::parse(kind).ok_or(Kind::NotFound)?;
    let (case, words, mut look) = app.db.read(|r| {
        let case = case::by_id(r, case_id)?.ok_or(Kind::NotFound)?;
        // The words of the step; of a case that is settled, those of whoever settled it.
        let mut words = r.entry(seq)?.and_then(|w| w.element("case.note").map(str::to_owned));
        if words.is_none() && verb == Verb::Done {
            words = r.history(case_id)?.iter().rev().find_map(|w| {
                w.element("case.note").filter(|_| matches!(w.act.as_str(), "case.feedback" | "case.check")).map(str::to_owned)
            });
        }
        Ok::<_, Error>((case, words, Look::new(&peer.who(r)?, PURPOSE)))
    })?;
    let seen = words.and_then(|w| look.at(&case.graded("case.note", w), Reader::Involved));
    let seen = seen.filter(|_| i64::from(catalogue::grade_of("case.note")) <= peer.grade);
    look.record(app)?;
    let (peer, due) = (peer.clone(), due.to_owned());
    app.db.write(move |tx| {
        if !begin(tx, &due)? {
            return Ok(());
        }
        let now = tx.now();
        let entry = Entry {
            party: Some(&peer.body),
            area: Some(&case.area),
            owner: Some(&case.owner),
            ..Entry::new("exchange.progress", "exchange-peer", &peer.id)
        };
        let entry = entry.fact("peer", peer.id.as_str()).fact("case", case.id.as_str()).fact("verb", verb.as_str());
        let entry = entry.fact("number", case.number.as_str()).fact("state", case.state.as_str()).fact_opt("due", case.due_at);
        tx.log(entry.element("case.note", seen))?;
        if matches!(verb, Verb::Done | Verb::Refused | Verb::Over) {
            let sql = "update exchange_case set state = 'over', ended_at = $3 where case_id = $1 and peer = $2";
            tx.exec(sql, params![&case.id, &peer.id, now])?;
        }
        done(tx, &due)
    })?;
    Ok(())
}

fn text(e: &Event, name: &str) -> Option<String> {
    e.elements.iter().find(|v| v.0 == name).and_then(|v| v.1.as_str()).map(str::to_owned)
}

/// Reads a case that is handed over, and finds its place here.
pub fn handed(app: &App, peer: &Peer, e: &Event, leaf: &Json) -> Result<Handed> {
    let book = Rulebook::now(app)?;
    let fact = |name: &str| leaf[format!("x_{name}")].as_str().map(str::to_owned);
    let whole = |name: &str| e.elements.iter().find(|v| v.0 == name).and_then(|v| v.1.as_i64());
    let id = fact("case").unwrap_or_default();
    let new = NewReport {
        id: Some(id.clone()),
        text: text(e, "case.text"),
        class: fact("class").filter(|c| book.classes.get(c).is_some() && !book.classes.is_handed(c)),
        area: Some(e.area.clone()),
        lat: whole("case.lat"),
        lon: whole("case.lon"),
        address: text(e, "case.address"),
        contact_name: text(e, "case.contact_name"),
        contact_phone: text(e, "case.contact_phone"),
        channel: case::EXCHANGE.into(),
        source: Some(format!("{}{}/{id}", case::EXCHANGED, peer.id)),
        ..NewReport::default()
    };
    let spot = report::place(app, &new)?;
    let (spot, who) = app.db.read(|r| Ok::<_, Error>((spot.held_by(&node::desk(r)?.id), peer.who(r)?)))?;
    Ok(Handed {
        number: fact("number").unwrap_or_default(),
        n: leaf["x_n"].as_i64().unwrap_or(1),
        due: leaf["x_due"].as_i64(),
        id,
        new,
        spot,
        book,
        who,
    })
}

/// Makes the copy of a case that was handed over; one that was here before is opened again.
pub fn take(tx: &mut Tx, peer: &Peer, h: &Handed, zone: &TimeZone) -> Result<()> {
    if h.id.is_empty() || h.number.is_empty() || h.new.text.is_none() && h.new.class.is_none() {
        return Err(Kind::Empty.at("text"));
    }
    let id = format!("{}/{}/in", h.id, peer.id);
    let known = tx.row("select n from exchange_case where id = $1", params![&id])?.map(|r| r.get::<i64>("n")).transpose()?;
    let there = case::load(tx, &h.id)?;
    match (known, there) {
        (Some(n), _) if n >= h.n => return Ok(()),
        (Some(_), Some(case)) if !case.state.is_open() => {
            let said = Said { reason: h.new.text.clone().or(Some(h.number.clone())), ..Said::default() };
            let owner = |f: Facts| Facts { reporter: true, ..f };
            act_with(tx, &h.book, &h.who, (&h.id, false), (Action::Reopen, &said), owner)?;
        }
        (Some(_), _) => {}
        // Somebody else handed over what bears this id, or it is ours: nobody takes another's case in this way.
        (None, Some(_)) => return Err(Kind::Taken.at("case")),
        (None, None) => {
            report::make(tx, &h.book, &h.who, &h.new, &h.spot, zone)?;
        }
    }
    if let Some(due) = h.due.filter(|d| *d > tx.now()) {
        promise::promise(tx, &h.book, &h.who, &h.id, Some(due))?;
    }
    let now = tx.now();
    let sql = "insert into exchange_case(id, case_id, peer, way, number_there, n, seq, state, made_at) values ($1, $2, $3, 'in', $4, $5, 0, 'open', $6) \
               on conflict(id) do update set n = excluded.n, state = 'open', ended_at = null";
    tx.exec(sql, params![&id, &h.id, &peer.id, &h.number, h.n, now])?;
    Ok(())
}

/// Reads what happened to a case.
pub fn told(app: &App, e: &Event, leaf: &Json) -> Result<Told> {
    let fact = |name: &str| leaf[format!("x_{name}")].as_str();
    Ok(Told {
        id: fact("case").unwrap_or_default().to_owned(),
        verb: fact("verb").and_then(Verb::parse).unwrap_or(Verb::Note),
        number: fact("number").map(str::to_owned),
        words: text(e, "case.note"),
        book: Rulebook::now(app)?,
    })
}

/// Does what happened on the other side, as an action of its desk.
pub fn hear(tx: &mut Tx, peer: &Peer, t: &Told) -> Result<()> {
    let row = tx.row("select way, state from exchange_case where case_id = $1 and peer = $2", params![&t.id, &peer.id])?;
    let way: String = row.ok_or(Kind::NotFound)?.get("way")?;
    let (who, before) = (peer.who(tx)?, case::load(tx, &t.id)?.ok_or(Kind::NotFound)?);
    let owner = way == "out";
    let words = t.words.clone().or_else(|| t.number.clone());
    let said = Said { text: words.clone(), reason: words, ..Said::default() };
    match (owner, t.verb) {
        (true, Verb::Taken) => taken(tx, &t.book, &who, &before, peer)?,
        (true, Verb::Done) => {
            taken(tx, &t.book, &who, &before, peer)?;
            act(tx, &t.book, &who, false, &t.id, Action::Feedback, &said)?;
        }
        (true, Verb::Refused) => {
            if matches!(before.state, State::Dispatched | State::Handling) {
                act(tx, &t.book, &who, false, &t.id, Action::Return, &said)?;
            } else {
                act(tx, &t.book, &who, false, &t.id, Action::Note, &said)?;
            }
        }
        (false, Verb::Over) if before.state.is_open() => {
            // Its owner ended it: whatever stands here ends with it.
            let ends = |f: Facts| Facts { reporter: true, handler: false, desk: true, ..f };
            let action = if matches!(before.state, State::Feedback | State::Checking) { Action::Note } else { Action::Withdraw };
            act_with(tx, &t.book, &who, (&t.id, false), (action, &said), ends)?;
        }
        _ => {
            let writes = |f: Facts| Facts { reporter: true, ..f };
            act_with(tx, &t.book, &who, (&t.id, false), (Action::Note, &said), writes)?;
        }
    }
    let now = tx.now();
    if let Some(number) = t.number.as_deref().filter(|_| owner) {
        let sql = "update exchange_case set number_there = $3 where case_id = $1 and peer = $2";
        tx.exec(sql, params![&t.id, &peer.id, number])?;
    }
    if matches!(t.verb, Verb::Done | Verb::Refused | Verb::Over) {
        let sql = "update exchange_case set state = 'over', ended_at = $3 where case_id = $1 and peer = $2";
        tx.exec(sql, params![&t.id, &peer.id, now])?;
    }
    Ok(())
}

/// Their desk took it up: from wherever it stands here to where they handle it.
fn taken(tx: &mut Tx, book: &Rulebook, who: &Who, before: &Case, peer: &Peer) -> Result<()> {
    let quiet = Said { on_the_spot: true, ..Said::default() };
    let holds = |f: Facts| Facts { desk: true, ..f };
    let mut state = before.state;
    // Only while it lies with them: who had it once has no desk's right over it.
    if state == State::Received && before.holder.as_deref() == Some(&peer.body) {
        state = act_with(tx, book, who, (&before.id, false), (Action::Accept, &quiet), holds)?.state;
    }
    if state == State::Accepted && before.holder.as_deref() == Some(&peer.body) {
        let to = Said { to: Some(peer.body.clone()), on_the_spot: true, ..Said::default() };
        state = act_with(tx, book, who, (&before.id, false), (Action::Dispatch, &to), holds)?.state;
    }
    if state == State::Dispatched {
        act(tx, book, who, false, &before.id, Action::Accept, &quiet)?;
    }
    Ok(())
}
