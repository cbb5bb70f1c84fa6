//! What readers see of requests: their own in full, those they were asked for without a word of who and where, and for the
//! desk of the place what it answers for.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Row, params};

use super::{By, COLUMNS, Help, Stand, State, by_number, close, community, helpers, read};
use crate::activities::volunteer::hours::{self, Holder, Unit};
use crate::activities::volunteer::{Book, profile};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{Req, Result};

/// Requests of one list.
const PAGE: i64 = 50;

/// A choice of a form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
    /// What comes with it: minutes, what both sides are told.
    pub minutes: Option<i64>,
    pub rule: Option<String>,
    pub two: bool,
}

/// A request in a list: what, when and about where, and no word of whose.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub kind: String,
    pub state: &'static str,
    pub place: String,
    pub starts_at: String,
    pub minutes: i64,
    pub need: i64,
    pub urgent: bool,
    /// How the reader stands to it as a volunteer.
    pub stand: Option<&'static str>,
    /// A step of the reader is waited for.
    pub waits: bool,
    pub case: Option<String>,
}

/// What concerns a reader.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    pub mine: Vec<Item>,
    /// As a volunteer: asked, offered, agreed.
    pub helping: Vec<Item>,
    /// Others around here for whom somebody is looked for.
    pub open: Vec<Item>,
    /// The reader helps.
    pub volunteer: bool,
    /// The reader's minutes.
    pub balance: i64,
    pub desk: bool,
    pub place: Option<String>,
}

/// Somebody who was asked, offers or comes.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ByView {
    pub person: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub state: &'static str,
    pub began_at: Option<String>,
    pub minutes: Option<i64>,
    pub me: bool,
    pub vetted: bool,
}

/// One request as this reader sees it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub kind: String,
    pub rule: String,
    pub state: &'static str,
    pub place: String,
    pub starts_at: String,
    pub ends_at: String,
    pub minutes: i64,
    pub need: i64,
    pub hours: bool,
    pub urgent: bool,
    pub language: Option<String>,
    pub sex: Option<&'static str>,
    /// What is asked, where, and of whom: for whoever comes and the desk.
    pub words: Option<String>,
    pub door: Option<String>,
    pub building: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub case: Option<String>,
    pub wave: i64,
    pub ring_at: Option<String>,
    pub how: Option<String>,
    pub thanks: Option<String>,
    pub note: Option<String>,
    pub helpers: Vec<ByView>,
    /// It is the reader's own, or he speaks for whoever is helped.
    pub own: bool,
    /// The reader as a volunteer.
    pub stand: Option<&'static str>,
    pub may_offer: bool,
    pub may_dispute: bool,
    /// The reader decides what is disputed.
    pub decides: bool,
    pub most: i64,
    /// Told to the volunteer when it is done.
    pub code: Option<String>,
    pub done: Option<String>,
    /// When help began if it went as planned: day and clock of the form.
    pub began: (String, String),
}

/// The kinds of help of a place.
pub fn kinds(req: &Req, book: &Book) -> Vec<Choice> {
    let choice = |k: &crate::activities::volunteer::pack::Sort| Choice {
        id: k.id.clone(),
        name: book.pack.kind_name(&k.id, req.lang).to_owned(),
        minutes: Some(k.minutes),
        rule: Some(k.rule(req.lang).to_owned()),
        two: k.two,
    };
    book.pack.kind.iter().map(choice).collect()
}

/// Languages of a place.
pub fn languages(req: &Req, book: &Book) -> Vec<Choice> {
    let name = |id: &str| book.pack.language_name(id, req.lang).to_owned();
    book.pack
        .language
        .iter()
        .map(|l| Choice { name: name(&l.id), id: l.id.clone(), minutes: None, rule: None, two: false })
        .collect()
}

fn item(req: &Req, q: &mut dyn Query, book: &Book, help: Help, stand: Option<Stand>, own: bool) -> Result<Item> {
    let waits = match (help.state, stand) {
        (State::Done, _) if own => true,
        (State::Open, Some(Stand::Told)) => true,
        (State::Agreed, Some(Stand::Agreed)) => help.ends_at <= req.now,
        _ => false,
    };
    Ok(Item {
        kind: book.pack.kind_name(&help.kind, req.lang).to_owned(),
        state: help.state.as_str(),
        place: area::by_id(q, &help.area)?.map(|a| a.name).unwrap_or_default(),
        starts_at: req.app.time(help.starts_at),
        minutes: help.minutes,
        need: help.need,
        urgent: help.urgent == 1,
        stand: stand.map(Stand::as_str),
        waits,
        case: help.case_number.filter(|_| own),
        number: help.number,
    })
}

