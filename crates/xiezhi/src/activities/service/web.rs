//! Routes of the directory.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::Query;

use super::find::{self, Asked};
use super::hours::Days;
use super::view::{self, Full, Item, List, Stale};
use super::{Status, act, by_id, form, org_by_id, terms};
use crate::base::area;
use crate::base::catalogue::codes;
use crate::base::party::Chart;
use crate::base::worktime;
use crate::kit::error::Kind;
use crate::kit::form::encode;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Error, Reply, Req, Result, Route, qr};
use calc::geo::Point;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/services",
        May::Anyone,
        list,
        "Finds services: `q`, `term`, `area`, `lat` and `lon` (around there), `open` (now), `page`.",
    )
    .gives::<List>(),
    Route::get("/services/map", May::Anyone, map, "The same as points (GeoJSON); of one service by `id`."),
    Route::get("/services/sheet", May::Anyone, sheet, "The same in large print, for paper.").gives::<Sheet>(),
    Route::get("/services/stale", May::Staff, stale, "Entries that nobody confirmed for too long.").gives::<Stale>(),
    Route::get("/services/new", May::Staff, new_form, "The form for a service."),
    Route::post(
        "/services",
        May::Staff,
        make,
        "Writes a service: `{name, body|org, about?, terms?, hours?, closures?, phones?, costs?, documents?, address?, lat?, lon?, …}`.",
    )
    .gives::<Full>(),
    Route::get("/services/{id}", May::Anyone, one, "One service.").gives::<Full>(),
    Route::get("/services/{id}/edit", May::Staff, edit_form, "The form of a service as it is."),
    Route::post("/services/{id}", May::Staff, change, "Writes a service anew; the fields of a new one.").gives::<Full>(),
    Route::post("/services/{id}/confirm", May::Staff, confirm, "Its owner says that all of it is right.").gives::<Full>(),
    Route::post("/services/{id}/status", May::Staff, status, "Shuts it for a while, or opens it again: `{status, note?}`.")
        .gives::<Full>(),
];

/// Services on paper.
const ON_PAPER: usize = 40;
/// Organisations that are offered.
const BODIES: usize = 200;

/// What the query asks for, and the place it names.
fn asked(req: &Req, q: &mut dyn Query) -> Result<(Asked, Option<area::Area>)> {
    let take = |name: &str, most: usize| req.query.get(name).unwrap_or_default().trim().chars().take(most).collect::<String>();
    let (lat, lon) = (take("lat", 20), take("lon", 20));
    let input = Input(json!({ "lat": lat, "lon": lon }).as_object().cloned().unwrap_or_default());
    let around = input.degrees("lat", 90.0)?.zip(input.degrees("lon", 180.0)?);
    let term = match take("term", 60).as_str() {
        "" => None,
        named => Some(terms::read(q, req.app)?.named(named).ok_or_else(|| Kind::Unknown.at("term"))?.id.clone()),
    };
    let code = take("area", 40);
    let place = match code.as_str() {
        "" => None,
        code => Some(area::by_code(q, code)?.ok_or_else(|| Kind::Unknown.at("area"))?),
    };
    let asked = Asked {
        text: take("q", 60),
        term,
        path: place.as_ref().map(|p| p.path.clone()),
        around: around.map(|(lat, lon)| Point { lat: lat as i32, lon: lon as i32 }),
        open_now: matches!(req.query.get("open"), Some("1" | "on" | "true")),
    };
    Ok((asked, place))
}

/// The query once more, for other looks at the same.
fn again(req: &Req) -> String {
    let kept = req
        .query
        .fields
        .iter()
        .filter(|(k, v)| matches!(k.as_str(), "q" | "term" | "area" | "lat" | "lon" | "open") && !v.is_empty());
    kept.map(|(k, v)| format!("{k}={}", encode(v))).collect::<Vec<_>>().join("&")
}

