//! Limits, kinds and days of the three lists at a place. Rows of `data/project`, not code.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/project/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub waiting: i64,
    pub answer_days: i64,
    pub rest_days: i64,
    pub words: usize,
    pub fresh_days: i64,
    pub gone_days: i64,
    pub lend_days: i64,
    pub steps: i64,
    pub links: i64,
}

/// Buying, explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Buying {
    pub days: i64,
    pub most_days: i64,
    pub scorers: i64,
    pub price_least: i64,
    pub price_most: i64,
    pub bids: i64,
    pub notice_days: i64,
    pub criteria: usize,
}

/// Acceptance, explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Accept {
    pub days: i64,
    pub answers: i64,
    pub good: i64,
    pub decide_days: i64,
}

/// A kind of need or resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sort {
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
    pub tender: Buying,
    pub accept: Accept,
    pub kind: Vec<Sort>,
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

/// Something to choose.
#[derive(Clone, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

impl Pack {
    /// A kind as it is called.
    pub fn kind_name(&self, id: &str, lang: Lang) -> String {
        self.kind.iter().find(|k| k.id == id).map_or(id, |k| if lang == Lang::En { &k.en } else { &k.zh }).to_owned()
    }

    /// The kind that a form names.
    pub fn kind(&self, id: &str) -> Result<String> {
        let known = self.kind.iter().find(|k| k.id == id);
        Ok(known.ok_or_else(|| Kind::Unknown.at("kind"))?.id.clone())
    }

    /// All kinds.
    pub fn kinds(&self, lang: Lang) -> Vec<Choice> {
        self.kind.iter().map(|k| Choice { id: k.id.clone(), name: self.kind_name(&k.id, lang) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_read_and_one_holds_everywhere() {
        let pack = at("11");
        assert!(pack.places.is_empty() && !pack.source.is_empty());
        assert!(pack.tender.scorers % 2 == 1 && pack.tender.price_least >= 10, "the law on procurement says so");
        assert!((1..=100).contains(&pack.accept.good));
        assert_eq!(pack.kind("elder").ok().as_deref(), Some("elder"));
        assert!(pack.kind("x").is_err());
    }
}
