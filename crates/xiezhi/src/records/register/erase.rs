//! The end of a record: asked for by its subject, or because its time is over.
//!
//! What must stay true: the key of the subject is destroyed, so that values, their past and what the log says of them can
//! never be read again, wherever copies lie; nothing is found or counted any more; the log keeps the proof that it was done.
//! Whoever asked for it stands in no table either that came in lately.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use store::{Entry, Query as _, Tx, params};

use super::joined;
use super::person::{self, save};
use super::rules::{State, may_keep};
use super::values::Values;
use super::{act, import};
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Error, Result, Who};

/// Records that are destroyed in one round.
const AT_ONCE: i64 = 200;

/// What `data/catalogue/rights.toml` says; the fields are explained there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Terms {
    pub days: BTreeMap<String, i64>,
    pub keep: BTreeMap<String, i64>,
}

/// The terms.
pub fn terms() -> &'static Terms {
    static TERMS: OnceLock<Terms> = OnceLock::new();
    // Embedded data, checked by a test.
    TERMS.get_or_init(|| toml::from_str(include_str!("../../../../../data/catalogue/rights.toml")).expect("rights.toml"))
}

/// Destroys what is held of somebody because he asked for it. What is gone already, is gone.
pub fn erase(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let Some(one) = person::fetch(tx, id)?.filter(|p| p.state != State::Erased) else { return Ok(()) };
    if !may_keep(who, &one.spot.path) {
        return Err(Kind::Denied.into());
    }
    let golden = one.golden.as_deref().unwrap_or(id);
    for each in joined::members(tx, golden)?.iter().chain([&one]) {
        import::void(tx, &each.spot.area)?;
    }
    destroy(tx, who, golden, "register.erase")
}

/// Destroys a record and all for which it stands: they are of the same person.
fn destroy(tx: &mut Tx, who: &Who, id: &str, act: &str) -> Result<()> {
    let mut all = joined::members(tx, id)?;
    all.extend(person::fetch(tx, id)?);
    for before in all.iter().filter(|p| p.state != State::Erased) {
        let (mut after, id) = (before.clone(), &before.id);
        (after.state, after.values, after.golden) = (State::Erased, Values::default(), None);
        (after.dwelling, after.household) = (None, None);
        (after.version, after.changed_at) = (before.version + 1, tx.now());
        save(tx, Some(before), &after)?;
        tx.exec("delete from resident_pair where a = $1", params![id])?;
        tx.exec("delete from resident_pair where b = $1", params![id])?;
        tx.exec("delete from resident_account where resident = $1", params![id])?;
        tx.destroy_key(id)?;
        tx.log(Entry { actor: who.actor(), area: Some(&before.spot.area), ..Entry::new(act, "resident", id) })?;
    }
    Ok(())
}

/// Takes away the tags whose day has come.
fn end_tags(tx: &mut Tx, id: &str) -> Result<()> {
    let Some(before) = person::fetch(tx, id)? else { return Ok(()) };
    let (mut after, now) = (before.clone(), tx.now());
    after.values.tags.retain(|t| t.until > now);
    act::write(tx, &Who::system(), "register.tag-end", &before, after)
}

/// Lets end what has its end: tags whose day has come, and records whose subject left or died long enough ago.
pub fn sweep(app: &App) -> Result<()> {
    let now = app.now();
    let sql = "select id from resident where tag_until <= $1 order by tag_until limit $2";
    let rows = app.db.read(|r| r.rows(sql, params![now, AT_ONCE]))?;
    let ids: Vec<String> = rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
    if !ids.is_empty() {
        app.db.write(move |tx| ids.iter().try_for_each(|id| end_tags(tx, id)))?;
    }
    for (state, years) in &terms().keep {
        let before: Ms = now - years * 365 * DAY;
        let sql = "select id from resident where state = $1 and changed_at < $2 order by changed_at limit $3";
        let rows = app.db.read(|r| r.rows(sql, params![state, before, AT_ONCE]))?;
        let ids: Vec<String> = rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
        if !ids.is_empty() {
            app.db.write(move |tx| {
                ids.iter().try_for_each(|id| destroy(tx, &Who::system(), id, "register.expire"))?;
                Ok::<_, Error>(())
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_of_request_has_its_days() {
        let terms = super::terms();
        for kind in crate::records::register::rules::State::ALL.iter().filter(|s| !matches!(s.as_str(), "here" | "erased")) {
            assert!(terms.keep.contains_key(kind.as_str()), "{kind:?}");
        }
        assert!(terms.days.values().chain(terms.keep.values()).all(|n| (1..=100).contains(n)));
    }
}
