//! Work lists: which cases, in which order, page by page.
//!
//! What must stay true: a page costs the same however far it is turned (keyset cursors, not offsets) and however many
//! cases there are; what a list holds is decided by area and party alone, never by anything hidden.
//!
//! Cost: one condition leads and has an index (migrations 0015, 0025), the others are looked at on the way. An area with few
//! fitting cases (the tally knows, of one class a bounded count) leads itself and is sorted; one with more leads by each
//! of its grids, whose newest are merged, as long as there are not too many grids; else the order leads, and a page is
//! found soon because what fits is frequent. SQLite would choose by guesses, so it is chosen here.

/// What was put off.
pub mod hung;
/// Orders to hurry.
pub mod orders;
/// Pages that show many cases.
pub mod pages;
/// The same cases by squares.
pub mod spots;

use store::{Query, Row, Value, params};

use super::rules::{Overlay, State};
use super::{COLUMNS, Case, read};
use crate::base::area;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::time::Ms;

/// Cases of a page.
pub const PAGE: usize = 50;
/// So many fitting cases of an area at most are sorted as a whole, where there is a better way for more.
const FEW: i64 = 300;
/// The same where there is none: the soonest deadlines of an area have no index.
const STILL_FEW: i64 = 2_000;
/// The same where the index itself tells which fit, and few do: one class of what ended in a rare way.
const SKIMMED: i64 = 10_000;
/// Beyond so many, nobody wants to know how many there are.
pub const COUNTED: i64 = 1_000;
/// Rows of the tally that are added up to find out whether there are few.
const TALLIED: i64 = 2_000;
/// Grids of an area whose newest cases are merged: a community has fewer.
const GRIDS: usize = 30;
/// So many digits of a number, a day, leave few enough cases to sort.
const DAY_DIGITS: usize = 6;

/// What is open, in the words of most indexes: the end comes once, the clock moves with each step. (inv01: one has a clock
/// exactly while it has no end.)
pub const OPEN: &str = "closed_at is null";
/// The same in the words of the index by area.
const RUNS: &str = "due_at is not null";

/// What an index is asked for first.
#[derive(Clone, Copy, PartialEq)]
enum Lead {
    /// The beginning of a number.
    Number,
    /// Organisation that holds or handles it.
    Body,
    /// Area, then sorted.
    Area,
    /// Each place in it, in the order of the list, then merged.
    Grids,
    /// Class, in the order of the list.
    Class,
    /// Class and area, then sorted.
    Both,
    /// The order itself.
    Order,
}

/// A column that no index shall be chosen for.
fn muted(column: &str) -> String {
    format!("{{+}}{column}")
}

/// States as a list for SQL.
fn words(states: impl Iterator<Item = State>) -> String {
    states.map(|s| format!("'{}'", s.as_str())).collect::<Vec<_>>().join(",")
}

/// Phases of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// Whatever is open.
    Open,
    /// One of them.
    In(State),
}

