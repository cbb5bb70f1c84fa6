//! Small matters that whoever finds them settles at once: found, taken up, done, in one write and with one form.
//!
//! What must stay true: it is a report like any other, with number, receipt, holder and clock, and every step of it is in
//! the log; whoever settled it never checks it, so it ends waiting for somebody else's look; what its class asks for (a
//! photo with its reason) it asks for here too, and nothing more.

use store::{Logged, Tx};

use super::{Made, NewReport, Spot};
use crate::kit::error::Kind;
use crate::kit::{Result, Role, RoleKind, Who};
use crate::records::case::life::Said;
use crate::records::case::life::act::act_with;
use crate::records::case::rules::{Action, Facts};
use crate::records::case::{Case, Rulebook};

/// The role in which somebody settles what he finds at a place: a grid worker there, or a desk that answers for it.
pub fn role_at<'a>(who: &'a Who, path: &str) -> Option<&'a Role> {
    let fits = |r: &&Role| (r.kind == RoleKind::GridWorker || r.kind.is_desk()) && path.starts_with(&r.path) && r.body.is_some();
    who.roles.iter().filter(fits).max_by_key(|r| r.path.len())
}

/// Writes a report and all that was done about it. `done` says what was done, with the pictures of afterwards.
pub fn settle(
    tx: &mut Tx,
    book: &Rulebook,
    who: &Who,
    new: &NewReport,
    spot: &Spot,
    done: &Said,
    zone: &jiff::tz::TimeZone,
) -> Result<(Made, Logged, Case)> {
    let body = role_at(who, spot.path()).and_then(|r| r.body.clone()).ok_or(Kind::Denied)?;
    // Without a class nobody could say whether it is small, or what it asks for.
    if new.class.is_none() {
        return Err(Kind::Missing.at("class"));
    }
    let (made, logged) = super::make(tx, book, who, new, spot, zone)?;
    let quiet = Said { on_the_spot: true, ..Said::default() };
    let to = Said { to: Some(body), ..quiet.clone() };
    let done = Said { on_the_spot: true, ..done.clone() };
    // Whoever may settle it may also take it up for his organisation: that is the right this room gives, for these four
    // steps only.
    let desk = |f: Facts| Facts { desk: true, ..f };
    let handler = |f: Facts| Facts { handler: true, ..f };
    act_with(tx, book, who, (&made.id, false), (Action::Accept, &quiet), desk)?;
    act_with(tx, book, who, (&made.id, false), (Action::Dispatch, &to), desk)?;
    act_with(tx, book, who, (&made.id, false), (Action::Accept, &quiet), handler)?;
    let case = act_with(tx, book, who, (&made.id, false), (Action::Feedback, &done), handler)?;
    Ok((made, logged, case))
}
