//! Casting a ballot: by code from a letter or while signed in, at the door, by telephone, or from a paper that was keyed.
//!
//! What must stay true: only while the vote is open (a paper counts from when it was received); only for a unit on the roll;
//! the code is derived and stored nowhere, so a stolen database holds none; ballots of one unit follow each other, none
//! takes the moment of another, and none is deleted.

use std::collections::HashMap;

use calc::codes;
use calc::tally::{Channel, Choice};
use store::{Entry, Logged, Query, Tx, params};

use super::rules::{self, Phase};
use super::{Vote, by_id, questions};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// Ballots of one unit: each is kept for ever.
const MOST: i64 = 300;
/// Units one account finds by itself.
const TIES: i64 = 5;
/// New numbers of one unit.
const TURNS: i64 = 20;
/// Characters of a code: 50 bits.
const CODE: usize = 10;

/// Number and code of a ballot as they stand on a letter: `0001-0012-7H2K9QX4TM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Number of the vote, `V-0001`.
    pub vote: String,
    /// Place of the unit on the roll.
    pub n: i64,
    code: String,
}

impl Slip {
    /// For a unit that got a new number so many times. `db` and a transaction make the same one.
    pub fn of(digest: impl Fn(&str, &str) -> [u8; 32], vote: &Vote, n: i64, turn: i64) -> Slip {
        let of = if turn == 0 { format!("{} {n}", vote.id) } else { format!("{} {n} {turn}", vote.id) };
        let code = codes::crockford(&digest("ballot code", &of))[..CODE].to_owned();
        Slip { vote: vote.number.clone(), n, code }
    }

    /// As somebody typed it, with blanks and small letters; none when it is no ballot's number at all.
    pub fn parse(typed: &str) -> Option<Slip> {
        let typed = typed.trim().replace(['—', '－', ' '], "-");
        let mut parts = typed.splitn(3, '-');
        let (vote, n, code) = (parts.next()?, parts.next()?, codes::normalise(parts.next()?));
        let number = |t: &str| t.parse::<i64>().ok().filter(|n| (1..=9_999_999).contains(n));
        (code.len() == CODE).then_some(())?;
        Some(Slip { vote: format!("V-{:04}", number(vote)?), n: number(n)?, code })
    }

    /// True when it is the right one; all characters are compared, so that the time tells nothing.
    pub fn fits(&self, other: &Slip) -> bool {
        self.code.len() == other.code.len() && self.code.bytes().zip(other.code.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
    }
}

impl std::fmt::Display for Slip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:04}-{}", self.vote.trim_start_matches("V-"), self.n, self.code)
    }
}

/// What a ballot says to the questions of a vote, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices(pub Vec<Choice>);

impl Choices {
    /// From a form with `q1`, `q2` … or a list `choices`. Each question needs an answer; a blank paper is `invalid`.
    pub fn parse(input: &Input, many: usize, paper: bool) -> Result<Choices> {
        /// Names of the fields of a form.
        const FIELDS: [&str; rules::QUESTIONS] = [
            "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15", "q16", "q17", "q18",
            "q19", "q20",
        ];
        let mut words = input.list("choices", rules::QUESTIONS)?;
        if words.is_empty() {
            for field in FIELDS.iter().take(many) {
                words.push(input.need(field, 10)?);
            }
        }
        if words.len() != many {
            return Err(Kind::Missing.at("choices"));
        }
        let one =
            |w: &String| Choice::parse(w).filter(|c| paper || *c != Choice::Invalid).ok_or_else(|| Kind::Unknown.at("choices"));
        Ok(Choices(words.iter().map(one).collect::<Result<_>>()?))
    }

    /// How many of an election it agrees to.
    fn chosen(&self) -> usize {
        self.0.iter().filter(|c| **c == Choice::Yes).count()
    }

    /// As it is counted: a paper that names more than there are seats is invalid as a whole.
    pub(super) fn counted(self, seats: Option<i64>) -> Choices {
        if seats.is_some_and(|seats| self.chosen() as i64 > seats) { Choices(vec![Choice::Invalid; self.0.len()]) } else { self }
    }

    pub(super) fn text(&self) -> String {
        self.0.iter().map(|c| c.name()).collect::<Vec<_>>().join(",")
    }

