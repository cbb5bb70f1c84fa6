//! SensorThings API 1.1 (OGC 18-088), reading: `/sensorthings/v1.1/` (`docs/sensorthings.md`).
//!
//! What must stay true: nothing is changed here and nothing of a home is read; an answer has limits on what it costs, whatever is asked;
//! errors have the stable codes of everywhere, with the option that cannot be read.

/// Conditions.
mod filter;
/// What there is.
mod model;
/// What is asked for.
mod options;
/// Readings.
mod reads;
/// From entities to an answer.
mod show;
/// Texts of options.
mod words;

use serde_json::{Value as Json, json};
use store::Query;

use self::model::{ALL, Graph, Node, ROOT, Set};
use self::options::Options;
use crate::kit::error::{Error, Kind};
use crate::kit::http::{Manner, May};
use crate::kit::{Reply, Req, Result, Route};

/// Errors beneath `/sensorthings`: as JSON, whatever somebody accepts.
pub const MANNER: Manner = Manner { prefix: "/sensorthings", refuse };

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/sensorthings/v1.1", May::Anyone, root, "SensorThings 1.1: what there is, and what is kept of the standard."),
    Route::get("/sensorthings/v1.1/", May::Anyone, root, "SensorThings 1.1: what there is, and what is kept of the standard."),
    Route::get(
        "/sensorthings/v1.1/{*rest}",
        May::Anyone,
        find,
        "SensorThings 1.1: entities by path (`Things('x')/Datastreams(2)/Observations`) with `$filter $expand $select $orderby $top $skip $count $resultFormat`.",
    ),
];

/// Segments of a path.
const SEGMENTS: usize = 8;
/// What is kept of the standard.
const CONFORMANCE: [&str; 4] = ["datamodel", "resource-path/resource-path-to-entities", "request-data", "data-array/data-array"];

fn refuse(_: &str, error: &Error, message: &str) -> Reply {
    let mut body = json!({ "code": error.kind.code(), "message": message });
    if let Some(field) = &error.field {
        body["field"] = field.as_ref().into();
    }
    Reply::of("application/json; charset=utf-8", body.to_string()).status(error.kind.status())
}

/// What is open to everybody may be read from pages of others.
fn open(req: &Req, reply: Reply) -> Reply {
    if req.who.actor().is_none() { reply.header("access-control-allow-origin", "*") } else { reply }
}

fn root(req: &Req) -> Result<Reply> {
    let at = req.absolute(ROOT);
    let value: Vec<Json> = ALL.iter().map(|(_, _, many)| json!({ "name": many, "url": format!("{at}/{many}") })).collect();
    let conformance = CONFORMANCE.map(|c| format!("http://www.opengis.net/spec/iot_sensing/1.1/req/{c}"));
    let view = json!({ "value": value, "serverSettings": { "conformance": conformance } });
    Ok(open(req, Reply::json(&view)?))
}

/// A segment of a path: a name, perhaps with an id.
fn segment(text: &str) -> Result<(&str, Option<String>)> {
    let Some((name, id)) = text.split_once('(') else { return Ok((text, None)) };
    let id = id.strip_suffix(')').filter(|id| !id.is_empty()).ok_or(Kind::NotFound)?;
    let plain = id.strip_prefix('\'').and_then(|i| i.strip_suffix('\'')).map(|i| i.replace("''", "'"));
    Ok((name, Some(plain.unwrap_or_else(|| id.to_owned()))))
}

/// Where a path leads.
enum End {
    Many(Set),
    One(Node),
    /// A property of an entity, and whether it alone is asked for.
    Property(Node, String, bool),
    /// Links alone.
    Links(Set),
}

fn walk(g: &Graph, q: &mut dyn Query, path: &str) -> Result<End> {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if parts.len() > SEGMENTS {
        return Err(Kind::NotFound.into());
    }
    let (name, id) = segment(parts[0])?;
    let (first, ..) = ALL.iter().find(|(_, _, many)| *many == name).ok_or(Kind::NotFound)?;
    let mut end = pick(g, q, g.all(*first), id)?;
    for (n, part) in parts.iter().enumerate().skip(1) {
        let is_last = n + 1 == parts.len();
        end = match end {
            End::Many(set) if *part == "$ref" && is_last => End::Links(set),
            End::One(node) => {
                let (name, id) = segment(part)?;
                match g.follow(&node, name) {
                    Some((set, true)) => pick(g, q, set, id)?,
                    Some((Set::Nodes(nodes), _)) if id.is_none() => End::One(nodes.into_iter().next().ok_or(Kind::NotFound)?),
                    None if id.is_none() && g.says(&node).contains_key(name) => End::Property(node, name.to_owned(), false),
                    _ => return Err(Kind::NotFound.into()),
                }
            }
            End::Property(node, name, false) if *part == "$value" && is_last => End::Property(node, name, true),
            _ => return Err(Kind::NotFound.into()),
        };
    }
    Ok(end)
}

/// The whole set, or the one with this id.
fn pick(g: &Graph, q: &mut dyn Query, set: Set, id: Option<String>) -> Result<End> {
    let Some(id) = id else { return Ok(End::Many(set)) };
    let found = match set {
        Set::Reads(streams) => reads::one(g, q, &streams, &id)?,
        Set::Nodes(nodes) => nodes.into_iter().find(|n| match g.id(n) {
            Json::String(s) => s == id,
            number => id.parse().ok() == number.as_i64(),
        }),
    };
    found.map(End::One).ok_or_else(|| Kind::NotFound.into())
}

fn find(req: &Req) -> Result<Reply> {
    let path = req.param("rest");
    let asked: Options = options::read(&req.query, req.now)?;
    let view = req.app.db.read(|r| {
        let g = Graph::load(req, r)?;
        match walk(&g, r, path)? {
            End::Many(set) => Ok(Json::Object(g.many(r, &set, &asked, &g.at(path.trim_end_matches('/')))?)),
            End::One(node) => Ok(Json::Object(g.one(r, &node, &asked)?)),
            End::Property(node, name, alone) => {
                let value = g.says(&node).remove(&name).unwrap_or_default();
                Ok(if alone { json!({ "": value }) } else { json!({ name: value }) })
            }
            End::Links(set) => {
                let links = Options { select: Vec::new(), expand: Vec::new(), ..asked.clone() };
                let mut all = g.many(r, &set, &links, &g.at(path))?;
                for one in all.get_mut("value").and_then(Json::as_array_mut).into_iter().flatten() {
                    *one = json!({ "@iot.selfLink": one["@iot.selfLink"] });
                }
                Ok(Json::Object(all))
            }
        }
    });
    let view: Json = view.map_err(|e: Error| e)?;
    let reply = match view.get("") {
        Some(Json::String(text)) => Reply::text(text.clone()),
        Some(value) => Reply::text(value.to_string()),
        None => Reply::json(&view)?,
    };
    Ok(open(req, reply))
}
