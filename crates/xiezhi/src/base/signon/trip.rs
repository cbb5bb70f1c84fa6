//! The way to a provider and back: what the browser carries meanwhile, and that each way back counts once.
//!
//! What must stay true: nothing is written down when somebody sets out, so a flood of them costs nothing; the cookie is
//! under a keyed digest and its state is what must come back; nonce and verifier are derived from the state under the
//! node's key, so they lie nowhere; a way back that was walked is remembered until it would be too late anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};
use store::{Db, Entry, hex, params};

use super::rules::AWAY;
use crate::base::party::session;
use crate::base::signin::rules::same;
use crate::kit::config::Config;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{App, Error, Req, Result};

/// A way to a provider and back.
#[derive(Deserialize, Serialize)]
pub struct Trip {
    /// The provider.
    pub provider: String,
    /// What must come back.
    pub state: String,
    /// Where to go then.
    pub back: String,
    /// Until when.
    until: Ms,
    /// To tie the account of this session (its digest) to the provider.
    pub binds: Option<String>,
}

/// Name of the cookie.
fn name(config: &Config) -> &'static str {
    match (config.secure(), config.base.is_empty()) {
        (true, true) => "__Host-sign-on",
        (true, false) => "__Secure-sign-on",
        (false, _) => "sign-on",
    }
}

impl Trip {
    /// Sets out. `binds`: the session whose account is to be tied.
    pub fn new(app: &App, provider: &str, back: String, binds: Option<&str>) -> Trip {
        let binds = binds.map(|session| digest(&app.db, "session", session));
        Trip { provider: provider.to_owned(), state: hex(app.random::<16>()), back, until: app.now() + AWAY, binds }
    }

    /// A value that only we can know, and always the same for this way.
    pub fn derived(&self, app: &App, what: &str) -> String {
        digest(&app.db, what, &self.state)
    }

    /// Whether this session asked for the account to be tied.
    pub fn binds_for(&self, app: &App, session: Option<&str>) -> bool {
        match (&self.binds, session) {
            (Some(kept), Some(session)) => same(kept, &digest(&app.db, "session", session)),
            _ => false,
        }
    }

    /// The header that lets the browser carry it.
    pub fn cookie(&self, app: &App) -> String {
        let text = B64.encode(serde_json::json!(self).to_string());
        let value = format!("{text}.{}", digest(&app.db, "cookie", &text));
        session::cookie_of(&app.config, name(&app.config), &value, Some(AWAY / 1000))
    }

    /// The header that takes it from the browser.
    pub fn done(app: &App) -> String {
        session::cookie_of(&app.config, name(&app.config), "", Some(0))
    }

    /// The way that this browser went.
    pub fn of(req: &Req) -> Option<Trip> {
        let (text, mac) = req.cookie(name(&req.app.config))?.split_once('.')?;
        let trip = same(mac, &digest(&req.app.db, "cookie", text)).then(|| B64.decode(text).ok()).flatten()?;
        serde_json::from_slice(&trip).ok()
    }

    /// Whether it ends where it should, in time; `state`: what came back, when something must.
    pub fn fits(&self, provider: &str, state: Option<&str>, now: Ms) -> Result<()> {
        if self.provider != provider || !state.is_none_or(|s| same(&self.state, s)) {
            return Err(Kind::SignOnState.into());
        }
        if now > self.until { Err(Kind::SignOnLate.into()) } else { Ok(()) }
    }

    /// Walks it: once.
    pub fn walk(&self, app: &App) -> Result<()> {
        let (mark, provider, until) = (digest(&app.db, "walked", &self.state), self.provider.clone(), self.until);
        app.db.write(move |tx| {
            let now = tx.now();
            tx.exec("delete from sign_on_walked where until < $1", params![now])?;
            let first = "insert into sign_on_walked(state, until) values ($1, $2) on conflict(state) do nothing";
            if tx.exec(first, params![mark, until])? == 0 {
                return Err(Kind::SignOnUsed.into());
            }
            tx.log(Entry::new("signon.return", "provider", &provider))?;
            Ok::<_, Error>(())
        })?;
        Ok(())
    }
}

fn digest(db: &Db, what: &str, text: &str) -> String {
    hex(db.digest(&format!("sign-on {what}"), text))
}
