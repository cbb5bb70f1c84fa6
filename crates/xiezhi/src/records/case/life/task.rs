//! Parts of a case that others do. *Whistle* (吹哨报到): the community calls whom a case needs, and they report. *Joint*
//! (联办): the lead shares a case out to firms, volunteers, departments. Both are the same thing with another beginning.
//!
//! What must stay true: each part has one party, one clock and one end (done, or taken back by the caller); a refusal is
//! no end: the caller insists or takes it back; a case settles only when no part is left (`cases.tasks`); whoever called
//! rates the answer, nobody else.

use std::collections::HashSet;

use store::{Entry, Query, Tx, params};

use super::Said;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
use crate::records::case::rules::State;
use crate::records::case::{Case, Rulebook, complaint, load, moved, put};

/// Unsettled parts that a case may have.
pub const MOST: i64 = 20;

names! {
    /// How it began.
    TaskKind { Whistle = "whistle", Joint = "joint", }
    /// Where it stands.
    TaskState { Asked = "asked", Answered = "answered", Done = "done", Refused = "refused", Cancelled = "cancelled", }
    /// What can be done with it.
    TaskAction { Answer = "answer", Done = "done", Refuse = "refuse", Insist = "insist", Cancel = "cancel", Rate = "rate", }
}

impl TaskState {
    /// Somebody still has to do something.
    pub fn is_open(self) -> bool {
        !matches!(self, TaskState::Done | TaskState::Cancelled)
    }
}

row! {
    /// A part of a case.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `case_task`, explained there")]
    pub struct Task {
        pub id: String,
        pub case_id: String,
        pub kind: TaskKind,
        pub body: String,
        pub caller: String,
        pub state: TaskState,
        pub asked_at: Ms,
        pub answered_at: Option<Ms>,
        pub due_at: Option<Ms>,
        pub overdue_at: Option<Ms>,
        pub settled_at: Option<Ms>,
        pub score: Option<i64>,
    }
}

