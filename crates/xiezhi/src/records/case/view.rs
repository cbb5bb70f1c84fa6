//! What a reader gets to see of a case: everything personal goes through a decision for this reader.
//!
//! What must stay true: one struct serves page and JSON; staff are named by their organisation, never by person; a value
//! shown in clear to anybody but its owner is in the read log before the view leaves
//! ([`Look::record`](crate::base::catalogue::Look::record)).

/// What a clerk chooses from.
mod choose;
/// Cases in a list.
mod items;
/// A case in full.
mod matter;
/// What happened to it.
mod story;
/// The views.
mod types;

pub use choose::choices;
pub use items::items;
pub use matter::matter;
pub use types::*;

use super::rules::Overlay;
use super::task::Task;
use super::{Case, complaint};
use crate::base::catalogue::Relation;
use crate::base::classes::Catalogue;
use crate::base::party::Chart;
use crate::kit::i18n::Lang;
use crate::kit::{App, RoleKind, Who};

/// The name of a case's class in the reader's language.
pub(super) fn class_name(app: &App, classes: &Catalogue, class: Option<&str>, lang: Lang) -> String {
    class.map_or_else(|| app.texts.plain(lang, "class-none"), |c| classes.label(c, lang).to_owned())
}

/// How a reader stands to a case, for what he may see.
/// `called`: the reader's organisation has a part of it.
pub fn relation(case: &Case, who: &Who, holds_code: bool, chart: &Chart, called: bool) -> Relation {
    let in_body = |b: &Option<String>| b.as_deref().is_some_and(|b| who.in_body(b));
    let over = complaint::over(chart, who, case);
    let walks_there = |kind: RoleKind| who.roles.iter().any(|r| r.kind == kind && case.path.starts_with(&r.path));
    if holds_code || (case.reporter.is_some() && case.reporter == who.person) {
        Relation::Owner
    } else if called
        || in_body(&case.holder)
        || in_body(&case.handler)
        || case.about.is_none() && walks_there(RoleKind::GridWorker)
    {
        Relation::Involved
    } else if complaint::desk(chart, case)
        .is_ok_and(|d| who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_ref() == Some(&d.id)))
        && over.is_some()
    {
        Relation::Desk
    } else if over.is_some() {
        Relation::Above
    } else {
        Relation::Public
    }
}

/// Whether the reader's organisation has a part of the case that is not settled.
pub fn called(tasks: &[Task], who: &Who) -> bool {
    tasks.iter().any(|t| t.state.is_open() && who.in_body(&t.body))
}

/// What stands over a case besides its state.
fn overlays(case: &Case, now: i64) -> Vec<&'static str> {
    let rests = case.overlay.is_some_and(Overlay::rests);
    let late = !rests && (case.overdue_at.is_some() || case.due_at.is_some_and(|d| d <= now));
    let marks =
        [("overdue", late), ("returned", case.returns > 0), ("reopened", case.reopens > 0), ("extended", case.extended > 0)];
    let over = case.overlay.map(|o| (o.as_str(), true));
    marks.into_iter().chain(over).filter(|(_, on)| *on).map(|(name, _)| name).collect()
}
