//! Routes of devices.
//!
//! What must stay true: a password is shown once, to whoever asked for it, and nowhere again; a device that tells over HTTP
//! signs in with its own name and password at each call, and tells of itself alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use store::Tx;

use super::act::{self, New};
use super::consent;
use super::ingest::{self, Taken};
use super::view::{self, Item, Span, StreamView};
use super::watch::book::Book;
use super::watch::{self, hear};
use super::{Device, State, beneath, by_name, odd, of_person, pack};
use crate::base::area::{self, Area};
use crate::base::catalogue::Look;
use crate::base::party::{self, card};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route, Who, tries};

/// Devices of one list.
const MANY: i64 = 200;
/// Readings of one call.
const READINGS: usize = 1000;
/// What wrong passwords of devices are counted under.
pub const TRIES: &str = "device";

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/devices", May::Staff, list, "Devices of a place (`area`, `after`): whether they are heard of.").gives::<List>(),
    Route::get("/devices/new", May::Staff, form, "The form for a device (`area`, or `card`: in whose home).").gives::<Form>(),
    Route::post(
        "/devices",
        May::Staff,
        add,
        "Adds a device: `{kind, title, area?, name?, building?, card?, agreed?, parent?, shared?, keep_days?}`; its password is shown once.",
    )
    .gives::<Full>(),
    Route::get("/devices/mine", May::SignedIn, mine, "Devices in one's own home, with what they told.").gives::<Mine>(),
    Route::get("/devices/{name}", May::SignedIn, one, "A device with what it tells (`span`: week, quarter, years).").gives::<Full>(),
    Route::post("/devices/{name}/renew", May::Staff, renew, "Another password for a device; it is shown once.").gives::<Full>(),
    Route::post("/devices/{name}/state", May::Staff, set_state, "Somebody works on it, it works again, it is gone: `{state, why}`."),
    Route::post(
        "/devices/{name}/agree",
        May::SignedIn,
        agree,
        "Whoever lives there agrees again, or no longer: `{agreed: self present phone paper no}`; the desk says how it was told.",
    ),
    Route::post(
        "/obs/{device}",
        May::Anyone,
        tell,
        "A device tells (Basic authentication, its name and password): an object of streams, or a list of `{stream, t, v, seq}`.",
    )
    .gives::<Heard>(),
];

/// Devices of a place.
#[derive(Serialize, JsonSchema)]
struct List {
    area: String,
    place: String,
    items: Vec<Item>,
    next: Option<String>,
    may_add: bool,
    /// Addresses of fire panels that speak and that nobody added.
    strangers: Vec<Stranger>,
}

/// An address that speaks and that nobody added.
#[derive(Serialize, JsonSchema)]
struct Stranger {
    address: String,
    ip: String,
    n: i64,
    at: String,
}

fn strangers(req: &Req) -> Vec<Stranger> {
    let view = |(address, s): (String, crate::kit::strange::Stranger)| Stranger {
        address,
        ip: s.ip.to_string(),
        n: s.n,
        at: req.app.time(s.at),
    };
    req.app.strangers.all(req.now).into_iter().map(view).collect()
}

fn list(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "sensing");
    let view = req.app.db.read(|r| {
        let at = match req.query.get("area") {
            Some(code) => area::by_code(r, code)?.ok_or_else(|| Kind::Unknown.at("area"))?,
            None => area::named(req, r, None)?,
        };
        // Whoever has a part in the place knows what watches over it.
        if req.who.role_over(&at.path).is_none() {
            return Err(Kind::Denied.at("area"));
        }
        let all = beneath(r, &at.path, req.query.get("after").unwrap_or_default(), MANY + 1)?;
        let next = all.get(MANY as usize).map(|_| all[MANY as usize - 1].name.clone());
        let items = view::items(req, r, &all[..all.len().min(MANY as usize)], &mut look)?;
        let may_add = req.who.desk_over(&at.path).is_some();
        let strangers = if may_add { strangers(req) } else { Vec::new() };
        Ok::<_, Error>(List { area: at.code, place: at.name, items, next, may_add, strangers })
    })?;
    look.record(req.app)?;
    req.page("activities/sensing/list.html", &view)
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    /// Whose home it is in.
    card: Option<String>,
    kinds: Vec<Choice>,
    buildings: Vec<Choice>,
    gateways: Vec<Choice>,
    /// What it is called, and of which kind, when that is known.
    name: Option<String>,
    kind: Option<String>,
    home_days: i64,
    keep_days: i64,
}

