//! Rows come in as a table or as JSON, and go out under a grant: as data, as a page, as a file.
//!
//! What must stay true: what is somebody's own is in the read log before it leaves.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::Query;

use super::data::{self, Batch, Kept, Out, Taken, Which};
use super::request::{self, Request};
use super::resource::{self, Resource};
use super::resource_web::book_of;
use super::rules::Way;
use super::schema::{self, Field, Values};
use super::{PURPOSE, works};
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::foreign::{self, Line, Stamp};
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of rows.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/share/resources/{code}/rows",
        May::Staff,
        bring,
        "The provider brings rows: a table (`file`, .csv or .xlsx), or `{version?, source?, rows: [{field: value}]}`.",
    )
    .gives::<Taken>(),
    Route::get("/share/resources/{code}/table", May::Staff, blank, "An empty table with the fields as its head."),
    Route::get("/share/data/{code}", May::Staff, rows, "Rows under a grant: `cursor`, `limit`, or one by its key (`key`).")
        .gives::<Page>(),
    Route::get("/share/requests/{number}/file", May::Staff, file, "What was granted as a file: `as` = csv or xlsx."),
];

/// Rows of a page: when nobody said otherwise, and at most.
const PAGE: (i64, i64) = (50, 500);
/// Rows of a file.
const FILE: i64 = foreign::ROWS as i64;

/// Rows of a table, by the fields that its head names: by their codes or by what people read.
pub(super) fn of_table(fields: &[Field], lines: &[Line]) -> Result<Vec<(u64, Values)>> {
    let Some((_, head)) = lines.first() else { return Err(Kind::BadTable.at("file")) };
    let meant = |h: &String| fields.iter().find(|f| f.name == *h || f.title == *h).map(|f| f.name.clone());
    let columns: Vec<Option<String>> = head.iter().map(meant).collect();
    if let Some(f) = fields.iter().find(|f| f.required && !columns.iter().flatten().any(|c| *c == f.name)) {
        // A table without a column that every row needs was made for something else.
        return Err(Kind::BadTable.at(f.name.clone()));
    }
    let row = |(at, cells): &Line| {
        let pairs = columns.iter().zip(cells).filter_map(|(c, v)| Some((c.clone()?, v.clone())));
        (*at, pairs.collect())
    };
    Ok(lines[1..].iter().map(row).collect())
}

/// Rows of JSON; what is no text, number or truth is no value.
pub(super) fn of_json(all: &[Json]) -> Result<Vec<(u64, Values)>> {
    let value = |v: &Json| match v {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(if *b { "1" } else { "0" }.to_owned()),
        _ => None,
    };
    let row = |(n, one): (usize, &Json)| {
        let map = one.as_object().ok_or_else(|| Kind::WrongType.at("rows"))?;
        Ok((n as u64 + 1, map.iter().filter_map(|(k, v)| Some((k.clone(), value(v)?))).collect()))
    };
    all.iter().enumerate().map(row).collect()
}

fn bring(req: &Req) -> Result<Reply> {
    let code = req.param("code");
    let one = req.app.db.read(|r| resource::by_code(r, code))?;
    if !works(&req.who, &one.body) {
        return Err(Kind::Denied.into());
    }
    let (input, fields) = (req.input()?, one.fields());
    let rows = match (input.0.get("rows"), req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty())) {
        (Some(Json::Array(all)), _) => of_json(all)?,
        (Some(_), _) => return Err(Kind::WrongType.at("rows")),
        (None, Some(file)) => of_table(&fields, &foreign::read(&file.bytes)?)?,
        (None, None) => return Err(Kind::Missing.at("file")),
    };
    let source = input.text("source", 40)?.unwrap_or_else(|| "file".into());
    let batch = Batch { source, version: input.int("version", 0, i64::MAX)?, rows };
    let done = data::take(req.app, &book_of(req, code)?, &req.who, &one, &batch)?;
    req.done(&format!("/share/resources/{code}?done=taken"), 200, || Ok(done))
}

fn blank(req: &Req) -> Result<Reply> {
    let one = req.app.db.read(|r| resource::by_code(r, req.param("code")))?;
    if !works(&req.who, &one.body) {
        return Err(Kind::Denied.into());
    }
    let head = one.fields().into_iter().map(|f| f.title).collect();
    Ok(attached(foreign::XLSX, &one.code, "xlsx", foreign::write_xlsx(&[(sheet(&one.code), vec![head])])?))
}

/// A sheet has a name of at most 31 characters.
fn sheet(code: &str) -> &str {
    code.get(..31).unwrap_or(code)
}

fn attached(kind: &'static str, name: &str, end: &str, bytes: Vec<u8>) -> Reply {
    Reply::of(kind, bytes)
        .header("content-disposition", format!("attachment; filename=\"{name}.{end}\""))
        .header("cache-control", "no-store")
}

