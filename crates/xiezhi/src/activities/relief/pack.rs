//! What can be asked for at a place, how urgent, and limits. Rows of `data/relief`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/relief/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub open: i64,
    pub depots: i64,
    pub sites: i64,
    pub needs: i64,
    pub lines: usize,
    pub quantity: i64,
    pub people: i64,
    pub answer_hours: i64,
    pub above_hours: i64,
    pub ahead_days: i64,
    pub why: usize,
    pub words: usize,
    pub name: usize,
}

/// How urgent something is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Tier {
    pub n: i64,
    pub zh: String,
    pub en: String,
    pub hint_zh: String,
    pub hint_en: String,
}

/// What may stand in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Instead {
    pub class: String,
    pub rate: i64,
}

/// A class of goods.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Class {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub unit_zh: String,
    pub unit_en: String,
    pub ration: (u64, u64),
    #[serde(default)]
    pub instead: Vec<Instead>,
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
    pub tier: Vec<Tier>,
    pub class: Vec<Class>,
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
    /// A class by id.
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.class.iter().find(|c| c.id == id)
    }

    /// What a class is called.
    pub fn class_name(&self, id: &str, lang: Lang) -> &str {
        self.class(id).map_or("", |c| if lang == Lang::Zh { &c.zh } else { &c.en })
    }

    /// What is counted of it.
    pub fn unit(&self, id: &str, lang: Lang) -> &str {
        self.class(id).map_or("", |c| if lang == Lang::Zh { &c.unit_zh } else { &c.unit_en })
    }

    /// What an urgency is called.
    pub fn tier_name(&self, n: i64, lang: Lang) -> &str {
        self.tier.iter().find(|t| t.n == n).map_or("", |t| if lang == Lang::Zh { &t.zh } else { &t.en })
    }

    /// As how many of a class one of another serves; none when it does not.
    pub fn rate(&self, class: &str, given: &str) -> Option<i64> {
        if class == given {
            return Some(1);
        }
        self.class(class)?.instead.iter().find(|i| i.class == given).map(|i| i.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(!pack.id.is_empty() && pack.source.contains("突发事件应对法"));
            assert!(pack.tier.iter().map(|t| t.n).eq(1..=pack.tier.len() as i64));
            for class in &pack.class {
                assert!(class.ration.0 > 0 && class.ration.1 > 0, "{}", class.id);
                let fits = |i: &Instead| i.class != class.id && i.rate > 0 && pack.class(&i.class).is_some();
                assert!(class.instead.iter().all(fits), "{}: stands in for nothing", class.id);
            }
        }
        assert_eq!(at("990101001001").id, "cn");
        assert_eq!(at("").rate("quilt", "blanket"), Some(1));
        assert_eq!(at("").rate("quilt", "water"), None);
    }
}
