//! What people do with a case. What it does by itself is in [`super::ring`].
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Tx};

use super::{Said, Step, change, clock, ledger, measure, order};
use crate::base::media;
use crate::kit::error::Kind;
use crate::kit::{Result, Who};
use crate::records::case::rules::{self, Action};
use crate::records::case::{Case, Rulebook, load, main_of, stand};

/// Does an action and returns the case as it then stands.
pub fn act(tx: &mut Tx, book: &Rulebook, who: &Who, holds_code: bool, id: &str, action: Action, said: &Said) -> Result<Case> {
    act_with(tx, book, who, (id, holds_code), (action, said), |facts| facts)
}

/// The same, with a right besides those that a person has by what he is: [`spot`](crate::records::case::report::spot) gives them.
pub fn act_with(
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
    clock::settle(book, tx.now(), &before, &mut after);
    ledger::save(tx, &before, &mut after);
    if !said.media.is_empty() {
        media::attach(tx, &said.media, &before.id, action.as_str(), who)?;
    }
    log(tx, &step, facts.reporter, &after)?;
    change::also(tx, &step, &after)?;
    order::write(tx, &before, &after, &fired)?;
    Ok(after)
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
        .fact_opt("copy", before.is_copy().then_some(1))
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
