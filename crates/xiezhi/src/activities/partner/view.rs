//! What readers see: the public who works here, its own people and the desk what it showed.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::check::{self, Line};
use super::pack::{Needs, Pack};
use super::rules::{Answer, Membership, PaperState, Stand, State};
use super::{Book, Partner, listed, member, paper, stand};
use crate::activities::{service, volunteer};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::{key, party};
use crate::kit::time::Ms;
use crate::kit::{Req, Result};

/// Partners of a list, services and events of a page.
const PAGE: i64 = 200;
/// See [`PAGE`].
const SHOWN: i64 = 20;

/// An organisation in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub name: String,
    pub kind: String,
    pub about: String,
    pub place: String,
    pub state: &'static str,
    pub made_at: String,
    /// When somebody has to have answered; for a desk.
    pub due_at: Option<String>,
    pub late: bool,
    /// A certificate ended.
    pub expired: bool,
}

/// Organisations that work around a place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub items: Vec<Item>,
    /// Of the reader.
    pub mine: Vec<Item>,
    pub kinds: Vec<String>,
    pub kind: Option<String>,
    pub may_vet: bool,
}

/// What waits for a desk.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Queue {
    pub waiting: Vec<Item>,
    /// Whose applicants are asked for more.
    pub asked: Vec<Item>,
    /// Whose certificates end soon, or ended.
    pub ending: Vec<Item>,
}

/// A certificate.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PaperView {
    pub n: i64,
    pub kind: String,
    pub until: Option<String>,
    pub state: &'static str,
    pub expired: bool,
}

/// What was done with it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepView {
    pub act: String,
    pub at: String,
    pub desk: Option<String>,
    pub words: Option<String>,
}

/// A member, or an invitation.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MemberView {
    pub n: i64,
    pub name: Option<String>,
    pub invited: bool,
    pub me: bool,
    pub until: Option<String>,
    /// The code of an invitation, for its people.
    pub code: Option<String>,
}

/// Something to go to.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LinkView {
    pub id: String,
    pub name: String,
    pub at: Option<String>,
}

/// A choice of a form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
    pub dated: bool,
    /// needed, with-code, without-code, may: when it has to be shown.
    pub when: &'static str,
}

/// An organisation as this reader sees it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub name: String,
    pub kind: String,
    pub uscc: Option<String>,
    pub backer: Option<String>,
    pub about: String,
    pub place: String,
    pub phone: Option<String>,
    pub state: &'static str,
    pub since: Option<String>,
    pub valid_until: Option<String>,
    pub expired: bool,
    /// May take on something new.
    pub good: bool,
    pub services: Vec<LinkView>,
    pub events: Vec<LinkView>,
    pub stand: &'static str,
    /// What its own people and the desk read besides; nothing for everybody else.
    pub inside: Option<Inside>,
}

/// What is not for everybody.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Inside {
    pub contact: Option<String>,
    pub contact_phone: Option<String>,
    pub desk: String,
    pub due_at: Option<String>,
    pub late: bool,
    pub papers: Vec<PaperView>,
    pub steps: Vec<StepView>,
    pub members: Vec<MemberView>,
    pub keys: Vec<key::View>,
    pub checks: Vec<Line>,
    /// What the reader may answer.
    pub answers: Vec<&'static str>,
    pub may_appeal: bool,
    /// Certificates that may be handed in.
    pub shows: Vec<Choice>,
}

/// The certificates that a kind of organisation shows.
pub fn choices(req: &Req, pack: &Pack, needs: &Needs) -> Vec<Choice> {
    let when = |id: &String| match (needs.need.contains(id), needs.stands.contains(id)) {
        (true, false) if needs.stands.is_empty() => "needed",
        (true, _) => "with-code",
        (false, true) => "without-code",
        (false, false) => "may",
    };
    let all = needs.shown().filter_map(|id| pack.paper(id));
    let one = |p: &super::pack::Paper| Choice {
        id: p.id.clone(),
        name: pack.paper_name(&p.id, req.lang).into(),
        dated: p.dated,
        when: when(&p.id),
    };
    all.map(one).collect()
}

