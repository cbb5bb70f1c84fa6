//! Making a report: one of text, photo or voice is enough, everything else is optional.
//!
//! What must stay true: a report with any content is accepted whatever its place (inv12); it leaves with a holder, a
//! running clock, a number, a code and a receipt; where it is and who must answer is found *before* the write, because
//! the single writer must not be kept waiting by look-ups.
//!
//! Log kinds written: `case.report`.

/// Reports that may be the same.
pub mod alike;
/// Matters that others settle.
pub mod elsewhere;
/// Reports for somebody else.
pub mod proxy;
/// What a class asks besides.
pub mod question;
/// Settled where it was found.
pub mod spot;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use calc::geo::Point;
use serde_json::json;
use store::{Entry, Logged, Query, Tx, params};

use super::life::{clock, ledger};
use super::rules::State;
use super::{Case, MAX_MEDIA, Rulebook, complaint, place as whereabouts, put};
use crate::base::classes::{Catalogue, Stage, Visibility};
use crate::base::{area, asset, party};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{self, Ms};
use crate::kit::{App, Result, Who};

/// Characters of a report's text.
pub const MAX_TEXT: usize = 4000;
/// Ways to be told for whoever leaves a number: a message, or a call.
pub const WISHES: [&str; 2] = ["sms", "call"];
/// Digits of the shortest number of a telephone at home.
const LOCAL_NUMBER: usize = 7;
const CHANNELS: [&str; 7] = ["web", "counter", "phone", "patrol", "import", "open311", "paper"];

/// What a report for somebody else says about who wrote it ([`proxy`]).
#[derive(Clone)]
pub struct Proxy {
    /// How he stands to the person.
    relation: String,
    /// The person knows of it.
    knows: bool,
}

/// What somebody reports, checked but not yet placed.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the fields of the contract's POST /reports")]
pub struct NewReport {
    /// Its id, when another node owns the case and this is to be the copy of it.
    pub id: Option<String>,
    pub text: Option<String>,
    pub class: Option<String>,
    pub area: Option<String>,
    pub building: Option<String>,
    pub lat: Option<i64>,
    pub lon: Option<i64>,
    pub address: Option<String>,
    /// Code of the asset it is about.
    pub asset: Option<String>,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    /// How the reporter asks to be told: `sms` or `call`.
    pub wish: Option<String>,
    pub media: Vec<String>,
    pub channel: String,
    /// Answers to the questions of the class, and what else a partner system said: code and value, codes repeated.
    pub answers: Vec<(String, String)>,
    /// System and id there, when it came from another system: one report for each.
    pub source: Option<String>,
    /// When it was received in truth, if that was before it is written: on paper, over a counter. The clock begins then.
    pub received: Option<Ms>,
    /// Who wrote it, when it was for somebody else.
    pub proxy: Option<Proxy>,
    /// The desk that a complaint of staff is about.
    pub about: Option<String>,
    /// Number of the admission under which it was handed down: without one no report has a class of such work.
    pub admission: Option<String>,
}

impl NewReport {
    /// Reads the contract's JSON, or the flat fields of a form.
    pub fn parse(input: &Input, staff: bool, classes: &Catalogue) -> Result<NewReport> {
        let place = input.object("place")?;
        let place = if place.0.is_empty() { input } else { &place };
        let contact = match input.0.get("contact") {
            Some(serde_json::Value::String(s)) => Input(json!({ "contact_phone": s }).as_object().cloned().unwrap_or_default()),
            Some(serde_json::Value::Object(o)) => {
                let get = |k: &str| o.get(k).cloned().unwrap_or_default();
                Input(
                    json!({ "contact_name": get("name"), "contact_phone": get("phone"), "contact_wish": get("wish") })
                        .as_object()
                        .cloned()
                        .unwrap_or_default(),
                )
            }
            None | Some(serde_json::Value::Null) => input.clone(),
            Some(_) => return Err(Kind::WrongType.at("contact")),
        };
        let channel = input.text("channel", 20)?.filter(|c| staff && CHANNELS.contains(&c.as_str()));
        let mut new = NewReport {
            id: None,
            text: input.text("text", MAX_TEXT)?,
            class: input.text("class", 40)?,
            area: place.text("area", 40)?,
            building: place.text("building", 40)?,
            lat: place.degrees("lat", 90.0)?,
            lon: place.degrees("lon", 180.0)?,
            address: place.text("address", 200)?,
            asset: place.text("asset", 40)?,
            contact_name: contact.text("contact_name", 60)?,
            contact_phone: contact.text("contact_phone", 30)?,
            wish: contact.text("contact_wish", 10)?.filter(|w| w != "none"),
            media: input.list("media", MAX_MEDIA)?,
            channel: channel.unwrap_or_else(|| "web".into()),
            answers: Vec::new(),
            source: None,
            received: None,
            proxy: None,
            about: if staff { input.text("about", 40)? } else { None },
            admission: None,
        };
        if new.wish.as_deref().is_some_and(|w| !WISHES.contains(&w)) {
            return Err(Kind::Unknown.at("contact_wish"));
        }
        // Whoever waits for a call must not wait for one that nobody can make.
        let digits = new.contact_phone.iter().flat_map(|p| p.chars()).filter(|c| c.is_numeric()).count();
        if new.wish.is_some() && digits < LOCAL_NUMBER {
            return Err(Kind::NoNumber.at("contact_phone"));
        }
        if new.text.is_none() && new.media.is_empty() {
            return Err(Kind::Empty.at("text"));
        }
        if let Some(class) = &new.class
            && classes.get(class).is_none()
        {
            return Err(Kind::Unknown.at("class"));
        }
        new.answer(input, new.class.as_deref().and_then(|c| classes.get(c)))?;
        Ok(new)
    }
}

