//! Votes of owners and of residents: who counts, who took part, who agreed, and whether that is enough.
//!
//! Civil Code of the People's Republic of China, arts. 278, 279, 1259; Supreme People's Court, interpretation on divided
//! ownership of buildings (2020-12-29), arts. 8 and 9. Two things are counted at once, and both must be enough: heads (人数)
//! and area (专有部分面积). All of it is whole numbers: shares are compared by multiplying crosswise, nothing is rounded.
//!
//! - **Heads** follow ownership, not accounts or homes: whoever owns several units is one head, co-owners of a unit share
//!   one, and all units of the developer (unsold, or sold and not yet handed over) are together one.
//! - A unit has one counted ballot, the latest. Two different ones of the same moment make it invalid, whatever their order.
//! - A head takes part when one of its units does. It agrees when all the ballots it cast do; area goes by unit.
//! - Whoever abstains takes part and does not agree. What an invalid paper and a silent owner count as is the pack's word;
//!   where the law is in dispute the result is given both ways ([`Outcome::other`]).
//!
//! What must stay true: the order of units and ballots, and batches of them, never change a result. (Taking part and
//! saying no can make a proposal pass, because it completes the quorum: the law has it so, and the pages say so.)

use std::hash::{BuildHasher, RandomState};

use crate::texts::{AT_ONCE, Texts};

mod pack;
mod roll;
#[cfg(test)]
mod tests;

pub use pack::{Count, Item, Of, Pack, Rule, Share, What};
pub use roll::{Ballot, Ballots, Channel, Choice, Entry, Fault, Kind, Roll, Use};

/// Heads and area (0.01 m²) of some owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// 人数
    pub heads: i128,
    /// 专有部分面积, 0.01 m².
    pub area: i128,
}

/// What was needed, and whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Fewest heads and smallest area that are enough.
    pub least: Sum,
    /// Heads are enough.
    pub heads_met: bool,
    /// Area is enough, or is not counted.
    pub area_met: bool,
}

impl Bar {
    /// Heads and area are both enough.
    pub fn met(&self) -> bool {
        self.heads_met && self.area_met
    }
}

/// The count under one reading of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Those who took part.
    pub participating: Sum,
    /// Those who agreed.
    pub agree: Sum,
    /// None where no quorum is asked.
    pub quorum: Option<Bar>,
    /// What the agreement needed.
    pub majority: Bar,
}

impl Tally {
    /// The proposal is carried.
    pub fn passes(&self) -> bool {
        self.quorum.is_none_or(|q| q.met()) && self.majority.met()
    }
}

/// A question the law leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// An invalid paper takes part, or does not.
    Invalid,
    /// Whoever is silent takes part and joins the majority of those who spoke, or does neither.
    Silent,
}

/// Result of a vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Everybody on the roll.
    pub total: Sum,
    /// By the rules of the pack.
    pub tally: Tally,
    /// The same with one open question answered the other way.
    pub other: Vec<(Open, Tally)>,
    /// Owners of several units who said yes for one and something else for another: they do not agree as heads.
    pub divided: usize,
    /// Units with different ballots of the same moment.
    pub conflicts: usize,
    /// Ballots that a later one took the place of.
    pub replaced: usize,
    /// Counted ballots by channel, in the order of [`Channel::ALL`].
    pub channels: [usize; Channel::ALL.len()],
}

/// Counts a vote.
pub fn tally(pack: &Pack, item: Item, roll: &Roll, ballots: &Ballots) -> Outcome {
    let rule = pack.rule(item);
    let counted = Counted::new(pack, roll, ballots);
    let tally = counted.tally(pack.count, rule, pack.invalid == Count::Yes, pack.silent == Count::Yes);
    let mut other = Vec::new();
    if pack.invalid == Count::Open {
        other.push((Open::Invalid, counted.tally(pack.count, rule, true, false)));
    }
    // Where everybody must agree, nobody's silence does.
    if pack.silent == Count::Open && item != Item::Unanimous {
        other.push((Open::Silent, counted.tally(pack.count, rule, pack.invalid == Count::Yes, true)));
    }
    Outcome {
        total: counted.total,
        tally,
        other,
        divided: counted.heads.iter().filter(|h| h.yes > 0 && h.yes < h.spoke).count(),
        conflicts: ballots.conflicts(),
        replaced: ballots.replaced(),
        channels: ballots.channels(),
    }
}

/// How one head spoke, in units.
#[derive(Clone, Copy, Default)]
struct Head {
    units: u32,
    /// With a valid ballot, and with an invalid one.
    spoke: u32,
    invalid: u32,
    yes: u32,
}

/// Sums from which every reading of the rules follows.
struct Counted {
    total: Sum,
    heads: Vec<Head>,
    valid_area: i128,
    invalid_area: i128,
    yes_area: i128,
}

