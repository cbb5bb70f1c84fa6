//! Field work: where to go and why, what was found, homes that are visited, what a phone takes along and sends back, and
//! emergencies.
//!
//! What must stay true (inv13, the rules for such systems): nobody checks in, except while an authority has declared an
//! emergency for a named area with a reason and an end; nothing orders people or counts what they did; a trace is the
//! buildings and things somebody entered, never a line; when somebody was last somewhere is told only by himself, about a
//! building, and can be taken back; a photo is asked for only where a class says why. What a phone sent arrives once,
//! however often and in whatever order it comes, and nothing that others changed meanwhile is overwritten.
//!
//! Log kinds written: `field.visit`, `field.undo`, `field.care`, `field.care-end`, `field.card`, `field.device`, `field.cut`,
//! `field.emergency`, `field.emergency-more`, `field.emergency-end`, `field.checkin`, `field.sweep`.

/// Homes that are visited, and what workers let residents read about themselves.
pub mod care;
/// Phones that take personal data along.
pub mod device;
/// Emergencies.
pub mod emergency;
/// Homes as their visitors read them.
pub mod homes;
/// What a phone sends.
pub mod item;
/// What they take.
pub mod pack;
/// Pages about a building, a community and a grid.
pub mod places;
/// Where to go.
pub mod plan;
/// Pure decisions.
pub mod rules;
/// Being somewhere.
pub mod visit;
/// The worker's page and the actions.
pub mod web;

use crate::base::catalogue::Relation;
use crate::base::party::Chart;
use crate::kit::{Result, Role, Who};

/// The areas somebody works in: the grids he walks, else all that his organisations answer for.
pub fn areas(who: &Who) -> Vec<&Role> {
    let walks: Vec<&Role> = who.roles.iter().filter(|r| r.kind.walks()).collect();
    if walks.is_empty() { who.roles.iter().filter(|r| r.kind.is_staff()).collect() } else { walks }
}

/// Whether somebody does field work at a place: he walks there, or works for a party whose area it lies in.
pub fn works_at(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind.is_staff() && path.starts_with(&r.path))
}

/// How somebody stands to a home that is visited, for what he may read: whoever walks there, the desk of the place, a desk
/// further up.
pub fn relation(who: &Who, chart: &Chart, path: &str) -> Result<Relation> {
    let walks = who.roles.iter().any(|r| r.kind == crate::kit::RoleKind::GridWorker && path.starts_with(&r.path));
    let desk = &chart.desk_of(path)?.id;
    Ok(if walks {
        Relation::Involved
    } else if who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(desk)) {
        Relation::Desk
    } else if who.desk_over(path).is_some() {
        Relation::Above
    } else {
        Relation::Public
    })
}
