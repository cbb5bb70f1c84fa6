//! What is known of one person or organisation: values with where they come from, and tags.
//!
//! What must stay true: values are sealed together under the key of whom they are about; nothing here can be printed; a
//! value leaves this room only as a [`Graded`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::catalogue::{self, Graded};
use crate::kit::names::names;
use crate::kit::time::Ms;

names! {
    /// Where a value comes from.
    Source { Department = "department", Visit = "visit", Paper = "paper", Said = "said", File = "file", }
}

impl Source {
    /// How far it is trusted where two records of one person differ: the lower, the further.
    pub fn rank(self) -> u8 {
        match self {
            Source::Department => 0,
            Source::Visit => 1,
            Source::Paper | Source::Said => 2,
            Source::File => 3,
        }
    }
}

impl Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Source, D::Error> {
        let text = String::deserialize(from)?;
        Source::parse(&text).ok_or_else(|| serde::de::Error::custom("no source"))
    }
}

/// A value.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Value {
    #[serde(rename = "v")]
    pub text: String,
    #[serde(rename = "s")]
    pub source: Source,
    /// Since when it is known.
    #[serde(rename = "t")]
    pub at: Ms,
}

/// That somebody needs something, for what that is kept, and for how long.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub code: String,
    /// Purpose it is kept for.
    pub purpose: String,
    pub since: Ms,
    /// When it ends by itself.
    pub until: Ms,
    /// How he, or who cares for him, agreed.
    pub consent: String,
}

/// Everything that is known of one.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    #[serde(rename = "v", default)]
    values: BTreeMap<String, Value>,
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
}

/// What every element of this room begins with; it is not stored.
pub(super) const PREFIX: &str = "register.";

impl Values {
    pub(super) fn get(&self, element: &str) -> Option<&Value> {
        self.values.get(element.strip_prefix(PREFIX)?)
    }

    pub(super) fn text(&self, element: &str) -> Option<&str> {
        self.get(element).map(|v| v.text.as_str())
    }

    /// Puts a value; an empty one takes it away. False when that changes nothing.
    pub(super) fn put(&mut self, element: &str, text: &str, source: Source, at: Ms) -> bool {
        let Some(name) = element.strip_prefix(PREFIX) else { return false };
        if text.is_empty() {
            return self.values.remove(name).is_some();
        }
        let old = self.values.insert(name.to_owned(), Value { text: text.to_owned(), source, at });
        old.is_none_or(|o| o.text != text)
    }

    /// Elements that are known, with their codes of the catalogue.
    pub(super) fn elements(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().filter_map(|(name, value)| Some((code(name)?, value)))
    }

    /// Tags that hold now.
    pub(super) fn tags_at(&self, now: Ms) -> impl Iterator<Item = &Tag> {
        self.tags.iter().filter(move |t| t.until > now)
    }

    /// A value that can go out.
    pub(super) fn graded(&self, element: &'static str, owner: &str) -> Option<Graded> {
        self.text(element).map(|text| Graded::new(element, owner, text.to_owned()))
    }

    /// Two records of one person as one: of each value the more trusted, of these the newer.
    pub(super) fn joined(&self, other: &Values) -> Values {
        let mut out = self.clone();
        for (name, value) in &other.values {
            let better = |old: &Value| (value.source.rank(), -value.at) < (old.source.rank(), -old.at);
            if out.values.get(name).is_none_or(better) {
                out.values.insert(name.clone(), value.clone());
            }
        }
        for tag in &other.tags {
            if !out.tags.iter().any(|t| t.code == tag.code && t.until >= tag.until) {
                out.tags.retain(|t| t.code != tag.code);
                out.tags.push(tag.clone());
            }
        }
        out
    }
}

/// The code of an element in the catalogue, from its name in here.
fn code(name: &str) -> Option<&'static str> {
    let full = format!("{PREFIX}{name}");
    catalogue::element(&full).map(|e| e.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_takes_the_more_trusted_then_the_newer_and_is_the_same_either_way() {
        let mut a = Values::default();
        let mut b = Values::default();
        a.put("register.name", "王丽", Source::Department, 10);
        b.put("register.name", "王莉", Source::Said, 20);
        a.put("register.phone", "13800000001", Source::Said, 10);
        b.put("register.phone", "13800000002", Source::Said, 20);
        b.put("register.work", "教师", Source::File, 5);
        for one in [a.joined(&b), b.joined(&a)] {
            assert_eq!(one.text("register.name"), Some("王丽"));
            assert_eq!(one.text("register.phone"), Some("13800000002"));
            assert_eq!(one.text("register.work"), Some("教师"));
        }
    }

    #[test]
    fn what_is_sealed_comes_back() {
        let mut a = Values::default();
        assert!(a.put("register.name", "王丽", Source::Visit, 10));
        assert!(!a.put("register.name", "王丽", Source::Visit, 11), "said again, not changed");
        assert!(!a.put("person.name", "王丽", Source::Visit, 11), "of another room");
        let text = serde_json::to_string(&a).unwrap();
        assert!(serde_json::from_str::<Values>(&text).unwrap() == a);
        assert!(a.put("register.name", "", Source::Visit, 12) && a.elements().next().is_none());
    }
}
