//! Rule packs of consultations: which steps, within what time, with which seats and forms. They are rows in `data/consult`, each
//! with what it rests on; a place's pack takes over from its base whatever it does not say itself.
//!
//! What must stay true: no day, seat or share stands in code; a consultation keeps the pack it was graded under, whole
//! ([`Pack::text`]), so that a new rule changes none that began before it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use calc::due::Limit;
use calc::tally::Share;
use serde::{Deserialize, Serialize};

use super::{Depth, State};
use crate::kit::i18n::Lang;

/// Texts of the packs that ship, bases before those that rest on them.
const EMBEDDED: &[&str] = &[
    include_str!("../../../../../data/consult/cn.toml"),
    include_str!("../../../../../data/consult/shanghai.toml"),
    include_str!("../../../../../data/consult/shaoxing.toml"),
];

/// Something with a name in two languages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/consult")]
pub struct Named {
    pub id: String,
    pub zh: String,
    pub en: String,
}

impl Named {
    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }
}

/// Who must sit in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/consult")]
pub struct Seats {
    pub kind: String,
    pub least: usize,
    /// Drawn from a roll.
    #[serde(default)]
    pub drawn: bool,
    /// It may be missing for a reason that everybody reads.
    #[serde(default)]
    pub waivable: bool,
}

/// One of the depths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "as in data/consult")]
pub struct Way {
    pub steps: Vec<String>,
    pub from_raised: Vec<String>,
    pub notice_days: i64,
    pub quorum: Option<String>,
    pub forms: Vec<String>,
    pub least_forms: usize,
    pub report: bool,
    pub limits: BTreeMap<String, String>,
    pub seats: Vec<Seats>,
}

impl Way {
    /// The step after another; the first of all after grading.
    pub fn after(&self, step: State) -> State {
        let at = self.steps.iter().position(|s| s == step.as_str()).map_or(0, |at| at + 1);
        self.steps.get(at).and_then(|s| State::parse(s)).unwrap_or(State::Done)
    }

    /// Within what time a step is to be done.
    pub fn limit(&self, step: State) -> Option<Limit> {
        self.limits.get(step.as_str()).and_then(|l| l.parse().ok())
    }

    /// Whether the time of a step counts from when the topic was raised.
    pub fn counts_from_raised(&self, step: State) -> bool {
        self.from_raised.iter().any(|s| s == step.as_str())
    }

    /// The part of the seats that must take part.
    pub fn quorum(&self) -> Option<Share> {
        self.quorum.as_deref().and_then(|q| q.parse().ok())
    }
}

/// How the committee's year is weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/consult")]
pub struct Yearly {
    pub awareness: i64,
    pub participation: i64,
    pub satisfaction: i64,
    pub source: String,
}

/// A pack as it is written; what is missing comes from its base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/consult")]
pub struct Pack {
    #[serde(skip_serializing)]
    pub base: Option<String>,
    pub id: String,
    pub zh: String,
    pub en: String,
    #[serde(default)]
    pub places: Vec<String>,
    pub from: String,
    pub to: Option<String>,
    pub source: String,
    pub grade: Option<String>,
    pub again: Option<String>,
    pub appraise: Option<String>,
    pub longest_days: Option<i64>,
    pub draw_wait: Option<String>,
    pub quick: Option<Way>,
    pub deep: Option<Way>,
    #[serde(default)]
    pub topics: Vec<Named>,
    #[serde(default)]
    pub declines: Vec<Named>,
    /// What the place calls the forms.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    pub yearly: Option<Yearly>,
}

/// The packs that ship.
pub fn all() -> &'static [Pack] {
    static ALL: LazyLock<Vec<Pack>> = LazyLock::new(|| {
        let mut packs: Vec<Pack> = Vec::new();
        for text in EMBEDDED {
            let mut pack = Pack::parse(text).expect("data/consult");
            if let Some(base) = &pack.base {
                let base = packs.iter().find(|p| p.id == *base).expect("data/consult: a base comes first");
                pack.take_over(base);
            }
            pack.check().expect("data/consult: a whole pack");
            packs.push(pack);
        }
        packs
    });
    &ALL
}

/// The pack for a place on a day (`2026-11-27`): the one of the smallest area that holds it.
pub fn at(code: &str, day: &str) -> &'static Pack {
    let holds = |p: &&Pack| {
        let of = p.places.is_empty() || p.places.iter().any(|c| code.starts_with(c.as_str()));
        of && p.from.as_str() <= day && p.to.as_deref().is_none_or(|to| day <= to)
    };
    let found = all().iter().filter(holds).max_by_key(|p| p.places.iter().map(String::len).max().unwrap_or(0));
    // A clock that stands before all packs has the first of them.
    found.unwrap_or(&all()[0])
}

