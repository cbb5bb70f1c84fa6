//! Lists leave the register: somebody says which elements of an area, a long list is allowed by a second one, then it is
//! fetched for a day.
//!
//! What must stay true: every value of a list goes through a decision, and each person's log of reads says so before the
//! file leaves; nobody allows his own list; the file says on every page who took it, when and for what; nothing in it is
//! ever computed, and no number loses a digit.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, Tx, params};

use super::person::{Of, Person};
use super::rules::{self, may_keep};
use super::view::{self, CodeView};
use super::web::{ID, gate};
use super::{find, home, purpose};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation, decide, element};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::foreign::{self, Stamp};
use crate::kit::http::May;
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, Who};

/// Routes.
pub const ROUTES: &[Route] = &[
    Route::get("/register/export", May::Staff, list, "Lists that were asked for, and what a new one may hold.").gives::<List>(),
    Route::post(
        "/register/export",
        May::Staff,
        ask,
        "Asks for a list: `area`, `kind` (person or organisation), `element` (several). Above 200 people, of a day's lists together, a second one of the committee must allow it.",
    )
    .gives::<Asked>(),
    Route::post("/register/export/{id}/{said}", May::Staff, say, "allow or refuse, by another one than who asked.").gives::<Asked>(),
    Route::get("/register/export/{id}/file", May::Staff, file, "The list as a workbook, for a day."),
];

names! {
    /// How far a list is.
    State { Asked = "asked", Open = "open", Refused = "refused", }
}

/// Most people of the lists that one takes in a day and nobody else needs to allow.
pub const ALONE: i64 = 200;
/// Most people of a list.
pub const MOST: i64 = 20_000;
/// How long it can be fetched.
pub const LASTS: Ms = DAY;
/// Lists of an area that a page shows; how long one that was asked for waits.
const LISTED: i64 = 30;
const WAITS: Ms = 7 * DAY;

/// A list.
struct Export {
    id: String,
    area: String,
    path: String,
    kind: Of,
    elements: Vec<&'static str>,
    people: i64,
    purpose: &'static str,
    by: String,
    made_at: Ms,
    state: State,
    until: Option<Ms>,
}

const COLUMNS: &str = "id, area, path, kind, elements, people, purpose, by_person, made_at, state, until";

fn export(row: &Row) -> store::Result<Export> {
    let (elements, purpose): (String, String) = (row.get("elements")?, row.get("purpose")?);
    Ok(Export {
        id: row.get("id")?,
        area: row.get("area")?,
        path: row.get("path")?,
        kind: row.get("kind")?,
        elements: elements.split(' ').filter_map(|e| Some(element(e)?.code.as_str())).collect(),
        people: row.get("people")?,
        purpose: decide::purposes().iter().find(|p| p.code == purpose).map_or("", |p| &p.code),
        by: row.get("by_person")?,
        made_at: row.get("made_at")?,
        state: row.get("state")?,
        until: row.get("until")?,
    })
}

fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Export>> {
    q.row(&format!("select {COLUMNS} from register_export where id = $1"), params![id])?.as_ref().map(export).transpose()
}

/// Whether somebody takes lists of a place, or allows them: the committee alone.
fn may_export(who: &Who, path: &str) -> bool {
    may_keep(who, path) && who.roles.iter().any(|r| r.kind == RoleKind::Committee && path.starts_with(&r.path))
}

/// What a list of such records may hold.
fn offered(kind: Of) -> impl Iterator<Item = &'static str> {
    view::elements(kind).iter().copied().chain(["register.home"])
}

#[derive(Serialize, JsonSchema)]
struct List {
    areas: Vec<CodeView>,
    kind: &'static str,
    /// Code and key of each element.
    elements: Vec<CodeView>,
    items: Vec<ItemView>,
    purpose: &'static str,
    alone: i64,
}

#[derive(Serialize, JsonSchema)]
struct ItemView {
    id: String,
    area: String,
    at: String,
    people: i64,
    elements: Vec<String>,
    purpose: &'static str,
    /// asked, open, refused, over.
    state: &'static str,
    until: Option<String>,
    mine: bool,
}

#[derive(Serialize, JsonSchema)]
struct Asked {
    id: String,
    state: &'static str,
}

impl Export {
    fn state_at(&self, now: Ms) -> &'static str {
        match self.state {
            State::Open if self.until.is_some_and(|u| u <= now) => "over",
            State::Asked if self.made_at + WAITS <= now => "over",
            state => state.as_str(),
        }
    }
}

/// The areas of which somebody may take lists.
fn areas(q: &mut dyn Query, who: &Who) -> Result<Vec<Area>> {
    let mine: Vec<Area> = find::areas(q, who)?.into_iter().filter(|a| may_export(who, &a.path)).collect();
    if mine.is_empty() { Err(Kind::Denied.into()) } else { Ok(mine) }
}