/// It in a list.
pub fn item(req: &Req, q: &mut dyn Query, one: &Partner, for_desk: bool) -> Result<Item> {
    Ok(Item {
        number: one.number.clone(),
        name: one.name.clone(),
        kind: one.kind.clone(),
        about: one.about.clone(),
        place: area::by_id(q, &one.area)?.map(|a| a.name).unwrap_or_default(),
        state: one.state.as_str(),
        made_at: req.app.time(one.made_at),
        due_at: one.due_at.filter(|_| for_desk).map(|at| req.app.time(at)),
        late: for_desk && one.late > 0,
        expired: is_expired(one, req.now),
    })
}

/// The last moment of a day at whose end something ends.
fn last_day(req: &Req, end: Ms) -> String {
    req.app.time(end - 1)
}

fn is_expired(one: &Partner, now: Ms) -> bool {
    one.state == State::Joined && one.valid_until.is_some_and(|at| at <= now)
}

fn items(req: &Req, q: &mut dyn Query, all: &[Partner], for_desk: bool) -> Result<Vec<Item>> {
    all.iter().map(|one| item(req, q, one, for_desk)).collect()
}

/// Who works around a place, and what the reader himself asked for.
pub fn list(req: &Req, q: &mut dyn Query, book: &Book, path: &str) -> Result<List> {
    let kind = req.query.get("kind").filter(|k| book.pack.kind.iter().any(|n| n.role == *k)).map(str::to_owned);
    let filter = format!("{} and state = 'joined' and ($3 = '' or kind = $3) order by name, number limit $4", area::AROUND);
    let all = listed(q, &filter, params![path, area::end_of(path), kind.as_deref().unwrap_or_default(), PAGE])?;
    let mine = match req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
        Some(person) => {
            let filter = "applicant = $1 and state in ('asked', 'more', 'refused') or id in (select partner from partner_member \
                          where person = $1 and state = 'member') order by made_at desc, number limit $2";
            listed(q, filter, params![person, SHOWN])?
        }
        None => Vec::new(),
    };
    Ok(List {
        items: items(req, q, &all, false)?,
        mine: items(req, q, &mine, true)?,
        kinds: book.pack.kind.iter().map(|k| k.role.clone()).collect(),
        kind,
        may_vet: req.who.nearest_desk().is_some(),
    })
}

/// What waits for the reader's desk and those beneath it, what ends soon.
pub fn queue(req: &Req, q: &mut dyn Query, book: &Book, path: &str) -> Result<Queue> {
    let beneath = |filter: &str| format!("path >= $1 and path < $2 and {filter} limit {PAGE}");
    let end = area::end_of(path);
    let waiting =
        listed(q, &beneath("state in ('asked', 'joined') and due_at is not null order by due_at, number"), params![path, &end])?;
    let asked = listed(q, &beneath("state = 'more' order by due_at, number"), params![path, &end])?;
    let soon = req.now + book.pack.limits.remind_days * crate::kit::time::DAY;
    let ending =
        listed(q, &beneath("state = 'joined' and valid_until <= $3 order by valid_until, number"), params![path, &end, soon])?;
    Ok(Queue {
        waiting: items(req, q, &waiting, true)?,
        asked: items(req, q, &asked, true)?,
        ending: items(req, q, &ending, true)?,
    })
}

