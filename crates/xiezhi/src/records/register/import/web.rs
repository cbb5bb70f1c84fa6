//! Pages of tables that come in: the files of a community, what a file's columns are, how far it is, what is wrong.
//!
//! What must stay true: a committee sees its own files only, and of what is in them what it may see of a register; the
//! pages work without scripts: a page of a running file asks again by itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::Query as _;

use super::super::rules::PERSON;
use super::super::web::{ID, gate};
use super::super::{find, purpose};
use super::put::Plan;
use super::{Run, State, back, by_id, bytes, check, each, first, heads, may_import};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, foreign};

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/register/import", May::Staff, list, "Tables that came in.").gives::<List>(),
    Route::post(
        "/register/import",
        May::Staff,
        upload,
        "A table comes in: `area` and `file` (.xlsx or CSV, UTF-8 or GB 18030, also gzipped). The same file is the same import.",
    )
    .gives::<Made>(),
    Route::get("/register/import/{id}", May::Staff, one, "A table: its columns, its problems, how far it is.").gives::<OneView>(),
    Route::get("/register/import/{id}/problems", May::Staff, problems, "The table as a workbook, with what is wrong beside each row."),
    Route::post(
        "/register/import/{id}/{action}",
        May::Staff,
        act,
        "columns (`c0`, `c1`, … are elements, `address`, `building`, `unit`, `room`, `house` or nothing; `then` = `start`), start, stop, forget.",
    )
    .gives::<OneView>(),
];

/// Rows that a page shows, and those that it counts problems of before the work begins.
const SHOWN: usize = 5;
const CHECKED: usize = 20_000;
/// Seconds after which the page of a running file asks again.
const AGAIN: &str = "3";

#[derive(Serialize, JsonSchema)]
struct List {
    areas: Vec<AreaView>,
    items: Vec<RunView>,
    purpose: &'static str,
    /// Megabytes of a file.
    megabytes: usize,
}

#[derive(Serialize, JsonSchema)]
struct AreaView {
    code: String,
    name: String,
}

/// How far a file is.
#[derive(Serialize, JsonSchema)]
struct RunView {
    id: String,
    area: String,
    at: String,
    state: &'static str,
    /// Rows of the file, and those that are dealt with.
    lines: i64,
    dealt: i64,
    percent: i64,
    added: i64,
    completed: i64,
    known: i64,
    failed: i64,
    told: i64,
    doubted: i64,
    /// The file is still here.
    kept: bool,
}

#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct OneView {
    run: RunView,
    columns: Vec<ColumnView>,
    targets: Vec<TargetView>,
    /// What is wrong, and in how many rows.
    problems: Vec<ProblemView>,
    /// Rows that were looked at for it.
    checked: usize,
    purpose: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct ColumnView {
    at: usize,
    head: String,
    target: Option<&'static str>,
    first: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct TargetView {
    code: &'static str,
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct ProblemView {
    text: String,
    rows: usize,
}

fn run_view(req: &Req, run: &Run, area: String) -> RunView {
    let dealt = match run.state {
        State::Done => run.lines,
        _ => (run.added + run.completed + run.known + run.failed).min(run.lines),
    };
    RunView {
        id: run.id.clone(),
        area,
        at: req.app.time(run.made_at),
        state: run.state.as_str(),
        lines: run.lines,
        dealt,
        percent: if run.lines > 0 { dealt * 100 / run.lines } else { 100 },
        added: run.added,
        completed: run.completed,
        known: run.known,
        failed: run.failed,
        told: run.told,
        doubted: run.doubted,
        kept: run.blob.is_some(),
    }
}

fn list(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let view = req.app.db.read(|r| {
            let mine = |a: &area::Area| a.kind == "community" && may_import(&req.who, &a.path).is_some();
            let areas: Vec<area::Area> = find::areas(r, &req.who)?.into_iter().filter(mine).collect();
            if areas.is_empty() {
                return Err(Kind::Denied.into());
            }
            let mut items = Vec::new();
            for one in &areas {
                items.extend(super::of_area(r, &one.id)?.iter().map(|run| run_view(req, run, one.name.clone())));
            }
            let areas = areas.into_iter().map(|a| AreaView { code: a.code, name: a.name }).collect();
            Ok::<_, Error>(List { areas, items, purpose, megabytes: req.app.config.file.limits.file_bytes >> 20 })
        })?;
        req.page("records/register/import/list.html", &view)
    })
}

fn upload(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    let code = req.input()?.need("area", ID)?;
    let file = req.form.files.iter().find(|f| f.field == "file").ok_or_else(|| Kind::Missing.at("file"))?;
    let place = req.app.db.read(|r| area::by_code(r, &code))?.filter(|a| a.kind == "community");
    let id = super::begin(req.app, &req.who, &place.ok_or_else(|| Kind::Unknown.at("area"))?, &file.bytes)?;
    if req.wants_json() {
        return Ok(Reply::json(&Made { id })?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/register/import/{id}"))))
}

/// A file that this reader may know of.
fn load(req: &Req) -> Result<Run> {
    let run = req.app.db.read(|r| by_id(r, req.param("id")))?.ok_or(Kind::NotFound)?;
    if may_import(&req.who, &run.path) == Some(&run.body) { Ok(run) } else { Err(Kind::NotFound.into()) }
}

fn one(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let run = load(req)?;
        let view = one_view(req, &run, purpose)?;
        let page = req.page("records/register/import/one.html", &view)?;
        Ok(if run.state == State::Running && !req.wants_json() { page.header("refresh", AGAIN) } else { page })
    })
}

