//! The worker's page, the actions, and what a browser needs to install it all.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::care::{self, NewHome};
use super::homes::{HomeView, homes};
use super::pack::{self, Taken};
use super::plan::{self, Stop};
use super::{areas, device, emergency, item, visit};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, assets};
use crate::records::case::rules::State;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/field", May::Staff, day, "The day of somebody who goes out: what lies with him, stops with reasons, homes.")
        .gives::<Day>(),
    Route::post(
        "/field/items",
        May::SignedIn,
        item::take,
        "One item of a phone: `{id, kind: report|spot|act|patrol|visit|here, made_at?, …}`; the header `Device-Time` says the phone's clock now.",
    ),
    Route::post("/field/visits/{id}/undo", May::Staff, undo, "Takes back a visit of one's own."),
    Route::post(
        "/field/homes",
        May::Staff,
        add_home,
        "Puts a home on the visit list: `{building, name, door?, phone?, why?, every?, agreed}`.",
    ),
    Route::post("/field/homes/{id}/end", May::Staff, end_home, "Takes a home off the visit list."),
    Route::post("/field/card", May::Staff, card, "What residents may read about the caller: `{words?}`; nothing without words."),
    Route::post(
        "/field/devices",
        May::Staff,
        device::register,
        "Takes up a phone: `{device}`; gives the server's half of its key.",
    ),
    Route::post("/field/devices/{id}/cut", May::SignedIn, device::cut_one, "Cuts off a phone of one's own."),
    Route::post(
        "/people/{id}/cut-off",
        May::SignedIn,
        device::cut_all,
        "Cuts off all phones of a person: by the desk that leads him, or the administrator.",
    ),
    Route::get("/field/pack", May::Staff, pack::give, "What a phone takes along; `device` must be taken up.")
        .gives::<pack::Pack>(),
    Route::get(
        "/field/pack/state",
        May::Anyone,
        device::state,
        "Whether a phone (`device`) may keep what it took along: live, ended, cut.",
    ),
    Route::get("/field/emergency", May::Anyone, emergencies, "Emergencies that run.").gives::<Emergencies>(),
    Route::post(
        "/field/emergency",
        May::Staff,
        declare,
        "Declares an emergency: `{area, reason, hours}`; sub-district and district only.",
    ),
    Route::post(
        "/field/emergency/{id}/{action}",
        May::Staff,
        emergency_act,
        "extend `{reason, hours}`, end, here (reports in, while it runs).",
    ),
    Route::get("/field/pocket", May::Anyone, pocket, "The page that works without a network; holds nothing personal itself."),
    Route::get("/sw.js", May::Anyone, worker, "The service worker."),
    Route::get("/manifest.webmanifest", May::Anyone, manifest, "What a browser needs to install it."),
];

#[derive(Serialize, JsonSchema)]
struct Day {
    grids: Vec<AreaView>,
    /// The caller walks a grid.
    walks: bool,
    mine: Vec<Taken>,
    /// Handled by others, waiting for a look on the spot.
    check: Vec<Taken>,
    stops: Vec<Stop>,
    homes: Vec<HomeView>,
    buildings: Vec<HouseView>,
    emergencies: Vec<emergency::View>,
    /// What residents read about the caller.
    card: Option<String>,
    /// What the caller said himself, and may take back.
    visits: Vec<MineView>,
    /// What his phone sent last, with both clocks.
    sent: Vec<SentView>,
    devices: Vec<device::Device>,
    done: bool,
}

#[derive(Serialize, JsonSchema)]
struct HouseView {
    id: String,
    name: String,
    address: String,
}

