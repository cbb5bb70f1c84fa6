//! Pages that show many cases: lists, the desk, the grid worker's day, a community, looking up one's progress.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Filter, PAGE, Wanted};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::party::{self, admin::BodyView};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, HOUR};
use crate::kit::tries;
use crate::kit::{Error, Reply, Req, Result, Role, RoleKind, Route};
use crate::records::case::life::task;
use crate::records::case::rules::State;
use crate::records::case::view::{self, Item, Matter};
use crate::records::case::{by_ids, by_number, code_fits};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/cases",
        May::Anyone,
        cases,
        "Cases by `state class area holder overdue q sort cursor`, as the caller may see them.",
    )
    .gives::<Cases>(),
    Route::get("/desk", May::Staff, desk, "Queues of the caller's organisation, one list, one open case.").gives::<Desk>(),
    Route::get("/today", May::Staff, today, "What is due in the caller's grid: now, today, this week.").gives::<Today>(),
    Route::get("/places/{code}", May::Anyone, place, "A community: its cases in public, who serves it.")
        .gives::<Place>()
        .same_for_all(),
    Route::get("/progress", May::Anyone, progress, "Finds a report by `number` and `code`."),
];

#[derive(Serialize, JsonSchema)]
struct Cases {
    items: Vec<Item>,
    next: Option<String>,
}

fn page_of(req: &Req, q: &mut dyn Query, filter: &Filter, look: &mut Look) -> Result<Cases> {
    let (cases, next) = super::find(q, filter, PAGE)?;
    Ok(Cases { items: view::items(req, q, &cases, look)?, next })
}

fn cases(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "list");
    let view = req.app.db.read(|r| {
        let filter = Filter::parse(r, &req.query)?;
        page_of(req, r, &filter, &mut look)
    })?;
    look.record(req.app)?;
    req.page("records/case/cases.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Desk {
    queues: Vec<Queue>,
    queue: String,
    items: Vec<Item>,
    next: Option<String>,
    open: Option<Matter>,
    body: Option<String>,
    q: String,
}

#[derive(Serialize, JsonSchema)]
struct Queue {
    name: &'static str,
    /// None where it would take long to count and helps nobody: all of a large area.
    count: Option<i64>,
    /// There may be more than that.
    more: bool,
}

/// The queue of cases to which the organisation was called.
const CALLED: &str = "called";

/// The queues of an organisation, in the order in which its work comes.
fn queues(role: &Role) -> Vec<(&'static str, Filter)> {
    let state = |s: State| Some(Wanted::In(s));
    let held = Filter { holder: role.body.clone(), by_due: true, ..Filter::default() };
    let mine = Filter { handler: role.body.clone(), by_due: true, ..Filter::default() };
    let area = Filter { path: Some(role.path.clone()), ..Filter::default() };
    let mut out = Vec::new();
    if role.kind.is_desk() {
        out.extend([
            ("new", Filter { state: state(State::Received), ..held.clone() }),
            ("dispatch", Filter { state: state(State::Accepted), ..held.clone() }),
            ("look", Filter { state: state(State::Feedback), ..held.clone() }),
            ("checking", Filter { state: state(State::Checking), ..held.clone() }),
            ("overdue", Filter { overdue: true, by_due: true, ..area.clone() }),
        ]);
    }
    out.extend([
        ("take", Filter { state: state(State::Dispatched), ..mine.clone() }),
        ("handling", Filter { state: state(State::Handling), ..mine.clone() }),
        ("waiting", Filter { state: state(State::Feedback), ..mine.clone() }),
    ]);
    out.push(if role.kind.is_desk() { ("all", area) } else { ("all", Filter { by_due: false, ..mine }) });
    out
}