impl Wanted {
    /// Reads `open` or the name of a state.
    pub fn parse(text: &str) -> Result<Wanted> {
        match text {
            "open" => Ok(Wanted::Open),
            _ => Ok(Wanted::In(State::parse(text).ok_or_else(|| Kind::Unknown.at("state"))?)),
        }
    }
}

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In which phase.
    pub state: Option<Wanted>,
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
    /// Only those received since then.
    pub since: Option<Ms>,
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
            state: form.get("state").filter(|s| !s.is_empty()).map(Wanted::parse).transpose()?,
            overlay: form.get("overlay").and_then(Overlay::parse),
            class: text("class"),
            path,
            holder: text("holder"),
            handler: None,
            overdue: matches!(form.get("overdue"), Some("1" | "true")),
            since: None,
            number: form.get("q").and_then(digits),
            by_due: form.get("sort") == Some("due"),
            cursor: text("cursor"),
        })
    }

    /// The states that an index by area holds by themselves: what is open, and what ended in a rare way. Whatever was
    /// closed lies among everything.
    fn states(&self) -> Option<String> {
        match self.state {
            Some(Wanted::In(State::Closed)) | None => None,
            Some(Wanted::In(rare)) if !rare.is_open() => Some(words([rare].into_iter())),
            Some(_) => Some(words(State::ALL.iter().copied().filter(|s| s.is_open()))),
        }
    }

    /// How many are sorted rather than looked for in order.
    fn few(&self) -> i64 {
        match () {
            () if self.by_due => STILL_FEW,
            () if self.class.is_some() && self.is_rare() => SKIMMED,
            () => FEW,
        }
    }

    fn is_rare(&self) -> bool {
        matches!(self.state, Some(Wanted::In(State::Merged | State::Rejected)))
    }

    /// Whether an area has few cases in these states, by a look at no more of the tally than tells it.
    fn is_few(&self, q: &mut dyn Query, path: &str) -> store::Result<bool> {
        let states = self.states().map(|s| format!(" and t.state in ({s})")).unwrap_or_default();
        Ok(tallied(q, path, &states)?.is_some_and(|n| n <= self.few()))
    }

    /// Whether an area has few cases of the class that is asked for: counted, but no further than tells it.
    fn is_few_of_class(&self, q: &mut dyn Query, path: &str) -> store::Result<bool> {
        let Some(class) = &self.class else { return Ok(false) };
        let sql = format!(
            "select count(*) from (select 1 from cases where class = $1 and path >= $2 and path < $3 limit {}) s",
            self.few() + 1
        );
        Ok(q.count(&sql, params![class, path, area::end_of(path)])? <= self.few())
    }

    /// What leads when all that fits is looked at and nothing is merged.
    fn lead_to_all(&self, q: &mut dyn Query) -> store::Result<Lead> {
        Ok(match self.lead(q)? {
            Lead::Grids if self.class.is_some() => Lead::Both,
            Lead::Grids => Lead::Area,
            lead => lead,
        })
    }

    fn lead(&self, q: &mut dyn Query) -> store::Result<Lead> {
        Ok(match &self.path {
            _ if self.number.as_ref().is_some_and(|n| n.len() >= DAY_DIGITS) => Lead::Number,
            _ if self.holder.is_some() || self.handler.is_some() => Lead::Body,
            // What is late or rests has an index by area of its own; of what is late there may be much, and it is due first.
            _ if self.overlay.is_some() => Lead::Area,
            path if self.overdue => {
                if is_late_seldom(q, path.as_deref())? {
                    Lead::Area
                } else {
                    Lead::Order
                }
            }
            Some(path) if self.is_few(q, path)? => Lead::Area,
            Some(path) if !self.is_rare() && self.is_few_of_class(q, path)? => Lead::Both,
            Some(path) if !self.by_due && grids(q, path)?.len() <= GRIDS => Lead::Grids,
            _ if self.class.is_some() && !self.by_due && !self.is_rare() => Lead::Class,
            _ => Lead::Order,
        })
    }

    /// The conditions as SQL with its parameters. Every text in it is fixed here; what a person typed is a parameter.
    fn sql(&self, lead: Lead) -> (String, Vec<Value>) {
        let mut all = Where::default();
        let leads = |by: Lead| match lead {
            Lead::Both => matches!(by, Lead::Class | Lead::Area),
            Lead::Grids => matches!(by, Lead::Class | Lead::Grids),
            _ => lead == by,
        };
        let led = |by: Lead, column: &str| if leads(by) { column.to_owned() } else { muted(column) };
        let open = if lead == Lead::Area && !self.overdue { RUNS } else { OPEN };
        // Partial indexes are only used for what stands literally in the statement.
        match self.state {
            Some(Wanted::Open) => all.0.push(open.into()),
            Some(Wanted::In(state)) if state.is_open() => {
                all.0.push(open.into());
                // Only what is open is in these states, which statistics do not tell.
                all.add(&led(Lead::Body, "state"), "=", state.as_str());
            }
            Some(Wanted::In(state)) => all.0.push(format!("state = '{}'", state.as_str())),
            None => {}
        }
        if let Some(overlay) = self.overlay {
            all.0.push(format!("overlay = '{}'", overlay.as_str()));
        }
        if let Some(class) = &self.class {
            all.add(&led(Lead::Class, "class"), "=", class);
        }
        // Where grids lead, each of them is a condition besides.
        if let Some(path) = &self.path {
            let column = led(Lead::Area, "path");
            all.add(&column, ">=", path);
            all.add(&column, "<", &area::end_of(path));
        }
        if let Some(holder) = &self.holder {
            all.add(&led(Lead::Body, "holder"), "=", holder);
        }
        if let Some(handler) = &self.handler {
            all.add(&led(Lead::Body, "handler"), "=", handler);
        }
        if self.overdue {
            all.0.push(format!("overdue_at is not null and {OPEN}"));
        }
        if let Some(since) = self.since {
            // Where the order leads, it also says where to stop.
            let stops = matches!(lead, Lead::Order | Lead::Class) && !self.by_due;
            all.1.push(since.into());
            all.0.push(format!("{} >= ${}", if stops { "received_at".into() } else { muted("received_at") }, all.1.len()));
        }
        if let Some(number) = &self.number {
            let column = led(Lead::Number, "number");
            all.add(&column, ">=", number);
            all.add(&column, "<", &format!("{number}~"));
        }
        if self.by_due {
            all.0.push(RUNS.into());
        }
        (if all.0.is_empty() { "1 = 1".into() } else { all.0.join(" and ") }, all.1)
    }
}