#[derive(Serialize, JsonSchema)]
struct MineView {
    id: String,
    sort: &'static str,
    building: Option<String>,
    building_name: String,
    found: &'static str,
    at: String,
    shown: bool,
    trust: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct SentView {
    id: String,
    sort: &'static str,
    subject: String,
    /// By the phone's clock.
    made_at: Option<String>,
    /// By ours.
    received_at: String,
    /// When it happened, as far as we know.
    at: String,
    /// Which clock that rests on: `device corrected server`.
    trust: &'static str,
}

fn day(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "field");
    let person = req.person()?;
    let view = req.app.db.read(|r| {
        let all = pack::taken(req, r, &mut look)?;
        let (mine, rest): (Vec<Taken>, Vec<Taken>) = all.into_iter().partition(|t| t.mine);
        let check = rest.into_iter().filter(|t| matches!(t.item.state, "feedback" | "checking")).collect();
        let own_card = care::card(r, person)?.and_then(|c| look.at(&c, Relation::Owner));
        let mut view = Day {
            grids: Vec::new(),
            walks: req.who.roles.iter().any(|r| r.kind.walks()),
            mine,
            check,
            stops: Vec::new(),
            homes: Vec::new(),
            buildings: Vec::new(),
            emergencies: emergency::views(req, r, &mut look)?,
            card: own_card,
            visits: Vec::new(),
            sent: item::mine(r, person)?.into_iter().map(|s| sent(req, s)).collect(),
            devices: device::mine(req, r)?,
            done: req.query.get("done").is_some(),
        };
        for role in areas(&req.who) {
            view.grids.extend(area::by_id(r, &role.area)?.as_ref().map(AreaView::from));
            view.stops.extend(plan::stops(req, r, &role.path)?);
            view.homes.extend(homes(req, r, &role.path, &mut look)?);
            let houses = area::buildings(r, &role.path)?.into_iter();
            view.buildings.extend(houses.map(|b| HouseView { id: b.id, name: b.name, address: b.address }));
        }
        for v in visit::mine(r, person)? {
            let building_name = match &v.building {
                Some(id) => area::building(r, id)?.map(|b| b.name).unwrap_or_default(),
                None => String::new(),
            };
            let (sort, found, trust) = (v.sort.as_str(), v.found.as_str(), v.trust.as_str());
            view.visits.push(MineView {
                sort,
                found,
                trust,
                building_name,
                at: req.app.time(v.at),
                shown: v.shown,
                id: v.id,
                building: v.building,
            });
        }
        Ok::<_, Error>(view)
    })?;
    look.record(req.app)?;
    req.page("activities/fieldwork/day.html", &view)
}

fn sent(req: &Req, s: item::Sent) -> SentView {
    SentView {
        sort: s.sort.as_str(),
        made_at: s.made_at.map(|m| req.app.time(m)),
        received_at: req.app.time(s.received_at),
        at: req.app.time(s.at),
        trust: s.trust.as_str(),
        subject: s.subject,
        id: s.id,
    }
}

fn done(req: &Req, to: &str, id: &str) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url(to)))
}

fn undo(req: &Req) -> Result<Reply> {
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    let id = req.once(move |tx| visit::undo(tx, &who, &id).map(|()| id))?;
    done(req, "/field", &id)
}

fn add_home(req: &Req) -> Result<Reply> {
    let (who, new) = (req.who.clone(), NewHome::parse(&req.input()?)?);
    let id = req.once(move |tx| care::add(tx, &who, &new))?;
    done(req, "/field", &id)
}

fn end_home(req: &Req) -> Result<Reply> {
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    let id = req.once(move |tx| care::end(tx, &who, &id).map(|()| id))?;
    done(req, "/field", &id)
}

fn card(req: &Req) -> Result<Reply> {
    let (who, words) = (req.who.clone(), req.input()?.text("words", 30)?);
    let id = req.once(move |tx| care::set_card(tx, &who, words.as_deref()).map(|()| String::new()))?;
    done(req, "/field", &id)
}

#[derive(Serialize, JsonSchema)]
struct Emergencies {
    items: Vec<emergency::View>,
    /// Areas for which the reader may declare one.
    areas: Vec<AreaView>,
    longest: i64,
}

fn emergencies(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "field-emergency");
    let view = req.app.db.read(|r| {
        let mut areas = Vec::new();
        for role in &req.who.roles {
            if super::rules::authority(&req.who, &role.path).is_some() {
                areas.extend(area::by_id(r, &role.area)?);
                areas.extend(area::beneath(r, &role.path, "community")?);
                areas.extend(area::beneath(r, &role.path, "grid")?);
            }
        }
        let areas = areas.iter().map(AreaView::from).collect();
        Ok::<_, Error>(Emergencies { items: emergency::views(req, r, &mut look)?, areas, longest: super::rules::LONGEST })
    })?;
    look.record(req.app)?;
    req.page("activities/fieldwork/emergency.html", &view)
}

