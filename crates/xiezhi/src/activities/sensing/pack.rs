//! Which devices there are at a place and what they measure: limits, kinds, measures. Rows of `data/sensing`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::kit::i18n::Lang;
use crate::kit::pack::{self, Local};
use crate::kit::time::{MINUTE, Ms};

/// Texts of the packs that ship.
const EMBEDDED: &[&str] = &[include_str!("../../../../../data/sensing/cn.toml")];

/// Limits, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Limits {
    pub devices: i64,
    pub streams: i64,
    pub parts: usize,
    pub per_minute: u32,
    pub ahead_minutes: i64,
    pub late_minutes: i64,
    pub back_days: i64,
    pub text: usize,
    pub home_days: i64,
    pub home_agreed_days: i64,
    pub keep_days: i64,
    pub silent_minutes: i64,
}

/// What a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A text.
    Text,
}

/// Something that is measured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Measure {
    pub id: String,
    pub zh: String,
    pub en: String,
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub unit: String,
    pub every: Option<i64>,
    #[serde(default)]
    pub grows: bool,
    #[serde(default)]
    pub amount: bool,
}

/// A kind of device.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Sort {
    pub id: String,
    pub zh: String,
    pub en: String,
    pub measures: Vec<String>,
    #[serde(default)]
    pub home: bool,
    pub silent_minutes: Option<i64>,
    pub keep_days: Option<i64>,
    #[serde(default)]
    pub parts: bool,
    #[serde(default)]
    pub open: Vec<String>,
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
    pub measure: Vec<Measure>,
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

/// Letters of the name of a part.
const PART: usize = 32;

/// What a stream measures: `fire` of `fire.1-3-23-7`.
pub fn measure_of(stream: &str) -> &str {
    stream.split('.').next().unwrap_or(stream)
}

/// A name in the reader's language.
fn said<'p>(lang: Lang, zh: &'p str, en: &'p str) -> &'p str {
    if lang == Lang::Zh { zh } else { en }
}

impl Measure {
    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        said(lang, &self.zh, &self.en)
    }

    /// Whether readings of a day add up: amounts, meters, how often something was so.
    pub fn adds(&self) -> bool {
        self.amount || self.grows || self.kind == Type::Bool
    }
}

impl Sort {
    /// What it is called.
    pub fn name(&self, lang: Lang) -> &str {
        said(lang, &self.zh, &self.en)
    }

    /// Whether it tells this: a measure, and of a part of it where it has some (`fire.1-3-23-7`).
    pub fn tells(&self, stream: &str) -> bool {
        let part = stream.split_once('.').map(|(_, part)| part);
        let fits =
            |p: &str| self.parts && (1..=PART).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        self.measures.iter().any(|m| m == measure_of(stream)) && part.is_none_or(fits)
    }
}

impl Pack {
    /// A kind of device by id.
    pub fn kind(&self, id: &str) -> Option<&Sort> {
        self.kind.iter().find(|k| k.id == id)
    }

    /// What a stream measures, by its name.
    pub fn measure(&self, stream: &str) -> Option<&Measure> {
        let id = measure_of(stream);
        self.measure.iter().find(|m| m.id == id)
    }

    /// How long a device of a kind may say nothing.
    pub fn silent(&self, kind: &str) -> Ms {
        self.kind(kind).and_then(|k| k.silent_minutes).unwrap_or(self.limits.silent_minutes) * MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_measures_what_there_is() {
        for pack in ALL.iter() {
            for kind in &pack.kind {
                assert!(!kind.measures.is_empty() && kind.measures.len() as i64 <= pack.limits.streams, "{}", kind.id);
                for measure in &kind.measures {
                    assert!(pack.measure(measure).is_some(), "{}: {measure}", kind.id);
                }
            }
        }
        assert!(at("").places.is_empty());
    }
}
