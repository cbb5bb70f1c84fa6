//! The life of a case after it was reported: what people do with it, what it does by itself, and what is kept of both.
//!
//! What must stay true (inv01): whatever happens ends in [`clock::settle`] and in [`ledger::save`], so an open case always has one
//! holder, one running clock and one alarm, and every interval is charged to whoever held it.
//!
//! Log kinds written: `case.<action>` for each [`Action`](super::rules::Action), `case.task`, `case.task-<action>` for each
//! [`task::TaskAction`], and by themselves `case.warn`, `case.escalate`, `case.adjudicate`, `case.back`, `case.reassign`,
//! `case.task-late`, `case.recalendar`, `case.supervise` by a rule of the catalogue; `case.promise` for upper rooms.

/// Nobody who is away holds a clock.
pub mod absent;
/// Actions of staff and reporter.
pub mod act;
/// What each action changes.
mod change;
/// Deadlines and alarms.
pub mod clock;
/// Who held it when.
pub mod ledger;
/// What a step counts as.
mod measure;
/// Orders to hurry.
pub mod order;
/// What was promised to others.
pub mod promise;
/// Deadlines under a new calendar.
pub mod recalendar;
/// Answers that a clerk may use.
pub mod reply;
/// What happens by itself.
pub mod ring;
/// Parts of a case that others do: whistle and joint work.
pub mod task;

pub(super) use change::follows;

use super::rules::{Action, Ask, Outcome, Verdict};
use super::{Case, MAX_MEDIA, Rulebook};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// What comes with an action.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the fields of the contract's actions")]
pub struct Said {
    pub reason: Option<String>,
    pub to: Option<String>,
    pub text: Option<String>,
    pub class: Option<String>,
    pub media: Vec<String>,
    pub score: Option<i64>,
    /// Until when something rests, or by when somebody must hurry.
    pub until: Option<Ms>,
    /// Why it is closed.
    pub outcome: Option<Outcome>,
    /// What the handler asks for.
    pub ask: Option<Ask>,
    /// Whether what was asked for was reasonable.
    pub verdict: Option<Verdict>,
    /// A note for staff only.
    pub private: bool,
    /// A step of what was settled where it was found ([`super::report::spot`]): nobody is told of each.
    pub on_the_spot: bool,
}

impl Said {
    /// Reads `{reason?, to?, text?, class?, media?, score?, until?, outcome?, ask?, verdict?, private?}`.
    pub fn parse(input: &Input, zone: &jiff::tz::TimeZone) -> Result<Said> {
        /// A word of a fixed list, or `unknown-value`.
        fn word<T>(input: &Input, name: &'static str, parse: fn(&str) -> Option<T>) -> Result<Option<T>> {
            input.text(name, 40)?.map(|t| parse(&t).ok_or_else(|| Kind::Unknown.at(name))).transpose()
        }
        Ok(Said {
            reason: input.text("reason", 1000)?,
            // A form offers likely answers beside the field.
            to: input.text("to", 60)?.or(input.text("pick", 60)?),
            text: input.text("text", 2000)?,
            class: input.text("class", 40)?,
            media: input.list("media", MAX_MEDIA)?,
            score: input.int("score", 1, 5)?,
            until: input.until("until", zone)?,
            outcome: word(input, "outcome", Outcome::parse)?,
            ask: word(input, "ask", Ask::parse)?,
            verdict: word(input, "verdict", Verdict::parse)?,
            private: input.flag("private"),
            on_the_spot: false,
        })
    }

    /// The words that go with it.
    pub(super) fn words(&self) -> Option<&str> {
        self.reason.as_deref().or(self.text.as_deref())
    }
}

/// An action on its way: who does what to which case.
struct Step<'a> {
    book: &'a Rulebook,
    who: &'a Who,
    action: Action,
    said: &'a Said,
    before: &'a Case,
}