/// Requests that concern a reader.
pub fn list(req: &Req, q: &mut dyn Query, book: &Book) -> Result<List> {
    let person = req.person()?.to_owned();
    let mut view = List {
        mine: Vec::new(),
        helping: Vec::new(),
        open: Vec::new(),
        volunteer: false,
        balance: hours::balance(q, Unit::Minutes, Holder::Person, &person)?,
        desk: req.who.nearest_desk().is_some(),
        place: req.community.as_ref().map(|(_, name)| name.clone()),
    };
    let sql = format!(
        "select {COLUMNS} from help where asked_by = $1 or (asked_by is null and by_person = $1) order by made_at desc limit {PAGE}"
    );
    for row in q.rows(&sql, params![&person])? {
        view.mine.push(item(req, q, book, read(&row)?, None, true)?);
    }
    let own = req.who.by.is_none();
    let volunteer = if own { profile::of(q, &person)?.filter(|v| v.state == profile::State::Ready) } else { None };
    view.volunteer = volunteer.is_some();
    if own {
        let columns: Vec<String> = COLUMNS.split(", ").map(|c| format!("h.{c}")).collect();
        let sql = format!(
            "select {}, b.state stand from help_by b join help h on h.id = b.help where b.person = $1 and b.state not in ('left', 'passed') \
             order by h.starts_at desc limit {PAGE}",
            columns.join(", ")
        );
        let rows: Vec<Row> = q.rows(&sql, params![&person])?;
        for row in rows {
            view.helping.push(item(req, q, book, read(&row)?, Some(row.get("stand")?), false)?);
        }
    }
    let path = match (volunteer, req.who.nearest_desk()) {
        (_, Some(desk)) => Some(desk.path.clone()),
        (Some(v), _) => Some(v.path),
        _ => None,
    };
    if let Some(path) = path {
        for help in super::in_state(q, &path, State::Open, PAGE)? {
            let known = |i: &Item| i.number == help.number;
            if !view.helping.iter().chain(&view.mine).any(known) && help.ends_at > req.now {
                view.open.push(item(req, q, book, help, None, false)?);
            }
        }
    }
    view.mine.sort_by_key(|i| !i.waits);
    view.helping.sort_by_key(|i| !i.waits);
    Ok(view)
}

