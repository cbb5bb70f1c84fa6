//! Pages and data of the catalogue: the list, one resource, writing it, looking at it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::{Query, params};

use super::dcat;
use super::quality::{self, Quality};
use super::request;
use super::resource::{self, New, Resource};
use super::rules::{self, State};
use super::schema::{Field, Type};
use super::{Book, StepView, code_of, desk_of, story, works};
use crate::base::area::{self, Area, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::catalogue::element::{self, Share};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::input::Input;
use crate::kit::time;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of the catalogue.
pub const ROUTES: &[Route] = &[
    Route::get("/share", May::Anyone, list, "What departments share: titles and kinds (`q`, `theme`, `kind`, `body`, `area`).").gives::<List>(),
    Route::get("/share/catalogue", May::Anyone, dcat::catalogue, "The catalogue as DCAT-AP (JSON-LD)."),
    Route::get("/share/catalogue.jsonld", May::Anyone, dcat::file, "The same as a file (`after`: a code)."),
    Route::get("/share/new", May::Staff, new, "The form of a new resource.").gives::<Edit>(),
    Route::post(
        "/share/resources",
        May::Staff,
        draft,
        "Drafts a resource: `{code, body, area?, title, title_en?, about, theme, share: unconditional|conditional|none, basis?, rhythm, since?, \
         fields: [{name, title, type, element?, list?, unit?, grade?, required?, key?, lead?}]}`.",
    )
    .gives::<Full>(),
    Route::get("/share/resources/{code}", May::Anyone, one, "One resource; its fields for staff.").gives::<Full>(),
    Route::get("/share/resources/{code}/change", May::Staff, edit, "A resource, to be changed.").gives::<Edit>(),
    Route::post("/share/resources/{code}/change", May::Staff, change, "Changes it: as for a new one.").gives::<Full>(),
    Route::post("/share/resources/{code}/submit", May::Staff, submit, "Gives a draft to the desk above.").gives::<Full>(),
    Route::post("/share/resources/{code}/check", May::Staff, check, "The desk: `{fits, why?}`.").gives::<Full>(),
    Route::post("/share/resources/{code}/withdraw", May::Staff, withdraw, "Takes it out of the catalogue: `{why}`.").gives::<Full>(),
];

/// Resources of a list.
const SHOWN: i64 = 200;
/// Fields of the form: at least, and at most.
const ROWS: (usize, usize) = (6, 20);

/// A resource in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub code: String,
    pub title: String,
    pub provider: String,
    pub place: String,
    pub theme: String,
    pub share: &'static str,
    pub rhythm: String,
    pub grade: u8,
    pub state: &'static str,
    pub due_at: Option<String>,
    pub late: bool,
}

#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    /// Of the reader's organisations, as far as they are not among those.
    mine: Vec<Item>,
    /// What waits for the reader's desk.
    waiting: Vec<Item>,
    themes: Vec<Choice>,
    q: String,
    theme: String,
    kind: String,
    may_write: bool,
    is_admin: bool,
}

fn named(req: &Req, one: &Resource) -> String {
    if req.lang == Lang::En && !one.title_en.is_empty() { one.title_en.clone() } else { one.title.clone() }
}

fn item(req: &Req, q: &mut dyn Query, book: &Book, one: &Resource) -> Result<Item> {
    Ok(Item {
        code: one.code.clone(),
        title: named(req, one),
        provider: book.chart.name(&one.body),
        place: area::by_id(q, &one.area)?.map(|a| a.name).unwrap_or_default(),
        theme: book.pack.theme_name(&one.theme, req.lang).to_owned(),
        share: one.share.as_str(),
        rhythm: one.rhythm.clone(),
        grade: one.grade(),
        state: one.state.as_str(),
        due_at: one.due_at.map(|at| req.app.time(at)),
        late: one.late > 0,
    })
}

