//! Pages: keys, jurisdictions and connectors for the administrator; what could not be delivered, for the desk.
//!
//! What must stay true: a new key is shown once, to whoever made it, and nowhere again; an administrator ties keys and
//! connectors only to organisations and areas of his own.

use std::collections::BTreeMap;

use calc::codes;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::format::Format;
use super::keys::{self, ApiKey, MOST_PER_MINUTE, MediaForm, NewKey, PER_MINUTE};
use super::outbound::{self, Connector, NewConnector, queue};
use super::{jurisdiction, services};
use crate::base::area::{self, Area};
use crate::base::{classes, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::MINUTE;
use crate::kit::{Error, Reply, Req, Result, RoleKind, Route, Who};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/open311", May::Admin, page, "Keys, jurisdictions and connectors of Open311.").gives::<Page>(),
    Route::post(
        "/admin/open311/keys",
        May::Admin,
        add_key,
        "Makes a key: `{name, purpose, jurisdiction?, body?, media_form?, by_token?, per_minute?}`; it is shown once.",
    ),
    Route::post("/admin/open311/keys/{id}/end", May::Admin, end_key, "Revokes a key."),
    Route::post("/admin/open311/jurisdictions", May::Admin, add_jurisdiction, "Names an area: `{id, area}`."),
    Route::post("/admin/open311/jurisdictions/{id}/end", May::Admin, end_jurisdiction, "Ends a name."),
    Route::post(
        "/admin/open311/connectors",
        May::Admin,
        add_connector,
        "Connects an organisation's system: `{body, endpoint, key?, jurisdiction?, format?, classes, every_minutes?}`.",
    ),
    Route::post("/admin/open311/connectors/{id}/end", May::Admin, end_connector, "Ends a connector."),
    Route::get("/deliveries", May::Staff, deliveries, "What other systems have not taken yet.").gives::<Deliveries>(),
    Route::post("/deliveries/{connector}/{seq}/retry", May::SignedIn, retry, "Tries a delivery again at once."),
];

/// Bodies and areas that a form offers.
const OFFERED: usize = 300;

#[derive(Serialize, JsonSchema)]
struct Page {
    /// The key that was made just now.
    made: Option<String>,
    endpoint: String,
    keys: Vec<KeyView>,
    jurisdictions: Vec<JurisdictionView>,
    connectors: Vec<ConnectorView>,
    deliveries: Vec<DeliveryView>,
    bodies: Vec<BodyView>,
    areas: Vec<area::web::AreaView>,
    media_forms: Vec<&'static str>,
    classes: Vec<String>,
    per_minute: i64,
}