fn list(req: &Req) -> Result<Reply> {
    gate(req, |purpose| {
        let kind = Of::parse(req.query.get("kind").unwrap_or("person")).ok_or_else(|| Kind::Unknown.at("kind"))?;
        let view = req.app.db.read(|r| {
            let areas = areas(r, &req.who)?;
            let mut items = Vec::new();
            for one in &areas {
                let sql = format!(
                    "select {COLUMNS} from register_export where path >= $1 and path < $2 order by made_at desc, id limit {LISTED}"
                );
                for row in r.rows(&sql, params![&one.path, area::end_of(&one.path)])? {
                    let export = export(&row)?;
                    items.push(ItemView {
                        area: one.name.clone(),
                        at: req.app.time(export.made_at),
                        people: export.people,
                        elements: export.elements.iter().map(|e| view::text_key(e)).collect(),
                        purpose: export.purpose,
                        state: export.state_at(req.now),
                        until: export.until.map(|u| req.app.time(u)),
                        mine: req.who.actor() == Some(&export.by),
                        id: export.id,
                    });
                }
            }
            let areas = areas.into_iter().map(|a| CodeView { code: a.code, word: a.name }).collect();
            let elements = offered(kind).map(|e| CodeView { code: e.to_owned(), word: view::text_key(e) }).collect();
            Ok::<_, Error>(List { areas, kind: kind.as_str(), elements, items, purpose, alone: ALONE })
        })?;
        req.page("records/register/export.html", &view)
    })
}

fn entry<'a>(act: &'a str, who: &'a Who, area: &'a str, id: &'a str) -> Entry<'a> {
    let role = who.roles.iter().find(|r| r.kind == RoleKind::Committee);
    let (actor, party) = (who.actor(), role.and_then(|r| r.body.as_deref()));
    Entry { actor, area: Some(area), party, role: role.map(|r| r.kind.as_str()), ..Entry::new(act, "export", id) }
}

fn ask(req: &Req) -> Result<Reply> {
    let purpose = purpose::need(req)?;
    let input = req.input()?;
    let (code, said) = (input.need("area", ID)?, input.text("kind", 20)?);
    let kind = Of::parse(said.as_deref().unwrap_or("person")).ok_or_else(|| Kind::Unknown.at("kind"))?;
    let named = input.list("element", 40)?;
    let known = |code: &String| offered(kind).find(|e| e == code).ok_or_else(|| Kind::Unknown.at("element"));
    let elements = named.iter().map(known).collect::<Result<Vec<_>>>()?.join(" ");
    if elements.is_empty() {
        return Err(Kind::Missing.at("element"));
    }
    let place = req.app.db.read(|r| area::by_code(r, &code))?.ok_or_else(|| Kind::Unknown.at("area"))?;
    if !may_export(&req.who, &place.path) {
        return Err(Kind::Denied.into());
    }
    let people = req.app.db.read(|r| {
        let sql =
            "select count(*) from resident where path >= $1 and path < $2 and kind = $3 and state = 'here' and golden is null";
        r.count(sql, params![&place.path, area::end_of(&place.path), kind])
    })?;
    if people > MOST {
        return Err(Kind::TooMany.at("area").limit(MOST));
    }
    let who = req.who.clone();
    let id = req.once(move |tx| {
        let (id, now) = (tx.id(), tx.now());
        // Many short lists are a long one.
        let alone = "select cast(coalesce(sum(people), 0) as bigint) from register_export where by_person = $1 and made_at > $2 \
                     and said_by is null";
        let before = tx.count(alone, params![who.actor(), now - LASTS])?;
        let (state, until) =
            if before + people > ALONE { (State::Asked, None) } else { (State::Open, Some(now + LASTS)) };
        let sql = "insert into register_export(id, area, path, kind, elements, people, purpose, by_person, made_at, state, until) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let row = params![
            &id, &place.id, &place.path, kind, &elements, people, purpose, who.actor(), now, state, until
        ];
        tx.exec(sql, row)?;
        let entry = entry("register.export", &who, &place.id, &id).fact("people", people).fact("purpose", purpose);
        tx.log(entry.fact("elements", elements.as_str()))?;
        Ok(id)
    })?;
    told(req, id)
}

fn told(req: &Req, id: String) -> Result<Reply> {
    if !req.wants_json() {
        return Ok(Reply::see_other(req.url("/register/export")));
    }
    let state = req.app.db.read(|r| by_id(r, &id))?.ok_or(Kind::NotFound)?.state_at(req.now);
    Ok(Reply::json(&Asked { id, state })?.status(201))
}

