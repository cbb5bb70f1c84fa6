//! Who fits a condition, and what is held of them: for forms, and for the reports that follow from them.
//!
//! What must stay true: what is told here are people, counts, days and sources; a value leaves as a [`Graded`] alone. A
//! record that stands for others knows what they know, so nothing is asked twice of one person.

use std::collections::{BTreeMap, BTreeSet};

use calc::grade::Decision;
use serde::{Deserialize, Serialize};
use store::{Query, params};

use super::person::{self, Of, Person};
use super::values::Source;
use super::view;
pub use super::view::FieldView;
use super::{home, rules};
use crate::base::area;
use crate::base::catalogue::{Asker, Graded, Look, Relation, decide};
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;

/// Most records that one form or report is about.
pub const MOST: usize = 20_000;
/// Codes of `register.relation` that name whoever speaks for a household.
const HEADS: [&str; 2] = ["02", "01"];
/// Where somebody lives: not a value of a record, but its home.
pub const HOME: &str = "register.home";

/// Who is meant. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Youngest, in full years.
    pub from: Option<i64>,
    /// Oldest.
    pub to: Option<i64>,
    /// Code of the list `sex`.
    pub sex: Option<String>,
    /// Code of the list `stay`.
    pub stay: Option<String>,
    /// Code of the list `tag`.
    pub tag: Option<String>,
    /// Code of an area within.
    pub area: Option<String>,
}

/// That something is held: where from, since when, and how many characters it would be to type.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the line above says it")]
pub struct Held {
    pub source: Source,
    pub at: Ms,
    pub chars: i64,
}

impl Person {
    /// What is held of an element.
    pub fn held(&self, element: &str) -> Option<Held> {
        if element == HOME {
            // As it is written most shortly: a building and a door.
            return self.dwelling.as_ref().map(|_| Held { source: Source::Visit, at: self.made_at, chars: 8 });
        }
        let value = self.values.get(element)?;
        let typed = view::word(element, value.text.clone(), Lang::Zh);
        Some(Held { source: value.source, at: value.at, chars: typed.chars().count() as i64 })
    }

    /// Whether a condition fits, on a day (`2026-03-04`); `path` is that of the condition's area.
    pub fn fits(&self, filter: &Filter, path: Option<&str>, today: &str, now: Ms) -> bool {
        let text = |element: &str, wanted: &Option<String>| wanted.is_none() || self.values.text(element) == wanted.as_deref();
        let age = || self.values.text("register.birth").and_then(|born| age(born, today));
        let old = (filter.from.is_none() && filter.to.is_none())
            || age().is_some_and(|a| filter.from.is_none_or(|f| a >= f) && filter.to.is_none_or(|t| a <= t));
        let tagged = filter.tag.as_ref().is_none_or(|tag| self.values.tags_at(now).any(|t| t.code == *tag));
        old && tagged
            && text("register.sex", &filter.sex)
            && text("register.stay", &filter.stay)
            && path.is_none_or(|p| self.spot.path.starts_with(p))
    }
}

/// Full years on a day; both as `2026-03-04`.
fn age(born: &str, today: &str) -> Option<i64> {
    let year = |d: &str| d.get(..4)?.parse::<i64>().ok();
    let age = year(today)? - year(born)? - i64::from(born.get(5..)? > today.get(5..)?);
    (age >= 0).then_some(age)
}

/// Everybody, or every organisation, of an area, in the order of their homes, with what the records joined with theirs know.
pub fn all(q: &mut dyn Query, path: &str, kind: Of) -> Result<Vec<Person>> {
    let end = area::end_of(path);
    let sql = format!(
        "select {} from resident r where r.path >= $1 and r.path < $2 and r.kind = $3 and r.state = 'here' \
         and r.golden is null order by r.path, r.dwelling, r.id limit $4",
        person::columns()
    );
    let rows = q.rows(&sql, params![path, &end, kind, MOST as i64 + 1])?;
    if rows.len() > MOST {
        return Err(Kind::TooMany.at("area").limit(MOST as i64));
    }
    let mut people = person::read(q, &rows)?;
    let sql = format!(
        "select {} from resident r join resident g on g.id = r.golden where g.path >= $1 and g.path < $2 order by r.id limit $3",
        person::columns()
    );
    let rows = q.rows(&sql, params![path, &end, MOST as i64])?;
    let mut joined: BTreeMap<String, Vec<Person>> = BTreeMap::new();
    for one in person::read(q, &rows)? {
        joined.entry(one.golden.clone().unwrap_or_default()).or_default().push(one);
    }
    for one in &mut people {
        if let Some(members) = joined.get(&one.id) {
            one.values = super::joined::golden(one, members);
        }
    }
    Ok(people)
}

