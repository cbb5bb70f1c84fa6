//! Where gateways bring in messages, and the short link of a message.

use serde_json::json;

use super::reply::{self, Incoming};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::i18n::Lang;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/sms/reply",
        May::Anyone,
        take,
        "A gateway brings in a message: `{id, from, text, time}`, signed in `x-signature`.",
    ),
    Route::get("/r/{number}", May::Anyone, short, "Short link to a report."),
];

/// Messages that may come in within a minute.
const PER_MINUTE: u32 = 600;

fn take(req: &Req) -> Result<Reply> {
    let file = req.app.config.file.notice.sms.as_ref().and_then(|s| s.reply_secret_file.as_ref());
    let secret = file.ok_or(Kind::NotFound)?.read().map_err(crate::kit::Error::internal)?;
    req.app.tries.pace("sms reply", PER_MINUTE, req.now)?;
    let input = req.input()?;
    // The signature is over what was sent, so nothing is cleaned before it is checked.
    let raw = |name: &'static str, max: usize| match input.0.get(name) {
        // The lines of what is signed are told apart by their ends: only a text may have some of its own.
        Some(serde_json::Value::String(s)) if name != "text" && s.contains(char::is_control) => Err(Kind::WrongType.at(name)),
        Some(serde_json::Value::String(s)) if s.chars().count() <= max => Ok(s.clone()),
        Some(serde_json::Value::Number(n)) => Ok(n.to_string()),
        Some(_) => Err(Kind::WrongType.at(name)),
        None => Err(Kind::Missing.at(name)),
    };
    let message = Incoming { id: raw("id", 100)?, from: raw("from", 30)?, text: raw("text", 1000)?, time: raw("time", 20)? };
    message.check(&secret, req.header_text("x-signature").unwrap_or_default(), req.now)?;
    let clean = Incoming { text: input.text("text", 1000)?.unwrap_or_default(), ..message };
    let outcome = reply::take(req.app, &clean)?;
    // What was asked is answered by a message of its own, for not every gateway sends back what it gets here.
    let answered = matches!(outcome.as_str(), "state" | "none");
    let reply = if answered { String::new() } else { req.app.texts.plain(Lang::Zh, &format!("sms-reply-{outcome}")) };
    Reply::json(&json!({ "outcome": outcome, "reply": reply }))
}

fn short(req: &Req) -> Result<Reply> {
    let number = req.param("number");
    let plain = number.len() <= 40 && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !plain {
        return Err(Kind::NotFound.into());
    }
    Ok(Reply::see_other(req.url(&format!("/reports/{number}"))))
}