fn one_view(req: &Req, run: &Run, purpose: &'static str) -> Result<OneView> {
    let name = req.app.db.read(|r| area::by_id(r, &run.area))?.map(|a| a.name).unwrap_or_default();
    let (mut columns, mut problems, mut checked) = (Vec::new(), Vec::new(), 0);
    if run.state == State::Draft && run.blob.is_some() {
        let file = bytes(req.app, run)?;
        columns = column_views(req, run, &file, purpose)?;
        (problems, checked) = expected(req, run, &file)?;
    } else if run.blob.is_some() {
        problems = found(req, run)?;
    }
    let target = |code: &'static str| TargetView { code, text: back::target_key(code) };
    let targets = heads::targets().map(target).collect();
    Ok(OneView { run: run_view(req, run, name), columns, targets, problems, checked, purpose })
}

/// The columns with what stands first in them, as far as this reader may see it in a register.
fn column_views(req: &Req, run: &Run, file: &[u8], purpose: &'static str) -> Result<Vec<ColumnView>> {
    let (head, some) = first(file, run, SHOWN)?;
    let mut look = Look::new(&req.who, purpose);
    let mut out = Vec::new();
    for (at, head) in head.into_iter().enumerate() {
        let target = run.columns.get(at).copied().flatten();
        let element = target.map(|t| PERSON.iter().find(|e| **e == t).copied().unwrap_or("register.home"));
        let mut seen = |cells: &Vec<String>| {
            let cell = cells.get(at).filter(|c| !c.is_empty())?;
            look.at(&Graded::new(element?, &run.id, cell.clone()), Relation::Desk)
        };
        out.push(ColumnView { at, first: some.iter().filter_map(&mut seen).collect(), head, target });
    }
    look.record(req.app)?;
    Ok(out)
}

fn problem_views(req: &Req, counted: BTreeMap<(String, String), usize>) -> Vec<ProblemView> {
    let view = |((code, about), rows)| ProblemView { text: back::words(req.app, req.lang, code, about), rows };
    let mut out: Vec<ProblemView> = counted.iter().map(|((c, a), n)| view(((c.as_str(), a.as_str()), *n))).collect();
    out.sort_by_key(|p| std::cmp::Reverse(p.rows));
    out
}

/// What would be told of the first rows.
fn expected(req: &Req, run: &Run, file: &[u8]) -> Result<(Vec<ProblemView>, usize)> {
    let plan = req.app.db.read(|r| {
        let community = area::by_id(r, &run.area)?.ok_or(Kind::NotFound)?;
        Ok::<_, Error>(Plan::new(r, req.who.clone(), community)?)
    })?;
    let (mut counted, mut rows) = (BTreeMap::new(), 0);
    each(file, &mut |line| {
        if line.at > run.head {
            let mut row = check::row(&run.columns, &line, req.now);
            plan.place(&mut row);
            for (code, about) in row.told {
                *counted.entry((code.to_owned(), about.to_owned())).or_default() += 1;
            }
            rows += 1;
        }
        Ok(rows < CHECKED)
    })?;
    Ok((problem_views(req, counted), rows))
}

/// What was told so far, of the first rows that something is told of.
fn found(req: &Req, run: &Run) -> Result<Vec<ProblemView>> {
    let sql = "select why from register_import_line where run = $1 order by line limit $2";
    let rows = req.app.db.read(|r| r.rows(sql, store::params![&run.id, CHECKED as i64]))?;
    let mut counted = BTreeMap::new();
    for row in rows {
        for (code, about) in row.get::<String>("why")?.split(' ').filter_map(|w| w.split_once(':')) {
            *counted.entry((code.to_owned(), about.to_owned())).or_default() += 1;
        }
    }
    Ok(problem_views(req, counted))
}

fn act(req: &Req) -> Result<Reply> {
    let purpose = purpose::need(req)?;
    let run = load(req)?;
    let (who, id) = (req.who.clone(), run.id.clone());
    match req.param("action") {
        "columns" => {
            let input = req.input()?;
            let (head, _) = first(&bytes(req.app, &run)?, &run, 1)?;
            let said = |at: usize| {
                let text = input.0.get(&format!("c{at}")).and_then(|v| v.as_str()).unwrap_or_default();
                if text.is_empty() { Ok(None) } else { heads::target(text).map(Some).ok_or_else(|| Kind::Unknown.at("c")) }
            };
            let columns = (0..head.len()).map(said).collect::<Result<Vec<_>>>()?;
            let start = input.text("then", 10)?.as_deref() == Some("start");
            req.once(move |tx| {
                super::name_columns(tx, &who, &id, &head, &columns)?;
                if start { super::start(tx, &who, &id).map(|()| String::new()) } else { Ok(String::new()) }
            })?;
        }
        "start" => drop(req.once(move |tx| super::start(tx, &who, &id).map(|()| String::new()))?),
        "stop" => drop(req.once(move |tx| super::stop(tx, &who, &id).map(|()| String::new()))?),
        "forget" => {
            super::drop_file(req.app, &req.who, &run.id)?;
            return match req.wants_json() {
                true => Reply::json(&Made { id: run.id }),
                false => Ok(Reply::see_other(req.url("/register/import"))),
            };
        }
        _ => return Err(Kind::NotFound.into()),
    }
    if req.wants_json() {
        return Reply::json(&one_view(req, &load(req)?, purpose)?);
    }
    Ok(Reply::see_other(req.url(&format!("/register/import/{}", run.id))))
}

fn problems(req: &Req) -> Result<Reply> {
    gate(req, |_| {
        let run = load(req)?;
        let file = back::workbook(req.app, &run, req.lang)?;
        Ok(Reply::of(foreign::XLSX, file).header("content-disposition", "attachment; filename=\"register-problems.xlsx\""))
    })
}
