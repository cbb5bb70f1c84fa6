//! One record of the register, as it is: a person or an organisation, where it belongs, what is known of it.
//!
//! What must stay true: row, marks, counters and past are written together by [`save`], so a record is found by what it
//! says now and counted once, in every area from its grid to the nation; a record for which another one stands
//! (`golden`), or whose subject is gone, is not counted.

use std::collections::BTreeMap;

use calc::link::clean;
use serde::{Deserialize, Serialize};
use store::{Query, Row, Tx, params};

use super::count;
use super::home::{self, MOST, Spot};
use super::rules::{self, State};
use super::values::Values;
use crate::base::catalogue::Graded;
use crate::kit::Result;
use crate::kit::names::names;
use crate::kit::time::Ms;

names! {
    /// What a record is about.
    Of { Person = "person", Organisation = "organisation", }
}

/// A record.
#[expect(missing_docs, reason = "the names say it")]
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub kind: Of,
    pub made_at: Ms,
    pub spot: Spot,
    pub dwelling: Option<String>,
    pub household: Option<String>,
    pub state: State,
    /// The record that stands for this one.
    pub golden: Option<String>,
    pub version: i64,
    pub changed_at: Ms,
    /// When somebody last made sure that it is so.
    pub seen_at: Ms,
    pub(super) values: Values,
}

/// A record as it was: what history keeps, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub values: Values,
    pub dwelling: Option<String>,
    pub household: Option<String>,
    pub state: String,
    pub area: String,
}

const TABLE: &str = "resident";
const COLUMNS: [&str; 15] = [
    "id",
    "kind",
    "made_at",
    "area",
    "path",
    "community",
    "dwelling",
    "household",
    "state",
    "golden",
    "version",
    "changed_at",
    "seen_at",
    "tag_until",
    "sealed",
];
/// The first of them never change.
const FIXED: usize = 3;

/// The columns, for queries that end in [`read`].
pub(super) fn columns() -> String {
    COLUMNS.map(|c| format!("r.{c}")).join(", ")
}

fn person(row: &Row, values: Values) -> store::Result<Person> {
    Ok(Person {
        id: row.get("id")?,
        kind: row.get("kind")?,
        made_at: row.get("made_at")?,
        spot: Spot { area: row.get("area")?, path: row.get("path")?, community: row.get("community")? },
        dwelling: row.get("dwelling")?,
        household: row.get("household")?,
        state: row.get("state")?,
        golden: row.get("golden")?,
        version: row.get("version")?,
        changed_at: row.get("changed_at")?,
        seen_at: row.get("seen_at")?,
        values,
    })
}

fn values(bytes: Option<Vec<u8>>) -> store::Result<Values> {
    let Some(bytes) = bytes else { return Ok(Values::default()) };
    serde_json::from_slice(&bytes).map_err(|e| store::Error::Corrupt(e.to_string()))
}

/// Rows with [`columns`] as records.
pub(super) fn read(q: &mut dyn Query, rows: &[Row]) -> store::Result<Vec<Person>> {
    let mut sealed = Vec::with_capacity(rows.len());
    for row in rows {
        sealed.push((row.get::<String>("id")?, row.get::<Option<Vec<u8>>>("sealed")?));
    }
    let there: Vec<(String, Vec<u8>)> = sealed.iter().filter_map(|(id, s)| Some((id.clone(), s.clone()?))).collect();
    let mut opened = q.open_many(&there)?.into_iter();
    let mut out = Vec::with_capacity(rows.len());
    for (row, (_, s)) in rows.iter().zip(&sealed) {
        let bytes = if s.is_some() { opened.next().flatten() } else { None };
        out.push(person(row, values(bytes)?)?);
    }
    Ok(out)
}

/// A record.
pub fn by_id(q: &mut dyn Query, id: &str) -> store::Result<Option<Person>> {
    let rows = q.rows(&format!("select {} from resident r where r.id = $1", columns()), params![id])?;
    Ok(read(q, &rows)?.pop())
}

/// A record inside a write, as the batch has left it so far.
pub(super) fn fetch(tx: &mut Tx, id: &str) -> store::Result<Option<Person>> {
    let Some(row) = tx.fetch(TABLE, &COLUMNS, id)? else { return Ok(None) };
    let bytes = match row.get::<Option<Vec<u8>>>("sealed")? {
        Some(sealed) => tx.open(id, &sealed)?,
        None => None,
    };
    Ok(Some(person(&row, values(bytes)?)?))
}

impl Person {
    /// A value, for whoever may see it.
    pub fn graded(&self, element: &'static str) -> Option<Graded> {
        self.values.graded(element, &self.id)
    }

    /// Whether it is counted and found: here, and itself the record of its subject.
    pub fn counts(&self) -> bool {
        self.state == State::Here && self.golden.is_none()
    }

    /// What it is called, as an element.
    pub fn name_element(&self) -> &'static str {
        if self.kind == Of::Person { "register.name" } else { "register.org_name" }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            values: self.values.clone(),
            dwelling: self.dwelling.clone(),
            household: self.household.clone(),
            state: self.state.as_str().into(),
            area: self.spot.area.clone(),
        }
    }

    /// Keyed digests by which it is found.
    fn marks(&self, q: &dyn Query) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        if self.state == State::Erased {
            return out;
        }
        let mut add = |kind: &str, text: &str| out.push(mark(q, kind, text));
        let (text, community) = (|element| self.values.text(element), &self.spot.community);
        for element in ["register.id_number", "register.uscc"] {
            if let Some(number) = text(element) {
                add("id", number);
            }
        }
        for element in ["register.phone", "register.org_phone"] {
            if let Some(number) = text(element) {
                add("phone", &phone(number));
                add("tail", &tail(community, &phone(number)));
            }
        }
        if let Some(number) = text("register.id_number") {
            add("tail", &tail(community, number));
        }
        if let Some(name) = text(self.name_element()) {
            add("name", &spelling(name));
        }
        for tag in &self.values.tags {
            add("tag", &tagged(community, &tag.code));
        }
        out.sort();
        out.dedup();
        out
    }
}

