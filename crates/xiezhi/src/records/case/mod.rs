//! Reports and cases: from a resident's words to a verified, rated close.
//!
//! What must stay true (inv01): at every instant each report is in exactly one of open / closed / merged / rejected, and
//! every open case has exactly one holder (an organisation) and one running clock (`due_at`); the finished intervals in
//! `case_hold` and the running one in the case itself follow each other without gap or overlap. What people said lies in
//! the log's sealed bodies, never in a column; the tracking code is derived from the case id under the node's key and
//! stored nowhere. A place in a column is one that everybody may see.
//!
//! Rooms within: [`report`] what somebody tells becomes a case, [`life`] what happens to it, [`view`] what readers see of one,
//! [`list`] and [`map`] of many, [`link`] what came back, [`import`] what comes from other systems.
//!
//! Log kinds written: those of [`report`], [`life`], [`link`] and [`import`]; `case.cover`, `case.release`, `case.conceal` and
//! `case.original` of a picture.

/// Complaints of staff.
pub mod complaint;
/// What people decided together.
pub mod decided;
/// The trial of a routing table.
pub mod dryrun;
/// The report form.
pub mod form;
/// Foreign request files.
pub mod import;
/// What happens to it.
pub mod life;
/// The same thing again.
pub mod link;
/// Many cases: work lists and their pages.
pub mod list;
/// Cases on a map.
pub mod map;
/// Notices about cases.
pub mod notify;
/// Pictures, and what is covered in them.
pub mod picture;
/// Where it is.
pub mod place;
/// Grids cut anew, and what that means for cases and people.
pub mod recut;
/// Making a report.
pub mod report;
/// What decisions rest on.
pub mod rulebook;
/// Pure decisions.
pub mod rules;
/// What readers get to see.
pub mod view;
/// What must be said before it is closed.
pub mod wait;
/// Routes of single cases.
pub mod web;

use std::collections::HashMap;

use calc::codes;
use store::{Db, Query, Tx, Value, Written, params};

use crate::base::area::names::Names;
use crate::base::catalogue::Graded;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
pub use rulebook::Rulebook;
use rules::{Ask, Outcome, Overlay, State, Verdict};

/// Channel of a case that another node owns.
pub const EXCHANGE: &str = "exchange";
/// How the source of such a case begins.
pub const EXCHANGED: &str = "exchange:";
/// Pictures and recordings that come with a report, or with one step.
pub const MAX_MEDIA: usize = 10;

row! {
    whole
    /// A case as it stands: one row of `cases`.
    #[derive(Clone, Debug, Default)]
    pub struct Case {
        /// UUIDv7.
        pub id: String,
        /// What people call it by.
        pub number: String,
        /// Area id: grid, or the smallest area that is known.
        pub area: String,
        /// Its path at the time: a case stays in the grid of its time.
        pub path: String,
        /// Building id.
        pub building: Option<String>,
        /// Asset id, when it is about one.
        pub asset: Option<String>,
        /// Where it is, as far as everybody may know (1e-7 degrees, WGS84).
        pub lat: Option<i64>,
        /// Longitude.
        pub lon: Option<i64>,
        /// The square of that place, for finding neighbours.
        pub cell: Option<i64>,
        /// Whose key seals what was said.
        pub owner: String,
        /// Person who reported it.
        pub reporter: Option<String>,
        /// How it came.
        pub channel: String,
        /// Foreign number, when it was imported or came over an interface.
        pub source: Option<String>,
        /// When it came.
        pub received_at: Ms,
        /// The desk that a complaint of staff is about: it does not settle it.
        pub about: Option<String>,
        /// Entry of the log that made it.
        pub log_seq: u64,
        /// Phase.
        pub state: State,
        /// What lies over it.
        pub overlay: Option<Overlay>,
        /// Class code.
        pub class: Option<String>,
        /// Version of the catalogue under which it was filed.
        pub pack: i64,
        /// Organisation that is accountable now.
        pub holder: Option<String>,
        /// Since when.
        pub holder_since: Option<Ms>,
        /// Number of the running interval of the ledger.
        pub hold_n: i64,
        /// When that interval began.
        pub hold_from: Option<Ms>,
        /// Person of the holder who does it.
        pub assignee: Option<String>,
        /// Party that handles.
        pub handler: Option<String>,
        /// Person who said it was done.
        pub handled_by: Option<String>,
        /// Person who checked.
        pub checker: Option<String>,
        /// When the present clock began.
        pub clock_from: Option<Ms>,
        /// When it runs out.
        pub due_at: Option<Ms>,
        /// The next moment at which something happens by itself.
        pub alarm_at: Option<Ms>,
        /// When its holder is warned next.
        pub warn_at: Option<Ms>,
        /// Warnings given on this clock.
        pub warned: i64,
        /// When the present stage became late.
        pub overdue_at: Option<Ms>,
        /// How often a stage of it became late, ever.
        pub lates: i64,
        /// How often it moved up.
        pub level: i64,
        /// How often it was handed back.
        pub returns: i64,
        /// When a dispute about who is responsible goes to a ruling.
        pub dispute_at: Option<Ms>,
        /// The handler was named by a ruling.
        pub ruled: bool,
        /// How often it was reopened.
        pub reopens: i64,
        /// How often it got more time.
        pub extended: i64,
        /// Deadline of the first handler: those after it have what is left.
        pub handle_due: Option<Ms>,
        /// What was promised to others: no clock ends later.
        pub must_by: Option<Ms>,
        /// What was left on the clock when it came to rest or was merged.
        pub due_left: Option<Ms>,
        /// What the handler asks for.
        pub ask: Option<Ask>,
        /// Until when he asks for it.
        pub ask_until: Option<Ms>,
        /// When it was settled.
        pub closed_at: Option<Ms>,
        /// Why it was closed.
        pub outcome: Option<Outcome>,
        /// Number of the main case.
        pub merged_into: Option<String>,
        /// The reporter's rating, 1 to 5.
        pub score: Option<i64>,
        /// Whether what was asked for was reasonable.
        pub review: Option<Verdict>,
        /// People who said that it concerns them too.
        pub followers: i64,
        /// Sub-tasks that are not settled.
        pub tasks: i64,
        /// Orders to hurry that were given.
        pub orders: i64,
        /// Routing rule and version that named the handler.
        pub rule: Option<String>,
        /// The last change that everybody can see.
        pub updated_at: Ms,
        /// Version of the working time under which the deadline was counted; none for a date that was set.
        pub due_under: Option<i64>,
        /// The calendar did not reach so far.
        pub provisional: bool,
    }
}