/// It as this reader sees it; what was not decided is there for nobody but its people and the desk.
pub fn full(req: &Req, q: &mut dyn Query, book: &Book, one: &Partner, look: &mut Look) -> Result<Full> {
    let stand = stand(q, &book.chart, &req.who, one)?;
    let is_inside = matches!(stand, Stand::Own | Stand::Desk | Stand::Near);
    if !is_inside && !one.state.is_public() {
        return Err(crate::kit::error::Kind::NotFound.into());
    }
    let (mut services, mut events) = (Vec::new(), Vec::new());
    if let Some(body) = one.body.as_deref().filter(|_| one.state == State::Joined) {
        for s in service::offered_by(q, body, SHOWN)? {
            services.push(LinkView { id: s.id, name: s.name, at: None });
        }
        for e in volunteer::event::led_by(q, body, req.now, SHOWN)? {
            events.push(LinkView { id: e.number, name: e.title, at: Some(req.app.time(e.starts_at)) });
        }
    }
    let good = match &one.body {
        Some(body) => party::standing::in_good_standing(q, body, req.now)?,
        None => false,
    };
    Ok(Full {
        number: one.number.clone(),
        name: one.name.clone(),
        kind: one.kind.clone(),
        uscc: one.uscc.clone(),
        backer: one.backer.clone(),
        about: one.about.clone(),
        place: area::by_id(q, &one.area)?.map(|a| a.name).unwrap_or_default(),
        phone: one.public_phone.clone(),
        state: one.state.as_str(),
        since: one.joined_at.map(|at| req.app.time(at)),
        valid_until: one.valid_until.map(|at| last_day(req, at)),
        expired: is_expired(one, req.now),
        good,
        services,
        events,
        stand: stand.as_str(),
        inside: if is_inside { Some(inside(req, q, book, one, stand, look)?) } else { None },
    })
}

fn inside(req: &Req, q: &mut dyn Query, book: &Book, one: &Partner, stand: Stand, look: &mut Look) -> Result<Inside> {
    let relation = match stand {
        Stand::Own => Relation::Involved,
        Stand::Desk => Relation::Desk,
        Stand::Near | Stand::Nobody => Relation::Above,
    };
    let mut open = |q: &mut dyn Query, element: &'static str, sealed: Option<Vec<u8>>| -> Result<Option<String>> {
        let text = q.open_text(&one.id, sealed)?;
        Ok(text.and_then(|t| look.at(&Graded::new(element, &one.id, t).of(&one.number), relation)))
    };
    let contact = open(q, "partner.contact", Some(one.contact.clone()))?;
    let contact_phone = open(q, "partner.phone", Some(one.phone.clone()))?;
    let mut steps = Vec::new();
    for row in
        q.rows("select act, at, body, words from partner_step where partner = $1 order by n limit 200", params![&one.id])?
    {
        let body: Option<String> = row.get("body")?;
        steps.push(StepView {
            act: row.get("act")?,
            at: req.app.time(row.get("at")?),
            desk: body.map(|b| book.chart.name(&b)),
            words: open(q, "partner.words", row.get("words")?)?,
        });
    }
    let mut papers = Vec::new();
    for p in paper::of(q, &one.id)? {
        papers.push(PaperView {
            n: p.n,
            kind: book.pack.paper_name(&p.kind, req.lang).to_owned(),
            until: p.until_at.map(|at| last_day(req, at)),
            state: p.state.as_str(),
            expired: p.state != PaperState::Unfit && p.until_at.is_some_and(|at| at <= req.now),
        });
    }
    let own = stand == Stand::Own;
    let mut members = Vec::new();
    for m in member::of(q, &one.id, req.now)? {
        let name = match &m.person {
            Some(person) => party::name_of(q, person)?.and_then(|n| look.at(&n.of(&one.number), relation)),
            None => None,
        };
        let invited = m.state == Membership::Invited;
        members.push(MemberView {
            n: m.n,
            name,
            invited,
            me: m.person.is_some() && m.person == req.who.person,
            until: m.until_at.map(|at| req.app.time(at)),
            code: (own && invited).then(|| member::code(q, &one.id, m.n)),
        });
    }
    let decides = stand == Stand::Desk;
    let answers = Answer::ALL.iter().filter(|a| decides && a.leads(one.state).is_ok()).map(|a| a.as_str()).collect();
    let shows = choices(req, book.pack, one.needs(book.pack)?);
    Ok(Inside {
        contact,
        contact_phone,
        desk: book.chart.name(&one.desk),
        due_at: one.due_at.map(|at| req.app.time(at)),
        late: one.late > 0,
        papers,
        steps,
        members,
        keys: match one.body.as_deref().filter(|_| decides) {
            Some(body) => key::of_body(q, req, body)?,
            None => Vec::new(),
        },
        checks: if decides && matches!(one.state, State::Asked | State::More) {
            check::list(q, book.pack, &book.chart, one, req.now)?
        } else {
            Vec::new()
        },
        answers,
        may_appeal: own && one.state == State::Refused && one.appealed == 0,
        shows,
    })
}
