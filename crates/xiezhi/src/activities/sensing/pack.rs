//! Which devices there are at a place and what they measure: limits, kinds, measures. Rows of `data/sensing`, not code.

use std::sync::LazyLock;

use serde::Deserialize;

use super::watch::spec::{Span, Spec};
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

/// Limits of alarms, each explained in the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Alarms {
    pub join_minutes: i64,
    pub shelve_hours: i64,
    pub away_days: i64,
    pub review_percent: i64,
    pub review_days: i64,
    pub review_least: i64,
    pub stale_hours: i64,
    pub flood: usize,
    pub flood_minutes: i64,
    pub per_day: i64,
    pub rules: i64,
    pub quiet_from: Clock,
    pub quiet_to: Clock,
    pub quiet_unless: u8,
}

/// A time of day, `22:00`: minutes since midnight.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Clock(pub u16);

impl TryFrom<String> for Clock {
    type Error = String;
    fn try_from(text: String) -> Result<Clock, String> {
        let (h, m) = text.split_once(':').ok_or(text.clone())?;
        let (h, m): (u16, u16) = h.parse().ok().zip(m.parse().ok()).ok_or(text.clone())?;
        if h < 24 && m < 60 { Ok(Clock(h * 60 + m)) } else { Err(text) }
    }
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "explained in the data file")]
pub enum Call {
    #[serde(rename = "self")]
    Own,
    Family,
    Helper,
    Grid,
    Desk,
    Above,
}

/// One of those who are called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Rung {
    pub who: Call,
    pub within: Span,
    #[serde(default)]
    pub sleeps: bool,
}

/// Who is called, one after another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Ladder {
    pub home: bool,
    pub severity: u8,
    pub rungs: Vec<Rung>,
}

/// What raises an alarm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Ruled {
    pub id: String,
    pub kind: String,
    #[serde(default)]
    pub except: Vec<String>,
    pub home: Option<bool>,
    pub zh: String,
    pub en: String,
    pub severity: u8,
    #[serde(default)]
    pub latched: bool,
    pub class: String,
    pub when: Spec,
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
    pub alarm: Alarms,
    pub ladder: Vec<Ladder>,
    pub rule: Vec<Ruled>,
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

impl Call {
    /// Its stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Call::Own => "self",
            Call::Family => "family",
            Call::Helper => "helper",
            Call::Grid => "grid",
            Call::Desk => "desk",
            Call::Above => "above",
        }
    }

    /// Whether it is somebody's work: then there is a case.
    pub fn is_staff(self) -> bool {
        matches!(self, Call::Grid | Call::Desk | Call::Above)
    }
}

impl Pack {
    /// Who is called for an alarm.
    pub fn rungs(&self, home: bool, severity: u8) -> &[Rung] {
        let fits = self.ladder.iter().filter(|l| l.home == home && l.severity <= severity);
        fits.max_by_key(|l| l.severity).map_or(&[], |l| &l.rungs)
    }

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