fn desk(req: &Req) -> Result<Reply> {
    let works = |r: &&Role| r.kind.is_handler() && r.body.is_some();
    let role = req.who.roles.iter().filter(works).max_by_key(|r| r.kind.is_desk()).ok_or(Kind::Denied)?;
    let mut look = Look::new(&req.who, "desk");
    let view = req.app.db.read(|r| {
        let all = queues(role);
        let mut counts = Vec::new();
        // Others wait for whoever was called to help, so that comes first, and is there only while somebody waits.
        let called = task::waiting(r, role.body.as_deref().unwrap_or_default())?;
        if !called.is_empty() {
            counts.push(Queue { name: CALLED, count: Some(called.len() as i64), more: called.len() == task::WAITING });
        }
        for (name, filter) in &all {
            let (count, most) = match &filter.path {
                Some(path) if *name == "all" => (super::count_all(r, path)?, i64::MAX),
                _ => (Some(super::count(r, filter)?), super::COUNTED),
            };
            counts.push(Queue { name, count, more: count == Some(most) });
        }
        let q = req.query.get("q").unwrap_or_default().to_owned();
        // Without a wish, the first queue in which something waits.
        let first = counts.iter().find(|q| q.count.is_some_and(|n| n > 0)).map_or("all", |q| q.name);
        let wanted = req.query.get("queue").unwrap_or(if q.is_empty() { first } else { "all" });
        let (name, filter) = all.iter().find(|(n, _)| *n == wanted).or(all.last()).ok_or(Kind::NotFound)?;
        let number = super::digits(&q);
        let filter = Filter { cursor: req.query.get("cursor").map(str::to_owned), number, ..filter.clone() };
        // Words find nothing here; to show everything instead would look like an answer.
        let words = !q.trim().is_empty() && filter.number.is_none();
        let (name, Cases { items, next }) = if wanted == CALLED && !called.is_empty() {
            let cases = by_ids(r, &called)?;
            (CALLED, Cases { items: view::items(req, r, &cases, &mut look)?, next: None })
        } else if words {
            (*name, Cases { items: Vec::new(), next: None })
        } else {
            (*name, page_of(req, r, &filter, &mut look)?)
        };
        let open = match req.query.get("open") {
            Some(number) => {
                let case = by_number(r, number)?.ok_or(Kind::NotFound)?;
                Some(view::matter(req, r, &case, None, &mut look)?)
            }
            None => None,
        };
        Ok::<_, Error>(Desk { queues: counts, queue: name.into(), items, next, open, body: role.body_name.clone(), q })
    })?;
    look.record(req.app)?;
    req.page("records/case/desk.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Today {
    /// Late, urgent, or due within four hours.
    now: Vec<Item>,
    today: Vec<Item>,
    week: Vec<Item>,
    /// Handled by others, waiting for a look on the spot.
    check: Vec<Item>,
    grids: Vec<String>,
}

fn today(req: &Req) -> Result<Reply> {
    const MOST: usize = 100;
    let mut look = Look::new(&req.who, "today");
    let view = req.app.db.read(|r| {
        let mut view = Today { now: Vec::new(), today: Vec::new(), week: Vec::new(), check: Vec::new(), grids: Vec::new() };
        let of_grid = |r: &&Role| matches!(r.kind, RoleKind::GridWorker | RoleKind::BuildingHead);
        let grids: Vec<&Role> = req.who.roles.iter().filter(of_grid).collect();
        for role in if grids.is_empty() { req.who.roles.iter().filter(|r| r.kind.is_staff()).collect() } else { grids } {
            view.grids.extend(area::by_id(r, &role.area)?.map(|a| a.name));
            let filter = Filter { state: Some(Wanted::Open), path: Some(role.path.clone()), by_due: true, ..Filter::default() };
            let (cases, _) = super::find(r, &filter, MOST)?;
            let items = view::items(req, r, &cases, &mut look)?;
            for (case, item) in cases.iter().zip(items) {
                let left = case.due_at.unwrap_or(req.now) - req.now;
                let list = match case.state {
                    State::Feedback | State::Checking => &mut view.check,
                    _ if item.overdue || item.urgent || left < 4 * HOUR => &mut view.now,
                    _ if left < DAY => &mut view.today,
                    _ => &mut view.week,
                };
                if !list.iter().any(|i| i.number == item.number) {
                    list.push(item);
                }
            }
        }
        Ok::<_, Error>(view)
    })?;
    look.record(req.app)?;
    req.page("records/case/today.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Place {
    area: AreaView,
    line: Vec<AreaView>,
    items: Vec<Item>,
    next: Option<String>,
    bodies: Vec<BodyView>,
    grids: Vec<AreaView>,
    state: String,
}

fn place(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "place");
    let view = req.app.db.read(|r| {
        let here = area::by_code(r, req.param("code"))?.ok_or(Kind::NotFound)?;
        let state = req.query.get("state").unwrap_or("open").to_owned();
        let filter = Filter {
            path: Some(here.path.clone()),
            state: Some(state.as_str()).filter(|s| *s != "all").map(Wanted::parse).transpose()?,
            cursor: req.query.get("cursor").map(str::to_owned),
            ..Filter::default()
        };
        let Cases { items, next } = page_of(req, r, &filter, &mut look)?;
        let line = area::line(r, &here.id)?.iter().map(Into::into).collect();
        let grids = area::beneath(r, &here.path, "grid")?.iter().map(Into::into).collect();
        let bodies = party::bodies_for(r, &here.id)?.into_iter().filter(|b| b.area == here.id).map(Into::into).collect();
        Ok::<_, Error>(Place { area: (&here).into(), line, items, next, bodies, grids, state })
    })?;
    look.record(req.app)?;
    req.page("records/case/place.html", &view)
}

#[derive(Serialize)]
struct Progress {
    number: String,
    /// As it was typed, so that a slip of the finger is mended and not typed anew.
    code: String,
    error: Option<&'static str>,
    mine: Vec<Item>,
    /// Whom to ask when the slip is lost: the desk of the community that the visitor chose.
    desk: Option<BodyView>,
}

/// A number as it stands on a slip, whatever was typed: many keypads of phones have no dash.
fn as_number(typed: &str) -> String {
    const DAY_DIGITS: usize = 6;
    const LEAST: usize = 10;
    let digits: String = typed.chars().map(calc::codes::half_width).filter(char::is_ascii_digit).collect();
    if digits.len() < LEAST { typed.trim().to_owned() } else { format!("{}-{}", &digits[..DAY_DIGITS], &digits[DAY_DIGITS..]) }
}

fn progress(req: &Req) -> Result<Reply> {
    let number = as_number(req.query.get("number").unwrap_or_default());
    let typed = req.query.get("code").unwrap_or_default();
    let mut error = None;
    if !number.is_empty() {
        let keys = tries::keys("code", &number, req.ip);
        req.app.tries.check(&keys, req.now)?;
        let case = req.app.db.read(|r| by_number(r, &number))?;
        if case.as_ref().is_some_and(|c| code_fits(&req.app.db, &c.id, typed)) {
            let code = calc::codes::normalise(typed);
            return Ok(Reply::see_other(req.url(&format!("/reports/{number}?code={code}"))));
        }
        req.app.tries.failed(&keys, req.now);
        error = Some("progress-not-found");
    }
    let mut look = Look::new(&req.who, "me");
    let (mine, desk) = req.app.db.read(|r| {
        let mine = match &req.who.person {
            Some(person) => {
                let cases = super::by_reporter(r, person)?;
                view::items(req, r, &cases, &mut look)?
            }
            None => Vec::new(),
        };
        let here = req.community.as_ref().map(|(code, _)| area::by_code(r, code)).transpose()?.flatten();
        let desk = here.map(|a| party::desk_of(r, &a.id)).transpose()?;
        Ok::<_, Error>((mine, desk.map(Into::into)))
    })?;
    look.record(req.app)?;
    req.page("records/case/progress.html", &Progress { number, code: typed.to_owned(), error, mine, desk })
}

#[cfg(test)]
mod tests {
    use super::as_number;

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        let typed = ["261127-0022", "2611270022", " 261127 0022", "２６１１２７－００２２", "261127—0022"];
        assert!(typed.iter().all(|t| as_number(t) == "261127-0022"));
        assert_eq!([as_number("0022 "), as_number("路灯")], ["0022", "路灯"]);
    }
}