/// One record, with what the records joined with it know.
pub fn whole(q: &mut dyn Query, id: &str) -> Result<Option<Person>> {
    let Some(mut one) = person::by_id(q, id)?.filter(Person::counts) else { return Ok(None) };
    let members = super::joined::members(q, &one.id)?;
    one.values = super::joined::golden(&one, &members);
    Ok(Some(one))
}

/// Of each household one: its head, or whoever was written down first.
pub fn heads(people: Vec<Person>) -> Vec<Person> {
    let rank = |p: &Person| {
        let said = p.values.text("register.relation");
        let place = HEADS.iter().position(|h| said == Some(h)).unwrap_or(HEADS.len());
        (place, p.made_at, p.id.clone())
    };
    let mut first: BTreeMap<String, (usize, Ms, String)> = BTreeMap::new();
    for one in &people {
        let Some(household) = &one.household else { continue };
        let mine = rank(one);
        let best = first.entry(household.clone()).or_insert_with(|| mine.clone());
        if mine < *best {
            *best = mine;
        }
    }
    let chosen: BTreeSet<String> = first.into_values().map(|(_, _, id)| id).collect();
    people.into_iter().filter(|p| chosen.contains(&p.id)).collect()
}

/// Where somebody lives, for whoever may see it.
pub fn home_of(q: &mut dyn Query, one: &Person) -> Result<Option<Graded>> {
    let Some(id) = &one.dwelling else { return Ok(None) };
    let Some(home) = home::by_id(q, id)? else { return Ok(None) };
    Ok(Some(Graded::new(HOME, &one.id, view::address(q, &home)?)))
}

/// The building and the door of every home of an area.
pub fn doors(q: &mut dyn Query, path: &str) -> Result<BTreeMap<String, (String, String)>> {
    let sql = "select id, place, door from dwelling where path >= $1 and path < $2 order by id limit $3";
    let rows = q.rows(sql, params![path, area::end_of(path), MOST as i64])?;
    Ok(rows.iter().map(|r| Ok((r.get("id")?, (r.get("place")?, r.get("door")?)))).collect::<store::Result<_>>()?)
}

/// How somebody stands to what is held about a place.
pub fn relation(who: &crate::kit::Who, path: &str) -> Option<Relation> {
    rules::relation(who, path)
}

/// Whether somebody may learn who needs what, for a purpose: only he is shown a list of all who do.
pub fn knows_tags(who: &crate::kit::Who, purpose: &str, path: &str) -> bool {
    let roles: Vec<_> = who.roles.iter().map(|r| r.kind).collect();
    let Some(relation) = rules::relation(who, path) else { return false };
    decide("register.tag", &Asker { roles: &roles, purpose, relation }).decision == Decision::Plain
}

/// What an element says of somebody, in words, as this reader may see it.
pub fn shown(
    q: &mut dyn Query,
    look: &mut Look,
    one: &Person,
    element: &'static str,
    relation: Relation,
    lang: Lang,
) -> Result<Option<String>> {
    let value = if element == HOME { home_of(q, one)? } else { one.graded(element) };
    Ok(value.and_then(|v| look.at(&v, relation)).map(|v| view::word(element, v, lang)))
}

/// Elements that a form may ask for.
pub fn elements(kind: Of) -> Vec<&'static str> {
    let mut out = view::elements(kind).to_vec();
    out.push(HOME);
    out
}

/// An empty field for an element.
pub fn field(element: &'static str, lang: Lang) -> FieldView {
    view::form_field(element, String::new(), lang)
}

/// The key of an element's name.
pub fn name_key(element: &str) -> String {
    view::text_key(element)
}

/// Whether somebody sees everything of an area that this program holds: only to him small numbers are told.
pub fn keeps(who: &crate::kit::Who, path: &str) -> bool {
    rules::may_keep(who, path)
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn a_year_is_full_on_its_birthday() {
        let on = |today| age("1949-12-31", today);
        assert_eq!((on("2026-12-30"), on("2026-12-31"), on("1949-12-30")), (Some(76), Some(77), None));
        assert_eq!(age("19", "2026-01-01"), None);
    }
}
