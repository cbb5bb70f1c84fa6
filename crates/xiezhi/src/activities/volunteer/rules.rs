//! Pure decisions about who helps whom: what rules somebody out, how well somebody fits, which hours cannot both be true.
//!
//! What must stay true: whoever is ruled out is so for a reason that can be said, and never for one that is nobody's
//! business (how much he helped is no reason, where he was is not known); costs are whole numbers, so that the same people
//! and requests give the same answer.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::pack::{Sort, Vet, Weigh};
use crate::kit::names::names;
use crate::kit::time::{Ms, zoned};

names! {
    /// A woman or a man, where somebody asks for one.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    Sex { Female = "female", Male = "male", }
    /// What rules somebody out.
    #[derive(Serialize, schemars::JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    No {
        /// He does not do this.
        Kind = "kind",
        /// The desk did not speak with him, or too long ago.
        Vetting = "vetting",
        /// The certificate is missing or has run out.
        Proof = "proof",
        /// Another language.
        Language = "language",
        /// Somebody else was asked for.
        Sex = "sex",
        /// Not at this time of the week.
        Time = "time",
        /// He is with somebody else then.
        Busy = "busy",
        /// Too far.
        Far = "far",
        /// The two are kept apart.
        Apart = "apart",
        /// It is his own request.
        Own = "own",
        /// He said no to this one.
        Said = "said",
    }
}

/// Half-days of a week, from Monday morning: 0 to 20, three a day (morning, afternoon, evening).
pub type Slot = u8;
/// Slots of a day.
pub const PARTS: u8 = 3;
/// Hours at which the afternoon and the evening begin.
const BEGIN: [i8; 2] = [12, 18];

/// The slot a moment lies in.
pub fn slot(at: Ms, zone: &TimeZone) -> Slot {
    let z = zoned(at, zone);
    let part = BEGIN.iter().filter(|h| z.hour() >= **h).count() as u8;
    z.weekday().to_monday_zero_offset() as u8 * PARTS + part
}

/// What somebody says of himself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Kinds of help.
    pub kinds: BTreeSet<String>,
    /// Languages.
    pub languages: BTreeSet<String>,
    /// A woman or a man, if he says so.
    pub sex: Option<Sex>,
    /// When he has time; empty: any time.
    pub slots: BTreeSet<Slot>,
    /// Whether his hours go to the national record of volunteers.
    pub record: bool,
}

/// Somebody who could help.
#[derive(Clone, Debug)]
pub struct Helper {
    /// Who.
    pub person: String,
    /// What he says of himself.
    pub profile: Profile,
    /// Path of the community he helps in.
    pub path: String,
    /// Where his house stands.
    pub point: Option<calc::geo::Point>,
    /// Until when the desk's word holds.
    pub vetted_until: Option<Ms>,
    /// Certificates and until when they hold.
    pub proofs: Vec<(String, Ms)>,
    /// When he is with somebody.
    pub busy: Vec<(Ms, Ms)>,
    /// Minutes he agreed to or gave in the last 30 days.
    pub load: i64,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Need<'a> {
    /// Kind of help.
    pub sort: &'a Sort,
    /// Who asks.
    pub asker: Option<&'a str>,
    /// From when to when.
    pub time: (Ms, Ms),
    /// The slot it begins in.
    pub slot: Slot,
    /// Path of the community.
    pub path: &'a str,
    /// Where.
    pub point: Option<calc::geo::Point>,
    /// A language somebody speaks.
    pub language: Option<&'a str>,
    /// A woman or a man.
    pub sex: Option<Sex>,
    /// How far people are asked, in metres.
    pub radius: u32,
    /// What counts beside the distance.
    pub weigh: Weigh,
}

