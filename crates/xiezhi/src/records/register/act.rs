//! What is done with records: written down, changed, moved, gone, born into a household, tagged.
//!
//! What must stay true: what was known before a change is kept ([`Past`](super::past)); one number of a valid identity
//! card is one person of the register; a tag has a purpose, an end and a consent; who has left or died is no longer
//! counted, found in no household, and still held until its time is over; of joined records ([`super::same`]) none says, shows
//! or keeps what was taken from the one that stands for them.

use store::{Entry, Query as _, Tx, params};

use super::home::{self, Dwelling, HouseholdKind, Purpose, Spot};
use super::joined;
use super::person::{self, Of, Person, save};
use super::rules::{self, State, may_keep};
use super::values::{Source, Tag, Values};
use crate::base::catalogue::codes as lists;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// Most people of a household that move or leave it together.
pub const TOGETHER: usize = 30;
/// Longest time a tag is kept, before somebody looks again.
pub const TAG_LASTS: Ms = 366 * DAY;

/// Where somebody lives.
#[derive(Clone, Debug)]
pub enum Living {
    /// Only the area is known.
    Area(String),
    /// Behind a door of a building or an area, in a household that is there, or in one of his own.
    Door {
        /// Building or area.
        place: String,
        /// The door in its one spelling.
        door: String,
        /// What the home is used for, when it is new.
        purpose: Option<Purpose>,
        /// The household he joins.
        household: Option<String>,
    },
}

/// Somebody, or an organisation, to be written down.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct New {
    pub kind: Of,
    pub living: Living,
    /// Elements and what was said, in one spelling ([`rules::spelt`]).
    pub values: Vec<(&'static str, String)>,
    pub source: Source,
}

/// Where somebody comes to live, inside a write.
struct Lives {
    spot: Spot,
    dwelling: Option<Dwelling>,
    household: Option<String>,
}

fn settle(tx: &mut Tx, who: &Who, kind: Of, living: &Living) -> Result<Lives> {
    let (place, door, purpose, household) = match living {
        Living::Area(area) => {
            let spot = home::spot_of(tx, area)?.ok_or_else(|| Kind::Unknown.at("area"))?;
            return Ok(Lives { spot, dwelling: None, household: None });
        }
        Living::Door { place, door, purpose, household } => (place, door, *purpose, household),
    };
    let dwelling = home::ensure(tx, who, place, door, purpose)?;
    let household = match (kind, household) {
        (Of::Organisation, _) => None,
        (_, Some(id)) => {
            let there = home::household(tx, id)?.filter(|h| h.dwelling == dwelling.id);
            Some(there.ok_or_else(|| Kind::Unknown.at("household"))?.id)
        }
        (_, None) => Some(home::found(tx, &dwelling, HouseholdKind::Family)?),
    };
    Ok(Lives { spot: dwelling.spot.clone(), dwelling: Some(dwelling), household })
}

/// Writes somebody down. An identity number that is valid and held already is refused: it is the same person.
pub fn add(tx: &mut Tx, who: &Who, new: &New) -> Result<String> {
    let lives = settle(tx, who, new.kind, &new.living)?;
    if !may_keep(who, &lives.spot.path) {
        return Err(Kind::Denied.into());
    }
    let (id, now) = (tx.id(), tx.now());
    let mut values = Values::default();
    for (element, text) in &new.values {
        values.put(element, text, new.source, now);
    }
    complete(&mut values, new.source, now);
    let one = Person {
        id: id.clone(),
        kind: new.kind,
        made_at: now,
        spot: lives.spot,
        dwelling: lives.dwelling.map(|d| d.id),
        household: lives.household,
        state: State::Here,
        golden: None,
        version: 1,
        changed_at: now,
        seen_at: now,
        values,
    };
    if one.values.text(one.name_element()).is_none() {
        return Err(Kind::Missing.at(one.name_element()));
    }
    if is_number_held(tx, &one)? {
        return Err(Kind::Held.at("register.id_number"));
    }
    tx.new_owner_of(&id, &one.spot.community)?;
    log(tx, who, "register.add", &one, None)?;
    save(tx, None, &one)?;
    Ok(id)
}

/// What a valid number says besides, where nobody has said it.
fn complete(values: &mut Values, source: Source, now: Ms) {
    let Some((birth, sex)) = values.text("register.id_number").and_then(rules::from_id) else { return };
    if values.text("register.birth").is_none() {
        values.put("register.birth", &birth, source, now);
    }
    if values.text("register.sex").is_none() {
        values.put("register.sex", sex, source, now);
    }
}

/// The valid number of a record.
fn number(one: &Person) -> Option<String> {
    let code = || one.values.text("register.uscc").filter(|c| calc::codes::uscc_valid(c));
    rules::number(one.values.text("register.id_number")).or_else(|| code().map(str::to_owned))
}

/// Whether another record bears the same valid number.
fn is_number_held(tx: &mut Tx, one: &Person) -> Result<bool> {
    let Some(number) = number(one) else { return Ok(false) };
    let mark = person::mark(tx, "id", &number);
    let sql = "select count(*) from resident_mark where mark = $1 and resident <> $2";
    Ok(tx.count(sql, params![mark, &one.id])? > 0)
}

