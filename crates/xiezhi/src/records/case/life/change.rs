//! What each action changes in a case besides its state: holder, handler, deadline, overlay.
//!
//! What must stay true: whoever gets a case by an action exists and may hold it; what rests has a date and a reason; a
//! report is merged only into one that is still worked on. Called after the rules have said yes.

use store::{Query, Tx, params};

use super::{Said, Step, clock, ledger, order};
use crate::base::party::{self, Body, standing};
use crate::base::roster;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::records::case::rules::{Action, Ask, Outcome, Overlay, State};
use crate::records::case::{Case, by_number, complaint, moved, place, wait};

/// Longest rest, from today. A longer one is asked for again when it comes back.
const LONGEST_REST: Ms = 400 * DAY;
/// Returns after which who is responsible is ruled on at once.
pub const MOST_RETURNS: i64 = 2;

/// Changes `after`, whose state is the new one already.
pub(super) fn apply(tx: &mut Tx, step: &Step, after: &mut Case) -> Result<()> {
    let Step { action, said, before, .. } = *step;
    classify(tx, step, after)?;
    if needs_words(action) && said.words().is_none() {
        return Err(Kind::Missing.at("reason"));
    }
    if is_public(action, said) {
        after.updated_at = moved(before.updated_at, tx.now());
    }
    by_action(tx, step, after)?;
    // What comes out of a merge goes on where it was.
    if before.state != State::Merged { by_stage(step, after, tx.now()) } else { Ok(()) }
}

/// Another class, with what everybody may then know of the place.
fn classify(tx: &mut Tx, step: &Step, after: &mut Case) -> Result<()> {
    let Step { book, action, said, before, .. } = *step;
    if let Some(class) = &said.class
        && matches!(action, Action::Accept | Action::Dispatch | Action::Rule)
    {
        let new = book.classes.get(class).ok_or_else(|| Kind::Unknown.at("class"))?;
        if book.classes.is_handed(class) && after.class.as_deref() != Some(class) {
            return Err(Kind::NotAdmitted.at("class"));
        }
        let shown = book.class(before).visibility;
        (after.class, after.pack) = (Some(class.clone()), book.classes.version);
        if new.visibility != shown {
            place::renew(tx, after, new.visibility)?;
        }
    }
    Ok(())
}

