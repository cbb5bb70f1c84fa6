//! Pure decisions: when somebody may be told, and how fast a channel may be used.

use jiff::tz::TimeZone;

use crate::kit::names::names;
use crate::kit::time::{DAY, HOUR, MINUTE, Ms, day_start};

/// When daily digests come.
const MORNING: Ms = 8 * HOUR;

/// The hours of the day in which nobody is called upon, in minutes; both the same: never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// First minute.
    pub from: i64,
    /// First minute after it.
    pub to: i64,
}

impl Quiet {
    /// From nine in the evening to eight in the morning.
    pub const USUAL: Quiet = Quiet { from: 21 * 60, to: 8 * 60 };

    fn holds(self, minute: i64) -> bool {
        match self.from.cmp(&self.to) {
            std::cmp::Ordering::Less => (self.from..self.to).contains(&minute),
            std::cmp::Ordering::Equal => false,
            std::cmp::Ordering::Greater => minute >= self.from || minute < self.to,
        }
    }

    /// When the quiet that holds at a moment ends; none when it is not quiet then.
    pub fn end(self, at: Ms, zone: &TimeZone) -> Option<Ms> {
        let day = day_start(at, zone);
        let end = day + self.to * MINUTE;
        self.holds((at - day) / MINUTE).then_some(if end > at { end } else { end + DAY })
    }
}

names! {
    /// How messages are gathered.
    Digest {
        /// Each at once.
        Now = "now",
        /// Once an hour, on the hour.
        Hourly = "hourly",
        /// In the morning.
        Daily = "daily",
    }
}

/// When something of a moment may be told: gathered as wished, and not while it is quiet, unless it cannot wait.
pub fn when(at: Ms, digest: Digest, quiet: Quiet, urgent: bool, zone: &TimeZone) -> Ms {
    let day = day_start(at, zone);
    let gathered = match digest {
        _ if urgent => return at,
        Digest::Now => at,
        Digest::Hourly => day + ((at - day) / HOUR + 1) * HOUR,
        Digest::Daily if at < day + MORNING => day + MORNING,
        Digest::Daily => day + DAY + MORNING,
    };
    quiet.end(gathered, zone).unwrap_or(gathered)
}

/// An address that e-mail may go to: one at-sign, plain characters.
pub fn email(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let (user, host) = text.trim().split_once('@')?;
    let host_fits = host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    let fits = text.len() <= 200
        && !user.is_empty()
        && user.chars().all(plain)
        && host_fits
        && !host.starts_with('.')
        && !host.ends_with('.');
    fits.then(|| text.trim().to_owned())
}

/// A limit of a channel: no more than so many messages within any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Messages.
    pub most: u32,
    /// Length of the span.
    pub within: Ms,
}

/// The first moment from `now` on at which one more message keeps a limit. `nth` is when the message was tried that, with
/// the new one, would be one too many: the `most`-th before it.
pub fn free_at(pace: Pace, nth: Option<Ms>, now: Ms) -> Ms {
    nth.map_or(now, |at| now.max(at + pace.within))
}

/// Joins as many parts as fit into a number of bytes between a beginning and an end, and says how many were left out.
pub fn fitting(begin: &str, parts: &[String], between: &str, more: impl Fn(usize) -> String, end: &str, bytes: usize) -> String {
    let mut shown = parts.len();
    loop {
        let left = parts.len() - shown;
        let mut text = begin.to_owned();
        text.push_str(&parts[..shown].join(between));
        if left > 0 {
            text.push_str(&more(left));
        }
        text.push_str(end);
        if text.len() <= bytes || shown == 0 {
            return text;
        }
        shown -= (shown / 8).max(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::time::parse;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    proptest! {
        #[test]
        fn nobody_is_told_while_it_is_quiet_and_nothing_waits_longer_than_a_digest_and_a_night(
            at in 1_700_000_000_000_i64..1_800_000_000_000, from in 0..1440_i64, to in 0..1440_i64, d in 0..3_usize, urgent in any::<bool>(),
        ) {
            let (quiet, digest) = (Quiet { from, to }, Digest::ALL[d]);
            let told = when(at, digest, quiet, urgent, &zone());
            prop_assert!(told >= at && told <= at + 2 * DAY);
            if urgent {
                prop_assert_eq!(told, at);
            } else {
                prop_assert_eq!(quiet.end(told, &zone()), None);
                prop_assert_eq!(when(told, Digest::Now, quiet, false, &zone()), told, "once it may be told it may");
            }
        }

        #[test]
        fn a_burst_never_passes_a_limit(
            most in 1..30_u32, within in 1000..600_000_i64, mut arrivals in proptest::collection::vec(0..1_200_000_i64, 1..200),
        ) {
            arrivals.sort_unstable();
            let pace = Pace { most, within };
            let mut tries: Vec<Ms> = Vec::new();
            for at in arrivals {
                let nth = tries.len().checked_sub(most as usize).map(|i| tries[i]);
                let now = at.max(tries.last().copied().unwrap_or(0));
                tries.push(free_at(pace, nth, now));
            }
            for (i, end) in tries.iter().enumerate() {
                let inside = tries[..=i].iter().filter(|t| **t > end - within).count();
                prop_assert!(inside <= most as usize, "{inside} within {within}");
            }
        }

        #[test]
        fn a_text_fits_whatever_there_is_to_say(n in 0..400_usize, bytes in 200..4096_usize) {
            let parts: Vec<String> = (0..n).map(|i| format!("260304-{i:04}")).collect();
            let text = fitting("第一网格：", &parts, "、", |n| format!("等 {n} 件以外"), " https://c.example/cases", bytes);
            prop_assert!(text.len() <= bytes);
            prop_assert!(text.ends_with("/cases"));
        }
    }

    #[test]
    fn addresses_are_known() {
        assert_eq!(email(" wang@example.org ").as_deref(), Some("wang@example.org"));
        for not in [
            "wang",
            "wang@",
            "@example.org",
            "a b@example.org",
            "a@b@example.org",
            "a@example",
            "a@.org",
            "a@example.org\r\nbcc: b",
        ] {
            assert_eq!(email(not), None, "{not}");
        }
    }

    #[test]
    fn evenings_wait_for_the_morning() {
        let at = |t: &str| parse(t).unwrap();
        let told = |t: &str, digest| when(at(t), digest, Quiet::USUAL, false, &zone());
        let morning = at("2026-03-05T08:00:00+08:00");
        for t in ["2026-03-04T21:00:00+08:00", "2026-03-04T23:59:59+08:00", "2026-03-05T07:59:59+08:00"] {
            assert_eq!(told(t, Digest::Now), morning, "{t}");
        }
        assert_eq!(told("2026-03-04T20:30:00+08:00", Digest::Hourly), morning);
        assert_eq!(told("2026-03-04T08:00:00+08:00", Digest::Daily), morning);
        assert_eq!(told("2026-03-05T08:00:00+08:00", Digest::Now), morning);
        assert_eq!(told("2026-03-05T08:10:00+08:00", Digest::Hourly), at("2026-03-05T09:00:00+08:00"));
    }
}
