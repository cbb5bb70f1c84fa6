//! What is counted at a place, who tells it, which rules there are, limits. Rows of `data/health`, not code.

use std::sync::LazyLock;

use calc::series::Method;
use serde::Deserialize;

use crate::kit::RoleKind;
use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/health/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub cases: i64,
    pub rows: usize,
    pub back_days: i32,
    pub late_days: i32,
    pub weeks: usize,
    pub verify_hours: i64,
    pub above_hours: i64,
    pub told_hours: i64,
    pub rest_days: i32,
    pub small: u64,
    pub night_hour: i8,
    pub words: usize,
    pub title: usize,
    pub own: usize,
    pub trial_series: usize,
    pub trial_weeks: usize,
    pub trial_outbreaks: usize,
}

/// What outbreaks are invented for a trial.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Trial {
    pub sizes: Vec<f64>,
    pub shares: Vec<u32>,
}

/// Where a response becomes a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Case {
    pub class: String,
}

/// Something that is counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Syndrome {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub hint_zh: String,
    pub hint_en: String,
    #[serde(default)]
    pub common: bool,
}

/// Who tells.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Source {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub unit_zh: String,
    pub unit_en: String,
    pub tellers: Vec<String>,
    #[serde(default)]
    pub own: bool,
    #[serde(default)]
    pub quiet: bool,
    #[serde(default)]
    pub syndromes: Vec<String>,
}

/// Which seven days a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Those up to the last count.
    Rolling,
    /// Monday to Sunday.
    Week,
}

/// A rule that may be switched on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Rule {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub sources: Vec<String>,
    pub method: String,
    pub settings: String,
    pub window: Window,
    pub least: u32,
}

/// The rules of a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Pack {
    pub id: String,
    pub places: Vec<String>,
    pub source: String,
    pub limits: Limits,
    pub trial: Trial,
    pub case: Case,
    pub syndrome: Vec<Syndrome>,
    pub tells: Vec<Source>,
    pub rule: Vec<Rule>,
}

impl Local for Pack {
    fn places(&self) -> &[String] {
        &self.places
    }
}

static ALL: LazyLock<Vec<Pack>> = LazyLock::new(|| pack::shipped(EMBEDDED));

/// The pack that holds at a place (code of an area).
pub fn at(code: &str) -> &'static Pack {
    pack::at(&ALL, code)
}

/// A text in the reader's language.
fn said<'p>(lang: Lang, zh: &'p str, en: &'p str) -> &'p str {
    if lang == Lang::Zh { zh } else { en }
}

impl Syndrome {
    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        said(lang, &self.zh, &self.en)
    }

    /// What to look for.
    pub fn hint(&self, lang: Lang) -> &str {
        said(lang, &self.hint_zh, &self.hint_en)
    }
}

impl Source {
    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        said(lang, &self.zh, &self.en)
    }

    /// What is counted: people, packs.
    pub fn unit(&self, lang: Lang) -> &str {
        said(lang, &self.unit_zh, &self.unit_en)
    }

    /// Whether those in a role tell it.
    pub fn is_told_by(&self, kind: RoleKind) -> bool {
        self.tellers.iter().any(|t| t == kind.as_str())
    }

    /// Whether it tells of this syndrome.
    pub fn tells(&self, syndrome: &str) -> bool {
        self.syndromes.is_empty() || self.syndromes.iter().any(|s| s == syndrome)
    }
}

impl Rule {
    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        said(lang, &self.zh, &self.en)
    }
}

/// A method with settings as they are written: `alpha=0.01 b=5`.
pub fn method(name: &str, settings: &str) -> Option<Method> {
    let mut method = Method::named(name)?;
    for one in settings.split_whitespace() {
        let (name, value) = one.split_once('=')?;
        method.set(name, value).ok()?;
    }
    Some(method)
}

impl Pack {
    /// A syndrome by id.
    pub fn syndrome(&self, id: &str) -> Option<&Syndrome> {
        self.syndrome.iter().find(|s| s.id == id)
    }

    /// A source by id.
    pub fn told_by(&self, id: &str) -> Option<&Source> {
        self.tells.iter().find(|s| s.id == id)
    }

    /// A rule by id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rule.iter().find(|r| r.id == id)
    }

    /// Whether nobody tells of a day without cases.
    pub fn is_quiet(&self, source: &str) -> bool {
        self.told_by(source).is_some_and(|s| s.quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_works_and_every_teller_is_a_role() {
        for pack in ALL.iter() {
            for rule in &pack.rule {
                assert!(method(&rule.method, &rule.settings).is_some(), "{}", rule.id);
                assert!(rule.sources.iter().all(|s| pack.told_by(s).is_some()), "{}", rule.id);
            }
            for source in &pack.tells {
                assert!(source.tellers.iter().all(|t| RoleKind::parse(t).is_some()), "{}", source.id);
                assert!(source.syndromes.iter().all(|s| pack.syndrome(s).is_some()), "{}", source.id);
            }
            let ids = pack.syndrome.iter().map(|s| &s.id).chain(pack.tells.iter().map(|s| &s.id));
            // They stand in keys, between slashes.
            assert!(ids.chain(pack.rule.iter().map(|r| &r.id)).all(|id| !id.contains('/') && id.len() <= 40));
            assert_eq!(pack.trial.shares.iter().sum::<u32>(), 100);
        }
        assert!(at("").places.is_empty());
        assert!(crate::base::classes::embedded().get(&at("").case.class).is_some());
        assert!(method("ears-c2", "b=1").is_none() && method("nothing", "").is_none());
    }
}
