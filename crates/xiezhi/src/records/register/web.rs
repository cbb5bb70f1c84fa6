//! Pages and data of the register: the purpose, finding, one record and what is done with it.

use std::borrow::Cow;

use calc::address;
use schemars::JsonSchema;
use serde::Serialize;

use super::act::{self, Living, New, NewTag};
use super::home::{self, Purpose};
use super::person::{self, Of, Person};
use super::rules::{self, State};
use super::values::Source;
use super::view::{self, CodeView, FieldView, FullView, RowView};
use super::{find, near, purpose, same};
use crate::base::area;
use crate::base::catalogue::{Look, Relation, decide};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/register", May::Staff, start, "The register: for what it is read, places, what waits.").gives::<Start>(),
    Route::post("/register/purpose", May::Staff, name_purpose, "Names for what the register is read: `{purpose}`; none ends it."),
    Route::get("/register/people", May::Staff, list, "Records of an `area`, by `kind`, `tag`, `cursor`.").gives::<List>(),
    Route::post("/register", May::Staff, find, "Records by `q`: a name, number or telephone, or the last four signs of one. No address holds it, so no log of a server does.").gives::<List>(),
    Route::get("/register/people/new", May::Staff, form, "The form for somebody new: `place door household kind`.").gives::<FormView>(),
    Route::post("/register/people", May::Staff, add, "Writes somebody down: elements by their names, `place`, `door`, `household?`, `source?`, `anyway?`. 409 `perhaps-held` names who is perhaps the same.").gives::<Added>(),
    Route::post("/register/check", May::Staff, check, "Who is perhaps meant: elements by their names, `place?`, `door?`.").gives::<Perhaps>(),
    Route::get("/register/people/{id}", May::Staff, one, "One record: values with source and day, tags, home, household, history.").gives::<FullView>(),
    Route::post("/register/people/{id}/{action}", May::Staff, act_on, "change seen move leave death tag untag.").gives::<FullView>(),
];

/// Most bytes of an id.
pub(super) const ID: usize = 60;
/// Most characters that are searched for.
const TYPED: usize = 60;

/// Runs a page of the register for the purpose that is open; without one a reader is first asked for it.
pub(super) fn gate(req: &Req, page: impl FnOnce(&'static str) -> Result<Reply>) -> Result<Reply> {
    match purpose::need(req) {
        Ok(purpose) => page(purpose),
        Err(e) if e.kind == Kind::Purpose && req.method != "GET" && !req.wants_json() => {
            Ok(Reply::see_other(req.url("/register")))
        }
        Err(e) if e.kind == Kind::Purpose && !req.wants_json() => {
            let query: Vec<String> =
                req.query.fields.iter().map(|(k, v)| format!("{k}={}", crate::kit::form::encode(v))).collect();
            let here = if query.is_empty() { req.path.to_owned() } else { format!("{}?{}", req.path, query.join("&")) };
            Ok(Reply::see_other(req.url(&format!("/register?to={}", crate::kit::form::encode(&here)))))
        }
        Err(e) => Err(e),
    }
}

#[derive(Serialize, JsonSchema)]
struct Start {
    /// The purpose that is open.
    purpose: Option<&'static str>,
    until: Option<String>,
    /// What may be chosen.
    purposes: Vec<PurposeView>,
    /// Where the reader wanted to go.
    to: Option<String>,
    areas: Vec<AreaView>,
    /// Pairs that are perhaps one person.
    pairs: i64,
    tags: Vec<CodeView>,
    keeps: bool,
    /// Brings tables in and takes lists out.
    imports: bool,
}

#[derive(Serialize, JsonSchema)]
struct PurposeView {
    code: &'static str,
    basis: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct AreaView {
    id: String,
    code: String,
    name: String,
    buildings: Vec<PlaceView>,
}

#[derive(Serialize, JsonSchema)]
struct PlaceView {
    id: String,
    name: String,
    address: String,
}

/// Areas whose buildings the first page lists.
const LISTED: usize = 8;

fn start(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        if !req.who.roles.iter().any(|role| rules::relation(&req.who, &role.path).is_some()) {
            return Err(Kind::Denied.into());
        }
        let open = purpose::open(r, &req.who, req.now)?;
        let mut areas = Vec::new();
        let mut pairs = 0;
        for one in find::areas(r, &req.who)?.into_iter().take(LISTED) {
            if rules::may_keep(&req.who, &one.path) {
                pairs += same::waiting(r, &one.path)?;
            }
            let place = |b: area::Building| PlaceView { id: b.id, name: b.name, address: b.address };
            let mut buildings: Vec<PlaceView> = area::buildings(r, &one.path)?.into_iter().map(place).collect();
            buildings.sort_by_cached_key(|b| home::by_number(&b.name));
            areas.push(AreaView { id: one.id, code: one.code, name: one.name, buildings });
        }
        let keeps = req.who.roles.iter().any(|r| rules::may_keep(&req.who, &r.path));
        let imports = req.who.roles.iter().any(|r| super::import::may_import(&req.who, &r.path).is_some());
        Ok::<_, Error>(Start {
            until: open.as_ref().map(|o| req.app.time(o.until)),
            purpose: open.map(|o| o.code),
            purposes: decide::purposes().iter().map(|p| PurposeView { code: &p.code, basis: &p.basis }).collect(),
            to: req.query.get("to").filter(|t| t.starts_with("/register")).map(str::to_owned),
            areas,
            pairs,
            tags: view::codes("register.tag", req.lang),
            keeps,
            imports,
        })
    })?;
    req.page("records/register/start.html", &view)
}

