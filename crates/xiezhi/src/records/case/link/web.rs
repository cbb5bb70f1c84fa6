//! What readers see of recurrence, and how a desk says that a case is the same thing again.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Earlier, Spot};
use crate::base::catalogue::Look;
use crate::base::classes::Visibility;
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::{Reply, Req, Result, Route};
use crate::records::case::view::{self, Item, Matter};
use crate::records::case::web::shown;
use crate::records::case::{Case, Rulebook, by_id, by_number};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::post(
        "/cases/{number}/links",
        May::Staff,
        make,
        "Says that a case is the same thing again as a solved one: `{to: number}`.",
    )
    .gives::<Matter>(),
    Route::post("/cases/{number}/links/{other}/undo", May::Staff, undo, "Takes that back: `{reason?}`.").gives::<Matter>(),
];

/// Suggestions that are shown.
const SHOWN: usize = 3;

/// The same thing before and after.
#[derive(Serialize, JsonSchema)]
pub struct Again {
    /// Cases it is linked with.
    pub links: Vec<LinkView>,
    /// Solved cases that it may repeat, for the desk.
    pub suggested: Vec<Suggestion>,
    /// The reader may link it.
    pub may: bool,
}

/// A linked case.
#[derive(Serialize, JsonSchema)]
pub struct LinkView {
    /// The other case.
    #[serde(flatten)]
    pub item: Item,
    /// `before`: the earlier one; `after`: the later one.
    pub way: &'static str,
    /// When it was settled, or for a later one when it came.
    pub at: String,
    /// `rule` or `desk`.
    pub made_by: String,
    /// The reader may take it back.
    pub may_undo: bool,
}

/// A solved case that this one may repeat.
#[derive(Serialize, JsonSchema)]
pub struct Suggestion {
    /// The earlier case.
    #[serde(flatten)]
    pub item: Item,
    /// `asset`, `building` or `near`.
    pub spot: &'static str,
    /// Metres apart, when near.
    pub metres: Option<u32>,
    /// Days since its close.
    pub days: i64,
    /// Of exactly the same class.
    pub same_class: bool,
    /// Words that both have.
    pub words: Vec<String>,
}

/// Links and suggestions of a case, as this reader may see them. `hidden`: what the case is about is not for him.
pub fn again(req: &Req, q: &mut dyn Query, book: &Rulebook, case: &Case, hidden: bool, look: &mut Look) -> Result<Again> {
    let who = &req.who;
    let may = super::may(who, case);
    let mut out = Again { links: Vec::new(), suggested: Vec::new(), may: may && case.state.is_open() };
    if hidden {
        return Ok(out);
    }
    let mut others = Vec::new();
    for link in super::of(q, &case.id)? {
        let before = link.case_id == case.id;
        let Some(other) = by_id(q, if before { &link.other } else { &link.case_id })? else { continue };
        // A private case is nobody's to find by way of another one.
        let own = other.reporter.is_some() && other.reporter == who.person;
        if book.class(&other).visibility == Visibility::Private && !own && !super::may(who, &other) {
            continue;
        }
        others.push((link, before, other));
    }
    let cases: Vec<Case> = others.iter().map(|(_, _, c)| c.clone()).collect();
    for ((link, before, other), item) in others.into_iter().zip(view::items(req, q, &cases, look)?) {
        out.links.push(LinkView {
            item,
            way: if before { "before" } else { "after" },
            at: req.app.time(if before { other.closed_at.unwrap_or(other.received_at) } else { other.received_at }),
            made_by: link.made_by,
            may_undo: may && before,
        });
    }
    if out.may && out.links.iter().all(|l| l.way != "before") {
        let found: Vec<Earlier> = super::find(q, book, case)?.into_iter().take(SHOWN).collect();
        let cases: Vec<Case> = found.iter().map(|e| e.case.clone()).collect();
        let items = view::items(req, q, &cases, look)?;
        out.suggested = items.into_iter().zip(found).map(|(item, e)| suggestion(item, e)).collect();
    }
    Ok(out)
}

fn suggestion(item: Item, e: Earlier) -> Suggestion {
    let (spot, metres) = match e.spot {
        Spot::Asset => ("asset", None),
        Spot::Building => ("building", None),
        Spot::Metres(m) => ("near", Some(m)),
    };
    Suggestion { item, spot, metres, days: e.days, same_class: e.same_class, words: e.words }
}

fn make(req: &Req) -> Result<Reply> {
    let case = req.app.db.read(|r| by_number(r, req.param("number")))?.ok_or(Kind::NotFound)?;
    let input = req.input()?;
    // A form offers likely answers beside the field.
    let other = input.text("to", 40)?.or(input.text("pick", 40)?).ok_or_else(|| Kind::Missing.at("to"))?;
    let (who, id) = (req.who.clone(), case.id.clone());
    req.once(move |tx| super::make(tx, &who, &id, &other).map(|()| other))?;
    shown(req, &case.number, None, "link")
}

fn undo(req: &Req) -> Result<Reply> {
    let case = req.app.db.read(|r| by_number(r, req.param("number")))?.ok_or(Kind::NotFound)?;
    let reason = req.input()?.text("reason", 1000)?;
    let (who, id, other) = (req.who.clone(), case.id.clone(), req.param("other").to_owned());
    req.once(move |tx| super::undo(tx, &who, &id, &other, reason.as_deref()).map(|()| other))?;
    shown(req, &case.number, None, "unlink")
}
