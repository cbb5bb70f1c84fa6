//! Routing tables for the system administrator: the one in force, its workbook, sending in an edited one. What it would
//! have done to past cases is shown by the room of cases, which also puts it in force.

use schemars::JsonSchema;
use serde::Serialize;

use super::sheet::{self, FORMS, Node};
use super::{Rule, check, read, read_now, versions};
use crate::base::party::Chart;
use crate::base::party::admin::over_the_node;
use crate::base::{area, classes};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::sheet::wrong::{self, Page};
use crate::kit::sheet::xlsx::MIME;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/routing", May::Admin, show, "The routing table in force, rule by rule, and its versions.").gives::<View>(),
    Route::get(
        "/admin/routing/workbook",
        May::Admin,
        workbook,
        "A table as an Excel workbook; `version`, else the one in force.",
    ),
    Route::post(
        "/admin/routing",
        May::Admin,
        upload,
        "Takes an edited workbook as a draft: multipart `file`. Mistakes and holes are listed, and nothing changes.",
    ),
];
/// Rules that a page shows.
const SHOWN: usize = 500;

#[derive(Serialize, JsonSchema)]
struct View {
    versions: Vec<VersionView>,
    /// The version in force; absent when the catalogue alone decides.
    version: Option<i64>,
    rules: Vec<RuleView>,
    /// Combinations that no rule covers any more, since the catalogue or the organisations have changed.
    holes: Vec<String>,
    /// It was just enabled.
    made: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct VersionView {
    version: i64,
    made_at: String,
    valid_from: Option<String>,
    rules: i64,
    /// `draft`, `in-force`, `later` or `past`.
    state: &'static str,
}

/// A rule as people read it.
#[derive(Serialize, JsonSchema)]
pub struct RuleView {
    /// Its number.
    pub n: usize,
    /// Where.
    pub area: String,
    /// What.
    pub class: String,
    /// When.
    pub time: String,
    /// To whom.
    pub to: String,
    /// Why.
    pub note: String,
    /// What is odd about it.
    pub warnings: Vec<String>,
}

/// The rules of a table with their warnings, and its holes, in words.
pub fn told(req: &Req, q: &mut dyn store::Query, rules: &[Rule]) -> Result<(Vec<RuleView>, Vec<String>)> {
    let (classes, chart) = (classes::read_now(q, req.app)?, Chart::read(q, req.app)?);
    let node = Node { classes: &classes, chart: &chart, texts: &req.app.texts };
    let warnings = check::warnings(rules, &classes, &chart);
    let say = |w: &check::Warning| {
        let mut args = fluent_bundle::FluentArgs::new();
        args.set("n", w.by as i64);
        req.app.texts.get(req.lang, &format!("routing-warn-{}", w.code), Some(&args))
    };
    let mut views = Vec::new();
    for (i, rule) in rules.iter().enumerate().take(SHOWN) {
        let [area, class, time, to] = sheet::words(q, &node, rule, req.lang)?;
        let mut warnings: Vec<String> = warnings.iter().filter(|w| w.rule == i + 1).map(say).collect();
        // A grid that was cut anew: new cases lie in others.
        if let Some(id) = &rule.area
            && area::has_ended(q, id)?
        {
            warnings.push(req.app.texts.plain(req.lang, "routing-warn-ended-area"));
        }
        views.push(RuleView { n: i + 1, area, class, time, to, note: rule.note.clone(), warnings });
    }
    let places = sheet::places(q, &chart, rules)?;
    let holes = check::holes(rules, &classes, &places).iter().map(|h| hole(req, &classes, h)).collect();
    Ok((views, holes))
}

fn hole(req: &Req, classes: &classes::Catalogue, hole: &check::Hole) -> String {
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("area", hole.area.as_str());
    args.set("class", sheet::what_words(classes, &hole.what, req.lang));
    args.set("time", sheet::when_words(hole.when, req.lang));
    req.app.texts.get(req.lang, "routing-hole", Some(&args))
}

fn show(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let now = read_now(r, req.app)?;
        let (rules, holes) = match &now {
            Some(table) => told(req, r, &table.rules)?,
            None => (Vec::new(), Vec::new()),
        };
        let version = now.map(|t| t.version);
        let state = |v: &super::Version| match v.valid_from {
            None => "draft",
            Some(_) if Some(v.version) == version => "in-force",
            Some(at) if at > req.now => "later",
            Some(_) => "past",
        };
        let view = |v: super::Version| VersionView {
            state: state(&v),
            version: v.version,
            made_at: req.app.time(v.made_at),
            valid_from: v.valid_from.map(|at| req.app.time(at)),
            rules: v.rules,
        };
        let versions = versions(r)?.into_iter().map(view).collect();
        let made = req.query.get("made").and_then(|n| n.parse().ok());
        Ok::<_, Error>(View { versions, version, rules, holes, made })
    })?;
    req.page("base/routing/admin.html", &view)
}

