//! Answers of other systems: XML or JSON, as flat records.
//!
//! What must stay true: nothing in a foreign answer can make us do more than read it once: document types and entities
//! are refused, depth and number of elements are bounded; fields of the wrong kind are absent, not an error.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::Value as Json;

use super::super::format::Format;
use crate::kit::outbound::Trouble;

/// Deepest nesting.
const DEPTH: usize = 16;
/// Most elements of an answer.
const ELEMENTS: usize = 100_000;
/// Most records that are read.
const RECORDS: usize = 5000;
/// Longest value, in characters; the rest is cut off.
const VALUE: usize = 8000;

/// One record: names and their values, repeated ones in order.
pub type Record = BTreeMap<String, Vec<String>>;

/// First value of a field, when it is not empty.
pub fn field<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    record.get(name)?.iter().map(|v| v.trim()).find(|v| !v.is_empty())
}

/// The records called `item` of an answer.
pub fn records(format: Format, bytes: &[u8], item: &str) -> Result<Vec<Record>, Trouble> {
    let wrong = |why: &str| Trouble::passing("answer", why.to_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("not UTF-8"))?.trim_start_matches('\u{feff}');
    match format {
        Format::Xml => xml(text, item).map_err(|e| wrong(&e)),
        Format::Json => {
            let json: Json = serde_json::from_str(text).map_err(|e| wrong(&e.to_string()))?;
            Ok(json_records(&json))
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE).collect()
}

fn xml(text: &str, item: &str) -> Result<Vec<Record>, String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut out: Vec<Record> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    // Depth of the record that is being read, and the text of the innermost element.
    let (mut inside, mut words, mut elements) = (None, String::new(), 0);
    let mut leaf = false;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::DocType(_) => return Err("a document type is not accepted".into()),
            Event::Start(e) => {
                elements += 1;
                let name = String::from_utf8_lossy(e.local_name().as_ref()).into_owned();
                if path.len() >= DEPTH || elements > ELEMENTS {
                    return Err("too deep or too large".into());
                }
                if inside.is_none() && name == item {
                    if out.len() >= RECORDS {
                        return Ok(out);
                    }
                    inside = Some(path.len());
                    out.push(Record::new());
                }
                path.push(name);
                words.clear();
                leaf = true;
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                match inside {
                    Some(depth) if path.len() == depth => inside = None,
                    Some(depth) if leaf => {
                        // A value, or one of several inside an element of a name: they belong to the outer name.
                        let name = path.get(depth + 1).cloned().unwrap_or(name);
                        if let Some(record) = out.last_mut() {
                            record.entry(name).or_default().push(cut(words.trim()));
                        }
                    }
                    _ => {}
                }
                words.clear();
                leaf = false;
            }
            Event::Text(t) => words.push_str(&t.decode().map_err(|e| e.to_string())?),
            Event::CData(t) => words.push_str(&t.decode().map_err(|e| e.to_string())?),
            Event::GeneralRef(r) => match r.resolve_char_ref().map_err(|e| e.to_string())? {
                Some(c) => words.push(c),
                None => {
                    let name = r.decode().map_err(|e| e.to_string())?;
                    words.push_str(resolve_predefined_entity(&name).ok_or("an entity is not accepted")?);
                }
            },
            Event::Eof if path.is_empty() && elements > 0 => return Ok(out),
            Event::Eof => return Err("the answer ends too soon".into()),
            _ => {}
        }
    }
}

fn json_records(json: &Json) -> Vec<Record> {
    let items = match json {
        Json::Array(items) => items.as_slice(),
        // Some put the list into an object, as in XML.
        Json::Object(map) => match map.values().find_map(Json::as_array) {
            Some(items) => items.as_slice(),
            None => std::slice::from_ref(json),
        },
        _ => return Vec::new(),
    };
    items
        .iter()
        .take(RECORDS)
        .filter_map(Json::as_object)
        .map(|o| o.iter().map(|(k, v)| (k.clone(), values(v, 0))).collect())
        .collect()
}

fn values(json: &Json, depth: usize) -> Vec<String> {
    match json {
        Json::String(s) => vec![cut(s)],
        Json::Number(n) => vec![n.to_string()],
        Json::Bool(b) => vec![b.to_string()],
        Json::Array(items) if depth < 3 => items.iter().take(100).flat_map(|i| values(i, depth + 1)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Record>, Trouble> {
        records(Format::Xml, text.as_bytes(), "request_update")
    }

    #[test]
    fn all_three_ways_to_send_addresses_are_read() {
        let text = "<?xml version=\"1.0\"?><service_request_updates><request_update><update_id>7</update_id><media_url>a</media_url>\
            <media_url><media_url>b</media_url><media_url>c&amp;d</media_url></media_url><description><![CDATA[<灯>]]>&#x4fee;</description>\
            <extra/></request_update><request_update><update_id>8</update_id></request_update></service_request_updates>";
        let all = of(text).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0]["media_url"], ["a", "b", "c&d"]);
        assert_eq!((field(&all[0], "description"), field(&all[0], "extra")), (Some("<灯>修"), None));
        let json = r#"[{"update_id":7,"media_url":["a","b"],"status":null,"x":{"y":1}},5]"#;
        let all = records(Format::Json, json.as_bytes(), "request_update").unwrap();
        assert_eq!((all.len(), field(&all[0], "update_id"), field(&all[0], "status")), (1, Some("7"), None));
    }

    #[test]
    fn hostile_answers_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;\">]><r><request_update><d>&b;</d></request_update></r>";
        assert!(of(bomb).unwrap_err().text.contains("document type"));
        assert!(of("<r><request_update><d>&xxe;</d></request_update></r>").is_err());
        assert!(of(&"<a>".repeat(200_000)).is_err(), "depth");
        assert!(of(&format!("<r>{}</r>", "<a></a>".repeat(200_000))).is_err(), "number");
        for broken in ["", "no xml", "<r>", "<r></x>", "<r><request_update>"] {
            assert!(of(broken).is_err(), "{broken}");
        }
        assert!(records(Format::Json, "[".repeat(100_000).as_bytes(), "x").is_err());
        assert!(records(Format::Json, b"\xff", "x").is_err());
        assert_eq!(records(Format::Json, b"7", "x").unwrap(), Vec::<Record>::new());
    }
}
