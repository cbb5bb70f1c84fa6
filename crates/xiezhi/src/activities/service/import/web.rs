//! The desk's page for what comes in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::data::words;
use super::super::terms;
use super::{Target, report, sort_out, write};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/services/import", May::Staff, form, "The form for packages and tables of services."),
    Route::get("/services/import/table", May::Staff, blank, "An empty table of services (CSV)."),
    Route::post(
        "/services/import",
        May::Staff,
        take,
        "Takes a package (HSDS as JSON, ndjson, tables in a zip) or a table (.xlsx, CSV): multipart `file`, `source`, `area?`.",
    )
    .gives::<Taken>(),
];

/// Refused lines that a page lists.
const LISTED: usize = 100;

#[derive(Serialize, JsonSchema)]
struct Form {
    sources: Vec<String>,
}

fn form(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    let sources = req.app.db.read(|r| {
        use store::Query as _;
        let rows = r.rows("select distinct source from service_org where source is not null order by source limit 50", &[])?;
        rows.iter().map(|row| row.get("source")).collect::<store::Result<Vec<String>>>()
    })?;
    req.page("activities/service/import/form.html", &Form { sources })
}

fn blank(req: &Req) -> Result<Reply> {
    req.who.nearest_desk().ok_or(Kind::Denied)?;
    let zh = req.lang == Lang::Zh;
    let head: Vec<&str> = super::sheet::COLUMNS.iter().map(|c| if zh { c.1 } else { c.2 }).collect();
    let text = format!("\u{feff}{}\r\n", head.join(","));
    Ok(Reply::of("text/csv; charset=utf-8", text).header("content-disposition", "attachment; filename=\"services.csv\""))
}

/// What became of a file.
#[derive(Serialize, JsonSchema)]
struct Taken {
    added: usize,
    changed: usize,
    same: usize,
    rejected: usize,
    lines: Vec<RefusedView>,
    /// The refused lines as a table `line,reason`, as a link; absent when all were taken.
    report: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct RefusedView {
    line: usize,
    /// Head of the column; empty for the whole line.
    column: String,
    reason: &'static str,
}

fn take(req: &Req) -> Result<Reply> {
    let file =
        req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    let source = words(req.form.get("source").unwrap_or_default(), 60).ok_or_else(|| Kind::Missing.at("source"))?;
    let code = req.form.get("area").unwrap_or_default();
    let (area, terms) = req.app.db.read(|r| Ok::<_, Error>((area::of_desk(r, &req.who, code)?, terms::read(r, req.app)?)))?;
    let target = Target { source: &source, area: &area, terms: &terms, app: req.app };
    let mut read = super::read(&target, &file.bytes)?;
    req.app.db.read(|r| sort_out(r, &source, &mut read))?;
    let rejected = read.rejected.clone();
    let done = write(req.app, &req.who, &area, read)?;
    let zh = req.lang == Lang::Zh;
    let head = |key: &str| {
        super::sheet::COLUMNS.iter().find(|c| c.0 == key).map(|c| if zh { c.1 } else { c.2 }).unwrap_or_default().to_owned()
    };
    let lines =
        rejected.iter().take(LISTED).map(|r| RefusedView { line: r.line, column: head(&r.column), reason: r.reason }).collect();
    let table = (!rejected.is_empty()).then(|| format!("data:text/csv;base64,{}", STANDARD.encode(report(&rejected))));
    let view =
        Taken { added: done.added, changed: done.changed, same: done.same, rejected: rejected.len(), lines, report: table };
    req.page("activities/service/import/done.html", &view)
}
