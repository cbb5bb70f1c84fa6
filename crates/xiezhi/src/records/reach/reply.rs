//! What comes in: an answer to a result, words to a report, or something that concerns nobody.
//!
//! What must stay true: only who knows the secret can bring a message in, and none that is older than [`OLDEST`]; each id
//! is taken once and answered with the same outcome; a number that nobody was asked under changes nothing, and its words
//! are kept nowhere.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::{Entry, Query, params};

use super::rules::{self, Answer};
use super::{Reach, asked, digest};
use crate::base::notice::rules::mobile;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{App, Error, Result, Who};
use crate::records::case::act::{self, Said};
use crate::records::case::rules::Action;
use crate::records::case::{Rulebook, by_id};

/// How old a message may be when it comes in, and how far ahead the gateway's clock.
pub const OLDEST: Ms = 15 * MINUTE;

/// Messages of a day that become words on one report.
const NOTES: i64 = 10;
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
        if bytes.is_none_or(|b| mac.verify_slice(&b).is_err()) || (now - time).abs() > OLDEST {
            return Err(Kind::Denied.at("signature"));
        }
        Ok(())
    }
}

/// Takes a message in and says what became of it: `rated`, `noted`, `full` (enough words for today), `late` (nothing to
/// rate any more) or `unknown`.
pub fn take(app: &App, message: &Incoming) -> Result<String> {
    let phone = mobile(&message.from).map(|m| digest(app, &m));
    let (book, given) = (Rulebook::now(app)?, rules::answer(&message.text));
    let (id, words) = (message.id.clone(), message.text.clone());
    let write = move |tx: &mut store::Tx| {
        if let Some(row) = tx.row("select outcome from reach_in where id = $1", params![&id])? {
            return Ok(row.get("outcome")?);
        }
        let reach = match &phone {
            Some(phone) => asked(tx, phone)?,
            None => None,
        };
        let (who, now) = (Who::system(), tx.now());
        let outcome = match (&reach, given) {
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
        tx.exec("insert into reach_in(id, at, outcome, number) values ($1, $2, $3, $4)", params![&id, now, outcome, number])?;
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
    let main = crate::records::case::main_of(tx, &case)?;
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
