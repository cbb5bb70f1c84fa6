//! A partner system for the stories about Open311: it sends forms, and reads answers as strictly as any client in use.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value as Json, json};

use super::world::{Answer, Client, World};
use xiezhi::kit::form::encode;

/// An element as a strict client reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub name: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    pub fn names(&self) -> Vec<&str> {
        self.children.iter().map(|c| c.name.as_str()).collect()
    }
    pub fn child(&self, name: &str) -> &Node {
        self.children.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
    pub fn has(&self, name: &str) -> bool {
        self.children.iter().any(|c| c.name == name)
    }
    pub fn text_of(&self, name: &str) -> &str {
        &self.child(name).text
    }
    pub fn path(&self, path: &[&str]) -> &Node {
        path.iter().fold(self, |n, name| n.child(name))
    }
}

/// Parses and checks what breaks simple parsers: declaration, no attributes, no namespaces, no white space around values.
pub fn xml(answer: &Answer) -> Node {
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"), "{}", answer.text);
    let text = &answer.text;
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<"), "{text}");
    let mut reader = Reader::from_str(text);
    let mut stack = vec![Node { name: String::new(), text: String::new(), children: Vec::new() }];
    let open = |e: &quick_xml::events::BytesStart| {
        assert_eq!(e.attributes().count(), 0, "attributes in {text}");
        let name = String::from_utf8(e.name().as_ref().to_vec()).unwrap();
        assert!(!name.contains(':'), "namespace in {text}");
        Node { name, text: String::new(), children: Vec::new() }
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) => stack.push(open(&e)),
            Event::Empty(e) => stack.last_mut().unwrap().children.push(open(&e)),
            Event::End(_) => {
                let node = stack.pop().unwrap();
                assert!(node.text.is_empty() || node.children.is_empty(), "text between elements of {}", node.name);
                assert_eq!(node.text, node.text.trim(), "blanks around {}", node.name);
                stack.last_mut().unwrap().children.push(node);
            }
            Event::Text(t) if stack.len() > 1 => stack.last_mut().unwrap().text.push_str(&t.decode().unwrap()),
            Event::GeneralRef(r) => {
                let c = r.resolve_char_ref().unwrap().map(String::from);
                let name = r.decode().unwrap();
                let c = c.unwrap_or_else(|| quick_xml::escape::resolve_predefined_entity(&name).unwrap().to_owned());
                stack.last_mut().unwrap().text.push_str(&c);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(stack.len(), 1);
    let mut root = stack.pop().unwrap().children;
    assert_eq!(root.len(), 1);
    root.remove(0)
}

/// JSON with its media type.
pub fn json_of(answer: &Answer) -> Json {
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"), "{}", answer.text);
    answer.json()
}

/// Status and codes of an error, read in both forms with the same result.
pub fn errors(answer: &Answer) -> (u16, usize) {
    if answer.header("content-type").unwrap().contains("json") {
        let list = json_of(answer);
        let list = list.as_array().unwrap();
        assert!(
            !list.is_empty()
                && list.iter().all(|e| e["code"].as_u64().unwrap() >= 400 && !e["description"].as_str().unwrap().is_empty())
        );
        return (answer.status, list.len());
    }
    let root = xml(answer);
    assert_eq!(root.name, "errors");
    for error in &root.children {
        assert_eq!((error.name.as_str(), error.names()), ("error", vec!["code", "description"]));
        assert!(!error.text_of("description").is_empty() && !error.text_of("description").contains('⟦'), "{error:?}");
        assert!(error.text_of("code").parse::<u16>().unwrap() >= 400);
    }
    (answer.status, root.children.len())
}

/// A form.
pub fn form(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(k, v)| format!("{}={}", encode(k).replace('/', "%2F"), encode(v).replace('/', "%2F")))
        .collect::<Vec<_>>()
        .join("&")
}

/// Dates as the standard writes them.
pub fn is_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    matches!(shape.as_str(), "0000-00-00T00:00:00Z" | "0000-00-00T00:00:00+00:00" | "0000-00-00T00:00:00-00:00")
}

/// A partner with a key.
pub struct Partner {
    pub client: Client,
    pub key: String,
}

impl Partner {
    /// The administrator gives out a key.
    pub fn new(w: &mut World, more: Json) -> Partner {
        let mut body = json!({ "name": "partner", "purpose": "test" });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let made = w.client(Some("admin")).post("/admin/open311/keys", &body);
        assert_eq!(made.status, 201, "{}", made.text);
        let key = made.json()["key"].as_str().unwrap().to_owned();
        assert!(xiezhi::records::open311::is_id(&key));
        Partner { client: w.client(None), key }
    }

    pub fn get(&self, call: &str) -> Answer {
        self.client.get_as(&format!("/open311/v2/{call}"), "*/*")
    }

    pub fn send(&self, call: &str, pairs: &[(&str, &str)]) -> Answer {
        let kind = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.client.post_raw(&format!("/open311/v2/{call}"), &kind, form(pairs).as_bytes())
    }

    /// Sends with the key.
    pub fn post(&self, call: &str, pairs: &[(&str, &str)]) -> Answer {
        let all: Vec<(&str, &str)> = [("api_key", self.key.as_str())].into_iter().chain(pairs.iter().copied()).collect();
        self.send(call, &all)
    }

    /// Files a request and gives its id.
    pub fn file(&self, pairs: &[(&str, &str)]) -> String {
        let made = self.post("requests.json", pairs);
        assert_eq!(made.status, 201, "{}", made.text);
        json_of(&made)[0]["service_request_id"].as_str().unwrap().to_owned()
    }

    /// One request as JSON.
    pub fn request(&self, id: &str) -> Json {
        let answer = self.get(&format!("requests/{id}.json?api_key={}", self.key));
        assert_eq!(answer.status, 200, "{}", answer.text);
        json_of(&answer)[0].clone()
    }
}
