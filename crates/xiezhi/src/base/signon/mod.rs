//! The sign-on of others: a province's, a city's or a firm's own, that vouches for people.
//!
//! What must stay true: who it is at the provider is tied to an account by its subject alone, never by a number, an e-mail
//! or a name; only its owner ties it, signed in another way a moment ago, and takes it away again; one subject is one
//! account, and a provider has one subject of each; the way back counts once, only in the browser that went, and not for
//! long; a session lasts no longer than the provider says; whoever was not vouched for well enough, is not known or has
//! another role gets in no further than the sign-in page, and is told of the other ways, also when the provider is down
//! (inv12). What a provider says of a person, tickets, codes and tokens stand in no log.
//!
//! Log kinds written: `signon.return`, `signon.bind`, `signon.unbind`.

/// Pages of one's own account.
pub mod me;
/// OpenID Connect.
#[cfg(feature = "oidc")]
mod oidc;
/// Pure decisions.
pub mod rules;
/// Back with a ticket.
mod ticket;
/// The way there and back.
pub mod trip;
/// Pages.
pub mod web;

use store::{Entry, Query, Tx, hex, params};

use self::rules::Known;
use self::trip::Trip;
use crate::base::catalogue::Graded;
use crate::base::party::{self, session};
use crate::base::signin::code;
use crate::kit::config::sign_on::SignOnFile;
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::outbound::Trouble;
use crate::kit::time::Ms;
use crate::kit::{App, Error, Result};

/// Whom a provider vouches for. No `Debug`: it would print a person.
pub struct Identity {
    /// Within which name space the subject is one person: the issuer, for OpenID Connect.
    pub realm: String,
    /// Who it is there.
    pub subject: String,
    /// Name, if it says one.
    pub name: Option<String>,
    /// How sure it is.
    pub level: Option<String>,
    /// When its own session ends, if it says so.
    pub until: Option<Ms>,
}

/// A dialect: how a browser is sent to a provider, and what it makes of the way back.
pub trait IdentityProvider {
    /// The address where a browser is sent. `home`: where it is to come back.
    fn start(&self, trip: &Trip, home: &str) -> Result<String>;
    /// Who came back.
    fn callback(&self, trip: &Trip, home: &str, query: &Form) -> Result<Identity>;
    /// Where one signs out of it, if it has such a place; `home`: where one is to come back.
    fn end(&self, home: &str) -> Option<String>;
    /// Name under which our state comes back; `None` when it brings nothing back.
    fn state(&self) -> Option<&str>;
}

/// The provider as its dialect.
pub fn provider<'a>(app: &'a App, file: &'a SignOnFile) -> Result<Box<dyn IdentityProvider + 'a>> {
    #[cfg(feature = "oidc")]
    if let Some(oidc) = &file.oidc {
        return Ok(Box::new(oidc::Oidc { app, file, oidc }));
    }
    match &file.ticket {
        Some(ticket) => Ok(Box::new(ticket::Ticket { app, file, ticket })),
        None => Err(Kind::NotFound.into()),
    }
}

/// What a person hears of a call that did not bring what it should; the other side's own words may hold anything.
fn refusal(trouble: &Trouble) -> Error {
    let kind = match trouble.code.as_str() {
        "answer" | "too-large" | "redirect" => Kind::SignOnAnswer,
        _ if trouble.passes => Kind::SignOnDown,
        _ => Kind::SignOnRefused,
    };
    kind.at(trouble.code.clone())
}

/// Under which a subject is found.
pub fn mark(app: &App, file: &SignOnFile, identity: &Identity) -> String {
    let text = format!("{}\n{}\n{}", file.id, identity.realm, identity.subject);
    hex(app.db.digest("subject of a sign-on", &text))
}

fn known(q: &mut dyn Query, file: &SignOnFile, mark: &str, now: Ms) -> store::Result<Known> {
    let sql = "select s.person, a.disabled_at from sign_on s join account a on a.person = s.person \
               where s.provider = $1 and s.mark = $2";
    let Some(row) = q.row(sql, params![&file.id, mark])? else { return Ok(Known::Nobody) };
    if row.get::<Option<Ms>>("disabled_at")?.is_some() {
        return Ok(Known::Closed);
    }
    let person: String = row.get("person")?;
    let lets = party::roles(q, &person, now)?.iter().any(|r| file.lets(r.kind));
    Ok(if lets { Known::Person(person) } else { Known::Barred })
}

