//! The roll (业主名册) and the ballots cast by it.

use super::Names;
use crate::texts::AT_ONCE;

/// Most units of a roll.
pub const UNITS: usize = 2_000_000;
/// Largest area of a unit, in 0.01 m²: a square kilometre.
const AREA: i64 = 100_000_000;

/// Who owns a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anybody else than the developer.
    Owner,
    /// The developer: unsold, or sold and not yet handed over (interpretation art. 9).
    Developer,
}

/// What a unit is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// 住宅
    Home,
    /// 商铺
    Shop,
    /// 车位、车库
    Parking,
    /// 其他
    Other,
}

/// What a ballot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// 同意
    Yes,
    /// 不同意
    No,
    /// 弃权
    Abstain,
    /// 废票
    Invalid,
}

/// How a ballot came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Signed in.
    App,
    /// A link or code of one use.
    Link,
    /// On paper.
    Paper,
    /// At the door.
    Door,
    /// By telephone.
    Phone,
    /// By somebody with a power of attorney.
    Proxy,
    /// Any other way.
    Other,
}

macro_rules! words {
    ($kind:ident: $($word:literal $name:ident),*) => {
        impl $kind {
            /// All, in the order of their names in files.
            pub const ALL: [(&'static str, $kind); [$($word),*].len()] = [$(($word, $kind::$name)),*];

            /// By its name.
            pub fn parse(name: &str) -> Option<$kind> {
                $kind::ALL.iter().find(|(n, _)| *n == name).map(|(_, one)| *one)
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                $kind::ALL[self as usize].0
            }
        }
    };
}
words!(Kind: "owner" Owner, "developer" Developer);
words!(Use: "home" Home, "shop" Shop, "parking" Parking, "other" Other);
words!(Choice: "yes" Yes, "no" No, "abstain" Abstain, "invalid" Invalid);
words!(Channel: "app" App, "link" Link, "paper" Paper, "door" Door, "phone" Phone, "proxy" Proxy, "other" Other);

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No unit is named.
    NoUnit,
    /// No owner is named.
    NoOwner,
    /// No area, a negative one, or more than a square kilometre.
    Area,
    /// The unit is on the roll already.
    Twice,
    /// The ballot's unit is not on the roll.
    Unknown,
    /// The roll is full.
    TooMany,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Fault::NoUnit => "no unit is named",
            Fault::NoOwner => "no owner is named",
            Fault::Area => "an area is a whole number of 0.01 m², more than 0 and at most a square kilometre",
            Fault::Twice => "this unit is on the roll already",
            Fault::Unknown => "this unit is not on the roll",
            Fault::TooMany => "more than 2,000,000 units, or longer names than fit",
        })
    }
}

/// A row of a roll.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The unit; blanks around it say nothing.
    pub unit: &'a str,
    /// Names the head: equal names are one, and all that is the developer's is one.
    pub owner: &'a str,
    /// 0.01 m².
    pub area: i64,
    /// Whose it is.
    pub kind: Kind,
    /// What it is used for.
    pub usage: Use,
}

impl Entry<'_> {
    /// What its head is told apart by. No owner is named like the developer, for names are trimmed.
    fn head(&self) -> &str {
        if self.kind == Kind::Developer { " developer" } else { self.owner.trim() }
    }
}

/// A unit as it counts.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// Whose it is, from 0.
    pub head: u32,
    /// 0.01 m².
    pub area: i64,
    pub usage: Use,
}

/// Everybody who may vote.
#[derive(Default, Debug)]
pub struct Roll {
    units: Vec<Unit>,
    names: Names,
    heads: Names,
}

impl Roll {
    /// An empty one with room for about so many units.
    pub fn for_about(units: usize) -> Roll {
        let units = units.min(UNITS);
        Roll { units: Vec::with_capacity(units), names: Names::for_about(units), heads: Names::for_about(units) }
    }

    /// Adds a unit.
    pub fn add(&mut self, unit: &str, owner: &str, area: i64, kind: Kind, usage: Use) -> Result<(), Fault> {
        self.add_all(&[Entry { unit, owner, area, kind, usage }]).map_err(|(_, fault)| fault)
    }

    /// Adds units, quicker than one by one; ends at the first that is wrong, with its place.
    pub fn add_all(&mut self, entries: &[Entry]) -> Result<(), (usize, Fault)> {
        for (nth, some) in entries.chunks(AT_ONCE).enumerate() {
            let units = self.names.near(some.iter().map(|e| e.unit.trim()));
            let heads = self.heads.near(some.iter().map(Entry::head));
            for (at, entry) in some.iter().enumerate() {
                self.enter(entry, units[at], heads[at]).map_err(|fault| (nth * AT_ONCE + at, fault))?;
            }
        }
        Ok(())
    }

