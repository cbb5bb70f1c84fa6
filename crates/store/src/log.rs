//! Entries of the log: what an action hands in, and the canonical leaf that is hashed.
//!
//! What must stay true: a leaf is RFC 8785 canonical JSON (flat, ASCII keys in order, strings and integers only, plus
//! one array of digests) and holds **no personal value**. What an entry says about a person are its *elements*; each
//! enters the leaf as `SHA-256(0x02 ‖ salt ‖ canonical [name, value])` with a random salt of 32 bytes, so that any
//! subset of them can be disclosed later and checked against the same leaf, and none can be guessed from it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// What an action says happened.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a> {
    /// What was done, `room.verb`.
    pub act: &'a str,
    /// Kind of the thing it was done to.
    pub kind: &'a str,
    /// Id of that thing.
    pub obj: &'a str,
    /// Pseudonymous id of the person who acted.
    pub actor: Option<&'a str>,
    /// Role kind in which the person acted.
    pub role: Option<&'a str>,
    /// Organisation for which the person acted.
    pub party: Option<&'a str>,
    /// Area the thing belongs to.
    pub area: Option<&'a str>,
    /// Facts about the thing that are not personal: states, codes, ids. They lie open in the leaf as `x_<name>`.
    pub facts: Vec<(&'a str, Json)>,
    /// Whose key seals the elements. Required when there are elements.
    pub owner: Option<&'a str>,
    /// Personal values: strings or integers.
    pub elements: Vec<(&'a str, Json)>,
}

impl<'a> Entry<'a> {
    /// An entry about `obj`.
    pub fn new(act: &'a str, kind: &'a str, obj: &'a str) -> Entry<'a> {
        Entry { act, kind, obj, ..Entry::default() }
    }

    /// Adds an open fact.
    pub fn fact(mut self, name: &'a str, value: impl Into<Json>) -> Entry<'a> {
        self.facts.push((name, value.into()));
        self
    }

    /// Adds an open fact when there is one.
    pub fn fact_opt(self, name: &'a str, value: Option<impl Into<Json>>) -> Entry<'a> {
        match value {
            Some(v) => self.fact(name, v),
            None => self,
        }
    }

    /// Adds a personal value when there is one.
    pub fn element(mut self, name: &'a str, value: Option<impl Into<Json>>) -> Entry<'a> {
        if let Some(v) = value {
            self.elements.push((name, v.into()));
        }
        self
    }
}

/// One disclosed personal value: name, value, salt (base64). Order as in the receipt's `elements`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Element(pub String, pub Json, pub String);

/// Its name alone: what is written down while looking for a mistake names nobody.
impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_tuple("Element").field(&self.0).finish_non_exhaustive()
    }
}

impl Element {
    /// The digest that stands for it in the leaf; `None` when the salt is not base64 of 32 bytes.
    pub fn digest(&self) -> Option<String> {
        let salt = B64.decode(&self.2).ok().filter(|s| s.len() == 32)?;
        let text = canonical(&Json::Array(vec![Json::String(self.0.clone()), self.1.clone()])).ok()?;
        Some(B64.encode(Sha256::new().chain_update([2u8]).chain_update(salt).chain_update(text).finalize()))
    }
}

/// An entry as it was written: enough to build its receipt.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Position in the log, from 0.
    pub index: u64,
    /// Canonical text of the leaf.
    pub leaf: String,
    /// Its personal values with their salts.
    pub elements: Vec<Element>,
}

/// An entry as it is read back.
#[derive(Clone, Debug)]
pub struct Written {
    /// Position in the log.
    pub index: u64,
    /// Time of the server, milliseconds UTC.
    pub at: i64,
    /// What was done.
    pub act: String,
    /// The thing it was done to.
    pub obj: String,
    /// The leaf.
    pub leaf: Json,
    /// Its personal values, unless erased or not asked for.
    pub elements: Vec<Element>,
}

impl Written {
    /// An open fact as text.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.leaf.get(format!("x_{name}")).and_then(Json::as_str)
    }

    /// A field of the leaf as text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.leaf.get(name).and_then(Json::as_str)
    }

    /// A personal value as text.
    pub fn element(&self, name: &str) -> Option<&str> {
        self.elements.iter().find(|e| e.0 == name).and_then(|e| e.1.as_str())
    }

    /// A personal value that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.elements.iter().find(|e| e.0 == name).and_then(|e| e.1.as_i64())
    }
}