/// The organisations for which somebody writes.
fn bodies(req: &Req) -> Vec<(String, String)> {
    let own = req.who.roles.iter().filter(|r| r.body.as_deref().is_some_and(|b| works(&req.who, b)));
    let mut out: Vec<(String, String)> = own.filter_map(|r| Some((r.body.clone()?, r.body_name.clone()?))).collect();
    out.sort();
    out.dedup();
    out
}

fn list(req: &Req) -> Result<Reply> {
    let get = |name: &str| req.query.get(name).unwrap_or_default().to_owned();
    let (words, theme, kind) = (get("q"), get("theme"), get("kind"));
    let plain: String = words.chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect::<String>().to_lowercase();
    let view = req.app.db.read(|r| {
        let book = Book::read(r, req.app, "")?;
        let path = area::around(req, r)?;
        let filter = format!(
            "{} and state = 'published' and ($3 = '' or theme = $3) and ($4 = '' or share = $4) and ($5 = '' or body = $5) \
             and ($6 = '' or lower(title) like $7 or lower(title_en) like $7 or lower(about) like $7) order by title, code limit $8",
            area::AROUND
        );
        let like = format!("%{plain}%");
        let all = resource::listed(r, &filter, params![&path, area::end_of(&path), &theme, &kind, get("body"), &plain, like, SHOWN])?;
        let mut items = Vec::new();
        for one in &all {
            items.push(item(req, r, &book, one)?);
        }
        let mut mine = Vec::new();
        for (body, _) in bodies(req) {
            let own = "body = $1 and (state in ('draft', 'checking') or pending is not null) order by made_at desc, code limit $2";
            for one in resource::listed(r, own, params![body, SHOWN])? {
                mine.push(item(req, r, &book, &one)?);
            }
        }
        let mut waiting = Vec::new();
        for one in resource::listed(r, "due_at is not null order by due_at, code limit $1", params![SHOWN])? {
            if one.desk.as_deref().is_some_and(|d| desk_of(&book, &req.who, d)) && !works(&req.who, &one.body) {
                waiting.push(item(req, r, &book, &one)?);
            }
        }
        let themes = book.pack.theme.iter();
        Ok::<_, Error>(List {
            items,
            mine,
            waiting,
            themes: themes.map(|t| Choice { id: t.id.clone(), name: book.pack.theme_name(&t.id, req.lang).into() }).collect(),
            q: words.clone(),
            theme: theme.clone(),
            kind: kind.clone(),
            may_write: !bodies(req).is_empty(),
            is_admin: req.who.is(crate::kit::RoleKind::SystemAdmin),
        })
    })?;
    req.page("oversight/share/list.html", &view)
}

/// A field as its page shows it.
#[derive(Serialize, JsonSchema)]
struct FieldView {
    name: String,
    title: String,
    kind: &'static str,
    /// Key of the name of its element.
    element: Option<String>,
    unit: Option<String>,
    list: Option<String>,
    grade: u8,
    required: bool,
    key: bool,
    lead: bool,
}

fn field_view(f: Field) -> FieldView {
    FieldView {
        kind: f.kind().as_str(),
        name: f.name,
        title: f.title,
        element: f.element.map(|e| format!("element-{}", e.replace(['.', '_'], "-"))),
        unit: f.unit,
        list: f.list,
        grade: f.grade,
        required: f.required,
        key: f.key,
        lead: f.lead,
    }
}

/// A resource as this reader sees it.
#[derive(Serialize, JsonSchema)]
struct Full {
    code: String,
    title: String,
    title_en: String,
    about: String,
    provider: String,
    provider_id: String,
    place: String,
    theme: String,
    share: &'static str,
    basis: Option<String>,
    rhythm: String,
    grade: u8,
    version: i64,
    since: String,
    state: &'static str,
    published_at: Option<String>,
    /// For staff.
    fields: Vec<FieldView>,
    own: bool,
    checks: bool,
    desk: Option<String>,
    due_at: Option<String>,
    late: bool,
    /// A change that waits for the desk: its fields.
    pending: Option<Vec<FieldView>>,
    steps: Vec<StepView>,
    may_ask: bool,
    /// For staff: how much there is, and how good.
    quality: Option<Quality>,
}

