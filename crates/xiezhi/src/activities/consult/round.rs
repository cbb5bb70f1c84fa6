//! Deliberation: in which forms, at which times; what is on the agenda; who was there, what each seat thinks; the minutes.
//!
//! What must stay true: agenda and times stand still from their posting, and are posted so many days before as the pack says;
//! a view is about a posted item and is one of a seat, the latest counts, and those before it are kept; nothing is held
//! before its last round is over, without enough of the seats, or without a view on each item.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use store::{Entry, Query, Tx, params};

use super::rules::{self, Stance};
use super::seat::{self, Seat};
use super::{Basis, Consult, State, act, by_id, pack, tell};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// Characters of a view, and of the minutes.
pub const MAX_VIEW: usize = 1000;
/// Characters of minutes.
pub const MAX_MINUTES: usize = 8000;
/// Views of one seat on one item: each is kept.
const MOST: i64 = 20;

names! {
    /// How people come together.
    Form { Meeting = "meeting", Online = "online", Walk = "walk", }
    /// How a view came.
    Channel { App = "app", There = "there", Paper = "paper", Phone = "phone", }
}

/// A round.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `consult_round`")]
pub struct Round {
    pub n: i64,
    pub form: Form,
    pub place: Option<String>,
    pub opens_at: Ms,
    pub closes_at: Ms,
}

impl Round {
    /// Going on.
    pub fn is_open(&self, now: Ms) -> bool {
        self.opens_at <= now && now < self.closes_at
    }
}

/// The rounds of a consultation.
pub fn rounds(q: &mut dyn Query, consult: &str) -> store::Result<Vec<Round>> {
    let sql = "select n, form, place, opens_at, closes_at from consult_round where consult = $1 order by n";
    let read = |row: &store::Row| {
        Ok(Round {
            n: row.get("n")?,
            form: row.get("form")?,
            place: row.get("place")?,
            opens_at: row.get("opens_at")?,
            closes_at: row.get("closes_at")?,
        })
    };
    q.rows(sql, params![consult])?.iter().map(read).collect()
}

/// What is on the agenda, by its place from 1.
pub fn items(q: &mut dyn Query, consult: &str) -> store::Result<Vec<(i64, String)>> {
    let sql = "select n, words from consult_item where consult = $1 order by n";
    q.rows(sql, params![consult])?.iter().map(|r| Ok((r.get("n")?, r.get("words")?))).collect()
}

/// Who signed in: round and seat.
pub fn signed(q: &mut dyn Query, consult: &str) -> store::Result<Vec<(i64, String, Ms)>> {
    let sql = "select round, seat, at from consult_sign where consult = $1 order by round, at, seat";
    q.rows(sql, params![consult])?.iter().map(|r| Ok((r.get("round")?, r.get("seat")?, r.get("at")?))).collect()
}

/// A view as it was given.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `consult_view`")]
pub struct View {
    pub item: i64,
    pub seat: String,
    pub at: Ms,
    pub channel: Channel,
    pub stance: Stance,
    pub text: Option<String>,
}

/// The views of a consultation, the latest of each seat on each item; `every` gives those before them too.
pub fn views(q: &mut dyn Query, consult: &str, every: bool) -> Result<Vec<View>> {
    let sql = "select item, seat, at, channel, said from consult_view where consult = $1 order by item, at, id limit 5000";
    let rows = q.rows(sql, params![consult])?;
    let sealed = rows.iter().map(|r| Ok((r.get("seat")?, r.get("said")?))).collect::<store::Result<Vec<(String, Vec<u8>)>>>()?;
    let mut all: Vec<View> = Vec::new();
    for (row, said) in rows.iter().zip(q.open_many(&sealed)?) {
        // Whose key was destroyed said something that nobody can read any more.
        let said: serde_json::Value = said.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
        let Some(stance) = said["stance"].as_str().and_then(Stance::parse) else { continue };
        let text = said["text"].as_str().map(str::to_owned);
        let (item, seat): (i64, String) = (row.get("item")?, row.get("seat")?);
        all.push(View { item, seat, at: row.get("at")?, channel: row.get("channel")?, stance, text });
    }
    if !every {
        let mut last: BTreeMap<(i64, String), View> = BTreeMap::new();
        for view in all {
            last.insert((view.item, view.seat.clone()), view);
        }
        return Ok(last.into_values().collect());
    }
    Ok(all)
}

/// How many seats said what to each item.
pub fn counts(views: &[View], item: i64) -> [i64; 3] {
    let of = |stance| views.iter().filter(|v| v.item == item && v.stance == stance).count() as i64;
    [of(Stance::Yes), of(Stance::No), of(Stance::Abstain)]
}

/// The depth's rules, when the step is the one that is waited for.
fn at(c: &Consult, step: State) -> Result<(pack::Pack, super::Depth)> {
    let (pack, depth) = (c.rules()?, c.depth.ok_or(Kind::State)?);
    rules::step(c, Some(pack.way(depth)), step)?;
    Ok((pack, depth))
}

