//! The page of open orders to hurry (督办).

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, Row, Value};

use super::PAGE;
use crate::base::area;
use crate::base::catalogue::Look;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::time::Ms;
use crate::kit::{Error, Reply, Req, Result, Role, Route, Who};
use crate::records::case::view::{self, Item};
use crate::records::case::{Rulebook, by_ids};

/// Routes of this room.
pub const ROUTES: &[Route] = &[Route::get(
    "/orders",
    May::Staff,
    list,
    "Open orders to hurry in the caller's area or on what his organisation handles, the soonest first; `cursor`.",
)
.gives::<Orders>()];

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
    if let Some(desk) = who.widest_desk() {
        return Some(("c.path >= $1 and c.path < $2".into(), vec![desk.path.as_str().into(), area::end_of(&desk.path).into()]));
    }
    let own = |r: &&Role| r.kind.is_handler() && !r.kind.walks();
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
