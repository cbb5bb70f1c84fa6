//! Gateways and programs that tell for devices: one call for many, also as CloudEvents 1.0 (recorders and boxes that look at pictures speak it).
//!
//! What must stay true: a gateway speaks for itself and for the devices that tell through it, the program of an organisation for those
//! that the desk gave to that organisation, and nobody for others: of those he does not even learn whether they are there. Each reading
//! has its receipt; what is confirmed is on the disk.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{Query, Tx, params};

use super::ingest::{self, Taken, Told};
use super::pack::{self, Pack};
use super::watch::book::Book;
use super::watch::hear;
use super::web::{Refused, basic, refuse};
use super::{Device, State, by_name, sign_in};
use crate::base::{area, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Route, Who, tries};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/obs",
        May::Anyone,
        tell,
        "Tells for many devices: a list of `{device, stream, t, v, seq, picture?}`, or CloudEvents 1.0 (one, or a batch). By a gateway (Basic authentication) for the devices behind it, by a key for those of its organisation.",
    )
    .gives::<Receipts>(),
    Route::post(
        "/devices/{name}/body",
        May::Staff,
        give,
        "Whose programs may tell for a device: `{body}`, the id of an organisation of the place; empty for nobody's.",
    ),
];

/// Readings of one call.
const READINGS: usize = 1_000;

/// What became of what was told.
#[derive(Serialize, JsonSchema)]
struct Receipts {
    taken: usize,
    twice: usize,
    /// Of each reading, in the order in which they came: taken, history, twice, refused.
    receipts: Vec<&'static str>,
    /// Those that were refused, by their place in the list, and why.
    refused: Vec<Refused>,
}

/// Who tells, as which devices he may.
enum Teller {
    /// A gateway.
    Gateway(Box<Device>),
    /// The programs of an organisation.
    Body(String),
}

impl Teller {
    fn of(req: &Req) -> Result<Teller> {
        if req.who.key.is_some() {
            let body = req.who.roles.first().and_then(|r| r.body.clone());
            return body.map(Teller::Body).ok_or_else(|| Kind::Denied.into());
        }
        let (name, password) = basic(req).ok_or(Kind::WrongDevice)?;
        let keys = tries::keys(super::web::TRIES, &name, req.ip);
        req.app.tries.check(&keys, req.now)?;
        let found = req.app.db.read(|r| sign_in(r, &name, &password));
        if found.as_ref().is_err_and(|e| e.kind == Kind::WrongDevice) {
            req.app.tries.failed(&keys, req.now);
        }
        found.map(|d| Teller::Gateway(Box::new(d)))
    }

    /// The device with this name, when he may speak for it.
    fn device(&self, q: &mut dyn Query, name: &str) -> Result<Device> {
        let unknown = || Error::from(Kind::Unknown).field("device");
        let device = by_name(q, name).map_err(|e| if e.kind == Kind::NotFound { unknown() } else { e })?;
        let fits = match self {
            Teller::Gateway(g) => device.id == g.id || device.parent.as_ref() == Some(&g.id),
            // What is in a home is told by what stands there, never by the programs of others.
            Teller::Body(body) => {
                let own = "select count(*) from device where id = $1 and body = $2";
                !device.is_home() && q.count(own, params![&device.id, body])? > 0
            }
        };
        if fits && device.state != State::Gone { Ok(device) } else { Err(unknown()) }
    }
}

/// One event as a reading: what the data do not say, source, subject and time do.
fn event(e: &Json) -> Json {
    let data = e.get("data").cloned().unwrap_or_default();
    let field = |name: &str| data.get(name).filter(|v| !v.is_null()).cloned();
    let source = e["source"].as_str().map(|s| s.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default().to_owned());
    json!({
        "device": field("device").unwrap_or_else(|| source.into()),
        "stream": field("stream").unwrap_or_else(|| e["subject"].clone()),
        "t": field("t").unwrap_or_else(|| e["time"].clone()),
        "v": if data.is_object() { field("v").unwrap_or_default() } else { data.clone() },
        "seq": field("seq"),
        "picture": field("picture"),
    })
}

