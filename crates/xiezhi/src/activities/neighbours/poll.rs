//! Quick questions, thanks, and following a topic.
//!
//! What must stay true: one person has one voice in a question and one thank for a text, and no table says whose it was; how
//! a question stands is told to nobody before its end, and it binds nobody.

use store::{Entry, Query, Tx, params};

use super::rules::State;
use super::{Post, Topic, by_id, mark_of};
use crate::kit::error::Kind;
use crate::kit::{Result, Who};
use crate::records::register::mine;

/// Answers a quick question; another answer takes the place of the first.
pub fn choose(tx: &mut Tx, who: &Who, topic: &Topic, choice: i64) -> Result<()> {
    let (person, now) = (who.person.as_deref().ok_or(Kind::SignIn)?, tx.now());
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    if topic.poll_until.is_none_or(|until| now >= until) {
        return Err(Kind::TooLate.into());
    }
    if !(1..=topic.options).contains(&choice) {
        return Err(Kind::Unknown.at("choice"));
    }
    let mark = mark_of(tx, "voice", &topic.id, person);
    let sql = "insert into near_voice(topic, mark, choice) values ($1, $2, $3) on conflict(topic, mark) do update set choice = excluded.choice";
    tx.exec(sql, params![&topic.id, mark, choice])?;
    tx.log(Entry { area: Some(&topic.area), ..Entry::new("near.voice", "near_topic", &topic.id) })?;
    Ok(())
}

/// How many chose each answer.
pub fn counts(q: &mut dyn Query, topic: &Topic) -> Result<Vec<i64>> {
    let mut out = vec![0; topic.options.max(0) as usize];
    for row in q.rows("select choice, count(*) n from near_voice where topic = $1 group by choice", params![&topic.id])? {
        let (choice, n): (i64, i64) = (row.get("choice")?, row.get("n")?);
        if let Some(slot) = out.get_mut((choice - 1).max(0) as usize) {
            *slot = n;
        }
    }
    Ok(out)
}

/// What somebody chose himself.
pub fn own(q: &mut dyn Query, topic: &Topic, person: &str) -> Result<Option<i64>> {
    let mark = mark_of(q, "voice", &topic.id, person);
    let row = q.row("select choice from near_voice where topic = $1 and mark = $2", params![&topic.id, mark])?;
    Ok(row.map(|r| r.get("choice")).transpose()?)
}

/// Thanks somebody for a text; once.
pub fn thank(tx: &mut Tx, who: &Who, post: &Post) -> Result<()> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    if post.state != State::Shown || post.by_person == person {
        return Err(Kind::State.into());
    }
    let mark = mark_of(tx, "thanks", &post.id, person);
    let sql = "insert into near_thanks(post, mark) values ($1, $2) on conflict(post, mark) do nothing";
    tx.exec(sql, params![&post.id, mark])?;
    let topic = by_id(tx, &post.topic)?;
    tx.log(Entry { area: Some(&topic.area), ..Entry::new("near.thank", "near_post", &post.id) })?;
    Ok(())
}

/// Hears of what is new in a topic, or no longer.
pub fn follow(tx: &mut Tx, who: &Who, topic: &Topic, on: bool) -> Result<()> {
    let (person, now) = (who.person.as_deref().ok_or(Kind::SignIn)?, tx.now());
    if on {
        let sql = "insert into near_follow(topic, person, told_at) values ($1, $2, $3) on conflict(topic, person) do nothing";
        tx.exec(sql, params![&topic.id, person, now])?;
    } else {
        tx.exec("delete from near_follow where topic = $1 and person = $2", params![&topic.id, person])?;
    }
    tx.log(topic.entry(who, Entry::new("near.follow", "near_topic", &topic.id)).fact("on", on))?;
    Ok(())
}