#[derive(Serialize, JsonSchema)]
struct KeyView {
    id: String,
    name: String,
    purpose: String,
    jurisdiction: Option<String>,
    body: Option<String>,
    media_form: &'static str,
    by_token: bool,
    per_minute: i64,
    created_at: String,
    revoked_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct JurisdictionView {
    id: String,
    area: String,
}

#[derive(Serialize, JsonSchema)]
struct ConnectorView {
    id: String,
    body: String,
    endpoint: String,
    jurisdiction: Option<String>,
    format: &'static str,
    classes: BTreeMap<String, String>,
    every_minutes: i64,
    error: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct BodyView {
    id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct DeliveryView {
    connector: String,
    seq: u64,
    number: String,
    body: String,
    state: String,
    tries: i64,
    next_at: Option<String>,
    error: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Deliveries {
    items: Vec<DeliveryView>,
}

fn administers(who: &Who, path: &str) -> bool {
    who.roles.iter().any(|r| r.kind == RoleKind::SystemAdmin && path.starts_with(&r.path))
}

/// The organisation, when the administrator may tie something to it.
fn body_of(q: &mut dyn Query, who: &Who, id: &str) -> Result<String> {
    let body = party::body_by_id(q, id)?.ok_or_else(|| Kind::Unknown.at("body"))?;
    let place = area::by_id(q, &body.area)?.ok_or_else(|| Kind::Unknown.at("body"))?;
    if administers(who, &place.path) { Ok(body.id) } else { Err(Kind::Denied.into()) }
}

/// Whether the administrator may end what is tied to an organisation, or to none.
fn may_end(q: &mut dyn Query, who: &Who, body: Option<&str>) -> Result<()> {
    match body {
        Some(body) => body_of(q, who, body).map(drop),
        None => Ok(()),
    }
}

/// What was in the way, in words: ours for the kind of trouble, theirs where they said something.
fn trouble(req: &Req, line: &str) -> String {
    let (code, theirs) = line.split_once(' ').unwrap_or((line, ""));
    let kind = code.split('-').next().unwrap_or_default();
    let key = match kind {
        "network" | "redirect" | "answer" | "http" | "no" | "service" | "not" | "pending" => kind,
        _ => "other",
    };
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("what", if matches!(key, "http" | "service") { theirs } else { "" });
    req.app.texts.get(req.lang, &format!("open311-trouble-{key}"), Some(&args))
}

fn page(req: &Req) -> Result<Reply> {
    show(req, None)
}

fn show(req: &Req, made: Option<String>) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let name = |r: &mut dyn Query, id: &str| Ok::<_, Error>(party::body_by_id(r, id)?.map(|b| b.name).unwrap_or_default());
        let mut keys = Vec::new();
        for k in keys::all(r)? {
            let body = k.body.as_deref().map(|b| name(r, b)).transpose()?;
            keys.push(key_view(req, k, body));
        }
        let jurisdictions = jurisdiction::all(r)?.into_iter().map(|j| JurisdictionView { id: j.id, area: j.name }).collect();
        let mut connectors = Vec::new();
        for c in outbound::all(r)? {
            let body = name(r, &c.body)?;
            connectors.push(connector_view(req, c, body));
        }
        let deliveries = delivery_views(req, r)?;
        let (bodies, areas) = offered(r, &req.who)?;
        Ok::<_, Error>(Page {
            made,
            endpoint: req.absolute("/open311/v2"),
            keys,
            jurisdictions,
            connectors,
            deliveries,
            bodies,
            areas: areas.iter().map(Into::into).collect(),
            media_forms: MediaForm::ALL.map(|(n, _)| n).to_vec(),
            classes: classes::read_now(r, req.app)?.order.clone(),
            per_minute: PER_MINUTE,
        })
    })?;
    req.page("records/open311/admin.html", &view)
}

fn key_view(req: &Req, k: ApiKey, body: Option<String>) -> KeyView {
    KeyView {
        id: k.id,
        name: k.name,
        purpose: k.purpose,
        jurisdiction: k.jurisdiction,
        body,
        media_form: k.media_form.name(),
        by_token: k.by_token,
        per_minute: k.per_minute,
        created_at: req.app.time(k.created_at),
        revoked_at: k.revoked_at.map(|at| req.app.time(at)),
    }
}

fn connector_view(req: &Req, c: Connector, body: String) -> ConnectorView {
    ConnectorView {
        id: c.id,
        body,
        endpoint: c.endpoint,
        jurisdiction: c.jurisdiction,
        format: if c.format == Format::Json { "json" } else { "xml" },
        classes: c.classes,
        every_minutes: c.every / MINUTE,
        error: c.error.map(|e| trouble(req, &e)),
    }
}

fn delivery_views(req: &Req, q: &mut dyn Query) -> Result<Vec<DeliveryView>> {
    let connectors = outbound::all(q)?;
    let mut out = Vec::new();
    for d in queue::troubled(q, &req.who)? {
        let body = connectors.iter().find(|c| c.id == d.connector).map(|c| c.body.clone()).unwrap_or_default();
        let body = party::body_by_id(q, &body)?.map(|b| b.name).unwrap_or_default();
        out.push(DeliveryView {
            connector: d.connector,
            seq: d.seq,
            number: d.number,
            body,
            state: d.state,
            tries: d.tries,
            next_at: d.next_at.map(|at| req.app.time(at)),
            error: d.error.map(|e| trouble(req, &e)),
        });
    }
    Ok(out)
}

/// Organisations and areas of the administrator.
fn offered(q: &mut dyn Query, who: &Who) -> Result<(Vec<BodyView>, Vec<Area>)> {
    let (mut bodies, mut areas) = (Vec::new(), Vec::new());
    for role in who.roles.iter().filter(|r| r.kind == RoleKind::SystemAdmin) {
        let sql = "select b.id, b.name from body b join area a on a.id = b.area where a.path >= $1 and a.path < $2 \
                   and b.valid_to is null order by a.path, b.name limit $3";
        for row in q.rows(sql, params![&role.path, area::end_of(&role.path), OFFERED])? {
            bodies.push(BodyView { id: row.get("id")?, name: row.get("name")? });
        }
        areas.extend(area::by_id(q, &role.area)?);
        for kind in ["county", "street", "community"] {
            areas.extend(area::beneath(q, &role.path, kind)?.into_iter().take(OFFERED));
        }
    }
    areas.dedup_by(|a, b| a.id == b.id);
    areas.truncate(OFFERED);
    Ok((bodies, areas))
}

fn done(req: &Req, id: &str) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "id": id }))?.status(201));
    }
    Ok(Reply::see_other(req.url("/admin/open311")))
}

