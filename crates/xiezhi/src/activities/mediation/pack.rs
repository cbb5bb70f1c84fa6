//! Rules of a place: kinds of dispute, time limits, where else one can go. Rows of `data/mediation`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/mediation/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub consent_days: i64,
    pub days: i64,
    pub above_days: i64,
    pub remind_days: i64,
    pub confirm_days: i64,
    pub confirm_remind_days: i64,
    pub sides: i64,
    pub terms: i64,
    pub sessions: i64,
    pub mediators: i64,
    pub asked_at_once: i64,
    pub small: i64,
}

/// A kind of dispute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Named {
    pub id: String,
    pub zh: String,
    pub en: String,
}

/// Where else one can go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Where {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub zh_more: String,
    pub en_more: String,
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
    pub kind: Vec<Named>,
    #[serde(rename = "where")]
    pub elsewhere: Vec<Where>,
}

static ALL: LazyLock<Vec<Pack>> = LazyLock::new(|| pack::shipped(EMBEDDED));

impl Local for Pack {
    fn places(&self) -> &[String] {
        &self.places
    }
}

/// The pack that holds at a place (code of an area).
pub fn at(code: &str) -> &'static Pack {
    pack::at(&ALL, code)
}

impl Pack {
    /// Whether there is such a kind.
    pub fn has(&self, kind: &str) -> bool {
        self.kind.iter().any(|k| k.id == kind)
    }

    /// What a kind is called.
    pub fn kind_name(&self, id: &str, lang: Lang) -> &str {
        self.kind.iter().find(|k| k.id == id).map_or("", |k| if lang == Lang::Zh { &k.zh } else { &k.en })
    }

    /// Another place to go to.
    pub fn place(&self, id: &str) -> Option<&Where> {
        self.elsewhere.iter().find(|w| w.id == id)
    }
}

impl Where {
    /// What it is called, and what it does.
    pub fn told(&self, lang: Lang) -> (&str, &str) {
        if lang == Lang::Zh { (&self.zh, &self.zh_more) } else { (&self.en, &self.en_more) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(!pack.id.is_empty() && pack.source.contains("人民调解法"));
            assert!(["justice", "court", "arbitration"].iter().all(|w| pack.place(w).is_some()));
            assert!(pack.has("noise") && pack.limits.confirm_days == 30, "article 33 says thirty days");
        }
        assert_eq!(at("990101001001").id, "cn");
    }
}
