//! What a partner gets to see of a case: no more than our public page shows. The partner who filed it stands where the
//! holder of its tracking code stands, as far as pictures, answers and what was written to the reporter are concerned.
//!
//! What must stay true (inv07): words and addresses leave through [`Look`] only; where a case is, is told only as exactly
//! as its class allows; staff are named by their organisation.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;
use store::{Query, Written};

use super::ask::Ask;
use super::format::Value;
use super::keys::{self, MediaForm};
use super::services::{self, Visibility};
use super::status;
use crate::base::area::names::Names;
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::Catalogue;
use crate::base::{media, party};
use crate::kit::Result;
use crate::kit::time::{self, Ms};
use crate::records::case::rules::State;
use crate::records::case::{Case, Rulebook, place, place_text, tracking_code};

/// A case, ready to be told.
pub struct Shown {
    /// The case.
    pub case: Case,
    /// `service_name`
    pub service: String,
    /// `description`
    pub text: Option<String>,
    /// `address`
    pub address: String,
    /// `lat`, `long`
    pub point: Option<(i64, i64)>,
    /// `agency_responsible`
    pub agency: String,
    /// `status_notes`
    pub notes: String,
    /// Addresses of pictures.
    pub media: Vec<String>,
    /// Answers to the questions of the service.
    answers: Vec<(String, Vec<String>)>,
    /// What happened, with `extensions`.
    events: Vec<(Ms, String, String)>,
}

/// Whether the key that asks filed this case.
pub fn own(ask: &Ask, case: &Case) -> bool {
    let source = case.source.as_deref().unwrap_or_default();
    ask.key.as_ref().is_some_and(|k| source.starts_with(&keys::source(&k.id)))
}

/// Looks up what many cases share, once each.
#[derive(Default)]
struct Shared {
    classes: Option<Arc<Catalogue>>,
    bodies: HashMap<String, String>,
    desks: HashMap<String, String>,
    places: HashMap<(String, Option<String>), String>,
}

impl Shared {
    fn body(&mut self, q: &mut dyn Query, id: &str) -> store::Result<String> {
        if !self.bodies.contains_key(id) {
            let name = party::body_by_id(q, id)?.map(|b| b.name).unwrap_or_default();
            self.bodies.insert(id.to_owned(), name);
        }
        Ok(self.bodies[id].clone())
    }

    fn desk(&mut self, q: &mut dyn Query, area: &str) -> store::Result<String> {
        if !self.desks.contains_key(area) {
            let name = party::desk_of(q, area)?.name;
            self.desks.insert(area.to_owned(), name);
        }
        Ok(self.desks[area].clone())
    }

    fn place(&mut self, q: &mut dyn Query, case: &Case) -> store::Result<String> {
        let key = (case.area.clone(), case.building.clone());
        if !self.places.contains_key(&key) {
            let place = place_text(&Names::default(), q, case)?;
            self.places.insert(key.clone(), place);
        }
        Ok(self.places[&key].clone())
    }
}

/// Makes cases ready.
pub fn all(ask: &Ask, q: &mut dyn Query, mut found: Vec<Case>, extensions: bool) -> Result<Vec<Shown>> {
    // A case may have been filed under a version of the catalogue in which its class was not public.
    let book = Rulebook::read(q, ask.req.app)?;
    found.retain(|c| book.class(c).visibility != Visibility::Private || own(ask, c));
    let said: Vec<u64> = found.iter().map(|c| c.log_seq).collect();
    let said: HashMap<u64, Written> = q.entries_at(&said)?.into_iter().map(|w| (w.index, w)).collect();
    let mut look = Look::new(&keys::who(q, ask.key.as_ref().map_or("", |k| &k.id), None)?, "open311");
    let mut shared = Shared { classes: Some(book.classes.clone()), ..Shared::default() };
    found.into_iter().map(|case| one(ask, q, case, &said, &mut look, &mut shared, extensions)).collect()
}