/// What of a typed text can be the beginning of a number.
pub fn digits(typed: &str) -> Option<String> {
    let kept: String = typed.chars().map(calc::codes::half_width).filter(|c| c.is_ascii_digit() || *c == '-').collect();
    Some(kept).filter(|k| !k.is_empty())
}

/// Conditions joined by `and`, with their parameters.
#[derive(Default)]
struct Where(Vec<String>, Vec<Value>);

impl Where {
    fn add(&mut self, column: &str, how: &str, value: &str) {
        self.1.push(value.into());
        self.0.push(format!("{column} {how} ${}", self.1.len()));
    }
}

/// A page of cases, and where the next one begins.
pub fn find(q: &mut dyn Query, filter: &Filter, limit: usize) -> Result<(Vec<Case>, Option<String>)> {
    let lead = filter.lead(q)?;
    page(q, filter, lead, limit)
}

fn page(q: &mut dyn Query, filter: &Filter, lead: Lead, limit: usize) -> Result<(Vec<Case>, Option<String>)> {
    let (mut sql, mut params) = filter.sql(lead);
    let key = if filter.by_due { "due_at" } else { "received_at" };
    let (less, order) = if filter.by_due { (">", "asc") } else { ("<", "desc") };
    // What leads is not the order, and is not to be left for a walk along the times.
    let by = if matches!(lead, Lead::Area | Lead::Both | Lead::Number) { muted(key) } else { key.to_owned() };
    // Says nothing, but makes the order a condition: without one, SQLite would rather read and sort everything.
    sql.push_str(&format!(" and {by} >= 0"));
    if let Some(cursor) = &filter.cursor {
        let (at, id) = cursor
            .split_once('.')
            .and_then(|(a, id)| Some((a.parse::<i64>().ok()?, id)))
            .ok_or_else(|| Kind::WrongType.at("cursor"))?;
        let n = params.len();
        // The first half says it for the index, which cannot begin in the middle of an `or`.
        sql.push_str(&format!(" and {by} {less}= ${} and ({by} {less} ${} or id {less} ${})", n + 1, n + 1, n + 2));
        params.extend([at.into(), id.into()]);
    }
    params.push((limit + 1).into());
    let end = format!("order by {by} {order}, id {order} limit ${}", params.len());
    // Rows are wide: only their ids are sorted.
    let ids = match &filter.path {
        Some(path) if lead == Lead::Grids => merged(&grids(q, path)?, &sql, key, &end, &mut params),
        _ => format!("select id from cases where {sql} {end}"),
    };
    let sql = format!("select {COLUMNS} from cases where id in ({ids}) order by {key} {order}, id {order}");
    let mut cases: Vec<Case> = q.rows(&sql, &params)?.iter().map(read).collect::<store::Result<_>>()?;
    let more = cases.len() > limit;
    cases.truncate(limit);
    let next = cases.last().filter(|_| more).map(|c| {
        let at = if filter.by_due { c.due_at.unwrap_or_default() } else { c.received_at };
        format!("{at}.{}", c.id)
    });
    Ok((cases, next))
}

