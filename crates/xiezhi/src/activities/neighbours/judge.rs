//! Reporting a text, looking at what is held or reported, appeals, clocks; and learning who wrote a text.
//!
//! What must stay true: what waits lies with one desk under one clock, found in the database alone; nobody decides about his
//! own words, and nobody about an appeal against himself; a hidden text keeps its words sealed and tells its author the
//! reason; who reported is told to nobody; the person behind a name is learned only for a text about which there is
//! something to decide, with a reason that he can read.

use store::{Entry, Query, Tx, params};

use super::rules::{Queue, State};
use super::{Book, Post, by_id, mark_of, news, queue_up, recount, tell_desk, text};
use crate::base::notice;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, Ms, day_number};
use crate::kit::{Result, Role, Who};
use crate::records::register::mine;

/// Characters of a note, an appeal, a reason.
pub const NOTE: usize = 500;

/// Reports a text. From so many people as the pack says it is out of sight until somebody has looked.
pub fn flag(tx: &mut Tx, book: &Book, who: &Who, post: &Post, reason: &str) -> Result<()> {
    let (person, now) = (who.person.as_deref().ok_or(Kind::SignIn)?, tx.now());
    book.pack.reason(reason).ok_or_else(|| Kind::Unknown.at("reason"))?;
    // Else a crowd of empty accounts could take any text out of sight.
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    if post.state != State::Shown || post.by_person == person {
        return Err(Kind::State.into());
    }
    let mark = mark_of(tx, "report of a text", &post.id, person);
    let day_mark = mark_of(tx, "reports of a day", &day_number(now, &book.zone), person);
    let most = book.pack.limits.flags_a_day;
    if tx.count("select count(*) from near_flag where day_mark = $1", params![&day_mark])? >= most {
        return Err(crate::kit::Error::from(Kind::DailyLimit).limit(most));
    }
    let sql =
        "insert into near_flag(post, mark, day_mark, reason, made_at) values ($1,$2,$3,$4,$5) on conflict(post, mark) do nothing";
    if tx.exec(sql, params![&post.id, mark, day_mark, reason, now])? == 0 {
        return Err(Kind::Taken.into());
    }
    tx.exec("update near_post set flags = flags + 1 where id = $1", params![&post.id])?;
    let topic = by_id(tx, &post.topic)?;
    // No actor: the log does not say who it was either.
    let entry = Entry { area: Some(&topic.area), ..Entry::new("near.flag", "near_post", &post.id) };
    tx.log(entry.fact("topic", topic.id.as_str()).fact("reason", reason))?;
    // What a desk has looked at and let stand is not brought before it again by the same few.
    let since = "select count(*) from near_flag where post = $1 and made_at > $2";
    let new = tx.count(since, params![&post.id, post.ruled_at.unwrap_or(-1)])?;
    let enough = new >= book.pack.limits.flags_hold;
    if post.closed == 1 || (post.ruled_at.is_some() && !enough) {
        return Ok(());
    }
    match (post.queue, enough) {
        (Some(_), true) => {
            tx.exec("update near_post set state = $2 where id = $1", params![&post.id, State::Held])?;
        }
        (Some(_), false) => {}
        (None, true) => queue_up(tx, book, &topic, post, Queue::Flags, State::Held)?,
        (None, false) => queue_up(tx, book, &topic, post, Queue::Flags, State::Shown)?,
    }
    recount(tx, &topic.id)
}

/// The role in which somebody decides about a text that waits: of the desk where it lies.
pub fn judge_of<'w>(who: &'w Who, post: &Post) -> Option<&'w Role> {
    let desk = post.desk.as_deref()?;
    who.roles.iter().find(|r| r.kind.is_desk() && r.body.as_deref() == Some(desk))
}

/// Desks at which somebody works.
pub fn desks(who: &Who) -> Vec<&str> {
    who.roles.iter().filter(|r| r.kind.is_desk()).filter_map(|r| r.body.as_deref()).collect()
}

/// How many texts wait for the desks of this person.
pub fn waiting(q: &mut dyn Query, who: &Who) -> Result<i64> {
    let mut n = 0;
    for desk in desks(who) {
        n += q.count("select count(*) from near_post where desk = $1 and due_at is not null", params![desk])?;
    }
    Ok(n)
}

/// What a desk says of a text.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Ruling {
    pub show: bool,
    /// Of the pack; needed to hide.
    pub reason: Option<String>,
    pub note: Option<String>,
}

