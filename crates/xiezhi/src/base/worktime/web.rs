//! The administrator's page of calendar and office hours: what is in force, and putting a new one in force.

use calc::due::{Calendar, Hours};
use schemars::JsonSchema;
use serde::Serialize;

use super::{rounding, rounding_name, utc};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/admin/calendar", May::Admin, show, "The calendar and office hours in force.").gives::<View>(),
    Route::post("/admin/calendar", May::Admin, upload, "Puts a calendar in force: a CSV file, or its text in `text`."),
    Route::post("/admin/hours", May::Admin, hours, "Puts office hours in force: `{hours, rounding}`."),
];

#[derive(Serialize, JsonSchema)]
struct View {
    version: i64,
    name: String,
    from_year: i64,
    to_year: i64,
    /// Not long until a year begins that the calendar does not know.
    ends_soon: bool,
    hours: String,
    /// `same-time` or `day-end`.
    rounding: &'static str,
    /// Days off and make-up days of this year and later ones.
    days: Vec<DayView>,
}

#[derive(Serialize, JsonSchema)]
struct DayView {
    /// Midnight.
    day: String,
    /// `off` or `work`.
    kind: &'static str,
    name: String,
}

fn show(req: &Req) -> Result<Reply> {
    const SOON: i64 = 60 * crate::kit::time::DAY;
    let (app, zone) = (req.app, &req.app.config.zone);
    let time = super::now(app)?;
    let year = |at| calc_year(&crate::kit::time::rfc3339(at, zone));
    let this = year(req.now);
    let days = time.calendar.exceptions().map(|(at, works, name)| {
        let kind = if works { "work" } else { "off" };
        DayView { day: app.time(utc(at, zone)), kind, name: name.to_owned() }
    });
    let (from_year, to_year) = time.calendar.years();
    let view = View {
        version: time.version,
        name: time.calendar.name().to_owned(),
        from_year,
        to_year,
        ends_soon: year(req.now + SOON) > to_year,
        hours: time.hours.to_string(),
        rounding: rounding_name(time.rounding),
        days: days.filter(|d| calc_year(&d.day) >= this).collect(),
    };
    req.page("base/worktime/calendar.html", &view)
}

/// The year of an RFC 3339 text.
fn calc_year(time: &str) -> i64 {
    time.get(..4).and_then(|y| y.parse().ok()).unwrap_or_default()
}

fn done(req: &Req, version: &str) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "version": version.parse::<i64>().unwrap_or_default() }))?.status(201));
    }
    Ok(Reply::see_other(req.url("/admin/calendar")))
}

fn upload(req: &Req) -> Result<Reply> {
    let text = match req.form.files.iter().find(|f| f.field == "file") {
        Some(file) if file.bytes.len() > super::CALENDAR_BYTES => {
            return Err(Error::from(Kind::TooLarge).limit((super::CALENDAR_BYTES >> 10) as i64));
        }
        Some(file) => String::from_utf8(file.bytes.clone()).map_err(|_| Kind::BadCalendar.at("file").limit(1))?,
        // Not by way of `Input::text`: a table keeps its lines as they are.
        None => {
            let text = req.input()?.0.get("text").and_then(|v| v.as_str()).map(str::to_owned);
            text.filter(|t| !t.trim().is_empty()).ok_or_else(|| Kind::Missing.at("file"))?
        }
    };
    Calendar::parse(&text).map_err(|f| Kind::BadCalendar.at("file").limit(f.line as i64))?;
    let actor = req.person()?.to_owned();
    let version = req.once(move |tx| Ok(super::set_calendar(tx, Some(&actor), &text)?.to_string()))?;
    done(req, &version)
}

fn hours(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let hours: Hours = input.need("hours", 200)?.parse().map_err(|_| Kind::WrongType.at("hours"))?;
    let rounding = rounding(&input.need("rounding", 20)?).ok_or_else(|| Kind::Unknown.at("rounding"))?;
    let actor = req.person()?.to_owned();
    let version = req.once(move |tx| Ok(super::set_hours(tx, Some(&actor), &hours, rounding)?.to_string()))?;
    done(req, &version)
}
