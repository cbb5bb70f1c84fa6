//! Finding services: by what somebody types, by terms, around a place, open now.
//!
//! What must stay true: whatever is asked, a bounded number of rows is looked at, each by an index: of each piece of a word at
//! most [`EACH`] in each field (of beginnings [`BEGINNINGS`]), of terms [`FILED`], of squares [`NEAR`]; the best [`KEPT`] of them are read as a whole, and only
//! among these is chosen by distance, hours and term. So the time does not grow with the directory; what suffers under a
//! very common word alone is which of its services are among those that are looked at, and naming a place or one more word
//! mends that.

use std::collections::HashMap;

use calc::geo::{self, Point};
use store::{Query, Row, Value, params};

use super::hours::{self, Days};
use super::terms::{self, Terms};
use super::{At, Org, Place, Service, words};
use crate::base::area;
use crate::base::worktime;
use crate::kit::time::Ms;
use crate::kit::{App, Result};

/// Services that are looked at for one piece in one field.
const EACH: usize = 300;
/// Pieces with the same beginning.
const BEGINNINGS: usize = 5_000;
/// Services of one term.
const FILED: usize = 600;
/// Services around a place.
const NEAR: usize = 1_000;
/// Services that are read as a whole.
pub const KEPT: usize = 200;
/// Most services that a search of the standard gives.
const MATCHED: usize = 1_000;
/// How far `around` reaches in metres.
pub const FAR: u32 = 3_000;
/// Services of an area, when nothing else is asked.
const AREA: usize = 600;

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Asked {
    pub text: String,
    /// Id of a term.
    pub term: Option<String>,
    /// Path of a place: what is for it.
    pub path: Option<String>,
    /// Around here.
    pub around: Option<Point>,
    pub open_now: bool,
}

/// A service that was found.
pub struct Found {
    /// The service.
    pub service: Service,
    /// Who offers it.
    pub org: Option<Org>,
    /// Where it is.
    pub at: Vec<(At, Option<Place>)>,
    /// Metres from where somebody stands.
    pub metres: Option<u32>,
    /// Until which minute of today it is open now.
    pub until: Option<i64>,
    score: i64,
}

/// The condition that a service is for a place, with the parameters it adds: what is at it or beneath, and what is above.
fn scope(path: Option<&str>, params: &mut Vec<Value>) -> Vec<String> {
    let Some(path) = path else { return vec![String::new()] };
    params.extend([Value::from(path), Value::from(area::end_of(path))]);
    let n = params.len();
    let mut above: Vec<String> = path.char_indices().filter(|(_, c)| *c == '/').map(|(i, _)| path[..=i].to_owned()).collect();
    above.pop();
    let from = n + 1;
    // Always as many, so that few statements are prepared.
    above.resize(above.len().next_multiple_of(8).max(8), String::new());
    let marks: Vec<String> = (from..from + above.len()).map(|i| format!("${i}")).collect();
    params.extend(above.into_iter().map(Value::from));
    vec![format!(" and path >= ${} and path < ${n}", n - 1), format!(" and path in ({})", marks.join(","))]
}

/// Numbers of services with a piece, with the field it was found in. Pieces that begin so are many and lie side by side: of them
/// the first [`BEGINNINGS`] are looked at, whatever else is asked.
fn with_piece(q: &mut dyn Query, piece: &str, begins: bool, path: Option<&str>) -> Result<Vec<Row>> {
    let mut params = params![piece].to_vec();
    if begins {
        params.push(format!("{piece}\u{10ffff}").into());
        let scopes = scope(path, &mut params);
        let one = |(n, s): (usize, &String)| {
            format!(
                "select * from (select num, field from (select num, field, path from service_word where word >= $1 and word < $2 \
                 limit {BEGINNINGS}) w{n} where num > 0{s} limit {EACH}) p{n}"
            )
        };
        let sql = scopes.iter().enumerate().map(one).collect::<Vec<_>>().join(" union all ");
        return Ok(q.rows(&sql, &params)?);
    }
    let scopes = scope(path, &mut params);
    let part = |field: i64| {
        let one = |s: &String| {
            format!(
                "select * from (select num, {field} field from service_word where word = $1 and field = {field}{s} limit {EACH}) p{field}"
            )
        };
        scopes.iter().map(one).collect::<Vec<_>>().join(" union all ")
    };
    let sql = (0..3).map(part).collect::<Vec<_>>().join(" union all ");
    Ok(q.rows(&sql, &params)?)
}

