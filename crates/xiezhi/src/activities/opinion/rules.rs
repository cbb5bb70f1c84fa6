//! Pure decisions about opinions, and the limits.

use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms};

/// Characters of a statement: what can be read at a glance, and says one thing.
pub const WORDS: usize = 140;
/// Statements of one matter.
pub const STATEMENTS: i64 = 1_000;
/// Statements of one person on one matter.
pub const OWN: i64 = 10;
/// Statements of one person a day, on all matters.
pub const OWN_A_DAY: i64 = 5;
/// How often one answer is changed.
pub const CHANGES: i64 = 20;
/// Longest time that a matter is open, in days.
pub const DAYS: i64 = 180;
/// Answers after which the map is shown while the matter is open (all, when there are fewer statements).
pub const ANSWERS: i64 = 7;
/// A role of fewer people is no role of its own on the map: it would say who they are.
pub const ROLE_PEOPLE: usize = 5;

/// When a matter may close: later than now, not after [`DAYS`].
pub fn closes(now: Ms, at: Ms) -> Result<()> {
    if at <= now || at > now + DAYS * DAY {
        return Err(Kind::OutOfRange.at("closes_at").limit(DAYS));
    }
    Ok(())
}

/// The same words, whatever their case, blanks and stops.
pub fn plain(words: &str) -> String {
    words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether this reader is shown the map: who runs it, whoever answered enough, and everybody once it is over.
pub fn sees_map(runs: bool, open: bool, answered: i64, statements: i64) -> bool {
    runs || !open || (answered > 0 && answered >= ANSWERS.min(statements))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_same_words_are_the_same() {
        assert_eq!(plain("电梯太旧了，该换！"), plain(" 电梯太旧了 该换"));
        assert_ne!(plain("该换"), plain("不该换"));
    }

    #[test]
    fn the_map_waits_until_somebody_thought_for_himself() {
        assert!(!sees_map(false, true, 6, 20) && sees_map(false, true, 7, 20));
        assert!(sees_map(false, true, 3, 3) && !sees_map(false, true, 0, 0));
        assert!(sees_map(true, true, 0, 20) && sees_map(false, false, 0, 20));
    }

    #[test]
    fn a_matter_ends_some_day() {
        assert!(closes(0, DAY).is_ok() && closes(0, DAYS * DAY).is_ok());
        assert!(closes(0, 0).is_err() && closes(0, DAYS * DAY + 1).is_err());
    }
}
