//! What goes out over channels and what became of it, for the administrator: counts, and what somebody must look at.
//! Whom a message is for is not shown, only over which channel and how often it was tried.

use schemars::JsonSchema;
use serde::Serialize;

use super::{channel, queue};
use crate::kit::http::May;
use crate::kit::time::DAY;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/notices/deliveries", May::Admin, show, "Messages that did not leave, and how many did in the last week.")
        .gives::<View>(),
    Route::post(
        "/notices/deliveries/{id}/{choice}",
        May::Admin,
        decide,
        "`again` sends a message that is stuck or unknown again, `leave` gives it up.",
    ),
];

#[derive(Serialize, JsonSchema)]
struct View {
    /// Channels that are configured and built in.
    channels: Vec<String>,
    /// E-mail: `ready`, `absent` or `unbuilt`.
    mail: &'static str,
    counts: Vec<Count>,
    items: Vec<Trouble>,
}

#[derive(Serialize, JsonSchema)]
struct Count {
    channel: String,
    state: String,
    n: i64,
}

#[derive(Serialize, JsonSchema)]
struct Trouble {
    id: String,
    channel: String,
    kind: String,
    state: String,
    tries: i64,
    error: String,
    at: String,
    next_at: Option<String>,
}

fn show(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let counts = queue::counts(r, req.now - 7 * DAY)?.into_iter();
        let items = queue::troubled(r)?.into_iter().map(|d| Trouble {
            id: d.id,
            channel: d.channel,
            kind: d.kind,
            state: d.state,
            tries: d.tries,
            error: d.error.unwrap_or_default(),
            at: req.app.time(d.created_at),
            next_at: d.next_at.map(|at| req.app.time(at)),
        });
        Ok::<_, Error>(View {
            channels: channel::all(req.app).iter().map(|c| c.name().to_owned()).collect(),
            mail: channel::state(req.app, "email"),
            counts: counts.map(|(channel, state, n)| Count { channel, state, n }).collect(),
            items: items.collect(),
        })
    })?;
    req.page("base/notice/deliveries.html", &view)
}

fn decide(req: &Req) -> Result<Reply> {
    let (actor, id) = (req.person()?.to_owned(), req.param("id").to_owned());
    let again = match req.param("choice") {
        "again" => true,
        "leave" => false,
        _ => return Err(crate::kit::error::Kind::NotFound.into()),
    };
    req.app.db.write(move |tx| queue::decide(tx, &actor, &id, again))?;
    if req.wants_json() { Reply::json(&serde_json::json!({})) } else { Ok(Reply::see_other(req.url("/notices/deliveries"))) }
}