/// Something to choose.
#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
}

/// The place a form or an action is about, and in whose home it is.
fn place(req: &Req, q: &mut dyn store::Query, card: Option<&str>, code: Option<&str>) -> Result<(Area, Option<String>)> {
    if let Some(card) = card {
        let (person, at) = card::of(q, card)?.ok_or_else(|| Kind::Unknown.at("card"))?;
        let at = area::by_id(q, &at)?.ok_or_else(|| Kind::Unknown.at("area"))?;
        return Ok((at, Some(person)));
    }
    Ok((area::of_desk(q, &req.who, code.unwrap_or_default())?, None))
}

fn form(req: &Req) -> Result<Reply> {
    let card = req.query.get("card");
    let view = req.app.db.read(|r| {
        let (at, person) = place(req, r, card, req.query.get("area"))?;
        if req.who.desk_over(&at.path).is_none() {
            return Err(Kind::Denied.into());
        }
        let pack = pack::at(&at.code);
        let kinds = pack.kind.iter().filter(|k| person.is_none() || k.home);
        let choice = |id: &str, name: &str| Choice { id: id.to_owned(), name: name.to_owned() };
        let gateways = beneath(r, &at.path, "", MANY)?.into_iter().filter(|d| d.kind == "gateway");
        Ok::<_, Error>(Form {
            kinds: kinds.map(|k| choice(&k.id, k.name(req.lang))).collect(),
            buildings: area::buildings(r, &at.path)?.iter().map(|b| choice(&b.id, &b.name)).collect(),
            gateways: gateways.map(|d| choice(&d.name, d.title.as_deref().unwrap_or(&d.name))).collect(),
            name: req.query.get("name").map(str::to_owned),
            kind: req.query.get("kind").map(str::to_owned),
            home_days: pack.limits.home_days,
            keep_days: pack.limits.keep_days,
            card: card.map(str::to_owned),
            area: at.code,
            place: at.name,
        })
    })?;
    req.page("activities/sensing/new.html", &view)
}

fn add(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (card, code) = (input.text("card", 40)?, input.text("area", 40)?);
    let (at, person) = req.app.db.read(|r| place(req, r, card.as_deref(), code.as_deref()))?;
    let pack = pack::at(&at.code);
    let new = New {
        name: input.text("name", 40)?,
        kind: input.need("kind", 20)?,
        title: input.need("title", 60)?,
        building: input.text("building", 40)?,
        person,
        agreed: input.text("agreed", 100)?,
        parent: input.text("parent", 40)?,
        shared: input.flag("shared"),
        keep_days: input.int("keep_days", 1, pack.limits.keep_days)?,
    };
    fresh(req, 201, move |tx, who, password| act::add(tx, pack, who, &at, &new, password))
}

fn renew(req: &Req) -> Result<Reply> {
    let name = req.param("name").to_owned();
    fresh(req, 200, move |tx, who, password| act::renew(tx, who, &name, password).map(|()| name.clone()))
}

/// Does something with a new password and shows it. The same request again does nothing twice and cannot show it again: what
/// is kept under its key is the name alone.
fn fresh(req: &Req, status: u16, act: impl FnOnce(&mut Tx, &Who, &str) -> Result<String> + Send + 'static) -> Result<Reply> {
    let (password, who) = (act::secret(req.app), req.who.clone());
    let (said, made) = (password.clone(), Arc::new(AtomicBool::new(false)));
    let first = made.clone();
    let name = req.once(move |tx| {
        let name = act(tx, &who, &said)?;
        first.store(true, Ordering::Relaxed);
        Ok(name)
    })?;
    let shown = made.load(Ordering::Relaxed).then_some(password);
    let view = full(req, &name, shown)?;
    Ok(req.page("activities/sensing/one.html", &view)?.status(status).header("cache-control", "no-store"))
}