fn declare(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (area, reason) = (input.need("area", 40)?, input.need("reason", emergency::WORDS)?);
    let hours = input.int("hours", i64::MIN, i64::MAX)?.ok_or_else(|| Kind::Missing.at("hours"))?;
    let who = req.who.clone();
    let id = req.once(move |tx| emergency::begin(tx, &who, &area, &reason, hours))?;
    done(req, "/field/emergency", &id)
}

fn emergency_act(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    let back = if req.form.get("back") == Some("field") { "/field" } else { "/field/emergency" };
    let id = match req.param("action") {
        "here" => req.once(move |tx| emergency::check_in(tx, &who, &id).map(|()| id))?,
        "end" => req.once(move |tx| emergency::end(tx, &who, &id).map(|()| id))?,
        "extend" => {
            let reason = input.need("reason", emergency::WORDS)?;
            let hours = input.int("hours", i64::MIN, i64::MAX)?.ok_or_else(|| Kind::Missing.at("hours"))?;
            req.once(move |tx| emergency::extend(tx, &who, &id, &reason, hours).map(|()| id))?
        }
        _ => return Err(Kind::NotFound.into()),
    };
    done(req, back, &id)
}

/// Words that the page without a network needs: texts whose keys begin so.
const WORDS: &str = "pocket-";

#[derive(Serialize)]
struct Pocket {
    words: BTreeMap<String, String>,
}

fn pocket(req: &Req) -> Result<Reply> {
    let mut words = BTreeMap::new();
    for key in crate::kit::i18n::Texts::keys(req.lang).into_iter().filter(|k| k.starts_with(WORDS)) {
        words.insert(key[WORDS.len()..].to_owned(), req.app.texts.plain(req.lang, &key));
    }
    // Photos are chosen here as everywhere.
    for key in ["photo-pick", "photo-more", "photo-remove"] {
        words.insert(key.to_owned(), req.app.texts.plain(req.lang, key));
    }
    for state in State::ALL {
        words.insert(format!("now-{}", state.as_str()), req.app.texts.plain(req.lang, &format!("state-{}", state.as_str())));
    }
    let html = req.page("activities/fieldwork/pocket.html", &Pocket { words })?;
    Ok(html.header("cache-control", "no-cache"))
}

fn file(name: &str) -> Result<(Vec<u8>, &'static str)> {
    let (bytes, kind) = assets::get(name).ok_or(Kind::NotFound)?;
    Ok((bytes.into_owned(), kind))
}

fn worker(req: &Req) -> Result<Reply> {
    let (bytes, kind) = file("sw.js")?;
    let reply = Reply::of(kind, bytes).header("cache-control", "no-cache");
    // Served at the base path it may look after everything beneath it; said again for servers that put it elsewhere.
    Ok(reply.header("service-worker-allowed", req.url("/")))
}

fn manifest(req: &Req) -> Result<Reply> {
    let name = req.app.texts.plain(req.lang, "product");
    let icon = |file: &str, sizes: &str, kind: &str| json!({ "src": format!("{}?v={}", req.url(&format!("/assets/{file}")), assets::version(file)), "sizes": sizes, "type": kind, "purpose": "any" });
    let view = json!({
        "id": req.url("/field/pocket"), "name": name, "short_name": name, "lang": req.lang.tag(),
        "start_url": req.url("/field/pocket"), "scope": req.url("/"), "display": "standalone",
        "background_color": "#fbf9f5", "theme_color": "#17695a",
        "icons": [icon("img/icon.svg", "any", "image/svg+xml"), icon("img/icon-192.png", "192x192", "image/png"), icon("img/icon-512.png", "512x512", "image/png")],
    });
    Ok(Reply::of("application/manifest+json", view.to_string()))
}
