//! Filling in: what is held is shown, what is missing is asked; and the list of whom something is still missing of.
//!
//! What must stay true: reads are for the purpose of the form; nobody is asked for a cell that is held, whether this reader
//! may see it or not; the list is only for those who keep the register of the place.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::act::{self, Filled};
use super::check::{self, Elsewhere};
use super::report_web::known;
use super::{Form, KEYS, Question, rules};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::register::places::place_name;
use crate::records::register::query::{self, HOME};
use crate::records::register::rules::{LONGEST, spelt};
use crate::records::register::{Person, Source};

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/forms/{id}/work", May::Staff, work, "Of whom something is missing, building by building: `place`.")
        .gives::<Work>(),
    Route::get("/forms/{id}/people/{person}", May::Staff, one, "A form for one record: what is held, what is asked.")
        .gives::<FillView>(),
    Route::post(
        "/forms/{id}/people/{person}",
        May::Staff,
        fill,
        "Fills in what was missing: elements by their names, questions by their keys, `source?`.",
    ),
];

/// People of a page.
const PAGE: usize = 100;

#[derive(Serialize, JsonSchema)]
struct Work {
    id: String,
    /// Id of the organisation that asks.
    asker: String,
    title: String,
    purpose: &'static str,
    done: usize,
    total: usize,
    /// Buildings where something is missing.
    places: Vec<PlaceView>,
    place: Option<String>,
    people: Vec<PersonView>,
    more: usize,
    /// Somebody was filled in a moment ago.
    said: bool,
}

#[derive(Serialize, JsonSchema)]
struct PlaceView {
    id: String,
    name: String,
    waiting: usize,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    id: String,
    name: Option<String>,
    phone: Option<String>,
    /// May be called: seen in clear.
    calls: bool,
    door: Option<String>,
    place: String,
    /// What is missing: keys of names, and questions.
    elements: Vec<String>,
    questions: Vec<String>,
}

/// The reader's part of whom a form means, with what is missing of each.
pub(super) fn waiting(req: &Req, q: &mut dyn Query, form: &Form) -> Result<(usize, Vec<Person>)> {
    let answers = form.answers(q, form.since(req.app, req.now))?;
    let (mut total, mut out) = (0, Vec::new());
    for part in rules::parts(&req.who, form) {
        for one in form.population(q, req.app, &part, req.now)? {
            total += 1;
            let (elements, own) = form.missing(&one, answers.get(&one.id));
            if !(elements.is_empty() && own.is_empty()) {
                out.push(one);
            }
        }
    }
    Ok((total, out))
}

fn gate(req: &Req, form: &Form) -> Result<()> {
    let parts = rules::parts(&req.who, form);
    if parts.is_empty() || form.state != super::State::Open {
        return Err(if parts.is_empty() { Kind::Denied } else { Kind::State }.into());
    }
    let hidden = |part: &String| !query::knows_tags(&req.who, form.purpose, part);
    if form.meant.tag.is_some() && parts.iter().any(hidden) { Err(Kind::Denied.into()) } else { Ok(()) }
}

fn work(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    gate(req, &form)?;
    let mut look = Look::new(&req.who, form.purpose);
    let place = req.query.get("place").map(str::to_owned);
    let view = req.app.db.read(|r| {
        let (total, people) = waiting(req, r, &form)?;
        let answers = form.answers(r, form.since(req.app, req.now))?;
        let doors = query::doors(r, &form.path)?;
        let at = |p: &Person| p.dwelling.as_ref().and_then(|d| doors.get(d)).cloned();
        let mut of: BTreeMap<String, usize> = BTreeMap::new();
        for one in &people {
            *of.entry(at(one).map_or_else(|| one.spot.area.clone(), |(place, _)| place)).or_default() += 1;
        }
        let done = total - people.len();
        let mut listed: Vec<(String, String, Person)> = people
            .into_iter()
            .map(|p| {
                let (place, door) = at(&p).unwrap_or_else(|| (p.spot.area.clone(), String::new()));
                (place, door, p)
            })
            .filter(|(own, _, _)| place.as_ref().is_none_or(|p| p == own))
            .collect();
        listed.sort_by(|a, b| (&a.0, numbers(&a.1), &a.1).cmp(&(&b.0, numbers(&b.1), &b.1)));
        let more = listed.len().saturating_sub(PAGE);
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut places = Vec::new();
        for (id, waiting) in of {
            let name = place_name(r, &id)?.unwrap_or_default();
            names.insert(id.clone(), name.clone());
            places.push(PlaceView { id, name, waiting });
        }
        places.sort_by(|a, b| (numbers(&a.name), &a.name).cmp(&(numbers(&b.name), &b.name)));
        let mut shown = Vec::new();
        for (place, door, one) in listed.into_iter().take(PAGE) {
            let Some(relation) = query::relation(&req.who, &one.spot.path) else { continue };
            if form.meant.tag.is_some() {
                look.gives(&one.id, "register.tag");
            }
            let (elements, own) = form.missing(&one, answers.get(&one.id));
            let name = query::shown(r, &mut look, &one, one.name_element(), relation, req.lang)?;
            let phone = query::shown(r, &mut look, &one, phone_of(&one), relation, req.lang)?;
            let door = look.at(&Graded::new(HOME, &one.id, door), relation);
            shown.push(PersonView {
                id: one.id.clone(),
                name,
                calls: phone.as_ref().is_some_and(|p| !p.contains('*')),
                phone,
                door,
                place: names.get(&place).cloned().unwrap_or_default(),
                elements: elements.into_iter().map(query::name_key).collect(),
                questions: own.into_iter().map(|q| q.label.clone()).collect(),
            });
        }
        let said = req.query.get("said").is_some();
        let (id, asker, title) = (form.id.clone(), form.body.clone(), form.title.clone());
        Ok::<_, Error>(Work { id, asker, title, purpose: form.purpose, done, total, places, place, people: shown, more, said })
    })?;
    look.record(req.app)?;
    req.page("records/form/work.html", &view)
}