fn add_key(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let media_form = input.text("media_form", 20)?.unwrap_or_else(|| "plain".into());
    let new = NewKey {
        name: input.need("name", 60)?,
        purpose: input.need("purpose", 200)?,
        jurisdiction: input.text("jurisdiction", 100)?,
        body: input.text("body", 40)?,
        media_form: MediaForm::parse(&media_form).ok_or_else(|| Kind::Unknown.at("media_form"))?,
        by_token: input.flag("by_token"),
        per_minute: input.int("per_minute", 1, MOST_PER_MINUTE)?.unwrap_or(PER_MINUTE),
    };
    // A repetition must show the same key again, so it is derived from the client's key, under the node's own.
    let seed = match req.key() {
        Some(key) => format!("{} {key}", req.who.key_space()),
        None => req.app.new_id(),
    };
    let text = codes::crockford(&req.app.db.digest("open311 key", &seed))[..32].to_owned();
    let (who, shown) = (req.who.clone(), text.clone());
    let id = req.once(move |tx| {
        if let Some(body) = &new.body {
            body_of(tx, &who, body)?;
        }
        if let Some(id) = &new.jurisdiction
            && !jurisdiction::all(tx)?.iter().any(|j| j.id == *id && administers(&who, &j.path))
        {
            return Err(Kind::Unknown.at("jurisdiction"));
        }
        keys::add(tx, who.person.as_deref(), &new, &text)
    })?;
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "id": id, "key": shown }))?.status(201));
    }
    Ok(show(req, Some(shown))?.status(201))
}

fn end_key(req: &Req) -> Result<Reply> {
    let (id, who, actor) = (req.param("id").to_owned(), req.who.clone(), req.person()?.to_owned());
    let ended = id.clone();
    req.app.db.write(move |tx| {
        let row = tx.row("select body from open311_key where id = $1", params![&id])?.ok_or(Kind::NotFound)?;
        may_end(tx, &who, row.get::<Option<String>>("body")?.as_deref())?;
        keys::revoke(tx, &actor, &id)
    })?;
    done(req, &ended)
}

fn add_jurisdiction(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (id, code) = (input.need("id", 100)?, input.need("area", 40)?);
    let (who, actor) = (req.who.clone(), req.person()?.to_owned());
    let made = req.once(move |tx| {
        let place = area::by_code(tx, &code)?.ok_or_else(|| Kind::Unknown.at("area"))?;
        if !administers(&who, &place.path) {
            return Err(Kind::Denied.into());
        }
        jurisdiction::add(tx, &actor, &id, &place)?;
        Ok(id)
    })?;
    done(req, &made)
}

