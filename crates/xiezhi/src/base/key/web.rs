//! The page for developers: what keys are for, the keys of one's organisations, making and revoking them.
//!
//! What must stay true: a new key is shown once, to whoever made it, and nowhere again.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{New, View, purpose};
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/developers", May::Anyone, page, "Keys for programs: what they are for, and those of one's organisations.")
        .gives::<Page>(),
    Route::post(
        "/developers/keys",
        May::Staff,
        make,
        "Makes a key: `{body, name, purposes: [id], days?, per_minute?, per_day?}`; it is shown once.",
    )
    .gives::<Page>(),
    Route::post("/developers/keys/{id}/end", May::Staff, end, "Revokes a key: the organisation, or the desk of its place."),
];

#[derive(Serialize, JsonSchema)]
struct Page {
    /// The key that was made just now.
    made: Option<String>,
    purposes: Vec<PurposeView>,
    /// The organisations for which the reader may make keys.
    bodies: Vec<BodyView>,
    /// A node to try things on.
    sandbox: Option<String>,
    /// This is one.
    is_sandbox: bool,
    address: String,
    days: i64,
    most_days: i64,
    per_minute: i64,
    most_per_minute: i64,
    per_day: i64,
    most_per_day: i64,
}

#[derive(Serialize, JsonSchema)]
struct PurposeView {
    id: &'static str,
    name: String,
    more: String,
    opens: &'static [String],
}

#[derive(Serialize, JsonSchema)]
struct BodyView {
    id: String,
    name: String,
    good: bool,
    keys: Vec<View>,
}

fn page(req: &Req) -> Result<Reply> {
    req.page("base/key/developers.html", &view(req, None)?)
}

fn view(req: &Req, made: Option<String>) -> Result<Page> {
    let bodies = req.app.db.read(|r| {
        let mut out = Vec::new();
        let own = |_: &&crate::kit::Role| req.who.by.is_none();
        for role in super::roles(&req.who).filter(own) {
            let (Some(id), Some(name)) = (&role.body, &role.body_name) else { continue };
            out.push(BodyView {
                good: standing::in_good_standing(r, id, req.now)?,
                keys: super::of_body(r, req, id)?,
                id: id.clone(),
                name: name.clone(),
            });
        }
        Ok::<_, Error>(out)
    })?;
    let purposes = purpose::all().iter().map(|p| PurposeView {
        id: &p.id,
        name: p.name(req.lang).to_owned(),
        more: p.more(req.lang).to_owned(),
        opens: &p.opens,
    });
    Ok(Page {
        made,
        purposes: purposes.collect(),
        bodies,
        sandbox: req.app.config.file.developers.sandbox.clone(),
        is_sandbox: req.app.config.demo,
        address: req.absolute(""),
        days: super::DAYS,
        most_days: super::MOST_DAYS,
        per_minute: super::PER_MINUTE,
        most_per_minute: super::MOST_PER_MINUTE,
        per_day: super::PER_DAY,
        most_per_day: super::MOST_PER_DAY,
    })
}

fn make(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    req.myself()?;
    let new = New {
        body: input.need("body", 40)?,
        name: input.need("name", super::NAME)?,
        purposes: input.list("purposes", purpose::all().len())?,
        days: input.int("days", 1, super::MOST_DAYS)?.unwrap_or(super::DAYS),
        per_minute: input.int("per_minute", 1, super::MOST_PER_MINUTE)?.unwrap_or(super::PER_MINUTE),
        per_day: input.int("per_day", 1, super::MOST_PER_DAY)?.unwrap_or(super::PER_DAY),
    };
    // A repetition of the same request must not make a second key, and cannot show the first one again: what is kept under
    // the idempotency key is the id alone.
    let (text, who) = (super::draw(req.app), req.who.clone());
    let key = text.clone();
    let fresh = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let made = fresh.clone();
    let id = req.once(move |tx| {
        let id = super::make(tx, &who, &new, &key)?;
        made.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(id)
    })?;
    let shown = fresh.load(std::sync::atomic::Ordering::Relaxed).then_some(text);
    if req.wants_json() {
        return Ok(Reply::json(&json!({ "id": id, "key": shown }))?.status(201));
    }
    Ok(req.page("base/key/developers.html", &view(req, shown)?)?.header("cache-control", "no-store"))
}

fn end(req: &Req) -> Result<Reply> {
    if req.who.by.is_some() {
        return Err(Kind::Denied.into());
    }
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| super::end(tx, &who, &id))?;
    if req.wants_json() {
        return Reply::json(&json!({ "ended": true }));
    }
    let back = match req.input()?.text("back", 60)? {
        Some(back) if back.starts_with("/partners/") => back,
        _ => "/developers?done=ended".into(),
    };
    Ok(Reply::see_other(req.url(&back)))
}
