//! Beginning a matter, saying something, checking what was said, answering, ending.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use calc::opinion::Vote;
use store::{Entry, Query, Tx, params};

use super::{Opinion, State, Why, by_number, rules};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// What is to be asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub about: String,
    pub area: String,
    pub closes_at: Ms,
    pub checked: bool,
    /// First statements, one a line.
    pub first: Vec<String>,
}

impl New {
    /// Reads the form. Without `area` it is the desk's own.
    pub fn parse(input: &Input, zone: &jiff::tz::TimeZone) -> Result<New> {
        let lines = input.text("statements", rules::WORDS * 50)?.unwrap_or_default();
        let first: Vec<String> = lines.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
        if first.iter().any(|l| l.chars().count() > rules::WORDS) {
            return Err(Kind::TooLong.at("statements").limit(rules::WORDS as i64));
        }
        Ok(New {
            title: input.need("title", 100)?,
            about: input.text("about", 2000)?.unwrap_or_default(),
            area: input.text("area", 40)?.unwrap_or_default(),
            closes_at: input.until("closes_at", zone)?.ok_or_else(|| Kind::Missing.at("closes_at"))?,
            checked: input.flag("checked"),
            first,
        })
    }
}

/// Begins a matter; gives its number.
pub fn begin(tx: &mut Tx, who: &Who, new: &New) -> Result<String> {
    let place = area::of_desk(tx, who, &new.area)?;
    let (id, now) = (tx.id(), tx.now());
    rules::closes(now, new.closes_at)?;
    let number = format!("O-{:04}", tx.count("select count(*) from opinion", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let entry = who.by_desk(&place.path, &place.id, Entry::new("opinion.begin", "opinion", &id))?;
    let entry = entry.fact("number", number.as_str()).fact("closes", new.closes_at);
    let seq = tx.log(entry)?.index;
    let sql = "insert into opinion(id, number, title, about, area, path, checked, made_at, closes_at, turn, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,0,$10)";
    let checked = i64::from(new.checked);
    tx.exec(sql, params![&id, &number, &new.title, &new.about, &place.id, &place.path, checked, now, new.closes_at, seq])?;
    let opinion = by_number(tx, &number)?;
    for words in &new.first {
        add(tx, who, &opinion, words, State::Shown)?;
    }
    Ok(number)
}

/// Somebody says something; gives its place.
pub fn say(tx: &mut Tx, who: &Who, number: &str, words: &str) -> Result<i64> {
    let (opinion, now) = (open(tx, number)?, tx.now());
    if opinion.is_run_by(who) {
        return add(tx, who, &opinion, words, State::Shown);
    }
    who.part_in(&opinion.path).ok_or(Kind::OtherArea)?;
    let person = who.person.as_deref().ok_or(Kind::Denied)?;
    let own = "select count(*) from opinion_statement where by_person = $1 and opinion = $2";
    if tx.count(own, params![person, &opinion.id])? >= rules::OWN {
        return Err(Kind::TooMany.at("words").limit(rules::OWN));
    }
    let today = "select count(*) from opinion_statement where by_person = $1 and made_at > $2";
    if tx.count(today, params![person, now - DAY])? >= rules::OWN_A_DAY {
        return Err(Kind::TooMany.at("words").limit(rules::OWN_A_DAY));
    }
    add(tx, who, &opinion, words, if opinion.checked == 1 { State::Waiting } else { State::Shown })
}

fn open(tx: &mut Tx, number: &str) -> Result<Opinion> {
    let opinion = by_number(tx, number)?;
    if opinion.is_open(tx.now()) { Ok(opinion) } else { Err(Kind::Over.into()) }
}

fn add(tx: &mut Tx, who: &Who, opinion: &Opinion, words: &str, state: State) -> Result<i64> {
    let id = opinion.id.as_str();
    let n = tx.count("select count(*) from opinion_statement where opinion = $1", params![id])? + 1;
    if n > rules::STATEMENTS {
        return Err(Kind::TooMany.at("words").limit(rules::STATEMENTS));
    }
    let mark = store::hex(tx.digest("opinion words", &format!("{id} {}", rules::plain(words))));
    let twice = "select count(*) from opinion_statement where opinion = $1 and mark = $2";
    if tx.count(twice, params![id, &mark])? > 0 {
        return Err(Kind::SaidAlready.at("words"));
    }
    let entry =
        Entry { actor: who.actor(), area: Some(&opinion.area), owner: Some(id), ..Entry::new("opinion.say", "opinion", id) };
    let entry = entry.fact("n", n).fact("state", state.as_str()).element("opinion.words", Some(words));
    let seq = tx.log(entry)?.index;
    let (sealed, public) = (tx.seal(id, words.as_bytes())?, state.is_open().then_some(words));
    let sql = "insert into opinion_statement(opinion, n, state, by_person, made_at, words, mark, public, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
    let now = tx.now();
    tx.exec(sql, params![id, n, state, who.person.as_deref(), now, sealed, mark, public, seq])?;
    turned(tx, id)?;
    Ok(n)
}

fn turned(tx: &mut Tx, id: &str) -> Result<()> {
    tx.exec("update opinion set turn = turn + 1 where id = $1", params![id])?;
    Ok(())
}

/// The desk shows a statement, or takes it out with a reason; an author withdraws his own.
pub fn check(tx: &mut Tx, who: &Who, number: &str, n: i64, state: State, why: Option<Why>) -> Result<()> {
    let opinion = by_number(tx, number)?;
    let of = params![&opinion.id, n];
    let row = tx.row("select state, by_person, words from opinion_statement where opinion = $1 and n = $2", of)?;
    let row = row.ok_or(Kind::NotFound)?;
    let (before, by): (State, Option<String>) = (row.get("state")?, row.get("by_person")?);
    let own = by.is_some() && by == who.person && who.by.is_none() && why == Some(Why::Withdrawn);
    let entry = match own && !opinion.is_run_by(who) {
        true => Entry { actor: who.actor(), area: Some(&opinion.area), ..Entry::new("opinion.check", "opinion", &opinion.id) },
        false => opinion.entry(who, "opinion.check")?,
    };
    match state {
        State::Waiting => return Err(Kind::Unknown.at("state")),
        State::Out if why.is_none() => return Err(Kind::Missing.at("why")),
        State::Out if why == Some(Why::Withdrawn) && !own => return Err(Kind::Unknown.at("why")),
        // What somebody withdrew stays his.
        _ if before == State::Out && state != State::Out => {
            let kept = "select count(*) from opinion_statement where opinion = $1 and n = $2 and why = $3";
            if tx.count(kept, params![&opinion.id, n, Why::Withdrawn])? > 0 {
                return Err(Kind::State.into());
            }
        }
        _ => {}
    }
    let words = tx.open_text(&opinion.id, row.get("words")?)?.unwrap_or_default();
    let why = why.filter(|_| state == State::Out);
    let entry = entry.fact("n", n).fact("state", state.as_str());
    tx.log(match why {
        Some(why) => entry.fact("why", why.as_str()),
        None => entry,
    })?;
    let public = state.is_open().then_some(words.as_str());
    let sql = "update opinion_statement set state = $3, why = $4, public = $5 where opinion = $1 and n = $2";
    tx.exec(sql, params![&opinion.id, n, state, why, public])?;
    if why == Some(Why::Withdrawn) {
        // Nothing is kept of what somebody does not want to have said.
        let gone = tx.seal(&opinion.id, b"")?;
        tx.exec("update opinion_statement set words = $3 where opinion = $1 and n = $2", params![&opinion.id, n, gone])?;
    }
    turned(tx, &opinion.id)
}

/// Somebody answers a statement, or answers it anew.
pub fn answer(tx: &mut Tx, who: &Who, number: &str, n: i64, said: Vote) -> Result<()> {
    let (opinion, now) = (open(tx, number)?, tx.now());
    let role = who.part_in(&opinion.path).ok_or(Kind::OtherArea)?.as_str();
    let person = who.person.as_deref().ok_or(Kind::Denied)?;
    let state = tx.row("select state from opinion_statement where opinion = $1 and n = $2", params![&opinion.id, n])?;
    let state: Option<State> = state.map(|r| r.get("state")).transpose()?;
    if !state.ok_or(Kind::NotFound)?.is_open() {
        return Err(Kind::State.into());
    }
    let voter = crate::kit::voter(|p, t| tx.digest(p, t), &opinion.id, person);
    let value = said.value() as i64;
    let old = "select said, changed from opinion_vote where opinion = $1 and voter = $2 and n = $3";
    let old = tx.row(old, params![&opinion.id, &voter, n])?;
    if let Some(old) = &old {
        if old.get::<i64>("said")? == value {
            return Ok(());
        }
        if old.get::<i64>("changed")? >= rules::CHANGES {
            return Err(Kind::TooMany.at("said").limit(rules::CHANGES));
        }
    }
    // Without a name: the log shows that somebody answered, not who.
    let entry =
        Entry { area: Some(&opinion.area), owner: Some(&opinion.id), ..Entry::new("opinion.vote", "opinion", &opinion.id) };
    let text = value.to_string();
    tx.log(entry.fact("n", n).fact("voter", voter.as_str()).element("opinion.answer", Some(text.as_str())))?;
    match old {
        Some(_) => {
            let sql =
                "update opinion_vote set said = $4, at = $5, changed = changed + 1 where opinion = $1 and voter = $2 and n = $3";
            tx.exec(sql, params![&opinion.id, &voter, n, value, now])?;
        }
        None => {
            let sql = "insert into opinion_voter(opinion, voter, role) values ($1, $2, $3) on conflict do nothing";
            tx.exec(sql, params![&opinion.id, &voter, role])?;
            let sql = "insert into opinion_vote(opinion, voter, n, said, at, changed) values ($1, $2, $3, $4, $5, 0)";
            tx.exec(sql, params![&opinion.id, &voter, n, value, now])?;
        }
    }
    turned(tx, &opinion.id)
}

/// The desk ends a matter before its time, with the reason everybody reads.
pub fn end(tx: &mut Tx, who: &Who, number: &str, why: &str) -> Result<()> {
    let (opinion, now) = (by_number(tx, number)?, tx.now());
    let entry = opinion.entry(who, "opinion.end")?;
    if !opinion.is_open(now) {
        return Err(Kind::Over.into());
    }
    tx.log(entry.fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    tx.exec("update opinion set ended_at = $2, why = $3 where id = $1", params![&opinion.id, now, why])?;
    Ok(())
}