fn workbook(req: &Req) -> Result<Reply> {
    let number = req.query.get("version").map(|v| v.parse::<i64>().map_err(|_| Kind::Unknown.at("version"))).transpose()?;
    let (bytes, version) = req.app.db.read(|r| {
        let table = match number {
            Some(n) => Some(read(r, n)?),
            None => read_now(r, req.app)?.map(|t| (*t).clone()),
        };
        let (classes, chart) = (classes::read_now(r, req.app)?, Chart::read(r, req.app)?);
        let node = Node { classes: &classes, chart: &chart, texts: &req.app.texts };
        // Without a table the workbook holds the one rule that says what holds without a table.
        let rules = table.as_ref().map_or_else(|| vec![everything()], |t| t.rules.clone());
        let cells = sheet::write(r, &node, &rules)?;
        Ok::<_, Error>((sheet::book(&node, &cells, &[], req.lang)?, table.map_or(0, |t| t.version)))
    })?;
    Ok(Reply::of(MIME, bytes).header("content-disposition", format!("attachment; filename=\"routing-{version}.xlsx\"")))
}

/// The rule that leaves everything to the catalogue.
fn everything() -> Rule {
    use super::{To, What, When};
    Rule { area: None, what: What::All, when: When::Always, to: To::Catalogue, note: String::new(), path: String::new() }
}

fn upload(req: &Req) -> Result<Reply> {
    let some = || req.form.files.iter().filter(|f| !f.bytes.is_empty());
    let file = some().find(|f| f.field == "file").or_else(|| some().next()).ok_or_else(|| Kind::Missing.at("file"))?;
    let read = req.app.db.read(|r| {
        over_the_node(r, &req.who)?;
        let (classes, chart) = (classes::read_now(r, req.app)?, Chart::read(r, req.app)?);
        let node = Node { classes: &classes, chart: &chart, texts: &req.app.texts };
        let (rules, cells, problems) = sheet::import(r, &node, &file.bytes)?;
        // Holes are looked for only in a table that can be read: else every mistake would make some.
        let holes = if problems.is_empty() { told(req, r, &rules)?.1 } else { Vec::new() };
        if problems.is_empty() && holes.is_empty() {
            return Ok::<_, Error>(Ok(rules));
        }
        Ok(Err((sheet::book(&node, &cells, &problems, req.lang)?, problems, holes)))
    })?;
    let rules = match read {
        Ok(rules) => rules,
        Err((marked, problems, notes)) => {
            let back = ("/admin/routing", "routing-title");
            let page = Page { kind: Kind::BadRouting, forms: &FORMS, back, file: "routing.xlsx", notes };
            return wrong::answer(req, page, &problems, &marked);
        }
    };
    let (actor, who) = (req.person()?.to_owned(), req.who.clone());
    let version = req.once(move |tx| {
        over_the_node(tx, &who)?;
        Ok(super::draft(tx, Some(&actor), &rules)?.to_string())
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "version": version.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/admin/routing/{version}"))))
}
