//! The list of projects (项目清单): needs and resources joined, carried out by the desk itself, by whoever takes it on (认领), or by
//! whoever wins a tender (购买服务).
//!
//! What must stay true: one organisation carries it out and another one, or the people it is for, say whether it was done; every
//! step has a day and rings; money is paid by accepted steps; what a project holds of a resource is free again when it ends
//! without using it; a project given up puts its needs back on the list.
//!
//! Log kinds written: `project.begin`, `project.link`, `project.lend`, `project.step`, `project.take`, `project.run`,
//! `project.report`, `project.say`, `project.decide`, `project.pay`, `project.done`, `project.void`, `project.ring`, `tender.post`,
//! `tender.declare`, `tender.bid`, `tender.score`, `tender.award`.

/// How it was for the people it is for.
pub mod accept;
/// Beginning, linking, taking on, ending.
pub mod act;
/// What its changes carry with them.
mod life;
/// Bells.
pub mod ring;
/// Pure decisions.
pub mod rules;
/// Posting, bidding, scoring, awarding.
pub mod tender;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use store::{Entry, Query, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Who carries a project out.
    Way {
        /// The organisation that began it.
        Own = "own",
        /// Whoever takes it on.
        Take = "take",
        /// Whoever wins the tender.
        Tender = "tender",
    }
    /// Where a project stands.
    State {
        /// Nobody carries it out yet.
        Open = "open",
        /// It is being done.
        Running = "running",
        /// Every step was accepted.
        Done = "done",
        /// It was given up.
        Void = "void",
    }
    /// Where a step stands.
    Stand {
        /// It is to be done.
        Open = "open",
        /// Whoever carries it out says that it is done; people say how it was.
        Reported = "reported",
        /// It is accepted.
        Accepted = "accepted",
    }
}

row! {
    /// A project.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `project`, explained there")]
    pub struct Project {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub way: Way,
        pub state: State,
        pub title: String,
        pub about: String,
        pub desk: String,
        pub body: Option<String>,
        pub cost: Option<i64>,
        pub made_at: Ms,
        pub ends_at: Ms,
        pub ended_at: Option<Ms>,
        pub why: Option<String>,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Project> {
    let row = q.row(&format!("select {COLUMNS} from project where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Project> {
    let row = q.row(&format!("select {COLUMNS} from project where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place, the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, before: Ms, most: i64) -> Result<Vec<Project>> {
    let sql = format!(
        "select {COLUMNS} from project where {} and made_at < $3 order by made_at desc, number desc limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// A step.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `milestone`, explained there")]
pub struct Step {
    pub n: i64,
    pub title: String,
    pub due_at: Ms,
    pub share: i64,
    pub state: Stand,
    pub report: Option<String>,
    pub reported_at: Option<Ms>,
    pub says_until: Option<Ms>,
    pub decided_at: Option<Ms>,
    pub why: Option<String>,
    pub settled_at: Option<Ms>,
}

/// The steps of a project, in order.
pub fn steps(q: &mut dyn Query, project: &str) -> Result<Vec<Step>> {
    let one = |r: &store::Row| {
        Ok(Step {
            n: r.get("n")?,
            title: r.get("title")?,
            due_at: r.get("due_at")?,
            share: r.get("share")?,
            state: r.get("state")?,
            report: r.get("report")?,
            reported_at: r.get("reported_at")?,
            says_until: r.get("says_until")?,
            decided_at: r.get("decided_at")?,
            why: r.get("why")?,
            settled_at: r.get("settled_at")?,
        })
    };
    let sql = "select n, title, due_at, share, state, report, reported_at, says_until, decided_at, why, settled_at from milestone \
               where project = $1 order by n";
    Ok(q.rows(sql, params![project])?.iter().map(one).collect::<store::Result<_>>()?)
}

/// Ids of the needs of a project.
fn needs(q: &mut dyn Query, project: &str) -> Result<Vec<String>> {
    let rows = q.rows("select need from project_need where project = $1 order by need", params![project])?;
    Ok(rows.iter().map(|r| r.get("need")).collect::<store::Result<_>>()?)
}

impl Project {
    /// Whether somebody leads it: the desk of the place, or one above it.
    pub fn is_led_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// Whether somebody works for the organisation that carries it out.
    pub fn is_done_by(&self, who: &Who) -> bool {
        self.body.as_ref().is_some_and(|b| who.in_body(b))
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), ..Entry::new(act, "project", &self.id) }
    }

    /// The same for what only the desk may do.
    fn by_lead<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry::new(act, "project", &self.id))
    }
}