/// What the words of a query find, with how well.
fn by_words(q: &mut dyn Query, terms: &Terms, text: &str, path: Option<&str>) -> Result<HashMap<i64, i64>> {
    let units = words::of_query(text);
    let mut score: HashMap<i64, (i64, usize)> = HashMap::new();
    for unit in &units {
        let mut best: HashMap<i64, i64> = HashMap::new();
        for (nth, (piece, begins)) in unit.pieces.iter().enumerate() {
            let rows = with_piece(q, piece, *begins, path)?;
            // What few have says more.
            let rare = if rows.len() < EACH / 3 { 2 } else { 1 };
            for row in &rows {
                let weight = [30, 20, 8][row.get::<i64>("field")?.clamp(0, 2) as usize] * rare / if nth == 0 { 1 } else { 2 };
                let known = best.entry(row.get("num")?).or_default();
                *known = weight.max(*known);
            }
        }
        for (num, weight) in best {
            let one = score.entry(num).or_default();
            *one = (one.0 + weight, one.1 + 1);
        }
    }
    // Half of what was typed must be there: one mistake in a short word is forgiven, a chance meeting is not.
    let least = units.len().div_ceil(2);
    let mut out: HashMap<i64, i64> = score
        .into_iter()
        .filter(|(_, (_, n))| *n >= least)
        .map(|(num, (weight, n))| (num, weight + (n * 100 / units.len()) as i64))
        .collect();
    for (term, sure) in terms.meant(text) {
        for one in terms.with_beneath(&term.id) {
            for num in filed(q, one, path)? {
                let known = out.entry(num).or_default();
                *known += sure * 25;
            }
        }
    }
    Ok(out)
}

fn filed(q: &mut dyn Query, term: &str, path: Option<&str>) -> Result<Vec<i64>> {
    let mut params = params![term].to_vec();
    let scopes = scope(path, &mut params);
    let one =
        |(n, s): (usize, &String)| format!("select * from (select num from service_filed where term = $1{s} limit {FILED}) p{n}");
    let sql = scopes.iter().enumerate().map(one).collect::<Vec<_>>().join(" union all ");
    Ok(q.rows(&sql, &params)?.iter().map(|r| r.get("num")).collect::<store::Result<_>>()?)
}

/// Squares around a place as ranges of one statement.
fn ranges(p: Point, metres: u32) -> String {
    let reach = |m: f64| (m * 1e7 / 111_000.0) as i32;
    let up = reach(f64::from(metres));
    let across = reach(f64::from(metres) / p.degrees().0.abs().min(80.0).to_radians().cos());
    let lo = Point { lat: p.lat.saturating_sub(up), lon: p.lon.saturating_sub(across) };
    let hi = Point { lat: p.lat.saturating_add(up), lon: p.lon.saturating_add(across) };
    // Numbers of ours, not words of somebody.
    geo::rows(lo, hi).iter().map(|(a, b)| format!("cell between {a} and {b}")).collect::<Vec<_>>().join(" or ")
}

/// Ids of the places within so many metres, at most [`NEAR`].
pub fn places_near(q: &mut dyn Query, p: Point, metres: u32) -> Result<Vec<String>> {
    let sql = format!(
        "select distinct p.id, p.lat, p.lon from service_at a join service_place p on p.id = a.place where ({}) and p.lat is not null order by p.id limit 20000",
        ranges(p, metres.max(1)).replace("cell", "a.cell")
    );
    let mut out = Vec::new();
    for row in q.rows(&sql, &[])? {
        let at = Point { lat: row.get("lat")?, lon: row.get("lon")? };
        if geo::distance_m(p, at) <= metres {
            out.push((geo::distance_m(p, at), row.get::<String>("id")?));
        }
    }
    out.sort();
    out.truncate(NEAR);
    Ok(out.into_iter().map(|(_, id)| id).collect())
}

/// Numbers of the services that fit a text, the best first: what the standard's `search` means.
pub fn matching(q: &mut dyn Query, app: &App, text: &str) -> Result<Vec<i64>> {
    let terms = terms::read(q, app)?;
    Ok(best(by_words(q, &terms, text, None)?, MATCHED).into_iter().map(|(num, _)| num).collect())
}

fn best(score: HashMap<i64, i64>, most: usize) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = score.into_iter().collect();
    all.sort_by_key(|(num, score)| (-score, *num));
    all.truncate(most);
    all
}

/// Candidates with their scores, when nothing was typed.
fn without_words(q: &mut dyn Query, terms: &Terms, asked: &Asked) -> Result<HashMap<i64, i64>> {
    let mut nums = Vec::new();
    if let Some(term) = &asked.term {
        for one in terms.with_beneath(term) {
            nums.extend(filed(q, one, asked.path.as_deref())?);
        }
    } else if let Some(p) = asked.around {
        // The nearest squares first, for a town may have more than are looked at.
        for metres in [300, 1_000, FAR] {
            let sql = format!("select num from service_at where {} limit {NEAR}", ranges(p, metres));
            nums = q.rows(&sql, &[])?.iter().map(|r| r.get("num")).collect::<store::Result<_>>()?;
            if nums.len() >= KEPT {
                break;
            }
        }
    } else {
        let mut params = Vec::new();
        let scopes = scope(asked.path.as_deref(), &mut params);
        let one =
            |(n, s): (usize, &String)| format!("select * from (select num from service where num > 0{s} limit {AREA}) p{n}");
        let sql = scopes.iter().enumerate().map(one).collect::<Vec<_>>().join(" union all ");
        nums = q.rows(&sql, &params)?.iter().map(|r| r.get("num")).collect::<store::Result<_>>()?;
    }
    Ok(nums.into_iter().map(|n| (n, 0)).collect())
}

