//! Notices for the stairwell (楼道告示): what was reported here and what came of it, to be printed and hung up.
//!
//! What must stay true: it says what everybody may see, whoever prints it: words only through the public's decision, no
//! private matter, no person; when something was left out, that is said with its number of matters.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use crate::base::area::{self, Area};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::Visibility;
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::DAY;
use crate::kit::{Error, Reply, Req, Result, Route, Who, qr};
use crate::records::case::list::{self, Filter};
use crate::records::case::{self, Case, Rulebook, place_text};

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/stairwell",
        May::Anyone,
        board,
        "What was reported in a building or area in the last days, to hang up; `building`, `area`, `days`.",
    )
    .gives::<Board>(),
    Route::get("/stairwell/{number}", May::Anyone, single, "What came of one matter, to hang up.").gives::<Board>(),
];

/// Matters on one notice.
const MOST: usize = 30;
/// Days it looks back, unless said otherwise, and at most.
const DAYS: i64 = 30;
const MOST_DAYS: i64 = 180;

#[derive(Serialize, JsonSchema)]
struct Board {
    place: String,
    desk: String,
    phone: Option<String>,
    /// None for the notice of a single matter.
    days: Option<i64>,
    items: Vec<Told>,
    /// Matters of which nothing is said here because they are private.
    private: usize,
    /// There are more than are shown.
    more: bool,
    /// Where the QR code leads.
    link: String,
    qr: String,
    at: String,
}

#[derive(Serialize, JsonSchema)]
struct Told {
    number: String,
    class_name: String,
    text: Option<String>,
    place: String,
    state: &'static str,
    outcome: Option<&'static str>,
    received_at: String,
    closed_at: Option<String>,
    /// Who has it, or who handled it.
    party: Option<String>,
    due_at: Option<String>,
    score: Option<i64>,
}

/// A matter as everybody may read it; none when it is private.
fn told(req: &Req, q: &mut dyn Query, book: &Rulebook, case: &Case) -> Result<Option<Told>> {
    if book.class(case).visibility == Visibility::Private {
        return Ok(None);
    }
    // Whoever prints it, the stairwell reads it.
    let mut look = Look::new(&Who::default(), "case");
    let words = case::said(q, case)?;
    let text = words.as_ref().and_then(|w| w.element("case.text"));
    let names = area::names::Names::read(q, req.app)?;
    let party = case.handler.as_ref().or(case.holder.as_ref()).map(|id| book.chart.name(id));
    Ok(Some(Told {
        text: text.and_then(|t| look.at(&case.graded("case.text", t.to_owned()), Relation::Public)),
        number: case.number.clone(),
        class_name: book.classes.label(case.class.as_deref().unwrap_or("other"), req.lang).to_owned(),
        place: place_text(&names, q, case)?,
        state: case.state.as_str(),
        outcome: case.outcome.map(|o| o.as_str()),
        received_at: req.app.time(case.received_at),
        closed_at: case.closed_at.map(|t| req.app.time(t)),
        party,
        due_at: case.due_at.map(|t| req.app.time(t)),
        score: case.score,
    }))
}

fn notice(
    req: &Req,
    q: &mut dyn Query,
    here: &Area,
    place: String,
    path: &str,
    days: Option<i64>,
    cases: &[Case],
) -> Result<Board> {
    let (book, desk) = (Rulebook::read(q, req.app)?, party::desk_of(q, &here.id)?);
    let (mut items, mut private) = (Vec::new(), 0);
    for case in cases.iter().take(MOST) {
        match told(req, q, &book, case)? {
            Some(told) => items.push(told),
            None => private += 1,
        }
    }
    let link = req.absolute(path);
    Ok(Board {
        place,
        desk: desk.name,
        phone: desk.phone,
        days,
        items,
        private,
        more: cases.len() > MOST,
        qr: qr::svg_of(&link)?,
        link,
        at: req.app.time(req.now),
    })
}

fn board(req: &Req) -> Result<Reply> {
    let days = match req.query.get("days").filter(|d| !d.is_empty()) {
        Some(days) => days.parse().ok().filter(|d| (1..=MOST_DAYS).contains(d)).ok_or_else(|| Kind::OutOfRange.at("days"))?,
        None => DAYS,
    };
    let since = req.now - days * DAY;
    let text = |name: &str| req.query.get(name).filter(|t| !t.is_empty());
    let view = req.app.db.read(|r| {
        if let Some(id) = text("building") {
            let building = area::building(r, id)?.ok_or(Kind::NotFound)?;
            let here = area::by_id(r, &building.area)?.ok_or(Kind::NotFound)?;
            let cases = list::of_building(r, &building.id, since, MOST + 1)?;
            let path = format!("/buildings/{}", building.id);
            return notice(req, r, &here, building.address, &path, Some(days), &cases);
        }
        let here = match text("area") {
            Some(code) => area::by_code(r, code)?,
            None => None,
        };
        let here = here.ok_or_else(|| Kind::Missing.at("area"))?;
        let community = area::community_of(r, &here.id)?.ok_or_else(|| Kind::Unknown.at("area"))?;
        let filter = Filter { path: Some(here.path.clone()), since: Some(since), ..Filter::default() };
        let (cases, _) = list::find(r, &filter, MOST + 1)?;
        let place = if here.id == community.id { here.name.clone() } else { format!("{} {}", community.name, here.name) };
        notice(req, r, &here, place, &format!("/places/{}", community.code), Some(days), &cases)
    })?;
    req.page("records/paper/board.html", &view)
}

fn single(req: &Req) -> Result<Reply> {
    let number = req.param("number");
    let view = req.app.db.read(|r| {
        let case = case::by_number(r, number)?.ok_or(Kind::NotFound)?;
        let here = area::by_id(r, &case.area)?.ok_or(Kind::NotFound)?;
        let place = place_text(&*area::names::Names::read(r, req.app)?, r, &case)?;
        let view = notice(req, r, &here, place, &format!("/reports/{number}"), None, std::slice::from_ref(&case))?;
        // There is no notice of a private matter.
        if view.items.is_empty() { Err(Error::from(Kind::NotFound)) } else { Ok(view) }
    })?;
    req.page("records/paper/board.html", &view)
}
