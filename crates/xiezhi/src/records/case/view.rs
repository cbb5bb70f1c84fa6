//! What a reader gets to see of a case: everything personal goes through a decision for this reader.
//!
//! What must stay true: one struct serves page and JSON; staff are named by their organisation, never by person; a value
//! shown in clear to anybody but its owner is in the read log before the view leaves ([`Look::record`]).

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Written};

use super::rules::{self, Action, State};
use super::{Case, Rulebook, place_text, stand};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::classes::{Catalogue, Class, Major};
use crate::base::{area, classes, media, party};
use crate::kit::i18n::Lang;
use crate::kit::time::DAY;
use crate::kit::{App, Req, Result, RoleKind, Who};

/// A case in full.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the contract's GET /reports/{number}")]
pub struct Matter {
    pub number: String,
    pub state: &'static str,
    /// `overdue`, `returned`, `reopened`, `extended`.
    pub overlays: Vec<&'static str>,
    pub class: Option<String>,
    /// Its name, or that it has none yet.
    pub class_name: String,
    pub urgent: bool,
    pub text: Option<String>,
    pub place: String,
    /// Code of the community.
    pub area: String,
    pub address: Option<String>,
    pub contact: Option<Contact>,
    pub channel: String,
    pub received_at: String,
    pub holder: Option<Holder>,
    pub due_at: Option<String>,
    /// Place on the stepper, 0 to 4.
    pub step: usize,
    pub events: Vec<Event>,
    pub media: Vec<MediaView>,
    pub rating: Option<Rating>,
    pub merged_into: Option<String>,
    pub closed_at: Option<String>,
    pub reopen_until: Option<String>,
    /// What this reader may do now, the most sensible first.
    pub actions: Vec<&'static str>,
    /// To whom it can be dispatched, when it can.
    pub parties: Vec<PartyView>,
    /// Classes to choose from, when the reader may classify it.
    pub classes: Vec<Group>,
    /// The reader reported it.
    pub mine: bool,
    /// The tracking code, as the reader gave it.
    pub code: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Contact {
    pub name: Option<String>,
    pub phone: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Holder {
    pub party: String,
    pub since: String,
    pub phone: Option<String>,
}

/// One thing that happened.
#[derive(Serialize, JsonSchema)]
pub struct Event {
    /// When.
    pub at: String,
    /// What: the action's name.
    pub kind: String,
    /// Who: an organisation, the reporter, or the program.
    pub by: String,
    /// Words, as this reader may see them.
    pub text: Option<String>,
    /// Who holds it since.
    pub holder: Option<String>,
    /// Until when, as promised then.
    pub due: Option<String>,
    /// Score of a rating.
    pub score: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MediaView {
    pub id: String,
    /// `photo` or `voice`.
    pub kind: String,
    /// Step in which it was added.
    pub phase: String,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rating {
    pub score: i64,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PartyView {
    pub id: String,
    pub name: String,
    pub kind: String,
}

/// A case in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub state: &'static str,
    pub class: Option<String>,
    /// Its name, or that it has none yet.
    pub class_name: String,
    pub urgent: bool,
    pub text: Option<String>,
    pub place: String,
    pub received_at: String,
    pub holder: Option<String>,
    pub due_at: Option<String>,
    pub overdue: bool,
    pub step: usize,
}

/// A class to choose.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Choice {
    /// Code.
    pub code: String,
    /// Name in the reader's language.
    pub name: String,
}

/// Classes of one major.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// Name of the major.
    pub name: String,
    /// Its classes.
    pub classes: Vec<Choice>,
}

/// Every class, by majors: what a clerk sorts by.
fn groups(classes: &Catalogue, lang: Lang) -> Vec<Group> {
    let choice = |c: &Class| Choice { code: c.code.clone(), name: c.name(lang).to_owned() };
    let group = |m: &Major| Group { name: m.name.get(lang).to_owned(), classes: classes.of(&m.code).map(choice).collect() };
    classes.majors.iter().map(group).collect()
}

/// The plain choices, and the one that is chosen already when it is none of them.
pub fn choices(classes: &Catalogue, chosen: &str, lang: Lang) -> Vec<Choice> {
    let other = classes.get(chosen).filter(|c| c.plain.is_none()).map(|c| &c.code);
    let all = other.into_iter().chain(&classes.order);
    all.map(|c| Choice { code: c.clone(), name: classes.label(c, lang).to_owned() }).collect()
}

/// The name of a case's class in the reader's language.
fn class_name(app: &App, classes: &Catalogue, class: Option<&str>, lang: Lang) -> String {
    class.map_or_else(|| app.texts.plain(lang, "class-none"), |c| classes.label(c, lang).to_owned())
}

/// How a reader stands to a case, for what he may see.
pub fn relation(case: &Case, who: &Who, holds_code: bool, local_desk: &str) -> Relation {
    let in_body = |b: &Option<String>| b.as_deref().is_some_and(|b| who.in_body(b));
    let walks_there = |kind: RoleKind| who.roles.iter().any(|r| r.kind == kind && case.path.starts_with(&r.path));
    if holds_code || (case.reporter.is_some() && case.reporter == who.person) {
        Relation::Owner
    } else if in_body(&case.holder) || in_body(&case.handler) || walks_there(RoleKind::GridWorker) {
        Relation::Involved
    } else if who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(local_desk)) {
        Relation::Desk
    } else if who.desk_over(&case.path).is_some() {
        Relation::Above
    } else {
        Relation::Public
    }
}

/// Looks up names of organisations once each.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn of(&mut self, q: &mut dyn Query, id: &str) -> store::Result<String> {
        if let Some(name) = self.0.get(id) {
            return Ok(name.clone());
        }
        let name = party::body_by_id(q, id)?.map(|b| b.name).unwrap_or_default();
        self.0.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}

