//! What a reader gets to see of a case: everything personal goes through a decision for this reader.
//!
//! What must stay true: one struct serves page and JSON; staff are named by their organisation, never by person; a value
//! shown in clear to anybody but its owner is in the read log before the view leaves ([`Look::record`]).

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Written, params};

use super::alike::Asked;
use super::rules::{self, Action, Overlay, State};
use super::task::{self, Task};
use super::{Case, Rulebook, ledger, place_text, stand};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::classes::{Catalogue, Class, HANDED, Major, Visibility};
use crate::base::party::{Body, Chart};
use crate::base::routing::{self, Suggested};
use crate::base::{area, asset, media, party, roster};
use crate::kit::i18n::Lang;
use crate::kit::time::{DAY, MINUTE};
use crate::kit::{App, Req, Result, RoleKind, Who};

/// A case in full.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the contract's GET /reports/{number}")]
pub struct Matter {
    pub number: String,
    pub state: &'static str,
    /// `overdue`, `returned`, `reopened`, `extended`, `adjudicating`, `suspended`, `hung_up`.
    pub overlays: Vec<&'static str>,
    /// Why it was closed.
    pub outcome: Option<&'static str>,
    /// People who said that it concerns them too.
    pub followers: i64,
    /// Who had it how long.
    pub held: Vec<Held>,
    /// Parts that others do.
    pub tasks: Vec<TaskView>,
    /// What the handler asks for, and until when.
    pub ask: Option<AskView>,
    /// Whether what was asked for was reasonable; for staff.
    pub review: Option<&'static str>,
    pub class: Option<String>,
    /// Its name, or that it has none yet.
    pub class_name: String,
    pub urgent: bool,
    pub text: Option<String>,
    pub place: String,
    /// Code of the community.
    pub area: String,
    pub address: Option<String>,
    /// The asset it is about, for staff.
    pub component: Option<AssetView>,
    pub contact: Option<Contact>,
    /// What its class asks besides, with the answers.
    pub answers: Vec<super::question::Answered>,
    pub channel: String,
    pub received_at: String,
    pub holder: Option<Holder>,
    pub due_at: Option<String>,
    /// The calendar does not reach that far yet: a new one may move it later.
    pub provisional: bool,
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
    /// Words that a clerk may use for these actions.
    pub replies: Vec<super::reply::Offer>,
    /// To whom it can be dispatched, when it can.
    pub parties: Vec<PartyView>,
    /// Who should have it, and why, when it can be dispatched.
    pub suggested: Option<SuggestedView>,
    /// Who can be called to help, when this reader may call.
    pub helpers: Vec<PartyView>,
    /// People of the holder, when one of them can be named.
    pub people: Vec<PersonView>,
    /// Who of them does it.
    pub assignee: Option<String>,
    /// Open cases that may be the same, when the reader may merge it.
    pub alike: Vec<super::alike::Similar>,
    /// The same thing before and after.
    pub again: super::link::web::Again,
    /// How such disputes were ruled before, when this one is in dispute.
    pub precedents: Vec<Precedent>,
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
    /// For staff only.
    pub private: bool,
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

/// A party that is suggested.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SuggestedView {
    pub id: String,
    pub name: String,
    /// Version of the routing table and number of its rule; absent when the class itself says so.
    pub rule: Option<(i64, i64)>,
    /// It owns the asset.
    pub owner: bool,
}

/// An asset that a case is about.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AssetView {
    pub code: String,
    pub name: String,
}

/// How long somebody held it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Held {
    pub party: String,
    /// Minutes in all.
    pub minutes: i64,
    /// How many times it came to them.
    pub times: usize,
    /// Has it now.
    pub now: bool,
}

/// A part of the case that another party does.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TaskView {
    pub id: String,
    pub kind: &'static str,
    pub party: String,
    pub caller: String,
    pub state: &'static str,
    pub due_at: Option<String>,
    pub late: bool,
    pub score: Option<i64>,
    /// What this reader may do with it.
    pub actions: Vec<&'static str>,
}

/// What the handler asks for.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AskView {
    pub kind: &'static str,
    pub until: Option<String>,
}

/// A colleague.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PersonView {
    pub id: String,
    pub name: String,
    /// Open cases that lie with this person.
    pub load: i64,
    /// Is on duty now.
    pub on_duty: bool,
}

/// How a dispute was ruled before.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Precedent {
    pub number: String,
    pub party: String,
    pub body: String,
    pub at: String,
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
    pub overlay: Option<&'static str>,
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

