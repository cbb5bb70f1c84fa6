//! The fields of a resource, and whether a row fits them. Pure.
//!
//! What must stay true: a value that does not fit is refused, never mended by a guess: only blanks and full-width characters
//! of codes are set right; a field that nobody named is not kept.

use std::collections::BTreeMap;

use calc::codes::{half_width, id_valid, uscc_valid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::catalogue::{codes, element};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::{Error, Result};

/// Characters of a value, and of what a field is called.
pub const VALUE: usize = 2_000;
const LABEL: usize = 60;

names! {
    /// What a field holds.
    Type {
        Text = "text", Number = "number", Date = "date", Code = "code", Flag = "flag",
        /// Number of an identity card (GB 11643).
        Id = "id",
        /// Unified social credit code (GB 32100).
        Uscc = "uscc",
        /// Code of an area.
        Area = "area",
    }
}

/// A field of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// Names its values for ever.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Element of the catalogue that it is, if it is one.
    pub element: Option<String>,
    /// See [`Type`].
    #[serde(rename = "type")]
    pub kind: String,
    /// What a number counts.
    pub unit: Option<String>,
    /// Code list (`data/codes`).
    pub list: Option<String>,
    /// 1 no harm … 4 grave harm; that of its element when it is one.
    pub grade: u8,
    /// It is in every row.
    pub required: bool,
    /// It tells rows apart.
    pub key: bool,
    /// This provider collects it for all others (一数一源).
    pub lead: bool,
}

impl Field {
    /// What it holds.
    pub fn kind(&self) -> Type {
        Type::parse(&self.kind).unwrap_or(Type::Text)
    }

    /// Whether its values are somebody's own: sealed, and recorded when they are read.
    pub fn is_personal(&self) -> bool {
        self.grade >= 2
    }
}

/// Values of a row, by field.
pub type Values = BTreeMap<String, String>;

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// Line of the file, or place in the list; the first is 1.
    pub line: u64,
    /// Which field.
    pub field: String,
    /// See [`CODES`].
    pub code: String,
}

/// Why a value is refused; texts are `share-fault-<code>`.
pub const CODES: [&str; 7] = ["missing", "type", "code", "check-digit", "future", "duplicate", "too-long"];

/// Checks what a provider says of its fields, and completes it from the catalogue.
pub fn whole(mut fields: Vec<Field>, most: usize) -> Result<Vec<Field>> {
    if fields.is_empty() {
        return Err(Kind::Missing.at("fields"));
    }
    if fields.len() > most {
        return Err(Kind::TooMany.at("fields").limit(most as i64));
    }
    let mut seen = std::collections::BTreeSet::new();
    for f in &mut fields {
        let at = |kind: Kind| -> Error { kind.at(format!("fields {}", f.name)) };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if f.name.is_empty() || f.name.len() > LABEL || !f.name.chars().all(plain) || !seen.insert(f.name.clone()) {
            return Err(at(Kind::Unknown));
        }
        if f.title.trim().is_empty() || f.title.chars().count() > LABEL {
            return Err(at(Kind::Missing));
        }
        f.element = f.element.take().filter(|e| !e.is_empty());
        if let Some(code) = &f.element {
            let e = element(code).ok_or_else(|| at(Kind::Unknown))?;
            f.grade = e.grade;
            f.list = f.list.take().or_else(|| e.list.clone());
        }
        f.list = f.list.take().filter(|l| !l.is_empty());
        if f.kind.is_empty() {
            f.kind = if f.list.is_some() { "code" } else { "text" }.into();
        }
        let kind = Type::parse(&f.kind).ok_or_else(|| at(Kind::Unknown))?;
        if kind == Type::Code && f.list.as_ref().is_none_or(|l| codes::of(l).next().is_none()) {
            return Err(at(Kind::Unknown));
        }
        // A number of an identity card is never harmless.
        let least = if kind == Type::Id { 3 } else { 1 };
        f.grade = f.grade.max(least);
        if f.grade > 4 {
            return Err(at(Kind::OutOfRange));
        }
        // The lead of something that the catalogue does not know is nothing that others could look up.
        f.lead &= f.element.is_some();
    }
    if !fields.iter().any(|f| f.key) {
        return Err(Kind::Missing.at("key"));
    }
    fields.iter_mut().filter(|f| f.key).for_each(|f| f.required = true);
    Ok(fields)
}

/// A value as it is kept, or why it is none.
pub fn value(field: &Field, text: &str, today: &str) -> std::result::Result<String, &'static str> {
    let text = crate::kit::input::clean(text);
    let text = text.trim();
    if text.chars().count() > VALUE {
        return Err("too-long");
    }
    let narrow = || -> String { text.chars().filter(|c| !c.is_whitespace()).map(half_width).collect::<String>().to_uppercase() };
    match field.kind() {
        Type::Text => Ok(text.to_owned()),
        Type::Number => {
            let narrow = narrow();
            let fine = narrow.len() <= 30 && narrow.parse::<f64>().is_ok_and(f64::is_finite);
            if fine { Ok(narrow) } else { Err("type") }
        }
        Type::Date => {
            let day: jiff::civil::Date = narrow().get(..10).unwrap_or_default().replace('/', "-").parse().map_err(|_| "type")?;
            let day = day.to_string();
            if day.as_str() > today { Err("future") } else { Ok(day) }
        }
        Type::Code => {
            let list = field.list.as_deref().unwrap_or_default();
            codes::meant(list, text).map(|c| c.code.clone()).ok_or("code")
        }
        Type::Flag => match narrow().as_str() {
            "1" | "TRUE" | "是" | "有" | "YES" => Ok("1".into()),
            "0" | "FALSE" | "否" | "无" | "NO" => Ok("0".into()),
            _ => Err("type"),
        },
        Type::Id => Some(narrow()).filter(|id| id_valid(id)).ok_or("check-digit"),
        Type::Uscc => Some(narrow()).filter(|code| uscc_valid(code)).ok_or("check-digit"),
        Type::Area => Some(narrow()).filter(|c| c.len() <= 20 && c.starts_with(|d: char| d.is_ascii_digit())).ok_or("type"),
    }
}

