//! Pages of buildings, homes and pairs: who lives behind which door, and which records are perhaps one person.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::home::{self, Purpose};
use super::person::{self, Person};
use super::rules::{self, may_keep};
use super::same::{self, Pair};
use super::view::{self, HomeView, RowView};
use super::web::gate;
use super::{act, near, purpose};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/register/places/{id}", May::Staff, place, "The homes of a building or an area, with who lives in them.")
        .gives::<PlaceView>(),
    Route::get("/register/homes/{id}", May::Staff, one, "A home: its use, its households.").gives::<OneHome>(),
    Route::post("/register/homes/{id}/use", May::Staff, set_use, "Says what a home is used for: `{use}`."),
    Route::post(
        "/register/homes/{id}/split",
        May::Staff,
        split,
        "Some people become a household of their own: `{person: [id]}`.",
    ),
    Route::get("/register/pairs", May::Staff, pairs, "Records that are perhaps of one person.").gives::<Pairs>(),
    Route::post("/register/pairs/{id}/{said}", May::Staff, say, "same other undo."),
    Route::post("/register/search", May::Staff, search, "Searches the whole register for doubles.").gives::<Searched>(),
];

#[derive(Serialize, JsonSchema)]
struct PlaceView {
    id: String,
    name: String,
    homes: Vec<HomeRow>,
    keeps: bool,
    purpose: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct HomeRow {
    id: String,
    door: String,
    purpose: &'static str,
    people: Vec<RowView>,
}

/// Homes of which the page tells who lives in them.
const OPENED: usize = 200;

/// What a building, or an area, is called.
pub fn place_name(q: &mut dyn Query, id: &str) -> Result<Option<String>> {
    Ok(match area::building(q, id)? {
        Some(building) => Some(building.address),
        None => area::by_id(q, id)?.map(|a| a.name),
    })
}

fn place(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let mut look = Look::new(&req.who, purpose);
        let view = req.app.db.read(|r| {
            let id = req.param("id");
            let spot = home::spot_of(r, id)?.filter(|s| rules::relation(&req.who, &s.path).is_some()).ok_or(Kind::NotFound)?;
            let mut homes = Vec::new();
            for (n, one) in home::of_place(r, id)?.into_iter().enumerate() {
                let people = if n < OPENED { person::of_home(r, &one.id)? } else { Vec::new() };
                let people = view::rows(req, r, &people, &mut look, false)?;
                homes.push(HomeRow { id: one.id, door: one.door, purpose: one.purpose.as_str(), people });
            }
            let name = place_name(r, id)?.unwrap_or_default();
            Ok::<_, Error>(PlaceView { id: id.to_owned(), name, homes, keeps: may_keep(&req.who, &spot.path), purpose })
        })?;
        look.record(req.app)?;
        req.page("records/register/place.html", &view)
    })
}

#[derive(Serialize, JsonSchema)]
struct OneHome {
    home: HomeView,
    households: Vec<HouseholdView>,
    uses: Vec<&'static str>,
    keeps: bool,
    purpose: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct HouseholdView {
    id: String,
    people: Vec<RowView>,
}

fn one(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let mut look = Look::new(&req.who, purpose);
        let view = req.app.db.read(|r| {
            let one = home::by_id(r, req.param("id"))?.ok_or(Kind::NotFound)?;
            if rules::relation(&req.who, &one.spot.path).is_none() {
                return Err(Kind::NotFound.into());
            }
            let all = person::of_home(r, &one.id)?;
            let mut households = Vec::new();
            for household in home::households(r, &one.id)? {
                let of: Vec<Person> = all.iter().filter(|p| p.household.as_ref() == Some(&household.id)).cloned().collect();
                households.push(HouseholdView { people: view::rows(req, r, &of, &mut look, false)?, id: household.id });
            }
            // Organisations, and people of whom no household is known.
            let rest: Vec<Person> = all.into_iter().filter(|p| p.household.is_none()).collect();
            if !rest.is_empty() {
                households.push(HouseholdView { id: String::new(), people: view::rows(req, r, &rest, &mut look, false)? });
            }
            let address = view::address(r, &one)?;
            let home = HomeView { id: one.id, place: one.place, door: one.door, address, purpose: one.purpose.as_str() };
            let uses = Purpose::ALL.iter().map(|p| p.as_str()).collect();
            Ok::<_, Error>(OneHome { home, households, uses, keeps: may_keep(&req.who, &one.spot.path), purpose })
        })?;
        look.record(req.app)?;
        req.page("records/register/home.html", &view)
    })
}

fn back_home(req: &Req) -> Result<Reply> {
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    Ok(Reply::see_other(req.url(&format!("/register/homes/{}", req.param("id")))))
}

