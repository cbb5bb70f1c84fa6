//! What comes in: an answer to a result, a question how it stands, words to a report, or something that concerns nobody.
//!
//! What must stay true: only who knows the secret can bring a message in, and none that is older than [`OLDEST`]; each id
//! is taken once and answered with the same outcome; a number that nobody was asked under changes nothing, and its words
//! are kept nowhere.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::{Entry, Query, params};

use super::rules::{self, Answer};
use super::{Reach, about, asked, digest};
use crate::base::notice::queue::{self, NewDelivery};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, MINUTE, Ms, day};
use crate::kit::{App, Error, Result, Who};
use crate::records::case::life::{Said, act};
use crate::records::case::rules::{Action, Overlay};
use crate::records::case::{Rulebook, by_id, main_of};
use calc::codes::mobile;

/// How old a message may be when it comes in, and how far ahead the gateway's clock.
pub const OLDEST: Ms = 15 * MINUTE;

/// Messages of a day that become words on one report.
const NOTES: i64 = 10;
/// Questions of one phone that are answered in a day.
const QUESTIONS: i64 = 10;
/// How long the ids of messages are kept.
const KEPT: Ms = 30 * DAY;

/// A message that came in.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The gateway's own id.
    pub id: String,
    /// From which number.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When it was sent, in milliseconds, as the gateway wrote it.
    pub time: String,
}

impl Incoming {
    /// Checks its signature: HMAC-SHA256 in hex of `id`, `from`, `text` and `time`, each on a line, under the secret.
    pub fn check(&self, secret: &str, signature: &str, now: Ms) -> Result<()> {
        let bytes: Option<Vec<u8>> =
            (0..signature.len()).step_by(2).map(|i| u8::from_str_radix(signature.get(i..i + 2)?, 16).ok()).collect();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        mac.update(format!("{}\n{}\n{}\n{}", self.id, self.from, self.text, self.time).as_bytes());
        let time: Ms = self.time.parse().map_err(|_| Kind::WrongType.at("time"))?;
        if bytes.is_none_or(|b| mac.verify_slice(&b).is_err()) || now.abs_diff(time) > OLDEST.unsigned_abs() {
            return Err(Kind::Denied.at("signature"));
        }
        Ok(())
    }
}

/// Takes a message in and says what became of it: `rated`, `noted`, `full` (enough words for today), `late` (nothing to
/// rate any more), `state` (the answer goes out as a message of its own), `none` (no such report of this phone) or `unknown`.
pub fn take(app: &App, message: &Incoming) -> Result<String> {
    let from = mobile(&message.from);
    let phone = from.as_deref().map(|m| digest(app, m));
    let (question, zone) = (rules::question(&message.text), app.config.zone.clone());
    let (book, given) = (Rulebook::now(app)?, rules::answer(&message.text));
    let (id, words) = (message.id.clone(), message.text.clone());
    let write = move |tx: &mut store::Tx| {
        if let Some(row) = tx.row("select outcome from reach_in where id = $1", params![&id])? {
            return Ok(row.get("outcome")?);
        }
        let (who, now) = (Who::system(), tx.now());
        let reach = match (&phone, &question) {
            (Some(phone), Some(question)) => about(tx, phone, question)?,
            (Some(phone), None) => asked(tx, phone)?,
            (None, _) => None,
        };
        let outcome = match (&reach, given) {
            _ if question.is_some() => match (&from, &phone) {
                (Some(from), Some(phone)) => tell(tx, &zone, from, phone, reach.as_ref())?,
                _ => "unknown",
            },
            (None, _) => "unknown",
            (Some(reach), Some(answer)) => rate(tx, &book, &who, reach, answer)?,
            (Some(reach), None) if noted(tx, &reach.number)? >= NOTES => "full",
            (Some(reach), None) => {
                // Words belong to the report that was told of last, as if its reporter had written them there.
                let said = Said { text: Some(words), ..Said::default() };
                act::act(tx, &book, &who, true, &reach.case_id, Action::Note, &said)?;
                "noted"
            }
        };
        let number = reach.as_ref().map(|r| &r.number);
        let asker = phone.filter(|_| matches!(outcome, "state" | "none"));
        let sql = "insert into reach_in(id, at, outcome, number, phone) values ($1, $2, $3, $4, $5)";
        tx.exec(sql, params![&id, now, outcome, number, asker])?;
        let entry = Entry::new("reach.reply", "message", &id).fact("outcome", outcome).fact("channel", "sms");
        tx.log(
            entry
                .fact_opt("number", number.map(String::as_str))
                .fact_opt("score", given.map(Answer::score).filter(|_| outcome == "rated")),
        )?;
        Ok::<_, Error>(outcome.to_owned())
    };
    Ok(app.db.write(write)?.value)
}