fn end_jurisdiction(req: &Req) -> Result<Reply> {
    let (id, who, actor) = (req.param("id").to_owned(), req.who.clone(), req.person()?.to_owned());
    let ended = id.clone();
    req.app.db.write(move |tx| {
        let place = jurisdiction::all(tx)?.into_iter().find(|j| j.id == id).ok_or(Kind::NotFound)?;
        if !administers(&who, &place.path) {
            return Err(Kind::Denied.into());
        }
        jurisdiction::end(tx, &actor, &id)
    })?;
    done(req, &ended)
}

/// `class=service` in lines or with commas, or a JSON object; `*` names the service of all others.
fn classes(req: &Req) -> Result<BTreeMap<String, String>> {
    let input = req.input()?;
    let object = input.object("classes").ok().filter(|o| !o.0.is_empty());
    let pairs: Vec<(String, String)> = match object {
        Some(o) => o.0.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_owned()))).collect(),
        None => {
            let text = input.need("classes", 4000)?;
            let pair = |p: &str| p.split_once('=').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
            let parts = text.split([',', '\n']).filter(|p| !p.trim().is_empty());
            parts.map(|p| pair(p).ok_or_else(|| Kind::WrongType.at("classes"))).collect::<Result<_>>()?
        }
    };
    let catalogue = services::catalogue(req.app)?;
    let known = |code: &str| code == outbound::ANY || catalogue.get(code).is_some();
    let fits = |v: &str| !v.is_empty() && v.chars().count() <= 100 && !v.chars().any(char::is_control);
    if pairs.is_empty() || !pairs.iter().all(|(k, v)| known(k) && fits(v)) {
        return Err(Kind::Unknown.at("classes"));
    }
    Ok(pairs.into_iter().collect())
}

fn add_connector(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let endpoint = input.need("endpoint", 500)?;
    let format = input.text("format", 10)?.unwrap_or_else(|| "xml".into());
    let (least, most) = (outbound::EVERY.0 / MINUTE, outbound::EVERY.1 / MINUTE);
    let new = NewConnector {
        body: input.need("body", 40)?,
        endpoint: outbound::endpoint(&endpoint).ok_or_else(|| Kind::WrongType.at("endpoint"))?,
        key: input.text("key", 200)?,
        jurisdiction: input.text("jurisdiction", 100)?,
        format: Format::of(&format).ok_or_else(|| Kind::Unknown.at("format"))?,
        classes: classes(req)?,
        every: input.int("every_minutes", least, most)?.unwrap_or(5) * MINUTE,
    };
    let (who, actor) = (req.who.clone(), req.person()?.to_owned());
    let made = req.once(move |tx| {
        body_of(tx, &who, &new.body)?;
        outbound::add(tx, &actor, &new)
    })?;
    done(req, &made)
}

fn end_connector(req: &Req) -> Result<Reply> {
    let (id, who, actor) = (req.param("id").to_owned(), req.who.clone(), req.person()?.to_owned());
    let ended = id.clone();
    req.app.db.write(move |tx| {
        let row = tx.row("select body from open311_connector where id = $1", params![&id])?.ok_or(Kind::NotFound)?;
        may_end(tx, &who, Some(&row.get::<String>("body")?))?;
        outbound::end(tx, &actor, &id)
    })?;
    done(req, &ended)
}

fn deliveries(req: &Req) -> Result<Reply> {
    let items = req.app.db.read(|r| delivery_views(req, r))?;
    req.page("records/open311/deliveries.html", &Deliveries { items })
}

fn retry(req: &Req) -> Result<Reply> {
    let seq: u64 = req.param("seq").parse().map_err(|_| Kind::NotFound)?;
    let (connector, who) = (req.param("connector").to_owned(), req.who.clone());
    req.app.db.write(move |tx| queue::retry(tx, &who, &connector, seq))?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "ok": true }));
    }
    Ok(Reply::see_other(req.url(if req.who.is_staff() { "/deliveries" } else { "/admin/open311" })))
}
