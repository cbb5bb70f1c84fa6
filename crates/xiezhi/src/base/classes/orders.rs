//! When an order to hurry arises by itself: a small decision table of the catalogue, so that each place sets its own.
//!
//! What must stay true: a reason stands in the table at most once; a pack that was made before there was this table has no
//! such rules.

use calc::due::Limit;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRule {
    /// What is looked at.
    pub when: Reason,
    /// From which number on; for a rating up to which.
    pub n: i64,
    /// How soon it must then be done.
    pub within: Limit,
}

/// What an order may arise from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// People whom it concerns too.
    Followers,
    /// The reporter's rating is this or lower.
    RatedLow,
    /// It was reopened so often.
    Reopened,
    /// It is overdue and moved up so often.
    MovedUp,
    /// So many of its class were settled at the same place of late.
    Recurring,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 5] = [Reason::Followers, Reason::RatedLow, Reason::Reopened, Reason::MovedUp, Reason::Recurring];

    /// Stable identifier.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Followers => "followers",
            Reason::RatedLow => "rated_low",
            Reason::Reopened => "reopened",
            Reason::MovedUp => "moved_up",
            Reason::Recurring => "recurring",
        }
    }

    /// 中文, as a clerk reads it.
    pub fn zh(self) -> &'static str {
        match self {
            Reason::Followers => "遇到的人数达到",
            Reason::RatedLow => "评分不高于",
            Reason::Reopened => "重办次数达到",
            Reason::MovedUp => "超时升级次数达到",
            Reason::Recurring => "同一处反复发生达到",
        }
    }

    /// Reads either.
    pub fn parse(text: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|r| text == r.as_str() || text == r.zh())
    }
}
