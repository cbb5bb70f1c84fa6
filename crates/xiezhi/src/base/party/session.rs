//! Passwords (argon2id) and sessions (random tokens, kept as their SHA-256).
//!
//! What must stay true: unknown names cost the same time as wrong passwords; tries are slowed for each name and each
//! address, never locked for ever; hashing runs in a bounded number of places at once, so a flood of sign-ins cannot
//! exhaust the memory.

use std::net::IpAddr;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use sha2::{Digest, Sha256};
use store::{Entry, Query, Tx, hex, params};

use super::device;
use crate::kit::config::Config;
use crate::kit::error::{Error, Kind};
use crate::kit::names::names;
use crate::kit::slots::Slots;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::tries;
use crate::kit::{App, Result, RoleKind, Who};

/// A session on one's own device.
const LONG: Ms = 30 * DAY;
/// A session on a shared computer.
const SHORT: Ms = HOUR;

/// Hashes that may be computed at once: 19 MiB each.
static HASHERS: Slots = Slots::new(2);

fn hashing<T>(work: impl FnOnce(&Argon2) -> T) -> T {
    HASHERS.run(|| work(&Argon2::default()))
}

/// Hashes a password, with the program's parameters (19 MiB, 2 passes).
pub fn hash(app: &App, password: &str) -> Result<String> {
    let salt: [u8; 16] = app.random();
    hashing(|a| a.hash_password_with_salt(password.as_bytes(), &salt).map(|h| h.to_string())).map_err(Error::internal)
}

/// Rules for a new password: at least 8 characters, not its owner's name, not one that everybody tries first.
pub fn check_strength(password: &str, login: &str) -> Result<()> {
    let common = [
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "qwertyui",
        "11111111",
        "88888888",
        "66666666",
        "abcd1234",
        "a1234567",
    ];
    let lower = password.to_lowercase();
    let weak = password.chars().count() < 8 || lower == login.to_lowercase() || common.contains(&lower.as_str());
    if weak { Err(Kind::WeakPassword.at("password")) } else { Ok(()) }
}

/// What a successful sign-in gives.
pub struct Opened {
    /// The person.
    pub person: String,
    /// Token for the cookie.
    pub token: String,
    /// Seconds the cookie lives; `None` until the browser closes.
    pub max_age: Option<i64>,
}

/// Checks name and password; gives the person. Unknown names take as long as wrong passwords.
pub fn check_password(app: &App, ip: IpAddr, login: &str, password: &str) -> Result<String> {
    let now = app.now();
    let keys = tries::keys("password", login, ip);
    app.tries.check(&keys, now)?;
    let row =
        app.db.read(|r| r.row("select person, hash from account where login = $1 and disabled_at is null", params![login]))?;
    // An unknown name is checked against a hash that nothing matches, so that it takes as long.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$EZMVTmW2wzHPX5nRdbHGFPcZKuzQbGLhJFRVKuFqYNQ";
    let stored = row.as_ref().map(|r| r.get::<String>("hash")).transpose()?.unwrap_or_else(|| NOBODY.into());
    let fits = hashing(|a| PasswordHash::new(&stored).is_ok_and(|h| a.verify_password(password.as_bytes(), &h).is_ok()));
    match row.filter(|_| fits) {
        Some(row) => Ok(row.get("person")?),
        None => {
            app.tries.failed(&keys, now);
            Err(Kind::WrongPassword.into())
        }
    }
}

/// The hash of an account that has no password: none fits it.
pub const NO_PASSWORD: &str = "-";

/// Whether a person signs in with a password.
pub fn has_password(q: &mut dyn Query, person: &str) -> store::Result<bool> {
    Ok(q.count("select count(*) from account where person = $1 and hash <> $2", params![person, NO_PASSWORD])? > 0)
}

/// Checks name and password and opens a session.
pub fn sign_in(app: &App, ip: IpAddr, login: &str, password: &str, shared: bool, device: &str) -> Result<Opened> {
    let person = check_password(app, ip, login, password)?;
    open(app, person, shared, device, Opening::default())
}

/// How a person proved to be it, when not by password.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// By this household card.
    pub card: Option<String>,
    /// [`SMS`], or [`by_other`].
    pub way: Option<String>,
    /// When whoever vouches for the person stops doing so: the session ends with it at the latest, and the browser is told
    /// to forget it when it is closed.
    pub until: Option<Ms>,
}

/// By a code that came by SMS.
pub const SMS: &str = "sms";

/// Before the id of a provider.
const OTHER: &str = "on:";

/// By the sign-on of others.
pub fn by_other(provider: &str) -> String {
    format!("{OTHER}{provider}")
}