fn list(req: &Req) -> Result<Reply> {
    let page = match req.query.get("page") {
        Some(n) => n.parse::<usize>().ok().filter(|n| (1..=find::KEPT).contains(n)).ok_or_else(|| Kind::WrongType.at("page"))?,
        None => 1,
    };
    let view = req.app.db.read(|r| {
        let (asked, place) = asked(req, r)?;
        let found = find::find(r, req.app, &asked, req.now)?;
        let terms = terms::read(r, req.app)?;
        let time = worktime::read(r, req.app)?;
        let days = Days::new(&time.calendar);
        let total = found.len();
        let items: Vec<Item> =
            found.iter().skip((page - 1) * view::PAGE).take(view::PAGE).map(|f| view::item(req, &days, f)).collect();
        let (groups, beneath) = view::choices(&terms, asked.term.as_deref(), req.lang);
        let (lat, lon) = asked.around.map(Point::degrees).unzip();
        let term = asked.term.as_deref().and_then(|id| terms.get(id)).map(|t| t.code.clone().unwrap_or_else(|| t.id.clone()));
        let again = again(req);
        Ok::<_, Error>(List {
            items,
            total,
            next: (page * view::PAGE < total).then_some(page + 1),
            meant: view::meant(&terms, &asked.text, req.lang),
            q: asked.text,
            term,
            groups,
            beneath,
            area: place.as_ref().map(|p| p.code.clone()),
            place: place.map(|p| p.name),
            open_now: asked.open_now,
            lat,
            lon,
            may: req.who.nearest_desk().is_some(),
            link: format!("/services/sheet?{again}"),
            map: again,
        })
    })?;
    req.page("activities/service/list.html", &view)
}

fn map(req: &Req) -> Result<Reply> {
    let features = req.app.db.read(|r| {
        let found = match req.query.get("id") {
            Some(id) => {
                let one = by_id(r, id)?;
                find::whole(r, req.app, vec![one], None, req.now)?
            }
            None => {
                let (asked, _) = asked(req, r)?;
                find::find(r, req.app, &asked, req.now)?
            }
        };
        let mut out: Vec<Json> = Vec::new();
        for f in found {
            for point in f.at.iter().filter_map(|(_, p)| p.as_ref()?.point) {
                let (lat, lon) = point.degrees();
                let tone = if f.until.is_some() { "jade" } else { "soft" };
                out.push(json!({ "type": "Feature", "geometry": { "type": "Point", "coordinates": [lon, lat] },
                    "properties": { "name": f.service.name, "tone": tone, "url": req.url(&format!("/services/{}", f.service.id)) } }));
            }
        }
        Ok::<_, Error>(out)
    })?;
    Reply::json(&json!({ "type": "FeatureCollection", "features": features }))
}

/// Services in large print.
#[derive(Serialize, JsonSchema)]
struct Sheet {
    place: Option<String>,
    term: Option<String>,
    q: String,
    items: Vec<Item>,
    more: bool,
    link: String,
    qr: String,
    at: String,
}

fn sheet(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let (asked, place) = asked(req, r)?;
        let terms = terms::read(r, req.app)?;
        let time = worktime::read(r, req.app)?;
        let days = Days::new(&time.calendar);
        let found = find::find(r, req.app, &asked, req.now)?;
        let link = req.absolute(&format!("/services?{}", again(req)));
        Ok::<_, Error>(Sheet {
            place: place.map(|p| p.name),
            term: asked.term.as_deref().and_then(|t| terms.get(t)).map(|t| t.word(req.lang).to_owned()),
            q: asked.text,
            items: found.iter().take(ON_PAPER).map(|f| view::item(req, &days, f)).collect(),
            more: found.len() > ON_PAPER,
            qr: qr::svg_of(&link)?,
            link,
            at: req.app.time(req.now),
        })
    })?;
    req.page("activities/service/sheet.html", &view)
}

fn full(req: &Req, id: &str) -> Result<Full> {
    req.app.db.read(|r| {
        let service = by_id(r, id)?;
        view::full(req, r, service)
    })
}

fn one(req: &Req) -> Result<Reply> {
    let view = full(req, req.param("id"))?;
    let reply = req.page("activities/service/one.html", &view)?;
    // What the register says of somebody stays with him.
    Ok(if view.looks.is_some() || view.documents.iter().any(|d| d.held) {
        reply.header("cache-control", "no-store")
    } else {
        reply
    })
}

fn shown(req: &Req, id: &str, status: u16) -> Result<Reply> {
    req.done(&format!("/services/{id}?done=1"), status, || full(req, id))
}