/// What was said, as a list of readings.
fn said(req: &Req) -> Result<Vec<Json>> {
    let body = req.json.as_ref().ok_or_else(|| Kind::Missing.at("v"))?;
    let all = match body {
        Json::Array(all) => all.clone(),
        one @ Json::Object(_) => vec![one.clone()],
        _ => return Err(Kind::WrongType.at("v")),
    };
    if all.len() > READINGS {
        return Err(Kind::TooLarge.at("v").limit(READINGS as i64));
    }
    let events = req.header_text("content-type").is_some_and(|t| t.starts_with("application/cloudevents"));
    all.into_iter()
        .map(|one| match one["specversion"].as_str() {
            Some("1.0") => Ok(event(&one)),
            None if !events => Ok(one),
            _ => Err(Kind::WrongType.at("specversion")),
        })
        .collect()
}

/// What one item says: its reading, and before it where the picture lies that goes with it.
fn readings(pack: &Pack, device: &Arc<Device>, one: &Json, now: Ms) -> Result<Vec<Told>> {
    let mut out = Vec::new();
    if let Some(picture) = one.get("picture").filter(|p| !p.is_null()) {
        let said = json!({ "t": one["t"], "v": picture });
        out.push(ingest::parse(pack, device, "picture", &said, now).map_err(|e| e.field("picture"))?);
    }
    out.push(ingest::parse(pack, device, one["stream"].as_str().unwrap_or_default(), one, now)?);
    Ok(out)
}

fn tell(req: &Req) -> Result<Reply> {
    let teller = Teller::of(req)?;
    let all = said(req)?;
    let mut known: HashMap<String, Result<(Arc<Device>, &'static Pack)>> = HashMap::new();
    let (mut good, mut places, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (n, one) in all.iter().enumerate() {
        let name = one["device"].as_str().unwrap_or_default();
        if !known.contains_key(name) {
            let found = req.app.db.read(|r| {
                let device = teller.device(r, name)?;
                let pack = pack::at(&area::by_id(r, &device.area)?.map(|a| a.code).unwrap_or_default());
                Ok::<_, Error>((Arc::new(device), pack))
            });
            known.insert(name.to_owned(), found);
        }
        match &known[name] {
            Ok((device, pack)) => {
                req.app.tries.pace(&format!("device {}", device.name), pack.limits.per_minute, req.now)?;
                match readings(pack, device, one, req.now) {
                    Ok(told) => {
                        places.extend(told.iter().map(|_| n));
                        good.extend(told);
                    }
                    Err(e) => refused.push(refuse(req, device, n, e)),
                }
            }
            Err(e) if e.kind == Kind::Unknown => refused.push(Refused::of(n, e.clone())),
            Err(e) => return Err(e.clone()),
        }
    }
    let book = Book::now(req.app)?;
    let done = if good.is_empty() { Vec::new() } else { req.app.db.write(move |tx| hear::take(tx, &book, &good))?.value };
    let mut receipts = vec!["refused"; all.len()];
    for (n, taken) in places.iter().zip(&done) {
        receipts[*n] = match taken {
            Taken::New => "taken",
            Taken::History => "history",
            Taken::Twice => "twice",
        };
    }
    let many = |word: &str| receipts.iter().filter(|r| **r == word).count();
    let (taken, twice) = (many("taken") + many("history"), many("twice"));
    let status = if done.is_empty() && !refused.is_empty() { 422 } else { 200 };
    Ok(Reply::json(&Receipts { taken, twice, receipts, refused })?.status(status))
}

fn give(req: &Req) -> Result<Reply> {
    let body = req.input()?.text("body", 40)?;
    let (who, name) = (req.who.clone(), req.param("name").to_owned());
    req.once(move |tx| set_body(tx, &who, &name, body.as_deref()).map(|()| String::new()))?;
    let name = req.param("name");
    req.done(&format!("/devices/{name}"), 200, || super::web::full(req, name, None))
}

/// Gives a device to an organisation, whose programs may then tell for it.
fn set_body(tx: &mut Tx, who: &Who, name: &str, body: Option<&str>) -> Result<()> {
    let device = by_name(tx, name)?;
    if !device.is_kept_by(who) || device.is_home() {
        return Err(Kind::NotFound.into());
    }
    if let Some(id) = body
        && !party::bodies_for(tx, &device.area)?.iter().any(|b| b.id == id)
    {
        return Err(Kind::Unknown.at("body"));
    }
    let now = tx.now();
    let seq = tx.log(device.entry(who, "device.body").fact_opt("to", body))?.index;
    tx.exec("update device set body = $2, changed_at = $3, log_seq = $4 where id = $1", params![&device.id, body, now, seq])?;
    Ok(())
}
