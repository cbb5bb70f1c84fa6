//! Keys of programs: the delegate of one member of an organisation, for some purposes, until a day.
//!
//! What must stay true: a key is shown once and kept as its SHA-256; it carries the one role of its member in that organisation
//! and nothing that is his as a person; it opens the routes of its purposes ([`purpose`]) and no other; it ends with the
//! membership, the account, the standing of the organisation, its day, or when its people or the desk revoke it, at the next
//! call; what is written with it says so in the log (`x_key`), whichever action writes it. Calls are counted in memory and
//! written down each minute ([`flush`]).
//!
//! Log kinds written: `key.make`, `key.end`, `key.use`.

/// What keys may be for.
pub mod purpose;
/// The page for developers.
pub mod web;

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::{Entry, Query, Tx, hex, params};

use crate::base::area;
use crate::base::party::{self, standing};
use crate::kit::calls::Limits;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{self, DAY, Ms};
use crate::kit::who::Held;
use crate::kit::{App, Error, Req, Result, Role, Who};

/// How keys begin: programs that look for secrets in source text know them by it.
pub const PREFIX: &str = "xz_";
/// Random letters after the prefix: 160 bits.
const LETTERS: usize = 32;
/// Days that a key holds at most, and when nobody said otherwise.
pub const MOST_DAYS: i64 = 365;
/// See [`MOST_DAYS`].
pub const DAYS: i64 = 180;
/// Calls in a minute: when nobody said otherwise, and at most.
pub const PER_MINUTE: i64 = 60;
/// See [`PER_MINUTE`].
pub const MOST_PER_MINUTE: i64 = 600;
/// Calls in a day: when nobody said otherwise, and at most.
pub const PER_DAY: i64 = 5_000;
/// See [`PER_DAY`].
pub const MOST_PER_DAY: i64 = 50_000;
/// Keys of one organisation that hold at the same time.
pub const KEYS: i64 = 20;
/// Characters of a name.
const NAME: usize = 60;

row! {
    /// A key.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `api_key`, explained there")]
    pub struct ApiKey {
        pub id: String,
        pub body: String,
        pub person: String,
        pub name: String,
        pub purposes: String,
        pub per_minute: i64,
        pub per_day: i64,
        pub made_at: Ms,
        pub expires_at: Ms,
        pub ended_at: Option<Ms>,
        pub used_day: Option<String>,
        pub calls: i64,
    }
}

/// A key as its organisation and the desk see it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct View {
    pub id: String,
    pub name: String,
    pub purposes: Vec<String>,
    pub per_minute: i64,
    pub per_day: i64,
    pub made_at: String,
    pub expires_at: String,
    /// Revoked, or past its day.
    pub ended: bool,
    /// Day of the last call.
    pub used_day: Option<String>,
    /// The same as a moment, for pages.
    pub used_at: Option<String>,
    pub calls_today: i64,
}

/// What a key is to be.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub body: String,
    pub name: String,
    pub purposes: Vec<String>,
    pub per_minute: i64,
    pub per_day: i64,
    pub days: i64,
}

/// A new key: the text that is shown once.
pub fn draw(app: &App) -> String {
    format!("{PREFIX}{}", &calc::codes::crockford(&app.random::<20>())[..LETTERS])
}

fn mark(text: &str) -> String {
    hex(Sha256::digest(text))
}

/// The roles in which somebody may make keys: those in an organisation that is no desk and walks no grid.
pub fn roles(who: &Who) -> impl Iterator<Item = &Role> {
    let fits = |r: &&Role| r.body.is_some() && r.kind.is_handler() && !r.kind.is_desk() && !r.kind.walks();
    who.roles.iter().filter(fits)
}

