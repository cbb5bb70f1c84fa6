//! Homes of the visit list, as their visitors may read them.
//!
//! What must stay true: whoever may not know a home does not learn that there is one.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::plan::days;
use super::{care, relation, visit};
use crate::base::area;
use crate::base::catalogue::Look;
use crate::base::party::Chart;
use crate::kit::{Req, Result};

/// A home of the visit list.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct HomeView {
    pub id: String,
    pub name: Option<String>,
    pub door: Option<String>,
    pub phone: Option<String>,
    pub building: Option<String>,
    pub building_name: String,
    pub why: &'static str,
    /// Days between two visits.
    pub every: i64,
    /// Days since the last one.
    pub days: Option<i64>,
    /// It is time.
    pub due: bool,
}

/// The homes of an area, those that are due first.
pub fn homes(req: &Req, q: &mut dyn Query, path: &str, look: &mut Look) -> Result<Vec<HomeView>> {
    let chart = Chart::read(q, req.app)?;
    let last = visit::last_at_homes(q, path)?;
    let mut out = Vec::new();
    for home in care::of(q, path)? {
        let [name, door, phone] = home.shown(look, relation(&req.who, &chart, &home.path)?);
        // Whoever may not know a home does not learn that there is one.
        if name.is_none() {
            continue;
        }
        let building_name = match &home.building {
            Some(id) => area::building(q, id)?.map(|b| b.name).unwrap_or_default(),
            None => String::new(),
        };
        let since = last.get(&home.id).map(|at| days(req.now, *at));
        let due = since.is_none_or(|d| d >= home.every);
        let (why, every) = (home.why.as_str(), home.every);
        out.push(HomeView {
            id: home.id,
            name,
            door,
            phone,
            building: home.building,
            building_name,
            why,
            every,
            days: since,
            due,
        });
    }
    out.sort_by_key(|h| (!h.due, -h.days.unwrap_or(i64::MAX / 2)));
    Ok(out)
}
