//! Household cards (住户卡): a committee prints one for a home, and whoever scans it, or types its code, is signed in as
//! that resident. No phone number, no password.
//!
//! What must stay true: a card opens an account that has no other role than resident; its code is derived from its id
//! under the node's key, shown to the desk that gave it and stored nowhere; reading the code never signs in by itself,
//! only a press does; wrong codes are slowed for each address; a card that is ended opens nothing from the next request
//! on, and whatever it had opened is closed. Nothing on it tells a finder whose it is.
//!
//! Log kinds written: `party.card`, `party.card-end`.

use calc::{codes, grade};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::{Db, Entry, Query, Tx, hex, params};

use super::session::{self, Opening};
use super::web::{back, opened_for};
use crate::base::area::{self, Area, Building};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, Who, qr, tries};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/cards", May::Staff, list, "Household cards of the caller's area, the newest first; `cursor`.").gives::<Cards>(),
    Route::post("/cards", May::Staff, give, "Gives a household card: `{name, phone?, place, building?}`.").gives::<Given>(),
    Route::get("/cards/{id}", May::Staff, print, "A card to be printed.").gives::<Print>(),
    Route::post("/cards/{id}/end", May::Staff, end, "Ends a card that was lost, and what it opened."),
    Route::get("/card", May::Anyone, ask, "Where the code of a card is typed; `code` comes from its QR."),
    Route::post("/card", May::Anyone, open, "Signs in with a household card: `{code, shared?}`."),
];

/// Characters of a code: 100 bits.
const LETTERS: usize = 20;
/// Cards of a page.
const PAGE: i64 = 100;

/// The code of a card, as people read and type it.
fn code(db: &Db, id: &str) -> String {
    codes::crockford(&db.digest("household card", id))[..LETTERS].to_owned()
}

/// Under which a card is found again from its code.
pub(super) fn mark(code: &str) -> String {
    hex(Sha256::digest(code))
}

/// In groups of five, as they are read out.
fn grouped(code: &str) -> String {
    let groups: Vec<&str> = (0..code.len()).step_by(5).map(|i| &code[i..(i + 5).min(code.len())]).collect();
    groups.join("-")
}