/// What the action itself changes.
fn by_action(tx: &mut Tx, step: &Step, after: &mut Case) -> Result<()> {
    let Step { book, who, action, said, before } = *step;
    let now = tx.now();
    let chart = &book.chart;
    let local_desk = complaint::desk(chart, before)?;
    let mine = || complaint::over(chart, who, before).or(who.role_over(&before.path)).and_then(|r| r.body.clone());
    match action {
        // Whoever takes it in hand holds it: also a desk above that steps in.
        Action::Accept if before.state == State::Received => after.holder = mine().or(before.holder.clone()),
        // The handler signs for it: no dispute about who is responsible any more.
        Action::Accept => {
            after.holder.clone_from(&before.handler);
            after.dispute_at = None;
        }
        Action::Dispatch | Action::Rule => {
            let to = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
            let body = chart.living(to).filter(|b| b.kind.is_handler()).ok_or_else(|| Kind::Unknown.at("to"))?;
            hand_to(after, body);
            // Whoever follows a rule says so; whoever decides otherwise needs none.
            let suggested = book.suggest(tx, after, now)?.filter(|s| action == Action::Dispatch && s.body == body.id);
            after.rule = suggested.and_then(|s| s.rule);
            if action == Action::Rule {
                (after.overlay, after.ruled, after.dispute_at) = (None, true, None);
            }
        }
        Action::Claim => {
            let group = |r: &&crate::kit::Role| r.kind.may_claim() && before.path.starts_with(&r.path);
            let body = who.roles.iter().filter(group).find_map(|r| r.body.as_deref()).and_then(|b| chart.living(b));
            let body = body.ok_or(Kind::Denied)?;
            standing::insist(tx, Some(&body.id), now)?;
            hand_to(after, body);
            after.dispute_at = None;
        }
        Action::Return if after.state == State::Accepted => {
            after.holder = Some(local_desk.id.clone());
            (after.handler, after.handled_by, after.ask) = (None, None, None);
            after.returns += 1;
            after.dispute_at = before.dispute_at.or(Some(book.dispute(now)));
        }
        // The check found it wanting: back to whoever handled it.
        Action::Return => {
            after.holder.clone_from(&before.handler);
            (after.checker, after.handled_by) = (None, None);
        }
        Action::Feedback => {
            if said.text.is_none() && said.media.is_empty() {
                return Err(Kind::Missing.at("text"));
            }
            book.evidence(tx, before, &said.media)?;
            after.holder = Some(local_desk.id.clone());
            after.handled_by = who.actor().map(str::to_owned);
            (after.overlay, after.ask, after.dispute_at) = (None, None, None);
        }
        Action::Check => {
            after.checker = who.actor().map(str::to_owned);
            after.holder = mine().or(before.holder.clone());
        }
        Action::Close => {
            let outcome = said.outcome.unwrap_or(Outcome::Solved);
            if outcome == Outcome::Withdrawn {
                return Err(Kind::Unknown.at("outcome"));
            }
            if outcome != Outcome::Solved && said.words().is_none() {
                return Err(Kind::Missing.at("reason"));
            }
            if wait::of(tx, &before.number)?.iter().any(|w| w.open) {
                return Err(Kind::AlarmOpen.into());
            }
            after.outcome = Some(outcome);
        }
        Action::Withdraw => {
            // Others reported the same, or said that it concerns them too: it is no longer one person's to take back.
            let sql = "select count(*) from cases where merged_into = $1";
            if before.followers > 0 || tx.count(sql, params![&before.number])? > 0 {
                return Err(Kind::Shared.into());
            }
            after.outcome = Some(Outcome::Withdrawn);
        }
        Action::Reject => {}
        Action::Merge => {
            // Only into what is still worked on, and where this desk answers: merging must not bury a report.
            let into = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
            let fits = |m: &Case| m.id != before.id && m.state.is_open() && complaint::over(chart, who, m).is_some();
            let main = by_number(tx, into)?.filter(fits).ok_or_else(|| Kind::Unknown.at("to"))?;
            // Those that were merged into this one go along, so that a chain never hides anybody.
            after.merged_into = Some(main.number);
            after.due_left = before.due_at.map(|d| d - now);
        }
        Action::Reopen if before.state == State::Merged => {
            let (state, holder) = state_before(tx, before)?;
            (after.state, after.merged_into) = (state, None);
            after.holder = holder.filter(|h| chart.living(h).is_some()).or(Some(local_desk.id.clone()));
            after.due_at = Some(clock::resumed(now, before.due_left));
        }
        Action::Reopen => {
            let appeal = before.state == State::Rejected;
            let above = if appeal { chart.desk_above(local_desk) } else { None };
            after.holder = Some(above.unwrap_or(local_desk).id.clone());
            (after.handler, after.handled_by, after.checker, after.outcome) = (None, None, None, None);
            (after.handle_due, after.ruled, after.returns, after.dispute_at) = (None, false, 0, None);
            after.reopens += 1;
        }
        Action::Rate => after.score = Some(said.score.ok_or_else(|| Kind::Missing.at("score"))?),
        Action::Extend => after.extended += 1,
        Action::Suspend => rest(after, Overlay::Suspended, until(said, now)?, now),
        Action::HangUp => rest(after, Overlay::HungUp, until(said, now)?, now),
        Action::Resume => {
            after.overlay = None;
            after.due_at = Some(clock::resumed(now, before.due_left));
        }
        Action::Ask => {
            let ask = said.ask.ok_or_else(|| Kind::Missing.at("ask"))?;
            after.ask = Some(ask);
            after.ask_until = if ask == Ask::Extend { None } else { Some(until(said, now)?) };
        }
        Action::Grant => {
            after.ask = None;
            let date = before.ask_until.filter(|u| *u > now);
            match before.ask {
                Some(Ask::Suspend) => rest(after, Overlay::Suspended, date.ok_or_else(|| Kind::Missing.at("until"))?, now),
                Some(Ask::HangUp) => rest(after, Overlay::HungUp, date.ok_or_else(|| Kind::Missing.at("until"))?, now),
                Some(Ask::Extend) | None => {
                    after.extended += 1;
                    after.due_at = book.limits(after, after.state, now).longer;
                }
            }
        }
        Action::Refuse => after.ask = None,
        Action::Assign => {
            let to = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
            let holder = before.holder.as_deref().unwrap_or_default();
            if !party::members(tx, holder, now)?.iter().any(|p| p == to) {
                return Err(Kind::Unknown.at("to"));
            }
            // Whoever is away never holds a running clock.
            after.assignee = Some(roster::stand_in(tx, holder, to, now)?.ok_or_else(|| Kind::Away.at("to"))?);
        }
        Action::Follow => {
            let person = who.person.as_deref().ok_or(Kind::SignIn)?;
            if !follows(tx, &before.id, person)? {
                let sql = "insert into case_follow(case_id, person, at) values ($1, $2, $3)";
                tx.exec(sql, params![&before.id, person, now])?;
                after.followers += 1;
            }
        }
        Action::Supervise => {
            after.orders += 1;
            // An order to hurry may shorten the clock, never lengthen it.
            if let Some(by) = said.until {
                after.due_at = before.due_at.map(|d| d.min(by.max(now)));
                // A date that somebody named is no matter of calendars any more.
                (after.due_under, after.provisional) = (None, false);
            }
        }
        Action::Review => after.review = Some(said.verdict.ok_or_else(|| Kind::Missing.at("verdict"))?),
        Action::Note if said.text.is_none() && said.media.is_empty() => return Err(Kind::Missing.at("text")),
        Action::Note => {}
    }
    Ok(())
}