fn one(
    ask: &Ask,
    q: &mut dyn Query,
    case: Case,
    said: &HashMap<u64, Written>,
    look: &mut Look,
    shared: &mut Shared,
    extensions: bool,
) -> Result<Shown> {
    let (app, lang) = (ask.req.app, ask.req.lang);
    let own = own(ask, &case);
    let words = said.get(&case.log_seq).filter(|w| w.obj == case.id);
    let mut at = |element: &'static str, relation: Relation| {
        let value = words.and_then(|w| w.element(element)).map(|v| case.graded(element, v.to_owned()));
        value.and_then(|v| look.at(&v, relation))
    };
    let (text, detail) = (at("case.text", Relation::Public), at("case.address", Relation::Public));
    let answers = if own { at("case.answers", Relation::Owner) } else { None };
    let mut answers: Vec<(String, Vec<String>)> = answers.map(|a| read_answers(&a)).unwrap_or_default();
    let mut media = take(&mut answers, "media_url");
    if own {
        let code = tracking_code(&app.db, &case.id);
        let path = |m: &media::Shown| ask.req.absolute(&format!("/cases/{}/media/{}?code={code}", case.number, m.id));
        media.extend(media::of(q, &case.id)?.iter().map(path));
    }
    let place = shared.place(q, &case)?;
    let point = place::of(&case).map(|p| (i64::from(p.lat), i64::from(p.lon)));
    let address = match detail.filter(|d| !place.ends_with(d.as_str())) {
        Some(detail) => format!("{place} {detail}"),
        None => place,
    };
    let agency = match case.holder.as_ref().or(case.handler.as_ref()) {
        Some(body) => shared.body(q, body)?,
        None => shared.desk(q, &case.area)?,
    };
    let events = if extensions { events(ask, q, &case, own, look, shared)? } else { Vec::new() };
    Ok(Shown {
        service: shared.classes.as_ref().map(|c| services::name(c, lang, case.class.as_deref())).unwrap_or_default(),
        notes: notes(ask, &case, &agency),
        text,
        address,
        point,
        agency,
        media,
        answers,
        events,
        case,
    })
}

/// How a case stands, in words that everybody may read.
fn notes(ask: &Ask, case: &Case, agency: &str) -> String {
    let app = ask.req.app;
    let zh = ask.req.lang == crate::kit::i18n::Lang::Zh;
    // The year is always said when it is not that of the report, so the words do not change with the calendar.
    let word = |at: Option<Ms>, how: fn(Ms, Ms, &jiff::tz::TimeZone, bool) -> String| {
        at.map(|at| how(at, case.received_at, &app.config.zone, zh)).unwrap_or_default()
    };
    let key = format!("open311-notes-{}", case.overlay.map_or(case.state.as_str(), |o| o.as_str()));
    let main = case.merged_into.as_deref().unwrap_or_default();
    let (due, closed) = (word(case.due_at, time::by), word(case.closed_at, time::when));
    ask.say(&key, &[("party", agency), ("due", &due), ("closed", &closed), ("main", main)])
}

fn read_answers(json: &str) -> Vec<(String, Vec<String>)> {
    serde_json::from_str::<std::collections::BTreeMap<String, Vec<String>>>(json).unwrap_or_default().into_iter().collect()
}

fn take(answers: &mut Vec<(String, Vec<String>)>, name: &str) -> Vec<String> {
    match answers.iter().position(|(code, _)| code == name) {
        Some(at) => answers.remove(at).1,
        None => Vec::new(),
    }
}

/// Steps that change what the public sees.
pub fn is_public(act: &str) -> bool {
    matches!(
        act.strip_prefix("case.").unwrap_or_default(),
        "accept"
            | "reject"
            | "dispatch"
            | "rule"
            | "claim"
            | "return"
            | "feedback"
            | "check"
            | "close"
            | "withdraw"
            | "reopen"
            | "merge"
            | "extend"
            | "grant"
            | "suspend"
            | "hang_up"
            | "resume"
            | "back"
            | "adjudicate"
            | "supervise"
            | "escalate"
    )
}

fn events(
    ask: &Ask,
    q: &mut dyn Query,
    case: &Case,
    own: bool,
    look: &mut Look,
    shared: &mut Shared,
) -> Result<Vec<(Ms, String, String)>> {
    let mut out = Vec::new();
    for w in q.history(&case.id)?.iter().filter(|w| is_public(&w.act)) {
        let holder = match w.fact("holder") {
            Some(body) => shared.body(q, body)?,
            None => String::new(),
        };
        let words = w.element("case.note").filter(|_| own);
        let words = words.and_then(|v| look.at(&case.graded("case.note", v.to_owned()), Relation::Owner));
        let kind = w.act.strip_prefix("case.").unwrap_or(&w.act).to_owned();
        let line = ask.say(&format!("event-{kind}"), &[("to", &holder)]);
        let line = match words {
            Some(words) => format!("{line}\n{words}"),
            None => line,
        };
        out.push((w.at, line, kind));
    }
    Ok(out)
}

