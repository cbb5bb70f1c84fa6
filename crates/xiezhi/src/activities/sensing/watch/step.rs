//! What follows from a step of a rule, of people or of time: the alarm opens, is seen, is over, is closed; people are called.
//!
//! What must stay true: each is in the log; an alarm is opened once for a rule and a device, whatever happens.

use calc::alarm::{Cause, Climb, Disposition, Edge, Effect, Event, Refusal, Value};
use serde_json::json;
use store::{Query, Tx, params};

use super::book::{Active, Book};
use super::remember::At;
use super::tell::entry;
use super::{Memory, Stand, Watch, remember, tell};
use crate::activities::sensing::{self, Device};
use crate::kit::error::{Error, Kind};
use crate::kit::time::Ms;
use crate::kit::{Result, Who};
use crate::records::case::wait;

/// Steps of a rule.
pub fn edges(tx: &mut Tx, book: &Book, at: At, (watch, memory): (&mut Watch, &mut Memory), edges: &[Edge]) -> Result<()> {
    for edge in edges {
        let event = if edge.raised { Event::Raise } else { Event::Clear };
        happen(tx, book, at, (watch, memory), (edge.at, event), (&Who::system(), edge.cause.as_ref()))?;
        if at.1.spec.is_all_silent() {
            through(tx, book, at.0, edge.raised)?;
        }
    }
    Ok(())
}

/// A device through which others tell is silent, or is not any more.
fn through(tx: &mut Tx, book: &Book, parent: &Device, down: bool) -> Result<()> {
    for child in sensing::children(tx, &parent.id)? {
        let event = if down { Event::Suppress(parent.name.clone()) } else { Event::Release };
        on_device(tx, book, &child, &event)?;
    }
    Ok(())
}

/// Something that concerns all rules of a device.
pub fn on_device(tx: &mut Tx, book: &Book, device: &Device, event: &Event) -> Result<()> {
    for active in book.rules.of(tx, device)?.iter() {
        let now = tx.now();
        let (mut watch, mut memory) = remember::load(tx, active, device, now)?;
        let at = (device, &**active);
        happen(tx, book, at, (&mut watch, &mut memory), (now, event.clone()), (&Who::system(), None))?;
        remember::keep(tx, at, &mut watch, &memory)?;
    }
    Ok(())
}

/// Something happens to the alarm of a rule on a device.
pub fn happen(
    tx: &mut Tx,
    book: &Book,
    at: At,
    (watch, memory): (&mut Watch, &mut Memory),
    (when, event): (Ms, Event),
    (who, cause): (&Who, Option<&Cause>),
) -> Result<()> {
    let (device, active) = at;
    let now = tx.now();
    let effects = memory.machine.step(&active.policy(), when.min(now), event);
    for effect in effects {
        match effect {
            Effect::Open => open(tx, at, watch, memory, cause)?,
            Effect::Again => {
                memory.climb.again(&tell::ladder(device, active), now);
                log(tx, at, watch, who, "alarm.again")?;
                set(tx, watch, "over_at = null", &[])?;
            }
            Effect::Quiet => {
                memory.climb.seen();
                log(tx, at, watch, who, "alarm.seen")?;
                set(
                    tx,
                    watch,
                    "taken_at = coalesce(taken_at, $2), taken_by = coalesce(taken_by, $3)",
                    params![now, who.actor()],
                )?;
                tell::settled(tx, book, watch)?;
            }
            Effect::Over => {
                log(tx, at, watch, who, "alarm.over")?;
                set(tx, watch, "over_at = $2", params![now])?;
            }
            Effect::Close(what) => {
                close(tx, at, watch, who, Some(what))?;
                memory.climb.seen();
                tell::settled(tx, book, watch)?;
                watch.alarm = None;
            }
            Effect::Repair => {
                log(tx, at, watch, who, "alarm.repair")?;
                set(tx, watch, "chatters = 1", &[])?;
                tell::repair(tx, book, at, watch)?;
            }
            Effect::Hide => {
                memory.climb.hide(now);
                log(tx, at, watch, who, "alarm.hide")?;
            }
            Effect::Show => {
                memory.climb.show(now);
                log(tx, at, watch, who, "alarm.show")?;
            }
            Effect::Refused(why) => return Err(refused(why)),
        }
    }
    if watch.alarm.is_some() {
        let (stand, hidden) = (Stand::of(&memory.machine), i64::from(memory.machine.hidden()));
        set(tx, watch, "phase = $2, hidden = $3", params![stand, hidden])?;
        tell::climb(tx, book, at, watch, memory)?;
    }
    Ok(())
}

