//! Pages and data of forms: the list, a draft with what is held of it, publishing, the workbook.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::act::{self, Draft};
use super::check::{self, Field};
use super::report_web::known;
use super::{Asks, Form, KEYS, OWN, Period, Question, Record, State, around, fill, report, rules};
use crate::base::area::{self, Area};
use crate::base::catalogue::{codes, decide};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time;
use crate::kit::{Error, Reply, Req, Result, Route, foreign};
use crate::records::register::query::{self, Filter};
use crate::records::register::statistics::told;

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/forms", May::Staff, list, "Forms of my organisation, and those that I fill in.").gives::<List>(),
    Route::get("/forms/new", May::Staff, new, "A new form.").gives::<DraftView>(),
    Route::post("/forms", May::Staff, make, "Drafts a form: `title purpose record area element* a1..a6 (with _kind _choices _reason) from to sex stay tag period due`.").gives::<Made>(),
    Route::get("/forms/{id}", May::Staff, one, "A form: what of it is held, by whom, since when; how far it is.").gives::<FormView>(),
    Route::get("/forms/{id}/change", May::Staff, change, "A draft, to be changed.").gives::<DraftView>(),
    Route::get("/forms/{id}/template", May::Staff, template, "The workbook that reports are written into."),
    Route::post("/forms/{id}/change", May::Staff, change_draft, "Changes a draft: as for a new one.").gives::<FormView>(),
    Route::post("/forms/{id}/template", May::Staff, put_template, "Brings the workbook that reports are written into: `file`.").gives::<FormView>(),
    Route::post("/forms/{id}/{action}", May::Staff, act_on, "publish (`reuse`, `elsewhere`: why people are asked for what another organisation collects; 409 `already-held` lists what is held) close report.").gives::<FormView>(),
];

/// The fields of a draft that say more about a question.
const KIND: [&str; OWN] = ["a1_kind", "a2_kind", "a3_kind", "a4_kind", "a5_kind", "a6_kind"];
const CHOICES: [&str; OWN] = ["a1_choices", "a2_choices", "a3_choices", "a4_choices", "a5_choices", "a6_choices"];
const REASON: [&str; OWN] = ["a1_reason", "a2_reason", "a3_reason", "a4_reason", "a5_reason", "a6_reason"];
/// Forms that are listed, and areas to choose from.
const LISTED: i64 = 200;
const AREAS: usize = 300;

#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<RowView>,
    drafts: bool,
    /// Characters that nobody had to type, in all of these together.
    saved: i64,
    saved_words: String,
}

/// A number as people read it: `12,480`.
fn grouped(n: i64) -> String {
    let digits = n.abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[derive(Serialize, JsonSchema)]
struct RowView {
    id: String,
    title: String,
    state: &'static str,
    body: String,
    area: String,
    due: Option<String>,
    /// The reader fills it in.
    fills: bool,
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let mut all: Vec<Form> = Vec::new();
        for role in &req.who.roles {
            for form in around(r, &role.path, LISTED)? {
                if rules::sees(&req.who, &form) && all.iter().all(|f| f.id != form.id) {
                    all.push(form);
                }
            }
        }
        all.sort_by(|a, b| (b.made_at, &b.id).cmp(&(a.made_at, &a.id)));
        all.truncate(LISTED as usize);
        let mut items = Vec::new();
        for form in &all {
            items.push(RowView {
                body: party::body_by_id(r, &form.body)?.map(|b| b.name).unwrap_or_default(),
                area: area::by_id(r, &form.area)?.map(|a| a.name).unwrap_or_default(),
                id: form.id.clone(),
                title: form.title.clone(),
                state: form.state.as_str(),
                due: form.due_at.map(|at| req.app.time(at)),
                fills: form.state == State::Open && !rules::parts(&req.who, form).is_empty(),
            });
        }
        let drafts = req.who.roles.iter().any(|role| rules::drafts_for(&req.who, &role.path).is_some());
        let saved = all.iter().map(|f| f.saved).sum();
        Ok::<_, Error>(List { items, drafts, saved, saved_words: grouped(saved) })
    })?;
    req.page("records/form/list.html", &view)
}

