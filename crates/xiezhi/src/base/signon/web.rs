//! The way there, the way back, and what is said when it leads nowhere.

use serde::Serialize;

use super::trip::Trip;
use super::{Identity, admit, bind, mark, provider, rules};
use crate::base::party::home_of;
use crate::base::party::session::{self, Opening};
use crate::base::party::web::{Other, back, others};
use crate::base::signin::web::{desk, home};
use crate::kit::config::sign_on::SignOnFile;
use crate::kit::error::Kind;
use crate::kit::form::encode;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::{Error, Reply, Req, Result, Route, tell, tries};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/sign-on/{id}", May::Anyone, start, "Sends the browser to a provider to sign in there; `back`."),
    Route::get("/sign-on/{id}/back", May::Anyone, returned, "Where a provider sends the browser back."),
    Route::get("/sign-on/{id}/out", May::Anyone, out, "After signing out here: where one signs out of the provider.")
        .gives::<Out>(),
];

/// The provider that a path names.
pub(super) fn file<'a>(req: &'a Req) -> Result<&'a SignOnFile> {
    req.app.config.sign_on(req.param("id")).ok_or_else(|| Kind::NotFound.into())
}

pub(super) fn label(req: &Req, file: &SignOnFile) -> String {
    file.label(req.lang == Lang::En).to_owned()
}

/// Where a provider sends people back to.
pub(super) fn return_url(req: &Req, file: &SignOnFile) -> String {
    req.absolute(&format!("/sign-on/{}/back", file.id))
}

fn start(req: &Req) -> Result<Reply> {
    let file = file(req)?;
    let to = back(req.query.get("back"));
    let provider = provider(req.app, file)?;
    // Where only the cookie ties the way back to the way there, nobody is sent there by a link of somebody else's.
    let foreign = matches!(req.header_text("sec-fetch-site"), Some("cross-site" | "same-site"));
    if provider.state().is_none() && foreign {
        return Ok(Reply::see_other(req.url(&format!("/sign-in?back={}", encode(&to)))));
    }
    let trip = Trip::new(req.app, &file.id, to, None);
    match provider.start(&trip, &return_url(req, file)) {
        Ok(url) => Ok(away(req, url)?.header("set-cookie", trip.cookie(req.app))),
        Err(e) => refused(req, file, &trip, e),
    }
}

fn away(req: &Req, url: String) -> Result<Reply> {
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "there": url }));
    }
    Ok(Reply::see_other(url).header("referrer-policy", "no-referrer"))
}

fn returned(req: &Req) -> Result<Reply> {
    let file = file(req)?;
    let keys = tries::keys("sign-on", "", req.ip);
    let of_address = &keys[1..];
    req.app.tries.check(of_address, req.now)?;
    let trip = Trip::of(req);
    let came = match &trip {
        Some(trip) => came(req, file, trip),
        None => Err(Kind::SignOnState.into()),
    };
    match came {
        Ok(reply) => Ok(reply.header("set-cookie", Trip::done(req.app))),
        Err(e) => {
            if matches!(e.kind, Kind::SignOnState | Kind::SignOnUsed | Kind::SignOnRefused | Kind::SignOnToken) {
                req.app.tries.failed(of_address, req.now);
            }
            let trip = trip.unwrap_or_else(|| Trip::new(req.app, &file.id, String::new(), None));
            let reply = refused(req, file, &trip, e)?;
            Ok(reply.header("set-cookie", Trip::done(req.app)))
        }
    }
}

fn came(req: &Req, file: &SignOnFile, trip: &Trip) -> Result<Reply> {
    let provider = provider(req.app, file)?;
    let state = provider.state().map(|name| req.query.get(name).unwrap_or_default());
    trip.fits(&file.id, state, req.now)?;
    if trip.binds.is_some() && !trip.binds_for(req.app, req.who.session.as_deref()) {
        return Err(Kind::SignOnState.into());
    }
    req.app.tries.pace(&format!("sign-on {}", file.id), file.per_minute, req.now)?;
    trip.walk(req.app)?;
    let identity = provider.callback(trip, &return_url(req, file), &req.query)?;
    rules::sure(&file.levels, file.min_level.as_deref(), identity.level.as_deref())?;
    let until = rules::ends(identity.until, file.hours, req.now)?;
    if trip.binds.is_some() { tied(req, file, &identity) } else { signed_in(req, file, trip, identity, until) }
}

