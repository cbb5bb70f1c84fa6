//! The case in full, for whoever asks.
//!
//! What must stay true: what a reader may do and what he may choose from are worked out here from the same facts that the
//! actions themselves rest on, so no page offers what would be refused.

use store::{Query, Written};

use super::offer;
use super::{
    AskView, AssetView, Contact, EvidenceView, Holder, Matter, MediaView, MoreView, Rating, SuggestedView, TaskView, again,
    called, choose, class_name, overlays, relation, similar, story,
};
use crate::base::area::names::Names;
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::{Class, Evidence, Visibility};
use crate::base::party::Chart;
use crate::base::{area, asset, media, routing};
use crate::kit::i18n::Lang;
use crate::kit::time::DAY;
use crate::kit::{App, Req, Result, Who};
use crate::records::case::life::task::{self, Task};
use crate::records::case::life::{self, ledger, reply};
use crate::records::case::report::alike::Asked;
use crate::records::case::report::{proxy, question};
use crate::records::case::rules::{self, Action, Overlay, State};
use crate::records::case::{Case, Rulebook, complaint, main_of, place, place_text, stand, wait};

/// The case in full, for whoever asks.
pub fn matter(req: &Req, q: &mut dyn Query, case: &Case, code: Option<&str>, look: &mut Look) -> Result<Matter> {
    let (app, who, now) = (req.app, &req.who, req.now);
    let book = Rulebook::read(q, app)?;
    let chart = &book.chart;
    let tasks = task::of(q, &case.id)?;
    let relation = relation(case, who, code.is_some(), chart, called(&tasks, who));
    let history = q.history(&case.id)?;
    // A private matter is counted and has a clock in public; what it is about is nobody else's business.
    let hidden = relation == Relation::Public && book.class(case).visibility == Visibility::Private;
    let mut show = |w: &Written, element: &'static str| {
        // Whoever handed a case back still reads the reason that his own organisation gave.
        let own = element == "case.note" && who.is_staff() && w.field("party").is_some_and(|body| who.in_body(body));
        let relation = if own && relation == Relation::Public { Relation::Involved } else { relation };
        w.element(element).filter(|_| !hidden).and_then(|v| look.at(&case.graded(element, v.to_owned()), relation))
    };
    let asked = |t: &Task| history.iter().find(|w| w.act == "case.task" && w.fact("task") == Some(t.id.as_str()));
    let parts: Vec<TaskView> = tasks
        .iter()
        .map(|t| TaskView { text: asked(t).and_then(|w| show(w, "case.note")), ..task_view(app, chart, t, who, now) })
        .collect();
    let said = history.first().filter(|w| w.index == case.log_seq);
    let text = said.and_then(|w| show(w, "case.text"));
    let address = said.and_then(|w| show(w, "case.address"));
    let contact = said.map(|w| Contact { name: show(w, "case.contact_name"), phone: show(w, "case.contact_phone") });
    let (events, seen_media) = story::events(req, chart, case, &history, &mut show);
    let answers = said.filter(|_| !hidden).and_then(|w| w.element("case.answers"));
    let answers = answers.map(|a| question::shown(case, book.class(case), a, relation, look, req.lang));
    let media = media::of(q, &case.id)?
        .into_iter()
        .filter(|m| {
            let mut free = || look.at(&case.graded("case.picture", m.id.clone()), relation);
            seen_media.contains(&m.id) || m.released && !hidden && free().is_some()
        })
        .map(|m| MediaView { may_cover: m.kind == "photo" && complaint::over(chart, who, case).is_some(), ..MediaView::from(m) })
        .collect();
    let holder = case.holder.as_deref().and_then(|id| chart.body(id)).zip(case.holder_since);
    let holder = holder.map(|(b, since)| Holder { party: b.name.clone(), since: app.time(since), phone: b.phone.clone() });
    let main = main_of(q, case)?;
    let facts = stand(case, main.as_ref(), &book, who, code.is_some(), now)?;
    let actions = rules::actions(&facts);
    let sorts = actions.iter().any(|a| matches!(a, Action::Accept | Action::Dispatch | Action::Rule));
    let sends = actions.iter().any(|a| matches!(a, Action::Dispatch | Action::Rule));
    let suggested = if sends { book.suggest(q, case, now)? } else { None };
    let asset = match &case.asset {
        Some(id) if who.is_staff() => asset::by_id(q, id)?.map(|a| AssetView { code: a.code, name: a.name }),
        _ => None,
    };
    let may_call = case.state.is_open() && (complaint::over(chart, who, case).is_some() || facts.handler);
    let overlays = overlays(case, now);
    let offer = offer::of(&facts, overlays.contains(&"overdue"), may_call, who.is_staff());
    let precedents = if facts.overlay == Some(Overlay::Adjudicating) && facts.desk {
        choose::precedents(app, q, chart, case)?
    } else {
        Vec::new()
    };
    let people = if actions.contains(&Action::Assign) { choose::people(q, case, look, now)? } else { Vec::new() };
    let holds = ledger::of(q, case)?;
    let following = match &who.person {
        Some(person) if case.followers > 0 => life::follows(q, &case.id, person)?,
        _ => false,
    };
    let alike = if actions.contains(&Action::Merge) {
        let at = place::of(case);
        let words = text.as_deref().unwrap_or_default();
        let asked = Asked { text: words, class: case.class.as_deref(), place: at, path: &case.path, at: case.received_at };
        similar(req, q, &book, &asked, &case.id, look)?
    } else {
        Vec::new()
    };
    let community = area::community_of(q, &case.area)?;
    let place = place_text(&*Names::read(q, app)?, q, case)?;
    let settled = case.closed_at.filter(|_| matches!(case.state, State::Closed | State::Rejected));
    Ok(Matter {
        number: case.number.clone(),
        state: case.state.as_str(),
        overlays,
        outcome: case.outcome.map(|o| o.as_str()),
        waits: if who.is_staff() { wait::of(q, &case.number)? } else { Vec::new() },
        followers: case.followers,
        following,
        held: story::held(&holds, chart, now),
        tasks: parts,
        ask: case.ask.map(|a| AskView { kind: a.as_str(), until: case.ask_until.map(|u| app.time(u)) }),
        review: case.review.filter(|_| who.is_staff()).map(|r| r.as_str()),
        class: case.class.clone(),
        class_name: class_name(app, &book.classes, case.class.as_deref(), req.lang),
        urgent: book.class(case).urgent,
        evidence: actions.contains(&Action::Feedback).then(|| evidence(book.class(case), req.lang)).flatten(),
        text,
        component: asset,
        address: address.filter(|a| !place.ends_with(a.as_str())),
        place,
        area: community.map(|a| a.code).unwrap_or_default(),
        contact: contact.filter(|c| c.name.is_some() || c.phone.is_some()),
        answers: answers.unwrap_or_default(),
        channel: case.channel.clone(),
        proxy: proxy::of(q, case, relation, facts.desk, look)?,
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
        replies: if who.is_staff() { reply::offers(q, &book, case, &actions, req.lang)? } else { Vec::new() },
        actions: names(&actions),
        next: offer.next.map(Action::as_str),
        near: names(&offer.near),
        more: offer.more.iter().map(|(g, all)| MoreView { about: g.as_str(), actions: names(all) }).collect(),
        parties: if sends { choose::parties(chart, case, suggested.as_ref()) } else { Vec::new() },
        suggested: suggested.map(|s| SuggestedView {
            name: chart.name(&s.body),
            owner: s.rule.as_deref() == Some(routing::OWNER),
            rule: s.rule.as_deref().and_then(routing::parse_rule),
            id: s.body,
        }),
        helpers: if may_call { choose::parties(chart, case, None) } else { Vec::new() },
        assignee: case.assignee.as_ref().and_then(|a| people.iter().find(|p| p.id == *a)).map(|p| p.name.clone()),
        people,
        own_work: facts.handled_it && matches!(case.state, State::Feedback | State::Checking),
        alike,
        again: again::again(req, q, &book, case, hidden, look)?,
        precedents,
        classes: if sorts { choose::groups(&book.classes, case.class.as_deref(), req.lang) } else { Vec::new() },
        mine: facts.reporter,
        code: code.map(str::to_owned),
    })
}

fn names(actions: &[Action]) -> Vec<&'static str> {
    actions.iter().map(|a| a.as_str()).collect()
}

fn task_view(app: &App, chart: &Chart, t: &Task, who: &Who, now: i64) -> TaskView {
    TaskView {
        id: t.id.clone(),
        kind: t.kind.as_str(),
        party: chart.name(&t.body),
        caller: chart.name(&t.caller),
        text: None,
        state: t.state.as_str(),
        due_at: t.due_at.map(|d| app.time(d)),
        late: t.overdue_at.is_some() || t.due_at.is_some_and(|d| d <= now),
        score: t.score,
        actions: task::actions(t, who).iter().map(|a| a.as_str()).collect(),
    }
}

/// What a class asks of whoever handles it.
fn evidence(class: &Class, lang: Lang) -> Option<EvidenceView> {
    let why = class.why.get(lang).to_owned();
    (class.evidence != Evidence::None).then(|| EvidenceView { kind: class.evidence.as_str(), why })
}
