//! Cutting grids anew, as an administrator does it: send in outlines, see what that means for cases, buildings and people,
//! then say from when.
//!
//! What must stay true: a case keeps the grid of its time, whatever is cut later; roles are listed, never moved by
//! themselves, because who walks where is decided by people.

/// Drawing them.
pub mod draw;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Tx, params};

use crate::base::area::recut::{self, Plan};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Look, Relation};
use crate::base::party::admin::administers;
use crate::base::{asset, party};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms, day_begin};
use crate::kit::{App, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/grids", May::Admin, list, "Grids cut anew: what was sent in, planned and done.").gives::<List>(),
    Route::post(
        "/admin/grids",
        May::Admin,
        upload,
        "Takes outlines as a draft: multipart `file` (GeoJSON), `community`, `from` (a day), `datum`.",
    ),
    Route::get("/admin/grids/{id}", May::Admin, show, "What a cut means: grids, open cases, buildings, people.")
        .gives::<Preview>(),
    Route::post("/admin/grids/{id}", May::Admin, enable, "Says yes to a draft; it is carried out on its day."),
];
/// How far ahead grids may be cut.
const AHEAD: Ms = 730 * DAY;
/// People that a page lists.
const PEOPLE: usize = 200;

#[derive(Serialize, JsonSchema)]
struct List {
    plans: Vec<PlanView>,
    /// The community one comes from.
    community: String,
}

#[derive(Serialize, JsonSchema)]
struct PlanView {
    id: String,
    community: String,
    made_at: String,
    valid_from: String,
    /// `draft`, `planned` or `done`.
    state: &'static str,
}

/// What a cut means.
#[derive(Serialize, JsonSchema)]
pub struct Preview {
    /// Id of the cut.
    pub id: String,
    /// Code and name of the community.
    pub community: (String, String),
    /// From when.
    pub valid_from: String,
    /// `draft`, `planned` or `done`.
    pub state: &'static str,
    /// What keeps it from being carried out, in words.
    pub problems: Vec<String>,
    /// Grids that stay, end and begin.
    pub kept: Vec<GridView>,
    /// Grids that end.
    pub ended: Vec<GridView>,
    /// Grids that begin.
    pub new: Vec<GridView>,
    /// Open cases in grids that end; they stay in them.
    pub cases: i64,
    /// Buildings that move.
    pub buildings: usize,
    /// Of these: without a place, or in no new grid; they go to the community.
    pub homeless: usize,
    /// Assets that move.
    pub assets: i64,
    /// Who has a role in a grid that ends, and needs a new one.
    pub people: Vec<PersonView>,
}

/// A grid.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct GridView {
    pub code: String,
    pub name: String,
}

/// Somebody who needs a new role.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PersonView {
    pub id: String,
    pub name: Option<String>,
    pub kind: String,
    pub grid: String,
}

fn state(p: &Plan) -> &'static str {
    match (p.enabled_at, p.applied_at) {
        (_, Some(_)) => "done",
        (Some(_), None) => "planned",
        _ => "draft",
    }
}

/// A problem in words.
pub fn say(app: &App, lang: crate::kit::i18n::Lang, p: &recut::Problem) -> String {
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("grids", p.grids.join(" · "));
    args.set("metres", p.metres);
    let at = p.at.map(|(lat, lon)| format!("{lat:.6}, {lon:.6}"));
    args.set("at", at.unwrap_or_default());
    app.texts.get(lang, &format!("recut-{}", p.code), Some(&args))
}

/// What a plan means now. After it was carried out, what is left to do: the people.
pub fn preview(app: &App, lang: crate::kit::i18n::Lang, q: &mut dyn Query, plan: &Plan, look: &mut Look) -> Result<Preview> {
    let community = area::by_id(q, &plan.community)?.ok_or(Kind::NotFound)?;
    let done = plan.applied_at.is_some();
    let problems = if done { Vec::new() } else { recut::check(q, &community, &plan.grids)? };
    let effect = recut::effect(q, &community, &plan.grids)?;
    let ended = if done { ended_at(q, &community, plan.applied_at)? } else { effect.ended.clone() };
    let (mut cases, mut assets, mut people) = (0, 0, Vec::new());
    for grid in &ended {
        cases += q.count("select count(*) from cases where area = $1 and due_at is not null", params![&grid.id])?;
        assets += q.count("select count(*) from asset where area = $1", params![&grid.id])?;
        let sql = "select person, kind from role_of where area = $1 and kind in ('grid_worker', 'building_head') and valid_to is null limit 200";
        for row in q.rows(sql, params![&grid.id])? {
            if people.len() < PEOPLE {
                let id: String = row.get("person")?;
                let name = party::name_of(q, &id)?.and_then(|n| look.at(&n, Relation::Desk));
                people.push(PersonView { id, name, kind: row.get("kind")?, grid: grid.name.clone() });
            }
        }
    }
    let view = |a: &Area| GridView { code: a.code.clone(), name: a.name.clone() };
    Ok(Preview {
        id: plan.id.clone(),
        community: (community.code.clone(), community.name.clone()),
        valid_from: app.time(plan.valid_from),
        state: state(plan),
        problems: problems.iter().map(|p| say(app, lang, p)).collect(),
        kept: effect.kept.iter().map(view).collect(),
        ended: ended.iter().map(view).collect(),
        new: effect.new.iter().map(|g| GridView { code: g.code.clone(), name: g.name.clone() }).collect(),
        cases,
        buildings: effect.buildings.len(),
        homeless: effect.buildings.iter().filter(|(_, home)| home.is_none()).count(),
        assets,
        people,
    })
}

