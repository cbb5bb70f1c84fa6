//! When help was given: what was done, both sides say so, hours are booked, thanks; and what one of them says is wrong.
//!
//! What must stay true: nobody's hours overlap, nobody's are in the future; what is booked is what both agreed on, or what
//! stood unanswered long enough, or what the desk decided; the hours of one request are booked once, and when they are
//! decided anew, what was booked is undone first.

use store::{Query, Tx, params};

use super::act::release;
use super::{By, Help, Stand, State, by_number, community, helpers, tell};
use crate::activities::volunteer::hours::{self, Account, Holder, Reason, Transfer, Unit};
use crate::activities::volunteer::twice::{self, Times};
use crate::activities::volunteer::{Book, profile};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Result, Who};

/// How much longer than planned help may take.
const LONGER: i64 = 2;
/// Minutes by which two clocks may differ.
const SKEW: Ms = 5 * MINUTE;

/// What a volunteer says he did.
#[derive(Clone, Debug)]
pub struct Said {
    /// When it began.
    pub began_at: Ms,
    /// How long it took.
    pub minutes: i64,
    /// The code that whoever was helped told him: then both say so.
    pub code: Option<String>,
}

/// The code that whoever asked tells a volunteer when it is done: six digits, of one request, stored nowhere.
pub fn code(q: &dyn Query, help: &str) -> String {
    let d = q.digest("help done", help);
    format!("{:06}", u32::from_be_bytes([d[0], d[1], d[2], d[3]]) % 1_000_000)
}

/// A volunteer writes down what he did.
pub fn done(tx: &mut Tx, book: &Book, who: &Who, number: &str, said: &Said) -> Result<()> {
    let (help, now) = (by_number(tx, number)?, tx.now());
    let person = who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    if !helpers(tx, &help.id)?.iter().any(|b| b.person == person && b.state == Stand::Agreed) {
        return Err(Kind::Denied.into());
    }
    if help.state != State::Agreed {
        return Err(Kind::State.into());
    }
    if !(1..=help.minutes * LONGER).contains(&said.minutes) {
        return Err(Kind::OutOfRange.at("minutes").limit(help.minutes * LONGER));
    }
    let (_, end) = twice::span(said.began_at, said.minutes);
    if end > now + SKEW || said.began_at < help.made_at - SKEW {
        return Err(Kind::OutOfRange.at("began_at"));
    }
    if let Some(code) = &said.code
        && *code != self::code(tx, &help.id)
    {
        return Err(Kind::WrongCode.at("code"));
    }
    if twice::elsewhere(tx, &person, (said.began_at, end), &help.id, Times::Done)? {
        return Err(Kind::Overlaps.at("began_at"));
    }
    let sql = "update help_by set state = $3, began_at = $4, done_at = $5, minutes = $6 where help = $1 and person = $2";
    tx.exec(sql, params![&help.id, &person, Stand::Done, said.began_at, now, said.minutes])?;
    let both = said.code.is_some();
    tx.log(help.entry(who, "help.done").fact("minutes", said.minutes).fact("both", i64::from(both)))?;
    let all = helpers(tx, &help.id)?;
    if all.iter().any(|b| b.state == Stand::Agreed) {
        return Ok(());
    }
    let ring = now + book.pack.limits.silent_days * DAY;
    tx.exec("update help set state = $2, ring_at = $3 where id = $1", params![&help.id, State::Done, ring])?;
    if both {
        let help = by_number(tx, number)?;
        return settle(tx, book, who, &help, "code");
    }
    tell::moved(tx, book, &help)?;
    tell::asker(tx, book, who, &help, "done")
}

/// Whoever was helped says so, too.
pub fn confirm(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let help = by_number(tx, number)?;
    if !help.may_speak(who) {
        return Err(Kind::Denied.into());
    }
    if help.state != State::Done {
        return Err(Kind::State.into());
    }
    // A desk that speaks for somebody does not say so about its own people's hours.
    if helpers(tx, &help.id)?.iter().any(|b| Some(b.person.as_str()) == who.actor()) {
        return Err(Kind::SameJudge.into());
    }
    settle(tx, book, who, &help, "both")
}

