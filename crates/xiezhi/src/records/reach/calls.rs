//! The list of people to be called because their matter changed and they have no other way to hear of it.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, params};

use super::reply::rate;
use super::rules::Answer;
use super::{COLUMNS, Reach, of, read};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route, Who};
use crate::records::case::view::{self, Item, items};
use crate::records::case::{Case, Rulebook, by_id, by_number, said};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/notices/calls", May::Staff, show, "People to be called because their matter changed, oldest first.")
        .gives::<List>(),
    Route::post("/notices/calls/{number}", May::Staff, told, "Somebody was told: `{answer?: 1 (satisfied) or 2}`."),
];

/// People on one list.
const MOST: i64 = 50;

#[derive(Serialize, JsonSchema)]
struct List {
    /// For which area.
    area: String,
    items: Vec<Call>,
    /// There are more than are shown.
    more: bool,
    at: String,
}

#[derive(Serialize, JsonSchema)]
struct Call {
    #[serde(flatten)]
    item: Item,
    /// What is to be told: `close`, `reject` or `hang_up`.
    change: String,
    changed_at: String,
    name: Option<String>,
    phone: Option<String>,
    /// An answer is asked for.
    asks: bool,
    /// The reader handled it himself: he tells, but somebody else asks.
    own: bool,
}

fn is_own(who: &Who, case: &Case) -> bool {
    case.handled_by.is_some() && case.handled_by == who.person
}

fn show(req: &Req) -> Result<Reply> {
    let role = req.who.widest_desk().ok_or(Kind::Denied)?;
    let mut look = Look::new(&req.who, "calls");
    let view = req.app.db.read(|r| {
        let sql = format!(
            "select {COLUMNS} from reach where path >= $1 and path < $2 and wish = 'call' and changed_at is not null and told_at is null \
             order by changed_at, number limit $3"
        );
        let rows = r.rows(&sql, params![&role.path, area::end_of(&role.path), MOST + 1])?;
        let all: Vec<Reach> = rows.iter().map(read).collect::<store::Result<_>>()?;
        let more = all.len() as i64 > MOST;
        let (mut cases, mut reaches) = (Vec::new(), Vec::new());
        for reach in all.into_iter().take(MOST as usize) {
            if let Some(case) = by_id(r, &reach.case_id)? {
                cases.push(case);
                reaches.push(reach);
            }
        }
        let (book, shown) = (Rulebook::read(r, req.app)?, items(req, r, &cases, &mut look)?);
        let mut list = Vec::new();
        for ((case, reach), item) in cases.iter().zip(&reaches).zip(shown) {
            let relation = view::relation(case, &req.who, false, &book.chart, false);
            let words = said(r, case)?;
            let mut at = |element: &'static str| {
                let value = words.as_ref()?.element(element)?.to_owned();
                look.at(&case.graded(element, value), relation)
            };
            list.push(Call {
                item,
                change: reach.change.as_deref().and_then(|c| c.strip_prefix("case.")).unwrap_or_default().to_owned(),
                changed_at: req.app.time(reach.changed_at.unwrap_or_default()),
                name: at("case.contact_name"),
                phone: at("case.contact_phone"),
                asks: reach.asked_at.is_some(),
                own: is_own(&req.who, case),
            });
        }
        let area = area::by_id(r, &role.area)?.map(|a| a.name).unwrap_or_default();
        Ok::<_, Error>(List { area, items: list, more, at: req.app.time(req.now) })
    })?;
    look.record(req.app)?;
    req.page("records/reach/calls.html", &view)
}

fn told(req: &Req) -> Result<Reply> {
    let role = req.who.widest_desk().ok_or(Kind::Denied)?.clone();
    let answer = req.input()?.text("answer", 10)?.filter(|a| a != "none");
    let answer = answer.map(|a| Answer::parse(&a).ok_or_else(|| Kind::Unknown.at("answer"))).transpose()?;
    let number = req.param("number").to_owned();
    let case = req.app.db.read(|r| by_number(r, &number))?.filter(|c| c.path.starts_with(&role.path)).ok_or(Kind::NotFound)?;
    if answer.is_some() && is_own(&req.who, &case) {
        return Err(Kind::Denied.at("answer"));
    }
    let (who, book) = (req.who.clone(), Rulebook::now(req.app)?);
    req.once(move |tx| {
        let reach = of(tx, &case.id)?.filter(|r| r.wish == "call" && r.changed_at.is_some()).ok_or(Kind::NotFound)?;
        if reach.told_at.is_some() {
            return Err(Kind::Taken.into());
        }
        // The reporter rates; the entry beside it says who wrote it down, and how it came.
        let rated = match answer {
            Some(answer) => rate(tx, &book, &Who::system(), &reach, answer)? == "rated",
            None => false,
        };
        let now = tx.now();
        tx.exec("update reach set told_at = $2 where case_id = $1", params![&case.id, now])?;
        let entry = Entry {
            actor: who.person.as_deref(),
            role: Some(role.kind.as_str()),
            party: role.body.as_deref(),
            area: Some(&case.area),
            ..Entry::new("reach.told", "case", &case.id)
        };
        let entry = entry.fact("number", case.number.as_str()).fact("channel", "phone");
        tx.log(entry.fact_opt("score", answer.map(Answer::score).filter(|_| rated)))?;
        Ok(case.number.clone())
    })?;
    if req.wants_json() {
        return Reply::json(&serde_json::json!({ "number": number }));
    }
    Ok(Reply::see_other(req.url("/notices/calls")))
}
