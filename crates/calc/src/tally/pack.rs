//! The rules a vote is counted by. They are data (`data/votes`); here is what they can say.

use std::str::FromStr;

use super::roll::Use;

/// A share of a whole: `>=2/3` counts the share itself in (以上, Civil Code art. 1259), `>1/2` does not (过半数).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    parts: u32,
    of: u32,
    beyond: bool,
}

impl Share {
    /// More than half.
    pub const MORE_THAN_HALF: Share = Share { parts: 1, of: 2, beyond: true };

    /// `part` of `whole` is enough. Of nothing, nothing is enough.
    pub fn met(self, part: i128, whole: i128) -> bool {
        let (have, need) = (part * i128::from(self.of), whole * i128::from(self.parts));
        whole > 0 && if self.beyond { have > need } else { have >= need }
    }

    /// Smallest part that is enough.
    pub fn least(self, whole: i128) -> i128 {
        let (need, of) = (whole * i128::from(self.parts), i128::from(self.of));
        if self.beyond { need.div_euclid(of) + 1 } else { (need + of - 1).div_euclid(of) }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let bad = || format!("{text}: a share is written >=2/3 or >1/2");
        let (beyond, share) = match text.strip_prefix(">=") {
            Some(share) => (false, share),
            None => (true, text.strip_prefix('>').ok_or_else(bad)?),
        };
        let (parts, of) = share.split_once('/').ok_or_else(bad)?;
        let (parts, of) = (parts.parse().map_err(|_| bad())?, of.parse().map_err(|_| bad())?);
        if of == 0 || of > 1000 || parts > of || (parts == of && beyond) {
            return Err(bad());
        }
        Ok(Share { parts, of, beyond })
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}/{}", if self.beyond { ">" } else { ">=" }, self.parts, self.of)
    }
}

/// Classes of proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// 一般事项
    Ordinary,
    /// 特别事项
    Special,
    /// 须经全体有利害关系的业主同意
    Unanimous,
}

impl Item {
    /// All, by their names in files.
    pub const ALL: [(&'static str, Item); 3] =
        [("ordinary", Item::Ordinary), ("special", Item::Special), ("unanimous", Item::Unanimous)];

    /// By its name.
    pub fn parse(name: &str) -> Option<Item> {
        Item::ALL.iter().find(|(n, _)| *n == name).map(|(_, item)| *item)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Item::ALL[self as usize].0
    }
}

/// What a majority is a majority of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Everybody on the roll.
    All,
    /// Those who took part (参与表决).
    Participating,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Heads and area: owners.
    HeadsAndArea,
    /// Heads alone: residents.
    Heads,
}

/// Whether something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// It counts.
    Yes,
    /// It does not.
    No,
    /// In dispute, or left to the community's own rules: no, and the result with yes is told beside it.
    Open,
}

/// What one class of proposals asks. Each share holds for heads and for area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How much of all must take part.
    pub quorum: Option<Share>,
    /// How much must agree,
    pub majority: Share,
    /// and of what.
    pub of: Of,
    /// How much of all must have said yes before the silent may be added to them.
    pub spoken: Option<Share>,
}

/// The rules of one place at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Heads and area, or heads alone.
    pub count: What,
    /// Uses whose area and owners do not count.
    pub leaves_out: Vec<Use>,
    /// An invalid paper takes part.
    pub invalid: Count,
    /// Owners who do not answer join the majority.
    pub silent: Count,
    rules: [Rule; 3],
}

impl Pack {
    /// Rules in the order of [`Item::ALL`].
    pub fn new(count: What, rules: [Rule; 3]) -> Pack {
        Pack { count, leaves_out: Vec::new(), invalid: Count::No, silent: Count::No, rules }
    }

    /// What a class of proposals asks.
    pub fn rule(&self, item: Item) -> &Rule {
        &self.rules[item as usize]
    }
}
