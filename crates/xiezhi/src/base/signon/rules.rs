//! Pure decisions: who gets in, how sure a provider must be, until when.

use serde_json::Value as Json;

use crate::kit::error::{Error, Kind, Result};
use crate::kit::time::{self, HOUR, MINUTE, Ms};

/// How long somebody may be away at a provider.
pub const AWAY: Ms = 10 * MINUTE;
/// How long after signing in an account may be tied to a provider.
pub const RECENT: Ms = 15 * MINUTE;
/// Characters of a subject, a name, a level, a ticket.
pub const LONGEST: usize = 4000;
/// Characters of a name that is kept.
pub const NAME: usize = 60;
/// Numbers that are smaller are seconds from now; larger ones are moments, in seconds or in milliseconds.
const MOMENTS: i64 = 1_000_000_000;
/// Numbers from here on are milliseconds.
const MILLIS: i64 = 100_000_000_000;

/// What is known here of whom a provider vouches for.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Nothing.
    Nobody,
    /// The account of this person.
    Person(String),
    /// An account whose roles do not sign in this way.
    Barred,
    /// An account that was closed.
    Closed,
}

/// Whom it lets in; nobody when an account has to come to be first.
pub fn admits(known: &Known, new_residents: bool) -> Result<Option<String>> {
    match known {
        Known::Person(person) => Ok(Some(person.clone())),
        Known::Closed => Err(Kind::SignOnClosed.into()),
        Known::Barred => Err(Kind::SignOnRole.into()),
        Known::Nobody if new_residents => Ok(None),
        Known::Nobody => Err(Kind::SignOnUnknown.into()),
    }
}

/// Why an account may not be tied from a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untied {
    /// By a card: somebody else may have found it.
    Card,
    /// By a way that carries less than the provider would open: it would open more and more by itself.
    Weak,
    /// Too long ago.
    Stale,
}

/// Whether an account may be tied from a session: `carries`, for each role that the provider lets in, whether the session
/// would carry it.
pub fn ties(by_card: bool, mut carries: impl Iterator<Item = bool>, age: Ms) -> std::result::Result<(), Untied> {
    match () {
        () if by_card => Err(Untied::Card),
        () if !carries.all(|c| c) => Err(Untied::Weak),
        () if age > RECENT => Err(Untied::Stale),
        () => Ok(()),
    }
}

/// Whether a level is enough; `levels` from the lowest to the highest. One that is not among them is none.
pub fn sure(levels: &[String], least: Option<&str>, level: Option<&str>) -> Result<()> {
    let place = |name: &str| levels.iter().position(|l| l == name);
    match least.map(place) {
        None => Ok(()),
        Some(least) if level.and_then(place).is_some_and(|have| Some(have) >= least) => Ok(()),
        Some(_) => Err(Kind::SignOnLevel.into()),
    }
}

/// When a session ends: after so many hours, or when the provider says, whichever comes first.
pub fn ends(until: Option<Ms>, hours: u32, now: Ms) -> Result<Ms> {
    let longest = now + i64::from(hours) * HOUR;
    match until {
        Some(until) if until <= now => Err(Kind::SignOnToken.at("expired")),
        Some(until) => Ok(until.min(longest)),
        None => Ok(longest),
    }
}

/// A text where a pointer says; numbers count as their digits.
pub fn text(json: &Json, pointer: &str) -> Option<String> {
    let text = match json.pointer(pointer)? {
        Json::String(s) => s.trim().to_owned(),
        Json::Number(n) => n.to_string(),
        Json::Bool(b) => b.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= LONGEST).then_some(text)
}

