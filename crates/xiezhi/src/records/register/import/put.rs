//! Which row is whom, and what becomes of it: added, completed, known, refused.
//!
//! What must stay true: the same valid number is the same person, and so is the same name behind the same door unless
//! something speaks against it; whoever the linkage is sure of is completed, whoever it doubts is added and left to somebody;
//! two different valid numbers are never one person; what is held is never overwritten.

use std::collections::HashMap;

use calc::address::{self, Address, Dictionary, Entry as Known, Found};
use calc::link::SURE;
use store::{Query, Tx, params};

use super::super::act::{self, Living, New};
use super::super::home::{self, DOOR};
use super::super::near::{self, Hit};
use super::super::person::{self, Of, Person};
use super::super::rules::{self, State, may_keep};
use super::super::values::Source;
use super::super::{joined, same};
use super::Run;
use super::check::Checked;
use crate::base::area::{self, Area, Building};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result, Who};

/// Codes of relation that begin a household: the head, or the person himself.
const HEADS: [&str; 2] = ["01", "02"];
/// Levels at which two names may be one person's.
const NAMES: [&str; 4] = ["name:same", "name:sound", "name:sounds", "name:near"];

/// What a run of rows needs to know.
pub struct Plan {
    pub who: Who,
    pub community: Area,
    buildings: Vec<Building>,
    dictionary: Dictionary,
}

impl Plan {
    /// For a community.
    pub fn new(q: &mut dyn Query, who: Who, community: Area) -> store::Result<Plan> {
        let buildings = area::buildings(q, &community.path)?;
        let name = |b: &Building| {
            let whole = if b.address.is_empty() { &b.name } else { &b.address };
            Known { name: whole.clone(), ..Known::default() }
        };
        let dictionary = Dictionary::new(buildings.iter().map(name));
        Ok(Plan { who, community, buildings, dictionary })
    }

    /// Where a row says that he lives; refuses the row where that is not one place of the community.
    pub fn place(&self, checked: &mut Checked) -> Place {
        let said = checked.address.as_str();
        if said.is_empty() {
            return Place { id: self.community.id.clone(), door: String::new() };
        }
        if self.dictionary.is_empty() {
            let door = said.chars().filter(|c| !c.is_whitespace()).take(DOOR).collect();
            return Place { id: self.community.id.clone(), door };
        }
        let read = address::parse(said);
        let found = match self.dictionary.find(&read) {
            Found::Exact(place) => Some((place.building, place.unit, place.floor, place.room)),
            Found::Building(at) => Some((at, read.unit, read.floor, read.room)),
            Found::Several(_) => {
                checked.refuse("which-building", "address");
                None
            }
            Found::None => {
                checked.refuse("no-building", "address");
                None
            }
        };
        let Some((building, unit, floor, room)) = found else { return Place::default() };
        let door = Address { unit, floor, room, ..Address::default() }.canonical();
        Place { id: self.buildings[building].id.clone(), door }
    }
}

/// A place and a door of it, which may not be said.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Place {
    pub id: String,
    pub door: String,
}

/// A row on its way in.
#[derive(Clone)]
pub struct Item {
    pub line: u64,
    pub checked: Checked,
    pub place: Place,
    /// His number, where it is valid.
    number: Option<String>,
    near: Option<Hit>,
}

impl Item {
    /// A row that was read.
    pub fn new(line: u64, checked: Checked, place: Place) -> Item {
        let number = rules::number(Some(checked.text("register.id_number")));
        Item { line, checked, place, number, near: None }
    }
}

/// Of somebody behind a door, what tells whether a row is he.
#[derive(Clone)]
struct Face {
    id: String,
    name: String,
    birth: String,
    number: Option<String>,
    household: Option<String>,
    head: bool,
}

impl Face {
    fn of(one: &Person) -> Face {
        let text = |element| one.values.text(element).unwrap_or_default();
        Face {
            id: one.id.clone(),
            name: person::spelling(text("register.name")),
            birth: text("register.birth").to_owned(),
            number: rules::number(Some(text("register.id_number"))),
            household: one.household.clone(),
            head: HEADS.contains(&text("register.relation")),
        }
    }

    /// The same name behind the same door, and nothing against it.
    fn is(&self, name: &str, item: &Item) -> bool {
        let apart = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
        let numbers = self.number.as_deref().unwrap_or_default();
        self.name == name
            && !apart(numbers, item.number.as_deref().unwrap_or_default())
            && !apart(&self.birth, item.checked.text("register.birth"))
    }
}

