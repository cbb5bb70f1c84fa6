//! The roster of one's own organisation, a week on a page, and entering duty and leave.

use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{NewLeave, NewShift, Span, may_keep};
use crate::base::catalogue::{Look, Relation};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::{DAY, Ms, day_begin, day_start, parse};
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/roster", May::Staff, show, "The roster of the caller's organisation, a week; `body`, `day`.").gives::<View>(),
    Route::post(
        "/roster/shifts",
        May::Staff,
        add_shift,
        "Adds duty: `{person, day, from, to, weeks?, body?}`, times like 09:00.",
    ),
    Route::post("/roster/leave", May::Staff, add_leave, "Adds leave: `{person, from, to, substitute?, body?}`, days or moments."),
    Route::post("/roster/{id}/cancel", May::Staff, cancel, "Takes back duty or leave that is not over."),
];
/// Weeks in a row that may be entered at once.
const WEEKS: i64 = 26;

#[derive(Serialize, JsonSchema)]
struct View {
    /// The organisation.
    body: String,
    body_name: String,
    /// Others of the caller's.
    bodies: Vec<(String, String)>,
    /// Midnights of the week.
    days: Vec<String>,
    /// The day of this week that a form begins with: today, or its Monday.
    day: String,
    /// Something was just written down or taken back.
    saved: bool,
    /// Days in the weeks before and after.
    before: String,
    after: String,
    people: Vec<PersonView>,
    /// The caller keeps this roster.
    keeps: bool,
    /// The caller, when he is one of them.
    me: Option<String>,
    /// What is coming and may be taken back.
    coming: Vec<SpanView>,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    id: String,
    name: String,
    /// For each day what there is.
    days: Vec<Vec<Cell>>,
}

