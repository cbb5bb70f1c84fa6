//! Browsers that may be woken (Web Push): one of each person, set up from within it.
//!
//! What must stay true: an address is taken only when its host is one that the configuration names, so nobody has us call
//! somebody else; what a woken browser says comes from here, to a session that lives, and is a number.

use fluent_bundle::FluentArgs;
use schemars::JsonSchema;
use serde::Serialize;

use super::{channel, me, setting};
use crate::kit::config::notice::PushFile;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route, assets};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post("/me/notices/browser", May::SignedIn, browser, "This browser may be woken: `{browser}`, its push address."),
    Route::get("/me/notices/wake", May::SignedIn, wake, "What a browser that was woken says.").gives::<Said>(),
    Route::get("/wake.js", May::Anyone, worker, "The service worker of Web Push."),
];

#[derive(Serialize, JsonSchema)]
struct Said {
    title: String,
    body: String,
}

fn browser(req: &Req) -> Result<Reply> {
    let (person, input) = (req.myself()?.to_owned(), req.input()?);
    let push = req.app.config.file.notice.push.as_ref().filter(|_| channel::push_key(req.app).is_some());
    let push = push.ok_or(Kind::NotFound)?;
    let browser = input.need("browser", PushFile::LONGEST)?;
    push.origin(&browser).ok_or_else(|| Kind::WrongType.at("browser"))?;
    req.once(move |tx| setting::wake(tx, &person, &browser).map(|()| String::new()))?;
    me::done(req, "push")
}

fn wake(req: &Req) -> Result<Reply> {
    let person = req.myself()?;
    let unread = req.app.db.read(|r| super::unread(r, person))?;
    let mut args = FluentArgs::new();
    args.set("n", unread);
    let body = req.app.texts.get(req.lang, "wake-body", Some(&args));
    Reply::json(&Said { title: req.app.texts.plain(req.lang, "product"), body })
}

fn worker(_: &Req) -> Result<Reply> {
    let (bytes, kind) = assets::get("wake.js").ok_or(Kind::NotFound)?;
    Ok(Reply::of(kind, bytes.into_owned()).header("cache-control", "no-cache"))
}
