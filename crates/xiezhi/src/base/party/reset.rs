//! A new password for whoever forgot his: an administrator gives a code that does nothing but set one, once.
//!
//! What must stay true: the code is told to whoever gives it, once; it is kept as a keyed digest, for a day, and stands in no
//! log and no kept answer. Until it is used the old password goes on, so nobody is shut out by a code he did not ask for.
//! Whoever uses it chooses the password himself; whatever else was open for that account ends, and its owner sees on his page
//! that it was set this way, and when. An administrator gives one to people whose every role lies in his area; never to
//! himself, for whoever sits at his open browser must not get his account; never to those who watch over administrators:
//! theirs is given at the machine (`xiezhi account reset`). Wrong codes are slowed, and answered like unknown names.
//!
//! Log kinds written: `party.reset` when a code is given, `party.password` when it is used.

use calc::codes;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query as _, Tx, hex, params};

use super::admin::administers;
use super::session;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Error, Reply, Req, Result, Route, tries};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post("/people/{id}/password", May::Admin, give, "Gives somebody a code to set a new password with, once.")
        .gives::<Given>(),
    Route::get("/new-password", May::Anyone, ask, "Where such a code is used."),
    Route::post("/new-password", May::Anyone, set, "Sets a new password with a code: `{name, code, password}`."),
];

/// How long a code can be used.
const LIVES: Ms = DAY;
/// Characters of a code: 60 bits.
const LETTERS: usize = 12;

/// A code that was just given.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Given {
    /// Name to sign in with.
    pub login: String,
    /// The code, in groups of four. It is told this once.
    pub code: String,
    /// Until when it can be used.
    pub until: String,
    /// Where it is used.
    pub link: String,
    /// Code of the area whose page led here.
    pub area: String,
}

fn mark(app: &App, person: &str, code: &str) -> String {
    hex(app.db.digest("password reset", &format!("{person} {code}")))
}

/// Gives a code, in place of one that was given before; `allow` says in the same write whether it may be. The code, the name
/// to sign in with, and until when.
pub fn issue(
    app: &App,
    actor: Option<&str>,
    person: &str,
    allow: impl FnOnce(&mut Tx) -> Result<()> + Send + 'static,
) -> Result<(String, String, Ms)> {
    let code = codes::crockford(&app.random::<16>())[..LETTERS].to_owned();
    let (mark, person, actor) = (mark(app, person, &code), person.to_owned(), actor.map(str::to_owned));
    let (login, until) = app
        .db
        .write(move |tx| {
            allow(tx)?;
            let sql = "select login from account where person = $1 and disabled_at is null and hash <> $2";
            let row = tx.row(sql, params![&person, session::NO_PASSWORD])?.ok_or(Kind::NotFound)?;
            let until = tx.now() + LIVES;
            tx.exec(
                "insert into password_reset(person, mark, until, given_by) values ($1, $2, $3, $4) on conflict(person) do update \
                 set mark = excluded.mark, until = excluded.until, given_by = excluded.given_by",
                params![&person, mark, until, &actor],
            )?;
            tx.log(Entry { actor: actor.as_deref(), ..Entry::new("party.reset", "person", &person) })?;
            Ok::<_, Error>((row.get::<String>("login")?, until))
        })?
        .value;
    let groups: Vec<&str> = (0..LETTERS).step_by(4).map(|i| &code[i..i + 4]).collect();
    Ok((groups.join("-"), login, until))
}

fn give(req: &Req) -> Result<Reply> {
    let (actor, who, person) = (req.person()?.to_owned(), req.who.clone(), req.param("id").to_owned());
    if person == actor {
        return Err(Kind::Denied.into());
    }
    let named = person.clone();
    let allow = move |tx: &mut Tx| {
        let now = tx.now();
        let roles = super::roles(tx, &named, now)?;
        // Whoever has no role is in nobody's area.
        let mine = !roles.is_empty() && roles.iter().all(|r| administers(&who, &r.path) && !r.kind.watches());
        if mine { Ok(()) } else { Err(Kind::Denied.into()) }
    };
    let (code, login, until) = issue(req.app, Some(&actor), &person, allow)?;
    let area = req.form.get("area").unwrap_or_default().to_owned();
    let given = Given { login, code, until: req.app.time(until), link: req.absolute("/new-password"), area };
    Ok(req.page("base/party/reset-given.html", &given)?.header("cache-control", "no-store"))
}

#[derive(Default, Serialize)]
struct Form {
    name: String,
    error: Option<&'static str>,
    wait: Option<i64>,
}

fn ask(req: &Req) -> Result<Reply> {
    req.page("base/party/new-password.html", &Form::default())
}

fn set(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let name = input.need("name", 60)?;
    let (code, password) = (codes::normalise(&input.need("code", 60)?), input.need("password", 200)?);
    match renew(req, &name, &code, &password) {
        Ok(()) if req.wants_json() => Reply::json(&serde_json::json!({})),
        Ok(()) => Ok(Reply::see_other(req.url("/sign-in?new=1"))),
        Err(e) if !req.wants_json() && matches!(e.kind, Kind::WrongOnce | Kind::SlowDown | Kind::WeakPassword) => {
            let form = Form { name, error: Some(e.kind.code()), wait: e.limit };
            Ok(req.page("base/party/new-password.html", &form)?.status(e.kind.status()))
        }
        Err(e) => Err(e),
    }
}

fn renew(req: &Req, name: &str, code: &str, password: &str) -> Result<()> {
    let app = req.app;
    let keys = tries::keys("reset", name, req.ip);
    app.tries.check(&keys, req.now)?;
    let sql = "select r.person, r.mark from password_reset r join account a on a.person = r.person \
               where a.login = $1 and a.disabled_at is null and r.until > $2";
    let known = app.db.read(|r| r.row(sql, params![name, req.now]))?;
    let known = known.map(|row| Ok::<_, Error>((row.get::<String>("person")?, row.get::<String>("mark")?))).transpose()?;
    let Some((person, given)) = known.filter(|(person, given)| mark(app, person, code) == *given) else {
        app.tries.failed(&keys, req.now);
        return Err(Kind::WrongOnce.at("code"));
    };
    session::check_strength(password, name)?;
    let hash = session::hash(app, password)?;
    app.db.write(move |tx| {
        // Two at once with one code: the second finds none.
        if tx.exec("delete from password_reset where person = $1 and mark = $2", params![&person, &given])? == 0 {
            return Err(Kind::WrongOnce.at("code"));
        }
        Ok(session::set_password(tx, &person, &hash, session::SetBy::Code, None)?)
    })?;
    Ok(())
}
