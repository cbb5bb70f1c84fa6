//! Reports and cases: from a resident's words to a verified, rated close.
//!
//! What must stay true (inv01): at every instant each report is in exactly one of open / closed / merged / rejected, and
//! every open case has exactly one holder (an organisation) and one running clock (`due_at`); the intervals of
//! `case_hold` follow each other without gap or overlap. What people said lies in the log's sealed bodies, never in a
//! column; the tracking code is derived from the case id under the node's key and stored nowhere.
//!
//! Log kinds written: `case.report`, `case.<action>` for each action of [`rules::Action`], `case.escalate`,
//! `case.import`.

/// Actions of staff and reporter.
pub mod act;
/// The report form.
pub mod form;
/// Foreign request files.
pub mod import;
/// Work lists.
pub mod list;
/// Notices about cases.
pub mod notify;
/// Pages that show many cases.
pub mod pages;
/// Making a report.
pub mod report;
/// Catalogue and working time in force.
pub mod rulebook;
/// Pure decisions.
pub mod rules;
/// What readers get to see.
pub mod view;
/// Routes of single cases.
pub mod web;

use calc::codes;
use store::{Db, Query, Row, Tx, Written, params};

use crate::base::area::Area;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
pub use rulebook::Rulebook;
use rules::State;

/// A case as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `cases`, explained there")]
pub struct Case {
    pub id: String,
    pub number: String,
    pub state: State,
    pub class: Option<String>,
    pub area: String,
    pub path: String,
    pub building: Option<String>,
    /// Whose key seals what was said.
    pub owner: String,
    pub reporter: Option<String>,
    pub channel: String,
    pub received_at: Ms,
    pub holder: Option<String>,
    pub holder_since: Option<Ms>,
    pub handler: Option<String>,
    pub handled_by: Option<String>,
    pub checker: Option<String>,
    pub due_at: Option<Ms>,
    pub overdue_at: Option<Ms>,
    pub level: i64,
    pub returns: i64,
    pub reopens: i64,
    pub extended: i64,
    pub closed_at: Option<Ms>,
    pub merged_into: Option<String>,
    pub score: Option<i64>,
    /// Entry of the log that made it.
    pub log_seq: u64,
}

pub(crate) const COLUMNS: &str = "id, number, state, class, area, path, building, owner, reporter, channel, received_at, holder, \
    holder_since, handler, handled_by, checker, due_at, overdue_at, level, returns, reopens, extended, closed_at, merged_into, score, log_seq";

pub(crate) fn read(row: &Row) -> store::Result<Case> {
    let state: String = row.get("state")?;
    Ok(Case {
        id: row.get("id")?,
        number: row.get("number")?,
        state: State::parse(&state).ok_or_else(|| store::Error::Corrupt(format!("state {state}")))?,
        class: row.get("class")?,
        area: row.get("area")?,
        path: row.get("path")?,
        building: row.get("building")?,
        owner: row.get("owner")?,
        reporter: row.get("reporter")?,
        channel: row.get("channel")?,
        received_at: row.get("received_at")?,
        holder: row.get("holder")?,
        holder_since: row.get("holder_since")?,
        handler: row.get("handler")?,
        handled_by: row.get("handled_by")?,
        checker: row.get("checker")?,
        due_at: row.get("due_at")?,
        overdue_at: row.get("overdue_at")?,
        level: row.get("level")?,
        returns: row.get("returns")?,
        reopens: row.get("reopens")?,
        extended: row.get("extended")?,
        closed_at: row.get("closed_at")?,
        merged_into: row.get("merged_into")?,
        score: row.get("score")?,
        log_seq: row.get("log_seq")?,
    })
}

