//! How neighbours help each other at a place: limits, kinds of help, certificates, languages. Rows of `data/volunteer`, not
//! code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/volunteer/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub open: i64,
    pub minutes: i64,
    pub ahead_days: i64,
    pub first: usize,
    pub more: usize,
    pub waves: i64,
    pub wave_minutes: i64,
    pub urgent_minutes: i64,
    pub radius: Vec<u32>,
    pub ask_hours: i64,
    pub lapse_days: i64,
    pub silent_days: i64,
    pub dispute_days: i64,
    pub decide_days: i64,
    pub vetted_days: i64,
    pub words: usize,
}

/// What counts beside the distance, explained in the data file; metres.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Weigh {
    pub somewhere: i64,
    pub load: i64,
    pub second: i64,
    pub most: u32,
}

/// The time bank, explained in the data file; minutes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Hours {
    pub least: i64,
    pub most: i64,
    pub pool_least: i64,
    pub gift_minutes: i64,
    pub expire_days: i64,
    pub merits_an_hour: i64,
}

/// Hours that only go round among a few, explained in the data file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Circle {
    pub days: i64,
    pub times: i64,
    pub percent: i64,
    pub people: usize,
}

/// Who may do a kind of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vet {
    /// Anybody whom the node knows.
    None,
    /// Whoever the desk spoke with.
    Desk,
}

/// A kind of help.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Sort {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub vet: Vet,
    pub proof: Option<String>,
    pub minutes: i64,
    #[serde(default)]
    pub two: bool,
    pub rule_zh: String,
    pub rule_en: String,
}

/// A certificate, or a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Named {
    pub id: String,
    pub zh: String,
    pub en: String,
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
    pub weigh: Weigh,
    pub hours: Hours,
    pub circle: Circle,
    pub kind: Vec<Sort>,
    pub proof: Vec<Named>,
    pub language: Vec<Named>,
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

impl Pack {
    /// A kind of help by id.
    pub fn kind(&self, id: &str) -> Option<&Sort> {
        self.kind.iter().find(|k| k.id == id)
    }

    /// What a kind of help is called.
    pub fn kind_name(&self, id: &str, lang: Lang) -> &str {
        self.kind(id).map_or("", |k| if lang == Lang::Zh { &k.zh } else { &k.en })
    }

    /// What a language is called.
    pub fn language_name(&self, id: &str, lang: Lang) -> &str {
        name(&self.language, id, lang)
    }

    /// What a certificate is called.
    pub fn proof_name(&self, id: &str, lang: Lang) -> &str {
        name(&self.proof, id, lang)
    }
}

impl Sort {
    /// What both sides are told.
    pub fn rule(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.rule_zh } else { &self.rule_en }
    }

    /// How many go.
    pub fn need(&self) -> i64 {
        if self.two { 2 } else { 1 }
    }
}

fn name<'a>(all: &'a [Named], id: &str, lang: Lang) -> &'a str {
    all.iter().find(|n| n.id == id).map_or("", |n| if lang == Lang::Zh { &n.zh } else { &n.en })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(!pack.id.is_empty() && pack.source.contains("志愿服务条例"));
            let l = &pack.limits;
            assert_eq!(l.radius.len(), l.waves as usize, "each wave has its distance");
            assert!(l.radius.is_sorted() && l.urgent_minutes < l.wave_minutes && pack.hours.least <= 0);
            for kind in &pack.kind {
                assert!((1..=l.minutes).contains(&kind.minutes), "{}", kind.id);
                assert!(kind.proof.iter().all(|p| pack.proof.iter().any(|n| n.id == *p)), "{}: an unknown certificate", kind.id);
            }
        }
        assert_eq!(at("990101001001").id, "cn");
    }
}