/// Chooses the forms with their times; until the agenda is posted they may be chosen again.
pub fn choose(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, new: &[Round]) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.form")?;
    let again = c.state == State::Deliberate;
    if again && c.posted_at.is_some() {
        return Err(Kind::AgendaFrozen.into());
    }
    let (pack, depth) = at(&c, if again { State::Deliberate } else { State::Form })?;
    let way = pack.way(depth);
    for round in new {
        if !way.forms.iter().any(|f| f == round.form.as_str()) {
            return Err(Kind::Unknown.at("form"));
        }
        if round.closes_at <= round.opens_at || round.opens_at <= now {
            return Err(Kind::OutOfRange.at("opens_at"));
        }
    }
    let forms: BTreeSet<&str> = new.iter().map(|r| r.form.as_str()).collect();
    if forms.len() < way.least_forms.max(1) {
        return Err(Kind::FormsMissing.at("forms").limit(way.least_forms.max(1) as i64));
    }
    let due = if again { c.due_at } else { act::enter(tx, basis, &c, &pack, depth, way.after(State::Form))? };
    tx.exec("delete from consult_round where consult = $1", params![id])?;
    for (n, r) in new.iter().enumerate() {
        let sql = "insert into consult_round(consult, n, form, place, opens_at, closes_at) values ($1, $2, $3, $4, $5, $6)";
        tx.exec(sql, params![id, n as i64 + 1, r.form, &r.place, r.opens_at, r.closes_at])?;
    }
    let text: Vec<String> = new.iter().map(|r| format!("{} {} {}", r.form.as_str(), r.opens_at, r.closes_at)).collect();
    tx.log(entry.fact("rounds", text.join(";")).fact_opt("due", due))?;
    Ok(())
}

/// Writes the agenda, as long as it is not posted.
pub fn agenda(tx: &mut Tx, who: &Who, id: &str, items: &[String]) -> Result<()> {
    let c = by_id(tx, id)?;
    let entry = c.desk_entry(who, "consult.agenda")?;
    at(&c, State::Deliberate)?;
    if c.posted_at.is_some() {
        return Err(Kind::AgendaFrozen.into());
    }
    tx.exec("delete from consult_item where consult = $1", params![id])?;
    for (n, words) in items.iter().enumerate() {
        tx.exec("insert into consult_item(consult, n, words) values ($1, $2, $3)", params![id, n as i64 + 1, words])?;
    }
    tx.log(entry.fact("items", items.len() as i64))?;
    Ok(())
}

/// Posts agenda and times: from now on they stand still, and nothing else is decided.
pub fn post(tx: &mut Tx, basis: &Basis, who: &Who, id: &str) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.post")?;
    let (pack, depth) = at(&c, State::Deliberate)?;
    let way = pack.way(depth);
    if c.posted_at.is_some() {
        return Err(Kind::AgendaFrozen.into());
    }
    let (items, rounds) = (items(tx, id)?, rounds(tx, id)?);
    if items.is_empty() {
        return Err(Kind::Missing.at("items"));
    }
    for r in &rounds {
        rules::round(way, now, r.opens_at, r.closes_at)?;
    }
    let last = rounds.iter().map(|r| r.closes_at).max().unwrap_or(now);
    // From now on it is late when the minutes are.
    let due = act::deadline(basis, &c, &pack, depth, State::Deliberate, last);
    tx.exec("update consult set posted_at = $2, due_at = $3, overdue_at = null where id = $1", params![id, now, due])?;
    let mut text: Vec<String> = items.iter().map(|(n, words)| format!("{n} {words}")).collect();
    text.extend(rounds.iter().map(|r| format!("{} {} {}", r.form.as_str(), r.opens_at, r.closes_at)));
    let digest = crate::kit::digest(&text);
    tx.log(entry.fact("items", items.len() as i64).fact_opt("due", due).fact("digest", digest))?;
    let c = by_id(tx, id)?;
    tell::all(tx, basis, who, &c, "posted")
}

/// The agenda is posted, and the deliberation is not over.
fn going_on(c: &Consult) -> Result<()> {
    at(c, State::Deliberate)?;
    if c.posted_at.is_none() { Err(Kind::StepSkipped.at("step-post")) } else { Ok(()) }
}

/// Signs seats in: the desk from the sheet, or a seat itself while the round goes on.
pub fn sign(tx: &mut Tx, who: &Who, id: &str, round: i64, seats: &[i64]) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let all = seat::of(tx, id)?;
    let desk = c.is_run_by(who);
    going_on(&c)?;
    let round = rounds(tx, id)?.into_iter().find(|r| r.n == round).ok_or_else(|| Kind::Unknown.at("round"))?;
    if now < round.opens_at {
        return Err(Kind::RoundClosed.at("round"));
    }
    for n in seats {
        let seat = all.iter().find(|s| s.n == *n && s.state.sits()).ok_or_else(|| Kind::Unknown.at("seats"))?;
        if !desk && (!seat.is_of(who) || !round.is_open(now)) {
            return Err(if seat.is_of(who) { Kind::RoundClosed } else { Kind::Denied }.into());
        }
        let sql = "insert into consult_sign(consult, round, seat, at, by_person) values ($1, $2, $3, $4, $5) \
                   on conflict(consult, round, seat) do nothing";
        tx.exec(sql, params![id, round.n, &seat.id, now, who.person.as_deref()])?;
    }
    let list = seats.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    tx.log(c.entry(who, "consult.sign").fact("round", round.n).fact("seats", list))?;
    Ok(())
}