/// A device.
#[derive(Serialize, JsonSchema)]
pub struct Full {
    #[serde(flatten)]
    item: Item,
    state: &'static str,
    why: Option<String>,
    parent: Option<String>,
    shared: bool,
    agreed_at: Option<String>,
    agreed_how: Option<String>,
    agreed_until: Option<String>,
    /// The yes is over: nothing is taken.
    agreed_over: bool,
    keep_days: i64,
    /// Shown once, when it is new.
    password: Option<String>,
    /// Where it publishes.
    topic: String,
    streams: Vec<StreamView>,
    /// Whose programs may tell for it, and to whom it may be given: for the desk.
    body: Option<String>,
    bodies: Vec<Choice>,
    /// Readings that made no sense, and when the last of them came.
    refused: i64,
    refused_at: Option<String>,
    /// How far back it looks: week, quarter, years.
    span: &'static str,
    keeps: bool,
    own: bool,
    /// Readings stand here for this reader.
    open: bool,
}

fn bodies(q: &mut dyn store::Query, area: &str) -> Result<Vec<Choice>> {
    let all = party::bodies_for(q, area)?.into_iter().filter(|b| !b.kind.is_desk());
    Ok(all.map(|b| Choice { id: b.id, name: b.name }).collect())
}

fn whole(req: &Req, q: &mut dyn store::Query, d: &Device, password: Option<String>, look: &mut Look) -> Result<Full> {
    let (own, keeps) = (d.person.is_some() && d.person == req.who.person && req.who.by.is_none(), d.is_kept_by(&req.who));
    if !own && req.who.role_over(&d.path).is_none() {
        return Err(Kind::NotFound.into());
    }
    let span = Span::parse(req.query.get("span"))?;
    // What happens in a home is for whoever lives there.
    let open = own || !d.is_home();
    let at = area::by_id(q, &d.area)?;
    let pack = pack::at(at.as_ref().map_or("", |a| a.code.as_str()));
    let parent = d.parent.as_ref().map(|id| q.row("select name from device where id = $1", store::params![id])).transpose()?;
    let parent = parent.flatten().map(|r| r.get("name")).transpose()?;
    let refused = odd::of(req.app, q, d)?;
    let item = view::items(req, q, std::slice::from_ref(d), look)?.pop().ok_or(Kind::NotFound)?;
    Ok(Full {
        state: d.state.as_str(),
        why: d.why.clone(),
        parent,
        shared: d.shared == 1,
        agreed_at: d.agreed_at.map(|t| req.app.time(t)),
        agreed_how: d.agreed_how.clone(),
        agreed_until: d.agreed_until.map(|t| req.app.time(t)),
        agreed_over: d.is_over(req.now),
        keep_days: d.keep_days,
        password,
        topic: format!("obs/{}/", d.name),
        streams: view::streams(req, q, d, pack, open, span)?,
        body: q
            .row("select body from device where id = $1", store::params![&d.id])?
            .map(|r| r.get("body"))
            .transpose()?
            .flatten(),
        bodies: if keeps && !d.is_home() { bodies(q, &d.area)? } else { Vec::new() },
        refused: refused.map_or(0, |(n, _)| n),
        refused_at: refused.map(|(_, at)| req.app.time(at)),
        span: span.as_str(),
        keeps,
        own,
        open,
        item,
    })
}

