//! The record of voluntary service (志愿服务记录): what somebody did, where, when and how long, for himself to print, and for
//! whoever keeps the national record, of those who agreed to it.
//!
//! What must stay true: it says what was booked and nothing else (志愿服务记录与证明出具办法（试行）第六至八条: who, what kind, where, when,
//! how long, who keeps it); nobody pays for it and nobody needs a point for it; of those who did not agree nothing leaves.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::event::Stand as Came;
use super::help::Stand as Helped;
use super::{Book, profile};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::{area, party};
use crate::kit::error::{Error, Kind};
use crate::kit::foreign::{self, Stamp};
use crate::kit::http::May;
use crate::kit::time::{MINUTE, Ms, day_begin, day_end};
use crate::kit::{Reply, Req, Result, Route};

/// Lines of one person's record.
const LINES: i64 = 2000;
/// People of one export.
const PEOPLE: i64 = 5000;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/hours/record", May::SignedIn, mine, "One's own record of voluntary service (`from`, `to`: days), to print.")
        .gives::<Record>(),
    Route::get(
        "/volunteers/record",
        May::Staff,
        export,
        "The record of those here who agreed to it (`from`, `to`), as a table with the columns of the national record.",
    ),
];

/// Somebody's record.
#[derive(Serialize, JsonSchema)]
struct Record {
    name: Option<String>,
    from: Option<String>,
    to: Option<String>,
    lines: Vec<LineView>,
    minutes: i64,
    at: String,
}

/// A line of it.
#[derive(Serialize, JsonSchema)]
struct LineView {
    number: String,
    what: String,
    place: String,
    starts_at: String,
    ends_at: String,
    minutes: i64,
}

/// What somebody did.
struct Line {
    number: String,
    /// The kind of help; none: work for all, by its title.
    kind: Option<String>,
    title: Option<String>,
    area: String,
    starts_at: Ms,
    minutes: i64,
}

/// What somebody did between two moments and that was booked, in order.
fn lines(q: &mut dyn Query, person: &str, from: Ms, to: Ms) -> Result<Vec<Line>> {
    let sql = "select h.number, h.kind as kind, null as title, h.area, coalesce(b.began_at, h.starts_at) as starts_at, b.minutes \
               from help_by b join help h on h.id = b.help \
               where b.person = $1 and b.state = $2 and b.minutes > 0 and h.starts_at >= $4 and h.starts_at < $5 \
               union all \
               select e.number, null, e.title, e.area, e.starts_at, b.minutes from event_by b join event e on e.id = b.event \
               where b.person = $1 and b.state = $3 and b.minutes > 0 and e.starts_at >= $4 and e.starts_at < $5 \
               order by 5, 1 limit $6";
    let one = |r: &store::Row| {
        Ok(Line {
            number: r.get("number")?,
            kind: r.get("kind")?,
            title: r.get("title")?,
            area: r.get("area")?,
            starts_at: r.get("starts_at")?,
            minutes: r.get("minutes")?,
        })
    };
    let rows = q.rows(sql, params![person, Helped::Settled, Came::Booked, from, to, LINES])?;
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// The days a record is about.
fn span(req: &Req) -> Result<(Ms, Ms)> {
    let zone = &req.app.config.zone;
    let day = |name: &'static str, read: fn(&str, &jiff::tz::TimeZone) -> Option<Ms>, other: Ms| match req.query.get(name) {
        Some(text) if !text.is_empty() => read(text, zone).ok_or_else(|| Kind::WrongType.at(name)),
        _ => Ok(other),
    };
    Ok((day("from", day_begin, 0)?, day("to", day_end, Ms::MAX)?))
}