fn name_purpose(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("purpose", ID)?;
    let who = req.who.clone();
    req.once(move |tx| {
        match &code {
            Some(code) => purpose::name(tx, &who, code)?,
            None => purpose::end(tx, &who)?,
        }
        Ok(String::new())
    })?;
    let to = input.text("to", 300)?.filter(|t| t.starts_with("/register"));
    if req.wants_json() {
        return Reply::json(&serde_json::json!({}));
    }
    Ok(Reply::see_other(req.url(to.as_deref().unwrap_or("/register"))))
}

#[derive(Default, Serialize, JsonSchema)]
struct List {
    items: Vec<RowView>,
    next: Option<String>,
    q: String,
    area: Option<String>,
    area_name: Option<String>,
    kind: &'static str,
    tag: Option<String>,
    tag_word: Option<String>,
    purpose: &'static str,
}

fn list(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let kind = Of::parse(req.query.get("kind").unwrap_or("person")).ok_or_else(|| Kind::Unknown.at("kind"))?;
        let code = req.query.get("area").ok_or_else(|| Kind::Missing.at("area"))?;
        let tag = req.query.get("tag");
        people(req, purpose, |r, look| {
            let place = area::by_code(r, code)?.ok_or_else(|| Kind::Unknown.at("area"))?;
            let relation = rules::relation(&req.who, &place.path).ok_or(Kind::NotFound)?;
            let cursor = req.query.get("cursor").and_then(|c| c.split_once('|'));
            let (people, next) = match tag {
                Some(tag) => {
                    // Whoever may not see a tag does not learn it from a list either.
                    let roles: Vec<_> = req.who.roles.iter().map(|r| r.kind).collect();
                    let asker = decide::Asker { roles: &roles, purpose, relation };
                    if decide("register.tag", &asker).decision != calc::grade::Decision::Plain {
                        return Err(Kind::Denied.into());
                    }
                    let tagged = find::tagged(r, &req.who, &place, tag)?;
                    tagged.iter().for_each(|one| look.gives(&one.id, "register.tag"));
                    (tagged, None)
                }
                None => find::of_area(r, &place.path, kind, cursor)?,
            };
            let list = List {
                next,
                area: Some(place.code),
                area_name: Some(place.name),
                kind: kind.as_str(),
                tag: tag.map(str::to_owned),
                tag_word: tag.map(|t| view::word("register.tag", t.to_owned(), req.lang)),
                ..List::default()
            };
            Ok((people, list))
        })
    })
}

fn find(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let q = req.input()?.need("q", TYPED)?;
        let list = List { q: q.clone(), kind: Of::Person.as_str(), ..List::default() };
        people(req, purpose, |r, look| {
            let found = find::search(r, &req.who, &q)?;
            // Whoever finds somebody by his number learns that it is his, however little of him the list shows.
            found.iter().for_each(|one| look.gives(&one.id, one.name_element()));
            Ok((found, list))
        })
    })
}

