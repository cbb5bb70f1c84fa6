//! Cutting the grids of a community anew, from a day on.
//!
//! What must stay true: no grid is changed or deleted: it ends, and a new one begins, so that a case keeps the grid of
//! its time and can be read with it; a grid whose code and outline stay is the same grid; the new grids cover their
//! community with no overlap, hole or overhang wider than [`TOLERANCE_M`] (against its outline, else against the grids it had; the
//! method and its error are those of [`calc::cover`]). A plan that was enabled is carried out once, also after an outage.

use std::collections::BTreeMap;

use calc::cover::{self, What};
use calc::geo::datum::Datum;
use calc::geo::{self, Point};
use serde::{Deserialize, Serialize};
use store::{Entry, Query, Row, Tx, params};

use super::{Area, Building, NewArea, by_code, by_id, changed, ring};
use crate::kit::Result;
use crate::kit::error::{Error, Kind};
use crate::kit::time::Ms;

/// Narrower overlaps and holes are those of the pen, in metres.
pub const TOLERANCE_M: f64 = 2.0;
/// Largest file in bytes, grids of a community, corners of an outline.
pub const BYTES: usize = 4 << 20;
/// Grids of a community.
pub const GRIDS: usize = 200;
/// Corners of an outline.
pub const CORNERS: usize = 2000;

/// A grid to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Outline: latitude and longitude in 1e-7 degrees.
    pub ring: Vec<[i32; 2]>,
}

impl Grid {
    /// Its outline.
    pub fn points(&self) -> Vec<Point> {
        self.ring.iter().map(|[lat, lon]| Point { lat: *lat, lon: *lon }).collect()
    }
}

/// Something that keeps a cut from being carried out. Its code is the key of its text, `recut-<code>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// Stable code.
    pub code: &'static str,
    /// Grids it is about.
    pub grids: Vec<String>,
    /// Where, in degrees.
    pub at: Option<(f64, f64)>,
    /// How wide, in metres.
    pub metres: i64,
}

/// Codes of all problems.
pub const CODES: [&str; 9] =
    ["overlap", "hole", "outside", "not-one-ring", "too-many-corners", "crosses-itself", "no-code", "code-twice", "code-taken"];

fn problem(code: &'static str, grids: &[&str]) -> Problem {
    Problem { code, grids: grids.iter().map(|g| (*g).to_owned()).collect(), at: None, metres: 0 }
}

/// Reads a GeoJSON file of polygons with `code` and `name`, whose places are in this datum.
pub fn read(bytes: &[u8], datum: Datum) -> Result<(Vec<Grid>, Vec<Problem>)> {
    #[derive(Deserialize)]
    struct Collection {
        features: Vec<Feature>,
    }
    #[derive(Deserialize)]
    struct Feature {
        geometry: Option<serde_json::Value>,
        #[serde(default)]
        properties: Option<BTreeMap<String, serde_json::Value>>,
    }
    if bytes.len() > BYTES {
        return Err(Error::from(Kind::TooLarge).limit((BYTES >> 10) as i64));
    }
    let all: Collection = serde_json::from_slice(bytes).map_err(|_| Kind::BadGeojson.at("file"))?;
    if all.features.is_empty() {
        return Err(Kind::BadGeojson.at("file"));
    }
    if all.features.len() > GRIDS {
        return Err(Kind::TooMany.at("file").limit(GRIDS as i64));
    }
    let (mut grids, mut problems): (Vec<Grid>, Vec<Problem>) = (Vec::new(), Vec::new());
    for (n, feature) in all.features.into_iter().enumerate() {
        let properties = feature.properties.unwrap_or_default();
        let text = |key: &str| match properties.get(key) {
            Some(serde_json::Value::String(s)) => s.trim().chars().take(60).collect(),
            Some(serde_json::Value::Number(n)) => n.to_string(),
            _ => String::new(),
        };
        let (code, name): (String, String) = (text("code"), text("name"));
        let label = if code.is_empty() { format!("#{}", n + 1) } else { code.clone() };
        let plain = code.len() <= 40 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if code.is_empty() || !plain {
            problems.push(problem("no-code", &[&label]));
        } else if grids.iter().any(|g| g.code == code) {
            problems.push(problem("code-twice", &[&label]));
        }
        let rings: Option<Vec<Vec<[f64; 2]>>> = feature
            .geometry
            .filter(|g| g["type"] == "Polygon")
            .and_then(|g| serde_json::from_value(g["coordinates"].clone()).ok());
        let ring = rings.filter(|r| r.len() == 1).and_then(|r| {
            let points = r[0].iter().map(|[lon, lat]| Point::from_degrees(*lat, *lon));
            points.map(|p| p.map(|p| datum.to_wgs(p)).map(|p| [p.lat, p.lon])).collect::<Option<Vec<_>>>()
        });
        let Some(mut ring) = ring.filter(|r| r.len() >= 4) else {
            problems.push(problem("not-one-ring", &[&label]));
            continue;
        };
        if ring.first() == ring.last() {
            ring.pop();
        }
        if ring.len() > CORNERS {
            problems.push(problem("too-many-corners", &[&label]));
            continue;
        }
        let name = if name.is_empty() { label } else { name };
        grids.push(Grid { code, name, ring });
    }
    Ok((grids, problems))
}

