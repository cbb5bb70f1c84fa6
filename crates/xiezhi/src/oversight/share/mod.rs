//! What departments share (政务数据共享): a catalogue of resources, requests for them, their rows, objections, adapters.
//!
//! What must stay true: everybody sees what exists and how it is shared, nobody what is in it without a grant; whatever waits
//! for somebody has one whose turn it is and one clock, and moves to the desk above when that runs out; nobody decides about
//! his own request; a grant names fields, purpose and end, and ends by itself, with its key; values that are somebody's own lie
//! sealed, and each read of them is in the read log before it leaves; each value says from where it came and when; an
//! element has one organisation that collects it for all others in a place; a row that does not fit is refused and said why.
//!
//! Log kinds written: `share.draft`, `share.change`, `share.submit`, `share.check`, `share.withdraw`, `share.ask`,
//! `share.decide`, `share.deliver`, `share.key`, `share.end`, `share.ring`, `share.take`, `share.object`, `share.answer`,
//! `share.adapter`, `share.adapter-end`, `share.pull`, `share.push`, `share.test`.

/// Adapters.
pub mod adapter;
/// Pages of adapters.
pub mod adapter_web;
/// Rows.
pub mod data;
/// Rows come in and go out.
pub mod data_web;
/// The catalogue as DCAT.
pub mod dcat;
/// The watched folder.
pub mod folder;
/// Objections.
pub mod objection;
/// Pages of objections.
pub mod objection_web;
/// What departments of a place answer by when.
pub mod pack;
/// How good what comes in is.
pub mod quality;
/// Requests.
pub mod request;
/// Pages of requests.
pub mod request_web;
/// The catalogue.
pub mod resource;
/// Pages and data of the catalogue.
pub mod resource_web;
/// What rings.
pub mod ring;
/// Pure decisions.
pub mod rules;
/// Fields of a resource.
pub mod schema;
/// Calls of adapters.
pub mod wire;
/// Adapters at work.
pub mod work;

use std::sync::Arc;

use calc::due::{Limit, Unit};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx, params};

use self::pack::Pack;
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::notice::{self, New, Step};
use crate::base::party::Chart;
use crate::base::roster;
use crate::base::worktime::{self, Worktime};
use crate::kit::time::Ms;
use crate::kit::{App, Req, Result, Who};

/// What somebody looks at graded values for, here.
pub const PURPOSE: &str = "share";

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// The rules of the place.
    pub pack: &'static Pack,
    /// Who stands above whom.
    pub chart: Arc<Chart>,
    /// When working days end.
    pub time: Arc<Worktime>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App, code: &str) -> Result<Book> {
        let (chart, time) = (Chart::read(q, app)?, worktime::read(q, app)?);
        Ok(Book { pack: pack::at(code), chart, time, zone: app.config.zone.clone() })
    }

    /// The end of so many working days from now on.
    fn due(&self, now: Ms, days: u32) -> Ms {
        self.time.due(now, Limit { n: days, unit: Unit::WorkDays }).at
    }

    /// The desk above an organisation that is none of those who asked: nobody decides about his own.
    fn above(&self, body: &str, asker: Option<&str>) -> Option<String> {
        let mut at = self.chart.body(body)?;
        loop {
            at = self.chart.desk_above(at)?;
            if asker != Some(at.id.as_str()) {
                return Some(at.id.clone());
            }
        }
    }
}

/// Whether somebody works for an organisation, in his own name.
pub(crate) fn works(who: &Who, body: &str) -> bool {
    who.by.is_none() && who.in_body(body)
}

/// Whether a desk stands where it is decided: it is its turn, or it stands above whose turn it is.
pub(crate) fn desk_of(book: &Book, who: &Who, desk: &str) -> bool {
    let at = book.chart.path(desk).unwrap_or_default();
    works(who, desk) || who.by.is_none() && who.desk_over(at).is_some_and(|role| role.path.len() < at.len())
}

fn news(person: String, at: Ms, kind: &str, subject: &str) -> New {
    New { person, at, kind: kind.to_owned(), subject: subject.to_owned(), class: None, urgent: false }
}

/// Tells the people of an organisation, but for whoever did it.
fn tell(tx: &mut Tx, book: &Book, body: &str, who: &Who, kind: &str, subject: &str) -> Result<()> {
    let now = tx.now();
    let people = roster::reachable(tx, body, now, true)?.into_iter().filter(|p| who.actor() != Some(p));
    let all: Vec<New> = people.map(|p| news(p, now, kind, subject)).collect();
    notice::put(tx, &book.zone, &all)
}

/// Nobody is waited for any more.
fn settled(tx: &mut Tx, book: &Book, subject: &str) -> Result<()> {
    notice::take(tx, &book.zone, &[Step::Settled(subject.to_owned())])
}

/// Writes down what was done, with the words that were said: sealed under the key of the matter.
fn step(tx: &mut Tx, matter: &str, act: &str, body: Option<&str>, words: Option<&str>) -> Result<()> {
    let (now, words) = (tx.now(), tx.seal_text(matter, words)?);
    let n = tx.count("select count(*) from share_step where matter = $1", params![matter])? + 1;
    let sql = "insert into share_step(matter, n, act, at, body, words) values ($1,$2,$3,$4,$5,$6)";
    tx.exec(sql, params![matter, n, act, now, body, words])?;
    Ok(())
}

/// What was done with a matter, as its people read it; texts are `share-step-<act>`.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepView {
    pub act: String,
    pub at: String,
    pub body: Option<String>,
    pub words: Option<String>,
}

/// The story of a matter.
fn story(req: &Req, q: &mut dyn Query, book: &Book, matter: &str, number: &str, look: &mut Look) -> Result<Vec<StepView>> {
    let sql = "select act, at, body, words from share_step where matter = $1 order by n limit 200";
    let mut out = Vec::new();
    for row in q.rows(sql, params![matter])? {
        let body: Option<String> = row.get("body")?;
        let words = q.open_text(matter, row.get("words")?)?;
        out.push(StepView {
            act: row.get("act")?,
            at: req.app.time(row.get("at")?),
            body: body.map(|b| book.chart.name(&b)),
            words: words.and_then(|w| look.at(&Graded::new("share.words", matter, w).of(number), Relation::Involved)),
        });
    }
    Ok(out)
}

/// Whether two places have people in common: one lies in the other.
fn overlap(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The code of the area at a path, for the pack that holds there.
fn code_of(q: &mut dyn Query, area: &str) -> Result<String> {
    Ok(area::by_id(q, area)?.map(|a| a.code).unwrap_or_default())
}
