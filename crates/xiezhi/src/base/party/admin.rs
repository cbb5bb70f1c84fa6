//! People and organisations, for the system administrator: who there is, in which roles, and adding or ending them.
//!
//! What must stay true: an administrator acts in his own area and beneath, nowhere else; an ended role or a stopped account works no longer at the next request; nothing here shows when
//! anybody signed in (the law forbids counting it).

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, params};

use super::{Body, NewPerson, session};
use crate::base::area::{self, Area, web::AreaView};
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, Who};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/people", May::Admin, people, "People and organisations of an area.").gives::<People>(),
    Route::post("/people", May::Admin, add_person, "Adds a person: `{name, phone?, login, password, kind, area, body?}`."),
    Route::post("/people/{id}/end", May::Admin, end_role, "Ends a role: `{kind}`; without a kind the whole account."),
    Route::post("/bodies", May::Admin, add_body, "Adds an organisation: `{name, kind, area, phone?}`."),
    Route::post("/areas", May::Admin, add_area, "Adds a grid or a community: `{parent, kind, code, name}`."),
];

/// People that a page shows.
const SHOWN: i64 = 500;

#[derive(Serialize, JsonSchema)]
struct People {
    area: AreaView,
    line: Vec<AreaView>,
    beneath: Vec<AreaView>,
    people: Vec<PersonView>,
    bodies: Vec<BodyView>,
    /// Kinds of role; residents come last, for whoever is added by hand mostly works here.
    kinds: Vec<&'static str>,
    /// Something was just added or ended.
    saved: bool,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    id: String,
    name: Option<String>,
    login: String,
    kind: String,
    area: String,
    body: Option<String>,
    /// The caller may give a code for a new password.
    may_reset: bool,
}

/// An organisation as it leaves the program.
#[derive(Serialize, JsonSchema)]
pub struct BodyView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role kind of its members.
    pub kind: String,
    /// Public phone.
    pub phone: Option<String>,
}

impl From<Body> for BodyView {
    fn from(b: Body) -> BodyView {
        BodyView { id: b.id, name: b.name, kind: b.kind.to_string(), phone: b.phone }
    }
}

fn people(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "people");
    let view = req.app.db.read(|r| {
        let here = match req.query.get("area") {
            Some(code) => mine(r, &req.who, code, "area")?,
            None => {
                let own = req.who.roles.iter().find(|r| r.kind == RoleKind::SystemAdmin).ok_or(Kind::Denied)?;
                area::by_id(r, &own.area)?.ok_or(Kind::NotFound)?
            }
        };
        let sql = "select r.person, r.kind, a.name area, b.name body, c.login, c.hash from role_of r join area a on a.id = r.area \
                   join account c on c.person = r.person left join body b on b.id = r.body \
                   where a.path >= $1 and a.path < $2 and r.valid_to is null and c.disabled_at is null order by a.path, r.kind limit $3";
        let rows = r.rows(sql, params![&here.path, area::end_of(&here.path), SHOWN])?;
        let mut people = Vec::new();
        for row in rows {
            let id: String = row.get("person")?;
            let name = super::name_of(r, &id)?.and_then(|n| look.at(&n, Relation::Desk));
            let known = row.get::<String>("kind")?.parse::<RoleKind>().ok().filter(|k| !k.watches());
            let own = req.who.person.as_deref() == Some(&id);
            let may_reset = known.is_some() && !own && row.get::<String>("hash")? != session::NO_PASSWORD;
            people.push(PersonView { may_reset, name, login: row.get("login")?, kind: row.get("kind")?, area: row.get("area")?, body: row.get("body")?, id });
        }
        let line: Vec<AreaView> = area::line(r, &here.id)?.iter().map(Into::into).collect();
        let beneath = area::children(r, &here.id)?.iter().map(Into::into).collect();
        let bodies = super::bodies_for(r, &here.id)?.into_iter().map(Into::into).collect();
        let mut kinds: Vec<_> = RoleKind::ALL.iter().map(|k| k.as_str()).collect();
        kinds.rotate_left(1);
        let saved = req.query.get("saved").is_some();
        Ok::<_, Error>(People { area: (&here).into(), line, beneath, people, bodies, kinds, saved })
    })?;
    look.record(req.app)?;
    req.page("base/party/people.html", &view)
}

/// The area with this code, when the person administers it.
fn mine(q: &mut dyn Query, who: &Who, code: &str, field: &'static str) -> Result<Area> {
    let place = area::by_code(q, code)?.ok_or_else(|| Kind::Unknown.at(field))?;
    if administers(who, &place.path) { Ok(place) } else { Err(Kind::Denied.into()) }
}