/// Logs what was done to a record: the values that changed as elements, and what is not personal as facts.
fn log(tx: &mut Tx, who: &Who, act: &str, one: &Person, before: Option<&Person>) -> Result<u64> {
    let mut entry =
        Entry { actor: who.actor(), area: Some(&one.spot.area), owner: Some(&one.id), ..Entry::new(act, "resident", &one.id) };
    for (element, value) in one.values.elements() {
        if before.and_then(|b| b.values.text(element)) != Some(value.text.as_str()) {
            entry = entry.element(element, Some(value.text.as_str()));
        }
    }
    for (element, _) in before.map(|b| b.values.elements()).into_iter().flatten() {
        if one.values.text(element).is_none() {
            entry = entry.element(element, Some(""));
        }
    }
    let role = who.role_over(&one.spot.path);
    entry.role = role.map(|r| r.kind.as_str());
    entry.party = role.and_then(|r| r.body.as_deref());
    Ok(tx.log(entry.fact("version", one.version))?.index)
}

/// Changes a record: load, may you, change, log, past, write. `seen` is the version that its reader saw. Nothing is written when nothing changes.
pub(super) fn change(
    tx: &mut Tx,
    who: &Who,
    id: &str,
    seen: Option<i64>,
    act: &str,
    f: impl FnOnce(&mut Tx, &mut Person) -> Result<()>,
) -> Result<()> {
    let before = person::fetch(tx, id)?.filter(|p| p.state != State::Erased).ok_or(Kind::NotFound)?;
    if !may_keep(who, &before.spot.path) {
        return Err(Kind::Denied.into());
    }
    if seen.is_some_and(|v| v != before.version) {
        return Err(Kind::Changed.into());
    }
    let mut after = before.clone();
    f(tx, &mut after)?;
    write(tx, who, act, &before, after)
}

/// Writes what became of a record.
pub(super) fn write(tx: &mut Tx, who: &Who, act: &str, before: &Person, mut after: Person) -> Result<()> {
    after.version += 1;
    after.changed_at = tx.now();
    let seq = log(tx, who, act, &after, Some(before))?;
    let sealed = tx.seal(&before.id, &serde_json::to_vec(&before.snapshot()).unwrap_or_default())?;
    tx.append(
        "resident_past",
        &["resident", "version", "at", "act", "by_person", "log_seq", "sealed"],
        params![&before.id, before.version, after.changed_at, act, who.actor(), seq, sealed],
    );
    save(tx, Some(before), &after)
}

