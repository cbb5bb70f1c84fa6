//! Drawing the grids of a community: the outlines that hold now, changed on a map (or as GeoJSON, where there is none),
//! looked at as often as one likes, and sent in as a draft like a file.
//!
//! What must stay true: looking changes nothing; what is wrong is named with its place, and what was drawn is kept; a
//! drawing takes force by the same way as a file: draft, what it means, yes.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::Query;

use super::{AHEAD, say};
use crate::base::area::recut::{self, Problem};
use crate::base::area::{self, Area};
use crate::base::party::admin::administers;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::day_begin;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/grids/draw", May::Admin, begin, "The grids of a `community` to be drawn anew.").gives::<Draw>(),
    Route::post(
        "/admin/grids/draw",
        May::Admin,
        drawn,
        "Looks at drawn outlines (`do=check`: `community`, `geojson`), or takes them as a draft from a day (`from`) on.",
    )
    .gives::<Draw>(),
];

/// The page on which grids are drawn.
#[derive(Serialize, JsonSchema)]
pub struct Draw {
    /// Code and name of the community.
    community: (String, String),
    /// The outlines as GeoJSON: polygons with `code` and `name`.
    geojson: String,
    /// The day from which they shall hold.
    from: String,
    /// What is wrong with them.
    problems: Vec<ProblemView>,
    /// They were looked at, and nothing is wrong.
    fine: bool,
}

/// Something that is wrong, with its place.
#[derive(Serialize, JsonSchema)]
struct ProblemView {
    /// Stable code.
    code: &'static str,
    /// In words.
    text: String,
    /// Codes of the grids.
    grids: Vec<String>,
    /// Longitude and latitude.
    at: Option<(f64, f64)>,
}

/// The community of a request, which the caller must administer.
fn community(req: &Req, q: &mut dyn Query, code: Option<&str>) -> Result<Area> {
    let code = code.map(str::trim).filter(|c| !c.is_empty()).ok_or_else(|| Kind::Missing.at("community"))?;
    let found = area::by_code(q, code)?.filter(|a| a.kind == "community").ok_or_else(|| Kind::Unknown.at("community"))?;
    if administers(&req.who, &found.path) { Ok(found) } else { Err(Kind::Denied.into()) }
}

fn begin(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let here = community(req, r, req.query.get("community"))?;
        let outlines = area::outlines(r, &here.path)?;
        let feature = |(grid, ring): &(Area, Vec<calc::geo::Point>)| {
            let line: Vec<[f64; 2]> = ring.iter().chain(ring.first()).map(|p| p.degrees()).map(|(lat, lon)| [lon, lat]).collect();
            json!({ "type": "Feature", "properties": { "code": grid.code, "name": grid.name },
                "geometry": { "type": "Polygon", "coordinates": [line] } })
        };
        let features: Vec<Json> = outlines.iter().filter(|(g, _)| g.kind == "grid").map(feature).collect();
        let geojson = json!({ "type": "FeatureCollection", "features": features }).to_string();
        Ok::<_, Error>(Draw {
            community: (here.code, here.name),
            geojson,
            from: String::new(),
            problems: Vec::new(),
            fine: false,
        })
    })?;
    req.page("records/case/draw.html", &view)
}

fn drawn(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let text = |name: &str| input.0.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (geojson, from) = (text("geojson"), text("from"));
    let day = match from.as_str() {
        "" => req.now,
        day => day_begin(day, &req.app.config.zone).ok_or_else(|| Kind::WrongType.at("from"))?,
    };
    if day > req.now + AHEAD {
        return Err(Kind::OutOfRange.at("from"));
    }
    let datum = area::datum(Some(&text("datum")))?;
    let (grids, mut problems) = recut::read(geojson.as_bytes(), datum).map_err(|e| e.field("geojson"))?;
    let here = req.app.db.read(|r| {
        let here = community(req, r, Some(&text("community")))?;
        if problems.is_empty() {
            problems = recut::check(r, &here, &grids)?;
        }
        Ok::<_, Error>(here)
    })?;
    if problems.is_empty() && text("do") != "check" {
        let actor = req.person()?.to_owned();
        let id = req.once(move |tx| recut::draft(tx, Some(&actor), &here, &grids, day))?;
        if req.wants_json() {
            return Ok(Reply::json(&json!({ "id": id }))?.status(201));
        }
        return Ok(Reply::see_other(req.url(&format!("/admin/grids/{id}"))));
    }
    let seen = |p: &Problem| ProblemView {
        code: p.code,
        text: say(req.app, req.lang, p),
        grids: p.grids.clone(),
        at: p.at.map(|(lat, lon)| (lon, lat)),
    };
    let view = Draw {
        community: (here.code.clone(), here.name.clone()),
        geojson,
        from,
        fine: problems.is_empty(),
        problems: problems.iter().map(seen).collect(),
    };
    // To look is no attempt: only what was sent in is refused.
    let status = if view.fine || text("do") == "check" { 200 } else { Kind::BadCut.status() };
    Ok(req.page("records/case/draw.html", &view)?.status(status))
}