/// What a seat thinks of an item.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Said {
    pub item: i64,
    /// The seat for which the desk writes it down.
    pub seat: Option<i64>,
    pub stance: Stance,
    pub text: Option<String>,
    pub channel: Channel,
}

/// Takes a view: from a seat itself while a round goes on, or from the desk that writes down what was said.
pub fn view(tx: &mut Tx, who: &Who, id: &str, said: &Said) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let seats = seat::of(tx, id)?;
    let desk = c.is_run_by(who) && said.seat.is_some();
    let found = seats.iter().find(|s| match said.seat {
        Some(n) if desk => s.n == n && s.state.sits(),
        _ => s.is_of(who) && said.seat.is_none_or(|n| s.n == n),
    });
    let seat = found.ok_or(Kind::Denied)?;
    going_on(&c)?;
    let rounds = rounds(tx, id)?;
    let open = if desk { rounds.iter().any(|r| r.opens_at <= now) } else { rounds.iter().any(|r| r.is_open(now)) };
    if !open {
        return Err(Kind::RoundClosed.into());
    }
    if !items(tx, id)?.iter().any(|(n, _)| *n == said.item) {
        return Err(Kind::NotOnAgenda.at("item"));
    }
    let own = tx.count(
        "select count(*) from consult_view where consult = $1 and item = $2 and seat = $3",
        params![id, said.item, &seat.id],
    )?;
    if own >= MOST {
        return Err(Kind::TooMany.at("item").limit(MOST));
    }
    // Of two of one moment the later one counts.
    let last = "select max(at) from consult_view where consult = $1 and item = $2 and seat = $3";
    let last = tx.row(last, params![id, said.item, &seat.id])?.map(|r| r.first::<Option<Ms>>()).transpose()?.flatten();
    let at = crate::activities::vote::rules::moment(now, last);
    let text = json!({ "stance": said.stance.as_str(), "text": said.text }).to_string();
    let (view, sealed) = (tx.id(), tx.seal(&seat.id, text.as_bytes())?);
    let channel = if desk { said.channel } else { Channel::App };
    let sql = "insert into consult_view(id, consult, item, seat, at, by_person, channel, said) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(sql, params![view, id, said.item, &seat.id, at, who.person.as_deref(), channel, sealed])?;
    let entry = Entry { owner: Some(&seat.id), ..c.entry(who, "consult.view") };
    let entry = entry.fact("item", said.item).fact("seat", seat.n).fact("channel", channel.as_str());
    tx.log(entry.element("consult.view", Some(text)))?;
    Ok(())
}

/// Seats that took part: signed in, or said what they think.
pub fn present<'s>(q: &mut dyn Query, consult: &str, seats: &'s [Seat], views: &[View]) -> store::Result<Vec<&'s Seat>> {
    let signed = signed(q, consult)?;
    let was = |s: &&Seat| signed.iter().any(|(_, id, _)| *id == s.id) || views.iter().any(|v| v.seat == s.id);
    Ok(seats.iter().filter(|s| s.state.sits()).filter(was).collect())
}

/// Ends the deliberation with its minutes.
pub fn hold(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, minutes: &str) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    let entry = c.desk_entry(who, "consult.hold")?;
    going_on(&c)?;
    let (pack, depth) = at(&c, State::Deliberate)?;
    let way = pack.way(depth);
    let (all, signed, views) = (rounds(tx, id)?, signed(tx, id)?, views(tx, id, false)?);
    for r in &all {
        // A meeting may end early; a round online goes on to its end, for somebody counts on that.
        let over = if r.form == Form::Online { r.closes_at <= now } else { signed.iter().any(|(n, ..)| *n == r.n) };
        if !over {
            return Err(Kind::RoundOpen.at("round").limit(r.n));
        }
    }
    let seats = seat::of(tx, id)?;
    let here = present(tx, id, &seats, &views)?.len();
    let sits = seats.iter().filter(|s| s.state.sits()).count();
    if !rules::quorum(way, here, sits) {
        return Err(Kind::NoQuorum.into());
    }
    let silent = items(tx, id)?.into_iter().find(|(n, _)| !views.iter().any(|v| v.item == *n));
    if let Some((n, _)) = silent {
        return Err(Kind::ViewsMissing.at("item").limit(n));
    }
    let step = way.after(State::Deliberate);
    let due = act::enter(tx, basis, &c, &pack, depth, step)?;
    let entry = Entry { owner: Some(id), ..entry }.fact("there", here as i64).fact("seats", sits as i64).fact_opt("due", due);
    let seq = tx.log(entry.element("consult.minutes", Some(minutes)))?.index;
    tx.exec("update consult set held_at = $2, minutes_seq = $3 where id = $1", params![id, now, seq])?;
    let c = by_id(tx, id)?;
    tell::all(tx, basis, who, &c, "held")
}
