//! What is done with forms: drafted, changed, published, closed, filled in.
//!
//! What must stay true: what is published is what was checked; nobody writes over what is held by filling in a form; who
//! fills in a form keeps the register of the place.

use store::{Entry, Query as _, Tx, params};

use super::check::Check;
use super::{Answers, Asks, Form, Period, Question, Record, State, by_id, rules};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
use crate::records::register::query::{self, Filter};
use crate::records::register::{Source, act};

/// What a draft says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Draft {
    pub title: String,
    pub purpose: String,
    pub record: Record,
    pub asks: Asks,
    pub meant: Filter,
    pub period: Period,
    pub due_at: Option<Ms>,
}

fn entry<'a>(who: &'a Who, act: &'static str, form: &'a str, area: &'a str, body: &'a str) -> Entry<'a> {
    Entry { actor: who.actor(), area: Some(area), party: Some(body), ..Entry::new(act, "form", form) }
}

/// What a form may ask: something, and nothing its purpose does not cover.
fn sound(draft: &Draft) -> Result<()> {
    if draft.asks.is_empty() {
        return Err(Kind::Missing.at("element"));
    }
    match draft.asks.known(draft.record).into_iter().find(|e| !rules::covers(&draft.purpose, e)) {
        Some(element) => Err(Kind::NotForPurpose.at(element)),
        None => Ok(()),
    }
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Drafts a form about a place.
pub fn draft(tx: &mut Tx, who: &Who, place: &Area, new: &Draft) -> Result<String> {
    let body = rules::drafts_for(who, &place.path).ok_or(Kind::Denied)?;
    sound(new)?;
    let (id, now) = (tx.id(), tx.now());
    let sql = "insert into fill_form(id, state, title, body, purpose, record, area, path, asks, meant, period, due_at, made_by, \
               made_at, saved) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0)";
    let row = params![
        &id,
        State::Draft,
        &new.title,
        body,
        &new.purpose,
        new.record,
        &place.id,
        &place.path,
        text(&new.asks),
        text(&new.meant),
        new.period,
        new.due_at,
        who.actor(),
        now
    ];
    tx.exec(sql, row)?;
    tx.log(
        entry(who, "form.draft", &id, &place.id, body)
            .fact("purpose", new.purpose.as_str())
            .fact("fields", new.asks.len() as i64),
    )?;
    Ok(id)
}

/// A form of one's own organisation, for a change.
fn own(tx: &mut Tx, who: &Who, id: &str) -> Result<Form> {
    let form = by_id(tx, id)?.filter(|f| rules::sees(who, f)).ok_or(Kind::NotFound)?;
    if who.in_body(&form.body) && rules::drafts_for(who, &form.path).is_some() { Ok(form) } else { Err(Kind::Denied.into()) }
}

/// Changes a draft.
pub fn change(tx: &mut Tx, who: &Who, id: &str, place: &Area, new: &Draft) -> Result<()> {
    let form = own(tx, who, id)?;
    if form.state != State::Draft {
        return Err(Kind::State.into());
    }
    if rules::drafts_for(who, &place.path) != Some(form.body.as_str()) {
        return Err(Kind::Denied.into());
    }
    sound(new)?;
    let sql = "update fill_form set title = $2, purpose = $3, record = $4, area = $5, path = $6, asks = $7, meant = $8, \
               period = $9, due_at = $10 where id = $1";
    let row = params![
        id,
        &new.title,
        &new.purpose,
        new.record,
        &place.id,
        &place.path,
        text(&new.asks),
        text(&new.meant),
        new.period,
        new.due_at
    ];
    tx.exec(sql, row)?;
    tx.log(entry(who, "form.change", id, &place.id, &form.body).fact("fields", new.asks.len() as i64))?;
    Ok(())
}

/// Publishes a form as it was checked. What is held is taken from the register (`reuse`), or the form is refused; so it is when
/// another organisation collects an element, unless it says why people are asked once more (`why`).
pub fn publish(
    tx: &mut Tx,
    who: &Who,
    checked: &Form,
    check: &Check,
    reuse: bool,
    why: Option<&str>,
    next_at: Option<Ms>,
) -> Result<()> {
    let form = own(tx, who, &checked.id)?;
    if form.state != State::Draft {
        return Err(Kind::State.into());
    }
    if (&form.asks, &form.meant, &form.path, form.record) != (&checked.asks, &checked.meant, &checked.path, checked.record) {
        return Err(Kind::Changed.into());
    }
    let held = check.held() as i64;
    if held > 0 && !reuse {
        return Err(Kind::AlreadyHeld.at("element").limit(held));
    }
    if let Some(element) = check.elsewhere().filter(|_| why.is_none()) {
        return Err(Kind::HeldElsewhere.at(element));
    }
    // Questions that turned out to mean an element are under the same rule as the element.
    let uncovered = check.asks.known(form.record).into_iter().find(|e| !rules::covers(form.purpose, e));
    if let Some(element) = uncovered {
        return Err(Kind::NotForPurpose.at(element));
    }
    let now = tx.now();
    let sql =
        "update fill_form set state = $2, asks = $3, opened_at = $4, next_at = $5, saved = $6, elsewhere = $7 where id = $1";
    tx.exec(sql, params![&form.id, State::Open, text(&check.asks), now, next_at, check.saved, why])?;
    let entry = entry(who, "form.publish", &form.id, &form.area, &form.body).fact("fields", check.fields.len() as i64);
    tx.log(
        entry
            .fact("held", held)
            .fact("saved", check.saved)
            .fact("purpose", form.purpose)
            .fact_opt("elsewhere", check.elsewhere()),
    )?;
    Ok(())
}

/// Ends a form: nobody fills it in any more, reports stay.
pub fn close(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let form = own(tx, who, id)?;
    if form.state == State::Closed {
        return Err(Kind::State.into());
    }
    tx.exec("update fill_form set state = $2, next_at = null where id = $1", params![id, State::Closed])?;
    tx.log(entry(who, "form.close", id, &form.area, &form.body))?;
    Ok(())
}

/// Keeps the workbook that reports are written into.
pub fn template(tx: &mut Tx, who: &Who, id: &str, bytes: &[u8]) -> Result<()> {
    let form = own(tx, who, id)?;
    if form.state == State::Closed {
        return Err(Kind::State.into());
    }
    let (sealed, now) = (tx.seal(id, bytes)?, tx.now());
    let sql = "insert into fill_template(form, at, by_person, sealed) values ($1, $2, $3, $4) on conflict(form) \
               do update set at = excluded.at, by_person = excluded.by_person, sealed = excluded.sealed";
    tx.exec(sql, params![id, now, who.actor(), sealed])?;
    tx.log(entry(who, "form.template", id, &form.area, &form.body).fact("bytes", bytes.len() as i64))?;
    Ok(())
}

/// What somebody filled in.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Filled {
    pub elements: Vec<(&'static str, String)>,
    /// Keys of questions and what was answered.
    pub own: Vec<(String, String)>,
    pub source: Source,
    /// Since when answers count.
    pub since: Ms,
}

/// Fills in what was missing of one record. What is held meanwhile is refused, and told.
pub fn fill(tx: &mut Tx, who: &Who, id: &str, resident: &str, filled: &Filled) -> Result<()> {
    let form = by_id(tx, id)?.filter(|f| rules::sees(who, f)).ok_or(Kind::NotFound)?;
    let one = query::whole(tx, resident)?.filter(|p| p.spot.path.starts_with(&form.path)).ok_or(Kind::NotFound)?;
    if !query::keeps(who, &one.spot.path) {
        return Err(Kind::Denied.into());
    }
    if form.state != State::Open {
        return Err(Kind::State.into());
    }
    let sql = "select at, sealed from fill_answer where form = $1 and resident = $2";
    let before: Answers = match tx.row(sql, params![id, resident])? {
        Some(row) if row.get::<Ms>("at")? >= filled.since => {
            let bytes = tx.open(resident, &row.get::<Vec<u8>>("sealed")?)?;
            bytes.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()
        }
        _ => Answers::new(),
    };
    let known = form.asks.known(form.record);
    if let Some((element, _)) = filled.elements.iter().find(|(e, _)| one.held(e).is_some() || !known.contains(e)) {
        return Err(Kind::AlreadyHeld.at(*element).limit(1));
    }
    if !filled.elements.is_empty() {
        act::correct(tx, who, resident, None, &filled.elements, filled.source)?;
    }
    let now = tx.now();
    let mut answers = before;
    for (key, said) in &filled.own {
        let question: &Question = form.asks.own.iter().find(|q| q.key == *key).ok_or_else(|| Kind::Unknown.at(key.clone()))?;
        let said = rules::answer(question, said)?;
        // Two had the same page open: what the first one wrote is not replaced unseen.
        if answers.get(key).is_some_and(|before| *before != said) {
            return Err(Kind::AlreadyHeld.at(key.clone()).limit(1));
        }
        answers.insert(key.clone(), said);
    }
    let all = text(&answers);
    if !filled.own.is_empty() {
        let sealed = tx.seal(resident, all.as_bytes())?;
        let sql = "insert into fill_answer(form, resident, at, by_person, sealed) values ($1, $2, $3, $4, $5) \
                   on conflict(form, resident) do update set at = excluded.at, by_person = excluded.by_person, sealed = excluded.sealed";
        tx.exec(sql, params![id, resident, now, who.actor(), sealed])?;
    }
    let entry = Entry { owner: Some(resident), ..entry(who, "form.fill", id, &one.spot.area, &form.body) };
    let entry = entry.fact("elements", filled.elements.len() as i64).fact("answers", filled.own.len() as i64);
    let said = (!filled.own.is_empty()).then_some(all.as_str());
    tx.log(entry.fact("resident", resident).element("form.answer", said))?;
    Ok(())
}