    pub(super) fn read(text: &str) -> Option<Choices> {
        text.split(',').map(Choice::parse).collect::<Option<Vec<_>>>().map(Choices)
    }
}

/// A ballot as it is cast.
pub struct New<'a> {
    /// The vote.
    pub vote: &'a str,
    /// Place of the unit on the roll.
    pub n: i64,
    /// How it came.
    pub channel: Channel,
    /// What it says.
    pub choices: &'a Choices,
    /// When a paper was received.
    pub received: Option<Ms>,
}

/// Casts a ballot; gives its id and its entry in the log.
pub fn cast(tx: &mut Tx, who: &Who, new: &New) -> Result<(String, Logged)> {
    let (vote, now) = (by_id(tx, new.vote)?, tx.now());
    let at = new.received.unwrap_or(now);
    match rules::phase(&vote, at) {
        Phase::Open => {}
        Phase::Draft | Phase::Notice => return Err(Kind::NotOpen.into()),
        _ => return Err(Kind::VoteClosed.into()),
    }
    let Some(unit) = super::roll::one(tx, &vote.roll, new.n)? else { return Err(Kind::Unknown.at("unit")) };
    may_cast(tx, &vote, &unit, new.channel)?;
    if new.choices.0.len() != questions(tx, &vote.id)?.len() {
        return Err(Kind::Missing.at("choices"));
    }
    // A paper is taken as it is, and counted as invalid; whoever still can is asked to choose again.
    if let Some(seats) = vote.seats.filter(|seats| new.channel != Channel::Paper && new.choices.chosen() as i64 > *seats) {
        return Err(Kind::TooManyChosen.at("choices").limit(seats));
    }
    let last = match new.received {
        // A paper keeps the moment it came in, or the next free one.
        Some(at) => {
            let sql = "select at from ballot where vote = $1 and n = $2 and at >= $3 order by at";
            let mut free = at;
            for row in tx.rows(sql, params![&vote.id, new.n, at])? {
                if row.get::<Ms>("at")? == free {
                    free += 1;
                }
            }
            Some(free - 1).filter(|f| *f >= at)
        }
        None => {
            let row = tx.row("select max(at) as at from ballot where vote = $1 and n = $2", params![&vote.id, new.n])?;
            row.map(|r| r.get::<Option<Ms>>("at")).transpose()?.flatten()
        }
    };
    let at = rules::moment(at, last);
    let id = tx.id();
    let entry = Entry {
        actor: who.actor(),
        area: Some(&vote.area),
        owner: Some(&vote.id),
        ..Entry::new("vote.ballot", "vote", &vote.id)
    };
    let text = new.choices.text();
    let entry = entry.fact("ballot", id.as_str()).fact("unit", new.n).fact("channel", new.channel.name()).fact("at", at);
    let logged = tx.log(entry.element("vote.choice", Some(text.as_str())))?;
    let sealed = tx.seal(&vote.id, text.as_bytes())?;
    let by = who.is_staff().then(|| who.actor()).flatten();
    let sql =
        "insert into ballot(id, vote, n, channel, at, made_at, by_person, choices, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)";
    tx.exec(sql, params![&id, &vote.id, new.n, new.channel.name(), at, now, by, sealed, logged.index])?;
    // Whoever is signed in for himself finds his unit's next ballots without a letter. Staff may be helping somebody.
    if new.channel == Channel::App
        && who.by.is_none()
        && !who.is_staff()
        && let Some(person) = &who.person
        && tx.count("select count(*) from vote_tie where person = $1 and roll = $2", params![person, &vote.roll])? < TIES
    {
        let sql = "insert into vote_tie(person, roll, n, made_at) values ($1, $2, $3, $4) on conflict do nothing";
        tx.exec(sql, params![person, &vote.roll, new.n, now])?;
    }
    Ok((id, logged))
}