/// Makes a key whose text was drawn before; gives its id.
pub fn make(tx: &mut Tx, who: &Who, new: &New, text: &str) -> Result<String> {
    let person = who.person.as_deref().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let role = roles(who).find(|r| r.body.as_deref() == Some(&new.body)).ok_or_else(|| Kind::Denied.at("body"))?;
    let now = tx.now();
    standing::insist(tx, Some(&new.body), now)?;
    if new.purposes.is_empty() {
        return Err(Kind::Missing.at("purposes"));
    }
    if new.purposes.iter().any(|p| purpose::one(p).is_none()) {
        return Err(Kind::Unknown.at("purposes"));
    }
    let live = "select count(*) from api_key where body = $1 and ended_at is null and expires_at > $2";
    if tx.count(live, params![&new.body, now])? >= KEYS {
        return Err(Kind::TooMany.at("keys").limit(KEYS));
    }
    let (id, expires) = (tx.id(), now + new.days.clamp(1, MOST_DAYS) * DAY);
    let mut purposes = new.purposes.clone();
    purposes.sort();
    purposes.dedup();
    let purposes = purposes.join(" ");
    let entry = Entry {
        actor: Some(person),
        role: Some(role.kind.as_str()),
        party: Some(&new.body),
        area: Some(&role.area),
        ..Entry::new("key.make", "key", &id)
    };
    tx.log(
        entry
            .fact("purposes", purposes.as_str())
            .fact("expires", expires)
            .fact("minute", new.per_minute)
            .fact("day", new.per_day),
    )?;
    let sql = "insert into api_key(id, mark, body, person, name, purposes, per_minute, per_day, made_at, expires_at, calls) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0)";
    let limits = (new.per_minute.clamp(1, MOST_PER_MINUTE), new.per_day.clamp(1, MOST_PER_DAY));
    tx.exec(sql, params![&id, mark(text), &new.body, person, &new.name, &purposes, limits.0, limits.1, now, expires])?;
    Ok(id)
}

/// Whether a key with this text was ever made.
pub fn is_known(q: &mut dyn Query, text: &str) -> store::Result<bool> {
    Ok(q.count("select count(*) from api_key where mark = $1", params![mark(text)])? > 0)
}

/// Revokes a key: the people of its organisation do, and the desk of its place.
pub fn end(tx: &mut Tx, who: &Who, id: &str) -> Result<String> {
    let row = tx.row(&format!("select {COLUMNS} from api_key where id = $1"), params![id])?;
    let key = row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?;
    let body = party::body_by_id(tx, &key.body)?.ok_or(Kind::NotFound)?;
    let place = area::by_id(tx, &body.area)?.ok_or(Kind::NotFound)?;
    let own = who.by.is_none() && roles(who).any(|r| r.body.as_deref() == Some(&key.body));
    if !own && who.desk_over(&place.path).is_none() {
        return Err(Kind::Denied.into());
    }
    let now = tx.now();
    if key.ended_at.is_none() {
        let entry =
            Entry { actor: who.actor(), party: Some(&key.body), area: Some(&place.id), ..Entry::new("key.end", "key", id) };
        tx.log(entry)?;
        tx.exec("update api_key set ended_at = $2 where id = $1", params![id, now])?;
    }
    Ok(key.body)
}

/// What a key rested on is over: it ends with that.
pub fn shut(tx: &mut Tx, id: &str) -> Result<()> {
    let now = tx.now();
    if tx.count("select count(*) from api_key where id = $1 and ended_at is null", params![id])? > 0 {
        tx.log(Entry::new("key.end", "key", id))?;
        tx.exec("update api_key set ended_at = $2 where id = $1", params![id, now])?;
    }
    Ok(())
}