/// Decides: shown, or hidden with a reason. An appeal is decided by somebody else, and then it is over.
pub fn judge(tx: &mut Tx, book: &Book, who: &Who, id: &str, ruling: &Ruling) -> Result<()> {
    let (post, now) = (text::by_id(tx, id)?, tx.now());
    let role = judge_of(who, &post).ok_or(Kind::Denied)?;
    let queue = post.queue.ok_or(Kind::State)?;
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if person == post.by_person {
        return Err(Kind::Denied.into());
    }
    if queue == Queue::Appeal && post.ruled_by.as_deref() == Some(person) {
        return Err(Kind::SameJudge.into());
    }
    let reason = ruling.reason.as_deref().filter(|_| !ruling.show);
    if !ruling.show {
        let reason = reason.ok_or_else(|| Kind::Missing.at("reason"))?;
        book.pack.reason(reason).ok_or_else(|| Kind::Unknown.at("reason"))?;
    }
    let topic = by_id(tx, &post.topic)?;
    let entry = Entry {
        role: Some(role.kind.as_str()),
        party: role.body.as_deref(),
        // Sealed with the text itself: it goes when that goes.
        owner: Some(&post.id),
        ..Entry::new("near.judge", "near_post", &post.id)
    };
    let entry = topic.entry(who, entry).fact("topic", topic.id.as_str()).fact("show", ruling.show);
    let entry = entry.fact("queue", queue.as_str()).fact_opt("reason", reason);
    let seq = tx.log(entry.element("neighbours.note", ruling.note.as_deref()))?.index;
    let state = if ruling.show { State::Shown } else { State::Hidden };
    let closed = i64::from(queue == Queue::Appeal);
    let sql = "update near_post set state = $2, queue = null, desk = null, due_at = null, ruled_by = $3, ruled_at = $4, reason = $5, \
               ruling_seq = $6, closed = $7 where id = $1";
    tx.exec(sql, params![id, state, person, now, reason, seq, closed])?;
    recount(tx, &topic.id)?;
    super::settle(tx, book, &topic)?;
    // Whoever was only reported, and stays, hears nothing of it.
    let kind = match (ruling.show, queue) {
        (true, Queue::Flags) if post.state == State::Shown => None,
        (true, _) => Some("near-shown"),
        (false, Queue::Appeal) => Some("near-upheld"),
        (false, _) => Some("near-hidden"),
    };
    let told: Vec<_> = kind.map(|kind| news(post.by_person.clone(), now, kind, &topic)).into_iter().collect();
    notice::put(tx, &book.zone, &told)
}

/// Its author asks for another look at a text that was hidden: by somebody else of the desk, or by the desk above.
pub fn appeal(tx: &mut Tx, book: &Book, who: &Who, id: &str, words: &str) -> Result<()> {
    let (post, now) = (text::by_id(tx, id)?, tx.now());
    if who.person.as_deref() != Some(&post.by_person) {
        return Err(Kind::NotFound.into());
    }
    if post.state != State::Hidden || post.queue.is_some() || post.closed == 1 {
        return Err(Kind::State.into());
    }
    if post.ruled_at.is_none_or(|at| now > at + book.pack.limits.appeal_days * DAY) {
        return Err(Kind::TooLate.into());
    }
    let topic = by_id(tx, &post.topic)?;
    let entry = Entry { owner: Some(&post.id), ..Entry::new("near.appeal", "near_post", &post.id) };
    let entry = topic.entry(who, entry).fact("topic", topic.id.as_str()).element("neighbours.appeal", Some(words));
    let seq = tx.log(entry)?.index;
    tx.exec("update near_post set appeal_seq = $2 where id = $1", params![id, seq])?;
    queue_up(tx, book, &topic, &post, Queue::Appeal, State::Hidden)?;
    // Where nobody else is at that desk, the one above looks.
    let placed = text::by_id(tx, id)?;
    let (desk, ruled_by) = (placed.desk.unwrap_or_default(), placed.ruled_by.unwrap_or_default());
    let Some(body) = book.chart.body(&desk) else { return Ok(()) };
    // Its clerks, not whoever walks for it.
    let sql = "select count(distinct person) from role_of where body = $1 and kind = $2 and valid_from <= $3 \
               and (valid_to is null or valid_to > $3) and person <> $4 and person <> $5";
    let others = tx.count(sql, params![&desk, body.kind.as_str(), now, &ruled_by, &post.by_person])?;
    if others == 0
        && let Some(above) = book.chart.desk_above(body)
    {
        tx.exec("update near_post set desk = $2 where id = $1", params![id, &above.id])?;
        tell_desk(tx, book, &topic, &above.id, "near-queue")?;
    }
    Ok(())
}

/// Texts at which nobody has looked in time.
pub fn ringing(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from near_post where due_at <= $1 and due_at is not null order by due_at limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Not looked at in time: it goes to the desk above, with a new clock. At the top it stays, and rings again.
pub fn ring(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (post, now) = (text::by_id(tx, id)?, tx.now());
    let Some(desk) = post.desk.clone().filter(|_| post.due_at.is_some_and(|at| at <= now)) else { return Ok(()) };
    let topic = by_id(tx, &post.topic)?;
    let above = book.chart.body(&desk).and_then(|b| book.chart.desk_above(b)).map_or_else(|| desk.clone(), |b| b.id.clone());
    let due = now + book.pack.limits.hold_hours * HOUR;
    tx.exec("update near_post set desk = $2, due_at = $3 where id = $1", params![id, &above, due])?;
    let entry = Entry { area: Some(&topic.area), ..Entry::new("near.escalate", "near_post", id) };
    tx.log(entry.fact("topic", topic.id.as_str()).fact("from", desk.as_str()).fact("desk", above.as_str()).fact("due", due))?;
    tell_desk(tx, book, &topic, &above, "near-escalate")
}

/// Writes down that a desk learns who wrote a text, and why: before it learns it. Only where there is something to decide.
pub fn person(tx: &mut Tx, who: &Who, id: &str, why: &str) -> Result<String> {
    let post = text::by_id(tx, id)?;
    let role = judge_of(who, &post).ok_or(Kind::Denied)?;
    let topic = by_id(tx, &post.topic)?;
    let entry = Entry {
        role: Some(role.kind.as_str()),
        party: role.body.as_deref(),
        owner: Some(&post.by_person),
        ..Entry::new("near.person", "near_post", id)
    };
    tx.log(topic.entry(who, entry).element("neighbours.why", Some(why)))?;
    Ok(post.by_person)
}
