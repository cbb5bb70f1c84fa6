//! Trusted helpers (代办人): a resident lets a relative or neighbour report, follow and rate for him.
//!
//! What must stay true: nobody acts for another without a consent on record, given by the resident's own invitation or
//! before a witness of the desk; it ends after a year, at once when either ends it, and never reaches anybody who works
//! here. Whoever acts for another is the actor of every step and a reader like any other: the resident reads both. He
//! changes nothing of the account itself: no password, no session, no consent.
//!
//! Log kinds written: `party.trust`, `party.trust-join`, `party.trust-end`, `party.trust-act`.

use calc::codes;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, Tx, params};

use super::card::{self, mark};
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Reply, Req, Result, Route, tries};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/me/trust", May::SignedIn, page, "Who may act for me, and for whom I may act.").gives::<Trusts>(),
    Route::post(
        "/me/trust",
        May::SignedIn,
        invite,
        "Invites a helper: `{label}`; the answer has the code he needs, good for a day.",
    ),
    Route::post("/me/trust/join", May::SignedIn, join, "Takes an invitation: `{code, label}`."),
    Route::post("/me/trust/{id}/end", May::SignedIn, end, "Ends it, from either side."),
    Route::post("/me/trust/{id}/act", May::SignedIn, act, "Acts for that resident in this session."),
    Route::post("/me/trust/stop", May::SignedIn, stop, "Acts for myself again."),
    Route::post("/cards/{id}/trust", May::Staff, witness, "Notes a consent given before the desk: `{helper, label, consent}`."),
];

/// How long a consent lasts.
const YEAR: Ms = 365 * DAY;
/// Helpers of one resident, and residents of one helper.
const MOST: i64 = 5;
/// Letters of an invitation: 50 bits.
const LETTERS: usize = 10;
/// How a consent was given before the desk.
const CONSENTS: [&str; 3] = ["present", "phone", "paper"];

#[derive(Serialize, JsonSchema)]
struct Trusts {
    /// Who may act for me.
    helpers: Vec<TrustView>,
    /// For whom I may act.
    elders: Vec<TrustView>,
    /// The reader acts for somebody now.
    acting: bool,
    /// Whoever works here lets nobody act for him.
    may_invite: bool,
}

#[derive(Serialize, JsonSchema)]
struct TrustView {
    id: String,
    /// How the reader calls the other.
    label: String,
    consent: String,
    /// The invitation, as long as nobody has taken it.
    code: Option<String>,
    until: String,
}

fn code(req: &Req, id: &str) -> String {
    codes::crockford(&req.app.db.digest("trust", id))[..LETTERS].to_owned()
}

/// What holds now: taken up, or still to be taken up.
const HOLDS: &str = "ended_at is null and until > $2";

fn page(req: &Req) -> Result<Reply> {
    let (now, acting) = (req.now, req.who.by.is_some());
    // Whoever acts for another sees only that he does.
    let person = req.who.person.clone().filter(|_| !acting).unwrap_or_default();
    let view = req.app.db.read(|r| {
        let mut sides = [Vec::new(), Vec::new()];
        for (side, column, label) in [(0, "elder", "helper_label"), (1, "helper", "elder_label")] {
            let sql = format!(
                "select id, {label} label, consent, joined_at, until from trust where {column} = $1 and {HOLDS} order by id"
            );
            for row in r.rows(&sql, params![&person, now])? {
                let id: String = row.get("id")?;
                let open = row.get::<Option<Ms>>("joined_at")?.is_none();
                sides[side].push(TrustView {
                    label: r.open_text(&person, row.get("label")?)?.unwrap_or_default(),
                    consent: row.get("consent")?,
                    code: open.then(|| code(req, &id)),
                    until: req.app.time(row.get("until")?),
                    id,
                });
            }
        }
        let [helpers, elders] = sides;
        Ok::<_, Error>(Trusts { helpers, elders, acting, may_invite: !req.who.is_staff() && !acting })
    })?;
    Ok(req.page("base/party/trust.html", &view)?.header("cache-control", "no-store"))
}

