//! Neighbours (邻里): topics, answers, quick questions and thanks, of a community or of one building.
//!
//! What must stay true: who posts is known to the node (a proved telephone or identity) and bears a name of his own choice
//! toward neighbours, which never looks like another's or an office's; the desk learns the person only for a text that was
//! held or reported, with a reason, in a logged read. A building's talk is for those who live there. What is held or
//! reported lies with one desk under one clock, and moves up when nobody looks; a hidden text stays sealed, with its reason
//! for its author, and his appeal is decided by somebody else. A text that its author takes back leaves no word in the
//! database. Who reported, thanked or answered a question stands nowhere. Nobody is ranked, and there are no points.
//!
//! Log kinds written: `near.join`, `near.name`, `near.confirm`, `near.leave`, `near.say`, `near.hold`, `near.flag`,
//! `near.judge`, `near.appeal`, `near.escalate`, `near.person`, `near.delete`, `near.notice`, `near.follow`, `near.thank`,
//! `near.voice`, `near.digest`, `near.case`.

/// One message a day about what is new.
pub mod digest;
/// Reporting, hiding, appeals, clocks.
pub mod judge;
/// Who somebody is among neighbours.
pub mod member;
/// The rules of a place.
pub mod pack;
/// Quick questions, thanks, following.
pub mod poll;
/// What waits for a desk.
pub mod queue;
/// Pure decisions.
pub mod rules;
/// Topics and answers.
pub mod say;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, hex, params};

use self::pack::Pack;
use self::rules::{Queue, State};
use crate::base::area::Area;
use crate::base::notice::{self, New, Step};
use crate::base::party::{Body, Chart};
use crate::base::roster;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{HOUR, Ms};
use crate::kit::{App, Result, Who};

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// The rules of the place.
    pub pack: &'static Pack,
    /// Who answers for what.
    pub chart: Arc<Chart>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::now(app)?, zone: app.config.zone.clone() })
    }

    /// The desk that looks at a text of a topic; what an office says is looked at by the one above it.
    fn desk(&self, topic: &Topic, by: Option<&str>) -> Result<&Body> {
        let desk = self.chart.desk_of(&topic.path)?;
        Ok(if by == Some(&desk.id) { self.chart.desk_above(desk).unwrap_or(desk) } else { desk })
    }
}

row! {
    /// A topic.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `near_topic`, explained there")]
    pub struct Topic {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub building: Option<String>,
        pub category: String,
        pub notice: i64,
        pub options: i64,
        pub poll_until: Option<Ms>,
        pub posts: i64,
        pub shown: i64,
        pub made_at: Ms,
        pub last_at: Ms,
        pub digest_at: Option<Ms>,
        pub case_number: Option<String>,
    }
}

/// The topic with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Topic>> {
    q.row(&format!("select {COLUMNS} from near_topic where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The topic with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Topic> {
    let row = q.row(&format!("select {COLUMNS} from near_topic where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

impl Topic {
    /// An entry about it.
    fn entry<'w>(&'w self, who: &'w Who, act: Entry<'w>) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), ..act }
    }
}

/// Texts.
pub mod text {
    use super::*;

    row! {
        /// A text of a topic.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "the columns of `near_post`, explained there")]
        pub struct Post {
            pub id: String,
            pub topic: String,
            pub n: i64,
            pub member: Option<String>,
            pub body: Option<String>,
            pub by_person: String,
            pub state: State,
            pub made_at: Ms,
            pub log_seq: u64,
            pub mark: Option<String>,
            pub sketch: Option<String>,
            pub fresh: i64,
            pub queue: Option<Queue>,
            pub desk: Option<String>,
            pub due_at: Option<Ms>,
            pub flags: i64,
            pub ruled_by: Option<String>,
            pub ruled_at: Option<Ms>,
            pub reason: Option<String>,
            pub ruling_seq: Option<u64>,
            pub appeal_seq: Option<u64>,
            pub closed: i64,
        }
    }

    /// The text with this id.
    pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Post> {
        let row = q.row(&format!("select {COLUMNS} from near_post where id = $1"), params![id])?;
        Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
    }

    /// The opening text of a topic.
    pub fn opening(q: &mut dyn Query, topic: &str) -> Result<Post> {
        let row = q.row(&format!("select {COLUMNS} from near_post where topic = $1 and n = 0"), params![topic])?;
        Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
    }
}
pub use text::Post;

/// Stands for a person at a thing, in tables that name no person.
fn mark_of(q: &dyn Query, what: &str, thing: &str, person: &str) -> String {
    hex(q.digest(what, &format!("{thing} {person}")))
}

/// A community that somebody belongs to: he has a role there or beneath it.
pub fn belongs(who: &Who, area: &Area) -> bool {
    who.roles.iter().any(|r| r.path.starts_with(&area.path))
}

/// Puts a text into the queue of a desk, and tells the desk when nothing of the topic lay there before.
fn queue_up(tx: &mut Tx, book: &Book, topic: &Topic, post: &Post, queue: Queue, state: State) -> Result<()> {
    let (now, desk) = (tx.now(), book.desk(topic, post.body.as_deref())?.clone());
    let hours = if queue == Queue::Appeal { book.pack.limits.appeal_hours } else { book.pack.limits.hold_hours };
    let due = now + hours * HOUR;
    let waited = tx.count("select count(*) from near_post where topic = $1 and queue is not null", params![&topic.id])? > 0;
    let sql = "update near_post set state = $2, queue = $3, desk = $4, due_at = $5 where id = $1";
    tx.exec(sql, params![&post.id, state, queue, &desk.id, due])?;
    let entry = Entry { area: Some(&topic.area), ..Entry::new("near.hold", "near_post", &post.id) };
    tx.log(entry.fact("topic", topic.id.as_str()).fact("queue", queue.as_str()).fact("desk", desk.id.as_str()).fact("due", due))?;
    if !waited {
        tell_desk(tx, book, topic, &desk.id, "near-queue")?;
    }
    Ok(())
}

/// Tells whoever of a desk can be reached.
fn tell_desk(tx: &mut Tx, book: &Book, topic: &Topic, desk: &str, kind: &str) -> Result<()> {
    let now = tx.now();
    let people = roster::reachable(tx, desk, now, true)?;
    let news: Vec<New> = people.into_iter().map(|person| news(person, now, kind, topic)).collect();
    notice::put(tx, &book.zone, &news)
}

/// When nothing of a topic waits any more, nobody is waited for.
fn settle(tx: &mut Tx, book: &Book, topic: &Topic) -> Result<()> {
    if tx.count("select count(*) from near_post where topic = $1 and queue is not null", params![&topic.id])? > 0 {
        return Ok(());
    }
    notice::take(tx, &book.zone, &[Step::Settled(topic.number.clone())])
}

/// A message about a topic.
fn news(person: String, at: Ms, kind: &str, topic: &Topic) -> New {
    New { person, at, kind: kind.to_owned(), subject: topic.number.clone(), class: None, urgent: false }
}

/// How many texts of a topic everybody of it sees.
fn recount(tx: &mut Tx, topic: &str) -> Result<()> {
    let sql =
        "update near_topic set shown = (select count(*) from near_post where topic = $1 and n > 0 and state = $2) where id = $1";
    tx.exec(sql, params![topic, State::Shown])?;
    Ok(())
}