/// Books the hours of a request; `how` says who said so.
pub fn settle(tx: &mut Tx, book: &Book, who: &Who, help: &Help, how: &str) -> Result<()> {
    let now = tx.now();
    let came: Vec<By> = helpers(tx, &help.id)?.into_iter().filter(|b| matches!(b.state, Stand::Done | Stand::Settled)).collect();
    let minutes: i64 = came.iter().filter_map(|b| b.minutes).sum();
    tx.log(help.entry(who, "help.settle").fact("how", how).fact("minutes", minutes))?;
    let booked = if help.hours == 1 { book_hours(tx, book, who, help, &came)? } else { None };
    let sql = "update help set state = $2, hold = null, settled = $3, ring_at = null, ended_at = $4, why = $5 where id = $1";
    tx.exec(sql, params![&help.id, State::Settled, booked, now, how])?;
    tx.exec("update help_by set state = $2 where help = $1 and state = $3", params![&help.id, Stand::Settled, Stand::Done])?;
    tell::moved(tx, book, help)?;
    tell::coming(tx, book, who, help, "settled")?;
    tell::asker(tx, book, who, help, "settled")
}

/// From what was set aside to whoever came; the rest goes back, and what is missing whoever asked pays, or where he cannot
/// the community. Hours above somebody's highest balance are the community's.
fn book_hours(tx: &mut Tx, book: &Book, who: &Who, help: &Help, came: &[By]) -> Result<Option<String>> {
    let home = community(tx, &help.area)?;
    let (payer, pool) = (help.payer(&home), Account::of(Holder::Pool, &home));
    let held = if help.hold.is_some() { help.minutes * help.need } else { 0 };
    let mut moves = vec![(Account::of(Holder::Held, &home), -held)];
    let (mut paid, mut merits) = (0, Vec::new());
    for by in came {
        let minutes = by.minutes.unwrap_or_default();
        let at = match profile::of(tx, &by.person)? {
            Some(v) => community(tx, &v.area)?,
            None => home.clone(),
        };
        let account = Account::person(&by.person, &at);
        let room = (book.pack.hours.most - hours::balance(tx, Unit::Minutes, Holder::Person, &by.person)?).clamp(0, minutes);
        moves.extend([(account.clone(), room), (pool.clone(), minutes - room)]);
        merits.push((account, minutes * book.pack.hours.merits_an_hour / 60));
        paid += minutes;
    }
    if paid == 0 && held == 0 {
        return Ok(None);
    }
    let mut own = held - paid;
    if own < 0 && payer.holder == Holder::Person {
        let free = hours::balance(tx, Unit::Minutes, Holder::Person, &payer.owner)? - book.pack.hours.least;
        own = own.max(-free.max(0));
    }
    moves.extend([(payer, own), (pool.clone(), held - paid - own)]);
    let id = hours::transfer(tx, &book.pack.hours, who, &Transfer::minutes(Reason::Settle, &help.number, moves))?;
    merits.retain(|(_, n)| *n > 0);
    if !merits.is_empty() {
        merits.push((pool, -merits.iter().map(|(_, n)| n).sum::<i64>()));
        let t = Transfer { unit: Unit::Merits, ..Transfer::minutes(Reason::Merits, &help.number, merits) };
        hours::transfer(tx, &book.pack.hours, who, &t)?;
    }
    Ok(Some(id))
}

/// One of both says that it is not so; the desk of the place decides.
pub fn dispute(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str) -> Result<()> {
    let (help, now) = (by_number(tx, number)?, tx.now());
    let all = helpers(tx, &help.id)?;
    let came = who.by.is_none() && all.iter().any(|b| Some(&b.person) == who.person.as_ref() && b.minutes.is_some());
    if !help.may_speak(who) && !came {
        return Err(Kind::Denied.into());
    }
    let late = help.ended_at.is_some_and(|at| now > at + book.pack.limits.dispute_days * DAY);
    match help.state {
        State::Done => (),
        State::Settled if late => return Err(Kind::Over.into()),
        // What a desk decided is decided.
        State::Settled if help.why.as_deref() == Some("desk") => return Err(Kind::State.into()),
        State::Settled => (),
        _ => return Err(Kind::State.into()),
    }
    let desk = book.chart.desk_of(&help.path)?.id.clone();
    let due = now + book.pack.limits.decide_days * DAY;
    let entry = help.entry(who, "help.dispute").fact("desk", desk.as_str()).fact("due", due);
    tx.log(entry.element("help.note", Some(words)))?;
    let note = tx.seal(&help.id, words.as_bytes())?;
    let sql = "update help set state = $2, desk = $3, ring_at = $4, note = $5 where id = $1";
    tx.exec(sql, params![&help.id, State::Disputed, &desk, due, note])?;
    tell::moved(tx, book, &help)?;
    tell::desk(tx, book, &help, &desk, "disputed-desk")?;
    tell::coming(tx, book, who, &help, "disputed")?;
    tell::asker(tx, book, who, &help, "disputed")
}

