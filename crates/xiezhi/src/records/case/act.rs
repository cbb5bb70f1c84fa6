//! What staff and reporter do with a case, and what a deadline does by itself.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use store::{Entry, Query, Tx, params};

use super::classes::catalogue;
use super::rules::{self, Action, State};
use super::{Case, by_id, by_number, hand_over, stand, tally};
use crate::base::{media, party};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::{Error, Result, Who};

/// What comes with an action.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the contract's actions")]
pub struct Said {
    pub reason: Option<String>,
    pub to: Option<String>,
    pub text: Option<String>,
    pub class: Option<String>,
    pub media: Vec<String>,
    pub score: Option<i64>,
}

impl Said {
    /// Reads `{reason?, to?, text?, class?, media?, score?}`.
    pub fn parse(input: &Input) -> Result<Said> {
        Ok(Said {
            reason: input.text("reason", 1000)?,
            to: input.text("to", 60)?,
            text: input.text("text", 2000)?,
            class: input.text("class", 40)?,
            media: input.list("media", super::report::MAX_MEDIA)?,
            score: input.int("score", 1, 5)?,
        })
    }

    fn need_reason(&self) -> Result<()> {
        self.reason.as_ref().or(self.text.as_ref()).map(drop).ok_or_else(|| Kind::Missing.at("reason"))
    }
}

/// Does an action and returns the case as it then stands.
pub fn act(tx: &mut Tx, who: &Who, holds_code: bool, number: &str, action: Action, said: &Said) -> Result<Case> {
    let before = by_number(tx, number)?.ok_or(Kind::NotFound)?;
    let handler_is_desk = match &before.handler {
        Some(h) => party::body_by_id(tx, h)?.is_some_and(|b| b.kind.is_desk()),
        None => false,
    };
    let state = rules::next(action, &stand(&before, who, holds_code, handler_is_desk, tx.now()))?;
    let mut after = before.clone();
    after.state = state;
    change(tx, who, action, said, &before, &mut after)?;
    clock(tx, action, &before, &mut after);
    save(tx, &before, &after)?;
    if !said.media.is_empty() {
        let phase = if action == Action::Feedback { "feedback" } else { action.as_str() };
        media::attach(tx, &said.media, &before.id, phase, who)?;
    }
    let reporter = holds_code || (before.reporter.is_some() && before.reporter == who.person);
    log(tx, who, action, said, reporter, &before, &after)?;
    Ok(after)
}

/// What the action changes besides the state.
fn change(tx: &mut Tx, who: &Who, action: Action, said: &Said, before: &Case, after: &mut Case) -> Result<()> {
    if let Some(class) = &said.class
        && matches!(action, Action::Accept | Action::Dispatch)
    {
        catalogue().get(class).ok_or_else(|| Kind::Unknown.at("class"))?;
        after.class = Some(class.clone());
    }
    let mine = || who.desk_over(&before.path).or(who.role_over(&before.path)).and_then(|r| r.body.clone());
    match action {
        Action::Reject | Action::Return | Action::Extend => said.need_reason()?,
        Action::Feedback if said.text.is_none() && said.media.is_empty() => return Err(Kind::Missing.at("text")),
        _ => {}
    }
    let local_desk = |tx: &mut Tx| -> Result<Option<String>> { Ok(Some(party::desk_of(tx, &before.area)?.id)) };
    match action {
        // Whoever takes it in hand holds it: also a desk above that steps in.
        Action::Accept if before.state == State::Received => after.holder = mine().or(before.holder.clone()),
        Action::Dispatch => {
            let to = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
            let body = party::body_by_id(tx, to)?.filter(|b| b.kind.is_handler()).ok_or_else(|| Kind::Unknown.at("to"))?;
            (after.holder, after.handler, after.handled_by) = (Some(body.id.clone()), Some(body.id), None);
        }
        Action::Return if after.state == State::Accepted => {
            after.holder = local_desk(tx)?;
            (after.handler, after.handled_by) = (None, None);
            after.returns += 1;
        }
        // The check found it wanting: back to whoever handled it.
        Action::Return => {
            after.holder.clone_from(&before.handler);
            (after.checker, after.handled_by) = (None, None);
        }
        Action::Accept => after.holder.clone_from(&before.handler),
        Action::Feedback => {
            after.holder = local_desk(tx)?;
            after.handled_by.clone_from(&who.person);
        }
        Action::Check => {
            after.checker.clone_from(&who.person);
            after.holder = mine().or(before.holder.clone());
        }
        Action::Reject | Action::Close => {}
        Action::Merge => {
            // Only into what is still worked on, and where this desk answers: merging must not bury a report.
            let into = said.to.as_deref().ok_or_else(|| Kind::Missing.at("to"))?;
            let fits = |m: &Case| m.id != before.id && m.state.is_open() && who.desk_over(&m.path).is_some();
            let main = by_number(tx, into)?.filter(fits).ok_or_else(|| Kind::Unknown.at("to"))?;
            after.merged_into = Some(main.number);
        }
        Action::Reopen => {
            let desk = party::desk_of(tx, &before.area)?;
            let appeal = before.state == State::Rejected;
            let above = if appeal { party::desk_above(tx, &desk)? } else { None };
            after.holder = Some(above.unwrap_or(desk).id);
            (after.handler, after.handled_by, after.checker) = (None, None, None);
            after.reopens += 1;
            after.merged_into = None;
        }
        Action::Rate => after.score = Some(said.score.ok_or_else(|| Kind::Missing.at("score"))?),
        Action::Extend => after.extended += 1,
        Action::Note if said.text.is_none() && said.media.is_empty() => return Err(Kind::Missing.at("text")),
        Action::Note => {}
    }
    Ok(())
}

