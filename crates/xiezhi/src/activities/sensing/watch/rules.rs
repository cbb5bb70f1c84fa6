//! Rules of a place: written, tried, switched on and off.
//!
//! What must stay true: a desk decides for its own places alone; a rule of its own is a draft until it was tried on what
//! devices there told, and somebody switched it on; who did so, and when, is in the log.
//!
//! Log kinds written: `watch.rule`.

use store::{Entry, Query, Tx, params};

use super::book::{self, Active, Book};
use super::own::{Given, Mode, by_id};
use super::spec::Spec;
use crate::activities::sensing::pack::{self, Pack};
use crate::base::area::Area;
use crate::kit::error::Kind;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// A rule as a desk writes it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub kind: String,
    pub home: Option<bool>,
    pub title: String,
    pub severity: i64,
    pub latched: bool,
    pub class: String,
    pub spec: Spec,
}

/// Reads it against what such devices measure.
pub fn check(pack: &'static Pack, new: &New) -> Result<Active> {
    let given = Given {
        id: String::new(),
        zh: new.title.clone(),
        en: new.title.clone(),
        severity: u8::try_from(new.severity).unwrap_or(1),
        latched: new.latched,
        class: new.class.clone(),
        spec: new.spec.clone(),
    };
    Active::new(pack, &new.kind, given).map_err(|_| Kind::WrongType.at("when"))
}

/// Adds a draft; gives its id.
pub fn add(tx: &mut Tx, book: &Book, who: &Who, place: &Area, new: &New) -> Result<String> {
    if who.desk_over(&place.path).is_none() {
        return Err(Kind::Denied.into());
    }
    let pack = pack::at(&place.code);
    check(pack, new)?;
    // Work that is only handed down under an admission is nothing that a device may ask for.
    if book.cases.classes.get(&new.class).is_none() || book.cases.classes.is_handed(&new.class) {
        return Err(Kind::Unknown.at("class"));
    }
    let many = "select count(*) from watch_rule where area = $1 and ships is null";
    if tx.count(many, params![&place.id])? >= pack.alarm.rules {
        return Err(Kind::OutOfRange.at("title").limit(pack.alarm.rules));
    }
    let (id, now) = (tx.id(), tx.now());
    let spec = serde_json::to_string(&new.spec).map_err(|_| Kind::WrongType.at("when"))?;
    let entry = entry(who, place, &id, Mode::Draft).fact("kind", new.kind.as_str()).fact("spec", spec.as_str());
    let seq = tx.log(entry.fact("severity", new.severity))?.index;
    let sql = "insert into watch_rule(id, ships, area, path, kind, home, title, severity, latched, class, spec, state, made_by, made_at, \
               changed_at, log_seq) values ($1, null, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)";
    tx.exec(
        sql,
        params![
            &id,
            &place.id,
            &place.path,
            &new.kind,
            new.home.map(i64::from),
            &new.title,
            new.severity,
            i64::from(new.latched),
            &new.class,
            spec,
            Mode::Draft,
            who.actor().ok_or(Kind::SignIn)?,
            now,
            seq
        ],
    )?;
    Ok(id)
}

fn entry<'w>(who: &'w Who, place: &'w Area, id: &'w str, mode: Mode) -> Entry<'w> {
    let entry = Entry { actor: who.actor(), area: Some(&place.id), ..Entry::new("watch.rule", "watch_rule", id) };
    entry.fact("state", mode.as_str())
}

/// Switches a rule on or off at a place: one of its own by id, one that ships by name.
pub fn switch(tx: &mut Tx, who: &Who, place: &Area, rule: &str, on: bool) -> Result<()> {
    if who.desk_over(&place.path).is_none() {
        return Err(Kind::Denied.into());
    }
    let (mode, now) = (if on { Mode::On } else { Mode::Off }, tx.now());
    let ships = pack::at(&place.code).rule.iter().find(|r| r.id == rule);
    match ships {
        Some(ships) => {
            let known = tx.row("select id from watch_rule where ships = $1 and area = $2", params![rule, &place.id])?;
            let id = known.as_ref().map(|r| r.get::<String>("id")).transpose()?;
            let new = id.is_none();
            let id = id.unwrap_or_else(|| tx.id());
            let seq = tx.log(entry(who, place, &id, mode).fact("ships", rule))?.index;
            if new {
                let sql = "insert into watch_rule(id, ships, area, path, severity, latched, state, made_by, made_at, changed_at, log_seq) \
                           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)";
                let (grave, latched) = (i64::from(ships.severity), i64::from(ships.latched));
                let by = who.actor().ok_or(Kind::SignIn)?;
                tx.exec(sql, params![&id, rule, &place.id, &place.path, grave, latched, mode, by, now, seq])?;
            } else {
                set(tx, &id, mode, now, seq)?;
            }
        }
        None => {
            let own = by_id(tx, rule)?;
            if own.ships.is_some() || own.area != place.id {
                return Err(Kind::NotFound.into());
            }
            let seq = tx.log(entry(who, place, rule, mode))?.index;
            set(tx, rule, mode, now, seq)?;
        }
    }
    book::changed(tx)
}

fn set(tx: &mut Tx, id: &str, mode: Mode, now: Ms, seq: u64) -> Result<()> {
    tx.exec("update watch_rule set state = $2, changed_at = $3, log_seq = $4 where id = $1", params![id, mode, now, seq])?;
    Ok(())
}