/// The first ids of each grid in an order, merged.
fn merged(grids: &[String], condition: &str, key: &str, end: &str, params: &mut Vec<Value>) -> String {
    let mut each = Vec::new();
    for grid in grids {
        params.push(grid.into());
        each.push(format!("select * from (select id, {key} from cases where {condition} and path = ${} {end}) s", params.len()));
    }
    // An area without cases has no grids that have some.
    let all = if each.is_empty() { format!("select id, {key} from cases where 1 = 0") } else { each.join(" union all ") };
    format!("select id from ({all}) g {end}")
}

/// A time in the life of a case by which the cases of an area can be found.
#[derive(Clone, Copy)]
pub enum Moment {
    /// It was received.
    Received,
    /// It was closed.
    Closed,
}

/// Ids of the cases of an area whose moment lies between two times, the newest first.
pub fn between(q: &mut dyn Query, path: &str, moment: Moment, from: Ms, to: Ms, most: i64) -> store::Result<Vec<String>> {
    let key = match moment {
        Moment::Received => "received_at",
        Moment::Closed => "closed_at",
    };
    let mut params = params![from, to, most].to_vec();
    let condition = format!("{key} >= $1 and {key} < $2");
    let end = format!("order by {key} desc, id desc limit $3");
    let grids = grids(q, path)?;
    let sql = if grids.len() <= GRIDS {
        merged(&grids, &condition, key, &end, &mut params)
    } else {
        params.extend([path.into(), area::end_of(path).into()]);
        let path = muted("path");
        format!("select id from cases where {condition} and {path} >= $4 and {path} < $5 {end}")
    };
    q.rows(&sql, &params)?.iter().map(|r| r.get("id")).collect()
}

/// Whether few cases of an area, or of all, are late: counted, but no further than tells it.
fn is_late_seldom(q: &mut dyn Query, path: Option<&str>) -> store::Result<bool> {
    let (from, end) = path.map_or((String::new(), "~".to_owned()), |p| (p.to_owned(), area::end_of(p)));
    let sql = format!(
        "select count(*) from (select 1 from cases where path >= $1 and path < $2 and overdue_at is not null and {OPEN} limit {}) s",
        STILL_FEW + 1
    );
    Ok(q.count(&sql, params![from, end])? <= STILL_FEW)
}

/// How many cases fit what an organisation holds or handles, or what is late in an area, up to [`COUNTED`].
pub fn count(q: &mut dyn Query, filter: &Filter) -> Result<i64> {
    let lead = if filter.overdue { Lead::Area } else { filter.lead_to_all(q)? };
    let (sql, params) = filter.sql(lead);
    Ok(q.count(&format!("select count(*) from (select 1 from cases where {sql} limit {COUNTED}) s"), &params)?)
}

/// How many cases an area has ever had, from the tally; `None` for an area so large that adding up would take long.
pub fn count_all(q: &mut dyn Query, path: &str) -> store::Result<Option<i64>> {
    tallied(q, path, "")
}