fn tied(req: &Req, file: &SignOnFile, identity: &Identity) -> Result<Reply> {
    let (person, file, mark) = (req.myself()?.to_owned(), file.clone(), mark(req.app, file, identity));
    let subject = identity.subject.clone();
    req.app.db.write(move |tx| bind(tx, &file, &mark, &subject, &person))?;
    Ok(Reply::see_other(req.url("/me/sign-on")))
}

fn signed_in(req: &Req, file: &SignOnFile, trip: &Trip, identity: Identity, until: i64) -> Result<Reply> {
    let named = identity.name.is_some();
    let (person, new) = admit(req.app, file, identity, home(req)?)?;
    let device = req.header_text("user-agent").unwrap_or_default();
    let by = Opening { way: Some(session::by_other(&file.id)), until: Some(until), ..Opening::default() };
    let opened = session::open(req.app, person, false, device, by)?;
    let cookie = session::cookie(&req.app.config, &opened.token, opened.max_age);
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "token": opened.token, "new": new }))?.header("set-cookie", cookie));
    }
    let to = match (new && !named, trip.back.is_empty()) {
        (true, _) => format!("/me/name?back={}", encode(&trip.back)),
        (false, false) => trip.back.clone(),
        (false, true) => {
            let who = req.app.db.read(|r| session::identify(r, &req.app.config, &opened.token, req.now))?;
            home_of(&who).to_owned()
        }
    };
    Ok(Reply::see_other(req.url(&to)).header("set-cookie", cookie))
}

#[derive(Serialize)]
struct Refused {
    id: String,
    label: String,
    back: String,
    error: &'static str,
    /// What does not fit, for whoever is asked about it.
    detail: Option<String>,
    wait: Option<i64>,
    /// It was about tying an account.
    binding: bool,
    /// Trying once more may help.
    again: bool,
    /// Whoever signs in another way can tie his account to it.
    tie: bool,
    others: Vec<Other>,
    desk: (String, Option<String>),
    sms: bool,
}

pub(super) fn refused(req: &Req, file: &SignOnFile, trip: &Trip, error: Error) -> Result<Reply> {
    use Kind::*;
    if matches!(error.kind, SignOnAnswer | SignOnDown | SignOnToken) {
        // For whoever looks after the node: which provider, and a word of ours for it.
        let told = serde_json::json!({ "level": "warn", "sign_on": file.id, "code": error.kind.code(), "why": error.field });
        tell::trouble(&told);
    }
    if req.wants_json() || !(error.kind.code().starts_with("sign-on") || error.kind == SlowDown) {
        return Err(error);
    }
    let hopeless = matches!(error.kind, SignOnLevel | SignOnClosed | SignOnRole | SignOnUnknown | SignOnTaken | SignOnTwice);
    let view = Refused {
        id: file.id.clone(),
        label: label(req, file),
        back: trip.back.clone(),
        error: error.kind.code(),
        detail: error.field.as_ref().map(|f| format!("{} · {f}", error.kind.code())),
        wait: error.limit,
        binding: trip.binds.is_some(),
        again: !hopeless,
        tie: error.kind == SignOnUnknown && file.binds(),
        others: others(req).into_iter().filter(|o| o.id != file.id).collect(),
        desk: desk(req)?,
        sms: req.app.config.file.notice.sms.is_some(),
    };
    let reply = req.page("base/signon/refused.html", &view)?.status(error.kind.status());
    Ok(reply.header("referrer-policy", "no-referrer"))
}

#[derive(Serialize, schemars::JsonSchema)]
struct Out {
    label: String,
    /// Where one signs out of it.
    there: Option<String>,
}

/// A redirect would be blocked after a form, and ending what one did not ask to end would be wrong: it is a link.
fn out(req: &Req) -> Result<Reply> {
    let file = file(req)?;
    let there = provider(req.app, file)?.end(&req.absolute("/"));
    Ok(req.page("base/signon/out.html", &Out { label: label(req, file), there })?.header("referrer-policy", "no-referrer"))
}