/// Addresses in the form this partner survives.
pub fn media_value(form: MediaForm, urls: &[String]) -> Value {
    let all = || urls.iter().cloned().map(Value::Text).collect::<Vec<_>>();
    match (form, urls) {
        (MediaForm::Never, _) | (_, []) => Value::Empty,
        (MediaForm::Plain, [one]) => Value::Text(one.clone()),
        (MediaForm::Twice, [one]) => Value::Repeated(vec![Value::Text(one.clone()), Value::Text(one.clone())]),
        (MediaForm::Nested, _) => Value::Nested(all()),
        (MediaForm::Plain | MediaForm::Twice, _) => Value::Repeated(all()),
    }
}

impl Shown {
    /// A `request`.
    pub fn request(&self, ask: &Ask, extensions: bool) -> Value {
        let case = &self.case;
        let time = |at: Ms| Value::Text(ask.req.app.time(at));
        let form = ask.key.as_ref().map(|k| k.media_form).unwrap_or_default();
        let mut fields = vec![
            ("service_request_id", Value::Text(case.number.clone())),
            ("status", Value::Text(status::plain(case.state).into())),
            ("status_notes", Value::text(Some(self.notes.as_str()))),
            ("service_name", Value::Text(self.service.clone())),
            ("service_code", Value::Text(case.class.clone().unwrap_or_else(|| services::OTHER.into()))),
            ("description", Value::text(self.text.as_deref())),
            ("agency_responsible", Value::text(Some(self.agency.as_str()))),
            ("service_notice", Value::Empty),
            ("requested_datetime", time(case.received_at)),
            ("updated_datetime", time(case.updated_at.max(case.received_at))),
            ("expected_datetime", case.due_at.map_or(Value::Empty, time)),
            ("address", Value::text(Some(self.address.as_str()))),
            ("address_id", Value::text(case.building.as_deref())),
            ("zipcode", Value::Empty),
            ("lat", self.point.map_or(Value::Empty, |p| Value::Degrees(p.0))),
            ("long", self.point.map_or(Value::Empty, |p| Value::Degrees(p.1))),
            ("media_url", media_value(form, &self.media)),
        ];
        if extensions {
            fields.extend(self.extensions(ask));
        }
        Value::Record(fields)
    }

    fn extensions(&self, ask: &Ask) -> Vec<(&'static str, Value)> {
        let attribute = |(code, values): &(String, Vec<String>)| {
            Value::Record(vec![
                ("code", Value::Text(code.clone())),
                ("values", Value::List("value", values.iter().map(|v| Value::Text(v.clone())).collect())),
            ])
        };
        let note = |(at, text, kind): &(Ms, String, String)| {
            Value::Record(vec![
                ("datetime", Value::Text(ask.req.app.time(*at))),
                ("description", Value::Text(text.clone())),
                ("type", Value::Text(kind.clone())),
            ])
        };
        let photos = Value::List("photo", self.media.iter().map(|m| Value::Text(m.clone())).collect());
        vec![
            ("attributes", Value::List("attribute", self.answers.iter().map(attribute).collect())),
            ("extended_attributes", Value::Record(vec![("channel", Value::Text(self.case.channel.clone())), ("photos", photos)])),
            ("notes", Value::List("note", self.events.iter().map(note).collect())),
        ]
    }

    /// What the updates extension says about the state, for lists of many.
    pub fn extended(&self) -> &'static str {
        status::extended(self.case.state, self.case.overlay, self.case.outcome)
    }

    /// When it was settled.
    pub fn closed_at(&self) -> Option<Ms> {
        self.case.closed_at.filter(|_| matches!(self.case.state, State::Closed | State::Rejected | State::Merged))
    }
}

/// Reads a JSON text of answers back, for those who hand it on.
pub fn answers_of(json: &Json) -> Vec<(String, Vec<String>)> {
    json.as_str().map(read_answers).unwrap_or_default()
}
