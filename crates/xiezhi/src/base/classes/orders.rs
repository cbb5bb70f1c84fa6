//! When an order to hurry arises by itself: a small decision table of the catalogue, so that each place sets its own.
//!
//! What must stay true: a reason stands in the table at most once; a pack that was made before there was this table has no
//! such rules.

use calc::due::Limit;

use crate::kit::names::names;

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

names! {
    /// What an order may arise from.
    Reason {
        /// People whom it concerns too.
        Followers = "followers" "遇到的人数达到",
        /// The reporter's rating is this or lower.
        RatedLow = "rated_low" "评分不高于",
        /// It was reopened so often.
        Reopened = "reopened" "重办次数达到",
        /// It is overdue and moved up so often.
        MovedUp = "moved_up" "超时升级次数达到",
        /// So many of its class were settled at the same place of late.
        Recurring = "recurring" "同一处反复发生达到",
    }
}
