//! Pure decisions about votes.

use super::pack::Pack;
use super::{State, Vote};
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};

/// Most questions of one vote.
pub const QUESTIONS: usize = 20;
/// Longest time a vote may be open, where the pack says nothing.
const LONGEST: i64 = 90;

names! {
    /// What a vote is doing at a moment.
    Phase { Draft = "draft", Notice = "notice", Open = "open", Counting = "counting", Published = "published", Void = "void", }
}

/// The phase at a moment: it opens and closes by the clock alone.
pub fn phase(vote: &Vote, now: Ms) -> Phase {
    match vote.state {
        State::Draft => Phase::Draft,
        State::Published => Phase::Published,
        State::Void => Phase::Void,
        State::Posted if now < vote.opens_at => Phase::Notice,
        State::Posted if now < vote.closes_at => Phase::Open,
        State::Posted => Phase::Counting,
    }
}

/// Days between posting and opening, by the pack.
pub fn notice_days(pack: &Pack, temporary: bool) -> i64 {
    let regular = pack.notice_days.unwrap_or(0);
    if temporary { pack.temporary_days.unwrap_or(regular) } else { regular }
}

/// Until when the result must be published, where the pack says so.
pub fn result_by(pack: &Pack, closes: Ms) -> Option<Ms> {
    pack.result_days.map(|days| closes + days * DAY)
}

/// What is wrong with the times of a vote that is posted now: the field, and the days that the pack asks.
pub fn times(pack: &Pack, temporary: bool, posted: Ms, opens: Ms, closes: Ms) -> Result<(), (&'static str, i64)> {
    let days = notice_days(pack, temporary);
    if opens < posted + days * DAY {
        return Err(("opens_at", days));
    }
    let [least, most] = pack.window_days.unwrap_or([1, LONGEST]);
    if closes <= opens || closes - opens < least * DAY {
        return Err(("closes_at", least));
    }
    if closes - opens > most * DAY {
        return Err(("closes_at", most));
    }
    Ok(())
}

/// Moment of a new ballot: never the same as, or before, an earlier one of its unit that came by itself.
pub fn moment(now: Ms, last: Option<Ms>) -> Ms {
    last.map_or(now, |last| now.max(last + 1))
}

#[cfg(test)]
mod tests {
    use super::super::pack;
    use super::*;

    #[test]
    fn notice_and_window_are_what_the_pack_says() {
        let (code, hangzhou) = (pack::named("cn-civil-code").unwrap(), pack::named("hangzhou").unwrap());
        let with = |pack, temporary, opens: i64, closes: i64| times(pack, temporary, 0, opens * DAY, closes * DAY);
        assert_eq!(with(code, false, 15, 16), Ok(()));
        assert_eq!(with(code, false, 14, 16), Err(("opens_at", 15)));
        assert_eq!(with(code, true, 14, 16), Err(("opens_at", 15)), "the law knows no shorter notice");
        assert_eq!(with(hangzhou, true, 7, 12), Ok(()));
        assert_eq!(with(hangzhou, false, 15, 19), Err(("closes_at", 5)));
        assert_eq!(with(hangzhou, false, 15, 76), Err(("closes_at", 60)));
        assert_eq!(with(code, false, 15, 15), Err(("closes_at", 1)));
    }

    #[test]
    fn no_two_ballots_of_a_unit_are_of_one_moment() {
        assert_eq!((moment(5, None), moment(5, Some(5)), moment(5, Some(3)), moment(5, Some(9))), (5, 6, 5, 10));
    }
}
