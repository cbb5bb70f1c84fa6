//! Participatory budgets (参与式预算): residents propose, the desk puts projects with their cost on a list, residents choose, and
//! the money goes by Equal Shares, with the reason for every project.
//!
//! What must stay true: an idea gets an answer, or nothing is put to the vote; the list, the costs, the order of ties and the
//! times stand still from the posting; one person has one ballot, the latest, and nobody reads off how somebody chose; the
//! result is what `xiezhi calc budget` makes of the published `.pb` file; each project that won is promised by somebody for a
//! day, as a case, and its page tells whether that was kept.
//!
//! Log kinds written: `budget.begin`, `budget.idea`, `budget.decide`, `budget.post`, `budget.ballot`, `budget.result`, `budget.task`,
//! `budget.void`.

/// Beginning, proposing, deciding, posting, choosing, ending.
pub mod act;
/// From ballots to a result.
pub mod count;
/// Pure decisions.
pub mod rules;
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
    /// Where a budget stands, as it is kept; what follows from the time is in [`rules::phase`].
    State { Ideas = "ideas", Posted = "posted", Published = "published", Void = "void", }
}

names! {
    /// Where a project stands.
    Stand { Idea = "idea", Listed = "listed", Declined = "declined", Withdrawn = "withdrawn", }
}

row! {
    /// A budget.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `budget`, explained there")]
    pub struct Budget {
        pub id: String,
        pub number: String,
        pub title: String,
        pub about: String,
        pub area: String,
        pub path: String,
        pub state: State,
        pub amount: i64,
        pub most: i64,
        pub made_at: Ms,
        pub ideas_until: Ms,
        pub opens_at: Ms,
        pub closes_at: Ms,
        pub posted_at: Option<Ms>,
        pub seed: Option<String>,
        pub post_seq: Option<u64>,
        pub ended_at: Option<Ms>,
        pub why: Option<String>,
        pub result: Option<String>,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Budget> {
    let row = q.row(&format!("select {COLUMNS} from budget where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place, the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, before: Ms, most: i64) -> Result<Vec<Budget>> {
    let sql = format!(
        "select {COLUMNS} from budget where {} and made_at < $3 order by made_at desc, number desc limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its place in the budget, from 1.
    pub n: i64,
    /// Where it stands.
    pub state: Stand,
    /// Who proposed it.
    pub by: Option<String>,
    /// As it was proposed, sealed.
    pub words: Option<Vec<u8>>,
    /// As it is put to the vote.
    pub title: Option<String>,
    /// What is to be done, in more words.
    pub public: Option<String>,
    /// Yuan.
    pub cost: Option<i64>,
    /// Why it was declined or taken back.
    pub why: Option<String>,
    /// Place in the order of ties.
    pub tie: Option<i64>,
    /// What carries it out: the case, the organisation, the day that was promised first.
    pub task: Option<Task>,
}

/// What carries a project out.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `budget_project`, explained there")]
pub struct Task {
    pub case: String,
    pub body: String,
    pub due_at: Ms,
}

/// The projects of a budget, in the order they came.
pub fn projects(q: &mut dyn Query, budget: &str) -> Result<Vec<Project>> {
    let sql = "select n, state, by_person, words, title, public, cost, why, tie, case_id, body, due_at from budget_project \
               where budget = $1 order by n";
    let one = |r: &store::Row| {
        let (case, body, due_at): (Option<String>, Option<String>, Option<Ms>) =
            (r.get("case_id")?, r.get("body")?, r.get("due_at")?);
        let task = case.zip(body).zip(due_at).map(|((case, body), due_at)| Task { case, body, due_at });
        Ok(Project {
            n: r.get("n")?,
            state: r.get("state")?,
            by: r.get("by_person")?,
            words: r.get("words")?,
            title: r.get("title")?,
            public: r.get("public")?,
            cost: r.get("cost")?,
            why: r.get("why")?,
            tie: r.get("tie")?,
            task,
        })
    };
    Ok(q.rows(sql, params![budget])?.iter().map(one).collect::<store::Result<_>>()?)
}

impl Budget {
    /// Whether this person runs it: the desk of the place, or one above it.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// The result, once there is one.
    pub fn counted(&self) -> Result<Option<count::Counted>> {
        self.result.as_deref().map(serde_json::from_str).transpose().map_err(crate::kit::Error::internal)
    }

    /// An entry of the log by whoever runs it.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry::new(act, "budget", &self.id))
    }
}