#[derive(Serialize, JsonSchema)]
struct Cards {
    items: Vec<CardView>,
    buildings: Vec<Place>,
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct CardView {
    id: String,
    name: Option<String>,
    place: Option<String>,
    given_at: String,
    ended_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Given {
    id: String,
    /// The code, in groups.
    code: String,
}

#[derive(Serialize, JsonSchema)]
struct Print {
    id: String,
    community: String,
    /// The name with its end masked: enough to hand it to the right one.
    name: String,
    code: String,
    link: String,
    /// The link as a QR code, SVG.
    qr: String,
    desk: String,
    phone: Option<String>,
    ended: bool,
}

/// Where a resident lives, as far as a card says so.
pub fn home(q: &mut dyn Query, person: &str) -> store::Result<Option<Graded>> {
    let sql = "select place from card where person = $1 order by id desc limit 1";
    let Some(row) = q.row(sql, params![person])? else { return Ok(None) };
    let place = q.open_text(person, Some(row.get("place")?))?;
    Ok(place.map(|p| Graded::new("person.home", person, p)))
}

/// The area for whose homes this person gives cards.
/// Whose card this is, and of which area, while it holds.
pub fn of(q: &mut dyn Query, id: &str) -> store::Result<Option<(String, String)>> {
    let row = q.row("select person, area from card where id = $1 and ended_at is null", params![id])?;
    row.map(|r| Ok((r.get("person")?, r.get("area")?))).transpose()
}

fn desk(who: &Who) -> Result<(String, String)> {
    let role = who.nearest_desk().ok_or(Kind::Denied)?;
    Ok((role.area.clone(), role.path.clone()))
}

pub(super) struct Card {
    id: String,
    pub(super) person: String,
    area: Area,
    place: Vec<u8>,
    created_at: Ms,
    ended_at: Option<Ms>,
}

const COLUMNS: &str = "c.id, c.person, c.area, c.place, c.created_at, c.ended_at";

fn read(q: &mut dyn Query, row: &store::Row) -> Result<Card> {
    let area: String = row.get("area")?;
    Ok(Card {
        id: row.get("id")?,
        person: row.get("person")?,
        area: area::by_id(q, &area)?.ok_or(Kind::NotFound)?,
        place: row.get("place")?,
        created_at: row.get("created_at")?,
        ended_at: row.get("ended_at")?,
    })
}

/// A card of the caller's own area.
pub(super) fn mine(req: &Req, q: &mut dyn Query) -> Result<Card> {
    let (_, path) = desk(&req.who)?;
    let row = q.row(&format!("select {COLUMNS} from card c where c.id = $1"), params![req.param("id")])?.ok_or(Kind::NotFound)?;
    let card = read(q, &row)?;
    if card.area.path.starts_with(&path) { Ok(card) } else { Err(Kind::NotFound.into()) }
}

fn list(req: &Req) -> Result<Reply> {
    let (_, path) = desk(&req.who)?;
    let before = req.query.get("cursor").unwrap_or("~").to_owned();
    let mut look = Look::new(&req.who, "cards");
    let view = req.app.db.read(|r| {
        // Ids follow the time.
        let sql = format!(
            "select {COLUMNS} from card c join area a on a.id = c.area where a.path >= $1 and a.path < $2 and c.id < $3 order by c.id desc limit $4"
        );
        let rows = r.rows(&sql, params![&path, area::end_of(&path), &before, PAGE + 1])?;
        let mut items = Vec::new();
        for row in rows.iter().take(PAGE as usize) {
            let card = read(r, row)?;
            let name = super::name_of(r, &card.person)?.and_then(|n| look.at(&n, Relation::Desk));
            let place = r.open_text(&card.person, Some(card.place))?;
            let place = place.and_then(|p| look.at(&Graded::new("person.home", &card.person, p), Relation::Desk));
            let ended_at = card.ended_at.map(|t| req.app.time(t));
            items.push(CardView { id: card.id, name, place, given_at: req.app.time(card.created_at), ended_at });
        }
        let next = items.last().filter(|_| rows.len() as i64 > PAGE).map(|c| c.id.clone());
        let buildings = area::buildings(r, &path)?.into_iter().map(|b| Place { id: b.id, name: b.name }).collect();
        Ok::<_, Error>(Cards { items, buildings, next })
    })?;
    look.record(req.app)?;
    req.page("base/party/cards.html", &view)
}

/// What a clerk knows of a home, and the card that it gets.
struct NewCard {
    id: String,
    mark: String,
    name: String,
    phone: Option<String>,
    place: String,
    building: Option<Building>,
}

fn give(req: &Req) -> Result<Reply> {
    let (desk_area, path) = desk(&req.who)?;
    let input = req.input()?;
    let (name, phone, place) = (input.need("name", 60)?, input.text("phone", 30)?, input.need("place", 100)?);
    let building = input.text("building", 40)?;
    let building = building.map(|id| req.app.db.read(|r| building_in(r, &id, &path))).transpose()?;
    let (id, actor) = (req.app.new_id(), req.person()?.to_owned());
    let new = NewCard { mark: mark(&code(&req.app.db, &id)), id, name, phone, place, building };
    let id = req.once(move |tx| write(tx, &actor, &desk_area, &new))?;
    if req.wants_json() {
        return Ok(Reply::json(&Given { code: grouped(&code(&req.app.db, &id)), id })?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/cards/{id}"))))
}

fn building_in(q: &mut dyn Query, id: &str, path: &str) -> Result<Building> {
    let building = area::building(q, id)?.ok_or_else(|| Kind::Unknown.at("building"))?;
    let area = area::by_id(q, &building.area)?.ok_or(Kind::NotFound)?;
    if area.path.starts_with(path) { Ok(building) } else { Err(Kind::Unknown.at("building")) }
}

fn write(tx: &mut Tx, actor: &str, desk_area: &str, new: &NewCard) -> Result<String> {
    let area = new.building.as_ref().map_or(desk_area, |b| &b.area).to_owned();
    let place = match &new.building {
        Some(b) if !new.place.contains(&b.name) => format!("{} {}", b.name, new.place),
        _ => new.place.clone(),
    };
    // A name that nobody can type: the card is the only way in.
    let (login, hash) = (format!("card:{}", new.id), session::NO_PASSWORD);
    let account = super::NewPerson { name: &new.name, phone: new.phone.as_deref(), home: Some(&area), login: &login, hash };
    let person = super::add_person(tx, &account)?;
    super::add_role(tx, &person, RoleKind::Resident, &area, None)?;
    let sealed = tx.seal(&person, place.as_bytes())?;
    let now = tx.now();
    tx.exec(
        "insert into card(id, mark, person, area, place, made_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        params![&new.id, &new.mark, &person, &area, sealed, actor, now],
    )?;
    let entry =
        Entry { actor: Some(actor), area: Some(&area), owner: Some(&person), ..Entry::new("party.card", "person", &person) };
    tx.log(entry.element("person.home", Some(place.as_str())))?;
    Ok(new.id.clone())
}

fn print(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "cards");
    let view = req.app.db.read(|r| {
        let card = mine(req, r)?;
        let name = super::name_of(r, &card.person)?.and_then(|n| look.at(&n, Relation::Desk)).unwrap_or_default();
        let desk = super::desk_of(r, &card.area.id)?;
        let code = code(&req.app.db, &card.id);
        let link = req.absolute(&format!("/card?code={code}"));
        Ok::<_, Error>(Print {
            community: area::community_of(r, &card.area.id)?.unwrap_or(card.area).name,
            name: grade::apply(grade::Mask::Name, &name),
            code: grouped(&code),
            qr: qr::svg_of(&link)?,
            link,
            desk: desk.name,
            phone: desk.phone,
            ended: card.ended_at.is_some(),
            id: card.id,
        })
    })?;
    look.record(req.app)?;
    if view.ended {
        return Err(Kind::State.into());
    }
    Ok(req.page("base/party/card-print.html", &view)?.header("cache-control", "no-store"))
}

fn end(req: &Req) -> Result<Reply> {
    let card = req.app.db.read(|r| mine(req, r))?;
    let actor = req.person()?.to_owned();
    req.once(move |tx| {
        let now = tx.now();
        tx.exec("update card set ended_at = $2 where id = $1 and ended_at is null", params![&card.id, now])?;
        tx.exec("delete from session where card = $1", params![&card.id])?;
        let entry =
            Entry { actor: Some(&actor), area: Some(&card.area.id), ..Entry::new("party.card-end", "person", &card.person) };
        tx.log(entry)?;
        Ok(card.id)
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/cards"))) }
}

#[derive(Default, Serialize)]
struct Ask {
    code: String,
    /// It came from a QR code: only a press is missing.
    scanned: bool,
    back: String,
    error: Option<&'static str>,
    wait: Option<i64>,
}

fn ask(req: &Req) -> Result<Reply> {
    let code = req.query.get("code").map(codes::normalise).filter(|c| c.len() == LETTERS).unwrap_or_default();
    let scanned = !code.is_empty();
    let form = Ask { code, scanned, back: back(req.query.get("back")), ..Ask::default() };
    Ok(req.page("base/party/card.html", &form)?.header("cache-control", "no-store").header("referrer-policy", "no-referrer"))
}

fn open(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let typed = codes::normalise(&input.need("code", 60)?);
    let (card, person) = match holder(req, &typed) {
        Ok(found) => found,
        Err(e) if !req.wants_json() && matches!(e.kind, Kind::WrongCard | Kind::SlowDown) => {
            let form = Ask { back: back(req.form.get("back")), error: Some(e.kind.code()), wait: e.limit, ..Ask::default() };
            return Ok(req.page("base/party/card.html", &form)?.status(e.kind.status()));
        }
        Err(e) => return Err(e),
    };
    let device = req.header_text("user-agent").unwrap_or_default();
    let opened =
        session::open(req.app, person, input.flag("shared"), device, Opening { card: Some(card), ..Opening::default() })?;
    opened_for(req, &opened)
}

/// The card with this code and whose it is.
fn holder(req: &Req, typed: &str) -> Result<(String, String)> {
    let keys = tries::keys("card", typed, req.ip);
    req.app.tries.check(&keys, req.now)?;
    let sql = "select c.id, c.person from card c join account a on a.person = c.person \
               where c.mark = $1 and c.ended_at is null and a.disabled_at is null";
    match req.app.db.read(|r| r.row(sql, params![mark(typed)]))? {
        Some(row) => Ok((row.get("id")?, row.get("person")?)),
        None => {
            req.app.tries.failed(&keys, req.now);
            Err(Kind::WrongCard.at("code"))
        }
    }
}
