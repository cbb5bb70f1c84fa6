//! Data elements: what is held about people, how much harm it can do, who collects it in the first place.
//!
//! What must stay true: a value whose element is not here is shown to nobody and counts as grade 4. Every column that
//! holds such values has its element (`data/catalogue/columns.toml`, checked against the database by a test).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use calc::grade::Mask;
use serde::Deserialize;

use crate::kit::names::names;

/// One data element. The fields are those of `data/catalogue/elements.toml`, explained there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Element {
    pub code: String,
    pub class: Class,
    pub grade: u8,
    #[serde(deserialize_with = "mask")]
    pub mask: Mask,
    pub std: Option<String>,
    pub list: Option<String>,
    pub lead: Option<String>,
    #[serde(default)]
    pub share: Share,
    #[serde(default)]
    pub sensitive: bool,
}

names! {
    /// Whether it may be passed on to other departments (State Council Order 809).
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    Share { #[default] Conditional = "conditional", Unconditional = "unconditional", None = "none", }
    /// What it is about.
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    Class {
        #[default]
        Matter = "matter", Identity = "identity", Contact = "contact", Address = "address", Family = "family",
        Special = "special", Media = "media", Work = "work",
    }
}

fn mask<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Mask, D::Error> {
    let name = String::deserialize(from)?;
    Ok(match name.as_str() {
        "name" => Mask::Name,
        "phone" => Mask::Phone,
        "id" => Mask::IdNumber,
        "address" => Mask::Address,
        "text" => Mask::Text,
        "date" => Mask::Date,
        "whole" => Mask::Whole,
        _ => return Err(serde::de::Error::custom(format!("no mask {name}"))),
    })
}

/// A scheme of grades of others, and which of ours its levels stand for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "explained in the data file")]
pub struct Scheme {
    pub code: String,
    pub std: String,
    levels: Vec<SchemeLevel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeLevel {
    name: String,
    to: u8,
}

impl Scheme {
    /// What this scheme calls one of our grades; the highest it has, when it does not go as far.
    pub fn level(&self, grade: u8) -> &str {
        let fits = self.levels.iter().find(|l| grade <= l.to).or(self.levels.last());
        fits.map_or("", |l| &l.name)
    }
}

/// All elements, by code.
pub fn all() -> &'static BTreeMap<String, Element> {
    static ALL: OnceLock<BTreeMap<String, Element>> = OnceLock::new();
    ALL.get_or_init(|| {
        #[derive(Deserialize)]
        struct File {
            element: Vec<Element>,
        }
        // Embedded data, checked by a test: a mistake here stops the program at its first page.
        let file: File = toml::from_str(include_str!("../../../../../data/catalogue/elements.toml")).expect("elements.toml");
        file.element.into_iter().map(|e| (e.code.clone(), e)).collect()
    })
}

/// One element.
pub fn element(code: &str) -> Option<&'static Element> {
    all().get(code)
}

/// Grade of an element, 1 to 4; unknown ones count as 4.
pub fn grade_of(code: &str) -> u8 {
    element(code).map_or(4, |e| e.grade)
}

/// Schemes of grades of others.
pub fn schemes() -> &'static [Scheme] {
    static ALL: OnceLock<Vec<Scheme>> = OnceLock::new();
    ALL.get_or_init(|| {
        #[derive(Deserialize)]
        struct File {
            scheme: Vec<Scheme>,
        }
        let file: File = toml::from_str(include_str!("../../../../../data/catalogue/schemes.toml")).expect("schemes.toml");
        file.scheme
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::catalogue::codes;

    #[test]
    fn every_element_is_whole() {
        for (code, e) in all() {
            assert!((1..=4).contains(&e.grade), "{code}");
            assert!(!e.sensitive || e.grade == 4, "{code}: what is sensitive has the highest grade");
            assert!(e.grade < 4 || e.share == Share::None, "{code}: what does grave harm is not passed on");
            if let Some(list) = &e.list {
                assert!(codes::of(list).next().is_some(), "{code}: there is no code list {list}");
            }
            for scheme in schemes() {
                assert!(!scheme.level(e.grade).is_empty(), "{code} in {}", scheme.code);
            }
        }
        assert_eq!(grade_of("no.such"), 4);
    }
}
