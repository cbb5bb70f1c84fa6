//! Complaints of staff, made with the button that stands on each of their pages: about this program, or about what a desk
//! asks of them.
//!
//! What must stay true (inv13): the desk it is about neither settles it, nor puts it off, nor reads it; the desk above
//! answers. Where none stands above, it answers itself, and only whoever complained may close it.

use super::Case;
use super::report::NewReport;
use crate::base::classes::COMPLAINT;
use crate::base::party::{Body, Chart};
use crate::kit::error::Kind;
use crate::kit::{Error, Result, Role, Who};

/// Whom somebody may complain about: the desk he works under, and those above it, the nearest first.
pub fn choices<'c>(chart: &'c Chart, who: &Who) -> Vec<&'c Body> {
    let works = who.roles.iter().find(|r| r.kind.is_staff());
    works.map_or_else(Vec::new, |r| chart.serving(&r.path).filter(|b| b.kind.is_desk()).collect())
}

/// Whom a report is about, if it is a complaint of somebody who works here, in his own name.
pub fn about(chart: &Chart, who: &Who, new: &NewReport) -> Result<Option<String>> {
    if !who.is_staff() || new.class.as_deref() != Some(COMPLAINT) || new.channel != "web" {
        return Ok(None);
    }
    let all = choices(chart, who);
    match &new.about {
        Some(id) => all.iter().find(|b| b.id == *id).map(|b| Some(b.id.clone())).ok_or_else(|| Kind::Unknown.at("about")),
        None => Ok(all.first().map(|b| b.id.clone())),
    }
}

/// The desk above whoever it is about.
fn judge<'c>(chart: &'c Chart, about: &str) -> Option<&'c Body> {
    chart.body(about).and_then(|b| chart.desk_above(b))
}

/// The desk that answers for a complaint about somebody.
pub(super) fn answers<'c>(chart: &'c Chart, about: &str) -> Result<&'c Body> {
    let itself = || chart.body(about).ok_or_else(|| Error::internal("a complaint about nobody"));
    judge(chart, about).map_or_else(itself, Ok)
}

/// The desk that answers for a case: that of its place, or of a complaint the one above whom it is about.
pub fn desk<'c>(chart: &'c Chart, case: &Case) -> Result<&'c Body> {
    match &case.about {
        Some(about) => answers(chart, about),
        None => chart.desk_of(&case.path),
    }
}

/// The role, if any, in which somebody answers for a case at a desk.
pub fn over<'w>(chart: &Chart, who: &'w Who, case: &Case) -> Option<&'w Role> {
    let Some(about) = &case.about else { return who.desk_over(&case.path) };
    match judge(chart, about) {
        Some(_) if who.in_body(about) => None,
        Some(judge) => chart.path(&judge.id).and_then(|path| who.desk_over(path)),
        None => who.roles.iter().find(|r| r.kind.is_desk() && r.body.as_ref() == Some(about)),
    }
}

/// Whether somebody belongs to a desk that must answer a complaint about itself.
pub(super) fn is_own(chart: &Chart, who: &Who, case: &Case) -> bool {
    case.about.as_ref().is_some_and(|about| who.in_body(about) && judge(chart, about).is_none())
}
