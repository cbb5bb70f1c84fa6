//! Calls to a random sample of those whose cases were closed: was it really solved, are they content.
//!
//! What must stay true: nobody chooses whom to call. The sample of a week is fixed by a public seed, the root of the log at
//! the end of that week, which nobody could know while cases were being closed and everybody can fetch afterwards
//! (`/log/checkpoint`, [`calc::draw`]); who handled a case does not call about it. Name and number of a reporter are given
//! to whoever is to call, also above the community, one at a time, and no longer once he was called.

use calc::draw;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, hex, params};

use super::kpi;
use crate::base::area;
use crate::base::catalogue::Look;
use crate::base::party::Chart;
use crate::base::worktime;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Reply, Req, Result, Role, Route};
use crate::records::case::view::{self, Item};
use crate::records::case::{Case, by_number, said as said_of};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/callbacks", May::Staff, show, "The random sample of last week's closed cases, and what was said.")
        .gives::<Sample>(),
    Route::get("/callbacks/{number}", May::Staff, call, "Whom to call about one of them.").gives::<Call>(),
    Route::post("/callbacks/{number}", May::Staff, note, "What the reporter said: `{reached, solved?, satisfied?, text?}`."),
];

/// Cases of a desk's week that are called about.
const MOST: usize = 20;
/// Cases of a week from which one draws.
const FROM: i64 = 50_000;

#[derive(Serialize, JsonSchema)]
struct Sample {
    from: String,
    to: String,
    /// Root of the log at the end of the week, and its size then.
    seed: String,
    size: u64,
    /// From how many was drawn.
    of: usize,
    items: Vec<Drawn>,
}

#[derive(Serialize, JsonSchema)]
struct Drawn {
    #[serde(flatten)]
    item: Item,
    /// The reader handled it himself: somebody else calls.
    own: bool,
    /// A number was left.
    has_phone: bool,
    /// What was said; null while nobody called.
    reached: Option<bool>,
    solved: Option<bool>,
    satisfied: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Call {
    #[serde(flatten)]
    item: Item,
    /// Whom the reporter named; null when nobody.
    name: Option<String>,
    /// Null when no number was left.
    phone: Option<String>,
}

/// The week that ended last: its first moment and the first after it.
fn week(now: Ms, zone: &jiff::tz::TimeZone) -> (Ms, Ms) {
    let today = kpi::day(now, zone);
    // Day 0 was a Thursday: Mondays are those with remainder 4.
    let monday = today - (today + 3).rem_euclid(7);
    (worktime::utc((monday - 7) * DAY, zone), worktime::utc(monday * DAY, zone))
}

struct Draw {
    seed: String,
    size: u64,
    of: usize,
    numbers: Vec<String>,
}

fn sample(q: &mut dyn Query, role: &Role, (from, to): (Ms, Ms)) -> Result<Draw> {
    let size = q.log_size_at(to)?;
    let seed = hex(q.root(size)?);
    let sql = "select number from cases where state = 'closed' and closed_at >= $1 and closed_at < $2 and path >= $3 and path < $4 \
               and outcome <> 'withdrawn' order by closed_at limit $5";
    let rows = q.rows(sql, params![from, to, &role.path, area::end_of(&role.path), FROM])?;
    let all: Vec<String> = rows.iter().map(|r| r.get("number")).collect::<store::Result<_>>()?;
    let numbers = draw::draw(&seed, all.iter().map(String::as_str), MOST).into_iter().map(str::to_owned).collect();
    Ok(Draw { seed, size, of: all.len(), numbers })
}

/// Whether the reader said that it was done: he does not ask about himself.
fn is_own(req: &Req, case: &Case) -> bool {
    case.handled_by.is_some() && case.handled_by == req.who.person
}

fn show(req: &Req) -> Result<Reply> {
    let role = req.who.widest_desk().ok_or(Kind::Denied)?;
    let mut look = Look::new(&req.who, "callback");
    let (from, to) = week(req.now, &req.app.config.zone);
    let view = req.app.db.read(|r| {
        let Draw { seed, size, of, numbers } = sample(r, role, (from, to))?;
        let mut cases: Vec<Case> = Vec::new();
        for number in &numbers {
            cases.extend(by_number(r, number)?);
        }
        let mut items = Vec::new();
        for (case, item) in cases.iter().zip(view::items(req, r, &cases, &mut look)?) {
            let said = r.row("select reached, solved, satisfied from callback where case_id = $1", params![&case.id])?;
            let flag = |name: &str| said.as_ref().map_or(Ok(None), |row| row.get::<Option<bool>>(name));
            let (reached, solved, satisfied) = (flag("reached")?, flag("solved")?, flag("satisfied")?);
            let has_phone = said_of(r, case)?.is_some_and(|w| w.element("case.contact_phone").is_some());
            items.push(Drawn { item, own: is_own(req, case), has_phone, reached, solved, satisfied });
        }
        Ok::<_, Error>(Sample { from: req.app.time(from), to: req.app.time(to - 1), seed, size, of, items })
    })?;
    look.record(req.app)?;
    req.page("oversight/supervise/callbacks.html", &view)
}

/// A case of the reader's sample about which he may call: drawn, and not his own work.
fn to_call(req: &Req, q: &mut dyn Query, role: &Role, number: &str) -> Result<Case> {
    let drawn = sample(q, role, week(req.now, &req.app.config.zone))?.numbers.iter().any(|n| n == number);
    let case = by_number(q, number)?.filter(|_| drawn).ok_or(Kind::NotFound)?;
    if is_own(req, &case) {
        return Err(Kind::Denied.into());
    }
    Ok(case)
}

/// Whether somebody called about it.
fn was_called(q: &mut dyn Query, case: &Case) -> store::Result<bool> {
    Ok(q.count("select count(*) from callback where case_id = $1", params![&case.id])? > 0)
}

fn call(req: &Req) -> Result<Reply> {
    let role = req.who.widest_desk().ok_or(Kind::Denied)?;
    let mut look = Look::new(&req.who, "callback");
    let view = req.app.db.read(|r| {
        let case = to_call(req, r, role, req.param("number"))?;
        if was_called(r, &case)? {
            return Err(Kind::Taken.into());
        }
        let item = view::items(req, r, std::slice::from_ref(&case), &mut look)?.remove(0);
        let chart = Chart::read(r, req.app)?;
        let relation = view::relation(&case, &req.who, false, &chart, false);
        let words = said_of(r, &case)?;
        let mut at = |element: &'static str| {
            let value = words.as_ref()?.element(element)?.to_owned();
            look.at(&case.graded(element, value), relation)
        };
        Ok::<_, Error>(Call { item, name: at("case.contact_name"), phone: at("case.contact_phone") })
    })?;
    look.record(req.app)?;
    Ok(req.page("oversight/supervise/callback.html", &view)?.header("cache-control", "no-store"))
}