#[derive(Serialize, JsonSchema)]
struct Cell {
    /// `duty` or `leave`.
    kind: &'static str,
    /// `09:00–17:00`; empty for a whole day.
    text: String,
    substitute: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct SpanView {
    id: String,
    kind: &'static str,
    name: String,
    from: String,
    to: String,
    substitute: Option<String>,
}

/// The organisations for which the caller works, also those who lead a grid worker.
fn own(req: &Req) -> Vec<(String, String)> {
    let staff = req.who.roles.iter().filter(|r| r.kind.is_staff());
    let mut all: Vec<(String, String)> =
        staff.filter_map(|r| Some((r.body.clone()?, r.body_name.clone().unwrap_or_default()))).collect();
    all.dedup();
    all
}

/// The organisation that is meant: the named one if it is one's own, else the first.
fn meant(req: &Req, wish: Option<&str>) -> Result<(String, String)> {
    let all = own(req);
    match wish {
        Some(id) => all.into_iter().find(|(body, _)| body == id).ok_or_else(|| Kind::Denied.into()),
        None => all.into_iter().next().ok_or_else(|| Kind::Denied.into()),
    }
}

fn show(req: &Req) -> Result<Reply> {
    let (body, body_name) = meant(req, req.query.get("body"))?;
    let zone = &req.app.config.zone;
    let wish = match req.query.get("day") {
        Some(day) => day_begin(day, zone).ok_or_else(|| Kind::WrongType.at("day"))?,
        None => day_start(req.now, zone),
    };
    let date = |at: Ms| crate::kit::time::rfc3339(at, zone)[..10].to_owned();
    let first: Date = date(wish).parse().map_err(Error::internal)?;
    let monday = first.saturating_sub(jiff::Span::new().days(i64::from(first.weekday().to_monday_zero_offset())));
    let begin = |n: i64| day_begin(&monday.saturating_add(jiff::Span::new().days(n)).to_string(), zone).unwrap_or(wish);
    let days: Vec<Ms> = (0..=7).map(begin).collect();
    let mut look = Look::new(&req.who, "roster");
    let view = req.app.db.read(|r| {
        let mut names = Vec::new();
        for id in party::members(r, &body, req.now)? {
            let name = party::name_of(r, &id)?.and_then(|n| look.at(&n, Relation::Involved)).unwrap_or_default();
            names.push((id, name));
        }
        names.sort_by(|a, b| a.1.cmp(&b.1));
        let name = |id: &str| names.iter().find(|(p, _)| p == id).map(|(_, n)| n.clone());
        let shifts = super::shifts(r, &body, days[0], days[7])?;
        let leave = super::leave(r, &body, days[0], days[7])?;
        let people = names.iter().map(|(id, who)| PersonView {
            id: id.clone(),
            name: who.clone(),
            days: days.windows(2).map(|d| cells(req, id, &shifts, &leave, (d[0], d[1]), name)).collect(),
        });
        let people = people.collect();
        let keeps = may_keep(&req.who, &body);
        let coming = coming(req, r, &body, keeps, name)?;
        let me = req.who.person.clone().filter(|p| names.iter().any(|(id, _)| id == p));
        Ok::<_, Error>(View {
            bodies: own(req),
            days: days[..7].iter().map(|d| req.app.time(*d)).collect(),
            day: date(if (days[0]..days[7]).contains(&req.now) { req.now } else { days[0] }),
            saved: req.query.get("saved").is_some(),
            before: date(days[0] - DAY),
            after: date(days[7]),
            people,
            keeps,
            me,
            coming,
            body: body.clone(),
            body_name,
        })
    })?;
    look.record(req.app)?;
    req.page("base/roster/week.html", &view)
}

fn cells(
    req: &Req,
    person: &str,
    shifts: &[Span],
    leave: &[Span],
    (from, to): (Ms, Ms),
    name: impl Fn(&str) -> Option<String>,
) -> Vec<Cell> {
    let here = |s: &&Span| s.person == person && s.from < to && s.to > from;
    let clock = |at: Ms| crate::kit::time::rfc3339(at, &req.app.config.zone)[11..16].to_owned();
    let text = |s: &Span| {
        let end = if s.to >= to { "24:00".into() } else { clock(s.to) };
        if s.from <= from && s.to >= to { String::new() } else { format!("{}–{end}", clock(s.from.max(from))) }
    };
    let away = leave.iter().filter(here).map(|s| Cell {
        kind: "leave",
        text: text(s),
        substitute: s.substitute.as_deref().and_then(&name),
    });
    let duty = shifts.iter().filter(here).map(|s| Cell { kind: "duty", text: text(s), substitute: None });
    away.chain(duty).collect()
}

/// What the caller may take back: all that is coming for whoever keeps the roster, else his own leave.
fn coming(req: &Req, q: &mut dyn Query, body: &str, keeps: bool, name: impl Fn(&str) -> Option<String>) -> Result<Vec<SpanView>> {
    const SHOWN: usize = 60;
    const AHEAD: Ms = 60 * DAY;
    let until = req.now + AHEAD;
    let mine = |s: &Span| req.who.person.as_deref() == Some(s.person.as_str());
    let leave = super::leave(q, body, req.now, req.now + super::LEAVE)?.into_iter().filter(|s| keeps || mine(s));
    let leave: Vec<_> = leave.map(|s| ("leave", s)).collect();
    let shifts = super::shifts(q, body, req.now, until)?.into_iter().filter(|_| keeps).map(|s| ("duty", s));
    let view = |(kind, s): (&'static str, Span)| SpanView {
        id: s.id,
        kind,
        name: name(&s.person).unwrap_or_default(),
        from: req.app.time(s.from),
        to: req.app.time(s.to),
        substitute: s.substitute.as_deref().and_then(&name),
    };
    Ok(leave.into_iter().chain(shifts).take(SHOWN).map(view).collect())
}

/// Back to the week in which something changed, where it can be seen.
fn done(req: &Req, body: &str, day: Option<&str>) -> Result<Reply> {
    if req.wants_json() {
        return Ok(Reply::json(&serde_json::json!({ "body": body }))?.status(201));
    }
    let day = day.map(|d| format!("&day={}", crate::kit::form::encode(d))).unwrap_or_default();
    Ok(Reply::see_other(req.url(&format!("/roster?body={body}{day}&saved=1"))))
}

fn wish(req: &Req, input: &Input) -> Result<String> {
    Ok(meant(req, input.text("body", 40)?.as_deref())?.0)
}

fn add_shift(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let zone = &req.app.config.zone;
    let day: Date = input.need("day", 20)?.parse().map_err(|_| Kind::WrongType.at("day"))?;
    let clock = |name: &'static str| -> Result<Time> {
        let text = input.need(name, 8)?;
        format!("{text}:00").get(..8).and_then(|t| t.parse().ok()).ok_or_else(|| Kind::WrongType.at(name))
    };
    let (from, to) = (clock("from")?, clock("to")?);
    let weeks = input.int("weeks", 1, WEEKS)?.unwrap_or(1);
    let moment = |date: Date, time: Time| {
        let at = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().map_err(|_| Kind::WrongType.at("day"))?;
        Ok::<_, Error>(at.as_millisecond())
    };
    let mut times = Vec::new();
    for week in 0..weeks {
        let first = day.checked_add(jiff::Span::new().days(7 * week)).map_err(|_| Kind::OutOfRange.at("weeks"))?;
        // A shift that ends before it begins ends on the next day.
        let last = if to <= from { first.tomorrow().map_err(|_| Kind::OutOfRange.at("weeks"))? } else { first };
        times.push((moment(first, from)?, moment(last, to)?));
    }
    let new = NewShift { body: wish(req, &input)?, person: input.need("person", 40)?, times };
    let (who, body) = (req.who.clone(), new.body.clone());
    req.once(move |tx| Ok(super::add_shift(tx, &who, &new)?.len().to_string()))?;
    done(req, &body, Some(&day.to_string()))
}

fn add_leave(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let zone = &req.app.config.zone;
    let text = input.need("from", 40)?;
    let from = parse(&text).or_else(|| day_begin(&text, zone)).ok_or_else(|| Kind::WrongType.at("from"))?;
    let to = input.until("to", zone)?.ok_or_else(|| Kind::Missing.at("to"))?;
    if to <= from {
        return Err(Kind::LastDay.into());
    }
    let (person, substitute) = (input.need("person", 40)?, input.text("substitute", 40)?);
    let new = NewLeave { body: wish(req, &input)?, person, substitute, from, to };
    let (who, body) = (req.who.clone(), new.body.clone());
    req.once(move |tx| super::add_leave(tx, &who, &new))?;
    done(req, &body, Some(&crate::kit::time::rfc3339(from, zone)[..10]))
}

fn cancel(req: &Req) -> Result<Reply> {
    let body = wish(req, &req.input()?)?;
    let (who, id) = (req.who.clone(), req.param("id").to_owned());
    req.once(move |tx| {
        super::cancel(tx, &who, &id)?;
        Ok(id)
    })?;
    done(req, &body, req.form.get("day"))
}