/// Every class, by majors: what a clerk sorts by. A class of work that is handed down only where the case has it already.
fn groups(classes: &Catalogue, class: Option<&str>, lang: Lang) -> Vec<Group> {
    let handed = class.is_some_and(|c| classes.is_handed(c));
    let choice = |c: &Class| Choice { code: c.code.clone(), name: c.name(lang).to_owned() };
    let group = |m: &Major| Group { name: m.name.get(lang).to_owned(), classes: classes.of(&m.code).map(choice).collect() };
    classes.majors.iter().filter(|m| handed || m.code != HANDED).map(group).collect()
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
/// `called`: the reader's organisation has a part of it.
pub fn relation(case: &Case, who: &Who, holds_code: bool, local_desk: &str, called: bool) -> Relation {
    let in_body = |b: &Option<String>| b.as_deref().is_some_and(|b| who.in_body(b));
    let walks_there = |kind: RoleKind| who.roles.iter().any(|r| r.kind == kind && case.path.starts_with(&r.path));
    if holds_code || (case.reporter.is_some() && case.reporter == who.person) {
        Relation::Owner
    } else if called || in_body(&case.holder) || in_body(&case.handler) || walks_there(RoleKind::GridWorker) {
        Relation::Involved
    } else if who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(local_desk)) {
        Relation::Desk
    } else if who.desk_over(&case.path).is_some() {
        Relation::Above
    } else {
        Relation::Public
    }
}

/// Whether the reader's organisation has a part of the case that is not settled.
pub fn called(tasks: &[Task], who: &Who) -> bool {
    tasks.iter().any(|t| t.state.is_open() && who.in_body(&t.body))
}

