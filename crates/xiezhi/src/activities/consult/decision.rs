//! What was decided: who does what by when. Each is a case with that date, and follows it to its end.
//!
//! What must stay true: a decision ends by being done; a case that is turned down, or closed without having been done, makes
//! it one that was dropped, which lies with the desk above until somebody takes it up again; what is late moves up, and is
//! shown as late by whom.

use store::{Query, Tx, params};

use super::{Basis, Consult, Depth, Promise as State, State as Step, act, by_id, pack, tell};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::case::decided::{self, Decided};
use crate::records::case::life::{Said, act as case_act};
use crate::records::case::report::{self, Spot};
use crate::records::case::rules::{Action, State as CaseState};
use crate::records::case::{self, Case};

row! {
    /// A decision.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `consult_decision`, explained there")]
    pub struct Decision {
        pub id: String,
        pub consult: String,
        pub n: i64,
        pub item: Option<i64>,
        pub words: String,
        pub body: String,
        pub due_at: Ms,
        pub case_id: String,
        pub state: State,
        pub alarm_at: Option<Ms>,
        pub overdue_at: Option<Ms>,
        pub done_at: Option<Ms>,
    }
}

/// The decisions of a consultation.
pub fn of(q: &mut dyn Query, consult: &str) -> store::Result<Vec<Decision>> {
    let sql = format!("select {COLUMNS} from consult_decision where consult = $1 order by n");
    q.rows(&sql, params![consult])?.iter().map(read).collect()
}

fn one(q: &mut dyn Query, id: &str) -> store::Result<Option<Decision>> {
    q.row(&format!("select {COLUMNS} from consult_decision where id = $1"), params![id])?.as_ref().map(read).transpose()
}

/// A decision as it is written down.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub item: Option<i64>,
    pub words: String,
    pub body: String,
    pub due_at: Ms,
}

/// Writes a decision down and makes its case: taken up, handed to whoever is named, with the day that was agreed.
#[expect(clippy::too_many_arguments, reason = "what a case needs, and the decision")]
pub fn make(tx: &mut Tx, basis: &Basis, pack: &pack::Pack, who: &Who, c: &Consult, n: i64, new: &New, spot: &Spot) -> Result<()> {
    let now = tx.now();
    if new.due_at <= now || new.due_at > now + pack.longest_days.unwrap_or(366) * DAY {
        return Err(Kind::OutOfRange.at("due_at"));
    }
    let made = task(tx, basis, who, c, new, spot)?;
    let id = tx.id();
    let sql = "insert into consult_decision(id, consult, n, item, words, body, due_at, case_id, state, alarm_at) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)";
    let row = params![id, &c.id, n, new.item, &new.words, &new.body, new.due_at, &made.id, State::Open];
    tx.exec(sql, row)?;
    let entry = c.entry(who, "consult.decide").fact("n", n).fact("body", new.body.as_str()).fact("by", new.due_at);
    let digest = crate::kit::digest(std::slice::from_ref(&new.words));
    tx.log(entry.fact("case", made.number.as_str()).fact_opt("item", new.item).fact("digest", digest))?;
    Ok(())
}

/// The case of a decision.
fn task(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, new: &New, spot: &Spot) -> Result<report::Made> {
    let words = format!("{}（协商 {}）", new.words, c.number);
    let what = Decided { words, of: ("consult", &c.number), body: &new.body, due_at: new.due_at };
    decided::task(tx, &basis.book, &basis.zone, who, &what, spot)
}