/// What the database says of the rows of a piece, before it is written; what the piece adds is put in as it goes.
#[derive(Clone, Default)]
pub struct Held {
    numbers: HashMap<String, String>,
    doors: HashMap<Place, Vec<Face>>,
    houses: HashMap<Vec<u8>, String>,
}

/// Looks up what is held of some rows, and whom the linkage takes them for.
pub fn look(app: &App, plan: &Plan, run: &Run, items: &mut [Item]) -> Result<Held> {
    let held = app.db.read(|r| {
        let mut held = Held::default();
        for item in items.iter().filter(|i| !i.checked.fatal) {
            if let Some(number) = &item.number {
                let mark = person::mark(r, "id", number);
                let sql = "select resident from resident_mark where mark = $1 order by resident limit 1";
                if let Some(row) = r.row(sql, params![mark])? {
                    held.numbers.insert(number.clone(), row.get("resident")?);
                }
            }
            if !item.place.door.is_empty() && !held.doors.contains_key(&item.place) {
                let faces = match home::at(r, &item.place.id, &item.place.door)? {
                    Some(home) => person::of_home(r, &home.id)?.iter().map(Face::of).collect(),
                    None => Vec::new(),
                };
                held.doors.insert(item.place.clone(), faces);
            }
            if !item.checked.house.is_empty() {
                let mark = house(r, run, item);
                let sql = "select household from register_import_house where run = $1 and mark = $2";
                if let Some(row) = r.row(sql, params![&run.id, mark.clone()])? {
                    held.houses.insert(mark, row.get("household")?);
                }
            }
        }
        Ok::<_, Error>(held)
    })?;
    let unknown: Vec<usize> =
        (0..items.len()).filter(|at| !items[*at].checked.fatal && held.known(&items[*at]).is_none()).collect();
    let cells: Vec<near::Cells> = unknown.iter().map(|at| cells(plan, &items[*at])).collect();
    for (at, hit) in unknown.into_iter().zip(near::look_many(app, &cells, 1)?) {
        items[at].near = hit.into_iter().next();
    }
    Ok(held)
}

fn cells(plan: &Plan, item: &Item) -> near::Cells {
    let text = |element| item.checked.text(element).to_owned();
    let mut out = [
        text("register.name"),
        text("register.sex"),
        text("register.birth"),
        text("register.id_number"),
        text("register.phone"),
        plan.community.id.clone(),
        String::new(),
    ];
    if !item.place.door.is_empty() {
        out[6] = near::home_cell(&item.place.id, &item.place.door);
    }
    if let Some((birth, sex)) = rules::from_id(&out[3]) {
        // As the record would say it.
        if out[1].is_empty() {
            out[1] = sex.to_owned();
        }
        if out[2].is_empty() {
            out[2] = birth;
        }
    }
    out
}

/// The mark of a household's number in this table and behind this door.
fn house(q: &dyn Query, run: &Run, item: &Item) -> Vec<u8> {
    person::mark(q, "house", &format!("{}\0{}\0{}\0{}", run.id, item.place.id, item.place.door, item.checked.house))
}

impl Held {
    /// Who a row certainly is.
    fn known(&self, item: &Item) -> Option<String> {
        if let Some(id) = item.number.as_ref().and_then(|n| self.numbers.get(n)) {
            return Some(id.clone());
        }
        let name = person::spelling(item.checked.text("register.name"));
        let behind = self.doors.get(&item.place)?;
        behind.iter().find(|f| f.is(&name, item)).map(|f| f.id.clone())
    }