fn decide_on(tx: &mut Tx, who: &Who, id: &str, allow: bool) -> Result<()> {
    let export = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    let now = tx.now();
    // Two see more than one: nobody allows what he asked for himself.
    if !may_export(who, &export.path) || who.actor().is_none_or(|a| a == export.by && allow) {
        return Err(Kind::Denied.into());
    }
    if export.state_at(now) != "asked" {
        return Err(Kind::State.into());
    }
    let (state, until) = if allow { (State::Open, Some(now + LASTS)) } else { (State::Refused, None) };
    let sql = "update register_export set state = $2, said_by = $3, said_at = $4, until = $5 where id = $1";
    tx.exec(sql, params![id, state, who.actor(), now, until])?;
    let act = if allow {
        entry("register.export-allow", who, &export.area, id)
    } else {
        entry("register.export-refuse", who, &export.area, id)
    };
    tx.log(act.fact("people", export.people))?;
    Ok(())
}

fn say(req: &Req) -> Result<Reply> {
    purpose::need(req)?;
    let allow = match req.param("said") {
        "allow" => true,
        "refuse" => false,
        _ => return Err(Kind::NotFound.into()),
    };
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| decide_on(tx, &who, &id, allow).map(|()| String::new()))?;
    told(req, req.param("id").to_owned())
}

/// One record as a row of a list.
fn row(req: &Req, q: &mut dyn Query, export: &Export, one: &Person, look: &mut Look) -> Result<Option<Vec<String>>> {
    let Some(relation) = rules::relation(&req.who, &one.spot.path) else { return Ok(None) };
    let mut cells = Vec::with_capacity(export.elements.len());
    for element in &export.elements {
        let value = match (*element, &one.dwelling) {
            ("register.home", Some(dwelling)) => match home::by_id(q, dwelling)? {
                Some(home) => Some(Graded::new("register.home", &one.id, view::address(q, &home)?)),
                None => None,
            },
            (element, _) => one.graded(element),
        };
        let shown = value.and_then(|v| look.at(&v, relation));
        cells.push(shown.map(|v| view::word(element, v, req.lang)).unwrap_or_default());
    }
    Ok(Some(cells))
}

fn file(req: &Req) -> Result<Reply> {
    gate(req, |_| {
        let id = req.param("id");
        let export = req.app.db.read(|r| by_id(r, id))?.filter(|e| may_export(&req.who, &e.path)).ok_or(Kind::NotFound)?;
        // Whoever asked for it fetches it: he is the one that its stamp names.
        if req.who.actor() != Some(&export.by) {
            return Err(Kind::Denied.into());
        }
        match export.state_at(req.now) {
            "open" => {}
            "over" => return Err(Kind::TooLate.into()),
            _ => return Err(Kind::State.into()),
        }
        let mut look = Look::new(&req.who, export.purpose);
        let say = |key: &str| req.app.texts.plain(req.lang, key);
        let (rows, stamp) = req.app.db.read(|r| {
            let mut rows = vec![export.elements.iter().map(|e| say(&view::text_key(e))).collect::<Vec<_>>()];
            let mut after: Option<String> = None;
            loop {
                let cursor = after.as_deref().and_then(|c| c.split_once('|'));
                let (people, next) = find::of_area(r, &export.path, export.kind, cursor)?;
                for one in &people {
                    rows.extend(row(req, r, &export, one, &mut look)?);
                }
                // More people than were counted are more than was allowed.
                if next.is_none() || rows.len() as i64 > export.people {
                    break;
                }
                after = next;
            }
            rows.truncate(export.people as usize + 1);
            let mut own = Look::new(&req.who, export.purpose);
            let name = party::name_of(r, &export.by)?.and_then(|n| own.at(&n, Relation::Owner)).unwrap_or_default();
            let area = area::by_id(r, &export.area)?.map(|a| a.name).unwrap_or_default();
            let purpose = say(&format!("purpose-{}", export.purpose));
            let stamp =
                format!("{name} · {} · {purpose} · {area} · {}", req.app.time(req.now), &export.id[export.id.len() - 8..]);
            Ok::<_, Error>((rows, stamp))
        })?;
        look.record(req.app)?;
        let (who, given, area, people) = (req.who.clone(), export.id.clone(), export.area.clone(), rows.len() as i64 - 1);
        req.app.db.write(move |tx| {
            tx.log(entry("register.export-fetch", &who, &area, &given).fact("people", people))?;
            Ok::<_, Error>(())
        })?;
        let title = say("register-export-sheet");
        let bytes = foreign::write_stamped(&Stamp { title: &title, text: &stamp }, &rows)?;
        Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", "attachment; filename=\"register-list.xlsx\""))
    })
}
