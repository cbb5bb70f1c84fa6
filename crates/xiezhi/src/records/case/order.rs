//! Orders to hurry (督办): given by somebody above, or arisen by a rule of the catalogue; and the page that lists them.
//!
//! What must stay true: an order names who gave it or by which rule; each rule gives one order for a case, ever; an order
//! is open until its case is settled, or, when it arose on a settled one, until that was reviewed or settled again. It may
//! shorten a clock, never lengthen it, and it wakes nothing that rests.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Entry, Query, Row, Tx, Value, params};

use super::rules::Overlay;
use super::view::{self, Item};
use super::{Case, Rulebook, by_ids};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::base::classes::Reason;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Reply, Req, Result, Route, Who};

/// Routes of this room.
pub const ROUTES: &[Route] = &[Route::get(
    "/orders",
    May::Staff,
    list,
    "Open orders to hurry in the caller's area or on what his organisation handles, the soonest first; `cursor`.",
)
.gives::<Orders>()];

/// How far back the same thing at the same place counts as happening again.
const BACK: Ms = 90 * DAY;
/// Orders of a page.
const PAGE: usize = 50;

/// An order that has arisen and is to be written.
pub(super) struct Fired {
    rule: &'static str,
    due: Ms,
}

/// The rules that a step makes true: each shortens the clock and is counted, and is then given to [`write`].
pub(super) fn fire(tx: &mut Tx, book: &Rulebook, before: &Case, after: &mut Case) -> Result<Vec<Fired>> {
    let now = tx.now();
    let mut fired = Vec::new();
    for rule in &book.classes.orders {
        let met = match rule.when {
            Reason::Followers => before.followers < rule.n && rule.n <= after.followers,
            Reason::RatedLow => before.score != after.score && after.score.is_some_and(|s| s <= rule.n),
            Reason::Reopened => before.reopens < rule.n && rule.n <= after.reopens,
            Reason::MovedUp => before.level < rule.n && rule.n <= after.level && after.overdue_at.is_some(),
            Reason::Recurring => before.class != after.class && settled_there(tx, after, now)? >= rule.n,
        };
        // Counts may pass a number twice (a case that comes to rest and moves up anew); the order is given once.
        let known = "select count(*) from case_order where case_id = $1 and rule = $2";
        if !met || tx.count(known, params![&after.id, rule.when.as_str()])? > 0 {
            continue;
        }
        let due = book.within(rule.within, now);
        after.orders += 1;
        if !after.overlay.is_some_and(Overlay::rests) {
            after.due_at = after.due_at.map(|d| d.min(due));
        }
        fired.push(Fired { rule: rule.when.as_str(), due });
    }
    Ok(fired)
}

/// How many of the same class were settled at the same asset or building of late.
fn settled_there(tx: &mut Tx, case: &Case, now: Ms) -> Result<i64> {
    let Some(class) = &case.class else { return Ok(0) };
    let (column, place) = match (&case.asset, &case.building) {
        (Some(asset), _) => ("asset", asset),
        (None, Some(building)) => ("building", building),
        _ => return Ok(0),
    };
    let sql = format!(
        "select count(*) from cases where {column} = $1 and class = $2 and state = 'closed' and received_at >= $3 and id <> $4"
    );
    Ok(tx.count(&sql, params![place, class, now - BACK, &case.id])?)
}

/// Writes what has arisen, with an entry of the log for each; and settles what the step has settled.
pub(super) fn write(tx: &mut Tx, before: &Case, after: &Case, fired: &[Fired]) -> Result<()> {
    for f in fired {
        insert(tx, after, Some(f.rule), None, f.due)?;
        let entry =
            Entry { area: Some(&after.area), owner: Some(&after.owner), ..Entry::new("case.supervise", "case", &after.id) };
        let entry = entry
            .fact("number", after.number.as_str())
            .fact("state", after.state.as_str())
            .fact_opt("holder", after.holder.as_deref())
            .fact("until", f.due)
            .fact("rule", f.rule);
        let charged = after.handler.as_deref().or(after.holder.as_deref());
        tx.log(entry.fact("counts", "supervised").fact_opt("charged", charged).fact_opt("of_class", after.class.as_deref()))?;
    }
    let settled = before.state.is_open() && !after.state.is_open();
    if before.orders > 0 && (settled || before.review != after.review) {
        let sql = "update case_order set settled_at = $2 where case_id = $1 and settled_at is null";
        tx.exec(sql, params![&after.id, tx.now()])?;
    }
    Ok(())
}

