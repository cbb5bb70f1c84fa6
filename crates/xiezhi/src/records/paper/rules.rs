//! Pure decisions: numbers of forms, and when what stands on paper was received.

use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

use crate::kit::error::Kind;
use crate::kit::time::{DAY, Ms, day_begin, day_start};
use crate::kit::{Error, Result};

/// Digits of the number of a form within its batch.
const FORM: usize = 3;
/// Digits that tell a number of ours from one that was misread or made up.
pub const CHECK: usize = 5;
/// How long a form may have lain before somebody must say why.
pub const FREE: Ms = 3 * DAY;
/// How long it may have lain at all: what is older is told of in a report of its own day.
pub const LONGEST: Ms = 60 * DAY;

/// What the number of a form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serial {
    /// Number of the batch.
    pub batch: i64,
    /// Which of its forms, from 1.
    pub form: i64,
    /// The check digits that stand on it.
    pub check: String,
}

impl Serial {
    /// Reads it as people type it: dashes, blanks and full-width digits do not matter.
    pub fn parse(text: &str) -> Option<Serial> {
        let plain: String = text.nfkc().filter(|c| !c.is_whitespace() && !"-‐‑–—−".contains(*c)).collect();
        let fits = (FORM + CHECK + 1..=FORM + CHECK + 9).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit());
        if !fits {
            return None;
        }
        let (front, check) = plain.split_at(plain.len() - CHECK);
        let (batch, form) = front.split_at(front.len() - FORM);
        Some(Serial { batch: batch.parse().ok()?, form: form.parse().ok()?, check: check.to_owned() })
    }
}

/// As it is printed, and as it is kept.
impl std::fmt::Display for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:04}-{:0width$}-{}", self.batch, self.form, self.check, width = FORM)
    }
}

/// Check digits from a keyed digest.
pub fn check(digest: &[u8]) -> String {
    let n = digest.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b));
    format!("{:0width$}", n % 10u64.pow(CHECK as u32), width = CHECK)
}

/// When a form that was handed in on a day was received: today means now, an earlier day counts from its beginning. Never
/// in the future; after some days only with a reason.
pub fn received(handed_on: &str, has_reason: bool, now: Ms, zone: &TimeZone) -> Result<Ms> {
    let day = day_begin(handed_on, zone).ok_or_else(|| Error::from(Kind::WrongType).field("handed_on"))?;
    let today = day_start(now, zone);
    if day > today || today - day > LONGEST {
        return Err(Kind::OutOfRange.at("handed_on"));
    }
    if today - day > FREE && !has_reason {
        return Err(Kind::Missing.at("late_reason"));
    }
    Ok(if day == today { now } else { day })
}

/// The day written on the paper: any, but none after it was handed in.
pub fn written(written_on: &str, handed_on: &str, zone: &TimeZone) -> Result<()> {
    let day = day_begin(written_on, zone).ok_or_else(|| Error::from(Kind::WrongType).field("written_on"))?;
    if day_begin(handed_on, zone).is_some_and(|handed| day > handed) {
        return Err(Kind::OutOfRange.at("written_on"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::time::{HOUR, parse, rfc3339};

    proptest! {
        #[test]
        fn a_printed_number_is_read_back(batch in 1i64..99_999, form in 1i64..999, digest in any::<[u8; 8]>()) {
            let serial = Serial { batch, form, check: check(&digest) };
            let printed = serial.to_string();
            prop_assert_eq!(Serial::parse(&printed), Some(serial.clone()));
            let typed: String = printed.replace('-', " ").chars().map(|c| char::from_u32(c as u32 + 0xfee0).filter(|_| c.is_ascii_digit()).unwrap_or(c)).collect();
            prop_assert_eq!(Serial::parse(&typed), Some(serial));
        }

        #[test]
        fn nothing_else_is_one(text in "\\PC{0,30}") {
            if let Some(serial) = Serial::parse(&text) {
                prop_assert_eq!(Serial::parse(&serial.to_string()), Some(serial));
            }
        }

        #[test]
        fn nothing_is_received_later_than_now_or_too_long_ago(back in -90i64..200, hour in 0i64..24, reason: bool) {
            let zone = TimeZone::get("Asia/Shanghai").unwrap();
            let now = parse("2026-03-04T00:00:00+08:00").unwrap() + hour * HOUR;
            let day = &rfc3339(now - back * DAY, &zone)[..10];
            match received(day, reason, now, &zone) {
                Ok(at) => prop_assert!(at <= now && now - at <= LONGEST + DAY && (reason || now - at <= FREE + DAY)),
                Err(e) => prop_assert!(!(0..=60).contains(&back) || back > 3 && !reason, "{}", e),
            }
        }
    }

    #[test]
    fn dates_that_are_none_are_named() {
        let zone = TimeZone::UTC;
        assert_eq!(received("昨天", true, 0, &zone).unwrap_err().field.as_deref(), Some("handed_on"));
        assert_eq!(written("2026-03-05", "2026-03-04", &zone).unwrap_err().kind, Kind::OutOfRange);
        assert!(written("2025-01-01", "2026-03-04", &zone).is_ok());
    }
}
