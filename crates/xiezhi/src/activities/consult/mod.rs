//! Consultation (协商议事): a topic is raised, graded, talked about by those whom it concerns, decided, carried out and
//! appraised; and what was promised is followed until it is done.
//!
//! What must stay true: no step is skipped, and which steps there are is the pack's to say, frozen when the topic is graded;
//! nobody sits alone (a convening without the seats of the pack is refused), residents are drawn by a seed that nobody could
//! know and everybody can draw again; nothing is decided that was not posted; each decision names who does what by when and
//! is a case with that date, which ends by being done and not otherwise; whatever is not done in time goes up to the desk
//! above, found in the database alone; who spoke how is for the seats and the desk; a resident appraises once.
//!
//! Log kinds written: `consult.raise`, `consult.grade`, `consult.decline`, `consult.appeal`, `consult.seat`, `consult.draw`,
//! `consult.drawn`, `consult.excuse`, `consult.join`, `consult.convene`, `consult.form`, `consult.agenda`, `consult.post`,
//! `consult.sign`, `consult.view`, `consult.hold`, `consult.publish`, `consult.decide`, `consult.redo`, `consult.callback`,
//! `consult.appraise`, `consult.escalate`, `consult.late`, `consult.done`, `consult.dropped`, `consult.reopened`,
//! `consult.merged`, `consult.end`, `consult.year`.

/// Raising, grading, declining, asking again.
pub mod act;
/// What was promised.
pub mod decision;
/// The whole record.
pub mod file;
/// What came out, and what people think of it.
pub mod outcome;
/// The rules of a place.
pub mod pack;
/// What happens by itself.
pub mod ring;
/// Meetings, online rounds, walks.
pub mod round;
/// Pure decisions.
pub mod rules;
/// Who sits in it.
pub mod seat;
/// Routes of its steps.
pub mod steps;
/// Whom it concerns is told.
pub mod tell;
/// What a view holds.
pub mod types;
/// What readers see.
pub mod view;
/// Routes of topics.
pub mod web;
/// The committee's year.
pub mod year;

use store::{Entry, Query, params};

use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{App, Result, Who};
use crate::records::case::Rulebook;

names! {
    /// The step that is waited for, or how it ended.
    State {
        Grade = "grade", Convene = "convene", Form = "form", Deliberate = "deliberate", Publish = "publish",
        Callback = "callback", Carry = "carry", Appraise = "appraise", Done = "done", Declined = "declined",
    }
    /// How deep.
    Depth { Quick = "quick", Deep = "deep", }
    /// Who began it.
    Origin { Resident = "resident", Staff = "staff", Case = "case", }
    /// Where what was promised stands.
    Promise { Open = "open", Done = "done", Dropped = "dropped", }
    /// How it ended.
    Outcome { Agreed = "agreed", Partly = "partly", Open = "open", }
}

impl State {
    /// Somebody's step is waited for.
    pub fn is_open(self) -> bool {
        !matches!(self, State::Done | State::Declined)
    }
}

row! {
    /// A consultation.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `consult`, explained there")]
    pub struct Consult {
        pub id: String,
        pub number: String,
        pub title: Option<String>,
        pub question: Option<String>,
        pub topic: Option<String>,
        pub area: String,
        pub path: String,
        pub desk: String,
        pub level: i64,
        pub state: State,
        pub depth: Option<Depth>,
        pub pack: Option<String>,
        pub origin: Origin,
        pub case_id: Option<String>,
        pub raised_by: Option<String>,
        pub raised_at: Ms,
        pub graded_at: Option<Ms>,
        pub convened_at: Option<Ms>,
        pub posted_at: Option<Ms>,
        pub held_at: Option<Ms>,
        pub published_at: Option<Ms>,
        pub ended_at: Option<Ms>,
        pub due_at: Option<Ms>,
        pub overdue_at: Option<Ms>,
        pub deep_only: i64,
        pub declined: Option<String>,
        pub waived: Option<String>,
        pub waived_why: Option<String>,
        pub outcome: Option<Outcome>,
        pub summary: Option<String>,
        pub reached: Option<i64>,
        pub satisfied: Option<i64>,
        pub log_seq: u64,
        pub reason_seq: Option<u64>,
        pub minutes_seq: Option<u64>,
    }
}

/// The consultation with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Consult>> {
    q.row(&format!("select {COLUMNS} from consult where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The consultation with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Consult> {
    let row = q.row(&format!("select {COLUMNS} from consult where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// What decisions rest on, gathered before the write.
#[derive(Clone)]
pub struct Basis {
    /// Working time and the chart of organisations.
    pub book: Rulebook,
    /// The zone of the node.
    pub zone: jiff::tz::TimeZone,
}

impl Basis {
    /// What holds now.
    pub fn now(app: &App) -> Result<Basis> {
        Ok(Basis { book: Rulebook::now(app)?, zone: app.config.zone.clone() })
    }

    /// When a limit that begins now runs out.
    pub fn due(&self, from: Ms, limit: calc::due::Limit) -> Ms {
        self.book.time.due(from, limit).at
    }
}

impl Consult {
    /// Whether this person works at a desk that answers for the place.
    pub fn is_run_by(&self, who: &Who) -> bool {
        who.desk_over(&self.path).is_some()
    }

    /// Whether this person raised it.
    pub fn is_raised_by(&self, who: &Who) -> bool {
        self.raised_by.is_some() && self.raised_by == who.person
    }

    /// The rules it was graded under.
    pub fn rules(&self) -> Result<pack::Pack> {
        let text = self.pack.as_deref().ok_or(Kind::State)?;
        pack::Pack::parse(text).map_err(crate::kit::Error::internal)
    }

    /// Under whose key lies what was said when it was raised.
    pub fn owner(&self) -> &str {
        self.raised_by.as_deref().unwrap_or(&self.id)
    }

    /// An entry about it, by anybody.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        let role = who.role_over(&self.path).or(who.roles.first());
        let (role, party) = (role.map(|r| r.kind.as_str()), role.and_then(|r| r.body.as_deref()));
        let entry = Entry { actor: who.actor(), role, party, area: Some(&self.area), ..Entry::new(act, "consult", &self.id) };
        entry.fact("number", self.number.as_str())
    }

    /// An entry by the desk of the place, or one above it; refused to everybody else.
    fn desk_entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, self.entry(who, act))
    }
}
