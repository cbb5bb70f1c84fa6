//! The committee's year (居委会年度评议): residents say how well they know of it, how much they could take part, how content
//! they are.
//!
//! What must stay true: one appraisal a person and year, known by a keyed digest alone; while the year runs everybody sees how
//! many took part and nobody how it stands; the result is weighed as the pack of the place says, in whole numbers.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Tx, params};

use super::outcome::{lives, mark};
use super::{ring, rules};
use crate::base::area::{self, Area};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{Ms, day_begin, zoned};
use crate::kit::{Error, Reply, Req, Result, Route, Who};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/appraisals/{code}", May::Anyone, show, "How residents appraise their committee's year (`year`).")
        .gives::<Year>(),
    Route::post(
        "/appraisals/{code}",
        May::SignedIn,
        give,
        "Appraises the running year: `{awareness, participation, satisfaction: 1..5, text?}`, once.",
    )
    .gives::<Year>(),
];

/// The parts, in their order.
pub const PARTS: [&str; 3] = ["awareness", "participation", "satisfaction"];

/// A year of a committee.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Year {
    pub code: String,
    pub place: String,
    pub committee: String,
    pub year: i64,
    /// It has ended: the result is there.
    pub over: bool,
    /// How many took part.
    pub n: i64,
    pub parts: Vec<Part>,
    /// Hundredths of the weighed mean; none before the end.
    pub result: Option<i64>,
    pub source: String,
    pub may: bool,
    pub done: bool,
    /// Earlier years with appraisals.
    pub years: Vec<i64>,
}

/// A part of the appraisal.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Part {
    pub part: &'static str,
    pub weight: i64,
    /// How many gave 5, 4, 3, 2, 1; none before the end.
    pub each: Vec<(i64, i64)>,
    pub mean: Option<i64>,
}

/// The year of a moment.
fn year_of(req: &Req, at: Ms) -> i64 {
    i64::from(zoned(at, &req.app.config.zone).year())
}

/// Whether a year has ended.
fn over(req: &Req, year: i64) -> bool {
    day_begin(&format!("{:04}-01-01", year + 1), &req.app.config.zone).is_some_and(|end| end <= req.now)
}

fn place(req: &Req, q: &mut dyn Query) -> Result<Area> {
    let found = area::by_code(q, req.param("code"))?.filter(|a| a.kind == "community");
    found.ok_or_else(|| Kind::NotFound.into())
}

fn year(req: &Req, q: &mut dyn Query, place: &Area, year: i64) -> Result<Year> {
    let pack = ring::pack_of(req.app, &place.code);
    let yearly = pack.yearly.as_ref().ok_or_else(|| Error::internal("a pack without a year"))?;
    let weights = [yearly.awareness, yearly.participation, yearly.satisfaction];
    let over = over(req, year);
    let n = q.count("select count(*) from year_mark where area = $1 and year = $2", params![&place.id, year])?;
    let (mut parts, mut sums) = (Vec::new(), [0; 3]);
    for (i, part) in PARTS.into_iter().enumerate() {
        let sql = format!("select {part} score, count(*) n from year_mark where area = $1 and year = $2 group by {part}");
        let mut each: Vec<(i64, i64)> = (1..=rules::BEST).rev().map(|s| (s, 0)).collect();
        for row in q.rows(&sql, params![&place.id, year])? {
            let (score, k): (i64, i64) = (row.get("score")?, row.get("n")?);
            sums[i] += score * k;
            each.iter_mut().filter(|(s, _)| *s == score).for_each(|(_, n)| *n = k);
        }
        let mean = rules::weighed([sums[i], 0, 0], [1, 0, 0], n).filter(|_| over);
        parts.push(Part { part, weight: weights[i], each: if over { each } else { Vec::new() }, mean });
    }
    let done = match &req.who.person {
        Some(person) => gave(q, place, year, person)?,
        None => false,
    };
    let rows = q.rows("select distinct year from year_mark where area = $1 order by year desc limit 20", params![&place.id])?;
    let running = year == year_of(req, req.now);
    Ok(Year {
        code: place.code.clone(),
        place: place.name.clone(),
        committee: party::desk_of(q, &place.id)?.name,
        year,
        over,
        n,
        parts,
        result: rules::weighed(sums, weights, n).filter(|_| over),
        source: yearly.source.clone(),
        may: running && !done && lives(&req.who, &place.path),
        done,
        years: rows.iter().map(|r| r.get("year")).collect::<store::Result<_>>()?,
    })
}

fn gave(q: &mut dyn Query, place: &Area, year: i64, person: &str) -> store::Result<bool> {
    let mark = mark(q, &format!("{} {year}", place.id), person);
    let sql = "select count(*) from year_mark where area = $1 and year = $2 and mark = $3";
    Ok(q.count(sql, params![&place.id, year, mark])? > 0)
}

fn show(req: &Req) -> Result<Reply> {
    let asked = req.query.get("year").map(|y| y.parse().map_err(|_| Kind::WrongType.at("year"))).transpose()?;
    let view = req.app.db.read(|r| {
        let place = place(req, r)?;
        year(req, r, &place, asked.unwrap_or_else(|| year_of(req, req.now)))
    })?;
    req.page("activities/consult/year.html", &view)
}

/// Appraises the running year.
fn appraise(tx: &mut Tx, who: &Who, place: &Area, year: i64, scores: [i64; 3], text: Option<&str>) -> Result<()> {
    let person = who.person.as_deref().ok_or(Kind::SignIn)?;
    if !lives(who, &place.path) {
        return Err(Kind::Denied.into());
    }
    if gave(tx, place, year, person)? {
        return Err(Kind::Appraised.into());
    }
    let entry = Entry { area: Some(&place.id), owner: Some(person), ..Entry::new("consult.year", "area", &place.id) };
    let said = scores.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let entry = entry.fact("year", year).element("consult.score", Some(said));
    tx.log(entry.element("consult.word", text))?;
    let mark = mark(tx, &format!("{} {year}", place.id), person);
    let sql = "insert into year_mark(area, year, mark, awareness, participation, satisfaction) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![&place.id, year, mark, scores[0], scores[1], scores[2]])?;
    Ok(())
}

fn give(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let mut scores = [0; 3];
    for (score, part) in scores.iter_mut().zip(PARTS) {
        *score = input.int(part, 1, rules::BEST)?.ok_or_else(|| Kind::Missing.at(part))?;
    }
    let (text, now) = (input.text("text", 500)?, year_of(req, req.now));
    let place = req.app.db.read(|r| place(req, r))?;
    let (who, at) = (req.who.clone(), place.clone());
    req.once(move |tx| appraise(tx, &who, &at, now, scores, text.as_deref()).map(|()| String::new()))?;
    if req.wants_json() {
        let view = req.app.db.read(|r| year(req, r, &place, now))?;
        return Ok(Reply::json(&view)?.status(201));
    }
    Ok(Reply::see_other(req.url(&format!("/appraisals/{}", place.code))))
}