/// The case in full, for whoever asks.
pub fn matter(req: &Req, q: &mut dyn Query, case: &Case, code: Option<&str>, look: &mut Look) -> Result<Matter> {
    let (app, who, now) = (req.app, &req.who, req.now);
    let book = Rulebook::read(q, app)?;
    let chart = &book.chart;
    let tasks = task::of(q, &case.id)?;
    let relation = relation(case, who, code.is_some(), &chart.desk_of(&case.path)?.id, called(&tasks, who));
    let history = q.history(&case.id)?;
    // A private matter is counted and has a clock in public; what it is about is nobody else's business.
    let hidden = relation == Relation::Public && book.class(case).visibility == Visibility::Private;
    let mut show = |w: &Written, element: &'static str| {
        w.element(element).filter(|_| !hidden).and_then(|v| look.at(&Graded::new(element, &case.owner, v.to_owned()), relation))
    };
    let said = history.first().filter(|w| w.index == case.log_seq);
    let text = said.and_then(|w| show(w, "case.text"));
    let address = said.and_then(|w| show(w, "case.address"));
    let contact = said.map(|w| Contact { name: show(w, "case.contact_name"), phone: show(w, "case.contact_phone") });
    let (mut seen_media, mut events) = (Vec::new(), Vec::new());
    for w in &history {
        if let Some(list) = show(w, "case.media") {
            seen_media.extend(list.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
        // A note for staff is not even there for others.
        if w.element("case.memo").is_some() && show(w, "case.memo").is_none()
            || !who.is_staff() && STAFF_ONLY.contains(&w.act.as_str())
        {
            continue;
        }
        let reporter = w.leaf.get("x_reporter").is_some() || w.index == case.log_seq;
        let by = match (w.field("party").filter(|_| !reporter), reporter) {
            (Some(body), _) => chart.name(body),
            (None, true) => app.texts.plain(req.lang, "by-reporter"),
            (None, false) => app.texts.plain(req.lang, if w.field("actor").is_some() { "by-staff" } else { "by-system" }),
        };
        // A task's party stands where the holder stands in other steps.
        let holder = w.fact("body").or(w.fact("holder")).map(|h| chart.name(h));
        let number = |name: &str| w.leaf.get(name).and_then(serde_json::Value::as_i64);
        events.push(Event {
            at: app.time(w.at),
            kind: w.act.strip_prefix("case.").unwrap_or(&w.act).to_owned(),
            by,
            text: show(w, "case.note").or_else(|| show(w, "case.memo")),
            private: w.element("case.memo").is_some(),
            holder,
            due: number("x_task_due").or(number("x_until")).or(number("x_due")).map(|d| app.time(d)),
            score: number("x_score").or(number("x_task_score")),
        });
    }
    let media = media::of(q, &case.id)?
        .into_iter()
        .filter(|m| seen_media.contains(&m.id))
        .map(|m| MediaView { id: m.id, kind: m.kind, phase: m.phase })
        .collect();
    let answers = said.filter(|_| !hidden).and_then(|w| w.element("case.answers"));
    let answers = answers.map(|a| super::question::shown(case, book.class(case), a, relation, look, req.lang));
    let holder = case.holder.as_deref().and_then(|id| chart.body(id)).zip(case.holder_since);
    let holder = holder.map(|(b, since)| Holder { party: b.name.clone(), since: app.time(since), phone: b.phone.clone() });
    let main = super::main_of(q, case)?;
    let facts = stand(case, main.as_ref(), &book, who, code.is_some(), now)?;
    let actions = rules::actions(&facts);
    let sorts = actions.iter().any(|a| matches!(a, Action::Accept | Action::Dispatch | Action::Rule));
    let sends = actions.iter().any(|a| matches!(a, Action::Dispatch | Action::Rule));
    let suggested = if sends { book.suggest(q, case, now)? } else { None };
    let asset = match &case.asset {
        Some(id) if who.is_staff() => asset::by_id(q, id)?.map(|a| AssetView { code: a.code, name: a.name }),
        _ => None,
    };
    let may_call = case.state.is_open() && (who.desk_over(&case.path).is_some() || facts.handler);
    let precedents =
        if facts.overlay == Some(Overlay::Adjudicating) && facts.desk { precedents(app, q, chart, case)? } else { Vec::new() };
    let people = if actions.contains(&Action::Assign) { people(q, case, look, now)? } else { Vec::new() };
    let holds = ledger::of(q, case)?;
    let alike = if actions.contains(&Action::Merge) {
        let at = super::place::of(case);
        let words = text.as_deref().unwrap_or_default();
        let asked = Asked { text: words, class: case.class.as_deref(), place: at, path: &case.path, at: case.received_at };
        super::alike::similar(req, q, &book, &asked, &case.id, look)?
    } else {
        Vec::new()
    };
    let community = area::community_of(q, &case.area)?;
    let place = place_text(q, case)?;
    let settled = case.closed_at.filter(|_| matches!(case.state, State::Closed | State::Rejected));
    Ok(Matter {
        number: case.number.clone(),
        state: case.state.as_str(),
        overlays: overlays(case, now),
        outcome: case.outcome.map(|o| o.as_str()),
        followers: case.followers,
        held: held(&holds, chart, now),
        tasks: tasks.iter().map(|t| task_view(app, chart, t, who, now)).collect(),
        ask: case.ask.map(|a| AskView { kind: a.as_str(), until: case.ask_until.map(|u| app.time(u)) }),
        review: case.review.filter(|_| who.is_staff()).map(|r| r.as_str()),
        class: case.class.clone(),
        class_name: class_name(app, &book.classes, case.class.as_deref(), req.lang),
        urgent: book.class(case).urgent,
        text,
        component: asset,
        address: address.filter(|a| !place.ends_with(a.as_str())),
        place,
        area: community.map(|a| a.code).unwrap_or_default(),
        contact: contact.filter(|c| c.name.is_some() || c.phone.is_some()),
        answers: answers.unwrap_or_default(),
        channel: case.channel.clone(),
        received_at: app.time(case.received_at),
        holder,
        due_at: case.due_at.map(|d| app.time(d)),
        provisional: case.provisional,
        step: case.state.step(),
        events,
        media,
        rating: case.score.map(|score| Rating { score }),
        merged_into: case.merged_into.clone(),
        closed_at: case.closed_at.map(|t| app.time(t)),
        reopen_until: settled.map(|t| t + book.classes.reopen_window / DAY * DAY).filter(|t| *t > now).map(|t| app.time(t)),
        replies: if who.is_staff() { super::reply::offers(q, &book, case, &actions, req.lang)? } else { Vec::new() },
        actions: actions.iter().map(|a| a.as_str()).collect(),
        parties: if sends { parties(chart, case, suggested.as_ref()) } else { Vec::new() },
        suggested: suggested.map(|s| SuggestedView {
            name: chart.name(&s.body),
            owner: s.rule.as_deref() == Some(routing::OWNER),
            rule: s.rule.as_deref().and_then(routing::parse_rule),
            id: s.body,
        }),
        helpers: if may_call { parties(chart, case, None) } else { Vec::new() },
        assignee: case.assignee.as_ref().and_then(|a| people.iter().find(|p| p.id == *a)).map(|p| p.name.clone()),
        people,
        alike,
        again: super::link::web::again(req, q, &book, case, hidden, look)?,
        precedents,
        classes: if sorts { groups(&book.classes, case.class.as_deref(), req.lang) } else { Vec::new() },
        mine: facts.reporter,
        code: code.map(str::to_owned),
    })
}

/// Steps that only concern those who work on it.
const STAFF_ONLY: [&str; 9] = [
    "case.promise",
    "case.recount",
    "case.warn",
    "case.assign",
    "case.reassign",
    "case.review",
    "case.ask",
    "case.refuse",
    "case.follow",
];

fn overlays(case: &Case, now: i64) -> Vec<&'static str> {
    let rests = case.overlay.is_some_and(Overlay::rests);
    let late = !rests && (case.overdue_at.is_some() || case.due_at.is_some_and(|d| d <= now));
    let marks =
        [("overdue", late), ("returned", case.returns > 0), ("reopened", case.reopens > 0), ("extended", case.extended > 0)];
    let over = case.overlay.map(|o| (o.as_str(), true));
    marks.into_iter().chain(over).filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

fn held(holds: &[ledger::Hold], chart: &Chart, now: i64) -> Vec<Held> {
    let has = holds.last().filter(|h| h.to.is_none()).map(|h| &h.holder);
    let all = ledger::charged(holds, now);
    let view = |(id, time, times): &(String, i64, usize)| Held {
        party: chart.name(id),
        minutes: time / MINUTE,
        times: *times,
        now: has == Some(id),
    };
    all.iter().map(view).collect()
}

fn task_view(app: &App, chart: &Chart, t: &Task, who: &Who, now: i64) -> TaskView {
    TaskView {
        id: t.id.clone(),
        kind: t.kind.as_str(),
        party: chart.name(&t.body),
        caller: chart.name(&t.caller),
        state: t.state.as_str(),
        due_at: t.due_at.map(|d| app.time(d)),
        late: t.overdue_at.is_some() || t.due_at.is_some_and(|d| d <= now),
        score: t.score,
        actions: task::actions(t, who).iter().map(|a| a.as_str()).collect(),
    }
}

/// People of the holder who are not away, with what lies with each: first who is on duty, then the least busy.
fn people(q: &mut dyn Query, case: &Case, look: &mut Look, now: i64) -> Result<Vec<PersonView>> {
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
fn precedents(app: &App, q: &mut dyn Query, chart: &Chart, case: &Case) -> Result<Vec<Precedent>> {
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
fn parties(chart: &Chart, case: &Case, suggested: Option<&Suggested>) -> Vec<PartyView> {
    let view = |b: &Body| PartyView { id: b.id.clone(), name: b.name.clone(), kind: b.kind.to_string() };
    let mut all: Vec<PartyView> = chart.serving(&case.path).filter(|b| b.kind.is_handler()).map(view).collect();
    let far = suggested.and_then(|s| chart.living(&s.body)).filter(|b| all.iter().all(|p| p.id != b.id));
    all.extend(far.map(view));
    all
}

/// Cases for a list: the words of all of them in one query.
pub fn items(req: &Req, q: &mut dyn Query, cases: &[Case], look: &mut Look) -> Result<Vec<Item>> {
    let (app, who) = (req.app, &req.who);
    let said: Vec<u64> = cases.iter().map(|c| c.log_seq).collect();
    let said: HashMap<u64, Written> = q.entries_at(&said)?.into_iter().map(|w| (w.index, w)).collect();
    let book = Rulebook::read(q, app)?;
    let mine = task::cases_for(q, who)?;
    let now = app.now();
    cases
        .iter()
        .map(|case| {
            let relation = relation(case, who, false, &book.chart.desk_of(&case.path)?.id, mine.contains(&case.id));
            let private = book.class(case).visibility == Visibility::Private;
            let words = said.get(&case.log_seq).filter(|w| w.obj == case.id).and_then(|w| w.element("case.text"));
            Ok(Item {
                number: case.number.clone(),
                state: case.state.as_str(),
                class: case.class.clone(),
                class_name: class_name(app, &book.classes, case.class.as_deref(), req.lang),
                urgent: book.class(case).urgent,
                text: words
                    .filter(|_| !(relation == Relation::Public && private))
                    .and_then(|v| look.at(&Graded::new("case.text", &case.owner, v.to_owned()), relation)),
                place: place_text(q, case)?,
                received_at: app.time(case.received_at),
                holder: case.holder.as_deref().map(|id| book.chart.name(id)),
                due_at: case.due_at.map(|d| app.time(d)),
                overlay: case.overlay.map(|o| o.as_str()),
                overdue: overlays(case, now).contains(&"overdue"),
                step: case.state.step(),
            })
        })
        .collect()
}