/// What follows from the new stage: the deadline, the first handler's deadline, the marks of being late, a dispute.
fn by_stage(step: &Step, after: &mut Case, now: Ms) -> Result<()> {
    let Step { book, action, before, .. } = *step;
    if moves_clock(action) {
        let mut filed = before.clone();
        (filed.class, filed.pack) = (after.class.clone(), after.pack);
        after.due_at = clock::due(action, &filed, after.state, book.limits(&filed, after.state, now));
    }
    if matches!(action, Action::Dispatch | Action::Claim | Action::Rule)
        && (before.handle_due.is_none() || action == Action::Rule)
    {
        after.handle_due = after.due_at;
    }
    // Overdue is a mark of the running stage: a new stage, or more time, clears it.
    let new_stage = after.state.stage() != before.state.stage() && action != Action::Return;
    let more_time = matches!(action, Action::Extend | Action::Resume | Action::Grant | Action::Suspend | Action::HangUp);
    if new_stage || more_time {
        (after.overdue_at, after.level) = (None, 0);
    }
    if after.returns > MOST_RETURNS && after.state == State::Accepted && action == Action::Return {
        dispute(step, after, now)?;
    }
    Ok(())
}

/// What an action leaves behind outside the case, after it was logged.
pub(super) fn also(tx: &mut Tx, step: &Step, after: &Case) -> Result<()> {
    let Step { said, before, action, .. } = *step;
    match action {
        // A ruling is a precedent for the next case of its class in its area.
        Action::Rule => {
            let (id, now) = (tx.id(), tx.now());
            let sql = "insert into precedent(id, class, path, body, number, at) values ($1, $2, $3, $4, $5, $6)";
            let class = after.class.as_deref().unwrap_or("other");
            tx.exec(sql, params![id, class, &before.path, &after.handler, &before.number, now])?;
        }
        Action::Supervise => order::given(tx, step.who, before, after, said.until)?,
        // Reports that had been merged into this one follow it.
        Action::Merge => {
            let sql = "update cases set merged_into = $2 where merged_into = $1";
            tx.exec(sql, params![&before.number, said.to.as_deref()])?;
        }
        _ => {}
    }
    Ok(())
}

/// Who is responsible is disputed: the desk above rules (the local one where there is none), with a clock of its own.
pub(super) fn dispute(step: &Step, after: &mut Case, now: Ms) -> Result<()> {
    let local = complaint::desk(&step.book.chart, after)?;
    let judge = step.book.chart.desk_above(local).unwrap_or(local);
    (after.state, after.overlay, after.dispute_at) = (State::Accepted, Some(Overlay::Adjudicating), None);
    (after.holder, after.handler, after.handled_by) = (Some(judge.id.clone()), None, None);
    let ruling = step.book.dispute(now);
    after.due_at = Some(after.due_at.map_or(ruling, |d| d.max(now).min(ruling)));
    Ok(())
}

/// Steps that nobody takes without saying why.
pub(super) fn needs_words(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Reject | A::Return | A::Extend | A::Rule | A::Suspend | A::HangUp | A::Ask | A::Refuse | A::Supervise | A::Withdraw
    )
}

/// Whether somebody said that a case concerns him too.
pub(in crate::records::case) fn follows(q: &mut dyn Query, case: &str, person: &str) -> store::Result<bool> {
    let known = "select count(*) from case_follow where case_id = $1 and person = $2";
    Ok(q.count(known, params![case, person])? > 0)
}

/// Actions after which the deadline follows from the new stage; the others leave it, or set it themselves.
fn moves_clock(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Accept
            | A::Reject
            | A::Dispatch
            | A::Rule
            | A::Claim
            | A::Return
            | A::Feedback
            | A::Check
            | A::Close
            | A::Merge
            | A::Reopen
            | A::Extend
    )
}

fn hand_to(after: &mut Case, body: &Body) {
    (after.holder, after.handler, after.handled_by) = (Some(body.id.clone()), Some(body.id.clone()), None);
    (after.ask, after.rule) = (None, None);
}

/// Comes to rest until a date, with what was left on the clock.
fn rest(after: &mut Case, overlay: Overlay, until: Ms, now: Ms) {
    after.due_left = after.due_at.map(|d| (d - now).max(0));
    (after.overlay, after.due_at, after.ask) = (Some(overlay), Some(until), None);
}

/// The date on which it comes back: in the future, and not for ever.
fn until(said: &Said, now: Ms) -> Result<Ms> {
    let until = said.until.ok_or_else(|| Kind::Missing.at("until"))?;
    if until <= now || until > now + LONGEST_REST {
        return Err(Kind::OutOfRange.at("until"));
    }
    Ok(until)
}

/// Whether everybody may see that a step happened, so that those who poll read the case again.
fn is_public(action: Action, said: &Said) -> bool {
    !(matches!(action, Action::Assign | Action::Review | Action::Follow | Action::Ask | Action::Refuse)
        || action == Action::Note && said.private)
}

/// The state to which a merged case goes back: where it was.
fn state_before(tx: &mut Tx, case: &Case) -> Result<(State, Option<String>)> {
    let last = ledger::last(tx, case)?;
    Ok(last.map_or((State::Accepted, None), |h| (h.state, Some(h.holder))))
}