/// Takes up again what was dropped: another case, for whoever does it now.
pub fn redo(tx: &mut Tx, basis: &Basis, who: &Who, id: &str, n: i64, new: &New, spot: &Spot) -> Result<()> {
    let (c, now) = (by_id(tx, id)?, tx.now());
    c.desk_entry(who, "consult.redo")?;
    let d = of(tx, id)?.into_iter().find(|d| d.n == n).ok_or(Kind::NotFound)?;
    if d.state != State::Dropped {
        return Err(Kind::State.into());
    }
    if new.due_at <= now || new.due_at > now + c.rules()?.longest_days.unwrap_or(366) * DAY {
        return Err(Kind::OutOfRange.at("due_at"));
    }
    let again = New { words: d.words.clone(), item: d.item, ..new.clone() };
    let made = task(tx, basis, who, &c, &again, spot)?;
    // The day that was promised first stays: later is late, whoever does it.
    let sql = "update consult_decision set body = $2, case_id = $3, state = $4, alarm_at = $5 where id = $1";
    tx.exec(sql, params![&d.id, &new.body, &made.id, State::Open, new.due_at])?;
    let entry = c.entry(who, "consult.redo").fact("n", n).fact("body", new.body.as_str()).fact("by", new.due_at);
    tx.log(entry.fact("case", made.number.as_str()))?;
    tell::all(tx, basis, who, &c, "redo")
}

/// How a case ended, for the decision it carries out: none while it is worked on.
fn ended(case: &Case) -> Option<State> {
    decided::ended(case).map(|done| if done { State::Done } else { State::Dropped })
}

