//! `[board]`: how long the figures of the boards are kept.

use serde::Deserialize;

/// Days and months.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BoardFile {
    /// Days of communities and grids. A nation of 620,573 communities keeps 7.
    pub near_days: i64,
    /// Days of the areas above.
    pub days: i64,
    /// Months of the areas above, as sums, once their days are gone.
    pub months: i64,
    /// Days without anything after which an area that used to tell something is missed.
    pub quiet_days: i64,
}

impl Default for BoardFile {
    fn default() -> BoardFile {
        BoardFile { near_days: 90, days: 90, months: 12, quiet_days: 3 }
    }
}

impl BoardFile {
    /// What cannot be meant.
    pub fn fault(&self) -> Option<String> {
        let all = [("near_days", self.near_days, 1, 366), ("days", self.days, 7, 366), ("months", self.months, 0, 120)];
        let all = all.into_iter().chain([("quiet_days", self.quiet_days, 1, 30)]);
        let wrong = all.into_iter().find(|(_, n, least, most)| !(least..=most).contains(&n));
        wrong.map(|(name, _, least, most)| format!("[board] {name}: {least} to {most}"))
    }
}