/// A moment where a pointer says: seconds from now, a moment in seconds or milliseconds, or as a text.
pub fn moment(json: &Json, pointer: &str, now: Ms) -> Result<Ms> {
    let unclear = || Error::from(Kind::SignOnAnswer).field("until");
    let said = text(json, pointer).ok_or_else(unclear)?;
    let Ok(n) = said.parse::<i64>() else { return time::parse(&said).ok_or_else(unclear) };
    match n {
        ..0 => Err(unclear()),
        0..MOMENTS => Ok(now + n * 1000),
        MOMENTS..MILLIS => Ok(n * 1000),
        _ => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_level_is_enough_just_when_it_stands_no_lower(n in 1..6usize, least in 0..6usize, have in 0..8usize) {
            let levels: Vec<String> = (0..n).map(|i| format!("l{i}")).collect();
            let least = least % n;
            let got = sure(&levels, Some(&levels[least]), Some(&format!("l{have}")));
            prop_assert_eq!(got.is_ok(), have >= least && have < n);
            prop_assert!(sure(&levels, Some(&levels[least]), None).is_err(), "no level is none");
            prop_assert!(sure(&levels, None, None).is_ok());
        }

        #[test]
        fn a_session_never_outlives_what_the_provider_said(until in prop::option::of(-HOUR..2000 * HOUR), hours in 1..720u32, now in 0..HOUR) {
            match ends(until, hours, now) {
                Ok(end) => prop_assert!(end > now && end <= now + i64::from(hours) * HOUR && until.is_none_or(|u| end <= u)),
                Err(_) => prop_assert!(until.is_some_and(|u| u <= now)),
            }
        }

        #[test]
        fn seconds_from_now_and_moments_are_told_apart(seconds in 1..31_536_000i64, now in 1_700_000_000_000..2_000_000_000_000i64) {
            let at = |v: Json| moment(&json!({ "u": v }), "/u", now).unwrap();
            prop_assert_eq!(at(json!(seconds)), now + seconds * 1000);
            prop_assert_eq!(at(json!(seconds.to_string())), now + seconds * 1000);
            prop_assert_eq!(at(json!(now)), now);
            prop_assert_eq!(at(json!(now / 1000)), now / 1000 * 1000);
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_moment_and_no_text() {
        assert_eq!(moment(&json!({ "u": "2026-03-04T12:00:00+08:00" }), "/u", 0).unwrap(), 1_772_596_800_000);
        for bad in
            [json!({}), json!({ "u": null }), json!({ "u": "soon" }), json!({ "u": -1 }), json!({ "u": 1.5 }), json!({ "u": [] })]
        {
            assert_eq!(moment(&bad, "/u", 0).unwrap_err().kind, Kind::SignOnAnswer, "{bad}");
        }
        let json = json!({ "a": { "b": [7, " x ", "", {}] } });
        let read = |p: &str| text(&json, p);
        assert_eq!((read("/a/b/0"), read("/a/b/1")), (Some("7".into()), Some("x".into())));
        assert_eq!((read("/a/b/2"), read("/a/b/3"), read("/a/c")), (None, None, None));
    }

    #[test]
    fn an_account_is_tied_only_from_a_session_that_is_fresh_and_carries_as_much() {
        let tie = |card, carries: &[bool], age| ties(card, carries.iter().copied(), age);
        assert_eq!(tie(false, &[true, true], RECENT), Ok(()));
        assert_eq!(tie(false, &[true], RECENT + 1), Err(Untied::Stale));
        assert_eq!(tie(false, &[true, false], 0), Err(Untied::Weak));
        assert_eq!(tie(true, &[true], 0), Err(Untied::Card));
    }

    #[test]
    fn whoever_is_not_known_gets_in_only_where_accounts_come_to_be() {
        assert_eq!(admits(&Known::Person("p".into()), false).unwrap().as_deref(), Some("p"));
        assert_eq!(admits(&Known::Nobody, true).unwrap(), None);
        for (known, new, kind) in [
            (Known::Nobody, false, Kind::SignOnUnknown),
            (Known::Barred, true, Kind::SignOnRole),
            (Known::Closed, true, Kind::SignOnClosed),
        ] {
            assert_eq!(admits(&known, new).unwrap_err().kind, kind);
        }
    }
}
