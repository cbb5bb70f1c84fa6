//! What people do with a case. What it does by itself is in [`super::ring`].
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Tx};

use super::rules::{self, Action, Ask, Outcome, State, Verdict};
use super::{Case, Rulebook, change, clock, ledger, load, main_of, measure, order, promise, recalendar, stand};
use crate::base::media;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::Ms;
use crate::kit::{Error, Result, Who};

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
    /// A step of what was settled where it was found ([`super::spot`]): nobody is told of each.
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
            media: input.list("media", super::report::MAX_MEDIA)?,
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
pub(super) struct Step<'a> {
    pub(super) book: &'a Rulebook,
    pub(super) who: &'a Who,
    pub(super) action: Action,
    pub(super) said: &'a Said,
    pub(super) before: &'a Case,
}

/// Does an action and returns the case as it then stands.
pub fn act(tx: &mut Tx, book: &Rulebook, who: &Who, holds_code: bool, id: &str, action: Action, said: &Said) -> Result<Case> {
    act_with(tx, book, who, (id, holds_code), (action, said), |facts| facts)
}

/// The same, with a right besides those that a person has by what he is: [`super::spot`] gives them.
pub(super) fn act_with(
    tx: &mut Tx,
    book: &Rulebook,
    who: &Who,
    (id, holds_code): (&str, bool),
    (action, said): (Action, &Said),
    besides: impl FnOnce(rules::Facts) -> rules::Facts,
) -> Result<Case> {
    let before = load(tx, id)?.ok_or(Kind::NotFound)?;
    let main = main_of(tx, &before)?;
    let facts = besides(stand(&before, main.as_ref(), book, who, holds_code, tx.now())?);
    let mut after = before.clone();
    after.state = rules::next(action, &facts)?;
    let step = Step { book, who, action, said, before: &before };
    change::apply(tx, &step, &mut after)?;
    let fired = order::fire(tx, book, &before, &mut after)?;
    settle_clock(book, tx.now(), &before, &mut after);
    ledger::save(tx, &before, &mut after);
    if !said.media.is_empty() {
        media::attach(tx, &said.media, &before.id, action.as_str(), who)?;
    }
    log(tx, &step, facts.reporter, &after)?;
    change::also(tx, &step, &after)?;
    order::write(tx, &before, &after, &fired)?;
    Ok(after)
}

/// What follows for every step from the new state and deadline: marks of the stage, the alarm, the moment of settling.
pub(super) fn settle_clock(book: &Rulebook, now: Ms, before: &Case, after: &mut Case) {
    if after.state.is_open() {
        after.closed_at = None;
    } else {
        (after.holder, after.assignee, after.due_at, after.overlay, after.ask) = (None, None, None, None, None);
        after.closed_at = before.closed_at.or(Some(now));
    }
    after.due_at = promise::capped(after, now);
    if after.due_at != before.due_at {
        (after.clock_from, after.warned) = (after.due_at.map(|_| now), 0);
        recalendar::mark(book, now, before, after);
    }
    if after.holder != before.holder {
        after.assignee = None;
    }
    after.warn_at = book.warning(after);
    after.alarm_at = clock::alarm(after);
}

fn log(tx: &mut Tx, step: &Step, reporter: bool, after: &Case) -> Result<()> {
    let Step { who, action, said, before, .. } = *step;
    let act = format!("case.{}", action.as_str());
    let role = who.role_over(&before.path).or(who.roles.first());
    let entry = Entry {
        actor: who.actor(),
        role: role.map(|r| r.kind.as_str()),
        party: role.and_then(|r| r.body.as_deref()),
        area: Some(&before.area),
        owner: Some(&before.owner),
        ..Entry::new(&act, "case", &before.id)
    };
    let is = |a: Action| action == a;
    // Words for staff only are another element, with other decisions about who sees it.
    let private = said.private && is(Action::Note) || is(Action::Review);
    let by_reporter = reporter && matches!(action, Action::Rate | Action::Reopen | Action::Note | Action::Withdraw);
    let entry = entry
        .fact("number", before.number.as_str())
        .fact("from", before.state.as_str())
        .fact("state", after.state.as_str())
        .fact_opt("overlay", after.overlay.map(|o| o.as_str()))
        .fact_opt("holder", after.holder.as_deref())
        .fact_opt("due", after.due_at)
        .fact_opt("class", after.class.as_deref().filter(|_| after.class != before.class))
        .fact_opt("into", after.merged_into.as_deref().filter(|_| is(Action::Merge)))
        .fact_opt("score", after.score.filter(|_| is(Action::Rate)))
        .fact_opt("outcome", after.outcome.map(|o| o.as_str()).filter(|_| is(Action::Close) || is(Action::Withdraw)))
        .fact_opt(
            "ask",
            said.ask
                .or(before.ask)
                .map(|a| a.as_str())
                .filter(|_| matches!(action, Action::Ask | Action::Grant | Action::Refuse)),
        )
        .fact_opt(
            "until",
            said.until.filter(|_| matches!(action, Action::Suspend | Action::HangUp | Action::Ask | Action::Supervise)),
        )
        .fact_opt("verdict", after.review.map(|v| v.as_str()).filter(|_| is(Action::Review)))
        .fact_opt("rule", after.rule.as_deref().filter(|_| is(Action::Dispatch)))
        .fact_opt("instead_of", said.to.as_deref().filter(|to| is(Action::Assign) && after.assignee.as_deref() != Some(to)))
        .fact_opt("reporter", by_reporter.then_some(1))
        .fact_opt("on_the_spot", said.on_the_spot.then_some(1));
    let counts = measure::of(
        action,
        before,
        after,
        tx.now(),
        action == Action::Feedback && media::seen_elsewhere(tx, &said.media, &before.id)?,
    );
    let charged = measure::party(before, after).filter(|_| !counts.is_empty());
    let entry = entry
        .fact_opt("counts", (!counts.is_empty()).then(|| counts.join(" ")))
        .fact_opt("charged", charged.as_deref())
        .fact_opt("of_class", after.class.as_deref().filter(|_| !counts.is_empty()))
        .element(if private { "case.memo" } else { "case.note" }, said.words())
        .element("case.media", (!said.media.is_empty()).then(|| said.media.join(" ")));
    tx.log(entry)?;
    Ok(())
}

/// An error for a field that an action needs.
pub(super) fn missing(field: &'static str) -> Error {
    Kind::Missing.at(field)
}

/// Whether everybody may see that a step happened, so that those who poll read the case again.
pub(super) fn is_public(action: Action, said: &Said) -> bool {
    !(matches!(action, Action::Assign | Action::Review | Action::Follow | Action::Ask | Action::Refuse)
        || action == Action::Note && said.private)
}

/// The state to which a merged case goes back: where it was.
pub(super) fn state_before(tx: &mut Tx, case: &Case) -> Result<(State, Option<String>)> {
    let last = ledger::last(tx, case)?;
    Ok(last.map_or((State::Accepted, None), |h| (h.state, Some(h.holder))))
}