/// Grids of a community that hold now, with their outlines.
fn present(q: &mut dyn Query, community: &Area) -> store::Result<Vec<(Area, Vec<Point>)>> {
    let sql = "select a.id, a.kind, a.code, a.name, a.parent, a.path, s.ring from area a left join area_shape s on s.area = a.id \
               where a.parent = $1 and a.kind = 'grid' and a.valid_to is null order by a.code limit 2000";
    let rows = q.rows(sql, params![&community.id])?;
    rows.iter().map(|r| Ok((super::read(r)?, r.get::<Option<String>>("ring")?.map(|t| ring(&t)).unwrap_or_default()))).collect()
}

/// What is wrong with a cut of a community.
pub fn check(q: &mut dyn Query, community: &Area, grids: &[Grid]) -> Result<Vec<Problem>> {
    let now = present(q, community)?;
    let mut out = Vec::new();
    for g in grids {
        if cover::crosses_itself(&g.points()) {
            out.push(problem("crosses-itself", &[&g.code]));
        }
        // The code of one of its own grids may go on; that of anything else may not.
        if by_code(q, &g.code)?.is_some_and(|a| a.parent.as_deref() != Some(&community.id) || a.kind != "grid") {
            out.push(problem("code-taken", &[&g.code]));
        }
    }
    let outline = q.row("select ring from area_shape where area = $1", params![&community.id])?;
    let whole = match outline {
        Some(row) => vec![ring(&row.get::<String>("ring")?)],
        None => now.into_iter().map(|(_, r)| r).filter(|r| !r.is_empty()).collect(),
    };
    let parts: Vec<Vec<Point>> = grids.iter().map(Grid::points).collect();
    for f in cover::faults(&whole, &parts, TOLERANCE_M) {
        let code = |i: usize| grids[i].code.as_str();
        let told = match f.what {
            What::Overlap(a, b) => problem("overlap", &[code(a), code(b)]),
            What::Hole => problem("hole", &[]),
            What::Outside(a) => problem("outside", &[code(a)]),
        };
        out.push(Problem { at: Some(f.at.degrees()), metres: f.metres.round() as i64, ..told });
    }
    Ok(out)
}

/// What a cut does.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// Grids that stay as they are.
    pub kept: Vec<Area>,
    /// Grids that end.
    pub ended: Vec<Area>,
    /// Grids that begin.
    pub new: Vec<Grid>,
    /// Buildings that move, each with the code of the grid it will stand in; none when it lies in no grid.
    pub buildings: Vec<(Building, Option<String>)>,
}

/// Finds out what a cut does, changing nothing.
pub fn effect(q: &mut dyn Query, community: &Area, grids: &[Grid]) -> Result<Effect> {
    let mut out = Effect::default();
    let stays = |a: &Area, r: &[Point]| grids.iter().any(|g| g.code == a.code && g.name == a.name && g.points() == r);
    for (a, r) in present(q, community)? {
        if stays(&a, &r) { out.kept.push(a) } else { out.ended.push(a) }
    }
    out.new = grids.iter().filter(|g| out.kept.iter().all(|k| k.code != g.code)).cloned().collect();
    for b in super::buildings(q, &community.path)? {
        let home = b.point.and_then(|p| grids.iter().find(|g| geo::contains(&g.points(), p)));
        let stays = out.kept.iter().find(|k| k.id == b.area).map(|k| k.code.as_str());
        if stays.is_none() || stays != home.map(|g| g.code.as_str()) {
            let code = home.map(|g| g.code.clone());
            out.buildings.push((b, code));
        }
    }
    Ok(out)
}

/// A cut that was sent in.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Id.
    pub id: String,
    /// The community.
    pub community: String,
    /// From when.
    pub valid_from: Ms,
    /// The grids.
    pub grids: Vec<Grid>,
    /// When it was sent in.
    pub made_at: Ms,
    /// When somebody said yes.
    pub enabled_at: Option<Ms>,
    /// When it was carried out.
    pub applied_at: Option<Ms>,
}

