//! Asking and answering.
//!
//! What must stay true: whoever asks owns the record or the read he asks about; whoever answers keeps the register there, and is not
//! the one whose read is asked about; a correction that is accepted changes the record in the same step.

use store::{Entry, Query as _, Tx, params};

use super::{Ask, State, by_id};
use crate::kit::error::Kind;
use crate::kit::time::DAY;
use crate::kit::{Result, Who};
use crate::records::register::rules::{may_keep, spelt};
use crate::records::register::{Source, act as register, erase, mine};

/// Requests of a person that may be open at once.
const MOST: i64 = 10;

/// Something that is asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct New {
    pub ask: Ask,
    pub element: Option<&'static str>,
    pub value: Option<String>,
    pub entry: Option<i64>,
    pub said: String,
}

/// Asks; the clock runs from now.
pub fn ask(tx: &mut Tx, person: &str, new: &New) -> Result<String> {
    let open = "select count(*) from rights_request where person = $1 and state = 'open'";
    if tx.count(open, params![person])? >= MOST {
        return Err(Kind::TooMany.at("ask").limit(MOST));
    }
    let record = mine::record(tx, person)?;
    if let Some(entry) = new.entry {
        let sql = "select count(*) from read_log where seq = $1 and owner = $2";
        let mut mine = 0;
        for name in mine::names(tx, person)? {
            mine += tx.count(sql, params![entry, name])?;
        }
        if mine == 0 {
            return Err(Kind::NotFound.at("entry"));
        }
    }
    if record.is_none() && new.ask != Ask::Question {
        return Err(Kind::NotFound.at("record"));
    }
    let spot = match &record {
        Some(record) => (record.spot.area.clone(), record.spot.path.clone()),
        None => home(tx, person)?.ok_or_else(|| Kind::Missing.at("record"))?,
    };
    let value = match new.element.zip(new.value.as_deref()) {
        Some((element, value)) => Some(spelt(element, value)?),
        None => None,
    };
    let (id, now) = (tx.id(), tx.now());
    let days = erase::terms().days.get(new.ask.as_str()).copied().unwrap_or(15);
    let (said, value) = (tx.seal(person, new.said.as_bytes())?, tx.seal_text(person, value.as_deref())?);
    let resident = record.map(|r| r.id);
    let sql = "insert into rights_request(id, kind, person, resident, area, path, state, made_at, due_at, element, entry, said, value) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let due = now + days * DAY;
    let row =
        params![&id, new.ask, person, resident, &spot.0, &spot.1, State::Open, now, due, new.element, new.entry, said, value];
    tx.exec(sql, row)?;
    let entry =
        Entry { actor: Some(person), area: Some(&spot.0), owner: Some(person), ..Entry::new("rights.ask", "request", &id) };
    tx.log(entry.fact("ask", new.ask.as_str()).fact("due", due).element("rights.text", Some(new.said.as_str())))?;
    Ok(id)
}

/// The grid or community somebody named as his home.
fn home(tx: &mut Tx, person: &str) -> store::Result<Option<(String, String)>> {
    let sql = "select a.id, a.path from person p join area a on a.id = p.home where p.id = $1";
    let row = tx.row(sql, params![person])?;
    row.map(|r| Ok((r.get("id")?, r.get("path")?))).transpose()
}

/// Answers: does what was asked, or says why not.
pub fn answer(tx: &mut Tx, who: &Who, id: &str, done: bool, words: &str) -> Result<()> {
    let request = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    if !may_keep(who, &request.path) {
        return Err(Kind::NotFound.into());
    }
    if request.state != State::Open {
        return Err(Kind::State.into());
    }
    if let Some(entry) = request.entry {
        let own = "select count(*) from read_log where seq = $1 and reader = $2";
        if tx.count(own, params![entry, who.actor()])? > 0 {
            return Err(Kind::Denied.into());
        }
    }
    let now = tx.now();
    let answer = tx.seal(&request.person, words.as_bytes())?;
    let state = if done { State::Done } else { State::Refused };
    let sql = "update rights_request set state = $2, answer = $3, answered_at = $4, answered_by = $5 where id = $1";
    tx.exec(sql, params![id, state, answer, now, who.actor()])?;
    let act = if done { "rights.done" } else { "rights.refuse" };
    let owner = Some(request.person.as_str());
    let entry = Entry { actor: who.actor(), area: Some(&request.area), owner, ..Entry::new(act, "request", id) };
    tx.log(entry.fact("ask", request.ask.as_str()).element("rights.text", Some(words)))?;
    if !done {
        return Ok(());
    }
    match (request.ask, request.resident.as_deref()) {
        (Ask::Erase, Some(resident)) => erase::erase(tx, who, resident),
        (Ask::Correct, Some(resident)) => {
            let Some(element) = request.element.as_deref().and_then(crate::base::catalogue::element) else { return Ok(()) };
            let Some(value) = tx.open_text(&request.person, request.value.clone())? else { return Ok(()) };
            register::correct(tx, who, resident, None, &[(element.code.as_str(), value)], Source::Said)
        }
        _ => Ok(()),
    }
}