/// The case in full, for whoever asks.
pub fn matter(req: &Req, q: &mut dyn Query, case: &Case, code: Option<&str>, look: &mut Look) -> Result<Matter> {
    let (app, who, now) = (req.app, &req.who, req.now);
    let desk = party::desk_of(q, &case.area)?;
    let relation = relation(case, who, code.is_some(), &desk.id);
    let mut names = Names::default();
    let history = q.history(&case.id)?;
    let mut show = |w: &Written, element: &'static str| {
        w.element(element).and_then(|v| look.at(&Graded::new(element, &case.owner, v.to_owned()), relation))
    };
    let said = history.first().filter(|w| w.index == case.log_seq);
    let text = said.and_then(|w| show(w, "case.text"));
    let address = said.and_then(|w| show(w, "case.address"));
    let contact = said.map(|w| Contact { name: show(w, "case.contact_name"), phone: show(w, "case.contact_phone") });
    let mut seen_media = Vec::new();
    let mut events = Vec::new();
    for w in &history {
        if let Some(list) = show(w, "case.media") {
            seen_media.extend(list.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
        let reporter = w.leaf.get("x_reporter").is_some() || w.index == case.log_seq;
        let by = match (w.field("party").filter(|_| !reporter), reporter) {
            (Some(body), _) => names.of(q, body)?,
            (None, true) => app.texts.plain(req.lang, "by-reporter"),
            (None, false) => app.texts.plain(req.lang, if w.field("actor").is_some() { "by-staff" } else { "by-system" }),
        };
        let holder = match w.fact("holder") {
            Some(h) => Some(names.of(q, h)?),
            None => None,
        };
        let number = |name: &str| w.leaf.get(name).and_then(serde_json::Value::as_i64);
        events.push(Event {
            at: app.time(w.at),
            kind: w.act.strip_prefix("case.").unwrap_or(&w.act).to_owned(),
            by,
            text: show(w, "case.note"),
            holder,
            due: number("x_due").map(|d| app.time(d)),
            score: number("x_score"),
        });
    }
    let media = media::of(q, &case.id)?
        .into_iter()
        .filter(|m| seen_media.contains(&m.id))
        .map(|m| MediaView { id: m.id, kind: m.kind, phase: m.phase })
        .collect();
    let holder = match (&case.holder, case.holder_since) {
        (Some(id), Some(since)) => {
            party::body_by_id(q, id)?.map(|b| Holder { party: b.name, since: app.time(since), phone: b.phone })
        }
        _ => None,
    };
    let handler_is_desk = match &case.handler {
        Some(id) => party::body_by_id(q, id)?.is_some_and(|b| b.kind.is_desk()),
        None => false,
    };
    let book = Rulebook::read(q, app)?;
    let facts = stand(&book, case, who, code.is_some(), handler_is_desk, now);
    let actions = rules::actions(&facts);
    let sorts = actions.iter().any(|a| matches!(a, Action::Accept | Action::Dispatch));
    let parties = if actions.contains(&Action::Dispatch) { parties(q, case)? } else { Vec::new() };
    let community = area::community_of(q, &case.area)?;
    let place = place_text(q, case)?;
    let settled = case.closed_at.filter(|_| matches!(case.state, State::Closed | State::Rejected));
    Ok(Matter {
        number: case.number.clone(),
        state: case.state.as_str(),
        overlays: overlays(case, now),
        class: case.class.clone(),
        class_name: class_name(app, &book.classes, case.class.as_deref(), req.lang),
        urgent: book.classes.or_other(case.class.as_deref()).urgent,
        text,
        address: address.filter(|a| !place.ends_with(a.as_str())),
        place,
        area: community.map(|a| a.code).unwrap_or_default(),
        contact: contact.filter(|c| c.name.is_some() || c.phone.is_some()),
        channel: case.channel.clone(),
        received_at: app.time(case.received_at),
        holder,
        due_at: case.due_at.map(|d| app.time(d)),
        step: case.state.step(),
        events,
        media,
        rating: case.score.map(|score| Rating { score }),
        merged_into: case.merged_into.clone(),
        closed_at: case.closed_at.map(|t| app.time(t)),
        reopen_until: settled.map(|t| t + book.classes.reopen_window / DAY * DAY).filter(|t| *t > now).map(|t| app.time(t)),
        actions: actions.iter().map(|a| a.as_str()).collect(),
        parties,
        classes: if sorts { groups(&book.classes, req.lang) } else { Vec::new() },
        mine: facts.reporter,
        code: code.map(str::to_owned),
    })
}

fn overlays(case: &Case, now: i64) -> Vec<&'static str> {
    let late = case.overdue_at.is_some() || case.due_at.is_some_and(|d| d <= now);
    let marks =
        [("overdue", late), ("returned", case.returns > 0), ("reopened", case.reopens > 0), ("extended", case.extended > 0)];
    marks.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

/// Who can be asked to handle a case, nearest first.
fn parties(q: &mut dyn Query, case: &Case) -> store::Result<Vec<PartyView>> {
    let all = party::bodies_for(q, &case.area)?;
    Ok(all
        .into_iter()
        .filter(|b| b.kind.is_handler())
        .map(|b| PartyView { id: b.id, name: b.name, kind: b.kind.to_string() })
        .collect())
}

/// Cases for a list: the words of all of them in one query.
pub fn items(req: &Req, q: &mut dyn Query, cases: &[Case], look: &mut Look) -> Result<Vec<Item>> {
    let (app, who) = (req.app, &req.who);
    let classes = classes::read_now(q, app)?;
    let said: Vec<u64> = cases.iter().map(|c| c.log_seq).collect();
    let said: HashMap<u64, Written> = q.entries_at(&said)?.into_iter().map(|w| (w.index, w)).collect();
    let mut names = Names::default();
    let mut desks: HashMap<String, String> = HashMap::new();
    let now = app.now();
    cases
        .iter()
        .map(|case| {
            if !desks.contains_key(&case.area) {
                desks.insert(case.area.clone(), party::desk_of(q, &case.area)?.id);
            }
            let relation = relation(case, who, false, &desks[&case.area]);
            let words = said.get(&case.log_seq).filter(|w| w.obj == case.id).and_then(|w| w.element("case.text"));
            Ok(Item {
                number: case.number.clone(),
                state: case.state.as_str(),
                class: case.class.clone(),
                class_name: class_name(app, &classes, case.class.as_deref(), req.lang),
                urgent: classes.or_other(case.class.as_deref()).urgent,
                text: words.and_then(|v| look.at(&Graded::new("case.text", &case.owner, v.to_owned()), relation)),
                place: place_text(q, case)?,
                received_at: app.time(case.received_at),
                holder: match &case.holder {
                    Some(id) => Some(names.of(q, id)?),
                    None => None,
                },
                due_at: case.due_at.map(|d| app.time(d)),
                overdue: case.overdue_at.is_some() || case.due_at.is_some_and(|d| d <= now),
                step: case.state.step(),
            })
        })
        .collect()
}