    /// With the hashes of its unit and of its head.
    fn enter(&mut self, entry: &Entry, unit_hash: u64, head_hash: u64) -> Result<(), Fault> {
        let &Entry { area, usage, .. } = entry;
        let (unit, head) = (entry.unit.trim(), entry.head());
        if unit.is_empty() {
            return Err(Fault::NoUnit);
        }
        if head.is_empty() {
            return Err(Fault::NoOwner);
        }
        if !(1..=AREA).contains(&area) {
            return Err(Fault::Area);
        }
        if self.units.len() == UNITS || !self.names.fits(unit) || !self.heads.fits(head) {
            return Err(Fault::TooMany);
        }
        if !self.names.add(unit_hash, unit).1 {
            return Err(Fault::Twice);
        }
        let head = self.heads.add(head_hash, head).0;
        self.units.push(Unit { head, area, usage });
        Ok(())
    }

    /// Units, in the order they came.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Heads of all units, also of those a pack leaves out.
    pub fn heads(&self) -> usize {
        self.heads.texts.len()
    }
}

/// A ballot as it came.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a> {
    /// The unit; blanks around it say nothing.
    pub unit: &'a str,
    /// What it says.
    pub choice: Choice,
    /// How it came.
    pub channel: Channel,
    /// In any unit, the larger is the later.
    pub time: i64,
}

/// One counted ballot.
#[derive(Clone, Copy, Debug)]
struct Slip {
    time: i64,
    choice: Choice,
    channel: Channel,
    conflict: bool,
}

/// Ballots, one counted for each unit.
#[derive(Debug)]
pub struct Ballots<'r> {
    roll: &'r Roll,
    slips: Vec<Option<Slip>>,
    seen: usize,
}

impl<'r> Ballots<'r> {
    /// None cast yet.
    pub fn new(roll: &'r Roll) -> Ballots<'r> {
        Ballots { roll, slips: vec![None; roll.units.len()], seen: 0 }
    }

    /// Takes a ballot.
    pub fn add(&mut self, unit: &str, choice: Choice, channel: Channel, time: i64) -> Result<(), Fault> {
        self.add_all(&[Ballot { unit, choice, channel, time }]).map_err(|(_, fault)| fault)
    }

    /// Takes ballots, quicker than one by one; ends at the first that is wrong, with its place.
    pub fn add_all(&mut self, ballots: &[Ballot]) -> Result<(), (usize, Fault)> {
        for (nth, some) in ballots.chunks(AT_ONCE).enumerate() {
            let units = self.roll.names.near(some.iter().map(|b| b.unit.trim()));
            for (at, ballot) in some.iter().enumerate() {
                let unit = self.roll.names.find(units[at], ballot.unit.trim());
                self.take(unit.ok_or((nth * AT_ONCE + at, Fault::Unknown))? as usize, ballot);
            }
        }
        Ok(())
    }

    fn take(&mut self, at: usize, ballot: &Ballot) {
        let &Ballot { choice, channel, time, .. } = ballot;
        self.seen += 1;
        let new = Slip { time, choice, channel, conflict: false };
        self.slips[at] = Some(match self.slips[at] {
            Some(old) if old.time > time => old,
            Some(old) if old.time == time => Slip {
                conflict: old.conflict || old.choice != choice,
                channel: if (channel as u8) < old.channel as u8 { channel } else { old.channel },
                ..old
            },
            _ => new,
        });
    }

    /// What the unit in this place of the roll says, if it voted.
    pub fn of(&self, at: usize) -> Option<Choice> {
        self.slips[at].map(|s| if s.conflict { Choice::Invalid } else { s.choice })
    }

    /// Units with different ballots of the same moment.
    pub fn conflicts(&self) -> usize {
        self.slips.iter().flatten().filter(|s| s.conflict).count()
    }

    /// Ballots that do not count because another of the same unit does.
    pub fn replaced(&self) -> usize {
        self.seen - self.slips.iter().flatten().count()
    }

    /// Counted ballots by channel.
    pub fn channels(&self) -> [usize; Channel::ALL.len()] {
        let mut by = [0; Channel::ALL.len()];
        for slip in self.slips.iter().flatten() {
            by[slip.channel as usize] += 1;
        }
        by
    }
}