fn full(req: &Req, code: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, super::PURPOSE);
    let view = req.app.db.read(|r| {
        let one = resource::by_code(r, code)?;
        let at = code_of(r, &one.area)?;
        let book = Book::read(r, req.app, &at)?;
        let own = works(&req.who, &one.body);
        let checks = !own && one.desk.as_deref().is_some_and(|d| desk_of(&book, &req.who, d));
        let inside = own || checks || req.who.by.is_none() && req.who.desk_over(&one.path).is_some();
        if !inside && matches!(one.state, State::Draft | State::Checking) {
            return Err(Kind::NotFound.into());
        }
        let staff = req.who.is_staff();
        let quality = if staff && one.state == State::Published { Some(quality::of(req, r, &book, &one)?) } else { None };
        let steps = if inside { story(req, r, &book, &one.id, &one.code, &mut look)? } else { Vec::new() };
        Ok::<_, Error>(Full {
            title: named(req, &one),
            title_en: one.title_en.clone(),
            about: one.about.clone(),
            provider: book.chart.name(&one.body),
            provider_id: one.body.clone(),
            place: area::by_id(r, &one.area)?.map(|a| a.name).unwrap_or_default(),
            theme: book.pack.theme_name(&one.theme, req.lang).to_owned(),
            share: one.share.as_str(),
            basis: one.basis.clone(),
            rhythm: one.rhythm.clone(),
            grade: one.grade(),
            version: one.version,
            since: req.app.time(one.since),
            state: one.state.as_str(),
            published_at: one.published_at.map(|at| req.app.time(at)),
            fields: if staff { one.fields().into_iter().map(field_view).collect() } else { Vec::new() },
            own,
            checks,
            desk: one.desk.as_deref().filter(|_| inside).map(|d| book.chart.name(d)),
            due_at: one.due_at.filter(|_| inside).map(|at| req.app.time(at)),
            late: inside && one.late > 0,
            pending: one.pending().filter(|_| inside).map(|p| p.fields.into_iter().map(field_view).collect()),
            steps,
            may_ask: one.state == State::Published && one.share != Share::None && !own && !bodies(req).is_empty(),
            quality,
            code: one.code,
        })
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn shown(req: &Req, code: &str, done: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/share/resources/{code}?done={done}"), status, || full(req, code))
}

fn one(req: &Req) -> Result<Reply> {
    req.page("oversight/share/one.html", &full(req, req.param("code"))?)
}

/// A row of the form for fields.
#[derive(Serialize, JsonSchema)]
struct RowView {
    n: usize,
    name: String,
    title: String,
    kind: String,
    element: String,
    list: String,
    grade: u8,
    required: bool,
    key: bool,
    lead: bool,
}

/// The form, and what is in it so far.
#[derive(Serialize, JsonSchema)]
struct Edit {
    /// None for a new one.
    is_new: bool,
    code: String,
    title: String,
    title_en: String,
    about: String,
    theme: String,
    share: String,
    basis: String,
    rhythm: String,
    since: String,
    rows: Vec<RowView>,
    bodies: Vec<Choice>,
    areas: Vec<AreaView>,
    themes: Vec<Choice>,
    rhythms: Vec<String>,
    kinds: Vec<&'static str>,
    /// Codes of elements and keys of their names.
    elements: Vec<Choice>,
    shares: Vec<&'static str>,
}

fn form(req: &Req, one: Option<&Resource>) -> Result<Edit> {
    let (book, areas) = req.app.db.read(|r| {
        let book = Book::read(r, req.app, "")?;
        let mut areas: Vec<Area> = Vec::new();
        for (body, _) in bodies(req) {
            let seat = book.chart.body(&body).map(|b| b.area.clone()).unwrap_or_default();
            let Some(seat) = area::by_id(r, &seat)? else { continue };
            areas.extend(area::children(r, &seat.id)?.into_iter().filter(|a| a.kind != "grid"));
            areas.insert(0, seat);
        }
        areas.dedup_by(|a, b| a.id == b.id);
        Ok::<_, Error>((book, areas))
    })?;
    let said = one.and_then(Resource::pending);
    let fields = said.as_ref().map(|n| n.fields.clone()).or(one.map(Resource::fields)).unwrap_or_default();
    let count = (fields.len() + 3).clamp(ROWS.0, ROWS.1.max(fields.len()));
    let rows = (0..count).map(|n| {
        let f = fields.get(n).cloned().unwrap_or_default();
        RowView {
            n: n + 1,
            name: f.name,
            title: f.title,
            kind: f.kind,
            element: f.element.unwrap_or_default(),
            list: f.list.unwrap_or_default(),
            grade: f.grade.max(1),
            required: f.required,
            key: f.key,
            lead: f.lead,
        }
    });
    let elements = element::all().keys().filter(|c| c.starts_with("register."));
    let choice = |id: &str, name: String| Choice { id: id.to_owned(), name };
    let day = |at: i64| time::rfc3339(at, &req.app.config.zone)[..10].to_owned();
    Ok(Edit {
        is_new: one.is_none(),
        code: one.map(|o| o.code.clone()).unwrap_or_default(),
        title: one.map(|o| o.title.clone()).unwrap_or_default(),
        title_en: one.map(|o| o.title_en.clone()).unwrap_or_default(),
        about: one.map(|o| o.about.clone()).unwrap_or_default(),
        theme: one.map(|o| o.theme.clone()).unwrap_or_default(),
        share: one.map_or("conditional", |o| o.share.as_str()).to_owned(),
        basis: one.and_then(|o| o.basis.clone()).unwrap_or_default(),
        rhythm: one.map_or("monthly".to_owned(), |o| o.rhythm.clone()),
        since: day(one.map_or(req.now, |o| o.since)),
        rows: rows.collect(),
        bodies: bodies(req).into_iter().map(|(id, name)| Choice { id, name }).collect(),
        areas: areas.iter().map(Into::into).collect(),
        themes: book.pack.theme.iter().map(|t| choice(&t.id, book.pack.theme_name(&t.id, req.lang).into())).collect(),
        rhythms: book.pack.rhythm.iter().map(|r| r.id.clone()).collect(),
        kinds: Type::ALL.iter().map(|t| t.as_str()).collect(),
        elements: elements.map(|c| choice(c, format!("element-{}", c.replace(['.', '_'], "-")))).collect(),
        shares: Share::ALL.iter().map(|s| s.as_str()).collect(),
    })
}

fn new(req: &Req) -> Result<Reply> {
    if bodies(req).is_empty() {
        return Err(Kind::Denied.into());
    }
    req.page("oversight/share/edit.html", &form(req, None)?)
}

fn edit(req: &Req) -> Result<Reply> {
    let one = req.app.db.read(|r| resource::by_code(r, req.param("code")))?;
    if !works(&req.who, &one.body) {
        return Err(Kind::Denied.into());
    }
    req.page("oversight/share/edit.html", &form(req, Some(&one))?)
}

/// Fields as JSON has them (`fields`), or as the rows of the form.
fn fields(input: &Input) -> Result<Vec<Field>> {
    if let Some(all) = input.0.get("fields") {
        return serde_json::from_value(all.clone()).map_err(|_| Kind::WrongType.at("fields"));
    }
    let text = |n: usize, name: &str| {
        let said = input.0.get(&format!("f{n}_{name}")).and_then(Json::as_str).unwrap_or_default();
        said.trim().to_owned()
    };
    let mut out = Vec::new();
    for n in 1..=ROWS.1.max(60) {
        if text(n, "name").is_empty() && text(n, "title").is_empty() {
            continue;
        }
        out.push(Field {
            name: text(n, "name"),
            title: text(n, "title"),
            element: Some(text(n, "element")).filter(|t| !t.is_empty()),
            kind: text(n, "kind"),
            unit: None,
            list: Some(text(n, "list")).filter(|t| !t.is_empty()),
            grade: text(n, "grade").parse().unwrap_or(1),
            required: !text(n, "required").is_empty(),
            key: !text(n, "key").is_empty(),
            lead: !text(n, "lead").is_empty(),
        });
    }
    Ok(out)
}

fn parse(req: &Req, input: &Input) -> Result<New> {
    let since = match input.text("since", 10)? {
        Some(day) => time::day_begin(&day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("since"))?,
        None => time::day_start(req.now, &req.app.config.zone),
    };
    if since > req.now {
        return Err(Kind::OutOfRange.at("since"));
    }
    Ok(New {
        title: input.need("title", rules::TITLE)?,
        title_en: input.text("title_en", rules::TITLE)?.unwrap_or_default(),
        about: input.need("about", rules::ABOUT)?,
        theme: input.need("theme", 30)?,
        share: input.need("share", 20)?,
        basis: input.text("basis", rules::WORDS)?,
        rhythm: input.need("rhythm", 20)?,
        fields: fields(input)?,
        since,
    })
}

fn draft(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (new, code) = (parse(req, &input)?, input.need("code", rules::CODE)?);
    let mine = bodies(req);
    let body = input.text("body", 40)?.or(mine.first().map(|(id, _)| id.clone())).ok_or(Kind::Denied)?;
    let named = input.text("area", 40)?;
    let (book, place) = req.app.db.read(|r| {
        let chart = crate::base::party::Chart::read(r, req.app)?;
        let place = match &named {
            Some(code) => area::by_code(r, code)?,
            None => area::by_id(r, &chart.body(&body).map(|b| b.area.clone()).unwrap_or_default())?,
        };
        let place = place.ok_or_else(|| Kind::Unknown.at("area"))?;
        Ok::<_, Error>((Book::read(r, req.app, &place.code)?, place))
    })?;
    let who = req.who.clone();
    let code = req.once(move |tx| resource::draft(tx, &book, &who, &body, &place, &code, &new))?;
    shown(req, &code, "drafted", 201)
}

/// The rules of the place of a resource.
pub(super) fn book_of(req: &Req, code: &str) -> Result<Book> {
    req.app.db.read(|r| {
        let one = resource::by_code(r, code)?;
        let place = code_of(r, &one.area)?;
        Book::read(r, req.app, &place)
    })
}

fn change(req: &Req) -> Result<Reply> {
    let new = parse(req, &req.input()?)?;
    let (who, code, book) = (req.who.clone(), req.param("code").to_owned(), book_of(req, req.param("code"))?);
    req.once(move |tx| resource::change(tx, &book, &who, &code, &new).map(|()| String::new()))?;
    shown(req, req.param("code"), "changed", 200)
}

fn submit(req: &Req) -> Result<Reply> {
    let (who, code, book) = (req.who.clone(), req.param("code").to_owned(), book_of(req, req.param("code"))?);
    req.once(move |tx| resource::submit(tx, &book, &who, &code).map(|()| String::new()))?;
    shown(req, req.param("code"), "submitted", 200)
}

fn check(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (fits, why) = (input.flag("fits"), input.text("why", rules::WORDS)?);
    let (who, code, book) = (req.who.clone(), req.param("code").to_owned(), book_of(req, req.param("code"))?);
    req.once(move |tx| resource::check(tx, &book, &who, &code, fits, why.as_deref()).map(|()| String::new()))?;
    shown(req, req.param("code"), "checked", 200)
}

fn withdraw(req: &Req) -> Result<Reply> {
    let why = req.input()?.need("why", rules::WORDS)?;
    let (who, code, book) = (req.who.clone(), req.param("code").to_owned(), book_of(req, req.param("code"))?);
    req.once(move |tx| {
        let one = resource::withdraw(tx, &book, &who, &code, &why)?;
        request::gone(tx, &book, &who, &one, &why).map(|()| String::new())
    })?;
    shown(req, req.param("code"), "withdrawn", 200)
}
