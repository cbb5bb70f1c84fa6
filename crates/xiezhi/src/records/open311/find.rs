//! Which requests: the filters of `GET requests` as SQL.
//!
//! What must stay true: what a person typed is a parameter, never a text of the statement; every answer has a limit and
//! walks along an index of times, so it costs the same in a large node; cases of private classes are found by nobody but
//! the partner who filed them.

use store::{Query, Value as Sql};

use super::ask::Ask;
use super::fault::{Fault, Faults};
use super::keys;
use super::services::{self, OTHER};
use crate::base::{area, classes};
use crate::kit::Result;
use crate::kit::time::{DAY, Ms};
use crate::records::case::list::OPEN;
use crate::records::case::{self, Case};

/// Longest span between two dates.
pub const SPAN: Ms = 90 * DAY;
/// Requests of one answer.
pub const MOST: usize = 1000;
/// Requests of one answer with `extensions`: each has its history in it.
const MOST_EXTENDED: usize = 100;
/// How far pages can be turned.
const REACH: i64 = 50_000;
/// Ids or codes that may be asked for at once.
const MOST_IDS: usize = 200;

/// Which requests.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    ids: Option<Vec<String>>,
    codes: Vec<String>,
    /// Requested from, to.
    requested: Option<(Ms, Ms)>,
    /// Updated from, to.
    updated: Option<(Ms, Ms)>,
    open: Option<bool>,
    path: Option<String>,
    /// Classes whose cases are not public.
    private: Vec<String>,
    /// The key that asks: it finds what it filed itself.
    own: Option<String>,
    /// How many.
    pub size: usize,
    skip: i64,
    /// Oldest first, after this one.
    pub after: Option<(Ms, String)>,
    /// Oldest first.
    pub oldest_first: bool,
}

/// Whether the answer goes beyond the standard.
pub fn extended(ask: &Ask) -> bool {
    ask.text("extensions").is_some_and(|t| t.eq_ignore_ascii_case("true"))
}

/// Reads the filters.
pub fn parse(ask: &Ask) -> std::result::Result<Filter, Faults> {
    let mut filter = Filter {
        own: ask.key.as_ref().map(|k| keys::source(&k.id)),
        path: ask.place.as_ref().map(|j| j.path.clone()),
        private: services::private(&*services::catalogue(ask.req.app)?),
        size: MOST,
        ..Filter::default()
    };
    let mut ids = ask.list("service_request_id");
    if !ids.is_empty() {
        ids.sort();
        ids.dedup();
        if ids.len() > MOST_IDS {
            return Err(Fault::bad("too-many", format!("service_request_id ({MOST_IDS})")).into());
        }
        // It overrides everything else.
        filter.ids = Some(ids);
        return Ok(filter);
    }
    let mut faults = Faults::default();
    let mut keep = |fault: Fault| faults.0.push(fault);
    filter.codes = ask.list("service_code");
    if filter.codes.len() > MOST_IDS {
        keep(Fault::bad("too-many", format!("service_code ({MOST_IDS})")));
    }
    let statuses: Vec<String> = ask.list("status").iter().map(|s| s.to_ascii_lowercase()).collect();
    if let Some(wrong) = statuses.iter().find(|s| !matches!(s.as_str(), "open" | "closed")) {
        keep(Fault::bad("status", wrong.as_str()));
    }
    let (open, closed) = (statuses.iter().any(|s| s == "open"), statuses.iter().any(|s| s == "closed"));
    filter.open = (open != closed).then_some(open);
    let mut range = |from: &'static str, to: &'static str| -> Option<(Ms, Ms)> {
        let mut one = |name| {
            ask.time(name).unwrap_or_else(|f| {
                keep(f);
                None
            })
        };
        let (a, b) = match (one(from), one(to)) {
            (None, None) => return None,
            (Some(a), None) => (a, (a + SPAN).min(ask.req.now.max(a))),
            (None, Some(b)) => (b - SPAN, b),
            (Some(a), Some(b)) => (a, b),
        };
        if b < a || b - a > SPAN {
            keep(Fault::bad("span", (SPAN / DAY).to_string()));
        }
        Some((a, b))
    };
    filter.requested = range("start_date", "end_date");
    filter.updated = range("updated_after", "updated_before");
    if filter.requested.is_none() && filter.updated.is_none() {
        filter.requested = Some((ask.req.now - SPAN, ask.req.now));
    }
    let most = if extended(ask) { MOST_EXTENDED } else { MOST };
    // A client that asks for more than fits on a page gets a full page, not an error.
    let size = ask.number("page_size", 1, 1_000_000).unwrap_or_else(|f| {
        faults.0.push(f);
        None
    });
    filter.size = size.map_or(most, |n| (n as usize).min(most));
    match ask.number("page", 1, REACH) {
        Ok(page) => filter.skip = (page.unwrap_or(1) - 1) * filter.size as i64,
        Err(fault) => faults.0.push(fault),
    }
    if filter.skip > REACH {
        faults.0.push(Fault::bad("page", REACH.to_string()));
    }
    faults.check()?;
    Ok(filter)
}