/// Who may act for somebody now: his helpers who took the invitation.
pub fn helpers(q: &mut dyn Query, elder: &str, now: Ms) -> store::Result<Vec<String>> {
    let sql = format!("select helper from trust where elder = $1 and {HOLDS} and joined_at is not null order by id");
    q.rows(&sql, params![elder, now])?.iter().map(|r| r.get("helper")).collect()
}

fn count(q: &mut dyn Query, column: &str, person: &str, now: Ms) -> Result<()> {
    let n = q.count(&format!("select count(*) from trust where {column} = $1 and {HOLDS}"), params![person, now])?;
    if n >= MOST { Err(Kind::TooMany.at("label").limit(MOST)) } else { Ok(()) }
}

fn invite(req: &Req) -> Result<Reply> {
    let elder = req.myself()?.to_owned();
    if req.who.is_staff() {
        return Err(Kind::Denied.into());
    }
    let label = req.input()?.need("label", 30)?;
    let id = req.app.new_id();
    let mark = mark(&code(req, &id));
    let id = req.once(move |tx| {
        let now = tx.now();
        count(tx, "elder", &elder, now)?;
        let label = tx.seal(&elder, label.as_bytes())?;
        tx.exec(
            "insert into trust(id, elder, helper_label, consent, mark, created_at, until) values ($1, $2, $3, 'invited', $4, $5, $6)",
            params![&id, &elder, label, mark, now, now + DAY],
        )?;
        tx.log(Entry { actor: Some(&elder), ..Entry::new("party.trust", "person", &elder) }.fact("consent", "invited"))?;
        Ok(id)
    })?;
    done(req, serde_json::json!({ "code": code(req, &id), "id": id }))
}

fn join(req: &Req) -> Result<Reply> {
    let helper = req.myself()?.to_owned();
    let input = req.input()?;
    let (typed, label) = (codes::normalise(&input.need("code", 30)?), input.need("label", 30)?);
    let keys = tries::keys("trust", &typed, req.ip);
    req.app.tries.check(&keys, req.now)?;
    let sql = format!("select id, elder, joined_at from trust where mark = $1 and {HOLDS} and joined_at is null");
    let found = req.app.db.read(|r| r.row(&sql, params![mark(&typed), req.now]))?;
    let Some(row) = found.filter(|row| row.get::<String>("elder").is_ok_and(|e| e != helper)) else {
        req.app.tries.failed(&keys, req.now);
        return Err(Kind::WrongCard.at("code"));
    };
    let id: String = row.get("id")?;
    req.once(move |tx| {
        let now = tx.now();
        count(tx, "helper", &helper, now)?;
        take_up(tx, &id, &helper, &label)?;
        Ok(id)
    })?;
    done(req, serde_json::json!({}))
}

/// The helper's side of it begins.
fn take_up(tx: &mut Tx, id: &str, helper: &str, label: &str) -> Result<()> {
    let (now, label) = (tx.now(), tx.seal(helper, label.as_bytes())?);
    let sql = "update trust set helper = $2, elder_label = $3, joined_at = $4, until = $5, mark = null where id = $1 and joined_at is null";
    if tx.exec(sql, params![id, helper, label, now, now + YEAR])? != 1 {
        return Err(Kind::State.into());
    }
    tx.log(Entry { actor: Some(helper), ..Entry::new("party.trust-join", "person", helper) }.fact("trust", id))?;
    Ok(())
}

fn end(req: &Req) -> Result<Reply> {
    let (person, id) = (req.myself()?.to_owned(), req.param("id").to_owned());
    req.once(move |tx| {
        let now = tx.now();
        let sql = "update trust set ended_at = $3 where id = $1 and (elder = $2 or helper = $2) and ended_at is null";
        if tx.exec(sql, params![&id, &person, now])? != 1 {
            return Err(Kind::NotFound.into());
        }
        tx.log(Entry { actor: Some(&person), ..Entry::new("party.trust-end", "person", &person) }.fact("trust", id.as_str()))?;
        Ok(id)
    })?;
    done(req, serde_json::json!({}))
}

