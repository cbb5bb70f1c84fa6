//! Votes of owners (业主共同决定) and of residents (居民会议): the roll, what is asked, ballots by app, link, paper, door and
//! telephone, the lawful result.
//!
//! What must stay true: what is asked, who may vote and by which rules stands still from the moment a vote is open; a unit
//! has one counted ballot, the latest, and those it takes the place of are kept; how anybody voted is told to nobody before
//! the end, and after it only to those on the roll and whoever counts; a ballot proves itself by its receipt; paper is
//! keyed by two people, and where they differ a third looks; the result is what `calc::tally` says of the published
//! tables, so that anybody on the roll gets the same from `xiezhi calc tally`.
//!
//! Log kinds written: `roll.make`, `roll.post`, `roll.object`, `roll.decide`, `vote.draft`, `vote.post`, `vote.void`,
//! `vote.ballot`, `vote.paper`, `vote.key`, `vote.renew`, `vote.late`, `vote.offer`, `vote.scrutineer`, `vote.result`, `vote.outside`.

/// Drafting, posting, ending.
pub mod act;
/// Casting a ballot.
pub mod ballot;
/// From ballots to a result.
pub mod count;
/// Results with their reasons.
pub mod outcome;
/// Results of the system that a place prescribes.
pub mod outside;
/// The rules of a place.
pub mod pack;
/// Ballots on paper.
pub mod paper;
/// Routes of what people cast.
pub mod polls;
/// Powers of attorney.
pub mod proxy;
/// Rolls made from the register.
pub mod register;
/// Who may vote.
pub mod roll;
/// Routes of rolls.
pub mod rolls;
/// Pure decisions.
pub mod rules;
/// Who watches the count.
pub mod scrutiny;
/// What readers see.
pub mod view;
/// Routes of scrutineers.
pub mod watch;
/// Routes of votes.
pub mod web;

use store::{Entry, Query, params};

use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where a vote stands, as it is kept; whether it is open is a matter of the time ([`rules::phase`]).
    State { Draft = "draft", Posted = "posted", Published = "published", Void = "void", }
}

row! {
    /// A vote.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `vote`, explained there")]
    pub struct Vote {
        pub id: String,
        pub number: String,
        pub title: String,
        pub roll: String,
        pub area: String,
        pub path: String,
        pub state: State,
        pub temporary: i64,
        pub pack: String,
        pub posted_at: Option<Ms>,
        pub opens_at: Ms,
        pub closes_at: Ms,
        pub ended_at: Option<Ms>,
        pub why: Option<String>,
        pub result_zh: Option<String>,
        pub result_en: Option<String>,
        pub outside: i64,
        pub certificate: Option<String>,
        pub proxy_most: Option<i64>,
        pub seats: Option<i64>,
        pub late: i64,
        pub log_seq: u64,
    }
}

/// The vote with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Vote>> {
    q.row(&format!("select {COLUMNS} from vote where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The vote with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Vote> {
    let row = q.row(&format!("select {COLUMNS} from vote where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its place, from 1.
    pub q: i64,
    /// What kind of matter it is, by the pack.
    pub topic: String,
    /// ordinary, special, unanimous.
    pub item: calc::tally::Item,
    /// The words on the ballot.
    pub words: String,
}

/// The questions of a vote in their order.
pub fn questions(q: &mut dyn Query, vote: &str) -> Result<Vec<Question>> {
    let rows = q.rows("select q, topic, item, words from vote_question where vote = $1 order by q", params![vote])?;
    let read = |row: &store::Row| {
        let item: String = row.get("item")?;
        Ok(Question {
            q: row.get("q")?,
            topic: row.get("topic")?,
            item: calc::tally::Item::parse(&item).ok_or(Kind::NotFound)?,
            words: row.get("words")?,
        })
    };
    rows.iter().map(read).collect()
}

impl Vote {
    /// Whether this person runs the vote: the desk of the place, or one above it.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// An entry of the log by whoever runs it.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry::new(act, "vote", &self.id))
    }

    /// The rules it was posted under.
    pub fn pack(&self) -> Result<pack::Pack> {
        pack::Pack::parse(&self.pack).map_err(crate::kit::Error::internal)
    }
}