/// Conditions joined by `and`, with their parameters.
#[derive(Default)]
struct Where(Vec<String>, Vec<Sql>);

impl Where {
    /// A parameter; gives its mark.
    fn put(&mut self, value: impl Into<Sql>) -> String {
        self.1.push(value.into());
        format!("${}", self.1.len())
    }

    fn put_all(&mut self, values: &[String]) -> String {
        values.iter().map(|v| self.put(v)).collect::<Vec<_>>().join(",")
    }
}

impl Filter {
    /// The one request with this id.
    pub fn one(ask: &Ask, q: &mut dyn Query, id: &str) -> Result<Filter> {
        let own = ask.key.as_ref().map(|k| keys::source(&k.id));
        let private = services::private(&*classes::read_now(q, ask.req.app)?);
        Ok(Filter {
            private,
            ids: Some(vec![id.to_owned()]),
            own,
            path: ask.place.as_ref().map(|j| j.path.clone()),
            size: 1,
            ..Filter::default()
        })
    }

    /// The one request with this id, public or not, wherever it is: whether a key may touch it is decided by the rules.
    pub fn any(id: &str) -> Filter {
        Filter { ids: Some(vec![id.to_owned()]), size: 1, ..Filter::default() }
    }

    /// The requests.
    pub fn find(&self, q: &mut dyn Query) -> store::Result<Vec<Case>> {
        let mut w = Where::default();
        if let Some(ids) = &self.ids {
            let marks = w.put_all(ids);
            w.0.push(format!("number in ({marks})"));
        }
        if !self.codes.is_empty() {
            let marks = w.put_all(&self.codes);
            let unsorted = if self.codes.iter().any(|c| c == OTHER) { " or class is null" } else { "" };
            w.0.push(format!("(class in ({marks}){unsorted})"));
        }
        for (column, range) in [("received_at", self.requested), ("updated_at", self.updated)] {
            if let Some((from, to)) = range {
                let (from, to) = (w.put(from), w.put(to));
                w.0.push(format!("{column} >= {from} and {column} <= {to}"));
            }
        }
        if let Some(open) = self.open {
            w.0.push(if open { OPEN } else { "closed_at is not null" }.into());
        }
        if let Some(path) = &self.path {
            let (from, to) = (w.put(path), w.put(area::end_of(path)));
            // Not along the paths: along the times.
            w.0.push(format!("{{+}}path >= {from} and {{+}}path < {to}"));
        }
        if !self.private.is_empty() {
            let marks = w.put_all(&self.private);
            let own = match &self.own {
                Some(own) => {
                    let (from, to) = (w.put(own), w.put(area::end_of(own)));
                    format!(" or source >= {from} and source < {to}")
                }
                None => String::new(),
            };
            w.0.push(format!("(class is null or class not in ({marks}){own})"));
        }
        let key = if self.updated.is_some() && self.requested.is_none() { "updated_at" } else { "received_at" };
        if let Some((at, id)) = &self.after {
            let (at, same, id) = (w.put(*at), w.put(*at), w.put(id));
            w.0.push(format!("({key} > {at} or ({key} = {same} and id > {id}))"));
        }
        let order = if self.oldest_first { "asc" } else { "desc" };
        let (size, skip) = (w.put(self.size), w.put(self.skip));
        let sql = format!(
            "select {} from cases where {} order by {key} {order}, id {order} limit {size} offset {skip}",
            case::COLUMNS,
            w.0.join(" and ")
        );
        q.rows(&sql, &w.1)?.iter().map(case::read).collect()
    }

    /// The time by which the answer is ordered.
    pub fn key_of(&self, case: &Case) -> Ms {
        if self.updated.is_some() && self.requested.is_none() { case.updated_at } else { case.received_at }
    }
}
