//! Done for you (帮办代办): somebody of the community fetches papers, hands something in or goes to a counter for whoever cannot go
//! himself, with a mandate that has an end.
//!
//! What must stay true: there is one who does it and a clock until it ends; each paper that changes hands is on record, and
//! whom it belongs to says so; nothing ends while somebody still holds papers of his; the mandate names what and until when,
//! and can be taken back at any moment; who it is and what it is about is known to him, to whoever does it and to the desk.
//!
//! Log kinds written: `errand.ask`, `errand.take`, `errand.step`, `errand.confirm`, `errand.done`, `errand.again`, `errand.close`,
//! `errand.drop`, `errand.withdraw`, `errand.ring`.

/// Asking, taking, steps, ending.
pub mod act;
/// Routes and pages.
pub mod web;

use store::{Entry, Query, params};

use crate::base::catalogue::Relation;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// What is done for somebody.
    Sort {
        /// Papers are fetched or brought.
        Papers = "papers",
        /// Something is handed in.
        Apply = "apply",
        /// Bills are paid.
        Pay = "pay",
        /// Medicine or food is fetched.
        Fetch = "fetch",
        /// An appointment is booked.
        Book = "book",
        /// Anything else.
        Other = "other",
    }
    /// Where it stands.
    State {
        /// Nobody does it yet.
        Asked = "asked",
        /// Somebody does it.
        Taken = "taken",
        /// Whoever did it says that it is done.
        Done = "done",
        /// Whom it is for says so, too, or was silent.
        Closed = "closed",
        /// He took it back, or nobody could do it.
        Dropped = "dropped",
    }
    /// What happened.
    Move {
        /// Papers were given to whoever does it.
        In = "in",
        /// Papers were given back.
        Back = "back",
        /// A step.
        Note = "note",
        /// An appointment was booked.
        Booked = "booked",
        /// It is done.
        Done = "done",
        /// It is not right yet.
        Again = "again",
    }
}

row! {
    /// An errand.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `errand`, explained there")]
    pub struct Errand {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub kind: Sort,
        pub state: State,
        pub asked_by: Option<String>,
        pub by_person: String,
        pub words: Option<Vec<u8>>,
        pub name: Option<Vec<u8>>,
        pub phone: Option<Vec<u8>>,
        pub mandate_until: Ms,
        pub helper: Option<String>,
        pub body: Option<String>,
        pub papers: i64,
        pub desk: String,
        pub ring_at: Option<Ms>,
        pub made_at: Ms,
        pub ended_at: Option<Ms>,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Errand> {
    let row = q.row(&format!("select {COLUMNS} from errand where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Errand> {
    let row = q.row(&format!("select {COLUMNS} from errand where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those that somebody asked for, wrote down or does, the newest first.
pub fn of_person(q: &mut dyn Query, person: &str, most: i64) -> Result<Vec<Errand>> {
    let sql = format!(
        "select {COLUMNS} from errand where asked_by = $1 or by_person = $1 or helper = $1 order by made_at desc, number desc limit $2"
    );
    let rows = q.rows(&sql, params![person, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Those of a place in a state, the oldest first.
pub fn in_state(q: &mut dyn Query, path: &str, state: State, most: i64) -> Result<Vec<Errand>> {
    let sql =
        format!("select {COLUMNS} from errand where path >= $1 and path < $2 and state = $3 order by made_at, number limit $4");
    let rows = q.rows(&sql, params![path, crate::base::area::end_of(path), state, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// A step.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `errand_step`, explained there")]
pub struct Step {
    pub n: i64,
    pub kind: Move,
    pub at: Ms,
    pub words: Option<Vec<u8>>,
    pub confirmed_at: Option<Ms>,
}

/// What happened, in order.
pub fn steps(q: &mut dyn Query, errand: &str) -> Result<Vec<Step>> {
    let one = |r: &store::Row| {
        let (n, kind, at) = (r.get("n")?, r.get("kind")?, r.get("at")?);
        Ok(Step { n, kind, at, words: r.get("words")?, confirmed_at: r.get("confirmed_at")? })
    };
    let sql = "select n, kind, at, words, confirmed_at from errand_step where errand = $1 order by n";
    Ok(q.rows(sql, params![errand])?.iter().map(one).collect::<store::Result<_>>()?)
}

impl Errand {
    /// Whether it is for this person, who says so himself or through whom he trusts.
    pub fn is_of(&self, who: &Who) -> bool {
        self.asked_by.is_some() && self.asked_by == who.person
    }

    /// Whether he does it.
    pub fn is_done_by(&self, who: &Who) -> bool {
        self.helper.is_some() && self.helper.as_deref() == who.actor()
    }

    /// How somebody stands to it; none: he does not learn of it.
    pub fn relation(&self, who: &Who) -> Option<Relation> {
        if self.is_of(who) {
            Some(Relation::Owner)
        } else if self.is_done_by(who) || who.actor() == Some(&self.by_person) {
            Some(Relation::Involved)
        } else {
            who.desk_over(&self.path).map(|_| Relation::Desk)
        }
    }

    /// The code with which whom it is for says that papers changed hands or that it is done.
    pub fn code(&self, q: &dyn Query) -> String {
        let digest = q.digest("errand", &self.id);
        let n = digest[..8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        format!("{:06}", n % 1_000_000)
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), owner: Some(&self.id), ..Entry::new(act, "errand", &self.id) }
    }
}