/// Other values. An empty one takes a value away, from the records for which this one stands as well.
pub fn correct(
    tx: &mut Tx,
    who: &Who,
    id: &str,
    seen: Option<i64>,
    values: &[(&'static str, String)],
    source: Source,
) -> Result<()> {
    let mut one = person::fetch(tx, id)?.ok_or(Kind::NotFound)?;
    // It was joined meanwhile: what is said of it is said of the one that stands for it. Whoever saw it alone looks again.
    if let Some(golden) = one.golden.clone() {
        if seen.is_some() {
            return Err(Kind::Changed.into());
        }
        one = person::fetch(tx, &golden)?.ok_or(Kind::NotFound)?;
    }
    let (id, members) = (one.id.as_str(), joined::members(tx, &one.id)?);
    let known = joined::golden(&one, &members);
    let other = |(element, text): &&(&'static str, String)| known.text(element).unwrap_or_default() != text;
    let changed: Vec<_> = values.iter().filter(other).collect();
    change(tx, who, id, seen, "register.change", |tx, one| {
        let now = tx.now();
        for (element, text) in &changed {
            one.values.put(element, text, source, now);
        }
        if one.values.text(one.name_element()).is_none() {
            return Err(Kind::Missing.at(one.name_element()));
        }
        complete(&mut one.values, source, now);
        one.seen_at = now;
        // Two different valid numbers are two people: whoever joined them separates them first.
        if number(one).is_some_and(|mine| members.iter().filter_map(number).any(|other| other != mine)) {
            return Err(Kind::TwoNumbers.at("register.id_number"));
        }
        if is_number_held(tx, one)? { Err(Kind::Held.at("register.id_number")) } else { Ok(()) }
    })?;
    for member in &members {
        let mut after = member.clone();
        let now = tx.now();
        for (element, text) in changed.iter().filter(|(e, _)| member.values.text(e).is_some()) {
            // A number is one record's.
            let text = if matches!(*element, "register.id_number" | "register.uscc") { "" } else { text };
            after.values.put(element, text, source, now);
        }
        if after.values != member.values {
            write(tx, who, "register.change", member, after)?;
        }
    }
    Ok(())
}

/// Somebody looked, and it is so.
pub fn confirm(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    change(tx, who, id, None, "register.seen", |tx, one| {
        one.seen_at = tx.now();
        Ok(())
    })
}

/// Moves somebody to another home, or into another household of the same one; who had left is back.
pub fn settle_at(tx: &mut Tx, who: &Who, id: &str, living: &Living) -> Result<()> {
    change(tx, who, id, None, "register.move", |tx, one| {
        let lives = settle(tx, who, one.kind, living)?;
        if !may_keep(who, &lives.spot.path) {
            return Err(Kind::Denied.into());
        }
        if one.state == State::Dead {
            return Err(Kind::State.into());
        }
        (one.spot, one.dwelling, one.household) = (lives.spot, lives.dwelling.map(|d| d.id), lives.household);
        (one.state, one.seen_at) = (State::Here, tx.now());
        Ok(())
    })
}

/// Some people of one household become a household of their own, behind the same door or another one (分户).
pub fn split(tx: &mut Tx, who: &Who, people: &[String], living: &Living) -> Result<String> {
    let first = people.first().ok_or_else(|| Kind::Missing.at("person"))?;
    if people.len() > TOGETHER {
        return Err(Kind::TooMany.at("person").limit(TOGETHER as i64));
    }
    let household = person::fetch(tx, first)?.and_then(|p| p.household).ok_or_else(|| Kind::Unknown.at("person"))?;
    settle_at(tx, who, first, living)?;
    let moved = person::fetch(tx, first)?.ok_or(Kind::NotFound)?;
    let new = moved.household.clone().ok_or_else(|| Kind::Missing.at("door"))?;
    for id in &people[1..] {
        change(tx, who, id, None, "register.move", |tx, one| {
            if one.household.as_ref() != Some(&household) {
                return Err(Kind::Unknown.at("person"));
            }
            (one.spot, one.dwelling, one.household) = (moved.spot.clone(), moved.dwelling.clone(), Some(new.clone()));
            one.seen_at = tx.now();
            Ok(())
        })?;
    }
    Ok(new)
}

/// Somebody has moved away (迁出).
pub fn leave(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    gone(tx, who, id, "register.leave", State::Away)
}

/// Somebody has died.
pub fn die(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    gone(tx, who, id, "register.death", State::Dead)
}

fn gone(tx: &mut Tx, who: &Who, id: &str, act: &str, state: State) -> Result<()> {
    let end = |one: &mut Person| {
        one.state = state;
        // What somebody needed is nobody's business any more.
        one.values.tags.clear();
    };
    change(tx, who, id, None, act, |_, one| {
        if one.state != State::Here {
            return Err(Kind::State.into());
        }
        end(one);
        Ok(())
    })?;
    for member in joined::members(tx, id)?.iter().filter(|m| m.state == State::Here) {
        let mut after = member.clone();
        end(&mut after);
        write(tx, who, act, member, after)?;
    }
    Ok(())
}

/// That somebody needs something.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NewTag {
    pub code: String,
    pub purpose: String,
    pub until: Ms,
    pub consent: String,
}

/// Puts a tag, or prolongs it.
pub fn tag(tx: &mut Tx, who: &Who, id: &str, new: &NewTag) -> Result<()> {
    if lists::get("tag", &new.code).is_none() {
        return Err(Kind::Unknown.at("code"));
    }
    change(tx, who, id, None, "register.tag", |tx, one| {
        let now = tx.now();
        if one.state != State::Here {
            return Err(Kind::State.into());
        }
        // Under fourteen it is the guardian who agrees (PIPL article 31).
        if !matches!(new.consent.as_str(), "guardian" | "law") && rules::is_minor(&one.values, now) {
            return Err(Kind::Guardian.at("consent"));
        }
        if new.until <= now || new.until > now + TAG_LASTS {
            return Err(Kind::OutOfRange.at("until").limit(TAG_LASTS / DAY));
        }
        let since = one.values.tags.iter().find(|t| t.code == new.code).map_or(now, |t| t.since);
        one.values.tags.retain(|t| t.code != new.code);
        let (code, purpose, consent) = (new.code.clone(), new.purpose.clone(), new.consent.clone());
        one.values.tags.push(Tag { code, purpose, since, until: new.until, consent });
        Ok(())
    })
}

/// Takes a tag away; what depended on that consent is over.
pub fn untag(tx: &mut Tx, who: &Who, id: &str, code: &str) -> Result<()> {
    let one = person::fetch(tx, id)?.filter(|p| p.state != State::Erased).ok_or(Kind::NotFound)?;
    if !may_keep(who, &one.spot.path) {
        return Err(Kind::Denied.into());
    }
    take_tag(tx, who, one, "register.untag", |t| t.code == code)
}

/// Takes away the tags that are meant, from a record and from those for which it stands.
pub(super) fn take_tag(tx: &mut Tx, who: &Who, one: Person, act: &str, meant: impl Fn(&Tag) -> bool) -> Result<()> {
    let mut all = joined::members(tx, &one.id)?;
    all.push(one);
    all.retain(|p| p.values.tags.iter().any(&meant));
    if all.is_empty() {
        return Err(Kind::NotFound.into());
    }
    for before in &all {
        let mut after = before.clone();
        after.values.tags.retain(|t| !meant(t));
        write(tx, who, act, before, after)?;
    }
    Ok(())
}
