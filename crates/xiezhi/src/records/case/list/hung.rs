//! The library of what was put off (挂账问题库): what cannot be solved now, why, and when it comes back. Public, because a
//! matter that rests in silence is a matter that vanished.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Filter, PAGE};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::Look;
use crate::base::classes::Visibility;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Error, Reply, Req, Result, Route};
use crate::records::case::Rulebook;
use crate::records::case::rules::Overlay;
use crate::records::case::view::{self, Item};
use store::Query as _;

/// Routes of this room.
pub const ROUTES: &[Route] =
    &[Route::get("/hung-up", May::Anyone, hung_up, "What was put off, why, and when it comes back; `area` narrows it.")
        .gives::<HungUp>()];

#[derive(Serialize, JsonSchema)]
struct HungUp {
    area: Option<AreaView>,
    items: Vec<Put>,
    next: Option<String>,
}

/// One matter that was put off.
#[derive(Serialize, JsonSchema)]
struct Put {
    #[serde(flatten)]
    item: Item,
    /// Why, in the words of whoever put it off.
    reason: Option<String>,
    since: Option<String>,
}

fn hung_up(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "hung-up");
    let view = req.app.db.read(|r| {
        let area = match req.query.get("area").filter(|c| !c.is_empty()) {
            Some(code) => Some(area::by_code(r, code)?.ok_or_else(|| Kind::Unknown.at("area"))?),
            None => None,
        };
        let filter = Filter {
            overlay: Some(Overlay::HungUp),
            path: area.as_ref().map(|a| a.path.clone()),
            by_due: true,
            cursor: req.query.get("cursor").map(str::to_owned),
            ..Filter::default()
        };
        let (cases, next) = super::find(r, &filter, PAGE)?;
        let book = Rulebook::read(r, req.app)?;
        let mut items = Vec::new();
        for (case, item) in cases.iter().zip(view::items(req, r, &cases, &mut look)?) {
            let steps = r.history(&case.id)?;
            let put = steps.iter().rev().find(|w| w.fact("overlay") == Some(Overlay::HungUp.as_str()));
            let relation = view::relation(case, &req.who, false, &book.chart, false);
            let words = put.and_then(|w| w.element("case.note")).filter(|_| book.class(case).visibility != Visibility::Private);
            let reason = words.and_then(|v| look.at(&case.graded("case.reason", v.to_owned()), relation));
            items.push(Put { item, reason, since: put.map(|w| req.app.time(w.at)) });
        }
        Ok::<_, Error>(HungUp { area: area.as_ref().map(Into::into), items, next })
    })?;
    look.record(req.app)?;
    req.page("records/case/hung.html", &view)
}