/// Path of the county that a place lies in, where its grid is known.
fn county(q: &mut dyn Query, p: Point) -> Result<Option<String>> {
    let Some(grid) = area::grid_at(q, p)? else { return Ok(None) };
    Ok(area::line(q, &grid.id)?.into_iter().find(|a| a.kind == "county").map(|a| a.path))
}

/// What fits, the best first, at most [`KEPT`].
pub fn find(q: &mut dyn Query, app: &App, asked: &Asked, now: Ms) -> Result<Vec<Found>> {
    let terms = terms::read(q, app)?;
    let typed = !asked.text.trim().is_empty();
    let score = if typed {
        // Around here is at most in this county: else the first of the whole directory would be looked at.
        let path = match (&asked.path, asked.around) {
            (None, Some(p)) => county(q, p)?,
            (path, _) => path.clone(),
        };
        by_words(q, &terms, &asked.text, path.as_deref())?
    } else {
        without_words(q, &terms, asked)?
    };
    let kept = best(score, KEPT);
    let nums: Vec<i64> = kept.iter().map(|(n, _)| *n).collect();
    let score: HashMap<i64, i64> = kept.into_iter().collect();
    let mut services = super::by_nums(q, &nums)?;
    services.retain(|s| s.status.is_shown());
    if let Some(term) = asked.term.as_ref().filter(|_| typed) {
        let wanted = terms.with_beneath(term);
        services.retain(|s| s.details.terms.iter().any(|t| wanted.contains(&t.as_str())));
    }
    let mut out = whole(q, app, services, asked.around, now)?;
    for one in &mut out {
        one.score = score.get(&one.service.num).copied().unwrap_or_default();
    }
    if asked.open_now {
        out.retain(|f| f.until.is_some());
    }
    if asked.around.is_some() {
        out.retain(|f| f.metres.is_some_and(|m| m <= FAR));
    }
    // Where nothing was typed, what is open comes first.
    let shut = |f: &Found| !typed && f.until.is_none();
    let key = |f: &Found| (-f.score, f.metres, shut(f));
    out.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| (&a.service.name, a.service.num).cmp(&(&b.service.name, b.service.num))));
    Ok(out)
}

/// Services with who offers them, where they are, and whether they are open now.
pub fn whole(q: &mut dyn Query, app: &App, services: Vec<Service>, around: Option<Point>, now: Ms) -> Result<Vec<Found>> {
    let orgs = super::orgs(q, services.iter().map(|s| &s.org))?;
    let mut ats: HashMap<String, Vec<At>> = HashMap::new();
    let all = super::ats(q, services.iter().map(|s| &s.id))?;
    let places: HashMap<String, Place> =
        super::places(q, all.iter().map(|a| &a.place))?.into_iter().map(|p| (p.id.clone(), p)).collect();
    for one in all {
        ats.entry(one.service.clone()).or_default().push(one);
    }
    let time = worktime::read(q, app)?;
    let days = Days::new(&time.calendar);
    let (day, minute) = today(app, now);
    let one = |service: Service| {
        let org = orgs.iter().find(|o| o.id == service.org).cloned();
        let at: Vec<(At, Option<Place>)> = ats
            .remove(&service.id)
            .unwrap_or_default()
            .into_iter()
            .map(|a| {
                let p = places.get(&a.place).cloned();
                (a, p)
            })
            .collect();
        let metres =
            around.and_then(|p| at.iter().filter_map(|(_, place)| place.as_ref()?.point).map(|x| geo::distance_m(p, x)).min());
        let (schedules, closures) = rules(&service, &at);
        let until = Some(()).filter(|()| service.status == super::Status::Active);
        let until = until.and_then(|()| hours::open_until(schedules, closures, day, minute, &days));
        Found { service, org, at, metres, until, score: 0 }
    };
    Ok(services.into_iter().map(one).collect())
}

/// The rules that say when a service is open: its own, those it has at its first place, those of that place.
pub fn rules<'a>(s: &'a Service, at: &'a [(At, Option<Place>)]) -> (&'a [hours::Schedule], &'a [hours::Closure]) {
    let first = at.first();
    let place = first.and_then(|(_, p)| p.as_ref()).map(|p| &p.details);
    let own = [Some(&s.details.schedules), first.map(|(a, _)| &a.details.schedules), place.map(|p| &p.schedules)];
    let schedules = own.into_iter().flatten().find(|s| !s.is_empty()).map_or(&[][..], Vec::as_slice);
    let closures = [Some(&s.details.closures), place.map(|p| &p.closures)];
    (schedules, closures.into_iter().flatten().find(|c| !c.is_empty()).map_or(&[][..], Vec::as_slice))
}

/// The local day, counted from 1970-01-01, and its minute.
pub fn today(app: &App, now: Ms) -> (i64, i64) {
    let local = worktime::local(now, &app.config.zone);
    (local.div_euclid(crate::kit::time::DAY), local.rem_euclid(crate::kit::time::DAY) / 60_000)
}