/// The values of a row that fits, or all that is wrong with it.
pub fn row(fields: &[Field], given: &Values, today: &str) -> std::result::Result<Values, Vec<(String, &'static str)>> {
    let (mut out, mut faults) = (Values::new(), Vec::new());
    for f in fields {
        let text = given.get(&f.name).map(|t| t.trim()).filter(|t| !t.is_empty());
        match text.map(|t| value(f, t, today)) {
            None if f.required => faults.push((f.name.clone(), "missing")),
            None => {}
            Some(Err(code)) => faults.push((f.name.clone(), code)),
            Some(Ok(value)) => {
                out.insert(f.name.clone(), value);
            }
        }
    }
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

/// What tells a row from all others of its resource.
pub fn key_of(fields: &[Field], values: &Values) -> String {
    let parts = fields.iter().filter(|f| f.key).map(|f| values.get(&f.name).map_or("", String::as_str));
    parts.collect::<Vec<_>>().join("\u{1f}")
}

/// The code of the area that a row is of.
pub fn place_of<'v>(fields: &[Field], values: &'v Values) -> Option<&'v str> {
    let field = fields.iter().find(|f| f.kind() == Type::Area)?;
    values.get(&field.name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(name: &str, kind: &str) -> Field {
        Field { name: name.into(), title: name.into(), kind: kind.into(), key: true, ..Field::default() }
    }

    #[test]
    fn what_a_provider_says_of_its_fields_is_completed_from_the_catalogue() {
        let all =
            whole(vec![Field { element: Some("register.sex".into()), kind: String::new(), ..field("sex", "") }], 9).unwrap();
        assert_eq!((all[0].kind.as_str(), all[0].list.as_deref(), all[0].required), ("code", Some("sex"), true));
        assert_eq!(whole(vec![field("id", "id")], 9).unwrap()[0].grade, 3);
        let lead = Field { lead: true, ..field("x", "text") };
        assert!(!whole(vec![lead], 9).unwrap()[0].lead, "nobody could look it up");
        for bad in [
            vec![],
            vec![field("a", "text"), field("a", "text")],
            vec![field("A b", "text")],
            vec![field("a", "blob")],
            vec![Field { list: Some("no-such".into()), ..field("a", "code") }],
            vec![Field { element: Some("no.such".into()), ..field("a", "text") }],
            vec![Field { key: false, ..field("a", "text") }],
            vec![Field { grade: 5, ..field("a", "text") }],
            vec![field("a", "text"); 10],
        ] {
            assert!(whole(bad.clone(), 9).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_row_is_refused_for_each_thing_that_is_wrong_with_it() {
        let fields = vec![
            field("id", "id"),
            Field { key: false, ..field("born", "date") },
            Field { key: false, list: Some("sex".into()), ..field("sex", "code") },
            Field { key: false, ..field("n", "number") },
            Field { key: false, ..field("firm", "uscc") },
        ];
        let fields = whole(fields, 9).unwrap();
        let of = |pairs: &[(&str, &str)]| {
            let given: Values = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            row(&fields, &given, "2026-03-04")
        };
        let good =
            of(&[("id", " 11010519491231002x"), ("born", "1949/12/31"), ("sex", "女"), ("n", "３"), ("other", "x")]).unwrap();
        assert_eq!((good["id"].as_str(), good["born"].as_str(), good["sex"].as_str()), ("11010519491231002X", "1949-12-31", "2"));
        assert!(good["n"] == "3" && !good.contains_key("other"), "what nobody named is not kept");
        let bad = of(&[("born", "2026-03-05"), ("sex", "9x"), ("n", "many"), ("firm", "91350100M000100Y44")]).unwrap_err();
        let codes: Vec<&str> = bad.iter().map(|(_, c)| *c).collect();
        assert_eq!(codes, ["missing", "future", "code", "type", "check-digit"]);
        assert!(codes.iter().all(|c| CODES.contains(c)));
        assert_eq!(of(&[("id", "110105194912310021")]).unwrap_err()[0].1, "check-digit");
        assert_eq!(key_of(&fields, &good), "11010519491231002X");
    }

    proptest! {
        /// Whatever comes in: a value that is kept is kept as it is when it comes again.
        #[test]
        fn what_is_kept_stays_the_same(text in "\\PC{0,30}", kind in 0..8_usize) {
            let f = Field { list: Some("sex".into()), ..field("a", Type::ALL[kind].as_str()) };
            if let Ok(kept) = value(&f, &text, "2026-03-04") {
                prop_assert_eq!(value(&f, &kept, "2026-03-04"), Ok(kept.clone()));
            }
        }
    }
}