/// The case with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Case>> {
    q.row(&format!("select {COLUMNS} from cases where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The case with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Case>> {
    q.row(&format!("select {COLUMNS} from cases where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// Its tracking code: ten characters without look-alikes. Derived, so a repeated request gets the same one and a stolen
/// database does not hold it.
pub fn tracking_code(db: &Db, case_id: &str) -> String {
    codes::crockford(&db.digest("tracking code", case_id))[..10].to_owned()
}

/// True when a person typed the right code, however he typed it (blanks, dashes, small letters, o for 0).
pub fn code_fits(db: &Db, case_id: &str, typed: &str) -> bool {
    let (want, got) = (tracking_code(db, case_id), codes::normalise(typed));
    // All characters are compared, so that the time tells nothing about how many fit.
    want.len() == got.len() && want.bytes().zip(got.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

/// What was said when it was reported: the entry of the log with its sealed elements.
pub fn said(q: &mut dyn Query, case: &Case) -> store::Result<Option<Written>> {
    Ok(q.entries(case.log_seq, 1)?.into_iter().next().filter(|w| w.obj == case.id))
}

/// How a person stands to a case, for rights to act.
pub fn stand(book: &Rulebook, case: &Case, who: &Who, holds_code: bool, handler_is_desk: bool, now: Ms) -> rules::Facts {
    let person = who.person.as_deref();
    let holds =
        case.holder.as_deref().is_some_and(|h| who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(h)));
    rules::Facts {
        state: case.state,
        reporter: holds_code || (case.reporter.is_some() && case.reporter.as_deref() == person),
        desk: holds || who.desk_over(&case.path).is_some(),
        handler: case.handler.as_deref().is_some_and(|h| who.in_body(h)),
        handler_is_desk,
        handled_it: case.handled_by.is_some() && case.handled_by.as_deref() == person,
        local: who.roles.iter().any(|r| r.kind.walks() && case.path.starts_with(&r.path)),
        settled_at: case.closed_at,
        now,
        extended: case.extended,
        reopen_window: book.classes.reopen_window,
        rate_window: book.classes.rate_window,
    }
}

/// Ends the running hold of a case and, for an open case, begins the next: the only place that changes holders.
pub(crate) fn hand_over(tx: &mut Tx, case: &Case, state: State, holder: Option<&str>) -> Result<()> {
    let now = tx.now();
    tx.exec("update case_hold set to_at = $2 where case_id = $1 and to_at is null", params![&case.id, now])?;
    if let Some(holder) = holder {
        let n = tx.count("select max(n) from case_hold where case_id = $1", params![&case.id])? + 1;
        tx.exec(
            "insert into case_hold(case_id, n, holder, state, from_at) values ($1, $2, $3, $4, $5)",
            params![&case.id, n, holder, state.as_str(), now],
        )?;
    }
    Ok(())
}

/// Counts a case that came into a state (`from` is `None` for a new one): the only place that changes `case_tally`.
pub(crate) fn tally(tx: &mut Tx, area: &str, from: Option<State>, to: State, n: i64) -> Result<()> {
    if from == Some(to) {
        return Ok(());
    }
    if let Some(from) = from {
        tx.exec("update case_tally set n = n - $3 where area = $1 and state = $2", params![area, from.as_str(), n])?;
    }
    let sql = "insert into case_tally(area, state, n) values ($1, $2, $3) on conflict(area, state) do update set n = case_tally.n + excluded.n";
    tx.exec(sql, params![area, to.as_str(), n])?;
    Ok(())
}

/// The place of a case in words, coarse enough for everybody: community, grid, building.
pub fn place_text(q: &mut dyn Query, case: &Case) -> store::Result<String> {
    let line = crate::base::area::line(q, &case.area)?;
    let part = |kind: &str| line.iter().find(|a: &&Area| a.kind == kind).map(|a| a.name.clone());
    let mut words: Vec<String> = [part("community"), part("grid")].into_iter().flatten().collect();
    if words.is_empty() {
        words.extend(line.first().map(|a| a.name.clone()));
    }
    if let Some(id) = &case.building {
        words.extend(crate::base::area::building(q, id)?.map(|b| b.name));
    }
    Ok(words.join(" "))
}