fn plan(row: &Row) -> Result<Plan> {
    Ok(Plan {
        id: row.get("id")?,
        community: row.get("community")?,
        valid_from: row.get("valid_from")?,
        grids: serde_json::from_str(&row.get::<String>("body")?).map_err(Error::internal)?,
        made_at: row.get("made_at")?,
        enabled_at: row.get("enabled_at")?,
        applied_at: row.get("applied_at")?,
    })
}

const COLUMNS: &str = "id, community, valid_from, body, made_at, enabled_at, applied_at";

/// The cut with this id.
pub fn by_plan(q: &mut dyn Query, id: &str) -> Result<Option<Plan>> {
    q.row(&format!("select {COLUMNS} from area_recut where id = $1"), params![id])?.as_ref().map(plan).transpose()
}

/// The last cuts of the node.
pub fn plans(q: &mut dyn Query) -> Result<Vec<Plan>> {
    q.rows(&format!("select {COLUMNS} from area_recut order by made_at desc, id desc limit 50"), &[])?.iter().map(plan).collect()
}

/// Enabled cuts whose moment has come.
pub fn due(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql = "select id from area_recut where enabled_at is not null and applied_at is null and valid_from <= $1 order by valid_from limit $2";
    Ok(q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Keeps a cut as a draft.
pub fn draft(tx: &mut Tx, actor: Option<&str>, community: &Area, grids: &[Grid], valid_from: Ms) -> Result<String> {
    let (id, now) = (tx.id(), tx.now());
    let body = serde_json::to_string(grids).map_err(Error::internal)?;
    let sql = "insert into area_recut(id, community, valid_from, body, made_at) values ($1, $2, $3, $4, $5)";
    tx.exec(sql, params![&id, &community.id, valid_from.max(now), body, now])?;
    let entry = Entry { actor, area: Some(&community.id), ..Entry::new("area.recut-draft", "area", &community.id) };
    tx.log(entry.fact("recut", id.as_str()).fact("grids", grids.len() as i64).fact("valid_from", valid_from.max(now)))?;
    Ok(id)
}

/// Says yes to a draft; it is carried out when its moment has come.
pub fn enable(tx: &mut Tx, actor: Option<&str>, id: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update area_recut set enabled_at = $2 where id = $1 and enabled_at is null";
    if tx.exec(sql, params![id, now])? == 0 {
        return Err(Kind::State.into());
    }
    tx.log(Entry { actor, ..Entry::new("area.recut-enable", "recut", id) })?;
    Ok(())
}

/// What was done, for whoever keeps things in grids.
#[derive(Clone, Debug)]
pub struct Done {
    /// Grids that ended.
    pub ended: Vec<Area>,
    /// The outlines that hold now, by the id of their grid.
    pub outlines: Vec<(String, Vec<Point>)>,
}

/// Carries out an enabled cut whose moment has come; a second time does nothing.
pub fn apply(tx: &mut Tx, id: &str) -> Result<Option<Done>> {
    let now = tx.now();
    let fits = |p: &Plan| p.enabled_at.is_some() && p.applied_at.is_none() && p.valid_from <= now;
    let Some(plan) = by_plan(tx, id)?.filter(fits) else { return Ok(None) };
    let community = by_id(tx, &plan.community)?.ok_or(Kind::NotFound)?;
    let effect = effect(tx, &community, &plan.grids)?;
    for old in &effect.ended {
        tx.exec("update area set valid_to = $2 where id = $1", params![&old.id, now])?;
    }
    let mut homes: BTreeMap<String, String> = effect.kept.iter().map(|a| (a.code.clone(), a.id.clone())).collect();
    for g in &effect.new {
        let new = NewArea { kind: "grid", code: &g.code, name: &g.name, parent: Some(&community), ring: &g.points() };
        let made = super::add(tx, &new)?;
        homes.insert(g.code.clone(), made.id);
    }
    for (b, code) in &effect.buildings {
        let home = code.as_ref().and_then(|c| homes.get(c)).unwrap_or(&community.id);
        tx.exec("update building set area = $2 where id = $1", params![&b.id, home])?;
    }
    changed(tx)?;
    tx.exec("update area_recut set applied_at = $2 where id = $1", params![id, now])?;
    let entry = Entry { area: Some(&community.id), ..Entry::new("area.recut", "area", &community.id) };
    let entry = entry.fact("recut", id).fact("ended", effect.ended.len() as i64).fact("added", effect.new.len() as i64);
    tx.log(entry.fact("kept", effect.kept.len() as i64).fact("buildings", effect.buildings.len() as i64))?;
    let outlines = plan.grids.iter().filter_map(|g| Some((homes.get(&g.code)?.clone(), g.points()))).collect();
    Ok(Some(Done { ended: effect.ended, outlines }))
}