impl Pack {
    /// Reads a pack; one with a base is not whole yet.
    pub fn parse(text: &str) -> Result<Pack, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// The whole pack as text, to be kept with a consultation.
    pub fn text(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|e| e.to_string())
    }

    fn take_over(&mut self, base: &Pack) {
        fn fill<T: Clone>(own: &mut Option<T>, base: &Option<T>) {
            if own.is_none() {
                own.clone_from(base);
            }
        }
        fill(&mut self.grade, &base.grade);
        fill(&mut self.again, &base.again);
        fill(&mut self.appraise, &base.appraise);
        fill(&mut self.longest_days, &base.longest_days);
        fill(&mut self.draw_wait, &base.draw_wait);
        fill(&mut self.quick, &base.quick);
        fill(&mut self.deep, &base.deep);
        fill(&mut self.yearly, &base.yearly);
        for (own, base) in [(&mut self.topics, &base.topics), (&mut self.declines, &base.declines)] {
            if own.is_empty() {
                own.clone_from(base);
            }
        }
        for (form, name) in &base.names {
            self.names.entry(form.clone()).or_insert_with(|| name.clone());
        }
    }

    /// Whether everything that a consultation needs is there and means something.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| format!("{}: {what}", self.id);
        for limit in [&self.grade, &self.again, &self.appraise, &self.draw_wait] {
            limit.as_deref().ok_or_else(|| wrong("a limit is missing"))?.parse::<Limit>().map_err(|_| wrong("a limit"))?;
        }
        if self.longest_days.is_none() || self.yearly.is_none() || self.topics.is_empty() || self.declines.is_empty() {
            return Err(wrong("longest_days, yearly, topics or declines"));
        }
        for depth in Depth::ALL {
            let way = self.way(*depth);
            for step in &way.steps {
                State::parse(step).filter(|s| s.is_open() && *s != State::Grade).ok_or_else(|| wrong(step))?;
            }
            if way.after(State::Publish) == State::Done {
                return Err(wrong("nothing follows the result"));
            }
            for (step, limit) in &way.limits {
                limit.parse::<Limit>().map_err(|_| wrong(step))?;
            }
            // A step without a time would be one that nobody is late with.
            for step in way.steps.iter().filter(|s| !matches!(s.as_str(), "carry" | "appraise")) {
                way.limits.get(step).ok_or_else(|| wrong(step))?;
            }
            if way.quorum.is_some() && way.quorum().is_none() {
                return Err(wrong("quorum"));
            }
        }
        Ok(())
    }

    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// The rules of a depth.
    pub fn way(&self, depth: Depth) -> &Way {
        static NONE: LazyLock<Way> = LazyLock::new(Way::default);
        let way = if depth == Depth::Quick { &self.quick } else { &self.deep };
        way.as_ref().unwrap_or(&NONE)
    }

    /// A limit that is always there once [`check`](Pack::check) passed.
    pub fn limit(&self, limit: fn(&Pack) -> &Option<String>) -> Limit {
        limit(self).as_deref().and_then(|l| l.parse().ok()).unwrap_or(Limit { n: 1, unit: calc::due::Unit::WorkDays })
    }

    /// A kind of topic.
    pub fn topic(&self, id: &str) -> Option<&Named> {
        self.topics.iter().find(|t| t.id == id)
    }

    /// A reason to decline.
    pub fn decline(&self, id: &str) -> Option<&Named> {
        self.declines.iter().find(|t| t.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole_and_are_kept_whole() {
        for pack in all() {
            let again = Pack::parse(&pack.text().unwrap()).unwrap();
            again.check().unwrap();
            assert_eq!(Pack { base: pack.base.clone(), ..again }, *pack);
            assert!(!pack.source.is_empty());
        }
    }

    #[test]
    fn a_pack_is_found_by_place_and_day() {
        let id = |code, day| at(code, day).id.as_str();
        assert_eq!(id("330602001001", "2026-01-01"), "shaoxing");
        assert_eq!(id("330602001001", "2024-12-31"), "cn");
        assert_eq!(id("310101001001", "2026-01-01"), "shanghai");
        assert_eq!(id("321002001001", "1999-01-01"), "cn");
    }

    #[test]
    fn steps_follow_each_other() {
        let pack = at("32", "2026-01-01");
        let walk = |depth| {
            let mut steps = vec![State::Grade];
            while *steps.last().unwrap() != State::Done {
                steps.push(pack.way(depth).after(*steps.last().unwrap()));
            }
            steps.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(walk(Depth::Quick), "grade publish callback carry appraise done");
        assert_eq!(walk(Depth::Deep), "grade convene form deliberate publish carry appraise done");
        let bad = Pack { quick: Some(Way { steps: vec!["nonsense".into()], ..Way::default() }), ..pack.clone() };
        assert!(bad.check().is_err());
    }
}