/// What holds for the whole node (its catalogue, its calendar) is changed only by whoever administers all of it: every
/// organisation but the default desk lies in his area.
pub fn over_the_node(q: &mut dyn Query, who: &Who) -> Result<()> {
    let desk = super::default_desk(q)?.id;
    let sql = "select a.path from body b join area a on a.id = b.area where b.valid_to is null and b.id <> $1";
    let rows = q.rows(sql, params![desk])?;
    for row in rows {
        if !administers(who, &row.get::<String>("path")?) {
            return Err(Kind::Denied.into());
        }
    }
    if who.is(RoleKind::SystemAdmin) { Ok(()) } else { Err(Kind::Denied.into()) }
}

/// Whether a person administers the area at `path`.
pub fn administers(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind == RoleKind::SystemAdmin && path.starts_with(&r.path))
}

fn kind(text: &str) -> Result<RoleKind> {
    text.parse().map_err(|()| Kind::Unknown.at("kind"))
}

fn done(req: &Req, area: &str, id: &str) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/people?area={area}&saved=1"))))
}

fn add_person(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (name, login, password) = (input.need("name", 60)?, input.need("login", 60)?, input.need("password", 200)?);
    let (phone, code, body) = (input.text("phone", 30)?, input.need("area", 40)?, input.text("body", 40)?);
    let kind = kind(&input.need("kind", 30)?)?;
    session::check_strength(&password, &login)?;
    let hash = session::hash(req.app, &password)?;
    let (at, who) = (code.clone(), req.who.clone());
    let made = req.once(move |tx| {
        let place = mine(tx, &who, &at, "area")?;
        if let Some(body) = &body {
            super::body_by_id(tx, body)?.ok_or_else(|| Kind::Unknown.at("body"))?;
        }
        let new = NewPerson { name: &name, phone: phone.as_deref(), home: None, login: &login, hash: &hash };
        let person = super::add_person(tx, &new)?;
        super::add_role(tx, &person, kind, &place.id, body.as_deref())?;
        Ok(person)
    })?;
    done(req, &code, &made)
}

fn end_role(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let id = req.param("id").to_owned();
    let one = input.text("kind", 30)?.map(|k| kind(&k)).transpose()?;
    if Some(id.as_str()) == req.who.person.as_deref() && one.is_none_or(|k| k == RoleKind::SystemAdmin) {
        // Nobody locks the last door behind himself by mistake.
        return Err(Kind::Denied.into());
    }
    let (person, actor, who) = (id.clone(), req.person()?.to_owned(), req.who.clone());
    req.app.db.write(move |tx| {
        // Everything the person holds must lie in this administrator's area, or he would end what others gave.
        let now = tx.now();
        if !super::roles(tx, &person, now)?.iter().all(|r| administers(&who, &r.path)) {
            return Err(Kind::Denied.into());
        }
        match one {
            Some(kind) => super::end_role(tx, &person, kind)?,
            None => {
                tx.exec("update account set disabled_at = $2 where person = $1", params![&person, now])?;
                tx.exec("delete from session where person = $1", params![&person])?;
                tx.log(Entry { actor: Some(&actor), ..Entry::new("party.stop", "person", &person) })?;
            }
        }
        Ok::<_, Error>(())
    })?;
    done(req, req.form.get("area").unwrap_or_default(), &id)
}

fn add_body(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (name, code, phone) = (input.need("name", 60)?, input.need("area", 40)?, input.text("phone", 30)?);
    let kind = kind(&input.need("kind", 30)?)?;
    let (at, who) = (code.clone(), req.who.clone());
    let made = req.once(move |tx| {
        let place = mine(tx, &who, &at, "area")?;
        Ok(super::add_body(tx, kind, &name, &place.id, phone.as_deref())?.id)
    })?;
    done(req, &code, &made)
}

fn add_area(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (parent, code, name) = (input.need("parent", 40)?, input.need("code", 30)?, input.need("name", 60)?);
    let kind = input.need("kind", 20)?;
    if !matches!(kind.as_str(), "community" | "grid") {
        return Err(Kind::Unknown.at("kind"));
    }
    let (above, who) = (parent.clone(), req.who.clone());
    let made = req.once(move |tx| {
        if area::by_code(tx, &code)?.is_some() {
            return Err(Kind::Taken.at("code"));
        }
        let above = mine(tx, &who, &above, "parent")?;
        Ok(area::add(tx, &area::NewArea { kind: &kind, code: &code, name: &name, parent: Some(&above), ring: &[] })?.code)
    })?;
    done(req, &parent, &made)
}