fn view(req: &Req, q: &mut dyn Query, book: &Book, line: &Line) -> Result<LineView> {
    let what = match (&line.kind, &line.title) {
        (Some(kind), _) => book.pack.kind_name(kind, req.lang).to_owned(),
        (None, title) => title.clone().unwrap_or_default(),
    };
    Ok(LineView {
        number: line.number.clone(),
        what,
        place: area::by_id(q, &line.area)?.map(|a| a.name).unwrap_or_default(),
        starts_at: req.app.time(line.starts_at),
        ends_at: req.app.time(line.starts_at + line.minutes * MINUTE),
        minutes: line.minutes,
    })
}

fn mine(req: &Req) -> Result<Reply> {
    let (person, (from, to)) = (req.myself()?, span(req)?);
    let mut look = Look::new(&req.who, "volunteer");
    let view = req.app.db.read(|r| {
        let book = Book::read(r, req.app, "")?;
        let all = lines(r, person, from, to)?;
        let name = party::name_of(r, person)?.and_then(|n| look.at(&n, Relation::Owner));
        Ok::<_, Error>(Record {
            name,
            from: req.query.get("from").filter(|t| !t.is_empty()).map(str::to_owned),
            to: req.query.get("to").filter(|t| !t.is_empty()).map(str::to_owned),
            minutes: all.iter().map(|l| l.minutes).sum(),
            lines: all.iter().map(|l| view(req, r, &book, l)).collect::<Result<_>>()?,
            at: req.app.time(req.now),
        })
    })?;
    look.record(req.app)?;
    req.page("activities/volunteer/record.html", &view)
}

/// The columns, in the order of the record that ministries exchange (MZ/T 061).
const HEAD: [&str; 10] = [
    "志愿者编号",
    "姓名",
    "服务项目编号",
    "服务项目",
    "服务类别",
    "服务地点",
    "开始时间",
    "结束时间",
    "服务时长（小时）",
    "记录单位",
];

fn export(req: &Req) -> Result<Reply> {
    let (from, to) = span(req)?;
    let mut look = Look::new(&req.who, "volunteer");
    let mut table = vec![HEAD.map(str::to_owned).to_vec()];
    let keeper = req.app.db.read(|r| {
        let at = area::of_desk(r, &req.who, req.query.get("area").unwrap_or_default())?;
        let book = Book::read(r, req.app, &at.code)?;
        let keeper = book.chart.desk_of(&at.path)?.name.clone();
        for v in profile::around(r, &at.path, "", PEOPLE)? {
            let text = r.open_text(&v.person, Some(v.profile.clone()))?.unwrap_or_default();
            let agreed = serde_json::from_str::<super::rules::Profile>(&text).is_ok_and(|p| p.record);
            let all = if agreed { lines(r, &v.person, from, to)? } else { Vec::new() };
            if all.is_empty() {
                continue;
            }
            // Whoever agreed is named; who reads it is on record as anywhere.
            look.at(&Graded::new("volunteer.profile", &v.person, text), Relation::Desk);
            let name = party::name_of(r, &v.person)?.and_then(|n| look.at(&n, Relation::Desk)).unwrap_or_default();
            for line in &all {
                let l = view(req, r, &book, line)?;
                let sort = if line.kind.is_some() { "邻里互助" } else { "志愿活动" };
                let hours = format!("{}.{:02}", l.minutes / 60, l.minutes % 60 * 100 / 60);
                let row =
                    [&v.person, &name, &l.number, &l.what, &sort.to_owned(), &l.place, &l.starts_at, &l.ends_at, &hours, &keeper];
                table.push(row.map(Clone::clone).to_vec());
            }
        }
        Ok::<_, Error>(keeper)
    })?;
    look.record(req.app)?;
    let stamp = format!("{keeper} {}", req.app.time(req.now));
    let bytes = foreign::write_stamped(&Stamp { title: "志愿服务记录", text: &stamp }, &table)?;
    let name = "attachment; filename=\"volunteer-record.xlsx\"";
    Ok(Reply::of(foreign::XLSX, bytes).header("content-disposition", name).header("cache-control", "no-store"))
}