/// What the page of a draft needs, and what is in it so far.
#[derive(Serialize, JsonSchema)]
struct DraftView {
    /// None for a new one.
    id: Option<String>,
    title: String,
    purpose: String,
    record: &'static str,
    area: String,
    purposes: Vec<&'static str>,
    areas: Vec<(String, String)>,
    records: Vec<&'static str>,
    periods: Vec<&'static str>,
    period: &'static str,
    due: String,
    elements: Vec<ElementView>,
    questions: Vec<Question>,
    kinds: [&'static str; 4],
    tags: Vec<(String, String)>,
    stays: Vec<(String, String)>,
    youngest: Option<i64>,
    oldest: Option<i64>,
    sex: String,
    stay: String,
    tag: String,
}

#[derive(Serialize, JsonSchema)]
struct ElementView {
    code: &'static str,
    text: String,
    /// Of which kind of record.
    of: &'static str,
    chosen: bool,
}

impl JsonSchema for Question {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Question".into()
    }
    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        g.subschema_for::<serde_json::Map<String, serde_json::Value>>()
    }
}

fn draft_view(req: &Req, form: Option<&Form>) -> Result<DraftView> {
    let areas = req.app.db.read(|r| {
        let mut out: Vec<Area> = Vec::new();
        for role in req.who.roles.iter().filter(|role| rules::drafts_for(&req.who, &role.path).is_some()) {
            let mut all: Vec<Area> = area::by_id(r, &role.area)?.into_iter().collect();
            for kind in ["community", "grid"] {
                all.extend(area::beneath(r, &role.path, kind)?);
            }
            for one in all {
                if out.len() < AREAS && out.iter().all(|a| a.id != one.id) {
                    out.push(one);
                }
            }
        }
        Ok::<_, Error>(out)
    })?;
    if areas.is_empty() {
        return Err(Kind::Denied.into());
    }
    let word = |list: &str| codes::of(list).map(|c| (c.code.clone(), c.word(req.lang).to_owned())).collect();
    let elements = [Record::Person, Record::Organisation].into_iter().flat_map(|record| {
        let known = query::elements(record.of()).into_iter();
        known.map(move |code| ElementView {
            text: query::name_key(code),
            chosen: form.is_some_and(|f| f.record.of() == record.of() && f.asks.elements.iter().any(|e| e == code)),
            of: record.as_str(),
            code,
        })
    });
    let mut questions: Vec<Question> = form.map(|f| f.asks.own.clone()).unwrap_or_default();
    for key in KEYS.iter().skip(questions.len()) {
        let (key, kind) = ((*key).to_owned(), "text".to_owned());
        questions.push(Question { key, label: String::new(), kind, choices: Vec::new(), reason: String::new() });
    }
    let meant = form.map(|f| f.meant.clone()).unwrap_or_default();
    let due = form.and_then(|f| f.due_at).map(|at| time::rfc3339(at - 1, &req.app.config.zone)[..10].to_owned());
    let chosen = form.and_then(|f| areas.iter().find(|a| a.id == f.area)).map(|a| a.code.clone());
    Ok(DraftView {
        id: form.map(|f| f.id.clone()),
        title: form.map(|f| f.title.clone()).unwrap_or_default(),
        purpose: form.map(|f| f.purpose.to_owned()).unwrap_or_default(),
        record: form.map_or(Record::Person, |f| f.record).as_str(),
        area: chosen.unwrap_or_default(),
        purposes: decide::purposes().iter().map(|p| p.code.as_str()).collect(),
        areas: areas.into_iter().map(|a| (a.code, a.name)).collect(),
        records: Record::ALL.iter().map(|r| r.as_str()).collect(),
        periods: Period::ALL.iter().map(|p| p.as_str()).collect(),
        period: form.map_or(Period::Once, |f| f.period).as_str(),
        due: due.unwrap_or_default(),
        elements: elements.collect(),
        questions,
        kinds: rules::KINDS,
        tags: word("tag"),
        stays: word("stay"),
        youngest: meant.from,
        oldest: meant.to,
        sex: meant.sex.unwrap_or_default(),
        stay: meant.stay.unwrap_or_default(),
        tag: meant.tag.unwrap_or_default(),
    })
}

fn new(req: &Req) -> Result<Reply> {
    req.page("records/form/new.html", &draft_view(req, None)?)
}

fn change(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    if form.state != State::Draft || !req.who.in_body(&form.body) {
        return Err(Kind::State.into());
    }
    req.page("records/form/new.html", &draft_view(req, Some(&form))?)
}