/// The provider that a session was opened by, if it was.
pub fn other_of(q: &mut dyn Query, session: &str) -> store::Result<Option<String>> {
    let row = q.row("select way from session where id = $1", params![session])?;
    let way = row.map(|r| r.get::<Option<String>>("way")).transpose()?.flatten();
    Ok(way.and_then(|w| w.strip_prefix(OTHER).map(str::to_owned)))
}

/// Opens a session for a person who has proved to be it.
pub fn open(app: &App, person: String, shared: bool, device: &str, by: Opening) -> Result<Opened> {
    let token = hex(app.random::<32>());
    let (id, lives) = (digest(&token), if shared { SHORT } else { LONG });
    let device = device::words(device);
    let who = person.clone();
    let brief = shared || by.until.is_some();
    app.db.write(move |tx| {
        let now = tx.now();
        tx.exec("delete from session where expires_at < $1", params![now])?;
        tx.exec(
            "insert into session(id, person, device, created_at, expires_at, card, way) values ($1, $2, $3, $4, $5, $6, $7)",
            params![&id, &who, device, now, by.until.unwrap_or(Ms::MAX).min(now + lives), by.card, by.way],
        )?;
        tx.log(Entry { actor: Some(&who), ..Entry::new("party.session", "person", &who) }).map(drop)
    })?;
    Ok(Opened { person, token, max_age: (!brief).then_some(LONG / 1000) })
}

/// Name of the session cookie: the prefixes make browsers insist on https and on the whole host.
pub fn cookie_name(config: &Config) -> &'static str {
    match (config.secure(), config.base.is_empty()) {
        (true, true) => "__Host-session",
        (true, false) => "__Secure-session",
        (false, _) => "session",
    }
}

/// The header that sets (or, with an empty token, removes) the session cookie.
pub fn cookie(config: &Config, token: &str, max_age: Option<i64>) -> String {
    cookie_of(config, cookie_name(config), token, max_age)
}

/// The header that sets (or, when it is empty, removes) a cookie that only we read.
pub fn cookie_of(config: &Config, name: &str, value: &str, max_age: Option<i64>) -> String {
    let path = if config.base.is_empty() { "/" } else { &config.base };
    let secure = if config.secure() { "; Secure" } else { "" };
    let age = max_age.map_or(String::new(), |s| format!("; Max-Age={s}"));
    format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{age}")
}

/// One of a person's sessions, as he sees it.
#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct Session {
    /// Its name in forms: no secret, the digest of the token's digest.
    pub id: String,
    /// Its browser and system in short words; empty when they cannot be told.
    pub device: String,
    /// Since when.
    pub since: String,
    /// The one in use.
    pub this: bool,
}

/// The sessions of a person.
pub fn list(app: &App, who: &Who) -> Result<Vec<Session>> {
    let person = who.person.as_deref().unwrap_or_default();
    let sql =
        "select id, device, created_at from session where person = $1 and expires_at > $2 order by created_at desc limit 50";
    let rows = app.db.read(|r| r.rows(sql, params![person, app.now()]))?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id")?;
            let this = who.session.as_deref() == Some(&id);
            Ok(Session {
                id: digest(&id),
                device: device::words(&row.get::<String>("device")?),
                since: app.time(row.get("created_at")?),
                this,
            })
        })
        .collect()
}

/// Ends the session that [`list`] called by this name.
pub fn end_named(tx: &mut Tx, person: &str, name: &str) -> store::Result<()> {
    let rows = tx.rows("select id from session where person = $1", params![person])?;
    for row in rows {
        let id: String = row.get("id")?;
        if digest(&id) == name {
            end(tx, person, &id)?;
        }
    }
    Ok(())
}

names! {
    /// How a password was set.
    SetBy {
        /// By its owner, who knew the old one.
        Owner = "self",
        /// With a code that somebody gave ([`super::reset`]).
        Code = "code",
    }
}

/// Sets a new password: its owner keeps the session he does it in, if there is one, and every other ends.
pub fn set_password(tx: &mut Tx, person: &str, hash: &str, by: SetBy, keep: Option<&str>) -> store::Result<()> {
    let now = tx.now();
    let sql = "update account set hash = $2, set_at = $3, set_by = $4 where person = $1";
    tx.exec(sql, params![person, hash, now, by.as_str()])?;
    // A code that waits would undo what its owner has just chosen.
    tx.exec("delete from password_reset where person = $1", params![person])?;
    tx.exec("delete from session where person = $1 and id <> $2", params![person, keep.unwrap_or_default()])?;
    let entry = Entry { actor: Some(person), ..Entry::new("party.password", "person", person) };
    tx.log(entry.fact("by", by.as_str())).map(drop)
}