/// The part with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Task>> {
    q.row(&format!("select {COLUMNS} from case_task where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// The parts of a case, in the order in which they were asked for.
pub fn of(q: &mut dyn Query, case_id: &str) -> store::Result<Vec<Task>> {
    let sql = format!("select {COLUMNS} from case_task where case_id = $1 order by asked_at, id limit 200");
    q.rows(&sql, params![case_id])?.iter().map(read).collect()
}

/// Whom a case needs, and what for.
#[derive(Clone, Debug)]
pub struct Call {
    /// How it begins.
    pub kind: TaskKind,
    /// Organisations.
    pub to: Vec<String>,
    /// What they are asked for.
    pub text: String,
    /// By when they must answer; else the catalogue says.
    pub until: Option<Ms>,
}

/// Cases in which the reader's organisations have a part that is not settled.
pub fn cases_for(q: &mut dyn Query, who: &Who) -> store::Result<HashSet<String>> {
    let mut out = HashSet::new();
    for body in who.roles.iter().filter(|r| r.kind.is_handler() && !r.kind.walks()).filter_map(|r| r.body.as_ref()) {
        let sql = "select case_id from case_task where body = $1 and state in ('asked', 'answered', 'refused') limit 500";
        for row in q.rows(sql, params![body])? {
            out.insert(row.get("case_id")?);
        }
    }
    Ok(out)
}

/// Parts that wait for one organisation and are shown to it.
pub const WAITING: usize = 200;

/// Cases to which an organisation was called and where its part still waits for it, the soonest due first.
pub fn waiting(q: &mut dyn Query, body: &str) -> store::Result<Vec<String>> {
    let sql = "select case_id from case_task where body = $1 and state in ('asked', 'answered') order by due_at, id limit $2";
    let mut out: Vec<String> = Vec::new();
    for row in q.rows(sql, params![body, WAITING as i64])? {
        let id = row.get("case_id")?;
        if !out.contains(&id) {
            out.push(id);
        }
    }
    Ok(out)
}

/// Calls others to a case: the desk that answers for it, or the party that leads its handling.
pub fn call(tx: &mut Tx, book: &Rulebook, who: &Who, id: &str, call: &Call) -> Result<Case> {
    let now = tx.now();
    let mut case = load(tx, id)?.ok_or(Kind::NotFound)?;
    let leads = case.handler.as_deref().is_some_and(|h| who.in_body(h));
    let desk = complaint::over(&book.chart, who, &case);
    if desk.is_none() && !leads {
        return Err(Kind::Denied.into());
    }
    if !case.state.is_open() {
        return Err(Kind::State.into());
    }
    if case.tasks + call.to.len() as i64 > MOST {
        return Err(Kind::TooMany.at("to").limit(MOST));
    }
    let role = if leads { case.handler.clone() } else { desk.and_then(|r| r.body.clone()) };
    let caller = role.ok_or(Kind::Denied)?;
    let due = call.until.unwrap_or_else(|| book.answer(now));
    if due <= now {
        return Err(Kind::OutOfRange.at("until"));
    }
    for to in &call.to {
        let body =
            book.chart.living(to).filter(|b| b.kind.is_handler() && b.id != caller).ok_or_else(|| Kind::Unknown.at("to"))?;
        let task = tx.id();
        let columns = ["id", "case_id", "kind", "body", "caller", "state", "asked_at", "due_at"];
        let row = params![&task, &case.id, call.kind, &body.id, &caller, TaskState::Asked, now, due].to_vec();
        tx.insert_many("case_task", &columns, &[row])?;
        let entry = entry("case.task", who, &case, Some(&caller)).fact("task", task.as_str()).fact("kind", call.kind.as_str());
        tx.log(entry.fact("body", body.id.as_str()).fact("task_due", due).element("case.note", Some(call.text.as_str())))?;
        case.tasks += 1;
    }
    case.updated_at = moved(case.updated_at, now);
    put(tx, &case);
    Ok(case)
}

/// The state an action leads to, or why it is refused.
fn next(action: TaskAction, task: &Task, who: &Who) -> std::result::Result<TaskState, Kind> {
    use TaskAction as A;
    use TaskState as S;
    let (asked, calls) = (who.in_body(&task.body), who.in_body(&task.caller));
    let may = |ok: bool| if ok { Ok(()) } else { Err(Kind::Denied) };
    match (action, task.state) {
        (A::Answer, S::Asked) => may(asked).map(|()| S::Answered),
        (A::Done, S::Asked | S::Answered) => may(asked).map(|()| S::Done),
        (A::Refuse, S::Asked | S::Answered) => may(asked).map(|()| S::Refused),
        (A::Insist, S::Refused) => may(calls).map(|()| S::Asked),
        (A::Cancel, s) if s.is_open() => may(calls).map(|()| S::Cancelled),
        (A::Rate, S::Done) if task.score.is_none() => may(calls).map(|()| S::Done),
        _ => Err(Kind::State),
    }
}

/// Everything this person may do with a part now.
pub fn actions(task: &Task, who: &Who) -> Vec<TaskAction> {
    TaskAction::ALL.iter().copied().filter(|a| next(*a, task, who).is_ok()).collect()
}

/// Does something with a part.
pub fn act(tx: &mut Tx, book: &Rulebook, who: &Who, id: &str, action: TaskAction, said: &Said) -> Result<Task> {
    use TaskAction as A;
    let now = tx.now();
    let before = by_id(tx, id)?.ok_or(Kind::NotFound)?;
    let mut case = load(tx, &before.case_id)?.ok_or(Kind::NotFound)?;
    let mut after = before.clone();
    after.state = next(action, &before, who)?;
    if matches!(action, A::Done | A::Refuse | A::Insist) && said.words().is_none() && said.media.is_empty() {
        return Err(Kind::Missing.at("text"));
    }
    match action {
        A::Answer => {
            after.answered_at = Some(now);
            after.due_at = Some(book.limits(&case, State::Handling, now).fresh.unwrap_or(now));
        }
        A::Refuse | A::Insist => after.due_at = Some(book.answer(now)),
        A::Rate => after.score = Some(said.score.ok_or_else(|| Kind::Missing.at("score"))?),
        A::Done | A::Cancel => {}
    }
    if action != A::Rate {
        after.overdue_at = None;
    }
    if before.state.is_open() && !after.state.is_open() {
        (after.due_at, after.settled_at) = (None, Some(now));
        case.tasks -= 1;
    }
    tx.exec(
        "update case_task set state = $2, answered_at = $3, due_at = $4, overdue_at = $5, settled_at = $6, score = $7 where id = $1",
        params![id, after.state, after.answered_at, after.due_at, after.overdue_at, after.settled_at, after.score],
    )?;
    case.updated_at = moved(case.updated_at, now);
    put(tx, &case);
    if !said.media.is_empty() {
        crate::base::media::attach(tx, &said.media, &case.id, "task", who)?;
    }
    let party = if who.in_body(&before.body) { &before.body } else { &before.caller };
    let kind = format!("case.task-{}", action.as_str());
    let entry = entry(&kind, who, &case, Some(party))
        .fact("task", id)
        .fact("body", before.body.as_str())
        .fact("caller", before.caller.as_str());
    let entry = entry.fact_opt("task_due", after.due_at).fact_opt("task_score", after.score.filter(|_| action == A::Rate));
    let media = (!said.media.is_empty()).then(|| said.media.join(" "));
    tx.log(entry.element("case.note", said.words()).element("case.media", media))?;
    Ok(after)
}

/// Parts whose clock has run out and that have not been marked yet.
pub fn late(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql =
        "select id from case_task where due_at <= $1 and due_at is not null and overdue_at is null order by due_at limit $2";
    Ok(q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Marks a part as late, once for each clock; notices tell the party, the caller and the desk above.
pub fn ring(tx: &mut Tx, id: &str) -> Result<()> {
    let now = tx.now();
    let Some(task) = by_id(tx, id)?.filter(|t| t.overdue_at.is_none() && t.due_at.is_some_and(|d| d <= now)) else {
        return Ok(());
    };
    let Some(case) = load(tx, &task.case_id)? else { return Ok(()) };
    tx.exec("update case_task set overdue_at = $2 where id = $1", params![id, now])?;
    let system = Who::system();
    let entry = entry("case.task-late", &system, &case, None).fact("task", id);
    tx.log(entry.fact("body", task.body.as_str()).fact("caller", task.caller.as_str()))?;
    Ok(())
}

fn entry<'a>(kind: &'a str, who: &'a Who, case: &'a Case, party: Option<&'a str>) -> Entry<'a> {
    let role = who.roles.iter().find(|r| r.body.as_deref() == party).or(who.roles.first());
    let entry = Entry {
        actor: who.person.as_deref(),
        role: role.map(|r| r.kind.as_str()),
        party,
        area: Some(&case.area),
        owner: Some(&case.owner),
        ..Entry::new(kind, "case", &case.id)
    };
    entry.fact("number", case.number.as_str()).fact("state", case.state.as_str())
}
