//! Routes of alarms and of the rules that raise them.
//!
//! What must stay true: whoever is called needs one thumb; what he may not do is not offered.

use calc::alarm::Disposition;
use schemars::JsonSchema;
use serde::Serialize;

use super::act::{self, End};
use super::book::Book;
use super::figures::{self, Load};
use super::view::{self, Full, Item};
use super::{around, by_number, called};
use crate::activities::sensing::pack;
use crate::activities::sensing::view::{self as devices, Healths};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::time::DAY;
use crate::kit::{Reply, Req, Result, Route};

/// Alarms of one list.
const MANY: i64 = 100;
/// Days for which closed ones are listed.
const BACK: i64 = 30;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/alarms", May::Staff, board, "What is wrong at a place (`area`): open alarms, devices, load, rules to look at.")
        .gives::<Board>(),
    Route::get("/alarms/mine", May::SignedIn, mine, "Alarms for which one was called.").gives::<Mine>(),
    Route::get("/alarms/{number}", May::SignedIn, one, "An alarm.").gives::<Full>(),
    Route::post("/alarms/{number}/see", May::SignedIn, see, "I look after it: nobody else is called."),
    Route::post(
        "/alarms/{number}/close",
        May::SignedIn,
        close,
        "What it was: `{disposition: true|prevented|false-device|false-behaviour|test|away, words?, away_days?}`.",
    ),
    Route::post("/alarms/{number}/shelve", May::Staff, shelve, "Hides it: `{hours, why}`; with 0 hours shows it again."),
];

/// What is wrong at a place.
#[derive(Serialize, JsonSchema)]
struct Board {
    area: String,
    place: String,
    open: Vec<Item>,
    closed: Vec<Item>,
    health: Healths,
    load: Load,
    /// Rules that were so seldom right that they should be looked at again.
    reviews: usize,
    /// The reader's desk answers for the place.
    keeps: bool,
}

fn board(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::named(req, r, None)?;
        if req.who.role_over(&at.path).is_none() {
            return Err(Kind::Denied.at("area"));
        }
        let (book, pack) = (Book::read(r, req.app)?, pack::at(&at.code));
        let open = around(r, &at.path, true, 0, MANY)?;
        let closed = around(r, &at.path, false, req.now - BACK * DAY, MANY)?;
        let worth = figures::worth(r, &at.path, &pack.alarm, req.now)?;
        Ok::<_, Error>(Board {
            open: view::items(req, r, &book, &open)?,
            closed: view::items(req, r, &book, &closed)?,
            health: devices::healths(r, pack, &at.path, req.now)?,
            load: figures::load(r, &at.path, &pack.alarm, &req.app.config.zone, req.now)?,
            reviews: worth.values().filter(|w| w.review).count(),
            keeps: req.who.desk_over(&at.path).is_some(),
            area: at.code,
            place: at.name,
        })
    })?;
    req.page("activities/sensing/watch/board.html", &view)
}

/// Alarms for which one was called.
#[derive(Serialize, JsonSchema)]
struct Mine {
    items: Vec<Item>,
}

fn mine(req: &Req) -> Result<Reply> {
    let person = req.who.actor().ok_or(Kind::SignIn)?;
    let items = req.app.db.read(|r| {
        let book = Book::read(r, req.app)?;
        let all = called(r, person, req.now - BACK * DAY, MANY)?;
        view::items(req, r, &book, &all)
    })?;
    Ok(req.page("activities/sensing/watch/mine.html", &Mine { items })?.header("cache-control", "no-store"))
}

fn whole(req: &Req, number: &str) -> Result<Full> {
    let mut look = Look::new(&req.who, "sensing");
    let view = req.app.db.read(|r| {
        let alarm = by_number(r, number)?;
        view::full(req, r, &alarm, &mut look)
    })?;
    look.record(req.app)?;
    Ok(view)
}

fn one(req: &Req) -> Result<Reply> {
    let view = whole(req, req.param("number"))?;
    Ok(req.page("activities/sensing/watch/alarm.html", &view)?.header("cache-control", "no-store"))
}

fn done(req: &Req) -> Result<Reply> {
    let number = req.param("number");
    req.done(&format!("/alarms/{number}"), 200, || whole(req, number))
}

fn see(req: &Req) -> Result<Reply> {
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), Book::now(req.app)?);
    req.once(move |tx| act::see(tx, &book, &who, &number).map(|()| String::new()))?;
    done(req)
}

fn close(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let what = Disposition::parse(&input.need("disposition", 20)?).ok_or_else(|| Kind::Unknown.at("disposition"))?;
    let days = input.int("away_days", 1, 366)?;
    let end = End { what, words: input.text("words", 500)?, away_until: days.map(|d| req.now + d * DAY) };
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), Book::now(req.app)?);
    req.once(move |tx| act::close(tx, &book, &who, &number, &end).map(|()| String::new()))?;
    done(req)
}

fn shelve(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let hours = input.int("hours", 0, 8760)?.ok_or_else(|| Kind::Missing.at("hours"))?;
    let why = input.text("why", 200)?;
    let (who, number, book) = (req.who.clone(), req.param("number").to_owned(), Book::now(req.app)?);
    req.once(move |tx| act::shelve(tx, &book, &who, &number, hours, why.as_deref()).map(|()| String::new()))?;
    done(req)
}