/// Cases of an area by the tally, `None` when it has more rows there than are looked at.
fn tallied(q: &mut dyn Query, path: &str, condition: &str) -> store::Result<Option<i64>> {
    let sql = format!(
        "select count(*) areas, cast(coalesce(sum(n), 0) as bigint) n from (select t.n from area a join case_tally t on t.area = a.id \
         where a.path >= $1 and a.path < $2{condition} limit {TALLIED}) s"
    );
    let Some(row) = q.row(&sql, params![path, area::end_of(path)])? else { return Ok(None) };
    Ok(if row.get::<i64>("areas")? < TALLIED { Some(row.get("n")?) } else { None })
}

/// Paths beneath an area that have cases; of a large area some, but more than are merged.
fn grids(q: &mut dyn Query, path: &str) -> store::Result<Vec<String>> {
    // The tally has one row at most for each state of an area.
    let rows = (GRIDS + 1) * State::ALL.len();
    let sql = format!(
        "select distinct path from (select a.path from area a join case_tally t on t.area = a.id \
         where a.path >= $1 and a.path < $2 limit {rows}) s"
    );
    q.rows(&sql, params![path, area::end_of(path)])?.iter().map(|r| r.get("path")).collect()
}

/// What a person reported, newest first.
pub fn by_reporter(q: &mut dyn Query, person: &str) -> store::Result<Vec<Case>> {
    let sql = format!("select {COLUMNS} from cases where reporter = $1 order by received_at desc limit 100");
    q.rows(&sql, params![person])?.iter().map(|r: &Row| read(r)).collect()
}

/// What was reported about a building since then, newest first.
pub fn of_building(q: &mut dyn Query, building: &str, since: Ms, limit: usize) -> store::Result<Vec<Case>> {
    let sql = format!(
        "select {COLUMNS} from cases where building = $1 and received_at >= $2 order by received_at desc, number desc limit $3"
    );
    q.rows(&sql, params![building, since, limit])?.iter().map(|r: &Row| read(r)).collect()
}

/// What lies with a person by name, the soonest first.
pub fn by_assignee(q: &mut dyn Query, person: &str, limit: usize) -> store::Result<Vec<Case>> {
    let sql = format!("select {COLUMNS} from cases where assignee = $1 and due_at is not null order by due_at, id limit $2");
    q.rows(&sql, params![person, limit])?.iter().map(|r: &Row| read(r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;
    use crate::kit::App;
    use crate::kit::config::Config;

    /// What leads is a matter of speed alone.
    #[test]
    fn whatever_leads_the_same_cases_come() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path());
        config.file.store.min_free_mb = 0;
        let app = App::open(config).unwrap();
        demo::seed(&app, 0).unwrap();
        let path = app.db.read(|r| area::by_code(r, "321002002901")).unwrap().unwrap().path;
        let holder = app.db.read(|r| r.row("select holder from cases where holder is not null limit 1", &[])).unwrap();
        let holder: Option<String> = holder.map(|r| r.get("holder").unwrap());
        let states = [None, Some(Wanted::Open)].into_iter().chain(State::ALL.iter().map(|s| Some(Wanted::In(*s))));
        let mut seen = 0;
        for state in states {
            for (class, holder, by_due) in
                [(None, None, false), (Some("lighting"), None, false), (None, None, true), (None, holder.as_deref(), true)]
            {
                let filter = Filter {
                    state,
                    class: class.map(str::to_owned),
                    path: Some(path.clone()),
                    holder: holder.map(str::to_owned),
                    by_due,
                    ..Filter::default()
                };
                let pages = |lead: Lead| {
                    let (mut all, mut filter) = (Vec::new(), filter.clone());
                    loop {
                        let (cases, next) = app.db.read(|r| page(r, &filter, lead, 3)).unwrap();
                        all.extend(cases.into_iter().map(|c| c.number));
                        match next {
                            Some(next) => filter.cursor = Some(next),
                            None => return all,
                        }
                    }
                };
                let by_area = pages(Lead::Area);
                for lead in [Lead::Order, Lead::Grids, Lead::Both, Lead::Class, Lead::Body, Lead::Number] {
                    assert_eq!(pages(lead), by_area, "{filter:?}");
                }
                seen += by_area.len();
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