/// Whether a unit may cast a ballot this way.
fn may_cast(tx: &mut Tx, vote: &Vote, unit: &super::roll::Unit, channel: Channel) -> Result<()> {
    let rules = vote.pack()?;
    if rules.leaves_out.contains(&unit.usage) {
        return Err(Kind::NotCounted.into());
    }
    if rules.system.is_some() && matches!(channel, Channel::App | Channel::Link) {
        return Err(Kind::OtherSystem.into());
    }
    let of = params![&vote.id, unit.n];
    if tx.count("select count(*) from ballot where vote = $1 and n = $2", of)? >= MOST {
        return Err(Kind::TooMany.at("ballot").limit(MOST));
    }
    // What a clerk writes down by himself never takes the place of what the owner gave in his own hand.
    let own = "select count(*) from ballot where vote = $1 and n = $2 and channel in ('app', 'link', 'paper')";
    if matches!(channel, Channel::Door | Channel::Phone | Channel::Proxy) && tx.count(own, of)? > 0 {
        return Err(Kind::AlreadyVoted.into());
    }
    Ok(())
}

/// The ballot of a unit that counts now: when, how, where it stands in the log, and its id.
pub fn latest(q: &mut dyn Query, vote: &str, n: i64) -> Result<Option<(Ms, String, u64, String)>> {
    let sql = "select at, channel, log_seq, id from ballot where vote = $1 and n = $2 order by at desc limit 1";
    let row = q.row(sql, params![vote, n])?;
    Ok(row.map(|r| Ok::<_, store::Error>((r.get("at")?, r.get("channel")?, r.get("log_seq")?, r.get("id")?))).transpose()?)
}

/// How often units of a vote got a new number, those that did.
pub fn turns(q: &mut dyn Query, vote: &str) -> Result<HashMap<i64, i64>> {
    let rows = q.rows("select n, turn from vote_renewal where vote = $1", params![vote])?;
    Ok(rows.iter().map(|r| Ok((r.get("n")?, r.get("turn")?))).collect::<store::Result<_>>()?)
}

/// How often a unit got a new number.
pub fn turn(q: &mut dyn Query, vote: &str, n: i64) -> Result<i64> {
    let row = q.row("select turn from vote_renewal where vote = $1 and n = $2", params![vote, n])?;
    Ok(row.map(|r| r.get("turn")).transpose()?.unwrap_or_default())
}

/// Gives a unit a new number, because its letter was lost or somebody else has it: the old one opens nothing any more.
/// What was cast with it stays, and a later ballot takes its place.
pub fn renew(tx: &mut Tx, who: &Who, id: &str, n: i64) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let entry = vote.entry(who, "vote.renew")?;
    if !matches!(rules::phase(&vote, now), Phase::Notice | Phase::Open) {
        return Err(Kind::State.into());
    }
    let next = turn(tx, id, n)? + 1;
    if next > TURNS {
        return Err(Kind::TooMany.at("unit").limit(TURNS));
    }
    let sql =
        "insert into vote_renewal(vote, n, turn) values ($1, $2, $3) on conflict(vote, n) do update set turn = excluded.turn";
    tx.exec(sql, params![id, n, next])?;
    // Whoever voted with the old number while signed in does not find the new one.
    tx.exec("delete from vote_tie where roll = $1 and n = $2", params![&vote.roll, n])?;
    tx.log(entry.fact("unit", n).fact("turn", next))?;
    Ok(())
}

/// Units that this person voted for before, on this roll.
pub fn tied(q: &mut dyn Query, person: &str, roll: &str) -> Result<Vec<i64>> {
    let rows = q.rows("select n from vote_tie where person = $1 and roll = $2 order by n limit 50", params![person, roll])?;
    Ok(rows.iter().map(|r| r.get("n")).collect::<store::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_read_as_people_write_it() {
        let slip = Slip { vote: "V-0001".into(), n: 12, code: "7H2K9QX4TM".into() };
        assert_eq!(slip.to_string(), "0001-0012-7H2K9QX4TM");
        assert_eq!(Slip::parse(" 0001-0012-7h2k9 qx4tm ").unwrap(), slip);
        assert!(Slip::parse("1 12 7h2k9-qx4tm").unwrap().fits(&slip));
        assert!(!Slip::parse("1-12-7h2k9qx4tn").unwrap().fits(&slip));
        for bad in ["", "1-12", "1-12-short", "x-12-7H2K9QX4TM", "1-0-7H2K9QX4TM", "1--7H2K9QX4TM", "99999999999-1-7H2K9QX4TM"] {
            assert_eq!(Slip::parse(bad), None, "{bad}");
        }
    }
}
