//! Assets for staff: by code, by class, around a point; one with its owners; and sending in a table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calc::geo::Point;
use rust_xlsxwriter::DataValidation;
use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::import::{self, CHUNK, FORMS, Node};
use super::{Asset, PAGE, RADIUS};
use crate::base::party::Chart;
use crate::base::{area, classes};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::input::Input;
use crate::kit::sheet::xlsx::{self, Book};
use crate::kit::{Reply, Req, Result, RoleKind, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/components",
        May::SignedIn,
        list,
        "Assets by `q` (beginning of a code), `class`, or around `lat`, `lon`; for staff.",
    )
    .gives::<List>(),
    Route::get("/components/{code}", May::SignedIn, one, "One asset with its owners; for staff.").gives::<One>(),
    Route::post(
        "/components",
        May::Admin,
        upload,
        "Takes a table of assets: multipart `file`, .xlsx or GeoJSON. Rows that cannot be taken are listed.",
    )
    .gives::<Done>(),
];
/// Rejected cells that a page lists.
const LISTED: usize = 100;

#[derive(Serialize, JsonSchema)]
struct List {
    q: String,
    class: String,
    lat: String,
    lon: String,
    items: Vec<Item>,
    next: Option<String>,
    /// The caller may send in a table.
    imports: bool,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    code: String,
    name: String,
    class: Option<String>,
    place: String,
    owner: Option<String>,
    /// Metres from the point that was asked for.
    metres: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct One {
    #[serde(flatten)]
    item: Item,
    manager: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    owners: Vec<OwnerView>,
}

#[derive(Serialize, JsonSchema)]
struct OwnerView {
    name: String,
    /// Absent for an owner since ever.
    from: Option<String>,
    to: Option<String>,
}

fn item(
    req: &Req,
    q: &mut dyn Query,
    classes: &classes::Catalogue,
    chart: &Chart,
    a: &Asset,
    metres: Option<u32>,
) -> Result<Item> {
    let line = area::line(q, &a.area)?;
    let part = |kind: &str| line.iter().find(|l| l.kind == kind).map(|l| l.name.clone());
    let words: Vec<String> = [part("community"), part("grid")].into_iter().flatten().collect();
    let owner = super::owner_at(q, &a.id, req.now)?;
    Ok(Item {
        code: a.code.clone(),
        name: a.name.clone(),
        class: a.class.as_deref().map(|c| classes.label(c, req.lang).to_owned()),
        place: if words.is_empty() { line.first().map(|l| l.name.clone()).unwrap_or_default() } else { words.join(" ") },
        owner: owner.map(|o| chart.name(&o)),
        metres,
    })
}

/// Assets are for those who work with them: staff, and administrators, who keep the list.
fn staff(req: &Req) -> Result<()> {
    if req.who.is_staff() || req.who.is(RoleKind::SystemAdmin) { Ok(()) } else { Err(Kind::Denied.into()) }
}

fn list(req: &Req) -> Result<Reply> {
    staff(req)?;
    let take = |name: &str| req.query.get(name).unwrap_or_default().chars().take(40).collect::<String>();
    let (q, class, lat, lon) = (take("q"), take("class"), take("lat"), take("lon"));
    let input = Input(serde_json::json!({ "lat": lat, "lon": lon }).as_object().cloned().unwrap_or_default());
    let point = input.degrees("lat", 90.0)?.zip(input.degrees("lon", 180.0)?);
    let view = req.app.db.read(|r| {
        let (classes, chart) = (classes::read_now(r, req.app)?, Chart::read(r, req.app)?);
        let only = classes.iter().find(|c| c.code == class || c.name.zh == class || c.name.en == class).map(|c| c.code.clone());
        if only.is_none() && !class.is_empty() {
            return Err(Kind::Unknown.at("class"));
        }
        let (mut items, mut next) = (Vec::new(), None);
        if let Some((lat, lon)) = point {
            let p = Point { lat: lat as i32, lon: lon as i32 };
            for (a, far) in super::near(r, p, RADIUS, only.as_deref())? {
                items.push(item(req, r, &classes, &chart, &a, Some(far))?);
            }
        } else {
            let after = req.query.get("cursor").unwrap_or_default();
            let mut found = super::find(r, &q, only.as_deref(), after, PAGE + 1)?;
            if found.len() > PAGE {
                found.truncate(PAGE);
                next = found.last().map(|a| a.code.clone());
            }
            for a in &found {
                items.push(item(req, r, &classes, &chart, a, None)?);
            }
        }
        let imports = req.who.is(RoleKind::SystemAdmin);
        Ok::<_, Error>(List { q, class, lat, lon, items, next, imports })
    })?;
    req.page("base/asset/list.html", &view)
}

fn one(req: &Req) -> Result<Reply> {
    staff(req)?;
    let view = req.app.db.read(|r| {
        let a = super::by_code(r, req.param("code"))?.ok_or(Kind::NotFound)?;
        let (classes, chart) = (classes::read_now(r, req.app)?, Chart::read(r, req.app)?);
        let owner = |(id, from, to): (String, i64, Option<i64>)| OwnerView {
            name: chart.name(&id),
            from: Some(from).filter(|f| *f > 0).map(|f| req.app.time(f)),
            to: to.map(|t| req.app.time(t)),
        };
        let owners = super::owners(r, &a.id)?.into_iter().map(owner).collect();
        let (lat, lon) = a.point.map(Point::degrees).unzip();
        let manager = a.manager.as_deref().map(|m| chart.name(m));
        Ok::<_, Error>(One { item: item(req, r, &classes, &chart, &a, None)?, manager, lat, lon, owners })
    })?;
    req.page("base/asset/one.html", &view)
}

/// What became of a table.
#[derive(Serialize, JsonSchema)]
struct Done {
    added: usize,
    changed: usize,
    same: usize,
    rejected: usize,
    problems: Vec<ProblemView>,
    /// The table with the rejected rows marked, as a link; absent when all were taken.
    marked: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ProblemView {
    row: usize,
    column: &'static str,
    code: &'static str,
    text: String,
}

fn upload(req: &Req) -> Result<Reply> {
    let some = || req.form.files.iter().filter(|f| !f.bytes.is_empty());
    let file = some().find(|f| f.field == "file").or_else(|| some().next()).ok_or_else(|| Kind::Missing.at("file"))?;
    let datum = area::datum(req.form.get("datum"))?;
    let read = req.app.db.read(|r| {
        let (classes, chart) = (classes::read_now(r, req.app)?, Chart::read(r, req.app)?);
        let node = Node { classes: &classes, chart: &chart, zone: &req.app.config.zone, who: &req.who, datum, now: req.now };
        import::read(r, &node, &file.bytes)
    })?;
    let (mut added, mut changed) = (0, 0);
    if !import::is_hopeless(&read.problems) {
        for chunk in read.new.chunks(CHUNK) {
            let (rows, actor) = (chunk.to_vec(), req.person()?.to_owned());
            let (n, m) = req.app.db.write(move |tx| import::write(tx, Some(&actor), &rows))?.value;
            (added, changed) = (added + n, changed + m);
        }
    }
    let view = |p: &crate::kit::sheet::Problem| {
        let column = FORMS[0].columns.iter().find(|c| c.0 == p.column);
        ProblemView {
            row: p.row,
            column: column.map_or("", |c| if req.lang == Lang::Zh { c.1 } else { c.2 }),
            code: p.code,
            text: req.app.texts.plain(req.lang, &format!("problem-{}", p.code)),
        }
    };
    let marked = if read.problems.is_empty() {
        None
    } else {
        let none: xlsx::Choices = |_, _| -> Option<DataValidation> { None };
        let help = &["asset-rows", "asset-owner", "wrong"];
        let sheets = vec![(&FORMS[0], &read.cells)];
        let book = Book { sheets, problems: &read.problems, lang: req.lang, choices: none, help, more: Vec::new() };
        Some(format!("data:{};base64,{}", xlsx::MIME, STANDARD.encode(book.bytes(&req.app.texts)?)))
    };
    let problems = read.problems.iter().take(LISTED).map(view).collect();
    let done = Done { added, changed, same: read.same, rejected: read.rejected, problems, marked };
    req.page("base/asset/done.html", &done)
}