/// When a person's password was last changed and how, if it ever was.
pub fn password_set(q: &mut dyn Query, person: &str) -> store::Result<Option<(Ms, String)>> {
    let sql = "select set_at, set_by from account where person = $1 and set_at is not null";
    q.row(sql, params![person])?.map(|r| Ok((r.get("set_at")?, r.get("set_by")?))).transpose()
}

/// How a session came to be.
pub struct Origin {
    /// When.
    pub at: Ms,
    /// By a card, which somebody else may have found.
    pub by_card: bool,
    way: Option<String>,
}

impl Origin {
    /// Whether it would carry a role of this kind, if its person had one.
    pub fn carries(&self, config: &Config, kind: RoleKind) -> bool {
        !self.by_card && carries(config, self.way.as_deref(), kind)
    }
}

/// How a session came to be, for what asks for more than being signed in.
pub fn origin(q: &mut dyn Query, id: &str) -> store::Result<Option<Origin>> {
    let row = q.row("select created_at, card, way from session where id = $1", params![id])?;
    let origin = |r: store::Row| {
        let card: Option<String> = r.get("card")?;
        Ok(Origin { at: r.get("created_at")?, by_card: card.is_some(), way: r.get("way")? })
    };
    row.map(origin).transpose()
}

/// What a way of signing in carries. A phone number opens what is a resident's: whoever has come to work here signs in by
/// password, or is vouched for by somebody who is believed about those who work here.
fn carries(config: &Config, way: Option<&str>, kind: RoleKind) -> bool {
    match way.map(|w| w.strip_prefix(OTHER).ok_or(w)) {
        None => true,
        Some(Ok(other)) => config.sign_on(other).is_some_and(|provider| provider.lets(kind)),
        Some(Err(_)) => kind == RoleKind::Resident,
    }
}

/// Whether a person has another way in than the sign-on of others: a password, a number that was proved, a card.
pub fn has_own_way(q: &mut dyn Query, person: &str, sms: bool, now: Ms) -> store::Result<bool> {
    let card = "select count(*) from card where person = $1 and ended_at is null";
    Ok(has_password(q, person)? || q.count(card, params![person])? > 0 || sms && super::phone::opens(q, person, now)?)
}

/// Ends what a provider had opened for a person, except one session.
pub fn end_other(tx: &mut Tx, person: &str, provider: &str, keep: &str) -> store::Result<()> {
    let sql = "delete from session where person = $1 and way = $2 and id <> $3";
    tx.exec(sql, params![person, by_other(provider), keep]).map(drop)
}

/// Ends one session.
pub fn end(tx: &mut Tx, person: &str, id: &str) -> store::Result<()> {
    tx.exec("delete from session where id = $1 and person = $2", params![id, person])?;
    tx.log(Entry { actor: Some(person), ..Entry::new("party.session-end", "person", person) }).map(drop)
}

/// Who holds this token now.
pub fn identify(q: &mut dyn Query, config: &Config, token: &str, now: Ms) -> store::Result<Who> {
    let id = digest(token);
    // Whoever acts for another does so as long as that is allowed, and the other's account is open.
    let sql = "select s.person, s.way, e.person elder from session s join account a on a.person = s.person \
               left join trust t on t.id = s.acts_for and t.helper = s.person and t.ended_at is null and t.until > $2 \
               left join account e on e.person = t.elder and e.disabled_at is null \
               where s.id = $1 and s.expires_at > $2 and a.disabled_at is null";
    let Some(row) = q.row(sql, params![&id, now])? else { return Ok(Who::default()) };
    let person: String = row.get("person")?;
    let mut own = super::roles(q, &person, now)?;
    let way: Option<String> = row.get("way")?;
    if way.as_deref().and_then(|w| w.strip_prefix(OTHER)).is_some_and(|other| config.sign_on(other).is_none()) {
        // Whoever vouched for him is no longer believed here.
        return Ok(Who::default());
    }
    own.retain(|r| carries(config, way.as_deref(), r.kind));
    match row.get::<Option<String>>("elder")? {
        Some(elder) if !own.iter().any(|r| r.kind.is_staff()) => {
            // As a resident and nothing else.
            let roles = super::roles(q, &elder, now)?.into_iter().filter(|r| r.kind == RoleKind::Resident).collect();
            Ok(Who { person: Some(elder), by: Some(person), roles, session: Some(id), key: None })
        }
        _ => Ok(Who { person: Some(person), by: None, roles: own, session: Some(id), key: None }),
    }
}

fn digest(token: &str) -> String {
    hex(Sha256::digest(token))
}
