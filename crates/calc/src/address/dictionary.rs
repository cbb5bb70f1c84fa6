//! The buildings of a community, and which of their homes an address means.
//!
//! What must stay true: an answer names one place only when everything that was said fits there and nowhere else; what is not
//! known of a building (its units, its rooms) neither fits nor contradicts; the order of the entries decides nothing but
//! the numbers of the answers.

use super::{Address, Short, parse, readings, squeeze};

/// Most places that are told when several fit.
pub const CANDIDATES: usize = 20;

/// A building as the community knows it.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// How it is written: 24号楼, 佳和国小区24号楼, 国泰大厦.
    pub name: String,
    /// Its units; none when they are not known.
    pub units: Vec<String>,
    /// How many floors it has above the ground, when that is known.
    pub floors: Option<u16>,
    /// Its homes, as unit and room; the unit is empty where there are none. None when they are not known. A home whose room is
    /// longer than a canonical part is left out.
    pub homes: Vec<(String, String)>,
}

/// A place in a building: the parts that were said, and those that follow from what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the entry.
    pub building: usize,
    /// Unit, canonical.
    pub unit: Short,
    /// Floor.
    pub floor: Short,
    /// Room.
    pub room: Short,
}

/// What an address means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This place and no other.
    Exact(Place),
    /// Several fit, in the order of the entries, at most [`CANDIDATES`]: somebody has to say which.
    Several(Vec<Place>),
    /// The building is there, but no such unit, floor or room is known in it.
    Building(usize),
    /// Nothing fits.
    None,
}

#[derive(Clone, Debug)]
struct Known {
    before: String,
    units: Vec<Short>,
    floors: Option<u16>,
    /// In their order, as (room, unit).
    homes: Vec<(Short, Short)>,
}

/// The buildings of a community.
#[derive(Clone, Debug)]
pub struct Dictionary {
    known: Vec<Known>,
    /// By canonical name.
    names: Vec<(Short, u32)>,
}

impl Dictionary {
    /// Over buildings; answers count them from 0.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Dictionary {
        let (mut known, mut names) = (Vec::new(), Vec::new());
        for entry in entries {
            let name = parse(&entry.name);
            let mut before = String::new();
            squeeze(name.before, &mut before);
            let unit = |text: &String| read(text, |a| a.unit);
            let mut homes: Vec<(Short, Short)> =
                entry.homes.iter().map(|(u, room)| (read(room, |a| a.room), unit(u))).filter(|(r, _)| !r.is_empty()).collect();
            homes.sort_unstable();
            homes.dedup();
            let mut units: Vec<Short> = entry.units.iter().map(unit).filter(|u| !u.is_empty()).collect();
            // Homes that name units tell them too.
            units.extend(homes.iter().map(|(_, u)| *u).filter(|u| !u.is_empty()));
            units.sort_unstable();
            units.dedup();
            names.push((name.building, known.len() as u32));
            known.push(Known { before, units, floors: entry.floors, homes });
        }
        names.sort_unstable();
        Dictionary { known, names }
    }

    /// Number of buildings.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Finds the place that an address means.
    pub fn find(&self, address: &Address<'_>) -> Found {
        if address.is_empty() && address.before.is_empty() {
            return Found::None;
        }
        let mut before = String::new();
        squeeze(address.before, &mut before);
        let (mut places, mut seen): (Vec<Place>, Option<usize>) = (Vec::new(), None);
        if address.loose == 0 && !address.building.starts_with(super::words::is_side) {
            self.places(address, &before, &mut places, &mut seen);
        } else {
            for far in [false, true] {
                if places.is_empty() {
                    let all = readings(address, self.len() == 1, far);
                    all.iter().for_each(|reading| self.places(reading, &before, &mut places, &mut seen));
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        match (places.len(), seen) {
            (1, _) => Found::Exact(places[0]),
            (0, Some(building)) => Found::Building(building),
            (0, None) => Found::None,
            _ => {
                places.truncate(CANDIDATES);
                Found::Several(places)
            }
        }
    }

    /// Adds the places that one reading means. `seen` becomes the one building that was meant, as far as its name goes.
    fn places(&self, a: &Address<'_>, before: &str, places: &mut Vec<Place>, seen: &mut Option<usize>) {
        let from = self.names.partition_point(|(name, _)| *name < a.building);
        let same = self.names[from..].iter().take_while(|(name, _)| *name == a.building).map(|(_, at)| *at as usize);
        let mut named = 0;
        for at in same.filter(|at| self.near(*at, before, a.building.is_empty())) {
            named += 1;
            seen.get_or_insert(at);
            self.known[at].fit(at, a, places);
        }
        // A building that is not named: only what follows from its units and rooms.
        if named == 0 && a.building.is_empty() && !a.is_empty() {
            let fits = |at: &usize| self.near(*at, before, false) || self.len() == 1;
            (0..self.len()).filter(fits).for_each(|at| self.known[at].fit(at, a, places));
        }
    }

    /// Whether what stands before the building is the same, as far as both say something. Where the name of a building is all
    /// there is, it must be said.
    fn near(&self, at: usize, before: &str, whole: bool) -> bool {
        let own = &self.known[at].before;
        if own.is_empty() || before.is_empty() {
            return !whole;
        }
        own.ends_with(before) || before.ends_with(own.as_str())
    }
}

/// One part of a text that is that part alone: 2 or 2单元, 602 or 602室.
fn read(text: &str, part: fn(&Address<'_>) -> Short) -> Short {
    let text = text.trim();
    let said = part(&parse(text));
    if !said.is_empty() || text.is_empty() {
        return said;
    }
    let chars: Vec<char> = text.chars().map(crate::codes::half_width).collect();
    match super::number::number(&chars) {
        Some(n) if n.skipped == 0 => n.value,
        _ => Short::new(text).unwrap_or_default(),
    }
}

impl Known {
    /// Adds the places of this building that fit.
    fn fit(&self, building: usize, a: &Address<'_>, places: &mut Vec<Place>) {
        let Address { unit, floor, room, .. } = *a;
        let place = |unit: Short| Place { building, unit, floor, room };
        let high = floor.parse::<u16>().ok().zip(self.floors).is_some_and(|(floor, floors)| floor > floors);
        if high || !unit.is_empty() && !self.units.is_empty() && !self.units.contains(&unit) {
            return;
        }
        if room.is_empty() || self.homes.is_empty() {
            // The only unit need not be said.
            let only = if unit.is_empty() && self.units.len() == 1 && !room.is_empty() { self.units[0] } else { unit };
            places.push(place(only));
            return;
        }
        let from = self.homes.partition_point(|(r, _)| *r < room);
        let units = self.homes[from..].iter().take_while(|(r, _)| *r == room).map(|(_, u)| *u);
        places.extend(
            units.filter(|u| unit.is_empty() || *u == unit || u.is_empty()).map(|u| place(if u.is_empty() { unit } else { u })),
        );
    }
}