/// The desk decides how many minutes count for each who came, and says why.
pub fn decide(tx: &mut Tx, book: &Book, who: &Who, number: &str, minutes: i64, why: &str) -> Result<()> {
    let help = by_number(tx, number)?;
    let entry = who.by_desk(&help.path, &help.area, store::Entry::new("help.decide", "help", &help.id))?;
    if help.state != State::Disputed {
        return Err(Kind::State.into());
    }
    let all = helpers(tx, &help.id)?;
    let near = [help.asked_by.as_deref(), help.by_person.as_deref()].into_iter().flatten();
    if near.chain(all.iter().map(|b| b.person.as_str())).any(|p| Some(p) == who.actor()) {
        return Err(Kind::SameJudge.into());
    }
    if !(0..=help.minutes * LONGER).contains(&minutes) {
        return Err(Kind::OutOfRange.at("minutes").limit(help.minutes * LONGER));
    }
    let entry = store::Entry { owner: Some(&help.id), ..entry };
    tx.log(entry.fact("minutes", minutes).element("help.note", Some(why)))?;
    let note = tx.seal(&help.id, why.as_bytes())?;
    tx.exec("update help set note = $2 where id = $1", params![&help.id, note])?;
    // What was set aside lies there again, once what was booked is undone.
    let hold = help.settled.clone().or(help.hold.clone());
    if let Some(settled) = &help.settled {
        hours::act::undo_all(tx, book, who, settled, &help.number)?;
    }
    let help = Help { hold, ..help };
    tx.exec("update help_by set minutes = $2 where help = $1 and minutes is not null", params![&help.id, minutes])?;
    settle(tx, book, who, &help, "desk")
}

/// It did not come about, and nobody says otherwise: what was set aside goes back.
pub fn lapse(tx: &mut Tx, book: &Book, help: &Help) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    tx.log(help.entry(&system, "help.lapse"))?;
    release(tx, book, &system, help)?;
    let sql = "update help set state = $2, ring_at = null, ended_at = $3 where id = $1";
    tx.exec(sql, params![&help.id, State::Lapsed, now])?;
    tell::moved(tx, book, help)?;
    tell::coming(tx, book, &system, help, "lapsed")?;
    tell::asker(tx, book, &system, help, "lapsed")
}

/// Thanks of whoever was helped, once.
pub fn thank(tx: &mut Tx, book: &Book, who: &Who, number: &str, words: &str) -> Result<()> {
    let help = by_number(tx, number)?;
    if !help.may_speak(who) {
        return Err(Kind::Denied.into());
    }
    if help.state != State::Settled {
        return Err(Kind::State.into());
    }
    if help.thanks.is_some() {
        return Err(Kind::SaidAlready.into());
    }
    tx.log(help.entry(who, "help.thank").element("help.thanks", Some(words)))?;
    let sealed = tx.seal(&help.id, words.as_bytes())?;
    tx.exec("update help set thanks = $2 where id = $1", params![&help.id, sealed])?;
    tell::coming(tx, book, who, &help, "thanked")
}

/// One of both does not want to meet the other again; nobody asks why, and the other is not told.
pub fn apart(tx: &mut Tx, who: &Who, number: &str, person: Option<&str>) -> Result<()> {
    let help = by_number(tx, number)?;
    let all = helpers(tx, &help.id)?;
    let came = |p: &str| all.iter().any(|b| b.person == p && matches!(b.state, Stand::Agreed | Stand::Done | Stand::Settled));
    let asker = help.asked_by.as_deref();
    match (who.person.as_deref(), asker) {
        (Some(own), Some(asker)) if who.by.is_none() && own != asker && came(own) => profile::part(tx, who, own, asker),
        (Some(own), Some(asker)) if own == asker => {
            let other = person.filter(|p| came(p)).ok_or_else(|| Kind::Unknown.at("person"))?;
            profile::part(tx, who, asker, other)
        }
        _ => Err(Kind::Denied.into()),
    }
}
