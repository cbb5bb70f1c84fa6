//! Neighbours help each other (邻里互助): who helps, who asks, who goes where, hours that are kept, and what was done.
//!
//! What must stay true: a request never lies still: somebody is asked, then more people further away, then the community
//! looks after it as a case; help is agreed by both sides and its hours count when both say so, or one is silent long
//! enough; nobody goes where he may not (not vetted, a certificate that ran out, two people kept apart, alone where two
//! go); what somebody needs, where he lives and his telephone are read by whoever agreed to come and by the desk of the
//! place, and by nobody who was only asked; nobody is ranked by what he does, and no hour is money.
//!
//! Log kinds written: `help.tell`, `help.remind`, `volunteer.profile`, `volunteer.stop`, `volunteer.vet`, `volunteer.proof`,
//! `volunteer.apart`; those of a request and of hours in their own rooms.

/// What whoever looks after volunteers sees.
pub mod board;
/// Whom a request is told, and why.
pub mod dispatch;
/// Work for all that people sign up for.
pub mod event;
/// Requests and what becomes of them.
pub mod help;
/// The time bank.
pub mod hours;
/// The rules of a place.
pub mod pack;
/// Who helps.
pub mod profile;
/// What somebody did, for the national record.
pub mod record;
/// Pure decisions: who fits, and how well.
pub mod rules;
/// Nobody is in two places; hours that go round.
pub mod twice;
/// Routes of volunteers and of whoever looks after them.
pub mod web;

use std::sync::Arc;

use jiff::tz::TimeZone;

use self::pack::Pack;
use crate::base::area::{self, Area};
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::{App, Req, Result};

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
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same, inside a read of the caller.
    pub fn read(q: &mut dyn store::Query, app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::read(q, app)?, zone: app.config.zone.clone() })
    }
}

/// The community that a page is about: the given one (its id), the one the page names or the reader chose, the one he lives or
/// works in.
fn here(req: &Req, q: &mut dyn store::Query, given: Option<String>) -> Result<Area> {
    let named = req.query.get("area").or(req.community.as_ref().map(|(code, _)| code.as_str()));
    let found = match (given, named) {
        (Some(id), _) => area::by_id(q, &id)?,
        (None, Some(code)) => area::by_code(q, code)?,
        (None, None) => {
            let role = req.who.roles.iter().max_by_key(|r| r.path.len()).ok_or(Kind::OtherArea)?;
            let (id, _) = help::community(q, &role.area)?;
            area::by_id(q, &id)?
        }
    };
    found.ok_or_else(|| Kind::Unknown.at("area"))
}
