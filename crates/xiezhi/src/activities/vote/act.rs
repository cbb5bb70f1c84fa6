//! Drafting a vote, posting it, giving it up, and its result.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use calc::seats;
use calc::tally::Outcome;
use jiff::tz::TimeZone;
use serde::Serialize;
use store::{Entry, Query, Tx, params};

use super::outcome::View;
use super::pack::Pack;
use super::rules::{self, Phase};
use super::{Question, State, Vote, by_id, count, questions, roll};
use crate::base::party::Chart;
use crate::base::{notice, roster};
use crate::kit::error::Kind;
use crate::kit::i18n::{Lang, Texts};
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Error, Result, Who};

/// What is to be voted on.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Draft {
    pub roll: String,
    pub title: String,
    pub pack: String,
    pub opens_at: Ms,
    pub closes_at: Ms,
    pub temporary: bool,
    /// Most units one person may vote for by power of attorney.
    pub proxy_most: Option<i64>,
    /// An election: so many of those who are asked about are elected.
    pub seats: Option<i64>,
    pub asked: Vec<Asked>,
}

/// A question of a draft.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Asked {
    pub topic: String,
    pub words: String,
}

impl Draft {
    /// Reads the form: one question a line in `questions`, as `topic: words`, or a list of `{topic, words}`.
    pub fn parse(input: &Input, zone: &TimeZone) -> Result<Draft> {
        let mut asked = Vec::new();
        match input.0.get("questions") {
            Some(serde_json::Value::Array(items)) => {
                for item in items.iter().take(rules::QUESTIONS + 1) {
                    let serde_json::Value::Object(map) = item else { return Err(Kind::WrongType.at("questions")) };
                    let item = Input(map.clone());
                    asked.push(Asked { topic: item.need("topic", 40)?, words: item.need("words", 500)? });
                }
            }
            _ => {
                // A form has a row for each question; rows without words are left out.
                for (topic, words) in FIELDS {
                    if let Some(words) = input.text(words, 500)? {
                        asked.push(Asked { topic: input.need(topic, 40)?, words });
                    }
                }
            }
        }
        if asked.is_empty() {
            return Err(Kind::Missing.at("questions"));
        }
        if asked.len() > rules::QUESTIONS {
            return Err(Kind::TooMany.at("questions").limit(rules::QUESTIONS as i64));
        }
        let moment = |name: &'static str| -> Result<Ms> {
            let text = input.need(name, 40)?;
            let at = crate::kit::time::parse(&text).or_else(|| crate::kit::time::day_begin(&text, zone));
            at.ok_or_else(|| Kind::WrongType.at(name))
        };
        Ok(Draft {
            roll: input.need("roll", 20)?,
            title: input.need("title", 100)?,
            pack: input.text("pack", 40)?.unwrap_or_default(),
            opens_at: moment("opens_at")?,
            closes_at: input.until("closes_at", zone)?.ok_or_else(|| Kind::Missing.at("closes_at"))?,
            temporary: input.flag("temporary"),
            proxy_most: input.int("proxy_most", 1, 1000)?,
            seats: input.int("seats", 1, rules::QUESTIONS as i64)?,
            asked,
        })
    }
}

/// Rows of the form for questions.
pub const FIELDS: [(&str, &str); 8] = [
    ("topic1", "words1"),
    ("topic2", "words2"),
    ("topic3", "words3"),
    ("topic4", "words4"),
    ("topic5", "words5"),
    ("topic6", "words6"),
    ("topic7", "words7"),
    ("topic8", "words8"),
];

