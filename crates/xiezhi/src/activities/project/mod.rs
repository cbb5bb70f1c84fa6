//! The three lists (三张清单): what is needed (需求), what there is (资源), and the projects (项目) that join them, bought as a service
//! where nobody does it for nothing.
//!
//! What must stay true: a need gets an answer, and one on the list rings until something was done about it; nothing is promised
//! twice of a resource; a bid stays closed to everybody until the tender is over, is scored by people whom nothing ties to a
//! bidder, and the sums are published; what was bought is accepted by the people it is for, and everybody reads how it went.
//!
//! Log kinds: those of its rooms.

/// What is needed.
pub mod need;
/// Rules by place.
pub mod pack;
/// What is done.
pub mod plan;
/// What there is.
pub mod resource;
/// Bells of all three.
pub mod ring;

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Query, Tx};

use crate::base::notice::{self, New};
use crate::base::party::Chart;
use crate::base::{area, roster};
use crate::kit::{App, Req, Result, Who};

/// What actions need besides the database.
#[derive(Clone)]
pub struct Book {
    /// Rules of the place.
    pub pack: &'static pack::Pack,
    /// Organisations.
    pub chart: Arc<Chart>,
    /// Where days begin.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn Query, app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::read(q, app)?, zone: app.config.zone.clone() })
    }

    /// Of the place with this id.
    fn of(q: &mut dyn Query, app: &App, area: &str) -> Result<Book> {
        let code = area::by_id(q, area)?.map(|a| a.code).unwrap_or_default();
        Book::read(q, app, &code)
    }
}

/// Does something to the matter that the path names, under the rules of its place.
fn run(
    req: &Req,
    area_of: impl FnOnce(&mut dyn Query, &str) -> Result<String>,
    act: impl FnOnce(&mut Tx, &Book, &Who, &str) -> Result<()> + Send + 'static,
) -> Result<()> {
    let book = req.app.db.read(|r| {
        let area = area_of(r, req.param("number"))?;
        Book::of(r, req.app, &area)
    })?;
    let (who, number) = (req.who.clone(), req.param("number").to_owned());
    req.once(move |tx| act(tx, &book, &who, &number).map(|()| String::new())).map(drop)
}

/// Tells people of something new about a matter; never whoever did it.
fn tell(tx: &mut Tx, book: &Book, who: &Who, number: &str, kind: &str, people: &[String]) -> Result<()> {
    let at = tx.now();
    let one = |person: &String| New {
        person: person.clone(),
        at,
        kind: kind.to_owned(),
        subject: number.to_owned(),
        class: None,
        urgent: false,
    };
    let mut people: Vec<&String> = people.iter().filter(|p| Some(p.as_str()) != who.actor()).collect();
    people.sort();
    people.dedup();
    notice::put(tx, &book.zone, &people.into_iter().map(one).collect::<Vec<_>>())
}

/// Tells whoever of an organisation can be reached.
fn tell_body(tx: &mut Tx, book: &Book, who: &Who, number: &str, kind: &str, body: &str) -> Result<()> {
    let now = tx.now();
    let people = roster::reachable(tx, body, now, false)?;
    tell(tx, book, who, number, kind, &people)
}

/// Nobody is waited for any more.
fn settled(tx: &mut Tx, book: &Book, number: &str) -> Result<()> {
    notice::take(tx, &book.zone, &[notice::Step::Settled(number.to_owned())])
}

/// The desk above the one that was late; the same one where there is none.
fn above(book: &Book, desk: &str) -> String {
    let up = book.chart.body(desk).and_then(|b| book.chart.desk_above(b));
    up.map_or_else(|| desk.to_owned(), |b| b.id.clone())
}

/// The organisation for which somebody acts here: one that he works for and that handles things at this place.
fn body_of(who: &Who, path: &str) -> Option<String> {
    let works = |r: &&crate::kit::Role| r.kind.is_handler() && !r.kind.walks() && path.starts_with(&r.path);
    who.roles.iter().filter(works).max_by_key(|r| r.path.len()).and_then(|r| r.body.clone())
}
