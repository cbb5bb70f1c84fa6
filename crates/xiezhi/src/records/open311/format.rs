//! One value, two forms: the XML and the JSON of GeoReport v2.
//!
//! What must stay true (strict clients break otherwise): XML has a declaration, no attributes, no namespaces and no white
//! space inside value elements; in JSON a container of repeated children is an array even with one child, lists are
//! arrays at the top, an element without content is null, flags are booleans.

use serde_json::{Map, Value as Json, json};

use crate::kit::Reply;

/// The form asked for, by the extension of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.xml`, and whatever names no form: it is the one that everybody must speak.
    Xml,
    /// `.json`
    Json,
}

impl Format {
    /// Reads the extension.
    pub fn of(extension: &str) -> Option<Format> {
        match extension {
            "xml" => Some(Format::Xml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// The form in which an error beneath this path is told.
    pub fn of_path(path: &str) -> Format {
        if path.ends_with(".json") { Format::Json } else { Format::Xml }
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An element without content.
    Empty,
    /// Text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A coordinate in 1e-7 degrees.
    Degrees(i64),
    /// Named values, in order.
    Record(Vec<(&'static str, Value)>),
    /// Values that each stand in an element of this name, inside one container.
    List(&'static str, Vec<Value>),
    /// The same element several times, without a container.
    Repeated(Vec<Value>),
    /// An element of the same name around each of them: a form that some clients expect of `media_url`.
    Nested(Vec<Value>),
}

impl Value {
    /// Text, or nothing.
    pub fn text(text: Option<impl Into<String>>) -> Value {
        match text.map(Into::into) {
            Some(t) if !t.is_empty() => Value::Text(t),
            _ => Value::Empty,
        }
    }

    fn json(&self) -> Json {
        match self {
            Value::Empty => Json::Null,
            Value::Text(t) => t.as_str().into(),
            Value::Flag(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Degrees(d) => json!(*d as f64 / 1e7),
            Value::Record(fields) => Json::Object(fields.iter().map(|(k, v)| ((*k).to_owned(), v.json())).collect::<Map<_, _>>()),
            Value::List(_, items) | Value::Repeated(items) | Value::Nested(items) => items.iter().map(Value::json).collect(),
        }
    }

    fn xml(&self, name: &str, out: &mut String) {
        let open = |out: &mut String| out.extend(["<", name, ">"]);
        match self {
            Value::Empty => {
                out.extend(["<", name, "/>"]);
                return;
            }
            Value::Repeated(items) => {
                items.iter().for_each(|i| i.xml(name, out));
                return;
            }
            _ => open(out),
        }
        match self {
            Value::Text(t) => escape(t, out),
            Value::Flag(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => out.push_str(&n.to_string()),
            Value::Degrees(d) => out.push_str(&degrees(*d)),
            Value::Record(fields) => fields.iter().for_each(|(k, v)| v.xml(k, out)),
            Value::List(child, items) => items.iter().for_each(|i| i.xml(child, out)),
            Value::Nested(items) => items.iter().for_each(|i| i.xml(name, out)),
            Value::Empty | Value::Repeated(_) => {}
        }
        out.extend(["</", name, ">"]);
    }
}

/// A coordinate as a plain decimal, never with an exponent.
pub fn degrees(e7: i64) -> String {
    let sign = if e7 < 0 { "-" } else { "" };
    format!("{sign}{}.{:07}", e7.abs() / 10_000_000, e7.abs() % 10_000_000)
}

/// Text as XML 1.0 allows it: what it cannot hold is left out.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

/// A whole document.
pub fn document(format: Format, root: &str, value: &Value) -> Reply {
    match format {
        Format::Json => Reply::of("application/json; charset=utf-8", value.json().to_string()),
        Format::Xml => {
            let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
            value.xml(root, &mut out);
            Reply::of("text/xml; charset=utf-8", out)
        }
    }
}

/// A list of errors: code and what is shown to the user.
pub fn errors(format: Format, all: &[(u16, String)]) -> Reply {
    let error = |(code, text): &(u16, String)| {
        Value::Record(vec![("code", Value::Int((*code).into())), ("description", Value::Text(text.clone()))])
    };
    document(format, "errors", &Value::List("error", all.iter().map(error).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(value: &Value) -> (String, String) {
        let text = |f| String::from_utf8(document(f, "r", value).body).unwrap();
        (text(Format::Xml).lines().nth(1).unwrap_or_default().to_owned(), text(Format::Json))
    }

    #[test]
    fn the_two_forms_map_as_the_standard_says() {
        let value = Value::Record(vec![
            ("t", Value::Text("a<b>&\u{1}c".into())),
            ("e", Value::Empty),
            ("f", Value::Flag(true)),
            ("n", Value::Int(3)),
            ("d", Value::Degrees(-1_234_567)),
            ("l", Value::List("i", vec![Value::Text("x".into())])),
            ("m", Value::Repeated(vec![Value::Text("1".into()), Value::Text("2".into())])),
            ("u", Value::Nested(vec![Value::Text("1".into())])),
        ]);
        let (xml, json) = both(&value);
        assert_eq!(
            xml,
            "<r><t>a&lt;b&gt;&amp;c</t><e/><f>true</f><n>3</n><d>-0.1234567</d><l><i>x</i></l><m>1</m><m>2</m><u><u>1</u></u></r>"
        );
        let json: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(
            json,
            json!({ "t": "a<b>&\u{1}c", "e": null, "f": true, "n": 3, "d": -0.123_456_7, "l": ["x"], "m": ["1", "2"], "u": ["1"] })
        );
        let (xml, json) = both(&Value::List("i", vec![]));
        assert_eq!((xml.as_str(), json.as_str()), ("<r></r>", "[]"));
    }

    #[test]
    fn a_text_of_line_breaks_survives() {
        let (xml, _) = both(&Value::List("i", vec![Value::Text("灯坏了；三楼\r\n".into())]));
        assert!(xml.starts_with("<r><i>灯坏了；三楼&#13;"));
    }
}