/// Whose account it opens: a known one, or a new one where that may be. True when it is new.
pub fn admit(app: &App, file: &SignOnFile, identity: Identity, home: Option<String>) -> Result<(String, bool)> {
    let mark = mark(app, file, &identity);
    let seen = app.db.read(|r| Ok::<_, Error>(known(r, file, &mark, app.now())?))?;
    if let Some(person) = rules::admits(&seen, file.new_residents)? {
        return Ok((person, false));
    }
    let file = file.clone();
    let made = app.db.write(move |tx| {
        // Twice at once: the second finds the first one's account.
        let now = tx.now();
        let seen = known(tx, &file, &mark, now)?;
        if let Some(person) = rules::admits(&seen, file.new_residents)? {
            return Ok((person, false));
        }
        let person = code::resident(tx, None, identity.name.as_deref().unwrap_or_default(), home.as_deref())?;
        keep(tx, &file, &mark, &identity.subject, &person)?;
        Ok::<_, Error>((person, true))
    })?;
    Ok(made.value)
}

fn keep(tx: &mut Tx, file: &SignOnFile, mark: &str, subject: &str, person: &str) -> Result<()> {
    let (id, now) = (tx.id(), tx.now());
    let sealed = tx.seal(person, subject.as_bytes())?;
    tx.exec(
        "insert into sign_on(id, provider, mark, person, subject, made_at) values ($1, $2, $3, $4, $5, $6)",
        params![&id, &file.id, mark, person, sealed, now],
    )?;
    let entry = Entry { actor: Some(person), owner: Some(person), ..Entry::new("signon.bind", "person", person) };
    tx.log(entry.fact("provider", file.id.as_str()).element("person.subject", Some(subject)))?;
    Ok(())
}

/// Ties whom a provider vouches for to the account of the one who asked for it.
pub fn bind(tx: &mut Tx, file: &SignOnFile, mark: &str, subject: &str, person: &str) -> Result<()> {
    let now = tx.now();
    if !party::roles(tx, person, now)?.iter().any(|r| file.lets(r.kind)) {
        return Err(Kind::SignOnRole.into());
    }
    let row = tx.row("select person from sign_on where provider = $1 and mark = $2", params![&file.id, mark])?;
    if row.is_some() {
        return Err(Kind::SignOnTaken.into());
    }
    if tx.count("select count(*) from sign_on where provider = $1 and person = $2", params![&file.id, person])? > 0 {
        return Err(Kind::SignOnTwice.into());
    }
    keep(tx, file, mark, subject, person)
}

/// What an account is tied to.
pub struct Bound {
    /// Id.
    pub id: String,
    /// Which provider.
    pub provider: String,
    /// Since when.
    pub since: Ms,
    /// Who it is there.
    pub subject: Option<Graded>,
}

/// Everything that an account is tied to.
pub fn bound(q: &mut dyn Query, person: &str) -> store::Result<Vec<Bound>> {
    let sql = "select id, provider, subject, made_at from sign_on where person = $1 order by made_at, id limit 50";
    let rows = q.rows(sql, params![person])?;
    rows.iter()
        .map(|row| {
            let subject = q.open_text(person, Some(row.get("subject")?))?.map(|s| Graded::new("person.subject", person, s));
            Ok(Bound { id: row.get("id")?, provider: row.get("provider")?, since: row.get("made_at")?, subject })
        })
        .collect()
}

/// Whether something else opens the account, too: another provider that still counts, or a way of our own.
pub fn has_more(q: &mut dyn Query, ways: &Ways, person: &str, all: &[Bound], id: &str, now: Ms) -> store::Result<bool> {
    let more = all.iter().any(|b| b.id != id && ways.providers.contains(&b.provider));
    Ok(more || session::has_own_way(q, person, ways.sms, now)?)
}

/// The ways in that the settings have.
pub struct Ways {
    /// Ids of providers.
    providers: Vec<String>,
    /// Codes by SMS.
    sms: bool,
}

impl Ways {
    /// Those of now.
    pub fn of(app: &App) -> Ways {
        let file = &app.config.file;
        Ways { providers: file.sign_on.iter().map(|s| s.id.clone()).collect(), sms: file.notice.sms.is_some() }
    }
}

/// Takes it away again, with what it had opened except `session`; not when nothing else opens the account.
pub fn unbind(tx: &mut Tx, ways: &Ways, person: &str, id: &str, session: &str) -> Result<()> {
    let now = tx.now();
    let all = bound(tx, person)?;
    let one = all.iter().find(|b| b.id == id).ok_or(Kind::NotFound)?;
    if !has_more(tx, ways, person, &all, id, now)? {
        return Err(Kind::SignOnLast.into());
    }
    tx.exec("delete from sign_on where id = $1 and person = $2", params![id, person])?;
    session::end_other(tx, person, &one.provider, session)?;
    let entry = Entry { actor: Some(person), ..Entry::new("signon.unbind", "person", person) };
    tx.log(entry.fact("provider", one.provider.as_str()))?;
    Ok(())
}