fn phone_of(one: &Person) -> &'static str {
    if one.name_element() == "register.name" { "register.phone" } else { "register.org_phone" }
}

/// The numbers in a door or a building, so that 2 comes before 10.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|p| p.parse().ok()).collect()
}

#[derive(Serialize, JsonSchema)]
struct FillView {
    form: String,
    /// Id of the organisation that asks.
    asker: String,
    title: String,
    id: String,
    name: Option<String>,
    purpose: &'static str,
    held: Vec<HeldView>,
    /// Elements that are asked.
    fields: Vec<query::FieldView>,
    /// Of those, what another organisation collects: key of the name, who.
    elsewhere: Vec<(String, Elsewhere)>,
    questions: Vec<QuestionView>,
    /// His home is not known: that is a move, not a value.
    home: bool,
    phone: Option<String>,
    may_fill: bool,
}

#[derive(Serialize, JsonSchema)]
struct HeldView {
    text: Option<String>,
    label: Option<String>,
    /// None: held, and not shown to this reader.
    value: Option<String>,
    source: Option<&'static str>,
    at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct QuestionView {
    key: String,
    label: String,
    kind: String,
    choices: Vec<String>,
    reason: String,
}

/// A record that a form means, for a reader who may know of it.
fn meant(req: &Req, q: &mut dyn Query, form: &Form) -> Result<(Person, Relation)> {
    let one = query::whole(q, req.param("person"))?.filter(|p| p.spot.path.starts_with(&form.path)).ok_or(Kind::NotFound)?;
    let relation = query::relation(&req.who, &one.spot.path).ok_or(Kind::NotFound)?;
    if !query::keeps(&req.who, &one.spot.path) {
        return Err(Kind::Denied.into());
    }
    Ok((one, relation))
}

fn one(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    gate(req, &form)?;
    let mut look = Look::new(&req.who, form.purpose);
    let view = req.app.db.read(|r| {
        let (one, relation) = meant(req, r, &form)?;
        let answers = form.answers(r, form.since(req.app, req.now))?;
        let (elements, own) = form.missing(&one, answers.get(&one.id));
        let mut held = Vec::new();
        for element in form.asks.known(form.record) {
            let Some(known) = one.held(element) else { continue };
            held.push(HeldView {
                text: Some(query::name_key(element)),
                label: None,
                value: query::shown(r, &mut look, &one, element, relation, req.lang)?,
                source: Some(known.source.as_str()).filter(|_| element != HOME),
                at: Some(req.app.time(known.at)).filter(|_| element != HOME),
            });
        }
        for question in form.asks.own.iter().filter(|q| own.iter().all(|o| o.key != q.key)) {
            let value = super::report::answer(req, &mut look, &one, &answers, &question.key);
            held.push(HeldView { text: None, label: Some(question.label.clone()), value, source: None, at: None });
        }
        let question = |q: &&Question| QuestionView {
            key: q.key.clone(),
            label: q.label.clone(),
            kind: q.kind.clone(),
            choices: q.choices.clone(),
            reason: q.reason.clone(),
        };
        let mut elsewhere = Vec::new();
        for element in &elements {
            let found = check::elsewhere(req.app, r, element, &form.path, &form.body)?;
            elsewhere.extend(found.map(|e| (query::name_key(element), e)));
        }
        let phone = query::shown(r, &mut look, &one, phone_of(&one), relation, req.lang)?.filter(|p| !p.contains('*'));
        Ok::<_, Error>(FillView {
            form: form.id.clone(),
            asker: form.body.clone(),
            title: form.title.clone(),
            name: query::shown(r, &mut look, &one, one.name_element(), relation, req.lang)?,
            id: one.id.clone(),
            purpose: form.purpose,
            elsewhere,
            held,
            home: elements.contains(&HOME),
            fields: elements.iter().filter(|e| **e != HOME).map(|e| query::field(e, req.lang)).collect(),
            questions: own.iter().map(question).collect(),
            phone,
            may_fill: query::keeps(&req.who, &one.spot.path),
        })
    })?;
    look.record(req.app)?;
    req.page("records/form/fill.html", &view)
}

fn fill(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    gate(req, &form)?;
    let input = req.input()?;
    let mut elements = Vec::new();
    for element in form.asks.known(form.record).into_iter().filter(|e| *e != HOME) {
        let name = element.strip_prefix("register.").unwrap_or(element);
        if let Some(said) = input.text(name, LONGEST)? {
            elements.push((element, spelt(element, &said)?));
        }
    }
    let mut own = Vec::new();
    for key in KEYS {
        if form.asks.own.iter().any(|q| q.key == key)
            && let Some(said) = input.text(key, LONGEST)?
        {
            own.push((key.to_owned(), said));
        }
    }
    if elements.is_empty() && own.is_empty() {
        return Err(Kind::Missing.at("answer"));
    }
    let source = input.text("source", 20)?.unwrap_or_else(|| "said".into());
    let source = Source::parse(&source).ok_or_else(|| Kind::Unknown.at("source"))?;
    let filled = Filled { elements, own, source, since: form.since(req.app, req.now) };
    let (who, id, person) = (req.who.clone(), form.id.clone(), req.param("person").to_owned());
    req.once(move |tx| act::fill(tx, &who, &id, &person, &filled).map(|()| String::new()))?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    Ok(Reply::see_other(req.url(&format!("/forms/{}/work?said=1", form.id))))
}
