//! The catalogue for the system administrator: its versions, the workbook, putting an edited one in force.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::read::{Problem, read};
use super::tables::FORMS;
use super::web::{Group, groups};
use super::{Catalogue, read_now, read_version, versions, xlsx};
use crate::base::party::admin::over_the_node;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::sheet::wrong::{self, Page};
use crate::kit::time::{DAY, Ms, day_begin};
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/classes", May::Admin, show, "Versions of the catalogue, and one of them by groups; `version`, `q`.")
        .gives::<View>(),
    Route::get("/admin/classes/workbook", May::Admin, workbook, "A version as an Excel workbook; `version`."),
    Route::post(
        "/admin/classes",
        May::Admin,
        upload,
        "Puts an edited workbook in force: multipart `file`, `from` (a day). Mistakes are listed, and nothing changes.",
    ),
];
/// How far ahead a version may be put in force.
const AHEAD: Ms = 730 * DAY;

#[derive(Serialize, JsonSchema)]
struct View {
    versions: Vec<VersionView>,
    /// The version shown.
    version: i64,
    /// It was just made.
    made: Option<VersionView>,
    q: String,
    groups: Vec<Group>,
}

#[derive(Clone, Serialize, JsonSchema)]
struct VersionView {
    version: i64,
    name: String,
    /// Absent for the program's own, which always was.
    valid_from: Option<String>,
    classes: i64,
    /// `in-force`, `later` or `past`.
    state: &'static str,
}

fn chosen(req: &Req) -> Result<Arc<Catalogue>> {
    let number = req.query.get("version").map(|v| v.parse::<i64>().map_err(|_| Kind::Unknown.at("version"))).transpose()?;
    req.app.db.read(|r| match number {
        Some(n) => read_version(r, req.app, n),
        None => read_now(r, req.app),
    })
}

fn show(req: &Req) -> Result<Reply> {
    let catalogue = chosen(req)?;
    let (all, now) = req.app.db.read(|r| Ok::<_, Error>((versions(r)?, read_now(r, req.app)?.version)))?;
    let view = |v: super::Version| VersionView {
        state: if v.version == now {
            "in-force"
        } else if v.valid_from > req.now {
            "later"
        } else {
            "past"
        },
        version: v.version,
        name: v.name,
        valid_from: (v.version > 0).then(|| req.app.time(v.valid_from)),
        classes: v.classes,
    };
    let versions: Vec<VersionView> = all.into_iter().map(view).collect();
    let made = req.query.get("made").and_then(|n| n.parse::<i64>().ok());
    let made = versions.iter().find(|v| Some(v.version) == made && v.version > 0).cloned();
    let q: String = req.query.get("q").unwrap_or_default().chars().take(60).collect();
    let groups = groups(&catalogue, &q, req.lang);
    req.page("base/classes/admin.html", &View { versions, version: catalogue.version, made, q, groups })
}

fn workbook(req: &Req) -> Result<Reply> {
    let catalogue = chosen(req)?;
    let bytes = xlsx::export(&catalogue, &req.app.texts)?;
    let name = format!("attachment; filename=\"classes-{}.xlsx\"", catalogue.version);
    Ok(Reply::of(xlsx::MIME, bytes).header("content-disposition", name))
}

fn upload(req: &Req) -> Result<Reply> {
    let some = || req.form.files.iter().filter(|f| !f.bytes.is_empty());
    let file = some().find(|f| f.field == "file").or_else(|| some().next()).ok_or_else(|| Kind::Missing.at("file"))?;
    let from = match req.form.get("from") {
        Some(day) => begins(req, day)?,
        None => req.now,
    };
    req.app.db.read(|r| over_the_node(r, &req.who))?;
    let (tables, mut problems) = xlsx::import(&file.bytes)?;
    let catalogue = match read(&tables) {
        Ok(catalogue) if problems.is_empty() => catalogue,
        Ok(_) => return wrong(req, &tables, &problems),
        Err(more) => {
            problems.extend(more);
            problems.sort();
            problems.dedup();
            return wrong(req, &tables, &problems);
        }
    };
    let (actor, who) = (req.person()?.to_owned(), req.who.clone());
    let version = req.once(move |tx| {
        over_the_node(tx, &who)?;
        Ok(super::adopt(tx, Some(&actor), &catalogue, from)?.to_string())
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "version": version.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/admin/classes?made={version}"))))
}

/// Midnight of a local day; at the latest two years ahead.
fn begins(req: &Req, day: &str) -> Result<Ms> {
    let at = day_begin(day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("from"))?;
    if at > req.now + AHEAD { Err(Kind::OutOfRange.at("from")) } else { Ok(at) }
}

fn wrong(req: &Req, tables: &super::tables::Tables, problems: &[Problem]) -> Result<Reply> {
    let marked = xlsx::mark(tables, problems, &req.app.texts, req.lang)?;
    let back = ("/admin/classes", "classes-admin-title");
    let page = Page { kind: Kind::BadPack, forms: &FORMS, back, file: "classes.xlsx", notes: Vec::new() };
    wrong::answer(req, page, problems, &marked)
}
