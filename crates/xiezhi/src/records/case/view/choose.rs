//! What a clerk chooses from: classes, parties, colleagues, and how such disputes were ruled before.
//!
//! What must stay true: only who exists and may hold a case is offered, and nobody who is away; work that is handed down is
//! a choice only where it is one already.

use store::{Query, params};

use super::{Group, PartyView, PersonView, Precedent};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::{Catalogue, HANDED, Major};
use crate::base::party::{self, Body, Chart};
use crate::base::roster;
use crate::base::routing::Suggested;
use crate::kit::i18n::Lang;
use crate::kit::{App, Result};
use crate::records::case::Case;

/// Every class, by majors: what a clerk sorts by. A class of work that is handed down only where the case has it already.
pub(super) fn groups(classes: &Catalogue, class: Option<&str>, lang: Lang) -> Vec<Group> {
    let handed = class.is_some_and(|c| classes.is_handed(c));
    let of = |m: &Major| classes.of(&m.code).map(|c| classes.choice(&c.code, lang)).collect();
    let group = |m: &Major| Group { name: m.name.get(lang).to_owned(), classes: of(m) };
    classes.majors.iter().filter(|m| handed || m.code != HANDED).map(group).collect()
}

/// People of the holder who are not away, with what lies with each: first who is on duty, then the least busy.
pub(super) fn people(q: &mut dyn Query, case: &Case, look: &mut Look, now: i64) -> Result<Vec<PersonView>> {
    let body = case.holder.as_deref().unwrap_or_default();
    let (away, duty) = (roster::away(q, body, now)?, roster::on_duty(q, body, now)?);
    let mut out = Vec::new();
    for id in party::members(q, body, now)?.into_iter().filter(|id| !away.contains_key(id)) {
        let load = q.count("select count(*) from cases where assignee = $1 and due_at is not null", params![&id])?;
        let name = party::name_of(q, &id)?.and_then(|n| look.at(&n, Relation::Involved)).unwrap_or_default();
        out.push(PersonView { on_duty: duty.contains(&id), id, name, load });
    }
    out.sort_by(|a, b| (!a.on_duty, a.load, &a.name).cmp(&(!b.on_duty, b.load, &b.name)));
    Ok(out)
}

/// Rulings about the same class here or further up, the newest first.
pub(super) fn precedents(app: &App, q: &mut dyn Query, chart: &Chart, case: &Case) -> Result<Vec<Precedent>> {
    let class = case.class.as_deref().unwrap_or("other");
    let rows =
        q.rows("select path, body, number, at from precedent where class = $1 order by at desc limit 50", params![class])?;
    let mut out = Vec::new();
    for row in rows {
        let (path, body): (String, String) = (row.get("path")?, row.get("body")?);
        let common = path.chars().zip(case.path.chars()).take_while(|(a, b)| a == b).count();
        // Of the same sub-district at least: the first half of a path says nothing yet.
        if common * 2 > case.path.len() && out.len() < 5 {
            out.push(Precedent { number: row.get("number")?, party: chart.name(&body), body, at: app.time(row.get("at")?) });
        }
    }
    Ok(out)
}

/// Who can be asked to handle a case, nearest first; a rule may name somebody from elsewhere.
pub(super) fn parties(chart: &Chart, case: &Case, suggested: Option<&Suggested>) -> Vec<PartyView> {
    let view = |b: &Body| PartyView { id: b.id.clone(), name: b.name.clone(), kind: b.kind.to_string() };
    let mut all: Vec<PartyView> = chart.serving(&case.path).filter(|b| b.kind.is_handler()).map(view).collect();
    let far = suggested.and_then(|s| chart.living(&s.body)).filter(|b| all.iter().all(|p| p.id != b.id));
    all.extend(far.map(view));
    all
}
