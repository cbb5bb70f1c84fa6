//! Sign-in, first set-up, one's own account, and the settings that every visitor has.

use calc::codes;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query as _, params};

use super::session::{self, Opened, Session, SetBy};
use super::{NewPerson, add_person, add_role};
use crate::base::area;
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::tries;
use crate::kit::{App, Error, Reply, Req, Result, RoleKind, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/sign-in", May::Anyone, sign_in_page, "The sign-in page."),
    Route::post("/sign-in", May::Anyone, sign_in, "Opens a session: `{name, password, shared?}`."),
    Route::post("/sign-out", May::SignedIn, sign_out, "Ends this session."),
    Route::get("/set-up", May::Anyone, set_up_page, "First set-up of a node."),
    Route::post("/set-up", May::Anyone, set_up, "Makes the first administrator: `{token, name, login, password}`."),
    Route::get("/me", May::SignedIn, me, "My account: roles and sessions.").gives::<Me>(),
    Route::post("/me/password", May::SignedIn, password, "A new password: `{old, password}`. Ends all other sessions."),
    Route::post("/me/sessions/{id}/end", May::SignedIn, end_session, "Ends one of my sessions."),
    Route::get("/settings", May::Anyone, settings, "Language, elder mode and community of this browser."),
];

#[derive(Default, Serialize)]
struct Form {
    back: String,
    name: String,
    error: Option<&'static str>,
    wait: Option<i64>,
    /// Codes can be sent by SMS.
    sms: bool,
    /// Others that vouch for people.
    others: Vec<Other>,
    /// A new password was just set.
    fresh: bool,
}

/// One that vouches for people.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Other {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub label: String,
}

/// Those whose sign-on counts here.
pub fn others(req: &Req) -> Vec<Other> {
    let english = req.lang == Lang::En;
    req.app.config.file.sign_on.iter().map(|s| Other { id: s.id.clone(), label: s.label(english).to_owned() }).collect()
}

/// Only our own paths, so that nobody is sent elsewhere by a link.
pub fn back(text: Option<&str>) -> String {
    let plain = |b: &&str| b.bytes().all(|c| (0x21..=0x7e).contains(&c) && c != b'\\');
    text.filter(|b| b.starts_with('/') && !b.starts_with("//")).filter(plain).unwrap_or("").to_owned()
}

/// The ways in that this node has.
fn form(req: &Req) -> Form {
    Form { sms: req.app.config.file.notice.sms.is_some(), others: others(req), ..Form::default() }
}

fn sign_in_page(req: &Req) -> Result<Reply> {
    req.page(
        "base/party/sign-in.html",
        &Form { back: back(req.query.get("back")), fresh: req.query.get("new").is_some(), ..form(req) },
    )
}

fn sign_in(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (name, password) = (input.need("name", 60)?, input.need("password", 200)?);
    let device = req.header_text("user-agent").unwrap_or_default().to_owned();
    let opened = match session::sign_in(req.app, req.ip, &name, &password, input.flag("shared"), &device) {
        Ok(opened) => opened,
        Err(e) if !req.wants_json() && matches!(e.kind, Kind::WrongPassword | Kind::SlowDown) => {
            let form = Form { back: back(req.form.get("back")), name, error: Some(e.kind.code()), wait: e.limit, ..form(req) };
            return Ok(req.page("base/party/sign-in.html", &form)?.status(e.kind.status()));
        }
        Err(e) => return Err(e),
    };
    opened_for(req, &opened)
}

/// The answer to whoever has just signed in.
pub fn opened_for(req: &Req, opened: &Opened) -> Result<Reply> {
    let cookie = session::cookie(&req.app.config, &opened.token, opened.max_age);
    if req.wants_json() {
        let roles = req.app.db.read(|r| super::roles(r, &opened.person, req.now))?;
        let roles: Vec<String> = roles.iter().map(|r| r.kind.to_string()).collect();
        return Ok(Reply::json(&serde_json::json!({ "roles": roles, "token": opened.token }))?.header("set-cookie", cookie));
    }
    let to = match back(req.form.get("back")) {
        to if to.is_empty() => {
            let who = req.app.db.read(|r| session::identify(r, &req.app.config, &opened.token, req.now))?;
            super::home_of(&who).to_owned()
        }
        to => to,
    };
    Ok(Reply::see_other(req.url(&to)).header("set-cookie", cookie))
}

fn sign_out(req: &Req) -> Result<Reply> {
    let (person, id) = (req.who.actor().ok_or(Kind::SignIn)?.to_owned(), req.who.session.clone().unwrap_or_default());
    let other = req.app.db.write(move |tx| {
        let other = session::other_of(tx, &id)?;
        session::end(tx, &person, &id).map(|()| other)
    })?;
    let cookie = session::cookie(&req.app.config, "", Some(0));
    // Shared computers: nothing of this person stays in the browser.
    let to = other.value.filter(|id| req.app.config.sign_on(id).is_some()).map(|id| format!("/sign-on/{id}/out"));
    let to = to.unwrap_or_else(|| "/".into());
    let reply = if req.wants_json() { Reply::json(&serde_json::json!({}))? } else { Reply::see_other(req.url(&to)) };
    Ok(reply.header("set-cookie", cookie).header("clear-site-data", "\"cache\", \"storage\""))
}

/// The token that whoever started the program reads at the terminal; `None` once somebody has an account.
pub fn set_up_token(app: &App) -> Result<Option<String>> {
    let accounts = app.db.read(|r| r.count("select count(*) from account", &[]))?;
    Ok((accounts == 0).then(|| codes::crockford(&app.db.digest("set-up token", ""))[..16].to_owned()))
}