/// Moves the clock as the rules say; a settled case has none.
fn clock(tx: &Tx, action: Action, before: &Case, after: &mut Case) {
    let now = tx.now();
    let class = catalogue().or_other(after.class.as_deref());
    let limit = after.state.stage().map(|s| class.limit(s));
    after.due_at = match action {
        Action::Note | Action::Rate => before.due_at,
        Action::Extend => before.due_at.zip(limit).map(|(due, l)| due.max(now) + l),
        _ => rules::due_after(action, before.state, after.state, now, limit, before.due_at),
    };
    // Overdue is a mark of the running stage: a new stage, or more time, clears it.
    if after.state.stage() != before.state.stage() && action != Action::Return || action == Action::Extend {
        (after.overdue_at, after.level) = (None, 0);
    }
    if after.state.is_open() {
        after.closed_at = None;
    } else {
        (after.holder, after.due_at) = (None, None);
        after.closed_at = before.closed_at.or(Some(now));
    }
}

fn save(tx: &mut Tx, before: &Case, after: &Case) -> Result<()> {
    let now = tx.now();
    let since = if after.holder == before.holder { before.holder_since } else { after.holder.as_ref().map(|_| now) };
    if after.holder != before.holder || after.state != before.state {
        hand_over(tx, before, after.state, after.holder.as_deref())?;
    }
    tally(tx, &before.area, Some(before.state), after.state, 1)?;
    tx.exec(
        "update cases set state = $2, class = $3, holder = $4, holder_since = $5, handler = $6, handled_by = $7, checker = $8, due_at = $9, \
         overdue_at = $10, level = $11, returns = $12, reopens = $13, extended = $14, closed_at = $15, merged_into = $16, score = $17, \
         updated_at = case when updated_at / 1000 >= cast($18 as bigint) / 1000 then (updated_at / 1000 + 1) * 1000 else cast($18 as bigint) end where id = $1",
        params![
            &after.id, after.state.as_str(), &after.class, &after.holder, since, &after.handler, &after.handled_by, &after.checker,
            after.due_at, after.overdue_at, after.level, after.returns, after.reopens, after.extended, after.closed_at,
            &after.merged_into, after.score, now,
        ],
    )?;
    Ok(())
}

fn log(tx: &mut Tx, who: &Who, action: Action, said: &Said, reporter: bool, before: &Case, after: &Case) -> Result<()> {
    let act = format!("case.{}", action.as_str());
    let role = who.role_over(&before.path).or(who.roles.first());
    let entry = Entry {
        actor: who.person.as_deref(),
        role: role.map(|r| r.kind.as_str()),
        party: role.and_then(|r| r.body.as_deref()),
        area: Some(&before.area),
        owner: Some(&before.owner),
        ..Entry::new(&act, "case", &before.id)
    };
    let note = said.reason.as_deref().or(said.text.as_deref());
    let entry = entry
        .fact("number", before.number.as_str())
        .fact("from", before.state.as_str())
        .fact("state", after.state.as_str())
        .fact_opt("holder", after.holder.as_deref())
        .fact_opt("due", after.due_at)
        .fact_opt("class", after.class.as_deref().filter(|_| after.class != before.class))
        .fact_opt("into", after.merged_into.as_deref().filter(|_| action == Action::Merge))
        .fact_opt("score", after.score.filter(|_| action == Action::Rate))
        .fact_opt("reporter", (reporter && matches!(action, Action::Rate | Action::Reopen | Action::Note)).then_some(1))
        .element("case.note", note)
        .element("case.media", (!said.media.is_empty()).then(|| said.media.join(" ")));
    tx.log(entry)?;
    Ok(())
}

/// Cases whose deadline has passed, the longest first.
pub fn overdue(q: &mut dyn Query, now: i64, limit: i64) -> Result<Vec<String>> {
    let rows = q.rows("select id from cases where due_at <= $1 order by due_at limit $2", params![now, limit])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// A deadline fires: the case moves to the desk above, which has a new clock. At the top it stays, and rings again.
/// Whoever handles it may still finish. Firing twice does nothing, so a crash between look-up and write is harmless.
pub fn escalate(tx: &mut Tx, id: &str) -> Result<()> {
    let now = tx.now();
    let Some(before) = by_id(tx, id)?.filter(|c| c.due_at.is_some_and(|d| d <= now)) else { return Ok(()) };
    let holder = before.holder.as_deref().ok_or_else(|| Error::internal("inv01: an open case without holder"))?;
    let body = party::body_by_id(tx, holder)?.ok_or_else(|| Error::internal("inv01: a holder that does not exist"))?;
    let above = party::desk_above(tx, &body)?;
    let mut after = before.clone();
    after.overdue_at = before.overdue_at.or(Some(now));
    after.level += i64::from(above.is_some());
    after.due_at = Some(now + catalogue().escalate);
    if let Some(above) = above {
        after.holder = Some(above.id);
    }
    save(tx, &before, &after)?;
    let entry = Entry { area: Some(&before.area), ..Entry::new("case.escalate", "case", &before.id) };
    let entry = entry
        .fact("number", before.number.as_str())
        .fact("state", after.state.as_str())
        .fact("from_holder", holder)
        .fact_opt("holder", after.holder.as_deref())
        .fact_opt("due", after.due_at);
    tx.log(entry)?;
    Ok(())
}
