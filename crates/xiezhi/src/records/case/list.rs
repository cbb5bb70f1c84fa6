//! Work lists: which cases, in which order, page by page.
//!
//! What must stay true: a page costs the same however far it is turned (keyset cursors, not offsets); what a list holds
//! is decided by area and party alone, never by anything hidden.

use store::{Query, Row, Value, params};

use super::rules::Overlay;
use super::{COLUMNS, Case, read};
use crate::base::area;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::form::Form;

/// Cases of a page.
pub const PAGE: usize = 50;

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `open`, or one of the states.
    pub state: Option<String>,
    /// What lies over its state.
    pub overlay: Option<Overlay>,
    /// Class code.
    pub class: Option<String>,
    /// Path of an area: it and all beneath.
    pub path: Option<String>,
    /// Organisation that holds it.
    pub holder: Option<String>,
    /// Organisation that handles it.
    pub handler: Option<String>,
    /// Only those whose deadline has passed.
    pub overdue: bool,
    /// Number, or the beginning of one.
    pub number: Option<String>,
    /// Soonest deadline first; else newest first.
    pub by_due: bool,
    /// Where the page begins.
    pub cursor: Option<String>,
}

impl Filter {
    /// Reads `state class area holder overdue q cursor` from a query.
    pub fn parse(q: &mut dyn Query, form: &Form) -> Result<Filter> {
        let text = |name: &str| form.get(name).map(str::to_owned);
        let path = match form.get("area") {
            Some(code) => Some(area::by_code(q, code)?.ok_or_else(|| Kind::Unknown.at("area"))?.path),
            None => None,
        };
        Ok(Filter {
            state: text("state"),
            overlay: form.get("overlay").and_then(Overlay::parse),
            class: text("class"),
            path,
            holder: text("holder"),
            handler: None,
            overdue: matches!(form.get("overdue"), Some("1" | "true")),
            number: text("q"),
            by_due: form.get("sort") == Some("due"),
            cursor: text("cursor"),
        })
    }

    /// The conditions as SQL with its parameters. Every text in it is fixed here; what a person typed is a parameter.
    fn sql(&self, now: i64) -> (String, Vec<Value>) {
        let mut all = Where::default();
        match self.state.as_deref() {
            Some("open") => all.0.push("due_at is not null".into()),
            Some(state) => all.add("state =", state),
            None => {}
        }
        if let Some(overlay) = self.overlay {
            all.add("overlay =", overlay.as_str());
        }
        if let Some(class) = &self.class {
            all.add("class =", class);
        }
        if let Some(path) = &self.path {
            all.add("path >=", path);
            all.add("path <", &area::end_of(path));
        }
        if let Some(holder) = &self.holder {
            all.add("holder =", holder);
        }
        if let Some(handler) = &self.handler {
            all.add("handler =", handler);
        }
        if self.overdue {
            all.0.push("due_at is not null".into());
            all.0.push(format!("(overdue_at is not null or due_at <= ${})", all.1.len() + 1));
            all.1.push(now.into());
        }
        if let Some(number) = &self.number {
            let digits: String =
                number.chars().map(calc::codes::half_width).filter(|c| c.is_ascii_digit() || *c == '-').collect();
            all.add("number >=", &digits);
            all.add("number <", &format!("{digits}~"));
        }
        (if all.0.is_empty() { "1 = 1".into() } else { all.0.join(" and ") }, all.1)
    }
}

/// Conditions joined by `and`, with their parameters.
#[derive(Default)]
struct Where(Vec<String>, Vec<Value>);

impl Where {
    fn add(&mut self, condition: &str, value: &str) {
        self.1.push(value.into());
        self.0.push(format!("{condition} ${}", self.1.len()));
    }
}

/// A page of cases, and where the next one begins.
pub fn find(q: &mut dyn Query, filter: &Filter, now: i64, limit: usize) -> Result<(Vec<Case>, Option<String>)> {
    let (mut sql, mut params) = filter.sql(now);
    let key = if filter.by_due { "due_at" } else { "received_at" };
    let (less, order) = if filter.by_due { (">", "asc") } else { ("<", "desc") };
    if let Some(cursor) = &filter.cursor {
        let (at, id) = cursor
            .split_once('.')
            .and_then(|(a, id)| Some((a.parse::<i64>().ok()?, id)))
            .ok_or_else(|| Kind::WrongType.at("cursor"))?;
        let n = params.len();
        sql.push_str(&format!(" and ({key} {less} ${} or ({key} = ${} and id {less} ${}))", n + 1, n + 2, n + 3));
        params.extend([at.into(), at.into(), id.into()]);
    }
    if filter.by_due {
        sql.push_str(" and due_at is not null");
    }
    params.push((limit + 1).into());
    let sql = format!("select {COLUMNS} from cases where {sql} order by {key} {order}, id {order} limit ${}", params.len());
    let mut cases: Vec<Case> = q.rows(&sql, &params)?.iter().map(read).collect::<store::Result<_>>()?;
    let more = cases.len() > limit;
    cases.truncate(limit);
    let next = cases.last().filter(|_| more).map(|c| {
        let at = if filter.by_due { c.due_at.unwrap_or_default() } else { c.received_at };
        format!("{at}.{}", c.id)
    });
    Ok((cases, next))
}

/// How many cases fit.
pub fn count(q: &mut dyn Query, filter: &Filter, now: i64) -> Result<i64> {
    let (sql, params) = filter.sql(now);
    Ok(q.count(&format!("select count(*) from cases where {sql}"), &params)?)
}

/// How many cases an area has ever had, from the tally.
pub fn count_all(q: &mut dyn Query, path: &str) -> store::Result<i64> {
    let sql = "select cast(coalesce(sum(t.n), 0) as bigint) from case_tally t join area a on a.id = t.area where a.path >= $1 and a.path < $2";
    q.count(sql, params![path, area::end_of(path)])
}

/// What a person reported, newest first.
pub fn by_reporter(q: &mut dyn Query, person: &str) -> store::Result<Vec<Case>> {
    let sql = format!("select {COLUMNS} from cases where reporter = $1 order by received_at desc limit 100");
    q.rows(&sql, params![person])?.iter().map(|r: &Row| read(r)).collect()
}