/// The case with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Case>> {
    q.row(&format!("select {COLUMNS} from cases where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The case with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Case>> {
    q.row(&format!("select {COLUMNS} from cases where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// The cases with these ids, in their order; what is not there is left out.
pub fn by_ids(q: &mut dyn Query, ids: &[String]) -> store::Result<Vec<Case>> {
    by(q, "id", ids, |case| &case.id)
}

/// The cases with these numbers, in their order; what is not there is left out.
pub fn by_numbers(q: &mut dyn Query, numbers: &[String]) -> store::Result<Vec<Case>> {
    by(q, "number", numbers, |case| &case.number)
}

fn by(q: &mut dyn Query, column: &str, keys: &[String], key: fn(&Case) -> &String) -> store::Result<Vec<Case>> {
    /// Always as many parameters, so that one prepared statement serves every number of them.
    const EACH: usize = 50;
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!("select {COLUMNS} from cases where {column} in ({})", marks.join(","));
    let mut found: HashMap<String, Case> = HashMap::new();
    for some in keys.chunks(EACH) {
        let params: Vec<Value> = (0..EACH).map(|i| some.get(i).unwrap_or(&some[0]).into()).collect();
        for row in q.rows(&sql, &params)? {
            let case = read(&row)?;
            found.insert(key(&case).clone(), case);
        }
    }
    Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
}

/// The case with this id inside a write, as this batch has left it.
pub(crate) fn load(tx: &mut Tx, id: &str) -> store::Result<Option<Case>> {
    tx.fetch("cases", NAMES, id)?.as_ref().map(read).transpose()
}

/// The moment of a change that everybody sees: later than the one before also where only whole seconds are told, or
/// whoever polls would pass it over.
pub(crate) fn moved(before: Ms, now: Ms) -> Ms {
    if before / 1000 >= now / 1000 { (before / 1000 + 1) * 1000 } else { now }
}

/// So many columns of a case are never changed by a step; its place only by [`place::renew`].
const FIXED: usize = 16;

/// Writes a case, new or changed; the caller keeps ledger and tally ([`ledger`]).
pub(crate) fn put(tx: &mut Tx, case: &Case) {
    tx.put("cases", NAMES, FIXED, case.values());
}

impl Case {
    /// A case with nothing in it yet but its phase.
    pub(crate) fn empty(id: &str, state: State) -> Case {
        Case { id: id.to_owned(), owner: id.to_owned(), state, hold_n: 1, ..Case::default() }
    }

    /// Whether another node owns it: then what happens to it here counts there, and not in the sums of levels.
    pub fn is_copy(&self) -> bool {
        self.source.as_deref().is_some_and(|s| s.starts_with(EXCHANGED))
    }

    /// Something personal that was said in it.
    pub fn graded(&self, element: &'static str, value: String) -> Graded {
        Graded::new(element, &self.owner, value).of(&self.number)
    }
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
    Ok(q.entry(case.log_seq)?.filter(|w| w.obj == case.id))
}

/// How a person stands to a case, for rights to act. `main` is the case it was merged into.
pub fn stand(case: &Case, main: Option<&Case>, book: &Rulebook, who: &Who, holds_code: bool, now: Ms) -> Result<rules::Facts> {
    let person = who.person.as_deref();
    let chart = &book.chart;
    let local_desk = complaint::desk(chart, case)?;
    let over = complaint::over(chart, who, case);
    let (complaint, own) = (case.about.is_some(), complaint::is_own(chart, who, case));
    let holds = case.holder.as_deref().is_some_and(|h| who.in_body(h));
    let holds_desk =
        case.holder.as_deref().is_some_and(|h| who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(h)));
    let top = chart.desk_above(local_desk).is_none();
    let is_above = |r: &crate::kit::Role| {
        let higher = r.kind.is_desk() && case.path.starts_with(&r.path) && r.body.as_deref() != Some(&local_desk.id);
        higher || top && r.body.as_deref() == Some(&local_desk.id)
    };
    let class = book.class(case);
    let claims = !complaint
        && class.claimable
        && who.roles.iter().any(|r| r.kind.may_claim() && case.path.starts_with(&r.path) && r.body.is_some());
    let merged = case.state == State::Merged;
    let lies_with_me = case.assignee.is_some() && case.assignee.as_deref() == person;
    Ok(rules::Facts {
        state: case.state,
        overlay: case.overlay,
        signed_in: person.is_some(),
        reporter: holds_code || (case.reporter.is_some() && case.reporter.as_deref() == person),
        desk: holds_desk && !complaint || over.is_some(),
        holds,
        above: if complaint { over.is_some_and(is_above) } else { who.roles.iter().any(is_above) },
        // Whom a case of the handler lies with by name does it, also one who is led by it without being its clerk.
        handler: case.handler.as_deref().is_some_and(|h| who.in_body(h) || case.holder.as_deref() == Some(h) && lies_with_me),
        handler_is_desk: case.handler.as_deref().and_then(|h| chart.body(h)).is_some_and(|b| b.kind.is_desk()),
        complaint,
        own,
        handled_it: case.handled_by.is_some() && case.handled_by.as_deref() == person,
        local: !complaint && who.roles.iter().any(|r| r.kind.walks() && case.path.starts_with(&r.path)),
        claims,
        ruled: case.ruled,
        ask: case.ask,
        tasks: case.tasks,
        settled_at: if merged { main.and_then(|m| m.closed_at) } else { case.closed_at },
        merged_at: case.closed_at.filter(|_| merged),
        now,
        extended: case.extended,
        reopen_window: book.classes.reopen_window,
        rate_window: book.classes.rate_window,
    })
}

/// The case another one was merged into.
pub fn main_of(q: &mut dyn Query, case: &Case) -> store::Result<Option<Case>> {
    match &case.merged_into {
        Some(number) if case.state == State::Merged => by_number(q, number),
        _ => Ok(None),
    }
}

/// The place of a case in words, coarse enough for everybody: community, grid, building.
pub fn place_text(names: &Names, q: &mut dyn Query, case: &Case) -> store::Result<String> {
    let line = names.line(q, &case.area)?;
    let part = |kind: &str| line.iter().find(|a| a.kind == kind).map(|a| a.name.clone());
    let mut words: Vec<String> = [part("community"), part("grid")].into_iter().flatten().collect();
    if words.is_empty() {
        words.extend(line.first().map(|a| a.name.clone()));
    }
    if let Some(id) = &case.building {
        words.extend(names.building(q, id)?);
    }
    Ok(words.join(" "))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Case, State};

    #[test]
    fn what_steps_change_begins_with_the_state() {
        assert_eq!((super::NAMES[super::FIXED - 1], super::NAMES[super::FIXED]), ("log_seq", "state"));
    }

    /// A case about which nothing matters but what a test sets.
    pub(crate) fn some_case() -> Case {
        Case { state: State::Accepted, due_at: Some(1), ..Case::empty("c", State::Accepted) }
    }
}
