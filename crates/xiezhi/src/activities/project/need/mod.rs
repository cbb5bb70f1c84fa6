//! The list of needs (需求清单): what people of a place need, from whoever says so: a resident, a clerk after a visit, a case or a
//! consultation that showed it.
//!
//! What must stay true: whoever says something gets an answer, in days, from a desk that has the clock until then; what he wrote
//! stays between him and the desk, what everybody reads is the desk's; a need on the list that nothing was done about rings
//! again; everybody counts once who needs it, too.
//!
//! Log kinds written: `need.raise`, `need.too`, `need.decide`, `need.use`, `need.ring`.

/// Raising, joining, deciding.
pub mod act;
/// Routes and pages.
pub mod web;

use store::{Entry, Query, Tx, params};

use super::{Book, plan, tell};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where a need stands.
    State {
        /// It waits for an answer.
        Raised = "raised",
        /// Everybody reads it; something is to be done.
        Listed = "listed",
        /// It is not put on the list, with the reason.
        Declined = "declined",
        /// A project does something about it.
        Working = "working",
        /// It was met.
        Met = "met",
    }
}

row! {
    /// A need.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `need`, explained there")]
    pub struct Need {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub kind: String,
        pub state: State,
        pub words: Option<Vec<u8>>,
        pub title: Option<String>,
        pub by_person: Option<String>,
        pub source: Option<String>,
        pub desk: String,
        pub ring_at: Option<Ms>,
        pub made_at: Ms,
        pub decided_at: Option<Ms>,
        pub why: Option<String>,
        pub ended_at: Option<Ms>,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Need> {
    let row = q.row(&format!("select {COLUMNS} from need where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Need> {
    let row = q.row(&format!("select {COLUMNS} from need where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place in one of these states (at most three), the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, states: [State; 3], before: Ms, most: i64) -> Result<Vec<Need>> {
    let sql = format!(
        "select {COLUMNS} from need where {} and state in ($3, $4, $5) and made_at < $6 order by made_at desc, number desc limit $7",
        area::AROUND
    );
    let [a, b, c] = states;
    let rows = q.rows(&sql, params![path, area::end_of(path), a, b, c, before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// How many need it, with whoever said it first.
pub fn wanted(q: &mut dyn Query, need: &Need) -> Result<i64> {
    Ok(q.count("select count(*) from need_too where need = $1", params![&need.id])?)
}

/// Numbers of the projects that do something about it.
pub fn projects(q: &mut dyn Query, need: &str) -> Result<Vec<String>> {
    let sql = "select p.number from project_need n join project p on p.id = n.project where n.need = $1 and p.state <> $2 \
               order by p.made_at, p.number";
    let rows = q.rows(sql, params![need, plan::State::Void])?;
    Ok(rows.iter().map(|r| r.get("number")).collect::<store::Result<_>>()?)
}

impl Need {
    /// Whether somebody decides on it.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// Whether it is somebody's own.
    pub fn is_of(&self, who: &Who) -> bool {
        who.by.is_none() && self.by_person.is_some() && self.by_person == who.person
    }

    /// Whether everybody may read it.
    pub fn is_public(&self) -> bool {
        matches!(self.state, State::Listed | State::Working | State::Met)
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), ..Entry::new(act, "need", &self.id) }
    }
}

/// What a project changes about a need: begun, given up, done. Whoever raised it is told.
pub fn turn(tx: &mut Tx, book: &Book, who: &Who, id: &str, to: State, project: &str) -> Result<()> {
    let (need, now) = (by_id(tx, id)?, tx.now());
    if need.state == to {
        return Ok(());
    }
    tx.log(need.entry(who, "need.use").fact("state", to.as_str()).fact("project", project))?;
    let ring = (to == State::Listed).then(|| now + book.pack.limits.rest_days * crate::kit::time::DAY);
    let ended = (to == State::Met).then_some(now);
    let sql = "update need set state = $2, ring_at = $3, ended_at = $4 where id = $1";
    tx.exec(sql, params![id, to, ring, ended])?;
    if let Some(person) = need.by_person.clone() {
        tell(tx, book, who, &need.number, &format!("need-{}", to.as_str()), &[person])?;
    }
    Ok(())
}