fn act(req: &Req) -> Result<Reply> {
    let (helper, id) = (req.myself()?.to_owned(), req.param("id").to_owned());
    // Whoever works here would rate his own work.
    if req.who.is_staff() {
        return Err(Kind::Denied.into());
    }
    let session = req.who.session.clone().ok_or(Kind::SignIn)?;
    let known = format!("select id from trust where id = $1 and {HOLDS} and helper = $3 and joined_at is not null");
    req.app.db.read(|r| r.row(&known, params![&id, req.now, &helper]))?.ok_or(Kind::NotFound)?;
    req.app.db.write(move |tx| {
        tx.exec("update session set acts_for = $2 where id = $1", params![&session, &id])?;
        let entry = Entry { actor: Some(&helper), ..Entry::new("party.trust-act", "person", &helper) };
        tx.log(entry.fact("trust", id.as_str())).map(drop)
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/"))) }
}

fn stop(req: &Req) -> Result<Reply> {
    let (actor, session) = (req.who.actor().map(str::to_owned), req.who.session.clone().ok_or(Kind::SignIn)?);
    req.app.db.write(move |tx| {
        tx.exec("update session set acts_for = null where id = $1", params![&session])?;
        let person = actor.as_deref().unwrap_or_default();
        tx.log(Entry { actor: actor.as_deref(), ..Entry::new("party.trust-act", "person", person) }.fact("ended", 1)).map(drop)
    })?;
    done(req, serde_json::json!({}))
}

/// A consent before the desk: the clerk is the witness, the helper is known by his sign-in name or his own card.
fn witness(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (typed, label) = (input.need("helper", 60)?, input.need("label", 30)?);
    let consent = input.need("consent", 20)?;
    if !CONSENTS.contains(&consent.as_str()) {
        return Err(Kind::Unknown.at("consent"));
    }
    let mut look = Look::new(&req.who, "cards");
    let (elder, name, helper) = req.app.db.read(|r| {
        let elder = card::mine(req, r)?.person;
        let name = super::name_of(r, &elder)?.and_then(|n| look.at(&n, Relation::Desk)).unwrap_or_default();
        let sql = "select a.person from account a left join card c on c.person = a.person and c.ended_at is null \
                   where a.disabled_at is null and (a.login = $1 or c.mark = $2)";
        let row: Option<Row> = r.row(sql, params![&typed, mark(&codes::normalise(&typed))])?;
        let helper: String = row.ok_or_else(|| Kind::Unknown.at("helper"))?.get("person")?;
        if helper == elder { Err(Kind::Unknown.at("helper")) } else { Ok((elder, name, helper)) }
    })?;
    look.record(req.app)?;
    let (clerk, id) = (req.person()?.to_owned(), req.app.new_id());
    req.once(move |tx| {
        let now = tx.now();
        count(tx, "elder", &elder, now)?;
        count(tx, "helper", &helper, now)?;
        let label = tx.seal(&elder, label.as_bytes())?;
        tx.exec(
            "insert into trust(id, elder, helper_label, consent, witness, created_at, until) values ($1, $2, $3, $4, $5, $6, $7)",
            params![&id, &elder, label, &consent, &clerk, now, now + YEAR],
        )?;
        tx.log(Entry { actor: Some(&clerk), ..Entry::new("party.trust", "person", &elder) }.fact("consent", consent.as_str()))?;
        take_up(tx, &id, &helper, &name)?;
        Ok(id)
    })?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/cards"))) }
}

fn done(req: &Req, json: serde_json::Value) -> Result<Reply> {
    if req.wants_json() { Reply::json(&json) } else { Ok(Reply::see_other(req.url("/me/trust"))) }
}