/// Notes an order that somebody gave.
pub(super) fn given(tx: &mut Tx, who: &Who, before: &Case, after: &Case, until: Option<Ms>) -> Result<()> {
    let giver = who.roles.iter().filter(|r| r.kind.is_desk() && before.path.starts_with(&r.path)).min_by_key(|r| r.path.len());
    let due = until.or(after.due_at).unwrap_or(tx.now());
    insert(tx, after, None, giver.and_then(|r| r.body.as_deref()), due)
}

fn insert(tx: &mut Tx, case: &Case, rule: Option<&str>, body: Option<&str>, due: Ms) -> Result<()> {
    let (id, now) = (tx.id(), tx.now());
    let sql = "insert into case_order(id, case_id, rule, body, at, due_at) values ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, params![id, &case.id, rule, body, now, due])?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
struct Orders {
    items: Vec<Order>,
    next: Option<String>,
}

/// An open order.
#[derive(Serialize, JsonSchema)]
struct Order {
    #[serde(flatten)]
    item: Item,
    /// Organisation that gave it; null when a rule did.
    by: Option<String>,
    /// `followers`, `rated_low`, `reopened`, `moved_up` or `recurring`.
    rule: Option<String>,
    given_at: String,
    /// By when it must be done.
    until: String,
    late: bool,
}

/// Whose orders a person sees: a desk those of its area, others those on what they handle or hold.
fn seen_by(who: &Who) -> Option<(String, Vec<Value>)> {
    if let Some(desk) = who.roles.iter().filter(|r| r.kind.is_desk()).min_by_key(|r| r.path.len()) {
        return Some(("c.path >= $1 and c.path < $2".into(), vec![desk.path.as_str().into(), area::end_of(&desk.path).into()]));
    }
    let own = |r: &&crate::kit::Role| r.kind.is_handler() && !r.kind.walks();
    let bodies: Vec<Value> = who.roles.iter().filter(own).filter_map(|r| r.body.as_deref()).map(Value::from).collect();
    let list: Vec<String> = (1..=bodies.len()).map(|n| format!("${n}")).collect();
    let list = list.join(", ");
    (!bodies.is_empty()).then(|| (format!("(c.handler in ({list}) or c.holder in ({list}))"), bodies))
}

fn list(req: &Req) -> Result<Reply> {
    let (mut condition, mut params) = seen_by(&req.who).ok_or(Kind::Denied)?;
    if let Some(cursor) = req.query.get("cursor") {
        let (at, id) = cursor.split_once('.').ok_or_else(|| Kind::WrongType.at("cursor"))?;
        let at: Ms = at.parse().map_err(|_| Kind::WrongType.at("cursor"))?;
        let n = params.len();
        condition.push_str(&format!(" and (o.due_at > ${} or o.due_at = ${} and o.id > ${})", n + 1, n + 2, n + 3));
        params.extend([at.into(), at.into(), id.into()]);
    }
    params.push((PAGE + 1).into());
    let sql = format!(
        "select o.id, o.case_id, o.rule, o.body, o.at, o.due_at from case_order o join cases c on c.id = o.case_id \
         where o.settled_at is null and {condition} order by o.due_at, o.id limit ${}",
        params.len()
    );
    let mut look = Look::new(&req.who, "orders");
    let view = req.app.db.read(|r| {
        let mut rows = r.rows(&sql, &params)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let end = |row: &Row| Ok::<_, store::Error>(format!("{}.{}", row.get::<Ms>("due_at")?, row.get::<String>("id")?));
        let next = rows.last().filter(|_| more).map(end).transpose()?;
        let ids: Vec<String> = rows.iter().map(|row| row.get("case_id")).collect::<store::Result<_>>()?;
        // An order is of a case that is there, and cases are never deleted.
        let cases = by_ids(r, &ids)?;
        let chart = Rulebook::read(r, req.app)?.chart;
        let mut items = Vec::new();
        for (row, item) in rows.iter().zip(view::items(req, r, &cases, &mut look)?) {
            let due: Ms = row.get("due_at")?;
            items.push(Order {
                item,
                by: row.get::<Option<String>>("body")?.map(|b| chart.name(&b)),
                rule: row.get("rule")?,
                given_at: req.app.time(row.get("at")?),
                until: req.app.time(due),
                late: due <= req.now,
            });
        }
        Ok::<_, Error>(Orders { items, next })
    })?;
    look.record(req.app)?;
    req.page("records/case/orders.html", &view)
}
