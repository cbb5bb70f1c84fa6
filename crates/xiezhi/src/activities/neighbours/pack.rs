//! Rules of a place: limits, categories, reasons, words that belong to offices. Rows of `data/neighbours`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/neighbours/cn.toml")];

/// Limits, each with its unit in its name; the data file explains them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub topics_a_day: i64,
    pub comments_a_day: i64,
    pub flags_a_day: i64,
    pub same_text_days: i64,
    pub links: i64,
    pub new_account_days: i64,
    pub sybil_accounts: i64,
    pub sybil_hours: i64,
    pub flags_hold: i64,
    pub hold_hours: i64,
    pub appeal_hours: i64,
    pub appeal_days: i64,
    pub name_days: i64,
    pub digest_hour: i64,
    pub poll_days: i64,
}

/// What a topic is about, and when it is looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Category {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub moderation: Moderation,
    #[serde(default)]
    pub office: bool,
}

/// When somebody looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moderation {
    /// Before anybody sees it.
    Pre,
    /// When somebody reports it.
    Post,
}

/// Why a text is hidden or reported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Reason {
    pub id: String,
    pub zh: String,
    pub en: String,
}

/// Names nobody takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Names {
    pub office: Vec<String>,
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
    pub category: Vec<Category>,
    pub reason: Vec<Reason>,
    pub names: Names,
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
    /// A category by id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.category.iter().find(|c| c.id == id)
    }

    /// A reason by id.
    pub fn reason(&self, id: &str) -> Option<&Reason> {
        self.reason.iter().find(|r| r.id == id)
    }

    /// What a category is called.
    pub fn category_name(&self, id: &str, lang: Lang) -> &str {
        self.category(id).map_or("", |c| if lang == Lang::Zh { &c.zh } else { &c.en })
    }

    /// What a reason says.
    pub fn reason_name(&self, id: &str, lang: Lang) -> &str {
        self.reason(id).map_or("", |r| if lang == Lang::Zh { &r.zh } else { &r.en })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(!pack.id.is_empty() && !pack.source.is_empty());
            assert!(pack.category.iter().any(|c| c.id == "poll") && pack.category.iter().any(|c| c.office));
            assert!(pack.category.iter().any(|c| c.moderation == Moderation::Pre) && pack.reason.len() > 3);
            let l = &pack.limits;
            assert!([l.topics_a_day, l.comments_a_day, l.hold_hours, l.sybil_accounts].iter().all(|n| *n > 0));
            assert!((0..24).contains(&l.digest_hour));
        }
        assert_eq!(at("990101001001").id, "cn");
    }
}
