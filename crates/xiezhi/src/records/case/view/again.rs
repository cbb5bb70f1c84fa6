//! What readers see of recurrence: what a case is linked with, and for the desk what it may repeat.
//!
//! What must stay true: nobody sees in a link a case that he could not see otherwise.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Item, items};
use crate::base::catalogue::Look;
use crate::base::classes::Visibility;
use crate::kit::{Req, Result};
use crate::records::case::link::{self, Earlier, Spot};
use crate::records::case::{Case, Rulebook, by_id};

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
    let may = link::may(who, case);
    let mut out = Again { links: Vec::new(), suggested: Vec::new(), may: may && case.state.is_open() };
    if hidden {
        return Ok(out);
    }
    let mut others = Vec::new();
    for link in link::of(q, &case.id)? {
        let before = link.case_id == case.id;
        let Some(other) = by_id(q, if before { &link.other } else { &link.case_id })? else { continue };
        // A private case is nobody's to find by way of another one.
        let own = other.reporter.is_some() && other.reporter == who.person;
        if book.class(&other).visibility == Visibility::Private && !own && !link::may(who, &other) {
            continue;
        }
        others.push((link, before, other));
    }
    let cases: Vec<Case> = others.iter().map(|(_, _, c)| c.clone()).collect();
    for ((link, before, other), item) in others.into_iter().zip(items(req, q, &cases, look)?) {
        out.links.push(LinkView {
            item,
            way: if before { "before" } else { "after" },
            at: req.app.time(if before { other.closed_at.unwrap_or(other.received_at) } else { other.received_at }),
            made_by: link.made_by,
            may_undo: may && before,
        });
    }
    if out.may && out.links.iter().all(|l| l.way != "before") {
        let found: Vec<Earlier> = link::find(q, book, case)?.into_iter().take(SHOWN).collect();
        let cases: Vec<Case> = found.iter().map(|e| e.case.clone()).collect();
        let items = items(req, q, &cases, look)?;
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