/// Drafts a vote; gives its number. `holding` are the packs that hold at the place, the nearest first.
pub fn draft(tx: &mut Tx, who: &Who, holding: &[&'static Pack], new: &Draft) -> Result<String> {
    let roll = roll::by_number(tx, &new.roll)?.ok_or_else(|| Kind::Unknown.at("roll"))?;
    let rules = holding.iter().find(|p| new.pack.is_empty() || p.id == new.pack);
    let rules = rules.ok_or_else(|| Kind::Unknown.at("pack"))?;
    if new.closes_at <= new.opens_at {
        return Err(Kind::OutOfRange.at("closes_at"));
    }
    if new.seats.is_some_and(|seats| seats > new.asked.len() as i64) {
        return Err(Kind::OutOfRange.at("seats").limit(new.asked.len() as i64));
    }
    let (id, now) = (tx.id(), tx.now());
    let number = format!("V-{:04}", tx.count("select count(*) from vote", &[])? + 1);
    tx.new_owner_of(&id, &roll.area)?;
    let log = who.by_desk(&roll.path, &roll.area, Entry::new("vote.draft", "vote", &id))?;
    let asked = new.asked.len() as i64;
    let log = log.fact("number", number.as_str()).fact("roll", roll.id.as_str()).fact("pack", rules.id.as_str());
    let seq = tx.log(log.fact("questions", asked))?.index;
    let text = rules.text().map_err(Error::internal)?;
    let sql = "insert into vote(id, number, title, roll, area, path, state, temporary, pack, made_at, opens_at, closes_at, log_seq, \
               outside, proxy_most, seats) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)";
    let (temporary, outside) = (i64::from(new.temporary), i64::from(rules.system.is_some()));
    let row = params![
        &id,
        &number,
        &new.title,
        &roll.id,
        &roll.area,
        &roll.path,
        State::Draft,
        temporary,
        text,
        now,
        new.opens_at,
        new.closes_at,
        seq,
        outside,
        new.proxy_most,
        new.seats
    ];
    tx.exec(sql, row)?;
    for (q, asked) in new.asked.iter().enumerate() {
        let topic = rules.topic(&asked.topic).filter(|t| new.seats.is_none() || t.elects);
        let topic = topic.ok_or_else(|| Kind::Unknown.at("topic"))?;
        let sql = "insert into vote_question(vote, q, topic, item, words) values ($1, $2, $3, $4, $5)";
        tx.exec(sql, params![&id, q as i64 + 1, &topic.id, &topic.item, &asked.words])?;
    }
    Ok(number)
}

/// Posts a vote: from now on its questions, its times and its rules stand still.
pub fn post(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let log = vote.entry(who, "vote.post")?;
    if vote.state != State::Draft {
        return Err(Kind::State.into());
    }
    let (rules, roll) = (vote.pack()?, roll::by_id(tx, &vote.roll)?);
    if roll.state != roll::State::Posted {
        return Err(Kind::RollNotPosted.into());
    }
    let open = "select count(*) from roll_objection where roll = $1 and state = $2";
    if roll.until_at.is_some_and(|until| vote.opens_at < until) || tx.count(open, params![&roll.id, roll::Said::Open])? > 0 {
        return Err(Kind::RollObjections.into());
    }
    rules::times(&rules, vote.temporary == 1, now, vote.opens_at, vote.closes_at)
        .map_err(|(field, days)| Kind::OutOfRange.at(field).limit(days))?;
    let result_at = rules::result_by(&rules, vote.closes_at);
    let sql = "update vote set state = $2, posted_at = $3, result_at = $4 where id = $1";
    tx.exec(sql, params![id, State::Posted, now, result_at])?;
    let mut text: Vec<String> = questions(tx, id)?.iter().map(|q| format!("{} {} {}", q.topic, q.item.name(), q.words)).collect();
    text.extend(vote.seats.map(|n| format!("seats {n}")));
    text.push(vote.pack.clone());
    let log = log
        .fact_opt("seats", vote.seats)
        .fact("opens", vote.opens_at)
        .fact("closes", vote.closes_at)
        .fact("pack", rules.id.as_str());
    tx.log(log.fact("roll", vote.roll.as_str()).fact("digest", crate::kit::digest(&text)))?;
    Ok(())
}

/// Gives a vote up, with the reason everybody reads. What was cast stays where it is.
pub fn void(tx: &mut Tx, who: &Who, id: &str, why: &str) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let log = vote.entry(who, "vote.void")?;
    // Once it is over a vote has a result, whoever likes it.
    if !matches!(rules::phase(&vote, now), Phase::Draft | Phase::Notice | Phase::Open) {
        return Err(Kind::State.into());
    }
    tx.exec("update vote set state = $2, ended_at = $3, why = $4 where id = $1", params![id, State::Void, now, why])?;
    tx.log(log.fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    Ok(())
}

/// Votes that are over and counted here, with no paper left to key.
pub fn ended(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from vote v where state = $1 and closes_at <= $2 and outside = 0 and not exists \
               (select 1 from ballot_paper p where p.vote = v.id and p.state <> $3) order by closes_at limit $4";
    let rows = q.rows(sql, params![State::Posted, now, super::paper::State::Counted, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// A result, and in an election what became of the candidate.
#[derive(Serialize)]
struct Of {
    #[serde(flatten)]
    view: View,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat: Option<&'static str>,
}

/// Who gets the seats of an election; nothing for a vote about matters.
fn seats(vote: &Vote, outcomes: &[Outcome]) -> Vec<Option<&'static str>> {
    let Some(seats) = vote.seats else { return vec![None; outcomes.len()] };
    let votes = |o: &Outcome| seats::Votes { enough: o.tally.passes(), heads: o.tally.agree.heads, area: o.tally.agree.area };
    let votes: Vec<_> = outcomes.iter().map(votes).collect();
    seats::give(&votes, usize::try_from(seats).unwrap_or_default()).into_iter().map(|p| Some(p.name())).collect()
}

/// Votes whose result should stand by now and does not.
pub fn overdue(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from vote where state = $1 and late = 0 and result_at <= $2 order by result_at limit $3";
    Ok(q.rows(sql, params![State::Posted, now, most])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Tells the desk, and the one above it, that a result is late; everybody reads it on the vote's page.
pub fn late(tx: &mut Tx, chart: &Chart, zone: &TimeZone, id: &str) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    if vote.late == 1 || vote.state != State::Posted {
        return Ok(());
    }
    tx.exec("update vote set late = 1 where id = $1", params![id])?;
    tx.log(Entry { area: Some(&vote.area), ..Entry::new("vote.late", "vote", id) })?;
    let desk = chart.desk_of(&vote.path)?;
    let desks = [Some(desk), chart.desk_above(desk)];
    let mut news = Vec::new();
    for desk in desks.into_iter().flatten() {
        let told = roster::reachable(tx, &desk.id, now, true)?;
        news.extend(told.into_iter().map(|person| notice::New {
            person,
            at: now,
            kind: "vote-late".to_owned(),
            subject: vote.number.clone(),
            class: None,
            urgent: false,
        }));
    }
    notice::put(tx, zone, &news)
}

/// What came out of a vote, in both languages, ready to be published.
pub struct Told {
    zh: String,
    en: String,
    /// pass or fail, by question; elected, reserve, tied or not, by candidate.
    results: String,
    /// Who took part in the first question.
    part: calc::tally::Sum,
}

impl Told {
    /// Puts outcomes into words, one for each question.
    pub fn of(texts: &Texts, rules: &Pack, vote: &Vote, asked: &[Question], outcomes: &[Outcome]) -> Result<Told> {
        let seats = seats(vote, outcomes);
        let told = |lang| -> Result<String> {
            let all = asked.iter().zip(outcomes).zip(&seats);
            let views: Vec<Of> =
                all.map(|((q, out), seat)| Of { view: View::new(texts, lang, rules, q.item, out), seat: *seat }).collect();
            serde_json::to_string(&views).map_err(Error::internal)
        };
        let word = |(o, seat): (&Outcome, &Option<&'static str>)| seat.unwrap_or(if o.tally.passes() { "pass" } else { "fail" });
        let results: Vec<&str> = outcomes.iter().zip(&seats).map(word).collect();
        let part = outcomes.first().map(|o| o.tally.participating).unwrap_or_default();
        Ok(Told { zh: told(Lang::Zh)?, en: told(Lang::En)?, results: results.join(" "), part })
    }

    /// Writes the result down under an entry of the log.
    pub(super) fn publish(&self, tx: &mut Tx, vote: &str, entry: Entry) -> Result<()> {
        let entry = entry.fact("results", self.results.as_str());
        let entry = entry.fact("heads", self.part.heads as i64).fact("area", self.part.area as i64);
        tx.log(entry.fact("digest", crate::kit::digest(&[self.zh.clone(), self.en.clone()])))?;
        let sql = "update vote set state = $2, ended_at = $3, result_zh = $4, result_en = $5 where id = $1";
        tx.exec(sql, params![vote, State::Published, tx.now(), &self.zh, &self.en])?;
        Ok(())
    }
}

/// Counts a vote that is over. Nothing of it changes any more, so this needs no place in the queue of writes.
pub fn count(q: &mut dyn Query, texts: &Texts, id: &str) -> Result<Told> {
    let vote = by_id(q, id)?;
    let (rules, asked): (Pack, _) = (vote.pack()?, questions(q, id)?);
    let outcomes = count::outcomes(q, &vote, &rules, &asked)?;
    Told::of(texts, &rules, &vote, &asked, &outcomes)
}

/// Publishes the result of a vote that is over.
pub fn publish(tx: &mut Tx, id: &str, told: &Told) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    if rules::phase(&vote, now) != Phase::Counting {
        return Ok(());
    }
    let entry = Entry { area: Some(&vote.area), ..Entry::new("vote.result", "vote", id) };
    told.publish(tx, id, entry)
}
