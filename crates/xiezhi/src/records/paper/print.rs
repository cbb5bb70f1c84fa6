//! Printing report forms, and withdrawing what was printed.
//!
//! What must stay true: a batch is for an area of the clerk's own, or a building in it; each of its forms has a number of
//! its own that nobody can make up; the boxes that stand on the paper are kept with the batch, so that box 3 stays box 3
//! whatever becomes of the catalogue.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, params};

use super::{BATCH, Batch, batch, place, serial};
use crate::base::area::{self, web::AreaView};
use crate::base::{classes, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::time::day_start;
use crate::kit::{Error, Reply, Req, Result, Route, qr};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/paper", May::Staff, page, "Report forms on paper: what was printed, how much came back.").gives::<Paper>(),
    Route::post("/paper/batches", May::Staff, make, "Prints report forms: `{forms, area?, building?}`."),
    Route::get("/paper/batches/{id}", May::Staff, sheets, "The forms of a batch, to be printed.").gives::<Sheets>(),
    Route::post(
        "/paper/batches/{id}/void",
        May::Staff,
        void,
        "Withdraws a batch: `{why: lost|wrong|old}`; nothing of it can be keyed any more.",
    ),
];

/// Forms of one batch: an A4 page each.
const MOST: i64 = 50;
/// Batches that a page shows.
const SHOWN: i64 = 50;
/// Boxes on a form; the last one is for whatever else there is.
const BOXES: usize = 9;
/// The class of that box.
const OTHER: &str = "other";
/// Why a batch is withdrawn.
const WHY: [&str; 3] = ["lost", "wrong", "old"];
/// What stands on a form besides numbers and names. In English each stands beside its Chinese.
const WORDS: [&str; 18] = [
    "paper-form-title",
    "paper-form-lead",
    "paper-form-class",
    "paper-form-text",
    "paper-form-where",
    "paper-form-where-more",
    "paper-form-name",
    "paper-form-phone",
    "paper-form-tell",
    "paper-form-sms",
    "paper-form-call",
    "paper-form-date",
    "paper-form-next",
    "paper-form-next-1",
    "paper-form-next-2",
    "paper-form-next-3",
    "paper-form-desk",
    "paper-form-handed",
];

