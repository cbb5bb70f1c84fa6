//! What is said of services, organisations and places besides their columns: kept as JSON, the same shape on every way in.
//!
//! What must stay true: a field that is not known is absent, never an empty word; addresses of the web begin with `http://` or
//! `https://` ([`link`]); an id within is one that came with a package, the others are derived ([`super::derived`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hours::{Closure, Schedule};
use crate::kit::input::clean;

/// Characters of a description.
pub const ABOUT: usize = 8_000;
/// Characters of a short text.
pub const SHORT: usize = 500;
/// Entries of one list within a service (phones, schedules, documents, …).
pub const MANY: usize = 60;

/// What is said of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of HSDS, and ours beneath")]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How to apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fees: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpretation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accreditations: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<String>,
    /// Words it is found by, besides its name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The programme it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Closure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<Language>,
    /// Codes of what is there for people who need it: ramp, lift, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacities: Vec<Capacity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<String>,
    /// Names of the areas it serves, as a package said them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// What it is filed under: ids of terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<String>,
    #[serde(skip_serializing_if = "Eligibility::is_open")]
    pub eligibility: Eligibility,
    /// Code of the item in the list of government services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// Who may have it, as conditions and in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Eligibility {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_to: Option<i64>,
    /// Whether one must live in the area of the service.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lives_here: bool,
    /// One of these needs (codes of the list `tag`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Eligibility {
    /// For everybody.
    pub fn is_open(&self) -> bool {
        *self == Eligibility::default()
    }

    /// Whether any condition can be looked at.
    pub fn has_conditions(&self) -> bool {
        self.age_from.is_some() || self.age_to.is_some() || self.lives_here || !self.tags.is_empty()
    }
}

/// A programme.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Program {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    #[serde(default)]
    pub about: String,
}

/// A number that anybody may call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Phone {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// voice, text, fax, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// What it costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Cost {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// In hundredths of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// What to bring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The element that says the same (`register.…`): of whom it is held, he need not bring it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// A language or dialect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Language {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    /// ISO 639.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// How much there is of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Capacity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub unit: String,
    pub available: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// When that was said, in milliseconds.
    pub updated: i64,
}

/// What is said of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of HSDS")]
pub struct OrgDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternate: Option<String>,
    pub about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i64>,
    /// Unified social credit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<String>,
}

/// What is said of a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of HSDS")]
pub struct PlaceDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How to get there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// physical, postal, virtual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Street, number, floor, room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<Language>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Closure>,
}

/// What is said of a service at one place only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of HSDS")]
pub struct AtDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
}

/// A text of others: without what nobody sees and blanks around it, at most so long; none when nothing is left.
pub fn words(text: &str, most: usize) -> Option<String> {
    let text: String = clean(text).trim().chars().take(most).collect();
    Some(text.trim_end().to_owned()).filter(|t| !t.is_empty())
}

/// An address of the web; none for anything that a browser would do something else with.
pub fn link(text: &str) -> Option<String> {
    let text = words(text, SHORT)?;
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or(lower.strip_prefix("http://"))?;
    let plain =
        !rest.is_empty() && !rest.starts_with('/') && !text.contains(|c: char| c.is_whitespace() || "\"'<>\\`{}|^".contains(c));
    plain.then_some(text)
}

/// An address of mail.
pub fn email(text: &str) -> Option<String> {
    let text = words(text, 200)?;
    let (name, host) = text.split_once('@')?;
    let part = |p: &str| !p.is_empty() && !p.starts_with('.') && !p.ends_with('.') && !p.contains("..");
    let fits = part(name)
        && part(host)
        && host.contains('.')
        && text.is_ascii()
        && !text.contains(|c: char| c.is_ascii_whitespace() || "\"<>(),:;[]\\".contains(c));
    (fits && !host.contains('@')).then_some(text)
}

/// A number to call: digits with the signs that people write between them.
pub fn phone(text: &str) -> Option<String> {
    let text = words(text, 40)?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    ((3..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +-()（）转*#.x".contains(c))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_partners_send_is_a_text_or_nothing() {
        assert_eq!(link("https://example.org/a?b=1").as_deref(), Some("https://example.org/a?b=1"));
        for bad in
            ["javascript:alert(1)", "data:text/html,x", "//evil", "https://", "https://a\"onclick=x", "http:///x", "ftp://a", " "]
        {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert_eq!(words(" a\u{202e}b\u{0} ", 9).as_deref(), Some("ab"));
        assert_eq!((email("a@b.cn").is_some(), email("a@b").is_some(), email("<a@b.cn>").is_some()), (true, false, false));
        assert_eq!(phone("0514-8000 0000 转 12").as_deref(), Some("0514-8000 0000 转 12"));
        assert_eq!((phone("javascript"), phone("12"), phone("1380000<b>")), (None, None, None));
    }
}
