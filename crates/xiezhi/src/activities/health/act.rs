//! What people do about a signal: verify, assess, respond, close.
//!
//! Every action has one shape: may you? → load → rules decide → write → log. What must stay true: a signal is assessed only after somebody
//! verified it, and closed only with a disposition; only one that was assessed can have been an outbreak.

use store::{Tx, params};

use super::signal::{settled, step, tell};
use super::{Book, Disposition, Level, Signal, State, by_number, over, sees};
use crate::kit::error::Kind;
use crate::kit::{Result, Who};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport, Spot};

/// A signal that is open, for whoever of the place acts on it: `desk` for what only an office decides.
fn kept(tx: &mut Tx, who: &Who, number: &str, desk: bool) -> Result<Signal> {
    let signal = by_number(tx, number)?;
    if !sees(who, &signal.path) {
        return Err(Kind::NotFound.into());
    }
    if desk && over(who, &signal.path).is_none() {
        return Err(Kind::Denied.into());
    }
    if signal.is_open() { Ok(signal) } else { Err(Kind::Over.into()) }
}

/// Somebody asked there, and it is so: the clock stops.
pub fn verify(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str) -> Result<()> {
    let signal = kept(tx, who, number, false)?;
    if signal.state != State::Raised {
        return Err(Kind::State.into());
    }
    let seq = tx.log(signal.entry(who, "health.verify").element("health.words", Some(words)))?.index;
    let sql = "update health_signal set state = $2, ring_at = null where id = $1";
    tx.exec(sql, params![&signal.id, State::Verified])?;
    step(tx, &signal, who, "verify", None, Some(words), seq)?;
    settled(tx, book, &signal)
}

/// How bad it is, and why; said again it may rise, which is told, or fall.
pub fn assess(tx: &mut Tx, book: &Book, who: &Who, number: &str, level: Level, words: &str) -> Result<()> {
    let signal = kept(tx, who, number, true)?;
    if signal.state == State::Raised || signal.level == Some(level) {
        return Err(Kind::State.into());
    }
    let now = tx.now();
    let entry = signal.entry(who, "health.assess").fact("level", level.as_str());
    let seq = tx.log(entry.element("health.words", Some(words)))?.index;
    let state = if signal.state == State::Verified { State::Assessed } else { signal.state };
    let rose = level > signal.level.unwrap_or(Level::Low);
    let told = if rose { now } else { signal.told_at };
    let sql = "update health_signal set state = $2, level = $3, told_at = $4 where id = $1";
    tx.exec(sql, params![&signal.id, state, level, told])?;
    step(tx, &signal, who, "assess", Some(level.as_str()), Some(words), seq)?;
    if !rose {
        return Ok(());
    }
    tell(tx, book, who, &signal, &signal.desk, "level")?;
    // What is more than low is the next desk's to know.
    match book.chart.body(&signal.desk).and_then(|b| book.chart.desk_above(b)).map(|b| b.id.clone()) {
        Some(above) => tell(tx, book, who, &signal, &above, "level"),
        None => Ok(()),
    }
}

/// A case that a response makes: where it is, and what decisions about it rest on.
pub struct Task {
    /// The rulebook.
    pub book: Rulebook,
    /// The place.
    pub spot: Spot,
}

/// Says what is being done; with a task it becomes a case, whose number is given.
pub fn respond(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str, task: Option<&Task>) -> Result<Option<String>> {
    let signal = kept(tx, who, number, true)?;
    if !matches!(signal.state, State::Assessed | State::Responding) {
        return Err(Kind::State.into());
    }
    let case = match task {
        Some(_) if signal.case_number.is_some() => return Err(Kind::State.at("case")),
        Some(task) => {
            let new = NewReport {
                text: Some(words.to_owned()),
                class: Some(book.pack.case.class.clone()),
                channel: "health".into(),
                source: Some(format!("health:{}", signal.number)),
                ..NewReport::default()
            };
            Some(report::make(tx, &task.book, who, &new, &task.spot, &book.zone)?.0.number)
        }
        None => None,
    };
    let entry = signal.entry(who, "health.respond").fact_opt("case", case.as_deref());
    let seq = tx.log(entry.element("health.words", Some(words)))?.index;
    let sql = "update health_signal set state = $2, case_number = coalesce($3, case_number) where id = $1";
    tx.exec(sql, params![&signal.id, State::Responding, &case])?;
    step(tx, &signal, who, "respond", case.as_deref(), Some(words), seq)?;
    Ok(case)
}

/// Closes it, with what it was in the end.
pub fn close(tx: &mut Tx, book: &Book, who: &Who, number: &str, disposition: Disposition, words: &str) -> Result<()> {
    let signal = kept(tx, who, number, true)?;
    if disposition == Disposition::True && signal.level.is_none() {
        return Err(Kind::State.at("disposition"));
    }
    let now = tx.now();
    let entry = signal.entry(who, "health.close").fact("disposition", disposition.as_str());
    let seq = tx.log(entry.element("health.words", Some(words)))?.index;
    let sql =
        "update health_signal set state = $2, disposition = $3, closed_at = $4, ring_at = null, open_key = null where id = $1";
    tx.exec(sql, params![&signal.id, State::Closed, disposition, now])?;
    step(tx, &signal, who, "close", Some(disposition.as_str()), Some(words), seq)?;
    settled(tx, book, &signal)
}