/// A field as whoever reads rows needs it.
#[derive(Serialize, JsonSchema)]
struct Head {
    name: String,
    title: String,
    kind: &'static str,
    unit: Option<String>,
    list: Option<String>,
}

/// Rows under a grant.
#[derive(Serialize, JsonSchema)]
struct Page {
    code: String,
    title: String,
    version: i64,
    /// Under which request.
    request: String,
    until: Option<String>,
    fields: Vec<Head>,
    items: Vec<Out>,
    next: Option<String>,
    key: String,
}

fn heads(one: &Resource, grant: &Request) -> Vec<Head> {
    let given = grant.fields();
    let fields = one.fields().into_iter().filter(|f| given.contains(&f.name));
    fields.map(|f| Head { kind: f.kind().as_str(), name: f.name, title: f.title, unit: f.unit, list: f.list }).collect()
}

fn rows(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, PURPOSE);
    let input = |name: &str| req.query.get(name).unwrap_or_default().to_owned();
    let limit = match input("limit").as_str() {
        "" => PAGE.0,
        n => n.parse().ok().filter(|n| (1..=PAGE.1).contains(n)).ok_or_else(|| Kind::OutOfRange.at("limit"))?,
    };
    let view = req.app.db.read(|r| {
        let one = resource::by_code(r, req.param("code"))?;
        let grant = request::grant_of(r, &req.who, &one, req.now)?;
        let key = input("key");
        let mark = if key.is_empty() { None } else { Some(marked(r, &one, &key, &data::today(req.app, req.now))) };
        let which = Which { after: input("cursor"), mark, limit: limit + 1 };
        let mut rows: Vec<Kept> = data::under(r, &one, &grant, &which)?;
        let next = (rows.len() as i64 > limit).then(|| rows[limit as usize - 1].id.clone());
        rows.truncate(limit as usize);
        let items = data::out(req.app, r, &one, &grant, &rows, &mut look)?;
        Ok::<_, Error>(Page {
            fields: heads(&one, &grant),
            code: one.code,
            title: one.title,
            version: one.version,
            until: grant.until_at.map(|at| req.app.time(at)),
            request: grant.number,
            items,
            next,
            key,
        })
    })?;
    look.record(req.app)?;
    Ok(req.page("oversight/share/rows.html", &view)?.header("cache-control", "no-store"))
}

/// The mark of a key as somebody types it; of several fields it is written with a blank between.
fn marked(q: &dyn Query, one: &Resource, typed: &str, today: &str) -> String {
    let fields = one.fields();
    let keys: Vec<&Field> = fields.iter().filter(|f| f.key).collect();
    let parts: Vec<&str> = if keys.len() == 1 { vec![typed] } else { typed.split_whitespace().collect() };
    let given = keys.iter().zip(parts).filter_map(|(f, t)| Some((f.name.clone(), schema::value(f, t, today).ok()?)));
    data::mark(q, one, &schema::key_of(&fields, &given.collect()))
}

fn file(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, PURPOSE);
    let csv = match req.query.get("as").unwrap_or("xlsx") {
        "csv" => true,
        "xlsx" => false,
        _ => return Err(Kind::Unknown.at("as")),
    };
    let (one, grant, items) = req.app.db.read(|r| {
        let grant = request::by_number(r, req.param("number"))?;
        if !works(&req.who, &grant.body) {
            return Err(Kind::NotFound.into());
        }
        if !grant.is_live(req.now) || grant.way != Way::File {
            return Err(Kind::NotGranted.into());
        }
        let one = resource::by_id(r, &grant.resource)?;
        let rows = data::under(r, &one, &grant, &Which { limit: FILE + 1, ..Which::default() })?;
        if rows.len() as i64 > FILE {
            return Err(Kind::TooMany.at("rows").limit(FILE));
        }
        let items = data::out(req.app, r, &one, &grant, &rows, &mut look)?;
        Ok::<_, Error>((one, grant, items))
    })?;
    look.record(req.app)?;
    let heads = heads(&one, &grant);
    let mut table: Vec<Vec<String>> = vec![heads.iter().map(|h| h.title.clone()).collect()];
    for row in &items {
        table.push(heads.iter().map(|h| row.values.get(&h.name).cloned().unwrap_or_default()).collect());
    }
    if csv {
        return Ok(attached(foreign::CSV, &grant.number, "csv", foreign::write_csv(&table)?));
    }
    let text = format!("{} · {} · {}", grant.number, grant.purpose, req.app.time(req.now));
    let bytes = foreign::write_stamped(&Stamp { title: sheet(&one.code), text: &text }, &table)?;
    Ok(attached(foreign::XLSX, &grant.number, "xlsx", bytes))
}
