//! What people think (大家怎么看): short statements that everybody answers with agree, disagree or pass, and the map that
//! `calc::opinion` makes of it: who thinks alike, what all share, what bridges groups and roles.
//!
//! What must stay true: one person has one voice on a statement, the latest; nobody reads off how somebody answered (voters
//! stand here by keyed digests, and what is given out for counting again has neither names nor times); whoever has not
//! answered yet is not shown what others said, so that he thinks for himself; a statement that the desk takes out keeps its
//! reason; the map is what `xiezhi calc opinion` makes of the published tables.
//!
//! Log kinds written: `opinion.begin`, `opinion.say`, `opinion.check`, `opinion.vote`, `opinion.end`.

/// Beginning, saying, checking, voting, ending.
pub mod act;
/// From answers to a map.
pub mod chart;
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
    /// Where a statement stands.
    State {
        /// Nobody but its author and the desk reads it.
        Waiting = "waiting",
        Shown = "shown",
        /// Shown, and about the matter itself: asked early, not part of the map.
        About = "about",
        Out = "out",
    }
}

names! {
    /// Why a statement is out.
    Why {
        Repeats = "repeats", Several = "several", Question = "question", Person = "person", Elsewhere = "elsewhere", Law = "law",
        Withdrawn = "withdrawn",
    }
}

impl State {
    /// Whether everybody may answer it.
    pub fn is_open(self) -> bool {
        matches!(self, State::Shown | State::About)
    }
}

row! {
    /// A matter on which opinions are asked.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `opinion`, explained there")]
    pub struct Opinion {
        pub id: String,
        pub number: String,
        pub title: String,
        pub about: String,
        pub area: String,
        pub path: String,
        pub checked: i64,
        pub made_at: Ms,
        pub closes_at: Ms,
        pub ended_at: Option<Ms>,
        pub why: Option<String>,
        pub turn: i64,
        pub log_seq: u64,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Opinion> {
    let row = q.row(&format!("select {COLUMNS} from opinion where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place, the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, before: Ms, most: i64) -> Result<Vec<Opinion>> {
    let sql = format!(
        "select {COLUMNS} from opinion where {} and made_at < $3 order by made_at desc, number desc limit $4",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

impl Opinion {
    /// Whether this person runs it: the desk of the place, or one above it.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// Whether it can be answered.
    pub fn is_open(&self, now: Ms) -> bool {
        self.ended_at.is_none() && now < self.closes_at
    }

    /// An entry of the log by whoever runs it.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry::new(act, "opinion", &self.id))
    }
}
