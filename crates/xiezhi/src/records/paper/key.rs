//! A form that came back: found by its number, keyed in the order of the paper, or shown with the case made from it.
//!
//! What must stay true: what a clerk typed is never lost by a mistake in it; a form is keyed once, whoever else keys it in
//! the same moment; whoever else scans its code is shown how to report, and learns nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, params};

use super::rules::{self, Serial};
use super::{BATCH, Batch, Form, batch, form, place, print, serial};
use crate::base::catalogue::{Look, Relation};
use crate::base::{area, classes, media, notice, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, time, tries};
use crate::records::case::report::{self, MAX_TEXT, NewReport, WISHES};
use crate::records::case::{self, Case, Rulebook, tracking_code, view};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/paper/key", May::Staff, ask, "Where the number of a form is typed; `serial` leads to it.").gives::<Ask>(),
    Route::get("/paper/{serial}", May::Anyone, open, "A form on paper, to be keyed or as it was keyed.").gives::<Keying>(),
    Route::post(
        "/paper/{serial}",
        May::Staff,
        key,
        "Keys a form: `{class?, text?, address?, contact_name?, contact_phone?, contact_wish?, written_on?, handed_on, late_reason?}`; \
         once keyed, the answer is the case made from it.",
    ),
    Route::get("/paper/{serial}/scans/{id}", May::Staff, scan, "The picture of a form, for its desk."),
];

/// Pictures of one form: front and back.
const SCANS: usize = 2;
/// Letters of a reason.
const REASON: usize = 200;
/// What a clerk types, in the order of the paper.
const FIELDS: [&str; 9] =
    ["class", "text", "address", "contact_name", "contact_phone", "contact_wish", "written_on", "handed_on", "late_reason"];

#[derive(Default, Serialize, JsonSchema)]
struct Ask {
    serial: String,
    error: Option<String>,
    /// Forms keyed today.
    today: i64,
    /// The case made from the form just keyed, and its tracking code for a receipt.
    done: Option<Done>,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    number: String,
    code: String,
}

/// A form by its number, however it was typed.
struct Found {
    serial: String,
    batch: Batch,
    form: Option<Form>,
}

/// Finds a form for a desk. Guessing numbers is slowed.
fn find(req: &Req, typed: &str) -> Result<Found> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    let keys = tries::keys("paper", req.person()?, req.ip);
    req.app.tries.check(&keys, req.now)?;
    let read = Serial::parse(typed).filter(|s| serial(&req.app.db, s.batch, s.form).check == s.check);
    let found = req.app.db.read(|r| {
        let Some(read) = &read else { return Ok::<_, Error>(None) };
        let row = r.row(&format!("select {BATCH} from paper_batch where num = $1"), params![read.batch])?;
        let Some(batch) = row.as_ref().map(batch).transpose()?.filter(|b| (1..=b.forms).contains(&read.form)) else {
            return Ok(None);
        };
        let serial = read.to_string();
        Ok(Some(Found { form: form(r, &serial)?, serial, batch }))
    })?;
    let Some(found) = found else {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::WrongSerial.at("serial"));
    };
    if req.who.desk_over(&found.batch.path).is_none() {
        return Err(Kind::ForeignSerial.at("serial"));
    }
    // What was keyed before the batch was withdrawn is still shown.
    if found.batch.void_at.is_some() && found.form.is_none() {
        return Err(Kind::VoidSerial.at("serial"));
    }
    Ok(found)
}

fn ask(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    let typed = req.query.get("serial").unwrap_or_default().trim().to_owned();
    if !typed.is_empty() {
        return match find(req, &typed) {
            Ok(found) => Ok(Reply::see_other(req.url(&format!("/paper/{}", found.serial)))),
            Err(e) => refused(req, typed, e),
        };
    }
    let view = req.app.db.read(|r| {
        let done = match req.query.get("done") {
            Some(number) => case::by_number(r, number)?,
            None => None,
        };
        let done = done.filter(|c| c.channel == "paper" && req.who.desk_over(&c.path).is_some());
        let done = done.map(|c| Done { code: tracking_code(&req.app.db, &c.id), number: c.number });
        Ok::<_, Error>(Ask { today: print::today(req, r)?, done, ..Ask::default() })
    })?;
    Ok(req.page("records/paper/ask.html", &view)?.header("cache-control", "no-store"))
}

