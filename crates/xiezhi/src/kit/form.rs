//! Bodies of requests as they arrive: form fields and files, already bounded by the edge.

/// An uploaded file.
#[derive(Clone, Debug)]
pub struct File {
    /// Field it came in.
    pub field: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Fields of a form or of a query string, in order, with repetitions.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Names and values.
    pub fields: Vec<(String, String)>,
    /// Files.
    pub files: Vec<File>,
}

impl Form {
    /// Parses `a=b&c=d`. Bytes that are not UTF-8 become U+FFFD, they are never an error.
    pub fn parse(text: &str) -> Form {
        let fields = text
            .split('&')
            .filter(|p| !p.is_empty())
            .map(|pair| {
                let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(k), decode(v))
            })
            .collect();
        Form { fields, files: Vec::new() }
    }

    /// First value of a field, without surrounding blanks; `None` when missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(k, v)| k == name && !v.trim().is_empty()).map(|(_, v)| v.trim())
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = || bytes.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        match bytes[i] {
            b'+' => out.push(b' '),
            b'%' => match hex() {
                Some(b) => {
                    out.push(b);
                    i += 2;
                }
                None => out.push(b'%'),
            },
            b => out.push(b),
        }
        i += 1;
    }
    // No database keeps a NUL in a text, and nobody means one.
    out.retain(|b| *b != 0);
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes a text for use inside a query.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(b as char),
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_browsers_send() {
        let f = Form::parse("a=%E6%A5%BC+%E9%81%93&b=1&b=2&c=&d=100%&e=%zz");
        assert_eq!(f.get("a"), Some("楼 道"));
        assert_eq!(f.all("b").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(f.get("c"), None);
        assert_eq!((f.get("d"), f.get("e")), (Some("100%"), Some("%zz")));
        assert_eq!(Form::parse(&format!("x={}", encode("楼 道&=%"))).get("x"), Some("楼 道&=%"));
    }
}
