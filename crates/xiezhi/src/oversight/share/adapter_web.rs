//! Adapters for the administrator: what there is, a new one, a try, the end; the test of a resource.
//!
//! What must stay true: a try shows what would come in and writes nothing; of what is somebody's own it shows that it is there,
//! not what it says; a secret is never shown again, a drawn one once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::adapter::{self, Adapter, Flow, New, Paging, Settings, administers};
use super::data;
use super::quality::{self, FieldTest};
use super::request;
use super::resource::{self, Resource};
use super::resource_web::book_of;
use super::rules::{self, Ask, Way};
use super::schema::Fault;
use super::{wire, works};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::MINUTE;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of adapters.
pub const ROUTES: &[Route] = &[
    Route::get("/share/adapters", May::Admin, list, "Adapters: from where rows are fetched, to where they are sent.").gives::<List>(),
    Route::post(
        "/share/adapters",
        May::Admin,
        add,
        "Adds one: `{resource, kind: pull|push, url, secret?, every_minutes?, request? (push), settings? (pull): {list, map, query, header, \
         version_at, paging: none|page|cursor, param, next}}`; a drawn secret is shown once.",
    )
    .gives::<List>(),
    Route::post("/share/adapters/{id}/try", May::Admin, try_it, "What would come in, without writing it.").gives::<Tried>(),
    Route::post("/share/adapters/{id}/end", May::Admin, end, "Ends one."),
    Route::post("/share/resources/{code}/test", May::SignedIn, test, "Does the answer of its adapter fit its fields? Field by field.")
        .gives::<Tested>(),
];

/// Adapters, resources and requests that the page shows; rows of a try.
const SHOWN: i64 = 300;
const ROWS: usize = 20;

#[derive(Serialize, JsonSchema)]
struct AdapterView {
    id: String,
    code: String,
    title: String,
    kind: &'static str,
    url: String,
    every_minutes: i64,
    request: Option<String>,
    next_at: Option<String>,
    /// Code of what went wrong; texts are `share-trouble-<code>` or the general one.
    error: Option<String>,
    said: Option<String>,
    tries: i64,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<AdapterView>,
    resources: Vec<Choice>,
    requests: Vec<Choice>,
    pagings: Vec<&'static str>,
    /// The secret that was drawn just now.
    made: Option<String>,
}

/// What people read of a trouble: its kind, and what the other side said.
fn trouble(line: &str) -> (String, String) {
    let (code, said) = line.split_once(' ').unwrap_or((line, ""));
    let kind = match code.split('-').next().unwrap_or_default() {
        known @ ("network" | "answer" | "http" | "redirect" | "closed" | "schema" | "all" | "too") => known,
        _ => "other",
    };
    (kind.to_owned(), said.to_owned())
}

fn view(req: &Req, one: Adapter, of: &Resource) -> AdapterView {
    let told = one.error.as_deref().map(trouble);
    AdapterView {
        id: one.id,
        code: of.code.clone(),
        title: of.title.clone(),
        kind: one.kind.as_str(),
        url: one.url,
        every_minutes: one.every / MINUTE,
        request: one.request,
        next_at: one.next_at.map(|at| req.app.time(at)),
        error: told.as_ref().map(|t| t.0.clone()),
        said: told.map(|t| t.1).filter(|s| !s.is_empty()),
        tries: one.tries,
    }
}

fn all(req: &Req, made: Option<String>) -> Result<List> {
    req.app.db.read(|r| {
        let mut items = Vec::new();
        for one in adapter::listed(r, "ended_at is null order by made_at, id limit $1", store::params![SHOWN])? {
            let of = resource::by_id(r, &one.resource)?;
            if administers(&req.who, &of.path) {
                items.push(view(req, one, &of));
            }
        }
        let (mut resources, mut requests) = (Vec::new(), Vec::new());
        for of in resource::listed(r, "state = 'published' order by title, code limit $1", store::params![SHOWN])? {
            if !administers(&req.who, &of.path) {
                continue;
            }
            let filter = "resource = $1 and state = $2 and way = $3 order by number limit 50";
            for one in request::listed(r, filter, store::params![&of.id, Ask::Granted, Way::Push])? {
                requests.push(Choice { name: format!("{} {}", one.number, of.title), id: one.number });
            }
            resources.push(Choice { id: of.code, name: of.title });
        }
        Ok::<_, Error>(List { items, resources, requests, pagings: Paging::ALL.iter().map(|p| p.as_str()).collect(), made })
    })
}

fn list(req: &Req) -> Result<Reply> {
    req.page("oversight/share/adapters.html", &all(req, None)?)
}

