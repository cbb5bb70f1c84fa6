//! Texts from the settings with values in them: `${name}` in an address, a body, a header.
//!
//! What must stay true: a value is written as its place demands, so none can become part of the text's own syntax; a
//! value is never looked through for names again; a name that nobody knows stays as it is.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::form::encode;

/// Puts values where their names stand.
pub fn fill<K: Borrow<str> + Ord>(text: &str, values: &BTreeMap<K, String>, escape: fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}').and_then(|(name, later)| Some((values.get(name)?, later))) {
            Some((value, later)) => {
                out.push_str(&escape(value));
                rest = later;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out + rest
}

/// The names that stand in a text.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Inside a JSON string.
pub fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As one value of a form or of a query.
pub fn form(value: &str) -> String {
    encode(value).replace('/', "%2F")
}

/// In a header.
pub fn header(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

/// As it is: for what is signed.
pub fn plain(value: &str) -> String {
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let values = BTreeMap::from([("text", "1\"}&a=b ${phone}".to_owned()), ("phone", "13800000001".to_owned())]);
        let body = fill(r#"{"to":"${phone}","text":"${text}","x":"${unknown}"}"#, &values, json);
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read, serde_json::json!({ "to": "13800000001", "text": "1\"}&a=b ${phone}", "x": "${unknown}" }));
        assert_eq!(fill("to=${phone}&text=${text}", &values, form), "to=13800000001&text=1%22%7D%26a%3Db%20%24%7Bphone%7D");
        assert_eq!(json("\"a\""), "\\\"a\\\"");
        assert_eq!(names("a${b}c${d").collect::<Vec<_>>(), ["b"]);
    }
}
