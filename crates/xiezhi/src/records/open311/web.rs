//! Routes of the standard, and the calls that only read.

use store::{Entry, Query as _, hex, params};

use super::ask::{self, Ask, Key};
use super::fault::{self, Fault, Faults};
use super::format::{self, Format, Value};
use super::services::{self, Service};
use super::{bulk, file, find, show, updates};
use crate::base::party;
use crate::kit::http::{Manner, May};
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Errors beneath the endpoint, wherever they arise.
pub const MANNER: Manner = Manner {
    prefix: "/open311/",
    refuse: |path, error, message| {
        let status = fault::status_of(error.kind);
        format::errors(Format::of_path(path), &[(status, message.to_owned())]).status(status)
    },
};

/// Routes of this room. Their form is their extension: `.xml` or `.json`.
pub const ROUTES: &[Route] = &[
    Route::get("/open311/discovery.{format}", May::Anyone, discovery, "Open311 service discovery."),
    Route::get("/open311/v2/discovery.{format}", May::Anyone, discovery, "The same, directly under the endpoint."),
    Route::get("/open311/v2/services.{format}", May::Anyone, services_list, "GeoReport v2: the services."),
    Route::get("/open311/v2/services/{code}", May::Anyone, definition, "GeoReport v2: the questions of a service."),
    Route::get("/open311/v2/requests.{format}", May::Anyone, requests, "GeoReport v2: requests, filtered."),
    Route::post("/open311/v2/requests.{format}", May::Anyone, make, "GeoReport v2: makes a request (api_key)."),
    Route::get("/open311/v2/requests/{id}", May::Anyone, request, "GeoReport v2: one request."),
    Route::get("/open311/v2/tokens/{token}", May::Anyone, token, "GeoReport v2: the request that a token stands for."),
    Route::get(
        "/open311/v2/servicerequestupdates.{format}",
        May::Anyone,
        updates_list,
        "Updates of requests in a window of time.",
    ),
    Route::post("/open311/v2/servicerequestupdates.{format}", May::Anyone, tell, "A partner tells an update (api_key)."),
    Route::get("/open311/v2/bulk.{format}", May::Anyone, bulk_list, "GeoReport Bulk: many requests as CSV, XML or JSON."),
];

const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

/// Refuses an extension that is no form, in the form that everybody must speak.
fn formed(req: &Req, run: impl FnOnce() -> Result<Reply>) -> Result<Reply> {
    match Format::of(req.param("format")) {
        Some(_) => run(),
        None => Ok(Faults::from(Fault::unknown("format-unknown", req.param("format"))).reply(req, Format::Xml)),
    }
}

/// The thing that is named before the extension.
fn named<'r>(req: &'r Req, param: &str) -> &'r str {
    let text = req.param(param);
    text.strip_suffix(".xml").or_else(|| text.strip_suffix(".json")).unwrap_or("")
}

fn discovery(req: &Req) -> Result<Reply> {
    formed(req, || {
        let changeset = req.app.time(changeset(req)?);
        let phone = req.app.db.read(|r| party::default_desk(r))?.phone.unwrap_or_default();
        let ask = Ask { req, key: None, place: None };
        let text = |t: &str| Value::Text(t.to_owned());
        let formats = ["text/xml; charset=utf-8", "application/json; charset=utf-8"].map(text);
        let endpoint = Value::Record(vec![
            ("specification", text(SPECIFICATION)),
            ("url", Value::Text(req.absolute("/open311/v2"))),
            ("changeset", text(&changeset)),
            ("type", text(if req.app.config.demo { "test" } else { "production" })),
            ("formats", Value::List("format", formats.to_vec())),
        ]);
        let value = Value::Record(vec![
            ("changeset", text(&changeset)),
            ("contact", Value::Text(ask.say("open311-contact", &[("phone", &phone)]))),
            ("key_service", Value::Text(ask.say("open311-key-service", &[("phone", &phone)]))),
            ("endpoints", Value::List("endpoint", vec![endpoint])),
        ]);
        Ok(format::document(Format::of_path(req.path), "discovery", &value).header("access-control-allow-origin", "*"))
    })
}

/// When the services or their questions last changed: found by comparing with what they were.
fn changeset(req: &Req) -> Result<Ms> {
    const NAME: &str = "open311.services";
    let all = services::all(req.app, crate::kit::i18n::Lang::Zh)?;
    let digest = hex(&req.app.db.digest(NAME, &format!("{all:?}"))[..16]);
    let known = req.app.db.read(|r| party::setting(r, NAME))?;
    if let Some((old, at)) = known.as_deref().and_then(|k| k.split_once(' '))
        && old == digest
    {
        return Ok(at.parse().unwrap_or(req.now));
    }
    let done = req.app.db.write(move |tx| {
        let now = tx.now();
        party::set(tx, NAME, &format!("{digest} {now}"))?;
        tx.log(Entry::new("open311.services", "node", "").fact("digest", digest.as_str()))?;
        Ok::<_, Error>(now)
    })?;
    Ok(done.value)
}

