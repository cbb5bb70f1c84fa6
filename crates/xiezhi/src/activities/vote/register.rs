//! Rolls of residents made from the register (城市居民委员会组织法 art. 8: all residents of 18 or older, or one for each
//! household).
//!
//! What must stay true: a roll of households takes no value of a person out of the register, only that a home is lived in;
//! one of adults takes names, each through a decision and under a purpose that was named, and they lie sealed under the
//! roll; whose date of birth is not known is left out and told, never guessed.

use std::collections::BTreeMap;

use calc::tally::{Kind as Owned, Use};
use store::Query;

use super::roll::{Register, Row, Source};
use crate::base::area::Area;
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::{Req, Result};
use crate::records::register::person::{Of, Person};
use crate::records::register::{home, places, query};

/// From this age on somebody votes (art. 8).
const AGE: i64 = 18;

/// What the register gives.
pub struct Found {
    /// The rows of the roll.
    pub rows: Vec<Row>,
    /// Residents who are left out, because nobody knows their age or their home.
    pub left: i64,
}

/// The rows of a roll of a place. Names that are read go into `look`.
pub fn rows(req: &Req, q: &mut dyn Query, place: &Area, which: Register, look: &mut Look) -> Result<Found> {
    if !query::keeps(&req.who, &place.path) || query::relation(&req.who, &place.path) != Some(Relation::Desk) {
        return Err(Kind::Denied.into());
    }
    let (doors, all) = (query::doors(q, &place.path)?, query::all(q, &place.path, Of::Person)?);
    let today = req.app.time(req.now);
    let (mut rows, mut names, mut left) = (Vec::new(), Names::default(), 0);
    let people = if which == Register::Households { query::heads(all) } else { all };
    for one in &people {
        let grown = if which == Register::Adults { grown(one, &today[..10], req.now) } else { Some(true) };
        let door = one.dwelling.as_ref().and_then(|home| doors.get(home));
        let door = match (grown, door) {
            (Some(false), _) => continue,
            (Some(true), Some(door)) => door,
            _ => {
                left += 1;
                continue;
            }
        };
        let owner = match which {
            Register::Households => None,
            Register::Adults => query::shown(q, look, one, "register.name", Relation::Desk, Lang::Zh)?,
        };
        let unit = names.of(q, door, which)?;
        rows.push(Row {
            key: format!("unit {unit}"),
            unit,
            owner: owner.unwrap_or_default(),
            area: 1,
            kind: Owned::Owner,
            usage: Use::Home,
            source: Source::Registered,
        });
    }
    // Streets together, and of each the houses and doors by their numbers.
    rows.sort_by_cached_key(|r| (r.unit.replace(|c: char| c.is_ascii_digit(), ""), home::by_number(&r.unit)));
    if rows.is_empty() {
        return Err(Kind::RegisterEmpty.into());
    }
    Ok(Found { rows, left })
}

/// Whether somebody is old enough on a day; none when nobody knows.
fn grown(one: &Person, today: &str, now: crate::kit::time::Ms) -> Option<bool> {
    let at_least = |age| query::Filter { from: Some(age), ..query::Filter::default() };
    one.fits(&at_least(0), None, today, now).then(|| one.fits(&at_least(AGE), None, today, now))
}

/// Names of units: the building and the door, and a number where several stand behind one door.
#[derive(Default)]
struct Names {
    places: BTreeMap<String, String>,
    used: BTreeMap<String, i64>,
}

impl Names {
    fn of(&mut self, q: &mut dyn Query, (place, door): &(String, String), which: Register) -> Result<String> {
        if !self.places.contains_key(place) {
            let name = places::place_name(q, place)?.unwrap_or_default();
            self.places.insert(place.clone(), name);
        }
        let home = format!("{}{door}", self.places[place]);
        let used = self.used.entry(home.clone()).and_modify(|n| *n += 1).or_insert(1);
        Ok(match (which, *used) {
            (Register::Households, 1) => home,
            (Register::Households, n) => format!("{home}-{n}户"),
            (Register::Adults, n) => format!("{home}-{n}"),
        })
    }
}