/// A list of records, each as this reader may see it.
fn people<F>(req: &Req, purpose: &'static str, found: F) -> Result<Reply>
where
    F: FnOnce(&mut store::Read, &mut Look) -> Result<(Vec<Person>, List)>,
{
    let mut look = Look::new(&req.who, purpose);
    let view = req.app.db.read(|r| {
        let (people, list) = found(r, &mut look)?;
        let items = view::rows(req, r, &people, &mut look, true)?;
        Ok::<_, Error>(List { items, purpose, ..list })
    })?;
    look.record(req.app)?;
    req.page("records/register/people.html", &view)
}

/// A record that this reader may know of, and how he stands to it.
pub(super) fn readable(req: &Req, id: &str) -> Result<(Person, Relation)> {
    let one = req.app.db.read(|r| person::by_id(r, id))?.ok_or(Kind::NotFound)?;
    let relation = rules::relation(&req.who, &one.spot.path).ok_or(Kind::NotFound)?;
    Ok((one, relation))
}

fn shown(req: &Req, id: &str, purpose: &'static str) -> Result<FullView> {
    let (one, relation) = readable(req, id)?;
    if one.state == State::Erased {
        return Err(Kind::NotFound.into());
    }
    let mut look = Look::new(&req.who, purpose);
    let view = req.app.db.read(|r| view::full(req, r, &one, relation, &mut look, purpose))?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let (one, _) = readable(req, req.param("id"))?;
        // Of joined records one stands for all.
        if let Some(golden) = one.golden {
            return Ok(Reply::see_other(req.url(&format!("/register/people/{golden}"))));
        }
        req.page("records/register/person.html", &shown(req, &one.id, purpose)?)
    })
}

#[derive(Serialize, JsonSchema)]
struct FormView {
    kind: &'static str,
    fields: Vec<FieldView>,
    place: Option<String>,
    place_name: Option<String>,
    door: String,
    household: Option<String>,
    /// Households behind this door, by those who live in them.
    households: Vec<HouseholdView>,
    purposes: Vec<&'static str>,
    /// Who is perhaps the same.
    near: Vec<NearView>,
    code: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct HouseholdView {
    id: String,
    people: Vec<RowView>,
}

/// Somebody who is perhaps the same.
#[derive(Serialize, JsonSchema)]
pub(super) struct NearView {
    pub row: RowView,
    pub percent: u8,
    /// What agrees and what does not: keys of words.
    pub why: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Perhaps {
    near: Vec<NearView>,
}

#[derive(Serialize, JsonSchema)]
struct Added {
    id: String,
}

/// Elements and what was said, of what came in.
fn said(input: &Input, kind: Of) -> Result<Vec<(&'static str, String)>> {
    let mut out = Vec::new();
    for element in view::elements(kind) {
        if let Some(text) = input.text(view::field(element), rules::LONGEST)? {
            out.push((*element, rules::spelt(element, &text)?));
        }
    }
    Ok(out)
}

/// A door in its one spelling: 2－602 is 2单元602室. What the grammar does not know stays as it is.
pub(super) fn door(said: &str) -> String {
    // Behind a building, so that a number by itself is a room and no building.
    let whole = format!("1栋{said}");
    let read = address::parse(&whole);
    if !read.rest.is_empty() || (read.unit.is_empty() && read.floor.is_empty() && read.room.is_empty()) {
        return said.chars().map(calc::codes::half_width).filter(|c| !c.is_whitespace()).collect();
    }
    address::Address { building: address::Short::default(), ..read.home() }.canonical()
}

fn living(input: &Input) -> Result<Living> {
    let place = input.need("place", ID)?;
    Ok(match input.text("door", home::DOOR)? {
        None => Living::Area(place),
        Some(text) => {
            let purpose = input.text("use", 20)?;
            let purpose = purpose.map(|p| Purpose::parse(&p).ok_or_else(|| Kind::Unknown.at("use"))).transpose()?;
            Living::Door { place, door: door(&text), purpose, household: input.text("household", ID)? }
        }
    })
}

fn source(input: &Input) -> Result<Source> {
    let said = input.text("source", 20)?;
    Source::parse(said.as_deref().unwrap_or("visit")).ok_or_else(|| Kind::Unknown.at("source"))
}

/// Who is perhaps meant by what was said, as this reader may see them.
fn perhaps(req: &Req, purpose: &'static str, said: &[(&'static str, String)], input: &Input) -> Result<Vec<NearView>> {
    let (place, door_said) = (input.text("place", ID)?, input.text("door", home::DOOR)?);
    let spot = match &place {
        Some(place) => Some(req.app.db.read(|r| home::spot_of(r, place))?.ok_or_else(|| Kind::Unknown.at("place"))?),
        None => None,
    };
    let text = |element: &str| said.iter().find(|(e, _)| *e == element).map(|(_, t)| t.clone()).unwrap_or_default();
    let home = place.as_deref().zip(door_said.as_deref()).map(|(p, d)| near::home_cell(p, &door(d)));
    let cells = [
        text("register.name"),
        text("register.sex"),
        text("register.birth"),
        text("register.id_number"),
        text("register.phone"),
        spot.map(|s| s.community).unwrap_or_default(),
        home.unwrap_or_default(),
    ];
    let found = near::look(req.app, &cells)?;
    let mut look = Look::new(&req.who, purpose);
    let views = req.app.db.read(|r| near_views(req, r, found, &mut look))?;
    look.record(req.app)?;
    Ok(views)
}