    /// The household that a row joins; none makes one.
    fn household(&self, q: &dyn Query, run: &Run, item: &Item) -> Option<String> {
        if !item.checked.house.is_empty() {
            return self.houses.get(&house(q, run, item)).cloned();
        }
        let behind = self.doors.get(&item.place)?;
        let last = behind.iter().rev().find_map(|f| f.household.clone())?;
        // Another head is another household.
        let led = behind.iter().any(|f| f.household.as_ref() == Some(&last) && f.head);
        let leads = HEADS.contains(&item.checked.text("register.relation"));
        (!led || !leads).then_some(last)
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Added,
    Completed,
    Known,
    Refused,
}

/// Writes a row, unless it is refused; what is to be told of it is put into it. True besides when it is perhaps another's.
pub fn row(tx: &mut Tx, plan: &Plan, run: &Run, held: &mut Held, item: &mut Item) -> Result<(Became, bool)> {
    if item.checked.fatal {
        return Ok((Became::Refused, false));
    }
    let mut suspect = None;
    let mut found = held.known(item);
    if let (None, Some(hit)) = (&found, &item.near) {
        let other = person::fetch(tx, &hit.id)?;
        let two = other.as_ref().is_some_and(|o| {
            let theirs = rules::number(o.values.text("register.id_number"));
            theirs.zip(item.number.as_ref()).is_some_and(|(a, b)| a != *b)
        });
        let named = hit.why.iter().any(|w| NAMES.contains(&w.as_str()));
        match () {
            () if two || other.is_none() => {}
            () if hit.probability >= SURE && named => found = Some(hit.id.clone()),
            () => suspect = Some(hit.clone()),
        }
    }
    match found {
        Some(id) => Ok((complete(tx, plan, item, &id)?, false)),
        None => {
            let id = add(tx, plan, run, held, item)?;
            if let Some(hit) = &suspect {
                same::suspect(tx, &hit.id, &id, (hit.bits * 100.0) as i64, &hit.why.join(" "))?;
                item.checked.told.push(("perhaps-held", "register.name"));
            }
            Ok((Became::Added, suspect.is_some()))
        }
    }
}

fn add(tx: &mut Tx, plan: &Plan, run: &Run, held: &mut Held, item: &Item) -> Result<String> {
    let household = held.household(tx, run, item);
    let living = match item.place.door.is_empty() {
        true => Living::Area(item.place.id.clone()),
        false => {
            let Place { id: place, door } = item.place.clone();
            Living::Door { place, door, purpose: None, household }
        }
    };
    let new = New { kind: Of::Person, living, values: item.checked.values.clone(), source: Source::File };
    let id = act::add(tx, &plan.who, &new)?;
    if let Some(number) = &item.number {
        held.numbers.insert(number.clone(), id.clone());
    }
    if !item.place.door.is_empty() {
        let one = person::fetch(tx, &id)?.ok_or(Kind::NotFound)?;
        if let (false, Some(household)) = (item.checked.house.is_empty(), &one.household) {
            let mark = house(tx, run, item);
            if held.houses.insert(mark.clone(), household.clone()).is_none() {
                tx.append("register_import_house", &["run", "mark", "household"], params![&run.id, mark, household]);
            }
        }
        held.doors.entry(item.place.clone()).or_default().push(Face::of(&one));
    }
    Ok(id)
}

/// Adds to somebody who is held what was not known of him.
fn complete(tx: &mut Tx, plan: &Plan, item: &mut Item, id: &str) -> Result<Became> {
    let mut one = person::fetch(tx, id)?.ok_or(Kind::NotFound)?;
    if let Some(golden) = &one.golden {
        one = person::fetch(tx, golden)?.ok_or(Kind::NotFound)?;
    }
    if !may_keep(&plan.who, &one.spot.path) {
        item.checked.refuse("held-elsewhere", "register.name");
        return Ok(Became::Refused);
    }
    let known = joined::golden(&one, &joined::members(tx, &one.id)?);
    let told = &mut item.checked.told;
    match one.state {
        State::Here => {}
        State::Away => told.push(("has-left", "register.name")),
        State::Dead | State::Erased => {
            item.checked.refuse("has-died", "register.name");
            return Ok(Became::Refused);
        }
    }
    let mut missing = Vec::new();
    for (element, text) in &item.checked.values {
        match known.text(element) {
            None => missing.push((*element, text.clone())),
            Some(held) if *element == "register.name" && person::spelling(held) == person::spelling(text) => {}
            Some(held) if held != text => told.push(("differs", element)),
            Some(_) => {}
        }
    }
    if !item.place.door.is_empty() && one.state == State::Here {
        let lives = match &one.dwelling {
            Some(dwelling) => home::by_id(tx, dwelling)?.map(|d| Place { id: d.place, door: d.door }),
            None => None,
        };
        if lives.is_some_and(|l| l != item.place) {
            told.push(("lives-elsewhere", "address"));
        }
    }
    if missing.is_empty() {
        return Ok(Became::Known);
    }
    act::correct(tx, &plan.who, &one.id, None, &missing, Source::File)?;
    Ok(Became::Completed)
}