#[derive(Serialize, JsonSchema)]
struct Paper {
    /// Areas forms can be printed for.
    areas: Vec<AreaView>,
    buildings: Vec<Place>,
    most: i64,
    batches: Vec<BatchView>,
    /// Forms the reader keyed today.
    today: i64,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct BatchView {
    id: String,
    /// First and last number, without check digits.
    numbers: String,
    place: String,
    forms: i64,
    /// How many of them came back.
    keyed: i64,
    made_at: String,
    void_at: Option<String>,
}

/// How many forms somebody keyed today.
pub(super) fn today(req: &Req, q: &mut dyn Query) -> Result<i64> {
    let midnight = day_start(req.now, &req.app.config.zone);
    let sql = "select count(*) from paper_form where keyed_by = $1 and keyed_at >= $2";
    Ok(q.count(sql, params![req.person()?, midnight])?)
}

fn page(req: &Req) -> Result<Reply> {
    let path = req.who.nearest_desk().ok_or(Kind::Denied)?.path.clone();
    let view = req.app.db.read(|r| {
        let sql = format!("select {BATCH} from paper_batch where path >= $1 and path < $2 order by num desc limit $3");
        let mut batches = Vec::new();
        for row in r.rows(&sql, params![&path, area::end_of(&path), SHOWN])? {
            let b = batch(&row)?;
            batches.push(BatchView {
                numbers: format!("{:04}-001 … {:03}", b.num, b.forms),
                place: place(r, &b)?,
                forms: b.forms,
                keyed: r.count("select count(*) from paper_form where batch = $1", params![&b.id])?,
                made_at: req.app.time(b.made_at),
                void_at: b.void_at.map(|t| req.app.time(t)),
                id: b.id,
            });
        }
        let mut areas = area::beneath(r, &path, "community")?;
        areas.extend(area::beneath(r, &path, "grid")?);
        let buildings = area::buildings(r, &path)?.into_iter().map(|b| Place { id: b.id, name: b.address }).collect();
        let areas = areas.iter().map(Into::into).collect();
        Ok::<_, Error>(Paper { areas, buildings, most: MOST, batches, today: today(req, r)? })
    })?;
    req.page("records/paper/paper.html", &view)
}

fn make(req: &Req) -> Result<Reply> {
    let role = req.who.nearest_desk().ok_or(Kind::Denied)?.clone();
    let input = req.input()?;
    let forms = input.int("forms", 1, MOST)?.ok_or_else(|| Kind::Missing.at("forms"))?;
    let (code, building) = (input.text("area", 40)?, input.text("building", 40)?);
    let classes: Vec<String> = {
        let now = classes::now(req.app)?;
        let common = now.order.iter().filter(|c| *c != OTHER).take(BOXES - 1);
        common.cloned().chain([OTHER.to_owned()]).collect()
    };
    let (here, building) = req.app.db.read(|r| {
        let found = building.map(|id| area::building(r, &id)?.ok_or_else(|| Kind::Unknown.at("building"))).transpose()?;
        let here = match (&found, &code) {
            (Some(b), _) => area::by_id(r, &b.area)?,
            (None, Some(code)) => area::by_code(r, code)?,
            (None, None) => area::by_id(r, &role.area)?,
        };
        let field = if found.is_some() { "building" } else { "area" };
        let here = here.filter(|a| a.path.starts_with(&role.path)).ok_or_else(|| Kind::Unknown.at(field))?;
        Ok::<_, Error>((here, found.map(|b| b.id)))
    })?;
    let actor = req.person()?.to_owned();
    let id = req.once(move |tx| {
        let num = tx.count("select coalesce(max(num), 0) from paper_batch", &[])? + 1;
        let (id, now) = (tx.id(), tx.now());
        tx.exec(
            "insert into paper_batch(id, num, area, path, building, forms, classes, made_by, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![&id, num, &here.id, &here.path, &building, forms, classes.join(" "), &actor, now],
        )?;
        let entry = Entry {
            actor: Some(&actor),
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            area: Some(&here.id),
            ..Entry::new("paper.print", "paper", &id)
        };
        tx.log(entry.fact("batch", num).fact("forms", forms))?;
        Ok(id)
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/paper/batches/{id}"))))
}

/// The batch of the path, when it is one of the reader's area.
fn mine(req: &Req, q: &mut dyn Query) -> Result<Batch> {
    let path = &req.who.nearest_desk().ok_or(Kind::Denied)?.path;
    let row = q.row(&format!("select {BATCH} from paper_batch where id = $1"), params![req.param("id")])?;
    let found = row.as_ref().map(batch).transpose()?.filter(|b| b.path.starts_with(path));
    found.ok_or_else(|| Kind::NotFound.into())
}

#[derive(Serialize, JsonSchema)]
struct Sheets {
    id: String,
    community: String,
    place: String,
    desk: String,
    phone: Option<String>,
    boxes: Vec<Tick>,
    forms: Vec<Sheet>,
    /// Chinese beside English, by key.
    zh: BTreeMap<&'static str, String>,
}

#[derive(Serialize, JsonSchema)]
struct Tick {
    n: usize,
    name: String,
    zh: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Sheet {
    serial: String,
    /// Where its clerk keys it, as a QR code, SVG.
    qr: String,
}

fn sheets(req: &Req) -> Result<Reply> {
    let (en, all) = (req.lang == Lang::En, classes::now(req.app)?);
    let view = req.app.db.read(|r| {
        let b = mine(req, r)?;
        if b.void_at.is_some() {
            return Err(Kind::VoidSerial.into());
        }
        let desk = party::desk_of(r, &b.area)?;
        let sheet = |n| {
            let serial = serial(&req.app.db, b.num, n).to_string();
            Ok::<_, Error>(Sheet { qr: qr::svg_of(&req.absolute(&format!("/paper/{serial}")))?, serial })
        };
        let tick = |(i, code): (usize, &String)| Tick {
            n: i + 1,
            name: all.label(code, req.lang).to_owned(),
            zh: en.then(|| all.label(code, Lang::Zh).to_owned()),
        };
        Ok::<_, Error>(Sheets {
            community: area::community_of(r, &b.area)?.map(|a| a.name).unwrap_or_default(),
            place: place(r, &b)?,
            desk: desk.name,
            phone: desk.phone,
            boxes: b.classes.iter().enumerate().map(tick).collect(),
            forms: (1..=b.forms).map(sheet).collect::<Result<_>>()?,
            zh: WORDS.iter().filter(|_| en).map(|key| (*key, req.app.texts.plain(Lang::Zh, key))).collect(),
            id: b.id,
        })
    })?;
    req.page("records/paper/sheets.html", &view)
}

fn void(req: &Req) -> Result<Reply> {
    let role = req.who.nearest_desk().ok_or(Kind::Denied)?.clone();
    let why = req.input()?.need("why", 20)?;
    if !WHY.contains(&why.as_str()) {
        return Err(Kind::Unknown.at("why"));
    }
    let (b, actor) = (req.app.db.read(|r| mine(req, r))?, req.person()?.to_owned());
    req.once(move |tx| {
        let now = tx.now();
        let sql = "update paper_batch set void_at = $2, void_why = $3 where id = $1 and void_at is null";
        if tx.exec(sql, params![&b.id, now, &why])? != 1 {
            return Err(Kind::State.into());
        }
        let entry = Entry {
            actor: Some(&actor),
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            area: Some(&b.area),
            ..Entry::new("paper.void", "paper", &b.id)
        };
        tx.log(entry.fact("batch", b.num).fact("why", why.as_str()))?;
        Ok(b.id)
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/paper"))) }
}