/// A device for this reader.
pub fn full(req: &Req, name: &str, password: Option<String>) -> Result<Full> {
    let mut look = Look::new(&req.who, "sensing");
    let view = req.app.db.read(|r| {
        let device = by_name(r, name)?;
        whole(req, r, &device, password, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    let view = full(req, req.param("name"), None)?;
    Ok(req.page("activities/sensing/one.html", &view)?.header("cache-control", "no-store"))
}

/// Devices in one's own home.
#[derive(Serialize, JsonSchema)]
struct Mine {
    items: Vec<Full>,
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.myself()?;
    let mut look = Look::new(&req.who, "sensing");
    let items = req.app.db.read(|r| {
        let all = of_person(r, person)?;
        all.iter().map(|d| whole(req, r, d, None, &mut look)).collect::<Result<Vec<_>>>()
    })?;
    look.record(req.app)?;
    Ok(req.page("activities/sensing/mine.html", &Mine { items })?.header("cache-control", "no-store"))
}

fn set_state(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let state = State::parse(&input.need("state", 10)?).ok_or_else(|| Kind::Unknown.at("state"))?;
    let why = input.text("why", 200)?;
    let (who, name, book) = (req.who.clone(), req.param("name").to_owned(), Book::now(req.app)?);
    req.once(move |tx| {
        if state == State::Gone {
            let device = by_name(tx, &name)?;
            act::may_keep(&who, &device)?;
            watch::step::gone(tx, &book, &device, &who)?;
        }
        act::set_state(tx, &who, &name, state, why.as_deref())?;
        if state != State::Gone {
            let device = by_name(tx, &name)?;
            watch::act::service(tx, &book, &device)?;
        }
        Ok(String::new())
    })?;
    let name = req.param("name");
    req.done(&format!("/devices/{name}"), 200, || full(req, name, None))
}

fn agree(req: &Req) -> Result<Reply> {
    let how = req.input()?.need("agreed", 10)?;
    let (who, name) = (req.who.clone(), req.param("name").to_owned());
    let code = req.app.db.read(|r| {
        let device = by_name(r, &name)?;
        Ok::<_, Error>(area::by_id(r, &device.area)?.map(|a| a.code).unwrap_or_default())
    })?;
    let pack = pack::at(&code);
    req.once(move |tx| consent::agree(tx, pack, &who, &name, &how).map(|()| String::new()))?;
    let name = req.param("name");
    req.done(&format!("/devices/{name}"), 200, || full(req, name, None))
}

/// What became of what a device told.
#[derive(Serialize, JsonSchema)]
struct Heard {
    taken: usize,
    twice: usize,
    /// Which were not taken, by their place in the list, and why.
    refused: Vec<Refused>,
}

/// A reading that was not taken.
#[derive(Serialize, JsonSchema)]
pub struct Refused {
    n: usize,
    error: &'static str,
    field: Option<String>,
}

/// Name and password of Basic authentication.
pub fn basic(req: &Req) -> Option<(String, String)> {
    let said = req.header_text("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(said.trim()).ok()?).ok()?;
    text.split_once(':').map(|(n, p)| (n.to_owned(), p.to_owned()))
}

fn tell(req: &Req) -> Result<Reply> {
    let device = signed_in(req)?;
    let code = req.app.db.read(|r| Ok::<_, Error>(area::by_id(r, &device.area)?.map(|a| a.code).unwrap_or_default()))?;
    let pack = pack::at(&code);
    let body = req.json.as_ref().ok_or_else(|| Kind::Missing.at("v"))?;
    let said: Vec<(String, Json)> = match body {
        Json::Object(streams) => streams.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        Json::Array(all) => all.iter().map(|one| (one["stream"].as_str().unwrap_or_default().to_owned(), one.clone())).collect(),
        _ => return Err(Kind::WrongType.at("v")),
    };
    if said.len() > READINGS {
        return Err(Kind::TooLarge.at("v").limit(READINGS as i64));
    }
    let device = Arc::new(device);
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for (n, (stream, said)) in said.iter().enumerate() {
        req.app.tries.pace(&format!("device {}", device.name), pack.limits.per_minute, req.now)?;
        match ingest::parse(pack, &device, stream, said, req.now) {
            Ok(told) => good.push(told),
            Err(e) => refused.push(refuse(req, &device, n, e)),
        }
    }
    let book = Book::now(req.app)?;
    let taken = req.app.db.write(move |tx| hear::take(tx, &book, &good))?.value;
    let twice = taken.iter().filter(|t| **t == Taken::Twice).count();
    let status = if taken.is_empty() && !refused.is_empty() { 422 } else { 200 };
    Ok(Reply::json(&Heard { taken: taken.len() - twice, twice, refused })?.status(status))
}

/// A reading that makes no sense is counted, for whoever keeps the device.
pub fn refuse(req: &Req, device: &Device, n: usize, e: Error) -> Refused {
    if e.kind != Kind::ConsentOver {
        req.app.refused.count(&device.id, req.now);
    }
    Refused::of(n, e)
}

impl Refused {
    /// The one at this place in the list, and why.
    pub fn of(n: usize, e: Error) -> Refused {
        Refused { n, error: e.kind.code(), field: e.field.map(Into::into) }
    }
}

fn signed_in(req: &Req) -> Result<Device> {
    let wrong = || Error::from(Kind::WrongDevice);
    let (name, password) = basic(req).ok_or_else(wrong)?;
    let keys = tries::keys(TRIES, &name, req.ip);
    req.app.tries.check(&keys, req.now)?;
    let found = req.app.db.read(|r| super::sign_in(r, &name, &password));
    if found.as_ref().is_err_and(|e| e.kind == Kind::WrongDevice) {
        req.app.tries.failed(&keys, req.now);
    }
    found.and_then(|d| if d.name == req.param("device") { Ok(d) } else { Err(wrong()) })
}