/// Where a report belongs and who holds it first.
#[derive(Clone, Debug)]
pub struct Spot {
    area: String,
    path: String,
    building: Option<String>,
    /// Where that building, or the asset, stands.
    point: Option<Point>,
    /// The asset, and what class it has.
    asset: Option<String>,
    class: Option<String>,
    holder: String,
}

impl Spot {
    /// The place that everybody may know.
    pub fn shown(&self, new: &NewReport, visibility: Visibility) -> Option<Point> {
        let reported = new.lat.zip(new.lon).map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 });
        whereabouts::public(visibility, self.point, reported)
    }

    /// The same place, with another desk that holds the case first.
    pub fn held_by(self, body: &str) -> Spot {
        Spot { holder: body.to_owned(), ..self }
    }

    /// Path of the area.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Like [`locate`], remembering what it found for a building or area while areas and organisations stay as they are: in a
/// storm of reports the same dozen look-ups would be most of the work.
pub fn place(app: &App, new: &NewReport) -> Result<Spot> {
    /// Places that are remembered; when there are more, all are forgotten.
    const MOST: usize = 10_000;
    type Known = HashMap<String, (i64, Spot)>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    if new.lat.is_some() || new.asset.is_some() {
        return app.db.read(|r| locate(r, new));
    }
    // Several nodes may live in one process (tests): the log's name keeps them apart.
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let key = format!("{} {} {}", app.db.origin(), text(&new.building), text(&new.area));
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    app.db.read(|r| {
        let version = area::version(r)?;
        if let Some((_, spot)) = known().get_or_insert_default().get(&key).filter(|(v, _)| *v == version) {
            return Ok(spot.clone());
        }
        let spot = locate(r, new)?;
        let mut known = known();
        let known = known.get_or_insert_default();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (version, spot.clone()));
        Ok(spot)
    })
}

/// Finds the place: asset, then building, then point, then area code; else the default desk's area. Never fails for a place.
pub fn locate(q: &mut dyn Query, new: &NewReport) -> Result<Spot> {
    let mut building = match &new.building {
        Some(id) => area::building(q, id)?,
        None => None,
    };
    let point = new.lat.zip(new.lon).map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 });
    // An asset says best where it is; a code that nobody knows says nothing, and the report is taken all the same.
    let asset = match &new.asset {
        Some(code) => asset::by_code(q, code)?,
        None => None,
    };
    if let Some(a) = &asset
        && let Some(at) = area::by_id(q, &a.area)?
    {
        let desk = party::desk_of(q, &at.id)?;
        return Ok(Spot {
            area: at.id,
            path: at.path,
            point: a.point,
            building: building.filter(|b| b.area == a.area).map(|b| b.id),
            asset: Some(a.id.clone()),
            class: a.class.clone(),
            holder: desk.id,
        });
    }
    let mut found = match &building {
        Some(b) => area::by_id(q, &b.area)?,
        None => None,
    };
    // Somebody chose another community after the building: the later choice is meant.
    if let (Some(at), Some(code)) = (&found, &new.area)
        && area::by_code(q, code)?.is_some_and(|a| !at.path.starts_with(&a.path))
    {
        (found, building) = (None, None);
    }
    if let (None, Some(p)) = (&found, point) {
        found = area::grid_at(q, p)?;
    }
    if let (None, Some(code)) = (&found, &new.area) {
        found = area::by_code(q, code)?;
    }
    let desk = match &found {
        Some(a) => party::desk_of(q, &a.id)?,
        None => party::default_desk(q)?,
    };
    let place = match found {
        Some(a) => a,
        None => area::by_id(q, &desk.area)?.ok_or_else(|| store::Error::Corrupt("a desk without area".into()))?,
    };
    Ok(Spot {
        area: place.id,
        path: place.path,
        point: building.as_ref().and_then(|b| b.point),
        building: building.map(|b| b.id),
        asset: None,
        class: None,
        holder: desk.id,
    })
}

/// A report that is written.
#[derive(Clone, Debug)]
pub struct Made {
    /// Id of the case.
    pub id: String,
    /// Its number.
    pub number: String,
}

/// Answers as one sealed element: `{"code": ["value", …]}`.
fn answers(all: &[(String, String)]) -> String {
    let mut map: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (code, value) in all {
        map.entry(code).or_default().push(value);
    }
    json!(map).to_string()
}