fn note(req: &Req) -> Result<Reply> {
    let role = req.who.widest_desk().ok_or(Kind::Denied)?.clone();
    let input = req.input()?;
    let reached = input.flag("reached");
    let said = |name: &'static str| -> Result<Option<bool>> {
        Ok(input.text(name, 10)?.map(|t| matches!(t.as_str(), "1" | "yes" | "true" | "on")).filter(|_| reached))
    };
    let (solved, satisfied, text) = (said("solved")?, said("satisfied")?, input.text("text", 1000)?);
    if reached && (solved.is_none() || satisfied.is_none()) {
        return Err(Kind::Missing.at(if solved.is_none() { "solved" } else { "satisfied" }));
    }
    let days = week(req.now, &req.app.config.zone);
    let number = req.param("number").to_owned();
    let case = req.app.db.read(|r| to_call(req, r, &role, &number))?;
    let who = req.who.clone();
    req.once(move |tx| {
        if was_called(tx, &case)? {
            return Err(Kind::Taken.into());
        }
        let now = tx.now();
        tx.exec(
            "insert into callback(case_id, week, reached, solved, satisfied, called_at) values ($1, $2, $3, $4, $5, $6)",
            params![&case.id, days.0, reached, solved, satisfied, now],
        )?;
        let events = [
            ("called", true),
            ("called_reached", reached),
            ("called_solved", solved == Some(true)),
            ("called_satisfied", satisfied == Some(true)),
        ];
        let counts: Vec<&str> = events.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        let entry = Entry {
            actor: who.person.as_deref(),
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            area: Some(&case.area),
            owner: Some(&case.owner),
            ..Entry::new("supervise.callback", "case", &case.id)
        };
        let entry = entry
            .fact("number", case.number.as_str())
            .fact("counts", counts.join(" "))
            .fact_opt("charged", case.handler.as_deref())
            .fact_opt("of_class", case.class.as_deref())
            .element("case.memo", text.as_deref());
        tx.log(entry)?;
        Ok(case.number.clone())
    })?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "number": number }));
    }
    Ok(Reply::see_other(req.url("/callbacks")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::time::parse;

    #[test]
    fn the_week_that_ended_last_is_from_monday_to_monday() {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        for now in ["2026-11-23T00:00:00+08:00", "2026-11-25T18:00:00+08:00", "2026-11-29T23:59:59+08:00"] {
            let want = (parse("2026-11-16T00:00:00+08:00").unwrap(), parse("2026-11-23T00:00:00+08:00").unwrap());
            assert_eq!(week(parse(now).unwrap(), &zone), want, "{now}");
        }
    }
}