/// Grids of a community that ended at a moment.
fn ended_at(q: &mut dyn Query, community: &Area, at: Option<Ms>) -> Result<Vec<Area>> {
    let rows = q.rows("select id from area where parent = $1 and valid_to = $2 order by code", params![&community.id, at])?;
    let mut out = Vec::new();
    for row in rows {
        out.extend(area::by_id(q, &row.get::<String>("id")?)?);
    }
    Ok(out)
}

/// Enabled cuts whose moment has come.
pub fn due(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    recut::due(q, now, limit)
}

/// Carries out a cut: grids and buildings, then the assets that stand in them.
pub fn apply(tx: &mut Tx, id: &str) -> Result<()> {
    let Some(plan) = recut::by_plan(tx, id)? else { return Ok(()) };
    if let Some(done) = recut::apply(tx, id)? {
        let ended: Vec<String> = done.ended.into_iter().map(|a| a.id).collect();
        asset::rehome(tx, &ended, &done.outlines, &plan.community)?;
    }
    Ok(())
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let mut plans = Vec::new();
        for p in recut::plans(r)? {
            let Some(place) = area::by_id(r, &p.community)?.filter(|a| administers(&req.who, &a.path)) else { continue };
            let (made_at, valid_from) = (req.app.time(p.made_at), req.app.time(p.valid_from));
            plans.push(PlanView { state: state(&p), id: p.id, community: place.name, made_at, valid_from });
        }
        let community = req.query.get("community").unwrap_or_default().chars().take(40).collect();
        Ok::<_, Error>(List { plans, community })
    })?;
    req.page("records/case/recuts.html", &view)
}

fn upload(req: &Req) -> Result<Reply> {
    let some = || req.form.files.iter().filter(|f| !f.bytes.is_empty());
    let file = some().find(|f| f.field == "file").or_else(|| some().next()).ok_or_else(|| Kind::Missing.at("file"))?;
    let code = req.form.get("community").ok_or_else(|| Kind::Missing.at("community"))?;
    let from = match req.form.get("from") {
        Some(day) => day_begin(day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("from"))?,
        None => req.now,
    };
    if from > req.now + AHEAD {
        return Err(Kind::OutOfRange.at("from"));
    }
    let (grids, mut problems) = recut::read(&file.bytes, area::datum(req.form.get("datum"))?)?;
    let community = req.app.db.read(|r| {
        let found = area::by_code(r, code)?.filter(|a| a.kind == "community").ok_or_else(|| Kind::Unknown.at("community"))?;
        if !administers(&req.who, &found.path) {
            return Err(Kind::Denied.into());
        }
        if problems.is_empty() {
            problems = recut::check(r, &found, &grids)?;
        }
        Ok::<_, Error>(found)
    })?;
    if !problems.is_empty() {
        let told: Vec<String> = problems.iter().map(|p| say(req.app, req.lang, p)).collect();
        return refused(req, told);
    }
    let actor = req.person()?.to_owned();
    let id = req.once(move |tx| recut::draft(tx, Some(&actor), &community, &grids, from))?;
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/admin/grids/{id}"))))
}

/// What is wrong with outlines; nothing was changed.
#[derive(Serialize, JsonSchema)]
struct Refused {
    code: &'static str,
    message: String,
    problems: Vec<String>,
}

fn refused(req: &Req, problems: Vec<String>) -> Result<Reply> {
    let view = Refused { code: Kind::BadCut.code(), message: req.error_text(&Kind::BadCut.into()), problems };
    Ok(req.page("records/case/recut_wrong.html", &view)?.status(Kind::BadCut.status()))
}

fn find(req: &Req, q: &mut dyn Query) -> Result<Plan> {
    let plan = recut::by_plan(q, req.param("id"))?.ok_or(Kind::NotFound)?;
    let place = area::by_id(q, &plan.community)?.ok_or(Kind::NotFound)?;
    if administers(&req.who, &place.path) { Ok(plan) } else { Err(Kind::Denied.into()) }
}

fn show(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "people");
    let view = req.app.db.read(|r| {
        let plan = find(req, r)?;
        preview(req.app, req.lang, r, &plan, &mut look)
    })?;
    look.record(req.app)?;
    req.page("records/case/recut.html", &view)
}

fn enable(req: &Req) -> Result<Reply> {
    let problems = req.app.db.read(|r| {
        let plan = find(req, r)?;
        let community = area::by_id(r, &plan.community)?.ok_or(Kind::NotFound)?;
        recut::check(r, &community, &plan.grids)
    })?;
    if !problems.is_empty() {
        return refused(req, problems.iter().map(|p| say(req.app, req.lang, p)).collect());
    }
    let (id, actor) = (req.param("id").to_owned(), req.person()?.to_owned());
    let id = req.once(move |tx| {
        recut::enable(tx, Some(&actor), &id)?;
        apply(tx, &id)?;
        Ok(id)
    })?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "id": id }));
    }
    Ok(Reply::see_other(req.url(&format!("/admin/grids/{id}"))))
}