/// Answers how a report stands, at once: he who asks is awake. `reach`: the report, when it is one of this phone.
fn tell(tx: &mut store::Tx, zone: &jiff::tz::TimeZone, from: &str, phone: &str, reach: Option<&Reach>) -> Result<&'static str> {
    // A phone that nobody reported with gets no message: nobody can make us write to a stranger.
    let Some(known) = (match reach {
        Some(reach) => Some(reach.clone()),
        None => about(tx, phone, &rules::Question::Latest)?,
    }) else {
        return Ok("unknown");
    };
    let now = tx.now();
    let sql = "select count(*) from reach_in where phone = $1 and at > $2";
    if tx.count(sql, params![phone, now - DAY])? >= QUESTIONS {
        return Ok("full");
    }
    let case = by_id(tx, &known.case_id)?.ok_or(Kind::NotFound)?;
    let main = main_of(tx, &case)?;
    let it = main.as_ref().unwrap_or(&case);
    let rests = it.overlay.is_some_and(Overlay::rests);
    let late = it.overdue_at.is_some() || it.due_at.is_some_and(|due| due <= now);
    let rateable = known.asked_at.is_some() && known.answered_at.is_none();
    let kind = reach.map_or("state-none", |_| rules::standing(it.state, rests, late, rateable));
    let due = it.due_at.map(|due| day(due, now, zone, true));
    let (address, code) = (tx.seal(&case.owner, from.as_bytes())?, tx.seal_text(&case.owner, due.as_deref())?);
    let new = NewDelivery {
        owner: Some(&case.owner),
        address: Some(address),
        code,
        subject: Some(&known.number),
        ..NewDelivery::of("sms", &known.number, kind)
    };
    queue::add(tx, &new, now)?;
    Ok(if reach.is_some() { "state" } else { "none" })
}

/// How many messages became words on a report within a day.
fn noted(tx: &mut store::Tx, number: &str) -> Result<i64> {
    let sql = "select count(*) from reach_in where number = $1 and at > $2 and outcome = 'noted'";
    let since = tx.now() - DAY;
    Ok(tx.count(sql, params![number, since])?)
}

/// Forgets ids that could not come in any more: their signatures are too old.
pub fn sweep(app: &App) -> Result<()> {
    let old = app.now() - KEPT;
    if app.db.read(|r| r.count("select count(*) from (select 1 from reach_in where at < $1 limit 1) one", params![old]))? == 0 {
        return Ok(());
    }
    app.db.write(move |tx| {
        let n = tx.exec("delete from reach_in where at < $1", params![old])?;
        tx.log(Entry::new("reach.sweep", "message", "-").fact("n", n as i64))?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// Rates a report as its reporter; a report that takes no rating now is left as it is.
pub(super) fn rate(tx: &mut store::Tx, book: &Rulebook, who: &Who, reach: &Reach, answer: Answer) -> Result<&'static str> {
    if reach.answered_at.is_some() {
        return Ok("late");
    }
    let case = by_id(tx, &reach.case_id)?.ok_or(Kind::NotFound)?;
    let main = main_of(tx, &case)?;
    let facts = crate::records::case::stand(&case, main.as_ref(), book, who, true, tx.now())?;
    if crate::records::case::rules::next(Action::Rate, &facts).is_err() {
        return Ok("late");
    }
    let said = Said { score: Some(answer.score()), ..Said::default() };
    act::act(tx, book, who, true, &reach.case_id, Action::Rate, &said)?;
    let now = tx.now();
    tx.exec("update reach set answered_at = $2 where case_id = $1", params![&reach.case_id, now])?;
    Ok("rated")
}
