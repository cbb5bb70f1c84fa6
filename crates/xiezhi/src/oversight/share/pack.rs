//! What departments share with each other, and by when they answer. Rows of `data/share`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};
use crate::kit::time::{DAY, Ms};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/share/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub check_days: u32,
    pub open_days: u32,
    pub decide_days: u32,
    pub deliver_days: u32,
    pub correct_days: u32,
    pub most_days: i64,
    pub usual_days: i64,
    pub resources: i64,
    pub open_requests: i64,
    pub open_objections: i64,
    pub fields: usize,
    pub rows: i64,
    pub batch: usize,
    pub faults: usize,
}

/// What a resource is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Theme {
    pub id: String,
    pub zh: String,
    pub en: String,
}

/// How often a resource is brought up to date.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Rhythm {
    pub id: String,
    pub days: i64,
    pub uri: String,
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
    pub theme: Vec<Theme>,
    pub rhythm: Vec<Rhythm>,
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
    /// What a theme is called.
    pub fn theme_name(&self, id: &str, lang: Lang) -> &str {
        let theme = self.theme.iter().find(|t| t.id == id);
        theme.map_or("", |t| if lang == Lang::Zh { &t.zh } else { &t.en })
    }

    /// A rhythm.
    pub fn rhythm(&self, id: &str) -> Option<&Rhythm> {
        self.rhythm.iter().find(|r| r.id == id)
    }

    /// Whether a source that was heard of last at `last` should have told again.
    pub fn is_late(&self, rhythm: &str, last: Ms, now: Ms) -> bool {
        self.rhythm(rhythm).is_some_and(|r| r.days > 0 && now - last > r.days * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole() {
        for pack in ALL.iter() {
            assert!(pack.source.contains("809") && pack.theme.len() > 5 && pack.rhythm.len() > 5);
        }
        let l = &at("990101001001").limits;
        assert_eq!((l.open_days, l.decide_days, l.deliver_days, l.check_days), (1, 10, 20, 10));
        assert!(at("").is_late("daily", 0, 3 * DAY) && !at("").is_late("irregular", 0, 3_000 * DAY));
    }
}