/// Decisions whose case ended, or came back: by id.
pub fn moved(q: &mut dyn Query, limit: i64) -> Result<Vec<String>> {
    let sql = "select d.id from consult_decision d join cases k on k.id = d.case_id where d.state = $1 \
               and k.state in ('closed', 'rejected', 'merged') limit $2";
    let mut out: Vec<String> =
        q.rows(sql, params![State::Open, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
    // Of those that are not over: all that was ever promised would be too much to look through in each round.
    let sql = "select d.id from consult c join consult_decision d on d.consult = c.id join cases k on k.id = d.case_id \
               where c.state in ('callback', 'carry', 'appraise') and d.state <> $1 \
               and k.state not in ('closed', 'rejected', 'merged') limit $2";
    for row in q.rows(sql, params![State::Open, limit])? {
        out.push(row.get("id")?);
    }
    Ok(out)
}

/// Follows the case of a decision: done, dropped, or worked on again.
pub fn follow(tx: &mut Tx, basis: &Basis, id: &str) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let Some(d) = one(tx, id)? else { return Ok(()) };
    let Some(mut case) = case::by_id(tx, &d.case_id)? else { return Ok(()) };
    let c = by_id(tx, &d.consult)?;
    // It goes on within another one: that is followed.
    if case.state == CaseState::Merged {
        let Some(main) = case::main_of(tx, &case)? else { return Ok(()) };
        tx.exec("update consult_decision set case_id = $2 where id = $1", params![id, &main.id])?;
        tx.log(c.entry(&system, "consult.merged").fact("n", d.n).fact("case", main.number.as_str()))?;
        case = main;
    }
    match (d.state, ended(&case)) {
        (State::Open, Some(State::Done)) => {
            let at = case.closed_at.unwrap_or(now);
            let sql = "update consult_decision set state = $2, done_at = $3, alarm_at = null where id = $1";
            tx.exec(sql, params![id, State::Done, at])?;
            tx.log(
                c.entry(&system, "consult.done")
                    .fact("n", d.n)
                    .fact("case", case.number.as_str())
                    .fact("late", i64::from(at > d.due_at)),
            )?;
            tell::all(tx, basis, &system, &c, "done")?;
            finish(tx, basis, &c)
        }
        (State::Open, Some(_)) => {
            let up = above(basis, &c);
            // It rings from now on, until somebody takes it up again.
            let again = basis.due(now, c.rules()?.limit(|p| &p.again));
            let sql =
                "update consult_decision set state = $2, alarm_at = $3, overdue_at = coalesce(overdue_at, $4) where id = $1";
            tx.exec(sql, params![id, State::Dropped, again, now])?;
            rise(tx, &c, &up)?;
            tx.log(
                c.entry(&system, "consult.dropped").fact("n", d.n).fact("case", case.number.as_str()).fact("desk", up.as_str()),
            )?;
            tell::all(tx, basis, &system, &c, "dropped")?;
            tell::bodies(tx, basis, &system, &c, "escalate", &[up.as_str()])
        }
        (State::Done | State::Dropped, None) => {
            let sql = "update consult_decision set state = $2, done_at = null, alarm_at = $3 where id = $1";
            tx.exec(sql, params![id, State::Open, d.due_at.max(now + 1)])?;
            if c.state == Step::Appraise {
                tx.exec("update consult set state = $2, due_at = null where id = $1", params![&c.id, Step::Carry])?;
            }
            tx.log(c.entry(&system, "consult.reopened").fact("n", d.n).fact("case", case.number.as_str()))?;
            tell::all(tx, basis, &system, &c, "reopened")
        }
        _ => Ok(()),
    }
}

/// The desk above the one that has it; at the top the same.
pub(super) fn above(basis: &Basis, c: &Consult) -> String {
    let chart = &basis.book.chart;
    chart.body(&c.desk).and_then(|b| chart.desk_above(b)).map_or_else(|| c.desk.clone(), |b| b.id.clone())
}

fn rise(tx: &mut Tx, c: &Consult, up: &str) -> Result<()> {
    let now = tx.now();
    let sql = "update consult set desk = $2, level = level + $3, overdue_at = coalesce(overdue_at, $4) where id = $1";
    tx.exec(sql, params![&c.id, up, i64::from(up != c.desk), now])?;
    Ok(())
}

/// When everything promised is done, residents say what they think of it.
pub fn finish(tx: &mut Tx, basis: &Basis, c: &Consult) -> Result<()> {
    let c = by_id(tx, &c.id)?;
    if c.state != Step::Carry || of(tx, &c.id)?.iter().any(|d| d.state != State::Done) {
        return Ok(());
    }
    let (pack, depth) = (c.rules()?, c.depth.unwrap_or(Depth::Deep));
    act::enter(tx, basis, &c, &pack, depth, pack.way(depth).after(Step::Carry))?;
    tell::all(tx, basis, &Who::system(), &c, "carried")
}

/// Decisions that ring.
pub fn late(q: &mut dyn Query, now: Ms, limit: i64) -> Result<Vec<String>> {
    let sql = "select id from consult_decision where alarm_at <= $1 and alarm_at is not null order by alarm_at limit $2";
    Ok(q.rows(sql, params![now, limit])?.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// What was promised is late: up to the desk above, and again when nothing happens there.
pub fn ring(tx: &mut Tx, basis: &Basis, id: &str) -> Result<()> {
    let (now, system) = (tx.now(), Who::system());
    let Some(d) = one(tx, id)?.filter(|d| d.state != State::Done && d.alarm_at.is_some_and(|a| a <= now)) else {
        return Ok(());
    };
    let c = by_id(tx, &d.consult)?;
    let (up, again) = (above(basis, &c), basis.due(now, c.rules()?.limit(|p| &p.again)));
    let sql = "update consult_decision set alarm_at = $2, overdue_at = coalesce(overdue_at, $3) where id = $1";
    tx.exec(sql, params![id, again, now])?;
    rise(tx, &c, &up)?;
    let entry = c.entry(&system, "consult.late").fact("n", d.n).fact("body", d.body.as_str());
    tx.log(entry.fact("from_desk", c.desk.as_str()).fact("desk", up.as_str()))?;
    // The one who promised, the one to whom it moved up, and all whom it concerns.
    tell::bodies(tx, basis, &system, &c, "late", &[d.body.as_str()])?;
    if d.overdue_at.is_none() {
        tell::all(tx, basis, &system, &c, "late")?;
    }
    tell::bodies(tx, basis, &system, &c, "escalate", &[up.as_str()])
}

/// Writes into the story of the case a consultation came from what was decided about it.
pub fn back(tx: &mut Tx, basis: &Basis, who: &Who, c: &Consult, summary: &str) -> Result<()> {
    let Some(from) = &c.case_id else { return Ok(()) };
    let mut lines = vec![format!("协商 {} 的结果：{summary}", c.number)];
    for d in of(tx, &c.id)? {
        let by = crate::kit::time::rfc3339(d.due_at, &basis.zone);
        lines.push(format!("{}：{}，{}前。", basis.book.chart.name(&d.body), d.words, by.get(..10).unwrap_or_default()));
    }
    let said = Said { text: Some(lines.join("\n")), ..Said::default() };
    case_act::act(tx, &basis.book, who, false, from, Action::Note, &said)?;
    Ok(())
}