fn set_use(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    let said = req.input()?.need("use", 20)?;
    let new = Purpose::parse(&said).ok_or_else(|| Kind::Unknown.at("use"))?;
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| home::set_purpose(tx, &who, &id, new).map(|()| String::new()))?;
    back_home(req)
}

fn split(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    let people = req.input()?.list("person", act::TOGETHER)?;
    let home = req.app.db.read(|r| home::by_id(r, req.param("id")))?.ok_or(Kind::NotFound)?;
    let living = act::Living::Door { place: home.place, door: home.door, purpose: None, household: None };
    let who = req.who.clone();
    req.once(move |tx| act::split(tx, &who, &people, &living))?;
    back_home(req)
}

#[derive(Serialize, JsonSchema)]
struct Pairs {
    items: Vec<PairView>,
    /// What was said last and can be taken back.
    undo: Option<String>,
    purpose: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct PairView {
    id: String,
    percent: u8,
    why: Vec<String>,
    a: Side,
    b: Side,
}

/// One of the two, with everything that is compared.
#[derive(Serialize, JsonSchema)]
struct Side {
    row: RowView,
    values: Vec<(String, String)>,
}

/// What is shown of both, side by side.
const COMPARED: [&str; 6] =
    ["register.name", "register.sex", "register.birth", "register.id_number", "register.phone", "register.work"];

fn side(req: &Req, q: &mut dyn Query, one: &Person, look: &mut Look) -> Result<Option<Side>> {
    let Some(relation) = rules::relation(&req.who, &one.spot.path) else { return Ok(None) };
    let value = |element: &'static str, look: &mut Look| {
        let shown = look.at(&one.graded(element)?, relation)?;
        Some((view::text_key(element), view::word(element, shown, req.lang)))
    };
    let values = COMPARED.iter().filter_map(|e| value(e, look)).collect();
    let row = view::rows(req, q, std::slice::from_ref(one), look, true)?.pop();
    Ok(row.map(|row| Side { row, values }))
}

fn pairs(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let mut look = Look::new(&req.who, purpose);
        let items = req.app.db.read(|r| {
            let keeps: Vec<String> =
                req.who.roles.iter().filter(|r| may_keep(&req.who, &r.path)).map(|r| r.path.clone()).collect();
            if keeps.is_empty() {
                return Err(Kind::Denied.into());
            }
            let mut items = Vec::new();
            for path in keeps {
                for pair in same::suspected(r, &path)? {
                    items.extend(pair_view(req, r, pair, &mut look)?);
                }
            }
            Ok::<_, Error>(items)
        })?;
        look.record(req.app)?;
        let undo = req.query.get("undo").map(str::to_owned);
        req.page("records/register/pairs.html", &Pairs { items, undo, purpose })
    })
}

fn pair_view(req: &Req, q: &mut dyn Query, pair: Pair, look: &mut Look) -> Result<Option<PairView>> {
    let (Some(a), Some(b)) = (person::by_id(q, &pair.a)?, person::by_id(q, &pair.b)?) else { return Ok(None) };
    let (Some(a), Some(b)) = (side(req, q, &a, look)?, side(req, q, &b, look)?) else { return Ok(None) };
    let percent = (calc::link::probability(pair.bits as f64 / 100.0) * 100.0).floor() as u8;
    let why = pair.why.iter().map(|w| w.replace(':', "-")).collect();
    Ok(Some(PairView { id: pair.id, percent, why, a, b }))
}

fn say(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    let (who, id, said) = (req.who.clone(), req.param("id").to_owned(), req.param("said").to_owned());
    let back = if said == "undo" { String::new() } else { format!("?undo={}", crate::kit::form::encode(&id)) };
    req.once(move |tx| {
        match said.as_str() {
            "same" => same::join(tx, &who, &id)?,
            "other" => same::keep_apart(tx, &who, &id)?,
            "undo" => same::undo(tx, &who, &id)?,
            _ => return Err(Kind::NotFound.into()),
        }
        Ok(String::new())
    })?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    let to = req.input()?.text("to", 300)?.filter(|t| t.starts_with("/register"));
    Ok(Reply::see_other(req.url(&to.unwrap_or(format!("/register/pairs{back}")))))
}

#[derive(Serialize, JsonSchema)]
struct Searched {
    /// Pairs that were not known before.
    found: u64,
}

fn search(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    if !req.who.roles.iter().any(|r| may_keep(&req.who, &r.path) && r.body.is_some()) {
        return Err(Kind::Denied.into());
    }
    let found = near::search(req.app)?;
    if req.wants_json() {
        return Reply::json(&Searched { found });
    }
    Ok(Reply::see_other(req.url("/register/pairs")))
}
