//! The electronic file (电子协商档案): the whole record of one consultation, for the desks that answer for it.
//!
//! What must stay true: it holds what happened and in which order, each step with its place in the log, so that it can be
//! proved; personal values in it are decided about and their reads logged as everywhere.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::types::{Full, ItemView};
use super::{Consult, Depth, seat, view};
use crate::base::catalogue::{Graded, Look};
use crate::base::party::{self, Chart};
use crate::kit::error::Kind;
use crate::kit::{Req, Result};

/// The record.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct File {
    pub c: Full,
    /// The views with all that were replaced.
    pub items: Vec<ItemView>,
    /// Every step in its order.
    pub story: Vec<Event>,
    /// The rules it was graded under, whole.
    pub pack: Option<String>,
    /// Until when notice was to be given, in days.
    pub notice_days: i64,
}

/// A step of the record.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Event {
    pub at: String,
    /// Kind of the entry, without `consult.`.
    pub act: String,
    /// Its place in the log.
    pub index: u64,
    /// The organisation that did it; none for the program itself.
    pub party: Option<String>,
    /// Who did it, as far as the reader may know.
    pub by: Option<String>,
    pub seat: Option<i64>,
    pub number: Option<String>,
    pub words: Option<String>,
}

/// Reads the record.
pub fn of(req: &Req, q: &mut dyn Query, c: &Consult, look: &mut Look) -> Result<File> {
    if !c.is_run_by(&req.who) {
        return Err(Kind::Denied.into());
    }
    let all = seat::of(q, &c.id)?;
    let relation = view::relation(req, c, false);
    let chart = Chart::read(q, req.app)?;
    let mut story = Vec::new();
    for entry in q.history(&c.id)? {
        let act = entry.act.trim_start_matches("consult.").to_owned();
        // Who appraised is nobody's to know; how many did stands elsewhere.
        if act == "appraise" {
            continue;
        }
        let mut words = None;
        for element in ["consult.text", "consult.reason", "consult.minutes", "consult.word"] {
            if let Some(text) = entry.element(element).map(str::to_owned) {
                let own = matches!(element, "consult.text" | "consult.word");
                let owner = if own { c.owner() } else { &c.id };
                words = look.at(&Graded::new(element, owner, text).of(&c.number), relation);
            }
        }
        let name = entry.field("actor").map(|p| party::name_of(q, p)).transpose()?.flatten();
        story.push(Event {
            at: req.app.time(entry.at),
            act,
            index: entry.index,
            party: entry.field("party").map(|b| chart.name(b)).filter(|n| !n.is_empty()),
            by: name.and_then(|n| look.at(&n, relation)),
            seat: entry.leaf.get("x_seat").and_then(serde_json::Value::as_i64),
            number: entry.fact("case").map(str::to_owned),
            words,
        });
    }
    let rules = c.pack.as_ref().map(|_| c.rules()).transpose()?;
    let notice_days = rules.as_ref().map_or(0, |p| p.way(c.depth.unwrap_or(Depth::Deep)).notice_days);
    Ok(File {
        items: view::items(req, q, look, c, relation, (&all, true))?,
        c: view::full(req, q, c, look)?,
        story,
        pack: c.pack.clone(),
        notice_days,
    })
}