/// One request; what is read of it in clear goes into `look`.
pub fn full(req: &Req, q: &mut dyn Query, number: &str, look: &mut Look) -> Result<Full> {
    let help = by_number(q, number)?;
    let home = community(q, &help.area)?;
    let code = area::by_id(q, &home.0)?.map(|a| a.code).unwrap_or_default();
    let book = Book::read(q, req.app, &code)?;
    let all = helpers(q, &help.id)?;
    let desk = book.chart.desk_of(&help.path)?.id.clone();
    let relation = help.relation(&req.who, &desk, &all);
    let me = |b: &By| req.who.by.is_none() && Some(&b.person) == req.who.person.as_ref();
    let mine = all.iter().find(|b| me(b)).map(|b| b.state);
    let volunteer = match req.who.person.as_deref().filter(|_| req.who.by.is_none()) {
        Some(person) => profile::of(q, person)?.filter(|v| v.state == profile::State::Ready && home.1.starts_with(&v.path)),
        None => None,
    };
    // Whoever neither asked, nor may come, nor answers for the place, is told nothing of it.
    if relation == Relation::Public && mine.is_none() && volunteer.is_none() {
        return Err(Kind::NotFound.into());
    }
    let mut open = |q: &mut dyn Query, element: &'static str, sealed: &Option<Vec<u8>>| -> Result<Option<String>> {
        let text = q.open_text(&help.id, sealed.clone())?;
        Ok(text.and_then(|t| look.at(&Graded::new(element, &help.id, t).of(&help.number), relation)))
    };
    let (words, door) = (open(q, "help.words", &help.words)?, open(q, "help.place", &help.place)?);
    let (mut name, mut phone) = (open(q, "help.name", &help.name)?, open(q, "help.phone", &help.phone)?);
    let (thanks, note) = (open(q, "help.thanks", &help.thanks)?, open(q, "help.note", &help.note)?);
    let near = matches!(relation, Relation::Owner | Relation::Involved | Relation::Desk);
    if let Some(asker) = help.asked_by.as_deref().filter(|_| relation != Relation::Public) {
        name = party::name_of(q, asker)?.and_then(|n| look.at(&n.of(&help.number), relation));
        phone = party::phone_of(q, asker)?.filter(|_| near).and_then(|p| look.at(&p.of(&help.number), relation));
    }
    let building = match (&help.building, near) {
        (Some(id), true) => area::building(q, id)?.map(|b| b.name),
        _ => None,
    };
    let own = help.may_speak(&req.who);
    let mut views = Vec::new();
    for b in &all {
        // Who was only asked is nobody's business; who offers is told to whoever chooses.
        let shown = me(b) || (near && !matches!(b.state, Stand::Told | Stand::Left | Stand::Passed));
        if !shown {
            continue;
        }
        let comes = matches!(b.state, Stand::Agreed | Stand::Done | Stand::Settled);
        // Toward whoever is helped a volunteer is one who takes part: his name, and his telephone once he comes.
        let stands = if own || relation == Relation::Involved { Relation::Involved } else { relation };
        views.push(ByView {
            name: party::name_of(q, &b.person)?.and_then(|n| look.at(&n.of(&help.number), stands)),
            phone: if comes { party::phone_of(q, &b.person)?.and_then(|p| look.at(&p.of(&help.number), stands)) } else { None },
            vetted: profile::of(q, &b.person)?.and_then(|v| v.vetted_until).is_some_and(|until| until > req.now),
            person: b.person.clone(),
            state: b.state.as_str(),
            began_at: b.began_at.map(|at| req.app.time(at)),
            minutes: b.minutes,
            me: me(b),
        });
    }
    let wish = help.wishes(q)?;
    let came = all.iter().any(|b| me(b) && b.minutes.is_some());
    let limits = &book.pack.limits;
    let in_time = help.ended_at.is_none_or(|at| req.now <= at + limits.dispute_days * crate::kit::time::DAY);
    let final_word = help.why.as_deref() == Some("desk");
    let clock = crate::kit::time::zoned(help.starts_at, &req.app.config.zone);
    Ok(Full {
        kind: book.pack.kind_name(&help.kind, req.lang).to_owned(),
        rule: book.pack.kind(&help.kind).map(|k| k.rule(req.lang).to_owned()).unwrap_or_default(),
        state: help.state.as_str(),
        place: area::by_id(q, &help.area)?.map(|a| a.name).unwrap_or_default(),
        starts_at: req.app.time(help.starts_at),
        ends_at: req.app.time(help.ends_at),
        minutes: help.minutes,
        need: help.need,
        hours: help.hours == 1,
        urgent: help.urgent == 1,
        language: wish.language.map(|l| book.pack.language_name(&l, req.lang).to_owned()),
        sex: wish.sex.map(|s| s.as_str()),
        words,
        door,
        building,
        name,
        phone,
        case: help.case_number.clone().filter(|_| near),
        wave: help.wave,
        ring_at: help.ring_at.filter(|_| help.state == State::Open).map(|at: Ms| req.app.time(at)),
        how: help.why.clone(),
        thanks,
        note,
        helpers: views,
        own,
        stand: mine.map(Stand::as_str),
        may_offer: help.state == State::Open
            && help.ends_at > req.now
            && volunteer.is_some()
            && !help.is_own(&req.who)
            && !matches!(mine, Some(Stand::Offered | Stand::Agreed)),
        may_dispute: (own || came) && (help.state == State::Done || (help.state == State::Settled && in_time && !final_word)),
        decides: help.state == State::Disputed && req.who.desk_over(&help.path).is_some(),
        most: help.minutes * 2,
        // Whoever comes and acts for whoever is helped does not say yes to himself.
        code: (own && help.state == State::Agreed && !all.iter().any(|b| Some(b.person.as_str()) == req.who.actor()))
            .then(|| close::code(q, &help.id)),
        done: req.query.get("done").map(str::to_owned),
        began: (clock.strftime("%Y-%m-%d").to_string(), clock.strftime("%H:%M").to_string()),
        number: help.number,
    })
}

/// First moment a form proposes: tomorrow morning.
pub fn tomorrow(req: &Req) -> String {
    crate::kit::time::zoned(req.now + 24 * 60 * MINUTE, &req.app.config.zone).strftime("%Y-%m-%d").to_string()
}