/// A number that leads nowhere: said where it can be typed again.
fn refused(req: &Req, typed: String, e: Error) -> Result<Reply> {
    if req.wants_json() || !matches!(e.kind, Kind::WrongSerial | Kind::ForeignSerial | Kind::VoidSerial) {
        return Err(e);
    }
    let today = req.app.db.read(|r| print::today(req, r))?;
    let view = Ask { serial: typed.chars().take(40).collect(), error: Some(req.error_text(&e)), today, done: None };
    Ok(req.page("records/paper/ask.html", &view)?.status(e.kind.status()))
}

#[derive(Serialize, JsonSchema)]
struct Keying {
    serial: String,
    place: String,
    /// The boxes in their order on the paper, then every other class.
    classes: Vec<Choice>,
    /// The buildings to choose from, when the form is for none in particular.
    buildings: Vec<Place>,
    wishes: Vec<&'static str>,
    values: BTreeMap<String, String>,
    /// No later day can be chosen.
    max: String,
    max_text: usize,
    today: i64,
    error: Option<String>,
    field: Option<String>,
    /// The case made from it, once it is keyed.
    keyed: Option<Keyed>,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    code: String,
    /// Number of its box.
    n: Option<usize>,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Keyed {
    number: String,
    state: &'static str,
    written_on: Option<String>,
    handed_on: String,
    received_at: String,
    keyed_at: String,
    /// Why it was keyed late.
    late_reason: Option<String>,
    scans: Vec<String>,
}

fn open(req: &Req) -> Result<Reply> {
    if req.who.nearest_desk().is_none() {
        // Somebody scanned the form in his stairwell: he may as well report with the phone in his hand.
        return if req.wants_json() { Err(Kind::Denied.into()) } else { req.page("records/paper/stranger.html", &()) };
    }
    match find(req, req.param("serial")) {
        Ok(found) => show(req, &found, BTreeMap::new(), None),
        Err(e) => refused(req, req.param("serial").to_owned(), e),
    }
}

fn show(req: &Req, found: &Found, mut values: BTreeMap<String, String>, error: Option<Error>) -> Result<Reply> {
    let today = time::rfc3339(req.now, &req.app.config.zone)[..10].to_owned();
    for name in FIELDS {
        values.entry(name.into()).or_insert_with(|| if name == "handed_on" { today.clone() } else { String::new() });
    }
    values.entry("building".into()).or_default();
    let mut look = Look::new(&req.who, "paper");
    let view = req.app.db.read(|r| {
        let all = classes::read_now(r, req.app)?;
        let boxes = &found.batch.classes;
        let boxed = boxes.iter().enumerate().map(|(i, c)| (Some(i + 1), c));
        let rest = all.order.iter().filter(|c| !boxes.contains(c)).map(|c| (None, c));
        let choice = |(n, c): (Option<usize>, &String)| Choice { code: c.clone(), n, name: all.label(c, req.lang).to_owned() };
        let buildings = if found.batch.building.is_some() { Vec::new() } else { area::buildings(r, &found.batch.path)? };
        Ok::<_, Error>(Keying {
            serial: found.serial.clone(),
            place: place(r, &found.batch)?,
            classes: boxed.chain(rest).map(choice).collect(),
            buildings: buildings.into_iter().map(|b| Place { id: b.id, name: b.address }).collect(),
            wishes: WISHES.into_iter().filter(|w| *w != "sms" || notice::channel::state(req.app, "sms") == "ready").collect(),
            values,
            max: today,
            max_text: MAX_TEXT,
            today: print::today(req, r)?,
            field: error.as_ref().and_then(|e| e.field.as_deref().map(str::to_owned)),
            error: error.as_ref().map(|e| req.error_text(e)),
            keyed: found.form.as_ref().map(|f| keyed(req, r, f, &mut look)).transpose()?,
        })
    })?;
    look.record(req.app)?;
    let status = error.map_or(200, |e| e.kind.status());
    Ok(req.page("records/paper/key.html", &view)?.status(status).header("cache-control", "no-store"))
}

/// How this reader stands to the case made from a form.
fn stands(req: &Req, q: &mut dyn Query, case: &Case) -> Result<Relation> {
    let chart = party::Chart::read(q, req.app)?;
    Ok(view::relation(case, &req.who, false, &chart, false))
}

fn keyed(req: &Req, q: &mut dyn Query, form: &Form, look: &mut Look) -> Result<Keyed> {
    let case = case::by_id(q, &form.case_id)?.ok_or(Kind::NotFound)?;
    let relation = stands(req, q, &case)?;
    let reason = q.history(&form.serial)?.iter().find_map(|w| w.element("case.memo").map(str::to_owned));
    let scans = media::of(q, &form.serial)?;
    let mut seen = |element: &'static str, v: String| look.at(&case.graded(element, v), relation);
    Ok(Keyed {
        late_reason: reason.and_then(|r| seen("case.memo", r)),
        scans: scans
            .into_iter()
            .filter(|m| relation != Relation::Above && seen("case.paper", m.id.clone()).is_some())
            .map(|m| m.id)
            .collect(),
        number: case.number.clone(),
        state: case.state.as_str(),
        written_on: form.written_on.clone(),
        handed_on: form.handed_on.clone(),
        received_at: req.app.time(case.received_at),
        keyed_at: req.app.time(form.keyed_at),
    })
}

/// What is to be written for a form.
struct Ready {
    new: NewReport,
    written_on: Option<String>,
    handed_on: String,
    reason: Option<String>,
}

/// Reads and checks what was typed.
fn check(req: &Req, found: &Found, book: &Rulebook) -> Result<Ready> {
    let mut input = req.input()?;
    let zone = &req.app.config.zone;
    let handed_on = input.need("handed_on", 10)?;
    let (reason, written_on) = (input.text("late_reason", REASON)?, input.text("written_on", 10)?);
    let received = rules::received(&handed_on, reason.is_some(), req.now, zone)?;
    if let Some(day) = &written_on {
        rules::written(day, &handed_on, zone)?;
    }
    // Somebody who only ticked a box has said what it is.
    if let (None, Some(class)) = (input.text("text", MAX_TEXT)?, input.text("class", 40)?) {
        let name = book.classes.get(&class).map(|c| c.name.zh.clone()).ok_or_else(|| Kind::Unknown.at("class"))?;
        input.0.insert("text".into(), name.into());
    }
    if let Some(building) = &found.batch.building {
        input.0.insert("building".into(), building.as_str().into());
    }
    for foreign in ["media", "area", "place", "contact", "asset", "lat", "lon"] {
        input.0.remove(foreign);
    }
    input.0.insert("channel".into(), "paper".into());
    let mut new = NewReport::parse(&input, true, &book.classes)?;
    let path = &found.batch.path;
    new.area = req.app.db.read(|r| {
        let building = new.building.as_ref().map(|id| area::building(r, id)).transpose()?;
        if let Some(building) = building {
            let inside =
                building.map(|b| area::by_id(r, &b.area)).transpose()?.flatten().is_some_and(|a| a.path.starts_with(path));
            return if inside { Ok(None) } else { Err(Kind::Unknown.at("building")) };
        }
        Ok::<_, Error>(area::by_id(r, &found.batch.area)?.map(|a| a.code))
    })?;
    new.received = Some(received);
    Ok(Ready { new, written_on, handed_on, reason })
}

fn key(req: &Req) -> Result<Reply> {
    let found = match find(req, req.param("serial")) {
        Ok(found) => found,
        Err(e) => return refused(req, req.param("serial").to_owned(), e),
    };
    if let Some(form) = &found.form {
        return answer(req, &found.serial, &form.case_id, true);
    }
    let book = Rulebook::now(req.app)?;
    let ready = match check(req, &found, &book) {
        Ok(ready) => ready,
        Err(e) if !req.wants_json() => return show(req, &found, typed(req), Some(e)),
        Err(e) => return Err(e),
    };
    let mut scans = req.input()?.list("media", SCANS)?;
    scans.extend(media::web::keep_files(req)?);
    if scans.len() > SCANS {
        return Err(Kind::TooMany.at("media").limit(SCANS as i64));
    }
    let spot = report::place(req.app, &ready.new)?;
    let (who, zone, serial) = (req.who.clone(), req.app.config.zone.clone(), found.serial.clone());
    // No key of the client's: the number of the form is one.
    let (id, fresh) = req.app.db.write(move |tx| {
        if let Some(form) = form(tx, &serial)? {
            return Ok::<_, Error>((form.case_id, false));
        }
        if tx.count("select count(*) from paper_batch where id = $1 and void_at is not null", params![&found.batch.id])? > 0 {
            return Err(Kind::VoidSerial.at("serial"));
        }
        let (made, _) = report::make(tx, &book, &who, &ready.new, &spot, &zone)?;
        let now = tx.now();
        tx.exec(
            "insert into paper_form(code, batch, case_id, keyed_by, keyed_at, written_on, handed_on) values ($1, $2, $3, $4, $5, $6, $7)",
            params![&serial, &found.batch.id, &made.id, who.person.as_deref(), now, &ready.written_on, &ready.handed_on],
        )?;
        media::attach(tx, &scans, &serial, "paper", &who)?;
        let entry = Entry {
            actor: who.actor(),
            role: who.roles.first().map(|r| r.kind.as_str()),
            area: Some(&found.batch.area),
            owner: Some(&made.id),
            ..Entry::new("paper.key", "form", &serial)
        };
        let entry = entry.fact("number", made.number.as_str()).fact("handed_on", ready.handed_on.as_str());
        let entry = entry.fact_opt("written_on", ready.written_on.as_deref()).fact("scans", scans.len());
        tx.log(entry.element("case.memo", ready.reason.as_deref()))?;
        Ok((made.id, true))
    })?.value;
    answer(req, req.param("serial"), &id, !fresh)
}

/// What was typed, to be shown again.
fn typed(req: &Req) -> BTreeMap<String, String> {
    let names = FIELDS.iter().chain(&["building"]);
    names.map(|n| ((*n).to_owned(), req.form.get(n).unwrap_or_default().to_owned())).collect()
}

/// The case made from a form: now, or before.
fn answer(req: &Req, serial: &str, id: &str, before: bool) -> Result<Reply> {
    let case = req.app.db.read(|r| case::by_id(r, id))?.ok_or(Kind::NotFound)?;
    if !req.wants_json() {
        let next = if before { format!("/paper/{serial}") } else { format!("/paper/key?done={}", case.number) };
        return Ok(Reply::see_other(req.url(&next)));
    }
    let code = tracking_code(&req.app.db, id);
    let body = serde_json::json!({ "serial": serial, "number": case.number, "code": code, "before": before });
    Ok(Reply::json(&body)?.status(if before { 200 } else { 201 }))
}

fn scan(req: &Req) -> Result<Reply> {
    let found = find(req, req.param("serial"))?;
    let form = found.form.ok_or(Kind::NotFound)?;
    let id = req.param("id");
    let mut look = Look::new(&req.who, "paper");
    let given = req.app.db.read(|r| {
        let case = case::by_id(r, &form.case_id)?.ok_or(Kind::NotFound)?;
        let relation = stands(req, r, &case)?;
        let seen = look.at(&case.graded("case.paper", id.to_owned()), relation);
        Ok::<_, Error>(relation != Relation::Above && seen.is_some_and(|seen| seen == id))
    })?;
    if !given {
        return Err(Kind::NotFound.into());
    }
    let (bytes, kind) = media::bytes(req.app, &found.serial, id)?;
    look.record(req.app)?;
    Ok(Reply::of(kind, bytes).header("cache-control", "private, max-age=60"))
}