fn service(s: &Service) -> Vec<(&'static str, Value)> {
    vec![
        ("service_code", Value::Text(s.code.clone())),
        ("service_name", Value::Text(s.name.clone())),
        ("description", Value::text(Some(s.description.as_str()))),
        ("metadata", Value::Flag(!s.attributes.is_empty())),
        ("type", Value::Text("realtime".into())),
        ("keywords", Value::text(Some(s.keywords.join(",")))),
        ("group", Value::text(Some(s.group.as_str()))),
    ]
}

fn services_list(req: &Req) -> Result<Reply> {
    formed(req, || {
        ask::answer(req, "services", Key::Optional, |ask| {
            let all = services::all(ask.req.app, ask.req.lang)?;
            Ok(Value::List("service", all.iter().map(|s| Value::Record(service(s))).collect()))
        })
    })
}

fn definition(req: &Req) -> Result<Reply> {
    ask::answer(req, "service_definition", Key::Optional, |ask| {
        let code = named(req, "code");
        let s = services::get(ask.req.app, ask.req.lang, code)?.ok_or_else(|| Fault::unknown("service-unknown", code))?;
        let attribute = |(i, a): (usize, &services::Attribute)| {
            let value = |(key, name): &(String, String)| {
                Value::Record(vec![("key", Value::Text(key.clone())), ("name", Value::Text(name.clone()))])
            };
            let mut fields = vec![
                ("variable", Value::Flag(true)),
                ("code", Value::Text(a.code.clone())),
                ("datatype", Value::Text(a.datatype.clone())),
                ("required", Value::Flag(a.required)),
                ("datatype_description", Value::text(Some(ask.say(&format!("open311-type-{}", a.datatype), &[])))),
                ("order", Value::Int(i as i64 + 1)),
                ("description", Value::text(Some(a.description.as_str()))),
            ];
            if !a.values.is_empty() {
                fields.push(("values", Value::List("value", a.values.iter().map(value).collect())));
            }
            Value::Record(fields)
        };
        let attributes = s.attributes.iter().enumerate().map(attribute).collect();
        Ok(Value::Record(vec![
            ("service_code", Value::Text(s.code.clone())),
            ("attributes", Value::List("attribute", attributes)),
        ]))
    })
}

fn requests(req: &Req) -> Result<Reply> {
    formed(req, || {
        ask::answer(req, "service_requests", Key::Optional, |ask| {
            let filter = find::parse(ask)?;
            let all = req.app.db.read(|r| {
                let found = filter.find(r)?;
                show::all(ask, r, found, find::extended(ask))
            })?;
            Ok(Value::List("request", all.iter().map(|s| s.request(ask, find::extended(ask))).collect()))
        })
    })
}

fn request(req: &Req) -> Result<Reply> {
    ask::answer(req, "service_requests", Key::Optional, |ask| {
        let id = named(req, "id");
        let all = req.app.db.read(|r| {
            let found = find::Filter::one(ask, r, id)?.find(r)?;
            show::all(ask, r, found, find::extended(ask))
        })?;
        if all.is_empty() {
            return Err(Fault::unknown("request-unknown", id).into());
        }
        Ok(Value::List("request", all.iter().map(|s| s.request(ask, find::extended(ask))).collect()))
    })
}

fn make(req: &Req) -> Result<Reply> {
    formed(req, || ask::answer(req, "service_requests", Key::Needed, file::post))
}

/// A token is the id of a case that came in by a key: it has its number from the first moment on.
fn token(req: &Req) -> Result<Reply> {
    ask::answer(req, "service_requests", Key::Optional, |ask| {
        let token = named(req, "token");
        let row = ask.req.app.db.read(|r| {
            r.row("select number from cases where id = $1 and source >= 'open311/' and source < 'open3110'", params![token])
        })?;
        let row = row.ok_or_else(|| Fault::unknown("token-unknown", token))?;
        let number: String = row.get("number")?;
        Ok(Value::List(
            "request",
            vec![Value::Record(vec![("service_request_id", Value::Text(number)), ("token", Value::Text(token.to_owned()))])],
        ))
    })
}

fn updates_list(req: &Req) -> Result<Reply> {
    formed(req, || ask::answer(req, "service_request_updates", Key::Optional, updates::get))
}

fn tell(req: &Req) -> Result<Reply> {
    formed(req, || ask::answer(req, "service_request_updates", Key::Needed, updates::post))
}

fn bulk_list(req: &Req) -> Result<Reply> {
    if req.param("format") == "csv" { bulk::get(req) } else { formed(req, || bulk::get(req)) }
}