/// How well somebody fits, in metres and what is worth as much; or what rules him out, the first reason there is.
pub fn fit(helper: &Helper, need: &Need, apart: bool) -> Result<i64, No> {
    let p = &helper.profile;
    let (from, to) = need.time;
    let vetted = helper.vetted_until.is_some_and(|until| until >= to);
    let metres = need.point.zip(helper.point).map(|(a, b)| i64::from(calc::geo::distance_m(a, b)));
    let near = match metres {
        Some(metres) => metres <= i64::from(need.radius),
        // Where no distance is known, whoever helps in this community.
        None => need.path.starts_with(&helper.path) || helper.path.starts_with(need.path),
    };
    let out = [
        (need.asker == Some(helper.person.as_str()), No::Own),
        (apart, No::Apart),
        (!p.kinds.contains(&need.sort.id), No::Kind),
        (need.sort.vet == Vet::Desk && !vetted, No::Vetting),
        (need.sort.proof.as_ref().is_some_and(|k| !helper.proofs.iter().any(|(h, until)| h == k && *until >= to)), No::Proof),
        (need.sex.is_some_and(|s| p.sex != Some(s)), No::Sex),
        (need.language.is_some_and(|l| !p.languages.contains(l)), No::Language),
        (!p.slots.is_empty() && !p.slots.contains(&need.slot), No::Time),
        (helper.busy.iter().any(|b| overlap(*b, (from, to))), No::Busy),
        (!near, No::Far),
    ];
    match out.into_iter().find(|(is, _)| *is) {
        Some((_, no)) => Err(no),
        None => Ok(metres.unwrap_or(need.weigh.somewhere) + helper.load * need.weigh.load),
    }
}

/// Whether two spans of time share a moment.
pub fn overlap(a: (Ms, Ms), b: (Ms, Ms)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activities::volunteer::pack;
    use crate::kit::time::{DAY, HOUR};

    fn helper() -> Helper {
        let profile = Profile { kinds: ["care", "errand"].map(String::from).into(), ..Profile::default() };
        let point = Some(calc::geo::Point { lat: 320_000_000, lon: 1_200_000_000 });
        let (vetted_until, proofs) = (Some(10 * DAY), vec![("care".to_owned(), 10 * DAY)]);
        Helper { person: "h".into(), profile, path: "/1/2/".into(), point, vetted_until, proofs, busy: vec![], load: 0 }
    }

    fn need(kind: &str) -> Need<'static> {
        let point = Some(calc::geo::Point { lat: 320_010_000, lon: 1_200_000_000 });
        let (sort, time) = (pack::at("").kind(kind).unwrap(), (9 * DAY, 9 * DAY + HOUR));
        let weigh = pack::at("").weigh;
        Need { sort, asker: Some("a"), time, slot: 4, path: "/1/2/3/", point, language: None, sex: None, radius: 800, weigh }
    }

    #[test]
    fn whoever_may_not_go_is_told_why() {
        assert_eq!(fit(&helper(), &need("care"), false), Ok(111), "metres");
        let no = |change: &dyn Fn(&mut Helper, &mut Need), kind| {
            let (mut h, mut n) = (helper(), need(kind));
            change(&mut h, &mut n);
            fit(&h, &n, false).unwrap_err()
        };
        assert_eq!(no(&|_, _| (), "meal"), No::Kind);
        assert_eq!(no(&|h, _| h.vetted_until = Some(9 * DAY), "care"), No::Vetting, "runs out before the end");
        assert_eq!(no(&|h, _| h.proofs[0].1 = 9 * DAY, "care"), No::Proof);
        assert_eq!(no(&|_, n| n.sex = Some(Sex::Female), "care"), No::Sex);
        assert_eq!(no(&|_, n| n.language = Some("sign"), "care"), No::Language);
        assert_eq!(no(&|h, _| h.profile.slots = [5].into(), "care"), No::Time);
        assert_eq!(no(&|h, _| h.busy = vec![(9 * DAY + HOUR / 2, 10 * DAY)], "care"), No::Busy);
        assert_eq!(no(&|_, n| n.radius = 100, "care"), No::Far);
        assert_eq!(no(&|_, n| n.asker = Some("h"), "care"), No::Own);
        assert_eq!(fit(&helper(), &need("care"), true), Err(No::Apart));
        let elsewhere = Helper { point: None, path: "/1/3/".into(), ..helper() };
        assert_eq!(fit(&elsewhere, &need("errand"), false), Err(No::Far));
        let unknown = Helper { point: None, ..helper() };
        assert_eq!(fit(&unknown, &need("errand"), false), Ok(500));
    }

    #[test]
    fn one_hour_after_the_other_is_no_overlap() {
        assert!(!overlap((0, HOUR), (HOUR, 2 * HOUR)) && overlap((0, HOUR + 1), (HOUR, 2 * HOUR)));
    }

    #[test]
    fn a_week_has_slots() {
        let at = |text| slot(crate::kit::time::parse(text).unwrap(), &TimeZone::UTC);
        assert_eq!([at("2026-03-02T00:00:00Z"), at("2026-03-02T12:00:00Z"), at("2026-03-08T23:59:00Z")], [0, 1, 20]);
    }
}
