//! Early warning on counts of syndromes (传染病多点触发预警): who tells what, what is more than usual, what is done about it.
//!
//! What must stay true: counts and notices only, never the report of a named disease, which has a national channel of its own;
//! told again replaces, zero is told as zero, and what was not told is neither low nor zero; of an area and a syndrome one signal is
//! open at a time, and nobody hears of it twice without new cases or a higher assessment; it is verified, assessed, answered and
//! closed by people of the place, with a disposition, and whoever waits too long is heard further up; what comes late changes the past
//! and raises nothing; a rule works only after it was tried on the place's own past; above communities small numbers are not told.
//!
//! Log kinds written: `health.tell`, `health.own`, `health.notice`, `health.try`, `health.switch`, `health.night`, `health.raise`,
//! `health.more`, `health.verify`, `health.assess`, `health.respond`, `health.close`, `health.late`.

/// What people do about a signal.
pub mod act;
/// The picture of a series.
pub mod chart;
/// Telling counts.
pub mod count;
/// Counts by day, packed by year; weeks made of them.
pub mod days;
/// Where within a community cases gather.
pub mod gather;
/// All series, by night and as soon as something is told.
pub mod night;
/// The rules of a place.
pub mod pack;
/// Rules that were switched on, and what they say of a series.
pub mod rules;
/// Counts by the table.
pub mod sheet;
/// Signals raised, and what happens to them by themselves.
pub mod signal;
/// Small numbers.
pub mod small;
/// Pages and routes of telling.
pub mod tell;
/// A rule on a place's own past.
pub mod trial;
/// Pages and routes of rules.
pub mod tried;
/// What a reader sees of signals.
pub mod view;
/// Routes of signals.
pub mod web;

use std::sync::Arc;

use jiff::tz::TimeZone;
use store::{Entry, Query, params};

use self::pack::Pack;
use crate::base::area;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::{Ms, zoned};
use crate::kit::{App, Result, RoleKind, Who};

names! {
    /// Where a signal stands.
    State {
        /// Counts say so; nobody looked yet.
        Raised = "raised",
        /// Somebody asked there: it is so.
        Verified = "verified",
        /// How bad it is was said.
        Assessed = "assessed",
        /// Something is being done.
        Responding = "responding",
        Closed = "closed",
    }
    /// How bad it is.
    Level { Low = "low", Moderate = "moderate", High = "high", }
    /// What it was in the end.
    Disposition {
        /// There was an outbreak.
        True = "true",
        /// There was none.
        False = "false",
        /// Counts were wrong, or another school began to tell.
        DataError = "data-error",
        /// A holiday, a campaign: more than usual, and no wonder.
        Expected = "expected",
        Test = "test",
    }
}

row! {
    whole
    /// There is more than usual.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `health_signal`, explained there")]
    pub struct Signal {
        pub id: String,
        pub number: String,
        pub open_key: Option<String>,
        pub area: String,
        pub path: String,
        pub syndrome: String,
        pub state: State,
        pub desk: String,
        pub level: Option<Level>,
        pub disposition: Option<Disposition>,
        pub case_number: Option<String>,
        pub told_at: Ms,
        pub opened_at: Ms,
        pub ring_at: Option<Ms>,
        pub late: i64,
        pub closed_at: Option<Ms>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Signal> {
    let row = q.row(&format!("select {COLUMNS} from health_signal where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those of a place and what is beneath it, the newest first: the open ones, or the closed.
pub fn beneath(q: &mut dyn Query, path: &str, open: bool, before: Ms, most: i64) -> Result<Vec<Signal>> {
    let what = if open { "open_key is not null" } else { "open_key is null" };
    let sql = format!(
        "select {COLUMNS} from health_signal where path >= $1 and path < $2 and {what} and opened_at < $3 \
         order by opened_at desc, number desc limit $4"
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

impl Signal {
    /// Whether it is still worked on.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// An entry of the log about it.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        let role = over(who, &self.path);
        Entry {
            actor: who.actor(),
            role: role.map(|r| r.kind.as_str()),
            party: role.and_then(|r| r.body.as_deref()),
            area: Some(&self.area),
            owner: Some(&self.id),
            ..Entry::new(act, "health", &self.id)
        }
    }
}

/// The role in which somebody answers for what happens at the place at `path`: its desk, one above, a department of it.
pub fn over<'w>(who: &'w Who, path: &str) -> Option<&'w crate::kit::Role> {
    let answers = |k: RoleKind| k.is_desk() || k == RoleKind::Department;
    who.roles.iter().filter(|r| answers(r.kind) && path.starts_with(&r.path)).max_by_key(|r| r.path.len())
}

/// Whether somebody reads the counts of the community at `path`: whoever answers for it, and its grid workers.
pub fn sees(who: &Who, path: &str) -> bool {
    who.by.is_none()
        && (over(who, path).is_some() || who.roles.iter().any(|r| r.kind == RoleKind::GridWorker && r.path.starts_with(path)))
}

/// What decisions rest on, read before a write.
#[derive(Clone)]
pub struct Book {
    /// What is counted.
    pub pack: &'static Pack,
    /// Who answers for what.
    pub chart: Arc<Chart>,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Book {
    /// Of now, for a place (its code).
    pub fn now(app: &App, code: &str) -> Result<Book> {
        app.db.read(|r| Book::read(r, app, code))
    }

    /// The same within a read.
    pub fn read(q: &mut dyn Query, app: &App, code: &str) -> Result<Book> {
        Ok(Book { pack: pack::at(code), chart: Chart::read(q, app)?, zone: app.config.zone.clone() })
    }
}

/// The local day of a moment, in days since 1970.
pub fn day_of(at: Ms, zone: &TimeZone) -> i32 {
    let date = zoned(at, zone).date();
    calc::series::Day::of(date.year().into(), date.month() as u32, date.day() as u32).map_or(0, |d| d.0)
}