/// A row that says nothing.
fn elsewhere(kind: Of) -> RowView {
    RowView {
        id: String::new(),
        kind: kind.as_str(),
        name: None,
        sex: None,
        birth: None,
        relation: None,
        home: None,
        state: State::Here.as_str(),
    }
}

fn near_views(req: &Req, q: &mut dyn store::Query, found: Vec<near::Near>, look: &mut Look) -> Result<Vec<NearView>> {
    let mut out = Vec::new();
    for near in found {
        let Some(one) = person::by_id(q, &near.id)? else { continue };
        let row = match view::rows(req, q, std::slice::from_ref(&one), look, true)?.pop() {
            Some(row) => row,
            // Somebody of another place: that he is held there, and nothing else. What agrees would tell by and by what he is.
            None => {
                out.push(NearView { row: elsewhere(one.kind), percent: 0, why: Vec::new() });
                continue;
            }
        };
        out.push(NearView { row, percent: near.percent, why: near.why.iter().map(|w| w.replace(':', "-")).collect() });
    }
    Ok(out)
}

fn form_view(req: &Req, kind: Of, input: &Input, purpose: &'static str, near: Vec<NearView>) -> Result<FormView> {
    let mut fields = Vec::new();
    for element in view::elements(kind) {
        let typed = input.text(view::field(element), rules::LONGEST)?.unwrap_or_default();
        fields.push(view::form_field(element, typed, req.lang));
    }
    let (place, typed) = (input.text("place", ID)?, input.text("door", home::DOOR)?.unwrap_or_default());
    let mut look = Look::new(&req.who, purpose);
    let (place_name, households) = req.app.db.read(|r| {
        let Some(id) = &place else { return Ok((None, Vec::new())) };
        let name = match area::building(r, id)? {
            Some(building) => Some(building.address),
            None => area::by_id(r, id)?.map(|a| a.name),
        };
        let mut households = Vec::new();
        if let Some(home) = home::at(r, id, &door(&typed))?.filter(|h| rules::relation(&req.who, &h.spot.path).is_some()) {
            let all = person::of_home(r, &home.id)?;
            for one in home::households(r, &home.id)? {
                let kin: Vec<Person> = all.iter().filter(|p| p.household.as_ref() == Some(&one.id)).cloned().collect();
                households.push(HouseholdView { people: view::rows(req, r, &kin, &mut look, false)?, id: one.id });
            }
        }
        Ok::<_, Error>((name, households))
    })?;
    look.record(req.app)?;
    Ok(FormView {
        kind: kind.as_str(),
        fields,
        place,
        place_name,
        door: typed,
        household: input.text("household", ID)?,
        households,
        purposes: Purpose::ALL.iter().map(|p| p.as_str()).collect(),
        code: if near.is_empty() { "" } else { "perhaps-held" },
        near,
    })
}

fn kind_of(input: &Input) -> Result<Of> {
    let said = input.text("kind", 20)?;
    Of::parse(said.as_deref().unwrap_or("person")).ok_or_else(|| Kind::Unknown.at("kind"))
}