/// Reads a draft, and where it is about.
fn parse(req: &Req, input: &Input) -> Result<(Area, Draft)> {
    let code = input.need("area", 40)?;
    let place = req.app.db.read(|r| area::by_code(r, &code))?.ok_or_else(|| Kind::Unknown.at("area"))?;
    let record = input.text("record", 20)?.unwrap_or_else(|| "person".into());
    let record = Record::parse(&record).ok_or_else(|| Kind::Unknown.at("record"))?;
    let purpose = input.need("purpose", 40)?;
    if decide::purposes().iter().all(|p| p.code != purpose) {
        return Err(Kind::Unknown.at("purpose"));
    }
    let elements = query::elements(record.of());
    let mut asks = Asks::default();
    for code in input.list("element", 40)? {
        // What was ticked for another kind of record is not meant.
        match elements.iter().any(|e| *e == code) {
            true if !asks.elements.contains(&code) => asks.elements.push(code),
            true => {}
            false if crate::base::catalogue::element(&code).is_some() => {}
            false => return Err(Kind::Unknown.at("element")),
        }
    }
    for n in 0..OWN {
        let Some(label) = input.text(KEYS[n], rules::TITLE)? else { continue };
        let kind = input.text(KIND[n], 20)?.unwrap_or_else(|| "text".into());
        if !rules::KINDS.contains(&kind.as_str()) {
            return Err(Kind::Unknown.at(KIND[n]));
        }
        let choices = input.text(CHOICES[n], 400)?.unwrap_or_default();
        let choices: Vec<String> =
            choices.split(['\n', '、', ',', '，', ';', '；']).map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
        if kind == "choice" && !(2..=rules::CHOICES).contains(&choices.len()) {
            return Err(Kind::OutOfRange.at(CHOICES[n]).limit(rules::CHOICES as i64));
        }
        // A question without a reason is not asked.
        let reason = input.need(REASON[n], rules::TITLE)?;
        asks.own.push(Question { key: KEYS[n].to_owned(), label, kind, choices, reason });
    }
    let coded = |name: &'static str| -> Result<Option<String>> {
        let said = input.text(name, 40)?;
        let code = said.map(|s| codes::meant(name, &s).map(|c| c.code.clone()).ok_or_else(|| Kind::Unknown.at(name)));
        code.transpose()
    };
    let meant = Filter {
        from: input.int("from", 0, 150)?,
        to: input.int("to", 0, 150)?,
        sex: coded("sex")?,
        stay: coded("stay")?,
        tag: coded("tag")?,
        area: None,
    };
    let period = input.text("period", 20)?.unwrap_or_else(|| "once".into());
    let draft = Draft {
        title: input.need("title", rules::TITLE)?,
        purpose,
        record,
        asks,
        meant,
        period: Period::parse(&period).ok_or_else(|| Kind::Unknown.at("period"))?,
        due_at: input.until("due", &req.app.config.zone)?,
    };
    Ok((place, draft))
}

#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

fn make(req: &Req) -> Result<Reply> {
    let (place, draft) = parse(req, &req.input()?)?;
    let who = req.who.clone();
    let id = req.once(move |tx| act::draft(tx, &who, &place, &draft))?;
    if req.wants_json() {
        return Ok(Reply::json(&Made { id })?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/forms/{id}"))))
}

#[derive(Serialize, JsonSchema)]
struct FormView {
    id: String,
    title: String,
    state: &'static str,
    body: String,
    /// Id of the organisation that asks.
    asker: String,
    area: String,
    purpose: &'static str,
    record: &'static str,
    period: &'static str,
    due: Option<String>,
    fields: Vec<Field>,
    /// Fields that are held, of all.
    held: usize,
    all: usize,
    people: Option<i64>,
    saved: i64,
    saved_words: String,
    /// Of the reader's part: filled in, of all.
    done: Option<usize>,
    total: Option<usize>,
    own: bool,
    fills: bool,
    may_report: bool,
    has_template: bool,
    reports: Vec<ReportRow>,
    /// `already-held` when it was refused just now.
    code: &'static str,
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct ReportRow {
    id: String,
    period: String,
    at: String,
}

fn view(req: &Req, q: &mut dyn Query, form: &Form, code: &'static str) -> Result<FormView> {
    let check = check::look(req.app, q, &req.who, form, req.now)?;
    let fills = form.state == State::Open && !rules::parts(&req.who, form).is_empty();
    let waiting = if fills { Some(fill::waiting(req, q, form)?) } else { None };
    let saved = if form.state == State::Draft { check.saved } else { form.saved };
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("held", check.held() as i64);
    args.set("all", check.fields.len() as i64);
    Ok(FormView {
        id: form.id.clone(),
        title: form.title.clone(),
        state: form.state.as_str(),
        body: party::body_by_id(q, &form.body)?.map(|b| b.name).unwrap_or_default(),
        asker: form.body.clone(),
        area: area::by_id(q, &form.area)?.map(|a| a.name).unwrap_or_default(),
        purpose: form.purpose,
        record: form.record.as_str(),
        period: form.period.as_str(),
        due: form.due_at.map(|at| req.app.time(at)),
        held: check.held(),
        all: check.fields.len(),
        people: told(check.people, query::keeps(&req.who, &form.path)),
        saved,
        saved_words: grouped(saved),
        done: waiting.as_ref().map(|(total, left)| total - left.len()),
        total: waiting.as_ref().map(|(total, _)| *total),
        own: req.who.in_body(&form.body) && rules::drafts_for(&req.who, &form.path).is_some(),
        fills,
        may_report: form.state == State::Open && report::may(&req.who, form),
        has_template: report::template(q, &form.id)?.is_some(),
        reports: report::of_form(q, &form.id)?
            .into_iter()
            .map(|r| ReportRow { id: r.id, period: r.period, at: req.app.time(r.at) })
            .collect(),
        message: if code.is_empty() { String::new() } else { req.app.texts.get(req.lang, "form-held-says", Some(&args)) },
        code,
        fields: check.fields,
    })
}

fn one(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let form = known(req, r)?;
        view(req, r, &form, "")
    })?;
    req.page("records/form/one.html", &view)
}

fn template(req: &Req) -> Result<Reply> {
    let bytes = req.app.db.read(|r| {
        let form = known(req, r)?;
        report::book(req.app, r, &form, req.lang)
    })?;
    Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", "attachment; filename=\"template.xlsx\""))
}