fn set_up_page(req: &Req) -> Result<Reply> {
    if set_up_token(req.app)?.is_none() {
        return Err(Kind::SetUpDone.into());
    }
    req.page("base/party/set-up.html", &Form::default())
}

fn set_up(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let token = set_up_token(req.app)?.ok_or(Kind::SetUpDone)?;
    let keys = tries::keys("set-up", "", req.ip);
    req.app.tries.check(&keys, req.now)?;
    if codes::normalise(&input.need("token", 60)?) != token {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::WrongPassword.at("token"));
    }
    let (name, login, password) = (input.need("name", 60)?, input.need("login", 60)?, input.need("password", 200)?);
    session::check_strength(&password, &login)?;
    let hash = session::hash(req.app, &password)?;
    req.app.db.write(move |tx| {
        // Two browsers at once: the second finds an account.
        if tx.count("select count(*) from account", &[])? > 0 {
            return Err(Kind::SetUpDone.into());
        }
        let desk = super::default_desk(tx)?;
        let person = add_person(tx, &NewPerson { name: &name, phone: None, home: None, login: &login, hash: &hash })?;
        add_role(tx, &person, RoleKind::SystemAdmin, &desk.area, None)?;
        add_role(tx, &person, RoleKind::Operator, &desk.area, Some(&desk.id))?;
        Ok::<_, Error>(())
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/sign-in"))) }
}

#[derive(Serialize, JsonSchema)]
struct Me {
    name: String,
    phone: Option<String>,
    roles: Vec<RoleView>,
    sessions: Vec<Session>,
    /// Others vouch for people here.
    others: bool,
    /// There is a password, which can be changed.
    password: bool,
    /// When it last was, and how.
    password_set: Option<PasswordSet>,
    /// It was, just now.
    done: bool,
}

#[derive(Serialize, JsonSchema)]
struct PasswordSet {
    at: String,
    /// `self`, or `code`: with one that an administrator gave.
    by: String,
}

#[derive(Serialize, JsonSchema)]
struct RoleView {
    kind: String,
    /// Code of the area.
    area: String,
    area_name: String,
    /// Organisation for which the role is held.
    body: Option<String>,
}

fn me(req: &Req) -> Result<Reply> {
    let person = req.person()?;
    // Sessions are its owner's business alone.
    let sessions = if req.who.by.is_some() { Vec::new() } else { session::list(req.app, &req.who)? };
    let mut look = Look::new(&req.who, "me");
    let view = req.app.db.read(|r| {
        let name = super::name_of(r, person)?.and_then(|n| look.at(&n, Relation::Owner)).unwrap_or_default();
        let phone = super::phone_of(r, person)?.and_then(|p| look.at(&p, Relation::Owner));
        let mut roles = Vec::new();
        for role in &req.who.roles {
            let a = area::by_id(r, &role.area)?;
            let (area, area_name) = a.map(|a| (a.code, a.name)).unwrap_or_default();
            roles.push(RoleView { kind: role.kind.to_string(), area, area_name, body: role.body_name.clone() });
        }
        let (password, others) = (session::has_password(r, person)?, !req.app.config.file.sign_on.is_empty());
        // Like sessions, its owner's business alone.
        let set = if req.who.by.is_some() { None } else { session::password_set(r, person)? };
        let password_set = set.map(|(at, by)| PasswordSet { at: req.app.time(at), by });
        let done = req.query.get("done") == Some("password");
        Ok::<_, Error>(Me { name, phone, roles, sessions, others, password, password_set, done })
    })?;
    look.record(req.app)?;
    req.page("base/party/me.html", &view)
}

fn password(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (old, new) = (input.need("old", 200)?, input.need("password", 200)?);
    let person = req.myself()?.to_owned();
    let login: String = req
        .app
        .db
        .read(|r| r.row("select login from account where person = $1", params![&person]))?
        .ok_or(Kind::NotFound)?
        .get("login")?;
    session::check_password(req.app, req.ip, &login, &old)?;
    session::check_strength(&new, &login)?;
    let hash = session::hash(req.app, &new)?;
    let keep = req.who.session.clone().unwrap_or_default();
    req.app.db.write(move |tx| session::set_password(tx, &person, &hash, SetBy::Owner, Some(&keep)))?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/me?done=password"))) }
}

fn end_session(req: &Req) -> Result<Reply> {
    let (person, name) = (req.myself()?.to_owned(), req.param("id").to_owned());
    req.app.db.write(move |tx| {
        // Ending what is already gone still is an act of its owner.
        session::end_named(tx, &person, &name)
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/me"))) }
}

#[derive(Serialize)]
struct Settings {
    back: String,
    communities: Vec<area::web::AreaView>,
}

/// With a value in the query it is set and the browser sent back; without, a page to choose on.
fn settings(req: &Req) -> Result<Reply> {
    let to = back(req.query.get("back"));
    let mut cookies = Vec::new();
    let path = if req.app.config.base.is_empty() { "/" } else { &req.app.config.base };
    for name in ["lang", "elder", "community"] {
        let Some(value) = req.query.fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.trim()) else { continue };
        let fine = value.len() <= 40 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let age = if value.is_empty() || !fine { 0 } else { 31_536_000 };
        let value = if fine { value } else { "" };
        cookies.push(format!("{name}={value}; Path={path}; SameSite=Lax; Max-Age={age}"));
    }
    if cookies.is_empty() {
        let communities = req.app.db.read(|r| area::communities(r))?.iter().map(Into::into).collect();
        return req.page("base/party/settings.html", &Settings { back: to, communities });
    }
    let reply = Reply::see_other(req.url(if to.is_empty() { "/" } else { &to }));
    Ok(cookies.into_iter().fold(reply, |r, c| r.header("set-cookie", c)))
}