/// Settings as JSON has them, or as the form does: a field and its place in each line.
fn settings(input: &Input) -> Result<Settings> {
    if let Some(all) = input.0.get("settings").filter(|s| s.is_object()) {
        let mut settings: Settings = serde_json::from_value(all.clone()).map_err(|_| Kind::WrongType.at("settings"))?;
        if settings.paging.is_empty() {
            settings.paging = Paging::None.as_str().into();
        }
        return Ok(settings);
    }
    let pairs = |name: &'static str| -> Result<BTreeMap<String, String>> {
        let text = input.text(name, 4_000)?.unwrap_or_default();
        let mut out = BTreeMap::new();
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let (field, place) = line.split_once('=').ok_or_else(|| Kind::BadLine.at(name).limit(n as i64 + 1))?;
            out.insert(field.trim().to_owned(), place.trim().to_owned());
        }
        Ok(out)
    };
    let text = |name: &'static str| -> Result<String> { Ok(input.text(name, 200)?.unwrap_or_default()) };
    Ok(Settings {
        list: text("list")?,
        map: pairs("map")?,
        query: pairs("query")?,
        header: text("header")?,
        version_at: text("version_at")?,
        paging: input.text("paging", 10)?.unwrap_or_else(|| Paging::None.as_str().into()),
        param: text("param")?,
        next: text("next")?,
    })
}

fn add(req: &Req) -> Result<Reply> {
    req.myself()?;
    let input = req.input()?;
    let kind = Flow::parse(&input.need("kind", 10)?).ok_or_else(|| Kind::Unknown.at("kind"))?;
    let given = input.text("secret", 500)?;
    let drawn = (kind == Flow::Push && given.is_none()).then(|| adapter::drawn(req.app.random()));
    let new = New {
        resource: input.need("resource", rules::CODE)?,
        kind,
        url: input.need("url", 500)?,
        secret: given.or(drawn.clone()),
        settings: settings(&input)?,
        every: input.int("every_minutes", 1, 44_640)?.unwrap_or(60) * MINUTE,
        request: input.text("request", 20)?,
    };
    let who = req.who.clone();
    let fresh = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let made = fresh.clone();
    req.once(move |tx| {
        let id = adapter::add(tx, &who, &new)?;
        made.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(id)
    })?;
    // A repetition drew another secret, which is nobody's.
    let shown = drawn.filter(|_| fresh.load(std::sync::atomic::Ordering::Relaxed));
    let page = req.page("oversight/share/adapters.html", &all(req, shown)?)?;
    let status = if req.wants_json() { 201 } else { 200 };
    Ok(page.status(status).header("cache-control", "no-store"))
}

fn end(req: &Req) -> Result<Reply> {
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| adapter::end(tx, &who, &id).map(|()| String::new()))?;
    req.done("/share/adapters?done=ended", 200, || all(req, None))
}

/// What would come in.
#[derive(Serialize, JsonSchema)]
struct Tried {
    code: String,
    title: String,
    came: usize,
    fits: usize,
    heads: Vec<String>,
    /// The first rows; what is somebody's own is hidden.
    rows: Vec<Vec<String>>,
    faults: Vec<Fault>,
    test: Vec<FieldTest>,
    error: Option<String>,
    said: Option<String>,
}

fn try_it(req: &Req) -> Result<Reply> {
    let (one, of) = req.app.db.read(|r| {
        let one = adapter::by_id(r, req.param("id"))?;
        let of = resource::by_id(r, &one.resource)?;
        Ok::<_, Error>((one, of))
    })?;
    if !administers(&req.who, &of.path) {
        return Err(Kind::Denied.into());
    }
    if one.kind != Flow::Pull || one.ended_at.is_some() {
        return Err(Kind::State.into());
    }
    let fields = of.fields();
    let mut view = Tried {
        code: of.code.clone(),
        title: of.title.clone(),
        came: 0,
        fits: 0,
        heads: fields.iter().map(|f| f.title.clone()).collect(),
        rows: Vec::new(),
        faults: Vec::new(),
        test: Vec::new(),
        error: None,
        said: None,
    };
    match wire::fetch(req.app, &book_of(req, &of.code)?, &of, &one, true) {
        Ok(batch) => {
            let today = data::today(req.app, req.now);
            let checked = data::check(&fields, &batch.rows, &today);
            (view.came, view.fits) = (batch.rows.len(), checked.good().len());
            view.faults = checked.faults().iter().take(ROWS).cloned().collect();
            let cell = |f: &super::schema::Field, v: &super::schema::Values| match v.get(&f.name) {
                Some(_) if f.is_personal() => "＊".to_owned(),
                Some(text) => text.chars().take(60).collect(),
                None => String::new(),
            };
            view.rows = batch.rows.iter().take(ROWS).map(|(_, v)| fields.iter().map(|f| cell(f, v)).collect()).collect();
            view.test = quality::fields(&of, &batch, &today);
        }
        Err(told) => {
            let (kind, said) = trouble(&told.line());
            (view.error, view.said) = (Some(kind), Some(said).filter(|s| !s.is_empty()));
        }
    }
    req.page("oversight/share/tried.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Tested {
    fine: bool,
    fields: Vec<FieldTest>,
}

fn test(req: &Req) -> Result<Reply> {
    let of = req.app.db.read(|r| resource::by_code(r, req.param("code")))?;
    if !works(&req.who, &of.body) && !administers(&req.who, &of.path) {
        return Err(Kind::Denied.into());
    }
    let fields = quality::test(req.app, &req.who, &of)?;
    let path = format!("/share/resources/{}?done=tested", of.code);
    req.done(&path, 200, || Ok(Tested { fine: fields.iter().all(|f| f.fine), fields }))
}