/// The keys of an organisation, the newest first.
pub fn of_body(q: &mut dyn Query, req: &Req, body: &str) -> Result<Vec<View>> {
    let sql = format!("select {COLUMNS} from api_key where body = $1 order by made_at desc, id limit 100");
    let rows = q.rows(&sql, params![body])?;
    let today = day(req.app, req.now);
    let view = |r: &store::Row| {
        let key = read(r)?;
        let kept = if key.used_day.as_deref() == Some(&today) { key.calls } else { 0 };
        let calls = req.app.calls.today(&key.id, &today, kept);
        let used_day = if calls > 0 { Some(today.clone()) } else { key.used_day };
        let used_at = used_day.as_deref().and_then(|d| time::day_begin(d, &req.app.config.zone));
        Ok(View {
            purposes: key.purposes.split(' ').filter_map(purpose::one).map(|p| p.name(req.lang).to_owned()).collect(),
            per_minute: key.per_minute,
            per_day: key.per_day,
            made_at: req.app.time(key.made_at),
            expires_at: req.app.time(key.expires_at),
            ended: key.ended_at.is_some() || key.expires_at <= req.now,
            used_at: used_at.map(|at| req.app.time(at)),
            used_day,
            calls_today: calls,
            id: key.id,
            name: key.name,
        })
    };
    Ok(rows.iter().map(view).collect::<store::Result<_>>()?)
}

/// The local day of a moment.
fn day(app: &App, at: Ms) -> String {
    time::zoned(at, &app.config.zone).date().to_string()
}

/// Who calls with this key, and one more call on its account.
pub fn identify(app: &App, text: &str, now: Ms) -> Result<Who> {
    let (key, role, good) = app.db.read(|r| {
        let names = COLUMNS.split(", ").map(|c| format!("k.{c}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "select {names} from api_key k join account a on a.person = k.person where k.mark = $1 and a.disabled_at is null"
        );
        let key = r.row(&sql, params![mark(text)])?.as_ref().map(read).transpose()?;
        let key = key.filter(|k| k.ended_at.is_none() && k.expires_at > now).ok_or(Kind::KeyEnded)?;
        let held = Who { roles: party::roles(r, &key.person, now)?, ..Who::default() };
        let role = roles(&held).find(|r| r.body.as_deref() == Some(&key.body)).cloned().ok_or(Kind::KeyEnded)?;
        let good = standing::in_good_standing(r, &key.body, now)?;
        Ok::<_, Error>((key, role, good))
    })?;
    let today = day(app, now);
    let kept = if key.used_day.as_deref() == Some(&today) { key.calls } else { 0 };
    let limits = Limits { per_minute: key.per_minute, per_day: key.per_day, kept };
    app.calls.count(&key.id, &today, &limits, now, time::day_end(&today, &app.config.zone).unwrap_or(now + DAY))?;
    if !good {
        return Err(Kind::NotInStanding.into());
    }
    // Nobody in person: nothing of his own is open to a key, and whatever it does is done by him.
    let held = Held { id: key.id, purposes: key.purposes };
    Ok(Who { person: None, by: Some(key.person), roles: vec![role], session: None, key: Some(held) })
}

/// Whether whoever calls may go there: always, when he calls without a key.
pub fn allows(who: &Who, method: &str, path: &str) -> Result<()> {
    let Some(key) = &who.key else { return Ok(()) };
    let open = key.purposes.split(' ').filter_map(purpose::one).any(|p| p.opens(method, path));
    if open { Ok(()) } else { Err(Kind::KeyPurpose.into()) }
}

/// Writes down how often keys were used since the last time.
pub fn flush(app: &App) -> Result<()> {
    let _alone = app.calls.writing();
    let used = app.calls.used();
    if used.is_empty() {
        return Ok(());
    }
    let all = used.clone();
    app.db.write(move |tx| {
        let calls: i64 = all.iter().map(|(_, _, n)| n).sum();
        tx.log(Entry::new("key.use", "node", "").fact("keys", all.len() as i64).fact("calls", calls))?;
        let sql = "update api_key set calls = case when used_day = $2 then calls + $3 else $3 end, used_day = $2 where id = $1";
        for (id, day, n) in &all {
            tx.exec(sql, params![id, day, *n])?;
        }
        Ok::<_, Error>(())
    })?;
    app.calls.written(&used);
    Ok(())
}