fn refused(why: Refusal) -> Error {
    match why {
        Refusal::NotOpen | Refusal::Already => Kind::State.into(),
        Refusal::StillRaised => Kind::StillRaised.into(),
        Refusal::Past => Kind::OutOfRange.at("until"),
        Refusal::Unnamed => Kind::Missing.at("why"),
    }
}

fn set(tx: &mut Tx, watch: &Watch, what: &str, with: &[store::Value]) -> Result<()> {
    let Some(alarm) = &watch.alarm else { return Ok(()) };
    let mut all = vec![alarm.as_str().into()];
    all.extend_from_slice(with);
    tx.exec(&format!("update alarm set {what} where id = $1"), &all)?;
    Ok(())
}

fn log(tx: &mut Tx, at: At, watch: &Watch, who: &Who, act: &'static str) -> Result<()> {
    tx.log(entry(at, watch.alarm.as_deref().unwrap_or_default(), who, act))?;
    Ok(())
}

fn open(tx: &mut Tx, at: At, watch: &mut Watch, memory: &mut Memory, cause: Option<&Cause>) -> Result<()> {
    let (device, active) = at;
    let (id, now, system) = (tx.id(), tx.now(), Who::system());
    let count = "insert into watch_count(id, n) values (2, 1) on conflict(id) do update set n = watch_count.n + 1 returning n";
    let number = format!("G-{:04}", tx.count(count, &[])?);
    let entry =
        entry(at, &id, &system, "alarm.open").fact("number", number.as_str()).fact("severity", i64::from(active.severity));
    let seq = tx.log(entry)?.index;
    let text = cause.map(|c| told(active, c));
    let (cause, sealed) = if device.is_home() { (None, tx.seal_text(&device.id, text.as_deref())?) } else { (text, None) };
    let sql = "insert into alarm(id, number, open_key, rule, device, kind, area, path, building, person, severity, latched, class, phase, \
               hidden, chatters, cause, sealed, opened_at, log_seq) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, $15, $16, $17, $18) \
               on conflict(open_key) do nothing";
    let made = tx.exec(
        sql,
        params![
            &id,
            &number,
            &watch.id,
            &active.id,
            &device.id,
            &device.kind,
            &device.area,
            &device.path,
            &device.building,
            &device.person,
            i64::from(active.severity),
            i64::from(active.latched),
            &active.class,
            Stand::Raised,
            cause,
            sealed,
            now,
            seq
        ],
    )?;
    memory.climb = Climb::begin(now);
    watch.alarm = Some(id);
    if made == 0 {
        // There is one, though nothing remembered it: it is that one, and nobody is called a second time.
        let row = tx.row("select id from alarm where open_key = $1", params![&watch.id])?.ok_or(Kind::State)?;
        watch.alarm = Some(row.get("id")?);
    }
    Ok(())
}

/// What raised it, as a text.
fn told(active: &Active, cause: &Cause) -> String {
    let value = match &cause.value {
        Some(Value::Number(n)) => json!(n),
        Some(Value::Bool(yes)) => json!(yes),
        Some(Value::Text(text)) => json!(text),
        None => json!(null),
    };
    json!({ "of": active.measures.get(usize::from(cause.input)), "t": cause.at, "v": value }).to_string()
}

fn close(tx: &mut Tx, at: At, watch: &Watch, who: &Who, what: Option<Disposition>) -> Result<()> {
    let Some(alarm) = &watch.alarm else { return Ok(()) };
    let (what, now) = (what.map(Disposition::as_str), tx.now());
    tx.log(entry(at, alarm, who, "alarm.close").fact_opt("disposition", what))?;
    let sql = "update alarm set phase = 'closed', open_key = null, hidden = 0, closed_at = $2, closed_by = $3, disposition = $4 where id = $1";
    tx.exec(sql, params![alarm, now, who.actor(), what])?;
    let row = tx.row("select number from alarm where id = $1", params![alarm])?;
    row.map_or(Ok(()), |r| wait::settle(tx, &r.get::<String>("number")?, now))
}

/// A device is no more: what it raised ends without a word about what it was, and nothing of it is remembered.
pub fn gone(tx: &mut Tx, book: &Book, device: &Device, who: &Who) -> Result<()> {
    through(tx, book, device, false)?;
    for active in book.rules.of(tx, device)?.iter() {
        let (mut watch, _) = remember::load(tx, active, device, tx.now())?;
        close(tx, (device, active), &watch, who, None)?;
        tell::settled(tx, book, &watch)?;
        (watch.alarm, watch.due_at) = (None, None);
    }
    tx.exec("delete from watch where device = $1", params![&device.id])?;
    Ok(())
}