fn act_on(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    let (who, id) = (req.who.clone(), form.id.clone());
    let mut to = format!("/forms/{id}");
    match req.param("action") {
        "publish" => {
            let input = req.input()?;
            let (reuse, why) = (input.flag("reuse"), input.text("elsewhere", 500)?);
            let check = req.app.db.read(|r| check::look(req.app, r, &req.who, &form, req.now))?;
            let next = rules::end(form.period, req.now, &req.app.config.zone);
            let checked = form.clone();
            let published =
                req.once(move |tx| act::publish(tx, &who, &checked, &check, reuse, why.as_deref(), next).map(|()| String::new()));
            match published {
                Err(e) if e.kind == Kind::AlreadyHeld => {
                    let view = req.app.db.read(|r| view(req, r, &form, Kind::AlreadyHeld.code()))?;
                    return Ok(req.page("records/form/one.html", &view)?.status(Kind::AlreadyHeld.status()));
                }
                published => drop(published?),
            }
        }
        "close" => drop(req.once(move |tx| act::close(tx, &who, &id).map(|()| String::new()))?),
        "report" => {
            if !report::may(&req.who, &form) {
                return Err(Kind::Denied.into());
            }
            let counted = req.app.db.read(|r| report::count(req.app, r, &form, req.now, req.now))?;
            let period = rules::name(form.period, req.now, &req.app.config.zone);
            let made = req.once(move |tx| report::keep(tx, &who, &id, &period, None, &counted))?;
            if req.wants_json() {
                return Reply::json(&Made { id: made });
            }
            to = format!("/forms/{}/reports/{made}", form.id);
        }
        _ => return Err(Kind::NotFound.into()),
    }
    done(req, &to)
}

/// The answer to what was done: the form as it is now.
fn done(req: &Req, to: &str) -> Result<Reply> {
    if !req.wants_json() {
        return Ok(Reply::see_other(req.url(to)));
    }
    let view = req.app.db.read(|r| {
        let form = known(req, r)?;
        view(req, r, &form, "")
    })?;
    Reply::json(&view)
}

fn change_draft(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    let (place, draft) = parse(req, &req.input()?)?;
    let (who, id) = (req.who.clone(), form.id.clone());
    req.once(move |tx| act::change(tx, &who, &id, &place, &draft).map(|()| String::new()))?;
    done(req, &format!("/forms/{}", form.id))
}

fn put_template(req: &Req) -> Result<Reply> {
    let form = req.app.db.read(|r| known(req, r))?;
    let file = req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty());
    let bytes = file.ok_or_else(|| Kind::Missing.at("file"))?.bytes.clone();
    report::places(req.app, &form, &bytes)?;
    let (who, id) = (req.who.clone(), form.id.clone());
    req.once(move |tx| act::template(tx, &who, &id, &bytes).map(|()| String::new()))?;
    done(req, &format!("/forms/{}", form.id))
}