/// Writes a report. `zone` decides the day in its number.
pub fn make(
    tx: &mut Tx,
    book: &Rulebook,
    who: &Who,
    new: &NewReport,
    spot: &Spot,
    zone: &jiff::tz::TimeZone,
) -> Result<(Made, Logged)> {
    if new.admission.is_none() && new.class.as_deref().is_some_and(|c| book.classes.is_handed(c)) {
        return Err(Kind::NotAdmitted.at("class"));
    }
    let holder = match &new.about {
        Some(about) => complaint::answers(&book.chart, about)?.id.clone(),
        None => spot.holder.clone(),
    };
    let now = tx.now();
    let id = new.id.clone().unwrap_or_else(|| tx.id());
    let day = time::day_number(now, zone);
    let sql = "insert into day_number(day, n) values ($1, 1) on conflict(day) do update set n = day_number.n + 1 returning n";
    let n = tx.count(sql, params![&day])?;
    let number = format!("{day}-{n:04}");
    // What came before it was written has run since then; nothing comes from the future.
    let from = new.received.unwrap_or(now).min(now);
    let mut case = Case {
        number,
        class: new.class.clone().or_else(|| spot.class.clone().filter(|c| book.classes.get(c).is_some())),
        pack: book.classes.version,
        area: spot.area.clone(),
        path: spot.path.clone(),
        building: spot.building.clone(),
        asset: spot.asset.clone(),
        channel: new.channel.clone(),
        source: new.source.clone(),
        received_at: from,
        about: new.about.clone(),
        holder: Some(holder.clone()),
        holder_since: Some(from),
        hold_from: Some(from),
        updated_at: now,
        ..Case::empty(&id, State::Received)
    };
    let shown = book.class(&case).visibility;
    whereabouts::set(&mut case, spot.shown(new, shown));
    clock::start(book, Stage::Receive, from, &mut case);
    // A clerk who writes for somebody is the actor, not the reporter: the owner of the words is then the case itself.
    let reporter = who.person.as_deref().filter(|_| new.channel == "web" || new.channel == "patrol");
    let owner = reporter.unwrap_or(&id).to_owned();
    if reporter.is_none() {
        tx.new_owner(&owner)?;
    }
    (case.owner, case.reporter) = (owner, reporter.map(str::to_owned));
    let logged = log(tx, who, new, &case)?;
    case.log_seq = logged.index;
    ledger::tally(tx, &spot.area, State::Received, 1);
    put(tx, &case);
    if !new.media.is_empty() {
        crate::base::media::attach(tx, &new.media, &id, "report", who)?;
    }
    Ok((Made { id, number: case.number }, logged))
}

/// Logs the report: what was said lies sealed beside the entry, under the key of its owner.
fn log(tx: &mut Tx, who: &Who, new: &NewReport, case: &Case) -> Result<Logged> {
    let entry = Entry {
        actor: who.actor(),
        role: who.roles.first().map(|r| r.kind.as_str()),
        area: Some(&case.area),
        owner: Some(&case.owner),
        ..Entry::new("case.report", "case", &case.id)
    };
    let entry = entry
        .fact("state", State::Received.as_str())
        .fact("number", case.number.as_str())
        .fact_opt("holder", case.holder.as_deref())
        .fact_opt("about", new.about.as_deref())
        .fact_opt("due", case.due_at)
        .fact("channel", new.channel.as_str())
        .fact_opt("relation", new.proxy.as_ref().map(|p| p.relation.as_str()))
        .fact_opt("knows", new.proxy.as_ref().map(|p| i64::from(p.knows)))
        .fact_opt("received", new.received.map(|_| case.received_at))
        .fact_opt("class", case.class.as_deref())
        .fact("counts", "received")
        .fact_opt("of_class", case.class.as_deref())
        .fact_opt("asset", case.asset.as_deref())
        .fact_opt("source", new.source.as_deref())
        .fact_opt("copy", case.is_copy().then_some(1))
        .fact_opt("admission", new.admission.as_deref())
        .fact_opt("wish", new.wish.as_deref().filter(|_| new.contact_phone.is_some()))
        .element("case.text", new.text.as_deref())
        // A code that nobody knows is still what the reporter said about the place.
        .element("case.address", new.address.as_deref().or(new.asset.as_deref().filter(|_| case.asset.is_none())))
        .element("case.lat", new.lat)
        .element("case.lon", new.lon)
        .element("case.contact_name", new.contact_name.as_deref())
        .element("case.contact_phone", new.contact_phone.as_deref())
        .element("case.answers", (!new.answers.is_empty()).then(|| answers(&new.answers)))
        .element("case.media", (!new.media.is_empty()).then(|| new.media.join(" ")))
        // The class the reporter chose is part of what he can prove, and gives every receipt at least one element.
        .element("case.class", Some(new.class.as_deref().unwrap_or("")));
    Ok(tx.log(entry)?)
}
