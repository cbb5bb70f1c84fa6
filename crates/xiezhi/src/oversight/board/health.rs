//! How well the figures are fed: areas that told something and fell silent, counts that came late, what nobody here knows.
//!
//! What must stay true: a day without an entry is no fault by itself: an area is called silent only when it used to tell more often.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::measures::MEASURES;
use super::{read, text_of};
use crate::base::area::web::AreaView;
use crate::base::area::{self, Area};
use crate::kit::{App, Result};

/// Days that are looked at.
const DAYS: i64 = 30;
/// An area that told something on so many of them is missed when it tells nothing any more.
const USED_TO: i64 = 3;
/// Rows of each list.
const MOST: i64 = 200;

/// What is wrong, for whoever answers for an area.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    area: AreaView,
    line: Vec<AreaView>,
    days: i64,
    /// Days without anything after which an area is missed.
    quiet: i64,
    areas: i64,
    /// Those beneath of which something was heard.
    heard: i64,
    silent: Vec<Silent>,
    late: Vec<Late>,
    /// Shown at the top alone: nobody knows whose they are.
    unknown: Vec<Unknown>,
}

#[derive(Serialize, JsonSchema)]
struct Silent {
    area: AreaView,
    last: String,
    /// Days without anything.
    days: i64,
}

#[derive(Serialize, JsonSchema)]
struct Late {
    area: AreaView,
    late: i64,
    of: i64,
}

#[derive(Serialize, JsonSchema)]
struct Unknown {
    kind: String,
    code: String,
    first: String,
    last: String,
    n: i64,
}

/// Looks at the areas beneath one.
pub fn health(q: &mut dyn Query, app: &App, here: &Area, today: i64) -> Result<Health> {
    let quiet = app.config.file.board.quiet_days;
    let sql = "select area, max(day) last, count(*) days from board_day where parent = $1 and day >= $2 group by area";
    let mut told: HashMap<i64, (i64, i64)> = HashMap::new();
    for row in q.rows(sql, params![read::place(here).0, today - DAYS + 1])? {
        told.insert(row.get("area")?, (row.get("last")?, row.get("days")?));
    }
    let children = area::children(q, &here.id)?;
    let counted = read::beneath(q, here, today - DAYS + 1, today)?;
    let (mut silent, mut late, mut heard) = (Vec::new(), Vec::new(), 0);
    for child in &children {
        let num = read::place(child).0;
        let Some((last, days)) = told.get(&num) else { continue };
        heard += 1;
        if today - last >= quiet && *days >= USED_TO {
            silent.push(Silent { area: child.into(), last: text_of(app, *last), days: today - last });
        }
        if let Some(n) = counted.get(&num).filter(|n| n[MEASURES] > 0) {
            late.push(Late { area: child.into(), late: n[MEASURES], of: n[..MEASURES].iter().sum() });
        }
    }
    silent.truncate(MOST as usize);
    late.truncate(MOST as usize);
    let mut unknown = Vec::new();
    if here.parent.is_none() {
        let sql = "select kind, code, first_day, last_day, n from board_unknown order by last_day desc, kind, code limit $1";
        for row in q.rows(sql, params![MOST])? {
            let (first, last): (i64, i64) = (row.get("first_day")?, row.get("last_day")?);
            let (first, last) = (text_of(app, first), text_of(app, last));
            unknown.push(Unknown { kind: row.get("kind")?, code: row.get("code")?, first, last, n: row.get("n")? });
        }
    }
    let mut line: Vec<AreaView> = area::line(q, &here.id)?.iter().map(AreaView::from).collect();
    line.reverse();
    let areas = children.len() as i64;
    Ok(Health { area: here.into(), line, days: DAYS, quiet, areas, heard, silent, late, unknown })
}