#[derive(Serialize)]
struct FormView {
    id: Option<String>,
    values: Json,
    bodies: Vec<view::Choice>,
    /// Each with what stands beneath it.
    terms: Vec<(view::Choice, Vec<view::Choice>)>,
    tags: Vec<view::Choice>,
    access: [&'static str; 8],
    desk: bool,
}

fn form_view(req: &Req, q: &mut dyn Query, id: Option<&str>) -> Result<FormView> {
    let all = terms::read(q, req.app)?;
    let chart = Chart::read(q, req.app)?;
    let named = |t: &terms::Term| view::Choice { id: t.code.clone().unwrap_or_default(), name: t.word(req.lang).to_owned() };
    let beneath = |t: &terms::Term| all.own().filter(|c| c.parent.as_ref() == Some(&t.id)).map(named).collect();
    let terms = all.own().filter(|t| t.parent.is_none()).map(|t| (named(t), beneath(t))).collect();
    let tags = codes::of("tag").map(|c| view::Choice { id: c.code.clone(), name: c.word(req.lang).to_owned() }).collect();
    let mut values = form::filled(req.lang, None);
    if let Some(id) = id {
        let service = by_id(q, id)?;
        let org = org_by_id(q, &service.org)?;
        if !super::keeps(&req.who, &service.path, &org) {
            return Err(Kind::Denied.into());
        }
        let found = find::whole(q, req.app, vec![service], None, req.now)?;
        if let Some(f) = found.first() {
            values = form::filled(req.lang, Some(f));
            // Terms by their codes, as the form's boxes have them.
            let codes: Vec<_> = f
                .service
                .details
                .terms
                .iter()
                .filter_map(|t| all.get(t))
                .map(|t| t.code.clone().unwrap_or_else(|| t.id.clone()))
                .collect();
            values["terms"] = json!(codes);
        }
    }
    let desk = req.who.nearest_desk();
    let mut bodies: Vec<view::Choice> = match desk {
        Some(role) => chart
            .handlers_around(&role.path)
            .take(BODIES)
            .map(|b| view::Choice { id: b.id.clone(), name: b.name.clone() })
            .collect(),
        None => {
            let own = req.who.roles.iter().filter(|r| r.kind.is_handler() && !r.kind.walks());
            own.filter_map(|r| Some(view::Choice { id: r.body.clone()?, name: r.body_name.clone()? })).collect()
        }
    };
    bodies.dedup_by(|a, b| a.id == b.id);
    Ok(FormView { id: id.map(str::to_owned), values, bodies, terms, tags, access: form::ACCESS, desk: desk.is_some() })
}

fn new_form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| form_view(req, r, None))?;
    req.page("activities/service/form.html", &view)
}

fn edit_form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| form_view(req, r, Some(req.param("id"))))?;
    req.page("activities/service/form.html", &view)
}

fn make(req: &Req) -> Result<Reply> {
    let terms = req.app.db.read(|r| terms::read(r, req.app))?;
    let (new, who) = (form::parse(req.app, &terms, &req.input()?, None)?, req.who.clone());
    let id = req.once(move |tx| act::save(tx, &terms, &who, None, &new))?;
    shown(req, &id, 201)
}

fn change(req: &Req) -> Result<Reply> {
    let (terms, old) = req.app.db.read(|r| Ok::<_, Error>((terms::read(r, req.app)?, by_id(r, req.param("id"))?)))?;
    let (new, who) = (form::parse(req.app, &terms, &req.input()?, Some(&old))?, req.who.clone());
    let id = req.once(move |tx| act::save(tx, &terms, &who, Some(&old.id), &new))?;
    shown(req, &id, 200)
}

fn confirm(req: &Req) -> Result<Reply> {
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.app.db.write(move |tx| act::confirm(tx, &who, &id))?;
    if req.form.get("back") == Some("stale") && !req.wants_json() {
        return Ok(Reply::see_other(req.url("/services/stale")));
    }
    shown(req, req.param("id"), 200)
}

fn status(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let status = Status::parse(&input.need("status", 20)?).ok_or_else(|| Kind::Unknown.at("status"))?;
    let note = input.text("note", super::data::SHORT)?;
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.app.db.write(move |tx| act::set_status(tx, &who, &id, status, note.as_deref()))?;
    shown(req, req.param("id"), 200)
}

fn stale(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| view::stale(req, r))?;
    req.page("activities/service/stale.html", &view)
}