/// A mark: twelve bytes, so that of a billion values hardly two share one.
pub(super) fn mark(q: &dyn Query, kind: &str, text: &str) -> Vec<u8> {
    // A number is found by each of its spellings.
    let number = if kind == "id" { rules::number(Some(text)) } else { None };
    let text = number.as_deref().unwrap_or(text);
    q.digest("register mark", &format!("{kind}\0{text}"))[..12].to_vec()
}

/// Telephone numbers in one spelling.
pub(super) fn phone(said: &str) -> String {
    let mut out = String::new();
    clean::phone(said, &mut out);
    out
}

/// Names in one spelling.
pub fn spelling(said: &str) -> String {
    let mut out = String::new();
    clean::name(said, &mut out);
    out
}

/// The last four signs of a number, within a community.
pub(super) fn tail(community: &str, number: &str) -> String {
    let signs: Vec<char> = number.chars().collect();
    format!("{community}\0{}", signs[signs.len().saturating_sub(4)..].iter().collect::<String>())
}

/// Whoever has a tag, within a community.
pub(super) fn tagged(community: &str, code: &str) -> String {
    format!("{community}\0{code}")
}

/// Records with a mark.
pub(super) fn marked(q: &mut dyn Query, mark: &[u8], limit: i64) -> store::Result<Vec<Person>> {
    let sql = format!(
        "select {} from resident_mark m join resident r on r.id = m.resident where m.mark = $1 order by m.resident limit $2",
        columns()
    );
    let rows = q.rows(&sql, params![mark.to_vec(), limit])?;
    read(q, &rows)
}

/// Writes a record and everything that follows from it; `before` is what it was.
pub(super) fn save(tx: &mut Tx, before: Option<&Person>, after: &Person) -> Result<()> {
    let sealed = match after.state {
        State::Erased => None,
        _ => Some(tx.seal(&after.id, &serde_json::to_vec(&after.values).unwrap_or_default())?),
    };
    let p = after;
    let row = params![
        &p.id,
        p.kind,
        p.made_at,
        &p.spot.area,
        &p.spot.path,
        &p.spot.community,
        &p.dwelling,
        &p.household,
        p.state,
        &p.golden,
        p.version,
        p.changed_at,
        p.seen_at,
        p.values.tags.iter().map(|t| t.until).min(),
        sealed
    ];
    tx.put(TABLE, &COLUMNS, FIXED, row.to_vec());
    let (old, new) = (before.map(|b| b.marks(tx)).unwrap_or_default(), after.marks(tx));
    for mark in old.iter().filter(|m| !new.contains(m)) {
        tx.exec("delete from resident_mark where mark = $1 and resident = $2", params![mark.clone(), &p.id])?;
    }
    for mark in new.into_iter().filter(|m| !old.contains(m)) {
        tx.append("resident_mark", &["mark", "resident"], params![mark, &p.id]);
    }
    let lives = |p: Option<&Person>| p.filter(|p| p.counts()).and_then(|p| p.household.clone());
    let (from, to) = (lives(before), lives(Some(after)));
    if from != to {
        from.map(|id| home::resize(tx, &id, -1)).transpose()?;
        to.map(|id| home::resize(tx, &id, 1)).transpose()?;
    }
    let mut change: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (one, by) in [(before, -1), (Some(after), 1)] {
        let Some(one) = one.filter(|o| o.counts()) else { continue };
        for what in counts(one) {
            for path in count::above(&one.spot.path) {
                *change.entry((path.to_owned(), what.clone())).or_default() += by;
            }
        }
    }
    count::add(tx, change);
    Ok(())
}

/// The people of a home, household by household.
pub fn of_home(q: &mut dyn Query, dwelling: &str) -> store::Result<Vec<Person>> {
    let sql = format!(
        "select {} from resident r where r.dwelling = $1 and r.state = 'here' and r.golden is null \
         order by r.household, r.made_at, r.id limit {MOST}",
        columns()
    );
    let rows = q.rows(&sql, params![dwelling])?;
    let mut all = read(q, &rows)?;
    // The head of a household first, then as the code list of relations goes, the older before the younger.
    let order = |p: &Person| {
        let text = |element| p.values.text(element).map(str::to_owned);
        (p.household.clone(), text("register.relation").unwrap_or("~".into()), text("register.birth"))
    };
    all.sort_by_cached_key(order);
    Ok(all)
}

/// What a record counts as.
pub(super) fn counts(one: &Person) -> Vec<String> {
    if one.kind == Of::Organisation {
        let kind = one.values.text("register.org_kind").unwrap_or("other");
        return vec![count::ORGANISATIONS.into(), format!("org:{kind}")];
    }
    let text = |element| one.values.text(element);
    let year = text("register.birth").and_then(|b| b.get(..4)).unwrap_or("0");
    let sex = text("register.sex").filter(|s| matches!(*s, "1" | "2")).unwrap_or("0");
    let mut out = vec![count::PEOPLE.into(), format!("born:{year}:{sex}")];
    if let Some(stay) = text("register.stay") {
        out.push(format!("stay:{stay}"));
    }
    out.extend(one.values.tags.iter().map(|t| format!("tag:{}", t.code)));
    out
}