/// Writes RFC 8785 text. Accepts strings, booleans, null, arrays, objects with ASCII keys and integers up to 2^53;
/// anything else is refused rather than written in a form that another reader could canonicalise differently.
pub fn canonical(value: &Json) -> Result<String> {
    fn check(v: &Json) -> Result<()> {
        match v {
            Json::Number(n) => match n.as_i64() {
                Some(i) if i.unsigned_abs() <= 1 << 53 => Ok(()),
                _ => Err(Error::Shape(format!("number {n} has no canonical form here"))),
            },
            Json::Array(items) => items.iter().try_for_each(check),
            Json::Object(map) => map
                .iter()
                .try_for_each(|(k, v)| if k.is_ascii() { check(v) } else { Err(Error::Shape(format!("key {k} is not ASCII"))) }),
            _ => Ok(()),
        }
    }
    check(value)?;
    // serde_json escapes strings exactly as RFC 8785 wants, and its map is ordered by key (no `preserve_order` here).
    serde_json::to_string(value).map_err(|e| Error::Shape(e.to_string()))
}

/// Builds the leaf of an entry at its place in the log. `salts` gives 32 random bytes for each element.
pub(crate) fn build(entry: &Entry, log: &str, index: u64, at: i64, salts: &[u8]) -> Result<Logged> {
    if !entry.elements.is_empty() && entry.owner.is_none() {
        return Err(Error::Shape(format!("{} has personal elements but no owner", entry.act)));
    }
    let elements: Vec<Element> = entry
        .elements
        .iter()
        .zip(salts.chunks_exact(32))
        .map(|((name, value), salt)| Element((*name).to_owned(), value.clone(), B64.encode(salt)))
        .collect();
    let mut digests: Vec<String> = elements.iter().filter_map(Element::digest).collect();
    if digests.len() != entry.elements.len() {
        return Err(Error::Shape(format!("an element of {} has no canonical form", entry.act)));
    }
    digests.sort();
    let mut leaf: BTreeMap<String, Json> = BTreeMap::new();
    let mut put = |k: &str, v: Json| leaf.insert(k.to_owned(), v);
    put("v", 1.into());
    put("alg", "sha256".into());
    put("log", log.into());
    put("seq", index.into());
    put("at", at.into());
    put("act", entry.act.into());
    put("type", entry.kind.into());
    put("obj", entry.obj.into());
    for (name, value) in [("actor", entry.actor), ("role", entry.role), ("party", entry.party), ("area", entry.area)] {
        if let Some(value) = value {
            put(name, value.into());
        }
    }
    if !digests.is_empty() {
        put("body", digests.into());
    }
    for (name, value) in &entry.facts {
        put(&format!("x_{name}"), value.clone());
    }
    let leaf = canonical(&Json::Object(leaf.into_iter().collect()))?;
    Ok(Logged { index, leaf, elements })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_of_rfc8785_where_it_concerns_us() {
        let v: Json = serde_json::from_str(r#"{"b":"\u20ac$\u000f\nA'B\"\\\"/","a":[1,null,true,-9007199254740992]}"#).unwrap();
        assert_eq!(canonical(&v).unwrap(), r#"{"a":[1,null,true,-9007199254740992],"b":"€$\u000f\nA'B\"\\\"/"}"#);
        assert!(canonical(&serde_json::json!(1.5)).is_err());
        assert!(canonical(&serde_json::json!(9007199254740993u64)).is_err());
        assert!(canonical(&serde_json::json!({"é": 1})).is_err());
    }

    #[test]
    fn a_leaf_holds_digests_and_no_value() {
        let entry = Entry { owner: Some("p"), ..Entry::new("case.report", "case", "c1") }
            .element("text", Some("王秀英家漏水"))
            .element("phone", Some("13812345678"))
            .fact("state", "received");
        let logged = build(&entry, "xiezhi/00", 5, 1000, &[1; 64]).unwrap();
        assert!(!logged.leaf.contains("王秀英") && !logged.leaf.contains("138"));
        assert!(logged.leaf.starts_with(r#"{"act":"case.report","alg":"sha256","at":1000,"body":["#));
        for e in &logged.elements {
            assert!(logged.leaf.contains(&e.digest().unwrap()));
        }
        assert!(build(&Entry { owner: None, ..entry }, "x", 0, 0, &[1; 64]).is_err());
    }
}