/// The query as input, for a form that is opened with something known.
fn query(req: &Req) -> Input {
    Input(req.query.fields.iter().map(|(k, v)| (k.clone(), serde_json::Value::from(v.as_str()))).collect())
}

fn form(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let input = query(req);
        let view = form_view(req, kind_of(&input)?, &input, purpose, Vec::new())?;
        req.page("records/register/new.html", &view)
    })
}

fn check(req: &Req) -> Result<Reply> {
    let purpose = purpose::need(req)?;
    let input = req.input()?;
    // What cannot be read yet is still being typed.
    let said = view::elements(Of::Person).iter().filter_map(|element| {
        let text = input.text(view::field(element), rules::LONGEST).ok()??;
        Some((*element, rules::spelt(element, &text).ok()?))
    });
    let said: Vec<_> = said.collect();
    let near = if said.is_empty() { Vec::new() } else { perhaps(req, purpose, &said, &input)? };
    req.page("records/register/near.html", &Perhaps { near })
}

fn add(req: &Req) -> Result<Reply> {
    let purpose = purpose::need(req)?;
    let input = req.input()?;
    let kind = kind_of(&input)?;
    let values = said(&input, kind)?;
    let new = New { kind, living: living(&input)?, source: source(&input)?, values };
    if kind == Of::Person && !input.flag("anyway") {
        let near = perhaps(req, purpose, &new.values, &input)?;
        if !near.is_empty() {
            let view = form_view(req, kind, &input, purpose, near)?;
            return Ok(req.page("records/register/new.html", &view)?.status(409));
        }
    }
    let who = req.who.clone();
    let id = req.once(move |tx| act::add(tx, &who, &new))?;
    if req.wants_json() {
        return Ok(Reply::json(&Added { id })?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/register/people/{id}"))))
}

fn act_on(req: &Req) -> Result<Reply> {
    let purpose = purpose::need(req)?;
    let (mut one, _) = readable(req, req.param("id"))?;
    // Of joined records one stands for all, here too.
    if let Some(golden) = &one.golden {
        one = readable(req, golden)?.0;
    }
    let input = req.input()?;
    let (who, id) = (req.who.clone(), one.id.clone());
    match req.param("action") {
        "change" => {
            let (kind, seen) = (one.kind, input.int("version", 1, i64::MAX)?);
            let mut values = said(&input, kind)?;
            // A field of a form that was emptied takes its value away.
            for element in view::elements(kind) {
                let field: Cow<str> = view::field(element).into();
                if input.0.get(&*field).is_some_and(|v| v.as_str().is_some_and(|t| t.trim().is_empty())) {
                    values.push((element, String::new()));
                }
            }
            let source = source(&input)?;
            req.once(move |tx| act::correct(tx, &who, &id, seen, &values, source).map(|()| String::new()))?
        }
        "seen" => req.once(move |tx| act::confirm(tx, &who, &id).map(|()| String::new()))?,
        "move" => {
            let living = living(&input)?;
            let mut all = vec![id];
            all.extend(input.list("person", act::TOGETHER)?);
            req.once(move |tx| {
                match all.as_slice() {
                    [one] => act::settle_at(tx, &who, one, &living)?,
                    many => drop(act::split(tx, &who, many, &living)?),
                }
                Ok(String::new())
            })?
        }
        "leave" => req.once(move |tx| act::leave(tx, &who, &id).map(|()| String::new()))?,
        "death" => req.once(move |tx| act::die(tx, &who, &id).map(|()| String::new()))?,
        "tag" => {
            let until = input.until("until", &req.app.config.zone)?;
            let new = NewTag {
                code: input.need("code", 40)?,
                purpose: purpose.to_owned(),
                until: until.unwrap_or(req.now + act::TAG_LASTS - crate::kit::time::DAY),
                consent: input.need("consent", 40)?,
            };
            req.once(move |tx| act::tag(tx, &who, &id, &new).map(|()| String::new()))?
        }
        "untag" => {
            let code = input.need("code", 40)?;
            req.once(move |tx| act::untag(tx, &who, &id, &code).map(|()| String::new()))?
        }
        _ => return Err(Kind::NotFound.into()),
    };
    if req.wants_json() {
        return Reply::json(&shown(req, &one.id, purpose)?);
    }
    Ok(Reply::see_other(req.url(&format!("/register/people/{}", one.id))))
}
