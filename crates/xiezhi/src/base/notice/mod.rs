//! Messages to people. The inbox is the truth; live pages, e-mail, SMS and group robots only say "look".
//!
//! What must stay true: a notice holds no personal value, only its kind, the number it is about and the class of that
//! matter; rows are derived from the log by a follower with a cursor, so that none is lost or doubled, and are there at
//! once whatever becomes of the channels, which are told no class. What goes out over a channel is planned in the same write ([`plan`]) and sent once: it is marked as
//! being sent before the call, and what a crash leaves in between is shown as unknown, not sent again ([`queue`]). No
//! address leaves the queue but to its channel, and none is used before its owner sent back the code ([`setting`]).
//!
//! Log kinds written: `notice.read`, `notice.setting`, `notice.address`, `notice.confirm`, `notice.number`, `notice.off`, `notice.send`,
//! `notice.sent`, `notice.failed`, `notice.stuck`, `notice.unknown`, `notice.void`, `notice.again`, `notice.sweep`.

/// What goes out and what became of it, for the administrator.
pub mod admin;
/// E-mail, SMS, robots.
pub mod channel;
/// What groups are told.
pub mod group;
/// What each kind asks of its reader.
pub mod kinds;
/// How somebody wants to be told.
pub mod me;
/// From the inbox to the queue.
pub mod plan;
/// What is to go out.
pub mod queue;
/// Pure decisions.
pub mod rules;
/// One round of sending.
pub mod send;
/// Wishes and addresses.
pub mod setting;
/// Browsers that may be woken.
pub mod wake;
/// The inbox page.
pub mod web;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use store::{Query, Tx, Value, params};

use crate::kit::Result;
use crate::kit::time::Ms;

/// A message to be.
#[derive(Clone, Debug, PartialEq)]
pub struct New {
    /// To whom.
    pub person: String,
    /// When it happened.
    pub at: Ms,
    /// What, as in the text `notice-<kind>`.
    pub kind: String,
    /// Number of the matter.
    pub subject: String,
    /// Its class then, when it had one: what the reader knows it by.
    pub class: Option<String>,
    /// The matter is one that cannot wait.
    pub urgent: bool,
}

impl New {
    /// Passes quiet hours.
    pub fn is_urgent(&self) -> bool {
        self.urgent && kinds::kinds().urgent.contains(&self.kind)
    }
}

/// What follows from an entry of the log, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The matter moved on: nobody is waited for any more.
    Settled(String),
    /// These people are no longer waited for.
    Done(String, Vec<String>),
    /// Somebody is told.
    Tell(New),
}

/// Puts messages into inboxes, and plans what goes out. Called by followers, whose cursor moves in the same write, and
/// within actions that log.
pub fn put(tx: &mut Tx, zone: &TimeZone, notices: &[New]) -> Result<()> {
    take(tx, zone, &notices.iter().cloned().map(Step::Tell).collect::<Vec<_>>())
}

/// Matters that are settled in one statement.
const EACH: usize = 50;

/// A line of somebody's inbox, as far as it changes.
struct Line<'a> {
    last: &'a New,
    n: i64,
    need: Option<Ms>,
}

/// Like [`put`], with what moved on in between.
pub fn take(tx: &mut Tx, zone: &TimeZone, steps: &[Step]) -> Result<()> {
    let mut lines: BTreeMap<(&str, &str), Line> = BTreeMap::new();
    let (mut settled, mut done): (BTreeSet<&str>, BTreeSet<(&str, &str)>) = (BTreeSet::new(), BTreeSet::new());
    let mut told: Vec<(String, &New)> = Vec::new();
    for step in steps {
        match step {
            Step::Settled(subject) => {
                lines.iter_mut().filter(|((_, s), _)| s == subject).for_each(|(_, line)| line.need = None);
                settled.insert(subject);
            }
            Step::Done(subject, people) => {
                for person in people {
                    if let Some(line) = lines.get_mut(&(person.as_str(), subject.as_str())) {
                        line.need = None;
                    }
                    done.insert((person, subject));
                }
            }
            Step::Tell(new) => {
                let line = lines.entry((&new.person, &new.subject)).or_insert(Line { last: new, n: 0, need: None });
                (line.last, line.n) = (new, line.n + 1);
                if kinds::kinds().need.contains(&new.kind) {
                    line.need = Some(new.at);
                }
                told.push((tx.id(), new));
            }
        }
    }
    let settled: Vec<&str> = settled.into_iter().collect();
    for some in settled.chunks(EACH) {
        // Always as many parameters, so that one prepared statement serves every number of them.
        let marks = (1..=EACH).map(|i| format!("${i}")).collect::<Vec<_>>().join(",");
        let sql = format!("update inbox_matter set need_at = null where subject in ({marks}) and need_at is not null");
        let params: Vec<Value> = (0..EACH).map(|i| (*some.get(i).unwrap_or(&some[0])).into()).collect();
        tx.exec(&sql, &params)?;
    }
    for (person, subject) in done {
        tx.exec("update inbox_matter set need_at = null where person = $1 and subject = $2", params![person, subject])?;
    }
    if told.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<Value>> = told.iter().map(|(id, n)| params![id, &n.person, n.at, &n.kind, &n.subject].to_vec()).collect();
    tx.insert_many("inbox", &["id", "person", "at", "kind", "subject"], &rows)?;
    upsert(tx, &lines.into_values().collect::<Vec<_>>())?;
    plan::plan(tx, zone, &told)
}

/// Writes the lines: as many as possible in one statement, in few sizes so that the statements are known to the database.
fn upsert(tx: &mut Tx, lines: &[Line]) -> Result<()> {
    const COLUMNS: usize = 8;
    let mut rest = lines;
    while !rest.is_empty() {
        let size = [64, 8, 1].into_iter().find(|s| *s <= rest.len()).unwrap_or(1);
        let (some, later) = rest.split_at(size);
        let marks = |i: usize| (1..=COLUMNS).map(|k| format!("${}", i * COLUMNS + k)).collect::<Vec<_>>().join(",");
        let values: Vec<String> = (0..size).map(|i| format!("({})", marks(i))).collect();
        let sql = format!(
            "insert into inbox_matter(person, subject, class, at, kind, n, unread, need_at) values {} on conflict(person, subject) do update set \
             at = excluded.at, kind = excluded.kind, n = inbox_matter.n + excluded.n, unread = inbox_matter.unread + excluded.unread, \
             class = coalesce(excluded.class, inbox_matter.class), need_at = coalesce(excluded.need_at, inbox_matter.need_at)",
            values.join(","),
        );
        let row = |line: &Line| {
            let n = line.last;
            params![&n.person, &n.subject, &n.class, n.at, &n.kind, line.n, line.n, line.need].to_vec()
        };
        tx.exec(&sql, &some.iter().flat_map(row).collect::<Vec<Value>>())?;
        rest = later;
    }
    Ok(())
}

/// How many messages a person has not read.
pub fn unread(q: &mut dyn Query, person: &str) -> store::Result<i64> {
    // More than that are not counted: somebody who is away for a year must not slow down every page he opens.
    let sql = "select count(*) from (select 1 from inbox where person = $1 and read_at is null limit 100) few";
    q.count(sql, params![person])
}