impl Counted {
    fn new(pack: &Pack, roll: &Roll, ballots: &Ballots) -> Counted {
        let mut heads = vec![Head::default(); roll.heads()];
        let mut sums = Counted { total: Sum::default(), heads: Vec::new(), valid_area: 0, invalid_area: 0, yes_area: 0 };
        for (at, unit) in roll.units().iter().enumerate().filter(|(_, u)| !pack.leaves_out.contains(&u.usage)) {
            let (head, area) = (&mut heads[unit.head as usize], i128::from(unit.area));
            head.units += 1;
            sums.total.area += area;
            match ballots.of(at) {
                None => {}
                Some(Choice::Invalid) => {
                    head.invalid += 1;
                    sums.invalid_area += area;
                }
                Some(choice) => {
                    head.spoke += 1;
                    sums.valid_area += area;
                    if choice == Choice::Yes {
                        head.yes += 1;
                        sums.yes_area += area;
                    }
                }
            }
        }
        heads.retain(|h| h.units > 0);
        sums.total.heads = heads.len() as i128;
        sums.heads = heads;
        sums
    }

    fn tally(&self, count: What, rule: &Rule, invalid: bool, silent: bool) -> Tally {
        let heads = |is: &dyn Fn(&Head) -> bool| self.heads.iter().filter(|h| is(h)).count() as i128;
        let mut participating = Sum {
            heads: heads(&|h| h.spoke > 0 || (invalid && h.invalid > 0)),
            area: self.valid_area + if invalid { self.invalid_area } else { 0 },
        };
        // An invalid paper that takes part is not a yes.
        let agrees = |h: &Head| h.spoke > 0 && h.yes == h.spoke && !(invalid && h.invalid > 0);
        let mut agree = Sum { heads: heads(&agrees), area: self.yes_area };
        if silent {
            let none = |h: &Head| h.spoke == 0 && h.invalid == 0;
            let quiet = Sum { heads: heads(&none), area: self.total.area - self.valid_area - self.invalid_area };
            let more = Share::MORE_THAN_HALF;
            let majority = more.met(agree.heads, participating.heads) && more.met(agree.area, participating.area);
            let enough = rule.spoken.is_none_or(|s| s.met(agree.heads, self.total.heads) && s.met(agree.area, self.total.area));
            participating = Sum { heads: participating.heads + quiet.heads, area: participating.area + quiet.area };
            if majority && enough {
                agree = Sum { heads: agree.heads + quiet.heads, area: agree.area + quiet.area };
            }
        }
        measured(count, rule, self.total, participating, agree)
    }
}

/// Sums against what the rules ask.
fn measured(count: What, rule: &Rule, total: Sum, participating: Sum, agree: Sum) -> Tally {
    let bar = |share: Share, part: Sum, whole: Sum| Bar {
        least: Sum { heads: share.least(whole.heads), area: share.least(whole.area) },
        heads_met: share.met(part.heads, whole.heads),
        area_met: count == What::Heads || share.met(part.area, whole.area),
    };
    let whole = if rule.of == Of::All { total } else { participating };
    Tally {
        participating,
        agree,
        quorum: rule.quorum.map(|share| bar(share, participating, total)),
        majority: bar(rule.majority, agree, whole),
    }
}

/// The result of a vote that was counted elsewhere, from its sums; nothing when they cannot be: more who agree than took
/// part, or more who took part than there are.
pub fn judged(pack: &Pack, item: Item, total: Sum, participating: Sum, agree: Sum) -> Option<Outcome> {
    let within = |a: Sum, b: Sum| (0..=b.heads).contains(&a.heads) && (0..=b.area).contains(&a.area);
    if !within(agree, participating) || !within(participating, total) {
        return None;
    }
    let tally = measured(pack.count, pack.rule(item), total, participating, agree);
    let channels = [0; Channel::ALL.len()];
    Some(Outcome { total, tally, other: Vec::new(), divided: 0, conflicts: 0, replaced: 0, channels })
}

/// Names to numbers, in order of coming.
#[derive(Default, Debug)]
struct Names {
    texts: Texts,
    /// Drawn anew each time, so that nobody can write a roll whose names are all looked for in one place.
    hasher: RandomState,
}

impl Names {
    fn for_about(names: usize) -> Names {
        Names { texts: Texts::for_about(names), hasher: RandomState::new() }
    }

    fn fits(&self, name: &str) -> bool {
        name.len() <= self.texts.room()
    }

    /// The number of a name that fits, and whether it is new.
    fn add(&mut self, hash: u64, name: &str) -> (u32, bool) {
        self.texts.add(hash, name.as_bytes())
    }

    fn find(&self, hash: u64, name: &str) -> Option<u32> {
        self.texts.find(hash, name.as_bytes())
    }

    /// Hashes of names that are asked for next, and these are near ([`Texts::near`]).
    fn near<'n>(&self, names: impl ExactSizeIterator<Item = &'n str>) -> [u64; AT_ONCE] {
        let (mut hashes, many) = ([0; AT_ONCE], names.len().min(AT_ONCE));
        for (hash, name) in hashes.iter_mut().zip(names) {
            *hash = self.hasher.hash_one(name);
        }
        self.texts.near(&hashes[..many]);
        hashes
    }
}
